"""Alerts: rules over the metrics of a node, and what state each is in.

An alert is one rule and one set of labels. It is pending while the comparison holds, fires once it has held for as
long as the rule says, is told again after a while, and is resolved when the comparison holds no more.
"""

from __future__ import annotations

import operator
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from prometheus_client.core import GaugeMetricFamily, Metric

from tickwright.observe.builtin import RULES
from tickwright.observe.metrics import Sample
from tickwright.observe.settings import AlertRule, AlertSettings

__all__ = ["Alert", "Alerts"]

OPS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}

#: Sets of labels that one rule is followed for.
SERIES_MAX: Final = 1_000

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """What is told."""

    rule: str
    state: Literal["firing", "resolved"]
    severity: str
    message: str
    labels: Mapping[str, str]
    value: float
    since_ns: int
    """Since when the comparison holds, or held, nanoseconds since 1970."""
    at_ns: int
    """When this was told, nanoseconds since 1970."""
    repeat: int = 0
    """How often it was told before."""

    @property
    def id(self) -> str:
        """The same for all that is told of one alert."""
        return ",".join(
            [self.rule, *(f"{name}={value}" for name, value in sorted(self.labels.items())), str(self.since_ns)]
        )

    def as_dict(self) -> dict[str, object]:
        """Everything, as JSON has it."""
        return {
            "id": self.id,
            "rule": self.rule,
            "state": self.state,
            "severity": self.severity,
            "message": self.message,
            "labels": dict(self.labels),
            "value": self.value,
            "since_ns": self.since_ns,
            "at_ns": self.at_ns,
            "repeat": self.repeat,
        }


@dataclass(slots=True)
class _Series:
    """One rule at one set of labels."""

    labels: Labels
    seen: deque[tuple[float, float]] = field(default_factory=deque)
    value: float = 0.0
    holds_since: float | None = None
    since_ns: int = 0
    fires: bool = False
    told_at: float = 0.0
    told: int = 0


