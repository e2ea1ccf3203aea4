"""The trading stream: alpaca-py's own, and frame by frame."""

import json
import uuid

import pytest
from alpaca.trading.enums import OrderSide, OrderStatus, TimeInForce
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest, ReplaceOrderRequest

from tests.conformance import rig
from tickwright.paper import PaperServer

BUY, DAY = OrderSide.BUY, TimeInForce.DAY


def market(qty=10):
    return MarketOrderRequest(symbol="AAPL", qty=qty, side=BUY, time_in_force=DAY)


def limit(price=90.0, qty=10):
    return LimitOrderRequest(symbol="AAPL", qty=qty, side=BUY, time_in_force=DAY, limit_price=price)


class Listener:
    """A raw client of the trading stream."""

    def __init__(self, server, key, secret=rig.SECRET):
        self.socket = rig.Socket(server.trading_stream_url)
        self.key, self.secret = key, secret

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.__exit__()

    def authenticate(self):
        data = {"key_id": self.key, "secret_key": self.secret}
        return self.socket.ask({"action": "authenticate", "data": data})

    def listen(self, *streams):
        return self.socket.ask({"action": "listen", "data": {"streams": list(streams) or ["trade_updates"]}})

    def updates(self, count, timeout=5):
        return [self.socket.hear(timeout)["data"] for _ in range(count)]


@pytest.fixture
def listener(quiet, key):
    with Listener(quiet, key) as opened:
        opened.authenticate()
        opened.listen()
        yield opened


@pytest.mark.parametrize("form", ["authenticate", "auth"])
def test_both_forms_of_authentication_are_taken(quiet, key, form):
    with Listener(quiet, key) as socket:
        data = {"key_id": key, "secret_key": rig.SECRET}
        message = (
            {"action": form, "data": data}
            if form == "authenticate"
            else {"action": form, "key": key, "secret": rig.SECRET}
        )
        answer = {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}
        assert socket.socket.ask(message) == answer


def test_wrong_keys_are_not_authorized(quiet):
    with Listener(quiet, "K0", "wrong") as socket:
        assert socket.authenticate()["data"]["status"] == "unauthorized"
        assert socket.listen() == {"stream": "authorization", "data": {"status": "unauthorized", "action": "listen"}}


def test_listening_says_to_what(quiet, key):
    with Listener(quiet, key) as socket:
        socket.authenticate()
        assert socket.listen("trade_updates", "gossip") == {
            "stream": "listening",
            "data": {"streams": ["trade_updates"]},
        }
        assert socket.listen("gossip") == {"stream": "listening", "data": {"streams": []}}


@pytest.mark.parametrize("message", [{"action": "dance"}, [], 7, None], ids=str)
def test_what_is_no_message_is_refused(quiet, key, message):
    with Listener(quiet, key) as socket:
        assert socket.socket.ask(message)["stream"] == "error"


def test_frames_are_binary_as_those_of_the_paper_server(quiet, key):
    with Listener(quiet, key) as socket:
        data = {"key_id": key, "secret_key": rig.SECRET}
        socket.socket.send({"action": "authenticate", "data": data})
        assert isinstance(socket.socket.socket.recv(5), bytes)


def test_frames_may_be_text():
    with (
        PaperServer(
            {"paper": {"speed": 0.0, "trade_updates": "text", "accounts": rig.accounts(1)}}, data=rig.quiet_market()
        ) as s,
        Listener(s, "K0") as socket,
    ):
        socket.socket.send({"action": "authenticate", "data": {"key_id": "K0", "secret_key": rig.SECRET}})
        assert isinstance(socket.socket.socket.recv(5), str)


def test_an_order_that_fills_tells_each_step(trader, floor, listener):
    order = trader.submit_order(market())
    floor.settle()
    seen = []
    while not seen or seen[-1]["event"] != "fill":
        seen += listener.updates(1)
    events = [u["event"] for u in seen]
    assert events[-2:] == ["new", "fill"]
    assert set(events) <= {"pending_new", "accepted", "new", "fill"}
    assert {u["order"]["id"] for u in seen} == {str(order.id)}
    fill = seen[-1]
    assert {k: float(fill[k]) for k in ("price", "qty", "position_qty")} == {
        "price": 100.01,
        "qty": 10,
        "position_qty": 10,
    }
    assert fill["order"]["status"] == "filled"
    assert uuid.UUID(fill["execution_id"])


