"""pytest-benchmark: market data in."""

import pyarrow as pa
import pytest

from benches.measures_engine import columns

QUOTES = 200_000


@pytest.mark.parametrize("make", [dict, pa.table], ids=["numpy", "arrow"])
def test_table_of_quotes(benchmark, make):
    import tickwright as tw

    source = make(columns(QUOTES))
    data = benchmark(tw.feeds.table, source, symbol="BENCH")
    assert len(data) == QUOTES


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_file_of_quotes(benchmark, suffix, tmp_path):
    import pyarrow.csv
    import pyarrow.parquet

    import tickwright as tw

    path = tmp_path / f"quotes.{suffix}"
    rows = pa.table(columns(QUOTES))
    if suffix == "csv":
        pyarrow.csv.write_csv(rows, path)
    else:
        pyarrow.parquet.write_table(rows, path)
    data = benchmark(tw.feeds.read, path, symbol="BENCH")
    assert len(data) == QUOTES


@pytest.mark.parametrize("threads", [1, 2])
def test_synthetic_day(benchmark, threads):
    import tickwright as tw

    data = benchmark(tw.feeds.synthetic, seed=7, threads=threads)
    assert len(data) > 0
