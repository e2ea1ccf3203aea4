"""Tables in: real data with known counts, properties on random tables, and everything that can be wrong with one."""

from __future__ import annotations

import datetime as dt
import gzip
import math
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tickwright as tw

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TICKWRIGHT_DATA", ROOT.parent / "shared" / "data"))
NO_BAND: dict[str, str | float] = {"absurd_band": math.inf}
LENIENT: dict[str, str | float] = {"absurd_band": math.inf, "crossed": "keep", "locked": "keep", "zero_price": "keep"}


def real(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        reason = f"{path} is not there; set TICKWRIGHT_DATA to the folder of real data"
        if os.environ.get("TICKWRIGHT_REQUIRE_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def trade_rows(**changes: Any) -> dict[str, Any]:
    rows: dict[str, Any] = {
        "ts": ["2024-01-02T14:30", "2024-01-02T14:31"],
        "symbol": ["BAC", "BAC"],
        "price": [10.0, 10.5],
        "size": [1, 2],
    }
    rows.update(changes)
    return {name: values for name, values in rows.items() if values is not None}


def bar_rows(**changes: Any) -> dict[str, Any]:
    rows: dict[str, Any] = {
        "date": ["2024-01-02", "2024-01-03"],
        "open": [10.0, 10.5],
        "high": [11.0, 11.5],
        "low": [9.0, 9.5],
        "close": [10.5, 11.0],
        "volume": [100, 200],
    }
    rows.update(changes)
    return {name: values for name, values in rows.items() if values is not None}


# --- real data -------------------------------------------------------------------------------------------------------


def test_raw_quotes_of_an_exchange_are_judged_as_arrow_counts_them() -> None:
    path = real("highfrequency/sampleQDataRaw.parquet")
    renames = {"DT": "ts", "OFR": "ask", "BIDSIZ": "bid_size", "OFRSIZ": "ask_size"}
    data = tw.feeds.table(path, columns=renames, policy={**NO_BAND, "crossed": "drop", "locked": "keep"})
    raw = pq.read_table(path)
    bid, ask = raw["BID"], raw["OFR"]
    zero = pc.or_(pc.equal(bid, 0.0), pc.equal(ask, 0.0))
    both = pc.invert(zero)
    expected = {
        "zero_price": pc.sum(zero).as_py(),
        "crossed": pc.sum(pc.and_(both, pc.greater(bid, ask))).as_py(),
        "locked": pc.sum(pc.and_(both, pc.equal(bid, ask))).as_py(),
    }
    report = data.report
    assert report["rows"] == 131_401
    assert {name: report.found(name) for name in expected} == {name: count or 0 for name, count in expected.items()}
    assert report["events"] == 131_401 - report.dropped
    good = raw.filter(pc.and_(both, pc.less_equal(bid, ask)))
    good = good.take(pc.sort_indices(good["DT"])) if not _sorted(good["DT"]) else good
    ours = data.quotes.to_arrow(floats=True)
    assert sorted(ours["ask"].to_pylist()) == sorted(good["OFR"].to_pylist())
    assert ours["ts"].cast(pa.int64()).to_pylist() == good["DT"].cast(pa.int64()).to_pylist()


def _sorted(column: pa.ChunkedArray) -> bool:
    values = column.cast(pa.int64()).to_numpy()
    return bool(np.all(values[1:] >= values[:-1]))


def test_raw_trades_of_an_exchange_come_through_whole() -> None:
    path = real("highfrequency/sampleTDataRaw.parquet")
    data = tw.feeds.table(path, columns={"DT": "ts"}, policy=NO_BAND)
    raw = pq.read_table(path)
    positive = raw.filter(pc.greater(raw["PRICE"], 0.0))
    assert (data.report["rows"], len(data)) == (77_263, positive.num_rows)
    ours = data.trades.to_arrow(floats=True)
    assert sorted(ours["price"].to_pylist()) == sorted(positive["PRICE"].to_pylist())
    assert sum(ours["size"].to_pylist()) == pc.sum(positive["SIZE"]).as_py()


def test_known_faults_of_a_vendors_daily_bars_are_found_and_its_splits_are_not_faults() -> None:
    path = real("pystock/daily_150_symbols.parquet")
    raw = pq.read_table(path)

    def dropped(symbol: str, band: float) -> list[tuple[str, float]]:
        rows = raw.filter(pc.equal(raw["symbol"], symbol))
        data = tw.feeds.table(rows, policy={"absurd_band": band}, timezone="America/New_York", bar_interval="16h")
        kept = data.bars.to_arrow(floats=True)
        assert data.report["rows"] == rows.num_rows
        left = list(zip(_days(kept["start"]), kept["close"].to_pylist(), strict=True))
        gone = list(zip(rows["date"].to_pylist(), rows["close"].to_pylist(), strict=True))
        for row in left:
            gone.remove(row)
        return gone

    # MS trades near 46; five rows hold another security's price.
    assert [day for day, close in dropped("MS", 0.4)] == ["2017-02-14"] * 2 + ["2017-02-15"] * 2 + ["2017-02-16"]
    # NEE holds another security's price for three months, turning to its own and back within them: the turn is dropped,
    # and the long stretch, which nothing in the column shows to be wrong, is named in the notes.
    turn = dropped("NEE", 0.5)
    nee = raw.filter(pc.and_(pc.equal(raw["symbol"], "NEE"), pc.greater(raw["close"], 100.0)))
    own = [
        (day, close)
        for day, close in zip(nee["date"].to_pylist(), nee["close"].to_pylist(), strict=True)
        if "2016-11-21" <= day <= "2016-11-28"
    ]
    assert turn == own
    assert len(own) == 8
    # 2:1 and 5:1 splits and a spin-off, some right at the edge of the band.
    for split in ("KR", "NKE", "CTRP", "ICE", "TQQQ", "HPQ"):
        assert dropped(split, 0.5) == [], split
        assert dropped(split, 0.4) == [], split


def _days(column: pa.ChunkedArray) -> list[str]:
    return pc.strftime(column.cast(pa.timestamp("ns", tz="America/New_York")), "%Y-%m-%d").to_pylist()


def test_daily_bars_of_150_symbols_are_read_whole_with_their_doubled_rows_counted() -> None:
    path = real("pystock/daily_150_symbols.parquet")
    data = tw.feeds.table(path, policy=NO_BAND, timezone="America/New_York", bar_interval="16h")
    raw = pq.read_table(path).to_pandas()
    columns = ["symbol", "date", "open", "high", "low", "close", "volume"]
    assert (data.report["rows"], len(data), len(data.symbols)) == (151_394, 151_394, 150)
    assert data.report.found("duplicate") == int((raw[columns] == raw[columns].shift()).all(axis=1).sum())
    assert data.report.found("bad_bar") == 0
    assert bool(np.all(np.diff(data.bars.ts) >= 0))


# --- properties ------------------------------------------------------------------------------------------------------

decimals = st.integers(min_value=1, max_value=10**15).flatmap(
    lambda digits: st.integers(min_value=0, max_value=9).map(lambda places: float(Decimal(digits).scaleb(-places)))
)
prices = decimals.filter(lambda x: 1e-9 <= x < 9e6)
moments = st.integers(min_value=10**18, max_value=10**18 + 10**6)


@settings(deadline=None)
@given(st.lists(st.tuples(moments, st.sampled_from(["BAC", "IBM", "SPY"]), prices, prices), min_size=1, max_size=40))
def test_any_table_of_decimals_comes_back_equal_and_in_order_of_time(rows: list[tuple[int, str, float, float]]) -> None:
    ts, symbol, price, size = (list(column) for column in zip(*rows, strict=True))
    data = tw.feeds.table({"ts": ts, "symbol": symbol, "price": price, "size": size}, policy=NO_BAND)
    out = data.trades.to_arrow(floats=True)
    expected = sorted(rows, key=lambda row: row[0])
    columns = (out["ts"].cast(pa.int64()), out["symbol"], out["price"], out["size"])
    assert list(zip(*(column.to_pylist() for column in columns), strict=True)) == expected


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(moments, st.sampled_from(["ok", "nan", "zero", "negative", "crossed", "locked"])),
        min_size=1,
        max_size=40,
    )
)
def test_each_bad_row_is_counted_under_its_own_name(rows: list[tuple[int, str]]) -> None:
    sides = {
        "ok": (10.0, 10.1),
        "nan": (math.nan, 10.1),
        "zero": (0.0, 10.1),
        "negative": (10.0, -1.0),
        "crossed": (10.2, 10.1),
        "locked": (10.1, 10.1),
    }
    names = {
        "nan": "not_finite",
        "zero": "zero_price",
        "negative": "negative",
        "crossed": "crossed",
        "locked": "locked",
    }
    table = {
        "ts": [ts for ts, _ in rows],
        "bid": [sides[what][0] for _, what in rows],
        "ask": [sides[what][1] for _, what in rows],
        "bid_size": list(range(len(rows))),  # no two rows are the same
        "ask_size": [100] * len(rows),
    }
    data = tw.feeds.table(table, symbol="BAC")
    faults = {name: fault["found"] for name, fault in data.report["faults"].items() if name != "out_of_order"}
    expected = {name: n for what, name in names.items() if (n := sum(1 for _, w in rows if w == what))}
    assert faults == expected
    assert len(data) == sum(1 for _, what in rows if what in ("ok", "locked"))


