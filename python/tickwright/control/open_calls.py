"""Calls that are under way: those whose time is over are ended, and streams whose caller may not call any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from tickwright.control.caller import Caller
from tickwright.control.failures import Failure

__all__ = ["OpenCalls"]

#: Seconds from one look at all of them to the next.
LOOK_S: Final = 0.1
#: Looks from one at the tokens to the next.
LOOKS: Final = 5


class OpenCalls:
    """Watches calls, all with one task: a timer for each would cost every one of them.

    Parameters
    ----------
    recheck
        Raises what a caller is refused for by now.
    """

    def __init__(self, recheck: Callable[[Caller], None]) -> None:
        self._recheck = recheck
        self._calls: dict[asyncio.Task[Any], _Watched] = {}
        self._watch: asyncio.Task[None] | None = None

    def until(self, seconds: float) -> _Watched:
        """End this task's call with TimeoutError if it is not over in so many seconds, give or take a tenth."""
        return _Watched(self, time.monotonic() + seconds, None)

    def while_known(self, caller: Caller) -> _Watched:
        """End this task's call once its caller is refused, though nothing is sent in it."""
        return _Watched(self, None, caller)

    def add(self, task: asyncio.Task[Any], call: _Watched) -> None:
        """Watch a call."""
        self._calls[task] = call
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())

    def remove(self, task: asyncio.Task[Any]) -> None:
        """Watch it no more."""
        del self._calls[task]

    async def _look(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK_S)
            looks += 1
            now = time.monotonic()
            for task, call in self._calls.items():
                if call.over is None and (over := self._over(call, now, at_tokens=looks % LOOKS == 0)) is not None:
                    call.over = over
                    task.cancel()

    def _over(self, call: _Watched, now: float, *, at_tokens: bool) -> Exception | None:
        if call.until is not None:
            return TimeoutError() if now >= call.until else None
        if call.caller is not None and at_tokens:
            try:
                self._recheck(call.caller)
            except Failure as failure:
                return failure
        return None


class _Watched:
    """One call; a context manager around what it does."""

    __slots__ = ("_calls", "_task", "caller", "over", "until")

    def __init__(self, calls: OpenCalls, until: float | None, caller: Caller | None) -> None:
        self._calls, self.until, self.caller = calls, until, caller
        self.over: Exception | None = None

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._calls.add(task, self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls.remove(self._task)
        if kind is asyncio.CancelledError and self.over is not None:
            self._task.uncancel()
            raise self.over from None
