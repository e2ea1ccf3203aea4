"""From the control plane's thread to the engine's and back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tickwright.errors import ConfigError
from tickwright.live import LiveNode

__all__ = ["Bridge"]

T = TypeVar("T")


class Bridge:
    """Asks a node on its own event loop, from the control plane's.

    Parameters
    ----------
    node
        The node.
    loop
        The event loop that it runs on.
    fresh_s
        Seconds for which a status may be given again.
    """

    def __init__(self, node: LiveNode, loop: asyncio.AbstractEventLoop, *, fresh_s: float = 0.05) -> None:
        self.node, self._loop, self._fresh_s = node, loop, fresh_s
        self._status: tuple[float, dict[str, Any]] | None = None

    async def ask(self, what: Callable[[LiveNode], T]) -> T:
        """Call `what` with the node on the node's loop, before the market data that wait there."""

        async def on_loop() -> T:
            return what(self.node)

        return await self.run(on_loop)

    async def run(self, what: Callable[[], Awaitable[T]]) -> T:
        """Await `what()` on the node's loop; once it has begun it goes on, though the caller be gone."""

        async def on_loop() -> T:
            return await what()

        if self._loop.is_closed():
            raise ConfigError("the engine has ended")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(on_loop(), self._loop))

    async def status(self) -> dict[str, Any]:
        """Give the node's status, a moment old at most; after a command always anew."""
        found = self._status
        now = time.monotonic()
        if found is not None and now - found[0] < self._fresh_s:
            return found[1]
        status = await self.ask(lambda node: node.status())
        self._status = (now, status)
        return status

    def changed(self) -> None:
        """Forget the status that was given last."""
        self._status = None
