"""A node with its whole control plane in a process of its own, for load from others.

    python -m benches.control_node [--speed 60] [--scale 0.2] [--rate QUOTES_A_SECOND] [--flood ROWS_A_SECOND]

The paper venue is a process too. With ``--rate`` it is the bare one (`benches.node_venue`), which costs the machine
next to nothing, and sends so many quotes a second in even frames of up to 100. With ``--flood`` frames of quotes that
were made before are shown to the node's taps, on its loop, as if they had come: so many rows a second, 0 for as many as
are taken. It prints one JSON object with address and token, answers each line of its standard input with one more
(counts and latencies of the node), and ends with it.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

import tickwright as tw
from benches.measures_alpaca import frames
from benches.node_rig import BareVenue, bare_node, bare_venue
from benches.node_venue import SYMBOLS as BARE_SYMBOLS
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints
from tickwright.config import Config
from tickwright.control import Role, TokenStore, control_server
from tickwright.live import Latency, LiveNode, NodeSettings
from tickwright.paper import PaperServer

SYMBOLS = ["AAPL", "AMD", "MSFT", "SPY", "TSLA"]
FRAME_ROWS = 100


class Flood:
    """Shows prepared frames to the taps of a node, on its loop."""

    def __init__(self, node: LiveNode, rows_a_second: float) -> None:
        self._node, self._rate = node, rows_a_second
        self._frames = frames(FRAME_ROWS, "msgpack", 50_000)
        self.rows = 0

    async def run(self) -> None:
        at, begun = 0, time.perf_counter()
        while True:
            taps = self._node.taps
            due = self.rows + 20 * FRAME_ROWS if not self._rate else (time.perf_counter() - begun) * self._rate
            while taps and self.rows < due:
                for tap in taps:
                    tap(self._frames[at], time.time_ns())
                at = (at + 1) % len(self._frames)
                self.rows += FRAME_ROWS
            if not taps:
                begun, self.rows = time.perf_counter(), 0
            await asyncio.sleep(0.001)


class Stalls:
    """How late a loop is that wants to wake every millisecond."""

    def __init__(self) -> None:
        self.late = Latency()

    async def run(self) -> None:
        while True:
            due = time.perf_counter_ns() + 1_000_000
            await asyncio.sleep(0.001)
            self.late.add(max(0, time.perf_counter_ns() - due))


def figures(latency: Latency) -> dict[str, Any]:
    return {"n": latency.count, **{f"p{p}": latency.percentile_us(p) for p in (50, 99, 99.9, 100)}}


def paper_node(url: str, folder: Path) -> LiveNode:
    """A node at the paper venue."""
    keys, here = Credentials("PAPER", "paper-secret"), Endpoints.at(url)
    return LiveNode(
        [tw.Quoting(10, every="30s")],
        AlpacaBroker(keys, endpoints=here),
        AlpacaMarketData(keys, endpoints=here),
        NodeSettings(
            symbols=SYMBOLS,
            kinds=["quotes", "trades"],
            clock="data",
            durability="os",
            state=folder,
            url=url,
            reconcile_every_s=0,
        ),
        lease_folder=folder / "leases",
    )


async def serve(options: argparse.Namespace, venue: str | BareVenue, folder: Path) -> None:
    if isinstance(venue, str):
        node = paper_node(venue, folder)
    else:
        quoting = [tw.Quoting(10, every="1s")]
        node = bare_node(venue, BARE_SYMBOLS, quoting, folder, durability=options.durability, reconcile_every_s=0)
    control = {"listen": ["127.0.0.1:0"], "requests_per_second": 0, "streams_per_caller": 0}
    config = Config.model_validate({"node": {"state": str(folder)}, "control": control})
    loop = asyncio.get_running_loop()
    token = TokenStore(config.control.tokens_path(folder)).create("load", Role.ADMIN)[1]
    running = asyncio.create_task(node.run())
    while not (node.has_status and node.status()["state"] == "RUNNING"):
        await asyncio.sleep(0.01)
        if running.done():
            running.result()
    work: list[Any] = [Stalls()]
    if not options.stalls:
        work[0].run = lambda: asyncio.sleep(0)
    if options.flood is not None:
        work.append(Flood(node, options.flood))
    tasks = [asyncio.create_task(one.run()) for one in work]
    if not isinstance(venue, str):
        await asyncio.to_thread(venue.start, rate=options.rate, size=FRAME_ROWS, seconds=3_600)
    lines: asyncio.Queue[str] = asyncio.Queue()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        if not loop.is_closed():
            loop.call_soon_threadsafe(lines.put_nowait, "")

    threading.Thread(target=listen, daemon=True).start()
    with control_server(node, loop, config) as server:
        print(json.dumps({"address": server.addresses[0], "token": token}), flush=True)
        process = psutil.Process()
        while await lines.get():
            status = node.status()
            said = {
                "events": status["events"],
                "frame": figures(node._session().latency),
                "late": figures(work[0].late),
                "rss_mib": process.memory_info().rss >> 20,
                "cpu_s": sum(process.cpu_times()[:2]),
                "state": status["state"],
            }
            node._session().latency, work[0].late = Latency(), Latency()
            print(json.dumps(said), flush=True)
    for task in tasks:
        task.cancel()
    node.stop()
    await running


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benches.control_node")
    parser.add_argument("--speed", default="60", help="seconds of the market a second, or max")
    parser.add_argument("--scale", type=float, default=0.2, help="factor on the day's events")
    parser.add_argument("--rate", type=float, help="quotes a second of the bare venue, in place of the paper venue")
    parser.add_argument("--durability", default="os", choices=["os", "group", "always"], help="with --rate")
    parser.add_argument("--flood", type=float, help="rows a second shown to the taps; 0: as many as are taken")
    parser.add_argument("--stalls", action="store_true", help="measure how late the loop is, once a millisecond")
    options = parser.parse_args()
    if options.rate is not None:
        with tempfile.TemporaryDirectory() as folder, bare_venue() as venue:
            asyncio.run(serve(options, venue, Path(folder)))
        return 0
    speed = math.inf if options.speed == "max" else float(options.speed)
    market = {"source": "synthetic", "symbols": SYMBOLS, "scale": options.scale, "seed": 3}
    paper = {"speed": speed, "requests_per_minute": 0, "data_requests_per_minute": 0, "market": market}
    with tempfile.TemporaryDirectory() as folder, PaperServer({"paper": paper}, process=True) as server:
        asyncio.run(serve(options, server.rest_url, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
