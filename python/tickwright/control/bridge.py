"""From the control plane's thread to the engine's and back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import grpc

from tickwright.control.caller import COMMAND, Command
from tickwright.control.failures import Failure
from tickwright.live import LiveNode

__all__ = ["Bridge", "apart"]

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
        self._recent: dict[Callable[[LiveNode], Any], tuple[float, Any]] = {}

    def tell(self, what: Callable[[LiveNode], object]) -> None:
        """Have `what` called with the node on the node's loop, now or once it runs; nothing comes back."""
        with suppress(RuntimeError):  # its loop has ended
            self._loop.call_soon_threadsafe(what, self.node)

    async def ask(self, what: Callable[[LiveNode], T]) -> T:
        """Call `what` with the node on the node's loop, before the market data that wait there.

        Raises
        ------
        Failure
            As of `run`.
        """
        command = COMMAND.get()

        def on_loop() -> T:
            self._begin(command)
            return what(self.node)

        return await _answer(self._schedule, on_loop)

    async def look(self, what: Callable[[LiveNode], T]) -> T:
        """Do as `ask` for what only looks: a command has not begun by it, and its deadline still holds."""
        token = COMMAND.set(None)
        try:
            return await self.ask(what)
        finally:
            COMMAND.reset(token)

    async def attach(self, what: Callable[[LiveNode], Callable[[], object]]) -> Callable[[], object]:
        """Call `what`, which attaches something to the node and gives what detaches it; gives that.

        Who is gone before the node has come to it leaves nothing attached.
        """
        attaching = asyncio.ensure_future(self.look(what))
        try:
            return await asyncio.shield(attaching)
        except asyncio.CancelledError:
            attaching.add_done_callback(self._detach)
            raise

    def _detach(self, attaching: asyncio.Future[Callable[[], object]]) -> None:
        if not attaching.cancelled() and attaching.exception() is None:
            detach = attaching.result()
            self.tell(lambda _: detach())

    async def run(self, what: Callable[[], Awaitable[T]]) -> T:
        """Await `what()` on the node's loop; once it has begun it goes on, though the caller be gone.

        Raises
        ------
        Failure
            The engine has ended, or the deadline of a command passed before it began.
        """
        command = COMMAND.get()

        async def on_loop() -> T:
            self._begin(command)
            return await what()

        if not self._loop.is_running():
            raise _over()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(on_loop(), self._loop))

    def _begin(self, command: Command | None) -> None:
        """Let a command begin, on the node's loop and not before: it may have waited for a busy engine."""
        if command is None:
            return
        if not command.begin():
            raise Failure(
                grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed before the command began: it has no effect"
            )
        command.record(self.node)

    def _schedule(self, on_loop: Callable[[], None]) -> None:
        if not self._loop.is_running():  # it would wait for ever
            raise _over()
        try:
            self._loop.call_soon_threadsafe(on_loop)
        except RuntimeError:
            raise _over() from None

    async def status(self) -> dict[str, Any]:
        """Give the node's status, a moment old at most; after a command always anew."""
        found = self._status
        now = time.monotonic()
        if found is not None and now - found[0] < self._fresh_s:
            return found[1]
        status = await self.look(lambda node: node.status())
        self._status = (now, status)
        return status

    async def recent(self, what: Callable[[LiveNode], T]) -> T:
        """Give what `what`, a plain function, gives, a moment old at most; after a command always anew."""
        found = self._recent.get(what)
        now = time.monotonic()
        if found is None or now - found[0] >= self._fresh_s:
            found = self._recent[what] = (now, await self.look(what))
        answer: T = found[1]
        return answer

    def changed(self) -> None:
        """Forget what was given last."""
        self._status = None
        self._recent.clear()


async def apart(what: Callable[[], T]) -> T:
    """Call `what` on a thread of its own, which nobody waits for at the end of the process."""

    def schedule(call: Callable[[], None]) -> None:
        threading.Thread(target=call, name="tickwright-apart", daemon=True).start()

    return await _answer(schedule, what)


async def _answer(schedule: Callable[[Callable[[], None]], None], what: Callable[[], T]) -> T:
    """Have `what` called elsewhere, and give what it gives or raise what it raises."""
    here = asyncio.get_running_loop()
    answer: asyncio.Future[T] = here.create_future()

    def settle(give: Callable[[], None]) -> None:
        if not answer.done():  # else who asked is gone
            give()

    def call() -> None:
        try:
            give = partial(answer.set_result, what())
        except Exception as error:
            give = partial(answer.set_exception, error)
        with suppress(RuntimeError):  # the control plane has ended
            here.call_soon_threadsafe(settle, give)

    schedule(call)
    return await answer


def _over() -> Failure:
    return Failure(grpc.StatusCode.UNAVAILABLE, "the engine has ended", reason="ENDED")
