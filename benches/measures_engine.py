"""The engine: rules, Python strategies and orders over seeded quotes, all of them the quotes that the peers get."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from benches import inputs
from benches.registry import Work, measure

if TYPE_CHECKING:
    from tickwright import MarketData

EVENTS = 1_000_000
CASH = 10_000_000


def columns(count: int) -> dict[str, Any]:
    """Return `count` quotes as the columns that `feeds.table` takes: nanoseconds, dollars, shares."""
    q = inputs.quotes(count)
    return {
        "ts": q.ts_ns,
        "bid": q.bid_cents / 100,
        "ask": q.ask_cents / 100,
        "bid_size": q.bid_size.astype(float),
        "ask_size": q.ask_size.astype(float),
    }


@lru_cache(maxsize=8)
def market(count: int) -> "MarketData":
    """Return `count` quotes as market data, made once."""
    import tickwright as tw  # at the edge: a run of the peers alone does not need it

    data = tw.feeds.table(columns(count), symbol="BENCH")
    if data.count("quotes") != count:
        raise RuntimeError(f"the feed kept {data.count('quotes')} of {count} quotes")
    return data


def rules(kind: str) -> Any:
    """Return rules: "ema_cross" of 10 and 30 mids (39,000 orders in 1M), "rare" of 1,000 and 3,000, or "idle"."""
    import tickwright as tw
    from tickwright import signal as s

    if kind == "idle":
        return tw.Rules(entry=s.mid < 0.0, size=tw.Shares(1), on="quote")
    periods = {"ema_cross": (10, 30), "rare": (1_000, 3_000)}[kind]
    fast, slow = (s.ema(s.mid, period) for period in periods)
    return tw.Rules(entry=s.cross_above(fast, slow), exit=s.cross_below(fast, slow), size=tw.Shares(1), on="quote")


def python_strategy(kind: str) -> Any:
    """Return a new Python strategy: "idle" counts; "every_quote" buys and sells one share in turn, as the peer does."""
    import tickwright as tw

    class Idle(tw.Strategy):
        def on_start(self) -> None:
            self.seen = 0
            self.subscribe("BENCH", "quotes")

        def on_quote(self, quote: object) -> None:
            self.seen += 1

    class EveryQuote(Idle):
        def on_quote(self, quote: object) -> None:
            side = "sell" if self.seen % 2 else "buy"
            self.seen += 1
            self.submit("BENCH", side, 1)

    return {"idle": Idle, "every_quote": EveryQuote}[kind]()


def backtest(strategy: Any, data: "MarketData", orders: int | None = None) -> Any:
    """Run `strategy` and check that it did the work that is timed."""
    import tickwright as tw

    result = tw.backtest(strategy, data, cash=CASH)
    seen = getattr(strategy, "seen", len(data))
    if result.meta["events"] != len(data) or seen != len(data):
        raise RuntimeError(f"{seen} of {len(data)} quotes reached the strategy")
    if orders is not None and result.stats["fills"] < orders - 1:  # the last one may find no price any more
        raise RuntimeError(f"{result.stats['fills']} of {orders} orders were filled")
    return result


@measure("engine_rules")
def engine_rules() -> Work:
    """EMA cross as rules over 1M quotes, with few orders."""
    data, strategy = market(EVENTS), rules("rare")
    return Work(lambda: backtest(strategy, data), items=EVENTS)


@measure("engine_rules_trading")
def engine_rules_trading() -> Work:
    """EMA cross as rules over 1M quotes, with an order on every 26th."""
    data, strategy = market(EVENTS), rules("ema_cross")
    return Work(lambda: backtest(strategy, data), items=EVENTS)


@measure("engine_rules_idle")
def engine_rules_idle() -> Work:
    """Rules whose condition never holds, over 1M quotes: the engine by itself."""
    data, strategy = market(EVENTS), rules("idle")
    return Work(lambda: backtest(strategy, data), items=EVENTS)


@measure("engine_python")
def engine_python() -> Work:
    """A Python strategy that counts 200,000 quotes: what a callback costs."""
    from benches.peers.runner import QUOTES

    data = market(QUOTES)
    return Work(lambda: backtest(python_strategy("idle"), data), items=QUOTES)


def every_quote(name: str, count: int) -> None:
    """Register `engine_order_<name>`: a Python strategy with a market order on each of `count` quotes, per order."""

    @measure(f"engine_order_{name}")
    def factory() -> Work:
        data = market(count)
        return Work(lambda: backtest(python_strategy("every_quote"), data, orders=count), items=count)


every_quote("1k", 1_000)
every_quote("10k", 10_000)
every_quote("100k", 100_000)
every_quote("1m", 1_000_000)


@lru_cache(maxsize=1)
def book_market(count: int) -> "MarketData":
    """Return the peers' stream of levels and trades as market data."""
    import tickwright as tw

    stream = inputs.book_stream(count)
    is_trade = stream.is_trade == 1
    levels = {
        "ts": stream.ts_ns[~is_trade],
        "side": stream.side[~is_trade].astype(np.uint8),
        "price": stream.cents[~is_trade] / 100,
        "size": stream.size[~is_trade].astype(float),
    }
    trades = {
        "ts": stream.ts_ns[is_trade],
        "price": stream.cents[is_trade] / 100,
        "size": stream.size[is_trade].astype(float),
    }
    data = tw.feeds.table(levels, kind="deltas", symbol="BENCH") + tw.feeds.table(trades, symbol="BENCH")
    kept = data.count("deltas") + data.count("trades")
    if kept != count:
        raise RuntimeError(f"the feed kept {kept} of {count} events")
    return data


def quoting(name: str, every: str, case: str) -> None:
    """Register the peer's loop: at each step both orders canceled and sent anew at the touch, 100 µs from the venue."""

    @measure(name)
    def factory() -> Work:
        import tickwright as tw
        from benches.peers.runner import BOOK_EVENTS, hftbacktest

        data = book_market(BOOK_EVENTS)
        venue = tw.SimVenue(matching="book", queue="conservative", latency_ms=0.1)

        def run() -> Any:
            return tw.backtest(tw.Quoting(1, every=every, keep=False), data, cash=CASH, venue=venue)

        result, theirs = run(), hftbacktest().ask(case, BOOK_EVENTS)
        fills = result.fills.to_pandas()
        position = float(np.where(fills["side"] == "buy", fills["qty"], -fills["qty"]).sum())
        ours = {"orders": len(result.orders), "filled": len(fills), "position": position}
        if any(ours[field] != theirs[field] for field in ours):
            raise RuntimeError(f"{name}: {ours} where the peer has {theirs}")
        return Work(run, items=BOOK_EVENTS)


quoting("engine_quoting", "10ms", "quoting")
quoting("engine_book_idle", "1d", "idle")  # the data end before its first look


@measure("feeds_table")
def feeds_table() -> Work:
    """Read 1M quotes from numpy columns: convert to fixed point, check every row."""
    import tickwright as tw

    source = columns(EVENTS)
    return Work(lambda: tw.feeds.table(source, symbol="BENCH"), items=EVENTS)


@measure("feeds_synthetic")
def feeds_synthetic() -> Work:
    """Make a synthetic trading day of five symbols, on one thread."""
    import tickwright as tw

    return Work(lambda: tw.feeds.synthetic(seed=7), items=len(tw.feeds.synthetic(seed=7)))
