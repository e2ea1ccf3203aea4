import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tickwright
from tests.unit.doubles import Engine, make_result, strategy_module
from tickwright import errors, output
from tickwright.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
RULES = 'name = "up"\nentry = "close > open"\nsize.shares = 10\n[params]\nn = 3\n'
HAS_CORE = importlib.util.find_spec("tickwright._core") is not None
needs_core = pytest.mark.skipif(not HAS_CORE, reason="the compiled core is not built; run make build")


@pytest.fixture
def engine(monkeypatch):
    double = Engine()
    for name, value in double.attributes().items():
        monkeypatch.setattr(tickwright, name, value, raising=False)
    monkeypatch.setitem(sys.modules, "tickwright.strategy", strategy_module())
    return double


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "tick" / "bac").mkdir(parents=True)
    for kind in ("quote", "trade"):
        (tmp_path / "tick" / "bac" / f"20131007_{kind}.zip").write_bytes(b"")
    (tmp_path / "up.toml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.startswith("TICKWRIGHT_")]:
        monkeypatch.delenv(name)
    return tmp_path


def run(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


def process(*args, code="from tickwright.cli import main; main()", **options):
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "python"), os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        **options,
    )


def finished(*args, **options):
    child = process(*args, **options)
    out, err = child.communicate(timeout=120)
    return child.returncode, out, err


def test_a_backtest_passes_every_setting_on_and_writes_its_results(engine, place):
    done = run(
        "backtest",
        "up.toml",
        "--data",
        "tick",
        "--symbol",
        "bac",
        "--cash",
        5000,
        "--out",
        "out",
        "--start",
        "2013-10-07",
        "--latency-ms",
        40,
        "--fees",
        "bps:2",
        "--max-order-notional",
        25_000,
        "--no-short",
        "--bars",
        "1m",
        "--adjust",
        "split",
        "--json",
    )
    assert done.exit_code == 0, done.output
    (call,) = engine.calls
    assert (call["cash"], call["bars"], call["start"].isoformat()) == (5000.0, "1m", "2013-10-07T00:00:00+00:00")
    assert call["risk"] == {"max_order_notional": 25_000.0, "on_breach": "halt", "allow_short": False}
    assert (call["venue"]["latency_ms"], call["venue"]["fees"]) == (40.0, ("bps", 2.0))
    assert call["strategy"].name == "up"
    assert [(name, Path(path).name, options) for name, path, options in engine.reads] == [
        ("lean", "20131007_quote.zip", {"adjust": "split"}),
        ("lean", "20131007_trade.zip", {"adjust": "split"}),
    ]
    assert json.loads(done.stdout)["stats"]["fills"] == 6
    assert output.load("out").digest == "00c0ffee"


def test_without_json_the_summary_is_a_table_and_quiet_says_nothing(engine, place):
    done = run("backtest", "up.toml", "-d", "tick")
    assert "End equity" in done.stdout
    assert "100,010.00" in done.stdout
    assert run("backtest", "up.toml", "-d", "tick", "-q").output == ""


def test_a_configuration_file_serves_in_place_of_flags_and_flags_win(engine, place):
    (place / "run.toml").write_text(
        '[run]\ncash = 7\n[data]\npaths = ["tick"]\n[[strategy]]\npath = "up.toml"\n[[strategy]]\nrules = '
        '{entry = "close > 1"}\n'
    )
    assert run("backtest", "--config", "run.toml", "-q").exit_code == 0
    assert run("backtest", "--config", "run.toml", "-q", "--cash", 8).exit_code == 0
    assert [c["cash"] for c in engine.calls] == [7.0, 8.0]
    assert [s.name for s in engine.calls[0]["strategy"]] == ["up", "rules-2"]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["up.toml"], 3, "no market data given"),
        (["up.toml", "-d", "nowhere"], 3, "no such file or folder"),
        (["up.toml", "-d", "up.toml"], 3, "the format is not known"),
        (["up.toml", "-d", "tick", "-s", "IBM"], 3, "not in the data; it holds BAC"),
        (["nowhere.py", "-d", "tick"], 4, "not there"),
        (["-d", "tick"], 2, "no strategy given"),
        (["up.toml", "-d", "tick", "--cash", "-1"], 2, "run.cash (from command line): input should be greater than 0"),
        (["up.toml", "-d", "tick", "--param", "m=1"], 2, "params.m: unknown parameter"),
        (["up.toml", "-d", "tick", "--config", "nowhere.toml"], 2, "no such file"),
        (["up.toml", "-d", "tick", "--out", "."], 2, "no earlier result"),
        (["up.toml", "-d", "tick", "--start", "2014-01-01", "--end", "2013-01-01"], 2, "is not before end"),
    ],
)
def test_bad_input_has_its_exit_code_its_message_and_no_traceback(engine, place, args, code, message):
    done = run("backtest", *args)
    assert done.exit_code == code
    assert message in done.stderr
    assert "Traceback" not in done.output
    assert engine.calls == []
    as_json = run("backtest", *args, "--json")
    assert as_json.exit_code == code
    answer = json.loads(as_json.stdout)
    assert answer["exit_code"] == code
    assert message in answer["error"]["message"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError("x"), 2),
        (errors.DataError("x"), 3),
        (errors.StrategyError("x"), 4),
        (errors.OrderError("x"), 4),
        (errors.InterruptedRunError("x"), 130),
        (KeyboardInterrupt(), 130),
        (RuntimeError("x"), 5),
        (MemoryError(), 5),
    ],
)
def test_a_run_that_fails_leaves_no_output_and_the_right_code(engine, place, error, code):
    engine.error = error
    done = run("backtest", "up.toml", "-d", "tick", "--out", "out")
    assert done.exit_code == code
    assert "Traceback" not in done.output
    assert sorted(p.name for p in place.iterdir()) == ["tick", "up.toml"]
    assert "Traceback" in run("backtest", "up.toml", "-d", "tick", "--debug").stderr