@settings(deadline=None)
@given(st.lists(moments, min_size=1, max_size=30), st.lists(moments, min_size=1, max_size=30))
def test_a_merge_is_sorted_and_keeps_rows_of_one_moment_in_order_of_its_parts(a: list[int], b: list[int]) -> None:
    def part(ts: list[int], symbol: str) -> tw.MarketData:
        return tw.feeds.table({"ts": ts, "price": [10.0] * len(ts), "size": [1] * len(ts)}, symbol=symbol)

    out = (part(a, "A") + part(b, "B")).trades.to_arrow()
    expected = sorted([(t, "A") for t in a] + [(t, "B") for t in b], key=lambda row: row[0])
    assert list(zip(out["ts"].cast(pa.int64()).to_pylist(), out["symbol"].to_pylist(), strict=True)) == expected


# --- every make of table ---------------------------------------------------------------------------------------------


def test_one_table_in_every_make_gives_the_same_events(tmp_path: Path) -> None:
    import pandas as pd
    import polars as pl

    table = pa.table(
        trade_rows(ts=pa.array(["2024-01-02T14:30:00.123456789", "2024-01-02T14:31:00"]).cast(pa.timestamp("ns")))
    )
    pq.write_table(table, tmp_path / "t.parquet")
    pyarrow.feather.write_feather(table, tmp_path / "t.feather")
    with pa.ipc.new_stream(tmp_path / "t.arrow", table.schema) as stream:
        stream.write_table(table)
    pyarrow.csv.write_csv(table, tmp_path / "t.csv")
    (tmp_path / "t2.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    frame: pd.DataFrame = table.to_pandas()
    sources = [
        table,
        *sorted(tmp_path.iterdir()),
        frame,
        frame.set_index("ts"),
        frame.set_index(pd.DatetimeIndex(frame["ts"], name=None)).drop(columns="ts"),
        pl.from_arrow(table),
        {name: np.asarray(frame[name]) for name in frame.columns},
        {
            "ts": frame["ts"].astype("int64").to_numpy(),
            "symbol": ["BAC", "BAC"],
            "price": [Decimal("10"), Decimal("10.5")],
            "size": [1, 2],
        },
    ]
    expected = tw.feeds.table(table).trades.to_arrow()
    assert len(sources) == 12
    for source in sources:
        assert tw.feeds.table(source).trades.to_arrow().equals(expected), repr(source)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_every_unit_and_zone_are_the_same_moment(unit: str) -> None:
    moment = dt.datetime(2024, 1, 2, 14, 30, tzinfo=dt.UTC)
    column = pa.array([moment] * 2, pa.timestamp(unit, tz="America/New_York"))
    naive = pa.array([dt.datetime(2024, 1, 2, 9, 30)] * 2, pa.timestamp(unit))
    expected = [int(moment.timestamp()) * 10**9] * 2
    assert tw.feeds.table(trade_rows(ts=column)).trades.ts.tolist() == expected
    assert tw.feeds.table(trade_rows(ts=naive), timezone="America/New_York").trades.ts.tolist() == expected
    texts = ["2024-01-02T14:30:00Z", "2024-01-02T09:30:00-05:00"]
    assert tw.feeds.table(trade_rows(ts=texts), timezone="Asia/Tokyo").trades.ts.tolist() == expected


def test_a_symbol_is_text_whatever_it_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(
        "Timestamp,Ticker,Price,Qty\n2024-01-02T14:30:00Z,NA,10,1\n2024-01-02T14:30:01Z,TRUE,10,1\n2024-01-02T14:30:02Z,600519,10,1\n"
    )
    assert tw.feeds.table(path).symbols == ["NA", "TRUE", "600519"]


def test_symbol_keeps_only_its_rows_where_the_table_has_symbols() -> None:
    data = tw.feeds.table(trade_rows(symbol=["BAC", "IBM"]), symbol="IBM")
    assert (data.symbols, len(data)) == (["IBM"], 1)
    with pytest.raises(tw.DataError, match="symbol SPY: is not in the data, which holds BAC, IBM"):
        tw.feeds.table(trade_rows(symbol=["BAC", "IBM"]), symbol="SPY")


def test_a_bar_is_known_at_its_end_only() -> None:
    options: dict[str, Any] = {"symbol": "SPY", "timezone": "America/New_York"}
    from_start = tw.feeds.table(bar_rows(), bar_interval="16h", **options).bars
    assert from_start.ts.astype("M8[ns]").astype(str)[0] == "2024-01-02T21:00:00.000000000"
    assert from_start.start.astype("M8[ns]").astype(str)[0] == "2024-01-02T05:00:00.000000000"
    from_end = tw.feeds.table(bar_rows(), bar_interval=dt.timedelta(hours=16), bar_time="end", **options).bars
    assert (from_end.ts == from_start.start).all()
    with pytest.raises(tw.DataError, match="does 'date' say when a bar starts or when it ends"):
        tw.feeds.table(bar_rows(), **options)


# --- book changes ----------------------------------------------------------------------------------------------------


def test_levels_come_from_a_table_and_the_rows_of_one_moment_are_one_change() -> None:
    rows = {
        "ts": [1_704_205_800_000_000_000 + t for t in (0, 0, 1, 2)],
        "side": ["buy", "sell", "Bid", "ask"],
        "price": [10.0, 10.02, 10.01, 10.02],
        "size": [100, 200, 50, 0],
    }
    data = tw.feeds.table(rows, kind="deltas", symbol="BAC")
    assert data.deltas.to_arrow()["action"].to_pylist() == ["add"] * 4
    shown = tw.feeds.table({**rows, "flags": data.deltas.flags}, kind="deltas", symbol="BAC")
    assert shown.deltas.to_arrow() == data.deltas.to_arrow()
    last = data.deltas.flags != 0
    assert last.tolist() == [False, True, True, True]
    book = tw.OrderBook("L2")
    book.apply(data)
    assert (book.best_bid(), book.best_ask()) == ((10.01, 50.0), None)


@pytest.mark.oracle
def test_orders_of_a_recorded_day_go_through_parquet_and_come_back_equal(tmp_path: Path) -> None:
    folder = real("lobster")
    source = folder / "AAPL_2012-06-21_34200000_37800000_message_50.csv.gz"
    day = tw.feeds.lobster(source)
    tw.feeds.write(day, tmp_path / "deltas.parquet", kinds=["deltas"])
    again = tw.feeds.table(tmp_path / "deltas.parquet")
    assert again.count("deltas") == day.count("deltas") == 89_796
    theirs, ours = day.deltas.to_arrow(), again.deltas.to_arrow()
    for name in ("ts", "symbol", "order", "action", "side", "price", "size", "flags"):
        assert ours[name].combine_chunks() == theirs[name].combine_chunks(), name


# --- bad input -------------------------------------------------------------------------------------------------------

BAD_TABLES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        trade_rows(size=None),
        {},
        "found the columns ts, symbol, price, which are no market data; needed are those of quotes",
    ),
    (trade_rows(size=None), {"kind": "trades"}, "trades need the column size; found ts, symbol, price"),
    (trade_rows(symbol=None), {}, r"trades need the column symbol \(or give symbol=...\)"),
    (trade_rows(ts=[], symbol=[], price=[], size=[]), {}, "holds no rows"),
    (trade_rows(price=["ten", "11"]), {}, "column price: holds string, such as 'ten', where numbers are needed"),
    (trade_rows(price=[True, False]), {}, "column price: holds bool, where numbers are needed"),
    (trade_rows(price=[10.0]), {}, "cannot be read as columns of equal length"),
    (trade_rows(ts=["2024-01-02T14:30", "noon"]), {}, "column ts: row 2 is 'noon'; write every time as"),
    (trade_rows(ts=["2024-01-02T14:30", "2024-01-02T14:30Z"]), {}, "some rows have an offset and some have none"),
    (trade_rows(ts=[1_704_205_800, 1_704_205_801]), {}, "look like seconds; give nanoseconds"),
    (trade_rows(ts=[1_704_205_800_000, 1_704_205_801_000]), {}, "look like milliseconds"),
    (trade_rows(ts=[1_704_205_800_000_000, 1_704_205_801_000_000]), {}, "look like microseconds"),
    (trade_rows(ts=[20_240_102, 20_240_103]), {}, "look like calendar dates"),
    (trade_rows(ts=[1.5, 2.5]), {}, "column ts: holds double, which is no time"),
    (trade_rows(ts=["2024-01-02T14:30", None]), {}, r"row 2 \(symbol BAC\): has no time"),
    (
        trade_rows(ts=["2024-03-10T02:30", "2024-03-10T04:30"]),
        {"timezone": "America/New_York"},
        "give times that exist once in America/New_York",
    ),
    (trade_rows(), {"timezone": "Mars/Olympus"}, "Mars/Olympus"),
    (trade_rows(symbol=["BAC", None]), {}, "row 2: has no symbol"),
    (trade_rows(symbol=["BAC", "B C"]), {}, 'row 2: symbol "B C": must be 1 to 32 printable'),
    (trade_rows(symbol=[[1], [2]]), {}, "column symbol holds list"),
    (
        trade_rows(timestamp=["2024-01-02", "2024-01-02"], ts=None, time=[1, 2]),
        {},
        "columns timestamp and time both mean ts|columns time and timestamp both mean ts",
    ),
    (
        trade_rows(bid=[1, 1], ask=[2, 2], bid_size=[1, 1], ask_size=[1, 1]),
        {},
        "could be quotes or trades; say which with kind=",
    ),
    (
        trade_rows(),
        {"columns": {"PX": "price"}},
        "columns renames 'PX', which is not there; found ts, symbol, price, size",
    ),
    (trade_rows(price=[1e12, 10.0]), {"policy": {"absurd": "fail"}}, r"row 1 \(symbol BAC\): price is 1000000000000"),
    (trade_rows(side=["buy", "up"]), {"kind": "deltas"}, "column side: 'up' is none; choose among buy, bid, b, sell"),
    (trade_rows(side=[0, 2]), {"kind": "deltas"}, "row 2: column side: is no code; give 0 to 1"),
    (trade_rows(side=["buy", "buy"], action=["add", "push"]), {}, "column action: 'push' is none; choose among add"),
    (trade_rows(), {"kind": "deltas"}, "deltas need the column side; found ts, symbol, price, size"),
    (
        trade_rows(price=[10.0, 0.0]),
        {"policy": {"zero_price": "fail"}},
        r"row 2 \(symbol BAC\): price is 0.00: row is zero_price",
    ),
]


