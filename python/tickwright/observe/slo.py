"""Service objectives: uptime, latency and errors over an hour, a day and thirty days, and their error budgets.

What was good and what was not is counted in buckets of a minute, five minutes and an hour, as many as a window has:
the file that keeps them over restarts does not grow.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily, Metric

from tickwright._whole import write_whole
from tickwright.observe.health import is_ready
from tickwright.observe.reading import Reading
from tickwright.observe.settings import SloSettings

__all__ = ["FILE", "WINDOWS", "Objective", "Objectives"]

log = logging.getLogger(__name__)

FILE: Final = "slo.json"
"""Name of the file in the node's state folder."""

WINDOWS: Final = {"1h": (3_600, 60), "1d": (86_400, 300), "30d": (2_592_000, 3_600)}
"""Windows: how long, and the length of a bucket, seconds."""

DOWN_S: Final = 10.0
"""A gap between looks of more than this, seconds, counts as downtime."""


@dataclass(frozen=True, slots=True)
class Objective:
    """How an objective stands in one window."""

    name: str
    """uptime, latency or errors."""
    description: str
    window: str
    """One of `WINDOWS`."""
    window_s: float
    target: float
    """Share of good events wanted."""
    achieved: float
    """Share of good events seen; 1 before the first."""
    events: int
    """Events seen in the window; of uptime, seconds."""
    budget_left: float
    """Share of the error budget that is left; below 0 it is overspent."""
    burn_rate: float
    """How many times faster than allowed the budget is used: at 1 it lasts exactly for the window."""


