"""The live node under load: quotes a second through socket, normaliser and engine, and what an overload does.

    python -m benches.node_load [--seconds 20] [--speed max] [--scale 20]

The paper venue plays a synthetic day in a process of its own, as fast as the node takes it or at a given speed; the
node's strategy, in the core, quotes both sides once a second. Once a second the node is given a command by another
task of its loop. Prints one JSON object: events a second, latencies in microseconds, memory, commands.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

import tickwright as tw
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints
from tickwright.live import Latency, LiveNode, NodeSettings
from tickwright.paper import PaperServer

SYMBOLS = ["AAPL", "AMD", "MSFT", "SPY", "TSLA"]


async def trade(url: str, seconds: float, state: Path) -> dict[str, Any]:
    """Run a node for so long and say what it did."""
    keys, here = Credentials("PAPER", "paper-secret"), Endpoints.at(url)
    settings = NodeSettings(symbols=SYMBOLS, kinds=["quotes", "trades"], clock="data", state=state, durability="os")
    broker, data = AlpacaBroker(keys, endpoints=here), AlpacaMarketData(keys, endpoints=here)
    node = LiveNode([tw.Quoting(10, every="30s")], broker, data, settings, lease_folder=state / "leases")
    running = asyncio.create_task(node.run())
    while not (node.has_status and node.status()["state"] == "RUNNING"):
        await asyncio.sleep(0.01)
    process, memory, commands = psutil.Process(), [], Latency()
    begun, first = time.perf_counter(), node.status()["events"]
    while time.perf_counter() - begun < seconds and not running.done():
        due = time.perf_counter_ns() + 1_000_000_000
        await asyncio.sleep(1.0)
        # From the moment at which the command was due: what the loop was busy with counts.
        node.command("pause", by="load", why="measured")
        node.command("run", by="load", why="measured")
        commands.add(time.perf_counter_ns() - due)
        memory.append(process.memory_info().rss >> 20)
    took, status = time.perf_counter() - begun, node.status()
    node.stop()
    await running
    return {
        "seconds": round(took, 1),
        "events": status["events"] - first,
        "events_a_second": round((status["events"] - first) / took),
        "requests": status["requests"],
        "latency_us": status["latency_us"],
        "command_us": {"p50": commands.percentile_us(50), "worst": commands.percentile_us(100), "n": commands.count},
        "memory_mib": {"first": memory[0], "last": memory[-1], "most": max(memory)},
        "streams": status["streams"],
        "anomalies": status["anomalies"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benches.node_load")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--speed", default="max", help="seconds of the market a second, or max")
    parser.add_argument("--scale", type=float, default=20.0, help="factor on the day's events")
    options = parser.parse_args()
    speed = math.inf if options.speed == "max" else float(options.speed)
    market = {"source": "synthetic", "symbols": SYMBOLS, "scale": options.scale, "seed": 3}
    paper = {"speed": speed, "requests_per_minute": 0, "data_requests_per_minute": 0, "market": market}
    with tempfile.TemporaryDirectory() as folder, PaperServer({"paper": paper}, process=True) as server:
        print(json.dumps(asyncio.run(trade(server.rest_url, options.seconds, Path(folder)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
