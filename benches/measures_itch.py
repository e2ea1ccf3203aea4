"""ITCH and DBN: bytes of a stream to columnar events, against a copy of the bytes and Databento's decoder."""

import random
import struct
from functools import lru_cache

import numpy as np

from benches.registry import Work, measure

MESSAGES, LIVE, SYMBOLS = 300_000, 100_000, 500
RECORDS = 200_000
CHUNK = 256 << 10


@lru_cache(maxsize=4)
def itch_day(symbols: int = SYMBOLS) -> tuple[bytes, bytes]:
    """Return a directory with `LIVE` orders, and `MESSAGES` messages during which about as many rest; seeded."""
    rng = random.Random(7)
    names = [f"S{i}".ljust(8).encode() for i in range(1, symbols + 1)]
    opening, day, live = bytearray(), bytearray(), []
    reference, ns = 0, 34_200_000_000_000

    def head(letter: bytes, length: int, locate: int) -> bytes:
        return struct.pack(">HcHHHI", length, letter, locate, 0, ns >> 32, ns & 0xFFFFFFFF)

    def add(to: bytearray) -> None:
        nonlocal reference
        reference += rng.randint(1, 3)
        i, buy, shares = rng.randrange(symbols), rng.random() < 0.5, 100 * rng.randint(1, 10)
        away = rng.randrange(20) * rng.randrange(20) * 100
        price = 999_900 - away if buy else 1_000_000 + away
        to += head(b"A", 36, i + 1)
        to += struct.pack(">QcI8sI", reference, b"B" if buy else b"S", shares, names[i], price)
        live.append([reference, i + 1, shares, price])

    for locate, name in enumerate(names, start=1):
        opening += head(b"R", 39, locate) + name + b"N" * 20
    for _ in range(LIVE):
        add(opening)
    for match in range(MESSAGES):
        ns += rng.randint(1, 40_000)
        dice = rng.random()
        if dice < 0.44:
            add(day)
            continue
        # Half of what ends is young, as on an exchange.
        at = rng.randrange(max(0, len(live) - 1_000), len(live)) if rng.random() < 0.5 else rng.randrange(len(live))
        order = live[at]
        if dice < 0.86 or order[2] == 100:
            day += head(b"D", 19, order[1]) + struct.pack(">Q", order[0])
            live[at] = live[-1]
            live.pop()
        elif dice < 0.95:
            reference += rng.randint(1, 3)
            day += head(b"U", 35, order[1]) + struct.pack(">QQII", order[0], reference, order[2], order[3])
            order[0] = reference
        elif dice < 0.98:
            day += head(b"E", 31, order[1]) + struct.pack(">QIQ", order[0], 100, match)
            order[2] -= 100
        else:
            day += head(b"X", 23, order[1]) + struct.pack(">QI", order[0], 100)
            order[2] -= 100
    return bytes(opening), bytes(day)


@measure("itch_decode")
def itch_decode() -> Work:
    """Decode a stream of ITCH with 100,000 live orders, per message.

    The adds that make them are part of the stream, which each round decodes anew.
    """
    import tickwright as tw

    opening, day = itch_day()
    whole = opening + day
    decoder = tw.feeds.ItchDecoder(date="2019-01-30")

    def run() -> int:
        rows = 0
        for at in range(0, len(whole), CHUNK):
            decoder.feed(whole[at : at + CHUNK])
            rows += len(decoder.take().deltas)
        decoder.finish()
        return rows

    return Work(run, items=MESSAGES + LIVE + SYMBOLS)


@measure("itch_decode_and_book")
def itch_decode_and_book() -> Work:
    """Decode the same stream and keep the book of every symbol, per message."""
    import tickwright as tw

    opening, day = itch_day()
    whole = opening + day
    decoder = tw.feeds.ItchDecoder(date="2019-01-30")

    def run() -> int:
        books = tw.BookSet()
        for at in range(0, len(whole), CHUNK):
            decoder.feed(whole[at : at + CHUNK])
            books.apply(decoder.take())
        decoder.finish()
        return books.order_count

    return Work(run, items=MESSAGES + LIVE + SYMBOLS)


@measure("itch_copy")
def itch_copy() -> Work:
    """Copy the bytes of the same stream, and write as many bytes as its book changes have, per message."""
    opening, day = itch_day()
    source = np.frombuffer(opening + day, np.uint8)
    target = np.empty_like(source)
    rows = np.ones((MESSAGES + LIVE, 46), np.uint8)
    changes = np.empty_like(rows)

    def run() -> None:
        np.copyto(target, source)
        np.copyto(changes, rows)

    return Work(run, items=MESSAGES + LIVE + SYMBOLS)


@lru_cache(maxsize=1)
def mbo_records() -> bytes:
    """Return `RECORDS` adds of DBN's market-by-order schema, 56 bytes each, without metadata."""
    kind = np.dtype(
        [
            ("length", "u1"), ("rtype", "u1"), ("publisher", "<u2"), ("instrument", "<u4"), ("ts_event", "<u8"),
            ("order", "<u8"),
            ("price", "<i8"), ("size", "<u4"), ("flags", "u1"), ("channel", "u1"), ("action", "S1"), ("side", "S1"),
            ("ts_recv", "<u8"),
            ("ts_in_delta", "<i4"), ("sequence", "<u4"),
        ]
    )  # fmt: skip
    rng, rows = np.random.default_rng(7), np.zeros(RECORDS, kind)
    rows["length"], rows["rtype"], rows["publisher"], rows["instrument"] = 14, 160, 1, 42
    rows["ts_event"] = 1_700_000_000_000_000_000 + np.cumsum(rng.integers(1, 40_000, RECORDS))
    rows["ts_recv"] = rows["ts_event"] + 1_000
    rows["order"] = rows["sequence"] = np.arange(1, RECORDS + 1)
    rows["price"] = rng.integers(4_000, 5_000, RECORDS) * 250_000_000
    rows["size"], rows["flags"], rows["action"] = rng.integers(1, 50, RECORDS), 128, b"A"
    rows["side"] = rng.choice([b"A", b"B"], RECORDS)
    return rows.tobytes()


@measure("dbn_decode")
def dbn_decode() -> Work:
    """Decode market-by-order records of DBN into columns, per record; the sum of the prices."""
    import tickwright as tw

    raw = mbo_records()

    def run() -> int:
        return int(tw.feeds.DbnDecoder(fragment_version=3).push(raw).deltas.price.sum())

    return Work(run, items=RECORDS)


@measure("databento_dbn_decode")
def databento_dbn_decode() -> Work:
    """Decode the same with Databento's Python package, a Python object each; the sum of the prices."""
    import databento_dbn

    raw = mbo_records()

    def run() -> int:
        decoder = databento_dbn.DBNDecoder(has_metadata=False, input_version=3)
        decoder.write(raw)
        return sum(record.price for record in decoder.decode())

    return Work(run, items=RECORDS)
