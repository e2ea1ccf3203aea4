from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw
from tests.control.service_rig import ServiceRig
from tickwright.control import Client
from tickwright.errors import RemoteError
from tickwright.v1 import common_pb2
from tickwright.v1 import order_pb2 as pb

FAR = "0.5"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceRig]:
    with ServiceRig(tmp_path_factory.mktemp("orders"), risk=tw.RiskLimits(max_order_qty=100)) as rig:
        rig.until(lambda: all(row["bid"] and row["ask"] for row in rig.node.prices()))
        yield rig


def _at_venue(rig: ServiceRig, client_order_id: str) -> list[Any]:
    """The venue's own rows of an order."""
    request = urllib.request.Request(
        f"{rig.venue.rest_url}/v2/orders?status=all&limit=500",
        headers={"APCA-API-KEY-ID": "PAPER", "APCA-API-SECRET-KEY": "paper-secret"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return [row for row in json.load(answer) if row["client_order_id"] == client_order_id]


def _until_status(rig: ServiceRig, number: int, *statuses: str) -> None:
    rig.until(lambda: rig.node.order(number)["status"] in statuses)


def test_an_order_by_hand_arrives_at_the_venue_once_however_often_it_is_sent(rig: ServiceRig) -> None:
    answers = [rig.client.submit_order("BAC", "buy", 3, limit=FAR, key="one", reason="hedge") for _ in range(3)]
    assert [answer.repeated for answer in answers] == [False, True, True]
    first = answers[0].order
    assert {answer.order.id for answer in answers} == {first.id}
    assert (first.strategy, first.symbol, first.qty, first.limit_price) == ("operator", "BAC", "3", "0.5")
    assert (first.side, first.type) == (1, 2)
    _until_status(rig, first.id, "new")
    (row,) = _at_venue(rig, first.client_order_id)
    assert (row["qty"], Decimal(row["limit_price"])) == ("3", Decimal(FAR))
    with pytest.raises(RemoteError) as caught:
        rig.client.submit_order("BAC", "buy", 4, limit=FAR, key="one")
    assert caught.value.code == "ALREADY_EXISTS"
    rig.client.cancel_order(first.id)
    _until_status(rig, first.id, "canceled")
    assert _at_venue(rig, first.client_order_id)[0]["status"] == "canceled"


def test_an_order_is_found_by_both_its_ids_and_by_fields(rig: ServiceRig) -> None:
    made = rig.client.submit_order("BAC", "buy", 2, limit=FAR).order
    by_number, by_name = rig.client.order(made.id), rig.client.order(client_order_id=made.client_order_id)
    assert by_number.id == by_name.id == made.id
    only = rig.client.order(made.id, fields=["symbol", "status"])
    assert {field.name for field, _ in only.ListFields()} == {"symbol", "status"}
    rig.client.cancel_order(made.id)
    for missing in ({"order_id": 999_999}, {"client_order_id": "nobody"}):
        with pytest.raises(RemoteError) as caught:
            rig.client.order(**missing)
        assert (caught.value.code, caught.value.reason) == ("NOT_FOUND", "NO_ORDER")
    with pytest.raises(RemoteError) as caught:
        rig.client.ask(pb.GetOrderRequest(), pb.GetOrderResponse)
    assert caught.value.field == "order_id"
    with pytest.raises(RemoteError) as caught:
        rig.client.cancel_order(999_999)
    assert caught.value.code == "NOT_FOUND"


def test_an_order_is_replaced_by_another_number(rig: ServiceRig) -> None:
    made = rig.client.submit_order("BAC", "buy", 9, limit=FAR).order
    _until_status(rig, made.id, "new")
    smaller = rig.client.replace_order(made.id, qty="4", limit="0.6")
    assert smaller.id != made.id
    assert (smaller.qty, smaller.limit_price) == ("4", "0.6")
    _until_status(rig, smaller.id, "new")
    rig.client.cancel_order(smaller.id)
    _until_status(rig, smaller.id, "canceled")
    with pytest.raises(RemoteError) as caught:
        rig.client.replace_order(made.id)
    assert (caught.value.code, caught.value.field) == ("INVALID_ARGUMENT", "qty")


def test_the_risk_checks_refuse_by_their_code(rig: ServiceRig) -> None:
    with pytest.raises(RemoteError, match="100") as caught:
        rig.client.submit_order("BAC", "buy", 101)
    assert (caught.value.code, caught.value.reason) == ("FAILED_PRECONDITION", "MAX_QTY")
    assert caught.value.metadata["scope"] == "account"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"symbol": "GM"}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"side": 0}, "side"),
        ({"side": 9}, "side"),
        ({"type": 0}, "type"),
        ({"type": common_pb2.ORDER_TYPE_TRAILING_STOP}, "type"),
        ({"time_in_force": 77}, "time_in_force"),
        ({"qty": ""}, "qty"),
        ({"qty": "-1"}, "qty"),
        ({"qty": "1.0000000001"}, "qty"),
        ({"qty": "1e3"}, "qty"),
        ({"limit_price": ""}, "limit_price"),
        ({"limit_price": "0"}, "limit_price"),
        ({"stop_price": "3"}, "stop_price"),
        ({"type": 1}, "limit_price"),
    ],
)
def test_what_is_wrong_with_an_order_is_named_by_field(rig: ServiceRig, change: dict[str, Any], field: str) -> None:
    before = rig.ask(rig.node.status)["orders"]
    given = {"symbol": "BAC", "side": 1, "type": 2, "qty": "1", "limit_price": "0.5", **change}
    with pytest.raises(RemoteError) as caught:
        rig.client.ask(pb.SubmitOrderRequest(**given), pb.SubmitOrderResponse)
    assert (caught.value.code, caught.value.field) == ("INVALID_ARGUMENT", field)
    assert rig.ask(rig.node.status)["orders"] == before


