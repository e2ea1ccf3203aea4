"""Binance, Kraken and Coinbase decoders against Python's JSON and decimals, and the exchanges' own checks."""

import gzip
import json
import zlib
from decimal import Decimal

import numpy as np
import pytest

import tickwright as tw

pytestmark = pytest.mark.oracle

GAP, LAST, SNAPSHOT = 1 << 10, 1 << 7, 1 << 8
ADD, DELETE, CLEAR = 0, 2, 4


def fixed(text):
    value = Decimal(text).scaleb(9)
    assert value == int(value), f"{text} is finer than 1e-9"
    return int(value)


def lines(path):
    with gzip.open(path) as file:
        yield from file


def binance_lines(path):
    for line in lines(path):
        recv, message = line.split(b" ", 1)
        message = json.loads(message)
        yield int(recv), message.get("data", message)


def cryptofeed_lines(path):
    for line in lines(path):
        if line.startswith(b"wss") or not line.strip():
            continue
        recv, message = line.split(b": ", 1)
        yield fixed(recv.decode()), json.loads(message)


def sorted_by_time(rows):
    return sorted(rows, key=lambda row: row[0])


def assert_columns(columns, names, rows):
    assert len(columns) == len(rows)
    for i, name in enumerate(names):
        ours = getattr(columns, name)
        theirs = np.array([row[i] for row in rows], dtype=ours.dtype)
        assert np.array_equal(ours, theirs), f"{name} differs first at row {np.flatnonzero(ours != theirs)[0]}"


@pytest.mark.parametrize("market", ["usdm", "spot"])
def test_every_binance_trade_and_ticker_equals_a_python_parse_field_by_field(data_file, market):
    path = data_file(f"binance/{market}_btcusdt_20240808.gz")
    trades, quotes = [], []
    for recv, m in binance_lines(path):
        if m.get("e") == "trade":
            taker = -1 if m["m"] else 1
            trades.append((m["T"] * 10**6, recv, fixed(m["p"]), fixed(m["q"]), m["t"], taker))
        elif "A" in m:
            ts = m["T"] * 10**6 if "T" in m else recv
            quotes.append((ts, recv, fixed(m["b"]), fixed(m["a"]), fixed(m["B"]), fixed(m["A"]), m["u"]))
    data = tw.feeds.binance(path)
    assert data.symbols == ["BTCUSDT"]
    assert_columns(data.trades, ("ts", "recv", "price", "size", "id", "aggressor"), sorted_by_time(trades))
    names = ("ts", "recv", "bid", "ask", "bid_size", "ask_size", "sequence")
    assert_columns(data.quotes, names, sorted_by_time(quotes))
    print(f"binance {market}: {len(trades):,} trades and {len(quotes):,} quotes equal in every field")


@pytest.mark.parametrize(("market", "updates"), [("usdm", 6_551), ("spot", 3_451)])
def test_every_binance_depth_change_equals_a_python_parse(data_file, market, updates):
    path = data_file(f"binance/{market}_btcusdt_20240808.gz")
    changes = []
    for recv, m in binance_lines(path):
        if m.get("e") == "depthUpdate":
            ts = m.get("T", m["E"]) * 10**6
            rows = [(0, *level) for level in m["b"]] + [(1, *level) for level in m["a"]]
            changes += [(ts, recv, m["u"], side, fixed(price), fixed(size)) for side, price, size in rows]
    deltas = tw.feeds.binance(path).deltas
    news = deltas.flags & SNAPSHOT == 0
    assert np.count_nonzero(deltas.flags[news] & LAST) == updates
    assert np.array_equal(deltas.action[news] == DELETE, deltas.size[news] == 0)
    for i, name in enumerate(("ts", "recv", "sequence", "side", "price", "size")):
        ours = getattr(deltas, name)[news]
        assert np.array_equal(ours, np.array([row[i] for row in changes], dtype=ours.dtype)), name
    print(f"binance {market}: {len(changes):,} changes of {updates:,} updates equal in every field")


def kraken_number(text):
    return text.replace(".", "").lstrip("0")


def test_the_changes_given_out_make_kraken_books_whose_checksums_match(data_file):
    path = data_file("cryptofeed/KRAKEN.ws.50.0.gz")
    texts, checksums = {}, []
    for _, m in cryptofeed_lines(path):
        if isinstance(m, list):
            for part in m[1:-2]:
                for levels in (part.get(k, []) for k in ("a", "b", "as", "bs")):
                    for price, size, *_ in levels:
                        texts[m[-1], fixed(price)] = kraken_number(price)
                        texts[m[-1], fixed(price), fixed(size)] = kraken_number(size)
            checksums += [(m[-1], int(part["c"])) for part in m[1:-2] if "c" in part]
    # Fed by the line, since the changes of all pairs are sorted by time in one batch.
    decoder = tw.feeds.KrakenDecoder()
    books, matched, seen = {}, 0, iter(checksums)
    for line in lines(path):
        deltas = decoder.push(line).deltas
        if not len(deltas):
            continue
        symbol = deltas.symbols[deltas.instrument[0]]
        sides = books.setdefault(symbol, ({}, {}))
        for action, side, price, size in zip(
            deltas.action.tolist(), deltas.side.tolist(), deltas.price.tolist(), deltas.size.tolist(), strict=True
        ):
            if action == CLEAR:
                sides[side].clear()
            elif action == DELETE:
                sides[side].pop(price, None)
            else:
                sides[side][price] = size
        assert max(map(len, sides)) <= 1000
        if deltas.flags[0] & SNAPSHOT:
            continue
        pair, checksum = next(seen)
        assert pair == symbol
        best = sorted(sides[1].items())[:10] + sorted(sides[0].items(), reverse=True)[:10]
        text = "".join(texts[symbol, price] + texts[symbol, price, size] for price, size in best)
        matched += zlib.crc32(text.encode()) == checksum
    print(f"kraken: {matched:,} of {len(checksums):,} checksums over the books made of the changes")
    assert matched == len(checksums) == 4_269
    assert decoder.counts["checksum matched"] == 4_269