class Alerts:
    """Follows rules from one look to the next.

    Parameters
    ----------
    settings
        Rules, repeats, silence.

    Examples
    --------
    >>> from tickwright.observe import Alerts
    >>> from tickwright.observe.settings import AlertRule, AlertSettings
    >>> poor = AlertRule(name="Poor", metric="tickwright_cash_dollars", op="<", value=9, for_s=5, message="{value:g} $")
    >>> alerts = Alerts(AlertSettings(builtin=False, rule=[poor]))
    >>> [len(alerts.look([("tickwright_cash_dollars", {}, 4.0)], at)) for at in (0.0, 4.0)]
    [0, 0]
    >>> alerts.look([("tickwright_cash_dollars", {}, 3.0)], 6.0)[0].message
    '3 $'
    """

    def __init__(self, settings: AlertSettings, *, wall_ns: Callable[[], int] = time.time_ns) -> None:
        builtin = [rule for rule in RULES if settings.builtin and rule.name not in settings.off]
        own = {rule.name for rule in settings.rule}
        self.rules = [*(rule for rule in builtin if rule.name not in own), *settings.rule]
        """Rules in force; an own one takes the place of a built-in one of the same name."""
        self._settings, self._wall_ns = settings, wall_ns
        self._series: dict[str, dict[Labels, _Series]] = {rule.name: {} for rule in self.rules}
        self._looked = False
        self._silent: dict[str, float] = dict.fromkeys(settings.silence, float("inf"))
        self._lock = threading.Lock()
        self.overlooked = 0
        """Sets of labels that were too many to be followed."""

    def silence(self, rule: str, until_s: float) -> None:
        """Tell nobody of a rule until `until_s` of the clock that `look` is given."""
        with self._lock:
            self._silent[rule] = until_s

    def look(self, samples: Iterable[Sample], now_s: float) -> list[Alert]:
        """Compare; gives what is to be told now.

        Parameters
        ----------
        samples
            Name, labels, value of everything that is measured.
        now_s
            A monotonic clock's time, seconds.
        """
        by_name: dict[str, list[Sample]] = {}
        for sample in samples:
            by_name.setdefault(sample[0], []).append(sample)
        answered = all(value == 1 for _, _, value in by_name.get("tickwright_up", ()))
        told: list[Alert] = []
        with self._lock:
            for rule in self.rules:
                told += self._follow(rule, by_name.get(rule.metric, ()), now_s, answered)
            self._looked = True
        return told

    def firing(self) -> list[tuple[AlertRule, Mapping[str, str], float]]:
        """Alerts that fire now, silenced ones too: rule, labels, value."""
        with self._lock:
            return [
                (rule, dict(series.labels), series.value)
                for rule in self.rules
                for series in self._series[rule.name].values()
                if series.fires
            ]

    def collect(self) -> Iterator[Metric]:
        """Show what fires in a scrape."""
        counts: Counter[tuple[str, str]] = Counter({(rule.name, rule.severity): 0 for rule in self.rules})
        for rule, _, _ in self.firing():
            counts[rule.name, rule.severity] += 1
        family = GaugeMetricFamily(
            "tickwright_alerts_firing", "Alerts that fire now, by rule and severity.", labels=["rule", "severity"]
        )
        for key, count in counts.items():
            family.add_metric(list(key), count)
        yield family

    def _follow(self, rule: AlertRule, samples: Iterable[Sample], now_s: float, answered: bool) -> list[Alert]:
        followed = self._series[rule.name]
        told, present = [], set()
        for _, labels, value in samples:
            if not rule.labels.items() <= labels.items():
                continue
            key = tuple(sorted(labels.items()))
            series = followed.get(key)
            if series is None:
                if len(followed) >= SERIES_MAX:
                    self.overlooked += 1
                    continue
                series = followed[key] = _Series(key)
                if self._looked:  # what counts began at 0 since the last look
                    series.seen.append((now_s, 0.0))
            present.add(key)
            series.value = value if rule.of == "value" else _increase(series, value, now_s, rule.within_s)
            told += self._judge(rule, series, OPS[rule.op](series.value, rule.value), now_s)
        if answered:  # else nothing is known of what is not there
            for key in followed.keys() - present:
                told += self._judge(rule, followed.pop(key), False, now_s)
        return told

    def _judge(self, rule: AlertRule, series: _Series, holds: bool, now_s: float) -> list[Alert]:
        if not holds:
            is_told = series.told and self._settings.resolved and not self._is_silent(rule, now_s)
            told = [self._alert(rule, series, "resolved")] if is_told else []
            series.holds_since, series.fires, series.told = None, False, 0
            return told
        if series.holds_since is None:
            series.holds_since, series.since_ns = now_s, self._wall_ns()
        if now_s - series.holds_since < rule.for_s:
            return []
        repeat_s = self._settings.repeat_s
        series.fires = True
        due = series.told == 0 or 0 < repeat_s <= now_s - series.told_at
        if not due or self._is_silent(rule, now_s):
            return []
        alert = self._alert(rule, series, "firing")
        series.told_at, series.told = now_s, series.told + 1
        return [alert]

    def _is_silent(self, rule: AlertRule, now_s: float) -> bool:
        return now_s < self._silent.get(rule.name, float("-inf"))

    def _alert(self, rule: AlertRule, series: _Series, state: Literal["firing", "resolved"]) -> Alert:
        shown = ", ".join(f"{name} {value}" for name, value in series.labels)
        message = rule.message.format(value=series.value, labels=shown) or f"{rule.metric} is {series.value:g}"
        return Alert(
            rule.name,
            state,
            rule.severity,
            message,
            dict(series.labels),
            series.value,
            series.since_ns,
            self._wall_ns(),
            series.told,
        )


def _increase(series: _Series, value: float, now_s: float, within_s: float) -> float:
    """By how much a counter rose within a window; one that fell began anew."""
    seen = series.seen
    seen.append((now_s, value))
    while len(seen) > 1 and seen[1][0] <= now_s - within_s:
        seen.popleft()
    values = [value for _, value in seen]
    return sum(after - before if after >= before else after for before, after in pairwise(values))
