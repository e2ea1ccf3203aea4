"""Backtests: strategies over market data, through risk and a simulated venue.

>>> import tickwright as tw
>>> from tickwright import signal as s
>>> fast, slow = s.ema(s.close, 10), s.ema(s.close, 30)
>>> rule = tw.Rules(entry=s.cross_above(fast, slow), exit=s.cross_below(fast, slow), size=tw.Fraction(0.2), bars="1m")
>>> result = tw.backtest(rule, tw.feeds.synthetic(seed=7, symbols=["ALFA"]), cash=100_000)
>>> result.stats["start_equity"]
100000.0
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tickwright import _core
from tickwright._settings import checked, duration, whole
from tickwright.account import Account
from tickwright.data import MarketData, nanoseconds
from tickwright.errors import ConfigError, DataError
from tickwright.fees import Bps, Fees, PerShare, Regulatory, Tiered
from tickwright.limits import RiskLimits
from tickwright.models import Almgren, Empirical, LogNormal, PowerQueue, SquareRoot
from tickwright.quoting import Quoting
from tickwright.rules import Rules
from tickwright.strategy import Strategy

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Result", "RiskLimits", "SimVenue", "backtest"]

Progress: TypeAlias = Callable[[int, int, int], None]
QueueName: TypeAlias = Literal["behind", "front", "conservative", "proportional", "logarithmic", "exact"]
Moment: TypeAlias = "int | str | dt.date | dt.datetime | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimVenue:
    """The simulated venue. docs/venue.md says which data fill which orders, and at what price."""

    latency_ms: float = 0.0
    """Milliseconds from the strategy to the venue."""
    report_latency_ms: float | None = None
    """Milliseconds from the venue back; None takes `latency_ms`."""
    latency_jitter_ms: float = 0.0
    """Most milliseconds added at random, either way."""
    seed: int = 0
    """Seed of the jitter."""
    fees: Fees = None
    """Commission: :class:`tickwright.fees.PerShare`, :class:`tickwright.fees.Bps`, or None."""
    slippage_bps: float = 0.0
    """Basis points by which the price is worse when an order takes liquidity."""
    liquidity: Literal["quoted", "unlimited"] = "quoted"
    """Fill up to the quoted, printed or traded size, or any size."""
    queue: QueueName | PowerQueue = "behind"
    """When a resting limit fills against trades and bars: when they trade through its price, or at it. With
    ``matching="book"`` also by its place in the queue: ``"conservative"``, ``"proportional"``, ``"logarithmic"``,
    :class:`tickwright.models.PowerQueue`, or ``"exact"`` on a book of orders."""
    stop_trigger: Literal["trade", "quote"] = "trade"
    """What sets off a stop: trades (else bars, else quotes), or always quotes."""
    dividends: Literal["cash", "reinvest"] = "cash"
    """What becomes of a dividend."""
    matching: Literal["touch", "book"] = "touch"
    """Match with the best bid and ask, or with the levels of the book where the data have its changes."""
    latency_model: LogNormal | Empirical | None = None
    """Extra time of each message, besides the jitter."""
    impact: SquareRoot | Almgren | None = None
    """How the price gets worse with the size that an order takes."""
    participation: float = 1.0
    """Part of a shown size that we may have, above 0 and at most 1."""
    sessions: Literal["continuous", "us_equity"] = "continuous"
    """Trade whenever there are data, or from 9:30 to 16:00 in New York (4:00 to 20:00 for extended hours)."""
    stop_buy: Literal["market", "collared"] = "market"
    """What a stop buy becomes: a market order, or as at Alpaca a limit order 4 % (2.5 % from 50 dollars) above it."""
    halts: Literal["respect", "ignore"] = "respect"
    """Whether halts and pauses of the data stop trading."""
    borrow_available: float | None = None
    """Shares of each symbol that can be sold short; None for any number."""
    splits: Literal["cancel", "adjust"] = "cancel"
    """What a split does to resting orders until canceled."""
    dividend_orders: Literal["keep", "reduce"] = "keep"
    """What a dividend does to buy limits and sell stops until canceled."""
    rules: Literal["any", "alpaca"] = "any"
    """Whose rules on orders are kept besides those of every order."""

    def _settings(self) -> dict[str, Any]:
        settings = {f: getattr(self, f) for f in self.__slots__}
        match self.fees:
            case None:
                settings["fees"] = ("free", 0.0, 0.0)
            case PerShare(rate, minimum):
                settings["fees"] = ("per_share", float(rate), float(minimum))
            case Bps(rate):
                settings["fees"] = ("bps", float(rate), 0.0)
            case Tiered(tiers, minimum):
                settings["fees"] = ("tiered", 0.0, float(minimum))
                settings["fee_tiers"] = [(float(start), float(rate)) for start, rate in tiers]
            case Regulatory(sec, taf, cap, cat):
                settings["fees"] = ("regulatory", 0.0, 0.0)
                settings["fee_rates"] = [float(sec), float(taf), float(cap), float(cat)]
            case other:
                raise ConfigError(
                    f"venue.fees: {other!r} is no fee model; give fees.PerShare(0.005, minimum=1.0), fees.Bps(1.0) or "
                    "None"
                )
        settings.update(self._models())
        return settings

    def _models(self) -> dict[str, Any]:
        models: dict[str, Any] = {"latency_model": None, "impact": None}
        match self.latency_model:
            case LogNormal(median_ms, sigma):
                models["latency_model"] = ("log_normal", [float(median_ms), float(sigma)])
            case Empirical(times_ms):
                models["latency_model"] = ("empirical", [float(t) for t in times_ms])
            case None:
                pass
            case other:
                raise ConfigError(f"venue.latency_model: {other!r} is none; give models.LogNormal(2.0, 0.5) or None")
        match self.impact:
            case SquareRoot(volatility, volume, coefficient):
                models["impact"] = ("square_root", [float(coefficient), float(volatility), float(volume)])
            case Almgren(volatility, volume, duration, gamma, eta):
                numbers = (gamma, eta, volatility, volume, duration)
                models["impact"] = ("almgren", [float(x) for x in numbers])
            case None:
                pass
            case other:
                raise ConfigError(f"venue.impact: {other!r} is none; give models.SquareRoot(0.02, 1e6) or None")
        if isinstance(self.queue, PowerQueue):
            models |= {"queue": "behind", "queue_power": float(self.queue.n)}
        return models


_TIME_COLUMNS = frozenset({"ts", "recv", "submitted", "updated", "opened", "closed"})
_NULLABLE = frozenset(
    {"limit_price", "stop_price", "avg_price", "price", "trail_price", "trail_percent", "hwm", "notional"}
)


class Result:
    """What a backtest gives: statistics, and tables as pyarrow (``.to_pandas()`` on any of them).

    Times are UTC timestamps of nanoseconds, amounts float64 dollars nearest to the exact figure.
    """

    def __init__(self, core: _core.RunResult, data_report: dict[str, Any], meta: dict[str, Any]) -> None:
        self._core = core
        self.data_report = data_report
        """What the feeds saw and dropped."""
        self.meta = meta
        """Strategies, symbols, start, end, events and wall seconds of the run."""

    def _table(self, name: str) -> pa.Table:
        import numpy as np
        import pyarrow as pa

        arrays: dict[str, Any] = {}
        for column, values in self._core.table(name).items():
            if isinstance(values, tuple):
                codes, categories = values
                array = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(categories, pa.string()))
                if column == "reason":
                    array = pa.array([text or None for text in array.to_pylist()], pa.string()).dictionary_encode()
            elif column in _TIME_COLUMNS:
                array = pa.array(values.view("M8[ns]")).cast(pa.timestamp("ns", tz="UTC"))
            elif column in _NULLABLE and name != "marks":
                array = pa.array(values, mask=np.isnan(values))
            else:
                if isinstance(values, list):
                    # An empty client_order_id stands for none.
                    texts = [text or None for text in values] if column == "client_order_id" else values
                    array = pa.array(texts, pa.string())
                else:
                    array = pa.array(values)
            arrays[column] = array
        return pa.table(arrays)

    @cached_property
    def orders(self) -> pa.Table:
        """All orders, refused ones included, in order of id."""
        return self._table("orders")

    @cached_property
    def fills(self) -> pa.Table:
        """All fills, in order of booking."""
        return self._table("fills")

    @cached_property
    def positions(self) -> pa.Table:
        """Positions at the end, closed ones included, by symbol and strategy."""
        return self._table("positions")

    @cached_property
    def equity(self) -> pa.Table:
        """The equity curve: the last state of each interval of `equity_every`."""
        return self._table("equity")

    @cached_property
    def refusals(self) -> pa.Table:
        """Orders that the risk checks refused: code and figures."""
        return self._table("refusals")

    @cached_property
    def marks(self) -> pa.Table:
        """Marks of the symbols along the equity curve."""
        return self._table("marks")

    @cached_property
    def trips(self) -> pa.Table:
        """Round trips from flat to flat."""
        return self._table("trips")

    @cached_property
    def stats(self) -> dict[str, float | int | None]:
        """Statistics by name; docs/statistics.md has their formulas. None stands for "undefined"."""
        whole = {"orders", "fills", "refusals", "trades", "periods", "max_drawdown_duration_ns"}
        stats = {k: int(v) if k in whole and v is not None else v for k, v in self._core.stats().items()}
        return {**stats, "events": self._core.events}

    @property
    def states(self) -> list[tuple[int, str, str]]:
        """Changes of the engine's state: (time in ns, state, why)."""
        return self._core.states

    @cached_property
    def risk_counters(self) -> dict[tuple[str, str], int]:
        """Refusals of the risk checks by code and scope; ``("PASSED", "account")`` are the orders that passed."""
        refused, passed = self._core.risk_counters()
        return {("PASSED", "account"): passed, **{(code, scope): n for code, scope, n in refused}}

    @cached_property
    def account(self) -> dict[str, Any]:
        """The account at the end: interest and borrow costs, and of a cash or margin account its figures."""
        return self._core.account()

    @property
    def end_equity(self) -> Decimal:
        """Equity at the end, exact."""
        return Decimal(self._core.end_equity)

    @property
    def digest(self) -> str:
        """BLAKE3 of all orders, fills, refusals and equity points: equal for equal runs."""
        return self._core.digest

    @property
    def state_hash(self) -> str | None:
        """BLAKE3 of the engine's whole state at the end where the run was recorded: what a replay gives."""
        return self._core.state_hash

    def report(self, path: str | Path = "report.html") -> Path:
        """Write the report as one HTML file that needs nothing else, and give its path."""
        from tickwright.report import write_report

        return write_report(self, path)

    def save(self, out: str | Path) -> Path:
        """Write all tables as Parquet, statistics as JSON and the report into the folder `out`, whole or not at all."""
        from tickwright.output import save

        return save(self, out)

    def __repr__(self) -> str:
        stats = self.stats
        change = stats["total_return"]
        percent = "" if change is None else f" ({change:+.3%})"
        return (
            f"Result({', '.join(self.meta['strategies'])}: "
            f"{stats['start_equity']:,.2f} → {stats['end_equity']:,.2f}{percent}, {stats['orders']} orders, "
            f"{stats['fills']} fills, {stats['refusals']} refusals, {stats['events']:,} events)"
        )


