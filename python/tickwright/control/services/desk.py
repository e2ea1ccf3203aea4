"""What the services ask of the engine: states, commands and orders in the words of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import grpc

from tickwright.control.bridge import Bridge
from tickwright.control.caller import CALLER
from tickwright.control.failures import Failure
from tickwright.control.services.fields import invalid
from tickwright.control.services.words import POSSIBLE, SIDES, STATES, STATUSES, TIMES_IN_FORCE, TYPES
from tickwright.errors import ConfigError, JournalError
from tickwright.live import LiveNode
from tickwright.v1 import common_pb2, order_pb2

__all__ = ["asked", "command", "ending", "order", "ready", "result", "started", "status", "strategy_name", "transition"]

T = TypeVar("T")


def asked(options: common_pb2.CommandOptions) -> tuple[str, str]:
    """Give who asks for a command, and why."""
    if len(options.reason) > 1_000:
        raise invalid("options.reason", f"has {len(options.reason):,} characters, where 1,000 are the most")
    return CALLER.get().name, options.reason or "asked for"


def ready(node: LiveNode) -> LiveNode:
    """Give `node` once it has started; on its loop."""
    if not node.has_status:
        raise Failure(grpc.StatusCode.UNAVAILABLE, "the engine is starting; ask again in a moment", reason="STARTING")
    return node


def ending() -> Failure:
    """Say that a stream ends with the control plane: its client connects anew."""
    return Failure(grpc.StatusCode.UNAVAILABLE, "the control plane ends; connect again", reason="ENDING")


async def started(bridge: Bridge) -> None:
    """Refuse what needs an engine that has started, while it has not."""
    if not bridge.node.has_status:
        await bridge.look(ready)


async def status(bridge: Bridge) -> dict[str, Any]:
    """Give the node's status, a moment old at most."""
    await started(bridge)
    return await bridge.status()


def transition(node: LiveNode, name: str, by: str, why: str, strategy: str | None = None) -> None:
    """Give the engine a command, on its loop; a failure says what would be possible."""
    session = ready(node).session
    assert session is not None
    try:
        node.command(name, by=by, why=why, strategy=strategy)
    except ConfigError as error:
        state = str(session.core.status()["state"])
        possible = POSSIBLE.get(state, ())
        if name in possible or strategy is not None:
            raise
        raise Failure(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"{name.replace('_', ' ')} is not possible in {state}; possible are {', '.join(possible) or 'none'}",
            reason="STATE",
            metadata={"state": state, "possible": ",".join(possible)},
        ) from error
    if session.broken is not None:
        raise JournalError(f"nothing more is taken: {session.broken}")


def result(node: LiveNode) -> common_pb2.CommandResult:
    """Say how the engine stands after a command; on its loop."""
    session = node.session
    found = node.status() if session is None or node.is_over else session.core.status()
    return common_pb2.CommandResult(state=STATES.number(found["state"]), effective_ns=found["now_ns"])


async def command(
    bridge: Bridge, options: common_pb2.CommandOptions, act: Callable[[LiveNode, str, str], T]
) -> tuple[T, common_pb2.CommandResult]:
    """Do something to the engine between two events; gives what came of it, and how the engine stands then."""
    by, why = asked(options)

    def on_loop(node: LiveNode) -> tuple[T, common_pb2.CommandResult]:
        found = act(ready(node), by, why)
        return found, result(node)

    try:
        return await bridge.ask(on_loop)
    finally:
        bridge.changed()


def strategy_name(names: Sequence[str], which: int | str) -> str:
    """Give a strategy's name, that the core may have given as its number."""
    if isinstance(which, str):
        return which
    return names[which] if which < len(names) else f"#{which}"


def order(found: Mapping[str, Any], names: Sequence[str]) -> order_pb2.Order:
    """Give an order in the words of the contract."""
    return order_pb2.Order(
        id=found["id"],
        client_order_id=found["client_order_id"] or "",
        broker_id=found["broker_id"] or "",
        strategy=strategy_name(names, found["strategy"]),
        symbol=found["symbol"],
        side=SIDES.number(found["side"]),
        type=TYPES.number(found["type"]),
        time_in_force=TIMES_IN_FORCE.number(found["time_in_force"]),
        qty=found["qty"],
        filled_qty=found["filled"],
        limit_price=found["limit_price"] or "",
        stop_price=found["stop_price"] or "",
        average_price=found["average_price"] or "",
        status=STATUSES.number(found["status"]),
        submitted_ns=found["submitted_ns"],
        updated_ns=found["updated_ns"],
    )
