"""PortfolioService: money and positions, exact to the last billionth."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final, NamedTuple

import grpc.aio

from tickwright.control.bridge import Bridge
from tickwright.control.services import desk
from tickwright.control.services.fields import Pages, invalid, page_size, plain
from tickwright.control.services.words import STATES
from tickwright.v1 import portfolio_pb2, portfolio_pb2_grpc

__all__ = ["PortfolioService"]

INTERVAL_MS: Final = 1_000
_BILLIONTH: Final = Decimal("0.000000001")
# Money has 38 digits at most; Python's 28 would round.
_EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Holding(NamedTuple):
    """A position, in decimals."""

    symbol: str
    strategy: str
    qty: Decimal
    average_price: Decimal
    mark: Decimal
    value: Decimal
    realized: Decimal
    unrealized: Decimal


class PortfolioService(portfolio_pb2_grpc.PortfolioServiceServicer):
    """The account as the engine books it.

    Parameters
    ----------
    bridge
        To the node.
    """

    name = "tickwright.v1.PortfolioService"

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._closing = asyncio.Event()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server."""
        portfolio_pb2_grpc.add_PortfolioServiceServicer_to_server(self, server)

    async def close(self) -> None:
        """End every stream."""
        self._closing.set()

    async def GetAccount(
        self, request: portfolio_pb2.GetAccountRequest, context: Any
    ) -> portfolio_pb2.GetAccountResponse:
        """Give the account."""
        found = await desk.status(self._bridge)
        return portfolio_pb2.GetAccountResponse(account=self._account(found))

    async def ListPositions(
        self, request: portfolio_pb2.ListPositionsRequest, context: Any
    ) -> portfolio_pb2.ListPositionsResponse:
        """List positions by symbol, then strategy."""
        size = page_size(request.page_size)
        pages = Pages("positions", request.strategy, request.symbol, request.include_closed)
        rows = [
            one
            for one in _holdings(await desk.status(self._bridge))
            if (request.include_closed or one.qty)
            and request.strategy in ("", one.strategy)
            and request.symbol in ("", one.symbol)
        ]
        page, token = pages.of(rows, size, request.page_token, lambda one: (one.symbol, one.strategy))
        return portfolio_pb2.ListPositionsResponse(positions=map(_position, page), next_page_token=token)

    async def GetPnl(self, request: portfolio_pb2.GetPnlRequest, context: Any) -> portfolio_pb2.GetPnlResponse:
        """Give profit and loss by strategy."""
        found = await desk.status(self._bridge)
        sums = {name: [Decimal(0), Decimal(0)] for name in found["strategies"]}
        for one in _holdings(found):
            row = sums.setdefault(one.strategy, [Decimal(0), Decimal(0)])
            row[0], row[1] = _EXACT.add(row[0], one.realized), _EXACT.add(row[1], one.unrealized)
        rows = [
            portfolio_pb2.StrategyPnl(
                strategy=name,
                realized=plain(realized),
                unrealized=plain(unrealized),
                total=plain(_EXACT.add(realized, unrealized)),
            )
            for name, (realized, unrealized) in sums.items()
        ]
        return portfolio_pb2.GetPnlResponse(strategies=rows)

    async def GetExposures(
        self, request: portfolio_pb2.GetExposuresRequest, context: Any
    ) -> portfolio_pb2.GetExposuresResponse:
        """Give exposures of the account, of strategies, and of symbols."""
        found = await desk.status(self._bridge)
        equity = Decimal(found["equity"])
        holdings = [one for one in _holdings(found) if one.qty]
        # The account's long and short are those of its net positions, as the broker sees them.
        net: dict[str, Decimal] = defaultdict(Decimal)
        by_strategy: dict[str, list[Decimal]] = {name: [] for name in found["strategies"]}
        for one in holdings:
            net[one.symbol] = _EXACT.add(net[one.symbol], one.value)
            by_strategy[one.strategy].append(one.value)
        return portfolio_pb2.GetExposuresResponse(
            account=_exposure("", net.values(), equity),
            strategies=[_exposure(name, values, equity) for name, values in by_strategy.items()],
            symbols=[_exposure(name, [net[name]], equity) for name in sorted(net)],
        )

    async def StreamPortfolio(
        self, request: portfolio_pb2.StreamPortfolioRequest, context: Any
    ) -> AsyncIterator[portfolio_pb2.StreamPortfolioResponse]:
        """Tell how account and positions stand, at intervals."""
        interval_ms = request.interval_ms or INTERVAL_MS
        if not 50 <= interval_ms <= 60_000:
            raise invalid("interval_ms", f"{interval_ms:,} is not from 50 to 60,000; 0 is {INTERVAL_MS:,}")
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._closing.is_set():
            found = await desk.status(self._bridge)
            yield portfolio_pb2.StreamPortfolioResponse(
                account=self._account(found),
                positions=[_position(one) for one in _holdings(found) if one.qty],
                state=STATES.number(found["state"]),
            )
            # A slow reader leaves moments out; they are not made up for.
            due = max(due + interval_ms / 1_000, loop.time())
            try:
                await asyncio.wait_for(self._closing.wait(), due - loop.time())
            except TimeoutError:
                continue
        raise desk.ending()

    def _account(self, found: Mapping[str, Any]) -> portfolio_pb2.Account:
        holdings = _holdings(found)
        return portfolio_pb2.Account(
            number=self._bridge.node.account_number,
            cash=found["cash"],
            equity=found["equity"],
            drawdown=found["drawdown"],
            realized=plain(_sum(one.realized for one in holdings)),
            unrealized=plain(_sum(one.unrealized for one in holdings)),
            now_ns=found["now_ns"],
        )


def _holdings(found: Mapping[str, Any]) -> list[Holding]:
    rows = []
    for row in found["positions"]:
        qty, average, mark, realized = (Decimal(row[name]) for name in ("qty", "average_price", "mark", "realized"))
        value, paid = (_EXACT.quantize(_EXACT.multiply(price, qty), _BILLIONTH) for price in (mark, average))
        name = desk.strategy_name(found["strategies"], row["strategy"])
        unrealized = Decimal(row["unrealized"]) if "unrealized" in row else _EXACT.subtract(value, paid)
        rows.append(Holding(row["symbol"], name, qty, average, mark, value, realized, unrealized))
    return sorted(rows, key=lambda one: (one.symbol, one.strategy))


def _position(one: Holding) -> portfolio_pb2.Position:
    texts = {name: plain(getattr(one, name)) for name in Holding._fields[2:]}
    return portfolio_pb2.Position(symbol=one.symbol, strategy=one.strategy, **texts)


def _exposure(name: str, values: Iterable[Decimal], equity: Decimal) -> portfolio_pb2.Exposure:
    known = list(values)
    long, short = _sum(one for one in known if one > 0), -_sum(one for one in known if one < 0)
    gross = _EXACT.add(long, short)
    return portfolio_pb2.Exposure(
        name=name,
        long=plain(long),
        short=plain(short),
        gross=plain(gross),
        net=plain(_EXACT.subtract(long, short)),
        leverage=float(gross / equity) if equity > 0 else 0.0,
    )


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = _EXACT.add(total, value)
    return total
