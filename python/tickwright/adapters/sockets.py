"""A WebSocket that stays connected: back-off, a budget of tries, silence, gaps. What is said over it is the broker's.

Frames are handed on as the bytes that came; nothing here parses data.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from tickwright import logs
from tickwright.adapters.events import StreamEvent, StreamEventKind, StreamStatistics
from tickwright.adapters.frame_queue import FrameQueue
from tickwright.adapters.pacing import Backoff, Priority, RateBudget
from tickwright.errors import AuthenticationError, BrokerError, ConfigError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["OnFrame", "OnState", "ReconnectingSocket", "Rejected", "StreamSettings"]

OnFrame: TypeAlias = Callable[[bytes, int], object] | FrameQueue
OnState: TypeAlias = Callable[[StreamEvent], object]

log = logs.get_logger("adapters")
#: websockets writes every frame to its log at level debug, the one with the keys too: this one never gets so talkative.
_quiet = logging.getLogger("tickwright.adapters.websockets")
_quiet.setLevel(logging.INFO)

#: Other tasks, such as an operator's commands, get a turn after so many frames that were there already, or after so
#: much time at them.
FRAMES_A_TURN = 32
TURN_NS = 300_000
#: What is read from the socket at a time: websockets takes all its frames apart in one go, some 10 µs for each.
READ_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Pace and patience of a stream's connection.

    Parameters
    ----------
    first_s, cap_s, floor_s : float
        Back-off between tries: first ceiling, last ceiling, least wait.
    tries_a_minute : int
        No more tries than that, whatever the back-off says.
    stable_s : float
        A connection that lasted so long was a good one: the back-off begins anew.
    limited_first_s, limited_cap_s : float
        Back-off while another connection holds our place.
    open_timeout_s, answer_timeout_s, close_timeout_s : float
        How long to wait for a connection, for each answer of the greeting, and for a good-bye.
    ping_interval_s, ping_timeout_s : float
        How often to ask whether the other end is there, and for how long to wait for its answer.
    frame_bytes_max : int
        A larger message ends the connection.
    queued_frames : int
        Frames that may wait inside the connection before it reads no more.
    """

    first_s: float = 0.5
    cap_s: float = 30.0
    floor_s: float = 0.05
    tries_a_minute: int = 12
    stable_s: float = 30.0
    limited_first_s: float = 5.0
    limited_cap_s: float = 60.0
    open_timeout_s: float = 10.0
    answer_timeout_s: float = 10.0
    close_timeout_s: float = 1.0
    ping_interval_s: float = 10.0
    ping_timeout_s: float = 10.0
    frame_bytes_max: int = 16 * 1024 * 1024
    queued_frames: int = 256


@dataclass(eq=False)
class Rejected(Exception):
    """The other end refused the greeting."""

    message: str
    code: int = 0
    limited: bool = False
    """There is no room now; later there may be."""
    final: bool = False
    """There is no use in trying again."""

    def __str__(self) -> str:
        return self.message


