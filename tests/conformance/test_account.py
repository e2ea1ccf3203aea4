"""Account, positions, activities, portfolio history, configuration and watchlists through alpaca-py."""

import datetime as dt
import uuid

import pytest
from alpaca.trading.enums import (
    AccountStatus,
    AssetClass,
    AssetExchange,
    OrderSide,
    OrderStatus,
    PositionSide,
    TimeInForce,
)
from alpaca.trading.requests import (
    ClosePositionRequest,
    CreateWatchlistRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    UpdateWatchlistRequest,
)

from tests.conformance import rig

BUY, SELL, DAY = OrderSide.BUY, OrderSide.SELL, TimeInForce.DAY


def trade(trader, floor, qty=10, side=BUY, symbol="AAPL", tif=DAY):
    order = trader.submit_order(MarketOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=tif))
    floor.settle(symbol)
    return order


FRESH = {
    "status": AccountStatus.ACTIVE,
    "currency": "USD",
    "cash": "100000",
    "equity": "100000",
    "last_equity": "100000",
    "portfolio_value": "100000",
    "buying_power": "400000",
    "regt_buying_power": "200000",
    "daytrading_buying_power": "400000",
    "multiplier": "4",
    "long_market_value": "0",
    "short_market_value": "0",
    "initial_margin": "0",
    "maintenance_margin": "0",
    "daytrade_count": 0,
    "pattern_day_trader": False,
    "trading_blocked": False,
    "transfers_blocked": False,
    "account_blocked": False,
    "trade_suspended_by_user": False,
    "shorting_enabled": True,
}


@pytest.mark.parametrize(("field", "value"), FRESH.items(), ids=FRESH)
def test_a_fresh_account_has(trader, field, value):
    assert getattr(trader.get_account(), field) == value


def test_an_account_has_an_id_and_a_number(trader):
    account = trader.get_account()
    assert isinstance(account.id, uuid.UUID)
    assert account.account_number.startswith("PA")


def test_buying_moves_cash_into_market_value(trader, floor):
    trade(trader, floor)
    account = trader.get_account()
    assert float(account.cash) == pytest.approx(100_000 - 1_000.1)
    assert float(account.long_market_value) == pytest.approx(1_000, abs=0.2)
    assert float(account.equity) == pytest.approx(100_000, abs=0.3)


def test_selling_short_makes_a_negative_market_value(trader, floor):
    trade(trader, floor, side=SELL)
    account = trader.get_account()
    assert float(account.cash) == pytest.approx(100_000 + 999.9)
    assert float(account.short_market_value) == pytest.approx(-1_000, abs=0.2)
    (position,) = trader.get_all_positions()
    assert (position.side, float(position.qty)) == (PositionSide.SHORT, -10)


def test_an_open_order_holds_buying_power(trader, floor):
    before = float(trader.get_account().buying_power)
    order = trader.submit_order(LimitOrderRequest(symbol="AAPL", qty=10, side=BUY, time_in_force=DAY, limit_price=90.0))
    assert float(trader.get_account().buying_power) == pytest.approx(before - 900)
    trader.cancel_order_by_id(order.id)
    floor.settle()
    assert float(trader.get_account().buying_power) == pytest.approx(before)


def test_a_position_has_all_its_figures(trader, floor):
    trade(trader, floor)
    floor.quote(bid=101.99, ask=102.01)
    floor.trade("AAPL", 102.0)
    position = trader.get_open_position("AAPL")
    assert position.symbol == "AAPL"
    assert position.asset_class is AssetClass.US_EQUITY
    assert position.exchange is AssetExchange.NASDAQ
    assert position.side is PositionSide.LONG
    figures = {
        "qty": 10,
        "qty_available": 10,
        "avg_entry_price": 100.01,
        "cost_basis": 1000.1,
        "current_price": 102,
        "market_value": 1020,
        "unrealized_pl": 19.9,
        "unrealized_plpc": 19.9 / 1000.1,
    }
    for name, value in figures.items():
        assert float(getattr(position, name)) == pytest.approx(value, abs=0.11), name


@pytest.mark.parametrize("by", ["symbol", "id"])
def test_a_position_is_found(trader, floor, by):
    trade(trader, floor)
    name = "AAPL" if by == "symbol" else trader.get_asset("AAPL").id
    assert trader.get_open_position(name).symbol == "AAPL"


def test_positions_are_one_a_symbol(trader, floor):
    trade(trader, floor, 10)
    trade(trader, floor, 5)
    trade(trader, floor, 1, symbol="MSFT")
    assert {p.symbol: float(p.qty) for p in trader.get_all_positions()} == {"AAPL": 15, "MSFT": 1}


