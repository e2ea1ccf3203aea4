"""Sockets that stay open and say nothing, and consumers that are slow, fail, or stop."""

import asyncio
import time

import msgpack
import pytest

from tests.unit.alpaca_servers import KEY, SECRET, DataServer
from tests.unit.alpaca_streams import quote, trade, watched
from tickwright.adapters import Credentials, FrameQueue, StreamSettings
from tickwright.adapters.alpaca import AlpacaMarketStream
from tickwright.errors import ConfigError

# Silence -------------------------------------------------------------------------------------------------------------


async def talk(connection, *, until_s, every_s=0.02, kinds=("q", "t")):
    """Send data for so long, then nothing."""
    for n in range(int(until_s / every_s)):
        rows = [quote("AAPL", n)] if "q" in kinds else []
        rows += [trade("AAPL", n)] if "t" in kinds else []
        await connection.send(msgpack.packb(rows))
        await asyncio.sleep(every_s)


def test_an_open_socket_that_falls_silent_is_left_and_the_gap_is_told():
    async def script(connection, number):
        await talk(connection, until_s=0.1)
        if number > 1:
            await talk(connection, until_s=5.0)
        await connection.wait_closed()  # open, answering pings, mute

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("gap"))
        await asyncio.sleep(0.4)
        return watch, stream.statistics

    watch, statistics = watched(DataServer(script), use, market_open=lambda: True, silence_s={"quotes": 0.2})
    assert watch.kinds == ["connected", "subscribed", "silent", "disconnected", "connected", "subscribed", "gap"]
    silent, gap = watch.of("silent")[0], watch.of("gap")[0]
    assert "no quotes for 0." in silent.reason
    assert watch.of("disconnected")[0].reason == silent.reason
    last = max(received for _, received in watch.frames if received < silent.at_ns)
    # When a kind last came is known to a quarter of its limit, and never too late.
    assert last - 0.06e9 <= gap.since_ns <= last + 0.01e9
    assert statistics.silences == 1


def test_a_channel_that_falls_silent_is_noticed_while_another_goes_on():
    async def script(connection, number):
        await talk(connection, until_s=0.1)
        await talk(connection, until_s=5.0, kinds=("q",) if number == 1 else ("q", "t"))

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("gap"))
        return watch

    watch = watched(
        DataServer(script), use, subscriptions={"quotes": ["AAPL"], "trades": ["AAPL"]}, market_open=lambda: True,
        silence_s={"quotes": 0.3, "trades": 0.3},
    )  # fmt: skip
    assert "no trades for" in watch.of("silent")[0].reason


def test_silence_while_the_market_is_closed_is_no_silence_and_the_opening_starts_the_count():
    opened = []

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("subscribed"))
        await asyncio.sleep(0.5)
        assert not watch.of("silent")
        opened.append(time.time_ns())
        await watch.until(lambda w: w.of("silent"))
        return watch.of("silent")[0]

    event = watched(DataServer(), use, market_open=lambda: bool(opened), silence_s={"quotes": 0.2})
    assert 0.15e9 <= event.at_ns - opened[0] <= 2e9
    assert event.since_ns >= opened[0] - 0.1e9


def test_a_channel_that_stays_silent_is_given_ever_more_time():
    async def use(stream, watch, server, running):
        await watch.until(lambda w: len(w.of("silent")) == 4)
        events = watch.of("silent")
        return [(event.at_ns - event.since_ns) / 1e9 for event in events]

    ages = watched(DataServer(), use, market_open=lambda: True, silence_s={"quotes": 0.05})
    for age, least in zip(ages, (0.05, 0.1, 0.2, 0.4), strict=True):
        assert least <= age <= least + 0.3


def test_without_knowing_whether_the_market_is_open_silence_is_not_judged():
    async def use(stream, watch, server, running):
        await asyncio.sleep(0.4)
        return watch.kinds

    assert watched(DataServer(), use, silence_s={"quotes": 0.05}) == ["connected", "subscribed"]


# Consumers -----------------------------------------------------------------------------------------------------------


