"""Calls of the control plane, said once and made by a sync and an async client.

A function makes a `Call`: what is sent, and what is taken from the answer. `Unary`, `Streaming` and `Paged` make of it
a method, typed for either client: with `Line` it gives the result, with `AsyncLine` something to await.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

import grpc
import grpc.aio
from google.protobuf.message import Message

from tickwright.control.remote import Attempts, Way, explained
from tickwright.errors import ConfigError

__all__ = ["AsyncLine", "AsyncStream", "Call", "Line", "Paged", "Stream", "Streaming", "Unary"]

P = ParamSpec("P")
R = TypeVar("R")
A = TypeVar("A", bound=Message)


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """A request, and what is taken from its answer."""

    request: Any
    """The message."""
    answer: type[Message]
    """Kind of the answer."""
    read: Callable[[Any], R]
    """Takes the result from it."""

    @classmethod
    def of(cls, request: Message, answer: type[A], read: Callable[[A], R]) -> Call[R]:
        """Make one; the method follows from the request's name."""
        return Call(request, answer, read)

    @property
    def method(self) -> str:
        """The method's full name."""
        return _method(self.request.DESCRIPTOR)


@functools.cache
def _method(descriptor: Any) -> str:
    (service,) = descriptor.file.services_by_name.values()
    return f"/{service.full_name}/{descriptor.name.removesuffix('Request')}"


class _Opened:
    """A channel, once it is needed; clients with other deadlines share it."""

    def __init__(self) -> None:
        self.channel: Any = None
        self.methods: dict[tuple[str, bool], Any] = {}
        self.is_closed = False

    def close(self) -> Any:
        """End it; gives the channel that is to be closed."""
        self.is_closed = True
        self.methods.clear()
        channel, self.channel = self.channel, None
        return channel


