"""Watching a node: health, metrics, alerts, objectives.

It reads a `tickwright.live.LiveNode` and never makes it wait. docs/observability.md says what there is to see.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickwright.observe.alerts import Alert as Alert
    from tickwright.observe.alerts import Alerts as Alerts
    from tickwright.observe.assemble import Observation as Observation
    from tickwright.observe.assemble import observing as observing
    from tickwright.observe.health import COMPONENTS as COMPONENTS
    from tickwright.observe.health import Component as Component
    from tickwright.observe.health import Heartbeat as Heartbeat
    from tickwright.observe.health import components as components
    from tickwright.observe.health import is_ready as is_ready
    from tickwright.observe.metrics import GrpcCalls as GrpcCalls
    from tickwright.observe.metrics import Metrics as Metrics
    from tickwright.observe.server import MetricsServer as MetricsServer
    from tickwright.observe.slo import Objective as Objective
    from tickwright.observe.slo import Objectives as Objectives

_EXPORTS = {
    "Alert": "alerts",
    "Alerts": "alerts",
    "COMPONENTS": "health",
    "Component": "health",
    "GrpcCalls": "metrics",
    "Heartbeat": "health",
    "Metrics": "metrics",
    "MetricsServer": "server",
    "Objective": "slo",
    "Objectives": "slo",
    "Observation": "assemble",
    "components": "health",
    "is_ready": "health",
    "observing": "assemble",
}

__all__ = [
    "COMPONENTS",
    "Alert",
    "Alerts",
    "Component",
    "GrpcCalls",
    "Heartbeat",
    "Metrics",
    "MetricsServer",
    "Objective",
    "Objectives",
    "Observation",
    "components",
    "is_ready",
    "observing",
]


def __getattr__(name: str) -> Any:
    # The configuration reads settings from here, which must load neither a server nor a broker.
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
