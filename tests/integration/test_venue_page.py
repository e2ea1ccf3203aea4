"""What docs/venue.md says of fills, cell by cell, through the public face."""

import pytest

import tickwright as tw

OPEN = 1_704_205_800 * 10**9  # 2024-01-02 09:30 in New York
SECOND = 10**9
MINUTE = 60 * SECOND
CLOSE = OPEN + 390 * MINUTE


def quotes(*rows):
    """Rows of (seconds after the open, bid, ask, size)."""
    ts, bid, ask, size = zip(*rows, strict=True)
    times = [OPEN + int(t * SECOND) for t in ts]
    return tw.feeds.table({"ts": times, "bid": bid, "ask": ask, "bid_size": size, "ask_size": size}, symbol="X")


def trades(*rows):
    """Rows of (seconds after the open, price, size)."""
    ts, price, size = zip(*rows, strict=True)
    return tw.feeds.table({"ts": [OPEN + int(t * SECOND) for t in ts], "price": price, "size": size}, symbol="X")


def bars(*rows):
    """Rows of (open, high, low, close), a minute each, contiguous."""
    o, h, low, c = zip(*rows, strict=True)
    start = [OPEN + i * MINUTE for i in range(len(rows))]
    return tw.feeds.table(
        {
            "start": start,
            "ts": [t + MINUTE for t in start],
            "open": o,
            "high": h,
            "low": low,
            "close": c,
            "volume": [1000] * len(rows),
        },
        symbol="X",
    )


class Once(tw.Strategy):
    """Send one order at a time after the open, or with the first bar."""

    def __init__(self, at=None, side="buy", qty=100, **order):
        super().__init__()
        self.at, self.side, self.qty, self.order_options, self.sent = at, side, qty, order, False

    def on_start(self):
        self.subscribe("X", "bars")
        if self.at is not None:
            self.set_timer(at_ns=OPEN + int(self.at * SECOND))

    def send(self):
        if not self.sent:
            self.sent = True
            self.submit("X", self.side, self.qty, **self.order_options)

    def on_timer(self, timer):
        self.send()

    def on_bar(self, bar):
        if self.at is None:
            self.send()


def run(data, strategy, **venue):
    result = tw.backtest(strategy, data, risk=tw.RiskLimits(max_leverage=None), venue=tw.SimVenue(**venue))
    fills = [(f["price"], f["qty"], f["maker"]) for f in result.fills.to_pylist()]
    return fills, result.orders["status"].to_pylist()


DAY = quotes(
    (0, 9.99, 10.01, 100), (1, 10.00, 10.02, 60), (2, 10.05, 10.07, 200), (3, 9.90, 9.92, 200), (4, 9.80, 9.82, 200)
)


@pytest.mark.parametrize(
    ("latency_ms", "price"),
    [(0, 10.01), (499, 10.01), (500, 10.02), (501, 10.02), (1500, 10.07)],
)
def test_a_market_order_takes_the_touch_that_stands_at_its_arrival_that_moment_included(latency_ms, price):
    fills, _ = run(DAY, Once(0.5, qty=50), latency_ms=latency_ms)
    assert fills == [(price, 50, False)]


def test_what_the_touch_cannot_fill_waits_for_the_next_quote_or_is_canceled():
    assert run(DAY, Once(1.5))[0] == [(10.02, 60, False), (10.07, 40, False)]
    assert run(DAY, Once(1.5, tif="ioc")) == ([(10.02, 60, False)], ["canceled"])
    assert run(DAY, Once(1.5, tif="fok")) == ([], ["canceled"])
    assert run(DAY, Once(1.5), liquidity="unlimited")[0] == [(10.02, 100, False)]


def test_a_limit_rests_and_fills_at_its_own_price_when_the_far_touch_reaches_it():
    assert run(DAY, Once(0.5, limit=9.95))[0] == [(9.95, 100, True)]
    assert run(DAY, Once(0.5, limit=10.03))[0] == [(10.01, 100, False)]


