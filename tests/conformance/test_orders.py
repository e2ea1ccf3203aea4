"""Orders through alpaca-py: types, times in force, fills, cancels, replaces, and how they are listed."""

import datetime as dt
import uuid

import pytest
from alpaca.common.enums import Sort
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, OrderType, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOrderByIdRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopOrderRequest,
    TrailingStopOrderRequest,
)

from tests.conformance import rig

BUY, SELL = OrderSide.BUY, OrderSide.SELL
DAY, GTC, IOC, FOK, OPG, CLS = (TimeInForce(t) for t in ("day", "gtc", "ioc", "fok", "opg", "cls"))
TERMINAL = {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED, OrderStatus.REPLACED}


def market(symbol="AAPL", qty=10, side=BUY, tif=DAY, **more):
    return MarketOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=tif, **more)


def limit(price, symbol="AAPL", qty=10, side=BUY, tif=DAY, **more):
    return LimitOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=tif, limit_price=price, **more)


def status(trader, order):
    return trader.get_order_by_id(order.id).status


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("tif", [DAY, GTC, IOC, FOK])
def test_a_market_order_fills_at_the_touch(trader, floor, side, tif):
    order = trader.submit_order(market(side=side, tif=tif))
    assert order.status in (OrderStatus.PENDING_NEW, OrderStatus.ACCEPTED, OrderStatus.NEW, OrderStatus.FILLED)
    floor.settle()
    filled = trader.get_order_by_id(order.id)
    assert filled.status is OrderStatus.FILLED
    assert (float(filled.filled_qty), float(filled.filled_avg_price)) == (10, 100.01 if side is BUY else 99.99)
    assert filled.filled_at is not None


@pytest.mark.parametrize("tif", [DAY, GTC])
def test_a_limit_order_rests_until_its_price_comes(trader, floor, tif):
    order = trader.submit_order(limit(99.0, tif=tif))
    floor.settle()
    assert status(trader, order) is OrderStatus.NEW
    floor.settle(bid=98.90, ask=98.95)
    filled = trader.get_order_by_id(order.id)
    assert filled.status is OrderStatus.FILLED
    assert 98.90 <= float(filled.filled_avg_price) <= 99.0


@pytest.mark.parametrize("tif", [IOC, FOK])
def test_what_must_trade_at_once_and_cannot_is_canceled(trader, floor, tif):
    order = trader.submit_order(limit(99.0, tif=tif))
    floor.settle()
    assert status(trader, order) in (OrderStatus.CANCELED, OrderStatus.EXPIRED)


def test_a_marketable_limit_order_fills_no_worse_than_its_price(trader, floor):
    order = trader.submit_order(limit(100.50))
    floor.settle()
    assert float(trader.get_order_by_id(order.id).filled_avg_price) <= 100.50
    assert status(trader, order) is OrderStatus.FILLED


def test_a_stop_order_waits_for_its_price(trader, floor):
    order = trader.submit_order(StopOrderRequest(symbol="AAPL", qty=10, side=BUY, time_in_force=DAY, stop_price=101.0))
    floor.settle()
    assert status(trader, order) is OrderStatus.NEW
    floor.quote(bid=101.04, ask=101.06)
    assert status(trader, order) is OrderStatus.NEW
    floor.trade("AAPL", 101.05)
    floor.settle(bid=101.04, ask=101.06)
    filled = trader.get_order_by_id(order.id)
    assert filled.status is OrderStatus.FILLED
    assert float(filled.filled_avg_price) == pytest.approx(101.06, abs=0.05)


def test_a_stop_limit_order_keeps_its_limit(trader, floor):
    order = trader.submit_order(
        StopLimitOrderRequest(symbol="AAPL", qty=10, side=BUY, time_in_force=DAY, stop_price=101.0, limit_price=101.02)
    )
    floor.quote(bid=101.49, ask=101.51)
    floor.trade("AAPL", 101.5)
    floor.settle(bid=101.49, ask=101.51)
    assert status(trader, order) is OrderStatus.NEW
    floor.settle(bid=100.98, ask=101.0)
    assert status(trader, order) is OrderStatus.FILLED


