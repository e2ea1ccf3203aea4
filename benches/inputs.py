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
