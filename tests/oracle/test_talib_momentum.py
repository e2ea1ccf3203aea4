"""Momentum indicators against TA-Lib, and those it lacks against their definitions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.oracle.indicator_outputs import outputs
from tests.oracle.talib_pairs import Columns, check, flat, misses, spy_502, spy_5849, walk

talib = pytest.importorskip("talib")

C, HL, HLC, OHLC = ["close"], ["high", "low"], ["high", "low", "close"], ["open", "high", "low", "close"]
PAIRS: list[tuple[str, list[str], list[float], Callable[..., Any]]] = [
    *[("momentum", C, [n], lambda x, n=n: talib.MOM(x, n)) for n in (1, 10)],
    *[("roc", C, [n], lambda x, n=n: talib.ROC(x, n)) for n in (1, 10)],
    *[("rocp", C, [n], lambda x, n=n: talib.ROCP(x, n)) for n in (1, 10)],
    *[("rocr", C, [n], lambda x, n=n: talib.ROCR(x, n)) for n in (1, 10)],
    *[("rocr100", C, [n], lambda x, n=n: talib.ROCR100(x, n)) for n in (1, 10)],
    *[
        ("stoch", HLC, [k, s, d], lambda h, low, c, k=k, s=s, d=d: talib.STOCH(h, low, c, k, s, 0, d, 0))
        for k, s, d in ((5, 3, 3), (14, 3, 3), (1, 1, 1), (14, 5, 1))
    ],
    *[
        ("stochf", HLC, [k, d], lambda h, low, c, k=k, d=d: talib.STOCHF(h, low, c, k, d, 0))
        for k, d in ((5, 3), (14, 1))
    ],
    *[
        ("stochrsi", C, [n, k, d], lambda x, n=n, k=k, d=d: talib.STOCHRSI(x, n, k, d, 0))
        for n, k, d in ((14, 5, 3), (14, 14, 3))
    ],
    *[
        ("apo", C, [a, b, t], lambda x, a=a, b=b, t=t: talib.APO(x, a, b, t))
        for a, b in ((12, 26), (2, 9))
        for t in (0, 1, 2)
    ],
    *[
        ("ppo", C, [a, b, t], lambda x, a=a, b=b, t=t: talib.PPO(x, a, b, t))
        for a, b in ((12, 26), (2, 9))
        for t in (0, 1, 2)
    ],
    *[("cmo", C, [n], lambda x, n=n: talib.CMO(x, n)) for n in (2, 14, 30)],
    *[("cci", HLC, [n], lambda h, low, c, n=n: talib.CCI(h, low, c, n)) for n in (2, 14, 20, 100)],
    *[("willr", HLC, [n], lambda h, low, c, n=n: talib.WILLR(h, low, c, n)) for n in (2, 14, 40)],
    *[("tsi", C, [a, b], lambda x, a=a, b=b: talib.TSI(x, a, b)) for a, b in ((25, 13), (5, 3))],
    *[("trix", C, [n], lambda x, n=n: talib.TRIX(x, n)) for n in (2, 15, 30)],
    *[
        ("ultosc", HLC, [a, b, c], lambda h, low, x, a=a, b=b, c=c: talib.ULTOSC(h, low, x, a, b, c))
        for a, b, c in ((7, 14, 28), (3, 2, 9))
    ],
    ("bop", OHLC, [], lambda o, h, low, c: talib.BOP(o, h, low, c)),
    *[("ao", HL, [a, b], lambda h, low, a=a, b=b: talib.AO(h, low, a, b)) for a, b in ((5, 34), (2, 7))],
    *[
        ("coppock", C, [w, a, b], lambda x, w=w, a=a, b=b: talib.COPPOCK(x, w, a, b))
        for w, a, b in ((10, 11, 14), (5, 20, 3))
    ],
    *[("dpo", C, [n], lambda x, n=n: talib.DPO(x, n)) for n in (4, 11, 20)],
    *[("vortex", HLC, [n], lambda h, low, c, n=n: talib.VORTEX(h, low, c, n)) for n in (2, 14, 30)],
    *[("aroon", HL, [n], lambda h, low, n=n: talib.AROON(h, low, n)) for n in (2, 14, 25)],
    *[("aroonosc", HL, [n], lambda h, low, n=n: talib.AROONOSC(h, low, n)) for n in (2, 14, 25)],
    *[("plus_dm", HL, [n], lambda h, low, n=n: talib.PLUS_DM(h, low, n)) for n in (1, 2, 14)],
    *[("minus_dm", HL, [n], lambda h, low, n=n: talib.MINUS_DM(h, low, n)) for n in (1, 2, 14)],
    *[("plus_di", HLC, [n], lambda h, low, c, n=n: talib.PLUS_DI(h, low, c, n)) for n in (2, 14)],
    *[("minus_di", HLC, [n], lambda h, low, c, n=n: talib.MINUS_DI(h, low, c, n)) for n in (2, 14)],
    # For a period of 1 TA-Lib gives a share, ours percent as for every other.
    ("plus_di", HLC, [1], lambda h, low, c: 100 * talib.PLUS_DI(h, low, c, 1)),
    ("minus_di", HLC, [1], lambda h, low, c: 100 * talib.MINUS_DI(h, low, c, 1)),
    *[("dx", HLC, [n], lambda h, low, c, n=n: talib.DX(h, low, c, n)) for n in (2, 14)],
    *[("adx", HLC, [n], lambda h, low, c, n=n: talib.ADX(h, low, c, n)) for n in (2, 14, 30)],
    *[("adxr", HLC, [n], lambda h, low, c, n=n: talib.ADXR(h, low, c, n)) for n in (2, 14, 30)],
]
NAMES = [f"{name}-{'-'.join(str(p) for p in parameters)}" for name, _, parameters, _ in PAIRS]


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_every_row_is_talibs_on_real_random_and_flat_series(pair: Any, data_file: Callable[[str], Path]) -> None:
    name, inputs, parameters, reference = pair
    for label, series in {
        "SPY 502": spy_502(data_file),
        "SPY 5849": spy_5849(data_file),
        "walk": walk(11, 3_000),
        "short": walk(12, 30),
        "flat": flat(),
    }.items():
        check(name, inputs, parameters, reference, series, label)


def percent(x: pd.Series, n: int) -> pd.Series:
    return 100 * (x / x.shift(n) - 1)


def kst(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    s = pd.Series(x)
    parts = zip((10, 15, 20, 30), (10, 10, 10, 15), strict=True)
    line = sum((i + 1) * percent(s, roc).rolling(sma).mean() for i, (roc, sma) in enumerate(parts))
    return line.to_numpy(), line.rolling(9).mean().to_numpy()


def crsi(x: np.ndarray) -> np.ndarray:
    streak, streaks = 0.0, []
    for now, then in zip(x, [x[0], *x[:-1]], strict=True):
        streak = max(streak, 0.0) + 1 if now > then else min(streak, 0.0) - 1 if now < then else 0.0
        streaks.append(streak)
    change = x[1:] / x[:-1] - 1
    rank = np.full(len(x), np.nan)
    for t in range(100, len(change)):
        rank[t + 1] = 100 * (change[t - 100 : t] < change[t]).mean()
    return (talib.RSI(x, 3) + talib.RSI(np.array(streaks), 2) + rank) / 3


def fisher(high: np.ndarray, low: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    mid = (high + low) / 2
    out, trigger = np.full(len(mid), np.nan), np.full(len(mid), np.nan)
    v = f = 0.0
    for t in range(n - 1, len(mid)):
        w = mid[t - n + 1 : t + 1]
        span = w.max() - w.min()
        v = min(max(0.33 * 2 * ((mid[t] - w.min()) / span - 0.5 if span > 0 else 0.0) + 0.67 * v, -0.999), 0.999)
        if t >= n:
            trigger[t] = f
        f = np.arctanh(v) + 0.5 * f
        if t >= n:
            out[t] = f
    return out, trigger


def stc(x: np.ndarray, cycle: int, fast: int, slow: int, factor: float) -> np.ndarray:
    line = talib.EMA(x, fast) - talib.EMA(x, slow)
    for _ in range(2):
        out = np.full(len(x), np.nan)
        position, smooth = 0.0, None
        for t in range(len(x)):
            w = line[max(t - cycle + 1, 0) : t + 1]
            if len(w) < cycle or np.isnan(w).any():
                continue
            if w.max() > w.min():
                position = 100 * (line[t] - w.min()) / (w.max() - w.min())
            smooth = position if smooth is None else smooth + factor * (position - smooth)
            out[t] = smooth
        line = out
    return line


def choppiness(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    way = pd.Series(talib.TRANGE(high, low, close)).rolling(n).sum()
    span = pd.Series(high).rolling(n).max() - pd.Series(low).rolling(n).min()
    out = (100 * np.log10(way / span) / np.log10(n)).to_numpy(copy=True)
    out[(span == 0).to_numpy() & way.notna().to_numpy()] = 0.0
    return out


@pytest.mark.parametrize("series", [walk(13, 1_000), walk(14, 1_000, 3.0)], ids=["around-100", "around-3"])
def test_oscillators_that_talib_lacks_are_their_definitions(series: Columns) -> None:
    x, high, low = series["close"], series["high"], series["low"]
    cases = {
        "kst": (outputs("kst", [x], []), kst(x)),
        "crsi": (outputs("crsi", [x], []), (crsi(x),)),
        "fisher": (outputs("fisher", [high, low], [10]), fisher(high, low, 10)),
        "stc": (outputs("stc", [x], [10, 23, 50, 0.5]), (stc(x, 10, 23, 50, 0.5),)),
        "choppiness": (outputs("choppiness", [high, low, x], [14]), (choppiness(high, low, x, 14),)),
        "tsi signal": (outputs("tsi", [x], [])[1:], (talib.EMA(talib.TSI(x, 25, 13), 7),)),
    }
    for label, (got, wanted) in cases.items():
        for a, b in zip(got, wanted, strict=True):
            wrong = misses(a, b, float(np.nanmedian(np.abs(b))))
            print(f"{label}: {len(x) - wrong} of {len(x)}")
            assert wrong == 0, label
