"""The live node under load: what it sustains, and what ten times its normal data do to it.

    python -m benches.node_load [sustained|overload] [--seconds N] [--normal 20000] [--factor 10]

The bare venue (`benches.node_venue`, a process of its own) sends quotes of five symbols in frames of up to 100; socket,
normaliser, journal and engine are this process and one thread. A strategy in the core quotes both sides once a second.

`sustained` sends as fast as the node takes it. `overload` sends `factor` times `normal` quotes a second, evenly.
Meanwhile another thread gives commands at irregular moments, as a control service would, and waits for each; a command
is timed in that thread, from before it is handed to the node's loop until its result is back; so it is before the load
begins, for comparison. Prints one JSON object: quotes a second, age of the data and commands in microseconds, memory in
MiB and KiB a second.
"""

import argparse
import asyncio
import concurrent.futures
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import tickwright as tw
from benches.node_rig import BareVenue, bare_node, bare_venue, percentiles, until_running
from benches.node_venue import SYMBOLS
from tickwright.live import LiveNode

#: As fast as the socket takes it.
ANY_RATE = 5e6
#: Mean pauses between commands, under load and before it.
PAUSE_S, REST_PAUSE_S = 0.25, 0.02
REST_S = 4.0


class Operator(threading.Thread):
    """Gives commands until it is stopped, and notes how long each took, ns."""

    def __init__(self, node: LiveNode, loop: asyncio.AbstractEventLoop, pause_s: float) -> None:
        super().__init__(daemon=True)
        self._node, self._loop, self._pause_s, self._ended = node, loop, pause_s, threading.Event()
        self.command_ns: list[int] = []
        self.status_ns: list[int] = []

    def run(self) -> None:
        """Pause and run again, or ask how it stands, after irregular pauses."""
        rng = random.Random(5)
        while not self._ended.wait(rng.expovariate(1 / self._pause_s)):
            self.command_ns.append(self._timed(lambda: self._node.command("pause", by="load", why="measured")))
            self.command_ns.append(self._timed(lambda: self._node.command("run", by="load", why="measured")))
            self.status_ns.append(self._timed(self._node.status))

    def _timed(self, act: Callable[[], object]) -> int:
        done: concurrent.futures.Future[object] = concurrent.futures.Future()
        begun = time.perf_counter_ns()
        self._loop.call_soon_threadsafe(lambda: done.set_result(act()))
        done.result(60.0)
        return time.perf_counter_ns() - begun

    def stop(self) -> None:
        """Give no more."""
        self._ended.set()
        self.join(60.0)


async def loaded(
    venue: BareVenue, state: Path, rate: float, seconds: float, size: int, durability: str
) -> dict[str, Any]:
    """Run a node under so many quotes a second and say what it did."""
    node = bare_node(venue, SYMBOLS, [tw.Quoting(10, every="1s")], state, durability=durability)
    running = asyncio.create_task(node.run())
    await until_running(node, running)
    session = node.session
    assert session is not None
    resting = Operator(node, asyncio.get_running_loop(), REST_PAUSE_S)
    resting.start()
    await asyncio.sleep(REST_S)
    await asyncio.to_thread(resting.stop)
    operator = Operator(node, asyncio.get_running_loop(), PAUSE_S)
    process, memory, ages = psutil.Process(), [], []
    first, cpu = node.status()["events"], sum(process.cpu_times()[:2])
    await asyncio.to_thread(venue.start, rate=rate, size=size, seconds=seconds + 1.0)
    begun = time.perf_counter()
    operator.start()
    while time.perf_counter() - begun < seconds and not running.done():
        await asyncio.sleep(0.25)
        memory.append(process.memory_info().rss / (1 << 20))
        ages.append(time.time_ns() - session.core.status()["now_ns"])
    took, events = time.perf_counter() - begun, session.core.status()["events"] - first
    used = sum(process.cpu_times()[:2]) - cpu
    await asyncio.to_thread(operator.stop)
    status, report = node.status(), await asyncio.to_thread(venue.report)
    node.stop()
    await running
    half = memory[len(memory) // 2 :]
    slope = float(np.polyfit(np.arange(len(half)) * 0.25, half, 1)[0]) * 1024
    return {
        "seconds": round(took, 1),
        "quotes": events,
        "quotes_a_second": round(events / took),
        "core_share": round(used / took, 2),
        "owed_by_the_venue_most": report["owed_most"],
        "age_us": percentiles(ages),
        "command_us": percentiles(operator.command_ns),
        "status_us": percentiles(operator.status_ns),
        "command_at_rest_us": percentiles(resting.command_ns),
        "frame_us": status["latency_us"]["frame"],
        "requests": status["requests"],
        "memory_mib": {"first": round(memory[0], 1), "last": round(memory[-1], 1), "most": round(max(memory), 1)},
        "memory_second_half_kib_a_second": round(slope, 1),
        "streams": status["streams"],
        "anomalies": status["anomalies"],
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benches.node_load")
    parser.add_argument("what", choices=("sustained", "overload"), nargs="?", default="sustained")
    parser.add_argument("--seconds", type=float, help="20 sustained, 120 of an overload")
    parser.add_argument("--normal", type=float, default=20_000.0, help="quotes a second that are normal")
    parser.add_argument("--factor", type=float, default=10.0)
    parser.add_argument("--size", type=int, default=100, help="quotes of a frame at most")
    parser.add_argument("--durability", default="os")
    options = parser.parse_args()
    sustained = options.what == "sustained"
    rate = ANY_RATE if sustained else options.normal * options.factor
    seconds = options.seconds or (20.0 if sustained else 120.0)
    with tempfile.TemporaryDirectory() as folder, bare_venue() as venue:
        figures = asyncio.run(loaded(venue, Path(folder), rate, seconds, options.size, options.durability))
    print(
        json.dumps(
            {
                "what": options.what,
                "durability": options.durability,
                "size": options.size,
                "load": round(os.getloadavg()[0], 1),
                **figures,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