def backtest(
    strategy: Strategy | Rules | Quoting | Sequence[Strategy | Rules | Quoting],
    data: MarketData | Iterable[MarketData],
    *,
    cash: float = 100_000,
    risk: RiskLimits | None = None,
    account: Account | None = None,
    venue: SimVenue | None = None,
    start: Moment = None,
    end: Moment = None,
    equity_every: str = "1m",
    mark: Literal["auto", "last"] = "auto",
    bars: str | None = None,
    max_requests_per_moment: int = 100_000,
    progress: Progress | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Result:
    """Run one or several strategies over market data.

    Parameters
    ----------
    strategy : Strategy, Rules, Quoting, or a sequence of them
        What to run; several share the account, each with its own positions.
    data : MarketData or an iterable of them
        From :mod:`tickwright.feeds`; several are merged by time.
    cash : float
        Dollars at the start, above 0.
    risk : RiskLimits, optional
        Limits; the default allows twice the equity.
    account : Account, optional
        Kind of account: cash, margin, or the default, which ``risk.max_leverage`` alone limits.
    venue : SimVenue, optional
        Latency, fees, slippage, liquidity; the default has none of the first three.
    start, end : int, str, date or datetime, optional
        Events from `start` on and before `end`; text is ISO 8601, what has no zone is UTC, an int is nanoseconds.
    equity_every : str
        Step of the equity curve, such as ``"1s"``, ``"1m"``, ``"1d"``.
    mark : {"auto", "last"}
        Value positions at the mid where there is a two-sided quote, else at the last trade or bar; or always at the
        last.
    bars : str, optional
        Bars for `Rules` that name none themselves, such as ``"1m"``.
    max_requests_per_moment : int
        Requests at one moment of event time after which a strategy is taken to loop over its own orders.
    progress : callable, optional
        Called now and then with events done, events in all, and event time in nanoseconds.
    journal : path, optional
        Folder to record the run in, which must hold no journal yet: every event, report, wish and order, chained by
        hash. :func:`tickwright.journal.replay` gives the same state from it, without the strategies.

    Returns
    -------
    Result
        Statistics and tables.

    Raises
    ------
    ConfigError, DataError
        Before the run starts, with what is wrong and what would be right.
    StrategyError
        When a strategy raised, returned something, or loops over its own orders.
    JournalError
        When `journal` cannot be written, or a journal is there already.
    """
    merged = _merged(data)
    strategies = listed_strategies(strategy, bars)
    if mark not in ("auto", "last"):
        raise ConfigError(f"mark: {mark!r} is not known; use auto or last")
    begin, until = _nanoseconds("start", start), _nanoseconds("end", end)
    limits = RiskLimits() if risk is None else risk
    sim = SimVenue() if venue is None else venue
    if not isinstance(limits, RiskLimits):
        raise ConfigError(f"risk: {type(limits).__name__} is no RiskLimits; give RiskLimits(max_order_notional=25_000)")
    books = Account() if account is None else account
    if not isinstance(books, Account):
        raise ConfigError(f"account: {type(books).__name__} is no Account; give Account.margin()")
    if not isinstance(sim, SimVenue):
        raise ConfigError(f"venue: {type(sim).__name__} is no SimVenue; give SimVenue(latency_ms=40)")
    whole("max_requests_per_moment", max_requests_per_moment, 1, 2**32)
    if progress is not None and not callable(progress):
        raise ConfigError(f"progress: {progress!r} cannot be called; give a function of events done, in all, and time")
    began = time.perf_counter()
    core = _core.run_backtest(
        merged._core,
        strategies,
        cash=_dollars(cash),
        risk=limits._settings(),
        account=books._settings(),
        venue=checked("venue", sim._settings()),
        mark=mark,
        start=begin,
        end=until,
        equity_every_ns=duration("equity_every", equity_every),
        max_requests_per_moment=max_requests_per_moment,
        progress=progress,
        journal=None if journal is None else os.fspath(journal),
    )
    wall = time.perf_counter() - began
    first, last = merged.start, merged.end
    if first is not None and begin is not None:
        first = max(first, begin)
    if last is not None and until is not None:
        last = min(last, until)
    meta = {
        "strategies": core.strategies,
        "symbols": core.symbols,
        "start": first,
        "end": last,
        "events": core.events,
        "wall_seconds": wall,
    }
    return Result(core, dict(merged.report), meta)


def _dollars(cash: object) -> float:
    if isinstance(cash, bool) or not isinstance(cash, (int, float)):
        raise ConfigError(f"cash: {cash!r} is no number of dollars")
    if not 0 < cash <= 1e20:
        raise ConfigError(f"cash: {cash!r} is no account; give dollars above 0 and at most 1e20")
    return float(cash)


def _merged(data: MarketData | Iterable[MarketData]) -> MarketData:
    if isinstance(data, (str, Mapping)) or not isinstance(data, (MarketData, Iterable)):
        raise DataError(
            f"data: {type(data).__name__} is no market data; read it first, with tickwright.feeds.read(…) or "
            "tickwright.feeds.table(…)"
        )
    parts = [data] if isinstance(data, MarketData) else list(data)
    for part in parts:
        if not isinstance(part, MarketData):
            raise DataError(
                f"data: {type(part).__name__} is no market data; read it first, with tickwright.feeds.read(…) or "
                "tickwright.feeds.table(…)"
            )
    if not parts:
        raise DataError("data: nothing was given; read some with tickwright.feeds")
    return parts[0] if len(parts) == 1 else MarketData.merge(parts)


def listed_strategies(
    strategy: Strategy | Rules | Quoting | Sequence[Strategy | Rules | Quoting], bars: str | None
) -> list[Any]:
    """Strategies as the core takes them; `bars` is for rules that name none."""
    chosen = list(strategy) if isinstance(strategy, (list, tuple)) else [strategy]
    if not chosen:
        raise ConfigError("strategy: the list is empty; give at least one")
    listed: list[Any] = []
    for one in chosen:
        if isinstance(one, Quoting):
            listed.append(one.to_spec())
        elif isinstance(one, Rules):
            spec = one.to_spec()
            if bars is not None and spec["bars"] is None and spec["on"] in ("auto", "bar"):
                spec["bars"] = bars
            listed.append(spec)
        elif isinstance(one, Strategy):
            if any(one is earlier for earlier in chosen[: len(listed)]):
                raise ConfigError(
                    f"strategy: the same {type(one).__name__} is in the list twice; make two objects, each with its "
                    "own name"
                )
            name = one.name or type(one).__name__
            if not isinstance(name, str):
                raise ConfigError(
                    f"{type(one).__name__}.name: {name!r} is no name; give some text, or None for the name of the class"
                )
            listed.append((name, one, one._overridden()))
        elif isinstance(one, type) and issubclass(one, Strategy):
            raise ConfigError(f"strategy: {one.__name__} is a class; give an object of it, {one.__name__}()")
        else:
            raise ConfigError(f"strategy: {type(one).__name__} is no Strategy, Rules or Quoting")
    return listed


def _nanoseconds(field: str, moment: Moment) -> int | None:
    return None if moment is None else nanoseconds(moment, field)
