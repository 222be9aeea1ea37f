"""Second opinion on the DP expressions: one value at a time with numpy and pandas, from the table of their semantics."""

import json
import math
import sys

import numpy as np
import pandas as pd

PRICES = ["pv_open", "pv_high", "pv_low", "pv_close", "pv_vwap"]


def parse(text):
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()

    def take():
        token = tokens.pop(0)
        if token != "(":
            return int(token) if token.isdigit() else token
        parts = []
        while tokens[0] != ")":
            parts.append(take())
        tokens.pop(0)
        return tuple(parts)

    return take()


class Oracle:
    """Values of expressions on one evaluation day, to which prices are adjusted."""

    def __init__(self, frames, factors, shares, day):
        self.frames, self.shares, self.day = frames, shares, day
        self.traded = frames["pv_volume"] > 0
        in_force = factors.iloc[: day + 1].ffill().iloc[-1]
        self.change = (factors / in_force).fillna(1.0)
        # A return needs no day to adjust to.
        self.factors = factors.fillna(1.0)
        self.known = {}

    def at(self, expression, day):
        key = (expression, day)
        if key not in self.known:
            if day < 0:
                self.known[key] = pd.Series(np.nan, index=self.traded.columns)
            else:
                values = self.terminal(expression, day) if isinstance(expression, str) else self.call(expression, day)
                values = values.where(np.isfinite(values))
                self.known[key] = values.where(self.traded.iloc[day])
        return self.known[key]

    def terminal(self, name, day):
        row = {key: frame.iloc[day] for key, frame in self.frames.items()}
        if name == "ret":
            if day == 0:
                return row["pv_close"] * np.nan
            close = self.frames["pv_close"].where(self.traded) * self.factors
            return close.iloc[day] / close.iloc[day - 1] - 1
        if name == "amplitude":
            return row["pv_high"] / row["pv_low"] - 1
        if name == "amount":
            return row["pv_vwap"] * row["pv_volume"]
        if name == "trade_amount":
            return row["pv_vwap"] * row["pv_volume"] / row["trades"]
        if name == "turnover":
            return row["pv_volume"] / self.shares.iloc[day]
        if name in PRICES:
            return row[name] * self.change.iloc[day]
        if name == "pv_volume":
            return row[name] / self.change.iloc[day]
        return row[name]

    def call(self, expression, day):
        name, *rest = expression
        if name in SECTION:
            return SECTION[name](*(self.at(part, day) for part in rest))
        if name in CELL:
            with np.errstate(all="ignore"):
                return CELL[name](*(self.at(part, day) for part in rest))
        return self.over_time(name, rest, day)

    def over_time(self, name, rest, day):
        numbers = [part for part in rest if isinstance(part, int)]
        inputs = [part for part in rest if not isinstance(part, int)]
        window = numbers[0]
        if name == "delay":
            return self.at(inputs[0], day - window)
        if name == "delta":
            return self.at(inputs[0], day) - self.at(inputs[0], day - window)
        if name == "ts_meanrank":
            name, inputs = "ts_mean", [("cs_rank", inputs[0])]
        grids = [np.array([self.at(part, t) for t in range(day - window + 1, day + 1)]) for part in inputs]
        values = [reduce(name, [grid[:, i] for grid in grids], numbers) for i in range(len(self.traded.columns))]
        return pd.Series(values, index=self.traded.columns)


def reduce(name, columns, numbers):
    window = numbers[0]
    valid = ~np.isnan(sum(columns))
    if valid.sum() < math.ceil(0.8 * window - 1e-9):
        return np.nan
    x = columns[0][valid]
    if len(columns) == 2:
        y = columns[1][valid]
        if name == "ts_corr":
            return np.nan if np.ptp(x) == 0 or np.ptp(y) == 0 else np.corrcoef(x, y)[0, 1]
        taken = numbers[1]
        top = x[np.argsort(-y, kind="stable")[:taken]].mean()
        bottom = x[np.argsort(y, kind="stable")[:taken]].mean()
        return {"rolling_selmean_top": top, "rolling_selmean_btm": bottom}.get(name, top - bottom)
    last = columns[0][-1]
    if name in ("ts_rank", "diff_sign") and np.isnan(last):
        return np.nan
    if name == "ts_rank":
        return (pd.Series(x).rank().iloc[-1] - 0.5) / len(x)
    if name == "diff_sign":
        return 0.0 if abs(last - x.mean()) <= 1e-9 * abs(x.mean()) else np.sign(last - x.mean())
    if name == "decay_linear":
        return np.average(x, weights=np.arange(1, window + 1)[valid])
    steps = {"ts_sum": lambda v: window * v.mean(), "ts_mean": np.mean, "ts_median": np.median}
    return {**steps, "ts_std": np.std, "ts_max_to_min": np.ptp}[name](x)


def cs_rank(x):
    return (x.rank() - 0.5) / x.count()


def cs_zscore(x):
    return (x - x.mean()) / (x.std(ddof=0) if x.nunique() > 1 else np.nan)


def ols_residual(y, x):
    both = x.notna() & y.notna()
    if both.sum() < 30 or x[both].nunique() == 1:
        return x * np.nan
    design = np.column_stack([np.ones(both.sum()), x[both]])
    fit = np.linalg.lstsq(design, y[both], rcond=None)[0]
    return pd.Series(y[both] - design @ fit).reindex(x.index)


SECTION = {
    "cs_rank": cs_rank,
    "cs_zscore": cs_zscore,
    "cs_demean": lambda x: x - x.mean(),
    "rank_add": lambda x, y: cs_rank(x) + cs_rank(y),
    "ols_residual": ols_residual,
}

CELL = {
    "sign": np.sign,
    "neg": lambda x: -x,
    "abs": np.abs,
    "log": np.log,
    "sqrt": np.sqrt,
    "inv": lambda x: 1 / x,
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "min": np.minimum,
    "max": np.maximum,
}


def frame(rows, panel):
    return pd.DataFrame(rows, index=panel["dates"], columns=panel["instruments"], dtype=float)


def main():
    given = json.load(sys.stdin)
    panels = given["panels"]
    pv = panels["PV"]
    frames = {}
    for panel in panels.values():
        for name, rows in panel["columns"].items():
            frames[name] = frame(rows, panel).reindex(index=pv["dates"], columns=pv["instruments"])
    factors, shares = frame(given["factors"], pv), frame(given["shares"], pv)
    answer = []
    for day in given["days"]:
        oracle = Oracle(frames, factors, shares, day)
        for text in given["expressions"]:
            values = oracle.at(parse(text), day)
            answer.append([None if np.isnan(value) else value for value in values])
    json.dump(answer, sys.stdout)


main()