@pytest.mark.parametrize(("rows", "options", "message"), BAD_TABLES, ids=[m for *_, m in BAD_TABLES])
def test_a_bad_table_is_refused_with_its_place_and_remedy(
    rows: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(tw.DataError, match=message):
        tw.feeds.table(rows, **options)


BAD_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "candles"}, "kind: 'candles' is not known; choose quotes, trades, bars or deltas"),
    ({"columns": {"price": "px"}}, "columns: 'px' .* is not a name of ours; choose among"),
    ({"bar_interval": "1min"}, "bar_interval: table holds trades, not bars"),
    ({"bar_interval": "fortnight"}, "bar_interval: 'fortnight' is no interval"),
    ({"bar_interval": 0}, "bar_interval: 0 is no interval"),
    ({"bar_time": "middle"}, "bar_time: 'middle' is not known"),
    ({"policy": {"upside_down": "keep"}}, "policy.upside_down: is no fault; choose among malformed, suspicious"),
    ({"policy": {"crossed": "maybe"}}, 'policy.crossed: \'maybe\' is not a choice; give "keep", "drop" or "fail"'),
    ({"policy": {"absurd_band": "wide"}}, "policy.absurd_band: wide is not a number"),
    ({"policy": {"absurd_band": -1}}, "policy.absurd_band: is -1"),
    ({"policy": {"not_finite": "keep"}}, 'policy.not_finite: cannot be "keep"'),
]


