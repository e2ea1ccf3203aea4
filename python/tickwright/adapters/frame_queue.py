"""Frames on their way from a socket to whoever decodes them: bounded by number and by bytes, nothing dropped."""

from __future__ import annotations

import asyncio
from collections import deque

from tickwright.errors import ConfigError

__all__ = ["FrameQueue"]


class FrameQueue:
    """A bounded queue between a stream and one slower reader, on one event loop.

    Give it to a stream in place of a callback. While it is full the stream reads no more from its socket; so memory
    stays bounded and nothing is lost, until the broker cuts off a client that is too slow (Alpaca's code 407), which
    the stream tells as a gap.

    Parameters
    ----------
    frames_max, bytes_max : int
        It is full when it holds as many frames, or as many bytes.

    Examples
    --------
    >>> import asyncio
    >>> from tickwright.adapters import FrameQueue
    >>> queue = FrameQueue(frames_max=2)
    >>> queue.put(b"first", 1), queue.put(b"second", 2)  # whether there is room for more
    (True, False)
    >>> asyncio.run(queue.get())
    (b'first', 1)
    """

    __slots__ = ("_bytes", "_frames", "_readable", "_writable", "bytes_max", "frames_max", "high_water")

    def __init__(self, frames_max: int = 4_096, bytes_max: int = 64 * 1024 * 1024) -> None:
        if frames_max < 1 or bytes_max < 1:
            raise ConfigError(f"frame queue: {frames_max} frames, {bytes_max} bytes; give at least 1 of each")
        self.frames_max, self.bytes_max = frames_max, bytes_max
        self.high_water = 0
        self._frames: deque[tuple[bytes, int]] = deque()
        self._bytes = 0
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: bytes, received_ns: int) -> bool:
        """Take a frame, always; say whether there is room for another."""
        self._frames.append((frame, received_ns))
        self._bytes += len(frame)
        self.high_water = max(self.high_water, len(self._frames))
        self._readable.set()
        if len(self._frames) >= self.frames_max or self._bytes >= self.bytes_max:
            self._writable.clear()
            return False
        return True

    async def room(self) -> None:
        """Wait until there is room."""
        await self._writable.wait()

    def take(self) -> list[tuple[bytes, int]]:
        """Give all frames that wait, oldest first, each with when it came; none is an empty list."""
        frames = list(self._frames)
        self._frames.clear()
        self._bytes = 0
        self._readable.clear()
        self._writable.set()
        return frames

    async def get(self) -> tuple[bytes, int]:
        """Wait for the oldest frame."""
        await self.wait()
        frame, received_ns = self._frames.popleft()
        self._bytes -= len(frame)
        if not self._frames:
            self._readable.clear()
        if len(self._frames) < self.frames_max and self._bytes < self.bytes_max:
            self._writable.set()
        return frame, received_ns

    async def wait(self) -> None:
        """Wait until there is a frame."""
        while not self._frames:
            self._readable.clear()
            await self._readable.wait()
