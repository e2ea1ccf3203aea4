"""What the engine says, as JSON and as a person reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["Answer", "Grid", "age", "amount", "as_dict", "clock", "moment", "money", "pairs", "price", "span"]


@dataclass(frozen=True)
class Grid:
    """A table."""

    columns: Sequence[tuple[str, bool]]
    """Names, each with whether it is aligned to the right."""
    rows: Sequence[Sequence[str]]
    title: str = ""
    none: str = ""
    """What is said in place of a table without rows."""


@dataclass(frozen=True)
class Answer:
    """What a command found out: `data` for programs, `parts` for people."""

    data: dict[str, Any]
    parts: Sequence[Grid | str]
    exit_code: int = 0


def as_dict(message: Any) -> dict[str, Any]:
    """Turn a message into plain values: every field, integers as integers, enums as words, absent messages as None.

    Of a oneof only what is set is there.
    """
    found: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None and not message.HasField(field.name):
            continue
        value = getattr(message, field.name)
        if field.is_repeated:
            found[field.name] = [_plain(field, item) for item in value]
        elif field.message_type is not None and not message.HasField(field.name):
            found[field.name] = None
        else:
            found[field.name] = _plain(field, value)
    return found


def _plain(field: Any, value: Any) -> Any:
    if field.enum_type is not None:
        return _word(field.enum_type, value)
    if field.message_type is not None:
        if field.message_type.full_name in ("google.protobuf.Struct", "google.protobuf.Value"):
            from google.protobuf.json_format import MessageToDict

            return _whole_numbers(MessageToDict(value))
        return as_dict(value)
    return value.hex() if isinstance(value, bytes) else value


def _word(enum: Any, number: int) -> str | None:
    found = enum.values_by_number.get(number)
    if found is None:
        return str(number)
    prefix = "".join(f"_{c}" if c.isupper() else c.upper() for c in enum.name).lstrip("_") + "_"
    word = str(found.name).removeprefix(prefix)
    if number == 0:
        return None
    return word if enum.name == "EngineState" else word.lower()


def _whole_numbers(value: Any) -> Any:
    """Struct knows floats alone: 100.0 was written as 100."""
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def money(text: str | None, places: int = 2) -> str:
    """Dollars with thousands set apart; empty stays empty.

    Examples
    --------
    >>> money("1234567.891"), money("-0.000000001"), money("")
    ('1,234,567.89', '-0.00', '')
    """
    try:
        return f"{Decimal(text or ''):,.{places}f}"
    except InvalidOperation:
        return text or ""


def amount(text: str | None) -> str:
    """Shares or prices: all the digits that there are, thousands set apart.

    Examples
    --------
    >>> amount("12500"), amount("0.000000001"), amount("35.10")
    ('12,500', '0.000000001', '35.1')
    """
    try:
        value = Decimal(text or "")
    except InvalidOperation:
        return text or ""
    whole, _, rest = f"{value:,f}".partition(".")
    rest = rest.rstrip("0")
    return f"{whole}.{rest}" if rest else whole


def price(text: str | None) -> str:
    """Dollars a share: all the digits that there are, and two at least.

    Examples
    --------
    >>> price("24.5"), price("0.00012"), price("1234"), price("")
    ('24.50', '0.00012', '1,234.00', '')
    """
    shown = amount(text)
    whole, _, rest = shown.partition(".")
    return f"{whole}.{rest:0<2}" if shown else ""


def clock(ns: int) -> str:
    """Time of day, UTC; empty for none."""
    return dt.datetime.fromtimestamp(ns // 1_000_000_000, dt.UTC).strftime("%H:%M:%S") if ns > 0 else ""


def moment(ns: int) -> str:
    """Date and time of day, UTC; empty for none."""
    return dt.datetime.fromtimestamp(ns // 1_000_000_000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S") if ns > 0 else ""


def span(seconds: float) -> str:
    """How long, in the two units that matter.

    Examples
    --------
    >>> span(0.25), span(42), span(3700), span(200_000)
    ('250 ms', '42.0 s', '1 h 1 min', '2 d 7 h')
    """
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86_400)
    if hours == 0:
        return f"{minutes} min {int(seconds % 60)} s"
    return f"{hours} h {minutes % 60} min" if days == 0 else f"{days} d {hours % 24} h"


def age(ns: int) -> str:
    """How old, or a dash before there was anything."""
    return span(ns / 1e9) if ns > 0 else "–"


def pairs(rows: Iterable[tuple[str, str]], title: str = "") -> Grid:
    """Names and values, one a row; rows without a value are left out."""
    return Grid([("", False), ("", False)], [row for row in rows if row[1] != ""], title)
