"""The calendar of the New York Stock Exchange, as the venue, the clock and the calendar show it.

Days, half days and holidays come from exchange-calendars (XNYS), 1970 to 2029 as Alpaca has them. Regular hours are
extended from 4:00 to 20:00 in New York; after a half day the late session ends at 17:00.
"""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["NEW_YORK", "Calendar", "Session", "nyse", "rfc3339"]

NEW_YORK = ZoneInfo("America/New_York")
FIRST, LAST = dt.date(1970, 1, 1), dt.date(2029, 12, 31)
SECOND_NS = 1_000_000_000
# Shares bought settle one business day later since 2024-05-28, two from 2017-09-05, three before (SEC rule 15c6-1).
SETTLEMENT = ((dt.date(2024, 5, 28), 1), (dt.date(2017, 9, 5), 2), (dt.date.min, 3))
EARLY = dt.time(4, 0)
LATE = dt.time(20, 0)
LATE_AFTER_HALF_DAY = dt.time(17, 0)
CLOSE = dt.time(16, 0)
REACH = dt.timedelta(days=14)  # within which every trade settles, holidays included


def rfc3339(ns: int, zone: dt.tzinfo = dt.UTC) -> str:
    """Text of a time: nanoseconds without trailing zeros, `Z` for UTC and an offset elsewhere.

    Examples
    --------
    >>> rfc3339(1_381_152_600_120_000_000)
    '2013-10-07T13:30:00.12Z'
    >>> rfc3339(1_381_152_600_000_000_000, NEW_YORK)
    '2013-10-07T09:30:00-04:00'
    """
    seconds, rest = divmod(ns, SECOND_NS)
    moment = dt.datetime.fromtimestamp(seconds, zone)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    offset = moment.isoformat()[19:]
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{'Z' if offset == '+00:00' else offset}"


@dataclass(frozen=True, slots=True)
class Session:
    """A trading day; times in nanoseconds since the epoch, UTC."""

    date: dt.date
    early_ns: int
    open_ns: int
    close_ns: int
    late_ns: int


class Calendar:
    """Trading days in order.

    Parameters
    ----------
    sessions : list of Session
        Days in order.
    """

    def __init__(self, sessions: list[Session]) -> None:
        self.sessions = sessions
        self._dates = [s.date for s in sessions]
        self._opens = [s.open_ns for s in sessions]
        self._closes = [s.close_ns for s in sessions]

    def between(self, start: dt.date, end: dt.date) -> list[Session]:
        """Days from `start` to `end`, both of them in."""
        return self.sessions[bisect.bisect_left(self._dates, start) : bisect.bisect_right(self._dates, end)]

    def settlement(self, date: dt.date) -> dt.date:
        """Day on which a trade of `date` settles; the last day known where the calendar ends before."""
        days = next(days for since, days in SETTLEMENT if date >= since)
        return self._dates[min(bisect.bisect_right(self._dates, date) - 1 + days, len(self._dates) - 1)]

    def settling(self, start: dt.date, end: dt.date) -> list[Session]:
        """Days whose trades settle from `start` to `end`."""
        around = self.between(max(start, self._dates[0] + REACH) - REACH, end)
        return [s for s in around if start <= self.settlement(s.date) <= end]

    def is_open(self, ns: int) -> bool:
        """Whether regular trading is under way."""
        at = bisect.bisect_right(self._opens, ns) - 1
        return at >= 0 and ns < self._closes[at]

    def next_open(self, ns: int) -> int | None:
        """First opening after `ns`; None beyond the calendar."""
        at = bisect.bisect_right(self._opens, ns)
        return self._opens[at] if at < len(self._opens) else None

    def next_close(self, ns: int) -> int | None:
        """First close after `ns`; None beyond the calendar."""
        at = bisect.bisect_right(self._closes, ns)
        return self._closes[at] if at < len(self._closes) else None

    def at(self, ns: int) -> Session | None:
        """Trading day of New York's date at `ns`, or None on other days."""
        date = dt.datetime.fromtimestamp(ns // SECOND_NS, NEW_YORK).date()
        found = self.between(date, date)
        return found[0] if found else None


@lru_cache(maxsize=1)
def nyse() -> Calendar:
    """Give the calendar of the New York Stock Exchange; the first call takes about two seconds.

    Examples
    --------
    >>> day = nyse().between(dt.date(2013, 11, 29), dt.date(2013, 11, 29))[0]
    >>> rfc3339(day.open_ns, NEW_YORK), rfc3339(day.close_ns, NEW_YORK)
    ('2013-11-29T09:30:00-05:00', '2013-11-29T13:00:00-05:00')
    """
    import exchange_calendars

    schedule = exchange_calendars.get_calendar("XNYS", start=FIRST.isoformat(), end=LAST.isoformat()).schedule
    opens = schedule["open"].to_numpy("datetime64[ns]").astype("int64").tolist()
    closes = schedule["close"].to_numpy("datetime64[ns]").astype("int64").tolist()
    days: list[Session] = []
    for stamp, open_ns, close_ns in zip(schedule.index, opens, closes, strict=True):
        date = stamp.date()
        half = dt.datetime.fromtimestamp(close_ns // SECOND_NS, NEW_YORK).time() < CLOSE
        late = LATE_AFTER_HALF_DAY if half else LATE
        days.append(Session(date, _ns(date, EARLY), open_ns, close_ns, _ns(date, late)))
    return Calendar(days)


def _ns(date: dt.date, time: dt.time) -> int:
    return int(dt.datetime.combine(date, time, NEW_YORK).timestamp()) * SECOND_NS
