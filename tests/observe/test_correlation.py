"""The JSON log of a node that trades, read back: from every fill to its order, its request and its tick."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

import tickwright as tw
from tests.control.rig import NodeRig
from tests.observe.watched import Turn
from tickwright import logs
from tickwright.control import Bridge
from tickwright.live.trail import Trail


class Remembering(Turn):
    """Remembers the moment of each tick at which it asked for something, and of all others."""

    def buy(self, symbol, qty):
        self.asked.append(self.now_ns())
        super().buy(symbol, qty)

    def sell(self, symbol, qty):
        self.asked.append(self.now_ns())
        super().sell(symbol, qty)

    def now_ns(self):
        return self.tick_ns

    def on_start(self):
        super().on_start()
        self.asked = []

    def on_quote(self, quote):
        self.tick_ns = int(quote.ts)
        super().on_quote(quote)


@pytest.fixture
def quiet_again():
    root = logging.getLogger("tickwright")
    before = root.handlers[:], root.level, root.propagate
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])


@pytest.mark.parametrize("durability", ["os", "group"])
def test_every_fill_leads_back_to_the_tick_that_its_order_answered(tmp_path, quiet_again, durability):
    file = tmp_path / "node.log"
    logs.configure("info", json_lines=True, file=file)
    strategy = Remembering()
    with NodeRig(
        tmp_path, [strategy], risk=tw.RiskLimits(max_order_qty=1_000), durability=durability, speed=120.0
    ) as rig:
        rig.until(lambda: rig.node.status()["sent"].get("submit", 0) > 20)
        rig.ask(lambda: rig.node.command("pause", by="test", why="enough"))
        rig.until(lambda: rig.node.status()["in_flight"] == 0)
        status = rig.ask(rig.node.status)
        numbers = {row["id"]: row for row in rig.ask(lambda: rig.node.session.core.orders(False))}
    # Other nodes of this test run write to the same log.
    own = {row["client_order_id"] for row in numbers.values()}
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines = [line for line in lines if line.get("client_order_id") in own]
    asked = {line["client_order_id"]: line for line in lines if line["message"] == "asks the broker: submit"}
    answered = {line["client_order_id"] for line in lines if line["message"] == "the broker has answered: submit"}
    fills = [line for line in lines if line.get("kind") == "fill"]
    refusals = [line for line in lines if line.get("kind") == "refusal"]
    assert len(asked) == status["sent"]["submit"] > 20
    assert answered == set(asked)
    for client_order_id, line in asked.items():
        assert numbers[line["order"]]["client_order_id"] == client_order_id
        assert line["tick_ns"] in strategy.asked
        assert 1 <= line["since_frame"] <= line["frame"] <= status["frames"]
    assert len(fills) > 10
    for fill in fills:
        line = asked[fill["client_order_id"]]
        assert (fill["order"], fill["tick_ns"], fill["frame"]) == (line["order"], line["tick_ns"], line["frame"])
        assert fill["tick_ns"] <= fill["at_ns"]
        assert fill["strategy"] == "turn"
    assert refusals
    assert {line["tick_ns"] for line in refusals} <= set(strategy.asked)
    print(f"{len(asked)} orders, {len(fills)} fills, {len(refusals)} refusals led back to their ticks")


def test_a_call_of_the_control_plane_is_in_every_line_that_it_caused(tmp_path, quiet_again):
    file = tmp_path / "node.log"
    logs.configure("info", json_lines=True, file=file)
    with NodeRig(tmp_path) as rig:

        async def call():
            with logs.bound(request_id="r-42"):
                await Bridge(rig.node, rig.loop).ask(lambda node: node.command("pause", by="test", why="to see"))

        asyncio.run(call())
        rig.ask(lambda: rig.node.command("run", by="test", why="seen"))
    states = [json.loads(line) for line in file.read_text().splitlines()]
    states = {line["to"]: line for line in states if line.get("kind") == "state"}
    assert states["PAUSED"]["request_id"] == "r-42"
    assert "request_id" not in states["RUNNING"]


def test_fields_are_bound_by_task_and_nest():
    seen = []

    class Keep(logging.Handler):
        def emit(self, record):
            seen.append((record.getMessage(), getattr(record, "a", None), getattr(record, "b", None)))

    handler = Keep()
    handler.addFilter(logs.SecretFilter())
    log = logging.getLogger("tickwright.test_bound")
    log.addHandler(handler)
    log.setLevel("INFO")

    async def one(n):
        with logs.bound(a=n):
            await asyncio.sleep(0)
            with logs.bound(b=n):
                log.info("inner")
            log.info("outer", extra={"a": "own"})

    async def both():
        await asyncio.gather(one(1), one(2))

    asyncio.run(both())
    log.removeHandler(handler)
    assert sorted(map(str, seen)) == sorted(
        map(str, [("inner", 1, 1), ("inner", 2, 2), ("outer", "own", None), ("outer", "own", None)])
    )


def test_only_the_newest_orders_are_remembered():
    trail = Trail(orders_max=3)
    for order in range(10):
        trail.note({"order": order, "client_order_id": f"c{order}"}, tick_ns=order, frame=order, since_frame=order)
    assert trail.of(6) == {"order": 6}
    assert trail.of(7)["client_order_id"] == "c7"
