from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw
from tests.control.service_rig import ServiceRig
from tickwright.config import RiskConfig
from tickwright.control.services.limits import changed_limits, differences, limit_changes, made_limits, section
from tickwright.errors import RemoteError


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceRig]:
    risk = tw.RiskLimits(max_order_qty=100, strategies={"watch": tw.Limits(max_position_qty=7)})
    with ServiceRig(tmp_path_factory.mktemp("risk"), risk=risk) as rig:
        rig.until(lambda: all(row["bid"] and row["ask"] for row in rig.node.prices()))
        yield rig


def test_limits_are_the_section_of_the_configuration(rig: ServiceRig) -> None:
    told = rig.client.limits()
    assert set(told) == set(RiskConfig.model_fields)
    assert (told["max_order_qty"], told["max_order_notional"]) == (100, None)
    assert told["strategies"]["watch"]["max_position_qty"] == 7
    assert made_limits(RiskConfig.model_validate(section(rig.node.limits).model_dump())) == rig.node.limits


def test_a_dry_run_says_what_would_change_and_changes_nothing(rig: ServiceRig) -> None:
    before = rig.node.limits
    answer = rig.client.set_limits(
        {"max_order_qty": 50, "strategies": {"watch": {"max_position_qty": None}}, "max_open_orders": 5}, dry_run=True
    )
    changes = {one.key: (one.before, one.after) for one in answer.changes}
    assert set(changes) == {"max_order_qty", "max_open_orders", "strategies.watch.max_position_qty"}
    assert changes["max_order_qty"][0].number_value == 100
    assert changes["max_order_qty"][1].number_value == 50
    assert changes["max_open_orders"][0].WhichOneof("kind") == "null_value"
    assert changes["strategies.watch.max_position_qty"][1].WhichOneof("kind") == "null_value"
    assert not answer.applied
    assert rig.node.limits == before


def test_limits_are_in_force_at_once_and_those_not_named_stay(rig: ServiceRig) -> None:
    assert rig.client.explain("BAC", "buy", 60) == []
    answer = rig.client.set_limits({"max_order_qty": 50}, reason="a quiet day")
    assert answer.applied
    assert rig.node.limits.max_order_qty == 50
    assert rig.node.limits.strategies["watch"].max_position_qty == 7
    (refusal,) = rig.client.explain("BAC", "buy", 60)
    assert (refusal.code, refusal.scope) == ("MAX_QTY", "account")
    with pytest.raises(RemoteError) as caught:
        rig.client.submit_order("BAC", "buy", 60)
    assert caught.value.reason == "MAX_QTY"
    rig.client.set_limits({"max_order_qty": None, "max_leverage": 1.5})
    assert (rig.node.limits.max_order_qty, rig.node.limits.max_leverage) == (None, 1.5)
    assert rig.client.explain("BAC", "buy", 60) == []
    assert rig.client.set_limits({"max_leverage": 1.5}).changes == []
    rig.client.set_limits({"max_order_qty": 100, "max_leverage": 2})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"max_order_size": 5}, "limits.max_order_size"),
        ({"max_order_qty": -5}, "limits.max_order_qty"),
        ({"max_order_qty": "many"}, "limits.max_order_qty"),
        ({"max_open_orders": 2.5}, "limits.max_open_orders"),
        ({"strategies": {"watch": {"weather": 1}}}, "limits.strategies.watch.weather"),
        ({"on_breach": "cry"}, "limits.on_breach"),
        ({}, "limits"),
    ],
)
def test_what_is_wrong_with_limits_is_named_by_key(rig: ServiceRig, values: dict[str, Any], field: str) -> None:
    before = rig.node.limits
    with pytest.raises(RemoteError) as caught:
        rig.client.set_limits(values)
    assert (caught.value.code, caught.value.field) == ("INVALID_ARGUMENT", field)
    assert rig.node.limits == before


def test_every_check_that_would_refuse_is_told_and_nothing_is_sent(rig: ServiceRig) -> None:
    before = rig.ask(rig.node.status)
    rig.client.set_limits({"allow_short": False, "max_order_notional": 10})
    try:
        codes = {one.code for one in rig.client.explain("BAC", "sell", 200, limit="12")}
    finally:
        rig.client.set_limits({"allow_short": True, "max_order_notional": None})
    assert codes >= {"MAX_QTY", "MAX_NOTIONAL", "SHORT"}
    after = rig.ask(rig.node.status)
    assert (after["orders"], after["refused"]) == (before["orders"], before["refused"])
    for given, field in (({"symbol": "GM"}, "symbol"), ({"strategy": "nobody"}, "strategy")):
        with pytest.raises(RemoteError) as caught:
            rig.client.explain(**{"symbol": "BAC", "side": "buy", "qty": 1, **given})
        assert caught.value.field == field


