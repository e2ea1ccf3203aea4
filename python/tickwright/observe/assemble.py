"""Everything that watches a node, as its configuration wants it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from prometheus_client.core import Metric

from tickwright.errors import ConfigError
from tickwright.live import LiveNode
from tickwright.observe.alerts import Alerts
from tickwright.observe.families import families
from tickwright.observe.health import Component, Heartbeat, components
from tickwright.observe.metrics import Metrics, samples_of
from tickwright.observe.reading import Reader
from tickwright.observe.server import MetricsServer
from tickwright.observe.settings import AlertSettings
from tickwright.observe.sinks import Deliveries, check_variables
from tickwright.observe.slo import Objective, Objectives
from tickwright.observe.traces import Traces, provider_of

if TYPE_CHECKING:
    from tickwright.config import Config

__all__ = ["Observation", "Watch", "observing"]

log = logging.getLogger(__name__)


@dataclass
class Observation:
    """What watches a node."""

    metrics: Metrics
    heart: Heartbeat
    alerts: Alerts | None = None
    """Where alerts are enabled."""
    slo: Objectives | None = None
    """Where objectives are followed."""
    watch: Watch | None = None
    """Looks at alerts and objectives."""
    url: str | None = None
    """Of the endpoint, where there is one."""

    def objectives(self) -> list[Objective]:
        """Say how the objectives stand; none where they are not followed."""
        return [] if self.slo is None else self.slo.objectives()

    def look(self) -> None:
        """Look at alerts and objectives once, as the watch does again and again; from any thread but the node's own."""
        if self.watch is not None:
            self.watch.look()

    def reload_alerts(self, config: Config) -> None:
        """Put other rules and sinks in force, at the next look; never waits.

        Raises
        ------
        ConfigError
            Alerts were or become disabled, which needs a restart, or a variable that a sink needs is not set; what
            was in force stays.
        """
        if self.watch is None or self.alerts is None or not config.alerts.enabled:
            raise ConfigError("alerts.enabled: cannot change while the engine runs; restart it")
        check_variables(config.alerts)
        self.watch.change_to(config.alerts)

    def components(self) -> list[Component]:
        """Judge the node's parts; from any thread but the node's own."""
        return components(self.metrics.reader.read().status)


class Watch:
    """Looks at a node again and again, from a thread of its own: for alerts and objectives.

    Parameters
    ----------
    found
        What is looked at.
    deliveries
        Who is told of alerts.
    every_s
        Seconds from one look to the next.
    """

    def __init__(self, found: Observation, deliveries: Deliveries | None, every_s: float) -> None:
        self._found, self._deliveries, self._every_s = found, deliveries, every_s
        self._stopping = threading.Event()
        self._next: AlertSettings | None = None
        self._thread = threading.Thread(target=self._run, name="tickwright-watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopping.set()
        self._thread.join(1.0)
        if self._deliveries is not None:
            self._deliveries.stop()

    def change_to(self, settings: AlertSettings) -> None:
        """Follow other rules and tell other sinks from the next look on."""
        self._next = settings

    def _change(self) -> None:
        settings, self._next = self._next, None
        if settings is None:
            return
        deliveries = Deliveries(settings)
        before, self._deliveries = self._deliveries, deliveries
        self._found.alerts, self._every_s = Alerts(settings), settings.every_s
        if before is not None:
            before.stop()
        log.info("alerts: %s rules and %s sinks are in force", len(self._found.alerts.rules), len(settings.sink))

    def collect(self) -> Iterator[Metric]:
        """Show what fires, and what became of what was told, in a scrape."""
        if self._found.alerts is not None:
            yield from self._found.alerts.collect()
        if self._deliveries is not None:
            yield from self._deliveries.collect()

    def look(self) -> None:
        """Look once."""
        self._change()
        found = self._found
        reading = found.metrics.reader.read()
        if found.slo is not None:
            found.slo.note(reading)
        if found.alerts is not None and self._deliveries is not None:
            parts: list[Iterable[Metric]] = [families(reading), self._deliveries.collect()]
            if found.slo is not None:
                parts.append(found.slo.collect())
            self._deliveries.tell(found.alerts.look(samples_of(chain(*parts)), time.monotonic()))

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self.look()
            except Exception:
                log.exception("the watch over alerts and objectives failed; it goes on")


@contextmanager
def observing(node: LiveNode, loop: asyncio.AbstractEventLoop, config: Config) -> Iterator[Observation]:
    """Watch a node until the end of the with-block.

    Parameters
    ----------
    node
        The node; it need not have started.
    loop
        The event loop that it runs on.
    config
        Its sections ``[metrics]``, ``[alerts]``, ``[slo]`` and ``[traces]`` count.

    Raises
    ------
    ConfigError
        The endpoint's address cannot be listened on.
    """
    with ExitStack() as stack:
        heart = stack.enter_context(Heartbeat(loop))
        timeout_s, promised_s = config.metrics.timeout_s, config.slo.latency_ms / 1e3
        metrics = Metrics(Reader(node, loop, heart, timeout_s=timeout_s, promised_s=promised_s))
        found = Observation(metrics, heart)
        if config.traces.exporter is not None:
            stack.enter_context(Traces(node, provider_of(config.traces)))
        if config.slo.enabled:
            found.slo = Objectives(config.slo, node.settings.state)
            stack.callback(found.slo.stop)
            metrics.add(found.slo.collect)
        if config.alerts.enabled:
            found.alerts, deliveries = Alerts(config.alerts), Deliveries(config.alerts)
            found.watch = stack.enter_context(Watch(found, deliveries, config.alerts.every_s))
            metrics.add(found.watch.collect)
        elif found.slo is not None:
            found.watch = stack.enter_context(Watch(found, None, config.alerts.every_s))
        if config.metrics.listen is not None:
            found.url = stack.enter_context(MetricsServer(metrics, config.metrics)).url
        yield found
