"""grpc.health.v1 of the control plane, driven by the state of the node."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any, Final

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tickwright.control.bridge import Bridge
from tickwright.control.failures import Failure
from tickwright.errors import TickwrightError

__all__ = ["HealthService"]

log = logging.getLogger(__name__)

EVERY_S: Final = 0.25
#: The same while the engine does not serve: who has just seen it run must not be told for long that it does not.
SOON_S: Final = 0.05
#: Seconds after which an engine that does not answer is taken to hang.
HANGS_S: Final = 2.0
ENDED: Final = frozenset({"SHUTDOWN"})
TAKES_ORDERS: Final = frozenset({"RUNNING", "REDUCE_ONLY"})
ORDERS: Final = "tickwright.v1.OrderService"
#: Backtests run in processes of their own: nothing of the node is needed.
ALWAYS: Final = frozenset({"tickwright.v1.BacktestService", "grpc.health.v1.Health"})


class HealthService:
    """Says of each service whether it can do its work.

    ``""`` and every service of the node: SERVING while the engine answers and has not ended. `OrderService`: while the
    state takes orders. `BacktestService`: always.

    Parameters
    ----------
    bridge
        Asks the node.
    names
        Full names of the services there are.
    """

    name = "grpc.health.v1.Health"

    def __init__(self, bridge: Bridge, names: Iterable[str]) -> None:
        self._bridge, self._names = bridge, ("", *names)
        self._servicer: Any = health.aio.HealthServicer()
        self._watching: asyncio.Task[None] | None = None
        self._given: dict[str, bool] = {}

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server, and begin to look."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def close(self) -> None:
        """Tell those that watch that it ends."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self._servicer.enter_graceful_shutdown()

    async def _watch(self) -> None:
        for name in self._names:
            await self._give(name, name in ALWAYS)
        while True:
            state = await self._state()
            for name in self._names:
                is_well = state is not None and state not in ENDED
                if name == ORDERS:
                    is_well = state in TAKES_ORDERS
                await self._give(name, is_well or name in ALWAYS)
            await asyncio.sleep(EVERY_S if self._given[""] else SOON_S)

    async def _state(self) -> str | None:
        """Give the engine's state; None: it does not answer, has not begun, or is over."""
        if not self._bridge.node.has_status:
            return None
        try:
            async with asyncio.timeout(HANGS_S):
                return str((await self._bridge.status())["state"])
        except (TimeoutError, TickwrightError, Failure):
            return None

    async def _give(self, name: str, is_well: bool) -> None:
        if self._given.get(name) is is_well:
            return
        self._given[name] = is_well
        status = health_pb2.HealthCheckResponse.SERVING if is_well else health_pb2.HealthCheckResponse.NOT_SERVING
        await self._servicer.set(name, status)
