"""A node that is killed again and again while it trades: nothing is sent twice or lost, positions are the venue's.

TICKWRIGHT_KILLS sets how often (`make recovery` takes 200).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw

pytest.importorskip("uvicorn", reason="the extra `paper` is not installed")
from alpaca.trading.client import TradingClient

from tickwright.paper import PaperServer

KILLS = int(os.environ.get("TICKWRIGHT_KILLS", "6"))
KEY, SECRET = "PAPER", "paper-secret"

CONFIG = """
[node]
symbols = ["BAC", "SPY"]
kinds = ["quotes"]
clock = "data"
state = "state"
durability = "{durability}"
url = "{url}"
on_stop = "cancel"
resend_s = 3600
snapshot_every = 2000

[logging]
level = "info"
file = "node.log"

[[strategy]]
path = "swing.py"
"""


class Killed:
    """A node in a process of its own."""

    def __init__(self, folder: Path, url: str, durability: str) -> None:
        self.folder = folder
        (folder / "swing.py").write_text((Path(__file__).parent / "swing.py").read_text())
        (folder / "node.toml").write_text(CONFIG.format(url=url, durability=durability))
        keys = {"APCA_API_KEY_ID": KEY, "APCA_API_SECRET_KEY": SECRET}
        self.environment = {**os.environ, **keys, "XDG_STATE_HOME": str(folder / "home")}

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tickwright.cli", "run", "--config", "node.toml", "--no-view", "--json"]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=pipe, stderr=pipe, text=True)

    def wait(self, process: subprocess.Popen[str]) -> None:
        """Wait until it listens to signals and operators, however slow the machine is."""
        told = self.folder / "state" / "control.json"
        deadline = time.monotonic() + 60.0
        while json.loads(told.read_text(encoding="utf-8"))["pid"] != process.pid:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, "it does not start"
            time.sleep(0.05)

    def log(self) -> str:
        path = self.folder / "node.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""


def pages(client: TradingClient, path: str, size: str, token: str) -> list[dict[str, Any]]:
    """Every row of a list, oldest first."""
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {size: 100, "direction": "asc"}
    while True:
        page = client.get(path, query)
        rows += page
        if len(page) < 100:
            return rows
        query[token] = page[-1]["id"] if token == "page_token" else page[-1]["submitted_at"]


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["group", "always"])
def test_a_node_survives_being_killed_at_any_moment(tmp_path: Path, durability: str) -> None:
    day = tw.feeds.synthetic(symbols=["BAC", "SPY"], date="2026-01-05", seed=11, events_scale=0.2)
    settings = {"paper": {"speed": 30.0, "requests_per_minute": 0, "data_requests_per_minute": 0}}
    chance = random.Random(7)
    with PaperServer(settings, data=day) as server:
        node = Killed(tmp_path, server.rest_url, durability)
        client = TradingClient(KEY, SECRET, url_override=server.rest_url, raw_data=True)
        for _ in range(KILLS // 2):
            process = node.start()
            time.sleep(chance.uniform(1.0, 4.0))
            assert process.poll() is None, process.communicate()[1]
            process.send_signal(signal.SIGKILL)
            process.communicate()
        process = node.start()
        node.wait(process)
        time.sleep(8.0)
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, (out, error)
        status = json.loads(out)
        theirs = client.get("/orders", {"status": "all", "limit": 500})
        fills = pages(client, "/account/activities/FILL", "page_size", "page_token")
        held = {p["symbol"]: Decimal(p["qty"]) for p in client.get("/positions")}
    log = node.log()
    assert max(Counter(order["client_order_id"] for order in theirs).values()) == 1
    assert "must be unique" not in log, "an order was sent twice"
    assert "positions differ" not in log
    # Positions: the node's, the venue's, and the sum of the venue's fills.
    ours: dict[str, Decimal] = defaultdict(Decimal)
    for row in status["positions"]:
        ours[row["symbol"]] += Decimal(row["qty"])
    summed: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        summed[fill["symbol"]] += Decimal(fill["qty"]) * (1 if fill["side"] == "buy" else -1)
    assert {symbol: qty for symbol, qty in ours.items() if qty} == held
    assert {symbol: qty for symbol, qty in summed.items() if qty} == held
    assert len(fills) > KILLS
    # The journal by itself says the same: every fill, once.
    journal = tmp_path / "state" / "journal"
    assert tw.journal.verify(journal).ok
    booked = sum(record.kind == tw.journal.KINDS["FILL"] for record in tw.journal.read(journal))
    assert booked == len(fills)
    assert tw.journal.replay(journal).steps > booked
    print(f"{durability}: {KILLS // 2} kills, {status['orders']} orders, {len(fills)} fills, none twice, none lost")
