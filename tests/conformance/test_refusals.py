"""Every refusal of orders: HTTP status, code, and how the message begins."""

import json

import pytest

from tests.conformance import rig

BASE = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "90"}
MARKET = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day"}
MALFORMED, UNPROCESSABLE, FORBIDDEN = (422, 40010001), (422, 42210000), (403, 40310000)

ROWS = [
    ("no symbol", {**BASE, "symbol": None}, MALFORMED, "symbol"),
    ("no side", {**BASE, "side": None}, MALFORMED, "side"),
    ("no type", {**BASE, "type": None}, MALFORMED, "type"),
    ("no time in force", {**BASE, "time_in_force": None}, MALFORMED, "time_in_force"),
    ("no qty", {**BASE, "qty": None}, MALFORMED, "qty or notional is required"),
    ("unknown side", {**BASE, "side": "hold"}, MALFORMED, "invalid side"),
    ("unknown type", {**BASE, "type": "iceberg"}, MALFORMED, "invalid type"),
    ("unknown time in force", {**BASE, "time_in_force": "gtd"}, MALFORMED, "invalid time_in_force"),
    ("unknown class", {**BASE, "order_class": "double"}, MALFORMED, "invalid order_class"),
    ("qty of zero", {**BASE, "qty": "0"}, MALFORMED, "qty must be > 0"),
    ("negative qty", {**BASE, "qty": "-1"}, MALFORMED, "qty must be > 0"),
    ("qty that is no number", {**BASE, "qty": "ten"}, MALFORMED, "invalid qty"),
    ("ten decimals", {**BASE, "qty": "0.1234567891"}, MALFORMED, "invalid qty"),
    ("limit without a price", {**BASE, "limit_price": None}, MALFORMED, "limit"),
    ("stop without a price", {**MARKET, "type": "stop"}, MALFORMED, "stop"),
    ("stop limit without a stop", {**BASE, "type": "stop_limit"}, MALFORMED, "stop"),
    ("trail without a distance", {**MARKET, "type": "trailing_stop"}, MALFORMED, "trail"),
    (
        "trail with both distances",
        {**MARKET, "type": "trailing_stop", "trail_price": "1", "trail_percent": "1"},
        MALFORMED,
        "",
    ),
    ("name too long", {**BASE, "client_order_id": "x" * 129}, MALFORMED, "client_order_id must be no more than 128"),
    (
        "below a cent above a dollar",
        {**BASE, "limit_price": "90.001"},
        UNPROCESSABLE,
        "invalid limit_price 90.001. sub-penny",
    ),
    (
        "stop below a cent",
        {**MARKET, "type": "stop", "stop_price": "110.005"},
        UNPROCESSABLE,
        "invalid stop_price 110.005. sub-penny",
    ),
    (
        "five decimals below a dollar",
        {**BASE, "symbol": "PENNY", "limit_price": "0.12345"},
        UNPROCESSABLE,
        "invalid limit_price 0.12345. sub-penny",
    ),
    ("extended market order", {**MARKET, "extended_hours": True}, UNPROCESSABLE, "extended hours order must be DAY"),
    (
        "extended until canceled, with a stop",
        {**MARKET, "type": "stop", "stop_price": "110", "extended_hours": True},
        UNPROCESSABLE,
        "extended hours order must be DAY",
    ),
    (
        "fraction until canceled",
        {**MARKET, "qty": "0.5", "time_in_force": "gtc"},
        UNPROCESSABLE,
        "fractional orders must be",
    ),
    (
        "dollars of what is whole",
        {**MARKET, "symbol": "WHOLE", "qty": None, "notional": "100"},
        UNPROCESSABLE,
        "",
    ),
    ("fraction of what is whole", {**MARKET, "symbol": "WHOLE", "qty": "0.5"}, UNPROCESSABLE, ""),
    ("unknown asset", {**BASE, "symbol": "NOPE"}, UNPROCESSABLE, 'asset "NOPE" not found'),
    ("inactive asset", {**BASE, "symbol": "GONE"}, UNPROCESSABLE, 'asset "GONE" is not active'),
    ("asset not tradable", {**BASE, "symbol": "HALTED"}, UNPROCESSABLE, 'asset "HALTED" is not'),
    ("more than can be paid", {**BASE, "qty": "100000"}, FORBIDDEN, "insufficient buying power"),
    ("market order that cannot be paid", {**MARKET, "qty": "100000"}, FORBIDDEN, "insufficient buying power"),
    (
        "dollars that are not there",
        {**MARKET, "qty": None, "notional": "9000000"},
        FORBIDDEN,
        "insufficient buying power",
    ),
    (
        "short of what cannot be borrowed",
        {**BASE, "symbol": "HARD", "side": "sell", "limit_price": "30"},
        UNPROCESSABLE,
        "",
    ),
    (
        "bracket with its profit below",
        {**BASE, "order_class": "bracket", "take_profit": {"limit_price": "80"}, "stop_loss": {"stop_price": "85"}},
        UNPROCESSABLE,
        "take_profit.limit_price must be",
    ),
    (
        "bracket with its stop above",
        {**MARKET, "order_class": "bracket", "take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "120"}},
        UNPROCESSABLE,
        "",
    ),
    ("bracket without legs", {**MARKET, "order_class": "bracket"}, MALFORMED, ""),
    (
        "bracket in extended hours",
        {
            **BASE,
            "order_class": "bracket",
            "extended_hours": True,
            "take_profit": {"limit_price": "110"},
            "stop_loss": {"stop_price": "80"},
        },
        UNPROCESSABLE,
        "",
    ),
    ("pair for the day", {**MARKET, "symbol": "BTC/USD", "qty": "0.1"}, UNPROCESSABLE, ""),
    (
        "stop of a pair",
        {**MARKET, "symbol": "BTC/USD", "qty": "0.1", "type": "stop", "stop_price": "70000", "time_in_force": "gtc"},
        UNPROCESSABLE,
        "",
    ),
    (
        "pair sold short",
        {**MARKET, "symbol": "BTC/USD", "side": "sell", "qty": "0.1", "time_in_force": "gtc"},
        FORBIDDEN,
        "insufficient balance for BTC",
    ),
]


@pytest.mark.parametrize(("order", "expected", "begins"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_an_order_is_refused(quiet, floor, key, order, expected, begins):
    body = {name: value for name, value in order.items() if value is not None}
    answer = rig.get(quiet, "/v2/orders", key, method="POST", json=body)
    said = answer.json()
    assert (answer.status_code, said.get("code")) == expected, said
    assert said["message"].startswith(begins)


def test_qty_and_notional_together_are_refused(quiet, floor, key):
    answer = rig.get(quiet, "/v2/orders", key, method="POST", json={**MARKET, "notional": "100"})
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] == 40010001


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"null"], ids=repr)
def test_a_body_that_is_no_order_is_refused(quiet, key, body):
    answer = rig.get(quiet, "/v2/orders", key, method="POST", data=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["message"]


def test_a_name_is_taken_once(quiet, floor, key):
    order = {**BASE, "client_order_id": "once"}
    assert rig.get(quiet, "/v2/orders", key, method="POST", json=order).status_code == 200
    answer = rig.get(quiet, "/v2/orders", key, method="POST", json=order)
    assert (answer.status_code, answer.json()["code"]) == (422, 40010001)
    assert answer.json()["message"].startswith("client_order_id must be unique")


def test_the_same_name_is_free_in_another_account(quiet, floor, key, keys):
    order = {**BASE, "client_order_id": f"shared-{key}"}
    answers = [rig.get(quiet, "/v2/orders", k, method="POST", json=order) for k in (key, next(keys))]
    assert [a.status_code for a in answers] == [200, 200]


def test_too_little_buying_power_says_what_there_is(quiet, floor, key):
    said = rig.get(quiet, "/v2/orders", key, method="POST", json={**BASE, "qty": "100000"}).json()
    assert float(said["cost_basis"]) == 9_000_000
    assert 0 < float(said["buying_power"]) <= 400_000


def test_too_few_shares_say_what_there_are(quiet, floor, key):
    rig.get(quiet, "/v2/orders", key, method="POST", json=MARKET)
    floor.settle()
    resting = {**BASE, "side": "sell", "limit_price": "120", "qty": "8"}
    assert rig.get(quiet, "/v2/orders", key, method="POST", json=resting).status_code == 200
    answer = rig.get(quiet, "/v2/orders", key, method="POST", json={**resting, "limit_price": "121", "qty": "5"})
    said = answer.json()
    assert (answer.status_code, said["code"]) == FORBIDDEN
    assert said["message"].startswith("insufficient qty available for order")
    found = {name: float(said[name]) for name in ("available", "existing_qty", "held_for_orders")}
    assert found == {"available": 2, "existing_qty": 10, "held_for_orders": 8}
    assert said["symbol"] == "AAPL"


def test_trading_with_oneself_is_refused(quiet, floor, key):
    first = rig.get(quiet, "/v2/orders", key, method="POST", json={**BASE, "limit_price": "95"}).json()
    answer = rig.get(quiet, "/v2/orders", key, method="POST", json={**BASE, "side": "sell", "limit_price": "94"})
    said = answer.json()
    assert (answer.status_code, said["code"]) == FORBIDDEN
    assert said["message"].startswith("potential wash trade detected. use complex orders")
    assert said["existing_order_id"] == first["id"]
    assert said["reject_reason"]


@pytest.fixture(scope="module")
def poor():
    from tickwright.paper import PaperServer

    settings = [
        *rig.accounts(3, cash=10_000.0),
        {"key": "long-only", "secret": rig.SECRET, "shorting": False, "cash": 50_000.0},
    ]
    paper = {"speed": 0.0, "accounts": settings, "requests_per_minute": 0, "fees": "none"}
    with PaperServer({"paper": paper}, data=rig.quiet_market()) as running:
        running.control("POST", "advance", {"to": rig.NOW})
        yield rig.Floor(running)


def test_an_account_that_may_not_short_is_refused(poor):
    order = {**BASE, "side": "sell", "limit_price": "120"}
    answer = rig.get(poor.server, "/v2/orders", "long-only", method="POST", json=order)
    assert (answer.status_code, answer.json()["code"]) == FORBIDDEN
    assert answer.json()["message"].startswith("account is not allowed to short")


def test_the_fourth_day_trade_of_a_small_account_is_refused(poor):
    answers = []
    for _ in range(4):
        poor.quote()
        bought = rig.get(poor.server, "/v2/orders", "K1", method="POST", json=MARKET)
        poor.settle()
        answers.append(
            (bought, rig.get(poor.server, "/v2/orders", "K1", method="POST", json={**MARKET, "side": "sell"}))
        )
        poor.settle()
    last = [a for pair in answers for a in pair][-1]
    assert rig.get(poor.server, "/v2/account", "K1").json()["daytrade_count"] == 3
    assert last.status_code == 403
    assert last.json()["code"] in (40310100, 40310000), json.dumps(last.json())
    refused = [a.json() for pair in answers for a in pair if a.status_code != 200]
    assert any(r["code"] == 40310100 and r["message"].startswith("trade denied due to pattern day") for r in refused)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"qty": "0"}, MALFORMED),
        ({"limit_price": "90.001"}, UNPROCESSABLE),
        ({"time_in_force": "never"}, MALFORMED),
        ({"qty": "x"}, MALFORMED),
        ({"qty": "100000"}, FORBIDDEN),
    ],
    ids=["qty of zero", "below a cent", "time in force", "no number", "too dear"],
)
def test_a_replace_is_refused(quiet, floor, key, change, expected):
    order = rig.get(quiet, "/v2/orders", key, method="POST", json=BASE).json()
    floor.settle()
    answer = rig.get(quiet, f"/v2/orders/{order['id']}", key, method="PATCH", json=change)
    assert (answer.status_code, answer.json()["code"]) == expected, answer.json()


@pytest.mark.parametrize("name", ["x", "0", "00000000-0000-0000-0000-00000000000g"])
def test_an_id_that_is_none_is_refused(quiet, key, name):
    assert rig.get(quiet, f"/v2/orders/{name}", key).status_code in (404, 422)


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/v2/orders"), ("POST", "/v2/account"), ("PATCH", "/v2/positions")]
)
def test_a_method_that_there_is_not_is_refused(quiet, key, method, path):
    assert rig.get(quiet, path, key, method=method).status_code in (404, 405)
