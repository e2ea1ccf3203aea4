"""The tape: all market data that history may show, by kind and symbol, recorded, passed on or put in by hand.

Nothing here is about time's passing: who asks says until when the tape may be read.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tickwright.data import Columns, MarketData

__all__ = ["NO_LAST", "NO_VOLUME", "Rows", "Tape"]

NO_LAST = 1 << 2
NO_VOLUME = 1 << 3
# Chunks of one kind that are joined into one when there are more: a live feed adds some every second.
CHUNKS_MAX = 64

Array = npt.NDArray[Any]
Rows = dict[str, Array]


class _Chunk:
    """Events of one kind from one source, found by symbol."""

    __slots__ = ("_columns", "_ids", "_positions")

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._ids = {symbol: index for index, symbol in enumerate(columns.symbols)}
        self._positions: dict[str, Array] = {}

    def _of(self, symbol: str) -> Array | None:
        index = self._ids.get(symbol)
        if index is None:
            return None
        at = self._positions.get(symbol)
        if at is None:
            at = self._positions[symbol] = np.flatnonzero(self._columns.instrument == index)
        return at

    def rows(self, symbol: str, start_ns: int, end_ns: int, most: int | None, *, newest: bool) -> Rows | None:
        at = self._of(symbol)
        if at is None:
            return None
        times = self._columns.ts[at]
        first = int(np.searchsorted(times, start_ns, "left"))
        last = int(np.searchsorted(times, end_ns, "right"))
        if first >= last:
            return None
        if most is not None and newest:
            first = max(first, last - most)
        elif most is not None:
            last = min(last, first + most)
        chosen = at[first:last]
        return {name: self._columns[name][chosen] for name in self._columns.names}


class Tape:
    """Market data by kind and symbol.

    Parameters
    ----------
    data : MarketData
        What is there from the start.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": ["2024-01-02T14:30", "2024-01-02T14:31"], "price": [10.0, 10.5], "size": [100, 200]}
    >>> tape = Tape(tw.feeds.table(rows, symbol="BAC"))
    >>> tape.rows("trades", "BAC", 0, 2**62)["price"].tolist()
    [10000000000, 10500000000]
    """

    def __init__(self, data: MarketData) -> None:
        self._lock = threading.Lock()
        self._parts = [data]
        self._chunks: dict[str, list[_Chunk]] = {}
        self._symbols = set(data.symbols)

    @property
    def symbols(self) -> set[str]:
        """Symbols that there are data of."""
        return self._symbols

    @property
    def parts(self) -> list[MarketData]:
        """All data, as they were added."""
        with self._lock:
            return list(self._parts)

    def add(self, data: MarketData, *, keep: int | None = None) -> None:
        """Add `data`, which may be of any time; with `keep` let go of all but so many of the latest."""
        from tickwright.data import MarketData

        with self._lock:
            self._parts.append(data)
            self._symbols.update(data.symbols)
            if keep is not None and len(self._parts) > keep:
                self._parts = self._parts[-keep:]
                self._chunks.clear()
                return
            if len(self._parts) > CHUNKS_MAX:
                self._parts = [self._parts[0], MarketData.merge(self._parts[1:])]
                self._chunks.clear()
                return
            for kind, chunks in self._chunks.items():
                if data.count(kind):
                    chunks.append(_Chunk(getattr(data, kind)))

    def _of(self, kind: str) -> list[_Chunk]:
        with self._lock:
            chunks = self._chunks.get(kind)
            if chunks is None:
                chunks = [_Chunk(getattr(part, kind)) for part in self._parts if part.count(kind)]
                self._chunks[kind] = chunks
            return list(chunks)

    def rows(
        self, kind: str, symbol: str, start_ns: int, end_ns: int, most: int | None = None, *, newest: bool = False
    ) -> Rows | None:
        """Events of `kind` from `start_ns` to `end_ns`, both in, in order of time; None: there are none.

        With `most` the first of them, or with `newest` the last, at most so many.
        """
        chunks = self._of(kind)
        found = [rows for c in chunks if (rows := c.rows(symbol, start_ns, end_ns, most, newest=newest)) is not None]
        if len(found) < 2:
            return found[0] if found else None
        names = list(dict.fromkeys(name for rows in found for name in rows))
        joined: Rows = {}
        for name in names:
            given = next(rows[name] for rows in found if name in rows)
            blank = given.dtype.type(0)
            joined[name] = np.concatenate([rows.get(name, np.full(len(rows["ts"]), blank)) for rows in found])
        order = np.argsort(joined["ts"], kind="stable")
        if most is not None:
            order = order[-most:] if newest else order[:most]
        return {name: values[order] for name, values in joined.items()}

    def last(self, kind: str, symbol: str, end_ns: int) -> Rows | None:
        """Give the last event of `kind` until `end_ns`, as rows of one; None: there is none."""
        return self.rows(kind, symbol, -(2**63), end_ns, 1, newest=True)

    def has(self, kind: str, symbol: str) -> bool:
        """Whether there is any event of `kind`."""
        return self.last(kind, symbol, 2**63 - 1) is not None
