"""The streams of a node and its other tasks: all of them run until the node ends, and one that fails ends it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from tickwright.adapters import Stream, StreamEvent
from tickwright.errors import BrokerError

__all__ = ["Streams"]

log = logging.getLogger(__name__)


class Streams:
    """Runs streams and tasks on the node's event loop.

    Parameters
    ----------
    on_gap
        Gives what fills a gap that a stream left.
    on_failure
        Told of what cannot go on.
    """

    def __init__(
        self, on_gap: Callable[[StreamEvent], Coroutine[Any, Any, None]], on_failure: Callable[[Exception], None]
    ) -> None:
        self._on_gap, self._on_failure = on_gap, on_failure
        self.open: list[Stream] = []
        self._data: list[Stream] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._subscribed: set[str] = set()
        self._changed = asyncio.Event()
        self._since: dict[str, float] = {}
        self.events: Counter[str] = Counter()
        """What streams told, by stream and kind."""

    @property
    def away(self) -> Mapping[str, float]:
        """Streams that are away, and since which moment of `time.monotonic`."""
        return self._since

    def run(self, stream: Stream, *, is_data: bool = False) -> None:
        """Run a stream; one of market data ends with `close_data`."""
        self.open.append(stream)
        if is_data:
            self._data.append(stream)
        self.begin(stream.run())

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a task; one that fails ends the node, which must not go on half watched."""
        task = asyncio.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            log.critical("a part of the node failed: %s", error)
            self._on_failure(error)

    def forget_ended(self) -> None:
        """Keep no task that has done its work."""
        self._tasks = [task for task in self._tasks if not task.done() or task.exception() is not None]

    async def until_subscribed(self, names: set[str]) -> None:
        """Wait until the streams have what they asked for; raises what ends one of them before."""
        while not names <= self._subscribed:
            self._changed.clear()
            for task in self._tasks:
                if task.done():
                    task.result()
            waiter = asyncio.create_task(self._changed.wait())
            await asyncio.wait([waiter, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            waiter.cancel()

    def on_event(self, event: StreamEvent) -> None:
        """Take what a stream tells of itself."""
        self.events[f"{event.stream} {event.kind}"] += 1
        log.info("%s: %s %s", event.stream, event.kind, event.reason)
        if event.kind == "subscribed":
            self._subscribed.add(event.stream)
            self._since.pop(event.stream, None)
            self._changed.set()
        elif event.kind in ("disconnected", "silent", "limited"):
            self._since.setdefault(event.stream, time.monotonic())
        elif event.kind == "gap":
            self.begin(self._on_gap(event))
        elif event.kind == "failed":
            self._on_failure(BrokerError(f"{event.stream}: {event.reason}"))

    async def close_data(self) -> None:
        """End the streams of market data."""
        for stream in self._data:
            await stream.close()

    async def close(self) -> None:
        """End all streams and tasks."""
        for stream in self.open:
            await stream.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
