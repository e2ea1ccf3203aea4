"""Rolling statistics against TA-Lib, and those it lacks against numpy and pandas."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.oracle.indicator_outputs import outputs
from tests.oracle.talib_pairs import Columns, check, flat, misses, spy_502, spy_5849, walk

talib = pytest.importorskip("talib")

C, HL = ["close"], ["high", "low"]
PAIRS: list[tuple[str, list[str], list[float], Callable[..., Any]]] = [
    *[("stddev", C, [n, f], lambda x, n=n, f=f: talib.STDDEV(x, n, f)) for n, f in ((5, 1), (20, 2), (100, 1))],
    *[("variance", C, [n], lambda x, n=n: talib.VAR(x, n)) for n in (5, 20, 100)],
    *[("rolling_min", C, [n], lambda x, n=n: talib.MIN(x, n)) for n in (2, 5, 30, 200)],
    *[("rolling_max", C, [n], lambda x, n=n: talib.MAX(x, n)) for n in (2, 5, 30, 200)],
    *[("rolling_sum", C, [n], lambda x, n=n: talib.SUM(x, n)) for n in (2, 30, 200)],
    *[("correlation", HL, [n], lambda x, y, n=n: talib.CORREL(x, y, n)) for n in (10, 30)],
    *[("beta", HL, [n], lambda x, y, n=n: talib.BETA(x, y, n)) for n in (5, 30)],
    *[("percent_rank", C, [n], lambda x, n=n: talib.PERCENTRANK(x, n)) for n in (5, 100)],
]
NAMES = [f"{name}-{'-'.join(str(p) for p in parameters)}" for name, _, parameters, _ in PAIRS]
# TA-Lib subtracts sums of squares of whole prices: in a window that hardly moves, few of its digits are left.
CANCELLING = ("stddev", "variance", "correlation", "beta")


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_every_row_is_talibs_on_real_random_and_flat_series(pair: Any, data_file: Callable[[str], Path]) -> None:
    name, inputs, parameters, reference = pair
    for label, series in {
        "SPY 502": spy_502(data_file),
        "SPY 5849": spy_5849(data_file),
        "walk": walk(21, 3_000, 1.0 if name in CANCELLING else 100.0),
        "short": walk(22, 25),
        "flat": flat(),
    }.items():
        check(name, inputs, parameters, reference, series, label)


def windows(x: np.ndarray, n: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(x, n)


def late(rows: int, values: np.ndarray) -> np.ndarray:
    return np.concatenate([np.full(rows - len(values), np.nan), values])


def zscore(x: np.ndarray, n: int) -> np.ndarray:
    w = windows(x, n)
    return late(len(x), (w[:, -1] - w.mean(axis=1)) / w.std(axis=1))


def returns(x: np.ndarray) -> np.ndarray:
    return x[1:] / x[:-1] - 1


def sharpe(x: np.ndarray, n: int, rate: float) -> np.ndarray:
    w = windows(returns(x), n) - rate / 252
    return late(len(x), np.sqrt(252) * w.mean(axis=1) / w.std(axis=1, ddof=1))


def sortino(x: np.ndarray, n: int, rate: float) -> np.ndarray:
    w = windows(returns(x), n) - rate / 252
    return late(len(x), np.sqrt(252) * w.mean(axis=1) / np.sqrt((np.minimum(w, 0) ** 2).mean(axis=1)))


def at_risk(x: np.ndarray, n: int, confidence: float) -> np.ndarray:
    return late(len(x), -np.quantile(windows(returns(x), n), 1 - confidence, axis=1))


def definitions(s: Columns) -> dict[str, tuple[tuple[np.ndarray, ...], np.ndarray]]:
    x, y = s["close"], s["open"]
    frame, other = pd.Series(x), pd.Series(y)
    rows = len(x)
    return {
        "zscore": (outputs("zscore", [x], [20]), zscore(x, 20)),
        "median 30": (outputs("rolling_median", [x], [30]), late(rows, np.median(windows(x, 30), axis=1))),
        "median 7": (outputs("rolling_median", [x], [7]), late(rows, np.median(windows(x, 7), axis=1))),
        "quantile": (outputs("rolling_quantile", [x], [30, 0.1]), late(rows, np.quantile(windows(x, 30), 0.1, axis=1))),
        "quantile 1": (outputs("rolling_quantile", [x], [30, 1.0]), late(rows, windows(x, 30).max(axis=1))),
        "covariance": (outputs("covariance", [x, y], [30]), frame.rolling(30).cov(other).to_numpy()),
        "covariance 0": (outputs("covariance", [x, y], [30, 0]), frame.rolling(30).cov(other, ddof=0).to_numpy()),
        "sharpe": (outputs("rolling_sharpe", [x], [30, 0.02]), sharpe(x, 30, 0.02)),
        "sortino": (outputs("rolling_sortino", [x], [30, 0.02]), sortino(x, 30, 0.02)),
        "value at risk": (outputs("rolling_value_at_risk", [x], [100, 0.95]), at_risk(x, 100, 0.95)),
        "skew": (
            outputs("rolling_skew", [x], [30]),
            late(rows, np.array([pd.Series(w).skew() for w in windows(x, 30)])),
        ),
        "kurtosis": (
            outputs("rolling_kurtosis", [x], [30]),
            late(rows, np.array([pd.Series(w).kurt() for w in windows(x, 30)])),
        ),
    }


def test_statistics_that_talib_lacks_are_their_definitions(data_file: Callable[[str], Path]) -> None:
    for series in (spy_502(data_file), walk(23, 600), walk(24, 600, 1e6)):
        for label, ((got,), wanted) in definitions(series).items():
            wrong = misses(got, wanted, float(np.nanmedian(np.abs(wanted))))
            print(f"{label}: {len(got) - wrong} of {len(got)}")
            assert wrong == 0, label


def test_what_never_moves_has_no_spread_and_no_score() -> None:
    x = np.full(200, 0.1)
    names = ("stddev", "variance", "zscore", "rolling_skew", "rolling_kurtosis", "rolling_sharpe", "rolling_sortino")
    for name in names:
        (got,) = outputs(name, [x], [30])
        assert (got[~np.isnan(got)] == 0.0).all(), name


def test_equal_values_and_negative_zeros_keep_an_ordered_window_whole() -> None:
    r = np.random.default_rng(25)
    x = r.choice([-1.0, -0.0, 0.0, 1.0, 2.0], 2_000)
    (got,) = outputs("rolling_median", [x], [9])
    assert misses(got, late(len(x), np.median(windows(x, 9), axis=1)), 1.0) == 0
