"""Order books from Python: one change at a time, columns in and out, settings, faults."""

import copy
import pickle
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import tickwright as tw


def filled():
    book = tw.OrderBook("L3")
    book.add(1, "buy", 10.00, 300)
    book.add(2, "buy", 10.00, 100)
    book.add(3, "buy", 9.99, 50)
    book.add(4, "sell", 10.02, 200)
    book.set_level("sell", 10.05, 1_000)
    return book


def state(book):
    return [column.tolist() for column in book.contents()], book.counts, book.settings


def test_the_touch_and_the_levels_are_what_was_added():
    book = filled()
    assert book.best_bid() == (10.0, 400.0)
    assert book.best_ask(raw=True) == (10_020_000_000, 200_000_000_000)
    assert (book.spread(), book.mid(), book.is_crossed, len(book), book.level_counts) == (0.02, 10.01, False, 4, (2, 2))
    depth = book.depth(5)
    assert depth.bid_price.tolist() == [10.0, 9.99]
    assert depth.bid_orders.tolist() == [2, 1]
    assert depth.ask_size.tolist() == [200.0, 1_000.0]
    assert book.depth(1, raw=True).ask_price.tolist() == [10_020_000_000]
    assert book.microprice() == pytest.approx((10.0 * 200 + 10.02 * 400) / 600)
    assert book.imbalance(1) == pytest.approx(200 / 600)
    assert book.vwap("buy", 300) == pytest.approx((200 * 10.02 + 100 * 10.05) / 300)
    assert book.vwap("sell", 451) is None
    assert book.size_to("buy", 9.99) == 450.0
    book.check()


def test_an_empty_book_answers_none():
    book = tw.OrderBook("L2")
    answers = [book.best_bid(), book.best_ask(), book.mid(), book.spread(), book.microprice(), book.imbalance(3)]
    assert answers == [None] * 6
    assert book.order(1) is None
    assert book.queue_ahead(1) is None
    assert [len(column) for column in book.depth(3)] == [0] * 6


def test_an_order_keeps_its_place_unless_it_grows_or_moves():
    book = filled()
    assert book.queue("buy", 10.0) == [(1, 300.0), (2, 100.0)]
    assert book.modify(1, 10.0, 200) == "applied"
    assert book.queue_ahead(2) == (200.0, 1, 0.0)
    book.modify(1, 10.0, 250)
    assert book.queue("buy", 10.0) == [(2, 100.0), (1, 250.0)]
    book.replace(2, 20, 10.0, 100)
    assert book.queue("buy", 10.0) == [(1, 250.0), (20, 100.0)]
    book.modify(1, 9.99, 10)
    assert book.queue("buy", 9.99) == [(3, 50.0), (1, 10.0)]
    assert book.order(1) == ("buy", 9.99, 10.0)
    book.check()


def test_every_outcome_is_told_and_counted():
    book = filled()
    assert book.cancel(99) == "unknown_order"
    assert book.execute(4, 250) == "too_much"
    assert book.add(3, "buy", 10.0, 5) == "replaced"
    assert book.add(5, "buy", 10.06, 5) == "applied"
    assert {name: n for name, n in book.counts.items() if n} == {
        "changes": 9,
        "unknown_orders": 1,
        "too_much": 1,
        "replaced": 1,
        "crossed": 1,
    }
    strict = tw.OrderBook("L2", crossed="reject")
    strict.set_level("sell", 10, 1)
    assert strict.set_level("buy", 10, 1) == "applied"
    assert strict.set_level("buy", 11, 1) == "rejected"
    swept = tw.OrderBook(crossed="uncross")
    swept.add(1, "sell", 10, 1)
    swept.add(2, "sell", 11, 1)
    assert swept.set_level("buy", 12, 1) == "uncrossed"
    assert (len(swept), swept.counts["uncrossed_levels"], swept.best_ask()) == (0, 2, None)


@pytest.mark.parametrize("price", [0.1 + 0.2 - 0.2, "0.1", Decimal("0.1"), np.float64(0.1)])
def test_prices_are_read_exactly(price):
    book = tw.OrderBook("L2")
    book.set_level("buy", price, 1)
    assert book.best_bid(raw=True) == (100_000_000, 1_000_000_000)
    book.set_level("buy", Decimal("0.123456789"), Decimal("1E+2"))
    assert book.best_bid(raw=True) == (123_456_789, 100_000_000_000)


