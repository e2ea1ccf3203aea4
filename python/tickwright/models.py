"""Models of the simulated venue: latency, market impact, queue positions.

>>> import tickwright as tw
>>> venue = tw.SimVenue(latency_model=tw.models.LogNormal(median_ms=2.0, sigma=0.5), seed=1)
>>> tw.SimVenue(matching="book", queue=tw.models.PowerQueue(2.0)).queue
PowerQueue(n=2.0)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tickwright.errors import ConfigError

__all__ = ["Almgren", "Empirical", "LogNormal", "PowerQueue", "SquareRoot"]


def _above_zero(owner: str, **values: float) -> None:
    for field, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"models.{owner}: {field} {value!r} must be a finite number above 0")


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Extra time of each message: ``median_ms * exp(sigma * z)``, z standard normal."""

    median_ms: float
    """Median, milliseconds."""
    sigma: float
    """Standard deviation of the logarithm, up to 5."""

    def __post_init__(self) -> None:
        _above_zero("LogNormal", median_ms=self.median_ms, sigma=self.sigma)


@dataclass(frozen=True, slots=True)
class Empirical:
    """Extra time of each message: one of these times, each as likely."""

    times_ms: tuple[float, ...]
    """Measured times, milliseconds."""

    def __post_init__(self) -> None:
        if not self.times_ms or not all(math.isfinite(t) and t >= 0 for t in self.times_ms):
            raise ConfigError("models.Empirical: times_ms must be one time at least, each finite and 0 or more")


@dataclass(frozen=True, slots=True)
class SquareRoot:
    """Impact of taking liquidity: ``coefficient * volatility * sqrt(qty / volume)`` of the price (Torre 1997)."""

    volatility: float
    """Daily volatility, a fraction."""
    volume: float
    """Daily volume, shares."""
    coefficient: float = 1.0
    """About one."""

    def __post_init__(self) -> None:
        _above_zero("SquareRoot", volatility=self.volatility, volume=self.volume, coefficient=self.coefficient)


@dataclass(frozen=True, slots=True)
class Almgren:
    """Impact after Almgren, Thum, Hauptmann and Li (2005): half the permanent and all of the temporary one."""

    volatility: float
    """Daily volatility, a fraction."""
    volume: float
    """Daily volume, shares."""
    duration: float = 0.01
    """Length of the execution, as a fraction of the day."""
    gamma: float = 0.314
    """Permanent impact."""
    eta: float = 0.142
    """Temporary impact."""

    def __post_init__(self) -> None:
        _above_zero("Almgren", volatility=self.volatility, volume=self.volume, duration=self.duration)


@dataclass(frozen=True, slots=True)
class PowerQueue:
    """Queue position by a book of levels: of a decrease, behind**n / (behind**n + ahead**n) came from behind us."""

    n: float
    """From 0.01 to 10."""

    def __post_init__(self) -> None:
        if not 0.01 <= self.n <= 10:
            raise ConfigError(f"models.PowerQueue: n {self.n!r} must lie between 0.01 and 10")
