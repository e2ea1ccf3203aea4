"""Market data in memory: what it shows, what it shares, what it refuses."""

from __future__ import annotations

import datetime as dt
import gc
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import tickwright as tw
from tickwright import _core


def trades(n: int = 3, symbol: str = "BAC") -> tw.MarketData:
    ts = [10**18 + i for i in range(n)]
    return tw.feeds.table({"ts": ts, "price": [10.0 + i / 100 for i in range(n)], "size": [100] * n}, symbol=symbol)


def test_arrays_are_read_only_views_of_one_memory() -> None:
    columns = trades().trades
    price = columns.price
    assert price.tolist() == [10_000_000_000, 10_010_000_000, 10_020_000_000]
    assert not price.flags.owndata
    assert np.shares_memory(price, trades_again := columns.to_arrow()["price"].chunk(0).to_numpy()), trades_again
    with pytest.raises(ValueError, match="read-only"):
        price[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        price.setflags(write=True)


def test_two_looks_at_a_column_share_memory() -> None:
    data = trades()
    assert np.shares_memory(data.trades.price, data.trades.price)
    merged = data + trades(symbol="IBM")
    assert np.shares_memory(merged.trades.ts, merged.trades.ts), "a merge is sorted once"


def test_arrays_and_arrow_tables_outlive_the_data() -> None:
    data = trades(10_000)
    price, table = data.trades.price, data.trades.to_arrow()
    expected = price.sum()
    del data
    gc.collect()
    filler = [np.ones(10_000, np.int64) for _ in range(50)]
    assert price.sum() == expected
    assert pa.compute.sum(table["price"]).as_py() == expected
    assert len(filler) == 50


def test_arrow_says_what_the_numbers_are() -> None:
    table = trades().trades.to_arrow()
    assert table.schema.field("ts").type == pa.timestamp("ns", tz="UTC")
    assert table.schema.field("symbol").type == pa.dictionary(pa.int32(), pa.string())
    assert table.schema.field("price").type == pa.int64()
    assert table.schema.field("price").metadata == {b"scale": b"9"}
    assert trades().trades.to_arrow(floats=True)["price"].to_pylist() == [10.0, 10.01, 10.02]
    table.validate(full=True)


def test_any_table_library_takes_the_columns() -> None:
    import polars as pl

    columns = trades().trades
    assert pa.table(columns).equals(columns.to_arrow())
    assert columns.to_pandas()["price"].tolist() == [10.0, 10.01, 10.02]
    assert str(columns.to_pandas()["ts"].dtype) == "datetime64[ns, UTC]"
    frame = columns.to_polars()
    assert frame["price"].to_list() == [10.0, 10.01, 10.02]
    assert isinstance(frame, pl.DataFrame)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(tw.ConfigError, match=f"{library} is not installed; pip install {library}"):
        getattr(trades().trades, f"to_{library}")()


def test_kinds_without_events_are_empty_tables_of_their_columns() -> None:
    data = trades()
    shapes = {
        "quotes": ["ts", "symbol", "bid", "ask", "bid_size", "ask_size", "flags"],
        "bars": ["ts", "start", "symbol", "open", "high", "low", "close", "volume", "flags"],
        "actions": ["ts", "symbol", "kind", "per_share", "reference", "ratio"],
        "deltas": ["ts", "symbol", "order", "price", "size", "flags", "action", "side"],
        "statuses": ["ts", "symbol", "code", "message", "reason_code", "reason", "state"],
        "bands": ["ts", "symbol", "lower", "upper", "indicator"],
    }
    for kind, names in shapes.items():
        table = getattr(data, kind).to_arrow()
        assert (table.num_rows, table.column_names, data.count(kind)) == (0, names, 0)


def test_an_unknown_column_or_kind_is_refused_with_what_there_is() -> None:
    with pytest.raises(AttributeError, match="trades have no column 'bid'; there are ts, instrument, price"):
        _ = trades().trades.bid
    with pytest.raises(tw.ConfigError, match="choose one of quotes, trades, bars, actions, deltas"):
        trades().count("candles")


def test_the_sum_of_data_is_the_data_of_both() -> None:
    a, b = trades(2, "A"), trades(3, "B")
    both = a + b
    assert (both.symbols, len(both), len(a), len(b)) == (["A", "B"], 5, 2, 3)
    assert both.report["rows"] == 5
    assert (both.start, both.end) == (10**18, 10**18 + 2)
    assert both.heap_bytes >= 5 * 32
    with pytest.raises(TypeError):
        _ = a + 1  # type: ignore[operator]


MOMENT = np.datetime64(10**18 + 1, "ns")


@pytest.mark.parametrize(
    "start", [10**18 + 1, MOMENT, str(MOMENT)[:26] + "Z", dt.datetime(2001, 9, 9, 1, 46, 40, 1, tzinfo=dt.UTC)]
)
def test_a_span_may_be_given_in_any_form_of_time(start: Any) -> None:
    ts = [10**18, 10**18 + 1000]
    data = tw.feeds.table({"ts": ts, "price": [1.0, 1.0], "size": [1, 1]}, symbol="A")
    if isinstance(start, str):
        start = "2001-09-09T01:46:40.000001Z"
    assert data.filter(start=start).trades.ts.tolist() == [10**18 + 1000]
    assert data.filter(end=start).trades.ts.tolist() == [10**18]


def test_a_pandas_moment_keeps_its_nanoseconds() -> None:
    import pandas as pd

    for zone in (None, "UTC", "America/New_York"):
        moment = pd.Timestamp(10**18 + 1, unit="ns", tz="UTC").tz_convert(zone)
        assert trades().filter(start=moment).start == 10**18 + 1


@pytest.mark.parametrize("bad", ["noon", True, 2**70, [1], np.datetime64("NaT"), None.__class__])
def test_what_is_no_time_is_refused(bad: Any) -> None:
    with pytest.raises(tw.ConfigError, match=r"start: .* is no time"):
        trades().filter(start=bad)


def test_a_part_of_no_or_unknown_symbols_is_refused() -> None:
    with pytest.raises(tw.DataError, match="none is given"):
        trades().filter(symbols=[])
    with pytest.raises(tw.DataError, match="symbol IBM: is not in the data, which holds BAC"):
        trades().filter(symbols=["IBM"])
    empty = trades().filter(end=0)
    assert (len(empty), empty.start, empty.end, repr(empty)) == (0, None, None, "<MarketData: no events of BAC>")


def test_the_report_reads_as_a_mapping_and_as_text() -> None:
    rows = {"ts": [10**18 + i for i in range(40)], "price": [10.0] * 20 + [2.0] * 20, "size": list(range(40))}
    report = tw.feeds.table(rows, symbol="BAC").report
    assert dict(report)["notes"] == [
        "table: row 21 (symbol BAC): price moved from 10.00 to 2.00 and stayed, so it is taken as real"
    ]
    assert report.summary().startswith("40 rows read, 40 events\n  note: table: row 21")
    assert report.dropped == 0
    assert repr(report).startswith("<FeedReport: 40 rows")


def test_errors_are_one_tree_and_survive_pickling() -> None:
    names = ["DataError", "ConfigError", "OrderError", "StrategyError", "NumericError", "InterruptedRunError"]
    for name in names:
        error = getattr(tw, name)
        assert issubclass(error, tw.TickwrightError)
        assert error.__module__ == "tickwright"
        copy = pickle.loads(pickle.dumps(error("why")))
        assert type(copy) is error
        assert copy.args == ("why",)


def test_a_panic_in_the_core_is_an_error_that_asks_for_a_report(capfd: pytest.CaptureFixture[str]) -> None:
    panic = getattr(_core, "_panic", None)
    if panic is None:
        pytest.skip("the core is built with optimisation, which leaves out the way to make it panic")
    with pytest.raises(
        tw.TickwrightError,
        match=r"^internal error: boom \(at .*errors\.rs:\d+\); this is a bug in tickwright, please report it",
    ):
        panic("boom")
    assert capfd.readouterr().err == ""


def test_importing_the_package_loads_no_table_library() -> None:
    heavy = ("numpy", "pyarrow", "pandas", "tickwright._core")
    code = f"import sys, tickwright; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    assert set(tw.__all__) <= set(dir(tw))
    for name in tw.__all__:
        assert getattr(tw, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = tw.nonsense
    assert tw.__version__ == _core.__version__


def test_every_public_name_is_there_and_typed() -> None:
    assert [name for name in tw.__all__ if getattr(tw, name) is None] == []
    source = Path(tw.__file__).read_text(encoding="utf-8")
    assert [name for name in tw.__all__ if name != "__version__" and f" as {name}\n" not in source] == []


def test_a_debug_build_warns_when_it_is_imported_and_a_release_does_not() -> None:
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", "import tickwright._core"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ("debug build" in done.stderr) == _core.DEBUG_BUILD
    assert (done.returncode != 0) == _core.DEBUG_BUILD
