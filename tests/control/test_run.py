"""`tickwright run` with its control plane: a real process, asked from outside."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

import grpc
import psutil
import pytest

import tickwright as tw
from tests.control.door import call, refused, request_class
from tickwright import journal
from tickwright.control import Role, TokenStore

pytest.importorskip("uvicorn", reason="the extra `paper` is not installed")
from tickwright.paper import PaperServer

STATUS = "/tickwright.v1.EngineService/GetStatus"
PAUSE = "/tickwright.v1.EngineService/Pause"
SUBMIT = "/tickwright.v1.OrderService/SubmitOrder"
LOOK = """
import tickwright as tw
class Look(tw.Strategy):
    name = "look"
"""
CONFIG = """
[node]
symbols = ["BAC"]
clock = "data"
url = "{url}"
{control}
[[strategy]]
path = "look.py"
"""


class Running:
    """An engine in a process of its own, until the end of the with-block."""

    def __init__(self, folder, url, control=""):
        self.folder = folder
        (folder / "look.py").write_text(LOOK)
        (folder / "node.toml").write_text(CONFIG.format(url=url, control=control))
        self.environment = {**os.environ, "APCA_API_KEY_ID": "PAPER", "APCA_API_SECRET_KEY": "paper-secret"}
        self.environment["XDG_STATE_HOME"] = str(folder / "home")

    def __enter__(self):
        command = [sys.executable, "-m", "tickwright.cli", "run", "--config", "node.toml", "--no-view", "--json"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=pipe, stderr=pipe, text=True
        )
        told = self.folder / "state/control.json"
        deadline = time.monotonic() + 30
        while not told.exists() or json.loads(told.read_text())["pid"] != self.process.pid:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.addresses = json.loads(told.read_text())["addresses"]
        return self

    def until_running(self, channel, token=None):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if call(channel, STATUS, token=token).status.state == 3:
                    return
            except grpc.RpcError:
                pass
            time.sleep(0.05)
        raise AssertionError("it does not run")

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.out, self.error = self.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def venue():
    day = tw.feeds.synthetic(symbols=["BAC"], date="2026-01-05", seed=11, events_scale=0.1)
    with PaperServer({"paper": {"speed": 30.0, "requests_per_minute": 0}}, data=day) as server:
        yield server.rest_url


def test_an_engine_opens_no_port_and_takes_commands_of_its_owner(venue, tmp_path):
    with Running(tmp_path, venue) as engine:
        assert engine.addresses == ["unix:state/control.sock"]
        path = tmp_path / "state/control.sock"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        listening = [
            one.laddr
            for one in psutil.Process(engine.process.pid).net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        ]
        assert listening == [], "nothing can be reached from outside"
        with grpc.insecure_channel(f"unix:{path}") as channel:
            engine.until_running(channel)
            request = request_class(PAUSE)(options={"idempotency_key": "k", "reason": "lunch"})
            assert call(channel, PAUSE, request, metadata=[("x-request-id", "r-1")]).result.state == 4
            assert call(channel, PAUSE, request).result.repeated
    assert engine.process.returncode == 0, engine.error
    assert not path.exists()
    records = [json.loads(record.content) for record in journal.read(tmp_path / "state/journal", kinds=["NOTE"])]
    records = [row for row in records if row.get("note", "").startswith('{"audit"')]
    notes = [json.loads(row["note"]) for row in records]
    assert [(row["audit"], row["request_id"]) for row in notes] == [("intent", "r-1"), ("outcome", "r-1")]
    assert notes[0]["request"]["options"]["reason"] == "lunch"
    assert [row["by"] for row in records] == ["local", "local"]


def test_tokens_are_made_and_revoked_while_the_engine_runs(venue, tmp_path):
    with Running(tmp_path, venue, '[control]\nlisten = ["127.0.0.1:0"]') as engine:
        tokens = TokenStore(tmp_path / "state/tokens.json")
        with grpc.insecure_channel(engine.addresses[0]) as channel:
            assert refused(channel, STATUS).code is grpc.StatusCode.UNAUTHENTICATED
            token = tokens.create("ann", Role.OPERATOR)[1]
            engine.until_running(channel, token)
            tokens.revoke("ann")
            time.sleep(1.0)
            assert refused(channel, STATUS, token=token).reason == "TOKEN_REVOKED"
    assert engine.process.returncode == 0, engine.error


def test_a_second_engine_on_the_same_state_is_refused(venue, tmp_path):
    with Running(tmp_path, venue, "[control]\nenabled = true") as engine:
        command = [sys.executable, "-m", "tickwright.cli", "run", "--config", "node.toml", "--no-view"]
        done = subprocess.run(
            command, cwd=tmp_path, env=engine.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 2
        assert "another process serves" in done.stderr
        with grpc.insecure_channel(f"unix:{tmp_path}/state/control.sock") as channel:
            engine.until_running(channel)


def test_other_machines_need_tls(venue, tmp_path):
    folder = tmp_path
    made = Running(folder, venue, '[control]\nlisten = ["0.0.0.0:0"]')
    command = [sys.executable, "-m", "tickwright.cli", "run", "--config", "node.toml", "--no-view"]
    done = subprocess.run(command, cwd=folder, env=made.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "control.tls_cert" in done.stderr


def test_an_order_whose_engine_was_killed_is_sent_once(venue, tmp_path):
    """The key of an order names it at the broker: a repeat after the kill finds it, or sends it, and never twice."""
    request = request_class(SUBMIT)(
        options={"idempotency_key": "once", "reason": "by hand"}, symbol="BAC", side=1, type=2, qty="5", limit_price="1"
    )
    control = "[control]\nenabled = true"
    path = f"unix:{tmp_path}/state/control.sock"
    with Running(tmp_path, venue, control) as engine:
        with grpc.insecure_channel(path) as channel:
            engine.until_running(channel)
            first = call(channel, SUBMIT, request)
        engine.process.kill()
    # As if the kill had come between the effect and its answer: the file ends with the beginning.
    kept = tmp_path / "state/commands.jsonl"
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(line for line in lines if '"begun"' in line))
    with Running(tmp_path, venue, control) as engine, grpc.insecure_channel(path) as channel:
        engine.until_running(channel)
        again = call(channel, SUBMIT, request)
        orders = call(channel, "/tickwright.v1.OrderService/ListOrders").orders
        assert (again.order.id, again.order.client_order_id) == (first.order.id, first.order.client_order_id)
        assert [order.client_order_id for order in orders] == [first.order.client_order_id]
        assert call(channel, SUBMIT, request).repeated
