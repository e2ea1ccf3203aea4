"""The operator's commands on a real node: a paper venue, `tickwright start --detach` as a process, and the CLI."""

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import psutil
import pytest
import typer

import tickwright as tw
from tickwright.cli.app import app
from tickwright.cli.process import PID, pid_of
from tickwright.paper import PaperServer

COMMANDS = typer.main.get_command(app)
ROOT = Path(__file__).resolve().parents[2]
STRATEGY = """
import tickwright as tw


class Watch(tw.Strategy):
    name = "watch"

    def __init__(self, length=20, api_key="planted-parameter-1"):
        self.length, self.api_key = length, api_key

    def on_quote(self, quote):
        pass
"""
PLANTED = {
    "MY_SERVICE_PASSWORD": "planted-variable-1",
    "APCA_API_SECRET_KEY": "paper-secret",
    "TICKWRIGHT_EXTRA_TOKEN": "planted-variable-2",
}


POSITIONS = [
    {"symbol": "AAPL", "strategy": "watch", "qty": "3", "average_price": "187.5", "mark": "188", "value": "564"}
    | {"unrealized": "1.5", "realized": "0"}
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Desk:
    """A folder with the configuration of a node, and the command line there."""

    def __init__(self, folder, url, *, control="", keys=("PAPER", "paper-secret")):
        self.folder, self.state, self.port = folder, folder / "state", free_port()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "watch.py").write_text(STRATEGY)
        (folder / "node.toml").write_text(
            f'[node]\nsymbols = ["AAPL", "BAC"]\nurl = "{url}"\nclock = "data"\ndurability = "os"\nstate = "state"\n'
            'on_stop = "cancel"\n[control]\n'
            f'listen = ["unix:{{state}}/control.sock", "127.0.0.1:{self.port}"]\n{control}'
            f'[risk]\nmax_order_qty = 100\n[logging]\nlevel = "info"\n[[strategy]]\npath = "watch.py"\n'
        )
        self.env = {
            **os.environ,
            **PLANTED,
            "APCA_API_KEY_ID": keys[0],
            "APCA_API_SECRET_KEY": keys[1],
            "PYTHONPATH": str(ROOT / "python"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder.parent / "own"),
        }

    def process(self, *args, **options):
        command = [sys.executable, "-m", "tickwright.cli", *map(str, args)]
        given = {"capture_output": True, "text": True, "timeout": 90, "check": False, **options}
        return subprocess.run(command, cwd=self.folder, env=self.env, **given)

    def run(self, *args):
        """Run a command in this process: there are many."""
        out, err, code = io.StringIO(), io.StringIO(), 0
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, self.env),
            mock.patch.object(sys, "stdin", io.StringIO()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                COMMANDS.main([str(arg) for arg in args], prog_name="tickwright")
            except SystemExit as end:
                code = end.code or 0
        return SimpleNamespace(exit_code=code, stdout=out.getvalue(), stderr=err.getvalue())

    def told(self, *args, code=0):
        done = self.run(*args, "--json")
        assert done.exit_code == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def lines(self, *args):
        done = self.run(*args, "--json")
        assert done.exit_code == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    @property
    def engine_state(self):
        return self.told("status")["state"]

    def until(self, done, seconds=15.0):
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, "it took too long"
            time.sleep(0.05)

    def start(self, *args):
        done = self.process("start", "--detach", "--config", "node.toml", "--json", *args)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def end(self):
        number = pid_of(self.state)
        if number is not None:
            os.kill(number, signal.SIGKILL)


@pytest.fixture(scope="module")
def venue():
    data = tw.feeds.synthetic(symbols=["AAPL", "BAC"], date="2026-01-05", seed=5, events_scale=0.2)
    accounts = [
        {"key": name, "secret": f"{name.lower()}-secret", "cash": 100_000.0} for name in ("PAPER", "SECOND", "THIRD")
    ]
    with PaperServer({"paper": {"speed": 30.0, "requests_per_minute": 0, "accounts": accounts}}, data=data) as server:
        yield server.rest_url


@pytest.fixture(scope="module")
def desk(venue, tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("op") / "desk", venue)
    try:
        started = made.start()
        assert started["state"] == "RUNNING"
        assert pid_of(made.state) == started["pid"]
        made.until(lambda: made.run("health").exit_code == 0)
        yield made
        assert made.process("stop", "--yes").returncode == 0
        assert pid_of(made.state) is None
    finally:
        made.end()


@pytest.fixture(autouse=True)
def running(request):
    """Whatever a test did, the next finds an engine that trades."""
    yield
    if "desk" in request.fixturenames:
        made = request.getfixturevalue("desk")
        made.run("kill-switch", "off", "--yes")
        if made.engine_state != "RUNNING":
            assert made.run("resume").exit_code == 0


# --- looks -----------------------------------------------------------------------------------------------------------

LOOKS = (
    "status", "status --slo", "health", "orders", "orders --open", "positions", "pnl", "exposures", "strategies",
    "strategy show watch", "risk limits", "risk counters", "flags", "market show", "doctor",
)  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_answers_in_json_and_in_a_table_of_80_columns(desk, look, monkeypatch):
    assert isinstance(desk.told(*look.split()), dict)
    monkeypatch.setenv("COLUMNS", "80")
    shown = desk.run(*look.split())
    assert shown.exit_code == 0
    assert shown.stdout.strip() or look in ("risk limits",)


def test_the_status_says_how_the_engine_stands(desk):
    status = desk.told("status")
    assert status["state"] == "RUNNING"
    assert status["symbols"] == ["AAPL", "BAC"]
    assert status["live"] is False
    assert "watch" in status["strategies"]
    assert all(part["healthy"] for part in status["components"])
    assert desk.told("health")["status"] == "SERVING"
    assert "RUNNING   paper account" in desk.run("status").stdout


def test_a_look_can_be_watched_as_json_lines(desk):
    command = [sys.executable, "-m", "tickwright.cli", "status", "--watch", "0.05", "--json"]
    watching = subprocess.Popen(command, cwd=desk.folder, env=desk.env, stdout=subprocess.PIPE, text=True)
    rows = [json.loads(watching.stdout.readline()) for _ in range(3)]
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=10)
    assert watching.returncode == 0
    assert [row["state"] for row in rows] == ["RUNNING"] * 3
    assert rows[2]["now_ns"] > rows[0]["now_ns"]


