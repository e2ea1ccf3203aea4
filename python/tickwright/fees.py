"""Commissions of the simulated venue.

>>> from tickwright import fees
>>> fees.PerShare(0.005, minimum=1.0)
PerShare(rate=0.005, minimum=1.0)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tickwright.errors import ConfigError

__all__ = ["Bps", "Fees", "PerShare"]


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


Fees = PerShare | Bps | None
