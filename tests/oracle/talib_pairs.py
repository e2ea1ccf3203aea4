"""Ours beside TA-Lib: the series both read, and what equal means."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.oracle.bars_and_shares import Find, lean_daily, skender_quotes
from tests.oracle.indicator_outputs import outputs

Columns = dict[str, np.ndarray]


def spy_502(find: Find) -> Columns:
    """Return two years of SPY, daily."""
    return dict(vars(skender_quotes(find)))


def spy_5849(find: Find) -> Columns:
    """Return SPY from 1998 to 2021, daily, unadjusted; quiet bars included."""
    return dict(vars(lean_daily(find)))


def walk(seed: int, rows: int, start: float = 100.0) -> Columns:
    """Return bars of a geometric random walk; every twentieth does not move at all."""
    r = np.random.default_rng(seed)
    close = start * np.exp(np.cumsum(r.normal(0, 1e-2, rows) * (r.random(rows) > 0.05)))
    opened = np.concatenate([close[:1], close[:-1]])
    reach = r.exponential(5e-3, (2, rows)) * (r.random(rows) > 0.05)
    high, low = np.maximum(opened, close) * (1 + reach[0]), np.minimum(opened, close) * (1 - reach[1])
    return {
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "volume": r.integers(1, 10_000, rows).astype(float),
    }


def flat(rows: int = 300) -> Columns:
    """Return bars that never move."""
    return {**{name: np.full(rows, 50.0) for name in ("open", "high", "low", "close")}, "volume": np.full(rows, 100.0)}


def misses(got: Any, wanted: Any, scale: float, relative: float = 1e-9) -> int:
    """Return how many rows differ: in whether there is a value, or by more than `relative` of value or scale."""
    got, wanted = np.asarray(got, dtype=float), np.asarray(wanted, dtype=float)
    both = ~np.isnan(got) & ~np.isnan(wanted)
    far = np.zeros(len(got), dtype=bool)
    far[both] = np.abs(got[both] - wanted[both]) > relative * np.maximum(np.abs(wanted[both]), scale)
    return int(np.sum(far | (np.isnan(got) != np.isnan(wanted))))


def check(
    name: str, inputs: list[str], parameters: list[float], reference: Callable[..., Any], series: Columns, label: str
) -> None:
    """Check every row of every output of `name` against `reference(*columns)`; print the share."""
    columns = [series[i] for i in inputs]
    got = outputs(name, columns, parameters)
    wanted = reference(*columns)
    wanted = tuple(wanted) if isinstance(wanted, tuple | list) else (wanted,)
    assert len(got) >= len(wanted), name
    rows = len(columns[0])
    for i, (a, b) in enumerate(zip(got, wanted, strict=False)):
        finite = np.asarray(b, dtype=float)[np.isfinite(b)]
        # The size of the output itself: a value near zero is the difference of larger ones.
        scale = float(np.median(np.abs(finite))) if len(finite) else 1.0
        wrong = misses(a, b, max(scale, 1e-12))
        print(f"{name}{parameters} output {i} on {label}: {rows - wrong} of {rows}")
        assert wrong == 0, f"{name}{parameters} output {i} on {label}: {wrong} of {rows} rows differ"
