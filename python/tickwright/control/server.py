"""The gRPC server beside a node: a thread and an event loop of its own, so that neither waits for the other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import grpc
import grpc.aio

from tickwright.control.bridge import Bridge
from tickwright.errors import ConfigError
from tickwright.live import LiveNode

__all__ = ["ControlServer", "Service"]


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
    ) -> None:
        self.bridge = Bridge(node, loop)
        self._services, self._listen, self._interceptors = services, tuple(listen), interceptors
        self._max_message_bytes = max_message_bytes
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
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = self._failure or error
        finally:
            self._begun.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = grpc.aio.server(
            interceptors=self._interceptors(self.bridge),
            options=[
                ("grpc.max_receive_message_length", self._max_message_bytes),
                ("grpc.so_reuseport", 0),
            ],
        )
        services = self._services(self.bridge)
        for service in services:
            service.add_to(server)
        for address in self._listen:
            try:
                port = server.add_insecure_port(address)
            except RuntimeError as error:
                raise ConfigError(f"cannot listen on {address}: {error}") from error
            self.addresses.append(address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}")
        await server.start()
        self._begun.set()
        await self._stopping.wait()
        for service in services:
            await service.close()
        await server.stop(1.0)
