"""Orders through the day: the close, the hours around it, the night, auctions, weekends and half days."""

import pytest
from alpaca.trading.enums import OrderSide, OrderStatus, TimeInForce
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest

from tests.conformance import rig
from tickwright.paper import PaperServer

BUY = OrderSide.BUY
DAY, GTC, OPG, CLS = (TimeInForce(t) for t in ("day", "gtc", "opg", "cls"))
# A Tuesday, in UTC: New York is five hours behind.
NOON, CLOSE, EVENING, NIGHT, MORNING = (
    "2026-01-06T17:00:00Z",
    "2026-01-06T21:00:10Z",
    "2026-01-06T22:00:00Z",
    "2026-01-07T02:00:00Z",
    "2026-01-07T14:30:05Z",
)


@pytest.fixture
def floor():
    paper = {"speed": 0.0, "accounts": rig.accounts(1), "requests_per_minute": 0, "fees": "none"}
    with PaperServer({"paper": paper}, data=rig.quiet_market()) as server:
        floor = rig.Floor(server)
        floor.client = rig.trading(server)
        yield floor


def at(floor, moment):
    floor.server.control("POST", "advance", {"to": moment})
    floor.quote()


def market(tif=DAY, qty=1):
    return MarketOrderRequest(symbol="AAPL", qty=qty, side=BUY, time_in_force=tif)


def limit(price, tif=DAY, **more):
    return LimitOrderRequest(symbol="AAPL", qty=1, side=BUY, time_in_force=tif, limit_price=price, **more)


def test_a_day_order_expires_at_the_close(floor):
    at(floor, NOON)
    order = floor.client.submit_order(limit(90.0))
    at(floor, CLOSE)
    found = floor.client.get_order_by_id(order.id)
    assert found.status is OrderStatus.EXPIRED
    assert found.expired_at is not None


def test_an_order_until_canceled_lives_on(floor):
    at(floor, NOON)
    order = floor.client.submit_order(limit(90.0, GTC))
    at(floor, MORNING)
    assert floor.client.get_order_by_id(order.id).status is OrderStatus.NEW
    floor.settle(bid=89.0, ask=89.5)
    assert floor.client.get_order_by_id(order.id).status is OrderStatus.FILLED


@pytest.mark.parametrize("moment", [EVENING, NIGHT], ids=["evening", "night"])
def test_an_order_after_the_close_waits_for_the_next_session(floor, moment):
    at(floor, moment)
    order = floor.client.submit_order(market())
    floor.settle()
    assert floor.client.get_order_by_id(order.id).status is OrderStatus.ACCEPTED
    at(floor, MORNING)
    floor.settle()
    assert floor.client.get_order_by_id(order.id).status is OrderStatus.FILLED


@pytest.mark.parametrize(("extended", "status"), [(True, OrderStatus.FILLED), (False, OrderStatus.ACCEPTED)])
def test_only_what_asks_for_it_trades_in_extended_hours(floor, extended, status):
    at(floor, EVENING)
    order = floor.client.submit_order(limit(101.0, extended_hours=extended))
    floor.settle()
    assert floor.client.get_order_by_id(order.id).status is status


def test_an_order_for_the_opening_is_taken_in_the_evening_and_fills_there(floor):
    at(floor, "2026-01-07T01:00:00Z")
    order = floor.client.submit_order(market(OPG))
    assert order.time_in_force is OPG
    at(floor, MORNING)
    floor.trade("AAPL", 100.0, 5_000)
    floor.settle()
    assert floor.client.get_order_by_id(order.id).status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("moment", "tif", "taken"),
    [
        ("2026-01-06T20:49:00Z", CLS, True),
        ("2026-01-06T20:51:00Z", CLS, False),
        ("2026-01-06T23:59:00Z", OPG, False),
        ("2026-01-07T00:01:00Z", OPG, True),
        ("2026-01-07T14:27:00Z", OPG, True),
        ("2026-01-07T14:29:00Z", OPG, False),
    ],
)
def test_auction_orders_are_taken_in_their_hours(floor, moment, tif, taken):
    at(floor, moment)
    if taken:
        assert floor.client.submit_order(market(tif)).time_in_force is tif
    else:
        assert rig.refused(floor.client.submit_order, market(tif))[:2] == (422, 42210000)


def test_a_weekend_is_passed_over(floor):
    at(floor, "2026-01-09T22:00:00Z")
    order = floor.client.submit_order(market())
    at(floor, "2026-01-11T15:00:00Z")
    assert not floor.client.get_clock().is_open
    assert floor.client.get_order_by_id(order.id).status is OrderStatus.ACCEPTED
    at(floor, "2026-01-12T14:30:05Z")
    floor.settle()
    assert floor.client.get_clock().is_open
    assert floor.client.get_order_by_id(order.id).status is OrderStatus.FILLED


def test_a_half_day_closes_at_one(floor):
    at(floor, "2026-11-27T17:30:00Z")
    order = floor.client.submit_order(limit(90.0))
    assert floor.client.get_clock().is_open
    at(floor, "2026-11-27T18:00:10Z")
    assert not floor.client.get_clock().is_open
    assert floor.client.get_order_by_id(order.id).status is OrderStatus.EXPIRED


def test_pairs_trade_around_the_clock(floor):
    floor.server.control("POST", "advance", {"to": "2026-01-10T08:00:00Z"})
    floor.quote("BTC/USD")
    order = floor.client.submit_order(
        MarketOrderRequest(symbol="BTC/USD", qty=0.1, side=BUY, time_in_force=TimeInForce.GTC)
    )
    floor.settle("BTC/USD")
    assert floor.client.get_order_by_id(order.id).status is OrderStatus.FILLED
