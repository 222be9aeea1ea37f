"""Day rows of one Shanghai instrument, from its raw Level-2 files alone.

    .python/bin/python test/oracle/sse_day.py <folder with orders, trades and snapshots .csv.gz> <adv20>

Written apart from the TypeScript code and in another way: whole columns at once, nothing event by event. Prints one JSON
object {sizing: {catalogue id: value}}; NaN is null. Amounts are summed as integers of a cent.
"""

import json
import math
import sys

import numpy as np
import pandas as pd

EDGES = np.array([40_000, 200_000, 1_000_000]) * 100  # cents, lower bound inclusive
BUCKETS = ["s", "m", "l", "xl"]
MINUTES = 237
SEGMENTS = [(9.5 * 3600, 11.5 * 3600), (13 * 3600, 14.95 * 3600)]  # seconds of the day, [start, end)
AFTER_HOURS = 15 * 3600 + 300
CLOCK_1430 = 120 + 90  # minute of 14:30


def read(folder, name):
    table = pd.read_csv(f"{folder}/{name}.csv.gz", low_memory=False)
    clock = table["time"].str.split(":", expand=True).astype(float)
    table["second"] = clock[0] * 3600 + clock[1] * 60 + clock[2]
    return table


def bucket_of(cents):
    return np.searchsorted(EDGES, cents, side="right")


def parents(trades, orders, side):
    """Fills of the orders of one side, with the quantity filled before the order's own row."""
    key, active = ("buy_no", "B") if side == "B" else ("sell_no", "S")
    added = orders[(orders["type"] == "A") & (orders["side"] == side)].set_index("order_no")
    fills = pd.DataFrame(
        {
            "id": trades[key],
            "quantity": trades["qty"],
            "cents": trades["cents"],
            "active": trades["cents"].where(trades["side"] == active, 0),
        }
    )
    placed = fills["id"].map(added["biz_index"])
    fills["before"] = fills["quantity"].where(placed.isna() | (trades["biz_index"] < placed), 0)
    whole = fills.groupby("id").sum()
    whole["rest"] = added["qty"].reindex(whole.index)
    whole["limit"] = (added["price"].reindex(whole.index) * 100).round()
    return whole, fills["before"].sum() + added["qty"].sum()


def by_bucket(values, bucket):
    return np.bincount(bucket, weights=values, minlength=4)


def flow_of_parents(out, trades, orders, sizing):
    for side, name in (("B", "buy"), ("S", "sell")):
        whole, _ = parents(trades, orders, side)
        ordered = whole["limit"] * (whole["rest"] + whole["before"])
        shown = whole["rest"].notna() & (whole["limit"] > 0) & (sizing == "order")
        notional = np.where(shown, ordered, whole["cents"])
        bucket = bucket_of(notional)
        put(out, f"c_{name}", by_bucket(whole["cents"], bucket) / 100)
        put(out, f"c_act_{name}", by_bucket(whole["active"], bucket) / 100)
        put(out, f"c_n_{name}", by_bucket(np.ones(len(whole)), bucket))


def flow_of_prints(out, trades):
    for side, name in (("B", "buy"), ("S", "sell")):
        own = trades[trades["side"] == side]
        bucket = bucket_of(own["cents"])
        for stem in ("c", "c_act"):
            put(out, f"{stem}_{name}", by_bucket(own["cents"], bucket) / 100)
        put(out, f"c_n_{name}", by_bucket(np.ones(len(own)), bucket))


def put(out, stem, values):
    for bucket, value in zip(BUCKETS, values):
        out[f"{stem}_{bucket}"] = float(value)


