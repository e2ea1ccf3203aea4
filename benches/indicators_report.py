"""Every indicator that TA-Lib has too, ours against theirs: `python -m benches.indicators_report`.

Prints nanoseconds an element of both and their ratio, in turn on the same series, and the geometric mean of the ratios.
Exits with 1 where one is above the limit, or the mean is.
"""

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benches.measures_talib import N, names, work

EACH_MAX = 1.0
MEAN_MAX = 0.5


def seconds(call: Callable[[], Any]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def ratios(chosen: list[str], rounds: int) -> dict[str, tuple[float, float, float]]:
    """Name → (our ns an element, theirs, median of the rounds' ratios)."""
    measured = {}
    for name in chosen:
        ours, theirs = work(name)
        seconds(ours), seconds(theirs)
        taken = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
        mine, other = (statistics.median(column) / N * 1e9 for column in zip(*taken, strict=True))
        measured[name] = (mine, other, statistics.median(a / b for a, b in taken))
    return measured


def main() -> int:
    """Print the table; 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="these indicators alone")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    measured = ratios(options.names or names(), options.rounds)
    print(f"{'indicator':<24}{'ours ns':>9}{'TA-Lib ns':>11}{'ratio':>8}")
    for name, (ours, theirs, ratio) in sorted(measured.items(), key=lambda item: -item[1][2]):
        print(f"{name:<24}{ours:>9.2f}{theirs:>11.2f}{ratio:>8.2f}{'  above' if ratio > EACH_MAX else ''}")
    mean = math.exp(statistics.fmean(math.log(ratio) for _, _, ratio in measured.values()))
    above = [name for name, (_, _, ratio) in measured.items() if ratio > EACH_MAX]
    print(f"geometric mean of {len(measured)}: {mean:.2f} (limit {MEAN_MAX}); above {EACH_MAX}: {len(above)}")
    return 1 if above or mean > MEAN_MAX else 0


if __name__ == "__main__":
    sys.exit(main())
