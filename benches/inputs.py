"""Seeded inputs, the same for us and for every peer."""

from dataclasses import dataclass
from typing import Any

import numpy as np

SEED = 20_131_007


@dataclass(frozen=True)
class Quotes:
    """Top-of-book quotes of one symbol by column, int64 each: nanoseconds since the epoch, cents, shares."""

    ts_ns: np.ndarray
    bid_cents: np.ndarray
    ask_cents: np.ndarray
    bid_size: np.ndarray
    ask_size: np.ndarray

    def __len__(self) -> int:
        return len(self.ts_ns)


def quotes(n: int, seed: int = SEED) -> Quotes:
    """Return `n` quotes in round lots: the mid walks by cents from 50 to 150 dollars, one or two cents to each side."""
    rng = np.random.default_rng(seed)
    walk = 10_000 + np.cumsum(rng.integers(-1, 2, n))
    # Folded at the ends, so that a walk of any length keeps a real price.
    mid = 5_000 + np.abs((walk - 5_000) % 20_000 - 10_000)
    bid_half, ask_half = rng.integers(1, 3, n), rng.integers(1, 3, n)
    ts_ns = 1_380_000_000_000_000_000 + np.cumsum(rng.integers(1_000, 1_500_000, n))
    lots = rng.integers(1, 40, (2, n)) * 100
    return Quotes(ts_ns, mid - bid_half, mid + ask_half, lots[0], lots[1])


def closes(n: int, seed: int = SEED) -> np.ndarray:
    """Return `n` closing prices around 100, float64: a geometric walk of 5 basis points a step."""
    rng = np.random.default_rng(seed)
    return 100.0 * np.exp(np.cumsum(rng.normal(0.0, 5e-4, n)))


@dataclass(frozen=True)
class Bars:
    """Bars by column, float64 each."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray


def bars(n: int, seed: int = SEED) -> Bars:
    """Return `n` bars around `closes(n)`: each opens at the close before and reaches a few cents past both."""
    rng = np.random.default_rng(seed + 1)
    close = closes(n, seed)
    opened = np.concatenate([close[:1], close[:-1]])
    up, down = np.abs(rng.normal(0.0, 0.03, (2, n)))
    high, low = np.maximum(opened, close) + up, np.minimum(opened, close) - down
    return Bars(opened, high, low, close, rng.integers(100, 20_000, n).astype(np.float64))


@dataclass(frozen=True)
class BookStream:
    """Changes of price levels and trades of one symbol, by column and in order of time."""

    ts_ns: np.ndarray
    is_trade: np.ndarray
    side: np.ndarray
    """0 the buyers' levels, 1 the sellers'; of a trade the side whose order rested."""
    cents: np.ndarray
    size: np.ndarray
    """Shares: the level's new size, 0 where it is gone, or those of the trade."""

    def __len__(self) -> int:
        return len(self.ts_ns)


def book_stream(n: int, seed: int = SEED) -> BookStream:
    """Return `n` events 50 µs apart, never two in one moment: a book whose touch is traded away and refilled.

    A quarter of the looks at the book is a trade at the touch, followed by the change of the level it came from; the
    others give a level near the touch a new size, open one inside the spread, or take one away.
    """
    rng = np.random.default_rng(seed)
    kind, pick, lots = rng.random(n), rng.random(n), rng.integers(1, 20, n)
    levels: list[dict[int, int]] = [
        {10_000 - i: 500 for i in range(1, 11)},
        {10_000 + i: 500 for i in range(1, 11)},
    ]
    rows = [(0, side, cents, size) for side in (0, 1) for cents, size in levels[side].items()]
    while len(rows) < n:
        i = len(rows)
        side = int(pick[i] * 2)
        toward = 1 if side == 0 else -1
        book = levels[side]
        best = max(book) if side == 0 else min(book)
        if kind[i] < 0.25:
            size = min(int(lots[i]) * 50, book[best])
            rows.append((1, side, best, size))
            left = book[best] - size
            if left == 0 and len(book) == 1:
                left = 500
            rows.append((0, side, best, left))
            if left:
                book[best] = left
            else:
                del book[best]
            continue
        other = min(levels[1]) if side == 0 else max(levels[0])
        spread = toward * (other - best)
        # The wider the spread, the sooner somebody steps inside.
        steps_in = kind[i] > (0.93 if spread <= 2 else 0.5) and spread > 1
        cents = best + toward if steps_in else best - toward * int(pick[i] * 20 % 10)
        size = 0 if kind[i] > 0.9 and cents in book and len(book) > 5 else int(lots[i]) * 100
        if size:
            book[cents] = size
        else:
            del book[cents]
        rows.append((0, side, cents, size))
    table = np.array(rows[:n], np.int64)
    # Some nanoseconds off the even step, so that nothing falls on the same moment as a timer.
    ts_ns = 1_380_000_000_000_000_000 + np.arange(n) * 50_000 + rng.integers(1_000, 40_000, n)
    return BookStream(ts_ns, table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def alpaca_messages(n: int, seed: int = SEED) -> list[dict[str, Any]]:
    """Return `n` quote messages of eight symbols as Alpaca's stream sends them, ``t`` in integer nanoseconds."""
    q = quotes(n, seed)
    symbols = ("AAPL", "MSFT", "SPY", "TSLA", "NVDA", "QQQ", "AMD", "META")
    return [
        {
            **{"T": "q", "S": symbols[i % 8], "bx": "V", "bp": bid / 100, "bs": bid_size // 100},
            **{"ax": "V", "ap": ask / 100, "as": ask_size // 100, "c": ["R"], "z": "C", "t": ts},
        }
        for i, (ts, bid, ask, bid_size, ask_size) in enumerate(
            zip(*(c.tolist() for c in (q.ts_ns, q.bid_cents, q.ask_cents, q.bid_size, q.ask_size)), strict=True)
        )
    ]
