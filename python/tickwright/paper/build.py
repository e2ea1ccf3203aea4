"""From a checked configuration to all parts of the server, in the order in which they can fail cheapest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickwright import _core
from tickwright.data import MarketData, nanoseconds
from tickwright.errors import ConfigError
from tickwright.paper.app import PaperApp
from tickwright.paper.assets import TEST_SYMBOL, Assets
from tickwright.paper.auth import Keys
from tickwright.paper.clock import VirtualClock
from tickwright.paper.control import control_routes
from tickwright.paper.faults import FaultScript
from tickwright.paper.history import History
from tickwright.paper.limits import RateLimit
from tickwright.paper.market import Market
from tickwright.paper.market_stream import MarketHub
from tickwright.paper.reference import routes
from tickwright.paper.sessions import Calendar, nyse
from tickwright.paper.tape import Tape
from tickwright.paper.trade_stream import TradeHub

if TYPE_CHECKING:
    from tickwright.config import Config
    from tickwright.paper.settings import PaperConfig

__all__ = ["Parts", "build", "load_market"]

DAY_NS = 86_400 * 1_000_000_000
BEFORE_NS, AFTER_NS = 14 * DAY_NS, 400 * DAY_NS
FEES = {"none": "free", "alpaca": "alpaca"}

Abort = Callable[[tuple[str, int] | None], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running server is made of."""

    app: PaperApp
    market: Market
    streams: MarketHub
    trades: TradeHub
    recovered: bool


def load_market(config: Config) -> MarketData | None:
    """Read or make the market that `[paper.market]` names; None for a live one."""
    import tickwright as tw

    market = config.paper.market
    if market.source == "live":
        return None
    if market.source == "synthetic":
        return tw.feeds.synthetic(
            seed=market.seed,
            symbols=market.symbols or None,
            date=market.date,
            days=market.days,
            events_scale=market.scale,
        )
    if market.source == "orders":
        symbols: Any = market.prices or market.symbols or ("LARG", "SMAL")
        return tw.feeds.market(
            seed=market.seed, symbols=symbols, date=market.date, seconds=market.seconds, pace=market.scale
        )
    from tickwright.cli.market import find_sources, load_data

    data = config.data
    return load_data(
        find_sources(data.paths, data.symbols),
        symbols=data.symbols,
        adjust=data.adjust,
        actions=data.actions,
        policy=data.policy,
        bar_interval=data.bar_interval,
        bar_time=data.bar_time,
        timezone=data.timezone,
    )


def build(config: Config, data: MarketData | None, abort: Abort) -> Parts:
    """Make all parts.

    Parameters
    ----------
    config : Config
        The whole configuration.
    data : MarketData or None
        The recorded market.
    abort : callable
        Cuts the connection from an address.

    Raises
    ------
    ConfigError
        The settings do not fit one another, or not the journal.
    """
    paper = config.paper
    calendar = nyse()
    symbols = list(paper.market.symbols) if data is None else data.symbols
    assets = Assets([*symbols, *([TEST_SYMBOL] if data is None else [])], paper.assets)
    first_ns = time.time_ns() if data is None or data.start is None else data.start - 1
    start_ns = first_ns if paper.start is None else nanoseconds(paper.start, "paper.start")
    end_ns = max(first_ns if data is None or data.end is None else data.end, start_ns)
    made = _settings(paper, assets, data, calendar, min(first_ns, start_ns), end_ns)
    venue, recovered = _venue(paper, made)
    clock = VirtualClock(venue.now_ns if recovered else start_ns, 1.0 if data is None else paper.speed)
    if recovered and data is None:
        clock.reach(time.time_ns())

    def now_ns() -> int:
        return max(clock.now_ns, market.at_ns)

    keys = Keys(paper.accounts)
    faults = FaultScript(paper.faults, paper.seed)
    streams = MarketHub(
        keys,
        [frozenset(account.feeds) for account in paper.accounts],
        faults,
        now_ns,
        auth_timeout_s=paper.auth_timeout_s,
        frames_max=paper.queue_frames,
        iex_symbols=paper.iex_symbols,
    )
    binary = paper.trade_updates == "binary"
    trades = TradeHub(keys, faults, now_ns, binary=binary, frames_max=paper.queue_frames)
    tape = Tape(data if data is not None else MarketData.merge([]))
    if not recovered and data is not None and start_ns > first_ns:
        rows = _core.MarketRows(data._core)
        venue.market(rows, 0, rows.find(start_ns))  # prices that stand when the clock begins
    tapes = {symbol: letter for symbol, letter in assets.tapes().items() if letter}
    market = Market(venue, clock, data, tape, calendar, streams, trades, faults, paper, tapes)
    streams.on_subscribe = lambda session: market.begin()
    trades.on_listen = market.begin
    history = History(tape, assets, calendar)
    app = PaperApp(
        market,
        keys,
        RateLimit(paper.requests_per_minute, accounts=len(paper.accounts)),
        RateLimit(paper.data_requests_per_minute, accounts=len(paper.accounts)),
        faults,
        streams,
        trades,
        routes(clock, calendar, assets, history),
        control_routes(market, faults, streams, trades),
        abort,
    )
    return Parts(app, market, streams, trades, recovered)


