"""The gRPC server beside a node: a thread and an event loop of its own, so that neither waits for the other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

import grpc
import grpc.aio

from tickwright.control.bridge import Bridge
from tickwright.control.sockets import Sockets
from tickwright.errors import ConfigError, TickwrightError
from tickwright.live import LiveNode

__all__ = ["ControlServer", "Service"]


METADATA_BYTES: Final = 16 << 10
CALLS_PER_CONNECTION: Final = 1_000


def fast_loop() -> asyncio.AbstractEventLoop:
    """Give an event loop of uvloop, or where that is not to be had (Windows), of asyncio."""
    try:
        uvloop = import_module("uvloop")
    except ModuleNotFoundError:
        return asyncio.new_event_loop()
    made: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return made


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what a callback failed of, but for what is none: gRPC wakes every loop of a process for one event."""
    if not (isinstance(context.get("exception"), BlockingIOError) and "_handle_events" in str(context.get("handle"))):
        loop.default_exception_handler(context)


class Service(Protocol):
    """One gRPC service of the control plane."""

    name: str
    """Full name, such as ``tickwright.v1.EngineService``."""

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server."""
        ...

    async def close(self) -> None:
        """End every stream."""
        ...


class ControlServer:
    """Serves the control plane of one node.

    Parameters
    ----------
    node
        The node; it may not have started yet.
    loop
        The event loop that it runs on.
    services
        Makes the services, given the bridge to the node.
    listen
        Addresses: ``unix:PATH``, ``127.0.0.1:0``.
    interceptors
        Made in the server's own loop; the first sees a call first.
    max_message_bytes
        Largest request.
    credentials
        TLS of every address that is no Unix socket; None: none.
    on_start
        Given the addresses once it listens.
    on_stop
        Awaited in the server's own loop once no call is under way any more.
    """

    def __init__(
        self,
        node: LiveNode,
        loop: asyncio.AbstractEventLoop,
        *,
        services: Callable[[Bridge], Sequence[Service]],
        listen: Iterable[str] = ("127.0.0.1:0",),
        interceptors: Callable[[Bridge], Sequence[Any]] = lambda _: (),
        max_message_bytes: int = 4 << 20,
        credentials: grpc.ServerCredentials | None = None,
        on_start: Callable[[Sequence[str]], None] = lambda _: None,
        on_stop: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.bridge = Bridge(node, loop)
        self._services, self._listen, self._interceptors = services, tuple(listen), interceptors
        self._max_message_bytes, self._credentials = max_message_bytes, credentials
        self._on_start, self._on_stop = on_start, on_stop
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._begun = threading.Event()
        self._failure: BaseException | None = None
        self.addresses: list[str] = []
        """Where it listens, with the ports that it got."""

    def start(self, timeout_s: float = 10.0) -> ControlServer:
        """Begin to serve; gives itself once it listens.

        Raises
        ------
        ConfigError
            An address cannot be listened on.
        """
        self._thread = threading.Thread(target=self._run, name="tickwright-control", daemon=True)
        self._thread.start()
        if not self._begun.wait(timeout_s):
            raise ConfigError(f"control: does not listen after {timeout_s:g} s")
        if isinstance(self._failure, TickwrightError):
            raise self._failure
        if self._failure is not None:
            raise ConfigError(f"control: {self._failure}") from self._failure
        return self

    def stop(self, timeout_s: float = 5.0) -> None:
        """End: calls may finish for a moment, streams are told that the server goes."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout_s)

    def __enter__(self) -> ControlServer:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=fast_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:
            self._failure = self._failure or error
        finally:
            self._begun.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_told)
        services: Sequence[Service] = ()
        sockets = Sockets()
        server = None
        try:
            server = grpc.aio.server(
                interceptors=self._interceptors(self.bridge),
                options=[
                    ("grpc.max_receive_message_length", self._max_message_bytes),
                    ("grpc.max_metadata_size", METADATA_BYTES),
                    ("grpc.max_concurrent_streams", CALLS_PER_CONNECTION),
                    ("grpc.so_reuseport", 0),
                ],
            )
            # A registered method costs every call: grpcio waits for the next call of each of them anew, all together.
            server.add_registered_method_handlers = lambda *_: None  # type: ignore[method-assign]
            services = self._services(self.bridge)
            for service in services:
                service.add_to(server)
            for address in self._listen:
                self.addresses.append(sockets.open(server, address, self._credentials))
            await server.start()
            self._on_start(self.addresses)
            self._begun.set()
            await self._stopping.wait()
        finally:
            for service in services:
                await service.close()
            if server is not None:
                await server.stop(1.0)
            sockets.close()
            if self._on_stop is not None:
                await self._on_stop()
