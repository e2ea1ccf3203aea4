"""A node against the bare venue of `benches.node_venue`, and the marks of time along the way of an order."""

import asyncio
import http.client
import json
import math
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tickwright as tw
from benches.node_venue import SIGNAL
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints, RequestSettings
from tickwright.live import LiveNode, NodeSettings

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class BareVenue:
    """A running `benches.node_venue`."""

    http: int
    sockets: int

    @property
    def endpoints(self) -> Endpoints:
        """Where it is."""
        rest, sockets = f"http://127.0.0.1:{self.http}", f"ws://127.0.0.1:{self.sockets}"
        return Endpoints(rest, f"{sockets}/stream", rest, sockets)

    def start(self, **how: float) -> None:
        """Let it send."""
        self._ask("start", json.dumps(how).encode())

    def report(self) -> dict[str, Any]:
        """Ask what it sent and got."""
        return dict(self._ask("report", None))

    def _ask(self, what: str, body: bytes | None) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/bench/{what}", body) as answer:
            return json.load(answer)


@contextmanager
def bare_venue() -> Iterator[BareVenue]:
    """Run a venue in a process of its own."""
    command = [sys.executable, "-m", "benches.node_venue"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        http_port, sockets = process.stdout.readline().split()
        yield BareVenue(int(http_port), int(sockets))
    finally:
        process.kill()
        process.wait()


class OneEach(tw.Strategy):
    """Answers each quote of `SIGNAL` with one order, and looks at no other."""

    def __init__(self, marks: "Marks") -> None:
        super().__init__()
        self.marks = marks
        self.decided_ns: list[int] = []

    def on_quote(self, quote: Any) -> None:
        """Order where the quote is a signal."""
        if quote.symbol == SIGNAL:
            name = f"bench-{len(self.decided_ns)}"
            self.submit(SIGNAL, "buy", 1, limit=quote.bid, tif="ioc", client_order_id=name)
            self.decided_ns.append(time.monotonic_ns())
            self.marks.stages["bytes"][name] = self.marks.bytes_ns


def bare_node(venue: BareVenue, symbols: Sequence[str], strategies: list[Any], state: Path, **more: Any) -> LiveNode:
    """Return a node that trades at the venue without a budget of requests in its way."""
    keys, requests = Credentials("BENCHMARK", "no-secret-at-all"), RequestSettings(rate_limit=10_000_000)
    chosen = {"symbols": list(symbols), "kinds": ["quotes"], "clock": "data", "state": state, **more}
    chosen |= {"sessions": False, "actions": False}  # the bare venue has neither calendar nor announcements
    return LiveNode(
        strategies,
        AlpacaBroker(keys, endpoints=venue.endpoints, settings=requests),
        AlpacaMarketData(keys, endpoints=venue.endpoints),
        NodeSettings(**chosen),
        lease_folder=state / "leases",
    )


async def until_running(node: LiveNode, running: "asyncio.Task[str]") -> None:
    """Wait until orders may leave."""
    while not (node.has_status and node.status()["state"] == "RUNNING"):
        if running.done():
            running.result()
        await asyncio.sleep(0.01)


class Marks:
    """When each order passed each stage inside the node, ns of CLOCK_MONOTONIC, by its name."""

    def __init__(self) -> None:
        self.bytes_ns = 0
        self.stages: dict[str, dict[str, int]] = {
            name: {} for name in ("bytes", "handed", "thread", "written", "answered")
        }
        self._thread = threading.local()

    @contextmanager
    def put(self, node: LiveNode) -> Iterator[None]:
        """Wrap the functions at which stages begin; each mark costs below a microsecond."""
        from websockets.asyncio.connection import Connection

        taken, written = Connection.data_received, http.client.HTTPConnection.send
        sent, called = node._desk.send, node._broker._requests.rest.call  # type: ignore[attr-defined]
        marks, stages, thread = self, self.stages, self._thread

        def data_received(connection: Any, data: bytes) -> None:
            marks.bytes_ns = time.monotonic_ns()
            taken(connection, data)

        def hand(request: dict[str, Any]) -> None:
            name = request["client_order_id"]
            stages["handed"][name] = time.monotonic_ns()
            sent(request)

        def call(method: str, path: str, *, params: Mapping[str, Any] | None = None, version: Any = None) -> Any:
            begun = time.monotonic_ns()
            thread.name = name = (params or {}).get("client_order_id", "")
            stages["thread"][name] = begun
            reply = called(method, path, params=params, version=version)
            stages["answered"][name] = time.monotonic_ns()
            return reply

        def send(connection: Any, data: Any) -> None:
            written(connection, data)
            if name := getattr(thread, "name", ""):
                stages["written"][name] = time.monotonic_ns()

        Connection.data_received = data_received  # type: ignore[method-assign]
        http.client.HTTPConnection.send = send  # type: ignore[method-assign, assignment]
        node._desk.send = hand  # type: ignore[method-assign]
        rest = node._broker._requests.rest  # type: ignore[attr-defined]
        rest.call = call
        try:
            yield
        finally:
            Connection.data_received = taken  # type: ignore[method-assign]
            http.client.HTTPConnection.send = written  # type: ignore[method-assign]


def percentiles(ns: Sequence[int]) -> dict[str, float | int]:
    """Return microseconds at the 50th, 90th and 99th percentile, the worst, and how many."""
    ordered = sorted(ns)
    if not ordered:
        return {"n": 0}
    at = {f"p{p}": ordered[max(0, math.ceil(len(ordered) * p / 100) - 1)] / 1_000 for p in (50, 90, 99)}
    return {
        **{name: round(us, 1) for name, us in at.items()},
        "worst": round(ordered[-1] / 1_000, 1),
        "n": len(ordered),
    }
