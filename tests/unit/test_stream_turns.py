"""What a flood of frames does to everything else on the loop, and to memory."""

import asyncio
import time

import msgpack
from websockets.asyncio.connection import Connection

from tests.unit.alpaca_servers import DataServer
from tests.unit.alpaca_streams import QUICK, quote, watched
from tickwright.adapters import StreamSettings
from tickwright.adapters.sockets import FRAMES_A_TURN, READ_BYTES


def frames_between_turns(seconds_a_frame):
    """The most frames that the consumer was given between two turns of another task, of 600 that came at once."""
    frame = msgpack.packb([quote("AAPL", 1)])
    taken = 0
    most = 0

    async def script(connection, number):
        await asyncio.sleep(0.05)
        for _ in range(600):
            await connection.send(frame)
        await connection.wait_closed()

    def on_frame(frame, received_ns):
        nonlocal taken
        taken += 1
        end = time.perf_counter() + seconds_a_frame
        while time.perf_counter() < end:
            pass

    async def use(stream, watch, server, running):
        nonlocal most
        async with asyncio.timeout(20):
            while taken < 600:
                before = taken
                await asyncio.sleep(0)
                most = max(most, taken - before)

    watched(DataServer(script), use, on_frame=on_frame)
    assert taken == 600
    return most


def test_a_command_waits_for_few_frames_that_take_long():
    assert frames_between_turns(0.0005) == 1


def test_a_command_waits_for_no_more_than_a_turn_of_frames_that_are_quick():
    assert frames_between_turns(0.0) <= FRAMES_A_TURN


def largest_read(monkeypatch, **options):
    """The most bytes that the WebSocket was given at once, of 6,000 frames that were sent at once."""
    frame = msgpack.packb([quote("AAPL", 1)])
    reads, taken = [], []
    plain = Connection.data_received

    def data_received(connection, data):
        if connection.protocol.side.name == "CLIENT":
            reads.append(len(data))
        plain(connection, data)

    monkeypatch.setattr(Connection, "data_received", data_received)

    async def script(connection, number):
        await asyncio.sleep(0.05)
        for _ in range(6_000):
            await connection.send(frame)
        await connection.wait_closed()

    async def use(stream, watch, server, running):
        async with asyncio.timeout(20):
            while len(taken) < 6_000:
                await asyncio.sleep(0.01)

    watched(DataServer(script), use, on_frame=lambda frame, received_ns: taken.append(frame), **options)
    assert set(taken) == {frame}
    assert sum(reads) > 6_000 * len(frame)
    return max(reads)


def test_the_socket_is_read_in_small_pieces(monkeypatch):
    assert largest_read(monkeypatch) <= READ_BYTES


def test_a_sender_that_is_faster_than_its_consumer_is_held_back_and_nothing_is_lost():
    sent = 0
    ahead = []
    frame = msgpack.packb([quote("AAPL", n % 60) for n in range(1_200)])  # some 100 kB
    count, queued = 600, 8

    async def script(connection, number):
        nonlocal sent
        await asyncio.sleep(0.05)
        for _ in range(count):
            await connection.send(frame)
            sent += 1
        await connection.wait_closed()

    taken = []

    def on_frame(got, received_ns):
        taken.append(got == frame)
        ahead.append(sent - len(taken))
        time.sleep(0.002)

    async def use(stream, watch, server, running):
        async with asyncio.timeout(30):
            while len(taken) < count:
                await asyncio.sleep(0.01)

    settings = StreamSettings(**{**{name: getattr(QUICK, name) for name in QUICK.__slots__}, "queued_frames": queued})
    watched(DataServer(script), use, on_frame=on_frame, settings=settings)
    print(f"at most {max(ahead)} of {count} frames on their way")
    assert taken == [True] * count
    # Our queue, and what the system's buffers of a socket hold: not the day's data.
    assert max(ahead) <= queued + 150