def test_a_paused_engine_takes_no_order_by_hand_and_cancels_still(rig: ServiceRig) -> None:
    resting = rig.client.submit_order("BAC", "buy", 1, limit=FAR).order
    _until_status(rig, resting.id, "new")
    rig.client.pause()
    try:
        with pytest.raises(RemoteError, match="PAUSED") as caught:
            rig.client.submit_order("BAC", "buy", 1, limit=FAR)
        rig.client.cancel_order(resting.id)
        _until_status(rig, resting.id, "canceled")
    finally:
        rig.client.resume()
    assert (caught.value.reason, caught.value.metadata["state"]) == ("STATE", "PAUSED")


def test_orders_by_hand_can_be_switched_off(rig: ServiceRig) -> None:
    rig.client.set_flag("accept_manual_orders", False)
    try:
        with pytest.raises(RemoteError) as caught:
            rig.client.submit_order("BAC", "buy", 1, limit=FAR)
    finally:
        rig.client.set_flag("accept_manual_orders", True)
    assert (caught.value.code, caught.value.reason) == ("FAILED_PRECONDITION", "FLAG")


def test_pages_of_every_size_put_together_are_all_orders_newest_first(rig: ServiceRig) -> None:
    for k in range(6):
        rig.client.submit_order("BAC" if k % 2 else "AAPL", "buy", 1 + k, limit=FAR)
    everything = sorted((one["id"] for one in rig.ask(lambda: rig.node.orders(open_only=False))), reverse=True)
    for size in (1, 2, 3, 5, 1_000):
        assert [one.id for one in rig.client.orders(page_size=size)] == everything
    aapl = [one for one in rig.client.orders(symbol="AAPL", page_size=2)]
    assert {one.symbol for one in aapl} == {"AAPL"}
    assert len(aapl) == sum(1 for one in rig.ask(lambda: rig.node.orders(open_only=False)) if one["symbol"] == "AAPL")
    assert [one.id for one in rig.client.orders(strategy="operator")] == everything
    assert list(rig.client.orders(strategy="watch")) == []
    with pytest.raises(RemoteError) as caught:
        list(rig.client.orders(strategy="nobody"))
    assert caught.value.field == "strategy"


