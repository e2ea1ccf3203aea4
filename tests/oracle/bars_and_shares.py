"""Bars that indicators are tried on, reference tables, and the share of rows that agree with them."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from tests.oracle.indicator_outputs import outputs

Find = Callable[[str], Path]
Floats = np.ndarray[Any, np.dtype[np.float64]]

DEFAULT_QUOTES = "skender/quotes/default.csv.gz"


@dataclass(frozen=True)
class Bars:
    """Bars by column, float64 each."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def columns(self, names: str) -> list[Floats]:
        """Return the columns whose first letters `names` gives: "hlcv"."""
        by_letter = {"o": self.open, "h": self.high, "l": self.low, "c": self.close, "v": self.volume}
        return [by_letter[letter] for letter in names]


def run(name: str, columns: Sequence[Floats], *parameters: float) -> tuple[Floats, ...]:
    """Return the outputs of the catalogue's indicator `name`."""
    return outputs(name, columns, parameters)


def random_bars(n: int, seed: int, *, cents: bool = False, offset: float = 0.0) -> Bars:
    """Return `n` bars of a random walk; with `cents` rounded, so that prices tie and bars stand still."""
    r = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(r.normal(0, 3e-3, n)))
    opened = np.concatenate([close[:1], close[:-1]]) + r.normal(0, 0.05, n)
    high = np.maximum(opened, close) + np.abs(r.normal(0, 0.2, n))
    low = np.minimum(opened, close) - np.abs(r.normal(0, 0.2, n))
    volume = r.integers(0, 10_000, n).astype(float)
    prices = [opened, high, low, close]
    if cents:
        prices = [np.round(x, 1) for x in prices]
        still = r.random(n) < 0.1
        prices = [np.where(still, prices[3], x) for x in prices]
        volume[r.random(n) < 0.1] = 0.0
    return Bars(*(np.ascontiguousarray(x + offset) for x in prices), volume)


def skender_quotes(find: Find, name: str = DEFAULT_QUOTES) -> Bars:
    """Return the bars of a Stock.Indicators quotes file."""
    with gzip.open(find(name), "rt", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    return Bars(*(np.array([float(row[key]) for row in rows]) for key in ("open", "high", "low", "close", "volume")))


def lean_daily(find: Find, symbol: str = "spy") -> Bars:
    """Return Lean's daily bars of `symbol`, in dollars."""
    with zipfile.ZipFile(find(f"lean/equity/usa/daily/{symbol}.zip")) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    rows = [[float(x) for x in row[1:6]] for row in csv.reader(io.StringIO(text)) if row]
    open_, high, low, close, volume = (np.ascontiguousarray(c) for c in np.array(rows).T)
    return Bars(open_ / 10_000, high / 10_000, low / 10_000, close / 10_000, volume)


def all_bars(find: Find) -> dict[str, Bars]:
    """Return real and random bars to compare implementations on, by name."""
    return {
        "skender default": skender_quotes(find),
        "lean SPY daily": lean_daily(find),
        "random": random_bars(3_000, 1),
        "random in dimes, with still bars and no volume": random_bars(3_000, 2, cents=True),
        "random around 10,000": random_bars(3_000, 3, offset=10_000.0),
    }


def skender_results(find: Find, name: str) -> dict[str, Floats]:
    """Return the fields of a Stock.Indicators result by name, null as NaN."""
    with gzip.open(find(f"skender/results/{name}.standard.json.gz"), "rt") as text:
        rows = json.load(text)
    fields = [key for key, value in rows[-1].items() if not isinstance(value, (str, bool))]
    return {f: np.array([np.nan if row[f] is None else float(row[f]) for row in rows]) for f in fields}


class Table:
    """A reference table of Lean, by column, with the digits it was printed in."""

    def __init__(self, find: Find, name: str) -> None:
        with gzip.open(find(f"lean/indicators/{name}.gz"), "rt") as lines:
            rows = list(csv.DictReader(lines))
        self._texts = {key.strip(): [(row[key] or "").strip() for row in rows] for key in rows[0] if key}

    def numbers(self, column: str) -> Floats:
        """Return a column, NaN where it is empty."""
        return np.array([float(t) if t and t != "NaN" else np.nan for t in self._texts[column]])

    def half_digits(self, column: str) -> Floats:
        """Return half a unit of the last digit printed in each row."""

        def half(text: str) -> float:
            if not text or text == "NaN":
                return np.nan
            return 0.5 * float(Decimal(1).scaleb(int(Decimal(text).as_tuple().exponent)))

        return np.array([half(t) for t in self._texts[column]])

    def bars(self) -> Bars:
        """Return the bars of the table; volume 0 where it has none."""
        columns = {key.lower(): key for key in self._texts}
        prices = [self.numbers(columns[key]) for key in ("open", "high", "low", "close")]
        volume = self.numbers(columns["volume"]) if "volume" in columns else np.zeros(len(prices[0]))
        return Bars(*prices, volume)


def assert_same(label: str, ours: Floats, theirs: Floats, *, scale: float = 0.0, tolerance: float = 1e-9) -> None:
    """Assert that NaN are at the same rows and the rest within `tolerance` of the larger of the value and `scale`."""
    theirs = theirs.astype(float)
    assert ours.shape == theirs.shape, label
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs), err_msg=f"{label}: rows without a value")
    rows = np.flatnonzero(~np.isnan(theirs))
    assert len(rows), f"{label}: no values"
    error = np.abs(ours[rows] - theirs[rows]) - tolerance * np.maximum(np.abs(theirs[rows]), scale)
    bad = rows[error > 0]
    print(f"{label}: {len(rows) - len(bad)} of {len(rows)}")
    assert not len(bad), f"{label}: row {bad[0]}: {ours[bad[0]]!r} for {theirs[bad[0]]!r}, and {len(bad) - 1} more"


def share(label: str, ours: Floats, theirs: Floats, *, slack: Floats | float = 0.0, first: int = 0) -> None:
    """Assert that all rows from `first` on that the reference has agree within 1e-6, or within `slack`."""
    rows = np.flatnonzero(~np.isnan(theirs))
    rows = rows[rows >= first]
    assert len(rows) > 50, f"{label}: the reference has no rows"
    allowed = np.maximum(1e-6 * np.abs(theirs), slack)[rows]
    agree = np.abs(ours[rows] - theirs[rows]) <= allowed
    print(f"{label}: {agree.sum()} of {len(rows)}")
    assert agree.all(), f"{label}: row {rows[~agree][0]}: {ours[rows[~agree][0]]!r} for {theirs[rows[~agree][0]]!r}"
