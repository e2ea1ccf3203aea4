"""Lists that Alpaca gives in pages, whole: each row once, in order, whatever the pages' edges cut."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from tickwright.errors import BrokerError, ConfigError

__all__ = ["activities", "moment", "nanoseconds", "order_fills", "orders", "second"]

Json = dict[str, Any]
Read = Callable[..., Awaitable[Any]]

ORDERS_A_PAGE = 500
ACTIVITIES_A_PAGE = 100
#: A page of orders begins this much before the last order of the one before: many may have the same time, and how
#: finely the broker compares is not said.
OVERLAP_NS = 1_000_000

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TIME = re.compile(
    r"(?P<to_second>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9})\d*)?(?P<zone>[Zz]|[+-]\d\d:\d\d)$"
)


def nanoseconds(text: str) -> int:
    """RFC 3339 as ns since the Unix epoch.

    Examples
    --------
    >>> nanoseconds("2024-01-02T14:30:00.123456789Z"), nanoseconds("1970-01-01T01:00:00+01:00")
    (1704205800123456789, 0)
    """
    match = _TIME.match(text)
    if match is None:
        raise BrokerError(f"{text!r} is not a time; expected one such as 2024-01-02T14:30:00.123456789Z")
    zone = match["zone"].upper().replace("Z", "+00:00")
    try:
        whole = dt.datetime.fromisoformat(match["to_second"].upper() + zone)
    except ValueError as error:
        raise BrokerError(f"{text!r} is not a time: {error}") from None
    since = whole - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    return seconds * 1_000_000_000 + int((match["fraction"] or "0").ljust(9, "0"))


def moment(value: int | str | None) -> str | None:
    """Write a time as Alpaca reads it: RFC 3339, of ns since the Unix epoch or of text that is it already."""
    if value is None or isinstance(value, str):
        return value
    seconds, fraction = divmod(value, 1_000_000_000)
    try:
        text = (_EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    except OverflowError:
        raise ConfigError(f"{value} ns since 1970 is not a time") from None
    return f"{text}.{fraction:09d}Z" if fraction else f"{text}Z"


def second(value: int | str | None, *, up: bool) -> str | None:
    """Write a time in whole seconds, at or before `value`, or at or after where `up`."""
    if value is None or (isinstance(value, str) and len(value) == 10):  # a date
        return value
    ns = nanoseconds(value) if isinstance(value, str) else value
    whole = -(-ns // 1_000_000_000) if up else ns // 1_000_000_000
    return moment(whole * 1_000_000_000)


async def orders(read: Read, query: Json, after: str | None) -> list[Json]:
    """All orders of `query`, oldest first."""
    found: dict[str, Json] = {}
    while True:
        params = query | {"limit": ORDERS_A_PAGE, "direction": "asc"} | ({"after": after} if after else {})
        page = _page(await read("/orders", params), "/orders")
        fresh = [row for row in page if str(row["id"]) not in found]
        found.update((str(row["id"]), row) for row in fresh)
        if len(page) < ORDERS_A_PAGE:
            break
        if not fresh:
            raise BrokerError(f"/orders: {len(page)} orders have the same time; ask for fewer, by symbol or side")
        last = max(nanoseconds(str(row.get("submitted_at") or row.get("created_at"))) for row in page)
        after = moment(last - OVERLAP_NS)
    return list(found.values())


async def activities(read: Read, query: Json) -> list[Json]:
    """All activities of `query`, oldest first, the fills of each order as they were filled."""
    found: dict[str, Json] = {}
    token = ""
    while True:
        params = query | {"page_size": ACTIVITIES_A_PAGE, "direction": "asc"} | ({"page_token": token} if token else {})
        page = _page(await read("/account/activities", params), "/account/activities")
        before = len(found)
        found.update((str(row["id"]), row) for row in page)
        if len(page) < ACTIVITIES_A_PAGE:
            return order_fills(list(found.values()))
        if len(found) == before:
            raise BrokerError(f"/account/activities: the page after {token} is the same as the one before")
        token = str(page[-1]["id"])


def order_fills(rows: list[Json]) -> list[Json]:
    """`rows` with each order's fills put into the order of their ``cum_qty``, in the places that its fills have."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if row.get("activity_type") == "FILL" and row.get("order_id"):
            places.setdefault(str(row["order_id"]), []).append(place)
    result = list(rows)
    for own in places.values():
        for place, row in zip(own, sorted((rows[p] for p in own), key=_filled), strict=True):
            result[place] = row
    return result


def _filled(row: Json) -> Decimal:
    try:
        return Decimal(str(row.get("cum_qty", "0")))
    except InvalidOperation:
        raise BrokerError(f"activity {row.get('id')}: cum_qty {row.get('cum_qty')!r} is not a number") from None


def _page(body: Any, path: str) -> list[Json]:
    if not isinstance(body, list) or not all(isinstance(row, dict) and "id" in row for row in body):
        raise BrokerError(f"{path}: the answer is not a list of rows with an id")
    return body