def minute_of(trades):
    """-1 the opening auction, 0..236, 237 the closing auction."""
    morning = np.minimum((trades["second"] - SEGMENTS[0][0]) // 60, 119)
    afternoon = np.minimum(120 + (trades["second"] - SEGMENTS[1][0]) // 60, 236)
    minute = afternoon.where(trades["second"] >= SEGMENTS[1][0], morning)
    auction = trades["side"] == "N"
    minute = minute.mask(auction, MINUTES)
    return minute.mask(trades["second"] < SEGMENTS[0][0], -1).astype(int)


def from_minutes(out, trades):
    trades = trades.assign(minute=minute_of(trades))
    bars = trades.groupby("minute").agg(close=("price", "last"), cents=("cents", "sum"), volume=("qty", "sum"))
    close = bars["close"].reindex(range(-1, MINUTES)).ffill()
    if math.isnan(close[-1]):
        close[-1] = trades["price"].iloc[0]
    close = close.ffill()
    r = np.diff(np.log(close.to_numpy()))
    amount = bars["cents"].reindex(range(MINUTES)) / 100
    traded = amount.notna().to_numpy()
    enough = traded.sum() * 4 >= MINUTES
    rv = (r**2).sum()
    out["hf_rv"] = rv if enough else math.nan
    out["hf_rskew"] = math.sqrt(MINUTES) * (r**3).sum() / rv**1.5 if enough and rv > 0 else math.nan
    out["hf_amihud"] = 1e8 * np.mean(np.abs(r[traded]) / amount.to_numpy()[traded]) if enough else math.nan
    out["hf_v_l30"] = bars["volume"][bars.index >= CLOCK_1430].sum() / bars["volume"].sum()
    out["bar_count"] = int(traded.sum())


def from_quotes(out, snapshots):
    parts = []
    for segment, (start, end) in enumerate(SEGMENTS):
        part = snapshots[(snapshots["second"] >= start) & (snapshots["second"] < end)]
        part = part.drop_duplicates("second", keep="last").assign(segment=segment)
        part["weight"] = part["second"].shift(-1, fill_value=end) - part["second"]
        parts.append(part)
    book = pd.concat(parts)
    b, a = book["bid_px1"].to_numpy(), book["ask_px1"].to_numpy()
    qb, qa = book["bid_qty1"].to_numpy(), book["ask_qty1"].to_numpy()
    usable = (b > 0) & (a > 0) & (a > b)
    weight = np.where(usable, book["weight"], 0)
    covered = weight.sum() >= MINUTES * 30

    def mean(values):
        return np.sum(values[usable] * weight[usable]) / weight.sum() if covered else math.nan

    out["hf_qspr"] = 1e4 * mean((a - b) / ((a + b) / 2))
    out["hf_imb1"] = mean((qb - qa) / (qb + qa))
    same = np.diff(book["segment"].to_numpy()) == 0
    pair = usable[1:] & usable[:-1] & same
    e = (
        np.where(b[1:] >= b[:-1], qb[1:], 0)
        - np.where(b[1:] <= b[:-1], qb[:-1], 0)
        - np.where(a[1:] <= a[:-1], qa[1:], 0)
        + np.where(a[1:] >= a[:-1], qa[:-1], 0)
    )
    out["hf_ofi"] = e[pair].sum() / mean((qb + qa) / 2)


def from_prints(out, trades, orders, adv20):
    active = trades[trades["side"] != "N"]
    sign = np.where(active["side"] == "B", 1, -1)
    out["hf_s_ac1"] = np.corrcoef(sign[1:], sign[:-1])[0, 1]
    # Signed volume as a function of volume is piecewise linear; a bucket's imbalance is its rise over the bucket.
    size = adv20 / 50
    volume = np.concatenate([[0], np.cumsum(active["qty"])])
    signed = np.concatenate([[0], np.cumsum(sign * active["qty"])])
    edges = np.arange(0, math.floor(volume[-1] / size) + 1) * size
    rises = np.abs(np.diff(np.interp(edges, volume, signed))) / size
    out["hf_vpin"] = rises.mean() if len(rises) >= 10 else math.nan
    original = sum(parents(trades, orders, side)[1] for side in "BS")
    out["hf_cxl"] = orders.loc[orders["type"] == "D", "qty"].sum() / original


def totals(out, trades):
    out["amount"] = trades["cents"].sum() / 100
    out["volume"] = float(trades["qty"].sum())
    out["trades"] = len(trades)
    out["c_unknown"] = trades.loc[trades["side"] == "N", "cents"].sum() / 100
    price = trades["price"]
    out.update(pv_open=price.iloc[0], pv_high=price.max(), pv_low=price.min(), pv_close=price.iloc[-1])
    out.update(pv_vwap=out["amount"] / out["volume"], pv_volume=out["volume"])


def main(folder, adv20):
    trades = read(folder, "trades").sort_values("biz_index", kind="stable").reset_index(drop=True)
    trades = trades[trades["second"] < AFTER_HOURS]
    trades["cents"] = (trades["price"] * 100).round().astype("int64") * trades["qty"]
    orders = read(folder, "orders")
    snapshots = read(folder, "snapshots")
    columns = ["bid_px1", "ask_px1", "bid_qty1", "ask_qty1"]
    snapshots[columns] = snapshots[columns].fillna(0)
    result = {}
    for sizing in ("order", "filled", "trade"):
        out = result[sizing] = {}
        if sizing == "trade":
            flow_of_prints(out, trades)
        else:
            flow_of_parents(out, trades, orders, sizing)
        totals(out, trades)
        from_minutes(out, trades)
        from_quotes(out, snapshots)
        from_prints(out, trades, orders, adv20)
        for id, value in out.items():
            out[id] = None if math.isnan(value) else float(value)
    json.dump(result, sys.stdout)


main(sys.argv[1], float(sys.argv[2]))
