"""Which parts of a node work, on a real node beside a paper venue, and with each part broken in turn."""

from __future__ import annotations

import asyncio
import copy
import threading
import time

import pytest

from tests.control.rig import NodeRig
from tickwright.observe import COMPONENTS, Heartbeat, components, is_ready


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with NodeRig(tmp_path_factory.mktemp("node")) as rig:
        rig.until(lambda: rig.node.status()["events"] > 100)
        yield rig


@pytest.fixture(scope="module")
def status(running):
    return running.ask(running.node.status)


def broken(status, **changes):
    return {**copy.deepcopy(status), **changes}


def test_every_part_of_a_running_node_works(status):
    parts = components(status)
    assert tuple(part.name for part in parts) == COMPONENTS
    assert [part for part in parts if not part.healthy] == []
    assert is_ready(status)


def test_a_node_that_has_not_started_has_no_part_that_works():
    assert all(not part.healthy for part in components({}))
    assert not is_ready({})


@pytest.mark.parametrize(
    ("part", "change", "told"),
    [
        ("journal", {"broken": "sync: input/output error"}, "input/output error"),
        ("journal", {"journal_lag_s": 6.0}, "has not answered for 6.0 s"),
        ("broker", {"differences": {"AAPL": ("10", "7")}}, "AAPL 10 here and 7 there"),
        ("market_data", {"is_stale": True, "data_age_s": 61.0}, "no data for 61 s"),
        ("strategies", {"isolated": ["watch"]}, "isolated: watch"),
        ("clock", {"clock_skew_s": 3.0, "clock_skew_s_max": 2.0}, "3.000 s off"),
    ],
)
def test_each_trouble_is_told_of_its_own_part_and_of_no_other(status, part, change, told):
    unhealthy = [found for found in components(broken(status, **change)) if not found.healthy]
    assert [found.name for found in unhealthy] == [part]
    assert told in unhealthy[0].detail


def test_an_empty_rate_budget_is_trouble_of_the_broker(status):
    without = broken(status)
    without["broker_requests"]["trading"]["left"] = 0
    assert [part.name for part in components(without) if not part.healthy] == ["broker"]


@pytest.mark.parametrize(("stream", "part"), [("stocks", "market_data"), ("updates", "updates")])
def test_a_stream_that_is_down_makes_the_node_not_ready(status, stream, part):
    without = broken(status)
    without["connections"][stream]["connected"] = False
    without["connections"][stream]["away_s"] = 12.0
    assert [found.name for found in components(without) if not found.healthy] == [part]
    assert not is_ready(without)


def test_a_paused_node_is_well_and_not_ready(running):
    running.ask(lambda: running.node.command("pause", by="test", why="to see"))
    try:
        status = running.ask(running.node.status)
        assert all(part.healthy for part in components(status))
        assert not is_ready(status)
    finally:
        running.ask(lambda: running.node.command("run", by="test", why="seen"))


def test_a_loop_that_does_not_turn_is_not_live():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with Heartbeat(loop, every_s=0.02) as heart:
            time.sleep(0.2)
            assert heart.is_live(0.15)
            assert heart.beats >= 3
            loop.call_soon_threadsafe(time.sleep, 0.5)
            time.sleep(0.35)
            assert not heart.is_live(0.15)
            time.sleep(0.3)
            assert heart.is_live(0.15)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
