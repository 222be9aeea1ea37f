"""The metrics of a factor by scipy, pandas, statsmodels, empyrical and alphalens-reloaded, from frames on stdin.

The frames are a JSON object; null is NaN. Everything is computed from prices and scores alone, by other means than
the code under test: pandas frames instead of loops over days.
"""
import json
import logging
import sys
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import empyrical  # noqa: E402
import statsmodels.api as sm  # noqa: E402
from alphalens import performance  # noqa: E402
from scipy import stats  # noqa: E402

GROUPS = 10
YEAR = 252
GRACE = 5
MINIMUM = 10

data = json.load(sys.stdin)
dates = pd.DatetimeIndex(data["dates"], name="date")
names = pd.Index(data["instruments"], name="asset")


def frame(key):
    values = np.array(data[key], dtype=float)
    return pd.DataFrame(values.reshape(len(dates), len(names)), index=dates, columns=names)


score, cap = frame("score"), frame("cap").iloc[0]
close, high, low, vwap = frame("close"), frame("high"), frame("low"), frame("vwap")
horizon, first, last = data["horizon"], data["first"], data["last"]
industry = pd.Series(data["industries"], index=names)

carried = close.ffill()
change = close / carried.shift(1) - 1
at_high = close >= high * (1 - 1e-9)
one_price = low >= high * (1 - 1e-9)
up = at_high & (change > 0.1 - 0.005)
locked_up = one_price & (change >= 0.045)
locked_down = one_price & (change <= -0.045)
closes_up = up | locked_up


def forward(prices, days):
    """Price of d+1+days over price of d+1; a missing exit takes the next price within five days, else the last one."""
    exit_price = prices.shift(-1 - days)
    whole = exit_price.notna()
    for late in range(1, GRACE + 1):
        shifted = prices.shift(-1 - days - late)
        exists = pd.Series(np.arange(len(prices)) + 1 + days + late < len(prices), index=prices.index)
        exit_price = exit_price.where(whole, shifted)
        whole = whole | shifted.notna()
    # The last price up to the exit, for names that never come back, where the days to wait are in the frame.
    last_price = prices.ffill().shift(-1 - days)
    exit_price = exit_price.where(whole, last_price.where(exists, axis=0))
    return exit_price / prices.shift(-1) - 1


def outcomes(days):
    returns = forward(close, days)
    return returns.mask(closes_up.shift(-1, fill_value=False))


def spearman(a, b):
    both = a.notna() & b.notna()
    return stats.spearmanr(a[both], b[both]).statistic if both.sum() >= MINIMUM else np.nan


def hac(series, lag):
    values = series.dropna()
    fit = sm.OLS(values.to_numpy(), np.ones(len(values))).fit(
        cov_type="HAC", cov_kwds={"maxlags": lag, "use_correction": False}
    )
    return {"mean": fit.params[0], "standard_error": fit.bse[0], "t": fit.tvalues[0]}


span = slice(first, last + 1)
after = {days: outcomes(days) for days in data["horizons"]}
ic = {days: pd.Series([spearman(score.iloc[d], returns.iloc[d]) for d in range(len(dates))], index=dates)
      for days, returns in after.items()}
for series in ic.values():
    series.iloc[:first] = np.nan
    series.iloc[last + 1:] = np.nan
own = ic[horizon].iloc[first:]
by_offset = [own.iloc[offset::horizon] for offset in range(horizon)]
ratios = pd.Series([one.mean() / one.std(ddof=1) * np.sqrt(YEAR / horizon) for one in by_offset])


def residual(row):
    used = row.notna() & cap.notna()
    design = pd.get_dummies(industry[used], dtype=float)
    design["cap"] = cap[used]
    fit = sm.OLS(row[used].to_numpy(), design.to_numpy()).fit()
    values = pd.Series(fit.resid, index=row.index[used])
    return ((values - values.mean()) / values.std(ddof=0)).reindex(names)


