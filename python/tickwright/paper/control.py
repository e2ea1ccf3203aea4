"""Control routes, ``/_control/…``: faults, the clock, and market data put in by hand, for tests on this machine."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from tickwright.data import MarketData, nanoseconds
from tickwright.errors import TickwrightError
from tickwright.paper.faults import FaultScript
from tickwright.paper.sessions import rfc3339

if TYPE_CHECKING:
    from tickwright.paper.market import Market
    from tickwright.paper.market_stream import MarketHub
    from tickwright.paper.trade_stream import TradeHub

__all__ = ["control_routes"]

# Columns of rows put in, by Alpaca's letters.
QUOTE = {"S": "symbol", "bp": "bid", "bs": "bid_size", "ap": "ask", "as": "ask_size"}
TRADE = {"S": "symbol", "p": "price", "s": "size"}
# Put in as the messages of a stream.
WIRE = (("statuses", "s"), ("lulds", "l"))
KINDS = ("quotes", "trades", "statuses", "bands")
REACH_MAX_NS = 10 * 365 * 86_400 * 1_000_000_000


def control_routes(market: Market, faults: FaultScript, streams: MarketHub, trades: TradeHub) -> Router:
    """Make the router of the control routes."""
    control = _Control(market, faults, streams, trades)
    return Router(
        [
            Route("/_control/faults", control.guarded(control.faults), methods=["GET", "PUT", "DELETE"]),
            Route("/_control/clock", control.guarded(control.clock), methods=["GET", "POST"]),
            Route("/_control/advance", control.guarded(control.advance), methods=["POST"]),
            Route("/_control/market", control.guarded(control.market), methods=["POST"]),
            Route("/_control/state", control.guarded(control.state), methods=["GET"]),
        ],
        redirect_slashes=False,
    )


class _Control:
    def __init__(self, market: Market, faults: FaultScript, streams: MarketHub, trades: TradeHub) -> None:
        self._market = market
        self._faults = faults
        self._streams = streams
        self._trades = trades
        self._moving = asyncio.Lock()

    def guarded(self, make: Callable[[Request, Any], Any]) -> Any:
        """Endpoint that reads JSON and says what was wrong with it."""

        async def endpoint(request: Request) -> Response:
            try:
                body = await request.body()
                value = json.loads(body) if body else None
                given = await make(request, value)
                return Response(json.dumps(given), media_type="application/json")
            except (ValueError, TypeError, KeyError, TickwrightError) as error:
                said = json.dumps({"message": f"{type(error).__name__}: {error}"})
                return Response(said, 422, media_type="application/json")

        return endpoint

    async def faults(self, request: Request, value: Any) -> Any:
        if request.method == "PUT":
            self._faults.replace(FaultScript.parse(value))
        elif request.method == "DELETE":
            self._faults.replace([])
        self._market.wake()
        return self._faults.answer()

    async def clock(self, request: Request, value: Any) -> Any:
        clock = self._market.clock
        if request.method == "POST":
            if "speed" in value:
                speed = math.inf if value["speed"] in ("inf", "max") else float(value["speed"])
                if not speed >= 0:
                    raise ValueError(f"speed {value['speed']!r} is no number from 0 up, nor inf")
                clock.set_speed(speed)
            if "running" in value:
                (clock.run if value["running"] else clock.stop)()
            self._market.wake()
        shown = clock.speed if math.isfinite(clock.speed) else "inf"
        return {"now": rfc3339(clock.now_ns), "speed": shown, "running": clock.running}

    async def advance(self, request: Request, value: Any) -> Any:
        """Move the clock forward: ``to`` a time, or ``by_s`` seconds."""
        async with self._moving:
            now = max(self._market.clock.now_ns, self._market.at_ns)
            to = nanoseconds(value["to"], "to") if "to" in value else now + int(float(value["by_s"]) * 1e9)
            if not now <= to <= now + REACH_MAX_NS:
                raise ValueError(f"{rfc3339(now)} is now; time goes forward, and at most ten years at once")
            await self._market.advance_to(to)
        return {"now": rfc3339(self._market.clock.now_ns)}

    async def market(self, request: Request, value: Any) -> Any:
        """Put quotes, trades, statuses and price bands in, as of now: rows with Alpaca's letters."""
        from tickwright.feeds import AlpacaDecoder, table

        now = max(self._market.clock.now_ns, self._market.at_ns)
        parts: list[MarketData] = []
        for name, letters in (("quotes", QUOTE), ("trades", TRADE)):
            rows = value.get(name) or []
            if rows:
                columns: dict[str, list[Any]] = {word: [row[key] for row in rows] for key, word in letters.items()}
                parts.append(table({"ts": [now] * len(rows), **columns}, policy=KEEP))
        messages = [
            {"T": letter, "z": "A", "t": rfc3339(now), **row} for name, letter in WIRE for row in value.get(name) or []
        ]
        if messages:
            parts.append(AlpacaDecoder(format="json").push(json.dumps(messages).encode()))
        if parts:
            data = MarketData.merge(parts)
            if unknown := sorted(set(data.symbols) - set(self._market.venue.symbols)):
                raise ValueError(f"{unknown[0]} is no symbol of this venue")
            self._market.inject(data)
        return {"events": sum(part.count(kind) for part in parts for kind in KINDS), "now": rfc3339(now)}

    async def state(self, request: Request, value: Any) -> Any:
        market = self._market
        return {
            "hash": market.venue.state_hash(),
            "now": rfc3339(market.clock.now_ns),
            "rows": market.rows,
            "sent": market.sent,
            "ended": market.ended,
            "data_clients": len(self._streams.sessions),
            "subscribers": sum(session.group is not None for session in self._streams.sessions),
            "trade_clients": len(self._trades.sessions),
            "listeners": sum(session.listening for session in self._trades.sessions),
        }


# What is put in by hand is meant, however odd it looks.
KEEP = {"crossed": "keep", "locked": "keep", "absurd": "keep", "duplicate": "keep"}
