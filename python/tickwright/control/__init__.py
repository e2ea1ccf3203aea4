"""The control plane: one gRPC service to watch and command a node, from any program in any language.

Names are loaded when they are first used: the settings are read by every command line, gRPC only by those that
speak it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickwright.control.assemble import control_server as control_server
    from tickwright.control.bridge import Bridge as Bridge
    from tickwright.control.caller import CALLER as CALLER
    from tickwright.control.caller import Caller as Caller
    from tickwright.control.caller import Role as Role
    from tickwright.control.client import AsyncClient as AsyncClient
    from tickwright.control.client import Client as Client
    from tickwright.control.failures import Failure as Failure
    from tickwright.control.server import ControlServer as ControlServer
    from tickwright.control.server import Service as Service
    from tickwright.control.settings import ControlSettings as ControlSettings
    from tickwright.control.tokens import TokenStore as TokenStore

_EXPORTS = {
    "AsyncClient": "client",
    "Bridge": "bridge",
    "CALLER": "caller",
    "Caller": "caller",
    "Client": "client",
    "ControlServer": "server",
    "ControlSettings": "settings",
    "Failure": "failures",
    "Role": "caller",
    "Service": "server",
    "TokenStore": "tokens",
    "control_server": "assemble",
}

__all__ = [
    "CALLER",
    "AsyncClient",
    "Bridge",
    "Caller",
    "Client",
    "ControlServer",
    "ControlSettings",
    "Failure",
    "Role",
    "Service",
    "TokenStore",
    "control_server",
]


def __getattr__(name: str) -> Any:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
