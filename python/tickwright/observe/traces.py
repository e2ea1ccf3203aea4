"""Traces for OpenTelemetry: of each order, from the frame that led to it over decision and request to its fills.

Spans are made when a request has been answered and when a fill has come; the SDK's own thread and bounded queue take
them from there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import tickwright
from tickwright.errors import ConfigError
from tickwright.live import LiveNode
from tickwright.observe.settings import TraceSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import SpanContext

__all__ = ["Traces", "provider_of"]

#: Orders whose fills are still put beneath them.
ORDERS_MAX: Final = 10_000

_NEEDS: Final = "traces need OpenTelemetry ({}); run: pip install 'tickwright[otel]'"


class Traces:
    """Makes spans of what a node's orders go through.

    Parameters
    ----------
    node
        The node.
    provider
        Where spans go.

    Notes
    -----
    ``order`` is the root, from the frame's arrival to the broker's answer; beneath it ``decision`` (until the request
    was handed out), ``request`` (until it was answered) and a ``fill`` for each. Attributes have the names of the
    log's fields.
    """

    def __init__(self, node: LiveNode, provider: TracerProvider) -> None:
        self._trace = _import("opentelemetry.trace")
        self._provider = provider
        self._tracer = provider.get_tracer("tickwright", tickwright.__version__)
        self._orders: dict[int, SpanContext] = {}
        self._node = node

    def __enter__(self) -> Traces:
        self._node.answer_listeners.append(self.on_answer)
        self._node.listeners.append(self.on_notice)
        return self

    def __exit__(self, *exc: object) -> None:
        self._node.answer_listeners.remove(self.on_answer)
        self._node.listeners.remove(self.on_notice)
        self._provider.shutdown()

    def on_answer(self, request: Mapping[str, Any]) -> None:
        """Take a request that was answered."""
        began_ns = min(request["received_ns"] or request["handed_ns"], request["handed_ns"])
        attributes = {name: request[name] for name in _ATTRIBUTES if request.get(name) is not None}
        order = self._orders.get(request["order"])
        root = None
        if order is None:
            root = self._tracer.start_span("order", start_time=began_ns, attributes=attributes)
            order = root.get_span_context()
            if len(self._orders) >= ORDERS_MAX:
                del self._orders[next(iter(self._orders))]
            self._orders[request["order"]] = order
        self._span("decision", order, attributes, began_ns, request["handed_ns"])
        self._span("request", order, attributes, request["handed_ns"], request["answered_ns"])
        if root is not None:
            root.end(request["answered_ns"])

    def on_notice(self, notice: Mapping[str, Any]) -> None:
        """Take a fill."""
        if notice["kind"] != "fill" or (order := self._orders.get(notice["order"])) is None:
            return
        attributes = {name: notice[name] for name in ("order", "symbol", "side", "qty", "price", "at_ns")}
        now_ns = self._node.now_ns()
        self._span("fill", order, attributes, now_ns, now_ns)

    def _span(self, name: str, order: SpanContext, attributes: Mapping[str, Any], start_ns: int, end_ns: int) -> None:
        parent = self._trace.set_span_in_context(self._trace.NonRecordingSpan(order))
        span = self._tracer.start_span(name, context=parent, start_time=start_ns, attributes=dict(attributes))
        span.end(max(start_ns, end_ns))


#: Seconds that a collector has for spans, tries and all: one that is away must not keep a process from its end.
EXPORT_S: Final = 2
_ATTRIBUTES: Final = ("order", "client_order_id", "request", "tick_ns", "frame", "since_frame")


def provider_of(settings: TraceSettings) -> TracerProvider:
    """Make the provider that a configuration asks for.

    Raises
    ------
    ConfigError
        OpenTelemetry is not installed.
    """
    sdk, export = _import("opentelemetry.sdk.trace"), _import("opentelemetry.sdk.trace.export")
    resource = _import("opentelemetry.sdk.resources").Resource.create(
        {"service.name": "tickwright", "service.version": tickwright.__version__}
    )
    if settings.exporter == "console":
        exporter = export.ConsoleSpanExporter(out=sys.stderr)  # standard output is for results
    else:
        otlp = _import("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        exporter = otlp.OTLPSpanExporter(settings.endpoint, timeout=EXPORT_S)
    provider: TracerProvider = sdk.TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(export.BatchSpanProcessor(exporter, max_queue_size=settings.queued))
    return provider


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(_NEEDS.format(error)) from None
