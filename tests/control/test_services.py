"""The services themselves behind the door: who may call what, and that every command is recorded before it acts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

import tickwright as tw
from tests.control.door import METHODS, Refused, call, key_of, request_class
from tests.control.rig import Watch
from tests.control.service_rig import ServiceRig
from tickwright import journal
from tickwright.control import Role
from tickwright.control.access import ROLES
from tickwright.control.asking import struct_of
from tickwright.control.methods import IN_ONE_TURN

SHUTDOWN = "/tickwright.v1.EngineService/Shutdown"
KEPT_OUT = {"PERMISSION_DENIED", "UNAUTHENTICATED", "INTERNAL", "UNKNOWN"}
#: Records that only a command makes; all others come of data, reports and what strategies do.
EFFECTS = {"COMMAND", "MANUAL", "PARAMETERS", "LIMITS"}


class Paced(tw.Strategy):
    """Has a parameter, and does nothing."""

    name = "paced"

    def __init__(self, every: int = 10) -> None:
        self.every = every

    def on_quote(self, quote: Any) -> None:
        pass


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[ServiceRig]:
    with ServiceRig(tmp_path, [Paced(), Watch()], speed=5.0) as rig:
        rig.until(lambda: all(row["bid"] and row["ask"] for row in rig.node.prices()))
        yield rig


def ask(channel: grpc.Channel, name: str, token: str | None, request: Any = None, request_id: str = "") -> Any:
    """Call a method, a stream for a moment; gives the code, and the answer of what is no stream."""
    streams = METHODS[name].server_streaming
    metadata = [("x-request-id", request_id)] if request_id else []
    try:
        answer = call(channel, name, request, token, metadata=metadata, timeout=0.2 if streams else 10.0)
    except grpc.RpcError as error:
        code = Refused(error).code
        return (grpc.StatusCode.OK if streams and code is grpc.StatusCode.DEADLINE_EXCEEDED else code), None
    return grpc.StatusCode.OK, answer


def test_every_service_keeps_to_the_roles(rig: ServiceRig) -> None:
    assert set(ROLES) == set(METHODS)
    tokens = {role: rig.token(role.name.lower(), f"a-{role.name.lower()}") for role in Role}
    with grpc.insecure_channel(rig.address) as channel:
        for name in [*sorted(set(METHODS) - {SHUTDOWN}), SHUTDOWN]:
            before = rig.ask(rig.node.status)
            for token, wanted in ((None, "UNAUTHENTICATED"), ("tw_no_such", "UNAUTHENTICATED")):
                if token is None or name == SHUTDOWN:  # wrong tokens are counted: a few are enough
                    assert ask(channel, name, token)[0].name == wanted, name
            for role in Role:
                if role < ROLES[name]:
                    assert ask(channel, name, tokens[role])[0] is grpc.StatusCode.PERMISSION_DENIED, (name, role)
            if key_of(name):
                after = rig.ask(rig.node.status)
                assert [after[key] for key in ("state", "orders")] == [before[key] for key in ("state", "orders")], name
            for role in Role:
                if role >= ROLES[name]:
                    code = ask(channel, name, tokens[role])[0]
                    assert code.name not in ("PERMISSION_DENIED", "UNAUTHENTICATED", "INTERNAL", "UNKNOWN"), (
                        name,
                        role,
                    )


def test_every_command_is_recorded_in_the_journal_before_it_acts(rig: ServiceRig, tmp_path: Path) -> None:
    given: list[tuple[str, bool]] = []
    token = rig.token("admin", "ann")

    def give(name: str, acts: bool = True, /, **fields: Any) -> Any:
        whole = f"/tickwright.v1.{name}"
        request = request_class(whole)(**fields)
        code, answer = ask(channel, whole, token, request, f"r-{len(given)}")
        assert (code is grpc.StatusCode.OK) == acts, (name, code)
        given.append((whole, acts))
        time.sleep(0.05)
        return answer

    order = {"symbol": "BAC", "side": 1, "qty": "1", "type": 2, "limit_price": "0.5"}
    with grpc.insecure_channel(rig.address) as channel:
        first = give("OrderService/SubmitOrder", **order).order
        rig.until(lambda: rig.node.order(first.id)["status"] == "new")
        second = give("OrderService/ReplaceOrder", order_id=first.id, limit_price="0.6").order
        rig.until(lambda: rig.node.order(second.id)["status"] == "new")
        give("OrderService/CancelOrder", order_id=second.id)
        give("OrderService/CancelOrder", False, order_id=999_999)
        give("OrderService/SubmitOrder", False, **{**order, "symbol": "NONE"})
        give("RiskService/SetLimits", limits=struct_of({"max_order_qty": 100}))
        give("StrategyService/SetParameters", name="paced", parameters=struct_of({"every": 20}))
        give("StrategyService/StopStrategy", name="paced")
        give("StrategyService/StartStrategy", name="paced")
        for name in ("Pause", "Resume", "ReduceOnly", "CancelAll", "Resume", "SafeMode", "Resume"):
            give(f"EngineService/{name}")
        give("EngineService/Flatten")
        give("EngineService/Resume")
        give("EngineService/Halt")
        give("EngineService/Pause", False)
    rig.client.close()
    rig.server.stop()
    rig.stop()

    assert {name for name, _ in given} == IN_ONE_TURN
    numbers = {f"r-{number}": entry for number, entry in enumerate(given)}
    open_id, effects, ended = "", 0, []
    for record in journal.read(tmp_path / "state/journal"):
        kind = journal.kind_name(record.kind)
        if kind in EFFECTS and '"by": "ann"' in json.dumps(record.content):
            assert open_id, f"{kind} {record.content} acts unrecorded"
            effects += 1
        content = json.loads(record.content) if kind == "NOTE" else {}
        if not content.get("note", "").startswith('{"audit"'):
            continue
        note = json.loads(content["note"])
        if note["audit"] == "intent":
            assert not open_id
            open_id, effects = note["request_id"], 0
            assert note["method"] == numbers[open_id][0]
        else:
            assert note["request_id"] == open_id
            acts = numbers[open_id][1]
            assert (note["code"] == "OK") == acts
            assert (effects > 0) == acts, (numbers[open_id], effects)
            ended.append(open_id)
            open_id = ""
    assert ended == list(numbers)
