"""Streams of market data of a real node: the rows are the venue's own, and a slow reader costs nobody else anything."""

import threading
from decimal import Decimal

import grpc
import numpy as np
import pyarrow as pa
import pytest

import tickwright as tw
from tests.control.rig import NodeRig
from tests.control.serving import served, serving
from tickwright.control import columns
from tickwright.control.services.market_data import MarketDataService
from tickwright.v1 import market_data_pb2 as pb
from tickwright.v1.market_data_pb2_grpc import MarketDataServiceStub

DAY = {"symbols": ["AAPL", "BAC"], "date": "2026-01-05", "seed": 5}
SCALE, SPEED = 0.4, 3_000.0
QUOTES, TRADES = columns.KINDS["quotes"], columns.KINDS["trades"]
RAW = "/tickwright.v1.MarketDataService/Subscribe"


@pytest.fixture(scope="module")
def market():
    """The day that the venue plays."""
    return tw.feeds.synthetic(**DAY, events_scale=SCALE)


@pytest.fixture
def rig(tmp_path):
    with NodeRig(tmp_path, speed=SPEED, scale=SCALE, kinds=["quotes", "trades", "bars"]) as rig:
        yield rig


@pytest.fixture
def stub(rig):
    with served(rig, lambda bridge: [MarketDataService(bridge)]) as channel:
        yield MarketDataServiceStub(channel)


class Received:
    """Rows of a stream by kind, their symbols by name; `count` of a kind, and what the messages said besides."""

    def __init__(self):
        self.rows, self.symbols, self.sequences, self.dropped = {}, [], [], 0

    def add(self, message):
        self.symbols += message.symbols
        self.sequences.append(message.sequence)
        self.dropped += message.dropped_rows
        name = message.WhichOneof("batch")
        if name is None:
            return
        batch = getattr(message, name)
        fields = [field for field, _, _ in columns.KINDS[name].columns]
        lists = [list(getattr(batch, field)) for field in fields]
        assert len({len(column) for column in lists}) == 1
        lists[0] = [self.symbols[place] for place in lists[0]]
        self.rows.setdefault(name, []).extend(zip(*lists, strict=True))

    def count(self):
        return sum(map(len, self.rows.values()))


def read(call, rows, first=(), dropped=0):
    """Read a stream until so many rows came and so many were told as dropped.

    It looks at them afterwards, so as not to be a slow reader itself.
    """
    messages, count = [*first], 0
    for message in call:
        messages.append(message)
        name = message.WhichOneof("batch")
        count += len(getattr(message, name).ts_ns) if name else 0
        dropped -= message.dropped_rows
        if count >= rows and dropped <= 0:
            break
    call.cancel()
    received = Received()
    for message in messages:
        received.add(message)
    return received


def expected(market, kind, symbols):
    """The venue's rows of a kind, as `Received` has them."""
    found = getattr(market, kind.source)
    names = [name for _, _, name in kind.columns[2:]]
    lists = [getattr(found, name).tolist() for name in names]
    named = [market.symbols[place] for place in found.instrument.tolist()]
    return [row for row in zip(named, found.ts.tolist(), *lists, strict=True) if row[0] in symbols]


def assert_same_rows(received, wanted, least):
    """All rows between the first and the last moment that was received are there, in order, symbol by symbol."""
    first, last = received[0][1], received[-1][1]
    for symbol in {row[0] for row in wanted}:
        ours = [row for row in received if row[0] == symbol and first < row[1] < last]
        theirs = [row for row in wanted if row[0] == symbol and first < row[1] < last]
        assert ours == theirs
        assert len(ours) >= least


def test_a_subscriber_gets_the_rows_of_the_venue(stub, market):
    received = read(stub.Subscribe(pb.SubscribeRequest(kinds=["DATA_KIND_QUOTES", "DATA_KIND_TRADES"])), 6_000)
    for kind in (QUOTES, TRADES):
        assert_same_rows(received.rows[kind.name], expected(market, kind, {"AAPL", "BAC"}), 300)
    assert received.sequences == list(range(len(received.sequences)))
    assert received.dropped == 0
    print(f"{received.count()} rows of {received.count()} as the venue has them")


def test_only_what_was_asked_for_comes(stub, market):
    request = pb.SubscribeRequest(kinds=["DATA_KIND_TRADES"], symbols=["BAC"], max_rows=7)
    received = read(stub.Subscribe(request), 500)
    assert set(received.rows) == {"trades"}
    assert received.symbols == ["BAC"]
    assert_same_rows(received.rows["trades"], expected(market, TRADES, {"BAC"}), 300)


