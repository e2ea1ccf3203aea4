"""How often and how many: token buckets, counts of open streams, and a lock for those who try wrong tokens."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

__all__ = ["Buckets", "Lockout", "Slots"]

NAMES: Final = 4_096


class Buckets:
    """A token bucket for each name: `per_second` refill it, up to `burst`; memory is bounded, the idle are forgotten.

    Examples
    --------
    >>> from tickwright.control.throttle import Buckets
    >>> now = iter([0.0, 0.0, 0.0, 0.5]).__next__
    >>> buckets = Buckets(2.0, burst=2, clock=now)
    >>> [buckets.take("ann") for _ in range(4)]
    [0.0, 0.0, 0.5, 0.0]
    """

    def __init__(self, per_second: float, *, burst: float | None = None, clock: Callable[[], float] = time.monotonic):
        self._rate, self._burst = per_second, max(1.0, per_second if burst is None else burst)
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> float:
        """Take one; gives 0, or the seconds until there is one."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        level, since = self._levels.get(name, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        wait = 0.0 if level >= 1.0 else (1.0 - level) / self._rate
        self._levels[name] = (level - 1.0 if wait == 0.0 else level, now)
        self._levels.move_to_end(name)
        while len(self._levels) > NAMES:
            self._levels.popitem(last=False)
        return wait


class Slots:
    """So many at one time for each name.

    Examples
    --------
    >>> from tickwright.control.throttle import Slots
    >>> slots = Slots(1)
    >>> slots.take("ann"), slots.take("ann"), slots.take("bob")
    (True, False, True)
    >>> slots.give("ann"), slots.take("ann")
    (None, True)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[str, int] = {}

    def take(self, name: str) -> bool:
        """Take one, if there is one."""
        taken = self._taken.get(name, 0)
        if self._most and taken >= self._most:
            return False
        self._taken[name] = taken + 1
        return True

    def give(self, name: str) -> None:
        """Give it back."""
        left = self._taken.get(name, 0) - 1
        if left > 0:
            self._taken[name] = left
        else:
            self._taken.pop(name, None)


class Lockout:
    """Peers that showed wrong tokens: after `allowed` within a minute each further one costs twice the wait, up to `longest_s`.

    It holds back wrong tokens only. A right one passes from a locked peer too: 256 random bits are not guessed, and a
    program with an old token on the operator's machine must not keep the operator from stopping the engine.

    Examples
    --------
    >>> from tickwright.control.throttle import Lockout
    >>> lockout = Lockout(allowed=2, clock=lambda: 0.0)
    >>> [lockout.wrong("peer") for _ in range(4)], lockout.wait("peer")
    ([0.0, 0.0, 1.0, 2.0], 2.0)
    """  # noqa: E501

    def __init__(
        self, *, allowed: int = 10, longest_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._allowed, self._longest_s, self._clock = allowed, longest_s, clock
        self._peers: OrderedDict[str, tuple[int, float, float]] = OrderedDict()

    def wait(self, peer: str) -> float:
        """Give the seconds for which wrong tokens of `peer` are not looked at."""
        found = self._peers.get(peer)
        return 0.0 if found is None else max(0.0, found[2] - self._clock())

    def wrong(self, peer: str) -> float:
        """Count a wrong token; gives the seconds to wait."""
        now = self._clock()
        count, last, until = self._peers.get(peer, (0, now, now))
        count = 1 if now - last > 60.0 + self._longest_s else count + 1
        over = count - self._allowed
        wait = min(self._longest_s, 2.0 ** min(over - 1, 30)) if over > 0 else 0.0
        self._peers[peer] = (count, now, max(until, now + wait))
        self._peers.move_to_end(peer)
        while len(self._peers) > NAMES:
            self._peers.popitem(last=False)
        return wait
