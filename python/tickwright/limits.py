"""Limits of the pre-trade checks: of an account, and of strategies, instruments and groups within it.

>>> import tickwright as tw
>>> limits = tw.RiskLimits(
...     max_order_notional=25_000,
...     groups={"banks": tw.Group(symbols=["BAC", "C", "JPM"], max_gross_exposure=50_000)},
...     strategies={"trend": tw.Limits(max_position_qty=500, max_daily_loss=1_000)},
... )
>>> limits.strategies["trend"].max_position_qty
500
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tickwright._settings import checked
from tickwright.errors import ConfigError

if TYPE_CHECKING:
    import datetime as dt

    Moment = int | str | dt.datetime

__all__ = ["Group", "Limits", "RiskLimits"]

_Scope = TypeVar("_Scope", bound="Limits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one scope; None switches a check off. docs/risk.md lists the checks, their codes and exact meaning.

    Position and exposure limits count open orders on the worst side.
    """

    restricted: bool = False
    """Refuse every order (``RESTRICTED``)."""
    tick_size: float | Literal["us"] | None = None
    """Prices must be multiples of this, or with ``"us"`` of a cent (below 1 dollar of 0.0001) (``INVALID``)."""
    lot: float | None = None
    """Quantities must be multiples of this many shares (``INVALID``)."""
    min_order_notional: float | None = None
    """Least dollars of an order that does not shrink a position (``INVALID``)."""
    broker_rules: bool = False
    """Refuse combinations of type, time in force and quantity that Alpaca refuses (``INVALID``)."""
    max_order_qty: float | None = None
    """Shares an order (``MAX_QTY``)."""
    max_order_notional: float | None = None
    """Dollars an order (``MAX_NOTIONAL``)."""
    max_order_adv_pct: float | None = None
    """Shares an order, as percent of an average day's volume (``MAX_QTY``)."""
    max_position_qty: float | None = None
    """Shares held in a symbol, either way (``MAX_POSITION``)."""
    max_position_notional: float | None = None
    """Dollars held in a symbol, either way (``MAX_POSITION``)."""
    max_gross_exposure: float | None = None
    """Dollars of all positions, longs plus shorts (``MAX_EXPOSURE``)."""
    max_net_exposure: float | None = None
    """Dollars of all positions, longs less shorts, either way (``MAX_EXPOSURE``)."""
    max_leverage: float | None = None
    """Gross exposure as a multiple of the account's equity (``BUYING_POWER``)."""
    collar_pct: float | None = None
    """Percent that a limit or stop price may lie from the mid (else the last price) (``COLLAR``)."""
    collar_sigma: float | None = None
    """The same distance in standard deviations over `collar_horizon_ms`, learned from the prices (``COLLAR``)."""
    collar_horizon_ms: float = 60_000.0
    """Milliseconds over which those standard deviations are taken."""
    max_data_age_ms: float | None = None
    """Milliseconds of event time since the symbol's last price (``STALE_DATA``)."""
    max_reference_age_ms: float | None = None
    """The same for orders without a limit price (``STALE_REFERENCE``)."""
    max_orders_per_second: int | None = None
    """Orders a second of event time, a burst of one second's worth allowed (``RATE``)."""
    max_orders_per_minute: int | None = None
    """Orders a minute of event time, a burst of one minute's worth allowed (``RATE``)."""
    max_cancels_per_second: int | None = None
    """Cancels a second; they pass always, but above it no new order does (``RATE``)."""
    max_order_to_fill: float | None = None
    """Orders and cancels of the day for each order that filled (``RATE``)."""
    order_to_fill_grace: int = 100
    """Messages of the day before that ratio counts."""
    max_open_orders: int | None = None
    """Orders open at once (``MAX_OPEN``)."""
    max_open_orders_per_instrument: int | None = None
    """Orders open at once in one symbol (``MAX_OPEN``)."""
    duplicate_window_ms: float | None = None
    """Milliseconds for which the same order is refused (``DUPLICATE``)."""
    max_executions: int | None = None
    """Orders that may begin to fill within `execution_window_ms` (``RUNAWAY``)."""
    execution_window_ms: float = 60_000.0
    """Milliseconds of that window."""
    prevent_self_match: bool = False
    """Refuse orders that would trade with an own resting one (``SELF_MATCH``)."""
    max_drawdown_pct: float | None = None
    """Percent below the highest equity at which `on_breach` happens (``DRAWDOWN``); account and strategies."""
    max_daily_loss: float | None = None
    """Dollars lost in one New York day at which `on_breach` happens (``LOSS``); account and strategies."""
    reduce_only_at_pct: float | None = None
    """Percent of one of the last two from which only orders that shrink a position pass."""
    on_breach: Literal["halt", "reduce_only", "flatten"] = "halt"
    """What a breach of them does, besides canceling open orders."""
    allow_short: bool = True
    """May a position become short (``SHORT``)?"""
    capital: float | None = None
    """Of a strategy: dollars that its drawdown is a percentage of; without it the account's cash at the start."""

    def _settings(self, place: str) -> dict[str, Any]:
        return checked(place, {f.name: getattr(self, f.name) for f in fields(Limits)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Limits):
    """Limits of several symbols together."""

    symbols: Sequence[str] = ()
    """Symbols of the group; those that a run does not have are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits(Limits):
    """Pre-trade limits of an account, and of strategies, instruments and groups within it: the tightest one holds.

    Limits of a scope can be given as :class:`Limits` or as a mapping of its fields.
    """

    max_leverage: float | None = 2.0
    """Gross exposure as a multiple of equity (``BUYING_POWER``); 2 is Regulation T's overnight limit."""
    calendar: Sequence[tuple[Moment, Moment, Moment, Moment]] | None = None
    """Sessions of each day: early session, open, close, end of the late session (``SESSION``)."""
    extended_hours: bool = False
    """May limit orders for the day be sent in the early and late sessions?"""
    average_volumes: Mapping[str, float] = field(default_factory=dict)
    """Shares that trade on an average day, by symbol; those of others are learned from trades."""
    strategies: Mapping[str, Limits] = field(default_factory=dict)
    """Limits by name of strategy."""
    instruments: Mapping[str, Limits] = field(default_factory=dict)
    """Limits by symbol."""
    groups: Mapping[str, Group] = field(default_factory=dict)
    """Limits of groups of symbols, by name."""

    def __post_init__(self) -> None:
        for name, kind in (("strategies", Limits), ("instruments", Limits), ("groups", Group)):
            object.__setattr__(self, name, _scopes(name, getattr(self, name), kind))

    def _settings(self, place: str = "risk") -> dict[str, Any]:
        from tickwright.data import nanoseconds

        # The base class is named, as a class with slots is made anew and has no __class__ cell.
        settings = checked(place, {**Limits._settings(self, place), "extended_hours": self.extended_hours})
        if not isinstance(self.average_volumes, Mapping):
            raise ConfigError(f"{place}.average_volumes: {self.average_volumes!r} is no mapping of symbols to shares")
        for symbol, shares in self.average_volumes.items():
            checked(f"{place}.average_volumes", {str(symbol): shares})
        settings["average_volumes"] = [(symbol, float(shares)) for symbol, shares in self.average_volumes.items()]
        settings["scopes"] = [
            *(
                ("strategy", name, [], one._settings(f"{place}.strategies.{name}"))
                for name, one in self.strategies.items()
            ),
            *(
                ("instrument", name, [], one._settings(f"{place}.instruments.{name}"))
                for name, one in self.instruments.items()
            ),
            *(
                ("group", name, _symbols(place, name, one), one._settings(f"{place}.groups.{name}"))
                for name, one in self.groups.items()
            ),
        ]
        settings["calendar"] = None
        if self.calendar is not None:
            days = [tuple(day) for day in self.calendar]
            for day in days:
                if len(day) != 4:
                    raise ConfigError(f"{place}.calendar: {day!r} is no day; give early, open, close and late")
            settings["calendar"] = [tuple(nanoseconds(m, f"{place}.calendar") for m in day) for day in days]
        return settings


def _scopes(name: str, given: object, kind: type[_Scope]) -> dict[str, _Scope]:
    if not isinstance(given, Mapping):
        raise ConfigError(f"risk.{name}: {type(given).__name__} is no mapping of names to limits")
    made: dict[str, _Scope] = {}
    for key, limits in given.items():
        try:
            one = kind(**limits) if isinstance(limits, Mapping) else limits
        except TypeError as error:
            raise ConfigError(f"risk.{name}.{key}: {error}") from None
        if not isinstance(one, kind) or isinstance(one, RiskLimits):
            raise ConfigError(f"risk.{name}.{key}: {type(one).__name__} is no {kind.__name__}; give {kind.__name__}(…)")
        made[str(key)] = one
    return made


def _symbols(place: str, name: str, group: Group) -> list[str]:
    if isinstance(group.symbols, str) or not all(isinstance(symbol, str) for symbol in group.symbols):
        raise ConfigError(f"{place}.groups.{name}.symbols: {group.symbols!r} is no list of symbols")
    return list(group.symbols)
