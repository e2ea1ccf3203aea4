"""Minute and daily bars as the streams send them, made from the trades of a recorded market, in order of their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tickwright.data import MarketData, bars
from tickwright.paper.sessions import NEW_YORK
from tickwright.paper.tape import NO_LAST, NO_VOLUME
from tickwright.paper.timeframes import MINUTE_NS, UTC, _midnights

if TYPE_CHECKING:
    from tickwright.paper.sessions import Calendar

__all__ = ["MinuteBars"]

Message = dict[str, Any]
Array = npt.NDArray[Any]


class MinuteBars:
    """Bars of the trades in `data`, for symbols that come without bars of their own.

    Parameters
    ----------
    data : MarketData
        The whole recorded market.
    calendar : Calendar
        Regular hours: daily bars take their prices from them.
    """

    def __init__(self, data: MarketData, calendar: Calendar) -> None:
        self._calendar = calendar
        self._days: dict[str, Message] = {}
        made = _minutes(data)
        self.ends: Array = made["end"] if made else np.zeros(0, np.int64)
        self._columns = {k: v.tolist() for k, v in made.items() if k not in ("end", "midnight")} if made else {}
        self._midnights: list[int] = made["midnight"].tolist() if made else []

    def take(self, start: int, stop: int) -> list[tuple[Message | None, Message | None]]:
        """Messages of the bars from row `start` to `stop`: each minute that has a price, with the day so far."""
        given: list[tuple[Message | None, Message | None]] = []
        columns = self._columns
        for row in range(start, stop):
            bar = {key: columns[key][row] for key in ("S", "o", "h", "l", "c", "v", "n", "vw", "t")}
            priced = columns["priced"][row]
            day = self._day(bar, self._midnights[row], priced=priced)
            given.append(({"T": "b", **bar} if priced else None, day))
        return given

    def _day(self, bar: Message, midnight: int, *, priced: bool) -> Message | None:
        symbol = bar["S"]
        day = self._days.get(symbol)
        if day is None or day["t"] != midnight:
            day = self._days[symbol] = {"T": "d", "S": symbol, "v": 0, "n": 0, "value": 0.0, "t": midnight}
        day["v"] += bar["v"]
        day["n"] += bar["n"]
        day["value"] += bar["vw"] * bar["v"]
        if priced and ("/" in symbol or self._calendar.is_open(bar["t"])):
            day.setdefault("o", bar["o"])
            day["h"] = max(day.get("h", bar["h"]), bar["h"])
            day["l"] = min(day.get("l", bar["l"]), bar["l"])
            day["c"] = bar["c"]
        if "o" not in day:
            return None
        shown = {key: day[key] for key in ("T", "S", "o", "h", "l", "c", "v", "n")}
        return {**shown, "vw": round(day["value"] / day["v"], 6) if day["v"] else day["c"], "t": midnight}


def _minutes(data: MarketData) -> dict[str, Array] | None:
    has_bars = set(np.unique(data.bars.instrument).tolist())
    wanted = [s for i, s in enumerate(data.symbols) if i not in has_bars]
    if not wanted or not data.count("trades"):
        return None
    chosen = data if len(wanted) == len(data.symbols) else data.filter(symbols=wanted)
    trades, made = chosen.trades, bars(chosen, "1m").bars
    # One number for a symbol and a minute, in the order that bars come in.
    order = np.lexsort((made.instrument, made.ts))
    key = made.instrument.astype(np.int64)[order] + made.start[order] // MINUTE_NS * len(chosen.symbols)
    by_key = np.argsort(key)
    counted = (trades.flags & NO_VOLUME) == 0
    of_trade = trades.instrument.astype(np.int64) + trades.ts // MINUTE_NS * len(chosen.symbols)
    at = by_key[np.searchsorted(key[by_key], of_trade[counted])]
    sizes = trades.size[counted].astype(float)
    count, size = np.bincount(at, minlength=len(key)), np.bincount(at, sizes, len(key))
    value = np.bincount(at, sizes * trades.price[counted], len(key))
    close = made.close[order].astype(float)
    vwap = np.divide(value, size, out=close.copy(), where=size > 0)
    symbols = np.array(chosen.symbols, object)[made.instrument[order]]
    starts = np.array(made.start[order])
    crypto = np.array(["/" in s for s in symbols.tolist()], bool)
    midnights = np.where(crypto, _midnights(starts, UTC)[0], _midnights(starts, NEW_YORK)[0])
    prices = {k: made_ / 1e9 for k, made_ in zip("ohlc", (made.open, made.high, made.low, made.close), strict=True)}
    volumes = made.volume[order] / 1e9
    volumes = np.array([v if c else int(v) for v, c in zip(volumes.tolist(), crypto.tolist(), strict=True)], object)
    return {
        "S": symbols,
        **{k: v[order] for k, v in prices.items()},
        "v": volumes,
        "n": count,
        "vw": np.round(vwap / 1e9, 6),
        "t": starts,
        "priced": (made.flags[order] & NO_LAST) == 0,
        "end": np.array(made.ts[order]),
        "midnight": midnights,
    }
