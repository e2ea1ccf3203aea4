"""Corporate actions as Alpaca announces them: which are splits and dividends, and which nobody can work out alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tickwright.adapters.alpaca.convert import NEW_YORK
from tickwright.errors import BrokerError

__all__ = ["Announcement", "announcements"]

#: When an action takes effect on its day: as the session before regular hours begins.
EARLY = dt.time(4, 0)
#: Where the symbol that it happens to stands, by list; of a merger that is who ceases to be.
SYMBOLS = ("symbol", "source_symbol", "acquiree_symbol", "old_symbol")
DATES = ("ex_date", "effective_date", "process_date")
#: A split's ratio is one of whole numbers with a denominator up to this.
DENOMINATOR_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Announcement:
    """One corporate action.

    Examples
    --------
    >>> page = b'{"corporate_actions": {"forward_splits": [{"id": "1", "symbol": "AAPL", "ex_date": "2020-08-31",'
    >>> page += b' "new_rate": 4, "old_rate": 1}]}, "next_page_token": null}'
    >>> action = announcements(page)[0]
    >>> action.ratio, action.dividend, action.is_plain, str(action)
    (4.0, None, True, 'AAPL 2020-08-31 forward split 4 for 1')
    """

    id: str
    """Alpaca's id."""
    symbol: str
    """What it happens to."""
    kind: str
    """Alpaca's word for it, such as ``forward_split``."""
    date: dt.date
    """The ex-date; of mergers the day on which it is effective, else the day on which it is processed."""
    dividend: Decimal | None = None
    """Dollars a share."""
    ratio: float | None = None
    """New shares for an old one."""
    words: str = ""
    """What it says, for people."""

    @property
    def is_plain(self) -> bool:
        """Whether it is a split or a dividend that can be booked."""
        return self.dividend is not None or self.ratio is not None

    @property
    def ts(self) -> int:
        """When it takes effect, ns since the Unix epoch: at 4:00 in New York."""
        return int(dt.datetime.combine(self.date, EARLY, ZoneInfo(NEW_YORK)).timestamp()) * 1_000_000_000

    def __str__(self) -> str:
        return f"{self.symbol} {self.date} {self.kind.replace('_', ' ')} {self.words}".rstrip()

    def row(self) -> dict[str, Any]:
        """Its fields for a file."""
        dividend = None if self.dividend is None else str(self.dividend)
        fields = {"id": self.id, "symbol": self.symbol, "kind": self.kind, "date": self.date.isoformat()}
        return {**fields, "dividend": dividend, "ratio": self.ratio, "words": self.words}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Announcement:
        """Read what `row` wrote."""
        dividend = None if row["dividend"] is None else Decimal(row["dividend"])
        date = dt.date.fromisoformat(row["date"])
        return cls(row["id"], row["symbol"], row["kind"], date, dividend, row["ratio"], row["words"])


def announcements(page: bytes) -> list[Announcement]:
    """Read a page of ``/v1/corporate-actions``.

    Raises
    ------
    BrokerError
        It is not such a page.
    """
    try:
        lists = json.loads(page, parse_float=Decimal)["corporate_actions"]
        return [_read(kind[:-1], row) for kind, rows in lists.items() for row in rows or ()]
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, StopIteration) as error:
        raise BrokerError(f"corporate actions: a page cannot be read ({type(error).__name__}: {error})") from None


def _read(kind: str, row: Mapping[str, Any]) -> Announcement:
    symbol = next(str(row[name]) for name in SYMBOLS if row.get(name))
    date = dt.date.fromisoformat(next(str(row[name]) for name in DATES if row.get(name)))
    dividend: Decimal | None = None
    ratio: Fraction | None = None
    words = ", ".join(f"{name} {row[name]}" for name in ("rate", "new_symbol", "acquirer_symbol") if row.get(name))
    if kind == "cash_dividend" and row.get("currency") in (None, "", "USD"):
        rate = Decimal(str(row["rate"]))
        dividend = rate if rate > 0 and round(rate, 9) == rate else None
    elif kind == "stock_dividend":
        ratio = 1 + Fraction(str(row["rate"]))
    elif kind in ("forward_split", "reverse_split"):
        words = f"{row['new_rate']} for {row['old_rate']}"
        # A new ticker after it is a change of symbol too.
        if row.get("new_symbol") in (None, "", symbol):
            ratio = Fraction(str(row["new_rate"])) / Fraction(str(row["old_rate"]))
    if ratio is not None and not _is_ratio(ratio):
        ratio = None
    return Announcement(str(row["id"]), symbol, kind, date, dividend, None if ratio is None else float(ratio), words)


def _is_ratio(ratio: Fraction) -> bool:
    """Whether the engine can split by it."""
    return ratio > 0 and ratio.denominator <= DENOMINATOR_MAX and ratio.numerator < 10**9
