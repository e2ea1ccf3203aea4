"""The fault script: what the clients of alpaca-py meet when things go wrong, and that it is the same every time."""

import datetime as dt
import itertools
import time
import uuid

import pytest
import requests
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.requests import LimitOrderRequest

from tests.conformance import rig
from tests.conformance.test_trade_stream import Listener
from tickwright.errors import TickwrightError


def order(**more):
    given = {"symbol": "AAPL", "qty": 1, "side": OrderSide.BUY, "time_in_force": TimeInForce.DAY, "limit_price": 90.0}
    return LimitOrderRequest(**{**given, **more})


@pytest.fixture
def script(quiet):
    """Return a function that sets the faults; they are gone afterwards."""
    yield lambda *rules: quiet.control("PUT", "faults", list(rules))
    quiet.control("DELETE", "faults")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_before_leaves_nothing_behind(trader, script, status):
    script({"kind": "status", "where": "POST /v2/orders", "nth": 1, "status": status})
    assert rig.refused(trader.submit_order, order(client_order_id="never"))[0] == status
    assert rig.refused(trader.get_order_by_client_id, "never")[0] == 404
    assert trader.submit_order(order(client_order_id="never"))


@pytest.mark.parametrize("status", [500, 503])
def test_a_status_after_leaves_the_order(trader, script, status):
    script({"kind": "status", "where": "POST /v2/orders", "nth": 1, "status": status, "effect": "after"})
    assert rig.refused(trader.submit_order, order(client_order_id="done"))[0] == status
    assert trader.get_order_by_client_id("done").qty == "1"
    assert rig.refused(trader.submit_order, order(client_order_id="done"))[2].startswith(
        "client_order_id must be unique"
    )


def test_a_429_looks_like_the_limits_own(quiet, script, key):
    script({"kind": "status", "where": "GET /v2/account", "status": 429, "times": 1})
    answer = rig.get(quiet, "/v2/account", key)
    assert (answer.status_code, answer.json()) == (429, {"code": 42910000, "message": "rate limit exceeded"})


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_timeout_cuts_the_connection_without_an_answer(trader, script, effect):
    script({"kind": "timeout", "where": "POST /v2/orders", "nth": 1, "effect": effect})
    name = f"doubt-{uuid.uuid4()}"
    with pytest.raises(requests.ConnectionError):
        trader.submit_order(order(client_order_id=name))
    if effect == "after":
        assert trader.get_order_by_client_id(name).qty == "1"
    else:
        assert rig.refused(trader.get_order_by_client_id, name)[0] == 404


def test_a_timeout_may_hold_the_connection_first(quiet, script, key):
    script({"kind": "timeout", "where": "/v2/account", "hold_ms": 5_000.0, "times": 1})
    began = time.monotonic()
    with pytest.raises(requests.Timeout):
        requests.get(
            f"{quiet.rest_url}/v2/account",
            headers={"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": rig.SECRET},
            timeout=0.3,
        )
    assert time.monotonic() - began < 2


def test_latency_delays_the_answer_and_nobody_else(quiet, script, key):
    script({"kind": "latency", "where": "GET /v2/positions", "latency_ms": 300.0})
    began = time.monotonic()
    rig.get(quiet, "/v2/account", key)
    between = time.monotonic()
    rig.get(quiet, "/v2/positions", key)
    assert between - began < 0.2
    assert time.monotonic() - between >= 0.3


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"nth": 2}, [200, 503, 200, 200, 200, 200]),
        ({"nth": 2, "times": 2}, [200, 503, 503, 200, 200, 200]),
        ({"every": 3}, [200, 200, 503, 200, 200, 503]),
        ({"every": 2, "times": 1}, [200, 503, 200, 200, 200, 200]),
        ({"times": 2}, [503, 503, 200, 200, 200, 200]),
    ],
    ids=str,
)
def test_a_rule_strikes_when_it_says(quiet, script, key, rule, expected):
    script({"kind": "status", "where": "GET /v2/watchlists", "status": 503, **rule})
    assert [rig.get(quiet, "/v2/watchlists", key).status_code for _ in expected] == expected


def test_chance_is_the_same_for_the_same_seed(quiet, script, key):
    seen = []
    for _ in range(2):
        script({"kind": "status", "where": "GET /v2/watchlists", "status": 503, "probability": 0.4})
        seen.append([rig.get(quiet, "/v2/watchlists", key).status_code for _ in range(30)])
    assert seen[0] == seen[1]
    assert 3 < seen[0].count(503) < 25


def test_a_rule_waits_for_its_time(quiet, floor, script, key):
    now = dt.datetime.fromisoformat(quiet.control("GET", "clock")["now"])
    later = (now + dt.timedelta(seconds=30)).isoformat()
    script({"kind": "status", "where": "GET /v2/watchlists", "status": 500, "after": later, "times": 1})
    assert rig.get(quiet, "/v2/watchlists", key).status_code == 200
    floor.pass_time(31)
    assert [rig.get(quiet, "/v2/watchlists", key).status_code for _ in range(2)] == [500, 200]


