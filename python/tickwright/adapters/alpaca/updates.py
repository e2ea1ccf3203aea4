"""Alpaca's stream of trade updates: what becomes of orders, as the bytes it comes as.

There is no replay: what happened while the stream was away must be asked for by REST, which its ``gap`` events say.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from tickwright import logs
from tickwright.adapters.alpaca.frames import stream_of
from tickwright.adapters.credentials import Credentials
from tickwright.adapters.sockets import OnFrame, OnState, ReconnectingSocket, Rejected, StreamSettings

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["AlpacaUpdateStream"]

CHANNEL = "trade_updates"


class AlpacaUpdateStream(ReconnectingSocket):
    """Trade updates of one account; `AlpacaBroker.updates` makes it.

    Each message is ``{"stream": "trade_updates", "data": {…}}``, text or binary on the wire, bytes here.

    Parameters
    ----------
    url : str
        The stream's address.
    credentials : Credentials
        The account's keys.
    on_message : callable or FrameQueue
        Given each message and when it came, in ns since the Unix epoch.
    on_state : callable
        Given each `StreamEvent`.
    expect_s : float
        How long after a request that was accepted an update must have come; else the socket is taken for dead.
    settings, clock, wall_ns, sleep, rng
        As for every stream.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        on_message: OnFrame,
        on_state: OnState,
        *,
        expect_s: float = 30.0,
        settings: StreamSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(
            "updates", url, on_message, on_state, settings=settings, clock=clock, wall_ns=wall_ns, sleep=sleep, rng=rng
        )
        self._credentials = credentials
        self._expect_s = expect_s
        self._expected_by: float | None = None
        self._heard_at = -math.inf
        self._fruitless = 0

    def expect(self, since: float) -> None:
        """Say that an update must come soon: the broker has accepted a request.

        Days may pass without an order, so silence alone says nothing of this stream. An update that a request calls
        for and that does not come says all.

        Parameters
        ----------
        since : float
            When the request was made, in seconds of the clock. Its update is often here before its answer.
        """
        if self._heard_at < since and self._expected_by is None:
            # Where waiting was in vain before, the request may be of a kind that calls for nothing: more patience.
            self._expected_by = self._clock() + self._expect_s * 2.0 ** min(self._fruitless, 6)

    async def _greet(self, connection: ClientConnection) -> None:
        keys = {"key_id": self._credentials.key_id, "secret_key": self._credentials.secret_key}
        await connection.send(json.dumps({"action": "authenticate", "data": keys}))
        data = await self._answer(connection, "authorization")
        status = data.get("status")
        if status != "authorized":
            raise Rejected(
                f"the keys are not accepted ({logs.redact(str(status or data.get('error', 'no reason given')))}); "
                "are they of this account, and are they paper or live?",
                402,
                final=True,
            )

    async def _subscribe_all(self, connection: ClientConnection) -> Mapping[str, tuple[str, ...]]:
        await connection.send(json.dumps({"action": "listen", "data": {"streams": [CHANNEL]}}))
        streams = (await self._answer(connection, "listening")).get("streams") or ()
        if CHANNEL not in streams:
            raise Rejected(f"the server does not listen to {CHANNEL}: {logs.redact(str(streams))[:100]}", final=True)
        self._expected_by = None  # the gap that follows is asked for by REST
        return {name: () for name in streams}

    async def _answer(self, connection: ClientConnection, stream: str) -> Mapping[str, Any]:
        """Wait for the message of `stream` and give its data; updates that come before it wait."""
        while True:
            frame: bytes = await connection.recv(decode=False)
            if stream_of(frame) == CHANNEL:
                self._early.append(frame)
                continue
            try:
                message = json.loads(frame)
            except ValueError:
                raise Rejected("the server speaks no JSON: is this the trading stream?") from None
            if not isinstance(message, dict):
                raise Rejected("the server does not speak as the trading stream does")
            data = message.get("data")
            if message.get("stream") == stream:
                return data if isinstance(data, dict) else {}
            error = message.get("error") or (data.get("error") if isinstance(data, dict) else None)
            if error or message.get("action") == "error":
                raise Rejected(
                    f"the server answered with an error: {logs.redact(str(error or message.get('data')))[:200]}"
                )

    def _is_data(self, frame: bytes) -> bool:
        if stream_of(frame) != CHANNEL:
            return False
        self._expected_by = None
        self._heard_at = self._clock()
        self._fruitless = 0
        return True

    def _silence(self) -> tuple[str, int] | None:
        if self._expected_by is None or self._clock() < self._expected_by:
            return None
        self._expected_by = None
        self._fruitless += 1
        since_ns = max(self.statistics.last_data_ns, self._since_ns)
        return "a request was accepted, and no update of it has come", since_ns

    def _excuse(self) -> None:
        if self._expected_by is not None:
            self._expected_by = max(self._expected_by, self._clock() + self._expect_s)

    def _watch_interval_s(self) -> float:
        return min(self._expect_s / 4, 1.0)
