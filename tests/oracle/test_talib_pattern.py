"""The candlestick patterns against TA-Lib's, on real bars and on bars made to hold every pattern."""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.oracle.bars_and_shares import lean_daily
from tests.oracle.indicator_outputs import outputs
from tickwright import indicators as ind

talib = pytest.importorskip("talib", reason="the TA-Lib wheel is not installed")
abstract = pytest.importorskip("talib.abstract")

pytestmark = pytest.mark.oracle

Bars = tuple[npt.NDArray[np.float64], ...]
PATTERNS = sorted(name.lower() for name in talib.get_function_groups()["Pattern Recognition"])


def made_bars(rows: int, seed: int) -> Bars:
    """Bars on a coarse grid of prices, in moods that change, so that gaps, dojis and equal closes are common.

    Bodies and shadows are drawn apart, as multiples of 1/64 dollar: exact in binary, so that an average of ten bars is
    exact up to its last division however it is summed, and a tie is a tie on both sides.
    """
    rng = np.random.default_rng(seed)
    mood = np.repeat(rng.integers(1, 9, rows // 7 + 1), 7)[:rows]
    body = rng.choice([0, 0, 1, 2, 3, 6, 10, 16, 20], rows) * rng.choice([-1, 1], rows)
    run = np.repeat(rng.choice([-1, 1], rows // 5 + 1), 5)[:rows]
    body = np.where(rng.random(rows) < 0.5, np.abs(body) * run, body)
    jump = rng.choice([0, 0, 1, -1, 2, -2, 5, -5, 9, -9, 24, -24], rows)
    upper = rng.choice([0, 0, 0, 1, 2, 8, 14], rows)
    lower = rng.choice([0, 0, 0, 1, 2, 8, 14], rows)
    body, jump = body * mood // 4, jump * mood // 4
    close = 64 * 100_000 + np.cumsum(body + jump)
    start = close - body
    high = np.maximum(start, close) + upper
    low = np.minimum(start, close) - lower
    return tuple(column / 64.0 for column in (start, high, low, close))


def both(name: str, bars: Bars) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32], int]:
    """Our column, TA-Lib's, and the row from which ours can be."""
    (ours,) = outputs(name, bars)
    theirs = getattr(talib, name.upper())(*bars)
    lookback = abstract.Function(name.upper()).lookback
    return ours, theirs, lookback


def test_there_are_the_61_patterns_of_ta_lib() -> None:
    ours = sorted(i.name for i in ind.list() if i.family == "pattern")
    assert ours == PATTERNS
    assert len(ours) == 61


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_found_where_ta_lib_finds_it_and_nowhere_else(name: str) -> None:
    hits = 0
    for seed in range(8):
        ours, theirs, lookback = both(name, made_bars(50_000, seed))
        assert np.isnan(ours[:lookback]).all()
        np.testing.assert_array_equal(ours[lookback:], theirs[lookback:])
        hits += np.count_nonzero(theirs)
    print(f"{name}: 400,000 of 400,000 rows equal, {hits} of them patterns")
    assert hits > 0, "the bars hold none, so the test shows nothing"


def test_patterns_on_real_daily_bars_are_ta_libs(data_file: Callable[[str], Path]) -> None:
    bars = tuple(lean_daily(data_file).columns("ohlc"))
    rows = equal = hits = 0
    for name in PATTERNS:
        ours, theirs, lookback = both(name, bars)
        rows += len(ours) - lookback
        equal += np.count_nonzero(ours[lookback:] == theirs[lookback:])
        hits += np.count_nonzero(theirs)
    print(f"SPY daily: {equal:,} of {rows:,} rows of 61 patterns equal, {hits:,} of them patterns")
    assert equal == rows


def test_patterns_are_those_of_leans_file(data_file: Callable[[str], Path]) -> None:
    """Lean's values (warm-up rows blank) of 61 patterns on SPY's daily bars from February 2013 on.

    Lean follows an older TA-Lib, in which bodies that share an end are no harami; TA-Lib has since given them ±80.
    """
    with gzip.open(data_file("lean/indicators/spy_candle_patterns.txt.gz"), "rt") as lines:
        header, *rows = csv.reader(lines)
    bars = tuple(np.array([float(row[i]) for row in rows]) for i in range(1, 5))
    checked = equal = 0
    different: list[tuple[str, float]] = []
    for i, name in enumerate(header):
        if not name.startswith("CDL"):
            continue
        (ours,) = outputs(name.lower(), bars)
        for row, text in zip(ours, rows, strict=True):
            if text[i] != "" and not np.isnan(row):
                checked += 1
                same = np.sign(row) == np.sign(float(text[i]))
                equal += same
                if not same:
                    different.append((name, abs(row)))
    print(f"Lean's file: {equal:,} of {checked:,} values of 61 patterns equal; the others: {different}")
    assert all(name.startswith("CDLHARAMI") and value == 80.0 for name, value in different)
    assert (equal, checked) == (29_863, 29_864)
