"""The parts of the operator's commands that need no engine: profiles, addresses, words, redaction, pid files."""

import io
import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from tickwright.cli.app import app
from tickwright.cli.connection import Link, checked_address, target
from tickwright.cli.console import Exit, table
from tickwright.cli.orders import order_grid
from tickwright.cli.portfolio import pnl_grid, position_grid
from tickwright.cli.process import PID, PidFile, last_lines, left_behind, pid_of
from tickwright.cli.profiles import Profile, Profiles, complete_profile, profiles_file
from tickwright.cli.redaction import Redaction
from tickwright.cli.shown import as_dict
from tickwright.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    for name in ("TICKWRIGHT_ADDRESS", "TICKWRIGHT_TOKEN", "TICKWRIGHT_NODE__STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = list(commands(typer.main.get_command(app)))


def documented():
    """Give the paths of the commands in docs/cli.md: `tickwright risk limits\\|set` names two."""
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").replace("\\|", "/")
    for spoken in re.findall(r"`tickwright ([^`]+)`", page):
        first, *rest = (word.split("/") for word in spoken.split())
        yield from ((name,) for name in first)
        yield from ((name, second) for name in first for second in (rest[0] if rest else ()))


def test_every_command_is_in_the_page_of_the_command_line():
    assert [" ".join(path) for path, _ in ALL if path not in set(documented())] == []


def test_every_exit_code_is_in_the_page_of_the_command_line():
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [code for code in Exit if f"\n| {int(code)} |" not in page] == []


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=" ".join)
def test_every_command_says_what_it_does(path):
    command = dict(ALL)[path]
    assert command.help
    assert all(parameter.help for parameter in command.params if parameter.name != "help")


def test_help_costs_less_than_half_a_second_of_the_processor():
    env = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    costs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "tickwright.cli", "--help"], env=env, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    print(f"--help: {min(costs):.2f} s")
    assert min(costs) < 0.5


# --- which engine is meant -------------------------------------------------------------------------------------------


def test_profiles_are_added_listed_used_and_removed(home):
    assert run("profile", "add", "desk", "desk.example:7430", "--ca", "ca.pem", "--token-file", "t").exit_code == 0
    assert run("profile", "add", "here", "unix:state/control.sock", "--use").exit_code == 0
    listed = json.loads(run("profile", "list", "--json").stdout)
    assert listed["current"] == "here"
    assert [row["address"] for row in listed["profiles"]] == ["desk.example:7430", f"unix:{home}/state/control.sock"]
    assert listed["profiles"][0]["ca"] == str(home / "ca.pem")
    assert profiles_file().stat().st_mode & 0o077 == 0
    assert complete_profile("de") == ["desk"]
    assert target().address == f"unix:{home}/state/control.sock"
    assert run("profile", "use", "desk").exit_code == 0
    assert Profiles.load().current == "desk"
    assert run("profile", "remove", "desk").exit_code == 0
    assert Profiles.load() == Profiles({"here": Profile(f"unix:{home}/state/control.sock")}, "")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("add", "a b", "h:1"), "a name is letters"),
        (("add", "a", "nonsense"), "give unix:PATH or HOST:PORT"),
        (("add", "a", "h:70000"), "give unix:PATH or HOST:PORT"),
        (("add", "a", "https://h:1"), "give unix:PATH or HOST:PORT"),
        (("add", "a", "h:1", "--cert", "c.pem"), "belong together"),
        (("remove", "nobody"), "is not known"),
        (("use", "nobody"), "is not known"),
    ],
)
def test_a_profile_that_means_nothing_is_refused(args, said):
    done = run("profile", *args)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not profiles_file().exists()


@pytest.mark.parametrize(
    "text", ["current = [", "[profile.a]\n", "[profile.a]\naddress = 5\n", '[profile.a]\naddress = "h:1"\nport = 5\n']
)
def test_a_file_of_profiles_that_means_nothing_is_an_error_that_names_it(text):
    profiles_file().parent.mkdir(parents=True)
    profiles_file().write_text(text)
    done = run("status")
    assert done.exit_code == 2
    assert str(profiles_file()) in done.stderr
    assert complete_profile("") == []