def group_of(row):
    known = row.dropna()
    if len(known) < MINIMUM:
        return pd.Series(np.nan, index=names)
    places = known.rank(method="first") - 1
    return (places * GROUPS // len(known)).reindex(names)


groups = score.iloc[span].apply(group_of, axis=1).reindex(dates)


def sold_at(day, group):
    """What each name of a group is sold for on a day: the first price at which it can be."""
    locked = locked_up if group == 0 else locked_down
    price = vwap.mask(locked).iloc[day:day + GRACE + 1].bfill().iloc[0]
    return price.fillna(carried.iloc[day - 1])


def portfolios(offset):
    """Daily returns and traded shares of the ten groups and of all of their names, in frames."""
    returns = pd.DataFrame(np.nan, index=dates, columns=range(GROUPS + 1))
    traded = returns.copy()
    held = None
    for day in range(first + offset, last + 1, horizon):
        entry, leave = day + 1, day + 1 + horizon
        if leave >= len(dates):
            break
        wanted = groups.iloc[day]
        blocked = locked_up.iloc[entry].where(wanted != 0, locked_down.iloc[entry])
        members = wanted[wanted.notna() & vwap.iloc[entry].notna() & ~blocked]
        if members.empty:
            continue
        path = pd.concat([carried.iloc[entry:leave], pd.DataFrame(np.nan, [dates[leave]], names)])
        for group in range(GROUPS):
            chosen = members.index[members == group]
            path.loc[dates[leave], chosen] = sold_at(leave, group)[chosen]
        relative = path[members.index] / vwap.iloc[entry][members.index]
        weights = {}
        for group in range(GROUPS + 1):
            chosen = members.index if group == GROUPS else members.index[members == group]
            if len(chosen) == 0:
                continue
            value = relative[chosen].mean(axis=1)
            earned = value / value.shift(1, fill_value=1.0) - 1
            before = returns.loc[earned.index, group]
            returns.loc[earned.index, group] = (1 + before.fillna(0)) * (1 + earned) - 1
            bought = pd.Series(1 / len(chosen), index=chosen)
            if held is not None and held[0] == entry:
                old = held[1].get(group, pd.Series(dtype=float))
                traded.iloc[entry, group] = bought.sub(old, fill_value=0).abs().sum()
            else:
                traded.iloc[entry, group] = 1.0
            weights[group] = relative.iloc[-1][chosen] / relative.iloc[-1][chosen].sum()
        held = (leave, weights)
    return returns, traded


def performance_of(daily):
    kept = daily.dropna()
    return {
        "annual_return": empyrical.annual_return(kept, annualization=YEAR),
        "information_ratio": empyrical.sharpe_ratio(kept, annualization=YEAR),
        "max_drawdown": empyrical.max_drawdown(kept),
    }


def legs(cost):
    long_short, long_only = [], []
    for returns, traded in all_offsets:
        both = traded[GROUPS - 1] + traded[0]
        long_short.append(performance_of(returns[GROUPS - 1] - returns[0] - cost * both.fillna(0)))
        alone = traded[GROUPS - 1]
        long_only.append(performance_of(returns[GROUPS - 1] - returns[GROUPS] - cost * alone.fillna(0)))
    return {"long_short": long_short, "long_only": long_only}


all_offsets = [portfolios(offset) for offset in range(horizon)]
mean_returns = sum(one.fillna(0) for one, _ in all_offsets) / sum(one.notna() for one, _ in all_offsets)
turnovers = [(traded[GROUPS - 1].dropna().iloc[1:] / 2).mean() for _, traded in all_offsets]

# alphalens-reloaded takes rows that are whole.
stacked = pd.DataFrame({"factor": score.stack(), "10D": after[horizon].stack(), "quantile": groups.stack()}).dropna()
stacked.index.names = ["date", "asset"]
stacked["factor_quantile"] = (stacked.pop("quantile") + 1).astype(int)
alphalens_ic = performance.factor_information_coefficient(stacked)["10D"].reindex(dates)
quantiles = performance.mean_return_by_quantile(stacked, by_date=True, demeaned=False)[0]["10D"].unstack("factor_quantile")
whole = score.iloc[span].fillna(0.5)
complete = pd.DataFrame({"factor": whole.stack()})
complete.index.names = ["date", "asset"]
complete.index = complete.index.set_levels(pd.bdate_range(dates[first], periods=len(whole)), level=0)
autocorrelation = performance.factor_rank_autocorrelation(complete, period=horizon)


def plain(value):
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, pd.DataFrame):
        return plain(value.to_numpy().T.ravel().tolist())
    if isinstance(value, (pd.Series, np.ndarray)):
        return plain(np.asarray(value).tolist())
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    return value


json.dump(plain({
    "ranks": [stats.rankdata(row.dropna()) for _, row in score.iloc[span].iterrows()],
    "neutral": score.iloc[span].apply(residual, axis=1).to_numpy().ravel(),
    "outcomes": {days: returns.to_numpy().ravel() for days, returns in after.items()},
    "rank_ic": {days: series for days, series in ic.items()},
    "newey_west": {days: hac(series, days - 1) for days, series in ic.items()},
    "rank_ic_mean": np.mean([one.mean() for one in by_offset]),
    "rank_ic_ir": ratios.mean(),
    "rank_ic_ir_spread": ratios.std(ddof=1),
    "by_month": own.groupby(own.index.strftime("%Y-%m")).mean(),
    "autocorrelation": score.iloc[span].corrwith(score.iloc[span].shift(-horizon), axis=1, method="spearman").mean(),
    "groups": groups.to_numpy().ravel(),
    "group_daily": mean_returns,
    "traded": [traded for _, traded in all_offsets],
    "legs": [legs(cost) for cost in data["costs"]],
    "turnover": np.mean(turnovers),
    "names": score.notna().sum(axis=1).astype(float).where((np.arange(len(dates)) >= first) & (np.arange(len(dates)) <= last)),
    "alphalens_ic": alphalens_ic,
    "alphalens_quantiles": quantiles.reindex(dates).to_numpy().ravel(),
    "alphalens_autocorrelation": autocorrelation,
}), sys.stdout)
