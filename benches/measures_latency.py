"""Tick to order in the core: the engine's own time from a quote to an order that passed risk, 99th percentile."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np

from benches.registry import Work, measure

ROOT = Path(__file__).resolve().parent.parent
BLOCK = 32 * 1024


@measure("tick_to_order_p99")
def tick_to_order_p99() -> Work:
    """200,000 orders at 1M quotes/s with all limits set, in a process of its own (`cargo bench --bench latency`)."""
    command = ["cargo", "bench", "--quiet", "--package", "tickwright-core", "--bench", "latency"]
    environment = {**os.environ, "TICKWRIGHT_LATENCY_JSON": "1"}

    def seconds() -> float:
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout.strip().splitlines()[-1])
        if found["orders"] < 100_000:
            raise RuntimeError(f"only {found['orders']} orders were sent")
        return float(found["p99_ns"]) * 1e-9

    return Work(None, items=1, seconds=seconds)


@measure("numpy_copy_32k")
def numpy_copy_32k() -> Work:
    """Copying memory, per block of 32 KiB: about a microsecond."""
    source = np.zeros(1 << 24, np.uint8)
    target = np.empty_like(source)
    return Work(lambda: np.copyto(target, source), items=source.size // BLOCK)