def test_the_engine_is_that_of_the_flag_then_the_environment_then_the_profile_then_the_folder(monkeypatch, home):
    assert target().address == "unix:state/control.sock"
    Profiles({"desk": Profile("h:1"), "other": Profile("h:2")}, "desk").save()
    assert target().address == "h:1"
    monkeypatch.setenv("TICKWRIGHT_ADDRESS", "h:3")
    assert target().address == "h:3"
    assert target(profile="other").address == "h:2"
    assert target(state="elsewhere").address == "unix:elsewhere/control.sock"
    (home / "node.toml").write_text('[node]\nstate = "kept"\n')
    assert target(config="node.toml").address == f"unix:{home}/kept/control.sock"
    assert target(address="h:4").address == "h:4"
    with pytest.raises(ConfigError, match="--address and --profile"):
        target(address="h:4", profile="other")


def test_a_token_comes_from_a_file_that_only_its_owner_can_read(monkeypatch, home):
    (home / "token").write_text("tw_secret\n")
    (home / "token").chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        Link(target(address="127.0.0.1:1", token_file="token")).open()
    (home / "token").chmod(0o600)
    Link(target(address="127.0.0.1:1", token_file="token")).open().close()
    monkeypatch.setenv("TICKWRIGHT_TOKEN", "of-the-environment")
    with pytest.raises(ConfigError, match="in the clear"):
        Link(target(address="desk.example:1")).serving()


def test_addresses_are_unix_paths_or_ports():
    assert checked_address("unix:/run/x.sock") == "unix:/run/x.sock"
    assert checked_address("[::1]:7430") == "[::1]:7430"
    for text in ("", "unix:", "host", "host:", "host:port", "host:0"):
        with pytest.raises(ConfigError):
            checked_address(text)


@pytest.mark.parametrize("args", [("status",), ("health",), ("halt", "--yes"), ("orders", "--json"), ("notices",)])
def test_an_engine_that_is_not_there_is_exit_code_7_and_says_why(args):
    done = run(*args)
    assert done.exit_code == 7
    text = json.loads(done.stdout)["error"]["message"] if "--json" in args else done.stderr
    assert "no engine at unix:state/control.sock" in text
    assert run(*args, "--address", "127.0.0.1:1").exit_code == 7


# --- what it says ----------------------------------------------------------------------------------------------------


def test_messages_become_plain_values_with_every_field():
    from tickwright.v1 import engine_pb2, order_pb2, risk_pb2

    order = as_dict(order_pb2.Order(id=7, side=1, status=order_pb2.ORDER_STATUS_PARTIALLY_FILLED, qty="10"))
    assert (order["id"], order["side"], order["status"], order["type"]) == (7, "buy", "partially_filled", None)
    assert set(order) == {field.name for field in order_pb2.Order.DESCRIPTOR.fields}
    notice = engine_pb2.Notice(number=3, fill=engine_pb2.FillNotice(symbol="AAPL"))
    assert set(as_dict(notice)) == {"number", "at_ns", "fill"}
    assert as_dict(engine_pb2.GetStatusResponse(status=engine_pb2.Status(state=3)))["status"]["state"] == "RUNNING"
    limits = risk_pb2.GetLimitsResponse()
    limits.limits.update({"max_order_qty": 100.0, "max_leverage": 1.5, "symbols": {"AAPL": {"max_order_qty": None}}})
    assert json.dumps(as_dict(limits)["limits"], sort_keys=True) == (
        '{"max_leverage": 1.5, "max_order_qty": 100, "symbols": {"AAPL": {"max_order_qty": null}}}'
    )
    change = risk_pb2.LimitChange(key="max_order_qty")
    change.after.number_value = 5
    assert as_dict(change) == {"key": "max_order_qty", "before": None, "after": 5}


