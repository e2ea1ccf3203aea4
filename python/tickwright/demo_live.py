"""The demonstration over the wire: the paper venue and the node as two processes, with a cut wire and a kill between.

Real HTTP, real WebSockets and alpaca-py lie between them. The venue plays a synthetic day in a minute; the node trades
it with the two strategies of `tickwright.demo`, loses its stream of trade updates once, and is killed once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tickwright import journal
from tickwright.errors import TickwrightError

__all__ = ["LiveDemo", "run_live_demo"]

SYMBOLS: Final = ("AAPL", "AMD", "MSFT", "SPY", "TSLA")
KEY, SECRET = "PAPER", "paper-secret"
DATE: Final = "2026-01-05"

STRATEGIES: Final = """\
from tickwright.demo import MeanReversion, trend_rules

strategies = [trend_rules(), MeanReversion()]
"""
NODE: Final = """\
[node]
symbols = {symbols}
kinds = ["quotes", "trades"]
clock = "data"
url = "{url}"
state = "state"
on_stop = "flatten"
resend_s = 600

[risk]
max_order_notional = 25_000
max_gross_exposure = 120_000
max_open_orders = 20
collar_pct = 5.0

[logging]
level = "info"
file = "node.log"

[[strategy]]
path = "strategies.py"
"""


@dataclass(frozen=True)
class LiveDemo:
    """What the demonstration showed."""

    status: dict[str, Any]
    """The node's last status."""
    orders: int
    """Orders that the venue has of it."""
    twice: int
    """Ids that the venue has more than once."""
    fills: int
    """Fills in the venue's list."""
    booked: int
    """Fills in the node's journal."""
    positions_agree: bool
    journal_ok: bool
    folder: Path

    @property
    def holds(self) -> bool:
        """Whether nothing was lost or doubled."""
        return self.positions_agree and self.journal_ok and self.twice == 0 and self.fills == self.booked


def run_live_demo(
    folder: Path, *, seed: int = 7, seconds: float = 60.0, show: bool = True, say: Callable[[str], None] = print
) -> LiveDemo:
    """Run the demonstration.

    Parameters
    ----------
    folder
        For the node's settings, log and journal; what is there of an earlier run is removed.
    seed
        Of the synthetic day.
    seconds
        How long the day takes.
    show
        Show the node on the terminal.
    say
        Given each thing that happens.
    """
    from tickwright.paper import PaperServer

    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted((folder / "state").rglob("*"), reverse=True):
        old.rmdir() if old.is_dir() else old.unlink()
    market = {"source": "synthetic", "symbols": list(SYMBOLS), "seed": seed, "date": DATE, "scale": 0.2}
    paper = {"speed": 23_400.0 / seconds, "requests_per_minute": 0, "data_requests_per_minute": 0, "iex_symbols": 0}
    with PaperServer({"paper": {**paper, "market": market}}, process=True) as server:
        say(f"the paper venue listens on {server.rest_url} and plays {DATE} in {seconds:g} s")
        (folder / "strategies.py").write_text(STRATEGIES, encoding="utf-8")
        settings = NODE.format(symbols=json.dumps(SYMBOLS), url=server.rest_url)
        (folder / "node.toml").write_text(settings, encoding="utf-8")
        node = _start(folder, show)
        time.sleep(seconds * 0.3)
        server.control("PUT", "faults", [{"kind": "disconnect", "where": "trade_updates", "nth": 1}])
        say("the next trade update will cut the wire")
        time.sleep(seconds * 0.2)
        node.send_signal(signal.SIGKILL)
        node.wait()
        say("the node is killed; it starts again from its journal")
        node = _start(folder, show)
        time.sleep(seconds * 0.4)
        node.send_signal(signal.SIGTERM)
        try:
            node.wait(30)
        except subprocess.TimeoutExpired:
            node.kill()
            node.wait()
        if node.returncode != 0:
            raise TickwrightError(f"the node ended with {node.returncode}; {folder / 'node.log'} says why")
        return _judged(folder, server.rest_url)


def _start(folder: Path, show: bool) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tickwright.cli", "run", "--config", "node.toml"]
    command += ["--status", "status.json", "--view" if show else "--no-view"]
    keys = {"APCA_API_KEY_ID": KEY, "APCA_API_SECRET_KEY": SECRET}
    out = None if show else subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, env={**os.environ, **keys}, stdout=out)


def _judged(folder: Path, url: str) -> LiveDemo:
    """Ask the venue with alpaca-py, and the journal."""
    from alpaca.trading.client import TradingClient

    client = TradingClient(KEY, SECRET, url_override=url, raw_data=True)
    orders: list[dict[str, Any]] = _pages(client, "/orders", {"status": "all", "direction": "asc", "limit": 500})
    fills = _pages(client, "/account/activities/FILL", {"direction": "asc", "page_size": 100})
    theirs = {p["symbol"]: Decimal(p["qty"]) for p in _rows(client.get("/positions"))}
    status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    ours: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in status["positions"]:
        ours[row["symbol"]] += Decimal(row["qty"])
    path = folder / "state" / "journal"
    return LiveDemo(
        status=status,
        orders=len(orders),
        twice=sum(n > 1 for n in Counter(order["client_order_id"] for order in orders).values()),
        fills=len(fills),
        booked=sum(1 for _ in journal.read(path, kinds="FILL")),
        positions_agree={symbol: qty for symbol, qty in ours.items() if qty} == theirs,
        journal_ok=journal.verify(path).ok,
        folder=folder,
    )


def _rows(answer: Any) -> list[dict[str, Any]]:
    return list(answer)


def _pages(client: Any, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    """Every row of a list of orders or activities."""
    size = query.get("limit") or query["page_size"]
    rows: dict[str, dict[str, Any]] = {}
    while True:
        page = _rows(client.get(path, query))
        rows |= {row["id"]: row for row in page}
        if len(page) < size:
            return list(rows.values())
        query = {
            **query,
            **({"after": page[-1]["submitted_at"]} if "limit" in query else {"page_token": page[-1]["id"]}),
        }
