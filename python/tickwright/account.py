"""Kinds of account: what an order may cost, what may be shorted, how often a day trade may be made.

>>> import tickwright as tw
>>> tw.Account.margin(debit_rate_pct=6.25).kind
'margin'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from tickwright._settings import checked
from tickwright.errors import ConfigError

__all__ = ["Account", "Borrow"]


@dataclass(frozen=True, slots=True)
class Borrow:
    """What can be borrowed of one symbol, to be sold short."""

    shares: float | None = None
    """Shares located; None is as many as wanted (easy to borrow), 0 none."""
    rate_pct: float = 0.0
    """Percent a year of the value of the short position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account, made by :meth:`unlimited`, :meth:`cash` or :meth:`margin`. docs/ledger.md has worked numbers."""

    kind: Literal["unlimited", "cash", "margin"] = "unlimited"
    """``unlimited`` is limited by ``max_leverage`` alone; the others by their buying power."""
    max_multiplier: int = 4
    """Most that equity is multiplied by: 1, 2, or 4 (intraday, with 25,000 dollars at the last close)."""
    shorting: bool = True
    """May a margin account of 2,000 dollars and more sell short?"""
    pdt_check: Literal["off", "entry", "exit", "both"] = "exit"
    """Orders that the protection against pattern day trading refuses below 25,000 dollars."""
    unsettled: Literal["wait", "good_faith"] = "wait"
    """Of a cash account: only settled money buys; or all does, and what it bought is not sold before it settles."""
    market_buy_cushion_pct: float = 4.0
    """Percent above the ask that a market buy is taken to cost."""
    debit_rate_pct: float = 0.0
    """Percent a year on money owed."""
    credit_rate_pct: float = 0.0
    """Percent a year on money held."""
    borrow_rate_pct: float = 0.0
    """Percent a year of the value of a short in a symbol that `borrows` does not list."""
    easy_to_borrow: bool = True
    """Can a symbol that `borrows` does not list be borrowed?"""
    borrows: Mapping[str, Borrow] = field(default_factory=dict)
    """What can be borrowed, by symbol."""

    @classmethod
    def unlimited(cls) -> Account:
        """Limited by ``RiskLimits.max_leverage`` alone."""
        return cls()

    @classmethod
    def cash(cls, **settings: Any) -> Account:
        """Cash, settling a business day after a sale; no shorts."""
        return cls(kind="cash", **settings)

    @classmethod
    def margin(cls, **settings: Any) -> Account:
        """Regulation T margin with Alpaca's rules."""
        return cls(kind="margin", **settings)

    def _settings(self) -> dict[str, Any]:
        settings = checked("account", {f.name: getattr(self, f.name) for f in fields(self)})
        if not isinstance(self.borrows, Mapping):
            raise ConfigError(f"account.borrows: {self.borrows!r} is no mapping of symbols to Borrow")
        rows = []
        for symbol, given in self.borrows.items():
            one = Borrow(**given) if isinstance(given, Mapping) else given
            if not isinstance(one, Borrow):
                raise ConfigError(f"account.borrows.{symbol}: {one!r} is no Borrow; give Borrow(shares=1_000)")
            checked(f"account.borrows.{symbol}", {"shares": one.shares, "rate_pct": one.rate_pct})
            rows.append((symbol, None if one.shares is None else float(one.shares), float(one.rate_pct)))
        settings["borrows"] = rows
        return settings
