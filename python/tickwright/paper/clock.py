"""The virtual clock: the time that the market, the orders, ``/v2/clock`` and every answer show."""

from __future__ import annotations

import math
import time

__all__ = ["VirtualClock"]


class VirtualClock:
    """Virtual nanoseconds since the epoch, at a chosen speed, never backwards.

    Parameters
    ----------
    start_ns : int
        Time at which it stands until `run` is called.
    speed : float
        Virtual seconds a second. With 0 only `reach` moves it; with infinity too, as the market's events are played.

    Examples
    --------
    >>> clock = VirtualClock(1_000, 0.0)
    >>> clock.reach(2_000)
    >>> clock.now_ns
    2000
    """

    __slots__ = ("_origin_ns", "_real_ns", "_running", "speed")

    def __init__(self, start_ns: int, speed: float) -> None:
        self.speed = speed
        self._origin_ns = start_ns
        self._real_ns = time.monotonic_ns()
        self._running = False

    @property
    def paced(self) -> bool:
        """Whether time passes by itself while it runs."""
        return 0 < self.speed < math.inf

    @property
    def running(self) -> bool:
        """Whether it has been started and not been stopped."""
        return self._running

    @property
    def now_ns(self) -> int:
        """Virtual time."""
        if not self._running or not self.paced:
            return self._origin_ns
        passed_ns = time.monotonic_ns() - self._real_ns
        return self._origin_ns + (passed_ns if self.speed == 1 else int(passed_ns * self.speed))

    def run(self) -> None:
        """Let time pass from where it stands."""
        if not self._running:
            self._real_ns = time.monotonic_ns()
            self._running = True

    def stop(self) -> None:
        """Let time stand still."""
        self._origin_ns = self.now_ns
        self._running = False

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on."""
        self._origin_ns = self.now_ns
        self._real_ns = time.monotonic_ns()
        self.speed = speed

    def reach(self, ns: int) -> None:
        """Jump forward to `ns`; a time gone by changes nothing."""
        if ns > self.now_ns:
            self._origin_ns = ns
            self._real_ns = time.monotonic_ns()

    def real_seconds_until(self, ns: int) -> float:
        """Seconds of real time until it shows `ns`; infinity where it does not move by itself."""
        if not self._running or not self.paced:
            return math.inf
        return max(0.0, (ns - self.now_ns) / self.speed / 1e9)