class _Common:
    """What both lines have.

    Parameters
    ----------
    way
        To the engine.
    timeout_s
        Seconds for each call, with all its repetitions; a stream has no end.
    attempts
        How often a call is tried at most while nobody answers.
    """

    def __init__(self, way: Way, timeout_s: float, attempts: int) -> None:
        self._way, self.timeout_s, self.attempts = way, timeout_s, attempts
        self._opened = _Opened()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._way.address!r}, tls={self._way.tls}, timeout_s={self.timeout_s:g})"

    def within(self, timeout_s: float) -> Self:
        """Give this client with other seconds for each call; both use one channel."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, timeout_s=timeout_s)
        return other

    def _open(self) -> Any:
        raise NotImplementedError

    def _callable(self, call: Call[Any], is_stream: bool) -> Any:
        name = call.method
        if self._opened.is_closed:
            raise ConfigError("client: is closed; make another")
        found = self._opened.methods.get((name, is_stream))
        if found is None:
            channel = self._opened.channel = self._opened.channel or self._open()
            made = channel.unary_stream if is_stream else channel.unary_unary
            found = self._opened.methods[name, is_stream] = made(
                name,
                request_serializer=type(call.request).SerializeToString,
                response_deserializer=call.answer.FromString,
            )
        return found


class Line(_Common):
    """A channel to an engine that waits for each answer; any number of threads may use it."""

    def _open(self) -> Any:
        return self._way.channel(grpc)

    def close(self) -> None:
        """End it, and every call on it."""
        channel = self._opened.close()
        if channel is not None:
            channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _ask(self, call: Call[R]) -> R:
        attempts, metadata = Attempts(self.attempts, self.timeout_s), self._way.metadata
        while True:
            try:
                answer = self._callable(call, False)(call.request, timeout=attempts.left_s, metadata=metadata)
                return call.read(answer)
            except grpc.RpcError as error:
                failure = explained(error, self._way.address)
                pause_s = attempts.pause_s(failure)
                if pause_s is None:
                    raise failure from None
            time.sleep(pause_s)

    def _listen(self, call: Call[R]) -> Stream[R]:
        stub = self._callable(call, True)
        return Stream(stub(call.request, metadata=self._way.metadata), call.read, self._way.address)

    def _turn(self, pages: Callable[[str], Call[tuple[list[R], str]]]) -> Iterator[R]:
        token, is_first = "", True
        while token or is_first:
            rows, token = self._ask(pages(token))
            is_first = False
            yield from rows


class AsyncLine(_Common):
    """A channel to an engine whose answers are awaited; of one event loop."""

    def _open(self) -> Any:
        return self._way.channel(grpc.aio)

    async def close(self) -> None:
        """End it, and every call on it."""
        channel = self._opened.close()
        if channel is not None:
            await channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def _ask(self, call: Call[R]) -> R:
        attempts, metadata = Attempts(self.attempts, self.timeout_s), self._way.metadata
        while True:
            try:
                answer = await self._callable(call, False)(call.request, timeout=attempts.left_s, metadata=metadata)
                return call.read(answer)
            except grpc.aio.AioRpcError as error:
                failure = explained(error, self._way.address)
                pause_s = attempts.pause_s(failure)
                if pause_s is None:
                    raise failure from None
            await asyncio.sleep(pause_s)

    def _listen(self, call: Call[R]) -> AsyncStream[R]:
        stub = self._callable(call, True)
        return AsyncStream(stub(call.request, metadata=self._way.metadata), call.read, self._way.address)

    async def _turn(self, pages: Callable[[str], Call[tuple[list[R], str]]]) -> AsyncIterator[R]:
        token, is_first = "", True
        while token or is_first:
            rows, token = await self._ask(pages(token))
            is_first = False
            for row in rows:
                yield row


class Stream(Generic[R]):
    """Answers as they come; a with-block, or `close`, ends it. Once it is made, nothing later is missed.

    It ends with `UnreachableError` where the engine goes: ask again, once it is there.
    """

    def __init__(self, call: Any, read: Callable[[Any], R], address: str) -> None:
        self._call, self._read, self._address = call, read, address
        # The engine says that it listens before it has anything to tell.
        call.initial_metadata()

    def __iter__(self) -> Iterator[R]:
        return self

    def __next__(self) -> R:
        try:
            return self._read(next(self._call))
        except grpc.RpcError as error:
            if self._call.cancelled():
                raise StopIteration from None
            raise explained(error, self._address) from None

    def close(self) -> None:
        """End it, from any thread: who waits for its next answer is let go."""
        self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncStream(Generic[R]):
    """Answers as they come; an async with-block, or `close`, ends it. Within the block nothing later is missed."""

    def __init__(self, call: Any, read: Callable[[Any], R], address: str) -> None:
        self._call, self._read, self._address = call, read, address

    def __aiter__(self) -> AsyncIterator[R]:
        return self

    async def __anext__(self) -> R:
        try:
            answer = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise explained(error, self._address) from None
        except asyncio.CancelledError:
            if self._call.cancelled() and not _is_cancelling():
                raise StopAsyncIteration from None
            raise
        if answer is grpc.aio.EOF:
            raise StopAsyncIteration
        return self._read(answer)

    def close(self) -> None:
        """End it."""
        self._call.cancel()

    async def __aenter__(self) -> Self:
        await self._call.initial_metadata()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()


def _is_cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class _Method(Generic[P, R]):
    """A function that makes calls, as a method of both clients."""

    def __init__(self, make: Callable[P, R]) -> None:
        self._make = make
        self.__doc__, self.__wrapped__ = make.__doc__, make


class Unary(_Method[P, Call[R]]):
    """A method with one answer."""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Line, owner: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, instance: AsyncLine, owner: type) -> Callable[P, Awaitable[R]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return lambda *args, **kwargs: instance._ask(self._make(*args, **kwargs))


class Streaming(_Method[P, Call[R]]):
    """A method with answers as they come."""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Line, owner: type) -> Callable[P, Stream[R]]: ...
    @overload
    def __get__(self, instance: AsyncLine, owner: type) -> Callable[P, AsyncStream[R]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return lambda *args, **kwargs: instance._listen(self._make(*args, **kwargs))


class Paged(_Method[P, Callable[[str], Call[tuple[list[R], str]]]]):
    """A method that gives rows, page after page as they are wanted."""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Line, owner: type) -> Callable[P, Iterator[R]]: ...
    @overload
    def __get__(self, instance: AsyncLine, owner: type) -> Callable[P, AsyncIterator[R]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return lambda *args, **kwargs: instance._turn(self._make(*args, **kwargs))
