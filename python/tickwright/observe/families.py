"""What a scrape shows of a reading: every metric's name, unit and meaning.

Names follow Prometheus: a unit at the end, ``_total`` for what only grows. Everything is read when it is asked for.
"""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)

import tickwright
from tickwright.live.operations import unrealized
from tickwright.observe.health import components, is_ready
from tickwright.observe.reading import BOUNDS_S, Reading

__all__ = ["STATES", "families"]

STATES: Final = (
    "INITIALIZING",
    "RECONCILING",
    "RUNNING",
    "PAUSED",
    "REDUCE_ONLY",
    "SAFE_MODE",
    "HALTED",
    "MAINTENANCE",
    "SHUTDOWN",
)


def families(reading: Reading) -> Iterator[Metric]:
    """Yield the metrics of a reading."""
    yield InfoMetricFamily(
        "tickwright_build",
        "Version of tickwright and of Python.",
        value={"version": tickwright.__version__, "python": platform.python_version()},
    )
    yield _gauge(
        "up", "1 where the engine answered this scrape, 0 where its loop did not turn in time.", reading.answered
    )
    yield _gauge("heartbeat_age_seconds", "Seconds since the engine's event loop turned.", reading.heartbeat_age_s)
    yield _gauge("scrape_engine_seconds", "Seconds of the engine's event loop that this scrape cost.", reading.took_s)
    status = reading.status
    parts = components(status)
    yield _gauges(
        "component_healthy", "1 where the part works.", "component", {part.name: part.healthy for part in parts}
    )
    yield _gauge("ready", "1 where the engine is RUNNING and every stream is up.", is_ready(status))
    if not status:
        return
    yield from _engine(status)
    yield from _market(status)
    yield from _orders(reading)
    yield from _risk(status)
    yield from _money(reading)
    yield from _strategies(reading)
    yield from _latencies(reading)
    yield from _streams(status)
    yield from _requests(status)
    yield from _journal(status)


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tickwright_{name}", help_, value=float(value))


