"""What changes from day to day: sessions and corporate actions, and the limits that follow from them."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tickwright import _core
from tickwright.adapters import Broker, MarketData
from tickwright.adapters.alpaca import Announcement, TradingDays, announcements
from tickwright.errors import BrokerError, ConfigError
from tickwright.limits import Limits, RiskLimits
from tickwright.live.announced import Announced
from tickwright.live.core import Session
from tickwright.live.settings import NodeSettings

__all__ = ["MarketRules"]

log = logging.getLogger(__name__)

NEW_YORK = ZoneInfo("America/New_York")
DAY_NS = 86_400 * 1_000_000_000
#: The calendar is asked for again once less than this is left of it.
LEFT_NS = 7 * DAY_NS
DAYS_BEFORE, DAYS_AHEAD = 4, 35
#: Corporate actions are asked for once a day, before the first session.
ASKED_AT = dt.time(3, 30)
#: Alpaca lists a dividend by the day on which it is paid, weeks after its ex-date.
ACTIONS_BEFORE, ACTIONS_AHEAD = dt.timedelta(days=14), dt.timedelta(days=120)
RETRY_S = 60.0
FILE = "actions.json"

Traded = Callable[[], Mapping[str, int]]


class MarketRules:
    """Sessions and corporate actions of what a node trades.

    Parameters
    ----------
    broker, data
        Who knows the calendar, and who the corporate actions.
    settings
        What is traded.
    risk
        Gives the limits as they are set.
    tell
        Given each notice: actions that were announced, and symbols that are stopped.
    """

    def __init__(
        self,
        broker: Broker,
        data: MarketData,
        settings: NodeSettings,
        risk: Callable[[], RiskLimits],
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self._broker, self._data, self._settings, self._risk, self._tell = broker, data, settings, risk, tell
        self.days = TradingDays(())
        self.announced: Announced | None = None
        self.waiting = 0
        """Corporate actions whose time is still to come."""
        self._ask_ns = 0
        self._retry = 0.0
        self._applied: tuple[Any, ...] | None = None

    # --- sessions ----------------------------------------------------------------------------------------------------

    async def refresh_days(self, now_ns: int) -> None:
        """Ask for the calendar where less than a week of it is left."""
        if not self._settings.stocks or (len(self.days) and self.days[-1].close_ns - now_ns > LEFT_NS):
            return
        today = _date(now_ns)
        before, ahead = dt.timedelta(days=DAYS_BEFORE), dt.timedelta(days=DAYS_AHEAD)
        found = TradingDays.of(await self._broker.calendar(today - before, today + ahead))
        if not len(found):
            raise BrokerError(f"calendar: the broker knows no trading day around {today}")
        self.days = found

    def limits(self, now_ns: int, given: RiskLimits | None = None) -> RiskLimits:
        """Give `given`, else the limits as set, with the sessions of the calendar, and without what is stopped."""
        limits = given or self._risk()
        if self._settings.sessions and limits.calendar is None and len(self.days):
            days = [(day.premarket_ns, day.open_ns, day.close_ns, day.postmarket_ns) for day in self.days]
            limits = replace(limits, calendar=days)
        for symbol in self.stops(now_ns):
            one = replace(limits.instruments.get(symbol, Limits()), restricted=True)
            limits = replace(limits, instruments={**limits.instruments, symbol: one})
        return limits

    def applied(self, now_ns: int) -> None:
        """Remember that `limits` of this moment are in force."""
        self._applied = self._state(now_ns)

    def _state(self, now_ns: int) -> tuple[Any, ...]:
        last = self.days[-1].close_ns if len(self.days) else 0
        return (last, tuple(sorted(self.stops(now_ns))))

    def apply(self, session: Session, now_ns: int, *, by: str = "node") -> None:
        """Put the limits in force, where they are others than before."""
        state = self._state(now_ns)
        if state == self._applied:
            return
        before = set() if self._applied is None else set(self._applied[1])
        session.do(_core.Node.set_limits, self.limits(now_ns)._settings(), by, session.now_ns())
        self._applied = state
        for symbol, why in self.stops(now_ns).items():
            if symbol not in before:
                self._tell({"kind": "stopped", "at_ns": now_ns, "symbol": symbol, "why": why})

    # --- corporate actions -------------------------------------------------------------------------------------------

    @property
    def _asks(self) -> bool:
        return self._settings.actions and bool(self._settings.stocks)

    async def open(self, folder: Path, since_ns: int, core: _core.Node, now_ns: int) -> None:
        """Read what was known of corporate actions, and ask; `since_ns` is when positions began to be followed."""
        self.announced = Announced(folder / FILE, since_ns)
        try:
            await self.ask(core, now_ns)
        except BrokerError as error:
            # A split that is missed makes positions differ, which stops trading by itself.
            self._failed(error)

    async def ask(self, core: _core.Node, now_ns: int) -> None:
        """Ask for what is announced, and keep it."""
        if self.announced is None or not self._asks:
            return
        today = _date(now_ns)
        start = min(today, max(self.announced.asked, _date(self.announced.since_ns))) - ACTIONS_BEFORE
        told: list[Announcement] = []
        symbols = self._settings.stocks
        async for page in self._data.corporate_actions(symbols, start.isoformat(), (today + ACTIONS_AHEAD).isoformat()):
            told += [action for action in announcements(page) if action.symbol in symbols]
        fresh = self.announced.learn(told, today, now_ns, _traded(core))
        self.announced.save()
        self._ask_ns = _next_ask(now_ns)
        for action in fresh:
            self._tell({"kind": "action", "at_ns": now_ns, "symbol": action.symbol, "why": str(action)})

    def announce(self, session: Session, until_ns: int) -> None:
        """Tell the engine of splits and dividends; those due by `until_ns` take effect."""
        if self.announced is not None and self._asks:
            told = self.announced.data()._core
            self.waiting = session.do(_core.Node.announce, told, until_ns, session.now_ns()) or 0

    def overdue(self, session: Session, now_ns: int) -> list[int]:
        """Moments up to `now_ns` of splits and dividends, where any of them was missed."""
        if self.announced is None or not self._asks:
            return []
        due = self.announced.data(now_ns)._core
        missed = session.do(_core.Node.announce, due, 0, session.now_ns())
        return self.announced.due(now_ns) if missed else []

    def stops(self, now_ns: int) -> dict[str, str]:
        """Symbols that take no orders until the operator accepts what happened to them, and why."""
        return {} if self.announced is None else self.announced.stops(now_ns)

    def accept(self, session: Session, symbol: str, now_ns: int, *, by: str, why: str) -> None:
        """Let a symbol be traded again."""
        what = [] if self.announced is None else self.announced.accept(symbol, now_ns)
        if not what or self.announced is None:
            stopped = ", ".join(self.stops(now_ns)) or "none"
            raise ConfigError(f"accept: {symbol} is not stopped by a corporate action; stopped are: {stopped}")
        self.announced.save()
        self.apply(session, now_ns, by=by)
        self._tell({"kind": "accepted", "at_ns": now_ns, "symbol": symbol, "by": by, "why": why or "; ".join(what)})

    def held(self, baseline: Mapping[str, Decimal], now_ns: int) -> Mapping[str, Decimal]:
        """Positions that the account had before, after the splits since."""
        if self.announced is None:
            return baseline
        return self.announced.scaled(baseline, self.announced.since_ns, now_ns)

    def explains(self, symbol: str, here: Decimal, there: Decimal, now_ns: int) -> bool:
        """Whether positions differ by a split that one side has not booked yet."""
        found = self.announced is not None and self.announced.is_settling(symbol, here, there, now_ns)
        if found:
            log.warning("%s: %s here, %s at the broker, while a split is being booked", symbol, here, there)
        return found

    # --- from day to day ---------------------------------------------------------------------------------------------

    async def keep(self, session: Session, now_ns: int) -> None:
        """Once a second: ask again for what is running out, and put in force what changed."""
        if time.monotonic() >= self._retry:
            try:
                await self.refresh_days(now_ns)
                if self._asks and now_ns >= self._ask_ns:
                    await self.ask(session.core, now_ns)
                    self.announce(session, now_ns)
            except BrokerError as error:
                self._failed(error)
        self.apply(session, now_ns)

    def _failed(self, error: BrokerError) -> None:
        self._retry = time.monotonic() + RETRY_S
        log.error("the calendar or corporate actions cannot be asked for: %s", error)


def _date(ns: int) -> dt.date:
    return dt.datetime.fromtimestamp(ns // 1_000_000_000, NEW_YORK).date()


def _next_ask(now_ns: int) -> int:
    now = dt.datetime.fromtimestamp(now_ns // 1_000_000_000, NEW_YORK)
    day = now.date() if now.time() < ASKED_AT else now.date() + dt.timedelta(days=1)
    return int(dt.datetime.combine(day, ASKED_AT, NEW_YORK).timestamp()) * 1_000_000_000


def _traded(core: _core.Node) -> dict[str, int]:
    """When each symbol was last traded, ns since the epoch."""
    last: dict[str, int] = {}
    for order in core.orders(open_only=False):
        if Decimal(order["filled"]) > 0:
            last[order["symbol"]] = max(last.get(order["symbol"], 0), order["updated_ns"])
    return last