def test_rules_tell_what_they_did(quiet, script, key):
    script({"kind": "status", "where": "GET /v2/watchlists", "nth": 2})
    for _ in range(3):
        rig.get(quiet, "/v2/watchlists", key)
    (rule,) = quiet.control("GET", "faults")
    assert (rule["matched"], rule["happened"]) == (3, 1)


@pytest.mark.parametrize(
    "rules",
    [{}, [{"kind": "fire"}], [{"kind": "status", "status": 200}], [{"kind": "drop", "probability": 2}]],
    ids=str,
)
def test_a_script_that_cannot_work_is_refused(quiet, rules):
    with pytest.raises(TickwrightError):
        quiet.control("PUT", "faults", rules)


@pytest.fixture
def listener(quiet, key):
    with Listener(quiet, key) as opened:
        opened.authenticate()
        opened.listen()
        yield opened


def heard_of(trader, listener, count):
    """Return the client's names of orders, as updates `new` of them come."""
    names = [f"{i}" for i in range(count)]
    for name in names:
        trader.submit_order(order(client_order_id=name))
    heard = []
    while True:
        try:
            update = listener.socket.hear(0.4)["data"]
        except TimeoutError:
            return heard
        if update["event"] == "new":
            heard.append(update["order"]["client_order_id"])


def test_without_faults_every_update_comes_once(trader, listener):
    assert heard_of(trader, listener, 4) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("kind", ["drop", "duplicate", "reorder"])
def test_updates_are_lost_doubled_or_swapped(quiet, trader, listener, script, kind):
    plain = heard_of(trader, listener, 1)
    assert plain == ["0"]
    for name in list(plain):
        trader.cancel_order_by_id(trader.get_order_by_client_id(name).id)
    while not listener.socket.silent(0.2):
        pass
    script({"kind": kind, "every": 2})
    names = [f"{kind}{i}" for i in range(6)]
    for name in names:
        trader.submit_order(order(client_order_id=name))
    heard = []
    while True:
        try:
            heard.append(listener.socket.hear(0.4)["data"])
        except TimeoutError:
            break
    (rule,) = quiet.control("GET", "faults")
    sent, struck = rule["matched"], rule["happened"]
    assert struck == sent // 2 > 0
    keys = [(u["order"]["client_order_id"], u["event"]) for u in heard]
    if kind == "drop":
        assert len(heard) == sent - struck
    elif kind == "duplicate":
        assert len(heard) == sent + struck
        assert sum(a == b for a, b in itertools.pairwise(keys)) == struck
    else:
        assert sent - 1 <= len(heard) <= sent
        assert len(set(keys)) == len(keys)


def test_a_disconnect_cuts_the_trading_stream(quiet, trader, listener, script):
    from websockets.exceptions import ConnectionClosedError

    script({"kind": "disconnect", "where": "trade_updates", "nth": 1})
    trader.submit_order(order())
    with pytest.raises(ConnectionClosedError):
        listener.socket.until(lambda heard: False)
    rig.eventually(lambda: quiet.control("GET", "state")["trade_clients"] == 0)


def test_alpaca_py_connects_again_after_a_disconnect(quiet, floor, key, script):
    heard = []

    async def on(event):
        heard.append(event)

    stream = rig.stock_stream(quiet, key)
    stream._reconnect_min_backoff = 0.05
    stream.subscribe_quotes(on, "AAPL")
    with rig.running(stream):
        rig.eventually(lambda: quiet.control("GET", "state")["subscribers"] == 1)
        script({"kind": "disconnect", "where": "stocks"})
        rig.eventually(lambda: quiet.control("GET", "faults")[0]["happened"] == 1)
        rig.eventually(lambda: quiet.control("GET", "state")["data_clients"] == 0 or stream._running)
        script()

        def quoted():
            floor.quote()
            return heard

        rig.eventually(quoted)


@pytest.mark.parametrize("where", ["stocks", "crypto"])
def test_a_silent_socket_stays_open_and_says_nothing(quiet, floor, key, script, where):
    url = quiet.stock_stream_url if where == "stocks" else quiet.crypto_stream_url
    symbol = "AAPL" if where == "stocks" else "BTC/USD"
    with rig.Socket(url) as socket:
        socket.auth(key)
        socket.ask({"action": "subscribe", "quotes": [symbol]})
        script({"kind": "silence", "where": where, "duration_ms": 600.0})
        rig.eventually(lambda: quiet.control("GET", "faults")[0]["happened"] == 1)
        floor.quote(symbol)
        assert socket.silent(0.2)
        assert socket.socket.ping().wait(2)
        time.sleep(0.6)
        floor.quote(symbol)
        assert socket.hear()[0]["T"] == "q"


def test_faults_of_the_configuration_count_from_the_start():
    from tickwright.paper import PaperServer

    rules = [{"kind": "status", "where": "GET /v2/clock", "nth": 1, "status": 503}]
    with PaperServer(
        {"paper": {"speed": 0.0, "accounts": rig.accounts(1), "faults": rules}}, data=rig.quiet_market()
    ) as s:
        with pytest.raises(APIError):
            rig.trading(s).get_clock()
        assert rig.trading(s).get_clock()
