"""The market-data streams: `/v2/{iex,sip,delayed_sip,test}`, `/v1beta3/crypto/us` and `/v1beta1/news`.

A session is one client: welcome, authentication, subscriptions, and frames from its outbox. `MarketHub` holds them all
and counts connections: one an account and feed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from tickwright.paper.outbox import Frame, Outbox
from tickwright.paper.trade_stream import strike
from tickwright.paper.wire import Format, decode, encode, error, success

if TYPE_CHECKING:
    from tickwright.paper.auth import Keys
    from tickwright.paper.faults import FaultScript

__all__ = ["FEEDS", "Feed", "MarketHub", "MarketSession"]

STOCKS = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds")
CRYPTO = ("trades", "quotes", "orderbooks", "bars", "updatedBars", "dailyBars")
# Channels that come with trades, and are never asked for.
WITH_TRADES = ("corrections", "cancelErrors")
COUNTED = ("trades", "quotes")
DELAY_NS = 15 * 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Feed:
    """A stream by its path."""

    name: str
    path: str
    channels: tuple[str, ...]
    stream: str = "stocks"
    """Name for the fault script."""
    delay_ns: int = 0

    @property
    def shown(self) -> tuple[str, ...]:
        """Channels of the subscription message."""
        return (*self.channels, *WITH_TRADES) if self.stream == "stocks" and self.name != "news" else self.channels


FEEDS = {
    feed.path: feed
    for feed in (
        Feed("iex", "/v2/iex", STOCKS),
        Feed("sip", "/v2/sip", STOCKS),
        Feed("delayed_sip", "/v2/delayed_sip", STOCKS, delay_ns=DELAY_NS),
        Feed("test", "/v2/test", STOCKS),
        Feed("crypto", "/v1beta3/crypto/us", CRYPTO, "crypto"),
        Feed("news", "/v1beta1/news", ("news",)),
    )
}

Channels = dict[str, frozenset[str]]
Group = tuple[str, Format, tuple[tuple[str, frozenset[str]], ...]]


class MarketSession:
    """One client of a market-data stream."""

    __slots__ = ("account", "channels", "feed", "form", "group", "outbox", "symbols_max")

    def __init__(self, feed: Feed, form: Format, outbox: Outbox, symbols_max: int) -> None:
        self.feed = feed
        self.form: Format = form
        self.outbox = outbox
        self.symbols_max = symbols_max
        self.account: int | None = None
        self.channels: Channels = {name: frozenset() for name in feed.channels}
        self.group: Group | None = None
        """What clients that are sent the same frames have in common; None: nothing is subscribed to."""

    def say(self, messages: list[dict[str, Any]]) -> None:
        """Send control messages."""
        self.deliver(encode(messages, self.form))

    def deliver(self, frame: Frame, *, patient: bool = False) -> None:
        """Send a frame, or send a client away that has fallen behind, unless `patient`."""
        if not self.outbox.put(frame, patient=patient):
            self.outbox.dismiss(encode(error(407), self.form), 1008, "slow client")

    def refuse(self, code: int) -> None:
        """Say an error and close."""
        self.say(error(code))
        self.outbox.close(1008, "")

    def change(self, message: dict[str, Any], *, subscribe: bool) -> int | None:
        """Subscribe or unsubscribe as `message` says; the code of the error, if it cannot be."""
        changed = dict(self.channels)
        asked = {k: v for k, v in message.items() if k != "action"}
        for channel, symbols in asked.items():
            if channel in WITH_TRADES and self.feed.stream == "stocks":
                continue  # they come and go with trades
            if channel not in changed:
                return 410
            if symbols is None:
                continue
            if not isinstance(symbols, list) or not all(isinstance(s, str) and s for s in symbols):
                return 400
            names = frozenset(symbols)
            changed[channel] = changed[channel] | names if subscribe else changed[channel] - names
        if subscribe and self.symbols_max:
            counted = frozenset[str]().union(*(changed.get(channel, frozenset()) for channel in COUNTED))
            if "*" in counted or len(counted) > self.symbols_max:
                return 405
        self.channels = changed
        wanted = tuple((name, symbols) for name, symbols in changed.items() if symbols)
        self.group = (self.feed.name, self.form, wanted) if wanted else None
        return None

    def subscription(self) -> list[dict[str, Any]]:
        """Message of all that is subscribed to now."""
        trades = self.channels.get("trades", frozenset())
        shown = {name: sorted(self.channels.get(name, trades)) for name in self.feed.shown}
        return [{"T": "subscription", **shown}]


class MarketHub:
    """All clients of the market-data streams.

    Parameters
    ----------
    keys : Keys
        Who may connect.
    feeds : list of sets
        Feeds that each account may read, by index.
    faults : FaultScript
        What goes wrong with streams.
    now_ns : callable
        Virtual time.
    auth_timeout_s : float
        Seconds until a client must have authenticated.
    frames_max : int
        Frames that may wait for a client.
    iex_symbols : int
        Symbols of trades and quotes on ``iex``; 0: any number.
    """

    def __init__(
        self,
        keys: Keys,
        feeds: list[frozenset[str]],
        faults: FaultScript,
        now_ns: Callable[[], int],
        *,
        auth_timeout_s: float,
        frames_max: int,
        iex_symbols: int,
    ) -> None:
        self._keys = keys
        self._feeds = feeds
        self._faults = faults
        self._now_ns = now_ns
        self._auth_timeout_s = auth_timeout_s
        self._frames_max = frames_max
        self._iex_symbols = iex_symbols
        self.sessions: set[MarketSession] = set()
        self.patient = False
        """Whether the market waits for its clients at this moment, so that none of them is too slow."""
        self.on_subscribe: Callable[[MarketSession], None] = lambda session: None

    def groups(self, *, delayed: bool | None = None) -> dict[Group, list[MarketSession]]:
        """Clients by what they are sent; with `delayed` only those of feeds that are, or are not."""
        groups: dict[Group, list[MarketSession]] = {}
        for session in self.sessions:
            if session.group is not None and delayed in (None, session.feed.delay_ns > 0):
                groups.setdefault(session.group, []).append(session)
        return groups

    def send(self, sessions: Iterable[MarketSession], frames: Iterable[Frame]) -> None:
        """Send `frames` to each of `sessions`."""
        sessions = tuple(sessions)
        for frame in frames:
            for session in sessions:
                session.deliver(frame, patient=self.patient)
        if self._faults.watches_streams:
            for name in {session.feed.stream for session in sessions}:
                self.disturb(name, frames=True)

    def disturb(self, name: str, *, frames: bool) -> None:
        """Break or silence a stream where the fault script says so."""
        rule = self._faults.stream(name, self._now_ns(), frames=frames)
        if rule is not None:
            chosen = [session.outbox for session in tuple(self.sessions) if session.feed.stream == name]
            strike(chosen, rule.kind, rule.duration_ms)

    @property
    def fullest(self) -> float:
        """How full the fullest outbox is, from 0 to 1."""
        return max((s.outbox.waiting / s.outbox.frames_max for s in self.sessions if s.outbox.open), default=0.0)

    async def serve(self, feed: Feed, websocket: WebSocket, abort: Callable[[], None]) -> None:
        """Speak with one client until it leaves."""
        await websocket.accept()
        packed = "msgpack" in websocket.headers.get("content-type", "")
        outbox = Outbox(websocket.send, abort, self._frames_max)
        symbols_max = self._iex_symbols if feed.name == "iex" else 0
        session = MarketSession(feed, "msgpack" if packed else "json", outbox, symbols_max)
        writer = asyncio.create_task(outbox.run())
        session.say(success("connected"))
        self._by_headers(session, websocket)
        deadline = asyncio.get_running_loop().call_later(self._auth_timeout_s, self._timed_out, session)
        try:
            while not outbox.broken:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                self._hear(session, decode(message))
        except WebSocketDisconnect:
            pass
        finally:
            deadline.cancel()
            self.sessions.discard(session)
            outbox.broken = True
            writer.cancel()

    def _timed_out(self, session: MarketSession) -> None:
        if session.account is None and session.outbox.open:
            session.refuse(404)

    def _by_headers(self, session: MarketSession, websocket: WebSocket) -> None:
        key, secret = (websocket.headers.get(name) for name in ("apca-api-key-id", "apca-api-secret-key"))
        if key is not None and secret is not None:
            self._authenticate(session, key, secret)

    def _authenticate(self, session: MarketSession, key: object, secret: object) -> None:
        account = self._keys.account(key, secret) if isinstance(key, str) and isinstance(secret, str) else None
        if account is None:
            session.say(error(402))
            return
        if not self._feeds[account]:
            session.refuse(408)
            return
        if session.feed.name not in self._feeds[account]:
            session.refuse(409)
            return
        if any(s.account == account and s.feed is session.feed and not s.outbox.broken for s in self.sessions):
            session.refuse(406)
            return
        session.account = account
        self.sessions.add(session)
        session.say(success("authenticated"))

    def _hear(self, session: MarketSession, message: Any) -> None:
        if not session.outbox.open:
            return
        action = message.get("action") if isinstance(message, dict) else None
        if action == "auth":
            if session.account is not None:
                session.say(error(403))
            else:
                self._authenticate(session, message.get("key"), message.get("secret"))
        elif action in ("subscribe", "unsubscribe"):
            if session.account is None:
                session.say(error(401))
                return
            code = session.change(message, subscribe=action == "subscribe")
            session.say(session.subscription() if code is None else error(code))
            if code is None and session.group is not None:
                self.on_subscribe(session)
        else:
            session.say(error(400))
