"""Alpaca's orders from Python: legs, trails, auctions, dollars, names, and what the broker would not take."""

from __future__ import annotations

import pytest

import tickwright as tw

SECOND = 1_000_000_000
# 2013-10-07 09:30 in New York.
OPEN = 1_381_152_600 * SECOND


def ticks(prices, *, start=OPEN, symbol="AAA"):
    """Return quotes a cent around `prices`, a second apart, with a trade at each."""
    ts = [start + i * SECOND for i in range(len(prices))]
    size = [500.0] * len(prices)
    quotes = tw.feeds.table(
        {
            "ts": ts,
            "symbol": [symbol] * len(ts),
            "bid": [p - 0.01 for p in prices],
            "ask": [p + 0.01 for p in prices],
            "bid_size": size,
            "ask_size": size,
        },
        kind="quotes",
    )
    trades = tw.feeds.table({"ts": ts, "symbol": [symbol] * len(ts), "price": prices, "size": size}, kind="trades")
    return [quotes, trades]


class Once(tw.Strategy):
    """Sends one order at the first quote, by the arguments given."""

    def __init__(self, side="buy", symbol="AAA", **order):
        super().__init__()
        self.side, self.symbol, self.order_args, self.sent, self.seen = side, symbol, order, None, []

    def on_start(self):
        self.subscribe(kind="quotes")

    def on_quote(self, quote):
        if self.sent is None:
            self.sent = self.submit(self.symbol, self.side, **self.order_args)

    def on_order(self, order):
        self.seen.append((order.id, order.status, order.reason))


def run(prices, side="buy", symbol="AAA", venue=None, **order):
    strategy = Once(side, symbol, **order)
    return strategy, tw.backtest(strategy, ticks(prices, symbol=symbol), venue=venue)


def test_a_bracket_takes_its_profit_and_cancels_its_stop():
    strategy, result = run([10.0, 10.0, 10.6, 10.7], qty=100, take_profit=10.5, stop_loss=9.5)
    orders = result.orders.to_pylist()
    assert [o["status"] for o in orders] == ["filled", "filled", "canceled"]
    assert [o["class"] for o in orders] == ["bracket"] * 3
    assert [o["parent"] for o in orders] == [0, 1, 1]
    assert [(o["type"], o["limit_price"], o["stop_price"]) for o in orders[1:]] == [
        ("limit", 10.5, None),
        ("stop", None, 9.5),
    ]
    assert (2, "held", None) in strategy.seen


def test_a_trailing_stop_shows_its_best_price_and_its_stop():
    _, result = run([10.0, 10.0, 11.0, 10.9], "sell", qty=100, trail=0.5, tif="gtc")
    (order,) = result.orders.to_pylist()
    assert (order["type"], order["trail_price"], order["hwm"], order["stop_price"]) == (
        "trailing_stop",
        0.5,
        11.0,
        10.5,
    )
    _, result = run([10.0, 10.0, 11.0, 10.0], "sell", qty=100, trail_percent=5)
    (order,) = result.orders.to_pylist()
    assert (order["status"], order["trail_percent"], order["hwm"], order["stop_price"]) == ("filled", 5.0, 11.0, 10.45)


def test_dollars_become_shares():
    _, result = run([9.99, 9.99], notional=250.0)
    (order,) = result.orders.to_pylist()
    assert (order["notional"], order["qty"], order["filled_qty"], order["status"]) == (250.0, 25.0, 25.0, "filled")


def test_names_are_kept_and_unique():
    class Twice(Once):
        def on_quote(self, quote):
            self.buy("AAA", 1, client_order_id="mine")

    strategy = Twice()
    result = tw.backtest(strategy, ticks([10.0, 10.0]))
    assert result.orders.column("client_order_id").to_pylist() == ["mine", None]
    assert result.orders.column("reason").to_pylist() == [None, "INVALID"]
    assert any("client_order_id must be unique" in (reason or "") for _, _, reason in strategy.seen)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"qty": 1.5, "tif": "gtc"}, "fractional orders must be DAY"),
        ({"qty": 1, "limit": 10.001}, "sub-penny"),
        ({"qty": 1.5, "take_profit": 11, "stop_loss": 9}, "simple orders"),
        ({"qty": 1, "extended_hours": True}, "DAY limit orders"),
        ({"qty": 1, "take_profit": 9, "stop_loss": 11}, "must be above stop_loss"),
        ({"qty": 1, "tif": "opg", "stop": 11}, "opg and cls"),
        ({"qty": 1, "order_class": "oco", "limit": 11, "stop_loss": 12}, "an oco"),
    ],
)
def test_what_the_broker_would_not_take_is_refused_with_the_reason(order, said):
    strategy, result = run([10.0, 10.0], venue=tw.SimVenue(rules="alpaca"), **order)
    assert set(result.orders.column("status").to_pylist()) == {"refused"}
    assert said in strategy.seen[0][2]