def test_what_happens_is_followed_until_ctrl_c(desk):
    command = [sys.executable, "-m", "tickwright.cli", "notices", "--follow", "--last", "1", "--json"]
    following = subprocess.Popen(command, cwd=desk.folder, env=desk.env, stdout=subprocess.PIPE, text=True)
    first = json.loads(following.stdout.readline())
    desk.told("pause", "--reason", "to be followed")
    then = json.loads(following.stdout.readline())
    following.send_signal(signal.SIGINT)
    rest, _ = following.communicate(timeout=10)
    assert following.returncode == 0, rest
    assert then["number"] == first["number"] + 1
    assert (then["state"]["to"], then["state"]["why"]) == ("PAUSED", "to be followed")


# --- commands --------------------------------------------------------------------------------------------------------


def test_states_follow_the_commands(desk):
    for command, state in (
        (("pause",), "PAUSED"),
        (("resume",), "RUNNING"),
        (("reduce-only",), "REDUCE_ONLY"),
        (("resume",), "RUNNING"),
        (("safe-mode",), "SAFE_MODE"),
        (("resume",), "RUNNING"),
        (("halt", "--yes"), "HALTED"),
        (("resume",), "RUNNING"),
    ):
        told = desk.told(*command, "--reason", "a drill")
        assert told["result"]["state"] == state
        assert desk.engine_state == state
    last = desk.lines("notices", "--kind", "state", "--last", "2")
    assert [(row["state"]["from"], row["state"]["to"], row["state"]["why"]) for row in last][-1][1:] == (
        "RUNNING",
        "a drill",
    )


