"""Binance lines: our decoder against orjson, which only makes dictionaries of the same messages.

The lines are seeded and have the shape of recorded ones: 68 levels a depth update. Both sides give the number of
messages; before anything is timed, prices and sizes that we decode are held against orjson's, to the last digit.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from benches import inputs
from benches.registry import Work, measure

LEVELS = 68
PIECE_BYTES = 1 << 16
# Without it updates would be kept for a snapshot to come.
SNAPSHOT = b'1723161255030314667 {"s":"BTCUSDT","lastUpdateId":0,"T":1,"bids":[],"asks":[]}\n'
LINES = {"depth": 2_000, "book_ticker": 20_000, "trade": 20_000}


@lru_cache(maxsize=len(LINES))
def messages(kind: str) -> list[bytes]:
    """Return seeded messages of `kind`, as a socket gives them."""
    rng = np.random.default_rng(inputs.SEED)
    n = LINES[kind]
    ticks = 600_000 + np.cumsum(rng.integers(-1, 2, n))
    times = 1_723_161_256_000 + np.arange(n)
    out = []
    for i, (tick, ms) in enumerate(zip(ticks.tolist(), times.tolist(), strict=True)):
        bid, ask = f"{tick // 10}.{tick % 10}0", f"{(tick + 1) // 10}.{(tick + 1) % 10}0"
        if kind == "book_ticker":
            sizes = (rng.integers(1, 20_000, 2) / 1000).tolist()
            text = (
                f'{{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":{i + 1},"s":"BTCUSDT","b":"{bid}",'
                f'"B":"{sizes[0]:.3f}","a":"{ask}","A":"{sizes[1]:.3f}","T":{ms},"E":{ms}}}}}'
            )
        elif kind == "trade":
            size, maker = rng.integers(1, 20_000) / 1000, "true" if i % 2 else "false"
            text = (
                f'{{"stream":"btcusdt@trade","data":{{"e":"trade","E":{ms},"T":{ms},"s":"BTCUSDT",'
                f'"t":{5_266_583_935 + i},"p":"{bid}","q":"{size:.3f}","X":"MARKET","m":{maker}}}}}'
            )
        else:
            away, sizes = rng.integers(1, 5_000, LEVELS), rng.integers(0, 20_000, LEVELS) / 1000
            ways = [-1, 1] * (LEVELS // 2)
            prices = [tick + way * far for way, far in zip(ways, away.tolist(), strict=True)]
            levels = [
                f'["{price // 10}.{price % 10}0","{size:.3f}"]'
                for price, size in zip(prices, sizes.tolist(), strict=True)
            ]
            bids, asks = ",".join(levels[::2]), ",".join(levels[1::2])
            text = (
                f'{{"stream":"btcusdt@depth@0ms","data":{{"e":"depthUpdate","E":{ms},"T":{ms},"s":"BTCUSDT",'
                f'"U":{2 * i + 1},"u":{2 * i + 2},"pu":{2 * i},"b":[{bids}],"a":[{asks}]}}}}'
            )
        out.append(text.encode())
    return out


def numbers(kind: str) -> list[str]:
    """Return prices and sizes of all messages as orjson gives them, in the order of ours."""
    import orjson

    found: list[str] = []
    for message in messages(kind):
        m = orjson.loads(message)["data"]
        if kind == "depth":
            found += [text for side in "ba" for level in m[side] for text in level]
        else:
            found += [m[key] for key in ("bBaA" if kind == "book_ticker" else "pq")]
    return found


def check(kind: str) -> None:
    """Raise where our prices and sizes are not those of orjson, to the last digit."""
    from decimal import Decimal

    import tickwright as tw

    data = tw.feeds.BinanceDecoder().push(b"".join(b"1 %b\n" % m for m in messages(kind)))
    columns, names = {
        "depth": (data.deltas, ("price", "size")),
        "book_ticker": (data.quotes, ("bid", "bid_size", "ask", "ask_size")),
        "trade": (data.trades, ("price", "size")),
    }[kind]
    ours = np.stack([getattr(columns, name) for name in names], axis=1).ravel().tolist()
    if ours != [int(Decimal(text).scaleb(9)) for text in numbers(kind)]:
        raise RuntimeError(f"the decoded {kind} messages are not those of orjson")


def over(kind: str) -> None:
    """Register our decoder and orjson over messages of `kind`."""

    @measure(f"binance_{kind}")
    def ours() -> Work:
        import tickwright as tw

        check(kind)
        raw = b"".join(b"1723161255030314667 %b\n" % m for m in messages(kind))
        pieces = [raw[i : i + PIECE_BYTES] for i in range(0, len(raw), PIECE_BYTES)]

        def run() -> int:
            decoder = tw.feeds.BinanceDecoder()
            decoder.feed(SNAPSHOT)
            for piece in pieces:
                decoder.push(piece)
            return int(decoder.report["rows"]) - 1

        return Work(run, items=LINES[kind])

    @measure(f"orjson_{kind}")
    def peer() -> Work:
        import orjson

        return Work(counted(orjson.loads, messages(kind)), items=LINES[kind])


def counted(call: Callable[[bytes], object], each: list[bytes]) -> Callable[[], int]:
    """Return work that calls `call` with each message and gives their number."""

    def run() -> int:
        count = 0
        for message in each:
            call(message)
            count += 1
        return count

    return run


for name in LINES:
    over(name)


@measure("binance_socket")
def socket() -> Work:
    """A message a call, as from a socket, the events taken at the end."""
    import tickwright as tw

    check("book_ticker")
    each = messages("book_ticker")

    def run() -> int:
        decoder = tw.feeds.BinanceDecoder(framing="message")
        feed = decoder.feed
        for message in each:
            feed(message)
        return int(decoder.take().report["rows"])

    return Work(run, items=len(each))
