"""The live node: from a journal and a broker to a running engine, and back to rest."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from tickwright import _core, logs
from tickwright._whole import write_whole
from tickwright.account import Account
from tickwright.adapters import Broker, MarketData, StreamEvent
from tickwright.backtesting import SimVenue, listed_strategies
from tickwright.errors import BrokerError, ConfigError
from tickwright.feeds import AlpacaHistoryDecoder
from tickwright.limits import RiskLimits
from tickwright.live.clock import ClockCheck
from tickwright.live.core import Session
from tickwright.live.desk import Desk
from tickwright.live.latency import Latency
from tickwright.live.lease import Lease
from tickwright.live.operations import LIMITS, OPERATOR, Operations
from tickwright.live.reconcile import Comparison, Reconciler, positions_of
from tickwright.live.rules import MarketRules
from tickwright.live.settings import NodeSettings
from tickwright.live.standing import connections, requests
from tickwright.live.streams import Streams

__all__ = ["LiveNode"]

log = logging.getLogger(__name__)

MINUTE_NS = 60_000_000_000
COMPARISONS = 5
QUANTILES = ("p50", "p99", "p99.9")
BASELINE = "baseline.json"


class LiveNode(Operations):
    """Strategies on one account, from start to stop.

    Parameters
    ----------
    strategies
        `Strategy` objects, `Rules`, `Quoting`: the same as of a backtest.
    broker, data
        Where orders go and where data come from (`tickwright.adapters.alpaca`).
    settings
        How it runs.
    risk, account
        Limits, and the kind of account that buying power is computed for.
    lease_folder
        Where leases are kept; None: the user's state folder.
    on_notice
        Given each fill, refusal, change of state and fault as it becomes durable.

    Examples
    --------
    Against a paper venue on this machine::

        broker = AlpacaBroker(credentials, endpoints=Endpoints.at("http://127.0.0.1:8000"))
        data = AlpacaMarketData(credentials, endpoints=Endpoints.at("http://127.0.0.1:8000"))
        node = LiveNode([MyStrategy()], broker, data, NodeSettings(symbols=["AAPL"]))
        asyncio.run(node.run())
    """

    def __init__(
        self,
        strategies: Sequence[Any],
        broker: Broker,
        data: MarketData,
        settings: NodeSettings,
        *,
        risk: RiskLimits | None = None,
        account: Account | None = None,
        lease_folder: str | os.PathLike[str] | None = None,
        on_notice: Callable[[dict[str, Any]], None] | None = None,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__()
        self.settings = settings
        self._strategies, self._broker, self._data = list(strategies), broker, data
        if any(getattr(one, "name", None) == OPERATOR for one in self._strategies):
            raise ConfigError(f"strategy: the name {OPERATOR!r} is that of orders by hand; choose another")
        self._risk, self._account = risk or RiskLimits(), account or Account()
        self._lease_folder, self._wall_ns = lease_folder, wall_ns
        self.listeners = [] if on_notice is None else [on_notice]
        """Given each notice, with its number in this run."""
        self.taps: list[Callable[[bytes, int], None]] = []
        """Given each frame of market data and when it came, after the engine took it in; must not wait."""
        self._folder = Path(settings.state)
        self._desk = Desk(broker)
        self._streams = Streams(self._fill_gap, self._fail)
        self._clock = ClockCheck(broker, settings, wall_ns)
        self._stop: asyncio.Future[str] | None = None
        self._rules = MarketRules(broker, data, settings, lambda: self._risk, self._note)
        self._failure: Exception | None = None
        self._on_stop = settings.on_stop
        self.account_number = ""
        self._final: dict[str, Any] = {}
        self._reconciling = asyncio.Lock()
        self.notices: deque[dict[str, Any]] = deque(maxlen=1_000)
        self.noticed = 0
        self.last_comparison: Comparison | None = None
        self._isolated: set[str] = set()
        self.comparisons = 0

    # --- life --------------------------------------------------------------------------------------------------------

    async def run(self) -> str:
        """Trade until `stop`, or until it cannot go on; gives the reason of the end.

        Raises
        ------
        ConfigError
            Settings, account and journal do not go together; nothing was traded.
        BrokerError
            The broker cannot be reached, or refuses the account, before anything was traded.
        JournalError
            The journal cannot be trusted, or takes nothing more.
        """
        self._stop = asyncio.get_running_loop().create_future()
        account = dict(await self._broker.account())
        number = self.account_number = str(account.get("account_number") or account.get("id"))
        with Lease(number, self._lease_folder) as lease:
            try:
                preparing = asyncio.create_task(self._prepare(account, lease))
                # Who asks for the end while it starts must not wait for a stream that never comes.
                either: list[asyncio.Future[Any]] = [preparing, self._stop]
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not preparing.done():
                    preparing.cancel()
                    await asyncio.gather(preparing, return_exceptions=True)
                else:
                    preparing.result()
                    await self._wind_down(await self._stop)
                reason = await self._stop
            finally:
                await self._close()
        if self._failure is not None:
            raise self._failure
        return reason

    def stop(self, reason: str = "asked to", policy: Literal["leave", "cancel", "flatten"] | None = None) -> None:
        """End the run by `policy`, else that of the settings; may be called from the event loop's thread only."""
        self._on_stop = policy or self._on_stop
        if self._stop is not None and not self._stop.done():
            self._stop.set_result(reason)

    def command(self, name: str, *, by: str, why: str = "", strategy: str | None = None) -> None:
        """Give an operator's command: pause, run, reduce_only, safe_mode, halt, flatten, cancel_all, ….

        Raises
        ------
        ConfigError
            There is no such command, or it is not possible in the state that the engine is in.
        """
        session = self._session()
        number = None if strategy is None else self._number(strategy)
        session.do(_core.Node.command, name, by, why, session.now_ns(), number)
        if strategy is not None:
            (self._isolated.add if name == "isolate" else self._isolated.discard)(strategy)

    def accept(self, symbol: str, *, by: str, why: str = "") -> None:
        """Let a symbol be traded again that a corporate action stopped, once its position and orders were seen to.

        Raises
        ------
        ConfigError
            The symbol is not stopped.
        """
        self._rules.accept(self._session(), symbol, self._event_ns(), by=by, why=why)

    def status(self) -> dict[str, Any]:
        """Say how it stands, and once it has ended, how it stood then: state, money, counts, latencies in µs."""
        if self._final:
            return self._final
        session = self._session()
        return {
            **session.core.status(),
            "strategies": self.names,
            "stopped": self._rules.stops(self._event_ns()),
            "positions": session.core.positions(),
            "sent": dict(self._desk.sent),
            "in_doubt": self._desk.in_doubt,
            "in_flight": self._desk.open,
            "broker_refused": dict(self._desk.refused),
            "streams": dict(self._streams.events),
            **self._standing(),
            "latency_us": {
                name: {**dict(zip(QUANTILES, latency.percentiles_us((50, 99, 99.9)), strict=True)), "n": latency.count}
                for name, latency in self.latencies().items()
            },
        }

    @property
    def answer_listeners(self) -> list[Callable[[dict[str, Any]], None]]:
        """Given each request that the broker answered: what `Trail` remembers, and when each stage was."""
        return self._desk.answer_listeners

    def now_ns(self) -> int:
        """Time of this machine, nanoseconds since the epoch."""
        return self._wall_ns()

    def latencies(self) -> dict[str, Latency]:
        """How long each stage takes: a frame taken in, a frame until its requests leave, a request there and back."""
        session = self._session()
        return {
            "frame": session.latency,
            "frame_to_request": session.decision,
            "round_trip": self._desk.round_trip,
        }

    def _standing(self) -> dict[str, Any]:
        """How its parts stand, for `tickwright.observe`."""
        session, now_ns, comparison = self._session(), self._wall_ns(), self.last_comparison
        age_s = max(0.0, (now_ns - session.last_data_ns) / 1e9) if session.last_data_ns else None
        return {
            "connections": connections(self._streams.open, self._streams.away, now_ns),
            "broker_requests": requests({"trading": self._broker, "data": self._data}),
            "journal_lag_s": session.lag_s,
            "data_age_s": age_s,
            "is_stale": self._is_stale(age_s),
            "isolated": sorted(self._isolated),
            "killed": {"all": self.kill_switch.thrown, "strategies": self.kill_switch.strategies},
            "clock_skew_s": self._clock.skew_s,
            "clock_skew_s_max": self.settings.clock_skew_s,
            "comparisons": self.comparisons,
            "differences": {} if comparison is None else dict(comparison.differences),
        }

    def _is_stale(self, age_s: float | None) -> bool:
        """Whether data should have come, and have not."""
        settings = self.settings
        if age_s is None or settings.clock != "wall" or not 0 < settings.stale_after_s < age_s:
            return False
        return bool(settings.crypto) or self._rules.days.is_open(self._wall_ns())

    @property
    def has_status(self) -> bool:
        """Whether it has got so far that `status` can be asked."""
        return self._switch is not None

    def _in_force(self, limits: RiskLimits) -> RiskLimits:
        return self._rules.limits(self._event_ns(), limits)

    def _event_ns(self) -> int:
        """Time as the strategies have it."""
        if self.settings.clock == "wall":
            return self._wall_ns()
        return int(self._session().core.status()["now_ns"])

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return bool(self._final)

    @property
    def away(self) -> dict[str, float]:
        """Streams that are away, and for how many seconds."""
        now = time.monotonic()
        return {name: now - since for name, since in self._streams.away.items()}

    # --- start -------------------------------------------------------------------------------------------------------

    async def _prepare(self, account: Mapping[str, Any], lease: Lease) -> None:
        settings = self.settings
        blocked = [name for name in ("trading_blocked", "account_blocked") if account.get(name)]
        if blocked:
            raise BrokerError(f"account {account.get('account_number')}: {', '.join(blocked)}; ask the broker why")
        market_now = await self._clock.check()
        await self._rules.refresh_days(market_now)
        core, in_doubt, fresh = await self._open(account, market_now)
        session = self.session = Session(
            core,
            on_request=self._desk.send,
            on_notice=self._note,
            on_broken=self._on_broken,
            wall=settings.clock == "wall",
            group_s=settings.group_ms / 1_000,
            wall_ns=self._wall_ns,
            taps=self.taps,
        )
        self._desk.session = session
        self._name_strategies(session)
        self._take_up_switch(session)
        self._watch_orders()
        if not fresh:
            rows = zip(self.names, core.strategies(), strict=False)
            self._isolated = {name for name, row in rows if not row["is_active"]}
        if (kept := self._kept_limits()) is not None and not fresh:
            if kept != self._risk:
                log.warning("limits that were set while it ran are in force (%s), not those given", LIMITS)
            self._risk = kept
        self._reconciler = Reconciler(
            self._broker,
            self._desk,
            tuple(settings.symbols),
            lambda: self._rules.held(self._baseline, self._event_ns()),
            lambda symbol, here, there: self._rules.explains(symbol, here, there, self._event_ns()),
        )
        since = market_now if fresh else core.status()["now_ns"]
        await self._rules.open(self._folder, since, core, market_now)
        if not fresh:
            await self._take_missed(market_now)
        self._listen_to_orders()
        await self._streams.until_subscribed({"updates"})
        if fresh:
            history = await self._history(market_now)
            begin = market_now if history is None else min(history.start or market_now, market_now)
            session.do(_core.Node.start, begin, session.now_ns())
            session.do(_core.Node.sync, session.now_ns())
            if history is not None:
                session.do(_core.Node.show, history._core, session.now_ns())
        self._rules.announce(session, market_now)
        self._rules.apply(session, market_now)
        comparison = await self._reconcile(in_doubt)
        self._listen_to_data()
        await self._streams.until_subscribed(set(self._channels()))
        state = core.status()["state"]
        if state != "RECONCILING":
            # What an operator or an alarm decided outlives the process.
            log.warning("it was %s and stays so until an operator commands otherwise", state)
        elif comparison.agrees:
            why = f"{comparison.orders} orders and {comparison.fills} fills told by the broker; lease {lease.number}"
            session.do(_core.Node.command, "run", "node", why, session.now_ns())
        self._streams.begin(self._watch())
        self._streams.begin(self._keep_rules())

    async def _take_missed(self, market_now: int) -> None:
        """Let splits and dividends that were missed happen among the fills that were missed, in order of time."""
        session = self._session()
        for moment in self._rules.overdue(session, market_now):
            await self._reconciler.book_until(session, self._asked_since(), moment)
            self._rules.announce(session, moment)

    def _asked_since(self) -> int:
        """When the oldest order that is open was sent."""
        core = self._session().core
        submitted = [order["submitted_ns"] for order in core.orders()]
        return int(min(submitted, default=core.status()["now_ns"])) - MINUTE_NS

    async def _open(
        self, account: Mapping[str, Any], market_now: int
    ) -> tuple[_core.Node, list[tuple[int, str]], bool]:
        settings = self.settings
        journal = self._folder / "journal"
        kinds = [list(settings.kinds)] * len(settings.symbols)
        specs = listed_strategies(self._strategies, None)
        log_settings: dict[str, Any] = {
            "durability": settings.durability,
            "group_ms": settings.group_ms,
            "checkpoint_every": settings.checkpoint_every,
            "snapshot_every": settings.snapshot_every,
            "key": None,
            "follows_data": settings.clock == "data",
            "now_ns": self._wall_ns(),
        }
        if journal.exists() and any(journal.iterdir()):
            down_s = time.time() - max(path.stat().st_mtime for path in journal.iterdir())
            self._baseline = _read_baseline(self._folder / BASELINE)
            core, found = _core.Node.recover(
                str(journal), list(settings.symbols), kinds, specs, added=self._take_up_added(), **log_settings
            )
            counts = [found[name] for name in ("records", "steps", "unsent")]
            log.info("took up %s records, %s steps; %s requests unsent", *counts)
            if down_s > settings.resend_s:
                self._desk.cutoff_ns = core.status()["now_ns"]
            return core, list(found["in_doubt"]), False
        held = positions_of(await self._broker.positions())
        if held and not settings.adopt:
            names = ", ".join(f"{qty} {symbol}" for symbol, qty in held.items())
            raise ConfigError(f"account: holds {names} already; set adopt = true to trade beside it, or close it first")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._baseline = held
        self._rules.applied(market_now)
        write_whole(self._folder / BASELINE, json.dumps({symbol: str(qty) for symbol, qty in held.items()}))
        core = _core.Node.create(
            str(journal),
            list(settings.symbols),
            kinds,
            specs,
            cash=float(account["cash"]),
            risk=self._rules.limits(market_now)._settings(),
            account=self._account._settings(),
            venue=SimVenue(rules="alpaca")._settings(),
            mark="auto",
            max_requests_per_moment=1_000,
            id=list(secrets.token_bytes(16)),
            **log_settings,
        )
        return core, [], True

    async def _history(self, end: int) -> Any:
        """Bars of the minutes before `end`."""
        minutes = self.settings.warmup_minutes
        return await self._fetch("bars", end - minutes * MINUTE_NS, end) if minutes else None

    async def _fetch(self, kind: str, start: int, end: int) -> Any:
        decoder = AlpacaHistoryDecoder(timeframe="1Min", policy={"malformed": "drop"})
        parts = []
        for symbols in (self.settings.stocks, self.settings.crypto):
            if symbols:
                async for page in self._data.history(kind, symbols, start, end, timeframe="1Min"):
                    parts.append(decoder.push(page))
        rows = [part for part in parts if part.count(kind)]
        return sum(rows[1:], rows[0]) if rows else None

    async def reconcile(self) -> Comparison:
        """Compare orders, fills and positions with the broker; a difference leads to SAFE_MODE."""
        return await self._reconcile([])

    async def _reconcile(self, in_doubt: list[tuple[int, str]]) -> Comparison:
        session = self._session()
        async with self._reconciling:
            if self._rules.waiting and self.settings.clock == "data":
                # The venue's clock may be past the ex-date, and nothing has been traded since.
                self._rules.announce(session, await self._clock.check())
            if session.core.orders() or in_doubt:
                comparison = await self._reconciler.run(session, self._asked_since(), in_doubt)
            else:
                comparison = Comparison(0, 0, 0, await self._reconciler.compare(session))
            for _ in range(COMPARISONS):
                if comparison.agrees:
                    break
                # A fill may be on its way: what differs by the same twice differs.
                await asyncio.sleep(1.0)
                before, again = comparison.differences, await self._reconciler.compare(session)
                comparison = replace(comparison, differences=again)
                if any(before.get(symbol) == pair for symbol, pair in again.items()):
                    break
        self.last_comparison = comparison
        self.comparisons += 1
        if not comparison.agrees:
            log.error("positions differ: %s", comparison)
            session.do(_core.Node.alarm, "RECONCILIATION_DIFFERENCE", str(comparison), session.now_ns())
        return comparison

    # --- streams -----------------------------------------------------------------------------------------------------

    def _channels(self) -> dict[str, dict[str, tuple[str, ...]]]:
        settings = self.settings
        channels = {}
        if settings.stocks:
            kinds = [kind for kind in settings.kinds if kind != "orderbooks"]
            channels["stocks"] = {kind: settings.stocks for kind in (*kinds, "statuses", "lulds")}
        if settings.crypto:
            channels["crypto"] = {kind: settings.crypto for kind in settings.kinds}
        return channels

    def _listen_to_orders(self) -> None:
        session = self._session()

        def on_message(message: bytes, received_ns: int) -> None:
            try:
                session.do(_core.Node.on_update, message, session.now_ns())
            except _core.DataError as error:
                log.error("a trade update cannot be read: %s", error)

        self._streams.run(self._broker.updates(on_message, self._streams.on_event))

    def _listen_to_data(self) -> None:
        session = self._session()
        for name, channels in self._channels().items():
            options: dict[str, Any] = {"asset_class": name}
            if name == "stocks" and self.settings.clock == "wall":
                options["market_open"] = lambda: self._rules.days.is_open(self._wall_ns())
            stream = self._data.stream(channels, session.frame, self._streams.on_event, **options)
            self._streams.run(stream, is_data=True)

    async def _fill_gap(self, event: StreamEvent) -> None:
        """Ask for what was missed while a stream was away."""
        if self.session is None:
            return
        session = self.session
        try:
            if event.stream == "updates":
                await self._catch_up()
            elif self.settings.clock == "wall" and event.until_ns - event.since_ns <= self.settings.gap_fill_s * 1e9:
                for kind in self.settings.kinds:
                    if kind != "orderbooks":
                        missed = await self._fetch(kind, event.since_ns + 1, event.until_ns)
                        if missed is not None:
                            session.do(_core.Node.show, missed._core, self._wall_ns())
        except BrokerError as error:
            log.error("%s: the gap cannot be filled: %s", event.stream, error)

    async def _catch_up(self) -> None:
        """Reconcile, however often it takes: without what was missed the node would trade on wrong positions."""
        while True:
            try:
                await self._reconcile([])
                return
            except BrokerError as error:
                log.error("what was missed cannot be asked for: %s; once more in a second", error)
                await asyncio.sleep(1.0)

    # --- while it runs -----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Once a second: is everybody there, are the data fresh, is it time to compare."""
        settings, session = self.settings, self._session()
        compared = time.monotonic()
        while True:
            await asyncio.sleep(1.0)
            session.flush()
            self._streams.forget_ended()
            unsettled, self._desk.unsettled = self._desk.unsettled, set()
            for order in {*session.core.gapped(), *unsettled}:
                self._desk.ask(order)
            running = session.core.status()["state"] in ("RUNNING", "REDUCE_ONLY")
            now = time.monotonic()
            gone = self._streams.away.get("updates")
            if running and gone is not None and now - gone > settings.broker_timeout_s:
                why = f"no trade updates for {now - gone:.0f} s"
                session.do(_core.Node.alarm, "BROKER_DISCONNECTED", why, session.now_ns())
            age = (self._wall_ns() - session.last_data_ns) / 1e9
            if running and session.last_data_ns and self._is_stale(age):
                why = f"no data for {age:.0f} s while the market is open"
                session.do(_core.Node.alarm, "STALE_DATA", why, session.now_ns())
            if running and await self._clock.is_still_skewed():
                why = f"this machine is {self._clock.skew_s:.1f} s off the broker's clock"
                session.do(_core.Node.alarm, "CLOCK_SKEW", why, session.now_ns())
            if settings.reconcile_every_s and now - compared > settings.reconcile_every_s and not self._desk.open:
                compared = now
                try:
                    await self._reconcile([])
                    await self._clock.compare()
                except BrokerError as error:
                    log.warning("cannot compare with the broker: %s", error)

    async def _keep_rules(self) -> None:
        """Once a second, and apart from what must not wait for an answer: sessions and corporate actions."""
        while True:
            await asyncio.sleep(1.0)
            await self._rules.keep(self._session(), self._event_ns())

    def _note(self, notice: dict[str, Any]) -> None:
        self.noticed += 1
        notice["number"] = self.noticed
        self.notices.append(notice)
        if notice["kind"] == "fault" and notice["is_isolated"]:
            self._isolated.add(self.names[notice["strategy"]])
        level = {"refusal": logging.WARNING, "fault": logging.ERROR, "anomaly": logging.ERROR}.get(notice["kind"])
        self._log_notice(level or logging.INFO, notice)
        for listener in self.listeners:
            listener(notice)

    def _log_notice(self, level: int, notice: dict[str, Any]) -> None:
        if not log.isEnabledFor(level):
            return
        fields = {name: value for name, value in notice.items() if name not in ("number", "strategy")}
        if "strategy" in notice:
            fields["strategy"] = self.names[notice["strategy"]]
        text = ", ".join(f"{name} {value}" for name, value in fields.items() if name not in ("kind", "at_ns"))
        if "order" in notice:
            fields |= self._desk.trail.of(notice["order"])
            if "tick_ns" not in fields and (order := self.order(notice["order"])) is not None:
                # It was never sent, or by a run before this one.
                fields |= {"client_order_id": order["client_order_id"], "tick_ns": order["submitted_ns"]}
        log.log(level, "%s: %s", notice["kind"], text, extra=logs.fields({"notice": notice["number"], **fields}))

    def _on_broken(self, error: Exception) -> None:
        log.critical("the journal takes nothing more: %s", error)
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self.stop(f"failed: {error}")

    # --- stop --------------------------------------------------------------------------------------------------------

    async def _wind_down(self, reason: str) -> None:
        session = self._session()
        if session.broken is not None:
            return
        policy, was = self._on_stop, session.core.status()["state"]
        if policy == "flatten":
            self.command("flatten", by="node", why=reason)
            await self._settled(lambda: not session.core.orders() and self._is_flat(), 10.0)
            if was in ("RUNNING", "RECONCILING") and self._is_flat():
                # Its own end is no reason not to trade at the next start; what an operator or an alarm decided is.
                self.command("reconcile", by="node", why=reason)
        elif policy == "cancel":
            self.command("cancel_all", by="node", why=reason)
            await self._settled(lambda: not session.core.orders(), 10.0)
        await self._streams.close_data()  # else strategies would go on to order after their end
        session.do(_core.Node.stop, session.now_ns())
        session.do(_core.Node.sync, session.now_ns())
        await self._desk.drain(5.0)

    def _is_flat(self) -> bool:
        return all(Decimal(position["qty"]) == 0 for position in self._session().core.positions())

    async def _settled(self, done: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not done() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        if not done():
            log.error("orders or positions are still open after %s s", timeout_s)

    async def _close(self) -> None:
        self._desk.close()
        await self._streams.close()
        if self.session is not None:
            self.session.cancel_timers()
            self._final = self.status()
            if self.session.broken is None:
                self.session.core.close()
        await self._broker.close()
        await self._data.close()


def _read_baseline(path: Path) -> dict[str, Decimal]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: is missing; it belongs to the journal beside it") from None
    return {symbol: Decimal(qty) for symbol, qty in found.items()}
