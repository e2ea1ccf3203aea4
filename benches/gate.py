"""The gate: measures each budget of slo.toml against its floor and fails on a breach.

    python -m benches.gate [--gate ci|full] [--only NAME ...] [--rounds N] [--json FILE] [--list]

How a ratio is found: both sides are prepared, run once to warm up (and compared, where the budget says so) and
calibrated so that one sample lasts about 20 ms. Then come the rounds, at least five: A B, B A, A B, …, so that drift of
the machine hits both sides alike. A round gives one ratio of time per item; the verdict is on the median of the rounds.
A breach is measured once more with three times the rounds before it counts, and the second verdict stands: a passing
disturbance does not fail the build, a slower program does.

Exit code: 0 every budget kept, 1 a breach or a wrong result, 2 the gate could not run.
"""

import argparse
import gc
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benches import registry
from benches.budgets import GATES, Budget, InvalidBudgets, read
from benches.registry import Factory, Work

SLO = Path(__file__).parent / "slo.toml"
SAMPLE_SECONDS = 0.02
ROUNDS_MIN = 5
ROUNDS = {"ci": 7, "full": 11}
REMEASURE = 3


class GateError(Exception):
    """The gate could not run; the message says why and what would help."""


@dataclass(frozen=True)
class Sampler:
    """Times one side: `repeats` runs a sample."""

    work: Work
    repeats: int

    def per_item(self) -> float:
        """Take one sample and return nanoseconds (of memory: bytes) per item."""
        if self.work.size is not None:
            return self.work.size() / self.work.items
        if self.work.seconds is not None:
            return self.work.seconds() * 1e9 / self.work.items
        run = self.work.run
        assert run is not None  # Work promises one of the three
        start = time.perf_counter_ns()
        for _ in range(self.repeats):
            run()
        return (time.perf_counter_ns() - start) / (self.repeats * self.work.items)


@dataclass(frozen=True)
class Outcome:
    """What was measured for a budget. Sides are medians per item, in nanoseconds or, of memory, bytes."""

    budget: Budget
    ours: float
    floor: float
    ratio: float
    ratios: tuple[float, ...]
    remeasured: bool
    fault: str | None = None

    @property
    def verdict(self) -> str:
        """`ok`, `BREACH` or `WRONG` (both sides did not compute the same)."""
        if self.fault:
            return "WRONG"
        return "ok" if self.ratio <= self.budget.max_ratio else "BREACH"


def calibrate(work: Work) -> Sampler:
    """Choose how many runs a sample holds. Work that times itself is sampled one run at a time."""
    if work.run is None:
        return Sampler(work, 1)
    best = math.inf
    for _ in range(3):
        start = time.perf_counter()
        work.run()
        best = min(best, time.perf_counter() - start)
    return Sampler(work, max(1, math.ceil(SAMPLE_SECONDS / max(best, 1e-9))))


def measure_rounds(ours: Sampler, floor: Sampler, rounds: int) -> list[tuple[float, float]]:
    """Sample both sides in turn, the first of a round alternating, with the garbage collector off."""
    pairs = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            if number % 2:
                floor_ns = floor.per_item()
                ours_ns = ours.per_item()
            else:
                ours_ns = ours.per_item()
                floor_ns = floor.per_item()
            pairs.append((ours_ns, floor_ns))
    finally:
        if collecting:
            gc.enable()
    return pairs


def disagreement(budget: Budget, ours: Work, floor: Work) -> str | None:
    """Run both sides once, to warm up, and return how their results differ, if the budget asks and they do."""
    results = []
    for side in (ours, floor):
        if side.run is not None:
            results.append(side.run())
        elif side.seconds is not None:
            side.seconds()
        # Memory needs no warm-up.
    if budget.compare == "none":
        return None
    if len(results) < 2:
        raise GateError(f'budget {budget.name}: work that times itself has no result; set compare to "none"')
    left, right = (columns(result) for result in results)
    if len(left) != len(right):
        return f"{len(left)} columns against {len(right)}"
    tolerance = 0.0 if budget.compare == "equal" else 1e-9
    for number, (a, b) in enumerate(zip(left, right, strict=True)):
        if a.shape != b.shape:
            return f"column {number}: shape {a.shape} against {b.shape}"
        same = np.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
        if not same.all():
            row = int(np.flatnonzero(~same.ravel())[0])
            return f"column {number}, row {row}: {a.ravel()[row]!r} against {b.ravel()[row]!r}"
    return None


def columns(result: Any) -> list[np.ndarray]:
    """Return a result as float columns: an array is one, a tuple of arrays several."""
    several = result if isinstance(result, tuple) else (result,)
    return [np.asarray(column, dtype=np.float64) for column in several]


def prepare(name: str, factory: Factory) -> Work:
    """Call a factory; say plainly what is missing when it cannot run."""
    try:
        return factory()
    except ImportError as error:
        remedy = "" if (error.name or "").startswith("tickwright") else "; install the extra `bench` (make bench does)"
        raise GateError(f"measurement {name}: {error}{remedy}") from error


