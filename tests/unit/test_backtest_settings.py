"""Settings that cannot be, and what a strategy sees of its orders."""

import pytest

import tickwright as tw


@pytest.fixture(scope="module")
def day():
    return tw.feeds.synthetic(seed=1, symbols=["ALFA"], events_scale=0.01)


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"risk": {"max_order_qty": 1}}, "risk"),
        ({"venue": {"latency_ms": 1}}, "venue"),
        ({"risk": tw.RiskLimits(max_open_orders=1.5)}, "risk.max_open_orders"),
        ({"risk": tw.RiskLimits(max_orders_per_second=-1)}, "risk.max_orders_per_second"),
        ({"risk": tw.RiskLimits(max_open_orders=2**40)}, "risk.max_open_orders"),
        ({"risk": tw.RiskLimits(allow_short="no")}, "risk.allow_short"),
        ({"venue": tw.SimVenue(seed=-1)}, "venue.seed"),
        ({"venue": tw.SimVenue(seed=0.5)}, "venue.seed"),
        ({"max_requests_per_moment": 0}, "max_requests_per_moment"),
        ({"max_requests_per_moment": 2**40}, "max_requests_per_moment"),
        ({"progress": 3}, "progress"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(day, settings, place):
    with pytest.raises(tw.ConfigError) as caught:
        tw.backtest(tw.Rules(entry=tw.signal.price > 0), day, **settings)
    assert str(caught.value).startswith(f"{place}: ")


def test_an_order_is_shown_in_the_words_of_python(day):
    class Shown(tw.Strategy):
        text = ""

        def on_quote(self, quote):
            if not self.text and quote.bid:
                self.text = repr(self.order(self.buy(quote.symbol, 1, limit=quote.bid))) + repr(quote)

        def on_order(self, order):
            self.text = repr(order)

    shown = Shown()
    tw.backtest(shown, day)
    assert shown.text.startswith("Order(symbol='ALFA', id=1, side='buy', type='limit', ")
    assert "is_done=" in shown.text
    assert "stop_price=None" in shown.text
    assert "Some" not in shown.text
    assert "false" not in shown.text
