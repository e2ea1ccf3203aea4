"""Streams against servers on loopback that cut, fragment, refuse and fall silent as Alpaca's do."""

import asyncio
import json
import logging
import random
import socket
import time

import msgpack
import pytest

from tests.unit.alpaca_servers import KEY, SECRET, Answer, DataServer, UpdateServer, http_server, reset, socket_server
from tickwright.adapters import Credentials, FrameQueue, MarketStream, Stream, StreamSettings
from tickwright.adapters.alpaca import AlpacaMarketStream, AlpacaUpdateStream
from tickwright.errors import AuthenticationError, BrokerError, ConfigError
from tickwright.feeds import AlpacaDecoder

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


# Market data: the good days ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [True, False])
def test_frames_come_as_the_bytes_that_were_sent(packed):
    def rows():
        found = [quote("AAPL", n) for n in range(3)]
        return found if packed else [{**row, "t": "2024-01-02T14:30:00.123456789Z"} for row in found]

    sent = [msgpack.packb(rows()) if packed else json.dumps(rows())]

    async def script(connection, number):
        await asyncio.sleep(0.05)
        await connection.send(sent[0])
        await connection.wait_closed()

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.frames)
        return watch.frames[0], watch.events, server.heard, server.headers[0], stream.statistics

    server = DataServer(script, packed=packed)
    (frame, received_ns), events, heard, headers, statistics = watched(server, use, packed=packed)
    assert frame == (sent[0] if packed else sent[0].encode())
    assert abs(received_ns - time.time_ns()) < 60e9
    assert AlpacaDecoder().push(frame).count("quotes") == 3
    assert [event.kind for event in events[:2]] == ["connected", "subscribed"]
    assert events[1].channels == {"quotes": ("AAPL",)}
    assert heard == [
        {"action": "auth", "key": KEY, "secret": SECRET},
        {"action": "subscribe", "quotes": ["AAPL"]},
    ]
    assert headers.get("Content-Type") == ("application/msgpack" if packed else None)
    assert (statistics.frames, statistics.bytes, statistics.connections) == (1, len(frame), 1)


def test_a_fragmented_message_comes_whole():
    frame = msgpack.packb([quote("AAPL", n) for n in range(500)])

    async def script(connection, number):
        await asyncio.sleep(0.02)
        await connection.send([frame[start : start + 1_000] for start in range(0, len(frame), 1_000)])
        await connection.wait_closed()

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.frames)
        return watch.frames[0][0]

    assert watched(DataServer(script), use) == frame


def test_a_long_list_of_symbols_is_sent_in_fragments_and_confirmed():
    symbols = [f"S{n:06d}" for n in range(5_000)]

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("subscribed"))
        return watch.of("subscribed")[0].channels, server.heard[1]

    channels, heard = watched(DataServer(), use, subscriptions={"trades": symbols})
    assert heard["trades"] == symbols
    assert channels == {"trades": tuple(symbols)}


def test_subscriptions_change_while_it_runs_and_last_over_reconnects():
    async def script(connection, number):
        await connection.wait_closed()

    async def use(stream, watch, server, running):
        await stream.subscribe({"bars": ["EARLY"]})  # before there is a connection
        await watch.until(lambda w: w.of("subscribed"))
        await stream.subscribe({"quotes": ["MSFT", "AAPL"], "statuses": ["*"]})
        await stream.unsubscribe({"quotes": ["AAPL"]})
        before = dict(server.subscribed)
        await server.open[0].close()
        await watch.until(lambda w: len(w.of("subscribed")) == 2)
        return before, dict(server.subscribed), dict(stream.subscriptions), watch.of("subscribed")[1].channels

    expected = {"bars": ("EARLY",), "quotes": ("MSFT",), "statuses": ("*",)}
    before, after, wanted, told = watched(DataServer(script), use)
    lists = {channel: list(symbols) for channel, symbols in expected.items()}
    assert before == lists
    assert after == lists
    assert wanted == expected
    assert told == expected


def test_what_is_wanted_while_a_subscription_is_confirmed_is_not_forgotten():
    class Slow(DataServer):
        async def listen(self, connection):
            async for frame in connection:
                message = self.unpack(frame)
                await asyncio.sleep(0.1)
                self.heard.append(message)
                await connection.send(self.pack([self.answer(message)]))

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("connected"))
        await stream.subscribe({"quotes": ["MSFT"]})
        await stream.unsubscribe({"quotes": ["AAPL"]})
        while server.subscribed != {"quotes": ["MSFT"]}:
            await asyncio.sleep(0.01)

    watched(Slow(), use)


