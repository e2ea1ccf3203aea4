"""How long things took: the newest of them, and all of them by count."""

from __future__ import annotations

import math
from collections import Counter, deque

__all__ = ["Latency"]

#: Bits that are kept of a time: what is told is at most 0.4 % above what was measured, and never below.
BITS = 9


class Latency:
    """Percentiles over the newest measurements; told in time that depends on how they spread and not on how many.

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
    (50.048, 99.072, 100)
    """

    __slots__ = ("_counts", "_newest", "_newest_max", "count")

    def __init__(self, newest: int = 10_000) -> None:
        self.count = 0
        self._newest_max = newest
        self._newest: deque[int] = deque()
        self._counts: Counter[int] = Counter()

    def add(self, ns: int) -> None:
        """Note one, nanoseconds."""
        shift = max(0, ns.bit_length() - BITS)
        rounded = -(-ns >> shift) << shift
        self.count += 1
        self._newest.append(rounded)
        self._counts[rounded] += 1
        if len(self._newest) > self._newest_max:
            oldest = self._newest.popleft()
            self._counts[oldest] -= 1
            if not self._counts[oldest]:
                del self._counts[oldest]

    def percentile_us(self, percent: float) -> float | None:
        """Microseconds that `percent` of the newest took at most; None before the first."""
        wanted = max(1, math.ceil(len(self._newest) * percent / 100))
        for ns in sorted(self._counts):
            wanted -= self._counts[ns]
            if wanted <= 0:
                return ns / 1_000
        return None
