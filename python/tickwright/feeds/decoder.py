"""`Decoder`: what the decoders of all sources have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tickwright import _core
from tickwright.data import FeedReport, MarketData

__all__ = ["Decoder"]


class Feed(Protocol):
    """The call of `Decoder.feed`."""

    def __call__(self, data: bytes | bytearray | memoryview | str, recv: int | None = None) -> int:
        """Decode `data` and keep the events."""


class Decoder:
    """Bytes of one source in, market data out; made through its subclasses, one a source.

    `push` is the plain way. Where frames are small and many, `feed` keeps the events and `take` gives them all at once,
    which saves making a `MarketData` for each frame. Symbols keep their ids from the first byte to the last.

    With ``quality``, a policy as `tickwright.feeds.check` takes it, events are judged before they are given; what
    must be remembered of each symbol is kept from one `take` to the next.

    Attributes
    ----------
    feed : callable
        ``feed(data, recv=None)`` decodes `data` as `push` does and keeps the events; it gives how many wait for `take`.
    """

    __slots__ = ("_core", "feed")

    feed: Feed

    def __init__(
        self, source: str, settings: dict[str, Any], *, quality: Mapping[str, str | float] | None = None
    ) -> None:
        self._core = _core.Decoder(source, settings, None if quality is None else dict(quality))
        self.feed = self._core.feed  # without a Python frame between: a third of the time of a small frame

    def push(self, data: bytes | bytearray | memoryview | str, recv: int | None = None) -> MarketData:
        """Decode `data` and give its events, with those that were fed before.

        Parameters
        ----------
        data
            One whole message, or, of a byte stream, any piece of it. Text is taken as UTF-8.
        recv
            When it was received, nanoseconds since the epoch; None: not known.

        Raises
        ------
        DataError
            The bytes are malformed and the policy for that is ``"fail"``.
        """
        self._core.feed(data, recv)
        return MarketData(self._core.take())

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
    def counts(self) -> dict[str, int]:
        """Messages of each kind since the stream began, by the source's name; empty where the source does not count."""
        return self._core.counts

    @property
    def report(self) -> FeedReport:
        """What was seen and done, from the first byte on."""
        return FeedReport(self._core.report)
