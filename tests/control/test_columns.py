"""Batches on the wire and in an outbox: what the official classes read of them, and what a slow reader gets."""

import asyncio
import contextlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tickwright as tw
from tickwright.control import columns
from tickwright.control.conflate import Batch, ClosedError, Outbox, Policy, TooSlowError
from tickwright.errors import DataError
from tickwright.v1 import market_data_pb2 as pb


def bounds(dtype):
    info = np.iinfo(dtype)
    # One byte a number on the wire: sides and flags are small.
    return (0, 127) if dtype == "u1" else (info.min, info.max)


@st.composite
def tables(draw):
    kind = draw(st.sampled_from(list(columns.KINDS.values())))
    rows = draw(st.integers(0, 300))
    made = []
    for _, dtype, _ in kind.columns:
        low, high = bounds(dtype)
        made.append(draw(hnp.arrays(dtype, rows, elements=st.integers(low, high))))
    return columns.Table(kind, tuple(made))


def trades(*symbols, start=0):
    count = len(symbols)
    numbers = np.arange(start, start + count)
    return columns.Table(columns.KINDS["trades"], (np.array(symbols, "<u4"), numbers, numbers * 10, numbers * 100))


@given(tables(), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.lists(st.text(max_size=20), max_size=5))
def test_the_official_classes_read_what_is_written(table, sequence, dropped, symbols):
    raw = columns.message(sequence, dropped, symbols, (columns.encode(table),))
    read = pb.SubscribeResponse.FromString(raw)
    assert (read.sequence, read.dropped_rows, list(read.symbols)) == (sequence, dropped, symbols)
    assert read.WhichOneof("batch") == table.kind.name
    batch = getattr(read, table.kind.name)
    for (name, _, _), column in zip(table.kind.columns, table.columns, strict=True):
        assert list(getattr(batch, name)) == column.tolist()
    # Written by them it is the same to the byte: nothing is out of order, nothing is left over.
    assert read.SerializeToString() == raw


@given(tables(), st.integers(0, 2**64 - 1), st.lists(st.text(max_size=20), max_size=5))
def test_what_is_written_is_read_back(table, sequence, symbols):
    read = columns.decode(columns.message(sequence, 0, symbols, (columns.encode(table),)))
    assert (read.sequence, read.dropped_rows, read.symbols) == (sequence, 0, symbols)
    assert read.table.kind is table.kind
    for mine, theirs in zip(table.columns, read.table.columns, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@given(tables())
def test_every_column_of_the_proto_is_written(table):
    fields = pb.SubscribeResponse.DESCRIPTOR.fields_by_name[table.kind.name].message_type.fields
    assert [field.name for field in fields] == [name for name, _, _ in table.kind.columns]
    assert [field.number for field in fields] == list(range(1, len(fields) + 1))


@given(st.binary(max_size=200))
def test_foreign_bytes_are_read_or_refused(raw):
    try:
        columns.decode(raw)
    except DataError:
        return


@given(tables(), st.data())
def test_a_message_that_is_cut_is_refused_or_shorter(table, data):
    raw = columns.message(1, 0, ["BAC"], (columns.encode(table),))
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    try:
        read = columns.decode(cut)
    except DataError:
        return
    assert read.table is None or len(read.table) < len(table)


def test_arrow_has_the_same_rows_as_the_feed():
    data = tw.feeds.synthetic(symbols=["AAPL", "BAC"], date="2026-01-05", seed=5, events_scale=0.02)
    for kind in (columns.KINDS["quotes"], columns.KINDS["trades"]):
        raw = columns.arrow_ipc(columns.rows_of(data, kind), data.symbols)
        read = pa.ipc.open_stream(raw).read_all()
        assert read.schema.metadata == {b"kind": kind.name.encode()}
        # Equal values and equal types: the reader of one reads the other.
        given = getattr(data, kind.source).to_arrow().select(read.column_names)
        assert read.num_rows > 100
        assert read.to_pylist() == given.to_pylist()
        assert read.schema.field("ts") == given.schema.field("ts")


def test_a_book_keeps_its_sides_and_its_clears():
    frame = (
        '[{"T":"o","S":"BTC/USD","t":"2024-01-02T14:30:00Z","b":[{"p":10,"s":2}],"a":[{"p":11,"s":3}],"r":true},'
        '{"T":"o","S":"BTC/USD","t":"2024-01-02T14:30:01Z","b":[{"p":10,"s":0}],"a":[]}]'
    )
    table = columns.rows_of(tw.feeds.AlpacaDecoder().push(frame), columns.KINDS["books"])
    rows = list(zip(*(table[name].tolist() for name in ("side", "price_e9", "size_e9", "clear")), strict=True))
    ten, eleven = 10 * 10**9, 11 * 10**9
    assert rows == [(1, 0, 0, 1), (1, ten, 2 * 10**9, 0), (2, 0, 0, 1), (2, eleven, 3 * 10**9, 0), (1, ten, 0, 0)]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_the_newest_of_a_table_is_the_last_row_of_each_symbol(symbols):
    newest = trades(*symbols).newest()
    last = {symbol: row for row, symbol in enumerate(symbols)}
    assert sorted(last.values()) == newest["ts_ns"].tolist()
    assert [symbols[row] for row in newest["ts_ns"].tolist()] == newest["symbol"].tolist()


# --- what waits for a reader ----------------------------------------------------------------------------------------


def drain(outbox):
    """Give all rows that wait."""

    async def run():
        outbox.close()
        found = []
        with contextlib.suppress(ClosedError):
            while True:
                found.append(await outbox.get())
        return found

    return asyncio.run(run())


BATCHES = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=8), max_size=30)


