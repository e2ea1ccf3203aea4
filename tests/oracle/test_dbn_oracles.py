"""DBN: every file, record by record, against Databento's own Python package."""

import re
from collections import Counter

import pyarrow as pa
import pytest

import tickwright as tw

databento_dbn = pytest.importorskip("databento_dbn")
pytestmark = pytest.mark.oracle

UNDEF_PRICE, UNDEF_SIZE, UNIT = (1 << 63) - 1, (1 << 32) - 1, 1_000_000_000
LAST, SNAPSHOT, GAP, DAILY = 1 << 7, 1 << 8, 1 << 10, 1 << 18
ACTIONS = {"A": 0, "C": 1, "R": 4, "M": 5}
BAR_SECONDS = {"OHLCV_1S": 1, "OHLCV_1M": 60, "OHLCV_1H": 3_600, "OHLCV_1D": 86_400, "OHLCV_EOD": 86_400}
SAMPLED = {"BBO_1S", "BBO_1M", "CBBO_1S", "CBBO_1M"}
NAMES = {"MBP_0": "trades", "INSTRUMENT_DEF": "definition"}


def theirs(path):
    """Metadata, or None, and the records."""
    raw = path.read_bytes()
    if path.suffix == ".zst":
        raw = pa.input_stream(str(path), compression="zstd").read()
    fragment = re.search(r"(?:\.v(\d))?\.dbn\.frag", path.name)
    settings = {"has_metadata": False, "input_version": int(fragment[1] or 3)} if fragment else {}
    decoder = databento_dbn.DBNDecoder(**settings)
    decoder.write(raw)
    records = decoder.decode()
    return (None, records) if fragment else (records[0], records[1:])


def symbol_of(metadata, record):
    """The symbol of the record's instrument id on its day."""
    mappings = {} if metadata is None else metadata.mappings
    at = getattr(record, "ts_recv", record.ts_event)
    for symbol, intervals in mappings.items():
        for interval in intervals:
            start, end = (
                int(pa.scalar(interval[k], pa.date32()).value) * 86_400 * UNIT for k in ("start_date", "end_date")
            )
            if interval["symbol"] == str(record.instrument_id) and start <= at < end:
                return symbol
    return f"#{record.instrument_id}"


def price(raw):
    return 0 if raw == UNDEF_PRICE else raw


def size(raw):
    return 0 if raw == UNDEF_SIZE else raw * UNIT


def flags(record):
    raw = int(record.flags)
    return (LAST if raw & 128 else 0) | (SNAPSHOT if raw & 32 else 0) | (GAP if raw & 4 else 0)


def expected(metadata, records):
    """Quotes, trades, bars, book changes and trading states that the records tell."""
    out = {"quotes": [], "trades": [], "bars": [], "deltas": [], "statuses": []}
    touches = {}
    for r in records:
        kind = r.rtype.name if hasattr(r.rtype, "name") else str(r.rtype).split(".")[-1].upper()
        symbol = symbol_of(metadata, r)
        if kind == "MBO" and str(r.action) in ACTIONS:
            ts = r.ts_recv if int(r.flags) & 32 else r.ts_event
            side = {"B": [0], "A": [1], "N": [0, 1] if str(r.action) == "R" else [0]}[str(r.side)]
            for one in side:
                bits = flags(r) & ~(0 if one == side[-1] else LAST)
                row = (
                    ts,
                    symbol,
                    r.order_id,
                    ACTIONS[str(r.action)],
                    one,
                    price(r.price),
                    size(r.size),
                    bits,
                    r.ts_recv,
                    r.sequence,
                )
                out["deltas"].append(row)
        elif kind in BAR_SECONDS:
            bits = DAILY if BAR_SECONDS[kind] == 86_400 else 0
            row = (
                r.ts_event + BAR_SECONDS[kind] * UNIT,
                r.ts_event,
                symbol,
                r.open,
                r.high,
                r.low,
                r.close,
                r.volume * UNIT,
                bits,
            )
            out["bars"].append(row)
        elif kind == "STATUS":
            out["statuses"].append((r.ts_event, symbol, str(int(r.action)), str(int(r.reason)), r.ts_recv))
        if hasattr(r, "levels"):
            level = r.levels[0]
            touch = (level.bid_px, level.ask_px, level.bid_sz, level.ask_sz)
            if touches.get(r.instrument_id) != touch:
                touches[r.instrument_id] = touch
                bid = (price(level.bid_px), 0 if level.bid_px == UNDEF_PRICE else size(level.bid_sz))
                ask = (price(level.ask_px), 0 if level.ask_px == UNDEF_PRICE else size(level.ask_sz))
                ts = r.ts_recv if kind in SAMPLED else r.ts_event
                out["quotes"].append((ts, symbol, bid[0], ask[0], bid[1], ask[1], flags(r), r.ts_recv))
        if kind not in SAMPLED and str(getattr(r, "action", "")) == "T":
            taker = {"B": 1, "A": -1, "N": 0}[str(r.side)]
            out["trades"].append((r.ts_event, symbol, price(r.price), size(r.size), flags(r) & ~LAST, r.ts_recv, taker))
    return {name: sorted(rows, key=lambda row: row[0]) for name, rows in out.items()}


