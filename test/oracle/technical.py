"""The 24 technical indicators, by pandas, one day at a time.

    .python/bin/python test/oracle/technical.py < bars.json

Reads {"high": [...], "low": [...], "close": [...], "vwap": [...], "volume": [...], "factor": [...], "days": [...]}, a
null where there is no value, and prints {day: {catalogue id: value}} for the days that are asked for; NaN is null.
With `golden <seed>` it draws such bars and prints them with their values, as test/golden/technical/bars.json has them.
Written apart from the TypeScript code and in another way: whole windows as Series, nothing step by step.
"""

import json
import sys

import numpy as np
import pandas as pd

BAND = 1e-9


def sign(x, y):
    """Sign of x - y, 0 for prices that differ by less than a 1e-9th."""
    return np.where(x - y > BAND * np.abs(y), 1, np.where(y - x > BAND * np.abs(x), -1, 0))


def changes(series, k):
    """Signs of the last k changes."""
    return sign(series.to_numpy()[-k:], series.to_numpy()[-k - 1 : -1])


def flat(high, low):
    return not high - low > BAND * abs(low)


def wilder_rsi(close, k):
    change = close.diff().iloc[1:]
    means = []
    for part in (change.clip(lower=0), (-change).clip(lower=0)):
        seed = part.iloc[:k].mean()
        seeded = pd.concat([pd.Series([seed]), part.iloc[k:]], ignore_index=True)
        means.append(seeded.ewm(alpha=1 / k, adjust=False).mean().iloc[-1])
    up, down = means
    return 100 * up / (up + down) if up + down != 0 else np.nan


def indicators(bars):
    """Values of the last of some traded bars that are adjusted as of it."""
    high, low, close, vwap, volume = (bars[name] for name in ("high", "low", "close", "vwap", "volume"))
    n = len(bars)
    c, v = close.iloc[-1], volume.iloc[-1]
    out = {}
    for k in (1, 5, 10, 20):
        out[f"g_ret_{k}"] = c / close.iloc[-1 - k] - 1 if n > k else np.nan
    for k in (5, 10, 20, 60):
        out[f"g_ma_gap_{k}"] = c / close.rolling(k).mean().iloc[-1] - 1
    for k in (6, 14):
        out[f"g_rsi_{k}"] = wilder_rsi(close, k) if n >= 120 else np.nan
    top, bottom = high.tail(14).max(), low.tail(14).min()
    out["g_wr_14"] = np.nan if n < 14 or flat(top, bottom) else -100 * (top - c) / (top - bottom)
    typical = (high + low + close) / 3
    last = typical.tail(14)
    spread = (last - last.mean()).abs().mean()
    thin = n < 14 or flat(last.max(), last.min())
    out["g_cci_14"] = np.nan if thin else (last.iloc[-1] - last.mean()) / (0.015 * spread)
    last = close.tail(20)
    deviation = 0.0 if flat(last.max(), last.min()) else last.std(ddof=0)
    lower, upper = last.mean() - 2 * deviation, last.mean() + 2 * deviation
    out["g_boll_pctb"] = np.nan if n < 20 or deviation == 0 else (c - lower) / (upper - lower)
    out["g_boll_width"] = np.nan if n < 20 else (upper - lower) / last.mean()
    out["g_roc_12"] = 100 * (c / close.iloc[-13] - 1) if n > 12 else np.nan
    if n > 14:
        money = (typical * volume).to_numpy()[-14:]
        signs = changes(typical, 14)
        up, down = money[signs > 0].sum(), money[signs < 0].sum()
        out["g_mfi_14"] = 100 * up / (up + down) if up + down > 0 else np.nan
    if n > 20:
        out["g_obv_20"] = (changes(close, 20) * volume.to_numpy()[-20:]).sum() / volume.tail(20).sum()
    if n > 26:
        signs, lots = changes(close, 26), volume.to_numpy()[-26:]
        even = lots[signs == 0].sum() / 2
        down = lots[signs < 0].sum() + even
        out["g_vr_26"] = (lots[signs > 0].sum() + even) / down if down > 0 else np.nan
    if n > 12:
        out["g_psy_12"] = 100 * (changes(close, 12) > 0).mean()
    for k in (5, 20):
        out[f"g_vol_ma_{k}"] = v / volume.rolling(k).mean().iloc[-1]
    out["g_close_vwap"] = c / vwap.iloc[-1] - 1
    for k in (20, 60):
        if n > k:
            before = close.to_numpy()[-k - 1 : -1]
            above, below = sign(c, before.max()) > 0, sign(before.min(), c) > 0
            out[f"g_new_ext_{k}"] = 1 if above else -1 if below else 0
    return out


