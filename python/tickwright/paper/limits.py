"""Requests a minute: Alpaca's limit by account, its headers, and the answer beyond it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

__all__ = ["TOO_MANY", "RateLimit"]

TOO_MANY = b'{"code": 42910000, "message": "rate limit exceeded"}'
WINDOW_S = 60.0

Header = tuple[bytes, bytes]


class RateLimit:
    """Requests of each account in windows of a minute, each beginning with the first request after the last one.

    Real time counts, not the market's: clients wait by their own clock.

    Parameters
    ----------
    per_minute : int
        Requests a minute; 0 counts nothing and lets all pass.
    accounts : int
        How many accounts there are.
    clock : callable
        Seconds since the epoch.

    Examples
    --------
    >>> limit = RateLimit(1, accounts=1, clock=lambda: 1_000.0)
    >>> limit.take(0)
    (True, [(b'x-ratelimit-limit', b'1'), (b'x-ratelimit-remaining', b'0'), (b'x-ratelimit-reset', b'1060')])
    >>> limit.take(0)[0]
    False
    """

    __slots__ = ("_clock", "_per_minute", "_used", "_windows")

    def __init__(self, per_minute: int, *, accounts: int, clock: Callable[[], float] = time.time) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._used = [0] * accounts
        self._windows = [-math.inf] * accounts

    def take(self, account: int) -> tuple[bool, list[Header]]:
        """Count a request: whether it may pass, and the headers of its answer."""
        if not self._per_minute:
            return True, []
        now = self._clock()
        if not self._windows[account] <= now < self._windows[account] + WINDOW_S:
            self._windows[account] = now
            self._used[account] = 0
        passes = self._used[account] < self._per_minute
        if passes:
            self._used[account] += 1
        left = self._per_minute - self._used[account]
        reset = math.ceil(self._windows[account] + WINDOW_S)
        return passes, [
            (b"x-ratelimit-limit", b"%d" % self._per_minute),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % reset),
        ]