@pytest.mark.parametrize("call", ["get_open_position", "close_position"])
def test_a_position_that_is_not_there_is_not_found(trader, call):
    status, code, message = rig.refused(getattr(trader, call), "AAPL")
    assert (status, code) == (404, 40410000)
    assert message.startswith("position does not exist")


CLOSES = [(None, "10"), (ClosePositionRequest(qty="4"), "4"), (ClosePositionRequest(percentage="50"), "5")]


@pytest.mark.parametrize(("how", "qty"), CLOSES, ids=["all", "qty", "percentage"])
def test_a_position_is_closed(trader, floor, how, qty):
    trade(trader, floor)
    order = trader.close_position("AAPL", how)
    assert (order.side, order.qty) == (SELL, qty)
    floor.settle()
    assert trader.get_order_by_id(order.id).status is OrderStatus.FILLED
    left = {p.symbol: float(p.qty) for p in trader.get_all_positions()}
    assert left == ({} if qty == "10" else {"AAPL": 10 - float(qty)})


def test_a_pair_is_closed_by_either_symbology(trader, floor):
    trade(trader, floor, 0.5, symbol="BTC/USD", tif=TimeInForce.GTC)
    assert trader.get_open_position("BTCUSD").qty == "0.5"
    trader.close_position("BTCUSD")
    floor.settle("BTC/USD")
    assert trader.get_all_positions() == []


def test_all_positions_are_closed_at_once(trader, floor):
    trade(trader, floor)
    trade(trader, floor, 3, symbol="MSFT")
    answers = trader.close_all_positions(cancel_orders=True)
    assert {a.symbol: a.status for a in answers} == {"AAPL": 200, "MSFT": 200}
    floor.settle()
    floor.settle("MSFT")
    assert trader.get_all_positions() == []


def test_closing_all_cancels_what_holds_the_shares(trader, floor):
    trade(trader, floor)
    trader.submit_order(LimitOrderRequest(symbol="AAPL", qty=10, side=SELL, time_in_force=DAY, limit_price=120.0))
    trader.close_all_positions(cancel_orders=True)
    floor.settle()
    assert trader.get_all_positions() == []
    assert trader.get_orders() == []


def test_shares_that_an_order_holds_cannot_be_closed(trader, floor):
    trade(trader, floor)
    trader.submit_order(LimitOrderRequest(symbol="AAPL", qty=10, side=SELL, time_in_force=DAY, limit_price=120.0))
    assert rig.refused(trader.close_position, "AAPL")[:2] == (403, 40310000)


# --- activities ------------------------------------------------------------------------------------------------------


def fills(server, key, **query):
    return rig.get(server, "/v2/account/activities/FILL", key, params=query).json()


def test_each_fill_is_an_activity(quiet, trader, floor, key):
    order = trade(trader, floor)
    (fill,) = fills(quiet, key)
    assert fill["activity_type"] == "FILL"
    assert fill["type"] == "fill"
    assert (fill["symbol"], fill["side"], fill["order_id"]) == ("AAPL", "buy", str(order.id))
    assert {k: float(fill[k]) for k in ("qty", "price", "cum_qty", "leaves_qty")} == {
        "qty": 10,
        "price": 100.01,
        "cum_qty": 10,
        "leaves_qty": 0,
    }
    stamp, _, name = fill["id"].partition("::")
    assert len(stamp) == 17
    assert uuid.UUID(name)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_activities_come_in_pages(quiet, trader, floor, key, size):
    for qty in (1, 2, 3, 4, 5):
        trade(trader, floor, qty)
    seen, token = [], None
    while True:
        page = fills(quiet, key, direction="asc", page_size=size, **({"page_token": token} if token else {}))
        if not page:
            break
        assert len(page) <= size
        seen += [float(fill["qty"]) for fill in page]
        token = page[-1]["id"]
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("direction", "expected"), [("asc", [1, 2]), ("desc", [2, 1]), (None, [2, 1])])
def test_activities_have_a_direction(quiet, trader, floor, key, direction, expected):
    for qty in (1, 2):
        trade(trader, floor, qty)
    found = fills(quiet, key, **({"direction": direction} if direction else {}))
    assert [float(f["qty"]) for f in found] == expected


@pytest.mark.parametrize(
    "query", [{"page_size": 0}, {"page_size": 101}, {"direction": "up"}, {"date": "x"}, {"after": "x"}], ids=str
)
def test_a_malformed_request_for_activities_is_refused(quiet, key, query):
    assert rig.get(quiet, "/v2/account/activities", key, params=query).status_code == 422


