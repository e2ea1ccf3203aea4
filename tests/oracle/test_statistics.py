"""Our statistics of return series against empyrical-reloaded.

The returns are those of a recorded strategy: pyfolio's test data, 2004 to 2009.
"""

from __future__ import annotations

import gzip
import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tickwright import stats

Series = npt.NDArray[np.float64]

DATA = Path(os.environ.get("TICKWRIGHT_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
TOLERANCE = 1e-9


def needed(present: bool, reason: str) -> None:
    if present:
        return
    if os.environ.get("TICKWRIGHT_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def returns() -> Series:
    path = DATA / "pyfolio" / "test_returns.csv.gz"
    needed(path.exists(), f"{path} is missing; set TICKWRIGHT_DATA to the folder of recorded data")
    with gzip.open(path, "rt") as rows:
        series = np.array([float(row.rsplit(",", 1)[1]) for row in rows])
    assert len(series) > 1000
    return series


def windows(returns: Series) -> list[Series]:
    """The whole series, each 60 days of it by steps of 20 that hold losses and gains, and the whole in reverse."""
    parts = [returns[i : i + 60] for i in range(0, len(returns) - 60, 20)]
    return [returns, returns[::-1], *(part for part in parts if part.min() < 0 < part.max())]


PAIRS: dict[str, tuple[Callable[[Series], float | None], Callable[..., float]]] = {}


def pair(name: str, ours: Callable[[Series], float | None], theirs: Callable[..., float]) -> None:
    PAIRS[name] = (ours, theirs)


pair("total return", stats.total_return, lambda e, r: e.cum_returns_final(r))
pair("growth rate", stats.cagr, lambda e, r: e.cagr(r))
pair("volatility", stats.annual_volatility, lambda e, r: e.annual_volatility(r))
pair("sharpe", stats.sharpe, lambda e, r: e.sharpe_ratio(r))
pair(
    "sharpe over a riskless rate",
    lambda r: stats.sharpe(r, risk_free=1e-4),
    lambda e, r: e.sharpe_ratio(r, risk_free=1e-4),
)
pair("downside deviation", stats.downside_deviation, lambda e, r: e.downside_risk(r))
pair("sortino", stats.sortino, lambda e, r: e.sortino_ratio(r))
pair(
    "sortino over a target",
    lambda r: stats.sortino(r, target=2e-4),
    lambda e, r: e.sortino_ratio(r, required_return=2e-4),
)
# Losses are positive here and negative there.
pair("drawdown", stats.max_drawdown, lambda e, r: -e.max_drawdown(r))
pair("calmar", stats.calmar, lambda e, r: e.calmar_ratio(r))
pair("value at risk", stats.value_at_risk, lambda e, r: -e.value_at_risk(r))
pair("expected shortfall", stats.expected_shortfall, lambda e, r: -e.conditional_value_at_risk(r))


@pytest.mark.parametrize("name", PAIRS)
def test_every_window_agrees_with_empyrical(name: str, returns: Series) -> None:
    empyrical = pytest.importorskip("empyrical", reason="empyrical-reloaded is not installed")
    ours, theirs = PAIRS[name]
    series = windows(returns)
    assert len(series) > 50
    differ = []
    for i, part in enumerate(series):
        mine, other = ours(part), float(theirs(empyrical, np.ascontiguousarray(part)))
        assert mine is not None
        if not math.isclose(mine, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            differ.append((i, mine, other))
    assert not differ, f"{len(differ)} of {len(series)} windows differ: {differ[:3]}"


@pytest.mark.parametrize(("ours", "theirs"), [(stats.skewness, "skew"), (stats.kurtosis, "kurtosis")])
def test_every_window_agrees_with_scipy(ours: Callable[[Series], float | None], theirs: str, returns: Series) -> None:
    scipy_stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    for part in windows(returns):
        assert ours(part) == pytest.approx(float(getattr(scipy_stats, theirs)(part)), rel=1e-9, abs=1e-9)


def test_lists_and_strided_arrays_give_the_same_bits(returns: Series) -> None:
    assert stats.sharpe(list(returns)) == stats.sharpe(returns) == stats.sharpe(np.repeat(returns, 2)[::2])


@pytest.mark.parametrize("bad", [[[0.1, 0.2]], 0.1, ["x"], None])
def test_what_is_no_series_is_refused(bad: npt.ArrayLike) -> None:
    from tickwright import _core

    with pytest.raises(_core.DataError, match="one-dimensional"):
        stats.sharpe(bad)


@pytest.mark.parametrize("undefined", [[], [0.01], [0.01, math.nan], [0.01, math.inf], [0.01, 0.01, 0.01]])
def test_what_is_undefined_is_none(undefined: list[float]) -> None:
    assert stats.sharpe(undefined) is None
