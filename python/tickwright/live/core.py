"""The engine's session as the node uses it: every input goes in here, and what comes of it is handed out at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from tickwright import _core
from tickwright.live.disk import Disk
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
        at once, and what follows it waits for the others of its group. A thread of its own syncs.
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
        self._wall, self._wall_ns = wall, wall_ns
        self._timer: asyncio.TimerHandle | None = None
        self._disk = Disk(group_s, self._begin_sync, self._end_sync)
        self._begun: int | None = None
        self.latency = Latency()
        self.decision = Latency()
        self.last_data_ns = 0
        self._waiting_since: float | None = None
        self.frames = 0
        """Number of the newest frame of this run."""
        self._since_frame = 0
        self._on_order: Callable[[dict[str, Any]], None] | None = None
        self.broken: Exception | None = None

    @property
    def lag_s(self) -> float:
        """Seconds for which orders and notices have waited for the disk and none got through; 0 where none waits."""
        return 0.0 if self._waiting_since is None else time.monotonic() - self._waiting_since

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
        self.frames += 1
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
        waits = self.core.is_waiting and self.core.commit(self.now_ns())
        if waits:
            self._begun = self._begun or begun
            self._disk.ask()
        requests, notices = self.core.take_requests(), self.core.take_notices()
        if waits and (self._waiting_since is None or requests or notices):
            self._waiting_since = time.monotonic()
        for request in requests:
            if begun is not None:
                self.decision.add(time.perf_counter_ns() - begun)
            request["since_frame"] = min(self._since_frame, self.frames)
            self._on_request(request)
        if not waits:
            self._waiting_since = None
            self._since_frame = self.frames + 1
        for notice in notices:
            self._on_notice(notice)
        if self._on_order is not None:
            for order in self.core.take_changed():
                self._on_order(order)
        self._set_timer()

    def flush(self) -> None:
        """Have what was recorded made durable, whether or not anything waits for it; never waits."""
        if self.broken is None:
            self._disk.ask()

    def _begin_sync(self) -> _core.SyncTask | None:
        if self.broken is not None:
            return None
        try:
            return self.core.begin_sync()
        except _core.TickwrightError as error:
            self._break(error)
            return None

    def _end_sync(self, task: _core.SyncTask) -> None:
        begun, self._begun = self._begun, None
        self._do(begun, _core.Node.end_sync, task, self.now_ns())

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
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._disk.close()