class ReconnectingSocket(ABC):
    """A stream that one task runs until it is closed or refused for good.

    Parameters
    ----------
    name : str
        For its events.
    url : str
        Where to.
    on_frame : callable or FrameQueue
        Given each frame of data and when it came, in ns since the Unix epoch. A callable runs on the event loop and
        must be quick.
    on_state : callable
        Given each `StreamEvent`.
    settings : StreamSettings, optional
        Pace and patience.
    headers : mapping, optional
        Of the request that opens the socket.
    clock, wall_ns, sleep, rng
        Monotonic seconds, ns since the Unix epoch, a way to wait, and chance.
    """

    def __init__(
        self,
        name: str,
        url: str,
        on_frame: OnFrame,
        on_state: OnState,
        *,
        settings: StreamSettings | None = None,
        headers: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self._client = _need("websockets.asyncio.client")
        self.name, self.url = name, url
        self.settings = settings or StreamSettings()
        self.statistics = StreamStatistics()
        self._queue = on_frame if isinstance(on_frame, FrameQueue) else None
        self._deliver: Callable[[bytes, int], object] = on_frame.put if isinstance(on_frame, FrameQueue) else on_frame
        self._on_state = on_state
        self._headers = dict(headers or {})
        self._clock, self._wall_ns, self._sleep = clock, wall_ns, sleep
        rng = rng or random.Random()
        s = self.settings
        self._backoff = Backoff(s.first_s, s.cap_s, floor_s=s.floor_s, rng=rng)
        self._limited = Backoff(s.limited_first_s, s.limited_cap_s, floor_s=min(1.0, s.limited_first_s), rng=rng)
        self._tries = RateBudget(s.tries_a_minute, slack_s=0.0)
        self._connection: ClientConnection | None = None
        self._outage_ns = 0
        self._verdict = ""
        # Frames of data that came before the subscription was confirmed.
        self._early: deque[bytes] = deque()
        self._since_ns = 0
        self._held = False
        self._stop = asyncio.Event()
        self._finished = asyncio.Event()
        self._running = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.url!r})"

    @property
    def queued(self) -> int:
        """Frames that came and were not handed on, or not taken from the queue, yet."""
        return len(self._early) + (0 if self._queue is None else len(self._queue))

    # What a broker's protocol adds ------------------------------------------------------------------------------

    @abstractmethod
    async def _greet(self, connection: ClientConnection) -> None:
        """Make ourselves known; raise `Rejected` where that is refused."""

    @abstractmethod
    async def _subscribe_all(self, connection: ClientConnection) -> Mapping[str, tuple[str, ...]]:
        """Ask for all that is wanted, wait for the confirmation, give what is sent from now on."""

    @abstractmethod
    def _is_data(self, frame: bytes) -> bool:
        """Whether `frame` is for the consumer; what is not has been taken care of."""

    @abstractmethod
    def _silence(self) -> tuple[str, int] | None:
        """Why the connection is taken for dead, and since when nothing came (ns); None while it is not."""

    @abstractmethod
    def _excuse(self) -> None:
        """Begin to count the time without data anew."""

    @abstractmethod
    def _watch_interval_s(self) -> float:
        """How often to ask `_silence`."""

    # Running -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected until `close` is called.

        Raises
        ------
        AuthenticationError, BrokerError
            The broker refused for good: wrong keys, or a feed that the account lacks.
        """
        if self._running:
            raise ConfigError(f"stream {self.name}: runs already")
        self._running = True
        self._finished.clear()
        try:
            while not self._stop.is_set():
                await self._await_turn()
                if not self._stop.is_set():
                    await self._unless_stopped(self._connect_once())
            self._tell("closed")
        finally:
            self._running = False
            self._finished.set()

    async def close(self) -> None:
        """End the connection; `run` returns."""
        self._stop.set()
        if self._running:
            await self._finished.wait()

    async def _connect_once(self) -> None:
        """One connection from try to end; what ended it is told, and waited for where that is due."""
        began = self._clock()
        try:
            await self._connected_life()
            return
        except Rejected as error:
            failure = error
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a socket can end in many ways; all lead to another try
            failure = self._ended(error)
        finally:
            self.statistics.connected = False
            self._connection = None
        if failure.final:
            self._tell("failed", reason=failure.message, code=failure.code)
            kind = AuthenticationError if failure.code in (401, 402, 403) else BrokerError
            raise kind(f"stream {self.name}: {failure.message}", code=failure.code)
        self.statistics.failures += 1
        if self._clock() - began >= self.settings.stable_s:
            self._backoff.reset()
            self._limited.reset()
        backoff = self._limited if failure.limited else self._backoff
        wait_s = backoff.next_s()
        self.statistics.limited += failure.limited
        self._tell(
            "limited" if failure.limited else "disconnected",
            reason=self._verdict or failure.message,
            code=failure.code,
            since_ns=self._outage_ns,
            retry_in_s=wait_s,
            attempt=backoff.attempts,
        )
        self._verdict = ""
        self._held = False
        await self._pause(wait_s)

    async def _connected_life(self) -> None:
        s = self.settings
        async with self._client.connect(
            self.url,
            additional_headers=self._headers,
            compression=None,
            open_timeout=s.open_timeout_s,
            ping_interval=s.ping_interval_s,
            ping_timeout=s.ping_timeout_s,
            close_timeout=s.close_timeout_s,
            max_size=s.frame_bytes_max,
            max_queue=s.queued_frames,
            logger=_quiet,
        ) as connection:
            self._early.clear()
            _read_little(connection.transport)
            async with asyncio.timeout(s.answer_timeout_s):
                await self._greet(connection)
            self.statistics.connected = True
            self.statistics.reconnects += self.statistics.connections > 0
            self.statistics.connections += 1
            self._tell("connected")
            async with asyncio.timeout(s.answer_timeout_s):
                channels = await self._subscribe_all(connection)
            self._connection = connection
            self._tell("subscribed", channels=channels)
            self._since_ns = now_ns = self._wall_ns()
            if self._outage_ns:
                self._tell("gap", since_ns=self._outage_ns, until_ns=now_ns, channels=channels)
            self._outage_ns = 0
            watch = asyncio.create_task(self._watch(connection))
            try:
                await self._receive(connection)
            except asyncio.CancelledError:
                await connection.close()  # with a good-bye, so that the broker frees our place at once
                raise
            finally:
                watch.cancel()
                # What came is safe; from here on something may be missing.
                if not self._outage_ns:
                    self._outage_ns = max(self.statistics.last_data_ns, now_ns)

    async def _receive(self, connection: ClientConnection) -> None:
        statistics, queue, deliver, wall_ns = self.statistics, self._queue, self._deliver, self._wall_ns
        told = False
        turn = turn_ns = 0
        while not self._stop.is_set():
            frame: bytes = self._early.popleft() if self._early else await connection.recv(decode=False)
            if not self._is_data(frame):
                statistics.controls += 1
                continue
            received_ns = wall_ns()
            statistics.frames += 1
            statistics.bytes += len(frame)
            statistics.last_data_ns = received_ns
            try:
                more = deliver(frame, received_ns)
            except Exception as error:  # what one frame does to its consumer must not take the others away
                statistics.consumer_errors += 1
                if not told:
                    told = True
                    log.exception("stream %s: the consumer failed at a frame", self.name)
                    self._tell("consumer_error", reason=logs.redact(f"{type(error).__name__}: {error}"))
            else:
                if queue is not None and more is False:
                    statistics.waits += 1
                    self._held = True
                    await queue.room()
                    self._held = False
                    continue
            took_ns = wall_ns() - received_ns
            statistics.callback_ns_max = max(statistics.callback_ns_max, took_ns)
            turn, turn_ns = turn + 1, turn_ns + took_ns
            if turn >= FRAMES_A_TURN or turn_ns >= TURN_NS:
                turn = turn_ns = 0
                await asyncio.sleep(0)

    async def _watch(self, connection: ClientConnection) -> None:
        while True:
            await self._sleep(self._watch_interval_s())
            if self._held:  # by our own full queue: it is not the other end that is silent
                self._excuse()
                continue
            try:
                silence = self._silence()
            except Exception:  # the caller's predicate; without it silence cannot be judged this time
                log.exception("stream %s: cannot tell whether the market is open", self.name)
                continue
            if silence is not None:
                reason, since_ns = silence
                self.statistics.silences += 1
                self._verdict = reason
                self._outage_ns = since_ns
                self._tell("silent", reason=reason, since_ns=since_ns)
                connection.transport.abort()  # a silent other end would not answer a good-bye
                return

    # Helpers -----------------------------------------------------------------------------------------------------

    def _ended(self, error: Exception) -> Rejected:
        """Say what the end of a connection means."""
        exceptions = import_module("websockets.exceptions")
        if isinstance(error, exceptions.InvalidStatus):
            status = error.response.status_code
            message = f"the server answered HTTP {status} in place of a WebSocket"
            return Rejected(message, status, limited=status == 429, final=status in (401, 403))
        if isinstance(error, exceptions.InvalidURI):
            return Rejected(f"{self.url!r} is no address of a WebSocket", final=True)
        if isinstance(error, exceptions.ConnectionClosed):
            close = error.rcvd or error.sent
            why = f"closed with code {close.code} {close.reason}".rstrip() if close else "cut off without a good-bye"
            return Rejected(logs.redact(why), close.code if close else 0)
        if isinstance(error, TimeoutError):
            return Rejected("no answer in time")
        return Rejected(logs.redact(f"{type(error).__name__}: {error}")[:300])

    async def _await_turn(self) -> None:
        """Wait until the budget has another try."""
        while not self._stop.is_set():
            now = self._clock()
            if self._tries.grant(now, Priority.CANCEL):
                return
            await self._pause(self._tries.ready_at(now, Priority.CANCEL) - now)

    async def _pause(self, wait_s: float) -> None:
        await self._unless_stopped(self._sleep(max(wait_s, 0.0)))

    async def _unless_stopped(self, work: Awaitable[None]) -> None:
        """Wait for `work`, but no longer than until `close` is called."""
        task, stop = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            stop.cancel()
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def _tell(self, kind: StreamEventKind, **fields: Any) -> None:
        event = StreamEvent(kind, self.name, self._wall_ns(), **fields)
        level = logging.WARNING if kind in ("silent", "disconnected", "limited", "refused", "failed") else logging.INFO
        log.log(level, "stream %s: %s %s", self.name, kind, event.reason)
        try:
            self._on_state(event)
        except Exception:
            self.statistics.consumer_errors += 1
            log.exception("stream %s: the listener failed at %s", self.name, kind)


def _read_little(transport: asyncio.BaseTransport) -> None:
    """Let `transport` read `READ_BYTES` at a time; asyncio has no public way, and reads 256 KiB."""
    source: Any = getattr(transport, "_ssl_protocol", transport)
    if isinstance(getattr(source, "max_size", None), int):
        source.max_size = READ_BYTES


def _need(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"streams of Alpaca need websockets ({error}); run: pip install 'tickwright[alpaca]'"
        ) from None