def _gauges(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"tickwright_{name}", help_, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family


def _counter(name: str, help_: str, value: float) -> Metric:
    return CounterMetricFamily(f"tickwright_{name}", help_, value=float(value))


def _counters(name: str, help_: str, labels: Sequence[str], values: Mapping[Any, float]) -> Metric:
    family = CounterMetricFamily(f"tickwright_{name}", help_, labels=labels)
    for key, value in values.items():
        family.add_metric([key] if isinstance(key, str) else [str(part) for part in key], float(value))
    return family


def _engine(status: Mapping[str, Any]) -> Iterator[Metric]:
    known = (*STATES, *({status["state"]} - set(STATES)))
    yield StateSetMetricFamily(
        "tickwright_engine_state",
        "State of the engine: 1 for the one that it is in.",
        value={name: name == status["state"] for name in known},
    )
    yield _gauge("engine_time_seconds", "Time of the engine, seconds since 1970.", status["now_ns"] / 1e9)
    skew_s = status.get("clock_skew_s")
    if skew_s is not None:
        yield _gauge("clock_skew_seconds", "Seconds that the machine's clock was off the broker's.", skew_s)


def _market(status: Mapping[str, Any]) -> Iterator[Metric]:
    yield _counter("market_events", "Market events taken in.", status["events"])
    yield _counter("market_frames", "Frames of market data taken in.", status["frames"])
    yield _counter("market_strangers", "Market events of symbols that are not traded.", status["strangers"])
    if status.get("data_age_s") is not None:
        yield _gauge("data_age_seconds", "Seconds since the newest market data came.", status["data_age_s"])
    stopped = len(status.get("stopped", ()))
    yield _gauge("stopped_symbols", "Symbols that a corporate action stopped until an operator accepts it.", stopped)
    yield _gauge("data_stale", "1 where data should have come and have not.", status["is_stale"])


def _orders(reading: Reading) -> Iterator[Metric]:
    status, names = reading.status, reading.status["strategies"]
    yield _counter("orders", "Orders that strategies and operators asked for.", status["orders"])
    yield _gauge("open_orders", "Orders that are open.", status["open_orders"])
    yield _counters("broker_requests", "Requests about orders sent to the broker.", ["kind"], status["sent"])
    yield _gauge("broker_requests_in_flight", "Requests about orders whose answer is awaited.", status["in_flight"])
    yield _counter("broker_in_doubt", "Requests whose answer never came and was asked for.", status["in_doubt"])
    yield _counters(
        "broker_refusals", "Requests that the broker refused, by its code.", ["code"], status["broker_refused"]
    )
    yield _counter("broker_updates", "Messages about orders taken in from the broker.", status["updates"])
    yield _counter("broker_repeats", "Messages about orders that were known already.", status["repeats"])
    yield _counter("broker_anomalies", "Messages of the broker that cannot be, not believed.", status["anomalies"])
    yield _counters(
        "fills",
        "Fills, by strategy and side.",
        ["strategy", "side"],
        {(names[number], side): count for (number, side), count in reading.fills.items()},
    )
    yield _counters("notices", "What the engine told of, by kind.", ["kind"], reading.notices)
    yield _counter("reconciliations", "Comparisons with the broker.", status["comparisons"])
    yield _gauge(
        "reconciliation_differences",
        "Symbols whose positions differed from the broker's at the last comparison.",
        len(status["differences"]),
    )


def _risk(status: Mapping[str, Any]) -> Iterator[Metric]:
    refused = {(code, scope): count for code, scope, count in status["refused"]}
    yield _counters("risk_refusals", "Orders that a risk check refused, by code and scope.", ["code", "scope"], refused)
    yield _counter("risk_passed", "Orders that passed all risk checks.", status["passed"])


def _money(reading: Reading) -> Iterator[Metric]:
    status = reading.status
    drawdown = float(status["drawdown"])
    yield _gauge("equity_dollars", "Value of the account, dollars.", float(status["equity"]))
    yield _gauge("cash_dollars", "Cash, dollars.", float(status["cash"]))
    yield _gauge("drawdown_dollars", "Below the highest equity so far, dollars.", drawdown)
    if reading.drawdown_limit:
        used = drawdown / reading.drawdown_limit
        yield _gauge("drawdown_limit_ratio", "Share of the drawdown limit that is used; 1 is the limit.", used)
    long_, short = Decimal(0), Decimal(0)
    for row in status["positions"]:
        value = Decimal(row["qty"]) * Decimal(row["mark"])
        long_, short = long_ + max(value, Decimal(0)), short + max(-value, Decimal(0))
    yield _gauge(
        "gross_exposure_dollars", "Value of long positions plus that of short ones, dollars.", float(long_ + short)
    )
    yield _gauge(
        "net_exposure_dollars", "Value of long positions less that of short ones, dollars.", float(long_ - short)
    )


def _strategies(reading: Reading) -> Iterator[Metric]:
    status = reading.status
    names = status["strategies"]
    realized: defaultdict[int, Decimal] = defaultdict(Decimal)
    open_: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in status["positions"]:
        number = row["strategy"]
        realized[number] += Decimal(row["realized"])
        open_[number] += unrealized(row)
    yield _gauges(
        "strategy_realized_dollars",
        "Profit of closed positions, before fees, dollars.",
        "strategy",
        {name: float(realized[number]) for number, name in enumerate(names)},
    )
    yield _gauges(
        "strategy_unrealized_dollars",
        "Profit of open positions at their marks, dollars.",
        "strategy",
        {name: float(open_[number]) for number, name in enumerate(names)},
    )
    yield _counters(
        "strategy_faults",
        "Times that a strategy failed.",
        ["strategy"],
        {name: reading.faults.get(number, 0) for number, name in enumerate(names)},
    )
    isolated = status["isolated"]
    yield _gauges(
        "strategy_isolated",
        "1 where the strategy is not called any more.",
        "strategy",
        {name: name in isolated for name in names},
    )
    killed = status["killed"]
    yield _gauges(
        "kill_switch_thrown",
        "1 where no new order of the strategy leaves: its kill switch, or that for all, is thrown.",
        "strategy",
        {name: killed["all"] or name in killed["strategies"] for name in names},
    )


def _latencies(reading: Reading) -> Iterator[Metric]:
    histogram = HistogramMetricFamily(
        "tickwright_stage_duration_seconds",
        "Seconds that a stage took: frame (taken in), frame_to_request (until its requests leave), round_trip (a "
        "request to the broker and back). Bounds are good to 0.8 %.",
        labels=["stage"],
    )
    recent = GaugeMetricFamily(
        "tickwright_stage_duration_recent_seconds",
        "Seconds that this share (quantile) of the newest 10,000 took at most.",
        labels=["stage", "quantile"],
    )
    for name, stage in reading.stages.items():
        buckets = [(f"{bound:g}", float(count)) for bound, count in zip(BOUNDS_S, stage.upto, strict=True)]
        histogram.add_metric([name], [*buckets, ("+Inf", float(stage.count))], stage.sum_s)
        for quantile, seconds in stage.recent_s.items():
            if seconds is not None:
                recent.add_metric([name, quantile], seconds)
    yield histogram
    yield recent


_STREAM_GAUGES: Final = {
    "connected": ("stream_connected", "1 where the stream is connected."),
    "away_s": ("stream_away_seconds", "Seconds since the stream went away; 0 while it is there."),
    "data_age_s": ("stream_data_age_seconds", "Seconds since the stream's newest data came."),
    "queued": ("stream_queued_frames", "Frames that came and are not taken in yet."),
}
_STREAM_COUNTERS: Final = {
    "frames": ("stream_frames", "Frames of data."),
    "bytes": ("stream_received_bytes", "Bytes of data."),
    "reconnects": ("stream_reconnects", "Connections after the first."),
    "failures": ("stream_failures", "Connections and tries to connect that failed."),
    "consumer_errors": ("stream_consumer_errors", "Frames that could not be taken in."),
    "waits": ("stream_waits", "Times that a full queue stopped the reading."),
}


def _streams(status: Mapping[str, Any]) -> Iterator[Metric]:
    streams = status["connections"]
    for key, (name, help_) in _STREAM_GAUGES.items():
        values = {stream: counts[key] for stream, counts in streams.items() if counts[key] is not None}
        yield _gauges(name, help_, "stream", values)
    for key, (name, help_) in _STREAM_COUNTERS.items():
        yield _counters(name, help_, ["stream"], {stream: counts[key] for stream, counts in streams.items()})
    ages = GaugeMetricFamily(
        "tickwright_channel_data_age_seconds",
        "Seconds since the newest data of a channel came, to a quarter of what counts as its silence.",
        labels=["stream", "channel"],
    )
    for stream, counts in streams.items():
        for channel, age_s in counts["data_age_s_by_channel"].items():
            ages.add_metric([stream, channel], age_s)
    yield ages
    told = {tuple(key.split(" ", 1)): count for key, count in status["streams"].items()}
    yield _counters("stream_events", "Changes of a stream's state, by kind.", ["stream", "kind"], told)


def _requests(status: Mapping[str, Any]) -> Iterator[Metric]:
    parts = status["broker_requests"]
    gauges = {
        "limit": ("broker_budget_limit", "Requests a minute that the broker allows."),
        "left": ("broker_budget_left", "Requests that may leave now."),
        "under_way": ("broker_calls_under_way", "Calls whose answer is awaited."),
    }
    for key, (name, help_) in gauges.items():
        yield _gauges(name, help_, "api", {api: counts[key] for api, counts in parts.items()})
    outcomes = ("answered", "refused", "in_doubt", "not_sent", "retries", "too_many", "server_errors")
    yield _counters(
        "broker_calls",
        "Calls to the broker, by what became of them; a call may count under several.",
        ["api", "outcome"],
        {(api, outcome): counts[outcome] for api, counts in parts.items() for outcome in outcomes},
    )
    lanes = {(api, lane): counts for api, part in parts.items() for lane, counts in part["lanes"].items()}
    waiting = GaugeMetricFamily("tickwright_lane_waiting", "Calls that wait for their turn.", labels=["api", "lane"])
    for both, counts in lanes.items():
        waiting.add_metric(list(both), counts["waiting"])
    yield waiting
    counters = {
        "sent": ("lane_sent", "Calls that had their turn."),
        "turned_away": ("lane_turned_away", "Calls for which there was no room to wait."),
        "wait_s": ("lane_wait_seconds", "Seconds that calls waited for their turn."),
        "service_s": ("lane_service_seconds", "Seconds from sending to the answer."),
    }
    for key, (name, help_) in counters.items():
        yield _counters(name, help_, ["api", "lane"], {both: counts[key] for both, counts in lanes.items()})


def _journal(status: Mapping[str, Any]) -> Iterator[Metric]:
    yield _counter("journal_steps", "Inputs in the journal.", status["steps"])
    yield _gauge(
        "journal_lag_seconds",
        "Seconds for which orders and notices have waited for the disk and none got through.",
        status["journal_lag_s"],
    )
    yield _gauge("journal_broken", "1 where the journal takes nothing more.", status["broken"] is not None)
