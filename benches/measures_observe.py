"""What watching a node costs: a latency noted, and a scrape of a node's metrics, each against the plainest way."""

from collections import deque

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.registry import Collector

from benches.registry import Work, measure
from tickwright.live import Latency
from tickwright.observe.families import families
from tickwright.observe.reading import BOUNDS_S, Reading, Stage

ADDS = 20_000
SCRAPES = 20
DURATIONS = [1_000 + 37 * n % 90_000 for n in range(ADDS)]


class _Newest:
    """The newest 10,000 and how many there were: what can be told of less is not worth telling."""

    __slots__ = ("count", "newest")

    def __init__(self) -> None:
        self.count = 0
        self.newest: deque[int] = deque(maxlen=10_000)

    def add(self, ns: int) -> None:
        self.count += 1
        self.newest.append(ns)


def _adding(add_to: Latency | _Newest) -> Work:
    def run() -> None:
        add = add_to.add
        for ns in DURATIONS:
            add(ns)

    return Work(run, items=ADDS)


@measure("latency_add")
def latency_add() -> Work:
    """Note a duration in the histogram of the whole run and among the newest."""
    return _adding(Latency())


@measure("latency_newest")
def latency_newest() -> Work:
    """Note a duration among the newest alone."""
    return _adding(_Newest())


def _reading() -> Reading:
    """A node with two streams, three strategies and forty positions."""
    stream = dict.fromkeys(
        ("away_s", "frames", "bytes", "controls", "connections", "reconnects", "failures", "consumer_errors", "waits"),
        3,
    )
    stream |= {"connected": True, "queued": 0, "data_age_s": 0.5, "data_age_s_by_channel": {"quotes": 0.5, "trades": 1}}
    lane = {"waiting": 0, "sent": 100, "turned_away": 0, "wait_s": 1.5, "service_s": 2.5}
    api = dict.fromkeys(("limit", "left", "under_way", "answered", "refused", "in_doubt", "not_sent"), 100)
    api |= {"retries": 1, "too_many": 0, "server_errors": 0}
    api["lanes"] = dict.fromkeys(("cancel", "flatten", "submit", "read"), lane)  # type: ignore[assignment]
    position = {"qty": "100", "average_price": "10.5", "mark": "10.75", "realized": "12.25", "symbol": "S"}
    counts = ("events", "frames", "strangers", "orders", "open_orders", "in_flight", "in_doubt", "updates", "repeats")
    status = dict.fromkeys((*counts, "anomalies", "comparisons", "passed", "steps"), 1_000_000) | {
        "state": "RUNNING",
        "now_ns": 1_800_000_000_000_000_000,
        "equity": "100000.5",
        "cash": "50000.25",
        "drawdown": "120.5",
        "strategies": ["one", "two", "three"],
        "positions": [position | {"strategy": n % 3} for n in range(40)],
        "sent": {"submit": 10, "cancel": 5, "replace": 1},
        "broker_refused": {"403 40310000": 3},
        "refused": [("MAX_QTY", "account", 5), ("STATE", "account", 2)],
        "connections": {"stocks": stream, "updates": stream},
        "streams": {"stocks connected": 1, "stocks subscribed": 1, "updates connected": 1, "updates subscribed": 1},
        "requests": {"trading": api, "data": api},
        "journal_lag_s": 0.0,
        "broken": None,
        "data_age_s": 0.1,
        "is_stale": False,
        "isolated": [],
        "clock_skew_s": 0.01,
        "differences": {},
    }
    recent = {"0.5": 1e-4, "0.99": 1e-3, "0.999": 1e-2}
    stage = Stage(1_000_000, 100.0, tuple(range(len(BOUNDS_S))), recent)
    stages = dict.fromkeys(("frame", "frame_to_request", "round_trip"), stage)
    return Reading(status, stages, {(0, "buy"): 5, (1, "sell"): 4}, {}, {"fill": 9}, 1_000, 5_000.0)


class _Read(Collector):
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self):  # type: ignore[no-untyped-def]
        return families(self._reading)


@measure("observe_scrape")
def observe_scrape() -> Work:
    """Make a scrape out of a reading; an item is a sample."""
    registry, reading = CollectorRegistry(), _reading()
    registry.register(_Read(reading))
    samples = sum(len(family.samples) for family in registry.collect())

    def run() -> None:
        for _ in range(SCRAPES):
            generate_latest(registry)

    return Work(run, items=SCRAPES * samples)


@measure("observe_gauges")
def observe_gauges() -> Work:
    """Make a scrape of as many gauges of the client library, in as many families, that others keep up to date."""
    registry = CollectorRegistry()
    found = list(families(_reading()))
    for number, family in enumerate(found):
        gauge = Gauge(f"g{number}", family.documentation, ["a", "b"], registry=registry)
        for at, sample in enumerate(family.samples):
            gauge.labels(str(at), "value").set(sample.value)
    samples = sum(len(family.samples) for family in found)

    def run() -> None:
        for _ in range(SCRAPES):
            generate_latest(registry)

    return Work(run, items=SCRAPES * samples)