def test_kraken_trades_and_tickers_equal_a_python_parse(data_file):
    path = data_file("cryptofeed/KRAKEN.ws.48.0.gz")
    trades = [
        (fixed(time), recv, fixed(price), fixed(size), 1 if side == "b" else -1)
        for recv, m in cryptofeed_lines(path)
        if isinstance(m, list)
        for price, size, time, side, *_ in m[1]
    ]
    assert_columns(tw.feeds.kraken(path).trades, ("ts", "recv", "price", "size", "aggressor"), sorted_by_time(trades))
    path = data_file("cryptofeed/KRAKEN.ws.49.0.gz")
    quotes = [
        (recv, fixed(m[1]["b"][0]), fixed(m[1]["a"][0]), fixed(m[1]["b"][2]), fixed(m[1]["a"][2]))
        for recv, m in cryptofeed_lines(path)
        if isinstance(m, list)
    ]
    assert_columns(tw.feeds.kraken(path).quotes, ("ts", "bid", "ask", "bid_size", "ask_size"), quotes)
    print(f"kraken: {len(trades)} trades and {len(quotes)} tickers equal in every field")


def test_coinbase_messages_equal_a_python_parse(data_file):
    path = data_file("cryptofeed/COINBASE.ws.28.0.gz")
    stamp = lambda text: int(np.datetime64(text.removesuffix("Z"), "ns").astype(np.int64))  # noqa: E731
    trades, quotes, changes = [], [], []
    for recv, m in cryptofeed_lines(path):
        if m["type"] in ("match", "last_match"):
            taker = 1 if m["side"] == "sell" else -1
            trades.append((stamp(m["time"]), recv, fixed(m["price"]), fixed(m["size"]), m["trade_id"], taker))
        elif m["type"] == "ticker":
            quotes.append((stamp(m["time"]), recv, fixed(m["best_bid"]), fixed(m["best_ask"]), m["sequence"]))
        elif m["type"] == "l2update":
            changes += [(recv, int(s == "sell"), fixed(p), fixed(q)) for s, p, q in m["changes"]]
    data = tw.feeds.coinbase(path)
    assert_columns(data.trades, ("ts", "recv", "price", "size", "id", "aggressor"), sorted_by_time(trades))
    assert_columns(data.quotes, ("ts", "recv", "bid", "ask", "sequence"), sorted_by_time(quotes))
    news = data.deltas.flags & SNAPSHOT == 0
    ours = [getattr(data.deltas, name)[news].tolist() for name in ("recv", "side", "price", "size")]
    assert sorted(zip(*ours, strict=True)) == sorted(changes)
    print(f"coinbase: {len(trades)} matches, {len(quotes)} tickers and {len(changes):,} changes equal in every field")


@pytest.mark.parametrize(
    ("make", "name", "rows", "counts"),
    [
        ("BinanceDecoder", "binance/usdm_btcusdt_20240808.gz", 93_954, {"bookTicker": 66_089, "trade": 21_313}),
        ("BinanceDecoder", "binance/spot_btcusdt_20240808.gz", 41_249, {"bookTicker": 28_040, "trade": 9_757}),
        ("KrakenDecoder", "cryptofeed/KRAKEN.ws.48.0.gz", 49, {"trade": 8, "heartbeat": 30}),
        ("KrakenDecoder", "cryptofeed/KRAKEN.ws.49.0.gz", 60, {"ticker": 18, "heartbeat": 31}),
        ("KrakenDecoder", "cryptofeed/KRAKEN.ws.50.0.gz", 4_321, {"book": 4_269, "book snapshot": 10}),
        ("CoinbaseDecoder", "cryptofeed/COINBASE.ws.28.0.gz", 9_946, {"l2update": 9_719, "ticker": 107, "match": 97}),
    ],
)
def test_every_message_of_a_session_is_counted_by_its_kind(data_file, make, name, rows, counts):
    decoder = getattr(tw.feeds, make)()
    data = decoder.read(data_file(name))
    assert data.report["rows"] == rows
    assert {kind: decoder.counts[kind] for kind in counts} == counts
    kinds = {k: n for k, n in decoder.counts.items() if not k.startswith("checksum")}
    assert sum(kinds.values()) == rows
    assert "other" not in kinds
    assert data.report.dropped == (1 if "50.0" in name else 0)  # the ask at 9,999,999,997 francs
