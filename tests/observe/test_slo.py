"""Objectives against counts made by hand, over restarts, crashes and clocks that go back; and those of a real node."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.observe.watched import Watched
from tickwright.observe import Objectives
from tickwright.observe.reading import BOUNDS_S, Reading, Stage
from tickwright.observe.settings import SloSettings
from tickwright.observe.slo import FILE, WINDOWS


class Clock:
    def __init__(self, now=1_800_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


def reading(ready=True, frames=0, within=0, answered=0, bad=0, up=True):
    calls = {"answered": answered, "not_sent": 0, "in_doubt": 0, "too_many": 0, "server_errors": bad}
    status = {
        "state": "RUNNING" if ready else "PAUSED",
        "connections": {"stocks": {"connected": True}},
        "broker_requests": {"trading": calls},
    }
    stage = Stage(frames, 1.0, (0,) * len(BOUNDS_S), {})
    return Reading(status if up else {}, {"frame": stage}, frames_within=within, answered=up)


def found(objectives, name, window):
    return next(o for o in objectives.objectives() if (o.name, o.window) == (name, window))


def test_an_hour_with_six_minutes_paused_was_up_for_nine_tenths(tmp_path):
    clock = Clock(1_800_000_000 - 1_800_000_000 % 3_600)
    objectives = Objectives(SloSettings(uptime=0.95), tmp_path, wall_s=clock)
    objectives.note(reading())
    for second in range(3_590):
        clock.now += 1
        objectives.note(reading(ready=second >= 360))
    hour = found(objectives, "uptime", "1h")
    assert hour.achieved == pytest.approx(1 - 360 / 3_590)
    assert hour.burn_rate == pytest.approx((360 / 3_590) / 0.05)
    assert hour.budget_left == pytest.approx(1 - hour.burn_rate)
    assert hour.events == 3_590


def test_latency_and_errors_count_what_rose_since_the_last_look(tmp_path):
    clock = Clock()
    objectives = Objectives(SloSettings(), tmp_path, wall_s=clock)
    objectives.note(reading(frames=100, within=99, answered=10, bad=1))
    clock.now += 1
    objectives.note(reading(frames=300, within=290, answered=20, bad=1))
    assert (found(objectives, "latency", "1h").events, found(objectives, "errors", "1h").events) == (300, 20)
    assert found(objectives, "latency", "1d").achieved == pytest.approx(290 / 300)
    assert found(objectives, "errors", "30d").achieved == pytest.approx(19 / 20)


def test_what_lies_before_a_window_no_longer_counts_in_it(tmp_path):
    clock = Clock()
    objectives = Objectives(SloSettings(), tmp_path, wall_s=clock)
    objectives.note(reading(answered=100, bad=100))
    clock.now += 3_700
    objectives.note(reading(answered=200, bad=100))
    assert found(objectives, "errors", "1h").achieved == 1
    assert found(objectives, "errors", "1d").achieved == pytest.approx(0.5)


def test_an_engine_that_does_not_answer_is_down(tmp_path):
    clock = Clock()
    objectives = Objectives(SloSettings(), tmp_path, wall_s=clock)
    objectives.note(reading())
    clock.now += 5
    objectives.note(reading(up=False))
    assert found(objectives, "uptime", "1h").achieved == 0


@pytest.mark.parametrize(("stops", "achieved"), [(True, 1.0), (False, 100 / 700)])
def test_a_crash_counts_as_downtime_and_an_end_in_good_order_does_not(tmp_path, stops, achieved):
    clock = Clock()
    before = Objectives(SloSettings(save_every_s=1.0), tmp_path, wall_s=clock)
    for _ in range(101):
        before.note(reading())
        clock.now += 1
    clock.now -= 1
    if stops:
        before.stop()
    clock.now += 600
    after = Objectives(SloSettings(), tmp_path, wall_s=clock)
    for window in WINDOWS:
        assert found(after, "uptime", window).achieved == pytest.approx(achieved)


def test_a_restart_keeps_what_was_counted(tmp_path):
    clock = Clock()
    before = Objectives(SloSettings(), tmp_path, wall_s=clock)
    before.note(reading(frames=1_000, within=900, answered=50, bad=5))
    before.stop()
    after = Objectives(SloSettings(), tmp_path, wall_s=clock)
    assert after.objectives() == before.objectives()
    after.note(reading(frames=10, within=10))  # the counters of the new run begin at nothing
    assert found(after, "latency", "1h").events == 1_010


@settings(max_examples=25, deadline=None)
@given(jumps=st.lists(st.integers(-100_000, 3_000_000), min_size=1, max_size=60))
def test_the_file_stays_small_and_shares_stay_shares_whatever_the_clock_does(tmp_path_factory, jumps):
    folder, clock, total = tmp_path_factory.mktemp("slo"), Clock(), 0
    objectives = Objectives(SloSettings(save_every_s=0.001), folder, wall_s=clock)
    for jump in jumps:
        clock.now += jump
        total += 7
        objectives.note(reading(answered=total, bad=total // 3))
    objectives.stop()
    assert all(0 <= o.achieved <= 1 and o.events >= 0 for o in objectives.objectives())
    rings = json.loads((folder / FILE).read_text())["objectives"]
    for windows in rings.values():
        for window, rows in windows.items():
            assert len(rows) <= WINDOWS[window][0] // WINDOWS[window][1]
    again = Objectives(SloSettings(), folder, wall_s=clock)
    assert [o.achieved for o in again.objectives()] == pytest.approx([o.achieved for o in objectives.objectives()])


def test_a_full_file_is_small(tmp_path):
    clock = Clock()
    objectives = Objectives(SloSettings(save_every_s=1e9), tmp_path, wall_s=clock)
    for step in range(31 * 24 * 12):
        clock.now += 300
        objectives.note(reading(frames=step * 10_000_000, within=step * 9_999_999, answered=step * 1_000))
    objectives.stop()
    assert (tmp_path / FILE).stat().st_size < 150_000


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"objectives": {"other": {}}}', '{"objectives": {"uptime": {"1h": [[1, 5, 2]]}}, "saved_s": 0}'],
)
def test_a_file_that_cannot_be_read_is_told_of_and_begun_anew(tmp_path, text, caplog):
    (tmp_path / FILE).write_text(text)
    objectives = Objectives(SloSettings(), tmp_path, wall_s=Clock())
    assert "begin anew" in caplog.text
    assert all(o.events == 0 for o in objectives.objectives())


def test_a_disk_that_takes_nothing_is_counted_and_stops_nobody(tmp_path):
    (tmp_path / "file").write_text("in the way")
    objectives = Objectives(SloSettings(), tmp_path / "file" / "state", wall_s=Clock())
    objectives.note(reading())
    assert objectives.failures == 1


def test_a_running_node_keeps_its_objectives_and_shows_them(tmp_path):
    with Watched(tmp_path, {"alerts": {"every_s": 0.1}}) as rig:
        rig.until(lambda: rig.observation.slo is not None and found(rig.observation.slo, "uptime", "1h").events >= 2)
        told = {(o.name, o.window): o for o in rig.observation.objectives()}
        samples = {(n, lb.get("objective"), lb.get("window")): v for n, lb, v in rig.observation.metrics.samples()}
        status = rig.ask(rig.node.status)
    assert set(told) == {(name, window) for name in ("uptime", "latency", "errors") for window in WINDOWS}
    assert 0 < told["latency", "1h"].events <= status["frames"]
    assert told["errors", "1h"].achieved == 1
    assert samples["tickwright_slo_achieved_ratio", "latency", "1d"] > 0.5
    assert samples["tickwright_slo_target_ratio", "uptime", "30d"] == 0.995
    assert json.loads((tmp_path / "state" / FILE).read_text())["stopped"] is True