def test_the_kill_switch_stops_orders_of_all_and_of_one(rig: ServiceRig) -> None:
    assert rig.client.kill_switch(reason="fire").thrown
    with pytest.raises(RemoteError) as caught:
        rig.client.submit_order("BAC", "buy", 1, limit="0.5")
    assert caught.value.reason == "KILL"
    assert not rig.client.kill_switch(False).thrown
    answer = rig.client.kill_switch(strategy="watch")
    assert (answer.thrown, list(answer.strategies)) == (False, ["watch"])
    made = rig.client.submit_order("BAC", "buy", 1, limit="0.5").order
    assert list(rig.client.kill_switch(False, strategy="watch").strategies) == []
    rig.client.cancel_order(made.id)
    with pytest.raises(RemoteError) as caught:
        rig.client.kill_switch(strategy="nobody")
    assert (caught.value.code, caught.value.field) == ("NOT_FOUND", "strategy")


def test_the_kill_switch_works_while_the_engines_thread_hangs(rig: ServiceRig) -> None:
    let_go = threading.Event()
    rig.loop.call_soon_threadsafe(let_go.wait, 5.0)
    begun = time.monotonic()
    try:
        assert rig.client.within(4.0).kill_switch(reason="it hangs").thrown
        assert time.monotonic() - begun < 2.0
        assert not let_go.is_set()
    finally:
        let_go.set()
    with pytest.raises(RemoteError) as caught:
        rig.client.submit_order("BAC", "buy", 1, limit="0.5")
    assert caught.value.reason == "KILL"
    rig.client.kill_switch(False)


def test_a_thrown_kill_switch_outlives_the_engine(tmp_path: Path) -> None:
    with ServiceRig(tmp_path) as rig:
        rig.client.kill_switch(reason="fire")
        rig.client.kill_switch(strategy="operator")
        rig.restart_all()
        told = rig.client.status()
        assert (told.kill_switch, list(told.killed_strategies)) == (True, ["operator"])
        rig.client.kill_switch(False)
        with pytest.raises(RemoteError) as caught:
            rig.client.submit_order("BAC", "buy", 1, limit="0.5")
        assert caught.value.reason == "KILL"
        rig.restart_all()
        told = rig.client.status()
        assert (told.kill_switch, list(told.killed_strategies)) == (False, ["operator"])
        rig.client.kill_switch(False, strategy="operator")
        rig.restart_all()
        assert rig.client.submit_order("BAC", "buy", 1, limit="0.5").order.client_order_id
        assert not rig.node.kill_switch.strategies


def test_counters_count_by_code_and_scope(rig: ServiceRig) -> None:
    before = rig.client.counters()
    with pytest.raises(RemoteError):
        rig.client.submit_order("BAC", "buy", 101)
    made = rig.client.submit_order("BAC", "buy", 1, limit="0.5").order
    after = rig.client.counters()
    assert after.passed == before.passed + 1
    counts = [{(row.code, row.scope): row.count for row in told.refused} for told in (before, after)]
    assert counts[1]["MAX_QTY", "account"] == counts[0].get(("MAX_QTY", "account"), 0) + 1
    rig.client.cancel_order(made.id)


def test_differences_and_changes_are_by_key() -> None:
    before = section(tw.RiskLimits(groups={"banks": tw.Group(symbols=["BAC"], max_gross_exposure=5)}))
    after = changed_limits(before, {"groups": {"banks": {"max_gross_exposure": 6.0}, "cars": {"symbols": ["F"]}}})
    keys = {one.key for one in differences(before.model_dump(), after.model_dump(), "risk")}
    assert "risk.groups.banks.max_gross_exposure" in keys
    assert "risk.groups.cars.symbols" in keys
    assert "risk.groups.banks.symbols" not in keys
    new = {one.key for one in limit_changes(before, after)}
    assert new == {"groups.banks.max_gross_exposure", "groups.cars.symbols"}
    assert {one.key for one in limit_changes(after, before)} == new
    gone = changed_limits(after, {"groups": {"cars": None}})
    assert set(gone.groups) == {"banks"}
    assert changed_limits(after, {"groups": None}).groups == {}