def test_only_fills_have_a_price(trader, floor, listener):
    trader.submit_order(limit())
    floor.settle()
    for update in listener.updates(1):
        assert not {"price", "qty", "position_qty"} & {k for k, v in update.items() if v is not None}


def test_a_cancel_is_told(trader, floor, listener):
    order = trader.submit_order(limit())
    trader.cancel_order_by_id(order.id)
    floor.settle()
    events = []
    while "canceled" not in events:
        events.append(listener.updates(1)[0]["event"])
    assert events[-1] == "canceled"
    assert "new" in events


def test_a_replace_is_told(trader, floor, listener):
    order = trader.submit_order(limit())
    floor.settle()
    new = trader.replace_order_by_id(order.id, ReplaceOrderRequest(limit_price=91.0))
    floor.settle()
    seen = []
    while not any(u["event"] == "replaced" for u in seen):
        seen += listener.updates(1)
    replaced = seen[-1]["order"]
    assert {replaced["id"], replaced["replaced_by"]} >= {str(order.id)} or replaced["replaces"] == str(order.id)
    assert str(new.id) in json.dumps(replaced)


def test_parts_of_a_fill_are_told_one_by_one(trader, floor, listener):
    floor.quote(size=40)
    trader.submit_order(limit(100.01, qty=100))
    for _ in range(4):
        floor.settle(size=40)
    fills = []
    while not fills or fills[-1]["event"] != "fill":
        fills += [u for u in listener.updates(1) if u["event"] in ("partial_fill", "fill")]
    assert sum(float(u["qty"]) for u in fills) == 100
    assert [float(u["order"]["filled_qty"]) for u in fills] == sorted(float(u["order"]["filled_qty"]) for u in fills)
    assert {u["event"] for u in fills[:-1]} <= {"partial_fill"}
    assert len({u["execution_id"] for u in fills}) == len(fills)
    assert float(fills[-1]["position_qty"]) == 100


def test_updates_go_to_their_own_account_alone(quiet, trader, floor, listener, keys):
    with Listener(quiet, next(keys)) as stranger:
        stranger.authenticate()
        stranger.listen()
        trader.submit_order(market())
        floor.settle()
        assert listener.updates(1)
        assert stranger.socket.silent()


def test_an_account_may_listen_twice(quiet, trader, floor, key, listener):
    with Listener(quiet, key) as second:
        second.authenticate()
        second.listen()
        trader.submit_order(limit())
        floor.settle()
        assert listener.updates(1) == second.updates(1)


def test_there_is_no_replay_of_what_was_missed(quiet, trader, floor, key):
    trader.submit_order(market())
    floor.settle()
    with Listener(quiet, key) as late:
        late.authenticate()
        late.listen()
        assert late.socket.silent()


def test_the_trading_stream_of_alpaca_py_hears_in_order(quiet, trader, floor, key):
    heard = []

    async def on(update):
        heard.append(update)

    stream = rig.trading_stream(quiet, key)
    stream.subscribe_trade_updates(on)
    with rig.running(stream):
        rig.eventually(lambda: quiet.control("GET", "state")["listeners"])
        rig.eventually(lambda: stream._running)
        for qty in (1, 2, 3):
            trader.submit_order(market(qty))
            floor.settle()
        rig.eventually(lambda: len([u for u in heard if u.event == "fill"]) == 3)
    fills = [u for u in heard if u.event == "fill"]
    assert [u.qty for u in fills] == [1, 2, 3]
    assert [u.position_qty for u in fills] == [1, 3, 6]
    assert {u.order.status for u in fills} == {OrderStatus.FILLED}
    assert [u.timestamp for u in heard] == sorted(u.timestamp for u in heard)
