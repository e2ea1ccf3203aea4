"""Markets that happen while the server runs: another Alpaca stream passed on, and the test stream's made-up share."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from typing import TYPE_CHECKING, Any

import msgpack

from tickwright.errors import ConfigError
from tickwright.paper.assets import TEST_SYMBOL, asset_class
from tickwright.paper.wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickwright.paper.market import Market
    from tickwright.paper.market_stream import MarketHub
    from tickwright.paper.settings import PaperMarket

__all__ = ["pass_on", "test_stream"]

log = logging.getLogger("tickwright.paper")

BACKOFF_S, BACKOFF_MAX_S = 1.0, 30.0
# Without a frame for so long a connection counts as dead, though it answers pings.
SILENCE_S = 60.0
TEST_PRICE = 133.85
TEST_PAUSE_S = 0.5
CHANNELS = ("trades", "quotes", "bars", "statuses", "lulds")
CRYPTO_CHANNELS = ("trades", "quotes", "bars", "orderbooks")


async def pass_on(settings: PaperMarket, market: Market) -> None:
    """Pass on the streams that `settings` name, until cancelled.

    Raises
    ------
    ConfigError
        The variables with the keys are not set, or the other side refuses them.
    """
    key, secret = os.environ.get(settings.key_env), os.environ.get(settings.secret_env)
    if not key or not secret:
        raise ConfigError(f"{settings.key_env}, {settings.secret_env}: not set; `live` needs the keys of the stream")
    shares = [s for s in settings.symbols if asset_class(s) == "us_equity"]
    coins = [s for s in settings.symbols if asset_class(s) == "crypto"]
    async with asyncio.TaskGroup() as group:
        for url, symbols, channels in ((settings.url, shares, CHANNELS), (settings.crypto_url, coins, CRYPTO_CHANNELS)):
            if symbols:
                group.create_task(_keep(url, {name: symbols for name in channels}, key, secret, market))


async def _keep(url: str, wanted: dict[str, list[str]], key: str, secret: str, market: Market) -> None:
    """Stay connected to `url`; every failure waits longer, until frames come again."""
    from websockets.exceptions import WebSocketException

    failures = 0
    while True:
        try:
            async for frames in _connection(url, wanted, key, secret):
                failures = 0
                market.inject(frames)
            log.warning("%s: closed by the other side; connecting again", url)
        except (OSError, TimeoutError, WebSocketException) as error:
            log.warning("%s: %s %s; connecting again", url, type(error).__name__, error)
        failures += 1
        pause = min(BACKOFF_MAX_S, BACKOFF_S * 2 ** (failures - 1))
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))


async def _connection(url: str, wanted: dict[str, list[str]], key: str, secret: str) -> Any:
    """Give the data of one connection, as they come."""
    import time

    from websockets.asyncio.client import connect

    from tickwright.feeds import AlpacaDecoder

    decoder = AlpacaDecoder(policy={"malformed": "drop"})
    headers = {"Content-Type": "application/msgpack"}
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        await socket.send(msgpack.packb({"action": "auth", "key": key, "secret": secret}))
        while True:
            async with asyncio.timeout(SILENCE_S):
                frame = await socket.recv()
            waiting = decoder.feed(frame, time.time_ns())
            for said in decoder.controls():
                if said.kind == "error" and said.code in (402, 408, 409):
                    raise ConfigError(f"{url}: {said.message} ({said.code}); check the keys and the plan")
                if said.kind == "error":
                    raise OSError(f"{said.message} ({said.code})")
                if said.message == "authenticated":
                    await socket.send(msgpack.packb({"action": "subscribe", **wanted}))
            if waiting:
                yield decoder.take()


async def test_stream(hub: MarketHub, now_ns: Callable[[], int], seed: int) -> None:
    """Send quotes and trades of a share that does not exist to clients of ``/v2/test``, until cancelled."""
    draw = random.Random(f"{seed} test")
    cents, trade = round(TEST_PRICE * 100), 0
    while True:
        await asyncio.sleep(TEST_PAUSE_S)
        groups = [(g, s) for g, s in hub.groups().items() if g[0] == "test"]
        if not groups:
            continue
        cents = max(100, cents + draw.choice((-1, 0, 1)))
        trade += 1
        common = {"S": TEST_SYMBOL, "z": "C", "t": now_ns()}
        bid, ask, size = cents / 100, (cents + 1) / 100, draw.randint(1, 9) * 100
        sides = {"bx": "O", "bp": bid, "bs": size, "ax": "R", "ap": ask, "as": size}
        made = {
            "quotes": {"T": "q", **common, **sides, "c": ["A"]},
            "trades": {"T": "t", **common, "i": trade, "x": "J", "p": ask, "s": size, "c": ["@"]},
        }
        for (_, form, wanted), sessions in groups:
            chosen = [made[name] for name, symbols in wanted if name in made and symbols & {TEST_SYMBOL, "*"}]
            if chosen:
                hub.send(sessions, [encode(chosen, form)])
