"""Alpaca's stream frames to usable events: ours, alpaca-py's models, and the fastest decoders of the two encodings."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from benches import inputs
from benches.registry import Work, measure

if TYPE_CHECKING:
    import tickwright as tw

QUOTES = 100_000
SIZES = (1, 100)


@lru_cache(maxsize=8)
def frames(size: int, encoding: str, count: int = QUOTES) -> list[bytes]:
    """Return `count` quotes in frames of `size`, times as each encoding's wire has them."""
    import msgpack
    import orjson

    def stamped(message: dict[str, Any]) -> dict[str, Any]:
        t = message["t"]
        if encoding == "json":
            return {**message, "t": f"{np.datetime64(t, 'ns')}Z"}
        return {**message, "t": msgpack.Timestamp(*divmod(t, 10**9))}

    messages = [stamped(message) for message in inputs.alpaca_messages(count)]
    pack = orjson.dumps if encoding == "json" else msgpack.packb
    return [pack(messages[i : i + size]) for i in range(0, count, size)]


def ours(decoder: "tw.feeds.AlpacaDecoder", data: list[bytes], count: int) -> int:
    """Feed all frames, take the events and return how many there are."""
    feed = decoder.feed
    for frame in data:
        feed(frame)
    quotes = decoder.take().quotes
    if len(quotes) != count:
        raise RuntimeError(f"{len(quotes)} of {count} quotes were decoded")
    return len(quotes)


def case(name: str, size: int, encoding: str) -> None:
    """Register ours for frames of `size`."""

    @measure(name)
    def factory() -> Work:
        import tickwright as tw

        data, decoder = frames(size, encoding), tw.feeds.AlpacaDecoder()
        return Work(lambda: ours(decoder, data, QUOTES), items=QUOTES)


for _size in SIZES:
    case(f"alpaca_msgpack_{_size}", _size, "msgpack")
    case(f"alpaca_json_{_size}", _size, "json")


@measure("alpaca_push_1")
def alpaca_push_1() -> Work:
    """Push frames of one quote, each to a `MarketData` of its own."""
    import tickwright as tw

    data, push = frames(1, "msgpack"), tw.feeds.AlpacaDecoder().push

    def run() -> int:
        return sum(len(push(frame)) for frame in data)

    return Work(run, items=QUOTES)


def scaling(name: str, count: int) -> None:
    """Register ours for `count` quotes in frames of 100, the same frames again and again, taken every million."""

    @measure(f"alpaca_scale_{name}")
    def factory() -> Work:
        import tickwright as tw

        data, decoder = frames(100, "msgpack")[: max(count // 100, 1)], tw.feeds.AlpacaDecoder()
        once = min(count, 1_000_000)
        batch = data * (once // (100 * len(data)))

        def run() -> int:
            return sum(ours(decoder, batch, once) for _ in range(count // once))

        return Work(run, items=count)


scaling("1k", 1_000)
scaling("10k", 10_000)
scaling("100k", 100_000)
scaling("1m", 1_000_000)
scaling("10m", 10_000_000)


def peer(name: str, size: int, encoding: str, decode: Callable[[], Callable[[bytes], object]]) -> None:
    """Register a peer that decodes one frame at a time; it counts what it made."""

    @measure(name)
    def factory() -> Work:
        data, one = frames(size, encoding), decode()

        def run() -> int:
            return sum(len(one(frame)) for frame in data)  # type: ignore[arg-type]

        return Work(run, items=QUOTES)


def alpaca_py() -> Callable[[bytes], object]:
    """Return what alpaca-py does with a frame before a handler sees its quotes."""
    import msgpack
    from alpaca.data.live.websocket import DataStream

    cast = DataStream("", "", "")._cast
    return lambda frame: [cast(message) for message in msgpack.unpackb(frame)]


def msgspec_structs() -> Callable[[bytes], object]:
    """Return msgspec's decoder into typed structs, the timestamp left as its extension's bytes."""
    import msgspec

    names = [("T", str), ("S", str), ("bx", str), ("bp", float), ("bs", int), ("ax", str), ("ap", float), ("as_", int)]
    rest = [("c", list[str]), ("z", str), ("t", msgspec.msgpack.Ext)]
    quote = msgspec.defstruct("Quote", [*names, *rest], rename={"as_": "as"})
    return msgspec.msgpack.Decoder(list[quote]).decode  # type: ignore[valid-type]


def orjson_dicts() -> Callable[[bytes], object]:
    """Return orjson's decoder into dictionaries."""
    import orjson

    return orjson.loads


for _size in SIZES:
    peer(f"alpaca_py_{_size}", _size, "msgpack", alpaca_py)
    peer(f"msgspec_{_size}", _size, "msgpack", msgspec_structs)
    peer(f"orjson_{_size}", _size, "json", orjson_dicts)
