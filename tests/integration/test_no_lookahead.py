"""Strategies that try to trade on what they cannot know yet, and must fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tickwright as tw
from tickwright import signal as s

OPEN = 1_381_152_600_000_000_000  # 2013-10-07 09:30 in New York
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
N = 400

Kinds = tuple[str, ...]


def market(kinds: Kinds, turn: int = N, seed: int = 1) -> tw.MarketData:
    """Give events of `kinds` at the same times always, on a walk that from event `turn` on depends on `seed`."""
    past, future = np.random.default_rng(0), np.random.default_rng(1000 + seed)
    steps = np.concatenate([past.normal(size=N)[:turn], future.normal(size=N)[turn:]])
    ts = OPEN + np.arange(N) * 15 * SECOND
    price = np.round(50 * np.exp(np.cumsum(0.002 * steps)), 2)
    size = np.full(N, 1000)
    parts = []
    if "quotes" in kinds:
        columns = {"ts": ts, "bid": price - 0.01, "ask": price + 0.01, "bid_size": size, "ask_size": size}
        parts.append(tw.feeds.table(columns, symbol="X"))
    if "trades" in kinds:
        parts.append(tw.feeds.table({"ts": ts, "price": price, "size": size}, symbol="X"))
    if "bars" in kinds:
        start = np.concatenate([[OPEN - 15 * SECOND], ts[:-1]])
        first = np.concatenate([price[:1], price[:-1]])
        columns = {"ts": ts, "start": start, "open": first, "close": price, "volume": size}
        columns |= {"high": np.maximum(first, price) + 0.02, "low": np.minimum(first, price) - 0.02}
        parts.append(tw.feeds.table(columns, symbol="X"))
    return tw.MarketData.merge(parts)


class Gambler(tw.Strategy):
    """Trades at random, and on what it sees."""

    def __init__(self) -> None:
        self.random = random.Random(3)

    def act(self, price: float) -> None:
        seen = round(price * 100) % 7 == 0
        if seen or self.random.random() < 0.1:
            side = self.buy if self.random.random() < 0.5 else self.sell
            limit = None if self.random.random() < 0.4 else round(price + self.random.uniform(-0.2, 0.2), 2)
            side("X", self.random.randint(1, 20), limit=limit)
        for order in self.open_orders():
            if self.random.random() < 0.1:
                self.cancel(order.id)

    def on_quote(self, quote: Any) -> None:
        self.act(quote.mid)

    def on_trade(self, trade: Any) -> None:
        self.act(trade.price)

    def on_bar(self, bar: Any) -> None:
        self.act(bar.close)

    def on_fill(self, fill: Any) -> None:
        if self.random.random() < 0.1:
            self.sell("X", 1)


def rules() -> tw.Rules:
    fast, slow = s.ema(s.price, 3), s.ema(s.price, 9)
    above, below = s.cross_above(fast, slow), s.cross_below(fast, slow)
    return tw.Rules(entry=above, exit=below, short_entry=below, short_exit=above, size=tw.Fraction(0.5), stop_loss=0.01)


def built() -> tw.Rules:
    return tw.Rules(entry=s.close > s.open, exit=s.close < s.open, size=tw.Shares(10), bars="1m")


def before(result: tw.Result, t: int) -> list[Any]:
    """Give every fill and equity point, and every order that was sent, up to `t`."""
    fills, equity, orders = result.fills.to_pandas(), result.equity.to_pandas(), result.orders.to_pandas()
    nanoseconds = [
        frame[column].astype("int64") for frame, column in ((fills, "recv"), (equity, "ts"), (orders, "submitted"))
    ]
    sent = orders.loc[nanoseconds[2] <= t, ["id", "side", "qty", "limit_price"]].astype(str)
    return [f.values.tolist() for f in (fills[nanoseconds[0] <= t], equity[nanoseconds[1] <= t], sent)]


@pytest.mark.parametrize("kinds", [("quotes",), ("trades",), ("bars",), ("quotes", "trades"), ("quotes", "bars")])
@pytest.mark.parametrize("make", [Gambler, rules, built])
@pytest.mark.parametrize("latency_ms", [0.0, 20_000.0])
def test_what_comes_later_changes_nothing_before(kinds: Kinds, make: Callable[[], Any], latency_ms: float) -> None:
    venue = tw.SimVenue(latency_ms=latency_ms, fees=tw.fees.Bps(1), slippage_bps=1)

    def run(data: tw.MarketData) -> tw.Result:
        return tw.backtest(make(), data, venue=venue, equity_every="1ms")

    whole = run(market(kinds))
    assert whole.stats["fills"] > 5
    differ = 0
    for turn in (1, 2, 77, 200, 201, 399):
        other = run(market(kinds, turn, seed=turn))
        t = OPEN + turn * 15 * SECOND - 1
        assert before(whole, t) == before(other, t), f"the future after event {turn} is known before"
        differ += whole.digest != other.digest
    assert differ >= 4


def test_an_order_at_the_close_of_a_bar_cannot_have_that_bars_prices() -> None:
    start = [OPEN + i * MINUTE for i in range(4)]
    columns = {"ts": [t + MINUTE for t in start], "start": start, "volume": [10_000] * 4}
    columns |= {
        "open": [10.0, 20, 30, 40],
        "high": [15.0, 25, 35, 45],
        "low": [5.0, 15, 25, 35],
        "close": [12.0, 22, 32, 42],
    }
    data = tw.feeds.table(columns, symbol="X", policy={"absurd_band": 100.0})

    class Close(tw.Strategy):
        def on_bar(self, bar: Any) -> None:
            if bar.close == 22:
                self.buy("X", 1)
                self.buy("X", 1, limit=bar.low)
                self.buy("X", 1, limit=bar.open)
                self.sell("X", 1, limit=bar.high)
                self.sell("X", 1, stop=bar.low, tif="gtc")

    result = tw.backtest(Close(), data)
    assert result.fills["price"].to_pylist() == [30.0, 30.0], "the market order and the sell limit, at the next open"
    late = tw.backtest(Close(), data, venue=tw.SimVenue(latency_ms=1, report_latency_ms=0))
    assert late.fills["price"].to_pylist()[0] == 32.0, "what arrives after the open has only the close before it"


@pytest.mark.parametrize("latency_ms", [0, 100, 1000, 1001, 2500])
def test_an_order_gets_no_price_that_stood_only_before_it_arrived(latency_ms: float) -> None:
    # Each second the market is a dollar dearer; the order leaves when 10.00 stands.
    n = 10
    ts = [OPEN + i * SECOND for i in range(n)]
    ask = [10.0 + i for i in range(n)]
    columns = {"ts": ts, "bid": [a - 0.01 for a in ask], "ask": ask, "bid_size": [100] * n, "ask_size": [100] * n}

    class Snipe(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            if quote.ask == 10.0:
                self.buy("X", 1)

    data = tw.feeds.table(columns, symbol="X", policy={"absurd_band": 100.0})
    result = tw.backtest(Snipe(), data, venue=tw.SimVenue(latency_ms=latency_ms))
    assert result.fills["price"].to_pylist() == [10.0 + int(latency_ms // 1000)]


@pytest.mark.parametrize("bars", ["1m", "5m", "7 ticks", "3500 shares"])
def test_bars_are_told_when_they_end_and_hold_what_came_before(bars: str) -> None:
    data = market(("trades",))
    ts, price = data.trades.ts, data.trades.price / 1e9
    seen: list[tuple[int, Any]] = []

    class Look(tw.Strategy):
        def on_start(self) -> None:
            self.subscribe(bars=bars)

        def on_bar(self, bar: Any) -> None:
            seen.append((self.now, bar))

    tw.backtest(Look(), data)
    assert len(seen) > 10
    for now, bar in seen:
        assert now >= bar.ts
        inside = price[(ts >= bar.start) & ((ts < bar.ts) if bars.endswith("m") else (ts <= bar.ts))]
        assert bar.high <= inside.max()
        assert bar.low >= inside.min()
        if bars.endswith("m"):
            assert (bar.open, bar.high, bar.low, bar.close) == (inside[0], inside.max(), inside.min(), inside[-1])
    assert len({id(bar) for _, bar in seen}) == len(seen), "each that is kept is an object of its own"


def test_an_event_that_is_kept_stays_as_it_was() -> None:
    kept: list[tuple[Any, str]] = []
    hidden: dict[int, Any] = {}

    class Hoard(tw.Strategy):
        def on_start(self) -> None:
            self.subscribe(kind="quotes")
            self.subscribe(kind="trades")
            self.subscribe(bars="1m")
            self.last: Any = None
            self.generator = self.collect()
            next(self.generator)

        def collect(self) -> Any:
            """Hold an event in the frame of a generator alone."""
            held = None
            while True:
                text = repr(held)
                event = yield
                assert held is None or repr(held) == text
                held = event

        def see(self, event: Any) -> None:
            assert self.last is None or repr(self.last[0]) == self.last[1]
            self.generator.send(event)
            if event.ts // (15 * SECOND) % 3 == 0:
                kept.append((event, repr(event)))
            if event.ts // (15 * SECOND) % 5 == 0:
                hidden[event.ts] = (lambda: event, repr(event))
            self.last = (event, repr(event))

        on_quote = on_trade = on_bar = see

    tw.backtest(Hoard(), market(("quotes", "trades")))
    assert len(kept) > 200
    assert all(repr(event) == text for event, text in kept)
    assert all(repr(event()) == text for event, text in hidden.values())


def test_events_are_read_only() -> None:
    class Write(tw.Strategy):
        def on_trade(self, trade: Any) -> None:
            with pytest.raises(AttributeError):
                trade.price = 1.0
            with pytest.raises(AttributeError):
                trade.note = "mine"

    assert tw.backtest(Write(), market(("trades",))).stats["events"] == N