def test_tables_of_orders_and_positions_fit_80_columns_without_a_fold():
    order = dict.fromkeys(("stop_price", "client_order_id", "broker_id"), "")
    order |= {
        "id": 123456,
        "submitted_ns": 10**18,
        "side": "sell",
        "qty": "1250",
        "symbol": "GOOGL",
        "filled_qty": "730",
    }
    order |= {"limit_price": "1874.5", "status": "partially_filled", "strategy": "market-maker"}
    position = {"symbol": "GOOGL", "strategy": "market-maker", "qty": "-1250", "average_price": "187.5025"}
    position |= {"mark": "188.1", "value": "-235125", "unrealized": "-1234.5", "realized": "12345.67"}
    pnl = {"strategy": "market-maker", "realized": "-1234567.5", "unrealized": "1234567.5", "total": "0"}
    for grid in (order_grid([order] * 3), position_grid([position] * 3), pnl_grid([pnl] * 2)):
        console = Console(file=io.StringIO(), width=80)
        console.print(table("", grid.columns, grid.rows, tight=True))
        lines = [line for line in console.file.getvalue().splitlines() if line.strip()]
        assert len(lines) == len(grid.rows) + 2
        assert max(map(len, lines)) <= 80


# --- processes -------------------------------------------------------------------------------------------------------


def test_a_pid_file_is_of_one_process_and_goes_with_it(home):
    state = home / "state"
    assert pid_of(state) is None
    with PidFile(state):
        assert pid_of(state) == os.getpid()
        child = "import sys, pathlib, tickwright.cli.process as p; p.PidFile(pathlib.Path(sys.argv[1])).__enter__()"
        env = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
        second = subprocess.run([sys.executable, "-c", child, str(state)], env=env, capture_output=True, text=True)
        assert f"process {os.getpid()}" in second.stderr
        assert "lives and does not answer" in left_behind(state)
    assert not (state / PID).exists()
    (state / PID).write_text("4711\n")
    assert pid_of(state) is None
    assert "process 4711 is gone without taking leave" in left_behind(state)
    (state / PID).unlink()
    (state / "control.sock").touch()
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    (state / "control.json").write_text(json.dumps({"addresses": [], "pid": int(gone.stdout)}))
    assert f"process {int(gone.stdout)} is gone without taking leave" in left_behind(state)
    (state / "control.json").write_text(json.dumps({"addresses": [], "pid": os.getpid()}))
    assert "lives, and nobody listens" in left_behind(state)


def test_the_last_lines_of_a_log_are_those_after_a_place(home):
    path = home / "log"
    path.write_text("".join(f"{i}\n" for i in range(100)))
    assert last_lines(path, 3) == ["97", "98", "99"]
    assert last_lines(path, 300, after=path.stat().st_size - 6) == ["98", "99"]
    assert last_lines(home / "none", 3) == []


@pytest.mark.parametrize("args", [("--no-such-flag",), ("--symbol",)])
def test_start_refuses_arguments_that_run_does_not_know(args, home):
    assert run("start", "--detach", *args).exit_code == 2
    assert not (home / "state").exists()