def values_on(table, day):
    """Values of a day of stored bars, from the last 250 traded ones."""
    row = table.iloc[day]
    if not (row["volume"] > 0 and row["close"] > 0):
        return {}
    traded = table.iloc[: day + 1]
    traded = traded[(traded["volume"] > 0) & (traded["close"] > 0)].tail(250)
    scale = traded["factor"] / traded["factor"].iloc[-1]
    adjusted = traded[["high", "low", "close", "vwap"]].mul(scale, axis=0)
    adjusted["volume"] = traded["volume"] / scale
    return indicators(adjusted.reset_index(drop=True))


IDS = """g_ret_1 g_ret_5 g_ret_10 g_ret_20 g_ma_gap_5 g_ma_gap_10 g_ma_gap_20 g_ma_gap_60 g_rsi_6 g_rsi_14 g_wr_14
g_cci_14 g_boll_pctb g_boll_width g_roc_12 g_mfi_14 g_obv_20 g_vr_26 g_psy_12 g_vol_ma_5 g_vol_ma_20 g_close_vwap
g_new_ext_20 g_new_ext_60""".split()


def answer(bars):
    table = pd.DataFrame({name: values for name, values in bars.items() if name != "days"}, dtype=float)
    table["factor"] = table["factor"].fillna(1)
    found = {}
    for day in bars["days"]:
        values = values_on(table, day)
        known = {name: values.get(name, np.nan) for name in IDS}
        found[day] = {name: None if np.isnan(value) else float(value) for name, value in known.items()}
    return found


def golden(seed):
    """300 days of cents, with two ex-rights days, a suspension and a week at one price."""
    random = np.random.default_rng(seed)
    days = 300
    close = 12 * np.exp(np.cumsum(random.normal(0, 0.02, days)))
    factor = np.ones(days)
    for ex, ratio in ((140, 1.25), (220, 2.0)):
        close[ex:] /= ratio
        factor[ex:] *= ratio
    close[60:66] = close[60]
    spread = np.abs(random.normal(0, 0.012, (2, days)))
    spread[:, 60:66] = 0
    high, low = close * (1 + spread[0]), close * (1 - spread[1])
    cents = {name: np.round(x, 2) for name, x in (("high", high), ("low", low), ("close", close))}
    lots = np.round(np.exp(random.normal(9, 0.6, days))) * 100
    bars = {name: x.tolist() for name, x in cents.items()}
    bars["vwap"] = np.round((cents["high"] + cents["low"] + cents["close"]) / 3, 4).tolist()
    bars["volume"] = lots.tolist()
    bars["factor"] = factor.tolist()
    for day in range(100, 105):
        for name in ("high", "low", "close", "vwap"):
            bars[name][day] = None
        bars["volume"][day] = 0
    bars["days"] = [0, 4, 13, 20, 26, 60, 65, 102, 124, 125, 139, 140, 219, 220, 254, 299]
    return {**bars, "values": answer(bars)}


if __name__ == "__main__":
    if sys.argv[1:2] == ["golden"]:
        drawn = golden(int(sys.argv[2]))
        print("{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in drawn.items()) + "\n}")
    else:
        print(json.dumps(answer(json.load(sys.stdin))))
