"""The live node: strategies on an account, with everything in a journal.

`tickwright run` starts it; `LiveNode` does so from Python, beside your own code. docs/live.md says how it starts, what
it does when something fails, and how it stops.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickwright.live.latency import Latency as Latency
    from tickwright.live.lease import Lease as Lease
    from tickwright.live.node import LiveNode as LiveNode
    from tickwright.live.settings import NodeSettings as NodeSettings

_EXPORTS = {"Latency": "latency", "Lease": "lease", "LiveNode": "node", "NodeSettings": "settings"}

__all__ = ["Latency", "Lease", "LiveNode", "NodeSettings"]


def __getattr__(name: str) -> Any:
    # The configuration reads the settings, which must not load a broker.
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