def test_saved_results_are_shown_and_their_report_written_anew(engine, place):
    output.save(make_result(), place / "out")
    assert "Net P&L" in run("report", "out").stdout
    answer = json.loads(run("report", "out", "--json", "--out", "again.html").stdout)
    assert answer["report"] == "again.html"
    assert (place / "again.html").read_bytes() == (place / "out" / "report.html").read_bytes()
    assert run("report", "out", "--out", "out/x.html").exit_code == 2
    assert run("report", "tick").exit_code == 3


def test_market_data_are_listed_and_imported_whole(engine, place):
    listing = json.loads(run("data", "ls", "tick", "--json").stdout)["files"]
    assert [(f["kind"], f["symbol"], f["date"]) for f in listing] == [
        ("quote", "BAC", "2013-10-07"),
        ("trade", "BAC", "2013-10-07"),
    ]
    assert json.loads(run("data", "import", "tick", "parquet", "--json").stdout)["rows"] == {"quotes": 4}
    import pyarrow.parquet as pq

    assert pq.read_table("parquet/quotes.parquet").column("bid").to_pylist() == [2.0, 2.0, 1.0, 1.0]
    assert run("data", "import", "tick", "parquet").exit_code == 2
    assert sorted(p.name for p in place.iterdir()) == ["parquet", "tick", "up.toml"]


def test_doctor_and_version_answer_in_json():
    done = run("doctor", "--json")
    answer = json.loads(done.stdout)
    assert {"python", "core", "pyarrow", "cpu", "terminal"} <= {c["name"] for c in answer["checks"]}
    assert (done.exit_code == 0) == answer["healthy"]
    assert json.loads(run("version", "--json").stdout)["version"]


def test_an_unknown_flag_is_a_usage_error():
    assert run("backtest", "--no-such-flag").exit_code == 2


@pytest.mark.parametrize(
    "command", [[], ["backtest"], ["demo"], ["report"], ["doctor"], ["version"], ["data", "ls"], ["data", "import"]]
)
def test_every_command_has_help(command):
    assert run(*command, "--help").exit_code == 0


def test_help_answers_at_once_because_heavy_libraries_wait():
    began = time.perf_counter()
    code, out, _ = finished("--help")
    seconds = time.perf_counter() - began
    assert code == 0
    assert "backtest" in out
    heavy = ("numpy", "pyarrow", "plotly", "pydantic")
    check = f"import sys, tickwright.cli.app; print([m for m in {heavy} if m in sys.modules])"
    assert finished(code=check)[1].strip() == "[]"
    assert seconds < 5.0


def test_an_interrupt_ends_a_run_cleanly_and_leaves_the_earlier_result(place):
    output.save(make_result(), place / "out")
    before = {p.name: p.read_bytes() for p in (place / "out").iterdir()}
    child = process(
        "backtest",
        "up.toml",
        "-d",
        "tick",
        "--out",
        "out",
        code="from tests.unit.doubles import run_slowly; run_slowly()",
    )
    assert child.stderr.readline().strip() == "running"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert (child.returncode, out, err.strip()) == (130, "", "interrupted; nothing was written")
    assert {p.name: p.read_bytes() for p in (place / "out").iterdir()} == before
    assert sorted(p.name for p in place.iterdir()) == ["out", "tick", "up.toml"]


def test_a_reader_that_goes_away_is_no_error(place):
    read, write = os.pipe()
    os.close(read)
    env = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    child = subprocess.run(
        [sys.executable, "-m", "tickwright.cli", "data", "ls", "tick"],
        stdout=write,
        stderr=subprocess.PIPE,
        env=env,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert child.returncode == 0
    assert child.stderr == b""


@needs_core
def test_the_demo_runs_refuses_some_orders_and_is_the_same_twice(place):
    answers = []
    for out in ("a", "b"):
        code, text, err = finished("demo", "--seed", 3, "--out", out, "--json")
        assert code == 0, err
        answers.append(json.loads(text))
    assert answers[0]["stats"]["fills"] > 0
    assert answers[0]["stats"]["refusals"] > 0
    assert {p.name: p.read_bytes() for p in (place / "a").iterdir()} == {
        p.name: p.read_bytes() for p in (place / "b").iterdir()
    }
