"""The live node, all of it in this process: quotes through it, and the way from a frame to the order's request."""

import asyncio
import atexit
import itertools
import json
import socket
import statistics
import tempfile
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

import tickwright as tw
from benches.node_rig import BareVenue, Marks, OneEach, bare_node, bare_venue, until_running
from benches.node_venue import SIGNAL, SYMBOLS
from benches.registry import Work, measure
from tickwright.live import LiveNode

SECONDS = 0.6
#: More than any node takes.
ANY_RATE = 5e6
ORDERS, ORDERS_A_SECOND = 60, 120.0
POSTS = 100
NAMES = itertools.count()


class Running:
    """A node on a loop of its own thread, and its venue, until the process ends."""

    def __init__(self, symbols: tuple[str, ...], strategies: list[Any], marks: Marks | None = None) -> None:
        self._scope = bare_venue()
        self.venue: BareVenue = self._scope.__enter__()
        folder = tempfile.TemporaryDirectory()
        self.node: LiveNode = bare_node(self.venue, symbols, strategies, Path(folder.name), durability="os")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._marking: AbstractContextManager[None] = nullcontext() if marks is None else marks.put(self.node)
        self._marking.__enter__()
        self._life = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30.0)
        atexit.register(self._end, folder)

    async def _start(self) -> "asyncio.Task[str]":
        life = asyncio.create_task(self.node.run())
        await until_running(self.node, life)
        return life

    def _end(self, folder: Any) -> None:
        self._loop.call_soon_threadsafe(self.node.stop)
        asyncio.run_coroutine_threadsafe(asyncio.wait_for(self._life, 20.0), self._loop).result(30.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)
        self._scope.__exit__(None, None, None)
        folder.cleanup()

    def events(self) -> int:
        """Return how many it has taken in."""
        session = self.node.session
        assert session is not None
        return int(asyncio.run_coroutine_threadsafe(self._ask(session.core), self._loop).result(30.0))

    async def _ask(self, core: Any) -> int:
        return int(core.status()["events"])


@lru_cache
def loaded() -> Running:
    """Return a node whose strategy, in the core, quotes once a minute."""
    return Running(SYMBOLS, [tw.Quoting(10, every="60s")])


def events(size: int) -> Work:
    """Send as fast as the node takes it, and see how long a quote takes."""
    running = loaded()

    def seconds() -> float:
        running.venue.start(rate=ANY_RATE, size=size, seconds=SECONDS + 0.4)
        time.sleep(0.1)  # until the socket is full
        begun, first = time.perf_counter(), running.events()
        time.sleep(SECONDS)
        taken, took = running.events() - first, time.perf_counter() - begun
        while not running.venue.report()["done"]:
            time.sleep(0.02)
        if taken < 1_000:
            raise RuntimeError(f"the node took {taken} quotes in {took:.2f} s")
        return took / taken

    return Work(None, items=1, seconds=seconds)


@measure("node_events_100")
def node_events_100() -> Work:
    return events(100)


@measure("node_events_1")
def node_events_1() -> Work:
    return events(1)


@lru_cache
def trading() -> tuple[Running, OneEach]:
    """Return a node that answers every signal with an order."""
    marks = Marks()
    strategy = OneEach(marks)
    return Running((SIGNAL,), [strategy], marks), strategy


@measure("node_frame_to_request")
def node_frame_to_request() -> Work:
    running, strategy = trading()

    def seconds() -> float:
        first = len(strategy.decided_ns)
        running.venue.start(rate=ORDERS_A_SECOND, size=1, seconds=ORDERS / ORDERS_A_SECOND, signal_every=1)
        time.sleep(ORDERS / ORDERS_A_SECOND + 0.3)
        received, bytes_ns = running.venue.report()["received"], strategy.marks.stages["bytes"]
        names = [f"bench-{number}" for number in range(first, len(strategy.decided_ns))]
        took = [received[name] - bytes_ns[name] for name in names if name in received]
        if len(took) < ORDERS // 2:
            raise RuntimeError(f"{len(took)} of {ORDERS} orders arrived")
        return statistics.median(took) / 1e9

    return Work(None, items=1, seconds=seconds)


def order() -> dict[str, str]:
    """Return an order of a new name."""
    kind = {"symbol": SIGNAL, "qty": "1", "side": "buy", "type": "limit", "time_in_force": "ioc", "limit_price": "100"}
    return {**kind, "client_order_id": f"floor-{next(NAMES)}"}


@measure("http_post_bare")
def http_post_bare() -> Work:
    connection = socket.create_connection(("127.0.0.1", trading()[0].venue.http))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run() -> int:
        for _ in range(POSTS):
            body = json.dumps(order()).encode()
            head = b"POST /v2/orders HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n" % len(body)
            connection.sendall(head + body)
            got = connection.recv(65_536)
            if not got.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(got.decode())
        return POSTS

    return Work(run, items=POSTS)


@measure("alpaca_py_order")
def alpaca_py_order() -> Work:
    from alpaca.trading.client import TradingClient

    url = trading()[0].venue.endpoints.trading
    client = TradingClient("BENCHMARK", "no-secret-at-all", raw_data=True, url_override=url)

    def run() -> int:
        for _ in range(POSTS):
            client.post("/orders", order())
        return POSTS

    return Work(run, items=POSTS)
