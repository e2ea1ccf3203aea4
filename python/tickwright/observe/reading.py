"""One look at a node: everything that metrics, alerts and objectives are made of, taken on the node's loop at once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from tickwright.live import LiveNode
from tickwright.observe.health import Heartbeat

__all__ = ["BOUNDS_S", "Reader", "Reading", "Stage", "Tally"]

BOUNDS_S: Final = (
    *(mantissa * 10.0**exponent for exponent in range(-6, 1) for mantissa in (1.0, 2.5, 5.0)),
    10.0,
    30.0,
)
"""Upper bounds of the latency histograms' buckets, seconds: 1 µs to 30 s."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How long a stage took."""

    count: int
    sum_s: float
    upto: tuple[int, ...]
    """Of all since the start, how many took at most each of `BOUNDS_S`."""
    recent_s: Mapping[str, float | None]
    """Percentiles of the newest 10,000: 0.5, 0.99, 0.999."""


@dataclass(slots=True)
class Tally:
    """Counts what a node tells of itself; a listener of its notices."""

    fills: Counter[tuple[int, str]] = field(default_factory=Counter)
    """By number of the strategy and side."""
    faults: Counter[int] = field(default_factory=Counter)
    """By number of the strategy."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Notices by kind."""

    def __call__(self, notice: Mapping[str, Any]) -> None:
        """Count a notice."""
        kind = notice["kind"]
        self.kinds[kind] += 1
        if kind == "fill":
            self.fills[notice["strategy"], notice["side"]] += 1
        elif kind == "fault":
            self.faults[notice["strategy"]] += 1


@dataclass(frozen=True, slots=True)
class Reading:
    """A node at one moment."""

    status: Mapping[str, Any]
    """As of `LiveNode.status`; empty before the node has one."""
    stages: Mapping[str, Stage] = field(default_factory=dict)
    fills: Mapping[tuple[int, str], int] = field(default_factory=dict)
    faults: Mapping[int, int] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)
    frames_within: int = 0
    """Frames that were taken in within the latency that is promised."""
    drawdown_limit: float | None = None
    """Dollars of drawdown that the limits allow; None without a limit."""
    answered: bool = True
    """False where the node's loop did not answer in time."""
    heartbeat_age_s: float = 0.0
    took_s: float = 0.0
    """Seconds of the node's loop that it cost."""


class Reader:
    """Reads a node from any thread.

    Parameters
    ----------
    node
        The node; it need not have started.
    loop
        The event loop that it runs on.
    heart
        Notes that the loop turns.
    timeout_s
        Seconds that the loop has to answer.
    fresh_s
        Seconds for which a reading may be given again.
    promised_s
        Seconds that a frame may take.
    """

    def __init__(
        self,
        node: LiveNode,
        loop: asyncio.AbstractEventLoop,
        heart: Heartbeat,
        *,
        timeout_s: float = 2.0,
        fresh_s: float = 0.2,
        promised_s: float = 5e-3,
    ) -> None:
        self._node, self._loop, self.heart = node, loop, heart
        self._timeout_s, self._fresh_s, self._promised_s = timeout_s, fresh_s, promised_s
        self.tally = Tally()
        node.listeners.append(self.tally)
        self._lock = threading.Lock()
        self._last: tuple[float, Reading] | None = None
        self.timeouts = 0

    def read(self) -> Reading:
        """Give a reading, a moment old at most; where the loop is stuck, one that says so."""
        with self._lock:
            if self._last is not None and time.monotonic() - self._last[0] < self._fresh_s:
                return self._last[1]
            reading = self._ask()
            self._last = (time.monotonic(), reading)
            return reading

    def _ask(self) -> Reading:
        answer: concurrent.futures.Future[Reading] = concurrent.futures.Future()

        def on_loop() -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(self.take())
                except Exception as error:
                    answer.set_exception(error)

        try:
            self._loop.call_soon_threadsafe(on_loop)
            return answer.result(self._timeout_s)
        except RuntimeError:  # the loop is closed
            return Reading({}, answered=False, heartbeat_age_s=self.heart.age_s())
        except concurrent.futures.TimeoutError:
            answer.cancel()
            self.timeouts += 1
            return Reading({}, answered=False, heartbeat_age_s=self.heart.age_s())

    def take(self) -> Reading:
        """Read at once; on the node's loop only."""
        begun, node = time.perf_counter(), self._node
        if not node.has_status:
            return Reading({}, heartbeat_age_s=self.heart.age_s())
        status = node.status()
        stages = {}
        for name, latency in node.latencies().items():
            told = status["latency_us"][name]
            recent = {"0.5": _seconds(told["p50"]), "0.99": _seconds(told["p99"]), "0.999": _seconds(told["p99.9"])}
            stages[name] = Stage(latency.count, latency.sum_s, tuple(latency.cumulative(BOUNDS_S)), recent)
        percent = node.limits.max_drawdown_pct
        peak = Decimal(status["equity"]) + Decimal(status["drawdown"])
        return Reading(
            status,
            stages,
            dict(self.tally.fills),
            dict(self.tally.faults),
            dict(self.tally.kinds),
            node.latencies()["frame"].cumulative([self._promised_s])[0],
            None if percent is None else float(peak) * percent / 100,
            heartbeat_age_s=self.heart.age_s(),
            took_s=time.perf_counter() - begun,
        )


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6
