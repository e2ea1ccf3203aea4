"""Brokers and market data: what the live node needs of them, and the parts that any of them can be made of.

An adapter does networking and nothing else: it translates no orders, keeps no positions and decides nothing. Another
broker is one package with a `Broker` and a `MarketData` (docs/adapters.md). Everything here runs on one asyncio loop.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from tickwright.adapters.credentials import Credentials
from tickwright.adapters.dispatch import Dispatcher
from tickwright.adapters.events import StreamEvent, StreamEventKind, StreamStatistics
from tickwright.adapters.frame_queue import FrameQueue
from tickwright.adapters.lanes import Lanes, LaneStatistics, Ticket
from tickwright.adapters.outcomes import Accepted, InDoubt, Outcome, Refused
from tickwright.adapters.pacing import Backoff, Priority, RateBudget
from tickwright.adapters.sockets import OnFrame, OnState, ReconnectingSocket, Rejected, StreamSettings

__all__ = [
    "Accepted",
    "Backoff",
    "Broker",
    "Credentials",
    "Dispatcher",
    "FrameQueue",
    "InDoubt",
    "LaneStatistics",
    "Lanes",
    "MarketData",
    "MarketStream",
    "OnFrame",
    "OnState",
    "Outcome",
    "Priority",
    "RateBudget",
    "ReconnectingSocket",
    "Refused",
    "Rejected",
    "Stream",
    "StreamEvent",
    "StreamEventKind",
    "StreamSettings",
    "StreamStatistics",
    "Ticket",
]


@runtime_checkable
class Stream(Protocol):
    """A connection that stays up by itself."""

    @property
    def name(self) -> str:
        """Name, as its events have it: ``"updates"``, ``"stocks"`` or ``"crypto"``."""
        ...

    @property
    def statistics(self) -> StreamStatistics:
        """What it has counted."""
        ...

    async def run(self) -> None:
        """Stay connected until `close`; raise only where no other try would help."""
        ...

    async def close(self) -> None:
        """End it; `run` returns."""
        ...


@runtime_checkable
class MarketStream(Stream, Protocol):
    """A stream of market data."""

    @property
    def subscriptions(self) -> Mapping[str, tuple[str, ...]]:
        """What is asked for: symbols by channel."""
        ...

    async def subscribe(self, subscriptions: Mapping[str, Iterable[str]]) -> None:
        """Ask for more, over reconnects too."""
        ...

    async def unsubscribe(self, subscriptions: Mapping[str, Iterable[str]]) -> None:
        """Ask for less."""
        ...


@runtime_checkable
class Broker(Protocol):
    """Orders and accounts. Orders, positions and the rest are the JSON objects of Alpaca's interface.

    What changes something ends as one `Outcome` and does not raise for trouble of the network. What only asks is tried
    again after trouble, and raises `tickwright.BrokerError` when that does not help.
    """

    async def submit(self, order: Mapping[str, Any], *, flatten: bool = False) -> Outcome:
        """Send an order, at most once; it has a ``client_order_id`` that the broker takes once."""
        ...

    async def cancel(self, order_id: str) -> Outcome:
        """Ask for an order's end, before anything else that waits to be sent."""
        ...

    async def replace(self, order_id: str, changes: Mapping[str, Any]) -> Outcome:
        """Ask for an order in place of another, at most once."""
        ...

    async def cancel_all(self) -> Outcome:
        """Ask for the end of all open orders."""
        ...

    async def close_all(self) -> Outcome:
        """Have all positions closed at the market, sent at most once."""
        ...

    async def order_by_client_id(self, client_order_id: str) -> Mapping[str, Any] | None:
        """Ask for the order of this id; None where the broker never got it."""
        ...

    async def order(self, order_id: str) -> Mapping[str, Any] | None:
        """Ask for the order with the broker's id `order_id`; None where there is none."""
        ...

    async def orders(
        self,
        status: str = "open",
        *,
        after: int | str | None = None,
        until: int | str | None = None,
        nested: bool = False,
    ) -> list[dict[str, Any]]:
        """All orders, oldest first."""
        ...

    async def account(self) -> Mapping[str, Any]:
        """Ask for the account."""
        ...

    async def positions(self) -> list[dict[str, Any]]:
        """All open positions."""
        ...

    async def activities(
        self, types: Iterable[str] = ("FILL",), *, after: int | str | None = None
    ) -> list[dict[str, Any]]:
        """All activities, oldest first, the fills of each order with ``cum_qty`` rising."""
        ...

    async def clock(self) -> Mapping[str, Any]:
        """Ask for the market's clock."""
        ...

    async def calendar(
        self, start: dt.date | str | None = None, end: dt.date | str | None = None
    ) -> list[dict[str, Any]]:
        """Trading days, both ends included."""
        ...

    async def assets(self) -> list[dict[str, Any]]:
        """All assets that can be traded."""
        ...

    async def asset(self, symbol: str) -> Mapping[str, Any] | None:
        """Ask for the asset of a symbol; None where there is none."""
        ...

    def updates(self, on_message: OnFrame, on_state: OnState) -> Stream:
        """Listen to what becomes of orders, as the bytes it comes as."""
        ...

    async def close(self) -> None:
        """End the streams and send nothing more."""
        ...


@runtime_checkable
class MarketData(Protocol):
    """Market data: as they happen, and as they were. Bytes for a decoder of `tickwright.feeds`, never objects."""

    def stream(self, subscriptions: Mapping[str, Iterable[str]], on_frame: OnFrame, on_state: OnState) -> MarketStream:
        """Listen to data as they happen."""
        ...

    def history(
        self,
        kind: str,
        symbols: Iterable[str],
        start: int | str,
        end: int | str | None = None,
        *,
        timeframe: str = "1Min",
    ) -> AsyncIterator[bytes]:
        """Ask for data as they were, page by page."""
        ...

    async def latest(self, kind: str, symbols: Iterable[str]) -> bytes:
        """Ask for what is known now."""
        ...

    def corporate_actions(self, symbols: Iterable[str], start: str, end: str) -> AsyncIterator[bytes]:
        """Ask for splits, dividends, mergers and the like from one date to another, page by page."""
        ...

    async def close(self) -> None:
        """End the streams and ask for nothing more."""
        ...
