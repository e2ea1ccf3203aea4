"""From a frame on the node's socket to the bytes of the HTTP request that answers it, stage by stage.

    python -m benches.node_latency [--orders 2000] [--rate 150] [--beside 0] [--durability group always os]

The bare venue (`benches.node_venue`, a process of its own) sends quotes at an even pace; a Python strategy answers
each with an order. Times are CLOCK_MONOTONIC's, which both processes share. With `--beside` so many quotes a second of
five other symbols pass through the same socket, and every order comes amid them. Prints one JSON object per policy,
microseconds:

    frame_to_request   from the node's socket handing over the frame to the whole request read by the receiver
    venue_to_request   from the venue's write of the frame to the same
    decided            socket to the strategy's order: WebSocket, decoder, journal's buffer, risk
    durable            to the request handed out: the record is on the disk, as the policy says
    thread             to the thread that sends it: task, lanes, budget, hand-over
    written            to the last byte given to the kernel: alpaca-py, requests, urllib3
    read               to the whole request read by the receiver
    round_trip         from the thread to the answer parsed
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benches.node_rig import BareVenue, Marks, OneEach, bare_node, bare_venue, percentiles, until_running
from benches.node_venue import SIGNAL, SYMBOLS

#: Orders at the beginning that open connections and start threads.
WARM_UP = 50


async def measured(
    venue: BareVenue, state: Path, orders: int, rate: float, beside: float, durability: str
) -> dict[str, Any]:
    """Trade so many orders and return the stages."""
    marks = Marks()
    strategy = OneEach(marks)
    symbols = [SIGNAL, *SYMBOLS] if beside else [SIGNAL]
    node = bare_node(venue, symbols, [strategy], state, durability=durability)
    with marks.put(node):
        running = asyncio.create_task(node.run())
        await until_running(node, running)
        seconds = (orders + WARM_UP) / rate
        how = {"rate": beside, "size": 100, "signal_every": max(2, round(200 / rate))} if beside else {}
        how = how or {"rate": rate, "size": 1, "signal_every": 1}
        await asyncio.to_thread(venue.start, seconds=seconds, **how)
        await asyncio.sleep(seconds + 1.0)
        report = await asyncio.to_thread(venue.report)
        status = node.status()
        node.stop()
        await running
    return {**stages(report, strategy, marks), "events": status["events"], "sent_events": report["sent"]}


def stages(report: dict[str, Any], strategy: OneEach, marks: Marks) -> dict[str, Any]:
    """Return the percentiles of each stage."""
    at = marks.stages
    rows = []
    for number, sent_ns in enumerate(report["signals"][: len(strategy.decided_ns)]):
        name = f"bench-{number}"
        if number < WARM_UP or name not in report["received"] or name not in at["answered"]:
            continue
        points = [at["bytes"][name], strategy.decided_ns[number], at["handed"][name], at["thread"][name]]
        rows.append([sent_ns, *points, at["written"][name], report["received"][name], at["answered"][name]])
    sent, taken, decided, handed, thread, written, read, answered = zip(*rows, strict=True)

    def between(begin: tuple[int, ...], end: tuple[int, ...]) -> dict[str, float | int]:
        return percentiles([b - a for a, b in zip(begin, end, strict=True)])

    return {
        "frame_to_request": between(taken, read),
        "venue_to_request": between(sent, read),
        "decided": between(taken, decided),
        "durable": between(decided, handed),
        "thread": between(handed, thread),
        "written": between(thread, written),
        "read": between(written, read),
        "round_trip": between(thread, answered),
        "signals": len(report["signals"]),
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benches.node_latency")
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--rate", type=float, default=150.0, help="orders a second")
    parser.add_argument("--beside", type=float, default=0.0, help="quotes a second of other symbols meanwhile")
    parser.add_argument("--durability", nargs="+", default=["group", "always", "os"])
    options = parser.parse_args()
    for durability in options.durability:
        with tempfile.TemporaryDirectory() as folder, bare_venue() as venue:
            run = measured(venue, Path(folder), options.orders, options.rate, options.beside, durability)
            figures = asyncio.run(run)
        load = os.getloadavg()[0]
        about = {
            "durability": durability,
            "orders_a_second": options.rate,
            "beside": options.beside,
            "load": round(load, 1),
        }
        print(json.dumps({**about, **figures}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
