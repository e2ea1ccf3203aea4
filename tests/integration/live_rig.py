"""What the tests of the live node share: a node against a paper venue on loopback, moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints
from tickwright.live import LiveNode, NodeSettings
from tickwright.paper import PaperServer

KEY, SECRET = "PAPER", "paper-secret"


def made(
    server: PaperServer, state: Path, strategies: list[Any], options: dict[str, Any] | None = None, **settings: Any
) -> LiveNode:
    """Make a node whose time is that of the data, unless it is told otherwise."""
    credentials, endpoints = Credentials(KEY, SECRET), Endpoints.at(server.rest_url)
    chosen = {"symbols": ["BAC"], "state": state, "clock": "data", "durability": "os", **settings}
    options = options or {}
    clock = {"wall_ns": options["wall_ns"]} if "wall_ns" in options else {}
    return LiveNode(
        strategies,
        AlpacaBroker(credentials, endpoints=endpoints, **clock),
        AlpacaMarketData(credentials, endpoints=endpoints, **clock),
        NodeSettings(**chosen),
        lease_folder=state / "leases",
        **options,
    )


async def until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds."""
    for _ in range(int(seconds / 0.02)):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it took too long")


async def control(server: PaperServer, method: str, name: str, body: Any) -> Any:
    """Ask the venue's control routes."""
    return await asyncio.to_thread(server.control, method, name, body)


async def play(server: PaperServer, to: str) -> None:
    """Let the venue's market go on until a moment."""
    await control(server, "POST", "advance", {"to": to})


async def running(live: LiveNode) -> asyncio.Task[str]:
    """Start a node and wait until it trades."""
    task = asyncio.create_task(live.run())
    await until(lambda: (live.has_status and live.status()["state"] == "RUNNING") or task.done())
    if task.done():
        await task
    return task


async def ended(live: LiveNode, task: asyncio.Task[str]) -> None:
    """Stop a node."""
    live.stop()
    await task


def codes(live: LiveNode) -> dict[str, int]:
    """Refusals of the node by code."""
    return {code: count for code, _, count in live.status()["refused"]}