def test_arrow_has_the_rows_of_the_venue(stub, market):
    request = pb.SubscribeRequest(kinds=["DATA_KIND_QUOTES"], format="BATCH_FORMAT_ARROW")
    parts, rows = [], 0
    call = stub.Subscribe(request)
    for message in call:
        if message.arrow_ipc:
            parts.append(pa.ipc.open_stream(message.arrow_ipc).read_all())
            rows += parts[-1].num_rows
        if rows > 3_000:
            break
    call.cancel()
    assert parts[0].schema.metadata[b"kind"] == b"quotes"
    names = ["ts", "bid", "bid_size", "ask", "ask_size"]
    received = []
    for part in parts:
        lists = [part["symbol"].to_pylist(), *(part[name].cast(pa.int64()).to_pylist() for name in names)]
        received += list(zip(*lists, strict=True))
    assert_same_rows(received, expected(market, QUOTES, {"AAPL", "BAC"}), 300)


def test_bars_are_those_of_the_venues_trades(stub, market):
    received = read(stub.Subscribe(pb.SubscribeRequest(kinds=["DATA_KIND_BARS"])), 60)
    bars = tw.bars(market, "1m")
    known = {(row[0], row[1]): row[2:] for row in expected(bars, columns.KINDS["bars"], {"AAPL", "BAC"})}
    rows = received.rows["bars"]
    assert len(rows) >= 60
    assert [row[2:] for row in rows] == [known[row[0], row[1]] for row in rows]


def test_batches_hold_no_more_rows_than_asked_for(stub):
    call = stub.Subscribe(pb.SubscribeRequest(kinds=["DATA_KIND_QUOTES"], max_rows=50, max_delay_ms=200))
    sizes = [len(next(call).quotes.ts_ns) for _ in range(30)][1:]
    call.cancel()
    assert max(sizes) == 50
    assert min(sizes) > 0


def test_streams_are_listed_while_they_are_open_and_the_node_is_left_alone_afterwards(rig, stub):
    assert rig.ask(lambda: list(rig.node.taps)) == []
    calls = [stub.Subscribe(pb.SubscribeRequest(kinds=["DATA_KIND_QUOTES"])) for _ in range(3)]
    for call in calls:
        next(call), next(call)
    listed = stub.ListSubscriptions(pb.ListSubscriptionsRequest()).subscriptions
    assert [one.what for one in listed] == ["quotes of all symbols; columns; drop_oldest"] * 3
    assert all(one.rows > 0 and one.caller == "local" for one in listed)
    assert len({one.id for one in listed}) == 3
    assert len(rig.ask(lambda: list(rig.node.taps))) == 1
    for call in calls:
        call.cancel()
    rig.until(lambda: not rig.node.taps)
    assert not stub.ListSubscriptions(pb.ListSubscriptionsRequest()).subscriptions


def test_who_comes_again_goes_on_with_new_rows(stub, market):
    request = pb.SubscribeRequest(kinds=["DATA_KIND_TRADES"])
    first, second = read(stub.Subscribe(request), 300), read(stub.Subscribe(request), 300)
    wanted = expected(market, TRADES, {"AAPL", "BAC"})
    assert first.rows["trades"][-1][1] <= second.rows["trades"][0][1]
    for received in (first, second):
        assert_same_rows(received.rows["trades"], wanted, 20)


def test_a_snapshot_has_the_prices_of_the_venue(rig, stub, market):
    known = set(expected(market, QUOTES, {"AAPL", "BAC"}))
    sold = {row[:3] for row in expected(market, TRADES, {"AAPL", "BAC"})}
    # A bar that is newer than the last trade has the last price.
    bars = expected(tw.bars(market, "1m"), columns.KINDS["bars"], {"AAPL", "BAC"})
    sold |= {(symbol, ts, close) for symbol, ts, _, _, _, close, _ in bars}
    rig.until(lambda: len([row for row in rig.node.prices() if row["quote_ns"] and row["trade_ns"]]) == 2)
    for _ in range(20):
        shown = {one.symbol: one for one in stub.GetSnapshot(pb.GetSnapshotRequest()).snapshots}
        assert set(shown) == {"AAPL", "BAC"}
        for one in shown.values():
            e9 = [int(Decimal(text) * 10**9) for text in (one.bid, one.bid_size, one.ask, one.ask_size, one.last)]
            assert (one.symbol, one.quote_ns, *e9[:4]) in known
            assert (one.symbol, one.trade_ns, e9[4]) in sold
    (only,) = stub.GetSnapshot(pb.GetSnapshotRequest(symbols=["BAC"])).snapshots
    assert only.symbol == "BAC"
    with pytest.raises(grpc.RpcError) as error:
        stub.GetSnapshot(pb.GetSnapshotRequest(symbols=["NOPE"]))
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


