"""The paper venue: rows of a market that concern no order, orders through every rule, and frames of market data.

The floor of the frames is msgpack-python's C packer on the same messages, which are ready as dictionaries.
"""

import json
from functools import lru_cache
from typing import Any

import numpy as np

from benches.inputs import SEED
from benches.registry import Work, measure

ROWS = 200_000
FRAME = 100
SECOND = 1_000_000_000
# Monday, 2026-03-09, 10:00 in New York.
OPEN = 1_773_064_800 * SECOND


@lru_cache(maxsize=1)
def quotes() -> Any:
    """Rows of quotes of five stocks, a few microseconds apart."""
    import tickwright as tw
    from tickwright import _core

    rng = np.random.default_rng(SEED)
    bid = np.round(100 + rng.normal(0, 0.05, ROWS).cumsum() / 50, 2)
    symbols = np.array(["AAPL", "MSFT", "NVDA", "AMD", "SPY"])[rng.integers(0, 5, ROWS)]
    size = rng.integers(1, 40, ROWS) * 100.0
    ts = OPEN + np.arange(ROWS) * 5_000
    columns = {"ts": ts, "symbol": symbols, "bid": bid, "ask": bid + 0.01, "bid_size": size, "ask_size": size}
    return _core.MarketRows(tw.feeds.table(columns, kind="quotes")._core)


def venue(journal: str | None = None) -> Any:
    """Return a venue of those stocks with one account, in the session."""
    from tickwright import _core

    symbols = ["AAPL", "MSFT", "NVDA", "AMD", "SPY"]
    day = OPEN - 10 * 3_600 * SECOND
    hours = [4.0, 9.5, 16.0, 20.0]
    config = {
        "start_ns": OPEN - SECOND,
        "symbols": [{"symbol": s, "id": f"00000000-0000-4000-8000-{i:012}"} for i, s in enumerate(symbols)],
        "accounts": [{"id": "10000000-0000-4000-8000-000000000001", "account_number": "PA1", "cash": "100000000"}],
        "sessions": [[int(day + h * 3_600 * SECOND) for h in hours]],
    }
    return _core.PaperVenue(json.dumps(config), journal)


@measure("paper_market")
def paper_market() -> Work:
    rows, ours = quotes(), venue()

    def run() -> int:
        ours.market(rows, 0, len(rows))
        return len(rows)

    return Work(run, items=ROWS)


@measure("paper_orders")
def paper_orders() -> Work:
    rows, ours, orders = quotes(), venue(), 2_000
    ours.market(rows, 0, len(rows))
    now = ours.now_ns
    body = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
    sent = json.dumps(body).encode()

    def run() -> int:
        taken = sum(ours.request(0, now, "POST", "/orders", "", sent)[0] == 200 for _ in range(orders))
        ours.take_updates()
        return taken

    return Work(run, items=orders)


def encoding(name: str, form: str) -> None:
    """Register the encoder of one format."""

    @measure(name)
    def factory() -> Work:
        from tickwright import _core

        rows, encoder = quotes(), _core.FrameEncoder(form, FRAME)

        def run() -> int:
            return len(encoder.frames(rows, 0, len(rows), quotes={"*"}))

        return Work(run, items=ROWS)


encoding("paper_frames_msgpack", "msgpack")
encoding("paper_frames_json", "json")


@measure("msgpack_python_frames")
def msgpack_python_frames() -> Work:
    import msgpack

    from tickwright import _core

    rows = quotes()
    frames = _core.FrameEncoder("msgpack", FRAME).frames(rows, 0, len(rows), quotes={"*"})
    messages = [msgpack.unpackb(frame) for frame in frames]

    def run() -> int:
        return len([msgpack.packb(frame) for frame in messages])

    return Work(run, items=ROWS)
