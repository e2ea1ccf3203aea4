"""The stream of trade updates, and what no stream tells."""

import asyncio
import json
import logging
import time

import pytest

from tests.unit.alpaca_servers import KEY, SECRET, DataServer, UpdateServer
from tests.unit.alpaca_streams import watched
from tickwright.adapters import Credentials, MarketStream, Stream
from tickwright.adapters.alpaca import AlpacaMarketStream, AlpacaUpdateStream
from tickwright.errors import AuthenticationError

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
        stream.expect(time.monotonic())
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
        stream.expect(time.monotonic())
        await watch.until(lambda w: w.frames)
        await asyncio.sleep(0.5)
        return watch.kinds

    assert watched(server, use, stream_class=AlpacaUpdateStream, expect_s=0.3) == ["connected", "subscribed"]


def test_an_update_that_came_before_the_answer_to_its_request_is_enough():
    async def script(connection, number):
        await asyncio.sleep(0.05)
        await server.send(connection, update("new", 1))
        await connection.wait_closed()

    server = UpdateServer(script)

    async def use(stream, watch, server, running):
        began = time.monotonic()
        await watch.until(lambda w: w.frames)
        stream.expect(began)
        await asyncio.sleep(0.4)
        return watch.kinds

    assert watched(server, use, stream_class=AlpacaUpdateStream, expect_s=0.1) == ["connected", "subscribed"]


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