def _settings(
    paper: PaperConfig, assets: Assets, data: MarketData | None, calendar: Calendar, start_ns: int, end_ns: int
) -> dict[str, Any]:
    """Make the settings of the venue, as its constructor takes them."""
    kinds: dict[str, list[str]] = {} if data is None else _core.MarketRows(data._core).kinds
    days = [s for s in calendar.sessions if start_ns - BEFORE_NS <= s.open_ns <= end_ns + AFTER_NS]
    return {
        "start_ns": start_ns,
        "seed": paper.seed,
        "matching": paper.matching,
        "latency_ns": int(paper.latency_ms * 1e6),
        "fees": FEES[paper.fees],
        "symbols": [{**asset, "data": _kinds(kinds.get(asset["symbol"], []))} for asset in assets.venue()],
        "accounts": [
            {
                "id": str(account.id),
                "account_number": account.number,
                "cash": f"{account.cash:.2f}",
                "created_at_ns": start_ns,
                "multiplier": account.multiplier,
                "shorting": account.shorting,
            }
            for account in paper.accounts
        ],
        "sessions": [[s.early_ns, s.open_ns, s.close_ns, s.late_ns] for s in days],
    }


def _kinds(found: list[str]) -> list[str]:
    """Kinds of data that the venue is to expect: bars alone where there is nothing else."""
    return ["bars"] if found == ["bars"] else sorted({*found, "quotes", "trades"})


def _venue(paper: PaperConfig, settings: dict[str, Any]) -> tuple[_core.PaperVenue, bool]:
    """Make the venue, or bring it back as its journal says; whether the latter."""
    text = json.dumps(settings)
    if paper.journal is None:
        return _core.PaperVenue(text), False
    folder = Path(paper.journal)
    note, records = folder / "paper.json", folder / "venue"
    identity = {
        "accounts": [account["id"] for account in settings["accounts"]],
        "symbols": sorted(symbol["symbol"] for symbol in settings["symbols"]),
    }
    if note.exists():
        kept = json.loads(note.read_text(encoding="utf-8"))
        for name, value in identity.items():
            if kept.get(name) != value:
                raise ConfigError(
                    f"{folder}: the journal was kept with other {name}; give those again, or another folder"
                )
        return _core.PaperVenue.recover(str(records), durability=paper.durability), True
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ConfigError(f"{folder}: holds files that are no journal of the paper venue; give an empty folder")
    venue = _core.PaperVenue(text, str(records), durability=paper.durability)
    # Written last: a crash before leaves a folder that says it is no journal, not one that is half of one.
    partial = note.with_suffix(".partial")
    partial.write_text(json.dumps(identity), encoding="utf-8")
    partial.replace(note)
    return venue, False
