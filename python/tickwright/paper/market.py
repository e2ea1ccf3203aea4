"""The pump: it plays the market into the venue and out to the streams as the virtual clock goes on.

All of it runs on the event loop. A step takes a bounded number of rows, and gives way to everyone else before the next,
so that a request never waits longer than one step.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tickwright import _core
from tickwright.data import MarketData
from tickwright.paper.assets import asset_class
from tickwright.paper.news import NewsFeed
from tickwright.paper.touch import TouchBooks
from tickwright.paper.wire import Format, encode

if TYPE_CHECKING:
    from tickwright.paper.clock import VirtualClock
    from tickwright.paper.faults import FaultScript
    from tickwright.paper.market_stream import Group, MarketHub
    from tickwright.paper.minutes import MinuteBars
    from tickwright.paper.sessions import Calendar
    from tickwright.paper.settings import PaperConfig
    from tickwright.paper.tape import Tape
    from tickwright.paper.trade_stream import TradeHub

__all__ = ["Market"]

# Rows of one step: about a millisecond of matching and encoding.
STEP_ROWS = 2_000
# Shortest pause between steps, seconds: what is due meanwhile goes out in one frame.
PAUSE_S = 0.001
# Longest, so that what was asked for by a control route or a fault by time is seen soon.
PAUSE_MAX_S = 0.05
# How full the fullest outbox may be while the market is played as fast as possible.
ROOM = 0.5
CHANNELS = {
    "trades": "trades",
    "quotes": "quotes",
    "bars": "bars",
    "updatedBars": "updated_bars",
    "dailyBars": "daily_bars",
    "statuses": "statuses",
    "lulds": "lulds",
    "orderbooks": "orderbooks",
}
WITHOUT_MARKET = ("test", "news")
WEEK_NS = 7 * 86_400 * 1_000_000_000
DELAY_NS = 15 * 60 * 1_000_000_000


class Market:
    """The venue, its clock and its market data.

    Parameters
    ----------
    venue : PaperVenue
        Rules and accounts.
    clock : VirtualClock
        Time.
    data : MarketData or None
        Recorded market; None where all of it comes from elsewhere while the server runs.
    tape : Tape
        What history shows.
    calendar : Calendar
        Trading days.
    streams : MarketHub
        Clients of market data.
    trades : TradeHub
        Clients of trade updates.
    faults : FaultScript
        What goes wrong with streams by time alone.
    config : PaperConfig
        Settings.
    tapes : mapping
        Tape of each share, for messages whose data do not say.
    """

    def __init__(
        self,
        venue: _core.PaperVenue,
        clock: VirtualClock,
        data: MarketData | None,
        tape: Tape,
        calendar: Calendar,
        streams: MarketHub,
        trades: TradeHub,
        faults: FaultScript,
        config: PaperConfig,
        tapes: Mapping[str, str],
    ) -> None:
        self.venue = venue
        self.clock = clock
        self.tape = tape
        self.config = config
        self._calendar = calendar
        self._streams = streams
        self._trades = trades
        self._faults = faults
        self._encoders: dict[Format, _core.FrameEncoder] = {
            "msgpack": _core.FrameEncoder("msgpack", tapes=tapes),
            "json": _core.FrameEncoder("json", tapes=tapes),
        }
        by_class: dict[str, set[str]] = {"us_equity": set(), "crypto": set()}
        for symbol in venue.symbols:
            by_class[asset_class(symbol)].add(symbol)
        self._by_class = by_class
        self._mixed = bool(by_class["us_equity"] and by_class["crypto"])
        self._kick = asyncio.Event()
        self.on_end: Callable[[], None] = lambda: None
        self.ended = False
        self.at_ns = max(clock.now_ns, venue.now_ns)
        self._load(data, *self._prepared(data))

    def _prepared(self, data: MarketData | None) -> tuple[_core.MarketRows | None, MinuteBars | None]:
        """Rows and bars of `data`: what takes longer than the event loop may."""
        if data is None or not len(data):
            return None, None
        from tickwright.paper.minutes import MinuteBars

        return _core.MarketRows(data._core), MinuteBars(data, self._calendar) if self.config.bars else None

    def _load(self, data: MarketData | None, rows: _core.MarketRows | None, bars: MinuteBars | None) -> None:
        """Take `data` as the recorded market, from the row after `at_ns`."""
        self._data = data
        self._rows, self._bars = rows, bars
        self.sent = 0 if rows is None else rows.find(self.at_ns)
        self._delayed = 0 if rows is None else rows.find(self.at_ns - DELAY_NS)
        self._books = TouchBooks(data)
        self._news = NewsFeed(() if data is None else data.news, self.at_ns)
        self._bars_sent = 0
        if bars is not None:
            self._bars_sent = int(bars.ends.searchsorted(self.at_ns, "right"))
            bars.take(0, self._bars_sent)  # the day so far

    @property
    def rows(self) -> int:
        """Rows of the recorded market."""
        return 0 if self._rows is None else len(self._rows)

    def begin(self) -> None:
        """Let the clock run, if it stood still until a client came."""
        if not self.clock.running:
            self.clock.run()
            self._kick.set()

    def wake(self) -> None:
        """Look at the clock again at once."""
        self._kick.set()

    def request(self, account: int, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        """Carry out a trading request, after everything that was due before it."""
        if method == "POST":
            self.begin()
        if self.clock.paced:
            self.play(self.clock.now_ns, STEP_ROWS)
        status, said = self.venue.request(account, self.at_ns, method, path, query, body)
        self._flush()
        return status, said

    def play(self, now_ns: int, most: int) -> bool:
        """Let everything happen that is due by `now_ns`, at most about `most` rows; whether that was all."""
        goal_ns = max(now_ns, self.at_ns)  # moved by hand while it runs, or by data put in
        moment_ns = self._faults.next_moment(self.at_ns) if self._faults.watches_streams else None
        now_ns = goal_ns if moment_ns is None else min(goal_ns, moment_ns)
        at_ns, stop = now_ns, self.sent
        if self._rows is not None:
            stop = self._rows.find(now_ns)
            if stop - self.sent > most:
                # Rows of one moment stay together, so that a restart finds its place by time alone.
                at_ns = int(self._rows.ts[self.sent + most - 1])
                stop = self._rows.find(at_ns)
            if stop > self.sent:
                self.venue.market(self._rows, self.sent, stop)
        if at_ns >= self.venue.next_wake_ns:
            self.venue.advance(at_ns)
        before_ns, self.at_ns = self.at_ns, at_ns
        if self._streams.sessions:
            self._show(at_ns, stop)
            self._show_books(self._books, before_ns, at_ns)
        else:
            self._skip(at_ns)
        self.sent = stop
        self._flush()
        if at_ns == moment_ns:
            self._disturb()
        return at_ns == goal_ns

    def inject(self, data: MarketData) -> None:
        """Let `data` happen now: what a live feed or a test puts in."""
        rows = _core.MarketRows(data._core)
        if not len(rows):
            return
        self.venue.market(rows, 0, len(rows))
        last_ns = int(rows.ts[-1])
        self.clock.reach(last_ns)
        self.at_ns = max(self.at_ns, last_ns)
        if self.at_ns >= self.venue.next_wake_ns:
            self.venue.advance(self.at_ns)
        self.tape.add(data)
        for group, sessions in self._streams.groups().items():
            self._streams.send(sessions, self._frames(group, rows, 0, len(rows)))
        self._show_books(TouchBooks(data), -1, last_ns)
        self._show_news(NewsFeed(data.news, -1).take(last_ns))
        self._flush()

    def _flush(self) -> None:
        updates = self.venue.take_updates()
        if updates:
            self._trades.publish(updates)

    def _show(self, at_ns: int, stop: int) -> None:
        """Send what became known until `at_ns` to those who subscribed to it."""
        if self._rows is not None and stop > self.sent:
            for group, sessions in self._streams.groups(delayed=False).items():
                self._streams.send(sessions, self._frames(group, self._rows, self.sent, stop))
        if self._rows is not None:
            until = self._rows.find(at_ns - DELAY_NS)
            if until > self._delayed:
                for group, sessions in self._streams.groups(delayed=True).items():
                    self._streams.send(sessions, self._frames(group, self._rows, self._delayed, until))
                self._delayed = until
        self._show_news(self._news.take(at_ns))
        if self._bars is not None:
            first, self._bars_sent = self._bars_sent, int(self._bars.ends.searchsorted(at_ns, "right"))
            if self._bars_sent > first:
                self._show_bars(self._bars.take(first, self._bars_sent))

    def _skip(self, at_ns: int) -> None:
        """Let go by what nobody listens to."""
        self._news.take(at_ns)
        if self._bars is not None and self._bars_sent < len(self._bars.ends):
            first, self._bars_sent = self._bars_sent, int(self._bars.ends.searchsorted(at_ns, "right"))
            self._bars.take(first, self._bars_sent)
        if self._rows is not None:
            self._delayed = self._rows.find(at_ns - DELAY_NS)

    def _frames(self, group: Group, rows: _core.MarketRows, start: int, stop: int) -> list[Any]:
        feed, form, wanted = group
        if feed in WITHOUT_MARKET:
            return []
        asked: dict[str, set[str]] = {}
        for channel, symbols in wanted:
            chosen: set[str] = set(symbols)
            if "*" in chosen and self._mixed:
                chosen |= self._by_class["crypto" if feed == "crypto" else "us_equity"]
                chosen.discard("*")
            asked[CHANNELS[channel]] = chosen
        if "trades" in asked and feed != "crypto":
            asked["corrections"] = asked["trades"]
        frames = self._encoders[form].frames(rows, start, stop, **asked)
        return [frame.decode() for frame in frames] if form == "json" else frames

    def _show_bars(self, pairs: list[tuple[dict[str, Any] | None, dict[str, Any] | None]]) -> None:
        for group, sessions in self._streams.groups(delayed=False).items():
            feed, form, wanted = group
            if feed in WITHOUT_MARKET:
                continue
            channels = dict(wanted)
            minutes, days = channels.get("bars", frozenset()), channels.get("dailyBars", frozenset())
            crypto = feed == "crypto"
            messages = []
            for pair in pairs:
                for message, symbols in zip(pair, (minutes, days), strict=True):
                    if message is None or ("/" in message["S"]) is not crypto:
                        continue
                    if message["S"] in symbols or "*" in symbols:
                        messages.append(message)
            if messages:
                self._streams.send(sessions, [encode(messages, form)])

    def _show_books(self, books: TouchBooks, after_ns: int, until_ns: int) -> None:
        for (_, form, wanted), sessions in self._streams.groups().items():
            symbols = dict(wanted).get("orderbooks")
            if symbols and (made := books.messages(after_ns, until_ns, symbols)):
                self._streams.send(sessions, [encode(made, form)])

    def _show_news(self, items: list[dict[str, Any]]) -> None:
        for (feed, form, wanted), sessions in self._streams.groups().items() if items else ():
            symbols = dict(wanted).get("news", frozenset())
            chosen = [item for item in items if "*" in symbols or symbols & set(item["symbols"])]
            if feed == "news" and chosen:
                self._streams.send(sessions, [encode(chosen, form)])

    async def run(self) -> None:
        """Play the market until cancelled."""
        if not self.config.wait:
            self.begin()
        while True:
            self._kick.clear()
            if self._faults.watches_streams:
                self._disturb()
            if not self.clock.running:
                await self._pause(PAUSE_MAX_S)
            elif self.clock.speed == math.inf:
                await self._flood()
            elif self.play(self.clock.now_ns, STEP_ROWS):
                await self._rest()
            else:
                await asyncio.sleep(0)
            if self._rows is not None and self.sent == len(self._rows) and not self.ended:
                await self._at_end()

    async def _flood(self) -> None:
        """One step as fast as possible, but no faster than clients take it."""
        if self._rows is None or self.sent >= len(self._rows):
            await self._pause(PAUSE_MAX_S)
            return
        await self._room()
        until_ns = int(self._rows.ts[min(self.sent + STEP_ROWS, len(self._rows)) - 1])
        self.clock.reach(until_ns)
        self._play_patiently(until_ns)
        await asyncio.sleep(0)

    async def _room(self) -> None:
        """Wait until every client has taken most of what it was sent."""
        while self._streams.fullest > ROOM:
            await asyncio.sleep(PAUSE_S)

    def _play_patiently(self, now_ns: int) -> bool:
        """Play a step at whose end the clients are waited for."""
        self._streams.patient = True
        try:
            return self.play(now_ns, STEP_ROWS)
        finally:
            self._streams.patient = False

    async def _rest(self) -> None:
        """Wait until the next row or the venue's next moment is due."""
        due_ns = self.venue.next_wake_ns
        if self._rows is not None and self.sent < len(self._rows):
            due_ns = min(due_ns, int(self._rows.ts[self.sent]))
        idle_ns = due_ns - self.clock.now_ns
        if 0 < self.config.skip_idle_s * 1e9 < idle_ns and (self._rows is None or self.sent < len(self._rows)):
            self.clock.reach(due_ns)
            return
        await self._pause(min(max(self.clock.real_seconds_until(due_ns), PAUSE_S), PAUSE_MAX_S))

    async def _pause(self, seconds: float) -> None:
        if seconds <= PAUSE_S:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._kick.wait()
        except TimeoutError:
            pass

    async def advance_to(self, ns: int) -> None:
        """Move the clock to `ns` by hand; everything on the way happens in its order."""
        while not self._play_patiently(ns):
            await self._room()
            await asyncio.sleep(0)
        self.clock.reach(ns)

    def _disturb(self) -> None:
        self._trades.disturb(frames=False)
        for name in ("stocks", "crypto"):
            self._streams.disturb(name, frames=False)

    async def _at_end(self) -> None:
        if self.config.at_end == "loop" and self._data is not None:
            later = await asyncio.to_thread(self._a_round_later, self._data)
            rows, bars = await asyncio.to_thread(self._prepared, later)
            self._load(later, rows, bars)
            return
        self.ended = True
        if self.config.at_end == "stop":
            self.on_end()

    def _a_round_later(self, data: MarketData) -> MarketData:
        """Move the market some whole weeks on, so that the days of the week stay what they are."""
        from tickwright.feeds import shift

        start, end = data.start or 0, data.end or 0
        later = shift(data, ((end - start) // WEEK_NS + 1) * WEEK_NS)
        self.tape.add(later, keep=2)
        return later
