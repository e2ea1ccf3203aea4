"""Rows for all readers that asked for the same: picked once, put into batches once, written once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tickwright.control.columns import KINDS, Kind, Table, rows_of
from tickwright.control.conflate import Batch, Outbox
from tickwright.data import MarketData

__all__ = ["Selection", "Wanted"]

SLACK_S: Final = 0.0005
"""Seconds by which a batch may be early, so that a timer a little too soon does not cost a whole turn more."""


@dataclass(frozen=True)
class Wanted:
    """What a stream asked for."""

    kinds: tuple[str, ...]
    symbols: frozenset[str]
    """Empty: all."""
    arrow: bool
    delay_s: float
    most_rows: int

    def __str__(self) -> str:
        symbols = ", ".join(sorted(self.symbols)) if self.symbols else "all symbols"
        return f"{', '.join(self.kinds)} of {symbols}; {'arrow' if self.arrow else 'columns'}"


class Selection:
    """The rows of one `Wanted`, on their way to any number of outboxes; a listener of the feed.

    Parameters
    ----------
    wanted
        Which rows.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.delay_s = wanted, wanted.delay_s
        self.outboxes: list[Outbox] = []
        self.symbols: list[str] = []
        """Symbols that rows refer to; grows only."""
        self._kinds = [KINDS[name] for name in wanted.kinds]
        self._places = np.empty(0, np.int64)  # by the feed's number of a symbol; -1: not wanted
        self._whole = True
        self._waiting: dict[str, list[Table]] = {kind.name: [] for kind in self._kinds}
        self._rows = dict.fromkeys(self._waiting, 0)
        self._first: float | None = None

    def take(self, data: MarketData, now: float) -> None:
        """Take new data in."""
        if not any(data.count(kind.source) for kind in self._kinds):
            return
        self._learn(data.symbols)
        for kind in self._kinds:
            table = rows_of(data, kind)
            if not self._whole:
                places = self._places[table.columns[0]]
                rows = np.flatnonzero(places >= 0)
                table = Table(kind, (places[rows].astype("<u4"), *(column[rows] for column in table.columns[1:])))
            if len(table):
                self._waiting[kind.name].append(table)
                self._rows[kind.name] += len(table)
                self._first = now if self._first is None else self._first
                if self._rows[kind.name] >= self.wanted.most_rows:
                    self._send(kind, whole_only=True)

    def flush(self, now: float) -> bool:
        """Send what has waited long enough; says whether something still waits."""
        if self._first is None or now < self._first + self.delay_s - SLACK_S:
            return self._first is not None
        self._first = None
        for kind in self._kinds:
            self._send(kind)
        return False

    def _learn(self, symbols: list[str]) -> None:
        known = len(self._places)
        if len(symbols) == known:
            return
        new = symbols[known:]
        wanted = self.wanted.symbols
        places: list[int] = []
        for symbol in new:
            if wanted and symbol not in wanted:
                places.append(-1)
                self._whole = False
            else:
                places.append(len(self.symbols))
                self.symbols.append(symbol)
        self._places = np.concatenate((self._places, np.array(places, np.int64)))

    def _send(self, kind: Kind, *, whole_only: bool = False) -> None:
        """Send the waiting rows of a kind; `whole_only`: what does not fill a batch waits on."""
        tables = self._waiting[kind.name]
        if not tables:
            return
        table, most = Table.join(tables), self.wanted.most_rows
        end = len(table) - len(table) % most if whole_only else len(table)
        for start in range(0, end, most):
            self._put(Batch(table.slice(start, min(start + most, end)), self.symbols, arrow=self.wanted.arrow))
        rest = table.slice(end, len(table))
        self._waiting[kind.name] = [rest] if len(rest) else []
        self._rows[kind.name] = len(rest)

    def _put(self, batch: Batch) -> None:
        for outbox in self.outboxes:
            outbox.put(batch)
