"""How long things took: all since the start as a histogram of constant size, and the newest one by one.

Adding costs an append; what was added is counted two thousand at a time, whenever as many wait or somebody asks.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["Latency"]

BATCH: Final = 2_000
MANTISSA_BITS: Final = 7
LONGEST_NS: Final = 1 << 40
BUCKETS: Final = 41 << MANTISSA_BITS


def _bucket_of(ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Bucket of each duration: the exponent and the first seven bits of the mantissa of its floating-point number.

    So each bucket is at most 1/128 of its own values wide, over the whole range.
    """
    bits = np.minimum(np.maximum(ns, 1), LONGEST_NS).astype(np.float64).view(np.int64)
    return (bits >> (52 - MANTISSA_BITS)) - (1_023 << MANTISSA_BITS)


def _end_of(bucket: int) -> int:
    """Longest whole number of nanoseconds that falls into a bucket."""
    exponent, mantissa = divmod(bucket, 1 << MANTISSA_BITS)
    return math.ceil(math.ldexp(1 + (mantissa + 1) / (1 << MANTISSA_BITS), exponent)) - 1


class Latency:
    """A histogram of durations (HDR: to 0.8 %, from 1 ns to 18 minutes) and the newest of them.

    Parameters
    ----------
    newest
        How many are kept one by one.

    Notes
    -----
    The idea of a histogram whose buckets grow with their values is that of G. Tene's HdrHistogram: 42 KB hold whatever
    comes. The newest are 8 bytes each.

    Examples
    --------
    >>> from tickwright.live import Latency
    >>> latency = Latency()
    >>> for microseconds in range(1, 101):
    ...     latency.add(microseconds * 1_000)
    >>> latency.percentile_us(50), latency.percentile_us(99), latency.count
    (50.0, 99.0, 100)
    >>> latency.cumulative([10e-6, 50e-6, 1.0]), latency.sum_s
    ([10, 50, 100], 0.00505)
    """

    __slots__ = ("_batch", "_counted", "_counts", "_newest", "_recent", "_sum_ns", "_waiting", "max_ns")

    def __init__(self, newest: int = 10_000) -> None:
        if newest < 1:
            raise ValueError(f"latency: the newest {newest} cannot be kept; give at least 1")
        self._batch = min(BATCH, newest)
        self._waiting: list[int] = []
        self._counts = np.zeros(BUCKETS, np.int64)
        self._newest = np.zeros(newest, np.int64)
        self._recent = 0
        self._counted = 0
        self._sum_ns = 0
        self.max_ns = 0
        """The longest since the start, nanoseconds."""

    def add(self, ns: int) -> None:
        """Note one, nanoseconds."""
        waiting = self._waiting
        waiting.append(ns)
        if len(waiting) >= self._batch:
            self._count()

    @property
    def count(self) -> int:
        """How many there were since the start."""
        return self._counted + len(self._waiting)

    @property
    def sum_s(self) -> float:
        """How long all of them took together since the start, seconds."""
        self._count()
        return self._sum_ns / 1e9

    def percentile_us(self, percent: float) -> float | None:
        """Microseconds that `percent` of the newest took at most; None before the first."""
        return self.percentiles_us((percent,))[0]

    def percentiles_us(self, percents: Sequence[float]) -> list[float | None]:
        """Do as `percentile_us` for several, for the price of one."""
        self._count()
        size = min(self._recent, self._newest.size)
        if not size:
            return [None] * len(percents)
        ranks = [max(0, math.ceil(size * percent / 100) - 1) for percent in percents]
        # To put only these in their places takes a fifth of the time of sorting all.
        placed = np.partition(self._newest[:size], sorted(set(ranks)))
        return [int(placed[rank]) / 1_000 for rank in ranks]

    def percentile_since_start_us(self, percent: float) -> float | None:
        """Microseconds that `percent` of all since the start took at most, up to 0.8 % too high; None before any."""
        self._count()
        if not self._counted:
            return None
        rank = max(1, math.ceil(self._counted * percent / 100))
        return min(_end_of(int(np.searchsorted(np.cumsum(self._counts), rank))), self.max_ns) / 1_000

    def cumulative(self, bounds_s: Sequence[float]) -> list[int]:
        """How many since the start took at most so many seconds, bound by bound; those within 0.8 % of it count."""
        self._count()
        upto = np.cumsum(self._counts)
        buckets = _bucket_of(np.array([round(bound * 1e9) for bound in bounds_s], np.int64))
        return [int(count) for count in upto[buckets]]

    def _count(self) -> None:
        if not self._waiting:
            return
        batch = np.frombuffer(array("q", self._waiting), np.int64)
        self._waiting.clear()
        self._counts += np.bincount(_bucket_of(batch), minlength=BUCKETS)
        self._sum_ns += int(batch.sum())
        self.max_ns = max(self.max_ns, int(batch.max()))
        self._counted += batch.size
        size = self._newest.size
        at = self._recent % size
        head = min(batch.size, size - at)
        self._newest[at : at + head] = batch[:head]
        self._newest[: batch.size - head] = batch[head:]
        self._recent += batch.size
