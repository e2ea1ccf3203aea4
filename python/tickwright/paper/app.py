"""The application: who asks, how often, what goes wrong, and then the answer.

A request goes through the keys, the rate limit and the fault script; trading requests then go straight to the venue,
everything else through Starlette's routes. Streams go to their hubs.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Router
from starlette.websockets import WebSocket

from tickwright.paper.auth import UNAUTHORIZED, Keys
from tickwright.paper.limits import TOO_MANY, Header, RateLimit
from tickwright.paper.market_stream import FEEDS, MarketHub
from tickwright.paper.trade_stream import TradeHub

if TYPE_CHECKING:
    from tickwright.paper.faults import FaultScript, RequestFault
    from tickwright.paper.market import Market

__all__ = ["PaperApp"]

log = logging.getLogger("tickwright.paper")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Abort = Callable[[tuple[str, int] | None], None]

BODY_MAX = 1_000_000
TRADING = ("/v2/orders", "/v2/positions", "/v2/account", "/v2/watchlists")
DATA = ("/v2/stocks", "/v1beta1/", "/v1beta3/", "/v1/")
JSON = (b"content-type", b"application/json; charset=UTF-8")
NOT_FOUND = b'{"code": 40410000, "message": "endpoint not found."}'
TOO_LARGE = b'{"code": 41310000, "message": "request body too large"}'
BROKEN = b'{"code": 50010000, "message": "internal server error occurred"}'
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class PaperApp:
    """ASGI application of the paper venue.

    Parameters
    ----------
    market : Market
        Venue, clock and data.
    keys : Keys
        Keys of the accounts.
    limit, data_limit : RateLimit
        Requests a minute, of trading and of market data.
    faults : FaultScript
        What goes wrong.
    streams : MarketHub
        Clients of market data.
    trades : TradeHub
        Clients of trade updates.
    routes : Router
        Everything that is not trading.
    control : Router
        Routes below ``/_control``.
    abort : callable
        Cuts the connection from an address.
    """

    def __init__(
        self,
        market: Market,
        keys: Keys,
        limit: RateLimit,
        data_limit: RateLimit,
        faults: FaultScript,
        streams: MarketHub,
        trades: TradeHub,
        routes: Router,
        control: Router,
        abort: Abort,
    ) -> None:
        self._market = market
        self._keys = keys
        self._limit = limit
        self._data_limit = data_limit
        self._faults = faults
        self._streams = streams
        self._trades = trades
        self._routes = routes
        self._control = control
        self._abort = abort

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or speak with one client of a stream."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    async def _websocket(self, scope: Message, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        client = scope.get("client")
        path = scope["path"].rstrip("/")
        if path == "/stream":
            await self._trades.serve(websocket, lambda: self._abort(client))
        elif path in FEEDS:
            await self._streams.serve(FEEDS[path], websocket, lambda: self._abort(client))
        else:
            await websocket.send_denial_response(Response(NOT_FOUND, 404, media_type="application/json"))

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith("/_control/"):
            await self._controlled(scope, receive, send)
            return
        account = self._keys.of_request(scope["headers"])
        if account is None:
            await answer(send, 401, UNAUTHORIZED, [])
            return
        passes, headers = (self._data_limit if path.startswith(DATA) else self._limit).take(account)
        headers.append((b"x-request-id", os.urandom(16).hex().encode()))
        if not passes:
            await answer(send, 429, TOO_MANY, headers)
            return
        fault = self._faults.request(scope["method"], path, self._market.clock.now_ns)
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if fault is None:
                await self._route(scope, receive, noting, account, headers)
            else:
                await self._wrong(fault, scope, receive, noting, account, headers)
        except Exception:
            log.exception("%s %s: failed; please report it", scope["method"], path)
            if not started:
                await answer(send, 500, BROKEN, headers)

    async def _route(self, scope: Message, receive: Receive, send: Send, account: int, headers: list[Header]) -> None:
        if not scope["path"].startswith(TRADING):
            scope["account"] = account

            async def with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message.get("headers", ()), *headers]
                await send(message)

            await self._routes(scope, receive, with_headers)
            return
        body = await whole(receive)
        if body is None:
            await answer(send, 413, TOO_LARGE, headers)
            return
        query = scope["query_string"].decode("latin-1")
        status, said = self._market.request(account, scope["method"], scope["path"][3:], query, body)
        await answer(send, status, said, headers)

    async def _wrong(
        self,
        fault: RequestFault,
        scope: Message,
        receive: Receive,
        send: Send,
        account: int,
        headers: list[Header],
    ) -> None:
        if fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1e3)
        if fault.status is None and not fault.timeout:
            await self._route(scope, receive, send, account, headers)
            return
        if fault.takes_effect:

            async def nowhere(message: Message) -> None:
                pass

            await self._route(scope, receive, nowhere, account, headers)
        if fault.timeout:
            await asyncio.sleep(fault.hold_ms / 1e3)
            self._abort(scope.get("client"))
            return
        status = fault.status or 500
        code = b'{"code": %d, "message": "%s"}' % (status * 100_000 + 10_000, b"an error that the fault script made")
        await answer(send, status, TOO_MANY if status == 429 else code, headers)

    async def _controlled(self, scope: Message, receive: Receive, send: Send) -> None:
        """Control routes: for this machine, and for no page that a browser shows."""
        client = scope.get("client")
        names = {name for name, _ in scope["headers"]}
        if client is None or client[0] not in LOOPBACK or b"origin" in names:
            await answer(send, 403, b'{"message": "control routes are for this machine alone"}', [])
            return
        await self._control(scope, receive, send)


async def whole(receive: Receive) -> bytes | None:
    """Read the body of a request; None: it is too large."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body if len(body) <= BODY_MAX else None
    parts = [body]
    size = len(body)
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_MAX:
            return None
    return b"".join(parts)


async def answer(send: Send, status: int, body: bytes, headers: list[Header]) -> None:
    """Send a whole answer."""
    length = (b"content-length", b"%d" % len(body))
    first = [length, *headers] if status == 204 else [JSON, length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": first})
    await send({"type": "http.response.body", "body": body})
