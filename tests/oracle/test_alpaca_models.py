"""Frames of every kind, generated, against alpaca-py's own models: every field that both have is equal."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tickwright as tw

msgpack = pytest.importorskip("msgpack")
websocket = pytest.importorskip("alpaca.data.live.websocket")

pytestmark = pytest.mark.oracle

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
STREAM = websocket.DataStream("", "", "")
TALLY: dict[str, int] = {}

symbols = st.sampled_from(["AAPL", "BRK.B", "BTC/USD", "A", "SHIB/USDT", "LONGSYMBOL.WITH.DOTS"])
letters = st.sampled_from("ABCDKMNPQVXYZ")
conditions = st.lists(st.sampled_from("@ FITR4M"), max_size=4)
times = st.integers(0, 4_000_000_000_000_000_000)
ids = st.integers(0, 2**64 - 1)
# Numbers as both encodings carry them: whole, or the double nearest to a decimal of at most nine places.
prices = st.one_of(
    st.integers(0, 900_000_000),
    st.builds(lambda units, places: float(Decimal(units).scaleb(-places)), st.integers(0, 10**15), st.integers(6, 9)),
    st.integers(1, 2_000_000).map(lambda cents: cents / 100),
)
words = st.text(max_size=12)
levels = st.lists(st.fixed_dictionaries({"p": prices, "s": prices}), max_size=4)


def message(kind: str, fields: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Messages of `kind` with their keys in any order; ``T`` may come last."""
    strategy = st.fixed_dictionaries({"T": st.just(kind), **fields}, optional={**optional, "future": words})
    return strategy.flatmap(lambda m: st.permutations(list(m.items())).map(dict))


market = {"S": symbols, "t": times}
bar = {
    **market,
    "o": prices,
    "h": prices,
    "l": prices,
    "c": prices,
    "v": prices,
    "n": st.integers(0, 10**9),
    "vw": prices,
}
quote = {**market, "bp": prices, "bs": prices, "ap": prices, "as": prices}
MESSAGES = {
    "t": message("t", {**market, "p": prices, "s": prices}, {"i": ids, "x": letters, "c": conditions, "z": letters}),
    "q": message("q", quote, {"bx": letters, "ax": letters, "c": conditions, "z": letters}),
    "b": message("b", bar, {}),
    "u": message("u", bar, {}),
    "d": message("d", bar, {}),
    "s": message(
        "s", {**market, "sc": st.sampled_from("HTQP235"), "sm": words, "rc": words, "rm": words, "z": letters}, {}
    ),
    "l": message("l", {**market, "u": prices, "d": prices, "i": letters, "z": letters}, {}),
    "x": message(
        "x", {**market, "x": letters, "p": prices, "s": prices, "z": letters}, {"i": ids, "a": st.sampled_from("CE")}
    ),
    "c": message(
        "c",
        {
            **market,
            **{"x": letters, "op": prices, "os": prices, "oc": conditions},
            **{"cp": prices, "cs": prices, "cc": conditions, "z": letters},
        },
        {"oi": ids, "ci": ids},
    ),
    "o": message("o", {**market, "b": levels, "a": levels}, {"r": st.booleans()}),
    "n": message(
        "n",
        {
            "id": st.integers(0, 2**53),
            **dict.fromkeys(("headline", "summary", "author", "content", "source"), words),
            **{"url": st.none() | words, "symbols": st.lists(symbols, max_size=3)},
            **{"created_at": times, "updated_at": times},
        },
        {"images": st.just([])},
    ),
}


def packed(value: Any, key: str | None = None) -> Any:
    """Put msgpack's timestamp extension for the times in `value`."""
    if isinstance(value, list):
        return [packed(item) for item in value]
    if isinstance(value, dict):
        return {name: packed(item, name) for name, item in value.items()}
    if key in ("t", "created_at", "updated_at"):
        return msgpack.Timestamp(*divmod(value, 10**9))
    return value


