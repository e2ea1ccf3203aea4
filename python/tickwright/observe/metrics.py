"""Prometheus metrics of a node, read when they are asked for: what happens in the engine pays nothing for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from tickwright.observe.families import families
from tickwright.observe.reading import Reader

__all__ = ["GrpcCalls", "Metrics", "NodeCollector", "Sample", "samples_of"]

CALL_BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

Sample = tuple[str, dict[str, str], float]


class NodeCollector(Collector):
    """Makes metrics of what a reader reads."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: registering must not read."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Read, and give the metrics."""
        yield from families(self._reader.read())


class GrpcCalls:
    """Counts calls of the control plane.

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry
    >>> from tickwright.observe.metrics import GrpcCalls
    >>> registry = CollectorRegistry()
    >>> calls = GrpcCalls(registry)
    >>> calls.observe("/tickwright.v1.EngineService/Pause", "OK", 0.002)
    >>> labels = {"method": "/tickwright.v1.EngineService/Pause", "code": "OK"}
    >>> registry.get_sample_value("tickwright_grpc_calls_total", labels)
    1.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "tickwright_grpc_calls", "Calls of the control plane that ended.", ["method", "code"], registry=registry
        )
        self._seconds = Histogram(
            "tickwright_grpc_call_duration_seconds",
            "Seconds that a call of the control plane took, streams to their end.",
            ["method"],
            buckets=CALL_BOUNDS_S,
            registry=registry,
        )

    def observe(self, method: str, code: str, seconds: float) -> None:
        """Count a call that ended: its full method, the name of its gRPC status, how long it took."""
        self._calls.labels(method, code).inc()
        self._seconds.labels(method).observe(seconds)


class _Later(Collector):
    """Metrics of a part that is made after the registry."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return self._collect()


class Metrics:
    """The registry of one node: the node's own metrics, calls of the control plane, the process.

    Parameters
    ----------
    reader
        Reads the node.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(NodeCollector(reader))
        self.grpc = GrpcCalls(self.registry)
        """Told of each call by the control plane."""
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.add(self._own)

    def add(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Show what `collect` gives, too."""
        self.registry.register(_Later(collect))

    def samples(self) -> list[Sample]:
        """Every sample of a scrape: name, labels, value."""
        return samples_of(self.registry.collect())

    def _own(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "tickwright_scrape_timeouts", "Readings that the engine did not answer in time.", value=self.reader.timeouts
        )


def samples_of(metrics: Iterable[Metric]) -> list[Sample]:
    """Every sample of metrics: name, labels, value."""
    return [(sample.name, sample.labels, sample.value) for metric in metrics for sample in metric.samples]
