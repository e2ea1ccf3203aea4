"""`Decoder`: what the decoders of all sources have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tickwright import _core
from tickwright.data import FeedReport, MarketData

__all__ = ["Decoder"]


class Decoder:
    """Bytes of one source in, market data out; made through its subclasses, one a source.

    `push` is the plain way. Where frames are small and many, `feed` keeps the events and `take` gives them all at once,
    which saves making a `MarketData` for each frame. Symbols keep their ids from the first byte to the last.
    """

    __slots__ = ("_core",)

    def __init__(self, source: str, settings: dict[str, Any]) -> None:
        self._core = _core.Decoder(source, settings)

    def push(self, data: bytes, recv: int | None = None) -> MarketData:
        """Decode `data` and give its events, with those that were fed before.

        Parameters
        ----------
        data
            One whole message, or, of a byte stream, any piece of it.
        recv
            When it was received, nanoseconds since the epoch; None: not known.

        Raises
        ------
        DataError
            The bytes are malformed and the policy for that is ``"fail"``.
        """
        self._core.feed(data, recv)
        return MarketData(self._core.take())

    def feed(self, data: bytes, recv: int | None = None) -> int:
        """Decode `data` as `push` does and keep the events; gives how many wait for `take`."""
        return self._core.feed(data, recv)

    def take(self) -> MarketData:
        """Give the events that were fed and not yet taken, each kind sorted by time."""
        return MarketData(self._core.take())

    def finish(self) -> MarketData:
        """Say that the stream is over; gives the events not yet taken.

        Raises
        ------
        DataError
            A message was cut and the policy for malformed messages is ``"fail"``.
        """
        return MarketData(self._core.finish())

    def read(self, path: str | os.PathLike[str], *, progress: Callable[[int, int], object] | None = None) -> MarketData:
        """Read the whole file at `path`, plain or packed (``.gz``, ``.zst``).

        Parameters
        ----------
        path
            The file.
        progress
            Called with bytes done and bytes in all now and then; what it raises ends the reading.

        Raises
        ------
        DataError
            The file cannot be read, or is malformed and the policy for that is ``"fail"``.
        """
        return MarketData(self._core.read(path, progress))

    @property
    def report(self) -> FeedReport:
        """What was seen and done, from the first byte on."""
        return FeedReport(self._core.report)

    @property
    def counts(self) -> dict[str, int]:
        """Messages of each kind since the stream began, by the source's name; empty where the source does not count."""
        return self._core.counts
