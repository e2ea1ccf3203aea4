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
from tests.unit.runs import make_data, make_result
from tickwright import feeds, output
from tickwright.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
RULES = 'name = "up"\nentry = "mid > lo"\nsize.shares = 10\n[params]\nlo = 3\n'
STRATEGY = (
    "import sys, time\nimport tickwright as tw\nclass Mine(tw.Strategy):\n    def on_quote(self, quote):\n        "
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "tick" / "bac").mkdir(parents=True)
    for kind in ("quote", "trade"):
        (tmp_path / "tick" / "bac" / f"20131007_{kind}.zip").write_bytes(b"")
    (tmp_path / "up.toml").write_text(RULES)
    feeds.write(make_data(60), tmp_path / "bac.parquet")
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


def test_every_setting_of_the_command_line_reaches_the_run(place, monkeypatch):
    calls = []

    def observed(strategy, data, **settings):
        calls.append(settings)
        return backtest(strategy, data, **settings)

    backtest = tickwright.backtest
    monkeypatch.setattr(tickwright, "backtest", observed)
    risk = {
        **{"max_order_qty": 1e3, "max_order_notional": 25e3, "max_position_qty": 2e3, "max_position_notional": 3e4},
        **{"max_gross_exposure": 5e4, "max_net_exposure": 4e4, "max_leverage": 3.0, "collar_pct": 5.0},
        **{"max_data_age_ms": 1e6, "max_orders_per_second": 9, "max_open_orders": 8, "max_drawdown_pct": 50.0},
        **{"max_daily_loss": 4e3, "on_breach": "reduce_only"},
    }
    venue = {
        **{"latency_ms": 40.0, "report_latency_ms": 30.0, "latency_jitter_ms": 2.0, "seed": 3, "slippage_bps": 0.5},
        **{"liquidity": "unlimited", "queue": "front", "stop_trigger": "quote", "dividends": "reinvest"},
    }
    run_settings = {"cash": 5000.0, "start": "2013-10-07T13:35:00Z", "end": "2013-10-07T14:00:00Z", "bars": "1m"}
    flags = [part for k, v in (risk | venue | run_settings).items() for part in (f"--{k.replace('_', '-')}", v)]
    done = run(
        "backtest", "up.toml", "-d", "bac.parquet", "--no-short", "--fees", "bps:2", "--out", "out", "--json", *flags
    )
    assert done.exit_code == 0, done.output
    (call,) = calls
    assert call["risk"] == tickwright.RiskLimits(**risk, allow_short=False)
    assert call["venue"] == tickwright.SimVenue(**venue, fees=tickwright.fees.Bps(2.0))
    assert (call["cash"], call["bars"], call["end"].isoformat()) == (5000.0, "1m", "2013-10-07T14:00:00+00:00")
    answer = json.loads(done.stdout)
    saved = output.load("out")
    assert answer["digest"] == saved.digest
    assert (answer["stats"]["start_equity"], answer["stats"]["events"]) == (5000.0, 25)
    (fill,) = saved.fills.to_pylist()
    assert (fill["qty"], str(fill["ts"].time())[:8]) == (10.0, "13:36:00")  # the first bar is known then
    assert fill["fee"] == pytest.approx(fill["qty"] * fill["price"] * 2e-4)


def test_a_policy_and_symbols_choose_the_rows_of_a_table(place):
    rows = "ts,symbol,bid,ask,bid_size,ask_size\n" + "".join(
        f"2013-10-07T13:3{i}:00,{symbol},{bid},14.00,100,100\n"
        for i in range(3)
        for symbol, bid in (("BAC", 14.5 if i else 13.99), ("IBM", 13.99))
    )
    (place / "rows.csv").write_text(rows)

    def events(*args):
        done = run("backtest", "up.toml", "-d", "rows.csv", "--json", *args)
        assert done.exit_code == 0, done.output
        answer = json.loads(done.stdout)
        return answer["meta"]["symbols"], answer["stats"]["events"]

    assert events() == (["BAC", "IBM"], 4)
    assert events("--policy", "crossed=keep") == (["BAC", "IBM"], 6)
    assert events("--symbol", "ibm") == (["IBM"], 3)
    missing = run("backtest", "up.toml", "-d", "rows.csv", "-s", "IBM,XYZ")
    assert (missing.exit_code, "XYZ: not in the data; it holds BAC, IBM" in missing.stderr) == (3, True)
    refused = run("backtest", "up.toml", "-d", "rows.csv", "--policy", "crossed=fail")
    assert (refused.exit_code, "row 3" in refused.stderr) == (3, True)


