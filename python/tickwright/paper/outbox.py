"""Frames on their way to one client: a bounded queue, emptied by a task of its own; nobody waits for a client."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.websockets import WebSocketDisconnect

__all__ = ["Outbox"]

Frame = bytes | str
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# What a client sent away is told must reach it within this time, else the connection is cut.
FAREWELL_S = 3.0


class Outbox:
    """Frames of one client, in order.

    Parameters
    ----------
    send : callable
        ASGI's send of the connection.
    abort : callable
        Cuts the connection.
    frames_max : int
        Frames that may wait. Beyond it `put` refuses.
    """

    __slots__ = ("_abort", "_closing", "_frames", "_full", "_ready", "_send", "broken", "frames_max", "silent_until")

    def __init__(self, send: Send, abort: Callable[[], None], frames_max: int) -> None:
        self._send = send
        self._abort = abort
        self._frames: deque[Frame] = deque()
        self._ready = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._full = False
        self.frames_max = frames_max
        self.broken = False
        self.silent_until = 0.0
        """Loop time until which frames are swallowed: a socket that stays open and says nothing."""

    @property
    def waiting(self) -> int:
        """Frames that wait."""
        return len(self._frames)

    @property
    def open(self) -> bool:
        """Whether frames are still taken."""
        return not (self._full or self.broken or self._closing)

    def put(self, frame: Frame, *, patient: bool = False) -> bool:
        """Add a frame; False: the client is too slow, and the frame was not taken.

        With `patient` there is room for any: who puts so looks himself how many wait before he goes on.
        """
        if not self.open:
            return True
        if self.silent_until and asyncio.get_running_loop().time() < self.silent_until:
            return True
        if len(self._frames) >= self.frames_max and not patient:
            return False
        self._frames.append(frame)
        self._ready.set()
        return True

    def dismiss(self, farewell: Frame | None, code: int, reason: str) -> None:
        """Forget what waits, say `farewell` and close, by force where the client does not even take that."""
        self._full = True
        self._frames.clear()
        if farewell is not None:
            self._frames.append(farewell)
        self._closing = (code, reason)
        self._ready.set()
        asyncio.get_running_loop().call_later(FAREWELL_S, self._cut_unless_done)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close after what waits has been sent."""
        if self._closing is None:
            self._closing = (code, reason)
            self._ready.set()

    def cut(self) -> None:
        """Cut the connection at once, as a lost network does."""
        self.broken = True
        self._frames.clear()
        self._ready.set()
        self._abort()

    def _cut_unless_done(self) -> None:
        if not self.broken:
            self.cut()

    async def run(self) -> None:
        """Send frames until the connection ends."""
        try:
            while not self.broken:
                self._ready.clear()
                while self._frames and not self.broken:
                    frame = self._frames.popleft()
                    key = "bytes" if isinstance(frame, bytes) else "text"
                    await self._send({"type": "websocket.send", key: frame})
                if self._closing is not None:
                    await self._send({"type": "websocket.close", "code": self._closing[0], "reason": self._closing[1]})
                    break
                await self._ready.wait()
        except (WebSocketDisconnect, OSError, RuntimeError):
            pass  # the client went away while it was being written to; its session ends by itself
        finally:
            self.broken = True
