"""What the tests of streams share: rows as Alpaca sends them, a watch over a stream, and a way to run both."""

import asyncio
import random

import msgpack

from tests.unit.alpaca_servers import KEY, SECRET, socket_server
from tickwright.adapters import Credentials, StreamSettings
from tickwright.adapters.alpaca import AlpacaMarketStream

QUICK = StreamSettings(
    first_s=0.02, cap_s=0.1, floor_s=0.005, tries_a_minute=200, limited_first_s=0.05, limited_cap_s=0.1,
    answer_timeout_s=0.5, open_timeout_s=0.5, close_timeout_s=0.1,
)  # fmt: skip


def quote(symbol, second, bid=100.0):
    return {
        "T": "q", "S": symbol, "bx": "V", "bp": bid, "bs": 1, "ax": "V", "ap": bid + 0.02, "as": 2, "c": ["R"],
        "z": "C", "t": msgpack.Timestamp(1_704_205_800 + second, 123_456_789),
    }  # fmt: skip


def trade(symbol, second, price=100.0):
    return {
        "T": "t", "S": symbol, "i": second, "x": "V", "p": price, "s": 1, "c": ["@"], "z": "C",
        "t": msgpack.Timestamp(1_704_205_800 + second, 0),
    }  # fmt: skip


class Watch:
    """Everything that a stream hands on, and a way to wait for it."""

    def __init__(self):
        self.frames, self.events = [], []
        self.changed = asyncio.Event()

    def frame(self, frame, received_ns):
        self.frames.append((frame, received_ns))
        self.changed.set()

    def state(self, event):
        self.events.append(event)
        self.changed.set()

    @property
    def kinds(self):
        return [event.kind for event in self.events if event.kind != "closed"]

    def of(self, kind):
        return [event for event in self.events if event.kind == kind]

    async def until(self, true, timeout_s=5.0):
        async with asyncio.timeout(timeout_s):
            while not true(self):
                self.changed.clear()
                await self.changed.wait()


def watched(
    server, use, *, subscriptions=None, stream_class=AlpacaMarketStream, credentials=None, serve=None, **options
):
    """Run `use(stream, watch, server)` while the stream runs."""

    async def main():
        async with socket_server(server, **(serve or {})):
            watch = Watch()
            common = {"settings": QUICK, "rng": random.Random(3), **options}
            keys = credentials or Credentials(KEY, SECRET)
            on_frame = common.pop("on_frame", watch.frame)
            if stream_class is AlpacaMarketStream:
                wanted = {"quotes": ["AAPL"]} if subscriptions is None else subscriptions
                stream = AlpacaMarketStream("stocks", server.url, keys, wanted, on_frame, watch.state, **common)
            else:
                stream = stream_class(server.url, keys, on_frame, watch.state, **common)
            running = asyncio.create_task(stream.run())
            try:
                return await use(stream, watch, server, running)
            finally:
                await stream.close()
                await asyncio.gather(running, return_exceptions=True)

    return asyncio.run(main())