@pytest.mark.parametrize(
    "command",
    [
        ("halt",),
        ("flatten",),
        ("stop",),
        ("restart",),
        ("kill-switch", "on"),
        ("kill-switch", "off"),
        ("risk", "set", "max_order_qty=50"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_undone_is_refused_without_a_terminal_and_without_yes(desk, command):
    done = desk.run(*command)
    assert done.exit_code == 2
    assert "give --yes" in done.stderr
    assert desk.engine_state == "RUNNING"
    assert desk.told("risk", "limits")["limits"]["max_order_qty"] == 100


def test_orders_by_hand_are_given_shown_replaced_and_canceled(desk):
    made = desk.told("order", "submit", "buy", "5", "AAPL", "--limit", "1.00")
    assert (made["status"], made["strategy"], made["type"]) == ("pending_new", "operator", "limit")
    number = made["id"]
    desk.until(lambda: desk.told("order", "show", number)["status"] == "new")
    assert desk.told("order", "show", made["client_order_id"])["id"] == number
    assert [row["id"] for row in desk.told("orders", "--open")["orders"]] == [number]
    assert "buy" in desk.run("orders", "--open").stdout
    replaced = desk.told("order", "replace", number, "--limit", "1.01")
    desk.until(lambda: [row["limit_price"] for row in desk.told("orders", "--open")["orders"]] == ["1.01"])
    assert replaced["limit_price"] == "1.01"
    (still,) = desk.told("orders", "--open")["orders"]
    desk.told("order", "cancel", still["id"])
    desk.until(lambda: desk.told("orders", "--open")["orders"] == [])
    assert desk.run("order", "replace", number).exit_code == 2
    assert desk.run("order", "show", "987654").exit_code == 2


def test_an_order_that_fills_is_a_position_a_notice_and_flatten_closes_it(desk):
    desk.told("order", "submit", "buy", "3", "AAPL", "--reason", "a drill")
    desk.until(lambda: [row["qty"] for row in desk.told("positions")["positions"]] == ["3"])
    fill = desk.lines("notices", "--kind", "fill", "--last", "1")[0]["fill"]
    assert (fill["side"], fill["qty"], fill["strategy"]) == ("buy", "3", "operator")
    assert "operator bought 3 AAPL at" in desk.run("notices", "--kind", "fill").stdout
    assert {row["strategy"] for row in desk.told("pnl")["strategies"]} >= {"operator", "watch"}
    told = desk.told("flatten", "--yes")
    assert told["result"]["state"] in ("HALTED", "RUNNING", "REDUCE_ONLY")
    desk.until(lambda: desk.told("positions")["positions"] == [])


def test_cancel_all_cancels_all_and_trading_goes_on(desk):
    for price in ("1.00", "1.01"):
        desk.told("order", "submit", "buy", "1", "BAC", "--limit", price)
    assert desk.told("cancel-all")["orders"] == 2
    desk.until(lambda: desk.told("orders", "--open")["orders"] == [])
    assert desk.engine_state == "RUNNING"


def test_what_risk_or_the_state_refuses_is_exit_code_9_with_the_code(desk):
    error = desk.told("order", "submit", "buy", "500", "AAPL", code=9)["error"]
    assert error["reason"] == "MAX_QTY"
    explained = desk.told("risk", "explain", "buy", "500", "AAPL", code=9)
    assert [row["code"] for row in explained["refusals"]] == ["MAX_QTY"]
    assert desk.told("risk", "explain", "buy", "5", "AAPL")["passes"] is True
    counts = {row["code"]: row["count"] for row in desk.told("risk", "counters")["refused"]}
    assert counts["MAX_QTY"] >= 1
    desk.told("pause")
    assert desk.told("order", "submit", "buy", "5", "AAPL", code=9)["error"]["reason"] == "STATE"


def test_requests_that_mean_nothing_are_exit_code_2(desk):
    assert desk.run("order", "submit", "buy", "five", "AAPL").exit_code == 2
    assert desk.run("order", "submit", "buy", "5", "NONE").exit_code == 2
    assert desk.run("order", "submit", "hold", "5", "AAPL").exit_code == 2
    assert desk.run("strategy", "show", "nobody").exit_code == 2
    assert desk.run("risk", "set", "no_such_limit=5", "--yes").exit_code == 2
    assert desk.run("log-level", "loud").exit_code == 2


def test_limits_are_tried_dry_set_and_taken_away(desk):
    dry = desk.told("risk", "set", "max_order_qty=50", "--dry-run")
    assert (dry["applied"], dry["changes"]) == (False, [{"key": "max_order_qty", "before": 100, "after": 50}])
    assert desk.told("risk", "limits")["limits"]["max_order_qty"] == 100
    assert desk.told("risk", "set", "max_order_qty=50", "--yes")["applied"] is True
    assert desk.told("order", "submit", "buy", "60", "AAPL", code=9)["error"]["reason"] == "MAX_QTY"
    assert desk.told("risk", "set", "max_order_qty=100", "--yes")["applied"] is True


def test_a_strategy_is_stopped_set_and_started(desk):
    assert desk.told("strategy", "stop", "watch")["is_active"] is False
    assert desk.told("strategy", "start", "watch")["is_active"] is True
    desk.told("strategy", "set", "watch", "length=30")
    desk.until(lambda: desk.told("strategy", "show", "watch")["parameters"]["length"] == 30)
    assert desk.run("strategy", "set", "watch", "length=long").exit_code == 2


def test_the_kill_switch_lets_no_order_leave(desk):
    assert desk.told("kill-switch", "on", "--yes")["thrown"] is True
    assert desk.told("order", "submit", "buy", "1", "AAPL", code=9)["error"]["reason"] == "KILL"
    for look in (("status",), ("top", "--once")):
        assert "thrown for all: no new order leaves" in desk.run(*look).stdout
    assert desk.told("kill-switch", "off", "--yes")["thrown"] is False
    assert desk.told("kill-switch", "on", "--strategy", "watch", "--yes")["strategies"] == ["watch"]
    status = desk.told("status")
    assert (status["kill_switch"], status["killed_strategies"]) == (False, ["watch"])
    assert "thrown for watch" in desk.run("status").stdout
    assert desk.told("kill-switch", "off", "--strategy", "watch", "--yes")["strategies"] == []
    assert "kill switch" not in desk.run("status").stdout
    number = desk.told("order", "submit", "buy", "1", "AAPL", "--limit", "1")["id"]
    desk.told("order", "cancel", number)


def test_a_key_makes_a_command_take_effect_once(desk):
    command = ("order", "submit", "buy", "1", "AAPL", "--limit", "1.02", "--key", "drill-1")
    first, again = desk.told(*command), desk.told(*command)
    assert (first["id"], first["repeated"]) == (again["id"], False)
    assert again["repeated"] is True
    assert desk.run("order", "submit", "buy", "2", "AAPL", "--limit", "1.02", "--key", "drill-1").exit_code == 2
    desk.told("cancel-all")


def test_the_rest_of_the_commands_do_what_they_say(desk):
    assert desk.told("reconcile")["agrees"] is True
    assert re.fullmatch("[0-9a-f]{64}", desk.told("checkpoint")["state_hash"])
    assert desk.told("log-level", "debug", "--logger", "tickwright.live")["level"] == "debug"
    assert desk.told("log-level", "info")["level"] == "info"
    text = (desk.folder / "node.toml").read_text()
    try:
        (desk.folder / "node.toml").write_text(text.replace("max_order_qty = 100", "max_order_qty = 90"))
        assert desk.told("config", "reload", "--dry-run")["changed"] == ["risk.max_order_qty"]
        assert desk.told("risk", "limits")["limits"]["max_order_qty"] == 100
        assert desk.told("config", "reload")["changed"] == ["risk.max_order_qty"]
        assert desk.told("risk", "limits")["limits"]["max_order_qty"] == 90
    finally:
        (desk.folder / "node.toml").write_text(text)
        desk.told("config", "reload")
    for flag in desk.told("flags")["flags"][:1]:
        word = "off" if flag["enabled"] else "on"
        assert desk.told("flags", flag["name"], word)["enabled"] is not flag["enabled"]
        desk.told("flags", flag["name"], "on" if flag["enabled"] else "off")


def test_records_of_the_journal_and_quotes_are_told(desk):
    desk.told("pause", "--reason", "to be found again")
    desk.told("resume")
    records = desk.lines("journal", "tail", "--kind", "command", "--from", "1", "--limit", "500")
    assert any("to be found again" in json.dumps(row["content"]) for row in records)
    assert all(row["kind"] == "COMMAND" for row in records)
    quotes = desk.lines("market", "watch", "AAPL", "--limit", "3")
    assert [row["symbol"] for row in quotes] == ["AAPL"] * 3
    assert all(float(row["bid"]) < float(row["ask"]) for row in quotes)
    snapshot = desk.told("market", "show")["snapshots"]
    assert {row["symbol"] for row in snapshot} == {"AAPL", "BAC"}


# --- who may ---------------------------------------------------------------------------------------------------------


def test_tokens_open_the_way_over_tcp_and_a_wrong_one_is_exit_code_8(desk):
    address = f"127.0.0.1:{desk.port}"
    assert desk.run("status", "--address", address).exit_code == 8
    for name, role in (("ann", "admin"), ("vic", "viewer")):
        text = json.loads(desk.run("token", "create", name, "--role", role, "--state", "state", "--json").stdout)[
            "token"
        ]
        (desk.folder / name).write_text(text + "\n")
        (desk.folder / name).chmod(0o600)
    (desk.folder / "wrong").write_text("tw_" + "0" * 12 + "_" + "a" * 43)
    (desk.folder / "wrong").chmod(0o600)
    time.sleep(0.3)  # the engine looks at the file anew after a moment
    assert desk.told("status", "--address", address, "--token-file", "ann")["state"] == "RUNNING"
    wrong = desk.run("status", "--address", address, "--token-file", "wrong")
    assert wrong.exit_code == 8
    assert "token" in wrong.stderr
    assert desk.told("status", "--address", address, "--token-file", "vic")["state"] == "RUNNING"
    assert desk.run("pause", "--address", address, "--token-file", "vic").exit_code == 8
    assert desk.engine_state == "RUNNING"
    assert desk.run("profile", "add", "tcp", address, "--token-file", "vic").exit_code == 0
    assert desk.told("status", "--profile", "tcp")["state"] == "RUNNING"


# --- sessions --------------------------------------------------------------------------------------------------------


def test_the_shell_runs_lines_of_a_pipe_and_leaves_with_the_code_of_the_last_that_failed(desk):
    lines = (
        "# a drill\npause --reason 'in a shell'\nstatus\nno-such-command\nhalt\nresume\nhelp orders\nquit\nhalt --yes\n"
    )
    done = desk.process("shell", input=lines)
    assert done.returncode == 2
    assert "PAUSED" in done.stdout
    assert "RUNNING" in done.stdout
    assert "List orders" in done.stdout
    assert "give --yes" in done.stderr
    assert desk.engine_state == "RUNNING"


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, desk, *args):
        self.text = ""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.chdir(desk.folder)
            os.environ.update(desk.env, TERM="xterm", COLUMNS="100", LINES="40")
            os.execv(sys.executable, [sys.executable, "-m", "tickwright.cli", *args])

    def until(self, text, seconds=15.0):
        deadline = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < deadline, self.text[-2_000:]
            if select.select([self.file], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.file, 65_536).decode("utf-8", "replace")
                except OSError:
                    assert text in self.text, self.text[-2_000:]

    def send(self, text):
        self.text = ""
        os.write(self.file, text.encode())

    def code(self):
        with contextlib.suppress(OSError):
            while os.read(self.file, 65_536):
                pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.file)
        return os.waitstatus_to_exitcode(status)


def test_the_shell_at_a_terminal_completes_asks_and_remembers(desk):
    at = Terminal(desk, "shell")
    at.until("RUNNING> ")
    at.send("order submit buy 1 AA\t--limit 1.03\n")
    at.until("operator")
    at.until("RUNNING> ")
    at.send("cancel-all\n")
    at.until("orders were open")
    at.send("halt\n")
    at.until("[y/N]")
    at.send("n\n")
    at.until("RUNNING> ")
    at.send("quit\n")
    assert at.code() == 0
    assert "cancel-all" in (Path(desk.env["XDG_STATE_HOME"]) / "tickwright" / "history").read_text()


def test_a_dangerous_command_at_a_terminal_asks_and_takes_no_for_an_answer(desk):
    at = Terminal(desk, "halt")
    at.until("paper account")
    at.until("[y/N]")
    at.send("n\n")
    assert at.code() == 1
    assert desk.engine_state == "RUNNING"


def test_top_draws_a_frame_within_200_ms_and_shows_what_there_is(desk):
    from rich.console import Console

    from tickwright.cli.connection import Link, target
    from tickwright.cli.top import Board, draw, gather

    desk.told("order", "submit", "buy", "1", "AAPL", "--limit", "1.04")
    with Link(target(state=str(desk.state))) as link:
        link.open()
        gather(link, Board(""))
        began = time.perf_counter()
        board = Board(link.target.address)
        gather(link, board)
        console = Console(file=io.StringIO(), width=80, height=24)
        console.print(draw(board, 80, 24))
        seconds = time.perf_counter() - began
    print(f"top: {seconds * 1e3:.0f} ms a frame")
    assert seconds < 0.2
    assert "q quit" in console.file.getvalue().splitlines()[-1]
    board.orders, board.positions = board.orders * 30, [{**row, "symbol": "AAPL"} for row in POSITIONS] * 20
    board.notices.extend(f"notice {i}" for i in range(50))
    full = Console(file=io.StringIO(), width=80, height=24)
    full.print(draw(board, 80, 24))
    lines = full.file.getvalue().splitlines()
    assert len(lines) == 24
    assert "q quit" in lines[-1]
    assert "notice 49" in lines[-2]
    assert sum(" more" in line for line in lines) >= 2
    once = desk.process("top", "--once")
    assert once.returncode == 0
    for part in ("RUNNING", "equity", "AAPL", "operator", "µs p50/p99", "refused by risk"):
        assert part in once.stdout
    assert set(desk.told("top", "--once")) >= {"status", "pnl", "positions", "orders", "refused", "streams", "notices"}
    desk.told("cancel-all")


def test_top_at_a_terminal_takes_keys_and_asks(desk):
    at = Terminal(desk, "top", "--every", "0.1")
    at.until("equity")
    at.send("p")
    at.until("pause? y does it")
    at.send("n")
    at.until("pause: not done")
    assert desk.engine_state == "RUNNING"
    at.send("p")
    at.until("pause? y does it")
    at.send("y")
    at.until("PAUSED")
    at.send("r")
    at.until("resume? y does it")
    at.send("y")
    at.until("RUNNING")
    at.send("q")
    assert at.code() == 0


# --- diagnose --------------------------------------------------------------------------------------------------------


def test_diagnose_holds_what_is_needed_and_no_secret(desk):
    planted = {*PLANTED.values(), "planted-parameter-1", "planted-log-1", "planted-comment-1", "planted-note-1"}
    made = desk.run("token", "create", "planted", "--role", "admin", "--state", "state", "--json")
    token = json.loads(made.stdout)["token"]
    planted |= {"planted-config-1", "planted-hook-1", "planted-file-1", token, token.split("_", 2)[2]}
    text = (desk.folder / "node.toml").read_text()
    (desk.folder / "bug.toml").write_text(
        f'# password: planted-comment-1\n{text}\n[[strategy]]\npath = "watch.py"\n'
        '[strategy.params]\nsecret = "planted-config-1"\nwebhook = "https://hooks.example/services/planted-hook-1"\n'
    )
    (desk.folder / "keys").write_text("APCA_API_SECRET_KEY=planted-file-1\n")
    (desk.folder / "profile-token").write_text(token + "\n")
    (desk.folder / "profile-token").chmod(0o600)
    with (desk.state / "node.log").open("a") as log:
        log.write("connecting with password=planted-log-1 and planted-config-1 and planted-parameter-1\n")
        log.write(f"from {token}, of which the secret is {token.split('_', 2)[2]}\n")
        log.write("https://user:planted-log-1@venue.example/planted-hook-1 planted-file-1 planted-variable-1\n")
    desk.told("pause", "--reason", "token=planted-note-1")
    desk.told("resume")
    desk.env["TICKWRIGHT_ALPACA_CREDENTIALS"] = str(desk.folder / "keys")
    out = desk.folder / "bug.tar.gz"
    address = f"unix:{desk.state}/control.sock"
    assert desk.run("profile", "add", "own", address, "--token-file", "profile-token").exit_code == 0
    command = ("diagnose", "--profile", "own", "--node-config", "bug.toml", "--out", "bug.tar.gz", "--json")
    done = desk.process(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert out.stat().st_mode & 0o077 == 0
    with tarfile.open(out) as archive:
        files = {member.name.split("/")[1]: archive.extractfile(member).read() for member in archive}
    found = [(name, value) for name, content in files.items() for value in planted if value.encode() in content]
    assert found == []
    assert set(json.loads(done.stdout)["files"]) == set(files)
    engine = json.loads(files["engine.json"])
    assert engine["status"]["state"] == "RUNNING"
    assert engine["limits"]["max_order_qty"] == 100
    assert json.loads(files["config.json"])["settings"]["node"]["symbols"] == ["AAPL", "BAC"]
    journal = json.loads(files["journal.json"])
    assert journal["verified"]["ok"] is True
    assert any(row["kind"] == "COMMAND" for row in journal["records"])
    assert not any(row["kind"] in ("QUOTE", "TRADE", "BATCH") for row in journal["records"])
    assert "connecting with" in files["log.txt"].decode()
    assert json.loads(files["versions.json"])["grpcio"]
    assert all(json.loads(line)["number"] for line in files["notices.jsonl"].splitlines())
    assert desk.process(*command).returncode == 5  # the archive is there already


# --- a life of its own -----------------------------------------------------------------------------------------------


def processes_of(folder):
    return [p.pid for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or ())]


def is_alive(number):
    # One that ended is listed until the first process of the machine has taken note of it.
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    return False


def test_a_detached_node_is_stopped_restarted_and_killed_and_leaves_nothing(venue, tmp_path):
    desk = Desk(tmp_path / "desk", venue, keys=("SECOND", "second-secret"))
    try:
        first = desk.start()
        assert psutil.Process(first["pid"]).terminal() is None
        assert os.getsid(first["pid"]) == first["pid"]
        again = desk.run("start", "--detach", "--config", "node.toml")
        assert again.exit_code == 2
        assert f"process {first['pid']}" in again.stderr

        second = desk.told("restart", "--yes")
        assert second["state"] == "RUNNING"
        assert second["pid"] != first["pid"]
        assert not is_alive(first["pid"])

        os.kill(second["pid"], signal.SIGKILL)
        desk.until(lambda: pid_of(desk.state) is None)
        said = desk.told("status", code=7)["error"]["message"]
        assert f"process {second['pid']} is gone without taking leave" in said
        assert "goes on where it was" in said
        assert desk.run("health").exit_code == 7

        third = desk.told("start", "--detach", "--config", "node.toml")
        assert third["state"] == "RUNNING"
        assert desk.told("stop", "--yes", "--policy", "leave")["ended"] is True
        assert not is_alive(third["pid"])
        assert not (desk.state / PID).exists()
        assert processes_of(desk.folder) == []
        after = desk.run("status")
        assert after.exit_code == 7
        assert "it was stopped" in after.stderr
        assert tw.journal.verify(desk.state / "journal").ok
    finally:
        desk.end()


def test_a_start_that_cannot_succeed_says_why(venue, tmp_path):
    desk = Desk(tmp_path / "desk", venue, keys=("NOBODY", "no-such-secret"))
    done = desk.process("start", "--detach", "--config", "node.toml", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["state"], found["pid"]) == (6, "ended", None)
    assert "error:" in found["why"]
    assert "no-such-secret" not in (desk.state / "node.log").read_text()
    assert not (desk.state / PID).exists()
    assert processes_of(desk.folder) == []


def test_a_node_in_the_foreground_is_reached_by_certificate_and_ends_on_a_signal(venue, tmp_path):
    files = {"tls_cert": "tls/engine.pem", "tls_key": "tls/engine.key", "client_ca": "tls/ca.pem"}
    tls = "".join(f'{key} = "{path}"\n' for key, path in files.items()) + 'clients = {ann = "viewer"}\n'
    desk = Desk(tmp_path / "desk", venue, control=tls, keys=("THIRD", "third-secret"))
    desk.told("cert", "server", "engine", "--host", "127.0.0.1")
    desk.told("cert", "client", "ann")
    desk.told("cert", "client", "eve", "--folder", "other")
    address = f"127.0.0.1:{desk.port}"
    for name, folder in (("ann", "tls"), ("eve", "other")):
        files = ("--ca", f"{folder}/ca.pem", "--cert", f"{folder}/{name}.pem", "--key", f"{folder}/{name}.key")
        desk.told("profile", "add", name, address, *files)
    desk.told("profile", "add", "none", address, "--ca", "tls/ca.pem")
    command = [sys.executable, "-m", "tickwright.cli", "start", "--config", "node.toml"]
    node = subprocess.Popen(command, cwd=desk.folder, env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        desk.until(lambda: desk.run("health").exit_code == 0, 30.0)
        assert pid_of(desk.state) == node.pid
        assert desk.told("status", "--profile", "ann")["symbols"] == ["AAPL", "BAC"]
        assert desk.told("pause", "--profile", "ann", code=8)["error"]["kind"] == "RemoteError"
        for stranger in ("eve", "none"):
            assert desk.run("status", "--profile", stranger, "--timeout", "3").exit_code == 7
        node.send_signal(signal.SIGTERM)
        node.communicate(timeout=30)
        assert node.returncode == 0
        assert not (desk.state / PID).exists()
    finally:
        node.kill()
