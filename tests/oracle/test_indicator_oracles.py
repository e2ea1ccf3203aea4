"""Indicators against TA-Lib, and against values that others computed on real prices.

Reference files carry few digits (six in most): a row agrees when it is within 1e-6 of the reference, or within half a
unit of the last digit that the reference prints.
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
    print(
        f"{label}: {agrees.mean():.2%} of {len(rows)} rows to the printed digit, {strict.mean():.2%} within 1e-6; "
        f"first miss {rows[~agrees][:3]}"
    )
    return agrees.mean()


# ---- TA-Lib ---------------------------------------------------------------------------------------------------------


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
    for name, a, b in zip(
        ("upper", "middle", "lower"), ind.bollinger(close, period), talib.BBANDS(close, period, 2.0, 2.0), strict=True
    ):
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


# ---- Lean's reference files -----------------------------------------------------------------------------------------


def test_lean_sma_ema_rsi_and_macd():
    t = table("spy_with_indicators.txt.gz")
    close = numbers(t["Close"])
    assert share(ind.sma(close, 14), t["SMA14"], "lean sma 14") == 1
    # The file's recurrences began before its first row: compare once the seed has faded.
    assert share(ind.ema(close, 14), t["EMA14"], "lean ema 14", first=150) == 1
    assert share(ind.rsi(close, 14), t["RSI 14 Wilder"], "lean rsi 14", first=250) == 1


def test_lean_ema_from_the_first_row():
    t = table("spy_ema.csv.gz")
    assert share(ind.ema(numbers(t["close"]), 14), t["EMA14"], "lean ema 14 (spy_ema)") == 1


def test_lean_macd():
    t = table("spy_with_macd.txt.gz")
    lines = ind.macd(numbers(t["Close"]), 12, 26, 9)
    # Values of seven significant digits at prices up to 280: the misses are rows near zero, where that is less than
    # 1e-6.
    for ours, name in zip(lines, ("MACD", "Signal", "Histogram"), strict=True):
        assert share(ours, t[name], f"lean {name}") > 0.9
        assert np.nanmax(np.abs(ours - numbers(t[name]))) < 1e-5


def test_lean_obv():
    t = table("spy_with_obv.txt.gz")
    ours = ind.obv(numbers(t["Close"]), numbers(t["Volume"]))
    # The misses are small values made of volumes that are printed to seven digits.
    assert share(ours, t["OBV"], "lean obv") > 0.99
    printed = np.cumsum([half_digit(v) for v in t["Volume"]]) + np.nan_to_num([half_digit(v) for v in t["OBV"]])
    assert np.nanmax(np.abs(ours - numbers(t["OBV"])) - printed) <= 0


def test_lean_atr():
    t = table("spy_atr_wilder.txt.gz")
    high, low, close = (numbers(t[c]) for c in ("High", "Low", "Close"))
    reference = numbers(t["Average True Range 14"])
    share(
        ind.atr(high, low, close, 14),
        t["Average True Range 14"],
        "lean atr 14 (its seed counts the first row's high - low, TA-Lib's does not)",
    )
    previous = np.concatenate([[close[0]], close[:-1]])
    ranges = np.maximum(high, previous) - np.minimum(low, previous)
    ranges[0] = high[0] - low[0]
    ours = ind.rma(ranges, 14)
    rows = ~np.isnan(reference)
    agrees = np.abs(ours - reference)[rows] <= 5.01e-6
    print(
        f"lean atr 14 as Wilder's average with that seed: {agrees.mean():.2%} of {rows.sum()} rows to the five "
        "decimals printed"
    )
    assert agrees.all()


def test_lean_bollinger():
    t = table("spy_bollinger_bands.txt.gz")
    bands = ind.bollinger(numbers(t["Close"]), 20, 2.0)
    for ours, column in (
        (bands.upper, "Bollinger Bands® 20 2 Top"),
        (bands.middle, "Moving Average 20"),
        (bands.lower, "Bollinger Bands® 20 2 Bottom"),
    ):
        assert share(ours, t[column], f"lean {column}") == 1


def test_lean_sma_of_three_periods():
    # The headers of SMA5 and SMA15 are swapped, and Lean's "RMA" is its relative moving average, SMA5 - SMA10 + SMA15.
    t = table("spy_with_rma.csv.gz")
    close = numbers(t["close"])
    for period, column in ((15, "SMA5"), (10, "SMA10"), (5, "SMA15")):
        assert share(ind.sma(close, period), t[column], f"lean sma {period}", first=period - 1) == 1
    relative = ind.sma(close, 5) - ind.sma(close, 10) + ind.sma(close, 15)
    assert share(relative, t["RMA5"], "lean relative average of ours", first=14) == 1


def test_lean_donchian():
    t = table("spy_with_don50.txt.gz")
    channel = ind.donchian(numbers(t["High"]), numbers(t["Low"]), 50)
    for ours, column in zip(channel, ("Top", "Mean", "Bottom"), strict=True):
        assert share(ours, t[f"Donchian Channels 50 {column}"], f"lean donchian {column}", first=49) == 1


def test_lean_moving_vwap_is_the_difference_of_ours():
    t = table("spy_with_vwap.txt.gz")
    opening, high, low, close, volume = (numbers(t[c]) for c in ("Open", "High", "Low", "Close", "Volume"))
    # Lean averages (open + high + low + close) / 4.
    price = (opening + high + low + close) / 4
    total = np.cumsum(volume)
    notional = ind.vwap(price, price, price, volume) * total
    moving = np.full(len(total), np.nan)
    moving[50:] = (notional[50:] - notional[:-50]) / (total[50:] - total[:-50])
    assert share(moving, t["Moving VWAP 50"], "lean moving vwap 50", first=50) == 1


# ---- Stock.Indicators' reference files ------------------------------------------------------------------------------


def skender(name):
    with gzip.open(data_file("skender", "results", f"{name}.standard.json.gz"), "rt") as text:
        rows = json.load(text)
    return {
        key: np.array([np.nan if row[key] is None else row[key] for row in rows])
        for key in rows[0]
        if key != "timestamp"
    }


def same(ours, reference, label):
    rows = ~np.isnan(reference)
    assert rows.sum() > 400, label
    agrees = np.abs(ours[rows] - reference[rows]) <= 1e-6 * np.maximum(np.abs(reference[rows]), 1e-3)
    print(f"skender {label}: {agrees.mean():.2%} of {rows.sum()} rows")
    return agrees.mean()


def test_stock_indicators_agree():
    high, low, close, volume = real_bars()
    bands, lines = ind.bollinger(close, 20, 2.0), ind.macd(close)
    references = [
        (ind.sma(close, 20), "sma", "sma"),
        (ind.ema(close, 20), "ema", "ema"),
        (ind.rma(close, 20), "smma", "smma"),
        (ind.rsi(close, 14), "rsi", "rsi"),
        (bands.upper, "bb", "upperBand"),
        (bands.middle, "bb", "sma"),
        (bands.lower, "bb", "lowerBand"),
        (ind.vwap(high, low, close, volume), "vwap", "vwap"),
        # It starts at zero, TA-Lib and we at the first volume.
        (ind.obv(close, volume) - volume[0], "obv", "obv"),
    ]
    for ours, name, field in references:
        assert same(ours, skender(name)[field], f"{name} {field}") == 1
    # Its channel leaves out the bar itself.
    reference = skender("donchian")
    for ours, field in zip(ind.donchian(high, low, 20), ("upperBand", "centerline", "lowerBand"), strict=True):
        assert same(np.concatenate([[np.nan], ours[:-1]]), reference[field], f"donchian {field}") == 1
    reference = skender("macd")
    for ours, field in zip(lines, ("macd", "signal", "histogram"), strict=True):
        # It seeds the fast average with its own first rows, TA-Lib and we with those before the slow one's first value.
        same(ours, reference[field], f"macd {field}")
        rows = np.abs(ours - reference[field])[120:]
        assert np.max(rows) < 1e-6, field
