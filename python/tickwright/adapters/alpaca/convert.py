"""Alpaca's assets, calendar and clock as plain values. Orders are translated by the engine, not here."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from tickwright.adapters.alpaca.pages import nanoseconds
from tickwright.errors import BrokerError

__all__ = ["Asset", "Clock", "TradingDay", "TradingDays"]

NEW_YORK = "America/New_York"


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that can be traded, and how.

    Examples
    --------
    >>> from tickwright.adapters.alpaca import Asset
    >>> Asset.of({"id": "904837e3", "symbol": "AAPL", "class": "us_equity", "tradable": True}).symbol
    'AAPL'
    """

    id: str
    symbol: str
    asset_class: str
    exchange: str = ""
    name: str = ""
    active: bool = True
    tradable: bool = False
    marginable: bool = False
    shortable: bool = False
    easy_to_borrow: bool = False
    fractionable: bool = False
    maintenance_margin: Decimal | None = None
    """Share of a position's value, such as 0.3."""
    min_order_size: Decimal | None = None
    min_trade_increment: Decimal | None = None
    price_increment: Decimal | None = None
    attributes: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Asset:
        """Read a row of ``/v2/assets``."""
        try:
            identity = str(row["id"]), str(row["symbol"]), str(row.get("class") or row["asset_class"])
        except KeyError as missing:
            raise BrokerError(f"asset {row.get('symbol', '')}: it has no {missing}") from None
        requirement = row.get("maintenance_margin_requirement")
        return cls(
            *identity,
            exchange=str(row.get("exchange") or ""),
            name=str(row.get("name") or ""),
            active=row.get("status", "active") == "active",
            tradable=bool(row.get("tradable")),
            marginable=bool(row.get("marginable")),
            shortable=bool(row.get("shortable")),
            easy_to_borrow=row.get("borrow_status") == "easy_to_borrow" or bool(row.get("easy_to_borrow")),
            fractionable=bool(row.get("fractionable")),
            maintenance_margin=None if requirement is None else _decimal(row, "maintenance_margin_requirement") / 100,
            min_order_size=_maybe(row, "min_order_size"),
            min_trade_increment=_maybe(row, "min_trade_increment"),
            price_increment=_maybe(row, "price_increment"),
            attributes=tuple(map(str, row.get("attributes") or ())),
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """The market's clock, in ns since the Unix epoch."""

    now_ns: int
    is_open: bool
    next_open_ns: int
    next_close_ns: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Clock:
        """Read the answer of ``/v2/clock``."""
        try:
            return cls(
                nanoseconds(str(row["timestamp"])),
                bool(row["is_open"]),
                nanoseconds(str(row["next_open"])),
                nanoseconds(str(row["next_close"])),
            )
        except KeyError as missing:
            raise BrokerError(f"clock: it has no {missing}") from None


@dataclass(frozen=True, slots=True)
class TradingDay:
    """A trading day: all its times in ns since the Unix epoch, daylight saving and half days included.

    Examples
    --------
    >>> from tickwright.adapters.alpaca import TradingDay
    >>> row = {"date": "2024-07-03", "open": "09:30", "close": "13:00", "session_open": "0400", "session_close": "1700"}
    >>> day = TradingDay.of(row)
    >>> (day.close_ns - day.open_ns) // 10**9 / 3600
    3.5
    """

    date: dt.date
    premarket_ns: int
    """When extended hours begin."""
    open_ns: int
    close_ns: int
    postmarket_ns: int
    """When extended hours end."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> TradingDay:
        """Read a row of ``/v2/calendar``, whose times are of New York."""
        try:
            date = dt.date.fromisoformat(str(row["date"]))
            opens, closes = _at(date, str(row["open"])), _at(date, str(row["close"]))
            premarket = _at(date, str(row["session_open"])) if row.get("session_open") else opens
            postmarket = _at(date, str(row["session_close"])) if row.get("session_close") else closes
        except (KeyError, ValueError) as error:
            raise BrokerError(f"calendar: {dict(row)} is not a trading day ({error})") from None
        if not premarket <= opens < closes <= postmarket:
            raise BrokerError(f"calendar: {date} has times that do not follow one another")
        return cls(date, premarket, opens, closes, postmarket)


class TradingDays(Sequence[TradingDay]):
    """Trading days in order, and whether the market is open.

    Examples
    --------
    >>> from tickwright.adapters.alpaca import TradingDays
    >>> days = TradingDays.of([{"date": "2024-01-02", "open": "09:30", "close": "16:00"}])
    >>> opening = days[0].open_ns
    >>> days.is_open(opening), days.is_open(opening - 1)
    (True, False)
    """

    __slots__ = ("_days", "_starts")

    def __init__(self, days: Iterable[TradingDay]) -> None:
        self._days = sorted(days, key=lambda day: day.open_ns)
        self._starts = [day.premarket_ns for day in self._days]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> TradingDays:
        """Read the rows of ``/v2/calendar``."""
        return cls(map(TradingDay.of, rows))

    def __len__(self) -> int:
        return len(self._days)

    def __getitem__(self, index: Any) -> Any:
        return self._days[index]

    def is_open(self, now_ns: int, *, extended: bool = False) -> bool:
        """Whether the market is open at `now_ns`; with `extended`, whether its extended hours are."""
        place = bisect_right(self._starts, now_ns)
        if not place:
            return False
        day = self._days[place - 1]
        return now_ns < day.postmarket_ns if extended else day.open_ns <= now_ns < day.close_ns


def _at(date: dt.date, time: str) -> int:
    digits = time.replace(":", "")
    if len(digits) != 4 or not digits.isdigit():
        raise ValueError(f"{time!r} is not a time such as 09:30")
    moment = dt.datetime(date.year, date.month, date.day, int(digits[:2]), int(digits[2:]), tzinfo=ZoneInfo(NEW_YORK))
    return int(moment.timestamp()) * 1_000_000_000


def _maybe(row: Mapping[str, Any], name: str) -> Decimal | None:
    return None if row.get(name) in (None, "") else _decimal(row, name)


def _decimal(row: Mapping[str, Any], name: str) -> Decimal:
    try:
        return Decimal(str(row[name]))
    except InvalidOperation:
        raise BrokerError(f"asset {row.get('symbol', '')}: {name} {row[name]!r} is not a number") from None
