"""ITCH: every field of two files against a reading of the same bytes with `struct`, written from the specification."""

import datetime as dt
import gzip
import struct
from collections import Counter
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import tickwright as tw

pytestmark = pytest.mark.oracle

SIMULATED = "itch/ex20101224.TEST_ITCH_50.gz"
HEAD = "itch/sample_head4096.itch"
# TotalView-ITCH 5.0, chapter 4: what follows the type, the locate, the tracking number and the time (s: stock).
BODIES = {
    "S": "c", "R": "8sccIcc2scccccIc", "H": "8scc4s", "Y": "8sc", "L": "4s8sccc", "V": "QQQ", "W": "c", "K": "8sIcI",
    "J": "8sIIII", "h": "8scc", "A": "QcI8sI", "F": "QcI8sI4s", "E": "QIQ", "C": "QIQcI", "X": "QI", "D": "Q",
    "U": "QQII", "P": "QcI8sIQ", "Q": "Q8sIQc", "B": "Q", "I": "QQc8sIIIcc", "N": "8sc", "O": "8scIIIQII",
}  # fmt: skip
ADD, CANCEL, DELETE, EXECUTE = 0, 1, 2, 3
ORDER_ZERO = 1 << 63
DOLLAR_UNIT, SHARE = 100_000, 1_000_000_000  # both in 1e-9


def messages(raw):
    """Type, locate, nanoseconds and fields of each whole message; and the bytes left over."""
    found, at = [], 0
    while at + 3 <= len(raw):
        kind = chr(raw[at + 2])
        size = 11 + struct.calcsize(">" + BODIES[kind])
        body = raw[at + 2 : at + 2 + size]
        if len(body) < size:
            break
        locate, _, high, low = struct.unpack(">HHHI", body[1:11])
        found.append((kind, locate, (high << 32) + low, struct.unpack(">" + BODIES[kind], body[11:])))
        at += 2 + size
    return found, raw[at:]


def replay(found, midnight_ns):
    """Book changes and trades as the specification tells them."""
    symbols, live, deltas, trades = {}, {}, [], []
    for kind, locate, ns, f in found:
        ts = midnight_ns + ns
        regular = 34_200 <= ns / 1e9 < 57_600
        flags = 0 if regular else 1 << 5

        def change(action, order, old, size, last=True, ts=ts, locate=locate):
            side, price = (old[0], old[1]) if old else (0, 0)
            row = (ts, symbols[locate], order or ORDER_ZERO, action, side, price * DOLLAR_UNIT, size * SHARE)
            deltas.append((*row, 128 if last else 0))

        if kind == "R":
            symbols[locate] = f[0].decode().strip()
        elif kind in "AF":
            live[f[0]] = [int(f[1] == b"S"), f[4], f[2]]
            change(ADD, f[0], live[f[0]], f[2])
        elif kind in "EX":
            old = live.get(f[0])
            change(EXECUTE if kind == "E" else CANCEL, f[0], old, f[1])
            if old:
                old[2] -= f[1]
                if old[2] <= 0:
                    del live[f[0]]
                if kind == "E":
                    taker = 1 if old[0] else -1
                    trades.append((ts, symbols[locate], old[1] * DOLLAR_UNIT, f[1] * SHARE, flags, f[2], taker))
        elif kind == "D":
            old = live.pop(f[0], None)
            change(DELETE, f[0], old, old[2] if old else 0)
        elif kind == "U":
            old = live.pop(f[0], None)
            change(DELETE, f[0], old, old[2] if old else 0, last=old is None)
            if old:
                live[f[1]] = [old[0], f[3], f[2]]
                change(ADD, f[1], live[f[1]], f[2])
        elif kind == "P":
            trades.append((ts, symbols[locate], f[4] * DOLLAR_UNIT, f[2] * SHARE, flags, f[5], 0))
    return symbols, live, deltas, trades