def test_a_subscription_beyond_the_plan_is_refused_and_not_asked_for_again():
    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("subscribed"))
        with pytest.raises(BrokerError, match="symbol limit exceeded") as caught:
            await stream.subscribe({"trades": [f"S{n}" for n in range(6_000)]})
        assert caught.value.code == 405
        assert stream.subscriptions == {"quotes": ("AAPL",)}
        return watch.of("refused")[0], stream.statistics.connected

    event, connected = watched(DataServer(), use)
    assert event.code == 405
    assert connected


def test_data_that_come_before_the_confirmation_are_kept():
    class Eager(DataServer):
        def answer(self, message):
            return super().answer(message)

        async def listen(self, connection):
            async for frame in connection:
                await connection.send(msgpack.packb([quote("AAPL", 1)]))
                await connection.send(self.pack([self.answer(self.unpack(frame))]))
                await connection.send(msgpack.packb([quote("AAPL", 2)]))

    async def use(stream, watch, server, running):
        await watch.until(lambda w: len(w.frames) == 2)
        return watch

    watch = watched(Eager(), use)
    assert [frame for frame, _ in watch.frames] == [msgpack.packb([quote("AAPL", n)]) for n in (1, 2)]


# Reconnecting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset", "mid-message"])
def test_a_lost_connection_is_made_again_and_the_gap_is_told(how):
    async def script(connection, number):
        await asyncio.sleep(0.02)
        await connection.send(msgpack.packb([quote("AAPL", number)]))
        if number == 1:
            await asyncio.sleep(0.02)
            if how == "close":
                await connection.close(1001, "going away")
            elif how == "reset":
                reset(connection.transport.get_extra_info("socket"))
                connection.transport.abort()
            else:
                # The head of a frame of 1,000 bytes, ten of them, and the end.
                connection.transport.write(b"\x82\x7e\x03\xe8" + b"\x91" * 10)
                await asyncio.sleep(0.02)
                connection.transport.abort()
        await connection.wait_closed()

    async def use(stream, watch, server, running):
        await watch.until(lambda w: len(w.frames) == 2)
        return watch, stream.statistics

    watch, statistics = watched(DataServer(script), use)
    assert watch.kinds == ["connected", "subscribed", "disconnected", "connected", "subscribed", "gap"]
    lost, gap = watch.of("disconnected")[0], watch.of("gap")[0]
    assert lost.since_ns == gap.since_ns == watch.frames[0][1]  # from the last that came …
    assert watch.of("subscribed")[1].at_ns <= gap.until_ns <= watch.frames[1][1]  # … until others come again
    assert lost.reason == {"close": "closed with code 1001 going away"}.get(how, "cut off without a good-bye")
    assert 0 < lost.retry_in_s <= 0.02
    assert (statistics.connections, statistics.reconnects, statistics.failures) == (2, 1, 1)


def test_a_server_that_is_away_is_asked_ever_more_rarely_and_never_more_often_than_the_budget_allows():
    """Sleeps are not slept: ten minutes pass at once."""
    now, waits = [0.0], []

    async def sleep(seconds):
        if seconds > 0:
            waits.append(seconds)
            now[0] += seconds
        await asyncio.sleep(0)

    async def main():
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{unused.getsockname()[1]}"
            tries, events = [], []

            def state(event):
                events.append(event)
                tries.append(now[0])
                if now[0] > 600:
                    stopping.append(asyncio.ensure_future(stream.close()))

            stopping = []
            stream = AlpacaMarketStream(
                "stocks", url, Credentials(KEY, SECRET), {"quotes": ["AAPL"]}, print, state,
                settings=StreamSettings(first_s=0.05, cap_s=8.0, floor_s=0.01, tries_a_minute=12),
                clock=lambda: now[0], sleep=sleep, rng=random.Random(11),
            )  # fmt: skip
            async with asyncio.timeout(20):
                await stream.run()
            return tries, events

    tries, events = asyncio.run(main())
    failures = [event for event in events if event.kind == "disconnected"]
    assert len(failures) > 60
    for event in failures:
        assert 0.01 <= event.retry_in_s <= min(8.0, 0.05 * 2 ** (event.attempt - 1))
    for start in tries:
        assert sum(start <= one < start + 60 for one in tries) <= 13  # a try is told when it has failed
    assert events[-1].kind == "closed"


