"""Parameters of the market-data history, read and checked as Alpaca does."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tickwright.data import nanoseconds
from tickwright.errors import ConfigError
from tickwright.paper.sessions import NEW_YORK, SECOND_NS

__all__ = ["BadRequest", "Page", "Window", "choice", "page", "symbols", "window"]

LIMIT_DEFAULT, LIMIT_MAX = 1_000, 10_000
SYMBOLS_MAX = 10_000
STOCK_SYMBOL = re.compile(r"[A-Za-z0-9./:\- ]{1,21}")
CRYPTO_SYMBOL = re.compile(r"[A-Za-z0-9]{1,20}/[A-Za-z0-9]{1,20}")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
FIRST_NS, LAST_NS = -(2**62), 2**62


class BadRequest(Exception):
    """A request that cannot be answered; the text is Alpaca's message."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Window:
    """Times asked for, both in."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of the window: how many, in which order, and from which on.

    `skip` rows of `symbol` at `ts` have been given already.
    """

    limit: int
    descending: bool
    symbol: str | None = None
    ts: int = 0
    skip: int = 0

    def token(self, symbol: str, ts: int, skip: int) -> str:
        """Token that continues after `skip` rows of `symbol` at `ts`."""
        return base64.b64encode(f"{symbol}|{ts}|{skip}".encode()).decode()


def symbols(query: Mapping[str, str], *, crypto: bool) -> list[str]:
    """Symbols asked for, each once, by name."""
    given = query.get("symbols", "")
    names = [name.strip() for name in given.split(",")]
    if not given.strip():
        raise BadRequest("symbols is required")
    if len(names) > SYMBOLS_MAX:
        raise BadRequest(f"too many symbols: {len(names)}; at most {SYMBOLS_MAX}")
    form = CRYPTO_SYMBOL if crypto else STOCK_SYMBOL
    for name in names:
        if not form.fullmatch(name):
            raise BadRequest(f"invalid symbol: {name}")
    return sorted({name.upper() for name in names})


def choice(query: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of some words."""
    value = query.get(name) or default
    if value not in allowed:
        raise BadRequest(f"invalid {name}: {value}")
    return value


def _moment(text: str, name: str, zone: ZoneInfo, *, last: bool) -> int:
    """Nanoseconds of a parameter; a date is its first moment, or its last."""
    try:
        if DATE.fullmatch(text):
            day = dt.date.fromisoformat(text) + dt.timedelta(days=last)
            return int(dt.datetime.combine(day, dt.time(), zone).timestamp()) * SECOND_NS - last
        if "T" not in text.upper() and " " not in text:
            raise BadRequest(f"invalid {name}: {text}")
        # A plus sign that was not percent-encoded arrives as a space.
        tidy = re.sub(r" (\d\d:\d\d)$", r"+\1", text.strip())
        whole, dot, rest = tidy.partition(".")
        digits = re.match(r"\d{1,9}", rest) if dot else None
        if dot and digits is None:
            raise BadRequest(f"invalid {name}: {text}")
        fraction = digits[0] if digits else ""
        return nanoseconds(whole + rest[len(fraction) :], name) + int(fraction.ljust(9, "0") if fraction else "0")
    except (ValueError, OverflowError, ConfigError):
        raise BadRequest(f"invalid {name}: {text}") from None


def window(query: Mapping[str, str], now_ns: int, *, crypto: bool) -> Window:
    """Read the times asked for: from the beginning of the day at `now_ns` until then where nothing is said."""
    zone = ZoneInfo("UTC") if crypto else NEW_YORK
    today = dt.datetime.fromtimestamp(now_ns // SECOND_NS, zone).date()
    start, end = query.get("start"), query.get("end")
    start_ns = _moment(start or today.isoformat(), "start", zone, last=False)
    end_ns = _moment(end, "end", zone, last=True) if end else now_ns
    if end and start and end_ns < start_ns:
        raise BadRequest("end should not be before start")
    return Window(max(start_ns, FIRST_NS), min(end_ns, now_ns, LAST_NS))


def page(query: Mapping[str, str], *, default: int = LIMIT_DEFAULT, most: int = LIMIT_MAX) -> Page:
    """Which rows are asked for."""
    text = query.get("limit") or str(default)
    if not re.fullmatch(r"\d{1,9}", text) or not 1 <= int(text) <= most:
        raise BadRequest(f"invalid limit: {text}; it must be from 1 to {most}")
    descending = choice(query, "sort", ("asc", "desc"), "asc") == "desc"
    token = query.get("page_token")
    if not token:
        return Page(int(text), descending)
    try:
        symbol, ts, skip = base64.b64decode(token, validate=True).decode().split("|")
        place = int(ts), int(skip)
    except (binascii.Error, ValueError):
        raise BadRequest("invalid page_token") from None
    if not symbol or not FIRST_NS <= place[0] <= LAST_NS or not 0 <= place[1] <= LAST_NS:
        raise BadRequest("invalid page_token")
    return Page(int(text), descending, symbol, *place)


def positive(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Whole number from 1 to `most`."""
    text = query.get(name) or str(default)
    if not re.fullmatch(r"\d{1,9}", text) or not 1 <= int(text) <= most:
        raise BadRequest(f"invalid {name}: {text}; it must be from 1 to {most}")
    return int(text)
