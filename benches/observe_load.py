"""What watching costs: CPU time for an event of a node under full load, with and without scrapes, in turn.

    python -m benches.observe_load [--rounds 10] [--seconds 4] [--scrapes 1]

The paper venue plays a synthetic day in a process of its own, as fast as the node takes it. While one node runs,
stretches in which another process scrapes the endpoint so many times a second, and alerts and objectives are looked at
every second, take turns with stretches in which nobody looks. Prints one JSON object.
"""

import argparse
import asyncio
import gzip
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest

import tickwright as tw
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints
from tickwright.config import Config
from tickwright.live import LiveNode, NodeSettings
from tickwright.observe import observing
from tickwright.paper import PaperServer

SYMBOLS = ["AAPL", "AMD", "MSFT", "SPY", "TSLA"]
SCRAPER = """
import sys, time, urllib.request
url, every = sys.argv[1], 1 / float(sys.argv[2])
while True:
    begun = time.perf_counter()
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    urllib.request.urlopen(request, timeout=10).read()
    time.sleep(max(0.0, every - (time.perf_counter() - begun)))
"""


async def measure(url: str, rounds: int, seconds: float, scrapes: float, state: Path) -> dict[str, Any]:
    """Run a node and say what each stretch took in."""
    keys, here = Credentials("PAPER", "paper-secret"), Endpoints.at(url)
    settings = NodeSettings(symbols=SYMBOLS, kinds=["quotes", "trades"], clock="data", state=state, durability="os")
    broker, data = AlpacaBroker(keys, endpoints=here), AlpacaMarketData(keys, endpoints=here)
    node = LiveNode([tw.Quoting(10, every="30s")], broker, data, settings, lease_folder=state / "leases")
    running = asyncio.create_task(node.run())
    while not (node.has_status and node.status()["state"] == "RUNNING"):
        await asyncio.sleep(0.01)
    config = Config.model_validate({"metrics": {"listen": "127.0.0.1:0"}})
    await asyncio.sleep(3.0)

    async def stretch(length_s: float) -> float:
        """CPU time of this process for an event, ns: what the rate at full load follows from, whoever else is busy."""
        begun, first = time.process_time(), node.status()["events"]
        await asyncio.sleep(length_s)
        return (time.process_time() - begun) * 1e9 / (node.status()["events"] - first)

    async def watched() -> float:
        with observing(node, asyncio.get_running_loop(), config) as observation:
            scraper = subprocess.Popen([sys.executable, "-c", SCRAPER, f"{observation.url}/metrics", str(scrapes)])
            await asyncio.sleep(0.5)  # the scraper's own start is not what is measured
            try:
                found = await stretch(seconds)
                readings_us.append(observation.metrics.reader.take().took_s * 1e6)
                return found
            finally:
                scraper.kill()
                scraper.wait()

    async def parts() -> dict[str, float]:
        """CPU time of each part of one scrape and one look, ms: what is left of noise when others are busy, too."""
        taken, scraped, looked = [], [], []
        quiet = Config.model_validate({"metrics": {"listen": "127.0.0.1:0"}, "alerts": {"every_s": 1e6}})
        with observing(node, asyncio.get_running_loop(), quiet) as observation:
            metrics = observation.metrics

            def in_thread(act: Callable[[], object], kept: list[float]) -> None:
                begun = time.thread_time()
                act()
                kept.append((time.thread_time() - begun) * 1e3)

            for _ in range(100):
                in_thread(metrics.reader.take, taken)
                scrape = lambda: gzip.compress(generate_latest(metrics.registry), compresslevel=1)  # noqa: E731
                await asyncio.to_thread(in_thread, scrape, scraped)
                await asyncio.to_thread(in_thread, observation.look, looked)
                await asyncio.sleep(0.02)
        found = {"reading": taken, "scrape": scraped, "look": looked}
        medians = {name: statistics.median(values) for name, values in found.items()}
        # The node's loop is asked by both; a second of one core has 1,000 ms.
        percent = (2 * medians["reading"] + scrapes * medians["scrape"] + medians["look"]) / 10
        return {**{name: round(value, 3) for name, value in medians.items()}, "percent_of_a_core": round(percent, 2)}

    readings_us: list[float] = []
    cpu_ms = await parts()
    costs = []
    for _ in range(rounds):
        # Plain, watched, watched, plain: what drifts falls on both alike.
        first, second, third, last = await stretch(seconds), await watched(), await watched(), await stretch(seconds)
        costs.append(((second + third) / (first + last) - 1) * 100)
    node.stop()
    await running
    return {
        "cost_percent": {"median": round(statistics.median(costs), 2), "each": [round(cost, 2) for cost in costs]},
        "cpu_ms": cpu_ms,
        "event_ns": round(last),
        "reading_us": round(statistics.median(readings_us)),
        "n": rounds,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benches.observe_load")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--scrapes", type=float, default=1.0, help="a second")
    options = parser.parse_args()
    market = {"source": "synthetic", "symbols": SYMBOLS, "scale": 20.0, "seed": 3}
    paper = {"speed": math.inf, "requests_per_minute": 0, "data_requests_per_minute": 0, "market": market}
    paper["at_end"] = "loop"
    with tempfile.TemporaryDirectory() as folder, PaperServer({"paper": paper}, process=True) as server:
        found = asyncio.run(measure(server.rest_url, options.rounds, options.seconds, options.scrapes, Path(folder)))
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