BAD = {
    "no kind": ({}, "INVALID_ARGUMENT", "kinds"),
    "unspecified": ({"kinds": [0]}, "INVALID_ARGUMENT", "kinds[0]"),
    "unknown kind": ({"kinds": [1, 99]}, "INVALID_ARGUMENT", "kinds[1]"),
    "kind that the node does not take": ({"kinds": [4]}, "FAILED_PRECONDITION", "orderbooks"),
    "foreign symbol": ({"kinds": [1], "symbols": ["BAC", "NOPE"]}, "INVALID_ARGUMENT", "symbols[1]"),
    "slow": ({"kinds": [1], "max_delay_ms": 10_001}, "INVALID_ARGUMENT", "max_delay_ms"),
    "large": ({"kinds": [1], "max_rows": 100_001}, "INVALID_ARGUMENT", "max_rows"),
    "format": ({"kinds": [1], "format": 9}, "INVALID_ARGUMENT", "format"),
    "conflation": ({"kinds": [1], "conflation": 9}, "INVALID_ARGUMENT", "conflation"),
}


def refused(call, *, code, text):
    with pytest.raises(grpc.RpcError) as error:
        next(call)
    assert error.value.code() is grpc.StatusCode[code]
    assert text in error.value.details()


def test_bad_requests_are_refused_and_leave_nothing_behind(rig, stub):
    for fields, code, text in BAD.values():
        refused(stub.Subscribe(pb.SubscribeRequest(**fields)), code=code, text=text)
    ema = pb.IndicatorSpec(name="ema")
    bad = {
        "none is given": [],
        "no indicator 'nope'": [pb.IndicatorSpec(name="nope")],
        "no parameter 'length'": [pb.IndicatorSpec(name="ema", parameters={"length": 3})],
        "whole number": [pb.IndicatorSpec(name="ema", parameters={"period": 2.5})],
        "period": [pb.IndicatorSpec(name="ema", parameters={"period": -1})],
        "no source": [pb.IndicatorSpec(name="ema", source="moon")],
        "needs high, low": [pb.IndicatorSpec(name="atr")],
        "twice": [pb.IndicatorSpec(name="ema", label="a"), pb.IndicatorSpec(name="sma", label="a")],
        "more than 100": [ema] * 101,
        "would remember": [pb.IndicatorSpec(name="sma", parameters={"period": 90_000})] * 50,
    }
    for text, specs in bad.items():
        request = pb.SubscribeIndicatorsRequest(indicators=specs)
        refused(stub.SubscribeIndicators(request), code="INVALID_ARGUMENT", text=text)
    assert not stub.ListSubscriptions(pb.ListSubscriptionsRequest()).subscriptions
    assert rig.ask(lambda: list(rig.node.taps)) == []


def test_indicators_are_those_of_the_batch_functions_to_the_last_bit(stub, market):
    specs = [
        pb.IndicatorSpec(name="ema", parameters={"period": 10}, label="fast"),
        pb.IndicatorSpec(name="macd", label="macd"),
        pb.IndicatorSpec(name="obv", source="price", label="volume"),
        pb.IndicatorSpec(name="rsi", parameters={"period": 5}, source="price"),
        pb.IndicatorSpec(name="atr", parameters={"period": 5}, source="close", label="atr"),
    ]
    found = {}
    call = stub.SubscribeIndicators(pb.SubscribeIndicatorsRequest(indicators=specs, symbols=["BAC"]))
    for message in call:
        assert message.conflated == 0
        for value in message.values:
            assert value.symbol == "BAC"
            found.setdefault(value.label, []).append((value.ts_ns, *value.values))
        if len(found.get("atr", ())) > 20:
            break
    call.cancel()
    assert set(found) == {"fast", "macd", "volume", "3", "atr"}
    one = market.filter(symbols="BAC")
    quotes, trades, bars = one.quotes, one.trades, tw.bars(one, "1m").bars
    mid, price, size = (quotes.bid + quotes.ask) / 2e9, trades.price / 1e9, trades.size / 1e9
    high, low, close = bars.high / 1e9, bars.low / 1e9, bars.close / 1e9
    series = {
        "fast": (quotes.ts, lambda rows: tw.indicators.ema(mid[rows], 10)),
        "macd": (quotes.ts, lambda rows: np.column_stack(tw.indicators.macd(mid[rows]))),
        "volume": (trades.ts, lambda rows: tw.indicators.obv(price[rows], size[rows])),
        "3": (trades.ts, lambda rows: tw.indicators.rsi(price[rows], 5)),
        "atr": (bars.ts, lambda rows: tw.indicators.atr(high[rows], low[rows], close[rows], 5)),
    }
    for label, (ts, compute) in series.items():
        received = np.array(found[label])
        times = [row[0] for row in found[label]]
        start = int(np.searchsorted(ts, times[0]))
        # Several rows of a moment may have come before the stream began.
        starts = [at for at in range(start, len(ts)) if ts[at] == times[0]]
        ways = [compute(slice(at, at + len(times))).reshape(len(times), -1) for at in starts]
        assert any(np.array_equal(way, received[:, 1:], equal_nan=True) for way in ways), label
        print(f"{label}: {len(times)} of {len(times)} values")


