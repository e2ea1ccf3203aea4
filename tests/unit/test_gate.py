"""The bench gate, with work that states its own time: every verdict is known beforehand and no clock is involved."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from benches import budgets, gate, registry
from benches.registry import Work

BUDGET = {
    "name": "copy",
    "what": "copy against copy",
    "ours": "ours",
    "floor": "floor",
    "max_ratio": 2.0,
    "target": 1.0,
    "gate": "ci",
}


def toml(*rows):
    """Write budgets as TOML; JSON's strings and numbers are TOML's."""
    return "\n".join("[[budget]]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in row.items()) for row in rows)


def clocked(*seconds, items=1):
    """Return a factory of work that takes these seconds in turn, over and over."""
    times = itertools.cycle(seconds)
    return lambda: Work(None, items=items, seconds=lambda: next(times))


@pytest.fixture
def run(tmp_path):
    """Return a function that runs the gate on budgets and measurements, and gives exit code and JSON document."""

    def call(rows, measurements, *arguments):
        slo = tmp_path / "slo.toml"
        slo.write_text(toml(*rows), encoding="utf-8")
        out = tmp_path / "out" / "gate.json"
        code = gate.main([*arguments, "--json", str(out)], slo=slo, measurements=measurements)
        return code, json.loads(out.read_text(encoding="utf-8")) if out.exists() else None

    return call


def test_a_budget_that_is_kept_passes(run, capsys):
    code, document = run([BUDGET], {"ours": clocked(3e-6), "floor": clocked(2e-6)})
    assert code == 0
    assert document["budgets"][0]["ratio"] == pytest.approx(1.5)
    assert document["budgets"][0]["ours_per_item"] == pytest.approx(3_000)
    assert "1 of 1 budgets kept" in capsys.readouterr().out


def test_a_breach_fails_after_a_second_measurement_with_more_rounds(run, capsys):
    code, document = run([BUDGET], {"ours": clocked(5e-6), "floor": clocked(2e-6)}, "--rounds", "5")
    row = document["budgets"][0]
    assert code == 1
    assert (row["verdict"], row["remeasured"], len(row["ratios"])) == ("BREACH", True, 15)
    assert "BREACH (measured twice)" in capsys.readouterr().out


def test_a_ratio_at_the_limit_is_kept(run):
    assert run([BUDGET], {"ours": clocked(4.0), "floor": clocked(2.0)})[0] == 0


def test_the_ratio_is_per_item(run):
    code, document = run([BUDGET], {"ours": clocked(8.0, items=8), "floor": clocked(2.0, items=4)})
    assert code == 0
    assert document["budgets"][0]["ratio"] == pytest.approx(2.0)


def test_a_disturbance_in_the_first_measurement_does_not_fail_the_build(run):
    # One warm-up sample, five disturbed rounds, fifteen quiet ones.
    ours = clocked(1.0, *[9.0] * 5, *[1.0] * 15)
    code, document = run([BUDGET], {"ours": ours, "floor": clocked(1.0)}, "--rounds", "5")
    assert code == 0
    assert document["budgets"][0]["remeasured"] is True


def test_outliers_in_a_minority_of_rounds_do_not_move_the_verdict(run):
    code, document = run(
        [BUDGET], {"ours": clocked(1.0, 1.0, 50.0, 1.0, 50.0, 1.0), "floor": clocked(1.0)}, "--rounds", "5"
    )
    assert code == 0
    assert document["budgets"][0]["remeasured"] is False


def test_sides_are_sampled_in_turn_and_the_first_alternates():
    calls = []

    def side(name):
        return gate.Sampler(Work(None, items=1, seconds=lambda: calls.append(name) or 1.0), 1)

    gate.measure_rounds(side("ours"), side("floor"), 4)
    assert calls == ["ours", "floor", "floor", "ours"] * 2


@pytest.mark.parametrize(
    ("compare", "ours", "verdict"),
    [
        ("equal", [1.0, np.nan], "ok"),
        ("equal", [1.0 + 1e-12, np.nan], "WRONG"),
        ("close", [1.0 + 1e-12, np.nan], "ok"),
        ("close", [1.1, np.nan], "WRONG"),
        ("close", [1.0, 2.0], "WRONG"),
        ("close", [1.0], "WRONG"),
        ("none", [7.0], "ok"),
    ],
)
def test_sides_that_compute_different_things_are_wrong_whatever_their_speed(run, compare, ours, verdict):
    mine, theirs = np.array(ours), np.array([1.0, np.nan])
    limits = {**BUDGET, "compare": compare, "max_ratio": 1e9}
    measurements = {"ours": lambda: Work(lambda: mine, items=1), "floor": lambda: Work(lambda: theirs, items=1)}
    code, document = run([limits], measurements)
    assert document["budgets"][0]["verdict"] == verdict
    assert code == (verdict != "ok")


def test_work_that_times_itself_cannot_be_compared(run, capsys):
    budget = {**BUDGET, "compare": "equal"}
    assert run([budget], {"ours": clocked(1.0), "floor": lambda: Work(lambda: 1.0, items=1)})[0] == 2
    assert 'set compare to "none"' in capsys.readouterr().err


def test_a_difference_is_named_by_column_and_row(run):
    measurements = {
        "ours": lambda: Work(lambda: (np.zeros(3), np.array([1.0, 2.0, 9.0])), items=3),
        "floor": lambda: Work(lambda: (np.zeros(3), np.array([1.0, 2.0, 3.0])), items=3),
    }
    _, document = run([{**BUDGET, "compare": "close"}], measurements)
    assert document["budgets"][0]["fault"].startswith("column 1, row 2: ")


def test_the_short_gate_leaves_out_what_is_only_in_the_full_one(run):
    rows = [BUDGET, {**BUDGET, "name": "peer", "gate": "full"}]
    measurements = {"ours": clocked(1.0), "floor": clocked(1.0)}
    assert [b["name"] for b in run(rows, measurements)[1]["budgets"]] == ["copy"]
    assert [b["name"] for b in run(rows, measurements, "--gate", "full")[1]["budgets"]] == ["copy", "peer"]
    assert [b["name"] for b in run(rows, measurements, "--only", "peer")[1]["budgets"]] == ["peer"]


def test_every_fault_of_the_budget_file_is_named_at_once(tmp_path):
    bad = {**BUDGET, "ours": "nothing", "max_ratio": -1, "gate": "weekly", "limit": 3}
    del bad["what"]
    path = tmp_path / "slo.toml"
    path.write_text(toml(bad, BUDGET), encoding="utf-8")
    with pytest.raises(budgets.InvalidBudgets) as caught:
        budgets.read(path, {"ours", "floor"})
    message = str(caught.value)
    for fault in (
        "unknown key 'limit'",
        "what is missing",
        "ours names no measurement: 'nothing'",
        "max_ratio must be finite and above zero, not -1",
        "gate must be one of ci, full, not 'weekly'",
        "the name is used twice",
    ):
        assert f"budget copy: {fault}" in message


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no [[budget]] in it"),
        ("budget = 3", "no [[budget]] in it"),
        ("[[budget]", "slo.toml: "),
        (toml({**BUDGET, "max_ratio": True}), "max_ratio must be a number"),
        (toml({**BUDGET, "max_ratio": 1.0, "floor": "ours"}), "ours and floor are the same measurement"),
        (toml(BUDGET).replace("2.0", "nan"), "max_ratio must be finite"),
        (toml(BUDGET).replace("2.0", "inf"), "max_ratio must be finite"),
        ("version = 1\n" + toml(BUDGET), "unknown table or key 'version'"),
    ],
)
def test_a_bad_budget_file_stops_the_gate_with_exit_code_2(tmp_path, capsys, text, fault):
    slo = tmp_path / "slo.toml"
    slo.write_text(text, encoding="utf-8")
    assert gate.main([], slo=slo, measurements={"ours": clocked(1.0), "floor": clocked(1.0)}) == 2
    assert fault in capsys.readouterr().err


def test_a_missing_dependency_stops_the_gate_and_names_the_extra(run, capsys):
    def absent():
        raise ImportError("No module named 'talib'")

    assert run([BUDGET], {"ours": clocked(1.0), "floor": absent})[0] == 2
    assert "install the extra `bench`" in capsys.readouterr().err


def test_fewer_than_five_rounds_are_refused(run):
    with pytest.raises(SystemExit) as caught:
        run([BUDGET], {"ours": clocked(1.0), "floor": clocked(1.0)}, "--rounds", "4")
    assert caught.value.code == 2


def test_real_work_is_timed_and_calibrated():
    sampler = gate.calibrate(Work(lambda: sum(range(1_000)), items=1_000))
    assert sampler.repeats > 1
    assert 0.1 < sampler.per_item() < 10_000


def test_the_projects_own_budgets_are_valid_and_each_name_is_registered():
    known = registry.load()
    rows = budgets.read(Path(gate.SLO), known)
    assert {row.gate for row in rows} <= {"ci", "full"}
    assert gate.main(["--list", "--gate", "full"]) == 0


def test_two_measurements_of_one_name_are_refused(monkeypatch):
    monkeypatch.setattr(registry, "MEASUREMENTS", {})
    registry.measure("one")(clocked(1.0))
    with pytest.raises(ValueError, match="two measurements are named 'one'"):
        registry.measure("one")(clocked(1.0))


def test_memory_is_measured_once_in_bytes_per_item(run, capsys):
    sizes = iter([300])
    ours = lambda: Work(None, items=3, size=lambda: next(sizes))  # noqa: E731 - a factory, as the others are
    floor = lambda: Work(None, items=2, size=lambda: 100)  # noqa: E731
    code, document = run([{**BUDGET, "unit": "bytes"}], {"ours": ours, "floor": floor})
    assert code == 0
    assert document["budgets"][0]["ours_per_item"] == 100.0
    assert document["budgets"][0]["ratio"] == pytest.approx(2.0)
    assert "bytes" in capsys.readouterr().out


def test_a_budget_in_another_unit_than_its_work_cannot_run(run, capsys):
    code, _ = run([{**BUDGET, "unit": "bytes"}], {"ours": clocked(1e-6), "floor": clocked(1e-6)})
    assert code == 2
    assert "budget copy: is in bytes" in capsys.readouterr().err
