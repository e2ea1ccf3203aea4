from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.control.service_rig import ServiceRig
from tickwright.config import load_config
from tickwright.control import Client
from tickwright.errors import RemoteError

FILE = """
[node]
symbols = ["AAPL", "BAC"]
state = "state"
clock = "data"
durability = "os"
{node}
[control]
listen = ["127.0.0.1:0"]
requests_per_second = 0
[logging]
level = "{level}"
[risk]
{risk}
"""


def test_what_can_change_while_it_runs_does_and_the_rest_is_named(tmp_path: Path) -> None:
    path = tmp_path / "node.toml"

    def write(*, node: str = "", level: str = "warning", risk: str = "") -> None:
        path.write_text(FILE.format(node=node, level=level, risk=risk))

    write()
    config = load_config(path, env={})
    with ServiceRig(tmp_path, config=config, read=lambda: load_config(path, env={})) as rig:
        client: Client = rig.client
        assert client.reload_config().changed == []
        write(node="group_ms = 5", level="info", risk="max_order_qty = 9\n[risk.strategies.watch]\nmax_open_orders = 2")
        expected = {"logging.level", "risk.max_order_qty", "risk.strategies.watch.max_open_orders"}
        tried = client.reload_config(dry_run=True)
        assert expected == set(tried.changed)
        assert list(tried.needs_restart) == ["node.group_ms"]
        assert rig.node.limits.max_order_qty is None
        done = client.reload_config(reason="tuesday")
        assert list(done.changed) == list(tried.changed)
        assert rig.node.limits.max_order_qty == 9
        assert rig.node.limits.strategies["watch"].max_open_orders == 2
        assert logging.getLogger("tickwright").level == logging.INFO
        with pytest.raises(RemoteError) as caught:
            client.submit_order("BAC", "buy", 10)
        assert caught.value.reason == "MAX_QTY"
        again = client.reload_config()
        assert (list(again.changed), list(again.needs_restart)) == ([], ["node.group_ms"])
        # What an operator set meanwhile is put back to what the file says.
        client.set_limits({"max_order_qty": 20})
        assert list(client.reload_config().changed) == ["risk.max_order_qty"]
        assert rig.node.limits.max_order_qty == 9
        write(risk="max_order_qty = -1")
        with pytest.raises(RemoteError, match=r"risk\.max_order_qty"):
            client.reload_config()
        assert rig.node.limits.max_order_qty == 9
        client.set_log_level("warning")


def test_without_a_file_there_is_nothing_to_reload(tmp_path: Path) -> None:
    with ServiceRig(tmp_path) as rig, pytest.raises(RemoteError) as caught:
        rig.client.reload_config()
    assert (caught.value.code, caught.value.reason) == ("FAILED_PRECONDITION", "NO_CONFIG")


def test_a_further_section_and_objectives_are_those_of_who_serves(tmp_path: Path) -> None:
    path = tmp_path / "node.toml"
    path.write_text(FILE.format(node="", level="warning", risk=""))
    config = load_config(path, env={})
    taken: list[int] = []

    @dataclass
    class Objective:
        name: str = "uptime"
        description: str = "the engine runs"
        window_s: float = 3_600.0
        target: float = 0.995
        achieved: float = 0.9975
        events: int = 3_600
        budget_left: float = 0.5

    options = {
        "sections": {"report": lambda new: taken.append(new.report.max_rows)},
        "objectives": lambda: [Objective()],
    }
    with ServiceRig(tmp_path, config=config, read=lambda: load_config(path, env={}), serving=options) as rig:
        (told,) = rig.client.objectives()
        assert (told.name, told.target, told.achieved, told.budget_left) == ("uptime", 0.995, 0.9975, 0.5)
        path.write_text(FILE.format(node="", level="warning", risk="") + "[report]\nmax_rows = 7\n")
        assert list(rig.client.reload_config().changed) == ["report.max_rows"]
        assert taken == [7]
        assert rig.client.reload_config().changed == []
