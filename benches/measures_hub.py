"""What a notice costs the engine's loop on its way to streams of the control plane."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Callable
from typing import Any

from benches.registry import Work, measure
from tickwright.control.hub import Hub

ITEMS = 20_000


def _loop() -> asyncio.AbstractEventLoop:
    """An event loop that runs on a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    atexit.register(loop.call_soon_threadsafe, loop.stop)
    return loop


def _hub(subscribers: int) -> Work:
    async def made() -> Hub[int, int]:
        hub: Hub[int, int] = Hub(lambda item: item)
        for _ in range(subscribers):
            hub.subscribe(1_000)
        return hub

    hub = asyncio.run_coroutine_threadsafe(made(), _loop()).result()
    return Work(lambda: _each(hub.publish), items=ITEMS)


def _each(publish: Callable[[int], Any]) -> None:
    for item in range(ITEMS):
        publish(item)


@measure("hub_publish_to_none")
def hub_publish_to_none() -> Work:
    return _hub(0)


@measure("hub_publish_to_1")
def hub_publish_to_1() -> Work:
    return _hub(1)


@measure("hub_publish_to_100")
def hub_publish_to_100() -> Work:
    return _hub(100)


@measure("loop_wake")
def loop_wake() -> Work:
    """The floor: waking another loop for every item."""
    loop = _loop()
    return Work(lambda: _each(lambda item: loop.call_soon_threadsafe(abs, item)), items=ITEMS)
