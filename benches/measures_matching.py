"""The matching engine from Python: ours and lightmatchingengine on one stream, and ours among more and more orders.

The stream adds orders behind the touch, cancels any of them, and now and then takes a hundred shares from the other
side. Both trade the same shares. lightmatchingengine is written in Python and keeps no participants.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from benches.inputs import SEED
from benches.registry import Work, measure

REQUESTS = 200_000
LIMIT, CANCEL = 0, 1


@lru_cache(maxsize=8)
def requests(live: int, n: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Give `live` orders that rest, and then `n` requests that keep them at about that."""
    rng = np.random.default_rng(SEED)
    total = live + n
    u, which = rng.random(total), rng.random(total)
    sides = rng.integers(0, 2, total)
    ticks = 1 + rng.geometric(0.12, total)
    lots = rng.integers(1, 10, total)
    rows: list[tuple[int, int, int, int, int]] = []
    resting: list[tuple[int, int]] = []
    for i in range(total):
        side = int(sides[i])
        if len(resting) < live or (u[i] < 0.48 and len(resting) < live * 1.02 + 10):
            cents = 15_000 - int(ticks[i]) if side == 0 else 15_000 + int(ticks[i])
            rows.append((LIMIT, i + 1, side, cents, int(lots[i]) * 100))
            resting.append((i + 1, side))
        elif u[i] < 0.95:
            at = int(which[i] * len(resting))
            rows.append((CANCEL, *resting[at], 15_000, 100))
            resting[at] = resting[-1]
            resting.pop()
        else:
            rows.append((LIMIT, i + 1, side, 15_500 if side == 0 else 14_500, 100))
    table = np.array(rows, np.int64)

    def part(rows: np.ndarray) -> dict[str, np.ndarray]:
        op, order, side, cents, qty = (np.ascontiguousarray(column) for column in rows.T)
        return {
            "op": op.astype(np.int8),
            "participant": (order % 16).astype(np.uint32),
            "order": order.astype(np.uint64),
            "side": side.astype(np.int8),
            "price": cents * 10_000_000,
            "qty": qty * 1_000_000_000,
        }

    return part(table[:live]), part(table[live:])


def opened() -> Any:
    """An engine in continuous trading."""
    import tickwright as tw

    exchange = tw.MatchingEngine()
    exchange.set_phase("continuous")
    return exchange


def batch(name: str, live: int) -> None:
    """Register `MatchingEngine.apply` among `live` orders, each run in a fresh copy of the filled book."""

    @measure(name)
    def factory() -> Work:
        import time

        import tickwright as tw

        before, after = requests(live, REQUESTS)
        ready = opened()
        ready.apply(before, raw=True)
        frozen = ready.to_bytes()

        def seconds() -> float:
            exchange = tw.MatchingEngine.from_bytes(frozen)
            start = time.thread_time()
            counts = exchange.apply(after, raw=True).counts
            spent = time.thread_time() - start
            if not counts["filled"]:
                raise RuntimeError("the stream trades nothing")
            return spent

        return Work(None, items=REQUESTS, seconds=seconds)


for count in (1_000, 100_000, 1_000_000):
    batch(f"matching_batch_{count}_live", count)


@lru_cache(maxsize=1)
def whole() -> dict[str, np.ndarray]:
    """One stream that begins with an empty book, among 1,000 orders."""
    parts = requests(1_000, 50_000)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@measure("matching_batch")
def matching_batch() -> Work:
    stream = whole()

    def run() -> np.ndarray:
        fills = opened().apply(stream, raw=True).fills
        return np.array([fills["qty"].sum() // 1_000_000_000], np.float64)

    return Work(run, items=len(stream["op"]))


@measure("matching_single_calls")
def matching_single_calls() -> Work:
    stream = whole()
    names = ("op", "participant", "order", "side", "price", "qty")
    words = ["buy", "sell"]
    rows = [
        (op, who, order, words[side], price / 1e9, qty / 1e9)
        for op, who, order, side, price, qty in zip(*(stream[name].tolist() for name in names), strict=True)
    ]

    def run() -> np.ndarray:
        exchange = opened()
        submit, cancel = exchange.submit, exchange.cancel
        traded = 0.0
        for op, who, order, side, price, qty in rows:
            if op == LIMIT:
                for event in submit(who, order, side, qty, price)[1:]:
                    traded += event.qty
            else:
                cancel(who, order)
        return np.array([traded])

    return Work(run, items=len(rows))


@measure("lightmatchingengine")
def lightmatchingengine() -> Work:
    from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side

    stream = whole()
    # It cannot cancel what was filled, and fails where it is asked to: those rows, which ours rejects, are left out.
    sound = opened().apply(stream, raw=True).rejected == 0
    stream = {name: column[sound] for name, column in stream.items()}
    rows = list(
        zip(
            *(stream[name].tolist() for name in ("op", "order", "side")),
            (stream["price"] / 1e9).tolist(),
            (stream["qty"] // 1_000_000_000).tolist(),
            strict=True,
        )
    )

    def run() -> np.ndarray:
        engine = LightMatchingEngine()
        ids: dict[int, int] = {}
        traded = 0.0
        for op, order, side, price, qty in rows:
            if op == LIMIT:
                placed, trades = engine.add_order("X", price, qty, Side.SELL if side else Side.BUY)
                ids[order] = placed.order_id
                # A trade is told once for each side.
                traded += sum(trade.trade_qty for trade in trades) / 2
            else:
                engine.cancel_order(ids[order], "X")
        return np.array([traded])

    return Work(run, items=len(rows))


@measure("market_simulation")
def market_simulation() -> Work:
    import tickwright as tw

    def run() -> int:
        return tw.feeds.market(seed=3, symbols={"LARG": 14.0}, seconds=60, pace=50.0).count("quotes")

    # Orders sent: some 41.4 a second at pace 1.
    return Work(run, items=int(60 * 50 * 41.4))
