"""The book against the books that LOBSTER ships beside its messages."""

import gzip

import numpy as np
import pytest

import tickwright as tw

pytestmark = pytest.mark.oracle
LEVELS = 50


def lobster(data_file):
    messages = data_file("lobster/AAPL_2012-06-21_first672_message_50.csv.gz")
    shown = data_file("lobster/AAPL_2012-06-21_orderbook_50.csv.gz")
    with gzip.open(shown, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.int64)
    with gzip.open(messages, "rt") as file:
        kinds = [int(line.split(",")[1]) for line in file]
    return tw.feeds.lobster(messages, orderbook=shown), rows, kinds


def test_each_message_leaves_the_book_that_lobster_shows(data_file):
    data, shown, kinds = lobster(data_file)
    deltas = data.deltas
    columns = {name: getattr(deltas, name) for name in ("order", "action", "side", "price", "size")}
    seeded = int(np.argmax(deltas.order != 0))

    def piece(start, stop):
        return {name: column[start:stop] for name, column in columns.items()}

    book = tw.OrderBook("L3")
    book.apply(piece(0, seeded), raw=True)
    following, equal = seeded, {1: 0, 10: 0, 50: 0}
    for row, kind in zip(shown[1:], kinds[1:], strict=False):
        if kind <= 4:
            book.apply(piece(following, following + 1), raw=True)
            following += 1
        depth = book.depth(LEVELS, raw=True)
        ours = np.zeros((LEVELS, 4), np.int64)
        ours[: len(depth.ask_price), 0] = depth.ask_price // 100_000
        ours[: len(depth.ask_price), 1] = depth.ask_size // 1_000_000_000
        ours[: len(depth.bid_price), 2] = depth.bid_price // 100_000
        ours[: len(depth.bid_price), 3] = depth.bid_size // 1_000_000_000
        theirs = row.reshape(-1, 4)
        for levels in equal:
            equal[levels] += bool((ours[:levels] == theirs[:levels]).all())
    book.check()
    compared = len(shown) - 1
    print(*(f"{count} of {compared} rows equal in {levels} levels" for levels, count in equal.items()), sep="; ")
    # Beyond ten levels LOBSTER shows orders from before its file, which no message of it names.
    assert (compared, equal[1], equal[10]) == (671, 671, 671)
    assert equal[50] >= 556


def test_the_whole_batch_leaves_the_last_row(data_file):
    data, shown, _ = lobster(data_file)
    book = tw.OrderBook("L3")
    counts = book.apply(data)
    assert counts["changes"] == len(data.deltas)
    depth = book.depth(10, raw=True)
    last = shown[-1].reshape(-1, 4)[:10]
    assert (depth.ask_price // 100_000).tolist() == last[:, 0].tolist()
    assert (depth.bid_size // 1_000_000_000).tolist() == last[:, 3].tolist()
    again = tw.BookSet("L3")
    again.apply(data)
    assert again["AAPL"].to_arrow().equals(book.to_arrow())
