"""The engine's session as the node uses it: every input goes in here, and what comes of it is handed out at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from tickwright import _core
from tickwright.live.latency import Latency

__all__ = ["Session"]

_FAR = 1 << 62
P = ParamSpec("P")
T = TypeVar("T")


class Session:
    """A `_core.Node` on an event loop: commits, requests, notices and timers follow from each input by themselves.

    Parameters
    ----------
    core
        The node.
    on_request, on_notice
        Given each request for the broker and each notice, once its record is durable.
    on_broken
        Told that the journal takes nothing more.
    wall
        Whether time goes on by itself; else it is that of the data.
    group_s
        Where the journal syncs in groups: seconds from one sync to the next. What comes after a longer pause is synced
        at once, and what follows it waits for the others of its group.
    taps
        Given each frame after the node took it in.
    """

    def __init__(
        self,
        core: _core.Node,
        *,
        on_request: Callable[[dict[str, Any]], None],
        on_notice: Callable[[dict[str, Any]], None],
        on_broken: Callable[[Exception], None],
        wall: bool,
        group_s: float,
        wall_ns: Callable[[], int] = time.time_ns,
        taps: Sequence[Callable[[bytes, int], None]] = (),
    ) -> None:
        self.core, self._taps = core, taps
        self._on_request, self._on_notice, self._on_broken = on_request, on_notice, on_broken
        self._wall, self._wall_ns, self._group_s = wall, wall_ns, group_s
        self._timer: asyncio.TimerHandle | None = None
        self._commit: asyncio.TimerHandle | None = None
        self._synced_s = float("-inf")
        self.latency = Latency()
        self.decision = Latency()
        self.last_data_ns = 0
        self._on_order: Callable[[dict[str, Any]], None] | None = None
        self.broken: Exception | None = None

    @property
    def on_order(self) -> Callable[[dict[str, Any]], None] | None:
        """Given each order that changed, once per input."""
        return self._on_order

    @on_order.setter
    def on_order(self, on_order: Callable[[dict[str, Any]], None] | None) -> None:
        self._on_order = on_order
        self.core.watch_orders(on_order is not None)

    def now_ns(self) -> int:
        """Time of this machine, nanoseconds since the epoch."""
        return self._wall_ns()

    def frame(self, frame: bytes, received_ns: int) -> list[dict[str, Any]]:
        """Take in a frame of market data."""
        begun = time.perf_counter_ns()
        self.last_data_ns = received_ns
        controls = self._do(begun, _core.Node.on_frame, frame, received_ns)
        self.latency.add(time.perf_counter_ns() - begun)
        for tap in self._taps:
            tap(frame, received_ns)
        return controls or []

    def do(self, act: Callable[Concatenate[_core.Node, P], T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Call a method of the node and hand out what came of it; nothing, once the journal is broken."""
        return self._do(None, act, *args, **kwargs)

    def _do(
        self, begun: int | None, act: Callable[Concatenate[_core.Node, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        if self.broken is not None:
            return None
        try:
            result = act(self.core, *args, **kwargs)
            self._hand_out(begun)
        except _core.TickwrightError as error:
            # What is refused leaves the session as it was; what broke it ends the node.
            if not isinstance(error, _core.JournalError) and self.core.status()["broken"] is None:
                raise
            self._break(error)
            return None
        return result

    def _hand_out(self, begun: int | None = None) -> None:
        if self.core.is_waiting and self.core.commit(self.now_ns()) and self._commit is None:
            self._sync_when_due(at_once=begun is not None)
        for request in self.core.take_requests():
            if begun is not None:
                self.decision.add(time.perf_counter_ns() - begun)
            self._on_request(request)
        for notice in self.core.take_notices():
            self._on_notice(notice)
        if self._on_order is not None:
            for order in self.core.take_changed():
                self._on_order(order)
        self._set_timer()

    def _sync_when_due(self, *, at_once: bool) -> None:
        """Close the group that has begun: now, if the last one is over, else when it will be.

        What comes of market data leaves `at_once`; whoever gives a command does not wait for the disk.
        """
        loop = asyncio.get_running_loop()
        wait_s = self._synced_s + self._group_s - loop.time()
        if wait_s > 0.0 or not at_once:
            self._commit = loop.call_later(max(wait_s, 0.0), self._sync_late)
        else:
            self._sync(self.core)

    def _sync(self, core: _core.Node) -> None:
        try:
            core.sync(self.now_ns())
        finally:  # the pause begins when the disk is done, so that a slow one is not all that the loop does
            self._synced_s = asyncio.get_running_loop().time()

    def _sync_late(self) -> None:
        self._commit = None
        self._do(None, self._sync)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.core.next_wake_ns
        if self._wall and due < _FAR:
            delay = max(0.0, (due - self._wall_ns()) / 1e9)
            self._timer = asyncio.get_running_loop().call_later(min(delay, 3600.0), self._wake)

    def _wake(self) -> None:
        self._timer = None
        now = self._wall_ns()
        if self.core.next_wake_ns <= now:
            self.do(_core.Node.wake, now)
        else:
            self._set_timer()

    def _break(self, error: Exception) -> None:
        self.broken = error
        self.cancel_timers()
        self._on_broken(error)

    def cancel_timers(self) -> None:
        """Stop waiting for anything."""
        for handle in (self._timer, self._commit):
            if handle is not None:
                handle.cancel()
        self._timer = self._commit = None
