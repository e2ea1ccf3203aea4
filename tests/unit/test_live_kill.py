"""A node's kill switch, on the core's own: what is thrown stays so, whatever becomes of process and disk."""

import json
import logging
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tickwright as tw
from tickwright.errors import ConfigError
from tickwright.live.kill import NodeSwitch

PLACES = {"trend": "trend", "swing": "spare-1"}


def made(path: Path, places=PLACES) -> NodeSwitch:
    core = tw.Risk(["BAC"], strategies=["trend", "spare-1"]).kill_switch
    return NodeSwitch(core, path, lambda: places)


@given(steps=st.lists(st.tuples(st.booleans(), st.sampled_from([None, *PLACES]), st.booleans()), max_size=20))
def test_the_next_process_finds_it_as_it_was_left(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("kill") / "kill.json"
    switch, expected = made(path), set()
    for thrown, strategy, restarts in steps:
        (switch.throw if thrown else switch.reset)(strategy)
        (expected.add if thrown else expected.discard)(strategy)
        if restarts:
            switch = made(path)
        assert (switch.thrown, set(switch.strategies)) == (None in expected, expected - {None})


def test_the_file_is_right_where_a_snapshot_of_the_journal_is_older(tmp_path):
    core = tw.Risk(["BAC"], strategies=["trend", "spare-1"]).kill_switch
    core.throw()
    core.throw("spare-1")
    switch = NodeSwitch(core, tmp_path / "kill.json", lambda: PLACES)
    assert (switch.thrown, switch.strategies) == (False, [])


def test_a_strategy_that_is_not_here_is_refused_and_one_that_went_is_told_of(tmp_path, caplog):
    path = tmp_path / "kill.json"
    switch = made(path)
    switch.throw("swing")
    with pytest.raises(ConfigError, match="'nobody' is not here; there are trend, swing"):
        switch.throw("nobody")
    assert json.loads(path.read_text()) == {"all": False, "strategies": ["swing"]}
    with caplog.at_level(logging.WARNING):
        assert made(path, {"trend": "trend"}).strategies == []
    assert "had theirs thrown: swing" in caplog.text


@pytest.mark.parametrize("content", ["", "[]", '{"all": true}', '{"all": true, "strategies": 3}', "\x00"])
def test_a_file_of_something_else_starts_no_node(tmp_path, content):
    path = tmp_path / "kill.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"kill\.json: is no record of the kill switch; remove it"):
        made(path)


def test_it_is_thrown_though_the_disk_takes_nothing(tmp_path, caplog):
    (tmp_path / "gone").mkdir()
    switch = made(tmp_path / "gone" / "kill.json")
    (tmp_path / "gone").rmdir()
    switch.throw()
    assert switch.thrown
    assert "a restart will not know of the kill switch" in caplog.text


def test_threads_that_throw_at_once_are_all_written_down(tmp_path):
    path = tmp_path / "kill.json"
    switch = made(path)
    for _ in range(20):
        threads = [threading.Thread(target=switch.throw, args=(name,)) for name in (None, *PLACES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = made(path)
        assert (found.thrown, found.strategies) == (True, ["trend", "swing"])
        for name in (None, *PLACES):
            switch.reset(name)
        assert json.loads(path.read_text()) == {"all": False, "strategies": []}