def evaluate(budget: Budget, measurements: dict[str, Factory], rounds: int) -> Outcome:
    """Measure one budget, a second time with more rounds if the first is a breach."""
    ours, floor = (prepare(name, measurements[name]) for name in (budget.ours, budget.floor))
    for side in (ours, floor):
        if side.unit != budget.unit:
            raise GateError(f"budget {budget.name}: is in {budget.unit}, and a side of it measures {side.unit}")
    fault = disagreement(budget, ours, floor)
    if fault:
        return Outcome(budget, math.nan, math.nan, math.nan, (), remeasured=False, fault=fault)
    samplers = calibrate(ours), calibrate(floor)
    if budget.unit == "bytes":
        rounds = 1  # memory does not drift
    outcome = summarise(budget, measure_rounds(*samplers, rounds), remeasured=False)
    if outcome.verdict == "BREACH":
        outcome = summarise(budget, measure_rounds(*samplers, rounds * REMEASURE), remeasured=True)
    return outcome


def summarise(budget: Budget, pairs: Sequence[tuple[float, float]], *, remeasured: bool) -> Outcome:
    """Reduce rounds to medians; the ratio is the median of the rounds' ratios, not the ratio of the medians."""
    ratios = tuple(ours / max(floor, 1e-12) for ours, floor in pairs)
    return Outcome(
        budget,
        ours=statistics.median(ours for ours, _ in pairs),
        floor=statistics.median(floor for _, floor in pairs),
        ratio=statistics.median(ratios),
        ratios=ratios,
        remeasured=remeasured,
    )


def figure(value: float) -> str:
    """Format nanoseconds or a ratio with three significant digits."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as text, one row a budget."""
    head = ("budget", "ours/item", "floor/item", "unit", "ratio", "limit", "target", "verdict")
    rows = [
        (
            o.budget.name,
            figure(o.ours),
            figure(o.floor),
            o.budget.unit,
            figure(o.ratio),
            figure(o.budget.max_ratio),
            figure(o.budget.target),
            o.verdict + (" (measured twice)" if o.remeasured else "") + (f": {o.fault}" if o.fault else ""),
        )
        for o in outcomes
    ]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    last = len(head) - 1

    def line(row: tuple[str, ...]) -> str:
        cells = [c.ljust(w) if i in (0, last) else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        return "  ".join(cells).rstrip()

    return "\n".join([line(head), line(tuple("-" * w for w in widths)), *map(line, rows)])


def document(gate: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the outcomes as a JSON document, with what one needs to judge them."""
    return {
        "gate": gate,
        "machine": {
            "architecture": platform.machine(),
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
        },
        "budgets": [
            {
                **asdict(o.budget),
                "ours_per_item": o.ours if o.ratios else None,
                "floor_per_item": o.floor if o.ratios else None,
                "ratio": o.ratio if o.ratios else None,
                "ratios": o.ratios,
                "remeasured": o.remeasured,
                "fault": o.fault,
                "verdict": o.verdict,
            }
            for o in outcomes
        ],
    }


def chosen(budgets: Sequence[Budget], gate: str, only: Sequence[str]) -> list[Budget]:
    """Return the budgets of a gate: the full one holds those of the short one too."""
    unknown = sorted(set(only) - {b.name for b in budgets})
    if unknown:
        raise GateError(f"slo.toml has no budget {', '.join(unknown)}")
    if only:
        return [b for b in budgets if b.name in only]
    return [b for b in budgets if gate == "full" or b.gate == gate]


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write beside the target and move it there, so that nobody reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    partial.replace(path)


def rounds_of(text: str) -> int:
    """Parse --rounds."""
    rounds = int(text)
    if rounds < ROUNDS_MIN:
        raise argparse.ArgumentTypeError(f"a median needs at least {ROUNDS_MIN} rounds")
    return rounds


def main(
    arguments: Sequence[str] | None = None, slo: Path = SLO, measurements: dict[str, Factory] | None = None
) -> int:
    """Run the gate and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benches.gate", description="Measure the budgets of slo.toml; fail on a breach."
    )
    parser.add_argument("--gate", choices=GATES, default="ci")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these budgets alone, of either gate")
    parser.add_argument("--rounds", type=rounds_of, help=f"default {ROUNDS}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--list", action="store_true", help="print the budgets and measure nothing")
    options = parser.parse_args(arguments)
    try:
        known = registry.load() if measurements is None else measurements
        budgets = chosen(read(slo, known), options.gate, options.only)
        if options.list:
            print("\n".join(f"{b.name}: {b.what}; {b.ours} ≤ {b.max_ratio:g} × {b.floor} [{b.gate}]" for b in budgets))
            return 0
        outcomes = []
        for budget in budgets:
            outcomes.append(evaluate(budget, known, options.rounds or ROUNDS[options.gate]))
            print(f"{outcomes[-1].verdict:6} {budget.name}", file=sys.stderr, flush=True)
    except (GateError, InvalidBudgets) as error:
        print(error, file=sys.stderr)
        return 2
    if not outcomes:
        print(f"no budget is in the gate {options.gate!r}", file=sys.stderr)
        return 2
    print(table(outcomes))
    if options.json:
        write_json(options.json, document(options.gate, outcomes))
    failed = [o for o in outcomes if o.verdict != "ok"]
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} budgets kept")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
