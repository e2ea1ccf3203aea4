import json

import pyarrow.parquet as pq
import pytest

from tests.unit.runs import make_result
from tickwright import output
from tickwright.errors import ConfigError, DataError, OutputError

FILES = {"manifest.json", "stats.json", "report.html", *(f"{t}.parquet" for t in output.TABLES)}


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_result_comes_back_as_it_was(tmp_path):
    result = make_result()
    result.stats.update(sharpe=float("nan"), profit_factor=float("inf"))
    folder = output.save(result, tmp_path / "a" / "out")
    assert {p.name for p in folder.iterdir()} == FILES
    back = output.load(folder)
    for name in output.TABLES:
        assert getattr(back, name).equals(getattr(result, name))
    assert back.digest == result.digest
    assert back.stats["end_equity"] == result.stats["end_equity"]
    assert (back.stats["sharpe"], back.stats["profit_factor"]) == (None, None)
    assert json.loads((folder / "stats.json").read_text())["meta"]["symbols"] == ["BAC"]


def test_two_runs_give_the_same_bytes(tmp_path):
    first = output.save(make_result(wall_seconds=1.0), tmp_path / "a")
    second = output.save(make_result(wall_seconds=9.0), tmp_path / "b")
    assert content(first) == content(second)


def test_an_earlier_result_is_replaced_whole(tmp_path):
    output.save(make_result(), tmp_path / "out")
    folder = output.save(make_result(orders=2), tmp_path / "out", html=False)
    assert {p.name for p in folder.iterdir()} == FILES - {"report.html"}
    assert pq.read_table(folder / "fills.parquet").num_rows == 2
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_and_a_link_to_one_are_taken(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    output.save(make_result(), tmp_path / "link", html=False)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "stats.json").is_file()


def test_a_folder_with_anything_else_in_it_is_never_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="no earlier result"):
        output.save(make_result(), tmp_path)
    folder = output.save(make_result(), tmp_path / "out")
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"'notes\.txt' beside an earlier result"):
        output.save(make_result(), folder)
    with pytest.raises(ConfigError, match="is a file"):
        output.save(make_result(), tmp_path / "thesis.tex")
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device"), RuntimeError("x")])
@pytest.mark.parametrize(
    "place", ["pyarrow.parquet.write_table", "tickwright.report.write_report", "tickwright.output._take_place"]
)
def test_a_failure_at_any_point_leaves_the_earlier_result_and_nothing_else(tmp_path, monkeypatch, error, place):
    folder = output.save(make_result(), tmp_path / "out")
    before = content(folder)

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(place, fail)
    with pytest.raises(OutputError if isinstance(error, OSError) else type(error)):
        output.save(make_result(orders=2), folder)
    assert content(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("failing", [1, 2])
def test_a_failure_while_the_folder_changes_places_puts_the_earlier_one_back(tmp_path, monkeypatch, failing):
    from pathlib import Path

    folder = output.save(make_result(), tmp_path / "out")
    before = content(folder)
    rename, calls = Path.rename, []

    def fail_once(self, target):
        calls.append(target)
        if len(calls) == failing:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(KeyboardInterrupt):
        output.save(make_result(orders=2), folder)
    assert content(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_result_that_was_changed_or_is_not_whole_is_refused(tmp_path):
    folder = output.save(make_result(), tmp_path / "out")
    stats = folder / "stats.json"
    stats.write_text(stats.read_text().replace('"fills": 6', '"fills": 7'))
    with pytest.raises(DataError, match="was changed since"):
        output.load(folder)
    (folder / "fills.parquet").unlink()
    stats.unlink()
    with pytest.raises(DataError, match="is missing"):
        output.load(folder)
    with pytest.raises(DataError, match="holds no result"):
        output.load(tmp_path)