def test_a_trailing_stop_follows_one_way(trader, floor):
    trader.submit_order(market())
    floor.settle()
    order = trader.submit_order(
        TrailingStopOrderRequest(symbol="AAPL", qty=10, side=SELL, time_in_force=DAY, trail_price=1.0)
    )
    floor.quote(bid=101.99, ask=102.01)
    floor.trade("AAPL", 102.0)
    up = trader.get_order_by_id(order.id)
    assert float(up.hwm) == pytest.approx(102.0, abs=0.02)
    assert float(up.stop_price) == pytest.approx(101.0, abs=0.02)
    floor.trade("AAPL", 101.5)
    floor.settle(bid=101.49, ask=101.51)
    assert float(trader.get_order_by_id(order.id).hwm) == float(up.hwm)
    floor.trade("AAPL", 100.9)
    floor.settle(bid=100.89, ask=100.91)
    assert status(trader, order) is OrderStatus.FILLED


def test_a_trailing_stop_may_trail_by_percent(trader, floor):
    trader.submit_order(market())
    floor.settle()
    order = trader.submit_order(
        TrailingStopOrderRequest(symbol="AAPL", qty=10, side=SELL, time_in_force=GTC, trail_percent=5.0)
    )
    found = trader.get_order_by_id(order.id)
    assert (found.type, found.trail_percent) == (OrderType.TRAILING_STOP, "5")
    assert float(found.stop_price) == pytest.approx(float(found.hwm) * 0.95, rel=1e-4)


def test_a_fraction_of_a_share_fills(trader, floor):
    order = trader.submit_order(market(qty=0.125))
    floor.settle()
    filled = trader.get_order_by_id(order.id)
    assert (filled.status, filled.filled_qty) == (OrderStatus.FILLED, "0.125")


def test_dollars_buy_what_they_are_worth(trader, floor):
    order = trader.submit_order(MarketOrderRequest(symbol="AAPL", notional=1_000, side=BUY, time_in_force=DAY))
    assert (order.qty, order.notional) == (None, "1000")
    floor.settle()
    filled = trader.get_order_by_id(order.id)
    assert filled.status is OrderStatus.FILLED
    assert float(filled.filled_qty) * float(filled.filled_avg_price) == pytest.approx(1_000, abs=0.01)


@pytest.mark.parametrize("tif", [GTC, IOC])
def test_a_pair_trades_in_fractions(trader, floor, tif):
    order = trader.submit_order(market("BTC/USD", 0.25, tif=tif))
    floor.settle("BTC/USD")
    filled = trader.get_order_by_id(order.id)
    assert (filled.status, filled.filled_qty, filled.symbol) == (OrderStatus.FILLED, "0.25", "BTC/USD")


def test_more_than_the_touch_holds_fills_in_parts(trader, floor):
    floor.quote(size=100)
    order = trader.submit_order(limit(100.01, qty=150))
    floor.quote(size=100, bid=99.99, ask=100.01)
    found = trader.get_order_by_id(order.id)
    assert found.status in (OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED)
    floor.settle(size=1_000)
    assert trader.get_order_by_id(order.id).filled_qty == "150"


FIELDS = {
    "client_order_id": str,
    "created_at": dt.datetime,
    "updated_at": dt.datetime,
    "submitted_at": dt.datetime,
    "asset_id": uuid.UUID,
    "symbol": str,
    "qty": str,
    "filled_qty": str,
    "order_class": OrderClass,
    "order_type": OrderType,
    "type": OrderType,
    "side": OrderSide,
    "time_in_force": TimeInForce,
    "limit_price": str,
    "status": OrderStatus,
    "extended_hours": bool,
}


@pytest.mark.parametrize(("field", "kind"), FIELDS.items(), ids=FIELDS)
def test_an_order_has_all_fields_of_its_kind(trader, field, kind):
    assert isinstance(getattr(trader.submit_order(limit(90.0)), field), kind)


def test_an_order_is_named_by_its_client(trader):
    order = trader.submit_order(limit(90.0, client_order_id="mine-1"))
    assert order.client_order_id == "mine-1"
    assert trader.get_order_by_client_id("mine-1").id == order.id


def test_an_order_without_a_name_gets_one(trader):
    first, second = (trader.submit_order(limit(90.0)) for _ in range(2))
    assert first.client_order_id != second.client_order_id


