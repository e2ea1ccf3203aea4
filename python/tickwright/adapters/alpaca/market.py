"""Alpaca's streams of market data: stocks and crypto, each frame as the bytes it comes as."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from tickwright import logs
from tickwright.adapters.alpaca.frames import CHANNELS, carries, controls, encode, is_control
from tickwright.adapters.credentials import Credentials
from tickwright.adapters.sockets import OnFrame, OnState, ReconnectingSocket, Rejected, StreamSettings
from tickwright.errors import BrokerError, ConfigError
from tickwright.feeds.alpaca import ControlMessage

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["SILENCE_S", "AlpacaMarketStream"]

#: Seconds without data, while the market is open, after which a channel is taken for silent.
SILENCE_S: Final[Mapping[str, float]] = {"quotes": 60.0, "trades": 120.0, "orderbooks": 60.0, "bars": 150.0}
#: A channel that was found silent and stays so is given twice as long, up to so many times.
PATIENCE_MAX: Final = 32.0

CONNECTION_LIMIT, AUTH_FAILED, NOT_ENABLED, NOT_SUBSCRIBED = 406, 402, 408, 409
#: Codes that no other try would change.
FINAL: Final = frozenset({AUTH_FAILED, NOT_ENABLED, NOT_SUBSCRIBED})
#: Codes that answer a subscription.
OF_SUBSCRIPTIONS: Final = frozenset({400, 405, 410})
_SAID: Final = {
    CONNECTION_LIMIT: "another connection holds this account's place at this feed, perhaps one that was not closed",
    AUTH_FAILED: "the keys are not accepted; are they of this account?",
    NOT_ENABLED: "the account has no access to this interface",
    NOT_SUBSCRIBED: "the account's plan does not include this feed",
}

#: After so many seconds without a verdict a channel's patience is halved again.
PATIENCE_FADES_S: Final = 3_600.0

Wanted: TypeAlias = dict[str, set[str]]
Confirmed: TypeAlias = Mapping[str, tuple[str, ...]]
Given = TypeVar("Given")
Read = TypeVar("Read")


class AlpacaMarketStream(ReconnectingSocket):
    """Market data of one feed; `AlpacaMarketData.stream` makes it.

    Parameters
    ----------
    name, url
        As for every stream.
    credentials : Credentials
        The account's keys.
    subscriptions : mapping of str to iterable of str
        Symbols by channel, such as ``{"quotes": ["AAPL"], "bars": ["*"]}``.
    on_frame : callable or FrameQueue
        Given each frame of data and when it came, in ns since the Unix epoch: a whole MessagePack (or JSON) message,
        as `tickwright.feeds.AlpacaDecoder` takes it.
    on_state : callable
        Given each `StreamEvent`.
    market_open : callable, optional
        Whether data are to be expected now. Without it silence is not judged.
    silence_s : mapping, optional
        By channel, in place of `SILENCE_S`: seconds without data that mean silence.
    packed : bool
        Ask for MessagePack rather than JSON.
    settings, clock, wall_ns, sleep, rng
        As for every stream.
    """

    def __init__(
        self,
        name: str,
        url: str,
        credentials: Credentials,
        subscriptions: Mapping[str, Iterable[str]],
        on_frame: OnFrame,
        on_state: OnState,
        *,
        market_open: Callable[[], bool] | None = None,
        silence_s: Mapping[str, float] | None = None,
        packed: bool = True,
        settings: StreamSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(
            name,
            url,
            on_frame,
            on_state,
            settings=settings,
            headers={"Content-Type": "application/msgpack"} if packed else None,
            clock=clock,
            wall_ns=wall_ns,
            sleep=sleep,
            rng=rng,
        )
        self._credentials = credentials
        self._packed = packed
        self._market_open = market_open
        self._silence_s = _checked(SILENCE_S if silence_s is None else silence_s, float)
        if any(not limit > 0 for limit in self._silence_s.values()):
            raise ConfigError(f"silence_s: {dict(self._silence_s)}; give seconds above 0, or leave the channel out")
        self._wanted: Wanted = {channel: set() for channel in CHANNELS}
        for channel, symbols in _checked(subscriptions, _symbols).items():
            self._wanted[channel] = symbols
        self._answers: deque[asyncio.Future[Confirmed]] = deque()
        # By channel, in seconds of the clock: when data last came, or were first to be expected.
        self._seen: dict[str, float] = {}
        # By channel: how many times its limit it is given, and when it was last found silent.
        self._patience: dict[str, tuple[float, float]] = {}

    @property
    def subscriptions(self) -> Confirmed:
        """What is asked for, by channel."""
        return {channel: tuple(sorted(symbols)) for channel, symbols in self._wanted.items() if symbols}

    async def subscribe(self, subscriptions: Mapping[str, Iterable[str]]) -> None:
        """Ask for more. It lasts over reconnects; while there is no connection it waits for the next.

        Raises
        ------
        BrokerError
            The broker refused it (405: more symbols than the plan allows); it is then not asked for again.
        """
        asked = _checked(subscriptions, _symbols)
        more = {channel: symbols - self._wanted[channel] for channel, symbols in asked.items()}
        for channel, symbols in more.items():
            self._wanted[channel] |= symbols
        try:
            await self._change("subscribe", more)
        except BrokerError:
            for channel, symbols in more.items():
                self._wanted[channel] -= symbols
            raise

    async def unsubscribe(self, subscriptions: Mapping[str, Iterable[str]]) -> None:
        """Ask for less."""
        less = _checked(subscriptions, _symbols)
        for channel, symbols in less.items():
            self._wanted[channel] -= symbols
        await self._change("unsubscribe", less)

    async def _change(self, action: str, symbols: Wanted) -> None:
        connection = self._connection
        if connection is None or not any(symbols.values()):
            return
        answer: asyncio.Future[Confirmed] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)  # answers come in the order of what was asked
        try:
            await connection.send(self._message(action, symbols))
            async with asyncio.timeout(self.settings.answer_timeout_s):
                await answer
        except TimeoutError:
            if self._connection is not connection:
                return
            raise BrokerError(f"stream {self.name}: {action} was not answered") from None
        except BrokerError:
            raise
        except Exception:  # the connection is gone: the next one asks for all that is wanted
            return

    def _message(self, action: str, symbols: Wanted) -> bytes | str | Iterable[bytes]:
        lists = {channel: sorted(names) for channel, names in symbols.items() if names}
        return encode({"action": action, **lists}, packed=self._packed)

    async def _greet(self, connection: ClientConnection) -> None:
        self._resolve_all(ConnectionError())
        self._seen = {}
        await self._await_success(connection, "connected")
        keys = {"action": "auth", "key": self._credentials.key_id, "secret": self._credentials.secret_key}
        await connection.send(encode(keys, packed=self._packed))
        await self._await_success(connection, "authenticated")

    async def _await_success(self, connection: ClientConnection, word: str) -> None:
        while True:
            frame: bytes = await connection.recv(decode=False)
            said = controls(frame) if is_control(frame) else []
            if not said:
                raise Rejected(f"the server said something else in place of {word!r}: is this a market data stream?")
            for message in said:
                if message.kind == "error":
                    raise self._rejection(message)
                if message.kind == "success" and message.message == word:
                    return

    async def _subscribe_all(self, connection: ClientConnection) -> Confirmed:
        channels: Confirmed = {}
        asked = {channel: set(symbols) for channel, symbols in self._wanted.items()}
        if any(asked.values()):
            await connection.send(self._message("subscribe", asked))
            answer: asyncio.Future[Confirmed] = asyncio.get_running_loop().create_future()
            self._answers.append(answer)
            while not answer.done():
                frame: bytes = await connection.recv(decode=False)
                if is_control(frame):
                    self._controlled(frame)
                else:
                    self._early.append(frame)
            with suppress(BrokerError):  # told as refused; the connection is good for other subscriptions
                channels = answer.result()
        while asked != self._wanted:  # something else was wanted while we waited
            wanted = {channel: set(symbols) for channel, symbols in self._wanted.items()}
            for action, now, then in (("subscribe", wanted, asked), ("unsubscribe", asked, wanted)):
                change = {channel: symbols - then[channel] for channel, symbols in now.items()}
                if any(change.values()):
                    self._answers.append(asyncio.get_running_loop().create_future())
                    await connection.send(self._message(action, change))
            asked = wanted
        return channels

    def _is_data(self, frame: bytes) -> bool:
        if is_control(frame):
            self._controlled(frame)
            return False
        now = self._clock()
        for channel, since in self._seen.items():
            # Looking into a frame costs time: only for what has not been seen for a while.
            if now - since > self._silence_s[channel] / 4 and carries(frame, CHANNELS[channel]):
                self._seen[channel] = now
                self.statistics.last_data_ns_by_channel[channel] = self._wall_ns()
        return True

    def _controlled(self, frame: bytes) -> None:
        for message in controls(frame):
            if message.kind == "subscription":
                channels = {name: tuple(symbols) for name, symbols in message.channels.items() if symbols}
                now = self._clock()
                self._seen = {c: self._seen.get(c, now) for c in self._silence_s if c in channels}
                self._resolve(channels)
            elif message.kind == "error":
                rejection = self._rejection(message)
                if message.code in OF_SUBSCRIPTIONS:
                    self._tell("refused", reason=rejection.message, code=message.code)
                    self._resolve(BrokerError(f"stream {self.name}: {rejection.message}", code=message.code))
                elif message.code in FINAL or message.code == CONNECTION_LIMIT:
                    raise rejection
                else:
                    # Such as 407, slow client: the server closes the connection after it.
                    self._tell("refused", reason=rejection.message, code=message.code)

    def _resolve(self, result: Confirmed | BrokerError) -> None:
        while self._answers:
            answer = self._answers.popleft()
            if answer.done():
                continue
            if isinstance(result, BrokerError):
                answer.set_exception(result)
                answer.exception()  # nobody need wait for it
            else:
                answer.set_result(result)
            return

    def _resolve_all(self, error: Exception) -> None:
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(error)
                answer.exception()
        self._answers.clear()

    def _rejection(self, message: ControlMessage) -> Rejected:
        said = logs.redact(message.message)
        known = _SAID.get(message.code)
        text = f"{said} (code {message.code})" + (f": {known}" if known else "")
        return Rejected(text, message.code, limited=message.code == CONNECTION_LIMIT, final=message.code in FINAL)

    # Silence -----------------------------------------------------------------------------------------------------

    def _silence(self) -> tuple[str, int] | None:
        if self._market_open is None:
            return None
        if not self._market_open():
            self._excuse()
            return None
        now = self._clock()
        silent = []
        for channel, since in self._seen.items():
            patience, judged = self._patience.get(channel, (1.0, now))
            if now - judged > PATIENCE_FADES_S:
                patience = max(patience / 2.0, 1.0)
                self._patience[channel] = patience, now
            if now - since >= self._silence_s[channel] * patience:
                # It may be a symbol that hardly trades: the next time it is given longer.
                self._patience[channel] = min(patience * 2.0, PATIENCE_MAX), now
                silent.append((channel, now - since))
        if not silent:
            return None
        age_s = max(age for _, age in silent)
        names = " and ".join(channel for channel, _ in silent)
        since_ns = max(self._wall_ns() - int(age_s * 1e9), 1)
        return f"no {names} for {age_s:.1f} s while the market is open", since_ns

    def _excuse(self) -> None:
        self._seen = dict.fromkeys(self._seen, self._clock())

    def _watch_interval_s(self) -> float:
        return min(min(self._silence_s.values(), default=4.0) / 4, 1.0)


def _symbols(names: Iterable[str]) -> set[str]:
    if isinstance(names, str):
        raise ConfigError(f"subscriptions: {names!r} is a text; give a list of symbols")
    found = set(names)
    if any(not name for name in found):
        raise ConfigError(f"subscriptions: {sorted(map(str, found))[:5]} are not all symbols")
    return found


def _checked(table: Mapping[str, Given], convert: Callable[[Given], Read]) -> dict[str, Read]:
    unknown = sorted(set(table) - set(CHANNELS))
    if unknown:
        raise ConfigError(f"there is no channel {', '.join(unknown)}; there are {', '.join(CHANNELS)}")
    return {channel: convert(value) for channel, value in table.items()}