def test_the_end_of_the_service_ends_streams_with_unavailable(rig):
    ended = []

    def read_on(call):
        try:
            for _ in call:
                pass
        except grpc.RpcError as error:
            ended.append(error.code())

    with (
        serving(rig, lambda bridge: [MarketDataService(bridge)]) as one,
        grpc.insecure_channel(one.addresses[0]) as channel,
    ):
        call = MarketDataServiceStub(channel).Subscribe(pb.SubscribeRequest(kinds=["DATA_KIND_QUOTES"]))
        next(call), next(call)
        reader = threading.Thread(target=read_on, args=(call,), daemon=True)
        reader.start()
        one.stop()
        reader.join(5.0)
        assert ended == [grpc.StatusCode.UNAVAILABLE]
    rig.until(lambda: not rig.node.taps)


#: A reader whose transport takes in no more than it was asked for.
NARROW = [("grpc.http2.lookahead_bytes", 1), ("grpc.http2.bdp_probe", 0)]


def test_a_slow_reader_loses_its_own_rows_and_nobody_elses(rig, market):
    request = {"kinds": ["DATA_KIND_QUOTES", "DATA_KIND_TRADES"], "max_rows": 20, "max_delay_ms": 1}
    with (
        serving(rig, lambda bridge: [MarketDataService(bridge, waiting_rows=5_000)]) as one,
        grpc.insecure_channel(one.addresses[0]) as channel,
        grpc.insecure_channel(one.addresses[0], options=NARROW) as narrow,
    ):
        stub, slow_stub = MarketDataServiceStub(channel), MarketDataServiceStub(narrow)
        slow = {
            policy: slow_stub.Subscribe(pb.SubscribeRequest(**request, conflation=f"CONFLATION_{policy}"))
            for policy in ("DROP_OLDEST", "LATEST", "DISCONNECT")
        }
        # The first message may name symbols, if another has asked for the same before.
        first = {policy: [next(call)] for policy, call in slow.items()}
        begun = rig.ask(rig.node.status)["events"]
        received = read(stub.Subscribe(pb.SubscribeRequest(kinds=request["kinds"])), 14_000)
        # Who reads gets everything, while three others do not read.
        assert received.dropped == 0
        for kind in (QUOTES, TRADES):
            assert_same_rows(received.rows[kind.name], expected(market, kind, {"AAPL", "BAC"}), 500)
        listed = {
            one.what.rpartition("; ")[2]: one
            for one in stub.ListSubscriptions(pb.ListSubscriptionsRequest()).subscriptions
        }
        for name in ("drop_oldest", "latest"):
            assert listed[name].waiting_rows <= 5_020
            assert listed[name].dropped_rows > 4_000
        assert listed["disconnect"].waiting_rows == 0
        assert rig.ask(rig.node.status)["events"] > begun + 14_000
        with pytest.raises(grpc.RpcError) as error:
            for _ in slow["DISCONNECT"]:
                pass
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        # What was lost is told: rows that came and rows that were dropped are all there were.
        late = read(slow["DROP_OLDEST"], 4_000, first["DROP_OLDEST"], 4_001)
        assert late.dropped > 4_000
        for kind in (QUOTES, TRADES):
            known = set(expected(market, kind, {"AAPL", "BAC"}))
            assert set(late.rows[kind.name]) <= known
        # What was on its way already is told of first.
        newest = read(slow["LATEST"], 5, first["LATEST"], 4_001)
        assert newest.dropped > 4_000