def test_without_json_the_summary_is_a_table_and_quiet_says_nothing(place):
    done = run("backtest", "up.toml", "-d", "bac.parquet")
    assert "End equity" in done.stdout
    assert "100,005.90" in done.stdout
    first = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert [word for word in first if word[0].islower()] == ["up", "statistic"]
    assert run("backtest", "up.toml", "-d", "bac.parquet", "-q").output == ""


def test_a_configuration_file_serves_in_place_of_flags_and_flags_win(place):
    (place / "run.toml").write_text(
        '[run]\ncash = 700\n[data]\npaths = ["bac.parquet"]\n[report]\nout = "out"\n[[strategy]]\npath = "up.toml"\n'
        '[[strategy]]\nrules = {entry = "mid > 1"}\n'
    )
    assert run("backtest", "--config", "run.toml", "-q").exit_code == 0
    assert output.load("out").stats["start_equity"] == 700.0
    assert output.load("out").meta["strategies"] == ["up", "rules-2"]
    assert run("backtest", "--config", "run.toml", "-q", "--cash", 800).exit_code == 0
    assert output.load("out").stats["start_equity"] == 800.0


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
        (["up.toml", "-d", "bac.parquet", "--policy", "crosed=keep"], 2, "no fault, did you mean 'crossed'"),
        (["up.toml", "-d", "bac.parquet", "--on-breach", "panic"], 2, "'halt', 'reduce_only' or 'flatten'"),
        (["up.toml", "-d", "tick", "--start", "2014-01-01", "--end", "2013-01-01"], 2, "is not before end"),
    ],
)
def test_bad_input_has_its_exit_code_its_message_and_no_traceback(place, args, code, message):
    done = run("backtest", *args)
    assert done.exit_code == code
    assert message in done.stderr
    assert "Traceback" not in done.output
    as_json = run("backtest", *args, "--json")
    assert as_json.exit_code == code
    answer = json.loads(as_json.stdout)
    assert answer["exit_code"] == code
    assert message in answer["error"]["message"]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("1 / 0", 4, "on_quote at 2013-10-07T13:30:00Z: ZeroDivisionError"),
        ("self.buy('XYZ', 1)", 4, "is not in the data, which hold BAC"),
        ("self.buy(quote.symbol, -1)", 4, "finite number above zero"),
        ("return 3", 4, "callbacks return nothing"),
        ("raise KeyboardInterrupt", 130, "interrupted; nothing was written"),
    ],
)
def test_a_strategy_that_fails_leaves_no_output_and_the_right_code(place, body, code, message):
    (place / "mine.py").write_text(STRATEGY + body + "\n")
    before = sorted(p.name for p in place.iterdir())
    done = run("backtest", "mine.py", "-d", "bac.parquet", "--out", "out")
    assert done.exit_code == code
    assert message in done.stderr
    assert "Traceback" not in done.output
    assert sorted(p.name for p in place.iterdir()) == before
    assert "Traceback" in run("backtest", "mine.py", "-d", "bac.parquet", "--debug").stderr


@pytest.mark.parametrize(
    ("columns", "code", "message"),
    [
        ("ts,symbol,bid\n1,BAC,2\n", 3, "no market data"),
        ("ts,symbol,bid,ask,bid_size,ask_size\n", 3, "holds no rows"),
        ("", 3, "is empty"),
    ],
)
def test_data_that_cannot_be_read_are_refused(place, columns, code, message):
    (place / "bad.csv").write_text(columns)
    done = run("backtest", "up.toml", "-d", "bad.csv")
    assert (done.exit_code, message in done.stderr) == (code, True)


