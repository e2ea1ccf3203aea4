"""What a backtest refuses: each fault is an error of the package's own tree that names the place and the remedy."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tickwright as tw
from tickwright import signal as s

OPEN = 1_381_152_600_000_000_000  # 2013-10-07 09:30 in New York
SECOND = 1_000_000_000


def quotes(n: int = 20, symbol: str = "BAC", **columns: Any) -> tw.MarketData:
    table = {
        "ts": [OPEN + i * SECOND for i in range(n)],
        "bid": [9.99] * n,
        "ask": [10.01] * n,
        "bid_size": [500] * n,
        "ask_size": [500] * n,
    }
    return tw.feeds.table(table | columns, symbol=symbol)


class Quiet(tw.Strategy):
    def on_quote(self, quote: Any) -> None:
        pass


RULE = tw.Rules(entry=s.ask > 0)


def refused(call: Callable[[], Any], kind: type[Exception], *parts: str) -> Exception:
    """Call, and check the class of the error and that its message holds each part."""
    with pytest.raises(tw.TickwrightError) as caught:
        call()
    assert type(caught.value) is kind, f"{type(caught.value).__name__}: {caught.value}"
    text = str(caught.value)
    for part in parts:
        assert part in text, text
    return caught.value


# --- files and tables ---


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    refused(lambda: tw.feeds.read(tmp_path / "no.parquet"), tw.DataError, "no.parquet", "check the path")


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "feather", "csv", "csv.gz"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfegarbage", b"PAR1 not really PAR1", b"a,b\n1,2\n"])
def test_a_corrupt_file_is_named(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"bad.{suffix}"
    path.write_bytes(content)
    refused(lambda: tw.feeds.read(path), tw.DataError, f"bad.{suffix}")


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "quotes.parquet"
    tw.feeds.write(quotes(1000), path)
    path.write_bytes(path.read_bytes()[:-200])
    refused(lambda: tw.feeds.read(path), tw.DataError, "quotes.parquet")


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({"ts": [OPEN], "price": [1.0]}, "size"),
        ({"ts": [OPEN], "bid": [1.0], "ask_size": [1]}, "ask"),
        ({"price": [1.0], "size": [1]}, "ts"),
        ({"ts": [], "price": [], "size": []}, "row"),
        ({"ts": [OPEN, OPEN], "price": [1.0], "size": [1]}, "price"),
    ],
)
def test_wrong_columns_are_named(columns: dict[str, Any], part: str) -> None:
    refused(lambda: tw.feeds.table(columns, symbol="BAC"), tw.DataError, part)


@pytest.mark.parametrize(
    ("fault", "column", "values"),
    [
        ("not_finite", "bid", [9.99, math.nan, math.inf, 9.99]),
        ("negative", "ask", [10.01, -10.01, -1.0, 10.01]),
        ("negative", "bid_size", [500, -1, -500, 500]),
        ("crossed", "bid", [9.99, 10.5, 11.0, 9.99]),
        ("absurd", "ask", [10.01, 999.0, 10.01, 10.01]),
    ],
)
def test_rows_that_cannot_be_traded_on_are_dropped_counted_and_refused_on_demand(
    fault: str, column: str, values: list[float]
) -> None:
    data = quotes(4, **{column: values})
    assert data.report.found(fault) >= 1
    assert len(data) < 4
    assert tw.backtest(Quiet(), data).stats["events"] == len(data)
    refused(
        lambda: tw.feeds.table(
            {
                "ts": [OPEN, OPEN + 1, OPEN + 2, OPEN + 3],
                "bid": [9.99] * 4,
                "ask": [10.01] * 4,
                "bid_size": [500] * 4,
                "ask_size": [500] * 4,
                column: values,
            },
            symbol="BAC",
            policy={fault: "fail"},
        ),
        tw.DataError,
        "row 2",
        fault,
    )


def test_unsorted_and_duplicate_times_are_sorted_kept_and_counted() -> None:
    data = quotes(4, ts=[OPEN + 3, OPEN, OPEN, OPEN + 1])
    assert data.report.found("out_of_order") >= 1
    assert data.report.found("duplicate") == 1
    times: list[int] = []

    class Times(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            times.append(quote.ts)

    tw.backtest(Times(), data)
    assert times == [OPEN, OPEN, OPEN + 1, OPEN + 3]


@pytest.mark.parametrize("data", [None, 5, "BAC.csv", [], [1], {"ts": []}, Quiet()])
def test_what_is_no_market_data_is_refused(data: Any) -> None:
    refused(lambda: tw.backtest(Quiet(), data), tw.DataError, "data: ", "tickwright.feeds")


def test_data_without_events_are_refused() -> None:
    empty = quotes().filter(start=OPEN + 10**15)
    refused(lambda: tw.backtest(Quiet(), empty), tw.DataError, "no events")


# --- settings ---


@pytest.mark.parametrize("cash", [0, -1, math.nan, math.inf, 1e300, "100", None, True, 1e-12])
def test_cash_that_is_none_is_refused(cash: Any) -> None:
    refused(lambda: tw.backtest(Quiet(), quotes(), cash=cash), tw.ConfigError, "cash: ")


NUMBERS = [
    "max_order_qty",
    "max_order_notional",
    "max_position_qty",
    "max_position_notional",
    "max_gross_exposure",
    "max_net_exposure",
    "max_leverage",
    "collar_pct",
    "max_data_age_ms",
    "max_orders_per_second",
    "max_open_orders",
    "max_drawdown_pct",
    "max_daily_loss",
]


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, -math.inf, "5", True, [1], 1e300])
def test_a_limit_that_limits_nothing_is_refused_by_name(field: str, value: Any) -> None:
    if value == 1e300 and field in ("max_leverage", "collar_pct", "max_data_age_ms"):
        tw.backtest(Quiet(), quotes(), risk=tw.RiskLimits(**{field: value}))  # a large ratio or age can be meant
        return
    refused(
        lambda: tw.backtest(Quiet(), quotes(), risk=tw.RiskLimits(**{field: value})), tw.ConfigError, f"risk.{field}: "
    )


@pytest.mark.parametrize(
    ("limits", "part"),
    [
        ({"max_orders_per_second": 2.5}, "risk.max_orders_per_second: "),
        ({"max_open_orders": 2**40}, "risk.max_open_orders: "),
        ({"max_drawdown_pct": 100}, "risk.max_drawdown_pct: "),
        ({"on_breach": "panic"}, "on_breach: "),
        ({"on_breach": 3}, "on_breach: "),
        ({"allow_short": "no"}, "risk.allow_short: "),
    ],
)
def test_other_impossible_limits_are_refused_by_name(limits: dict[str, Any], part: str) -> None:
    refused(lambda: tw.backtest(Quiet(), quotes(), risk=tw.RiskLimits(**limits)), tw.ConfigError, part)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"latency_ms": -1}, "venue.latency_ms: "),
        ({"latency_ms": math.nan}, "venue.latency_ms: "),
        ({"latency_ms": 1e300}, "venue.latency_ms: "),
        ({"latency_ms": "fast"}, "venue.latency_ms: "),
        ({"report_latency_ms": -0.5}, "venue.report_latency_ms: "),
        ({"latency_jitter_ms": -1}, "venue.latency_jitter_ms: "),
        ({"slippage_bps": -1}, "venue.slippage_bps: "),
        ({"slippage_bps": math.nan}, "venue.slippage_bps: "),
        ({"slippage_bps": 5_000}, "venue.slippage_bps: "),
        ({"seed": -1}, "venue.seed: "),
        ({"seed": 1.5}, "venue.seed: "),
        ({"seed": 2**70}, "venue.seed: "),
        ({"fees": 0.005}, "venue.fees: "),
        ({"liquidity": "infinite"}, "liquidity: "),
        ({"liquidity": 3}, "liquidity: "),
        ({"queue": None}, "queue: "),
        ({"stop_trigger": "bid"}, "stop_trigger: "),
        ({"dividends": "stock"}, "dividends: "),
    ],
)
def test_a_venue_that_cannot_be_is_refused_by_name(settings: dict[str, Any], part: str) -> None:
    refused(lambda: tw.backtest(Quiet(), quotes(), venue=tw.SimVenue(**settings)), tw.ConfigError, part)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"start": "2013-10-08", "end": "2013-10-07"}, "start: "),
        ({"start": OPEN, "end": OPEN}, "start: "),
        ({"start": "yesterday"}, "start: "),
        ({"end": 1.5}, "end: "),
        ({"start": 2**70}, "start: "),
        ({"start": True}, "start: "),
        ({"equity_every": "0s"}, "equity_every: "),
        ({"equity_every": "1 minute"}, "equity_every: "),
        ({"equity_every": "999999999d"}, "equity_every: "),
        ({"equity_every": 60}, "equity_every: "),
        ({"mark": "mid"}, "mark: "),
        ({"max_requests_per_moment": 0}, "max_requests_per_moment: "),
        ({"max_requests_per_moment": -5}, "max_requests_per_moment: "),
        ({"max_requests_per_moment": "many"}, "max_requests_per_moment: "),
        ({"risk": {"max_leverage": 2}}, "risk: "),
        ({"risk": tw.RiskLimits}, "risk: "),
        ({"venue": {"latency_ms": 1}}, "venue: "),
        ({"progress": 5}, "progress: "),
    ],
)
def test_other_impossible_settings_are_refused_by_name(settings: dict[str, Any], part: str) -> None:
    refused(lambda: tw.backtest(Quiet(), quotes(), **settings), tw.ConfigError, part)


def test_a_span_without_events_is_refused() -> None:
    refused(lambda: tw.backtest(Quiet(), quotes(), start="2020-01-01"), tw.DataError, "no events between start and end")


def test_the_first_and_last_moments_that_can_be_told_are_accepted() -> None:
    data = quotes()
    whole = tw.backtest(Quiet(), data).stats["events"]
    assert tw.backtest(Quiet(), data, start="1700-01-01", end="2261-01-01").stats["events"] == whole
    for moment in ("0001-01-01", "9999-12-31"):
        refused(lambda moment=moment: tw.backtest(Quiet(), data, start=moment), tw.ConfigError, "start: ")


# --- what is no strategy ---


class Named(tw.Strategy):
    name = 5  # type: ignore[assignment]


class Slotted(tw.Strategy):
    __slots__ = ("_window",)


@pytest.mark.parametrize(
    ("strategy", "parts"),
    [
        ([], ("strategy: ", "empty")),
        (None, ("strategy: ", "NoneType")),
        (Quiet, ("strategy: ", "Quiet is a class", "Quiet()")),
        ([Quiet(), Quiet], ("strategy: ", "is a class")),
        ("ema", ("strategy: ", "str")),
        ([Quiet(), Quiet()], ("strategies: ", "Quiet", "own name")),
        ([RULE, RULE], ("strategies: ", "rules", "own name")),
        (Named(), ("name: ", "5")),
    ],
)
def test_what_is_no_list_of_strategies_is_refused(strategy: Any, parts: tuple[str, ...]) -> None:
    refused(lambda: tw.backtest(strategy, quotes()), tw.ConfigError, *parts)


def test_one_object_twice_is_refused() -> None:
    one = Quiet()
    refused(lambda: tw.backtest([one, one], quotes()), tw.ConfigError, "twice", "two objects")


def test_a_strategy_with_slots_runs() -> None:
    assert tw.backtest(Slotted(), quotes()).stats["events"] == 20


def test_rules_that_would_never_be_evaluated_are_refused() -> None:
    rule = tw.Rules(entry=s.close > 0, on="trade")
    refused(lambda: tw.backtest(rule, quotes()), tw.ConfigError, "never be evaluated", "`on` or `bars`")
    unknown = tw.Rules(entry=s.close > 0, symbols=["IBM"])
    refused(lambda: tw.backtest(unknown, quotes()), tw.ConfigError, "IBM", "BAC")
    volume = tw.Rules(entry=s.close > 0, bars="volume:1000")
    refused(lambda: tw.backtest(volume, quotes()), tw.ConfigError, "quotes have no volume", "time bars")


@pytest.mark.parametrize("bars", ["tick:5", "5 ticks", "volume:1000", "1000 shares", "dollar:5000", "5000 dollars"])
def test_every_form_of_bars_that_rules_take_is_understood(bars: str) -> None:
    n = 50
    table = {"ts": [OPEN + i * SECOND for i in range(n)], "price": [10.0] * n, "size": [500] * n}
    data = tw.feeds.table(table, symbol="BAC")
    result = tw.backtest(tw.Rules(entry=s.close > 0, size=tw.Shares(10), bars=bars), data)
    assert result.stats["fills"] == 1


# --- strategies that fail ---


def eventful() -> tw.MarketData:
    n = 50
    times = [OPEN + i * SECOND for i in range(n)]
    trades = tw.feeds.table({"ts": times, "price": [10.0] * n, "size": [500] * n}, symbol="BAC")
    bars = {"ts": [t + SECOND for t in times], "start": times, "volume": [100] * n}
    bars |= dict.fromkeys(("open", "high", "low", "close"), [10.0] * n)
    return quotes(n) + trades + tw.feeds.table(bars, symbol="BAC")


CALLBACKS = ["on_start", "on_stop", "on_quote", "on_trade", "on_bar", "on_fill", "on_order", "on_timer"]


def failing(callback: str, act: Callable[..., Any]) -> tw.Strategy:
    """Give a strategy that trades and sets a timer, so that every callback comes, and whose `callback` is `act`."""

    def on_start(self: tw.Strategy) -> None:
        for kind in ("quotes", "trades", "bars"):
            self.subscribe(kind=kind)
        self.set_timer("soon", seconds=1)

    def on_quote(self: tw.Strategy, quote: Any) -> None:
        if not self.position(quote.symbol).qty and not self.open_orders():
            self.buy(quote.symbol, 10)

    body = {"on_start": on_start, "on_quote": on_quote} | {callback: act}
    if callback == "on_quote":
        body["on_start"] = lambda self: self.subscribe(kind="quotes")
    return type("Failing", (tw.Strategy,), body)()


class Curse(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text for you")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the error without a text
@pytest.mark.parametrize("callback", CALLBACKS)
@pytest.mark.parametrize(
    "error", [ValueError("boom"), KeyError("x"), Curse(), RecursionError(), MemoryError(), StopIteration(3), OSError()]
)
def test_an_exception_in_a_callback_names_strategy_callback_and_time(callback: str, error: Exception) -> None:
    def act(*_: Any) -> None:
        raise error

    told = refused(
        lambda: tw.backtest(failing(callback, act), eventful()),
        tw.StrategyError,
        'strategy "Failing"',
        callback,
        "2013-10-07T13:30",
        type(error).__name__,
    )
    assert told.__cause__ is error


@pytest.mark.parametrize("callback", CALLBACKS)
@pytest.mark.parametrize("value", [0, False, "done", object(), np.float64(1.0)])
def test_a_callback_that_returns_something_is_refused(callback: str, value: Any) -> None:
    refused(
        lambda: tw.backtest(failing(callback, lambda *_: value), eventful()),
        tw.StrategyError,
        callback,
        "returned",
        "callbacks return nothing",
    )


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
def test_a_coroutine_is_no_callback() -> None:
    class Late(tw.Strategy):
        async def on_quote(self, quote: Any) -> None:  # type: ignore[override]
            pass

    refused(lambda: tw.backtest(Late(), quotes()), tw.StrategyError, "on_quote", "not coroutines")


def test_a_callback_of_wrong_form_is_told() -> None:
    class Wrong(tw.Strategy):
        def on_quote(self) -> None:  # type: ignore[override]
            pass

    refused(lambda: tw.backtest(Wrong(), quotes()), tw.StrategyError, "on_quote", "TypeError", "positional argument")


@pytest.mark.parametrize(
    ("act", "parts"),
    [
        (lambda self, q: self.buy(q.symbol, math.nan), ("qty NaN", "above zero")),
        (lambda self, q: self.buy(q.symbol, math.inf), ("qty inf", "above zero")),
        (lambda self, q: self.buy(q.symbol, -5), ("qty -5", "above zero")),
        (lambda self, q: self.buy(q.symbol, 0), ("qty 0", "above zero")),
        (lambda self, q: self.buy(q.symbol, 1e-300), ("qty 0.000", "above zero")),
        (lambda self, q: self.buy(q.symbol, 1e10), ("qty 10000000000", "9.2 billion")),
        (lambda self, q: self.buy(q.symbol, 1e300), ("qty 1", "9.2 billion")),
        (lambda self, q: self.buy(q.symbol, "ten"), ("TypeError", "must be real number")),
        (lambda self, q: self.buy(q.symbol, 10, limit=math.nan), ("limit NaN", "above zero")),
        (lambda self, q: self.buy(q.symbol, 10, limit=-1.0), ("limit -1", "above zero")),
        (lambda self, q: self.buy(q.symbol, 10, stop=0.0), ("stop 0", "above zero")),
        (lambda self, q: self.buy(q.symbol, 10, limit=1e12), ("limit 1000000000000", "9.2 billion")),
        (lambda self, q: self.buy(q.symbol, 10, tif="forever"), ("forever", "day, gtc, ioc, fok, opg or cls")),
        (lambda self, q: self.submit(q.symbol, "hold", 10), ("hold", "buy or sell")),
        (lambda self, q: self.buy("IBM", 10), ("IBM", "BAC")),
        (lambda self, q: self.position("IBM"), ("IBM", "BAC")),
        (lambda self, q: self.book("ibm"), ("ibm", "BAC")),
        (lambda self, q: self.subscribe("IBM"), ("IBM", "BAC")),
        (lambda self, q: self.subscribe(kind="news"), ("news", "quotes, trades, bars, actions or book")),
        (lambda self, q: self.subscribe(bars="1 fortnight"), ("fortnight", "1m")),
        (lambda self, q: self.subscribe(bars="1000 shares"), ("quotes have no volume", "time bars")),
        (lambda self, q: self.cancel(99), ("99", "submit gave")),
        (lambda self, q: self.cancel(0), ("0", "submit gave")),
        (lambda self, q: self.cancel(-1), ("OverflowError",)),
        (lambda self, q: self.replace(99, qty=5), ("99", "submit gave")),
        (lambda self, q: self.replace(self.buy(q.symbol, 5, limit=9), qty=-5), ("qty -5", "above zero")),
        (lambda self, q: self.set_timer(seconds=-1), ("seconds", "above 0")),
        (lambda self, q: self.set_timer(seconds=math.nan), ("seconds", "above 0")),
        (lambda self, q: self.set_timer(), ("either seconds or at_ns",)),
        (lambda self, q: self.set_timer(at_ns=2**80), ("OverflowError",)),
    ],
)
def test_a_request_that_makes_no_sense_is_told_with_the_callback(act: Any, parts: tuple[str, ...]) -> None:
    def on_quote(self: tw.Strategy, quote: Any) -> None:
        act(self, quote)

    strategy = type("Senseless", (tw.Strategy,), {"on_quote": on_quote})()
    with pytest.raises(tw.TickwrightError) as caught:
        tw.backtest(strategy, quotes())
    assert isinstance(caught.value, (tw.StrategyError, tw.ConfigError))
    for part in parts:
        assert part in str(caught.value), str(caught.value)


def test_a_strategy_may_catch_what_it_asked_wrongly_and_go_on() -> None:
    class Careful(tw.Strategy):
        caught = 0

        def on_quote(self, quote: Any) -> None:
            try:
                self.buy("IBM", 1)
            except tw.OrderError:
                self.caught += 1

    careful = Careful()
    assert tw.backtest(careful, quotes()).stats["orders"] == 0
    assert careful.caught == 20


def test_amounts_beyond_the_range_are_errors_and_not_wraps() -> None:
    huge = quotes(bid=[9.0e9] * 20, ask=[9.1e9] * 20, bid_size=[9.0e9] * 20, ask_size=[9.0e9] * 20)

    class Greedy(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            self.buy(quote.symbol, 9.0e9)

    refused(
        lambda: tw.backtest(
            Greedy(), huge, risk=tw.RiskLimits(max_leverage=None), venue=tw.SimVenue(slippage_bps=1000)
        ),
        tw.NumericError,
        "overflow",
        "smaller prices or quantities",
    )
    kept = tw.backtest(Greedy(), huge)
    assert set(kept.refusals["code"].to_pylist()) == {"BUYING_POWER"}
    assert kept.stats["fills"] == 0


def test_a_strategy_that_loops_over_its_own_orders_is_stopped() -> None:
    class Loop(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            self.buy(quote.symbol, 1)

        def on_fill(self, fill: Any) -> None:
            (self.sell if fill.side == "buy" else self.buy)(fill.symbol, 1)

    refused(
        lambda: tw.backtest(Loop(), quotes(), venue=tw.SimVenue(liquidity="unlimited"), max_requests_per_moment=1000),
        tw.StrategyError,
        '"Loop"',
        "more than 1000 requests",
        "latency",
    )


def test_a_timer_that_sets_itself_is_stopped() -> None:
    class Clock(tw.Strategy):
        def on_start(self) -> None:
            self.set_timer(at_ns=OPEN)

        def on_timer(self, timer: Any) -> None:
            self.set_timer(at_ns=timer.ts - 5)

    refused(
        lambda: tw.backtest(Clock(), quotes(), max_requests_per_moment=1000),
        tw.StrategyError,
        "more than 1000 requests",
    )


# --- outside of a run ---

USES: list[Callable[[tw.Strategy], Any]] = [
    lambda x: x.buy("BAC", 1),
    lambda x: x.sell("BAC", 1),
    lambda x: x.cancel(1),
    lambda x: x.cancel_all(),
    lambda x: x.replace(1, qty=2),
    lambda x: x.close("BAC"),
    lambda x: x.set_timer(seconds=1),
    lambda x: x.subscribe("BAC"),
    lambda x: x.position("BAC"),
    lambda x: x.book("BAC"),
    lambda x: x.order(1),
    lambda x: x.open_orders(),
    lambda x: x.now,
    lambda x: x.cash,
    lambda x: x.equity,
]


@pytest.mark.parametrize("use", USES)
def test_the_engine_is_out_of_reach_before_and_after_a_run(use: Callable[[tw.Strategy], Any]) -> None:
    class Early(tw.Strategy):
        def __init__(self) -> None:
            use(self)

    refused(Early, tw.OrderError, "callbacks", "not part of a run")
    strategy = Quiet()
    tw.backtest(strategy, quotes())
    refused(lambda: use(strategy), tw.OrderError, "only inside", "callbacks")


def test_another_thread_is_refused_between_callbacks_and_serialised_within() -> None:
    outcomes: list[Any] = []

    class Threads(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            def use() -> None:
                try:
                    outcomes.append(self.buy("BAC", 1, limit=1.0))
                except tw.TickwrightError as error:
                    outcomes.append(error)

            workers = [threading.Thread(target=use) for _ in range(4)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()

    result = tw.backtest(Threads(), quotes())
    assert sorted(outcomes) == list(range(1, 81))
    assert result.stats["orders"] == 80


def test_a_thread_that_outlives_its_callback_never_reaches_into_another_place() -> None:
    stop = threading.Event()
    refusals: list[str] = []

    class Leaky(tw.Strategy):
        worker: threading.Thread | None = None

        def on_quote(self, quote: Any) -> None:
            if self.worker is None:
                self.worker = threading.Thread(target=self.use)
                self.worker.start()

        def use(self) -> None:
            while not stop.is_set():
                try:
                    self.book("BAC")
                except tw.OrderError as error:
                    refusals.append(str(error))

    leaky = Leaky()
    try:
        for _ in range(20):
            tw.backtest(leaky, quotes(2000))
    finally:
        stop.set()
        assert leaky.worker is not None
        leaky.worker.join()
    assert all("only inside" in text or "not part of a run" in text for text in refusals)


def test_a_run_inside_a_callback_works_and_leaves_the_outer_one_alone() -> None:
    inner_fills: list[int] = []

    class Inner(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            if not self.position(quote.symbol).qty and not self.open_orders():
                self.buy(quote.symbol, 1)

    class Outer(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            if not inner_fills:
                inner_fills.append(tw.backtest(Inner(), quotes()).stats["fills"])
            self.buy(quote.symbol, 1)

    result = tw.backtest(Outer(), quotes())
    assert inner_fills == [1]
    assert result.stats["orders"] == 20


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_meant_for_the_interpreter_goes_through(stop: type[BaseException]) -> None:
    def act(*_: Any) -> None:
        raise stop

    with pytest.raises(stop):
        tw.backtest(failing("on_quote", act), eventful())
    assert tw.backtest(Quiet(), quotes()).stats["events"] == 20, "and the next run is as good as any"


def test_control_c_ends_a_run_of_rules(tmp_path: Path) -> None:
    code = (
        "import os, signal, tickwright as tw\n"
        "from tickwright import signal as s\n"
        "data = tw.feeds.synthetic(seed=1)\n"
        "told = []\n"
        "def progress(done, total, ts):\n"
        "    told.append(done)\n"
        "    if len(told) == 2: os.kill(os.getpid(), signal.SIGINT)\n"
        "try:\n"
        "    tw.backtest(tw.Rules(entry=s.ask > 1e6), data, progress=progress)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped after', len(told))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("stopped after 2", "stopped after 3")


def test_progress_that_fails_ends_the_run_with_its_own_error() -> None:
    def progress(*_: int) -> None:
        raise ZeroDivisionError("in progress")

    with pytest.raises(ZeroDivisionError, match="in progress"):
        tw.backtest(Quiet(), quotes(), progress=progress)


# --- chaos ---


def nonsense() -> Iterator[Any]:
    yield from (
        None,
        True,
        -1,
        0,
        10**30,
        math.nan,
        math.inf,
        -0.0,
        1e-300,
        "",
        "BAC",
        "\0",
        "é" * 40,
        b"x",
        [],
        {},
        object,
        ...,
    )


@pytest.mark.parametrize(
    "method", ["submit", "buy", "cancel", "replace", "set_timer", "subscribe", "position", "order"]
)
def test_no_argument_brings_the_interpreter_down(method: str) -> None:
    outcomes: list[type] = []

    class Chaos(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            for first in nonsense():
                for second in nonsense():
                    for arguments in ((first,), (first, second), (first, second, first), ("BAC", "buy", first)):
                        try:
                            getattr(self, method)(*arguments)
                        except Exception as error:
                            outcomes.append(type(error))

    result = tw.backtest(Chaos(), quotes(2), max_requests_per_moment=10**6)
    assert len(outcomes) > 500
    assert "PanicException" not in {kind.__name__ for kind in outcomes}
    assert result.stats["events"] == 2
