"""What operators do with a running node: by hand, through the same checks, into the same journal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw
from tests.control.rig import NodeRig, Watch
from tests.session_reader import read_input
from tickwright.errors import ConfigError, RefusedError
from tickwright.live import LiveNode, NodeSettings


class Paced(Watch):
    """Counts quotes, with a parameter."""

    name = "paced"

    def __init__(self, every: int = 50, label: str = "a") -> None:
        super().__init__()
        self.every, self.label = every, label
        self.told: list[dict[str, Any]] = []

    def on_parameters(self, changed: dict[str, Any]) -> None:
        self.told.append(changed)


@pytest.mark.slow
def test_an_operator_trades_by_hand_and_sets_limits_and_parameters(tmp_path: Path) -> None:
    strategy = Paced()
    changes: list[dict[str, Any]] = []
    with NodeRig(tmp_path, [strategy], risk=tw.RiskLimits(max_order_qty=100)) as rig:
        node = rig.node
        rig.until(lambda: all(row["bid"] and row["ask"] for row in node.prices()))
        assert [row["symbol"] for row in node.prices()] == ["AAPL", "BAC"]
        end = rig.ask(lambda: node.listen_to_orders(changes.append))

        bought = rig.ask(lambda: node.submit_order(by="ann", why="hedge", symbol="BAC", side="buy", qty="10"))
        assert bought["client_order_id"].startswith("tw-")
        rig.until(lambda: node.order(bought["id"])["status"] == "filled")
        assert [row["status"] for row in changes if row["id"] == bought["id"]][-1] == "filled"

        far = {"symbol": "BAC", "side": "buy", "qty": "7", "type": "limit", "limit_price": "0.5"}
        resting = rig.ask(lambda: node.submit_order(by="ann", why="", client_order_id="mine-1", **far))
        rig.until(lambda: node.order_of("mine-1")["status"] == "new")
        smaller = rig.ask(lambda: node.replace_order(resting["id"], by="ann", why="less", qty="5"))
        rig.until(lambda: node.order(smaller["id"])["status"] == "new")
        rig.ask(lambda: node.cancel_order(smaller["id"], by="ann", why="enough"))
        rig.until(lambda: node.order(smaller["id"])["status"] == "canceled")
        rig.ask(end)

        with pytest.raises(RefusedError) as refused:
            rig.ask(lambda: node.submit_order(by="ann", why="", symbol="BAC", side="buy", qty="101"))
        assert (refused.value.code, refused.value.order["status"]) == ("MAX_QTY", "refused")
        with pytest.raises(RefusedError, match="must be unique"):
            rig.ask(lambda: node.submit_order(by="ann", why="", client_order_id="mine-1", **far))
        for wrong in ({"symbol": "GM"}, {"side": "up"}, {"type": "stop"}, {"qty": "ten"}, {"time_in_force": "ever"}):
            with pytest.raises(tw.TickwrightError):
                rig.ask(lambda wrong=wrong: node.submit_order(by="ann", why="", **{**far, **wrong}))
        with pytest.raises(ConfigError, match="not known"):
            rig.ask(lambda: node.cancel_order(10_000, by="ann", why=""))

        said = rig.ask(lambda: node.explain(symbol="BAC", side="buy", qty="101"))
        assert [(row["code"], row["passes"]) for row in said if row["check"] == "max_order_qty"] == [("MAX_QTY", False)]
        rig.ask(lambda: node.set_limits(tw.RiskLimits(max_order_qty=200), by="ann", why="more room"))
        assert all(row["passes"] for row in rig.ask(lambda: node.explain(symbol="BAC", side="buy", qty="101")))
        rig.ask(lambda: node.set_parameters("paced", {"every": 7.0}, by="ann"))
        assert (strategy.every, strategy.told) == (7, [{"every": 7}])
        for values in ({"every": "many"}, {"pace": 1}, {"label": None}):
            with pytest.raises(ConfigError, match="parameter"):
                rig.ask(lambda values=values: node.set_parameters("paced", values, by="ann"))
        rows = {row["name"]: row for row in rig.ask(node.strategies)}
        assert rows["paced"]["parameters"] == {"every": 7, "label": "a"}
        assert (rows["operator"]["kind"], rows["operator"]["is_active"], rows["operator"]["orders"]) == (
            "operator",
            True,
            5,
        )
        newest = rig.ask(lambda: node.order_page(limit=2))
        older = rig.ask(lambda: node.order_page(before=newest[-1]["id"], limit=100))
        ids = [row["id"] for row in newest + older]
        assert ids == sorted(ids, reverse=True) == [row["id"] for row in reversed(rig.ask(lambda: node.orders(False)))]
        theirs = asyncio.run_coroutine_threadsafe(node._broker.positions(), rig.loop).result(10.0)
        ours = {row["symbol"]: row["qty"] for row in rig.ask(node.status)["positions"] if row["qty"] != "0"}
        assert {row["symbol"]: row["qty"] for row in theirs} == ours == {"BAC": "10"}

        rig.restart([Paced()])
        assert rig.ask(lambda: rig.node.limits.max_order_qty) == 200
        assert all(row["passes"] for row in rig.ask(lambda: rig.node.explain(symbol="BAC", side="sell", qty="150")))
        assert [row["qty"] for row in rig.ask(rig.node.status)["positions"]] == ["10"]

    records = list(tw.journal.read(tmp_path / "state" / "journal", kinds=["MANUAL", "PARAMETERS", "NOTE"]))
    kinds = [tw.journal.kind_name(record.kind) for record in records]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"MANUAL": 6, "PARAMETERS": 1, "NOTE": 1}
    given = next(record for record in records if tw.journal.kind_name(record.kind) == "PARAMETERS")
    found = read_input("PARAMETERS", given.payload)
    assert (json.loads(found["text"]), found["by"]) == ({"every": 7}, "ann")
    assert tw.journal.replay(tmp_path / "state" / "journal").state_hash


@pytest.mark.slow
def test_what_the_kill_switch_refused_is_refused_again_by_a_replay(tmp_path: Path) -> None:
    far = {"symbol": "BAC", "side": "buy", "qty": "7", "type": "limit", "limit_price": "0.5"}
    with NodeRig(tmp_path, [Paced()]) as rig:
        node = rig.node
        rig.until(lambda: all(row["bid"] and row["ask"] for row in node.prices()))

        def refused_by() -> str:
            with pytest.raises(RefusedError) as caught:
                rig.ask(lambda: node.submit_order(by="ann", why="", **far))
            return caught.value.code

        node.kill_switch.throw()
        assert not all(row["passes"] for row in rig.ask(lambda: node.explain(symbol="BAC", side="buy", qty="1")))
        assert [refused_by(), refused_by()] == ["KILL", "KILL"]
        node.kill_switch.throw("paced")
        node.kill_switch.reset()
        passed = rig.ask(lambda: node.submit_order(by="ann", why="", **far))
        assert passed["status"] != "refused"
        rig.restart([Paced()])
        assert (rig.node.kill_switch.thrown, rig.node.kill_switch.strategies) == (False, ["paced"])

    folder = tmp_path / "state" / "journal"
    assert tw.journal.replay(folder).state_hash
    manual = list(tw.journal.read(folder, kinds=["MANUAL"]))
    # As docs/sessions.md says: one change, at check 0; whether the account's was thrown; those of so many places.
    places = len(rig.node._places)
    told = [bytes(record.payload) for record in manual]
    assert told[0].endswith(bytes([1, 0, 1, places] + [0] * places))
    assert told[1].endswith(bytes([0]))
    assert not told[1].endswith(bytes([1, 0, 1, places] + [0] * places))
    assert told[2].endswith(bytes([1, 0, 0, places, 1] + [0] * (places - 1)))
    assert [record.content.get("switched") for record in manual] == [
        [{"check": 0, "thrown": {"account": True, "strategies": [False] * places}}],
        None,
        [{"check": 0, "thrown": {"account": False, "strategies": [True] + [False] * (places - 1)}}],
    ]


BUYER = """
import tickwright as tw

