"""Commissions of the simulated venue.

>>> from tickwright import fees
>>> fees.PerShare(0.005, minimum=1.0)
PerShare(rate=0.005, minimum=1.0)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tickwright.errors import ConfigError

__all__ = ["Bps", "Fees", "PerShare", "Regulatory", "Tiered"]


@dataclass(frozen=True, slots=True)
class PerShare:
    """Dollars a share, with a minimum an order; Interactive Brokers' fixed schedule for US stocks is 0.005 and 1.

    The minimum holds for the order as a whole, however many fills it has.
    """

    rate: float
    """Dollars a share, 0 or more."""
    minimum: float = 0.0
    """Dollars an order, at least; 0 or more."""

    def __post_init__(self) -> None:
        for field in ("rate", "minimum"):
            value = getattr(self, field)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"fees.PerShare: {field} {value!r} must be a finite number, 0 or more")


@dataclass(frozen=True, slots=True)
class Bps:
    """Basis points (1/10,000) of the notional; a negative rate is a rebate."""

    rate: float
    """Basis points, from -10 to 10,000."""

    def __post_init__(self) -> None:
        if not -10 <= self.rate <= 10_000:
            raise ConfigError(f"fees.Bps: rate {self.rate!r} must lie between -10 and 10,000 basis points")


@dataclass(frozen=True, slots=True)
class Tiered:
    """Dollars a share that fall with the size of the order: shares beyond a step cost its rate.

    >>> Tiered(((0, 0.0035), (10_000, 0.002)), minimum=0.35)
    Tiered(tiers=((0, 0.0035), (10000, 0.002)), minimum=0.35)
    """

    tiers: tuple[tuple[float, float], ...]
    """Shares from which a rate holds, and the rate; one to four, rising from 0 shares."""
    minimum: float = 0.0
    """Dollars an order, at least; 0 or more."""

    def __post_init__(self) -> None:
        steps = [float(start) for start, _ in self.tiers]
        if not 1 <= len(steps) <= 4 or steps[0] != 0 or steps != sorted(set(steps)):
            raise ConfigError(f"fees.Tiered: tiers {self.tiers!r} must be one to four, rising from 0 shares")
        for value in (self.minimum, *(rate for _, rate in self.tiers)):
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"fees.Tiered: {value!r} must be a finite number, 0 or more")


@dataclass(frozen=True, slots=True)
class Regulatory:
    """What the regulators charge, passed on by the broker, each rounded up to the cent: all there is at Alpaca.

    The defaults are those of Alpaca's support page "Regulatory Fees" of 2024; the rates change by the year.
    """

    sec_per_million: float = 27.8
    """SEC section 31: dollars for each million dollars sold."""
    taf_per_share: float = 0.000166
    """FINRA's trading activity fee: dollars a share sold."""
    taf_cap: float = 8.3
    """The same: dollars a trade at most."""
    cat_per_share: float = 0.000053
    """Consolidated Audit Trail: dollars a share bought or sold."""

    def __post_init__(self) -> None:
        for field in ("sec_per_million", "taf_per_share", "taf_cap", "cat_per_share"):
            value = getattr(self, field)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"fees.Regulatory: {field} {value!r} must be a finite number, 0 or more")


Fees = PerShare | Bps | Tiered | Regulatory | None