def test_a_consumer_that_fails_at_a_frame_gets_the_next_one():
    got = []

    def consumer(frame, received_ns):
        got.append(frame)
        if len(got) == 1:
            raise ValueError("malformed")

    async def script(connection, number):
        await asyncio.sleep(0.02)
        for n in range(3):
            await connection.send(msgpack.packb([quote("AAPL", n)]))
        await connection.wait_closed()

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("consumer_error"))
        while len(got) < 3:
            await asyncio.sleep(0.01)
        return watch.of("consumer_error")[0].reason, stream.statistics.consumer_errors

    assert watched(DataServer(script), use, on_frame=consumer) == ("ValueError: malformed", 1)


def test_a_full_queue_stops_the_reading_and_loses_nothing():
    frames = [msgpack.packb([quote("AAPL", n)]) for n in range(400)]

    async def script(connection, number):
        await asyncio.sleep(0.02)
        for frame in frames:
            await connection.send(frame)
        await connection.wait_closed()

    queue = FrameQueue(frames_max=8)

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("subscribed"))
        await asyncio.sleep(0.4)  # longer than the silence limit: a consumer that is slow is not a silent server
        got = []
        while len(got) < len(frames):
            got.append((await queue.get())[0])
        return got, stream.statistics, watch.kinds

    settings = StreamSettings(queued_frames=4, close_timeout_s=0.1)
    got, statistics, kinds = watched(
        DataServer(script), use, on_frame=queue, settings=settings, market_open=lambda: True, silence_s={"quotes": 0.2}
    )
    assert got == frames
    assert queue.high_water == 8
    assert statistics.waits > 10
    assert kinds == ["connected", "subscribed"]


def test_a_queue_is_bounded_by_bytes_too():
    queue = FrameQueue(frames_max=1_000, bytes_max=100)
    assert queue.put(b"x" * 99, 1)
    assert not queue.put(b"y", 2)
    assert queue.take() == [(b"x" * 99, 1), (b"y", 2)]
    assert len(queue) == 0
    with pytest.raises(ConfigError, match="frame queue"):
        FrameQueue(frames_max=0)


def test_other_tasks_get_their_turn_under_a_flood():
    frame = msgpack.packb([quote("AAPL", 1)])

    async def script(connection, number):
        await asyncio.sleep(0.05)
        while True:
            for _ in range(64):
                await connection.send(frame)
            await asyncio.sleep(0)  # server and stream share the loop

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.frames)
        turns, until = 0, time.monotonic() + 0.3
        while time.monotonic() < until:
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert watched(DataServer(script), use, serve={"close_timeout": 0.1}) > 10


def test_closing_ends_a_stream_wherever_it_is():
    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("subscribed"))
        await stream.close()
        await running
        return watch.events[-1].kind, stream.statistics.connected

    assert watched(DataServer(), use) == ("closed", False)

    class Mute(DataServer):
        async def handle(self, connection):
            self.connections += 1
            await connection.wait_closed()

    async def early(stream, watch, server, running):
        while not server.connections:
            await asyncio.sleep(0.005)
        began = time.monotonic()
        await stream.close()
        await running
        return time.monotonic() - began

    assert watched(Mute(), early, settings=StreamSettings(close_timeout_s=0.1)) < 2.0


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"subscriptions": {"quote": ["AAPL"]}}, "no channel quote; there are trades, quotes"),
        ({"subscriptions": {"quotes": "AAPL"}}, "is a text; give a list"),
        ({"subscriptions": {"quotes": [""]}}, "not all symbols"),
        ({"silence_s": {"quotes": 0}}, "seconds above 0"),
        ({"silence_s": {"ticks": 5}}, "no channel ticks"),
    ],
)
def test_settings_that_cannot_be_are_refused(options, fault):
    wanted = options.pop("subscriptions", {"quotes": ["AAPL"]})
    with pytest.raises(ConfigError, match=fault):
        AlpacaMarketStream("stocks", "ws://127.0.0.1:1", Credentials(KEY, SECRET), wanted, print, print, **options)