def test_an_unknown_activity_type_is_refused(quiet, key):
    assert rig.get(quiet, "/v2/account/activities/DANCE", key).status_code == 422


# --- portfolio history -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", ["1Min", "5Min", "15Min", "1H", "1D"])
def test_the_portfolio_history_is_as_long_as_its_times(trader, floor, frame):
    trade(trader, floor)
    floor.pass_time(120)
    found = trader.get_portfolio_history(GetPortfolioHistoryRequest(period="1D", timeframe=frame))
    assert len(found.timestamp) == len(found.equity) == len(found.profit_loss) == len(found.profit_loss_pct)
    assert found.timeframe == frame
    assert found.timestamp == sorted(found.timestamp)
    if found.equity:
        assert found.equity[-1] == pytest.approx(100_000, abs=10)


@pytest.mark.parametrize("query", [{"period": "1X"}, {"timeframe": "7Min"}], ids=str)
def test_a_malformed_portfolio_history_is_refused(quiet, key, query):
    assert rig.get(quiet, "/v2/account/portfolio/history", key, params=query).status_code in (400, 422)


# --- configuration ---------------------------------------------------------------------------------------------------


def test_the_configuration_has_its_fields(trader):
    found = trader.get_account_configurations()
    assert (found.no_shorting, found.suspend_trade, found.fractional_trading) == (False, False, True)
    assert found.max_margin_multiplier == "4"


@pytest.mark.parametrize(
    ("field", "value"), [("no_shorting", True), ("suspend_trade", True), ("max_margin_multiplier", "2")]
)
def test_the_configuration_can_be_changed(trader, field, value):
    wanted = trader.get_account_configurations().model_copy(update={field: value})
    assert getattr(trader.set_account_configurations(wanted), field) == value
    assert getattr(trader.get_account_configurations(), field) == value


def test_a_suspended_account_does_not_trade(trader, floor):
    wanted = trader.get_account_configurations().model_copy(update={"suspend_trade": True})
    trader.set_account_configurations(wanted)
    order = MarketOrderRequest(symbol="AAPL", qty=1, side=BUY, time_in_force=DAY)
    assert rig.refused(trader.submit_order, order)[0] == 403


# --- watchlists ------------------------------------------------------------------------------------------------------


@pytest.fixture
def watchlist(trader):
    return trader.create_watchlist(CreateWatchlistRequest(name="tech", symbols=["AAPL", "MSFT"]))


def symbols(found):
    return [asset.symbol for asset in found.assets]


def test_a_watchlist_is_made_and_found(trader, watchlist):
    assert symbols(watchlist) == ["AAPL", "MSFT"]
    assert trader.get_watchlist_by_id(watchlist.id) == watchlist
    assert [w.name for w in trader.get_watchlists()] == ["tech"]


def test_a_watchlist_is_changed(trader, watchlist):
    changed = trader.update_watchlist_by_id(watchlist.id, UpdateWatchlistRequest(name="banks", symbols=["BAC"]))
    assert (changed.name, symbols(changed)) == ("banks", ["BAC"])


def test_assets_come_and_go(trader, watchlist):
    assert symbols(trader.add_asset_to_watchlist_by_id(watchlist.id, "BAC")) == ["AAPL", "MSFT", "BAC"]
    trader.remove_asset_from_watchlist_by_id(watchlist.id, "AAPL")
    assert symbols(trader.get_watchlist_by_id(watchlist.id)) == ["MSFT", "BAC"]


def test_a_watchlist_is_deleted(trader, watchlist):
    trader.delete_watchlist_by_id(watchlist.id)
    assert rig.refused(trader.get_watchlist_by_id, watchlist.id)[:2] == (404, 40410000)


def test_an_unknown_symbol_is_not_watched(trader, watchlist):
    assert rig.refused(trader.add_asset_to_watchlist_by_id, watchlist.id, "NOPE")[0] in (404, 422)


def test_a_name_is_given_once(trader, watchlist):
    request = CreateWatchlistRequest(name="tech", symbols=["BAC"])
    assert rig.refused(trader.create_watchlist, request)[0] == 422


def test_a_watchlist_may_be_found_by_name(quiet, trader, watchlist, key):
    found = rig.get(quiet, "/v2/watchlists:by_name?name=tech", key)
    assert found.json()["id"] == str(watchlist.id)


def test_times_of_a_watchlist_are_virtual(watchlist):
    assert watchlist.created_at.date() == dt.date(2026, 1, 6)
