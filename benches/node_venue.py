"""A venue that costs next to nothing, in a process of its own: what a node needs of Alpaca, at a pace that is kept.

    python -m benches.node_venue

It prints the ports of HTTP and of its WebSockets, and lives until it is killed. Orders are taken and canceled at
once (IOC limits that do not trade). ``POST /bench/start`` begins to send quotes: `rate` a second in frames of up to
`size`, at even moments, for `seconds`; every `signal_every`-th frame is a quote of `SIGNAL` alone, to which a strategy
answers. ``GET /bench/report`` gives what was sent and when what came, in ns of CLOCK_MONOTONIC, which all processes of
a machine share.
"""

import asyncio
import gc
import json
import struct
import sys
import time
from typing import Any

import msgpack
import numpy as np
import websockets
from websockets.asyncio.server import ServerConnection

from benches.stream_server import on_the_wire

SYMBOLS = ("AAPL", "AMZN", "MSFT", "NVDA", "TSLA")
SIGNAL = "SPYX"
TICK_S = 0.005
#: More than this in the socket's buffer waits with the venue instead.
WAITING_BYTES = 1 << 20
#: Quotes of one write at most.
COUNT_MAX = 5_000
ROUND = 1_000


def row(symbol: str, bid: float, at_ns: int) -> bytes:
    """Return one quote as Alpaca packs it; of one length whatever its numbers."""
    quote = {"T": "q", "S": symbol, "bx": "V", "bp": bid, "bs": 300, "ax": "V", "ap": round(bid + 0.02, 2), "as": 400}
    packed: bytes = msgpack.packb({**quote, "c": ["R"], "z": "C", "t": wire_time(at_ns)})
    return packed


def wire_time(at_ns: int) -> msgpack.Timestamp:
    """Return a time as the wire has it."""
    return msgpack.Timestamp(*divmod(at_ns, 10**9))


def stamp(at_ns: int) -> bytes:
    """Return the eight bytes of a time: 30 bits of nanoseconds, 34 of seconds."""
    seconds, nanoseconds = divmod(at_ns, 10**9)
    return struct.pack(">Q", nanoseconds << 34 | seconds)


