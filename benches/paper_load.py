"""Loads the paper venue's server from another process: orders a second over HTTP, quotes a second over one socket.

    python -m benches.paper_load [--seconds N] [--scale X]

The server has a core of its own where there are two; the client's share is in the figures. Orders are limit orders that
cannot trade and are canceled at once, so that the venue's books stay as they are.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time

import msgpack
import psutil
from websockets.sync.client import connect

from tickwright.paper import PaperServer

ACCOUNTS = [{"key": "K0", "secret": "s", "cash": 1e9}]
SYMBOLS = ["ALFA", "BRVO", "CHRL", "DLTA", "ECHO"]
HEAD = (
    "POST /v2/orders HTTP/1.1\r\nHost: paper\r\nAPCA-API-KEY-ID: K0\r\nAPCA-API-SECRET-KEY: s\r\n"
    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n"
)


def settings(scale: float, **more: object) -> dict[str, dict[str, object]]:
    """Return a configuration without limits."""
    market = {"source": "synthetic", "symbols": SYMBOLS, "scale": scale}
    free = {"requests_per_minute": 0, "data_requests_per_minute": 0}
    return {"paper": {"accounts": ACCOUNTS, "market": market, "bars": False, **free, **more}}


def cpu_seconds(server: PaperServer) -> float:
    """Return the processor time that the server has used."""
    used = psutil.Process(server.pid).cpu_times()
    return float(used.user + used.system)


async def post(host: str, port: int, name: str, end: float, latencies: list[float]) -> None:
    """Send orders one after the other over one connection until `end`."""
    reader, writer = await asyncio.open_connection(host, port)
    order = {"symbol": "ALFA", "qty": "1", "side": "buy", "type": "limit", "time_in_force": "ioc", "limit_price": "1"}
    count = 0
    while time.perf_counter() < end:
        body = json.dumps({**order, "client_order_id": f"{name}-{count}"})
        began = time.perf_counter()
        writer.write((HEAD.format(len(body)) + body).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        answer = await reader.readexactly(int(length.split(b":")[1]))
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        latencies.append(time.perf_counter() - began)
        count += 1
    writer.close()


async def orders(server: PaperServer, connections: int, seconds: float) -> list[float]:
    """Return the latencies of the orders that `connections` at once get through in `seconds`."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds
    host, port = server.urls.host, server.urls.port
    mark = time.time_ns()
    await asyncio.gather(*(post(host, port, f"{mark}-{i}", end, latencies) for i in range(connections)))
    return latencies


def quotes(server: PaperServer, form: str) -> tuple[int, int, float]:
    """Return quotes, frames and seconds of the whole market over one socket."""
    packed = form == "msgpack"
    headers = {"Content-Type": "application/msgpack"} if packed else {}
    write = msgpack.packb if packed else json.dumps
    with connect(server.stock_stream_url, additional_headers=headers, max_size=None, compression=None) as socket:
        socket.recv()
        for message in ({"action": "auth", "key": "K0", "secret": "s"}, {"action": "subscribe", "quotes": ["*"]}):
            socket.send(write(message))
            socket.recv()
        began = time.perf_counter()
        frames = []
        while True:
            try:
                frames.append(socket.recv(2.0))
                ended = time.perf_counter()
            except TimeoutError:
                break
    read = msgpack.unpackb if packed else json.loads
    return sum(len(read(frame)) for frame in frames), len(frames), ended - began


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--scale", type=float, default=6.0, help="events of the market: 6 is about 1.7 M quotes")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for said, more in (("in memory", {}), ("with a journal in groups", {"journal": f"{folder}/journal"})):
            with PaperServer(settings(0.2, **more), process=True) as server:
                for connections in (1, 4, 8, 16):
                    before = cpu_seconds(server)
                    found = sorted(asyncio.run(orders(server, connections, chosen.seconds)))
                    rate, p99 = len(found) / chosen.seconds, found[int(len(found) * 0.99)]
                    cost = (cpu_seconds(server) - before) / len(found)
                    print(
                        f"orders {said}, {connections} connections: {rate:,.0f}/s (n = {len(found):,}), "
                        f"p50 {statistics.median(found) * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms; "
                        f"{cost * 1e6:.0f} µs of the server's core each: {1 / cost:,.0f}/s"
                    )
    for form in ("msgpack", "json"):
        with PaperServer(settings(chosen.scale, speed=float("inf")), process=True) as server:
            before = cpu_seconds(server)
            count, frames, seconds = quotes(server, form)
            cost = (cpu_seconds(server) - before) / count
            print(
                f"quotes as {form}: {count / seconds:,.0f}/s (n = {count:,} in {frames:,} frames); "
                f"{cost * 1e9:.0f} ns of the server's core each"
            )


if __name__ == "__main__":
    main()
