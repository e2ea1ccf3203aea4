"""The live node against the paper venue on loopback: real HTTP, real WebSockets, real alpaca-py between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints
from tickwright.live import LiveNode, NodeSettings
from tickwright.paper import PaperServer

KEY, SECRET = "PAPER", "paper-secret"


class Swing(tw.Strategy):
    """Buys ten shares and sells them again, every so many quotes."""

    def __init__(self, every: int = 50, orders: int = 20) -> None:
        super().__init__()
        self.every, self.orders = every, orders
        self.seen = self.sent = 0
        self.filled: list[tuple[str, float]] = []

    def on_quote(self, quote: Any) -> None:
        self.seen += 1
        if self.seen % self.every == 0 and self.sent < self.orders:
            (self.buy if self.sent % 2 == 0 else self.sell)(quote.symbol, 10)
            self.sent += 1

    def on_fill(self, fill: Any) -> None:
        self.filled.append((fill.side, fill.qty))


def node(server: PaperServer, state: Path, strategies: list[Any], **settings: Any) -> LiveNode:
    credentials = Credentials(KEY, SECRET)
    endpoints = Endpoints.at(server.rest_url)
    chosen = {"symbols": ["BAC"], "state": state, "clock": "data", "durability": "os", **settings}
    return LiveNode(
        strategies,
        AlpacaBroker(credentials, endpoints=endpoints),
        AlpacaMarketData(credentials, endpoints=endpoints),
        NodeSettings(**chosen),
        lease_folder=state / "leases",
    )


async def until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it took too long")


def market() -> tw.MarketData:
    return tw.feeds.synthetic(symbols=["BAC"], date="2026-01-05", seed=5, events_scale=0.05)


@pytest.mark.slow
def test_orders_of_a_strategy_reach_the_venue_and_their_fills_come_back(tmp_path: Path) -> None:
    with PaperServer({"paper": {"speed": 600.0, "requests_per_minute": 0}}, data=market()) as server:
        strategy = Swing()
        live = node(server, tmp_path, [strategy])

        async def trade() -> dict[str, Any]:
            running = asyncio.create_task(live.run())
            await until(lambda: (live.session is not None and len(strategy.filled) == 20) or running.done(), 60.0)
            status = live.status()
            theirs = await live._broker.orders("all")
            live.stop()
            await running
            return {**status, "theirs": theirs}

        found = asyncio.run(trade())
    assert found["state"] == "RUNNING"
    assert found["sent"] == {"submit": 20}
    assert [row["status"] for row in found["theirs"]] == ["filled"] * 20
    prefix = f"tw-{found['journal_id'][:12]}"
    assert [row["client_order_id"] for row in found["theirs"]] == [f"{prefix}-{n}" for n in range(1, 21)]
    assert found["positions"] == [] or all(Decimal(p["qty"]) == 0 for p in found["positions"])
    report = tw.journal.verify(tmp_path / "journal")
    assert report.ok
