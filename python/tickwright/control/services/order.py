"""OrderService: orders of strategies, and orders by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Final

import grpc
import grpc.aio

from tickwright.control.bridge import Bridge
from tickwright.control.caller import COMMAND
from tickwright.control.failures import Failure
from tickwright.control.flags import ACCEPT_MANUAL_ORDERS, Flags
from tickwright.control.hub import Hub
from tickwright.control.services import desk
from tickwright.control.services.fields import (
    NO_TOKEN,
    Pages,
    by_mask,
    checked_mask,
    decimal,
    invalid,
    page_size,
    text,
    wanted,
)
from tickwright.control.services.words import SIDES, TIMES_IN_FORCE, TYPES
from tickwright.live import LiveNode
from tickwright.v1 import order_pb2, order_pb2_grpc

__all__ = ["OrderService"]

MESSAGE_ORDERS: Final = 500
SNAPSHOT_ORDERS: Final = 1_000_000
BY_HAND: Final = ("market", "limit", "stop", "stop_limit")


class OrderService(order_pb2_grpc.OrderServiceServicer):
    """Orders of one engine.

    Parameters
    ----------
    bridge
        To the node.
    flags
        Its feature flags.
    """

    name = "tickwright.v1.OrderService"

    def __init__(self, bridge: Bridge, flags: Flags | None = None) -> None:
        self._bridge, self._flags = bridge, flags or Flags.of(bridge)
        self._hub: Hub[dict[str, Any], order_pb2.Order] = Hub(lambda found: desk.order(found, bridge.node.names))
        self._attaching = asyncio.Lock()
        self._detach: Callable[[], object] | None = None

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server."""
        order_pb2_grpc.add_OrderServiceServicer_to_server(self, server)

    async def close(self) -> None:
        """End every stream."""
        self._leave()
        self._hub.close()

    # --- commands ----------------------------------------------------------------------------------------------------

    async def SubmitOrder(self, request: order_pb2.SubmitOrderRequest, context: Any) -> order_pb2.SubmitOrderResponse:
        """Send an order."""
        self._by_hand()
        kind = TYPES.given(request.type, "type")
        if kind not in BY_HAND:
            raise invalid("type", f"{kind} is not given by hand; choose {', '.join(BY_HAND)}")
        submit = partial(
            LiveNode.submit_order,
            symbol=text("symbol", request.symbol),
            side=SIDES.given(request.side, "side"),
            type=kind,
            time_in_force=TIMES_IN_FORCE.given(request.time_in_force, "time_in_force", "day"),
            qty=wanted("qty", request.qty),
            limit_price=_price("limit_price", request.limit_price, kind in ("limit", "stop_limit"), kind),
            stop_price=_price("stop_price", request.stop_price, kind in ("stop", "stop_limit"), kind),
            extended_hours=request.extended_hours,
        )
        await self._traded(request.symbol)
        command = COMMAND.get()
        client_order_id = None if command is None else command.client_order_id or None

        def act(node: LiveNode, by: str, why: str) -> order_pb2.Order:
            if command is not None and command.is_in_doubt and client_order_id is not None:
                there = node.order_of(client_order_id)
                if there is not None:  # an earlier run of the engine took it
                    return desk.order(there, node.names)
            _running(node)
            return desk.order(submit(node, by=by, why=why, client_order_id=client_order_id), node.names)

        return order_pb2.SubmitOrderResponse(order=(await desk.command(self._bridge, request.options, act))[0])

    async def CancelOrder(self, request: order_pb2.CancelOrderRequest, context: Any) -> order_pb2.CancelOrderResponse:
        """Ask to cancel an order of any strategy."""

        def act(node: LiveNode, by: str, why: str) -> order_pb2.Order:
            _known(node, request.order_id)
            return desk.order(node.cancel_order(request.order_id, by=by, why=why), node.names)

        return order_pb2.CancelOrderResponse(order=(await desk.command(self._bridge, request.options, act))[0])

    async def ReplaceOrder(
        self, request: order_pb2.ReplaceOrderRequest, context: Any
    ) -> order_pb2.ReplaceOrderResponse:
        """Replace an order given by hand."""
        self._by_hand()
        given = {
            name: decimal(name, getattr(request, name), required=False) for name in ("qty", "limit_price", "stop_price")
        }
        if not any(given.values()):
            raise invalid("qty", "nothing is to change; give qty, limit_price or stop_price")

        def act(node: LiveNode, by: str, why: str) -> order_pb2.Order:
            _known(node, request.order_id)
            return desk.order(node.replace_order(request.order_id, by=by, why=why, **given), node.names)

        return order_pb2.ReplaceOrderResponse(order=(await desk.command(self._bridge, request.options, act))[0])

    def _by_hand(self) -> None:
        if not self._flags.on(ACCEPT_MANUAL_ORDERS):
            raise Failure(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"orders by hand are switched off; an admin can set the flag {ACCEPT_MANUAL_ORDERS}",
                reason="FLAG",
                metadata={"flag": ACCEPT_MANUAL_ORDERS},
            )

    async def _traded(self, symbol: str) -> None:
        symbols = (await desk.status(self._bridge))["symbols"]
        if symbol not in symbols:
            raise invalid("symbol", f"{symbol!r} is not traded here; there are {', '.join(symbols)}")

    # --- reads -------------------------------------------------------------------------------------------------------

    async def GetOrder(self, request: order_pb2.GetOrderRequest, context: Any) -> order_pb2.GetOrderResponse:
        """Give an order."""
        mask = checked_mask(request.fields, order_pb2.Order)
        by = request.WhichOneof("by")
        if by is None:
            raise invalid("order_id", "is missing; give order_id or client_order_id")
        which = getattr(request, by)

        def find(node: LiveNode) -> order_pb2.Order | None:
            desk.ready(node)
            found = node.order(which) if by == "order_id" else node.order_of(which)
            return None if found is None else desk.order(found, node.names)

        found = await self._bridge.ask(find)
        if found is None:
            raise _unknown(which)
        return order_pb2.GetOrderResponse(order=by_mask(mask, found))

    async def ListOrders(self, request: order_pb2.ListOrdersRequest, context: Any) -> order_pb2.ListOrdersResponse:
        """List orders, newest first."""
        mask, size = checked_mask(request.fields, order_pb2.Order), page_size(request.page_size)
        pages = Pages("orders", request.open_only, request.strategy, request.symbol)
        after = pages.after(request.page_token)
        if after is not None and not (len(after) == 1 and isinstance(after[0], int) and 0 <= after[0] < 2**64):
            raise invalid("page_token", NO_TOKEN)
        rows, names = await self._page(request, None if after is None else after[0], size + 1, request.open_only)
        token = pages.token(rows[size - 1]["id"]) if len(rows) > size else ""
        made = [by_mask(mask, desk.order(one, names)) for one in rows[:size]]
        return order_pb2.ListOrdersResponse(orders=made, next_page_token=token)

    async def _page(
        self,
        request: order_pb2.ListOrdersRequest | order_pb2.StreamOrdersRequest,
        before: int | None,
        limit: int,
        open_only: bool,
    ) -> tuple[list[dict[str, Any]], list[str]]:
        def find(node: LiveNode) -> tuple[list[dict[str, Any]], list[str]]:
            names = desk.ready(node).names
            if request.strategy and request.strategy not in names:
                raise invalid("strategy", f"{request.strategy!r:.80} is not here; there are {', '.join(names)}")
            rows = node.order_page(
                before=before,
                limit=limit,
                open_only=open_only,
                strategy=request.strategy or None,
                symbol=request.symbol or None,
            )
            return rows, names

        return await self._bridge.ask(find)

    async def StreamOrders(
        self, request: order_pb2.StreamOrdersRequest, context: Any
    ) -> AsyncIterator[order_pb2.StreamOrdersResponse]:
        """Tell of each change of an order."""

        def fits(one: order_pb2.Order) -> bool:
            return request.strategy in ("", one.strategy) and request.symbol in ("", one.symbol)

        await desk.started(self._bridge)
        subscription = self._hub.subscribe(0, key=lambda one: one.id, wanted=fits)
        try:
            async with self._attaching:
                if self._detach is None:
                    self._detach = await self._bridge.attach(lambda node: node.listen_to_orders(self._hub.publish))
            # Changes since the subscription began come after the snapshot, though some of them stand in it.
            rows, names = await self._page(request, None, SNAPSHOT_ORDERS, True) if request.snapshot else ([], [])
            await context.send_initial_metadata(())
            for at in range(0, max(1, len(rows)) if request.snapshot else 0, MESSAGE_ORDERS):
                made = [desk.order(one, names) for one in rows[at : at + MESSAGE_ORDERS]]
                yield order_pb2.StreamOrdersResponse(orders=made, is_snapshot=True)
            while True:
                batch = await subscription.batch(MESSAGE_ORDERS)
                if batch.items or batch.missed:
                    yield order_pb2.StreamOrdersResponse(orders=batch.items, conflated=batch.missed)
                elif subscription.closed:
                    raise desk.ending()
        finally:
            self._hub.unsubscribe(subscription)
            if not self._hub.subscribers:
                self._leave()

    def _leave(self) -> None:
        """Have the engine tell of orders no more: it costs nothing while nobody listens."""
        detach, self._detach = self._detach, None
        if detach is not None:
            self._bridge.tell(lambda _: detach())


def _price(field: str, given: str, wanted: bool, kind: str) -> str | None:
    if given and not wanted:
        raise invalid(field, f"{kind} orders have none; leave it empty")
    return decimal(field, given, required=wanted)


def _running(node: LiveNode) -> None:
    """Refuse at once where the engine takes no orders: the risk checks would, by a number and a record more."""
    found = node.status()["state"] if node.session is None else node.session.core.status()["state"]
    if found not in ("RUNNING", "REDUCE_ONLY"):
        raise Failure(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"the engine is {found} and takes no orders; resume it first",
            reason="STATE",
            metadata={"state": found},
        )


def _known(node: LiveNode, order_id: int) -> None:
    if node.order(order_id) is None:
        raise _unknown(order_id)


def _unknown(which: object) -> Failure:
    return Failure(grpc.StatusCode.NOT_FOUND, f"there is no order {which!s:.80}", reason="NO_ORDER")