@pytest.mark.parametrize(("options", "message"), BAD_SETTINGS, ids=[m for _, m in BAD_SETTINGS])
def test_an_impossible_setting_is_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(tw.ConfigError, match=message):
        tw.feeds.table(trade_rows(), **options)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.parquet", None, "no such file"),
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"ts,symbol,price,size\n", "holds no rows"),
        ("cut.parquet", b"PAR1 and then nothing", "cannot be read"),
        ("cut.csv.gz", gzip.compress(b"ts,symbol,price,size\n2024-01-02,BAC,1,1\n" * 99)[:-30], "cannot be read"),
        ("cut.arrow", b"ARROW1 and then nothing", "cannot be read"),
        ("ragged.csv", b"ts,symbol,price,size\n2024-01-02,BAC,1,1\n2024-01-02,BAC\n", "cannot be read"),
        ("bytes.csv", b"ts,symbol,price,size\n\xff\xfe,\xff,1,1\n", "bytes.csv"),
        ("notes.txt", b"hello", "the kind of file is not known by its name; give .parquet"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(tw.DataError, match=message) as error:
        tw.feeds.table(path)
    assert name in str(error.value)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(tw.DataError, match="a list is no table; give a path"):
        tw.feeds.table([1, 2, 3])


# --- round trip ------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(moments, prices, prices), min_size=1, max_size=20),
    st.lists(st.tuples(moments, prices), min_size=1, max_size=20),
)
def test_what_is_written_is_read_back_equal(
    tmp_path_factory: pytest.TempPathFactory, quotes: list[tuple[int, float, float]], trades: list[tuple[int, float]]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    ones = [1] * len(quotes)
    ts, bid, ask = (list(column) for column in zip(*quotes, strict=True))
    book = {"ts": ts, "bid": bid, "ask": ask, "bid_size": ones, "ask_size": ones, "recv": [t + 5 for t in ts]}
    ts, price = (list(column) for column in zip(*trades, strict=True))
    prints = {"ts": ts, "price": price, "size": [0.5] * len(ts)}
    data = tw.feeds.table(book, symbol="BAC", policy=LENIENT) + tw.feeds.table(prints, symbol="IBM", policy=LENIENT)
    tw.feeds.write(data, folder / "day")
    assert sorted(p.name for p in (folder / "day").iterdir()) == ["quotes.parquet", "trades.parquet"]
    again = tw.feeds.read(folder / "day", policy=LENIENT)
    for kind in ("quotes", "trades"):
        ours, theirs = (getattr(d, kind).to_arrow().drop_columns("symbol") for d in (data, again))
        assert ours.equals(theirs)
        symbols = [getattr(d, kind).to_arrow()["symbol"].to_pylist() for d in (data, again)]
        assert symbols[0] == symbols[1]


def test_bars_are_read_back_with_start_and_end(tmp_path: Path) -> None:
    data = tw.feeds.table(bar_rows(), symbol="SPY", bar_interval="1d")
    tw.feeds.write(data, tmp_path / "spy.parquet")
    assert tw.feeds.read(tmp_path / "spy.parquet").bars.to_arrow().equals(data.bars.to_arrow())


def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path: Path) -> None:
    trades = tw.feeds.table(trade_rows())
    bars = tw.feeds.table(bar_rows(), symbol="SPY", bar_interval="1d")
    for data, name, options, message in [
        (trades + bars, "both.parquet", {}, "trades and bars do not go into one file"),
        (trades, "no.parquet", {"kinds": ["bars"]}, "there are no bars to write"),
        (trades.filter(end=0), "none.parquet", {}, "there are no events to write"),
    ]:
        with pytest.raises(tw.DataError, match=message):
            tw.feeds.write(data, tmp_path / name, **options)
    with pytest.raises(tw.ConfigError, match="kinds: 'candles' cannot be written"):
        tw.feeds.write(trades, tmp_path / "x.parquet", kinds=["candles"])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_or_a_list_is_read_whole(tmp_path: Path) -> None:
    for symbol in ("BAC", "IBM"):
        tw.feeds.write(tw.feeds.table(trade_rows(symbol=[symbol] * 2)), tmp_path / f"{symbol}.parquet")
    (tmp_path / "readme.txt").write_text("not data")
    both = tw.feeds.read(tmp_path)
    assert (both.symbols, len(both)) == (["BAC", "IBM"], 4)
    assert len(tw.feeds.read([tmp_path / "IBM.parquet", str(tmp_path / "BAC.parquet")])) == 4
    for bad, message in [
        (tmp_path / "absent", "no such file or folder"),
        ([], "names no file"),
        (tmp_path / "readme.txt", "the format is not known"),
    ]:
        with pytest.raises(tw.DataError, match=message):
            tw.feeds.read(bad)
    (tmp_path / "bare").mkdir()
    with pytest.raises(tw.DataError, match="holds no market data that is known"):
        tw.feeds.read(tmp_path / "bare")
