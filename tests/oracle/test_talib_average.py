"""Moving averages against TA-Lib, and those it lacks against their definitions."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.oracle.indicator_outputs import outputs
from tests.oracle.talib_pairs import Columns, check, flat, misses, spy_502, spy_5849, walk

talib = pytest.importorskip("talib")

C = ["close"]
PAIRS: list[tuple[str, list[str], list[float], Callable[..., Any]]] = [
    *[("wma", C, [n], lambda x, n=n: talib.WMA(x, n)) for n in (2, 3, 14, 30, 200)],
    *[("lwma", C, [n], lambda x, n=n: talib.WMA(x, n)) for n in (30,)],
    *[("dema", C, [n], lambda x, n=n: talib.DEMA(x, n)) for n in (2, 5, 30)],
    *[("tema", C, [n], lambda x, n=n: talib.TEMA(x, n)) for n in (2, 5, 30)],
    *[("trima", C, [n], lambda x, n=n: talib.TRIMA(x, n)) for n in (2, 3, 10, 11, 30)],
    *[("kama", C, [n], lambda x, n=n: talib.KAMA(x, n)) for n in (2, 10, 30)],
    *[("t3", C, [n, v], lambda x, n=n, v=v: talib.T3(x, n, v)) for n, v in ((5, 0.7), (2, 0.0), (9, 1.0))],
    *[("hma", C, [n], lambda x, n=n: talib.HMA(x, n)) for n in (4, 9, 20, 21)],
    *[("zlema", C, [n], lambda x, n=n: talib.ZLEMA(x, n)) for n in (3, 10, 30)],
    *[("mama", C, [a, b], lambda x, a=a, b=b: talib.MAMA(x, a, b)) for a, b in ((0.5, 0.05), (0.9, 0.01))],
    *[("vwma", ["close", "volume"], [n], lambda x, v, n=n: talib.VWMA(x, v, n)) for n in (2, 14, 30)],
    *[("linreg", C, [n], lambda x, n=n: talib.LINEARREG(x, n)) for n in (2, 14, 100)],
    *[("linreg_slope", C, [n], lambda x, n=n: talib.LINEARREG_SLOPE(x, n)) for n in (2, 14, 100)],
    *[("linreg_intercept", C, [n], lambda x, n=n: talib.LINEARREG_INTERCEPT(x, n)) for n in (2, 14, 100)],
    *[("linreg_angle", C, [n], lambda x, n=n: talib.LINEARREG_ANGLE(x, n)) for n in (2, 14)],
    *[("tsf", C, [n], lambda x, n=n: talib.TSF(x, n)) for n in (2, 14, 100)],
    *[("midpoint", C, [n], lambda x, n=n: talib.MIDPOINT(x, n)) for n in (2, 14, 50)],
    *[("midprice", ["high", "low"], [n], lambda h, low, n=n: talib.MIDPRICE(h, low, n)) for n in (2, 14, 50)],
]
NAMES = [f"{name}-{'-'.join(str(p) for p in parameters)}" for name, _, parameters, _ in PAIRS]


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_every_row_is_talibs_on_real_random_and_flat_series(pair: Any, data_file: Callable[[str], Path]) -> None:
    name, inputs, parameters, reference = pair
    # TA-Lib's own rounding leaves a slope where there is none: a flat series must give a height, not a slope of 1e-15.
    slopes = ("linreg_slope", "linreg_angle")
    for label, series in {
        "SPY 502": spy_502(data_file),
        "SPY 5849": spy_5849(data_file),
        "walk": walk(1, 3_000),
        "short": walk(2, 25),
        **({} if name in slopes else {"flat": flat()}),
    }.items():
        check(name, inputs, parameters, reference, series, label)


@pytest.mark.parametrize("name", ["linreg_slope", "linreg_angle"])
def test_a_flat_series_has_no_slope(name: str) -> None:
    (got,) = outputs(name, [np.full(100, 0.1)], [14])
    assert (got[13:] == 0.0).all()


def windows(x: np.ndarray, n: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(x, n)


def alma(x: np.ndarray, n: int, offset: float, sigma: float) -> np.ndarray:
    w = np.exp(-((np.arange(n) - offset * (n - 1)) ** 2) / (2 * (n / sigma) ** 2))
    return np.concatenate([np.full(n - 1, np.nan), windows(x, n) @ (w / w.sum())])


def frama(high: np.ndarray, low: np.ndarray, n: int) -> np.ndarray:
    out = np.full(len(high), np.nan)
    price = (high + low) / 2
    value = price[n - 2]
    for t in range(n - 1, len(high)):
        h, lo = high[t - n + 1 : t + 1], low[t - n + 1 : t + 1]
        n1 = (h[n // 2 :].max() - lo[n // 2 :].min()) / (n // 2)
        n2 = (h[: n // 2].max() - lo[: n // 2].min()) / (n // 2)
        n3 = (h.max() - lo.min()) / n
        a = 0.01
        if n1 > 0 and n2 > 0 and n3 > 0:
            a = min(max(math.exp(-4.6 * ((math.log(n1 + n2) - math.log(n3)) / math.log(2) - 1)), 0.01), 1.0)
        value = out[t] = a * price[t] + (1 - a) * value
    return out


def vidya(x: np.ndarray, n: int) -> np.ndarray:
    out = np.full(len(x), np.nan)
    change = np.diff(x)
    value = x[n - 1]
    for t in range(n, len(x)):
        w = change[t - n : t]
        size = np.abs(w).sum()
        k = 2 / (n + 1) * (abs(w.sum()) / size if size > 0 else 0.0)
        value = out[t] = k * x[t] + (1 - k) * value
    return out


def mcginley(x: np.ndarray, n: int, factor: float) -> np.ndarray:
    out = np.full(len(x), np.nan)
    value = x[0]
    for t in range(1, len(x)):
        value = out[t] = value + (x[t] - value) / (factor * n * (x[t] / value) ** 4)
    return out


@pytest.mark.parametrize("series", [walk(3, 1_000), walk(4, 1_000, 3.0)], ids=["around-100", "around-3"])
def test_averages_that_talib_lacks_are_their_definitions(series: Columns) -> None:
    x, high, low = series["close"], series["high"], series["low"]
    cases = {
        "alma": (outputs("alma", [x], [9, 0.85, 6]), alma(x, 9, 0.85, 6)),
        "alma 20": (outputs("alma", [x], [20, 0.3, 4]), alma(x, 20, 0.3, 4)),
        "frama": (outputs("frama", [high, low], [16]), frama(high, low, 16)),
        "frama 4": (outputs("frama", [high, low], [4]), frama(high, low, 4)),
        "vidya": (outputs("vidya", [x], [14]), vidya(x, 14)),
        "mcginley": (outputs("mcginley", [x], [14, 0.6]), mcginley(x, 14, 0.6)),
    }
    for label, ((got,), wanted) in cases.items():
        wrong = misses(got, wanted, float(np.median(x)))
        print(f"{label}: {len(x) - wrong} of {len(x)}")
        assert wrong == 0, label


@pytest.mark.parametrize("name", ["wma", "linreg", "tsf", "hma"])
def test_a_huge_value_leaves_no_trace_once_it_has_left_the_window(name: str) -> None:
    x = walk(5, 600)["close"]
    spoiled = x.copy()
    spoiled[100] = 1e18
    (clean,), (got,) = outputs(name, [x], [20]), outputs(name, [spoiled], [20])
    # Two windows on, even the anchor is another.
    np.testing.assert_allclose(got[160:], clean[160:], rtol=1e-12)