COLUMNS = {
    "quotes": "ts instrument bid ask bid_size ask_size flags recv",
    "trades": "ts instrument price size flags recv aggressor",
    "bars": "ts start instrument open high low close volume flags",
    "deltas": "ts instrument order action side price size flags recv sequence",
    "statuses": "ts instrument code reason_code recv",
}


def ours(data, kind):
    batch = getattr(data, kind)
    if not len(batch):
        return []
    named, labels = [], data._core.columns(kind).labels
    for name in COLUMNS[kind].split():
        values = getattr(batch, name).tolist()
        if name == "instrument":
            values = [data.symbols[i] for i in values]
        elif name in ("code", "reason_code"):
            values = [labels[i] for i in values]
        named.append(values)
    return list(zip(*named, strict=True))


def test_every_file_equals_databento_record_by_record(data_dir):
    paths = sorted(p for folder in ("dbn", "databento") for p in (data_dir / folder).glob("*.dbn*"))
    totals, equal, files = Counter(), Counter(), 0
    for path in paths:
        metadata, records = theirs(path)
        data = tw.feeds.dbn(path)
        assert data.report["rows"] == len(records), path.name
        want = expected(metadata, records)
        for kind, rows in want.items():
            found = ours(data, kind)
            assert len(found) == len(rows), (path.name, kind)
            totals[kind] += len(rows)
            equal[kind] += sum(a == b for a, b in zip(found, rows, strict=True))
            assert found == rows, (path.name, kind)
        files += 1
    shares = ", ".join(f"{kind} {equal[kind]} of {totals[kind]}" for kind in totals)
    print(f"DBN: {files} files; {shares}")
    assert files == 76
    assert all(totals[kind] > 0 for kind in COLUMNS)


def test_the_predecessor_of_dbn_is_refused_by_name(data_file):
    with pytest.raises(tw.DataError, match="DBZ"):
        tw.feeds.dbn(data_file("dbn/test_data.mbo.dbz"))


def test_bytes_cut_anywhere_give_the_whole(data_file):
    raw = data_file("dbn/test_data.mbp-1.dbn").read_bytes()
    decoder = tw.feeds.DbnDecoder()
    for i in range(0, len(raw), 7):
        decoder.feed(raw[i : i + 7])
    data = decoder.finish()
    assert ours(data, "quotes") == ours(tw.feeds.dbn(data_file("dbn/test_data.mbp-1.dbn")), "quotes")
    assert decoder.counts == {"mbp-1": 2}
    decoder.feed(raw[:-3])
    with pytest.raises(tw.DataError, match="cut"):
        decoder.finish()