def new_york_midnight_ns(date):
    moment = dt.datetime.fromisoformat(date).replace(tzinfo=ZoneInfo("America/New_York"))
    return int(moment.timestamp()) * 1_000_000_000


def test_the_simulated_day_equals_a_reading_from_the_specification(data_file):
    path = data_file(SIMULATED)
    found, rest = messages(gzip.decompress(path.read_bytes()))
    assert rest == b""
    symbols, live, deltas, trades = replay(found, new_york_midnight_ns("2010-12-24"))
    data = tw.feeds.itch(path)  # the date is in the name
    assert data.symbols == list(symbols.values())
    assert data.report["rows"] == len(found) == 12_012
    ours = data.deltas
    columns = (ours.ts, ours.instrument, ours.order, ours.action, ours.side, ours.price, ours.size, ours.flags)
    rows = [(t, data.symbols[i], *r) for t, i, *r in zip(*(c.tolist() for c in columns), strict=True)]
    same = sum(a == b for a, b in zip(rows, deltas, strict=True))
    print(f"ITCH: {same} of {len(deltas)} book changes equal, {len(live)} orders left")
    assert same == len(deltas) == 7_010
    ours = data.trades
    columns = (ours.ts, ours.instrument, ours.price, ours.size, ours.flags, ours.id, ours.aggressor)
    rows = [(t, data.symbols[i], *r) for t, i, *r in zip(*(c.tolist() for c in columns), strict=True)]
    same = sum(a == b for a, b in zip(rows, trades, strict=True))
    print(f"ITCH: {same} of {len(trades)} trades equal")
    assert same == len(trades) == 5_180
    assert len(data.statuses) == 3


def test_counts_by_type_are_those_of_the_simulated_day(data_file):
    decoder = tw.feeds.ItchDecoder(date="2010-12-24")
    decoder.read(data_file(SIMULATED))
    expected = {"P": 5000, "A": 4997, "D": 1745, "E": 198, "X": 45, "U": 12, "S": 6, "R": 3, "H": 3, "F": 3}
    assert decoder.counts == expected


def test_the_head_of_a_real_day_is_read_and_its_cut_message_reported(data_file):
    path = data_file(HEAD)
    raw = path.read_bytes()
    found, rest = messages(raw)
    assert Counter(kind for kind, *_ in found) == {"R": 98, "S": 1, "H": 1, "Y": 1}
    assert len(rest) == 15
    with pytest.raises(tw.ConfigError, match="date"):
        tw.feeds.itch(path)
    with pytest.raises(tw.DataError, match="cut: 15 bytes"):
        tw.feeds.itch(path, date="2019-01-30")
    decoder = tw.feeds.ItchDecoder(date=dt.date(2019, 1, 30), policy={"malformed": "drop"})
    data = decoder.read(path)
    assert data.report.found("malformed") == 1
    assert data.symbols == [f[0].decode().strip() for kind, _, _, f in found if kind == "R"]
    times = [ns for _, _, ns, _ in found]
    assert (min(times), max(times)) == pytest.approx((11_039.69e9, 11_314.24e9), abs=1e7)
    midnight = new_york_midnight_ns("2019-01-30")
    halts = [(midnight + ns, data.symbols.index(f[0].decode().strip())) for kind, _, ns, f in found if kind == "H"]
    assert list(zip(data.statuses.ts.tolist(), data.statuses.instrument.tolist(), strict=True)) == halts
    assert data.statuses.state.tolist() == [0]


def test_symbols_asked_for_are_all_that_comes(data_file):
    path = data_file(SIMULATED)
    whole, bob = tw.feeds.itch(path), tw.feeds.itch(path, symbols=["BOB"])
    assert bob.symbols == ["BOB"]
    wanted = whole.deltas.instrument == whole.symbols.index("BOB")
    assert np.array_equal(bob.deltas.order, whole.deltas.order[wanted])
    assert np.array_equal(bob.deltas.price, whole.deltas.price[wanted])
    assert 0 < len(bob.trades) < len(whole.trades)
