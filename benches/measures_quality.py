"""Quality: merges of streams, the quality stage, consolidation of venues, and the same by numpy and heapq."""

import heapq

import numpy as np

import tickwright as tw
from benches.inputs import quotes
from benches.registry import Work, measure

ROWS = 1_000_000
NO_BAND = {"absurd_band": float("inf")}


def _streams(k: int) -> list[np.ndarray]:
    """Times of `k` sorted streams, a million rows in all, mixed row by row at random."""
    rng = np.random.default_rng(k)
    times = 1_380_000_000_000_000_000 + np.cumsum(rng.integers(1, 1_000_000, ROWS))
    source = rng.integers(0, k, ROWS)
    return [times[source == s] for s in range(k)]


def _trades(times: np.ndarray, symbol: str) -> tw.MarketData:
    ones = np.full(len(times), 10**9)
    return tw.feeds.table({"ts": times, "price": ones / 1e9, "size": ones / 1e9}, symbol=symbol, policy=NO_BAND)


def _merge(k: int) -> Work:
    parts = [_trades(times, f"S{s}") for s, times in enumerate(_streams(k))]

    def run() -> np.ndarray:
        return tw.MarketData.merge(parts).trades.ts

    return Work(run, items=ROWS)


def _sort(k: int) -> Work:
    """Concatenate the columns of `k` streams, sort them by time with numpy, and put all columns in that order."""
    streams = _streams(k)
    columns = [
        (times, np.full(len(times), s, np.uint32), np.ones(len(times), np.int64), np.ones(len(times), np.int64))
        for s, times in enumerate(streams)
    ]

    def run() -> np.ndarray:
        whole = [np.concatenate([part[c] for part in columns]) for c in range(4)]
        order = np.argsort(whole[0], kind="stable")
        ordered = [column[order] for column in whole]
        return ordered[0]

    return Work(run, items=ROWS)


def _heapq(k: int) -> Work:
    """Merge the bare times of `k` streams with `heapq.merge`."""
    streams = [times.tolist() for times in _streams(k)]
    return Work(lambda: np.fromiter(heapq.merge(*streams), np.int64, ROWS), items=ROWS)


@measure("merge_2_streams")
def merge_2_streams() -> Work:
    """Merge 2 streams of trades, mixed row by row, per row."""
    return _merge(2)


@measure("merge_8_streams")
def merge_8_streams() -> Work:
    """Merge 8 streams of trades, mixed row by row, per row."""
    return _merge(8)


@measure("merge_64_streams")
def merge_64_streams() -> Work:
    """Merge 64 streams of trades, mixed row by row, per row."""
    return _merge(64)


@measure("heapq_merge_8_streams")
def heapq_merge_8_streams() -> Work:
    """Merge the times of 8 streams with heapq, per row."""
    return _heapq(8)


@measure("heapq_merge_64_streams")
def heapq_merge_64_streams() -> Work:
    """Merge the times of 64 streams with heapq, per row."""
    return _heapq(64)


@measure("numpy_sort_8_streams")
def numpy_sort_8_streams() -> Work:
    """Join 8 streams by numpy's stable sort, per row."""
    return _sort(8)


@measure("numpy_sort_64_streams")
def numpy_sort_64_streams() -> Work:
    """Join 64 streams by numpy's stable sort, per row."""
    return _sort(64)


def _quote_data() -> tw.MarketData:
    q = quotes(ROWS)
    columns = {
        "ts": q.ts_ns,
        "bid": q.bid_cents / 100,
        "ask": q.ask_cents / 100,
        "bid_size": q.bid_size.astype(np.float64),
        "ask_size": q.ask_size.astype(np.float64),
        "venue": np.array(list("ABCDEFGHIJKLMNPQ"))[np.random.default_rng(1).integers(0, 16, ROWS)],
    }
    return tw.feeds.table(columns, symbol="BAC", policy=NO_BAND)


@measure("quality_check")
def quality_check() -> Work:
    """Judge 1M quotes in the quality stage, every check on, per quote."""
    data = _quote_data()
    policy = {"absurd_sigma": 50.0, "gap_after": "5min", "stale_after": "1s"}
    return Work(lambda: len(tw.feeds.check(data, policy)), items=ROWS)


@measure("nbbo_16_venues")
def nbbo_16_venues() -> Work:
    """Consolidate 1M quotes of 16 venues, per quote."""
    data = _quote_data()
    return Work(lambda: len(tw.feeds.nbbo(data)), items=ROWS)


def _idle(joined: bool) -> Work:
    class Idle(tw.Strategy):
        pass

    parts = [_trades(times, f"S{s}") for s, times in enumerate(_streams(2))]
    # A check copies: one batch a stream, with ids of one table.
    data = tw.MarketData.merge(parts) if joined else tw.feeds.check(tw.MarketData.merge(parts), NO_BAND)
    return Work(lambda: tw.backtest(Idle(), tw.MarketData.merge(parts) if joined else data).digest, items=ROWS)


@measure("backtest_of_parts")
def backtest_of_parts() -> Work:
    """Run an idle strategy over two market data, joined and not copied, per event."""
    return _idle(joined=True)


@measure("backtest_of_one")
def backtest_of_one() -> Work:
    """Run an idle strategy over one market data with the same two batches, per event."""
    return _idle(joined=False)