def test_columns_of_any_make_build_the_same_book():
    rows = {
        "order": [1, 2, 0, 1, 2],
        "action": ["add", "add", "add", "execute", "modify"],
        "side": ["buy", "sell", "sell", "buy", "sell"],
        "price": [10.0, 10.5, 11.0, 10.0, 10.25],
        "size": [300.0, 100.0, 50.0, 120.0, 80.0],
    }
    codes = {
        "order": np.array(rows["order"]),
        "action": np.array([0, 0, 0, 3, 5], np.int8),
        "side": np.array([0, 1, 1, 0, 1], np.int8),
        "price": (np.array(rows["price"]) * 1e9).astype(np.int64),
        "size": (np.array(rows["size"]) * 1e9).astype(np.int64),
    }
    table = pa.table(rows)
    scaled = [table.schema.field(name).with_metadata({"scale": "9"}) for name in ("price", "size")]
    scaled = [pa.field(field.name, pa.int64(), metadata=field.metadata) for field in scaled]
    fixed = pa.table({name: codes[name] for name in ("price", "size")}, schema=pa.schema(scaled))
    for name in ("price", "size"):
        fixed = fixed.append_column(pa.field(f"{name}_", pa.int64()), fixed[name])
    mixed = table.drop(["price", "size"])
    for field in scaled:
        mixed = mixed.append_column(field, fixed[field.name])
    whole = {**rows, "price": [10, 11, 12, 10, 11], "size": [300, 100, 50, 120, 80]}
    books = []
    for data, raw in [(rows, False), (codes, True), (table, False), (pl.DataFrame(rows), False), (mixed, False)]:
        book = tw.OrderBook("L3")
        assert book.apply(data, raw=raw)["changes"] == 5
        books.append(state(book))
    assert all(other == books[0] for other in books)
    assert books[0][0][2] == [10_000_000_000, 10_250_000_000, 11_000_000_000]
    book = tw.OrderBook("L3")
    book.apply(whole)
    assert book.best_ask() == (11.0, 80.0)


def test_a_table_of_the_book_builds_it_again_and_so_does_a_pickle():
    book = filled()
    book.cancel(99)
    again = tw.OrderBook("L3")
    again.apply(book.to_arrow())
    assert [c.tolist() for c in again.contents()] == [c.tolist() for c in book.contents()]
    for other in (pickle.loads(pickle.dumps(book)), copy.deepcopy(book)):
        assert state(other) == state(book)
        other.check()
    kept = tw.OrderBook("L1", crossed="reject", orders_max=5, levels_max=7)
    assert pickle.loads(pickle.dumps(kept)).settings == ("L1", "reject", 5, 7)


def test_a_snapshot_replaces_the_book_whole():
    book = filled()
    book.snapshot([(9.0, 1), ("8.5", "2")], np.array([[9.5, 3.0], [9.6, 0.0]]))
    assert (len(book), book.best_bid(), book.best_ask(), book.level_counts) == (0, (9.0, 1.0), (9.5, 3.0), (2, 1))
    assert book.truncate(1) == 1
    book.clear("buy")
    assert (book.best_bid(), book.best_ask()) == (None, (9.5, 3.0))
    book.clear()
    assert book.level_counts == (0, 0)


def two_symbols():
    rows = {
        "ts": ["2024-01-02T14:30:00", "2024-01-02T14:30:01", "2024-01-02T14:30:02"],
        "symbol": ["BAC", "IBM", "BAC"],
        "bid": [10.0, 160.0, 10.1],
        "ask": [10.1, 160.5, 10.2],
        "bid_size": [100, 200, 300],
        "ask_size": [300, 400, 500],
    }
    return tw.feeds.table(rows)


def test_a_top_of_book_follows_the_quotes_of_one_symbol():
    book = tw.OrderBook("L1")
    with pytest.raises(tw.ConfigError, match="2 instruments"):
        book.apply(two_symbols())
    with pytest.raises(tw.DataError, match="MSFT"):
        book.apply(two_symbols(), "MSFT")
    assert book.apply(two_symbols(), "BAC")["changes"] == 4
    assert (book.best_bid(), book.best_ask(), book.counts["crossed"]) == ((10.1, 300.0), (10.2, 500.0), 0)