class _Ring:
    """Good and all events in the buckets of one window."""

    def __init__(self, window_s: int, bucket_s: int) -> None:
        self._bucket_s, self._size = bucket_s, window_s // bucket_s
        self._buckets: dict[int, list[float]] = {}

    def add(self, at_s: float, good: float, total: float) -> None:
        number = int(at_s // self._bucket_s)
        bucket = self._buckets.setdefault(number, [0.0, 0.0])
        bucket[0] += good
        bucket[1] += total
        if len(self._buckets) > self._size:
            self._forget(number)

    def _forget(self, newest: int) -> None:
        for number in [n for n in self._buckets if n <= newest - self._size]:
            del self._buckets[number]
        while len(self._buckets) > self._size:  # the clock went back
            del self._buckets[min(self._buckets)]

    def sums(self, at_s: float) -> tuple[float, float]:
        newest = int(at_s // self._bucket_s)
        chosen = [pair for number, pair in self._buckets.items() if newest - self._size < number <= newest]
        return sum(pair[0] for pair in chosen), sum(pair[1] for pair in chosen)

    def rows(self) -> list[list[float]]:
        return [[number, *(round(value, 3) for value in pair)] for number, pair in sorted(self._buckets.items())]

    def load(self, rows: Iterable[Any]) -> None:
        for number, good, total in list(rows)[-self._size :]:
            if not 0 <= good <= total < 1e15:
                raise ValueError(f"{good} good of {total}")
            self._buckets[int(number)] = [float(good), float(total)]


class Objectives:
    """Follows the objectives of one node.

    Parameters
    ----------
    settings
        What is promised.
    folder
        The node's state folder, where `FILE` is kept.
    wall_s
        Time, seconds since 1970.

    Notes
    -----
    The time in which no engine ran counts as downtime, unless the one before it was stopped in good order.

    Examples
    --------
    >>> import tempfile
    >>> from tickwright.observe import Objectives
    >>> from tickwright.observe.settings import SloSettings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     objectives = Objectives(SloSettings(), folder)
    ...     {(o.name, o.window): o.budget_left for o in objectives.objectives()}["uptime", "1h"]
    1.0
    """

    def __init__(
        self, settings: SloSettings, folder: str | os.PathLike[str], *, wall_s: Callable[[], float] = time.time
    ) -> None:
        self._settings, self._path, self._wall_s = settings, Path(folder) / FILE, wall_s
        self._targets = {
            "uptime": (settings.uptime, "time in which the engine is RUNNING and its streams are up"),
            "latency": (settings.latency, f"frames of market data taken in within {settings.latency_ms:g} ms"),
            "errors": (settings.errors, "calls to the broker that were answered without trouble"),
        }
        self._rings = {name: {window: _Ring(*sizes) for window, sizes in WINDOWS.items()} for name in self._targets}
        self._lock = threading.Lock()
        self._last_s: float | None = None
        self._counted: dict[str, tuple[float, float]] = {}
        self._saved_s = 0.0
        self.failures = 0
        """Times that the file could not be written."""
        self._load()

    def note(self, reading: Reading) -> None:
        """Count what happened since the last reading."""
        now_s = self._wall_s()
        with self._lock:
            if self._last_s is not None and now_s > self._last_s:
                passed_s = now_s - self._last_s
                up_s = min(passed_s, DOWN_S) if reading.answered and is_ready(reading.status) else 0.0
                self._add("uptime", now_s, up_s, passed_s)
            self._last_s = now_s
            if reading.answered and reading.status:
                stage = reading.stages["frame"]
                self._since("latency", now_s, reading.frames_within, stage.count)
                self._since("errors", now_s, *_calls(reading.status))
            if now_s - self._saved_s >= self._settings.save_every_s or now_s < self._saved_s:
                self._save(now_s, stopped=False)

    def objectives(self) -> list[Objective]:
        """Give every objective in every window."""
        now_s, found = self._wall_s(), []
        with self._lock:
            for name, (target, description) in self._targets.items():
                for window, ring in self._rings[name].items():
                    good, total = ring.sums(now_s)
                    missed = 0.0 if total <= 0 else (total - good) / total
                    burn = missed / (1 - target)
                    window_s = float(WINDOWS[window][0])
                    found.append(
                        Objective(name, description, window, window_s, target, 1 - missed, round(total), 1 - burn, burn)
                    )
        return found

    def stop(self) -> None:
        """Keep what was counted; the time until the next start is nobody's fault."""
        with self._lock:
            self._save(self._wall_s(), stopped=True)

    def collect(self) -> Iterator[Metric]:
        """Show the objectives in a scrape."""
        found = self.objectives()
        for name, help_, value in (
            ("target_ratio", "Share of good events wanted.", lambda o: o.target),
            ("achieved_ratio", "Share of good events seen; 1 before the first.", lambda o: o.achieved),
            ("budget_left_ratio", "Share of the error budget that is left; below 0 it is overspent.", _left),
            ("burn_rate", "How many times faster than allowed the error budget is used.", lambda o: o.burn_rate),
        ):
            family = GaugeMetricFamily(f"tickwright_slo_{name}", help_, labels=["objective", "window"])
            for objective in found:
                family.add_metric([objective.name, objective.window], value(objective))
            yield family

    def _add(self, name: str, now_s: float, good: float, total: float) -> None:
        for ring in self._rings[name].values():
            ring.add(now_s, good, total)

    def _since(self, name: str, now_s: float, good: float, total: float) -> None:
        """Add by how much two counters of this run rose."""
        before = self._counted.get(name, (0.0, 0.0))
        self._counted[name] = (good, total)
        if total > before[1]:
            new = total - before[1]
            self._add(name, now_s, min(max(good - before[0], 0.0), new), new)

    def _load(self) -> None:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            for name, windows in found["objectives"].items():
                for window, rows in windows.items():
                    self._rings[name][window].load(rows)
            saved_s, stopped = float(found["saved_s"]), bool(found["stopped"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s cannot be read (%s); the objectives begin anew", self._path, error)
            return
        # Downtime since the last saving; of a window that is over nothing is left anyway.
        gone_s = min(self._wall_s() - saved_s, WINDOWS["30d"][0])
        if not stopped and gone_s > 0:
            for window, (_, bucket_s) in WINDOWS.items():
                at_s = saved_s
                while at_s < saved_s + gone_s:
                    until_s = min((at_s // bucket_s + 1) * bucket_s, saved_s + gone_s)
                    self._rings["uptime"][window].add(at_s, 0.0, until_s - at_s)
                    at_s = until_s

    def _save(self, now_s: float, *, stopped: bool) -> None:
        self._saved_s = now_s
        rings = {name: {w: ring.rows() for w, ring in windows.items()} for name, windows in self._rings.items()}
        text = json.dumps({"version": 1, "saved_s": round(now_s, 3), "stopped": stopped, "objectives": rings})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, text, durable=False)
        except OSError as error:
            self.failures += 1
            log.warning("%s cannot be written: %s", self._path, error)


def _left(objective: Objective) -> float:
    return objective.budget_left


def _calls(status: Mapping[str, Any]) -> tuple[float, float]:
    """Count the calls to the broker so far: without trouble, and all."""
    bad = total = 0
    for counts in status["broker_requests"].values():
        lost = counts["not_sent"] + counts["in_doubt"]
        bad += lost + counts["too_many"] + counts["server_errors"]
        total += counts["answered"] + lost
    return max(0, total - bad), total
