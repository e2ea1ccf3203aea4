"""Servers on loopback that speak Alpaca's shapes, for exactly the faults a test asks for."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

import msgpack
import websockets

KEY, SECRET = "PKLOOPBACKTESTS", "loopback-tests-secret-0123456789"


@dataclass
class Request:
    """A request as it came over the wire."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Answer:
    """What the server does: an answer, or a fault in place of one."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    fault: str = ""  # "hang", "reset", "cut" (half of the body), "close" (before any answer)


Handler = Callable[[Request], "Answer | Awaitable[Answer]"]


class HttpServer:
    """A plain HTTP/1.1 server whose every byte is ours."""

    def __init__(self, handler: Handler):
        self.handler = handler
        self.requests: list[Request] = []
        self.under_way = 0
        self.under_way_max = 0
        self._tasks: set[asyncio.Task] = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        request = Request(method, unquote(parts.path), query, headers, body, asyncio.get_running_loop().time())
        self.requests.append(request)
        self.under_way += 1
        self.under_way_max = max(self.under_way_max, self.under_way)
        try:
            answer = self.handler(request)
            if not isinstance(answer, Answer):
                answer = await answer
            if answer.delay_s:
                await asyncio.sleep(answer.delay_s)
        finally:
            self.under_way -= 1
        return await self._answer(writer, answer)

    async def _answer(self, writer, answer):
        if answer.fault == "hang":
            await asyncio.sleep(3_600)
        if answer.fault == "reset":
            reset(writer.get_extra_info("socket"))
            writer.transport.abort()
            return False
        if answer.fault == "close":
            return False
        body = b"" if answer.body is None else answer.body
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {answer.status} X", f"Content-Length: {len(body)}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write(
            "\r\n".join(lines).encode() + b"\r\n\r\n" + (body[: len(body) // 2] if answer.fault == "cut" else body)
        )
        await writer.drain()
        return answer.fault != "cut"


def reset(sock: socket.socket):
    """Let the connection end with a reset rather than a good-bye."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@asynccontextmanager
async def http_server(handler: Handler):
    server = HttpServer(handler)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class DataServer:
    """A market data stream: greets, checks keys, confirms subscriptions; `script` says what comes after."""

    def __init__(self, script=None, *, packed=True, refuse=None):
        self.script = script or self.idle
        self.packed = packed
        self.refuse = refuse or (lambda number: None)
        self.connections = 0
        self.open = []
        self.heard = []
        self.headers = []
        self.subscribed = {}

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    def pack(self, messages):
        return msgpack.packb(messages) if self.packed else json.dumps(messages)

    def unpack(self, frame):
        return msgpack.unpackb(frame) if self.packed else json.loads(frame)

    async def idle(self, connection, number):
        await connection.wait_closed()

    async def handle(self, connection):
        self.connections += 1
        number = self.connections
        self.headers.append(connection.request.headers)
        self.subscribed = {}
        await connection.send(self.pack([{"T": "success", "msg": "connected"}]))
        message = self.unpack(await connection.recv())
        self.heard.append(message)
        error = self.refuse(number)
        if error is None and (message["key"], message["secret"]) != (KEY, SECRET):
            error = (402, "auth failed")
        if error is not None:
            await connection.send(self.pack([{"T": "error", "code": error[0], "msg": error[1]}]))
            return
        await connection.send(self.pack([{"T": "success", "msg": "authenticated"}]))
        self.open.append(connection)
        listening = asyncio.ensure_future(self.listen(connection))
        try:
            await self.script(connection, number)
        finally:
            self.open.remove(connection)
            listening.cancel()

    async def listen(self, connection):
        async for frame in connection:
            message = self.unpack(frame)
            self.heard.append(message)
            await connection.send(self.pack([self.answer(message)]))

    def answer(self, message):
        if message["action"] not in ("subscribe", "unsubscribe"):
            return {"T": "error", "code": 400, "msg": "invalid syntax"}
        if sum(len(v) for k, v in message.items() if k != "action") > 5_000:
            return {"T": "error", "code": 405, "msg": "symbol limit exceeded"}
        for channel, symbols in message.items():
            if channel != "action":
                now = set(self.subscribed.get(channel, ()))
                now = now | set(symbols) if message["action"] == "subscribe" else now - set(symbols)
                self.subscribed[channel] = sorted(now)
        return {"T": "subscription", **self.subscribed}


class UpdateServer:
    """A trading stream, as Alpaca's paper server speaks: JSON in binary frames, or text."""

    def __init__(self, script=None, *, binary=True):
        self.script = script
        self.binary = binary
        self.connections = 0
        self.heard = []

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def send(self, connection, message):
        text = json.dumps(message)
        await connection.send(text.encode() if self.binary else text)

    async def handle(self, connection):
        self.connections += 1
        message = json.loads(await connection.recv())
        self.heard.append(message)
        data = message["data"]
        known = (data["key_id"], data["secret_key"]) == (KEY, SECRET)
        status = "authorized" if known else "unauthorized"
        await self.send(connection, {"stream": "authorization", "data": {"status": status, "action": "authenticate"}})
        if not known:
            return
        message = json.loads(await connection.recv())
        self.heard.append(message)
        await self.send(connection, {"stream": "listening", "data": message["data"]})
        if self.script is not None:
            await self.script(connection, self.connections)
        else:
            await connection.wait_closed()


@asynccontextmanager
async def socket_server(server, **options):
    async with websockets.serve(server.handle, "127.0.0.1", 0, **options) as listening:
        server.server = listening
        yield server