@pytest.mark.parametrize("size", [1, 128])
def test_names_may_be_up_to_128_characters(trader, size):
    assert trader.submit_order(limit(90.0, client_order_id="x" * size)).client_order_id == "x" * size


def test_an_order_may_name_its_asset_by_id(trader):
    asset = trader.get_asset("AAPL")
    assert trader.submit_order(limit(90.0, symbol=str(asset.id))).symbol == "AAPL"


def test_a_cancel_ends_an_order(trader):
    order = trader.submit_order(limit(90.0))
    trader.cancel_order_by_id(order.id)
    found = rig.eventually(lambda: (o := trader.get_order_by_id(order.id)).status is OrderStatus.CANCELED and o)
    assert found.canceled_at is not None


def test_a_cancel_answers_204_without_a_body(quiet, trader, key):
    order = trader.submit_order(limit(90.0))
    answer = rig.get(quiet, f"/v2/orders/{order.id}", key, method="DELETE")
    assert (answer.status_code, answer.content) == (204, b"")


def test_an_unknown_order_cannot_be_canceled(trader):
    status_code, code, message = rig.refused(trader.cancel_order_by_id, uuid.uuid4())
    assert (status_code, code) == (404, 40410000)
    assert message.startswith("order not found for")


def test_a_filled_order_cannot_be_canceled(trader, floor):
    order = trader.submit_order(market())
    floor.settle()
    assert rig.refused(trader.cancel_order_by_id, order.id)[:2] == (422, 42210000)


def test_all_orders_are_canceled_at_once(trader):
    orders = [trader.submit_order(limit(90.0 + i)) for i in range(3)]
    answers = trader.cancel_orders()
    assert {a.id for a in answers} == {o.id for o in orders}
    assert {a.status for a in answers} == {200}
    rig.eventually(lambda: trader.get_orders() == [])


def test_cancel_all_answers_207(quiet, trader, key):
    trader.submit_order(limit(90.0))
    assert rig.get(quiet, "/v2/orders", key, method="DELETE").status_code == 207


def test_a_replace_makes_a_new_order(trader, floor):
    old = trader.submit_order(limit(90.0))
    floor.settle()
    new = trader.replace_order_by_id(old.id, ReplaceOrderRequest(qty=20, limit_price=91.0))
    assert new.id != old.id
    assert new.replaces == old.id
    floor.settle()
    was = trader.get_order_by_id(old.id)
    assert (was.status, was.replaced_by) == (OrderStatus.REPLACED, new.id)
    now = trader.get_order_by_id(new.id)
    assert (now.status, now.qty, now.limit_price) == (OrderStatus.NEW, "20", "91")


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"qty": 7}, "qty", "7"),
        ({"limit_price": 91.5}, "limit_price", "91.5"),
        ({"time_in_force": GTC}, "time_in_force", GTC),
        ({"client_order_id": "renamed"}, "client_order_id", "renamed"),
    ],
    ids=["qty", "limit_price", "time_in_force", "client_order_id"],
)
def test_a_replace_changes_what_it_names(trader, floor, change, field, value):
    old = trader.submit_order(limit(90.0))
    floor.settle()
    if field == "client_order_id":
        value = change["client_order_id"] = f"renamed-{uuid.uuid4()}"
    new = trader.replace_order_by_id(old.id, ReplaceOrderRequest(**change))
    assert getattr(new, field) == value


def test_a_replace_loses_the_race_with_a_fill(trader, floor):
    order = trader.submit_order(market())
    floor.settle()
    refusal = rig.refused(trader.replace_order_by_id, order.id, ReplaceOrderRequest(qty=20))
    assert refusal[0] in (403, 422)


def test_an_unknown_order_cannot_be_replaced(trader):
    assert rig.refused(trader.replace_order_by_id, uuid.uuid4(), ReplaceOrderRequest(qty=1))[:2] == (404, 40410000)