def test_start_says_why_it_did_not(home):
    done = subprocess.run(
        [sys.executable, "-m", "tickwright.cli", "start", "--detach", "--symbol", "AAPL", "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    found = json.loads(done.stdout)
    assert (done.returncode, found["exit_code"], found["state"]) == (2, 2, "ended")
    assert "no strategy given" in found["why"]
    assert pid_of(home / "state") is None


def test_a_node_that_nobody_can_ask_is_not_waited_for(home):
    (home / "node.toml").write_text('[node]\nsymbols = ["AAPL"]\n[control]\nenabled = false\n')
    done = run("start", "--detach", "--config", "node.toml")
    assert done.exit_code == 2
    assert "give --wait 0" in done.stderr


def test_real_money_is_not_traded_without_a_word(home):
    (home / "node.toml").write_text('[node]\nlive = true\nsymbols = ["AAPL"]\n')
    done = run("start", "--detach", "--config", "node.toml")
    assert done.exit_code == 2
    assert "trades real money" in done.stderr
    assert not (home / "state").exists()


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_secrets_are_taken_out_whatever_they_stand_in(home):
    (home / "keys").write_text("# mine\nAPCA_API_SECRET_KEY=abcdefghijklmnop\nother: zyxwvutsrqponm\n")
    hide = Redaction()
    hide.learn_environment(
        {"TICKWRIGHT_ALPACA_CREDENTIALS": str(home / "keys"), "MY_PASSWORD": "hunter2hunter2", "HOME": "/home"}
    )
    hide.learn({"alerts": {"webhook": "https://hooks.example/T1/B2/c3c3c3c3"}, "smtp": {"password": 'quo"ted\\pass'}})
    planted = "abcdefghijklmnop", "zyxwvutsrqponm", "hunter2hunter2", "c3c3c3c3", 'quo"ted\\pass', "somebody-else"
    for value in planted:
        for text in (
            f"x {value} y",
            f"https://user:{value}@h.example/p",
            f"password={value}",
            json.dumps({"a": f"<{value}>"}),
        ):
            if value == "somebody-else" and text.startswith(("x", "{")):
                continue  # what nobody could know
            found = hide.text(text)
            assert value not in found
            assert json.dumps(value)[1:-1] not in found
    assert hide.plain({"api_key": "shown?", "n": 5, "secret_number": 12, "list": ["hunter2hunter2"], "none": None}) == {
        "api_key": "[redacted]",
        "n": 5,
        "secret_number": "[redacted]",
        "list": ["[redacted]"],
        "none": None,
    }
    assert hide.text("see http://127.0.0.1:8765 and /home") == "see http://127.0.0.1:8765 and /home"
    assert hide.left_in([("a", b"fine"), ("b", b"hunter2hunter2")]) == ["b"]
    key = "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----"
    assert "MIIabc" not in hide.text(f"before {key} after")


@pytest.mark.parametrize("piece", ["a", "a.", "a:", "://", "http://", "x@", "-----BEGIN ", "tw_", "=", "token", '"'])
def test_secrets_are_taken_out_of_a_long_text_in_no_time(piece):
    hide = Redaction()
    hide.add("planted-secret")
    began = time.perf_counter()
    assert "planted-secret" not in hide.text(piece * (1_000_000 // len(piece)) + " planted-secret")
    assert time.perf_counter() - began < 5.0


def test_the_shell_completes_commands_options_and_choices(monkeypatch):
    from tickwright.cli.shell import Completion

    asked = Completion(typer.main.get_command(app), Link(target()))
    assert asked.words("fl") == ["flags", "flatten"]
    assert asked.words("order s") == ["show", "submit"]
    assert asked.words("order submit ") == ["buy", "sell"]
    assert asked.words("stop --policy ") == ["cancel", "flatten", "leave"]
    assert "--reason" in asked.words("halt --re")
    assert asked.words("no such thing ") == []
    asked._names = (float("inf"), ["AAPL", "BAC"], ["watch"])
    assert asked.words("order submit buy 10 a") == ["AAPL"]
    assert asked.words("strategy stop ") == ["watch"]
    assert asked.words("orders --symbol B") == ["BAC"]


def completed(*words, shell="bash"):
    env = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "_TICKWRIGHT_COMPLETE": f"complete_{shell}"}
    env |= {"COMP_WORDS": " ".join(("tickwright", *words)), "COMP_CWORD": str(len(words))}
    done = subprocess.run(
        [sys.executable, "-m", "tickwright.cli"], env=env, capture_output=True, text=True, check=False
    )
    return done.stdout.split()


def test_the_shell_of_the_system_completes_commands_profiles_and_choices(home):
    Profiles({"desk": Profile("h:1"), "dev": Profile("h:2"), "other": Profile("h:3")}).save()
    assert completed("status", "--profile", "de") == ["desk", "dev"]
    assert completed("profile", "remove", "o") == ["other"]
    assert set(completed("kill-switch", "o")) == {"on", "off"}
    assert completed("stop", "--policy", "l") == ["leave"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "_TICKWRIGHT_COMPLETE": "source_bash"}
    script = subprocess.run(
        [sys.executable, "-m", "tickwright.cli"], env=env, capture_output=True, text=True, check=False
    )
    assert "complete -" in script.stdout
