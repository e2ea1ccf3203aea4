"""Orders with legs through alpaca-py: brackets, OCOs and OTOs from submission to their end."""

import pytest
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, OrderType, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOrderByIdRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
)

BUY, SELL = OrderSide.BUY, OrderSide.SELL
DAY, GTC = TimeInForce.DAY, TimeInForce.GTC
HELD, NEW, FILLED, CANCELED = (OrderStatus(s) for s in ("held", "new", "filled", "canceled"))


def bracket(**more):
    given = {
        "symbol": "AAPL",
        "qty": 10,
        "side": BUY,
        "time_in_force": GTC,
        "order_class": OrderClass.BRACKET,
        "take_profit": TakeProfitRequest(limit_price=105.0),
        "stop_loss": StopLossRequest(stop_price=95.0),
    }
    return MarketOrderRequest(**{**given, **more})


def legs(trader, order):
    nested = trader.get_order_by_id(order.id, GetOrderByIdRequest(nested=True))
    return {leg.type: leg for leg in nested.legs}


@pytest.fixture
def entered(trader, floor):
    order = trader.submit_order(bracket())
    floor.settle()
    return order


def test_a_bracket_answers_with_its_legs(trader):
    order = trader.submit_order(bracket())
    assert order.order_class is OrderClass.BRACKET
    assert {leg.type for leg in order.legs} == {OrderType.LIMIT, OrderType.STOP}
    assert {leg.side for leg in order.legs} == {SELL}
    assert {leg.qty for leg in order.legs} == {"10"}


def test_legs_are_held_until_the_entry_is_filled(trader, floor):
    order = trader.submit_order(
        LimitOrderRequest(**bracket().model_dump(exclude={"type"}, exclude_none=True), limit_price=99.0)
    )
    floor.settle()
    assert {leg.status for leg in legs(trader, order).values()} == {HELD}
    floor.settle(bid=98.5, ask=98.9)
    assert trader.get_order_by_id(order.id).status is FILLED
    assert legs(trader, order)[OrderType.LIMIT].status is NEW


def test_a_stop_leg_may_have_a_limit(trader):
    order = trader.submit_order(bracket(stop_loss=StopLossRequest(stop_price=95.0, limit_price=94.5)))
    stop = next(leg for leg in order.legs if leg.stop_price is not None)
    assert (stop.type, stop.stop_price, stop.limit_price) == (OrderType.STOP_LIMIT, "95", "94.5")


def test_the_profit_cancels_the_stop(trader, floor, entered):
    floor.settle(bid=105.1, ask=105.2)
    after = legs(trader, entered)
    assert (after[OrderType.LIMIT].status, after[OrderType.STOP].status) == (FILLED, CANCELED)
    assert trader.get_all_positions() == []


def test_the_stop_cancels_the_profit(trader, floor, entered):
    floor.trade("AAPL", 94.9)
    floor.settle(bid=94.8, ask=94.9)
    after = legs(trader, entered)
    assert (after[OrderType.LIMIT].status, after[OrderType.STOP].status) == (CANCELED, FILLED)


def test_a_partial_profit_shrinks_the_stop(trader, floor, entered):
    floor.settle(bid=105.0, ask=105.2, size=4)
    after = legs(trader, entered)
    taken = float(after[OrderType.LIMIT].filled_qty)
    if 0 < taken < 10:
        assert float(after[OrderType.STOP].qty) == 10 - taken
    else:
        floor.settle(bid=105.2, ask=105.3)
        assert legs(trader, entered)[OrderType.STOP].status is CANCELED


@pytest.mark.parametrize("which", [OrderType.LIMIT, OrderType.STOP], ids=["profit", "stop"])
def test_canceling_one_leg_cancels_the_other(trader, floor, entered, which):
    trader.cancel_order_by_id(legs(trader, entered)[which].id)
    floor.settle()
    assert {leg.status for leg in legs(trader, entered).values()} == {CANCELED}


def test_canceling_the_entry_cancels_its_legs(trader, floor):
    order = trader.submit_order(
        LimitOrderRequest(**bracket().model_dump(exclude={"type"}, exclude_none=True), limit_price=90.0)
    )
    trader.cancel_order_by_id(order.id)
    floor.settle()
    assert {leg.status for leg in legs(trader, order).values()} == {CANCELED}


def test_listed_nested_legs_are_under_their_parent(trader, entered):
    nested = trader.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True))
    assert [o.id for o in nested] == [entered.id]
    assert len(nested[0].legs) == 2


def test_listed_flat_legs_are_rows(trader, entered):
    flat = trader.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL))
    assert len(flat) == 3
    assert {o.id for o in flat} == {entered.id, *(leg.id for leg in entered.legs)}


def test_a_bracket_sells_short_too(trader, floor):
    order = trader.submit_order(
        bracket(side=SELL, take_profit=TakeProfitRequest(limit_price=95.0), stop_loss=StopLossRequest(stop_price=105.0))
    )
    floor.settle()
    assert {leg.side for leg in legs(trader, order).values()} == {BUY}
    floor.settle(bid=94.8, ask=94.9)
    assert legs(trader, order)[OrderType.LIMIT].status is FILLED
    assert trader.get_all_positions() == []


@pytest.fixture
def owned(trader, floor):
    trader.submit_order(MarketOrderRequest(symbol="AAPL", qty=10, side=BUY, time_in_force=DAY))
    floor.settle()
    return trader


def oco():
    return LimitOrderRequest(
        symbol="AAPL",
        qty=10,
        side=SELL,
        time_in_force=GTC,
        order_class=OrderClass.OCO,
        take_profit=TakeProfitRequest(limit_price=105.0),
        stop_loss=StopLossRequest(stop_price=95.0),
        limit_price=105.0,
    )


@pytest.mark.parametrize("price", [105.1, 94.5], ids=["profit", "stop"])
def test_one_of_an_oco_cancels_the_other(owned, floor, price):
    owned.submit_order(oco())
    floor.settle()
    floor.trade("AAPL", price)
    floor.settle(bid=round(price - 0.01, 2), ask=round(price + 0.01, 2))
    statuses = [o.status for o in owned.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL)) if o.side is SELL]
    assert sorted(s.value for s in statuses) == ["canceled", "filled"]
    assert owned.get_all_positions() == []


def test_both_sides_of_an_oco_hold_the_shares_once(owned, floor):
    owned.submit_order(oco())
    floor.settle()
    assert float(owned.get_open_position("AAPL").qty_available) == 0


def test_an_oco_without_a_position_is_refused(trader):
    from tests.conformance import rig

    assert rig.refused(trader.submit_order, oco())[0] in (403, 422)


@pytest.mark.parametrize(
    ("leg", "price", "kind"),
    [
        ({"take_profit": TakeProfitRequest(limit_price=105.0)}, 105.1, OrderType.LIMIT),
        ({"stop_loss": StopLossRequest(stop_price=95.0)}, 94.5, OrderType.STOP),
    ],
    ids=["profit", "stop"],
)
def test_an_oto_has_one_leg(trader, floor, leg, price, kind):
    order = trader.submit_order(
        MarketOrderRequest(symbol="AAPL", qty=10, side=BUY, time_in_force=GTC, order_class=OrderClass.OTO, **leg)
    )
    assert [made.type for made in order.legs] == [kind]
    floor.settle()
    floor.trade("AAPL", price)
    floor.settle(bid=round(price - 0.01, 2), ask=round(price + 0.01, 2))
    assert legs(trader, order)[kind].status is FILLED
