"""The one door of the control plane: every call of every method passes it.

In this order: who calls, may they, how often, is the request one, is there time left; then the method. Nothing of a
request is read before its caller is known. What a method raises becomes a status with details.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import re
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, Protocol

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from tickwright.control.access import HEALTH, Access, authorize
from tickwright.control.caller import CALLER, REQUEST_ID, Caller
from tickwright.control.commands import Commands
from tickwright.control.failures import Failure, failure_of
from tickwright.control.methods import Method, method_of
from tickwright.control.open_calls import OpenCalls
from tickwright.control.throttle import Buckets, Slots

__all__ = ["Gate", "Observer"]

log = logging.getLogger(__name__)

REQUEST_KEY: Final = "x-request-id"
#: Ids of requests that bring none: this run, and a number.
_RUN: Final = secrets.token_hex(4)
_NUMBERS: Final = itertools.count(1)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:/@=+-]{1,128}", re.ASCII)
STATUS_KEY: Final = "grpc-status-details-bin"


class Observer(Protocol):
    """Told of each call once it is over."""

    def observe(self, method: str, code: str, seconds: float) -> None:
        """Take a method's full name, the name of the status code, and how long it took."""
        ...


class Gate(grpc.aio.ServerInterceptor):
    """Lets calls through to their methods.

    Parameters
    ----------
    access
        Knows callers.
    commands
        Carries out what changes something.
    requests_per_second, streams_per_caller
        Limits of one caller; 0 for none.
    default_deadline_s
        Seconds for requests that bring no deadline.
    observer
        Told of each call.
    """

    def __init__(
        self,
        access: Access,
        commands: Commands,
        *,
        requests_per_second: float = 1_000.0,
        streams_per_caller: int = 64,
        default_deadline_s: float = 10.0,
        observer: Observer | None = None,
    ) -> None:
        self._access, self._commands, self._observer = access, commands, observer
        self._buckets, self._slots = Buckets(requests_per_second), Slots(streams_per_caller)
        self._default_s = default_deadline_s
        self._wrapped: dict[str, Any] = {}
        self._open = OpenCalls(access.recheck)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Give the method, with the door before it."""
        name: str = handler_call_details.method
        found = self._wrapped.get(name)
        if found is None:
            inner = await continuation(handler_call_details)
            if inner is None:
                return None  # UNIMPLEMENTED, and nothing is kept: names of callers are without end
            found = self._wrapped[name] = self._wrap(method_of(name), inner)
        return found

    def _wrap(self, method: Method, inner: Any) -> Any:
        decode, encode = inner.request_deserializer, inner.response_serializer
        if inner.request_streaming:
            # Of the two kinds only reflection has one; its requests change nothing.
            if not inner.response_streaming:
                return grpc.stream_unary_rpc_method_handler(self._closed(method))
            return grpc.stream_stream_rpc_method_handler(self._both(method, inner.stream_stream), decode, encode)
        if inner.response_streaming:
            return grpc.unary_stream_rpc_method_handler(self._stream(method, decode, inner.unary_stream), None, encode)
        return grpc.unary_unary_rpc_method_handler(self._unary(method, decode, inner.unary_unary), None, encode)

    # --- the kinds of method -----------------------------------------------------------------------------------------

    def _unary(self, method: Method, decode: Any, behavior: Any) -> Any:
        async def serve(raw: bytes, context: Any) -> Any:
            call = _Call(self, method, context)
            try:
                caller = call.admit()
                request = self._request(method, decode, raw, caller)
                if method.is_command:
                    answer = await self._commands.unary(method, behavior, request, caller, context, call.deadline())
                else:
                    remaining = context.time_remaining()
                    if remaining is not None:  # gRPC itself ends the call then
                        answer = await behavior(request, context)
                    else:
                        with self._open.until(self._default_s):
                            answer = await behavior(request, context)
                call.end("OK")
            except BaseException as error:
                await call.fail(error)
            return answer

        return serve

    def _stream(self, method: Method, decode: Any, behavior: Any) -> Any:
        # It writes, and is no generator: where the caller goes, this ends at once and gives its place back.
        async def serve(raw: bytes, context: Any) -> None:
            call = _Call(self, method, context)
            try:
                caller = call.admit()
                request = self._request(method, decode, raw, caller)
                with self._slot(caller), self._open.while_known(caller):
                    if method.is_command:
                        answers = self._commands.stream(method, behavior, request, caller, context, call.deadline())
                    else:
                        answers = _answers(behavior, request, context)
                    async with contextlib.aclosing(answers):
                        async for answer in answers:
                            await context.write(answer)
                call.end("OK")
            except BaseException as error:
                await call.fail(error)

        return serve

    def _both(self, method: Method, behavior: Any) -> Any:
        async def serve(requests: Any, context: Any) -> None:
            call = _Call(self, method, context)
            try:
                caller = call.admit()
                with self._slot(caller), self._open.while_known(caller):
                    async with contextlib.aclosing(behavior(requests, context)) as answers:
                        async for answer in answers:
                            await context.write(answer)
                call.end("OK")
            except BaseException as error:
                await call.fail(error)

        return serve

    def _closed(self, method: Method) -> Any:
        async def serve(requests: Any, context: Any) -> Any:
            call = _Call(self, method, context)
            try:
                call.admit()
                raise Failure(grpc.StatusCode.UNIMPLEMENTED, f"{method.name}: requests in a stream are not taken")
            except BaseException as error:
                await call.fail(error)

        return serve

    # --- what they share ---------------------------------------------------------------------------------------------

    def _request(self, method: Method, decode: Any, raw: bytes, caller: Caller) -> Any:
        if len(raw) > method.max_bytes:
            raise Failure(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"the request has {len(raw):,} bytes; {method.name} takes {method.max_bytes:,}",
                reason="TOO_LARGE",
            )
        try:
            request: Message = decode(raw)
        except DecodeError:
            raise Failure(
                grpc.StatusCode.INVALID_ARGUMENT, "the request is no message of this method", reason="NOT_A_MESSAGE"
            ) from None
        if method.is_command:
            method.check(request)
            if not method.makes_safe(request):
                self._limit(caller)
        return request

    def _limit(self, caller: Caller) -> None:
        wait = self._buckets.take(caller.name)
        if wait:
            raise Failure(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{caller.name} asks more often than control.requests_per_second allows",
                reason="RATE",
                retry_s=wait,
            )

    @contextlib.contextmanager
    def _slot(self, caller: Caller) -> Iterator[None]:
        if not self._slots.take(caller.name):
            raise Failure(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{caller.name} has as many streams open as control.streams_per_caller allows; end one",
                reason="STREAMS",
            )
        try:
            yield
        finally:
            self._slots.give(caller.name)


async def _answers(behavior: Any, request: Any, context: Any) -> AsyncGenerator[Any, None]:
    """Give what a method sends: as a generator, or by writing to the context itself."""
    made = behavior(request, context)
    if hasattr(made, "__aiter__"):
        async with contextlib.aclosing(made):
            async for answer in made:
                yield answer
    else:
        await made


class _Call:
    """One call, from its arrival to its end."""

    __slots__ = ("_began", "_context", "_gate", "_is_over", "_method", "_request_id")

    def __init__(self, gate: Gate, method: Method, context: Any) -> None:
        self._gate, self._method, self._context = gate, method, context
        self._began, self._is_over = time.perf_counter(), False
        self._request_id = _request_id(context.invocation_metadata())

    def admit(self) -> Caller:
        """Say who calls, if they may."""
        REQUEST_ID.set(self._request_id)
        self._context.set_trailing_metadata(((REQUEST_KEY, self._request_id),))
        name, gate = self._method.name, self._gate
        caller = gate._access.caller(name, self._context)
        authorize(name, caller)
        # Commands are counted once it is known whether they make safe.
        if not self._method.is_command and not name.startswith(HEALTH):
            gate._limit(caller)
        CALLER.set(caller)
        return caller

    def deadline(self) -> float:
        """Give the moment of `time.monotonic` at which its time is over."""
        remaining: float | None = self._context.time_remaining()
        if remaining is None:
            remaining = float("inf") if self._method.is_stream else self._gate._default_s
        return time.monotonic() + remaining

    def end(self, code: str) -> None:
        """Count it."""
        self._is_over = True
        if self._gate._observer is not None:
            self._gate._observer.observe(self._method.name, code, time.perf_counter() - self._began)

    async def fail(self, error: BaseException) -> None:
        """End it with what went wrong."""
        if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            self.end("CANCELLED")
            raise error
        if isinstance(error, grpc.aio.AbortError):
            # A method ended the call itself, with a status of its own.
            code = self._context.code()
            self.end(getattr(code, "name", None) or "UNKNOWN")
            raise error
        if not isinstance(error, Exception):
            raise error
        if type(error).__name__ == "ExecuteBatchError":  # of grpcio, where it has no public name
            # What was to be sent could not be: the caller has gone.
            self.end("CANCELLED")
            raise asyncio.CancelledError from error
        failure = failure_of(error)
        self.end(failure.code.name)
        if failure.code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.ALREADY_EXISTS):
            log.warning("%s", failure.message, extra={"request_id": self._request_id})
        status = failure.status(self._request_id)
        trailing = ((REQUEST_KEY, self._request_id), (STATUS_KEY, status.SerializeToString()))
        await self._context.abort(failure.code, failure.message, trailing)


def _request_id(metadata: Sequence[Any] | None) -> str:
    for key, value in metadata or ():
        if key == REQUEST_KEY and isinstance(value, str) and _REQUEST_ID.fullmatch(value):
            return value
    return f"{_RUN}{next(_NUMBERS):08x}"
