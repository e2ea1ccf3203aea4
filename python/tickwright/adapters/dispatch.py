"""Requests that block, off the event loop: a few threads behind lanes and a rate budget.

The loop's thread only queues and collects. What runs in a worker thread is given by the caller and must not raise for
troubles of the network: it answers with what became of the request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Generic, TypeVar

from tickwright.adapters.lanes import Lanes, Ticket
from tickwright.adapters.pacing import Priority, RateBudget
from tickwright.errors import NotSentError

__all__ = ["Dispatcher"]

Reply = TypeVar("Reply")


class Dispatcher(Generic[Reply]):
    """Runs blocking calls in threads, cancels first, none before the budget has room.

    Parameters
    ----------
    budget : RateBudget
        How often anything may be sent.
    threads : int
        Calls under way at once; at least 3.
    capacity : int
        Calls of one priority that may wait.
    hard_limit_s : float
        After so long under way a call is given up: its caller hears of it, its thread stays taken until it returns.
    observe : callable, optional
        Called with each reply, on the loop, before anything else is sent: there the budget learns.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        budget: RateBudget,
        *,
        threads: int = 4,
        capacity: int = 256,
        hard_limit_s: float = 30.0,
        observe: Callable[[Reply], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        name: str = "requests",
    ) -> None:
        self.lanes = Lanes(budget, threads, capacity)
        self.hard_limit_s = hard_limit_s
        self._observe = observe
        self._clock = clock
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"tickwright-{name}")
        self._calls: dict[Ticket, tuple[Callable[[], Reply], asyncio.Future[Reply]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def run(
        self, call: Callable[[], Reply], *, priority: Priority, patience_s: float, key: str | None = None
    ) -> Reply:
        """Run `call` in a thread when its turn comes, and give what it returns.

        Parameters
        ----------
        call : callable
            What to run.
        priority : Priority
            Its lane.
        patience_s : float
            How long it may wait for its turn.
        key : str, optional
            Calls of one key run one after the other, in the order they came.

        Raises
        ------
        NotSentError
            Its turn did not come in time, or there was no room to wait.
        TimeoutError
            It ran longer than `hard_limit_s`; it may still have an effect.
        """
        if self._closed:
            raise NotSentError("not sent: closed")
        loop = asyncio.get_running_loop()
        ticket = self.lanes.push(priority, self._clock(), key=key)
        answer: asyncio.Future[Reply] = loop.create_future()
        self._calls[ticket] = (call, answer)
        self._pump()
        expiry = loop.call_later(patience_s, self._expire, ticket, patience_s)
        try:
            return await answer
        finally:
            expiry.cancel()
            if self.lanes.withdraw(ticket):
                self._calls.pop(ticket, None)

    async def close(self) -> None:
        """Send nothing more. What waits is told so; what is under way goes on in its thread and is heard by nobody."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for ticket, (_, answer) in list(self._calls.items()):
            sent = not self.lanes.withdraw(ticket)
            if not answer.done():
                answer.set_exception(TimeoutError("closed while under way") if sent else NotSentError("closed"))
        self._calls.clear()
        self._pool.shutdown(wait=False, cancel_futures=False)

    def _expire(self, ticket: Ticket, patience_s: float) -> None:
        if self.lanes.withdraw(ticket):
            _, answer = self._calls.pop(ticket)
            if not answer.done():
                wait = self.lanes.budget.ready_at(self._clock(), ticket.priority) - self._clock()
                why = f"the rate budget has room again in {wait:.1f} s" if wait > 0 else "others were under way"
                answer.set_exception(NotSentError(f"not sent: waited {patience_s:g} s for its turn; {why}"))

    def _pump(self) -> None:
        if self._closed:
            return
        now = self._clock()
        while (ticket := self.lanes.take(now)) is not None:
            self._start(ticket)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_at = self.lanes.wake_at(now)
        if wake_at is not None:
            # A little late rather than a little early: an early call would find the budget empty and spin.
            self._timer = asyncio.get_running_loop().call_later(max(wake_at - now, 0.0) + 0.001, self._pump)

    def _start(self, ticket: Ticket) -> None:
        loop = asyncio.get_running_loop()
        call, answer = self._calls[ticket]
        hard_limit = loop.call_later(self.hard_limit_s, self._give_up, answer)

        def arrived(future: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(self._finish, ticket, future, hard_limit)

        self._pool.submit(call).add_done_callback(arrived)

    def _finish(self, ticket: Ticket, future: Future[Any], hard_limit: asyncio.TimerHandle) -> None:
        hard_limit.cancel()
        now = self._clock()
        self.lanes.done(ticket, now)
        entry = self._calls.pop(ticket, None)
        error = future.exception()
        if error is None and self._observe is not None:
            self._observe(future.result())
        if entry is not None and not entry[1].done():
            if error is None:
                entry[1].set_result(future.result())
            else:
                entry[1].set_exception(error)
        self._pump()

    def _give_up(self, answer: asyncio.Future[Reply]) -> None:
        if not answer.done():
            answer.set_exception(TimeoutError(f"no answer in {self.hard_limit_s:g} s"))
