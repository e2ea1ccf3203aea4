"""Streams against servers on loopback that cut, fragment, refuse and fall silent as Alpaca's do."""

import asyncio
import json
import random
import socket
import time

import msgpack
import pytest

from tests.unit.alpaca_servers import KEY, SECRET, Answer, DataServer, http_server, reset
from tests.unit.alpaca_streams import QUICK, Watch, quote, watched
from tickwright.adapters import Credentials, StreamSettings
from tickwright.adapters.alpaca import AlpacaMarketStream, AlpacaUpdateStream
from tickwright.errors import AuthenticationError, BrokerError
from tickwright.feeds import AlpacaDecoder

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
