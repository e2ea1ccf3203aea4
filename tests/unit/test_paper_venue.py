"""The paper venue's answers, read by the unmodified alpaca-py: its TradingClient on a transport to the venue."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
import requests

import tickwright as tw
from tickwright import _core

msgpack = pytest.importorskip("msgpack")
pytest.importorskip("alpaca")

from alpaca.common.exceptions import APIError  # noqa: E402
from alpaca.data.models import Bar, Quote, Trade  # noqa: E402
from alpaca.trading import models  # noqa: E402
from alpaca.trading import requests as ask  # noqa: E402
from alpaca.trading.client import TradingClient  # noqa: E402
from alpaca.trading.enums import (  # noqa: E402
    ActivityType,
    OrderClass,
    OrderSide,
    OrderStatus,
    QueryOrderStatus,
    TimeInForce,
    TradeEvent,
)

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
# Monday, 2026-03-09, midnight in New York.
MIDNIGHT = 1_773_028_800 * SECOND
ACCOUNTS = ["10000000-0000-4000-8000-000000000001", "10000000-0000-4000-8000-000000000002"]


def config(**more):
    """Return a configuration: two stocks, a coin, two accounts, three days."""
    symbols = [("AAPL", "us_equity"), ("MSFT", "us_equity"), ("BTC/USD", "crypto")]
    days = [MIDNIGHT + d * 24 * HOUR for d in range(3)]
    return json.dumps(
        {
            "start_ns": MIDNIGHT + 9 * HOUR,
            "seed": 11,
            "fees": "free",
            "symbols": [
                {"symbol": s, "id": f"00000000-0000-4000-8000-{i:012}", "asset_class": c}
                for i, (s, c) in enumerate(symbols)
            ],
            "accounts": [
                {"id": a, "account_number": f"PA{i}", "cash": str(100_000 // (1 + 9 * i))}
                for i, a in enumerate(ACCOUNTS)
            ],
            "sessions": [[d + 4 * HOUR, d + 9 * HOUR + HOUR // 2, d + 16 * HOUR, d + 20 * HOUR] for d in days],
            **more,
        }
    )


class VenueAdapter(requests.adapters.BaseAdapter):
    """A transport of requests that hands each to the venue."""

    def __init__(self, desk, account):
        super().__init__()
        self.desk, self.account = desk, account

    def send(self, request, **_):
        path, _, query = request.path_url.partition("?")
        assert path.startswith("/v2/")
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        status, content = self.desk.venue.request(
            self.account, self.desk.now, request.method, path.removeprefix("/v2"), query, body
        )
        response = requests.Response()
        response.status_code, response._content, response.request = status, content, request
        response.url, response.headers["Content-Type"] = request.url, "application/json"
        return response

    def close(self):
        pass


class Desk:
    """A venue with its market and the clients of its accounts."""

    def __init__(self, journal=None, **more):
        self.venue = _core.PaperVenue(config(**more), journal)
        self.now = MIDNIGHT + 10 * HOUR
        self.venue.advance(self.now)
        self.client, self.other = (self.make_client(i) for i in range(2))
        self.quote("AAPL", 100.0, 100.02)
        self.quote("MSFT", 50.0, 50.01)
        self.quote("BTC/USD", 60_000.0, 60_010.0)

    def make_client(self, account):
        client = TradingClient("key", "secret", url_override="http://venue")
        client._session.mount("http://venue", VenueAdapter(self, account))
        return client

    def quote(self, symbol, bid, ask, size=1_000.0):
        self.now += SECOND
        data = tw.feeds.table(
            {
                "ts": [self.now],
                "symbol": [symbol],
                "bid": [bid],
                "ask": [ask],
                "bid_size": [size],
                "ask_size": [size],
            },
            kind="quotes",
        )
        rows = _core.MarketRows(data._core)
        self.venue.market(rows, 0, len(rows))

    def updates(self):
        return [models.TradeUpdate(**json.loads(data)) for _, data in self.venue.take_updates()]


@pytest.fixture
def desk(tmp_path):
    return Desk(str(tmp_path / "journal"))


def market(symbol, side, qty=None, **more):
    tif = TimeInForce.GTC if "/" in symbol else TimeInForce.DAY
    return ask.MarketOrderRequest(symbol=symbol, side=side, qty=qty, **{"time_in_force": tif, **more})


def limit(symbol, side, qty, price, **more):
    return ask.LimitOrderRequest(
        symbol=symbol, side=side, qty=qty, limit_price=price, time_in_force=TimeInForce.DAY, **more
    )


BUY, SELL = OrderSide.BUY, OrderSide.SELL


def test_a_market_order_fills_and_the_position_shows(desk):
    order = desk.client.submit_order(market("AAPL", BUY, 10, client_order_id="mine"))
    assert isinstance(order, models.Order)
    assert order.status == OrderStatus.PENDING_NEW
    filled = desk.client.get_order_by_client_id("mine")
    assert (filled.id, filled.status, filled.filled_avg_price) == (order.id, OrderStatus.FILLED, "100.02")
    position = desk.client.get_open_position("AAPL")
    assert (position.qty, position.avg_entry_price, position.market_value) == ("10", "100.02", "1000.1")
    assert [p.symbol for p in desk.client.get_all_positions()] == ["AAPL"]
    updates = desk.updates()
    assert [u.event for u in updates] == [TradeEvent.PENDING_NEW, TradeEvent.NEW, TradeEvent.FILL]
    assert [u.execution_id is None for u in updates] == [True, False, False]
    assert (updates[2].price, updates[2].qty, updates[2].position_qty) == (100.02, 10.0, 10.0)
    assert updates[2].order.status == OrderStatus.FILLED


def test_every_type_of_order_is_taken(desk):
    desk.client.submit_order(market("AAPL", BUY, 50))
    day = TimeInForce.DAY
    sell = {"symbol": "AAPL", "side": SELL, "time_in_force": day}
    for request in (
        ask.StopOrderRequest(qty=1, stop_price=95, **sell),
        ask.StopLimitOrderRequest(qty=1, stop_price=95, limit_price=94.5, **sell),
        ask.TrailingStopOrderRequest(qty=1, trail_percent=1.5, **sell),
        ask.TrailingStopOrderRequest(qty=1, trail_price=2, **sell),
        limit("AAPL", SELL, 1, 105, extended_hours=True),
        ask.LimitOrderRequest(symbol="AAPL", side=SELL, qty=1, limit_price=105, time_in_force=TimeInForce.CLS),
        market("MSFT", BUY, notional=100.5),
        market("MSFT", BUY, 0.25),
        market("BTC/USD", BUY, 0.001),
    ):
        order = desk.client.submit_order(request)
        again = desk.client.get_order_by_id(order.id)
        assert again.symbol == request.symbol
        assert again.status in (OrderStatus.NEW, OrderStatus.ACCEPTED, OrderStatus.FILLED), again
    stop = desk.client.get_orders(ask.GetOrdersRequest(status=QueryOrderStatus.OPEN, symbols=["AAPL"], limit=2))
    assert len(stop) == 2


def test_a_bracket_comes_with_its_legs_nested_or_beside(desk):
    order = desk.client.submit_order(
        market(
            "AAPL",
            BUY,
            10,
            order_class=OrderClass.BRACKET,
            take_profit=ask.TakeProfitRequest(limit_price=101),
            stop_loss=ask.StopLossRequest(stop_price=99, limit_price=98.5),
        )
    )
    assert [leg.status for leg in order.legs] == [OrderStatus.PENDING_NEW] * 2
    nested = desk.client.get_orders(ask.GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True))
    assert len(nested) == 1
    assert [leg.status for leg in nested[0].legs] == [OrderStatus.NEW] * 2
    flat = desk.client.get_orders(ask.GetOrdersRequest(status=QueryOrderStatus.ALL))
    assert len(flat) == 3
    assert all(o.legs is None for o in flat)
    desk.quote("AAPL", 98.9, 98.95)
    desk.quote("AAPL", 98.9, 98.95)
    assert desk.client.get_open_position("AAPL").qty_available == "0"


def test_a_replace_answers_with_a_new_order(desk):
    order = desk.client.submit_order(limit("AAPL", BUY, 10, 99))
    new = desk.client.replace_order_by_id(order.id, ask.ReplaceOrderRequest(qty=7, limit_price=99.5))
    assert (new.replaces, new.qty, new.limit_price) == (order.id, "7", "99.5")
    old = desk.client.get_order_by_id(order.id)
    assert (old.status, old.replaced_by) == (OrderStatus.REPLACED, new.id)
    desk.client.cancel_order_by_id(new.id)
    with pytest.raises(APIError) as caught:
        desk.client.cancel_order_by_id(new.id)
    assert (caught.value.status_code, caught.value.code) == (422, 42210000)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"symbol": "AAPL", "qty": "1"}, 422, 40010001),
        ({"symbol": "NOPE", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}, 422, 42210000),
        ({"symbol": "AAPL", "qty": "1e99", "side": "buy", "type": "market", "time_in_force": "day"}, 422, 40010001),
        ({"symbol": "AAPL", "qty": "99999", "side": "buy", "type": "market", "time_in_force": "day"}, 403, 40310000),
        ("[1]", 400, 40010001),
        ("{", 400, 40010001),
    ],
)
def test_refusals_have_alpacas_status_and_code(desk, body, status, code):
    raw = (body if isinstance(body, str) else json.dumps(body)).encode()
    found, content = desk.venue.request(0, desk.now, "POST", "/orders", "", raw)
    assert (found, json.loads(content)["code"]) == (status, code)


def test_buying_power_and_its_refusal_say_how_much(desk):
    with pytest.raises(APIError) as caught:
        desk.other.submit_order(limit("AAPL", BUY, 1_000, 100))
    said = json.loads(str(caught.value))
    assert said["message"] == "insufficient buying power"
    assert float(said["cost_basis"]) == 100_000
    assert float(said["buying_power"]) == 20_000
    account = desk.other.get_account()
    assert isinstance(account, models.TradeAccount)
    assert (account.status.value, account.multiplier, account.buying_power, account.cash) == (
        "ACTIVE",
        "2",
        "20000",
        "10000",
    )


def test_client_order_ids_are_unique_in_an_account(desk):
    desk.client.submit_order(limit("AAPL", BUY, 1, 90, client_order_id="same"))
    with pytest.raises(APIError) as caught:
        desk.client.submit_order(limit("AAPL", BUY, 1, 90, client_order_id="same"))
    assert caught.value.code == 40010001
    desk.other.submit_order(limit("AAPL", BUY, 1, 90, client_order_id="same"))


def test_canceling_and_closing_everything_answers_by_row(desk):
    desk.client.submit_order(market("AAPL", BUY, 10))
    desk.client.submit_order(market("MSFT", SELL, 4))
    orders = [desk.client.submit_order(limit("AAPL", BUY, 1, 90 + i)) for i in range(3)]
    canceled = desk.client.cancel_orders()
    assert {c.id for c in canceled} == {o.id for o in orders}
    assert {c.status for c in canceled} == {200}
    half = desk.client.close_position("AAPL", ask.ClosePositionRequest(percentage="50"))
    assert half.qty == "5"
    closed = desk.client.close_all_positions(cancel_orders=True)
    assert sorted(c.symbol for c in closed) == ["AAPL", "MSFT"]
    assert all(isinstance(c.body, models.Order) for c in closed)
    assert desk.client.get_all_positions() == []
    with pytest.raises(APIError) as caught:
        desk.client.close_position("AAPL")
    assert (caught.value.status_code, caught.value.code) == (404, 40410000)


def test_activities_come_in_pages(desk):
    for _ in range(5):
        desk.client.submit_order(market("AAPL", BUY, 1))
    page = desk.client.get("/account/activities/FILL", {"page_size": 2, "direction": "asc"})
    rest = desk.client.get(
        "/account/activities/FILL", {"page_size": 100, "direction": "asc", "page_token": page[-1]["id"]}
    )
    assert (len(page), len(rest)) == (2, 3)
    for row in page + rest:
        activity = models.TradeActivity(**row)
        assert activity.activity_type == ActivityType.FILL
        stamp, _, uuid = activity.id.partition("::")
        assert len(stamp) == 17
        UUID(uuid)
    first = desk.client.get("/account/activities", {"direction": "asc"})[0]
    assert models.NonTradeActivity(**first).net_amount == 100_000


def test_portfolio_history_adds_up(desk):
    desk.client.submit_order(market("AAPL", BUY, 100))
    desk.quote("AAPL", 101.0, 101.02)
    desk.now += 120 * SECOND
    desk.venue.advance(desk.now)
    history = desk.client.get_portfolio_history(ask.GetPortfolioHistoryRequest(period="1D", timeframe="1Min"))
    assert isinstance(history, models.PortfolioHistory)
    assert len(history.timestamp) == len(history.equity) == len(history.profit_loss)
    equity = float(desk.client.get_account().equity)
    assert history.equity[-1] == equity
    assert history.profit_loss[-1] == pytest.approx(equity - history.base_value)
    daily = desk.client.get_portfolio_history(ask.GetPortfolioHistoryRequest(period="1M", timeframe="1D"))
    assert daily.equity == [equity]


def test_account_configurations_change_what_is_allowed(desk):
    settings = desk.client.get_account_configurations()
    assert isinstance(settings, models.AccountConfiguration)
    desk.client.set_account_configurations(settings.model_copy(update={"no_shorting": True}))
    with pytest.raises(APIError) as caught:
        desk.client.submit_order(market("AAPL", SELL, 1))
    assert (caught.value.status_code, caught.value.code) == (403, 40310000)
    desk.client.set_account_configurations(settings)
    desk.client.submit_order(market("AAPL", SELL, 1))
    assert desk.client.get_open_position("AAPL").side.value == "short"


def test_watchlists_are_made_changed_and_dropped(desk):
    made = desk.client.create_watchlist(ask.CreateWatchlistRequest(name="one", symbols=["AAPL"]))
    assert [a.symbol for a in made.assets] == ["AAPL"]
    more = desk.client.add_asset_to_watchlist_by_id(made.id, "BTC/USD")
    assert [a.symbol for a in more.assets] == ["AAPL", "BTC/USD"]
    less = desk.client.remove_asset_from_watchlist_by_id(made.id, "AAPL")
    assert [a.symbol for a in less.assets] == ["BTC/USD"]
    changed = desk.client.update_watchlist_by_id(made.id, ask.UpdateWatchlistRequest(name="two", symbols=["MSFT"]))
    assert (changed.name, [a.symbol for a in changed.assets]) == ("two", ["MSFT"])
    assert [w.name for w in desk.client.get_watchlists()] == ["two"]
    assert desk.other.get_watchlists() == []
    desk.client.delete_watchlist_by_id(made.id)
    with pytest.raises(APIError) as caught:
        desk.client.get_watchlist_by_id(made.id)
    assert caught.value.status_code == 404


def test_an_order_of_the_night_is_accepted_and_works_at_the_open(desk):
    desk.now = MIDNIGHT + 21 * HOUR
    order = desk.client.submit_order(market("AAPL", BUY, 1))
    assert order.status == OrderStatus.ACCEPTED
    desk.now = MIDNIGHT + 33 * HOUR + HOUR // 2
    desk.venue.advance(desk.now)
    assert desk.client.get_order_by_id(order.id).status == OrderStatus.NEW
    desk.quote("AAPL", 103.0, 103.05)
    assert desk.client.get_order_by_id(order.id).filled_avg_price == "103.05"
    since = datetime.fromtimestamp(MIDNIGHT / SECOND, UTC)
    found = desk.client.get_orders(ask.GetOrdersRequest(status=QueryOrderStatus.CLOSED, after=since))
    assert [o.id for o in found] == [order.id]
    later = ask.GetOrdersRequest(status=QueryOrderStatus.CLOSED, after=since + timedelta(days=1))
    assert desk.client.get_orders(later) == []


def test_a_venue_that_died_goes_on_where_it_was(tmp_path):
    path = str(tmp_path / "journal")
    desk = Desk(path)
    order = desk.client.submit_order(limit("AAPL", BUY, 10, 99))
    desk.client.submit_order(market("MSFT", BUY, 5))
    account = desk.client.get_account()
    before = desk.venue.state_hash()
    del desk.venue
    desk.venue = _core.PaperVenue.recover(path)
    assert desk.venue.state_hash() == before
    assert desk.client.get_account() == account
    desk.quote("AAPL", 98.9, 98.95)
    assert desk.client.get_order_by_id(order.id).status == OrderStatus.FILLED
    with pytest.raises(tw.JournalError):
        _core.PaperVenue.recover(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("text", ["{}", "nonsense", '{"start_ns": 0, "symbols": [], "accounts": []}'])
def test_a_configuration_that_cannot_work_is_refused(text):
    with pytest.raises(tw.ConfigError):
        _core.PaperVenue(text)


def stream(n=1_000):
    ts = MIDNIGHT + 10 * HOUR + np.arange(n) * 1_234_567
    price = 100 + np.round(np.sin(np.arange(n)), 2)
    size = np.arange(n) % 7 + 1.0
    symbols = np.array(["AAPL", "BTC/USD"])[np.arange(n) % 2]
    quotes = {"ts": ts, "symbol": symbols, "bid": price, "ask": price + 0.01, "bid_size": size, "ask_size": size}
    trades = {"ts": ts, "symbol": symbols, "price": price, "size": size}
    return tw.feeds.table(quotes, kind="quotes") + tw.feeds.table(trades, kind="trades")


@pytest.mark.parametrize("form", ["msgpack", "json"])
def test_frames_are_what_the_decoder_and_alpaca_py_read(form):
    data = stream()
    rows = _core.MarketRows(data._core)
    every = {"*"}
    frames = _core.FrameEncoder(form, 64).frames(rows, 0, len(rows), trades=every, quotes=every, bars=every)
    decoder = tw.feeds.AlpacaDecoder()
    batches = [decoder.push(frame) for frame in frames]
    again = tw.MarketData.merge(batches)
    for kind, names in (("quotes", ["ts", "bid", "ask", "bid_size", "ask_size"]), ("trades", ["ts", "price", "size"])):
        theirs, ours = getattr(again, kind), getattr(data, kind)
        for name in names:
            np.testing.assert_array_equal(getattr(theirs, name), getattr(ours, name))
    unpack = msgpack.unpackb if form == "msgpack" else json.loads
    messages = [message for frame in frames for message in unpack(frame)]
    assert len(messages) == len(rows)
    models_of = {"q": Quote, "t": Trade, "b": Bar}
    for message in messages[:100]:
        if form == "msgpack":
            message["t"] = message["t"].to_datetime()
        read = models_of[message["T"]](message["S"], message)
        assert read.symbol == message["S"]
        assert read.timestamp is not None


def test_only_the_subscribed_symbols_are_framed():
    rows = _core.MarketRows(stream(100)._core)
    frames = _core.FrameEncoder("json", 1_000).frames(rows, 0, len(rows), quotes={"AAPL"})
    messages = [m for frame in frames for m in json.loads(frame)]
    assert {(m["T"], m["S"]) for m in messages} == {("q", "AAPL")}
    assert _core.FrameEncoder().frames(rows, 0, len(rows)) == []
