"""Floors of the machine and of Python: what no program of ours can undercut."""

from collections import deque

import numpy as np

from benches.inputs import closes, quotes
from benches.registry import Work, measure


@measure("numpy_copy")
def numpy_copy() -> Work:
    """Copy 64 MiB, per byte: memory bandwidth, read and write."""
    source = np.ones(1 << 26, np.uint8)
    target = np.empty_like(source)
    return Work(lambda: np.copyto(target, source), items=source.size)


@measure("numpy_cumsum")
def numpy_cumsum() -> Work:
    """Sum 1M float64 one after the other, per element: the latency of a dependent addition."""
    values = closes(1_000_000)
    target = np.empty_like(values)
    return Work(lambda: np.cumsum(values, out=target), items=len(values))


@measure("python_method_call")
def python_method_call() -> Work:
    """Call a Python method of one argument: what a callback costs at the least."""

    class Strategy:
        def __init__(self) -> None:
            self.count = 0

        def on_quote(self, quote: object) -> None:
            self.count += 1

    calls = 100_000
    on_quote = Strategy().on_quote

    def run() -> None:
        call = on_quote
        for _ in range(calls):
            call(None)

    return Work(run, items=calls)


@measure("c_method_call")
def c_method_call() -> Work:
    """Call a C method of one argument on 100,000 floats: what crossing the boundary costs at the least."""
    values = closes(100_000).tolist()
    latest: deque[float] = deque(maxlen=1)

    def run() -> None:
        call = latest.append
        for value in values:
            call(value)

    return Work(run, items=len(values))


@measure("numpy_quotes_copy")
def numpy_quotes_copy() -> Work:
    """Copy the five columns of 1M quotes, per quote: what reading 40 bytes and writing them costs at the least."""
    q = quotes(1_000_000)
    source = (q.ts_ns, q.bid_cents, q.ask_cents, q.bid_size, q.ask_size)
    target = [np.empty_like(column) for column in source]

    def run() -> None:
        for to, column in zip(target, source, strict=True):
            np.copyto(to, column)

    return Work(run, items=len(q))


@measure("numpy_normal")
def numpy_normal() -> Work:
    """Draw 1M normal variates, per variate: what a random step of a market costs at the least."""
    rng, target = np.random.default_rng(1), np.empty(1_000_000)
    return Work(lambda: rng.standard_normal(out=target), items=len(target))
