"""Bars that we make of trade ticks, against Lean's own second and minute bars of the same day."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import tickwright as tw

pytestmark = pytest.mark.oracle

NO_LAST = 1 << 2
SECOND = 1_000_000_000
LENGTH = {"second": "1s", "minute": "1m"}
OPEN = 1_381_152_600 * SECOND  # 2013-10-07 09:30 in New York
CLOSE = OPEN + 23_400 * SECOND
OPENING, CLOSING, REOPENING = 0x40, 0x80, 0x20_0000
PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Comparison:
    """How many of Lean's bars we have, and how many of them are the same."""

    lean: int
    both: int
    ours_only: int
    prices: int
    volume: int
    whole: int


def carried(bars) -> dict[int, list[int]]:
    """Start → open, high, low, close, volume; a bar without a price of its own adds its volume to the one before."""
    out: dict[int, list[int]] = {}
    last = None
    columns = [getattr(bars, name).tolist() for name in ("start", *PRICES, "volume", "flags")]
    for start, *values, flags in zip(*columns, strict=True):
        if not flags & NO_LAST:
            last = out.setdefault(start, [*values[:4], 0])
        if last is not None:
            last[4] += values[4]
    return out


def both(usa: Path, symbol: str, resolution: str, conditions: str) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Our bars and Lean's, by start."""
    ticks = tw.feeds.lean(usa / f"tick/{symbol}/20131007_trade.zip", conditions=conditions)
    ours = carried(tw.bars(ticks, LENGTH[resolution]).bars)
    columns = tw.feeds.lean(usa / f"{resolution}/{symbol}/20131007_trade.zip").bars
    theirs = {
        start: row
        for start, *row in zip(*(getattr(columns, n).tolist() for n in ("start", *PRICES, "volume")), strict=True)
    }
    return ours, theirs


def compare(usa: Path, symbol: str, resolution: str, conditions: str) -> Comparison:
    ours, theirs = both(usa, symbol, resolution, conditions)
    shared = [start for start in theirs if start in ours]
    return Comparison(
        lean=len(theirs),
        both=len(shared),
        ours_only=len(ours.keys() - theirs.keys()),
        prices=sum(ours[s][:4] == theirs[s][:4] for s in shared),
        volume=sum(ours[s][4] == theirs[s][4] for s in shared),
        whole=sum(ours[s] == theirs[s] for s in shared),
    )


@pytest.fixture(scope="module")
def usa(data_file) -> Path:
    return data_file("lean/equity/usa")


BARS = [("spy", "second"), ("spy", "minute"), ("ibm", "minute")]

# Lean's bars; of them in ours; ours beyond them; the same prices; the same volume; the same in every column.
EXPECTED = {
    ("spy", "second", "lean"): (16_675, 16_675, 0, 16_673, 16_672, 16_672),
    ("spy", "minute", "lean"): (828, 828, 0, 826, 825, 825),
    ("ibm", "minute", "lean"): (453, 453, 0, 451, 451, 450),
    ("spy", "second", "tape"): (16_675, 16_664, 1_302, 14_493, 15_505, 13_508),
    ("spy", "minute", "tape"): (828, 828, 0, 712, 825, 711),
    ("ibm", "minute", "tape"): (453, 444, 0, 247, 440, 244),
}


@pytest.mark.parametrize(("symbol", "resolution", "conditions"), EXPECTED)
def test_the_share_of_bars_that_are_leans_is_known(usa, symbol, resolution, conditions, capsys):
    found = compare(usa, symbol, resolution, conditions)
    with capsys.disabled():
        print(
            f"\n{symbol.upper()} {resolution}s by {conditions} conditions: {found.whole:,} of {found.lean:,} the "
            f"same in every column ({found.whole / found.lean:.3%}); prices {found.prices:,}, volume {found.volume:,}, "
            f"ours alone {found.ours_only:,}"
        )
    figures = (found.lean, found.both, found.ours_only, found.prices, found.volume, found.whole)
    assert figures == EXPECTED[symbol, resolution, conditions]


@pytest.mark.parametrize(("symbol", "resolution"), BARS)
def test_the_bars_that_differ_are_those_of_the_auctions_and_what_lean_does_there_is_known(usa, symbol, resolution):
    """The opening and the closing print count once; the latter falls into the bar before 16:00."""
    ours, theirs = both(usa, symbol, resolution, "lean")
    with zipfile.ZipFile(usa / f"tick/{symbol}/20131007_trade.zip") as archive:
        rows = [line.split(",") for line in archive.read(archive.namelist()[0]).decode().split()]
    prints = [
        (int(price) * 100_000, int(size) * SECOND, int(condition, 16)) for _, price, size, _, condition, _ in rows
    ]
    opening = [p for p in prints if p[2] & OPENING]
    closing = [p for p in prints if p[2] & CLOSING]

    counted = next(p for p in opening if not p[2] & REOPENING)
    bar = ours[OPEN]
    bar[0] = counted[0]
    bar[4] -= sum(size for _, size, _ in opening) - counted[1]

    price, size, _ = closing[0]
    before = ours[CLOSE - (SECOND if resolution == "second" else 60 * SECOND)]
    before[1:] = [max(before[1], price), min(before[2], price), price, before[4] + size]
    after = next(start for start in sorted(ours) if start >= CLOSE and ours[start][4] > sum(p[1] for p in closing))
    ours[after][4] -= sum(size for _, size, _ in closing)

    assert {start for start in theirs if ours[start] != theirs[start]} == set()
