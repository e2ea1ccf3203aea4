"""Indicators against TA-Lib, and against values that others computed on real prices.

Reference files carry few digits (six in most): a row agrees when it is within 1e-6 of the reference, or within half a unit
of the last digit that the reference prints.
"""

import csv
import gzip
import json
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tickwright import indicators as ind

DATA = Path(os.environ.get("TICKWRIGHT_DATA", Path(__file__).resolve().parents[2] / ".." / "shared" / "data"))


def data_file(*parts):
    path = DATA.joinpath(*parts)
    if not path.exists():
        message = f"reference data not found: {'/'.join(parts)} (set TICKWRIGHT_DATA)"
        if os.environ.get("TICKWRIGHT_REQUIRE_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return path


def table(name):
    """Columns of a reference table as lists of text."""
    with gzip.open(data_file("lean", "indicators", name), "rt") as lines:
        rows = list(csv.DictReader(lines))
    return {key.strip(): [row[key] or "" for row in rows] for key in rows[0] if key}


def numbers(texts):
    return np.array([float(t) if t.strip() and t.strip() != "NaN" else np.nan for t in texts])


def half_digit(text):
    """Half a unit of the last digit of a printed number."""
    text = text.strip()
    if not text or text == "NaN":
        return np.nan
    return 0.5 * float(Decimal(1).scaleb(Decimal(text).as_tuple().exponent))


def share(ours, texts, label, first=0):
    """Share of the reference's rows from `first` on that agree, printed."""
    reference = numbers(texts)
    rows = np.flatnonzero(~np.isnan(reference))
    rows = rows[rows >= first]
    assert len(rows) > 50, f"{label}: the reference has no rows"
    tolerance = np.maximum(1e-6 * np.abs(reference[rows]), [1.01 * half_digit(texts[i]) for i in rows])
    agrees = np.abs(ours[rows] - reference[rows]) <= tolerance
    strict = np.abs(ours[rows] - reference[rows]) <= 1e-6 * np.abs(reference[rows])
    print(f"{label}: {agrees.mean():.2%} of {len(rows)} rows to the printed digit, {strict.mean():.2%} within 1e-6; first miss {rows[~agrees][:3]}")
    return agrees.mean()


# ---- TA-Lib -------------------------------------------------------------------------------------------------------------


def random_bars(n, seed, offset=0.0):
    r = np.random.default_rng(seed)
    close = offset + 100 * np.exp(np.cumsum(r.normal(0, 1e-3, n)))
    high = close + np.abs(r.normal(0, 0.1, n))
    low = close - np.abs(r.normal(0, 0.1, n))
    return high, low, close, r.integers(0, 10_000, n).astype(float)


def real_bars():
    with gzip.open(data_file("skender", "quotes", "default.csv.gz"), "rt") as lines:
        rows = list(csv.DictReader(lines))
    return tuple(np.array([float(row[c]) for row in rows]) for c in ("high", "low", "close", "volume"))


def pairs(talib, bars, period):
    high, low, close, volume = bars
    yield "sma", ind.sma(close, period), talib.SMA(close, period)
    yield "ema", ind.ema(close, period), talib.EMA(close, period)
    yield "rsi", ind.rsi(close, period), talib.RSI(close, period)
    yield "atr", ind.atr(high, low, close, period), talib.ATR(high, low, close, period)
    yield "obv", ind.obv(close, volume), talib.OBV(close, volume)
    ours = ind.donchian(high, low, period)
    yield "donchian upper", ours.upper, talib.MAX(high, period)
    yield "donchian lower", ours.lower, talib.MIN(low, period)
    for name, a, b in zip(("upper", "middle", "lower"), ind.bollinger(close, period), talib.BBANDS(close, period, 2.0, 2.0), strict=True):
        yield f"bollinger {name}", a, b
    lines = talib.MACD(close, period, 2 * period, 9)
    for name, a, b in zip(("macd", "signal", "histogram"), ind.macd(close, period, 2 * period, 9), lines, strict=True):
        yield name, a, b


def assert_agrees(name, ours, theirs, scale):
    assert np.array_equal(np.isnan(ours), np.isnan(theirs)), f"{name}: warm-up differs"
    rows = ~np.isnan(ours)
    worst = np.max(np.abs(ours[rows] - theirs[rows]) / np.maximum(np.abs(theirs[rows]), scale))
    assert worst <= 1e-9, f"{name}: {worst:.2e}"


@pytest.mark.parametrize("period", [2, 3, 7, 14, 20, 50, 200])
@pytest.mark.parametrize("source", ["random", "real"])
def test_every_indicator_agrees_with_talib_within_1e_9(source, period):
    talib = pytest.importorskip("talib")
    bars = random_bars(20_000, period) if source == "random" else real_bars()
    for name, ours, theirs in pairs(talib, bars, period):
        # A line that crosses zero is compared on the scale of prices.
        assert_agrees(name, ours, theirs, scale=1.0)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_a_million_rows_do_not_drift_from_talib(offset):
    talib = pytest.importorskip("talib")
    for name, ours, theirs in pairs(talib, random_bars(1_000_000, 5, offset), 20):
        # Differences of averages at a large offset keep the averages' absolute error in both libraries.
        assert_agrees(name, ours, theirs, scale=max(1.0, offset))


def test_band_width_at_a_large_offset_is_exact_where_naive_sums_of_squares_are_not():
    r = np.random.default_rng(3)
    noise = r.normal(0, 1e-3, 50_000)
    shifted = (noise + 1e6) - 1e6  # what is left of the noise after rounding at the offset
    bands = ind.bollinger(noise + 1e6, 20, 2.0)
    windows = np.lib.stride_tricks.sliding_window_view(shifted, 20)
    width = (bands.upper - bands.lower)[19:] / 4
    assert np.max(np.abs(width - windows.std(axis=1))) < 1e-9  # an ulp at 1e6 is 1.2e-10


def test_leading_nans_are_skipped_as_talib_does():
    talib = pytest.importorskip("talib")
    high, low, close, volume = (np.concatenate([[np.nan] * 13, x]) for x in random_bars(300, 9))
    for name, ours, theirs in pairs(talib, (high, low, close, volume), 10):
        if name != "obv":  # TA-Lib's OBV does not skip
            assert_agrees(name, ours, theirs, scale=1.0)


# ---- Lean's reference files ----------------------------------------------------------------------------------------------


def test_lean_sma_ema_rsi_and_macd():
    t = table("spy_with_indicators.txt.gz")
    close = numbers(t["Close"])
    assert share(ind.sma(close, 14), t["SMA14"], "lean sma 14") == 1
    # The file's recurrences began before its first row: compare once the seed has faded.
    assert share(ind.ema(close, 14), t["EMA14"], "lean ema 14", first=150) == 1
    assert share(ind.rsi(close, 14), t["RSI 14 Wilder"], "lean rsi 14", first=250) == 1
