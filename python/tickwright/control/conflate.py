"""What waits for one reader of a stream, and what becomes of it when the reader is slow; all on one event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from enum import Enum

from tickwright.control.columns import Kind, Table, arrow_field, arrow_ipc, encode

__all__ = ["Batch", "ClosedError", "Outbox", "Policy", "TooSlowError"]


class Policy(Enum):
    """What is done for a reader that is slower than the data."""

    DROP_OLDEST = "drop_oldest"
    """The oldest waiting batch goes, and its rows are counted."""
    LATEST = "latest"
    """Of what waits only the newest row of each symbol stays."""
    DISCONNECT = "disconnect"
    """The stream ends."""


class ClosedError(Exception):
    """Nothing more comes."""


class TooSlowError(Exception):
    """The reader was too slow for a stream that drops nothing."""


class Batch:
    """Rows that go out as one message; written once, whoever reads them, and not before somebody does.

    Parameters
    ----------
    table
        The rows.
    symbols
        The table of symbols that they refer to; it only ever grows.
    arrow
        Write them as Arrow.
    """

    __slots__ = ("_arrow", "_known", "_symbols", "_written", "table")

    def __init__(self, table: Table, symbols: Sequence[str], *, arrow: bool) -> None:
        self.table, self._symbols, self._known, self._arrow = table, symbols, len(symbols), arrow
        self._written: tuple[bytes, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def symbols(self, known: int) -> Sequence[str]:
        """Give the symbols from place `known` on that the rows may refer to."""
        return self._symbols[known : self._known]

    @property
    def written(self) -> tuple[bytes, ...]:
        """The field of the message, in pieces."""
        if not self._written:
            if self._arrow:
                self._written = arrow_field(arrow_ipc(self.table, self._symbols[: self._known]))
            else:
                self._written = (encode(self.table),)
        return self._written

    def of(self, table: Table) -> Batch:
        """Give a batch of other rows that refer to the same symbols."""
        return Batch(table, self._symbols, arrow=self._arrow)


class Outbox:
    """Batches that wait for one reader.

    Parameters
    ----------
    policy
        What is done when more rows wait than `most_rows`; of ``LATEST``, as soon as a batch finds another waiting.
    most_rows
        Rows that may wait.
    most_batches
        Batches that may wait.

    Attributes
    ----------
    dropped_rows : int
        Rows that were dropped since the beginning.
    """

    def __init__(self, policy: Policy, most_rows: int, most_batches: int = 1_000) -> None:
        self._policy, self._most_rows, self._most_batches = policy, most_rows, most_batches
        self._waiting: deque[Batch] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._end: BaseException | None = None
        self.waiting_rows = 0
        self.dropped_rows = 0

    def put(self, batch: Batch) -> None:
        """Let a batch wait; nobody waits for that."""
        if self._end is not None:
            return
        self._waiting.append(batch)
        self.waiting_rows += len(batch)
        if self._policy is Policy.LATEST:
            # Joined when they are read; until then only as often as memory asks for it.
            if self.waiting_rows > self._most_rows or len(self._waiting) > self._most_batches:
                self._conflate()
        elif self.waiting_rows > self._most_rows or len(self._waiting) > self._most_batches:
            if self._policy is Policy.DISCONNECT:
                self.close(TooSlowError(f"{self.waiting_rows} rows wait"))
                self._waiting.clear()
                self.waiting_rows = 0
                return
            while len(self._waiting) > 1 and (
                self.waiting_rows > self._most_rows or len(self._waiting) > self._most_batches
            ):
                lost = len(self._waiting.popleft())
                self.waiting_rows -= lost
                self.dropped_rows += lost
        self._wake()

    def close(self, error: BaseException | None = None) -> None:
        """End it: the reader gets what waits, then `error`, or `ClosedError`."""
        if self._end is None:
            self._end = error or ClosedError()
        self._wake()

    async def get(self) -> Batch:
        """Give the next batch, once there is one.

        Raises
        ------
        TooSlowError
            Of the policy ``DISCONNECT``: more waited than may.
        ClosedError
            It was closed, and nothing waits.
        """
        while not self._waiting:
            if self._end is not None:
                raise self._end
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if self._policy is Policy.LATEST and len(self._waiting) > 1:
            self._conflate()
        batch = self._waiting.popleft()
        self.waiting_rows -= len(batch)
        return batch

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _conflate(self) -> None:
        """Keep of each kind and symbol the newest row; what was one batch alone of its kind stays whole."""
        by_kind: dict[str, tuple[Kind, list[Table]]] = {}
        for batch in self._waiting:
            by_kind.setdefault(batch.table.kind.name, (batch.table.kind, []))[1].append(batch.table)
        last = self._waiting[-1]
        self._waiting.clear()
        before, self.waiting_rows = self.waiting_rows, 0
        over = before > self._most_rows
        for _, tables in by_kind.values():
            table = Table.join(tables)
            if len(tables) > 1 or over:
                table = table.newest()
            self._waiting.append(last.of(table))
            self.waiting_rows += len(table)
        self.dropped_rows += before - self.waiting_rows
