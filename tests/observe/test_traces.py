"""Spans of a real node's orders, collected by OpenTelemetry's own exporter in memory."""

from __future__ import annotations

import time

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import tickwright as tw
from tests.control.rig import NodeRig
from tests.observe.servers import Hook
from tests.observe.watched import Turn, Watched
from tickwright.observe.traces import Traces


@pytest.fixture(scope="module")
def spans(tmp_path_factory):
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))

    class Traced(NodeRig):
        def _run(self):
            with Traces(self.node, provider):
                super()._run()

    folder = tmp_path_factory.mktemp("traced")
    with Traced(folder, [Turn()], risk=tw.RiskLimits(max_order_qty=1_000), speed=120.0) as rig:
        rig.until(lambda: rig.node.status()["sent"].get("submit", 0) > 15)
        rig.until(lambda: sum(n["kind"] == "fill" for n in rig.node.notices) > 5)
        rig.ask(lambda: rig.node.command("pause", by="test", why="enough"))
        rig.until(lambda: rig.node.status()["in_flight"] == 0)
        sent = rig.ask(rig.node.status)["sent"]
        notices = rig.ask(lambda: list(rig.node.notices))
    return kept.get_finished_spans(), sent, notices


def test_each_order_is_a_trace_from_frame_to_answer(spans):
    found, sent, _ = spans
    roots = [span for span in found if span.parent is None]
    assert {span.name for span in roots} == {"order"}
    assert len(roots) == sent["submit"] > 15
    for root in roots:
        children = [span for span in found if span.parent is not None and span.parent.span_id == root.context.span_id]
        decision = next(span for span in children if span.name == "decision")
        request = next(span for span in children if span.name == "request")
        assert root.start_time == decision.start_time <= decision.end_time == request.start_time < request.end_time
        assert root.end_time == request.end_time
        assert root.attributes["client_order_id"]
        assert root.attributes["order"] == request.attributes["order"]
        assert {span.context.trace_id for span in children} == {root.context.trace_id}


def test_each_fill_is_beneath_its_order(spans):
    found, _, notices = spans
    roots = {span.context.span_id: span for span in found if span.parent is None}
    fills = [span for span in found if span.name == "fill"]
    assert len(fills) > 5
    for fill in fills:
        assert roots[fill.parent.span_id].attributes["order"] == fill.attributes["order"]
    told = [(n["order"], n["at_ns"]) for n in notices if n["kind"] == "fill"]
    assert {(span.attributes["order"], span.attributes["at_ns"]) for span in fills} <= set(told)
    print(f"{len(fills)} of {len(told)} fills beneath their orders")


def test_spans_reach_a_collector_over_http(tmp_path):
    with Hook() as collector:
        traces = {"exporter": "otlp", "endpoint": collector.url}
        with Watched(tmp_path, {"traces": traces}) as rig:
            rig.until(lambda: rig.node.status()["sent"].get("submit", 0) > 3)
            rig.ask(lambda: rig.node.command("pause", by="test", why="enough"))
            rig.until(lambda: rig.node.status()["in_flight"] == 0)
            sent = rig.ask(rig.node.status)["sent"]["submit"]
        posted = list(collector.received)
    requests = [ExportTraceServiceRequest.FromString(body) for _, _, body in posted]
    resources = [resource for request in requests for resource in request.resource_spans]
    assert {
        pair.value.string_value for one in resources for pair in one.resource.attributes if pair.key == "service.name"
    } == {"tickwright"}
    names = [span.name for one in resources for scope in one.scope_spans for span in scope.spans]
    assert names.count("order") == names.count("decision") == names.count("request") == sent > 3


def test_a_collector_that_is_away_stops_nothing(tmp_path):
    with Watched(tmp_path, {"traces": {"exporter": "otlp", "endpoint": "http://127.0.0.1:9/v1/traces"}}) as rig:
        rig.until(lambda: rig.node.status()["sent"].get("submit", 0) > 3)
        began = time.monotonic()
    assert time.monotonic() - began < 7


def test_spans_are_printed_where_that_is_configured(tmp_path, capsys):
    with Watched(tmp_path, {"traces": {"exporter": "console"}}) as rig:
        rig.until(lambda: rig.node.status()["sent"].get("submit", 0) > 1 and not rig.node.status()["in_flight"])
    assert '"name": "order"' in capsys.readouterr().err