@pytest.mark.parametrize("error", [RuntimeError("x"), MemoryError()])
def test_a_failure_of_the_machine_or_of_ours_has_a_code_of_its_own(place, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(tickwright, "backtest", fail)  # the engine cannot be made to fail so
    done = run("backtest", "up.toml", "-d", "bac.parquet")
    assert (done.exit_code, "Traceback" in done.output) == (5, False)


def test_saved_results_are_shown_and_their_report_written_anew(place):
    output.save(make_result(), place / "out")
    assert "Net P&L" in run("report", "out").stdout
    answer = json.loads(run("report", "out", "--json", "--out", "again.html").stdout)
    assert answer["report"] == "again.html"
    assert (place / "again.html").read_bytes() == (place / "out" / "report.html").read_bytes()
    assert run("report", "out", "--out", "out/x.html").exit_code == 2
    assert run("report", "tick").exit_code == 3


def test_market_data_are_listed_and_imported_whole(place):
    listing = json.loads(run("data", "ls", "tick", "--json").stdout)["files"]
    assert [(f["kind"], f["symbol"], f["date"]) for f in listing] == [
        ("quote", "BAC", "2013-10-07"),
        ("trade", "BAC", "2013-10-07"),
    ]
    before = sorted(p.name for p in place.iterdir())
    (place / "more").mkdir()
    feeds.write(make_data(5, "IBM"), place / "more" / "ibm.parquet")
    (place / "bac.parquet").rename(place / "more" / "bac.parquet")
    assert json.loads(run("data", "import", "more", "parquet", "--json").stdout)["rows"] == {"quotes": 65}
    data = feeds.read("parquet")
    assert sorted(data.symbols) == ["BAC", "IBM"]
    assert data.filter(symbols="BAC").quotes.bid.tolist() == make_data(60).quotes.bid.tolist()
    assert json.loads(run("data", "import", "more", "ibm", "-s", "ibm", "--json").stdout)["rows"] == {"quotes": 5}
    assert run("data", "import", "more", "parquet").exit_code == 2
    assert sorted(p.name for p in place.iterdir()) == sorted([*before, "ibm", "more", "parquet"][1:])


def test_doctor_and_version_answer_in_json():
    done = run("doctor", "--json")
    answer = json.loads(done.stdout)
    assert {"python", "core", "build", "pyarrow", "cpu", "terminal"} <= {c["name"] for c in answer["checks"]}
    assert (done.exit_code == 0) == answer["healthy"]
    assert json.loads(run("version", "--json").stdout)["version"]


def test_an_unknown_flag_is_a_usage_error():
    assert run("backtest", "--no-such-flag").exit_code == 2


@pytest.mark.parametrize(
    "command", [[], ["backtest"], ["demo"], ["report"], ["doctor"], ["version"], ["data", "ls"], ["data", "import"]]
)
def test_every_command_has_help(command):
    assert run(*command, "--help").exit_code == 0


def test_help_shows_defaults_and_names_in_brackets(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    text = run("backtest", "--help").stdout
    for part in (
        "[default: 100000]",
        "[default: none]",
        "[default: halt]",
        "RATE[:MINIMUM]",
        "[[strategy]] of --config",
    ):
        assert part in text


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
    (place / "slow.py").write_text(STRATEGY + 'print("running", file=sys.stderr, flush=True); time.sleep(60)\n')
    child = process("backtest", "slow.py", "-d", "bac.parquet", "--out", "out")
    assert child.stderr.readline().strip() == "running"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert (child.returncode, out, err.strip()) == (130, "", "interrupted; nothing was written")
    assert {p.name: p.read_bytes() for p in (place / "out").iterdir()} == before
    assert sorted(p.name for p in place.iterdir()) == ["bac.parquet", "out", "slow.py", "tick", "up.toml"]


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


def test_the_demo_is_the_same_twice_and_shows_a_handful_of_refusals_of_two_kinds(place):
    answers = []
    for out in ("a", "b"):
        code, text, err = finished("demo", "--out", out, "--json")
        assert code == 0, err
        answers.append(json.loads(text))
    assert answers[0]["stats"]["fills"] > 0
    assert {p.name: p.read_bytes() for p in (place / "a").iterdir()} == {
        p.name: p.read_bytes() for p in (place / "b").iterdir()
    }
    codes = output.load("a").refusals.column("code").to_pylist()
    assert 5 <= len(codes) <= 30
    assert len(set(codes)) >= 2
