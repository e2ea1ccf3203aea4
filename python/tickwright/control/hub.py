"""From the engine's loop to many streams: bounded, and a slow subscriber slows nobody.

A publisher puts an item into a bounded queue and wakes the control plane's loop, at most once in `linger_s`: that is
all that it costs the engine, with one subscriber or a hundred. On the control plane's loop each item is converted once
and handed to every subscription, whose queue is bounded too: what does not fit is counted, never waited for.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Batch", "Hub", "Subscription"]

log = logging.getLogger(__name__)

In = TypeVar("In")
Out = TypeVar("Out")


class Batch(NamedTuple, Generic[Out]):
    """What a subscription gives at once."""

    items: list[Out]
    """In the order in which they were published."""
    missed: int
    """Items that were passed over since the batch before."""


class Subscription(Generic[Out]):
    """One stream's queue; used on the hub's loop.

    Parameters
    ----------
    bound
        Most items that wait; the oldest is passed over for a newer one.
    key
        With it a newer item takes the place of one with the same key, and none that is the newest of its key is passed
        over: `bound` does not count then, as no more wait than there are keys.
    wanted
        Whether an item is put in line at all.
    """

    def __init__(
        self,
        bound: int,
        key: Callable[[Out], Hashable] | None = None,
        wanted: Callable[[Out], bool] = lambda _: True,
    ) -> None:
        self._bound, self._key, self.wanted = bound, key, wanted
        self._queue: deque[Out] = deque()
        self._by_key: OrderedDict[Hashable, Out] = OrderedDict()
        self._missed = 0
        self._ready = asyncio.Event()
        self.closed = False
        """Whether nothing more comes."""

    def take(self, item: Out) -> None:
        """Put an item in line."""
        if self._key is not None:
            if self._by_key.pop(key := self._key(item), None) is not None:
                self._missed += 1
            self._by_key[key] = item
        else:
            if len(self._queue) >= self._bound:
                self._queue.popleft()
                self._missed += 1
            self._queue.append(item)
        self._ready.set()

    def lost(self, count: int) -> None:
        """Note that `count` items never came as far as here."""
        self._missed += count

    def close(self) -> None:
        """End: what waits is given still."""
        self.closed = True
        self._ready.set()

    async def batch(self, most: int) -> Batch[Out]:
        """Wait for something, and give what there is: `most` items at most, none once it is closed and empty."""
        while not (self._queue or self._by_key or self.closed):
            self._ready.clear()
            await self._ready.wait()
        items: list[Out] = []
        while len(items) < most and (self._queue or self._by_key):
            items.append(self._queue.popleft() if self._key is None else self._by_key.popitem(last=False)[1])
        missed, self._missed = self._missed, 0
        return Batch(items, missed)


class Hub(Generic[In, Out]):
    """Hands what is published on one thread to subscriptions on another's loop.

    Parameters
    ----------
    convert
        Makes of what was published what subscribers get: once for all of them, on the loop of the subscribers; what
        becomes None is left out.
    bound
        Most items that wait for the loop; those that come then are counted as missed by every subscriber.
    linger_s
        Seconds in which the loop is woken once at most.

    Examples
    --------
    >>> import asyncio
    >>> async def listen():
    ...     hub = Hub(str.upper)
    ...     subscription = hub.subscribe(10)
    ...     hub.publish("fill")  # from any one thread
    ...     return (await subscription.batch(5)).items
    >>> asyncio.run(listen())
    ['FILL']
    """

    def __init__(self, convert: Callable[[In], Out | None], *, bound: int = 65_536, linger_s: float = 0.002) -> None:
        self._convert, self._bound, self._linger_s = convert, bound, linger_s
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[tuple[int, In]] = deque()
        self._published = self._delivered = 0
        self._woken = False
        self._subscriptions: tuple[Subscription[Out], ...] = ()

    def publish(self, item: In) -> None:
        """Hand on `item`; from one thread only. Never waits."""
        if not self._subscriptions:
            return
        self._published += 1
        if len(self._arrived) < self._bound:
            self._arrived.append((self._published, item))
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the control plane has ended
                self._subscriptions = ()

    def subscribe(
        self,
        bound: int,
        key: Callable[[Out], Hashable] | None = None,
        wanted: Callable[[Out], bool] = lambda _: True,
    ) -> Subscription[Out]:
        """Begin to get what is published from now on; see `Subscription`."""
        subscription = Subscription[Out](bound, key, wanted)
        self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription[Out]) -> None:
        """Get nothing more."""
        self._subscriptions = tuple(one for one in self._subscriptions if one is not subscription)

    def close(self) -> None:
        """End every subscription."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = ()

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return len(self._subscriptions)

    def _deliver(self) -> None:
        if not self._hand_out():
            # The publisher sees the flag fall before it is looked once more: nothing is left lying.
            self._woken = False
            self._hand_out()
            return
        self._loop.call_later(self._linger_s, self._deliver)

    def _hand_out(self) -> bool:
        arrived, subscriptions = self._arrived, self._subscriptions
        if not arrived:
            return False
        # As many as there are now: a publisher that never stops must not keep the loop.
        for _ in range(len(arrived)):
            number, item = arrived.popleft()
            lost, self._delivered = number - self._delivered - 1, number
            try:
                made = self._convert(item)
            except Exception:
                # One that cannot be told must not end the streams of all that follow.
                log.exception("what came cannot be told: %.500r", item)
                made, lost = None, lost + 1
            for subscription in subscriptions:
                if lost:
                    subscription.lost(lost)
                if made is not None and subscription.wanted(made):
                    subscription.take(made)
        return True