class Buyer(tw.Strategy):
    name = "buyer"

    def __init__(self, shares: int = 1) -> None:
        super().__init__()
        self.shares, self.bought = shares, 0

    def on_quote(self, quote):
        if quote.symbol == "BAC" and self.bought < 3:
            self.bought += 1
            self.buy("BAC", self.shares)
"""


@pytest.mark.slow
def test_a_strategy_is_added_while_the_node_runs_and_is_there_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "buyer.py"
    file.write_text(BUYER)
    with NodeRig(tmp_path, [Watch()]) as rig:
        node = rig.node
        assert rig.ask(lambda: node.status()["strategies"]) == ["watch", "operator"]
        row = rig.ask(lambda: node.load_strategy(str(file), {"shares": 4}, by="ann", why="new"))
        assert [row[name] for name in ("name", "kind", "is_active")] == ["buyer", "python", True]
        assert row["parameters"] == {"shares": 4}
        assert rig.ask(lambda: node.status()["strategies"]) == ["watch", "operator", "buyer"]
        rig.until(lambda: [p["qty"] for p in node.status()["positions"] if p["strategy"] == 2] == ["12"])
        for path, why in ((str(file), "already"), (str(tmp_path / "none.py"), "not there"), ("a.txt", "neither")):
            with pytest.raises(tw.TickwrightError, match=why):
                rig.ask(lambda path=path: node.load_strategy(path, by="ann"))
        rig.ask(lambda: node.command("isolate", by="ann", strategy="buyer"))
        assert not next(row for row in rig.ask(node.strategies) if row["name"] == "buyer")["is_active"]
        rig.ask(lambda: node.command("reinstate", by="ann", strategy="buyer"))
        rig.ask(lambda: node.set_parameters("buyer", {"shares": 9}, by="ann"))
        rig.ask(lambda: node.command("pause", by="ann", why="lunch"))
        rig.restart([Watch()], "PAUSED")  # what an operator decided outlives the process
        rows = {row["name"]: row for row in rig.ask(rig.node.strategies)}
        assert rows["buyer"]["parameters"] == {"shares": 9}
        assert rows["buyer"]["orders"] == 3
    assert tw.journal.replay(tmp_path / "state" / "journal").state_hash


def test_the_operators_strategy_has_its_name_to_itself(tmp_path: Path) -> None:
    class Mine(Watch):
        name = "operator"

    with pytest.raises(ConfigError, match="operator"):
        LiveNode([Mine()], None, None, NodeSettings(symbols=["BAC"]))  # type: ignore[arg-type]