class Quotes:
    """Frames of quotes whose prices walk and come round again, stamped with the time at which they are sent."""

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(7)
        half = np.cumsum(rng.choice([-0.01, 0.0, 0.01], ROUND // 2))
        walk = np.concatenate([half, half[::-1]])  # back to where it began, without a jump
        base = {symbol: 150.0 + 60.0 * number for number, symbol in enumerate(SYMBOLS)}
        rows = [
            row(SYMBOLS[i % 5], round(base[SYMBOLS[i % 5]] + walk[i], 2), 1_700_000_000_123_456_789)
            for i in range(ROUND)
        ]
        self._rows = np.frombuffer(b"".join(rows), np.uint8).reshape(ROUND, -1).copy()
        self._size, self._next = size, 0

    def wire(self, count: int, at_ns: int) -> bytes:
        """Return frames of the next `count` quotes, ready for the socket."""
        self._rows[:, -8:] = np.frombuffer(stamp(at_ns), np.uint8)
        parts = []
        while count > 0:
            n = min(count, self._size, ROUND - self._next)
            body = self._rows[self._next : self._next + n].tobytes()
            parts.append(on_the_wire(struct.pack(">BH", 0xDC, n) + body))
            self._next = (self._next + n) % ROUND
            count -= n
        return b"".join(parts)


class Venue:
    """What is sent, and what came."""

    def __init__(self) -> None:
        self.data: ServerConnection | None = None
        self.updates: ServerConnection | None = None
        self.received: dict[str, int] = {}
        self.signals: list[int] = []
        self.sent = self.owed_most = self.late_ns_most = 0
        self.done = False
        self.sending: asyncio.Task[None] | None = None

    def start(self, rate: float, size: int, seconds: float, signal_every: int = 0) -> None:
        """Begin to send."""
        self.received.clear()
        self.signals.clear()
        self.sent = self.owed_most = self.late_ns_most = 0
        self.done = False
        paced = self._signals(rate, seconds) if signal_every == 1 else self._load(rate, size, seconds, signal_every)
        self.sending = asyncio.create_task(paced)

    async def _signals(self, rate: float, seconds: float) -> None:
        """Send one signal at a time, nothing else."""
        assert self.data is not None
        begun, number = time.monotonic(), 0
        while (due := begun + number / rate) < begun + seconds:
            await asyncio.sleep(due - time.monotonic())
            self._signal()
            number += 1
        self.done = True

    async def _load(self, rate: float, size: int, seconds: float, signal_every: int) -> None:
        """Send `rate` quotes a second, what falls due in each tick together; what the socket does not take is owed."""
        assert self.data is not None
        quotes, transport = Quotes(size), self.data.transport
        begun, frames = time.monotonic(), 0
        while (now := time.monotonic()) < begun + seconds:
            owed = int((now - begun) * rate) - self.sent
            self.owed_most = max(self.owed_most, owed)
            # No more at a time than a tick's share twice over: catching up is even too.
            count = min(owed, int(2 * rate * TICK_S) + size, COUNT_MAX)
            if count > 0 and transport.get_write_buffer_size() < WAITING_BYTES:
                transport.write(quotes.wire(count, time.time_ns()))
                self.sent += count
                frames += 1
                if signal_every and frames % signal_every == 0:
                    self._signal()
            behind = time.monotonic() - now - TICK_S
            await asyncio.sleep(TICK_S - max(0.0, behind) if owed <= count else 0.0005)
        self.done = True

    def _signal(self) -> None:
        assert self.data is not None
        frame = on_the_wire(b"\x91" + row(SIGNAL, round(100.0 + len(self.signals) % 50 / 100, 2), time.time_ns()))
        self.signals.append(time.monotonic_ns())
        self.data.transport.write(frame)

    async def stream(self, connection: ServerConnection) -> None:
        """Speak as the market data stream, or as that of the trade updates."""
        if connection.request is not None and connection.request.path == "/stream":
            return await self._updates(connection)
        await connection.send(msgpack.packb([{"T": "success", "msg": "connected"}]))
        await connection.recv()
        await connection.send(msgpack.packb([{"T": "success", "msg": "authenticated"}]))
        asked = msgpack.unpackb(await connection.recv())
        asked.pop("action")
        await connection.send(msgpack.packb([{"T": "subscription", **asked}]))
        self.data = connection
        await connection.wait_closed()
        if self.sending is not None:
            self.sending.cancel()

    async def _updates(self, connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(json.dumps({"stream": "authorization", "data": {"status": "authorized"}}))
        await connection.recv()
        await connection.send(json.dumps({"stream": "listening", "data": {"streams": ["trade_updates"]}}))
        self.updates = connection
        await connection.wait_closed()

    def answer(self, method: str, path: str, body: bytes, at_ns: int) -> Any:
        """Answer a request that came whole at `at_ns`."""
        if path == "/bench/start":
            self.start(**json.loads(body))
            return {}
        if path == "/bench/report":
            names = ("sent", "owed_most", "done", "signals", "received")
            return {name: getattr(self, name) for name in names}
        if method == "POST":
            order = json.loads(body)
            name = order["client_order_id"]
            self.received[name] = at_ns
            return self._take(order)
        if path == "/v2/account":
            return {"id": "bench", "account_number": "BENCH", "status": "ACTIVE", "cash": "1000000000"}
        if path == "/v2/clock":
            return {"timestamp": np.datetime64(time.time_ns(), "ns").astype(str) + "Z", "is_open": True}
        if path.startswith("/v2/calendar"):
            days = np.arange(np.datetime64("today") - 4, np.datetime64("today") + 35)
            hours = {"open": "00:00", "close": "23:59", "session_open": "0000", "session_close": "2359"}
            return [{"date": str(day), **hours} for day in days]
        return []

    def _take(self, order: dict[str, Any]) -> dict[str, Any]:
        known = {"id": f"venue-{order['client_order_id']}", "asset_class": "us_equity", "filled_qty": "0"}
        taken = {**order, **known, "filled_avg_price": None, "status": "new", "order_class": "simple", "legs": None}
        if self.updates is not None:
            data = {"event": "canceled", "order": {**taken, "status": "canceled"}}
            wire = json.dumps({"stream": "trade_updates", "data": data}).encode()
            asyncio.get_running_loop().call_later(0.001, self.updates.transport.write, on_the_wire(wire))
        return taken


class Http(asyncio.Protocol):
    """HTTP/1.1 with nothing between the socket and the clock."""

    def __init__(self, venue: Venue) -> None:
        self._venue, self._held = venue, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request as soon as it is whole."""
        at_ns = time.monotonic_ns()
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end]
            mark = head.lower().find(b"content-length:")
            whole = end + 4 + (int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0)
            if len(self._held) < whole:
                return
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            body, self._held = self._held[end + 4 : whole], self._held[whole:]
            answer = json.dumps(self._venue.answer(method, target.split("?")[0], body, at_ns)).encode()
            lines = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            self._transport.write(lines % len(answer) + answer)


async def serve() -> None:
    """Serve until the standard input ends."""
    venue = Venue()
    http = await asyncio.get_running_loop().create_server(lambda: Http(venue), "127.0.0.1", 0)
    async with websockets.serve(venue.stream, "127.0.0.1", 0, compression=None) as sockets:
        gc.freeze()
        print(http.sockets[0].getsockname()[1], sockets.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
