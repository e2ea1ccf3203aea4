"""The paper venue's server: an order through HTTP, against any answer and a bare service, in processes of their own."""

import atexit
import itertools
import json
import socket
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from benches.registry import Work, measure
from tickwright.paper import PaperServer

ROOT = Path(__file__).resolve().parent.parent
REQUESTS = 96
NAMES = itertools.count()
HEAD = (
    "POST /v2/orders HTTP/1.1\r\nHost: paper\r\nAPCA-API-KEY-ID: K\r\nAPCA-API-SECRET-KEY: s\r\n"
    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n"
)
# It cannot trade and is canceled at once, so that the venue's books stay as they are.
ORDER = {"symbol": "ALFA", "qty": "1", "side": "buy", "type": "limit", "time_in_force": "ioc", "limit_price": "1"}


@lru_cache
def venue() -> int:
    """Start a paper venue and return its port."""
    market = {"source": "synthetic", "symbols": ["ALFA"], "scale": 0.1}
    accounts = [{"key": "K", "secret": "s", "cash": 1e9}]
    paper = {"market": market, "accounts": accounts, "requests_per_minute": 0, "bars": False}
    server = PaperServer({"paper": paper}, process=True)
    server.__enter__()
    atexit.register(server.stop)
    return server.urls.port


@lru_cache
def bare(kind: str) -> int:
    """Start a server that knows one answer and return its port."""
    command = [sys.executable, "-m", "benches.bare_http", kind]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    atexit.register(process.terminate)
    assert process.stdout is not None
    return int(process.stdout.readline())


def connected(port: int) -> socket.socket:
    """Open a connection that sends at once."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def answered(connection: socket.socket) -> None:
    """Read one answer, which must be of success."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65_536)
    head, _, rest = got.partition(b"\r\n\r\n")
    line = next(x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:"))
    missing = int(line.split(b":")[1]) - len(rest)
    while missing > 0:
        missing -= len(connection.recv(65_536))
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(got.decode())


def posted(port: int, connections: int = 1) -> Work:
    """Orders over so many connections, one under way on each."""
    open_ones = [connected(port) for _ in range(connections)]

    def run() -> int:
        for _ in range(REQUESTS // connections):
            for connection in open_ones:
                body = json.dumps({**ORDER, "client_order_id": f"{next(NAMES)}"})
                connection.sendall((HEAD.format(len(body)) + body).encode())
            for connection in open_ones:
                answered(connection)
        return REQUESTS

    return Work(run, items=REQUESTS // connections * connections)


@measure("paper_order")
def paper_order() -> Work:
    return posted(venue())


@measure("paper_order_8")
def paper_order_8() -> Work:
    return posted(venue(), 8)


@measure("http_bare")
def http_bare() -> Work:
    return posted(bare("asgi"))


@measure("http_starlette")
def http_starlette() -> Work:
    return posted(bare("starlette"))


@measure("http_starlette_8")
def http_starlette_8() -> Work:
    return posted(bare("starlette"), 8)
