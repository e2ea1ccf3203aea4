"""Market data for streams: the node's own frames, decoded a second time beside it while somebody listens.

The node's loop only puts a frame into a deque (`Feed.tap`); everything else happens on the control plane's loop. While
nobody listens the node is not even asked for its frames.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from tickwright.control.bridge import Bridge
from tickwright.data import MarketData
from tickwright.errors import DataError, TickwrightError
from tickwright.feeds import AlpacaDecoder
from tickwright.live import LiveNode

__all__ = ["Feed", "Listener"]

log = logging.getLogger(__name__)

WAITING_BYTES: Final = 64 << 20
"""Frames that wait for the control plane; the oldest go beyond that."""
TURN_S: Final = 0.0005
"""Seconds of decoding after which other work of the loop, and the engine, get their turn."""
UNTAP_S: Final = 2.0
"""Seconds after which a node that does not answer is taken to have ended."""
TURN_ROWS: Final = 50_000
"""Rows after which listeners are served before more is decoded."""


class Listener(Protocol):
    """Who listens."""

    delay_s: float
    """Seconds that data may wait."""

    def take(self, data: MarketData, now: float) -> None:
        """Take new data in."""
        ...

    def flush(self, now: float) -> bool:
        """Send what is due at `now`, of the monotonic clock; says whether something still waits."""
        ...


class Feed:
    """The node's market data for any number of listeners.

    Parameters
    ----------
    bridge
        To the node.

    Attributes
    ----------
    dropped_frames : int
        Frames that were dropped because the control plane was too slow.
    unread_frames : int
        Frames that were no market data at all.
    """

    def __init__(self, bridge: Bridge, *, waiting_bytes: int = WAITING_BYTES) -> None:
        self._bridge, self._waiting_bytes = bridge, waiting_bytes
        self._frames: deque[tuple[bytes, int]] = deque()
        self._in_bytes = self._out_bytes = 0
        self._asleep = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: asyncio.Event | None = None
        self._pump: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._tapped = False
        self.listeners: list[Listener] = []
        self.dropped_frames = self.unread_frames = 0

    # --- on the node's loop ----------------------------------------------------------------------------------------

    def tap(self, frame: bytes, received_ns: int) -> None:
        """Take a frame: to be called on the node's loop; costs a fraction of a microsecond."""
        # Each counter is written by one thread alone: this one says what came, the other what it took.
        self._in_bytes += len(frame)
        self._frames.append((frame, received_ns))
        if self._asleep:
            self._asleep = False
            self._wake()
        elif self._in_bytes - self._out_bytes > self._waiting_bytes:
            self._drop()

    def _wake(self) -> None:
        assert self._loop is not None
        assert self._woken is not None
        with contextlib.suppress(RuntimeError):  # the control plane has ended
            self._loop.call_soon_threadsafe(self._woken.set)

    def _drop(self) -> None:
        with contextlib.suppress(IndexError):  # the other side was quicker
            while self._in_bytes - self._out_bytes > self._waiting_bytes:
                self._in_bytes -= len(self._frames.popleft()[0])
                self.dropped_frames += 1

    # --- on the control plane's loop -------------------------------------------------------------------------------

    async def listen(self, listener: Listener) -> None:
        """Give `listener` all data from now on."""
        self.listeners.append(listener)
        async with self._changing:
            if not self._tapped and self.listeners:
                self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
                self._asleep = True
                await self._bridge.attach(self._tap)
                self._tapped = True
                self._pump = asyncio.create_task(self._run())

    async def leave(self, listener: Listener) -> None:
        """Give `listener` nothing more; with the last one the node is left alone."""
        if listener in self.listeners:
            self.listeners.remove(listener)
        async with self._changing:
            if self._tapped and not self.listeners:
                await self._stop()

    async def close(self) -> None:
        """Leave the node alone."""
        self.listeners.clear()
        async with self._changing:
            if self._tapped:
                await self._stop()

    def _tap(self, node: LiveNode) -> Callable[[], object]:
        if self.tap not in node.taps:
            node.taps.append(self.tap)
        return lambda: self._untap(node)

    def _untap(self, node: LiveNode) -> None:
        # Another may listen by now: who was gone before it was tapped must not take the data from it.
        if self.tap in node.taps and not self.listeners:
            node.taps.remove(self.tap)

    async def _stop(self) -> None:
        self._tapped = False
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        with contextlib.suppress(TickwrightError, TimeoutError):  # a node that has ended taps nothing
            await asyncio.wait_for(self._bridge.ask(self._untap), UNTAP_S)
        self._frames.clear()
        self._in_bytes = self._out_bytes = 0

    async def _run(self) -> None:
        assert self._woken is not None
        decoder = AlpacaDecoder(policy={"malformed": "drop"})
        waiting = False
        while True:
            if not waiting and not self._frames:
                self._woken.clear()
                self._asleep = True
                # A frame that came before that flag was up has woken nobody.
                if not self._frames:
                    await self._woken.wait()
                self._asleep = False
            began = time.monotonic()
            await self._decode(decoder)
            now = time.monotonic()
            waiting = False
            for listener in list(self.listeners):
                waiting |= listener.flush(now)
            delay = min((listener.delay_s for listener in self.listeners), default=0.02)
            await asyncio.sleep(max(0.0, delay - (time.monotonic() - began)))

    async def _decode(self, decoder: AlpacaDecoder) -> None:
        frames, feed = self._frames, decoder.feed
        rows = 0
        while frames:
            until = time.perf_counter() + TURN_S
            while frames:
                try:
                    frame, received_ns = frames.popleft()
                except IndexError:  # the node's loop has dropped it
                    break
                self._out_bytes += len(frame)
                try:
                    rows = feed(frame, received_ns)
                except DataError as error:
                    self.unread_frames += 1
                    log.warning("a frame of market data cannot be read for streams: %s", error)
                if time.perf_counter() >= until:
                    break
            if rows >= TURN_ROWS:
                self._give(decoder)
                rows = 0
            # Looks for other work without waiting, and lets the engine's thread run.
            await asyncio.sleep(0)
        if rows:
            self._give(decoder)

    def _give(self, decoder: AlpacaDecoder) -> None:
        data = decoder.take()
        decoder.controls()
        now = time.monotonic()
        for listener in list(self.listeners):
            listener.take(data, now)
