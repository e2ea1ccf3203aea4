"""Bars of every timeframe that Alpaca offers, from the trades of a tape, or from the bars that were recorded.

Minutes are made once and kept, but for the one that is under way. Longer bars begin at multiples of their length since
midnight, in New York for shares and in UTC for crypto; weeks begin on Monday. Bars of a day and longer take the prices
of regular hours alone, and the volume of all. Where no trade made a price there is no bar.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from tickwright.paper.assets import asset_class
from tickwright.paper.sessions import NEW_YORK, SECOND_NS
from tickwright.paper.tape import NO_LAST, NO_VOLUME, Rows, Tape

if TYPE_CHECKING:
    from tickwright.paper.sessions import Calendar

__all__ = ["BAR_FIELDS", "Bars", "Timeframe"]

MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
BAR_FIELDS = ("start", "open", "high", "low", "close", "volume", "trades", "vwap")
UTC = ZoneInfo("UTC")
# Letters and words, and the multiples that they come in.
UNITS = {
    "min": ("Min", range(1, 60)),
    "t": ("Min", range(1, 60)),
    "hour": ("Hour", range(1, 24)),
    "h": ("Hour", range(1, 24)),
    "day": ("Day", range(1, 2)),
    "d": ("Day", range(1, 2)),
    "week": ("Week", range(1, 2)),
    "w": ("Week", range(1, 2)),
    "month": ("Month", (1, 2, 3, 4, 6, 12)),
    "m": ("Month", (1, 2, 3, 4, 6, 12)),
}
# How far before its first moment a bar can begin.
REACH_NS = {"Min": DAY_NS, "Hour": DAY_NS, "Day": DAY_NS, "Week": 7 * DAY_NS, "Month": 366 * DAY_NS}

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Timeframe:
    """Length of a bar: how many of which unit.

    Examples
    --------
    >>> Timeframe.parse("15Min"), Timeframe.parse("5Month")
    (Timeframe(count=15, unit='Min'), None)
    """

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Timeframe | None:
        """Read ``15Min``, ``1Hour``, ``1D`` and the like; None: there is no such timeframe."""
        found = re.fullmatch(r"([1-9]\d?)([A-Za-z]+)", text)
        unit, counts = UNITS.get(found[2].lower(), ("", ())) if found else ("", ())
        if found is None or int(found[1]) not in counts:
            return None
        return cls(int(found[1]), unit)

    @property
    def intraday(self) -> bool:
        """Whether it is shorter than a day."""
        return self.unit in ("Min", "Hour")

    def starts(self, times: Array, zone: ZoneInfo) -> Array:
        """Start of the bar that each of `times`, nanoseconds, is in."""
        midnights, days = _midnights(times, zone)
        if self.intraday:
            length = self.count * (MINUTE_NS if self.unit == "Min" else HOUR_NS)
            within: Array = midnights + (times - midnights) // length * length
            return within
        if self.unit == "Day":
            return midnights
        unique, back = np.unique(days, return_inverse=True)
        firsts: Array = np.array([self._first(int(day), zone) for day in unique], np.int64)[back]
        return firsts

    def _first(self, day: int, zone: ZoneInfo) -> int:
        date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
        if self.unit == "Week":
            date -= dt.timedelta(days=date.weekday())
        else:
            date = date.replace(month=(date.month - 1) // self.count * self.count + 1, day=1)
        return _midnight(date, zone)


def _midnight(date: dt.date, zone: ZoneInfo) -> int:
    return int(dt.datetime.combine(date, dt.time(), zone).timestamp()) * SECOND_NS


def _midnights(times: Array, zone: ZoneInfo) -> tuple[Array, Array]:
    """Midnight before each of `times`, and the day since the epoch, by the clock of `zone`."""
    if zone is UTC:
        days = times // DAY_NS
        return days * DAY_NS, days
    hours, back = np.unique(times // HOUR_NS, return_inverse=True)  # clocks change on the hour
    dates = [dt.datetime.fromtimestamp(int(hour) * 3600, zone).date() for hour in hours]
    day_of_hour = np.array([(date - dt.date(1970, 1, 1)).days for date in dates], np.int64)
    midnight_of_hour = np.array([_midnight(date, zone) for date in dates], np.int64)
    return midnight_of_hour[back], day_of_hour[back]


class Bars:
    """Bars of a tape.

    Parameters
    ----------
    tape : Tape
        Where the trades are.
    calendar : Calendar
        Regular hours.
    """

    def __init__(self, tape: Tape, calendar: Calendar) -> None:
        self._tape = tape
        self._calendar = calendar
        self._lock = threading.Lock()
        self._minutes: dict[str, tuple[int, Rows]] = {}

    def get(self, symbol: str, frame: Timeframe, start_ns: int, end_ns: int, now_ns: int) -> Rows | None:
        """Give the bars that begin from `start_ns` to `end_ns`, as known at `now_ns`, prices as floats; None: none."""
        base = self._base(symbol, start_ns - REACH_NS[frame.unit], min(end_ns + REACH_NS[frame.unit], now_ns), frame)
        if base is None:
            return None
        zone = UTC if asset_class(symbol) == "crypto" else NEW_YORK
        starts = frame.starts(base["start"], zone)
        priced = base["priced"]
        if not frame.intraday and zone is NEW_YORK:
            priced = priced & self._regular(base["start"], base["length"])
        grouped = self._grouped(base, starts, priced)
        chosen = (grouped["start"] >= start_ns) & (grouped["start"] <= end_ns)
        return {name: values[chosen] for name, values in grouped.items()} if chosen.any() else None

    def _base(self, symbol: str, start_ns: int, end_ns: int, frame: Timeframe) -> Rows | None:
        if self._tape.has("trades", symbol):
            return self._from_trades(symbol, start_ns, end_ns)
        rows = self._tape.rows("bars", symbol, start_ns, end_ns)
        if rows is None:
            return None
        lengths = rows["ts"] - rows["start"]
        longest = {"Min": MINUTE_NS, "Hour": HOUR_NS}.get(frame.unit, DAY_NS) * (frame.count if frame.intraday else 1)
        fits = lengths <= longest
        rows = {name: values[fits] for name, values in rows.items()}
        if not fits.any():
            return None
        close = rows["close"]
        return {
            "start": rows["start"],
            "length": lengths[fits],
            "priced": np.ones(len(close), bool),
            **{name: rows[name] for name in ("open", "high", "low", "close", "volume")},
            "trades": rows.get("trades", np.zeros(len(close), np.int64)),
            "vwap": rows.get("vwap", (rows["high"] + rows["low"] + close) // 3),
        }

    def _from_trades(self, symbol: str, start_ns: int, end_ns: int) -> Rows | None:
        closed_ns = (end_ns + 1) // MINUTE_NS * MINUTE_NS
        with self._lock:
            until, kept = self._minutes.get(symbol, (-(2**62), {}))
            if closed_ns > until:
                new = self._aggregate(symbol, until, closed_ns - 1)
                if new is not None:
                    kept = {k: np.concatenate([kept[k], new[k]]) for k in new} if kept else new
                until = closed_ns
                self._minutes[symbol] = (until, kept)
        # Where more than what is asked for is kept already, the minute is in it.
        under_way = self._aggregate(symbol, closed_ns, end_ns) if until == closed_ns else None
        parts = [part for part in (kept or None, under_way) if part is not None]
        if not parts:
            return None
        joined = {k: np.concatenate([part[k] for part in parts]) for k in parts[0]}
        chosen = (joined["start"] >= start_ns) & (joined["start"] <= end_ns)
        return {k: values[chosen] for k, values in joined.items()} if chosen.any() else None

    def _aggregate(self, symbol: str, start_ns: int, end_ns: int) -> Rows | None:
        from tickwright.data import MarketData, bars

        if start_ns > end_ns or (trades := self._tape.rows("trades", symbol, start_ns, end_ns)) is None:
            return None
        parts = self._tape.parts
        chosen = [p.filter(symbols=symbol, start=start_ns, end=end_ns + 1) for p in parts if symbol in p.symbols]
        made = bars(MarketData.merge([p for p in chosen if p.count("trades")]), "1m").bars
        starts = np.array(made.start)
        counted = (trades["flags"] & NO_VOLUME) == 0
        at = np.searchsorted(starts, trades["ts"][counted] // MINUTE_NS * MINUTE_NS, "left")
        sizes = trades["size"][counted].astype(float)
        count, size = np.bincount(at, minlength=len(starts)), np.bincount(at, sizes, len(starts))
        value = np.bincount(at, sizes * trades["price"][counted], len(starts))
        vwap = np.divide(value, size, out=np.array(made.close, float), where=size > 0)
        return {
            "start": starts,
            "length": np.full(len(starts), MINUTE_NS),
            "priced": (made.flags & NO_LAST) == 0,
            **{name: np.array(getattr(made, name)) for name in ("open", "high", "low", "close", "volume")},
            "trades": count,
            "vwap": vwap,
        }

    def _regular(self, starts: Array, lengths: Array) -> Array:
        """Whether each bar lies in regular hours, or holds a day or more of them."""
        days, back = np.unique(starts // DAY_NS, return_inverse=True)
        opens, closes = np.zeros(len(days), np.int64), np.zeros(len(days), np.int64)
        for index, day in enumerate(days):
            session = self._calendar.at(int(day) * DAY_NS + DAY_NS // 2)
            if session is not None:
                opens[index], closes[index] = session.open_ns, session.close_ns
        regular: Array = (starts >= opens[back]) & (starts < closes[back]) | (lengths > HOUR_NS)
        return regular

    def _grouped(self, base: Rows, starts: Array, priced: Array) -> Rows:
        """Bars joined that begin alike; without a priced one among them there is no bar."""
        first = np.flatnonzero(np.r_[True, starts[1:] != starts[:-1]])
        group = np.cumsum(np.r_[False, starts[1:] != starts[:-1]])
        has_price = np.bincount(group[priced], minlength=len(first)) > 0
        at = np.flatnonzero(priced)
        heads = np.searchsorted(group[at], np.flatnonzero(has_price), "left")
        tails = np.searchsorted(group[at], np.flatnonzero(has_price), "right") - 1
        if not len(heads):
            return {name: np.zeros(0) for name in BAR_FIELDS}
        volume = np.add.reduceat(base["volume"], first)[has_price]
        weight = base["volume"].astype(float)
        value = np.add.reduceat(base["vwap"].astype(float) * weight, first)[has_price]
        close = base["close"][at][tails]
        return {
            "start": starts[first][has_price],
            "open": base["open"][at][heads] / 1e9,
            "high": np.maximum.reduceat(base["high"][at], heads) / 1e9,
            "low": np.minimum.reduceat(base["low"][at], heads) / 1e9,
            "close": close / 1e9,
            "volume": volume / 1e9,
            "trades": np.add.reduceat(base["trades"], first)[has_price],
            "vwap": np.divide(value, volume, out=close.astype(float), where=volume > 0) / 1e9,
        }
