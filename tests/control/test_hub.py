from __future__ import annotations

import asyncio
import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from tickwright.control.hub import Hub


async def _drained(subscription: object) -> tuple[list[int], int]:
    items: list[int] = []
    missed = 0
    while True:
        try:
            batch = await asyncio.wait_for(subscription.batch(1_000), 0.2)  # type: ignore[attr-defined]
        except TimeoutError:
            return items, missed
        items += batch.items
        missed += batch.missed


def test_everything_comes_in_order_from_another_thread() -> None:
    async def listen() -> tuple[list[int], int]:
        hub: Hub[int, int] = Hub(lambda item: item)
        subscription = hub.subscribe(100_000)
        thread = threading.Thread(target=lambda: [hub.publish(n) for n in range(50_000)])
        thread.start()
        items, missed = await _drained(subscription)
        thread.join()
        return items, missed

    items, missed = asyncio.run(listen())
    assert (items, missed) == (list(range(50_000)), 0)


def test_a_slow_subscriber_loses_the_oldest_and_is_told_how_many_and_slows_nobody() -> None:
    async def listen() -> None:
        hub: Hub[int, int] = Hub(lambda item: item)
        slow, quick = hub.subscribe(10), hub.subscribe(10_000)
        for n in range(1_000):
            hub.publish(n)
        items, missed = await _drained(quick)
        assert (items, missed) == (list(range(1_000)), 0)
        batch = await slow.batch(100)
        assert (batch.items, batch.missed) == (list(range(990, 1_000)), 990)

    asyncio.run(listen())


def test_what_the_hub_itself_had_no_room_for_is_missed_by_all() -> None:
    async def listen() -> None:
        hub: Hub[int, int] = Hub(lambda item: item, bound=100)
        one = hub.subscribe(10_000)
        for n in range(250):  # this loop cannot hand out meanwhile
            hub.publish(n)
        await asyncio.sleep(0.01)
        hub.publish(250)
        items, missed = await _drained(one)
        assert (len(items), missed, items[-1]) == (101, 150, 250)

    asyncio.run(listen())


@given(st.lists(st.tuples(st.integers(0, 5), st.integers()), max_size=60), st.lists(st.integers(1, 4), max_size=20))
def test_by_key_the_newest_of_each_is_never_lost(published: list[tuple[int, int]], takes: list[int]) -> None:
    async def listen() -> None:
        hub: Hub[tuple[int, int], tuple[int, int]] = Hub(lambda item: item)
        subscription = hub.subscribe(0, key=lambda item: item[0])
        seen: list[tuple[int, int]] = []
        missed = 0
        for at, item in enumerate(published):
            hub.publish(item)
            if at < len(takes):
                hub._hand_out()
                if subscription._by_key:
                    batch = await subscription.batch(takes[at])
                    seen += batch.items
                    missed += batch.missed
        hub._hand_out()
        while subscription._by_key:
            batch = await subscription.batch(100)
            seen += batch.items
            missed += batch.missed
        assert len(seen) + missed == len(published)
        newest = dict(published)
        assert {key: value for key, value in seen} == newest

    asyncio.run(listen())


def test_the_loop_is_woken_once_for_a_burst() -> None:
    async def listen() -> int:
        hub: Hub[int, int] = Hub(lambda item: item)
        hub.subscribe(100_000)
        loop, woken = asyncio.get_running_loop(), 0
        original = loop.call_soon_threadsafe

        def counted(*args: object, **options: object) -> object:
            nonlocal woken
            woken += 1
            return original(*args, **options)  # type: ignore[arg-type]

        loop.call_soon_threadsafe = counted  # type: ignore[assignment, method-assign]
        for n in range(10_000):
            hub.publish(n)
        await asyncio.sleep(0.05)
        return woken

    assert asyncio.run(listen()) == 1


def test_after_a_quiet_time_the_next_item_comes_at_once() -> None:
    async def listen() -> None:
        hub: Hub[int, int] = Hub(lambda item: item)
        subscription = hub.subscribe(10)
        for n in range(3):
            hub.publish(n)
            begun = time.monotonic()
            assert (await asyncio.wait_for(subscription.batch(10), 1.0)).items == [n]
            assert time.monotonic() - begun < 0.2
            await asyncio.sleep(0.02)

    asyncio.run(listen())


def test_a_closed_hub_gives_what_waits_and_then_ends() -> None:
    async def listen() -> None:
        hub: Hub[int, int] = Hub(lambda item: item)
        subscription = hub.subscribe(10)
        hub.publish(1)
        await asyncio.sleep(0.01)
        hub.close()
        assert (await subscription.batch(10)).items == [1]
        assert subscription.closed
        assert (await subscription.batch(10)).items == []
        hub.publish(2)

    asyncio.run(listen())


def test_one_that_cannot_be_told_is_missed_and_the_others_come() -> None:
    def convert(item: int) -> int:
        return 10 // item

    async def listen() -> None:
        hub: Hub[int, int] = Hub(convert)
        subscription = hub.subscribe(10)
        for item in (1, 0, 2):
            hub.publish(item)
        assert await _drained(subscription) == ([10, 5], 1)

    asyncio.run(listen())
