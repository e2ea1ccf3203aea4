"""What requests say, checked: decimals, field masks, pages. Every refusal names the field."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from tickwright.control.failures import Failure

__all__ = ["Pages", "by_mask", "checked_mask", "decimal", "invalid", "page_size", "plain", "text", "wanted"]

T = TypeVar("T")
M = TypeVar("M", bound=Message)

PAGE_ROWS: Final = 100
PAGE_ROWS_MAX: Final = 1_000
NO_TOKEN: Final = "is none of this list and query; begin with an empty one"
_DECIMAL: Final = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,9})?")
_BOUND: Final = Decimal(2**63) / 10**9


def invalid(field: str, why: str) -> Failure:
    """Say that a request's `field` cannot be."""
    return Failure(grpc.StatusCode.INVALID_ARGUMENT, why, reason="FIELD", field=field)


def decimal(field: str, given: str, *, required: bool = True) -> str | None:
    """Give the decimal of a request's `field`, above 0, with 9 decimals at most; None where it says nothing.

    Examples
    --------
    >>> decimal("qty", "10.50"), decimal("limit_price", "", required=False)
    ('10.50', None)
    """
    if not given and not required:
        return None
    if not _DECIMAL.fullmatch(given):
        shown = f"{given[:40]!r} is no decimal" if given else "is missing"
        raise invalid(field, f"{shown}; write it as 12.5, with at most 9 decimals and no exponent")
    value = Decimal(given)
    if value <= 0 or value >= _BOUND:
        raise invalid(field, f"{given} is not above 0 and below {_BOUND:f}")
    return given


def wanted(field: str, given: str) -> str:
    """Give the decimal of a request's `field`, which must be there."""
    return decimal(field, given) or ""


def plain(value: Decimal) -> str:
    """Write a decimal without an exponent or idle zeros.

    Examples
    --------
    >>> plain(Decimal("12.50")), plain(Decimal("1E+2")), plain(Decimal("-0.000"))
    ('12.5', '100', '0')
    """
    shown = f"{value:f}"
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def text(field: str, given: str, most: int = 128) -> str:
    """Give the text of a request's `field`, which must say something."""
    if not given or len(given) > most:
        raise invalid(field, "is missing" if not given else f"has {len(given)} characters, where {most} are the most")
    return given


def checked_mask(mask: FieldMask, message: type[Message], field: str = "fields") -> FieldMask | None:
    """Check that `mask` names fields of `message`; None where all are wanted."""
    if not mask.paths:
        return None
    for path in mask.paths:
        descriptor: Any = message.DESCRIPTOR
        if not FieldMask(paths=[path]).IsValidForDescriptor(descriptor):
            names = ", ".join(one.name for one in descriptor.fields)
            raise invalid(field, f"{path!r:.80} is no field of {descriptor.name}; there are {names}")
    return mask


def by_mask(mask: FieldMask | None, message: M) -> M:
    """Keep only the fields of `message` that `mask` names."""
    if mask is None:
        return message
    kept = type(message)()
    mask.MergeMessage(message, kept)
    return kept


def page_size(given: int) -> int:
    """Give the rows of a page: 100 where the request says nothing, 1,000 at most."""
    if given < 0:
        raise invalid("page_size", f"{given} is below 0; give 1 to {PAGE_ROWS_MAX:,}, or 0 for {PAGE_ROWS}")
    return min(given or PAGE_ROWS, PAGE_ROWS_MAX)


class Pages:
    """Pages of one list as one query sees it.

    A token holds the key of the last row that was given, so that what comes or goes meanwhile neither repeats a row nor
    leaves one out, and a mark of the query, so that it goes on with no other.

    Parameters
    ----------
    query
        Name of the list and what chooses its rows.

    Examples
    --------
    >>> pages = Pages("orders", "AAPL")
    >>> rows, token = pages.of([5, 4, 2], 2, "", lambda row: row, newest_first=True)
    >>> rows, pages.of([6, 5, 4, 3, 2], 2, token, lambda row: row, newest_first=True)[0]
    ([5, 4], [3, 2])
    """

    def __init__(self, *query: object) -> None:
        self._mark = hashlib.blake2b(json.dumps(query).encode(), digest_size=6).hexdigest()

    def of(
        self, rows: Iterable[T], size: int, token: str, key: Callable[[T], Any], *, newest_first: bool = False
    ) -> tuple[list[T], str]:
        """Give a page of `rows`, which are sorted by `key`, and the token of the next: empty for the last."""
        after = self.after(token)
        left = list(rows)
        if after is not None:
            try:
                left = [
                    row for row in left if (_listed(key(row)) < after if newest_first else _listed(key(row)) > after)
                ]
            except TypeError:
                raise invalid("page_token", NO_TOKEN) from None
        page = left[:size]
        return page, self.token(key(page[-1])) if len(left) > size else ""

    def token(self, key: object) -> str:
        """Give the token after the row with `key`."""
        return base64.urlsafe_b64encode(json.dumps([self._mark, _listed(key)]).encode()).decode()

    def after(self, token: str) -> list[Any] | None:
        """Give the key that `token` stands for; None for the first page."""
        if not token:
            return None
        try:
            mark, key = json.loads(base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True))
            known = mark == self._mark and isinstance(key, list) and bool(key)
        except (binascii.Error, UnicodeError, ValueError, TypeError, RecursionError):
            known = False
        if not known or not all(isinstance(part, (int, str)) for part in key):
            raise invalid("page_token", NO_TOKEN)
        return list(key)


def _listed(key: object) -> list[Any]:
    return list(key) if isinstance(key, (tuple, list)) else [key]