def test_a_stop_and_a_trail_can_be_replaced(trader, floor):
    trader.submit_order(market(qty=20))
    floor.settle()
    stop = trader.submit_order(StopOrderRequest(symbol="AAPL", qty=10, side=SELL, time_in_force=DAY, stop_price=95.0))
    trail = trader.submit_order(
        TrailingStopOrderRequest(symbol="AAPL", qty=10, side=SELL, time_in_force=DAY, trail_price=5.0)
    )
    floor.settle()
    assert trader.replace_order_by_id(stop.id, ReplaceOrderRequest(stop_price=96.0)).stop_price == "96"
    assert trader.replace_order_by_id(trail.id, ReplaceOrderRequest(trail=4.0)).trail_price == "4"


@pytest.fixture
def several(trader, floor):
    """Return a filled order, a canceled one and two that rest, a second apart."""
    orders = [trader.submit_order(market())]
    floor.settle()
    orders.append(trader.submit_order(limit(80.0)))
    trader.cancel_order_by_id(orders[-1].id)
    floor.settle()
    orders.append(trader.submit_order(limit(81.0)))
    floor.settle("MSFT")
    orders.append(trader.submit_order(limit(500.0, "MSFT", side=SELL, qty=1)))
    floor.settle("MSFT")
    return orders


LISTED = [
    ("open by default", {}, [3, 2]),
    ("open", {"status": QueryOrderStatus.OPEN}, [3, 2]),
    ("closed", {"status": QueryOrderStatus.CLOSED}, [1, 0]),
    ("all", {"status": QueryOrderStatus.ALL}, [3, 2, 1, 0]),
    ("ascending", {"status": QueryOrderStatus.ALL, "direction": Sort.ASC}, [0, 1, 2, 3]),
    ("limited", {"status": QueryOrderStatus.ALL, "limit": 2}, [3, 2]),
    ("one symbol", {"status": QueryOrderStatus.ALL, "symbols": ["MSFT"]}, [3]),
    ("two symbols", {"status": QueryOrderStatus.ALL, "symbols": ["MSFT", "AAPL"]}, [3, 2, 1, 0]),
    ("one side", {"status": QueryOrderStatus.ALL, "side": SELL}, [3]),
]


@pytest.mark.parametrize(("query", "expected"), [row[1:] for row in LISTED], ids=[row[0] for row in LISTED])
def test_orders_are_listed(trader, several, query, expected):
    found = trader.get_orders(GetOrdersRequest(**query))
    assert [o.id for o in found] == [several[i].id for i in expected]


def test_orders_are_listed_by_time_of_submission(trader, several):
    at = several[1].submitted_at
    every = {"status": QueryOrderStatus.ALL, "direction": Sort.ASC}
    later = trader.get_orders(GetOrdersRequest(after=at, **every))
    earlier = trader.get_orders(GetOrdersRequest(until=at, **every))
    assert [o.id for o in later] == [o.id for o in several[2:]]
    assert [o.id for o in earlier][:1] == [several[0].id]


@pytest.mark.parametrize(
    "query", ["status=some", "limit=0", "limit=501", "direction=up", "after=x", "side=hold", "nested=x"]
)
def test_a_malformed_listing_is_refused(quiet, key, query):
    assert rig.get(quiet, f"/v2/orders?{query}", key).status_code == 422


def test_orders_of_others_are_not_seen(quiet, trader, keys):
    order = trader.submit_order(limit(90.0))
    stranger = rig.trading(quiet, next(keys))
    assert stranger.get_orders() == []
    assert rig.refused(stranger.get_order_by_id, order.id)[0] == 404
    assert rig.refused(stranger.cancel_order_by_id, order.id)[0] == 404


def test_an_order_may_be_asked_for_with_its_legs(trader):
    order = trader.submit_order(limit(90.0))
    assert trader.get_order_by_id(order.id, GetOrderByIdRequest(nested=True)).id == order.id


def test_times_of_an_order_are_virtual(trader):
    order = trader.submit_order(limit(90.0))
    assert order.submitted_at.date() == dt.date(2026, 1, 6)


@pytest.mark.parametrize("tif", [OPG, CLS])
def test_an_auction_order_waits_for_its_auction(trader, floor, tif):
    if tif is OPG:
        # Taken from the evening before until 9:28; at ten in the morning it is too late.
        assert rig.refused(trader.submit_order, market(tif=tif))[0] in (403, 422)
        return
    order = trader.submit_order(market(tif=tif))
    floor.settle()
    assert status(trader, order) not in TERMINAL
    trader.cancel_order_by_id(order.id)