def test_crypto_pairs_have_their_own_rules():
    venue = tw.SimVenue(rules="alpaca")
    assert run([10.0, 10.0], symbol="BTC/USD", qty=0.5, tif="gtc", venue=venue)[1].stats["fills"] == 1
    strategy, _ = run([10.0, 10.0], symbol="BTC/USD", qty=0.5, venue=venue)
    assert "gtc or ioc" in strategy.seen[0][2]


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"qty": 1, "notional": 5},
        {"qty": 1, "trail": 1, "trail_percent": 1},
        {"qty": 1, "trail_percent": 100},
        {"qty": 1, "order_class": "mleg"},
        {"qty": 1, "take_profit": -1},
        {"qty": 1, "stop_loss": (9.0, -1.0)},
        {"notional": float("nan")},
    ],
)
def test_nonsense_raises_at_the_call(order):
    with pytest.raises(tw.StrategyError) as caught:
        run([10.0], **order)
    assert isinstance(caught.value.__cause__, tw.OrderError)


def test_orders_on_close_fill_at_the_last_trade_of_the_session():
    start = OPEN + 6 * 3600 * SECOND
    strategy = Once(qty=100, tif="cls")
    result = tw.backtest(strategy, ticks([10.0, 11.0], start=start) + ticks([12.0], start=start + 3600 * SECOND))
    assert result.fills.column("price").to_pylist() == [11.0]
    assert strategy.seen[0][1] == "accepted"


@pytest.mark.parametrize(
    ("venue", "fee"),
    [
        (tw.fees.Tiered(((0, 0.01), (50, 0.002))), 0.6),
        (tw.fees.Regulatory(), 0.01),
        (tw.fees.PerShare(0.005), 0.5),
    ],
)
def test_fees_by_model(venue, fee):
    _, result = run([10.0, 10.0], qty=100, venue=tw.SimVenue(fees=venue))
    assert result.fills.column("fee").to_pylist() == [fee]


def test_regulatory_fees_of_a_sale_are_each_rounded_up():
    # 1,000 dollars sold: 2.78 cents of the SEC's, 1.66 of FINRA's, 0.53 of the audit trail, each to the next cent.
    _, result = run([10.01, 10.01], "sell", qty=100, venue=tw.SimVenue(fees=tw.fees.Regulatory()))
    assert result.fills.column("fee").to_pylist() == [0.06]


def test_settings_that_cannot_work_are_refused_by_name():
    for settings, said in [
        ({"queue": "exact"}, "venue.queue"),
        ({"participation": 0.0}, "venue.participation"),
        ({"impact": 5}, "venue.impact"),
        ({"latency_model": 5}, "venue.latency_model"),
        ({"matching": "nonsense"}, "matching"),
    ]:
        with pytest.raises(tw.ConfigError, match=said):
            run([10.0], qty=1, venue=tw.SimVenue(**settings))
    for model in (
        lambda: tw.models.LogNormal(-1.0, 1.0),
        lambda: tw.models.Empirical(()),
        lambda: tw.models.SquareRoot(0.0, 1e6),
        lambda: tw.models.PowerQueue(100.0),
        lambda: tw.fees.Tiered(((5, 0.1),)),
    ):
        with pytest.raises(tw.ConfigError):
            model()


def test_impact_and_latency_models_reach_the_venue():
    _, result = run([9.99, 9.99], qty=100, venue=tw.SimVenue(impact=tw.models.SquareRoot(0.02, 10_000.0)))
    # 2 % times the root of 100 in 10,000 is 0.2 % of 10 dollars.
    assert result.fills.column("price").to_pylist() == [10.02]
    venue = tw.SimVenue(latency_model=tw.models.Empirical((500.0,)))
    _, result = run([9.99, 10.99], qty=100, venue=venue)
    assert result.fills.column("ts").cast("int64").to_pylist() == [OPEN + SECOND // 2]
