"""The control plane: one gRPC service to watch and command a node, from any program in any language."""

from __future__ import annotations

from tickwright.control.bridge import Bridge
from tickwright.control.caller import CALLER, Caller, Role
from tickwright.control.server import ControlServer, Service

__all__ = ["CALLER", "Bridge", "Caller", "ControlServer", "Role", "Service"]
