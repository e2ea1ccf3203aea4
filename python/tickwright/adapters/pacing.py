"""How often a broker may be asked, and how long to wait before trying again. No clock and no waiting of its own.

All times are seconds of one monotonic clock, given by the caller.
"""

from __future__ import annotations

import math
import random
from collections import deque
from enum import IntEnum

from tickwright.errors import ConfigError

__all__ = ["Backoff", "Priority", "RateBudget"]


class Priority(IntEnum):
    """Who goes first: the lower."""

    CANCEL = 0
    FLATTEN = 1
    """Replaces, and orders that close positions."""
    SUBMIT = 2
    """New orders, and questions about orders in doubt."""
    READ = 3


#: The share of the limit that a priority must leave to those above it.
RESERVES: dict[Priority, float] = {
    Priority.CANCEL: 0.0,
    Priority.FLATTEN: 0.05,
    Priority.SUBMIT: 0.10,
    Priority.READ: 0.20,
}


class RateBudget:
    """How many requests may leave, such that no window of `window_s` seconds ever holds more than `limit`.

    It believes its own count and what the broker says is left, whichever is less: other programs may use the same
    account.

    Parameters
    ----------
    limit : int
        Requests in a window.
    window_s : float
        Length of the window.
    slack_s : float
        How much longer than the broker's window ours is: requests arrive less evenly than they leave.

    Examples
    --------
    >>> from tickwright.adapters import Priority, RateBudget
    >>> budget = RateBudget(limit=10, slack_s=0)
    >>> [budget.grant(0.0, Priority.READ) for _ in range(9)].count(True)  # 20 % are left to the others
    8
    >>> budget.grant(0.0, Priority.CANCEL), budget.left(0.0), budget.ready_at(0.0, Priority.READ)
    (True, 1, 60.0)
    """

    __slots__ = ("_blocked_until", "_sent", "_server_left", "_server_until", "limit", "window_s")

    def __init__(self, limit: int = 200, window_s: float = 60.0, *, slack_s: float = 0.5) -> None:
        if limit < 1 or not window_s > 0 or slack_s < 0:
            raise ConfigError(f"rate limit: {limit} in {window_s} s; give at least 1 request and a window above 0 s")
        self.limit = limit
        self.window_s = window_s + slack_s
        self._sent: deque[float] = deque()
        self._server_left = 0
        self._server_until = -math.inf
        self._blocked_until = -math.inf

    def reserve(self, priority: Priority) -> int:
        """How many requests of a window `priority` leaves to those above it."""
        return int(self.limit * RESERVES[priority])

    def left(self, now: float) -> int:
        """How many requests may leave now, over all priorities."""
        if now < self._blocked_until:
            return 0
        while self._sent and self._sent[0] + self.window_s <= now:
            self._sent.popleft()
        left = self.limit - len(self._sent)
        if now < self._server_until:
            left = min(left, self._server_left)
        return max(left, 0)

    def grant(self, now: float, priority: Priority) -> bool:
        """Take one request out of the budget, where there is one for `priority`."""
        if self.left(now) <= self.reserve(priority):
            return False
        self._sent.append(now)
        self._server_left -= 1
        return True

    def ready_at(self, now: float, priority: Priority) -> float:
        """When `grant` may next succeed, if nothing else is granted; `now` where it would at once."""
        reserve = self.reserve(priority)
        if self.left(now) > reserve:
            return now
        ready = max(now, self._blocked_until)
        if now < self._server_until and self._server_left <= reserve:
            ready = max(ready, self._server_until)
        over = len(self._sent) - (self.limit - reserve - 1)
        if over > 0:
            ready = max(ready, self._sent[over - 1] + self.window_s)
        return ready

    def learn(self, now: float, limit: int, remaining: int, reset_in_s: float, in_flight: int = 0) -> None:
        """Believe what an answer says: `remaining` of `limit` requests until `reset_in_s` from now.

        Parameters
        ----------
        now : float
            When the answer came.
        limit, remaining, reset_in_s
            What it says.
        in_flight : int
            Requests on their way, which the broker may not have counted yet.
        """
        if limit >= 1:
            self.limit = limit
        left = max(remaining, 0) - in_flight
        until = now + min(max(reset_in_s, 0.0), 2 * self.window_s)
        # Answers come in any order, and resets are told in whole seconds.
        if until > self._server_until + 1.5 or now >= self._server_until:
            self._server_left, self._server_until = left, until
        elif until >= self._server_until - 1.5:
            self._server_left = min(self._server_left, left)

    def block(self, now: float, wait_s: float) -> None:
        """Let nothing pass for `wait_s`: the broker said that there were too many."""
        self._blocked_until = max(self._blocked_until, now + min(max(wait_s, 0.0), 2 * self.window_s))


class Backoff:
    """Waits that grow exponentially, with full jitter: each is drawn evenly from `floor_s` to a ceiling that doubles.

    Parameters
    ----------
    first_s, cap_s : float
        The first ceiling and the last.
    floor_s : float
        The least wait.
    rng : random.Random, optional
        Where chance comes from.

    Notes
    -----
    M. Brooker, "Exponential backoff and jitter", 2015: full jitter makes the least work for clients that collide.

    Examples
    --------
    >>> import random
    >>> from tickwright.adapters import Backoff
    >>> backoff = Backoff(first_s=1.0, cap_s=8.0, floor_s=0.1, rng=random.Random(7))
    >>> all(0.1 <= backoff.next_s() <= ceiling for ceiling in (1.0, 2.0, 4.0, 8.0, 8.0))
    True
    """

    __slots__ = ("_rng", "attempts", "cap_s", "first_s", "floor_s")

    def __init__(
        self, first_s: float = 0.5, cap_s: float = 30.0, *, floor_s: float = 0.05, rng: random.Random | None = None
    ) -> None:
        if not 0 <= floor_s <= first_s <= cap_s < math.inf:
            raise ConfigError(f"back-off: floor {floor_s} s, first {first_s} s, cap {cap_s} s; they must not fall")
        self.first_s, self.cap_s, self.floor_s = first_s, cap_s, floor_s
        self.attempts = 0
        self._rng = rng or random.Random()

    def next_s(self) -> float:
        """Draw the next wait; the ceiling doubles."""
        ceiling = min(self.cap_s, self.first_s * 2.0 ** min(self.attempts, 64))
        self.attempts += 1
        return self._rng.uniform(self.floor_s, ceiling)

    def reset(self) -> None:
        """Begin anew: it worked."""
        self.attempts = 0
