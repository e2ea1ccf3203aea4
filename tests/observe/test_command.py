"""`tickwright run` with an endpoint, alerts and objectives in its configuration."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

import tickwright as tw
from tests.observe.servers import Hook
from tickwright.paper import PaperServer

STRATEGY = """
import tickwright as tw

class Idle(tw.Strategy):
    name = "idle"
"""


def test_a_run_shows_itself_while_it_lasts_and_keeps_its_objectives(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "idle.py").write_text(STRATEGY)
    data = tw.feeds.synthetic(symbols=["AAPL"], date="2026-01-05", seed=5, events_scale=0.2)
    with Hook() as hook, PaperServer({"paper": {"speed": 60.0, "requests_per_minute": 0}}, data=data) as venue:
        (tmp_path / "run.toml").write_text(f"""
[node]
symbols = ["AAPL"]
url = "{venue.rest_url}"
clock = "data"

[metrics]
listen = "127.0.0.1:{port}"

[[alerts.rule]]
name = "Begun"
metric = "tickwright_market_events_total"
op = ">"
value = 0.0

[[alerts.sink]]
kind = "webhook"
url = "{hook.url}"

[[strategy]]
path = "idle.py"
""")
        keys = {"APCA_API_KEY_ID": "PAPER", "APCA_API_SECRET_KEY": "paper-secret", "XDG_STATE_HOME": str(tmp_path)}
        command = [sys.executable, "-m", "tickwright.cli", "run", "--config", "run.toml", "--for", "12", "--json"]
        run = subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | keys, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            ready, deadline = False, time.monotonic() + 30
            while not ready and run.poll() is None and time.monotonic() < deadline:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/ready", timeout=5) as answer:
                        ready = answer.status == 200
                except OSError:
                    time.sleep(0.1)
            assert ready, run.communicate(timeout=20)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                families = {family.name for family in text_string_to_metric_families(answer.read().decode())}
            time.sleep(2.0)
            status = [sys.executable, "-m", "tickwright.cli", "status", "--slo", "--json"]
            asked = subprocess.run(status, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True)
            out, err = run.communicate(timeout=40)
        finally:
            run.kill()
    assert run.returncode == 0, err
    assert "tickwright_equity_dollars" in families
    assert json.loads(out)["state"]
    assert "Begun" in {body["rule"] for body in hook.bodies()}
    objectives = {(row["name"], int(row["window_s"])): row for row in json.loads(asked.stdout)["objectives"]}
    assert {name for name, _ in objectives} == {"uptime", "latency", "errors"}
    assert {window for _, window in objectives} == {3_600, 86_400, 30 * 86_400}
    uptime = objectives["uptime", 3_600]
    assert uptime["achieved"] == uptime["budget_left"] == 1.0
    assert int(objectives["latency", 3_600]["events"]) > 100
    kept = json.loads((tmp_path / "state" / "slo.json").read_text())
    assert kept["stopped"] is True
    assert sum(row[2] for row in kept["objectives"]["uptime"]["1h"]) > 3
