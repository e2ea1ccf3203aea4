"""What a Python strategy is told, may read and can ask for; and rules against an independent statement of the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tickwright as tw
from tickwright import signal as s

OPEN = 1_381_152_600_000_000_000  # 2013-10-07 09:30 in New York
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND


def quotes(*mids: float, size: int = 1000, symbol: str = "X", step: int = SECOND) -> tw.MarketData:
    n = len(mids)
    columns = {
        "ts": [OPEN + i * step for i in range(n)],
        "bid": [m - 0.01 for m in mids],
        "ask": [m + 0.01 for m in mids],
    }
    columns |= {"bid_size": [size] * n, "ask_size": [size] * n}
    return tw.feeds.table(columns, symbol=symbol, policy={"absurd_band": 1e6})


class Told(tw.Strategy):
    """Writes down all that it is told; `acts` maps the number of a quote to what is done then."""

    def __init__(self, **acts: Any) -> None:
        self.acts = {int(k.removeprefix("at_")): act for k, act in acts.items()}
        self.log: list[Any] = []
        self.count = -1

    def on_start(self) -> None:
        self.log.append("start")

    def on_quote(self, quote: Any) -> None:
        self.count += 1
        if act := self.acts.get(self.count):
            act(self)

    def on_order(self, order: Any) -> None:
        self.log.append((order.id, order.status))

    def on_fill(self, fill: Any) -> None:
        self.log.append((fill.order_id, "fill", fill.qty, fill.price, fill.remaining))

    def on_timer(self, timer: Any) -> None:
        self.log.append((timer.name, (timer.ts - OPEN) / SECOND))

    def on_stop(self) -> None:
        self.log.append("stop")


def test_the_word_on_an_order_comes_in_the_order_of_its_life() -> None:
    told = Told(at_0=lambda x: x.buy("X", 1500), at_2=lambda x: x.buy("X", 1, limit=1.0), at_3=lambda x: x.cancel_all())
    tw.backtest(told, quotes(10, 10, 10, 10, 10))
    assert told.log == [
        "start",
        (1, "new"),
        (1, "fill", 1000.0, 10.01, 500.0),
        (1, "fill", 500.0, 10.01, 0.0),
        (2, "new"),
        (2, "pending_cancel"),
        (2, "canceled"),
        "stop",
    ]


def test_a_refused_order_says_why_and_never_leaves() -> None:
    reasons: list[Any] = []

    class Refused(Told):
        def on_order(self, order: Any) -> None:
            reasons.append((order.status, order.reason, order.is_done))

    result = tw.backtest(
        Refused(at_0=lambda x: x.buy("X", 500)), quotes(10, 10), risk=tw.RiskLimits(max_order_notional=1000)
    )
    ((status, reason, done),) = reasons
    assert (status, done) == ("refused", True)
    assert reason.startswith("MAX_NOTIONAL: 5005.00 dollars")
    assert result.orders["status"].to_pylist() == ["refused"]
    assert result.refusals["code"].to_pylist() == ["MAX_NOTIONAL"]


def test_position_cash_and_equity_show_a_fill_when_it_is_told() -> None:
    seen: list[tuple[float, ...]] = []

    class Look(Told):
        def on_fill(self, fill: Any) -> None:
            position = self.position("X")
            seen.append((position.qty, position.avg_price, self.cash, self.equity, position.realized_pnl))

    look = Look(at_0=lambda x: x.buy("X", 100), at_2=lambda x: x.sell("X", 150), at_4=lambda x: x.close("X"))
    tw.backtest(look, quotes(10, 10, 12, 12, 11, 11), venue=tw.SimVenue(fees=tw.fees.PerShare(0.01)))
    assert [tuple(round(x, 9) for x in row) for row in seen] == [
        (100.0, 10.01, 98_998.0, 99_998.0, 0.0),
        (-50.0, 11.99, 100_795.0, 100_195.0, 198.0),
        (0.0, 0.0, 100_244.0, 100_244.0, 247.0),
    ]


def test_the_book_and_open_orders_are_those_of_the_moment() -> None:
    def look(x: Told) -> None:
        book = x.book("X")
        assert (book.bid, book.ask, book.bid_size, book.last) == (19.99, 20.01, 1000.0, 0.0)
        assert book.mid == pytest.approx(20.0)
        (order,) = x.open_orders()
        assert (order.id, order.symbol, order.side, order.type, order.limit_price) == (1, "X", "buy", "limit", 1.0)
        assert (order.status, order.time_in_force, order.submitted) == ("new", "gtc", OPEN)
        assert x.order(1).qty == 7.0
        assert x.order(2) is None
        assert x.symbols == ["X"]
        assert x.now == OPEN + SECOND
        x.log.append("looked")

    told = Told(at_0=lambda x: x.buy("X", 7, limit=1.0, tif="gtc"), at_1=look)
    tw.backtest(told, quotes(10, 20, 30))
    assert "looked" in told.log


def test_ids_are_given_at_once_and_hold_for_cancel_and_replace_in_the_same_callback() -> None:
    def act(x: Told) -> None:
        assert [x.buy("X", 1, limit=1.0), x.buy("X", 1, limit=2.0)] == [1, 2]
        assert x.cancel(1) is True
        assert x.replace(2, limit=3.0) == 3

    told = Told(at_0=act, at_2=lambda x: x.log.append([x.cancel(1), x.replace(2, qty=5), x.order(3).replaces]))
    result = tw.backtest(told, quotes(10, 10, 10))
    assert result.orders["status"].to_pylist() == ["canceled", "replaced", "new"]
    assert [False, None, 2] in told.log
    assert result.orders["limit_price"].to_pylist() == [1.0, 2.0, 3.0]


def test_timers_go_off_in_order_of_time_then_of_setting_and_before_the_quotes_of_their_moment() -> None:
    class Timers(Told):
        def on_start(self) -> None:
            self.set_timer("third", at_ns=OPEN + 2 * SECOND)
            self.set_timer("first", seconds=0.5)
            self.set_timer("fourth", at_ns=OPEN + 2 * SECOND)
            self.set_timer("past", at_ns=5)
            self.set_timer("never", at_ns=OPEN + 10 * SECOND)

        def on_quote(self, quote: Any) -> None:
            self.log.append(("quote", (quote.ts - OPEN) / SECOND))

    told = Timers()
    tw.backtest(told, quotes(10, 10, 10))
    assert told.log == [
        ("past", 0.0),
        ("quote", 0.0),
        ("first", 0.5),
        ("quote", 1.0),
        ("third", 2.0),
        ("fourth", 2.0),
        ("quote", 2.0),
        "stop",
    ]


def test_a_strategy_gets_what_it_subscribed_to_and_nothing_else() -> None:
    seen: set[tuple[str, str]] = set()

    class One(tw.Strategy):
        def on_start(self) -> None:
            self.subscribe("A", "quotes")
            self.subscribe("B", bars="1s")

        def on_quote(self, quote: Any) -> None:
            seen.add((quote.symbol, "quote"))

        def on_bar(self, bar: Any) -> None:
            seen.add((bar.symbol, "bar"))

    tw.backtest(One(), [quotes(*[10.0] * 9, symbol=x) for x in "ABC"])
    assert seen == {("A", "quote"), ("B", "bar")}


def test_strategies_share_the_account_and_keep_their_own_positions() -> None:
    class Bull(Told):
        name = "bull"

    class Bear(Told):
        name = "bear"

    bull = Bull(at_0=lambda x: x.buy("X", 100), at_2=lambda x: x.log.append((x.position("X").qty, x.cash)))
    bear = Bear(at_0=lambda x: x.sell("X", 40), at_2=lambda x: x.log.append((x.position("X").qty, x.cash)))
    result = tw.backtest([bull, bear], quotes(10, 10, 10))
    cash = 100_000 - 100 * 10.01 + 40 * 9.99
    assert (100.0, pytest.approx(cash)) in bull.log
    assert (-40.0, pytest.approx(cash)) in bear.log
    positions = dict(zip(result.positions["strategy"].to_pylist(), result.positions["qty"].to_pylist(), strict=True))
    assert positions == {"bull": 100.0, "bear": -40.0}


def test_an_object_can_run_again_and_starts_from_nothing_in_the_engine() -> None:
    told = Told(at_0=lambda x: x.buy("X", 100))
    data = quotes(10, 10, 10)
    first = tw.backtest(told, data)
    told.count = -1
    assert tw.backtest(told, data).digest == first.digest


# --- rules against an independent statement ---


def bars(n: int, seed: int, *, daily: bool) -> tuple[tw.MarketData, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    close = np.round(60 * np.exp(np.cumsum(rng.normal(0, 0.012, n))), 2)
    open_ = np.round(np.concatenate([close[:1], close[:-1]]) * np.exp(rng.normal(0, 0.004, n)), 2)
    columns = {
        "open": open_,
        "high": np.maximum(open_, close) + 0.05,
        "low": np.minimum(open_, close) - 0.05,
        "close": close,
    }
    if daily:
        # The clocks of New York change within the span; the bars stay at 14:30 to 21:00 UTC, which is no matter here.
        days = np.busday_offset("2014-01-06", np.arange(n))
        start = (days + np.timedelta64(14 * 60 + 30, "m")).astype("M8[ns]").astype(np.int64)
        ts = start + 390 * MINUTE
    else:
        start = OPEN + np.arange(n) * MINUTE
        ts = start + MINUTE
    columns |= {"ts": ts, "start": start, "volume": np.full(n, 1_000_000)}
    return tw.feeds.table(columns, symbol="X"), columns


def ema(x: np.ndarray, n: int) -> np.ndarray:
    """Seed with the mean of the first `n`, then weigh by 2 / (n + 1)."""
    out = np.full(len(x), np.nan)
    out[n - 1] = x[:n].mean()
    for i in range(n, len(x)):
        out[i] = out[i - 1] + 2 / (n + 1) * (x[i] - out[i - 1])
    return out


def crossings(columns: dict[str, Any], fast: int, slow: int) -> list[int]:
    """+1 where the fast average goes above the slow one at this bar, -1 where it goes below, else 0."""
    difference = np.sign(ema(columns["close"], fast) - ema(columns["close"], slow))
    side, out = 0.0, []
    for d in difference:
        out.append(int(d) if side and d in (1, -1) and d != side else 0)
        side = d if d in (1, -1) else side
    return out


def expected_fills(
    columns: dict[str, Any], fast: int, slow: int, fraction: float, *, short: bool, fee_bps: float
) -> list[tuple[int, int, str, int, float]]:
    """State the rule again: decide at a close on what is known there, trade at the next open."""
    cash, held = 100_000.0, 0
    fills: list[tuple[int, int, str, int, float]] = []
    signals = crossings(columns, fast, slow)
    for i in range(len(signals) - 1):
        close, price = columns["close"][i], columns["open"][i + 1]
        size = int(np.floor((cash + held * close) * fraction / close))
        order = 0
        if signals[i] == 1 and held <= 0:
            order = size - held
        elif signals[i] == -1 and short and held >= 0:
            order = -size - held
        elif signals[i] == -1 and held > 0:
            order = -held
        if order:
            times = (int(columns["start"][i + 1]), int(columns["ts"][i + 1]))  # done at the open, known at the end
            fills.append((*times, "buy" if order > 0 else "sell", abs(order), float(price)))
            cash -= order * price + abs(order) * price * fee_bps / 10_000
            held += order
    return fills


@pytest.mark.parametrize("daily", [False, True])
@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize(("fast", "slow"), [(10, 30), (3, 8), (1, 2)])
@pytest.mark.parametrize("seed", range(5))
def test_an_ema_cross_trades_as_its_independent_statement_says(
    daily: bool, short: bool, fast: int, slow: int, seed: int
) -> None:
    data, columns = bars(500, seed, daily=daily)
    a, b = s.ema(s.close, fast), s.ema(s.close, slow)
    above, below = s.cross_above(a, b), s.cross_below(a, b)
    rule = tw.Rules(entry=above, exit=below, short_entry=below if short else None, size=tw.Fraction(0.2))
    result = tw.backtest(rule, data, venue=tw.SimVenue(fees=tw.fees.Bps(2.0)))
    fills = list(zip(*(result.fills[c].to_pylist() for c in ("side", "qty", "price")), strict=True))
    times = [result.fills[c].cast("int64").to_pylist() for c in ("ts", "recv")]
    expected = expected_fills(columns, fast, slow, 0.2, short=short, fee_bps=2.0)
    assert len(expected) > 4
    assert [(*at, *f) for *at, f in zip(*times, fills, strict=True)] == expected
