"""The same factor and prices through alphalens-reloaded and scipy: seconds of computing, as JSON."""
import json
import logging
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from alphalens import performance, utils  # noqa: E402
from scipy import stats  # noqa: E402

folder, days, names = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
horizons = [int(one) for one in sys.argv[4].split(",")]
index = pd.bdate_range("2016-01-04", periods=days, tz="UTC")
columns = [f"{600000 + i}.SH" for i in range(names)]
read = lambda name: pd.DataFrame(np.fromfile(folder / name).reshape(days, names), index=index, columns=columns)
scores, prices = read("scores.f64"), read("close.f64")
entry = prices.shift(-1)
factor = scores.stack()
factor.index.names = ["date", "asset"]

print_to, sys.stdout = sys.stdout, sys.stderr
wall, cpu = time.perf_counter(), time.process_time()
clean = utils.get_clean_factor_and_forward_returns(factor, entry, quantiles=10, periods=horizons, max_loss=1.0)
ic = performance.factor_information_coefficient(clean)
performance.mean_return_by_quantile(clean, by_date=True, demeaned=False)
performance.factor_returns(clean)
performance.quantile_turnover(clean["factor_quantile"], 10, horizons[-1])
performance.factor_rank_autocorrelation(clean, horizons[-1])
report = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}

a, b = scores.to_numpy()[0], np.fromfile(folder / "ties.f64")[:names]
stats.spearmanr(a, b)
rounds = 200
wall, cpu = time.perf_counter(), time.process_time()
for _ in range(rounds):
    value = stats.spearmanr(a, b).statistic
scipy = {
    "seconds": (time.perf_counter() - wall) / rounds,
    "cpu_seconds": (time.process_time() - cpu) / rounds,
    "value": value,
}
sys.stdout = print_to
json.dump({"report": report, "spearmanr": scipy, "rank_ic_first_day": float(ic.iloc[0, -1])}, sys.stdout)
