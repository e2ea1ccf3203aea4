"""From the control plane's loop to the engine's, where who asks goes away meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.control.rig import NodeRig
from tickwright.control.bridge import Bridge
from tickwright.control.feed import Feed


@pytest.fixture
def busy(rig: NodeRig):
    """Keeps the engine's loop busy for a moment, from now on."""

    def keep(seconds: float) -> None:
        begun = threading.Event()

        def work() -> None:
            begun.set()
            time.sleep(seconds)

        rig.loop.call_soon_threadsafe(work)
        assert begun.wait(5)

    return keep


async def gone_meanwhile(asking, busy) -> None:
    busy(0.3)
    task = asyncio.create_task(asking)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_what_is_asked_goes_through_once_though_nobody_waits_for_it(rig, busy):
    done = []
    bridge = Bridge(rig.node, rig.loop)
    asyncio.run(gone_meanwhile(bridge.ask(lambda node: done.append(node)), busy))
    rig.until(lambda: done == [rig.node])


def test_errors_come_back_as_they_were(rig):
    def fails(node):
        raise KeyError("no such thing")

    with pytest.raises(KeyError, match="no such thing"):
        asyncio.run(Bridge(rig.node, rig.loop).ask(fails))


def test_who_is_gone_leaves_nothing_attached(rig, busy):
    attached = []

    def attach(node):
        attached.append("in")
        return lambda: attached.append("out")

    async def main():
        bridge = Bridge(rig.node, rig.loop)
        await gone_meanwhile(bridge.attach(attach), busy)
        await asyncio.sleep(0.5)
        assert attached == ["in", "out"]
        detach = await bridge.attach(attach)
        assert attached == ["in", "out", "in"]
        detach()

    asyncio.run(main())


def test_a_feed_is_tapped_once_whoever_comes_and_goes(rig, busy):
    class Nobody:
        delay_s = 0.01

        def take(self, data, now):
            pass

        def flush(self, now):
            return False

    async def main():
        feed, first, second = Feed(Bridge(rig.node, rig.loop)), Nobody(), Nobody()
        await gone_meanwhile(feed.listen(first), busy)
        leaving = asyncio.create_task(feed.leave(first))
        await feed.listen(second)
        await leaving
        await asyncio.sleep(0.5)
        assert rig.ask(lambda: rig.node.taps.count(feed.tap)) == 1
        await feed.leave(second)
        assert rig.ask(lambda: rig.node.taps.count(feed.tap)) == 0
        await gone_meanwhile(feed.listen(first), busy)
        await feed.leave(first)
        await asyncio.sleep(0.5)
        assert rig.ask(lambda: rig.node.taps.count(feed.tap)) == 0

    asyncio.run(main())
