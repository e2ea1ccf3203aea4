"""Requests that wait for their turn: one lane a priority, bounded, under a rate budget and a number of slots.

No clock, no threads and no waiting of its own: `tickwright.adapters.dispatch` gives it those.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tickwright.adapters.pacing import Priority, RateBudget
from tickwright.errors import ConfigError, NotSentError

__all__ = ["LaneStatistics", "Lanes", "Ticket"]


@dataclass(slots=True, eq=False)
class Ticket:
    """A place in the queue."""

    priority: Priority
    key: str | None
    """Requests of one key leave one after the other, in the order they came, each after the last was answered."""
    queued_at: float
    started_at: float = -1.0


@dataclass(slots=True)
class LaneStatistics:
    """What has passed through one lane."""

    queued: int = 0
    """Tickets that were given."""
    waiting: int = 0
    sent: int = 0
    turned_away: int = 0
    """Requests for which there was no room."""
    withdrawn: int = 0
    """Tickets given back before their turn: their time ran out, or nobody wants them any more."""
    wait_s: float = 0.0
    """Seconds in the queue, of all that were sent."""
    wait_s_max: float = 0.0
    service_s: float = 0.0
    """Seconds from sending to the answer, of all that were sent."""
    service_s_max: float = 0.0


@dataclass(slots=True)
class Lanes:
    """Who may be sent next.

    Parameters
    ----------
    budget : RateBudget
        How often anything may be sent.
    slots : int
        Requests under way at once. New orders leave one of them to cancels, replaces and flattening; reads leave two.
    capacity : int
        Tickets that may wait in one lane.

    Examples
    --------
    >>> from tickwright.adapters import Lanes, Priority, RateBudget
    >>> lanes = Lanes(RateBudget(limit=100), slots=3, capacity=10)
    >>> read, order = lanes.push(Priority.READ, 0.0), lanes.push(Priority.SUBMIT, 0.0, key="AAPL")
    >>> cancel = lanes.push(Priority.CANCEL, 0.0)
    >>> [lanes.take(0.0) is ticket for ticket in (cancel, order)], lanes.take(0.0)
    ([True, True], None)
    """

    budget: RateBudget
    slots: int
    capacity: int
    running: int = 0
    statistics: dict[Priority, LaneStatistics] = field(default_factory=lambda: {p: LaneStatistics() for p in Priority})
    _waiting: dict[Priority, deque[Ticket]] = field(default_factory=lambda: {p: deque() for p in Priority})
    _busy: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.slots < 3 or self.capacity < 1:
            raise ConfigError(
                f"requests: {self.slots} slots, capacity {self.capacity}; give at least 3 slots (one for reads, "
                "one for orders, one that cancels always find free) and a capacity of 1"
            )

    def push(self, priority: Priority, now: float, *, key: str | None = None) -> Ticket:
        """Queue at the end of the lane of `priority`.

        Raises
        ------
        NotSentError
            The lane is full.
        """
        lane, statistics = self._waiting[priority], self.statistics[priority]
        if len(lane) >= self.capacity:
            statistics.turned_away += 1
            raise NotSentError(f"not sent: {len(lane)} requests of priority {priority.name} wait already")
        ticket = Ticket(priority, key, now)
        lane.append(ticket)
        statistics.queued += 1
        statistics.waiting += 1
        return ticket

    def take(self, now: float) -> Ticket | None:
        """Take the ticket whose turn it is and its share of the budget; None while nothing may be sent."""
        for priority, lane in self._waiting.items():
            if not lane:
                continue
            # What a priority may not have, a lower one may not have either: see the reserves.
            if self.running >= self._slots(priority):
                return None
            ticket = next((t for t in lane if t.key is None or t.key not in self._busy), None)
            if ticket is None:
                continue
            if not self.budget.grant(now, priority):
                return None
            lane.remove(ticket)
            if ticket.key is not None:
                self._busy.add(ticket.key)
            self.running += 1
            ticket.started_at = now
            statistics = self.statistics[priority]
            wait_s = now - ticket.queued_at
            statistics.waiting -= 1
            statistics.sent += 1
            statistics.wait_s += wait_s
            statistics.wait_s_max = max(statistics.wait_s_max, wait_s)
            return ticket
        return None

    def done(self, ticket: Ticket, now: float) -> None:
        """Give back the slot of a ticket that was taken: it was answered, or there will be no answer."""
        self.running -= 1
        if ticket.key is not None:
            self._busy.discard(ticket.key)
        statistics = self.statistics[ticket.priority]
        service_s = now - ticket.started_at
        statistics.service_s += service_s
        statistics.service_s_max = max(statistics.service_s_max, service_s)

    def withdraw(self, ticket: Ticket) -> bool:
        """Give back a ticket that still waits; False where it has been taken."""
        try:
            self._waiting[ticket.priority].remove(ticket)
        except ValueError:
            return False
        statistics = self.statistics[ticket.priority]
        statistics.waiting -= 1
        statistics.withdrawn += 1
        return True

    def wake_at(self, now: float) -> float | None:
        """When to call `take` again; None where only `push` or `done` can help."""
        for priority, lane in self._waiting.items():
            if not lane:
                continue
            if self.running >= self._slots(priority):
                return None
            if any(t.key is None or t.key not in self._busy for t in lane):
                return self.budget.ready_at(now, priority)
        return None

    def _slots(self, priority: Priority) -> int:
        if priority is Priority.READ:
            return self.slots - 2
        return self.slots - 1 if priority is Priority.SUBMIT else self.slots
