"""Merging: stable, sorted, nothing lost, whatever the number of streams and wherever they are cut."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tickwright as tw

EPOCH = 10**18
streams = st.lists(st.lists(st.integers(0, 40), max_size=30).map(sorted), min_size=1, max_size=7)


def trades(source: int, times: list[int], first: int = 0) -> tw.MarketData:
    """Trades whose price tells the row and whose size the source; each source has its own order of symbols."""
    if not times:
        return tw.feeds.table({"ts": [EPOCH], "price": [1.0], "size": [1]}, symbol="A").filter(end=EPOCH)
    rows = {
        "ts": [EPOCH + t for t in times],
        "price": [float(first + i + 1) for i in range(len(times))],
        "size": [source + 1] * len(times),
        "symbol": [f"S{(source + i) % 3}" for i in range(first, first + len(times))],
    }
    return tw.feeds.table(rows, policy={"absurd_band": float("inf")})


def rows(data: tw.MarketData) -> list[tuple[int, int, int, str]]:
    columns = data.trades
    names = np.array([*data.symbols, ""])
    return [
        (int(t) - EPOCH, int(s) // 10**9 - 1, int(p) // 10**9 - 1, str(names[i]))
        for t, s, p, i in zip(columns.ts, columns.size, columns.price, columns.instrument, strict=True)
    ]


def expected(cut: list[list[int]]) -> list[tuple[int, int, int, str]]:
    every = [(t, s, i, f"S{(s + i) % 3}") for s, times in enumerate(cut) for i, t in enumerate(times)]
    return sorted(every, key=lambda row: row[0])


@given(streams)
def test_merged_data_are_the_stable_sort_of_all(cut: list[list[int]]) -> None:
    merged = tw.MarketData.merge([trades(s, times) for s, times in enumerate(cut)])
    assert len(merged) == sum(map(len, cut))
    assert rows(merged) == expected(cut)


@given(streams, st.integers(1, 6), st.integers(1, 9), st.integers(1, 20))
def test_streams_cut_anywhere_merge_to_the_same(cut: list[list[int]], piece: int, pulled: int, rows_max: int) -> None:
    merger = tw.feeds.Merger("trades", len(cut), rows_max=rows_max)
    at = [0] * len(cut)
    out: list[tuple[int, int, int, str]] = []

    def feed(source: int) -> None:
        times = cut[source][at[source] : at[source] + piece]
        if times and merger.push(source, trades(source, times, at[source])):
            at[source] += len(times)
        if at[source] == len(cut[source]):
            merger.end(source)

    for source in range(len(cut)):
        feed(source)
    for _ in range(10_000):
        data, starved = merger.pull(pulled)
        out += rows(data)
        if starved is not None:
            feed(starved)
        elif not len(data) and not merger.waiting:
            break
    assert merger.late == 0
    assert out == expected(cut)


@given(streams)
def test_a_joined_run_equals_the_run_of_the_copy(cut: list[list[int]]) -> None:
    parts = [trades(s, times) for s, times in enumerate(cut) if times]
    if not parts:
        return
    joined = tw.MarketData.merge(parts)
    copy = tw.feeds.check(joined, {"absurd_band": float("inf")})

    class Seen(tw.Strategy):
        def on_start(self) -> None:
            self.rows: list[tuple[int, float, str]] = []

        def on_trade(self, trade: Any) -> None:
            self.rows.append((trade.ts, trade.price, trade.symbol))

    seen = []
    for data in (joined, copy):
        strategy = Seen()
        result = tw.backtest(strategy, data)
        seen.append((strategy.rows, result.digest))
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == len(joined)