def fill(outbox, batches):
    at = 0
    for symbols in batches:
        outbox.put(Batch(trades(*symbols, start=at), ["A", "B", "C", "D", "E"], arrow=False))
        at += len(symbols)
    return at


@given(BATCHES, st.integers(8, 40))
def test_dropping_the_oldest_keeps_the_newest_rows_and_counts_the_others(batches, most):
    outbox = Outbox(Policy.DROP_OLDEST, most)
    rows = fill(outbox, batches)
    assert outbox.waiting_rows <= most
    kept = [ts for batch in drain(outbox) for ts in batch.table["ts_ns"].tolist()]
    assert kept == list(range(rows))[rows - len(kept) :]
    assert len(kept) + outbox.dropped_rows == rows


@given(BATCHES, st.integers(8, 40))
def test_the_latest_of_each_symbol_stays_and_the_others_are_counted(batches, most):
    outbox = Outbox(Policy.LATEST, most)
    rows = fill(outbox, batches)
    assert outbox.waiting_rows <= most + 8
    kept = [row for batch in drain(outbox) for row in zip(*(c.tolist() for c in batch.table.columns[:2]), strict=True)]
    assert len(kept) + outbox.dropped_rows == rows
    if len(batches) > 1:
        flat = [symbol for batch in batches for symbol in batch]
        assert sorted(kept) == sorted({symbol: (symbol, at) for at, symbol in enumerate(flat)}.values())
    else:
        assert len(kept) == rows


@given(BATCHES, st.integers(8, 40))
def test_a_stream_that_drops_nothing_ends_when_too_much_waits(batches, most):
    outbox = Outbox(Policy.DISCONNECT, most)
    rows = fill(outbox, batches)
    if rows <= most:
        assert sum(len(batch) for batch in drain(outbox)) == rows
    else:
        with pytest.raises(TooSlowError):
            asyncio.run(outbox.get())
    assert outbox.dropped_rows == 0


def test_kinds_are_conflated_apart():
    outbox = Outbox(Policy.LATEST, 100)
    quotes = columns.Table(columns.KINDS["quotes"], (np.zeros(2, "<u4"), *(np.arange(2) for _ in range(5))))
    outbox.put(Batch(quotes, ["A"], arrow=False))
    outbox.put(Batch(trades(0, 0), ["A"], arrow=False))
    outbox.put(Batch(trades(0, start=2), ["A"], arrow=False))
    found = {batch.table.kind.name: batch.table["ts_ns"].tolist() for batch in drain(outbox)}
    # The quotes were the only batch of theirs, and there was room.
    assert found == {"quotes": [0, 1], "trades": [2]}
    assert outbox.dropped_rows == 2