def test_a_connection_that_ends_at_once_again_and_again_does_not_make_a_storm():
    async def script(connection, number):
        await connection.close()

    async def use(stream, watch, server, running):
        await asyncio.sleep(1.0)
        return server.connections

    settings = StreamSettings(first_s=0.01, cap_s=0.05, floor_s=0.001, tries_a_minute=7, close_timeout_s=0.1)
    assert watched(DataServer(script), use, settings=settings) == 7


def test_a_server_that_never_greets_is_left():
    class Mute(DataServer):
        async def handle(self, connection):
            self.connections += 1
            await connection.wait_closed()

    async def use(stream, watch, server, running):
        await watch.until(lambda w: len(w.of("disconnected")) >= 2)
        return watch.of("disconnected")[0]

    settings = StreamSettings(first_s=0.01, cap_s=0.02, floor_s=0.001, answer_timeout_s=0.1, close_timeout_s=0.05)
    assert watched(Mute(), use, settings=settings).reason == "no answer in time"


def test_a_frame_beyond_the_limit_ends_the_connection_and_is_not_kept():
    async def script(connection, number):
        await asyncio.sleep(0.01)
        await connection.send(b"\x91" * 100_000 if number == 1 else msgpack.packb([quote("AAPL", 1)]))
        await connection.wait_closed()

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.frames)
        return watch

    settings = StreamSettings(first_s=0.01, cap_s=0.02, floor_s=0.001, frame_bytes_max=50_000, close_timeout_s=0.1)
    watch = watched(DataServer(script), use, settings=settings)
    assert "1009" in watch.of("disconnected")[0].reason
    assert len(watch.frames) == 1


def test_a_connection_whose_pings_are_not_answered_is_left():
    async def script(connection, number):
        await asyncio.sleep(0.05)
        if number == 1:
            connection.transport.pause_reading()  # the other end hangs, its kernel does not
        await connection.wait_closed()

    async def use(stream, watch, server, running):
        await watch.until(lambda w: len(w.of("subscribed")) == 2)
        return watch.of("disconnected")[0]

    settings = StreamSettings(
        first_s=0.01, cap_s=0.02, floor_s=0.001, ping_interval_s=0.1, ping_timeout_s=0.1, close_timeout_s=0.1
    )
    serve = {"ping_interval": None, "close_timeout": 0.1}
    assert "keepalive ping timeout" in watched(DataServer(script), use, settings=settings, serve=serve).reason


# Refusals ------------------------------------------------------------------------------------------------------------


def test_wrong_keys_end_the_stream_at_once():
    async def use(stream, watch, server, running):
        with pytest.raises(AuthenticationError, match=r"auth failed \(code 402\): the keys are not accepted") as caught:
            await running
        await asyncio.sleep(0.1)
        assert SECRET not in str(caught.value)
        return watch.kinds, server.connections

    wrong = Credentials(KEY, "wrong-secret-0123")
    assert watched(DataServer(), use, credentials=wrong) == (["failed"], 1)


@pytest.mark.parametrize(("code", "said"), [(409, "insufficient subscription"), (408, "v2 not enabled")])
def test_a_feed_that_the_account_lacks_ends_the_stream(code, said):
    async def use(stream, watch, server, running):
        with pytest.raises(BrokerError, match=said):
            await running
        return watch.of("failed")[0].code, server.connections

    assert watched(DataServer(refuse=lambda number: (code, said)), use) == (code, 1)


def test_a_place_that_another_connection_holds_is_waited_for_and_said():
    server = DataServer(refuse=lambda number: (406, "connection limit exceeded") if number <= 3 else None)

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("subscribed"))
        return watch, stream.statistics

    watch, statistics = watched(server, use)
    assert watch.kinds == ["limited"] * 3 + ["connected", "subscribed"]
    first = watch.events[0]
    assert first.code == 406
    assert "another connection holds this account's place" in first.reason
    assert statistics.limited == 3
    assert all(0.05 <= event.retry_in_s <= 0.1 for event in watch.of("limited"))


@pytest.mark.parametrize(("status", "kind"), [(429, "limited"), (503, "disconnected"), (502, "disconnected")])
def test_a_handshake_that_http_refuses_is_tried_again(status, kind):
    async def main():
        async with http_server(lambda request: Answer(status)) as server:
            watch = Watch()
            url = server.url.replace("http", "ws")
            stream = AlpacaUpdateStream(url, Credentials(KEY, SECRET), watch.frame, watch.state, settings=QUICK)
            running = asyncio.create_task(stream.run())
            await watch.until(lambda w: len(w.events) >= 2)
            await stream.close()
            await running
            return watch.events[0]

    event = asyncio.run(main())
    assert (event.kind, event.code) == (kind, status)