def test_a_page_goes_on_after_new_orders_came_without_repeating_any(rig: ServiceRig) -> None:
    rows = rig.client.orders(page_size=2)
    seen = [next(rows).id for _ in range(2)]
    newest = rig.client.submit_order("BAC", "buy", 1, limit=FAR).order.id
    seen += [one.id for one in rows]
    assert len(seen) == len(set(seen))
    assert newest not in seen
    first = rig.client.ask(pb.ListOrdersRequest(page_size=1), pb.ListOrdersResponse)
    for token in ("x", first.next_page_token[:-2] + "AA", "e30=", "WyIiLCBbLTFdXQ=="):
        with pytest.raises(RemoteError) as caught:
            rig.client.ask(pb.ListOrdersRequest(page_token=token), pb.ListOrdersResponse)
        assert caught.value.field == "page_token"
    with pytest.raises(RemoteError):  # of another query
        rig.client.ask(pb.ListOrdersRequest(page_token=first.next_page_token, symbol="BAC"), pb.ListOrdersResponse)


def test_cancel_all_cancels_all_and_says_how_many(rig: ServiceRig) -> None:
    there = len(list(rig.client.orders(open_only=True)))
    assert there > 3
    answer = rig.client.cancel_all(reason="the end of the test")
    assert answer.orders == there
    rig.until(lambda: not rig.node.orders())
    assert list(rig.client.orders(open_only=True)) == []


def test_a_stream_begins_with_what_is_open_and_tells_every_change(rig: ServiceRig) -> None:
    resting = rig.client.submit_order("BAC", "buy", 1, limit=FAR).order
    _until_status(rig, resting.id, "new")
    with rig.client.stream_orders(snapshot=True, symbol="BAC") as stream:
        snapshot = next(stream)
        assert snapshot.is_snapshot
        assert [one.id for one in snapshot.orders] == [resting.id]
        made = rig.client.submit_order("BAC", "buy", 2).order
        rig.client.submit_order("AAPL", "buy", 1, limit=FAR)
        seen: list[pb.Order] = []
        for answer in stream:
            assert not answer.is_snapshot
            seen += list(answer.orders)
            if any(one.id == made.id and one.status == pb.ORDER_STATUS_FILLED for one in seen):
                break
    assert {one.symbol for one in seen} == {"BAC"}
    filled = seen[-1]
    assert Decimal(filled.filled_qty) == 2
    assert filled.average_price
    rig.client.cancel_all()
    # Nobody listens: the engine tells of orders no more.
    deadline = time.monotonic() + 5.0
    while rig.ask(lambda: rig.node._order_listeners) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert rig.ask(lambda: rig.node._order_listeners) == []


def test_a_trader_trades_and_a_viewer_looks(rig: ServiceRig) -> None:
    trader, viewer = (Client(rig.address, token=rig.token(role, f"t-{role}")) for role in ("trader", "viewer"))
    with trader, viewer:
        made = trader.submit_order("BAC", "buy", 1, limit=FAR).order
        assert viewer.order(made.id).id == made.id
        for refused in (lambda: viewer.cancel_order(made.id), lambda: trader.pause()):
            with pytest.raises(RemoteError) as caught:
                refused()
            assert caught.value.code == "PERMISSION_DENIED"
        trader.cancel_order(made.id)


def test_strategies_orders_are_refused_while_it_is_paused_and_pass_after(tmp_path: Path) -> None:
    class Eager(tw.Strategy):
        name = "eager"
        quotes = 0

        def on_quote(self, quote: Any) -> None:
            self.quotes += 1
            if self.quotes % 20 == 0 and quote.symbol == "BAC":
                self.buy("BAC", 1, limit=0.5)

    with ServiceRig(tmp_path, [Eager()]) as rig:
        with rig.client.stream_notices("refusal") as refusals:
            rig.client.pause(reason="look")
            told = next(refusals).notices[0]
            assert (told.refusal.code, told.refusal.strategy) == ("STATE", "eager")
        rig.client.resume()
        before = rig.client.counters().passed
        rig.until(lambda: rig.node.status()["passed"] > before)
        refused = {(row.code, row.count > 0) for row in rig.client.counters().refused}
        assert ("STATE", True) in refused
        result = rig.client.halt()
        rig.until(lambda: not rig.node.orders())
        assert result.state == common_pb2.ENGINE_STATE_HALTED
        assert rig.client.resume().state == common_pb2.ENGINE_STATE_RUNNING
        assert rig.ask(rig.node.status)["state"] == "RUNNING"
