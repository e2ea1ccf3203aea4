"""How long things took: the newest of them, and all of them by count."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["Latency"]


class Latency:
    """Percentiles over the newest measurements.

    Parameters
    ----------
    newest
        How many are kept.

    Examples
    --------
    >>> from tickwright.live import Latency
    >>> latency = Latency()
    >>> for microseconds in range(1, 101):
    ...     latency.add(microseconds * 1_000)
    >>> latency.percentile_us(50), latency.percentile_us(99), latency.count
    (50.0, 99.0, 100)
    """

    __slots__ = ("_newest", "count")

    def __init__(self, newest: int = 10_000) -> None:
        self.count = 0
        self._newest: deque[int] = deque(maxlen=newest)

    def add(self, ns: int) -> None:
        """Note one, nanoseconds."""
        self.count += 1
        self._newest.append(ns)

    def percentile_us(self, percent: float) -> float | None:
        """Microseconds that `percent` of the newest took at most; None before the first."""
        if not self._newest:
            return None
        ordered = sorted(self._newest)
        return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] / 1_000