def test_a_handshake_that_http_forbids_ends_the_stream():
    async def main():
        async with http_server(lambda request: Answer(401)) as server:
            url = server.url.replace("http", "ws")
            stream = AlpacaUpdateStream(url, Credentials(KEY, SECRET), print, lambda event: None, settings=QUICK)
            async with asyncio.timeout(5):
                with pytest.raises(AuthenticationError, match="HTTP 401"):
                    await stream.run()

    asyncio.run(main())


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


# Trade updates -------------------------------------------------------------------------------------------------------


def update(event, n):
    return {"stream": "trade_updates", "data": {"event": event, "execution_id": f"x{n}", "order": {"id": f"o{n}"}}}


@pytest.mark.parametrize("binary", [True, False])
def test_trade_updates_come_as_bytes_from_text_and_from_binary_frames(binary):
    async def script(connection, number):
        for n in range(3):
            await server.send(connection, update("fill", n))
        await connection.wait_closed()

    server = UpdateServer(script, binary=binary)

    async def use(stream, watch, server, running):
        await watch.until(lambda w: len(w.frames) == 3)
        assert isinstance(stream, Stream)
        return watch, server.heard

    watch, heard = watched(server, use, stream_class=AlpacaUpdateStream)
    assert [json.loads(frame) for frame, _ in watch.frames] == [update("fill", n) for n in range(3)]
    assert all(type(frame) is bytes for frame, _ in watch.frames)
    assert heard == [
        {"action": "authenticate", "data": {"key_id": KEY, "secret_key": SECRET}},
        {"action": "listen", "data": {"streams": ["trade_updates"]}},
    ]
    assert watch.kinds[:2] == ["connected", "subscribed"]


def test_trade_updates_with_wrong_keys_end_at_once():
    async def use(stream, watch, server, running):
        with pytest.raises(AuthenticationError, match="unauthorized"):
            await running
        return server.connections

    wrong = Credentials(KEY, "wrong-secret-0123")
    assert watched(UpdateServer(), use, stream_class=AlpacaUpdateStream, credentials=wrong) == 1


def test_an_update_that_a_request_calls_for_and_that_does_not_come_ends_the_connection():
    async def script(connection, number):
        if number == 1:
            await server.send(connection, update("new", 1))
        await connection.wait_closed()

    server = UpdateServer(script)

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.frames)
        await asyncio.sleep(0.3)
        assert not watch.of("silent")  # silence by itself says nothing of orders
        stream.expect()
        await watch.until(lambda w: w.of("gap"))
        return watch

    watch = watched(server, use, stream_class=AlpacaUpdateStream, expect_s=0.1)
    assert watch.of("silent")[0].reason == "a request was accepted, and no update of it has come"
    assert watch.of("gap")[0].since_ns == watch.frames[0][1]


def test_an_update_that_comes_in_time_is_enough():
    async def script(connection, number):
        await asyncio.sleep(0.15)
        await server.send(connection, update("new", 1))
        await connection.wait_closed()

    server = UpdateServer(script)

    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("subscribed"))
        stream.expect()
        await watch.until(lambda w: w.frames)
        await asyncio.sleep(0.5)
        return watch.kinds

    assert watched(server, use, stream_class=AlpacaUpdateStream, expect_s=0.3) == ["connected", "subscribed"]


def test_secrets_are_in_no_log_and_no_event_of_a_stream(caplog):
    async def use(stream, watch, server, running):
        await watch.until(lambda w: w.of("subscribed"))
        await server.open[0].close(1008, f"bad {SECRET}")
        await watch.until(lambda w: w.of("gap"))
        return repr(stream) + repr(watch.events) + repr(stream.statistics)

    with caplog.at_level(logging.DEBUG):
        for name in ("websockets", "websockets.client", "tickwright"):
            caplog.set_level(logging.DEBUG, name)
        told = watched(DataServer(), use, serve={"logger": logging.getLogger("not.ours")})
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "not.ours")
    assert "connected" in ours
    for text in (told, ours):
        assert SECRET not in text
        assert KEY not in text


def test_the_market_stream_is_what_the_protocol_asks_for():
    stream = AlpacaMarketStream("stocks", "ws://127.0.0.1:1", Credentials(KEY, SECRET), {}, print, print)
    assert isinstance(stream, MarketStream)
