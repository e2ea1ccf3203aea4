"""The control plane of a node, put together: door, services, health, reflection."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import grpc.aio
from grpc_health.v1 import health_pb2  # noqa: F401 - reflection tells of it
from grpc_reflection.v1alpha import reflection

from tickwright.config import Config, load_config
from tickwright.control.access import Access
from tickwright.control.audit import Audit, Sink, journal_sink
from tickwright.control.bridge import Bridge
from tickwright.control.commands import Commands
from tickwright.control.gate import Gate, Observer
from tickwright.control.health import HealthService
from tickwright.control.idempotency import CommandLog
from tickwright.control.server import ControlServer, Service
from tickwright.control.settings import ControlSettings
from tickwright.control.tls import server_credentials
from tickwright.control.tokens import TokenStore, write_private
from tickwright.live import LiveNode

__all__ = ["Assembly", "control_server"]

ADDRESS_FILE = "control.json"


class _Reflection:
    """grpc.reflection.v1alpha: what services there are, for tools such as grpcurl."""

    name = reflection.SERVICE_NAME

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def add_to(self, server: grpc.aio.Server) -> None:
        reflection.enable_server_reflection(self._names, server)

    async def close(self) -> None:
        pass


class Assembly:
    """What stands before the services of one server: made in its loop, closed after its last call.

    Parameters
    ----------
    settings
        ``[control]``.
    state
        The node's folder.
    observer
        Told of each call.
    sink
        Where records of commands go; the node's journal when not given.
    """

    def __init__(
        self,
        settings: ControlSettings,
        state: str | Path,
        *,
        observer: Observer | None = None,
        sink: Sink | None = None,
    ) -> None:
        self._settings, self._state, self._observer, self._sink = settings, Path(state), observer, sink
        self.tokens = TokenStore(settings.tokens_path(state))
        self.tokens.load()  # a file that others can read is told now, not at the first call
        self._commands: Commands | None = None

    def interceptors(self, bridge: Bridge) -> Sequence[grpc.aio.ServerInterceptor]:
        """Give the door."""
        settings = self._settings
        audit = Audit(self._sink or journal_sink(bridge), in_journal=self._sink is None)
        self._commands = Commands(audit, CommandLog(self._state / "commands.jsonl"), changed=bridge.changed)
        gate = Gate(
            Access(self.tokens, settings.certificates()),
            self._commands,
            requests_per_second=settings.requests_per_second,
            streams_per_caller=settings.streams_per_caller,
            default_deadline_s=settings.default_deadline_s,
            observer=self._observer,
        )
        return [gate]

    async def close(self) -> None:
        """Let commands end."""
        if self._commands is not None:
            await self._commands.close()


def control_server(
    node: LiveNode,
    loop: asyncio.AbstractEventLoop,
    config: Config,
    *,
    config_path: str | os.PathLike[str] | None = None,
    observer: Observer | None = None,
    sink: Sink | None = None,
    services: Callable[[Bridge], Sequence[Service]] | None = None,
    reread: Callable[[], Config] | None = None,
    sections: Mapping[str, Callable[[Config], None]] | None = None,
    objectives: Callable[[], Iterable[Any]] | None = None,
) -> ControlServer:
    """Give the control plane of a node; ``start()`` it before the node runs.

    Parameters
    ----------
    node
        The node.
    loop
        The event loop that it runs on, or will.
    config
        The whole configuration.
    config_path
        Its file, for those services that read it again.
    observer
        Told of each call.
    sink
        Where records of commands go; the node's journal when not given.
    services
        Makes the services; all that there are when not given.
    reread
        Reads the configuration again, with the same command line; from `config_path` when not given.
    sections
        What puts further sections of it in force while the node runs, by name.
    objectives
        Gives the service objectives.

    Raises
    ------
    ConfigError
        Tokens or certificates cannot be used; at its start also: an address cannot be listened on.
    """
    settings, state = config.control, Path(config.node.state)
    assembly = Assembly(settings, state, observer=observer, sink=sink)
    read = reread
    if read is None and config_path is not None:
        read = partial(load_config, os.fspath(config_path))

    def all_services(bridge: Bridge) -> Sequence[Service]:
        from tickwright.control.services import services as made

        return made(bridge, config, read=read, sections=sections, objectives=objectives)

    def made_services(bridge: Bridge) -> Sequence[Service]:
        made = list((services or all_services)(bridge))
        names = [service.name for service in made]
        health = HealthService(bridge, names)
        return [*made, health, _Reflection([*names, health.name, reflection.SERVICE_NAME])]

    return ControlServer(
        node,
        loop,
        services=made_services,
        listen=settings.addresses(state),
        interceptors=assembly.interceptors,
        max_message_bytes=int(settings.max_message_mb * (1 << 20)),
        credentials=server_credentials(settings),
        on_stop=assembly.close,
        on_start=lambda addresses: _tell(state, addresses),
    )


def _tell(state: Path, addresses: Sequence[str]) -> None:
    """Write where it listens, for clients on this machine: ports may have been chosen by the system."""
    write_private(state / ADDRESS_FILE, json.dumps({"addresses": list(addresses), "pid": os.getpid()}).encode())