def text_time(ns: int) -> str:
    whole, fraction = divmod(ns, 10**9)
    digits = f".{fraction:09}".rstrip("0").rstrip(".")
    return (EPOCH + dt.timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S") + digits + "Z"


def texted(value: Any, key: str | None = None) -> Any:
    """Put RFC 3339 for the times in `value`."""
    if isinstance(value, list):
        return [texted(item) for item in value]
    if isinstance(value, dict):
        return {name: texted(item, name) for name, item in value.items()}
    return text_time(value) if key in ("t", "created_at", "updated_at") else value


def raw(number: float) -> int:
    """Units of 1e-9 of the shortest decimal that stands for `number`."""
    scaled = Decimal(repr(number)).scaleb(9)
    assert scaled == scaled.to_integral_value()
    return int(scaled)


def moment(when: dt.datetime) -> int:
    """Nanoseconds of a time of alpaca-py, which keeps microseconds."""
    return (when - EPOCH) // dt.timedelta(microseconds=1) * 1000


def micros(ns: Any) -> int:
    """Return our time as alpaca-py can hold it."""
    return int(ns) // 1000 * 1000


def code(letter: Any) -> int:
    return 0 if letter is None else ord(getattr(letter, "value", letter))


def joined(codes: list[str] | None) -> int:
    return int.from_bytes("".join(codes or []).encode(), "little")


def same_time(ours: Any, theirs: dt.datetime) -> bool:
    """Return whether both are the same microsecond; theirs goes through a float and may be the one beside it."""
    return abs(micros(ours) - moment(theirs)) <= 1000


def compare(kind: str, ours: tw.MarketData, m: dict[str, Any]) -> None:
    """Assert that `ours`, of the one message `m`, says what alpaca-py's model of it says."""
    theirs = STREAM._cast(packed(m))
    if kind == "n":
        (item,) = ours.news
        assert item["ts"] == m["created_at"]
        assert same_time(item["ts"], theirs.created_at)
        assert same_time(item["updated"], theirs.updated_at)
        assert item["symbols"] == theirs.symbols
        names = ("id", "headline", "summary", "author", "content", "source")
        assert [item[name] for name in names] == [getattr(theirs, name) for name in names]
        assert item["url"] == (theirs.url or "")
        return
    rows = {
        "t": "trades",
        "q": "quotes",
        "s": "statuses",
        "l": "bands",
        "x": "corrections",
        "c": "corrections",
        "o": "deltas",
    }
    c = getattr(ours, rows.get(kind, "bars"))
    if kind == "o":
        compare_book(c, m, theirs)
        return
    assert len(c) == 1
    start = c.start[0] if kind in "bud" else c.ts[0]
    assert start == m["t"]
    assert c.symbols[c.instrument[0]] == m["S"]
    if kind == "l":  # alpaca-py has no model of it and gives the message
        expected = [raw(m["u"]), raw(m["d"]), code(m["i"]), code(m["z"])]
        assert [c.upper[0], c.lower[0], c.indicator[0], c.tape[0]] == expected
        return
    assert same_time(start, theirs.timestamp)
    if kind == "t":
        assert [c.price[0], c.size[0]] == [raw(theirs.price), raw(theirs.size)]
        assert [c.id[0], c.conditions[0]] == [theirs.id or 0, joined(theirs.conditions)]
        assert [c.venue[0], c.tape[0]] == [code(theirs.exchange), code(theirs.tape)]
    elif kind == "q":
        assert [c.bid[0], c.bid_size[0]] == [raw(theirs.bid_price), raw(theirs.bid_size)]
        assert [c.ask[0], c.ask_size[0]] == [raw(theirs.ask_price), raw(theirs.ask_size)]
        assert [c.bid_venue[0], c.ask_venue[0]] == [code(theirs.bid_exchange), code(theirs.ask_exchange)]
        assert [c.conditions[0], c.tape[0]] == [joined(theirs.conditions), code(theirs.tape)]
    elif kind in "bud":
        for name in ("open", "high", "low", "close", "volume", "vwap"):
            assert getattr(c, name)[0] == raw(getattr(theirs, name)), name
        assert c.trades[0] == theirs.trade_count
    elif kind == "s":
        row = c.to_arrow().to_pylist()[0]
        assert [row["code"], row["message"]] == [theirs.status_code, theirs.status_message]
        assert [row["reason_code"], row["reason"]] == [theirs.reason_code, theirs.reason_message]
        assert row["tape"] == theirs.tape
    elif kind == "x":
        assert [c.original_price[0], c.original_size[0]] == [raw(theirs.price), raw(theirs.size)]
        assert [c.original_id[0], c.action[0]] == [theirs.id or 0, code(theirs.action)]
        assert [c.venue[0], c.tape[0]] == [code(theirs.exchange), code(theirs.tape)]
    else:
        for name, mine in (("original", "original_"), ("corrected", "")):
            of = {part: getattr(theirs, f"{name}_{part}") for part in ("price", "size", "id", "conditions")}
            assert getattr(c, f"{mine}price")[0] == raw(of["price"])
            assert getattr(c, f"{mine}size")[0] == raw(of["size"])
            assert getattr(c, f"{mine}id")[0] == (of["id"] or 0)
            assert getattr(c, f"{mine}conditions")[0] == joined(of["conditions"])


def compare_book(c: tw.data.Columns, m: dict[str, Any], theirs: Any) -> None:
    """Assert that book changes `c` are the levels of `theirs`; a snapshot clears both sides first."""
    expected: list[tuple[int, int, int, int]] = []  # action, side, price, size
    for side, rows in enumerate((theirs.bids, theirs.asks)):
        expected += [(4, side, 0, 0)] if theirs.reset else []
        expected += [(0 if level.size else 2, side, raw(level.price), raw(level.size)) for level in rows]
    assert list(zip(c.action.tolist(), c.side.tolist(), c.price.tolist(), c.size.tolist(), strict=True)) == expected
    assert all(ts == m["t"] for ts in c.ts)


@pytest.mark.parametrize("kind", sorted(MESSAGES))
def test_every_field_of_a_generated_message_is_what_alpaca_py_reads(kind: str) -> None:
    @settings(max_examples=150)
    @given(MESSAGES[kind])
    def check(m: dict[str, Any]) -> None:
        decoder = tw.feeds.AlpacaDecoder()
        ours = decoder.push(msgpack.packb([packed(m)]))
        assert decoder.report["events"] == ours.report["events"]
        compare(kind, ours, m)
        compare(kind, tw.feeds.AlpacaDecoder().push(json.dumps([texted(m)])), m)
        assert decoder.counts["unknown_keys"] == ("future" in m)
        TALLY[kind] = TALLY.get(kind, 0) + 2

    check()
    print(f"alpaca-py {kind}: {TALLY[kind]} of {TALLY[kind]} frames equal, half of them msgpack, half JSON")


def columns_of(data: tw.MarketData) -> dict[str, Any]:
    kinds = ("quotes", "trades", "bars", "deltas", "statuses", "bands", "corrections")
    return {kind: getattr(data, kind).to_arrow().to_pydict() for kind in kinds} | {"news": data.news}


@settings(max_examples=150)
@given(st.lists(st.one_of(*MESSAGES.values()), max_size=8))
def test_a_frame_of_many_kinds_is_the_same_in_both_encodings_at_once_and_one_by_one(
    messages: list[dict[str, Any]],
) -> None:
    whole = columns_of(tw.feeds.AlpacaDecoder().push(msgpack.packb(packed(messages))))
    assert columns_of(tw.feeds.AlpacaDecoder().push(json.dumps(texted(messages)))) == whole
    single = tw.feeds.AlpacaDecoder()
    for m in messages:
        single.feed(msgpack.packb([packed(m)]))
    assert columns_of(single.take()) == whole


@given(st.lists(MESSAGES["b"], min_size=1, max_size=5), st.sampled_from([None, "token"]))
def test_history_pages_give_what_alpaca_py_reads(messages: list[dict[str, Any]], token: str | None) -> None:
    from alpaca.data.models import BarSet

    by_symbol: dict[str, list[Any]] = {}
    for m in texted(messages):
        by_symbol.setdefault(m["S"], []).append({key: m[key] for key in m if key not in ("S", "T")})
    decoder = tw.feeds.AlpacaHistoryDecoder(timeframe="1Min")
    ours = decoder.push(json.dumps({"bars": by_symbol, "next_page_token": token}))
    assert decoder.next_page_token() == token
    rows = ours.bars.to_arrow().to_pylist()
    for symbol, theirs in BarSet(by_symbol).data.items():
        mine = [row for row in rows if row["symbol"] == symbol]
        key = lambda bar: (bar.timestamp, raw(bar.open), raw(bar.close))  # noqa: E731
        expected = sorted(
            (raw(b.open), raw(b.high), raw(b.low), raw(b.close), raw(b.volume)) for b in sorted(theirs, key=key)
        )
        assert sorted(tuple(row[n] for n in ("open", "high", "low", "close", "volume")) for row in mine) == expected
        page = {"symbol": symbol, "bars": by_symbol[symbol]}
        alone = tw.feeds.alpaca_history([json.dumps(page)]).bars.to_arrow().to_pylist()
        assert alone == mine