def test_a_set_keeps_each_symbol_apart_whatever_ids_the_data_give_it():
    books = tw.BookSet("L1")
    books.apply(two_symbols())
    books.apply(two_symbols().filter(symbols="IBM"))
    assert (books.symbols, len(books), "IBM" in books, "GE" in books) == (["BAC", "IBM"], 2, True, False)
    assert books.best_bid("BAC") == (10.1, 300.0)
    assert books.depth("IBM", 3).ask_price.tolist() == [160.5]
    assert (books.counts("IBM")["changes"], books.counts()["changes"]) == (4, 8)
    book = books["IBM"]
    book.set_level("buy", 1, 1)
    assert books.best_bid("IBM") == (160.0, 200.0)
    books.check()
    with pytest.raises(tw.DataError, match="GE"):
        books.best_ask("GE")
    small = tw.BookSet("L1", books_max=1)
    with pytest.raises(tw.DataError, match="books_max"):
        small.apply(two_symbols())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda b: b.add(0, "buy", 1, 1), tw.OrderError, "order 0"),
        (lambda b: b.add(9, "bid", 1, 1), tw.ConfigError, "buy"),
        (lambda b: b.add(9, "buy", float("nan"), 1), tw.DataError, "finite"),
        (lambda b: b.add(9, "buy", "1,5", 1), tw.DataError, "plain decimal"),
        (lambda b: b.add(9, "buy", 1, -1), tw.DataError, "below zero"),
        (lambda b: b.add(9, "buy", 10**12, 1), tw.DataError, "overflow"),
        (lambda b: b.modify(9, 1, 1), tw.OrderError, "not known"),
        (lambda b: b.replace(9, 10, 1, 1), tw.OrderError, "not known"),
        (lambda b: b.apply({"side": ["buy"], "price": [1.0]}), tw.DataError, "size"),
        (lambda b: b.apply({"side": ["bid"], "price": [1.0], "size": [1.0]}), tw.DataError, "row 0"),
        (lambda b: b.apply({"side": np.array([-1]), "price": [1.0], "size": [1.0]}), tw.DataError, "side -1"),
        (lambda b: b.apply({"side": np.array([300]), "price": [1.0], "size": [1.0]}), tw.DataError, "not known"),
        (lambda b: b.apply({"side": ["buy"], "price": [1.0, 2.0], "size": [1.0]}), tw.DataError, "length"),
        (lambda b: b.apply({"side": ["buy"], "price": [1.0], "size": [-1.0]}), tw.DataError, "row 0"),
        (lambda b: b.apply({"side": ["buy"], "price": [1.0], "size": [1.0]}, raw=True), tw.DataError, "raw"),
        (lambda b: b.apply({"order": [-1], "side": ["buy"], "price": [1.0], "size": [1.0]}), tw.DataError, "order"),
        (lambda b: b.apply(3), tw.ConfigError, "int"),
        (lambda b: b.apply(two_symbols().quotes, symbol="GE"), tw.DataError, "GE"),
        (lambda b: b.apply(two_symbols().trades, symbol="IBM"), tw.DataError, "book changes"),
    ],
)
def test_what_cannot_be_applied_is_refused_and_changes_nothing(call, error, words):
    book = filled()
    before = state(book)
    with pytest.raises(error, match=words):
        call(book)
    assert state(book) == before


def test_limits_and_settings_that_cannot_be_are_errors():
    with pytest.raises(tw.ConfigError, match="L1, L2, L3"):
        tw.OrderBook("L4")
    with pytest.raises(tw.ConfigError, match="keep"):
        tw.OrderBook(crossed="drop")
    with pytest.raises(tw.ConfigError, match="levels_max"):
        tw.OrderBook(levels_max=0)
    book = tw.OrderBook(orders_max=1)
    book.add(1, "buy", 1, 1)
    with pytest.raises(tw.DataError, match="orders_max"):
        book.add(2, "buy", 1, 1)
    with pytest.raises(tw.DataError, match="L3"):
        tw.OrderBook("L2").add(1, "buy", 1, 1)


@pytest.mark.parametrize("ask", [lambda b: b.depth(-1), lambda b: b.imbalance(-2), lambda b: b.truncate(-3)])
def test_a_count_below_zero_is_refused_as_a_setting(ask):
    with pytest.raises(tw.ConfigError, match="give a whole number from 0 up"):
        ask(tw.OrderBook("L3"))