@pytest.mark.parametrize(("queue", "fills"), [("behind", []), ("front", [(9.95, 100, True)])])
def test_a_trade_at_the_limit_fills_only_the_front_of_the_queue(queue, fills):
    data = [quotes((0, 9.95, 10.05, 100)), trades((1, 9.95, 500))]
    assert run(data, Once(0.5, limit=9.95), queue=queue)[0] == fills
    through = [quotes((0, 9.95, 10.05, 100)), trades((1, 9.94, 30))]
    assert run(through, Once(0.5, limit=9.95), queue=queue)[0] == [(9.95, 30, True)]


def test_a_stop_goes_by_trades_and_fills_at_the_standing_quote_unless_told_to_go_by_quotes():
    data = [quotes((0, 9.95, 10.05, 100), (1, 10.15, 10.25, 100), (3, 10.30, 10.40, 100)), trades((2, 10.20, 10))]
    assert run(data, Once(0.5, stop=10.20))[0] == [(10.25, 100, False)]
    result = tw.backtest(Once(0.5, stop=10.20), data, venue=tw.SimVenue(stop_trigger="quote"))
    assert result.fills["ts"].cast("int64").to_pylist() == [OPEN + SECOND]


def test_without_quotes_a_market_order_takes_the_next_trade():
    data = trades((0, 10.0, 100), (1, 10.1, 40), (2, 10.2, 100))
    assert run(data, Once(0.5))[0] == [(10.1, 40, False), (10.2, 60, False)]
    assert run(data, Once(0.5, tif="ioc")) == ([(10.1, 40, False)], ["canceled"])


BARS = bars((10, 10.2, 9.9, 10.1), (10.3, 10.6, 10.0, 10.5), (10.4, 10.8, 9.6, 9.7), (9.7, 9.8, 9.7, 9.7))


@pytest.mark.parametrize(
    ("order", "latency_ms", "fills"),
    [
        ({}, 0, [(10.3, 100, False)]),
        ({}, 1, [(10.5, 100, False)]),
        ({"limit": 10.4}, 0, [(10.3, 100, False)]),
        ({"limit": 10.1}, 0, [(10.1, 100, True)]),
        ({"limit": 10.1}, 1, [(10.1, 100, True)]),
        ({"limit": 10.0}, 0, [(10.0, 100, True)]),
        ({"stop": 10.2}, 0, [(10.3, 100, False)]),
        ({"stop": 10.5}, 0, [(10.5, 100, False)]),
        ({"stop": 10.5}, 1, [(10.5, 100, False)]),
        ({"side": "sell", "stop": 9.8}, 0, [(9.8, 100, False)]),
        ({"stop": 10.7, "limit": 10.65}, 0, [(9.7, 100, False)]),  # rests once triggered, and the next bar opens below
    ],
)
def test_bars_fill_at_open_stop_limit_or_for_late_arrivals_at_the_close(order, latency_ms, fills):
    assert run(BARS, Once(**order), latency_ms=latency_ms)[0] == fills


def test_a_report_on_its_way_when_the_data_end_is_lost():
    assert run(bars((10, 10.2, 9.9, 10.1), (10.3, 10.6, 10.0, 10.5)), Once(), latency_ms=1) == ([], ["new"])


def test_a_day_order_ends_at_the_close_and_a_gtc_order_does_not():
    two_days = quotes((0, 9.9, 10.1, 100), (390 * 60, 9.9, 10.1, 100), (24 * 3600, 9.0, 9.2, 100))
    assert run(two_days, Once(1, limit=9.5)) == ([], ["expired"])
    assert run(two_days, Once(1, limit=9.5, tif="gtc"))[0] == [(9.5, 100, True)]
    after_the_close = quotes((0, 9.9, 10.1, 100), (400 * 60, 9.9, 10.1, 100), (24 * 3600, 9.0, 9.2, 100))
    assert run(after_the_close, Once(395 * 60, limit=9.5))[0] == [(9.5, 100, True)]


def test_the_minimum_fee_is_by_order_and_slippage_stays_within_the_limit():
    def fees(**order):
        model = tw.fees.PerShare(0.005, minimum=1.0)
        return tw.backtest(Once(1.5, **order), DAY, venue=tw.SimVenue(fees=model)).fills["fee"].to_pylist()

    assert fees() == [1.0, 0.0]
    assert run(DAY, Once(0.5, limit=10.012), slippage_bps=10)[0] == [(10.012, 100, False)]
    assert run(DAY, Once(0.5), slippage_bps=10)[0] == [(pytest.approx(10.02001), 100, False)]
