"""Order books from Python: ours, order-book and sortedcontainers on one stream, and ours among more and more orders.

The stream is one of valid changes to single orders. Ours keeps every order and its place in the queue; the peers are
books of price levels, so they are given the levels' changes: less work than ours. All return the same final levels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from benches.inputs import SEED
from benches.registry import Work, measure

CHANGES = 200_000
ADD, CANCEL, DELETE, EXECUTE = 0, 1, 2, 3
LEVELS = 10


@dataclass(frozen=True)
class Changes:
    """Changes to orders by column: action codes, ids, 0 buy or 1 sell, cents, shares."""

    action: np.ndarray
    order: np.ndarray
    side: np.ndarray
    cents: np.ndarray
    size: np.ndarray

    def columns(self) -> dict[str, np.ndarray]:
        """As `OrderBook.apply` takes them, prices and sizes in units of 1e-9."""
        return {
            "order": self.order,
            "action": self.action,
            "side": self.side,
            "price": self.cents * 10_000_000,
            "size": self.size * 1_000_000_000,
        }


@lru_cache(maxsize=8)
def changes(live: int, n: int) -> tuple[Changes, Changes]:
    """Adds until `live` orders rest, and then `n` changes that keep them at about that: half adds, cancels, executions.

    Prices lie geometrically behind the touch, as in a real book; the order that goes is any of them.
    """
    rng = np.random.default_rng(SEED)
    total = live + n
    grows = rng.random(total) < 0.5
    partly = rng.random(total) < 0.1
    which = rng.random(total)
    sides = rng.integers(0, 2, total)
    ticks = 1 + rng.geometric(0.12, total)
    lots = rng.integers(1, 10, total)
    rows: list[tuple[int, int, int, int, int]] = []
    resting: list[list[int]] = []
    for i in range(total):
        if len(resting) < live or (len(resting) == live and grows[i]):
            side, size = int(sides[i]), int(lots[i]) * 100
            cents = 15_000 - int(ticks[i]) if side == 0 else 15_000 + int(ticks[i])
            resting.append([i + 1, side, cents, size])
            rows.append((ADD, i + 1, side, cents, size))
            continue
        at = int(which[i] * len(resting))
        order = resting[at]
        if partly[i] and order[3] > 100:
            order[3] -= 100
            rows.append((EXECUTE, order[0], order[1], order[2], 100))
        else:
            rows.append((CANCEL, *order))
            resting[at] = resting[-1]
            resting.pop()
    table = np.array(rows, np.int64)

    def part(rows: np.ndarray) -> Changes:
        action, order, side, cents, size = (np.ascontiguousarray(column) for column in rows.T)
        return Changes(action.astype(np.int8), order.astype(np.uint64), side.astype(np.int8), cents, size)

    return part(table[:live]), part(table[live:])


def top(bids: list[tuple[float, float]], asks: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Best levels as (cents, shares), for comparing."""
    return np.array(bids, np.float64), np.array(asks, np.float64)


def our_top(book: Any) -> tuple[np.ndarray, np.ndarray]:
    """Our best levels in the same form."""
    depth = book.depth(LEVELS, raw=True)
    return (
        np.stack([depth.bid_price // 10_000_000, depth.bid_size // 1_000_000_000], 1).astype(np.float64),
        np.stack([depth.ask_price // 10_000_000, depth.ask_size // 1_000_000_000], 1).astype(np.float64),
    )


def messages(live: int, n: int) -> tuple[Changes, Changes]:
    """As `changes`; more than a million are the same million again and again, of new orders in an emptied book."""
    most = 1_000_000
    if n <= most:
        return changes(live, n)
    before, part = changes(live, most)
    ids, first = np.unique(np.concatenate([before.order, part.order]), return_index=True)
    sides = np.concatenate([before.side, part.side])[first]
    # The last thing in each round: what rests is cancelled. An order that is gone would be counted as unknown.
    gone = np.isin(ids, part.order[part.action == CANCEL])
    rest = ids[~gone]
    zeros = np.zeros(len(rest), np.int64)
    last = Changes(np.full(len(rest), DELETE, np.int8), rest, sides[~gone], zeros, zeros)
    rounds = []
    for i in range(n // most):
        for columns in ([] if i == 0 else [before]) + [part, last]:
            shifted = columns.order + np.uint64(i * len(ids))
            rounds.append(Changes(columns.action, shifted, columns.side, columns.cents, columns.size))
    names = ("action", "order", "side", "cents", "size")
    return before, Changes(*(np.concatenate([getattr(r, name) for r in rounds]) for name in names))


def batch(name: str, live: int, n: int = CHANGES) -> None:
    """Register `OrderBook.apply` over `n` changes among `live` orders, each run in a fresh copy of the filled book."""

    @measure(name)
    def factory() -> Work:
        import pickle
        import time

        import tickwright as tw

        before, after = (part.columns() for part in messages(live, n))
        ready = tw.OrderBook("L3")
        ready.apply(before, raw=True)
        frozen = pickle.dumps(ready)
        # Short runs are timed together.
        repeats = max(1, 10_000 // n)

        def seconds() -> float:
            spent = 0.0
            for _ in range(repeats):
                book = pickle.loads(frozen)
                # Processor time: a long run is interrupted by others where a short one slips through between.
                start = time.thread_time()
                counts = book.apply(after, raw=True)
                spent += time.thread_time() - start
                if counts["unknown_orders"]:
                    raise RuntimeError("the stream names orders that are gone")
            return spent

        return Work(None, items=len(after["order"]) * repeats, seconds=seconds)


for count in (10, 1_000, 10_000, 100_000):
    batch(f"book_batch_{count}_live", count)
for name, total in (("1k", 1_000), ("10k", 10_000), ("100k", 100_000), ("1m", 1_000_000), ("10m", 10_000_000)):
    batch(f"book_batch_{name}_messages", 1_000, total)


def books(symbols: int) -> None:
    """Register `BookSet.apply` over an ITCH stream with 100,000 live orders, spread over `symbols` at random."""

    @measure(f"book_set_{symbols}_symbols")
    def factory() -> Work:
        import time

        import tickwright as tw
        from benches.measures_itch import itch_day

        decoder = tw.feeds.ItchDecoder(date="2019-01-30")
        parts = []
        for stream in itch_day(symbols):
            decoder.feed(stream)
            parts.append(decoder.take().deltas)
        opening, day = parts

        def seconds() -> float:
            books = tw.BookSet("L3")
            books.apply(opening)
            start = time.thread_time()
            books.apply(day)
            return time.thread_time() - start

        return Work(None, items=len(day), seconds=seconds)


for count in (1, 100, 1_000, 5_000):
    books(count)


@lru_cache(maxsize=1)
def whole() -> Changes:
    """One stream that begins with an empty book, among 1,000 orders."""
    parts = changes(1_000, CHANGES)
    columns = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("action", "order", "side", "cents", "size")
    )
    return Changes(*columns)


@measure("book_l3_batch")
def book_l3_batch() -> Work:
    import tickwright as tw

    stream = whole().columns()

    def run() -> tuple[np.ndarray, np.ndarray]:
        book = tw.OrderBook("L3")
        book.apply(stream, raw=True)
        return our_top(book)

    return Work(run, items=len(stream["order"]))


@measure("book_l3_single_calls")
def book_l3_single_calls() -> Work:
    import tickwright as tw

    stream = whole()
    rows = list(
        zip(
            stream.action.tolist(),
            stream.order.tolist(),
            ["buy" if side == 0 else "sell" for side in stream.side.tolist()],
            (stream.cents / 100).tolist(),
            stream.size.astype(np.float64).tolist(),
            strict=True,
        )
    )

    def run() -> tuple[np.ndarray, np.ndarray]:
        book = tw.OrderBook("L3")
        add, cancel, execute = book.add, book.cancel, book.execute
        for action, order, side, price, size in rows:
            if action == ADD:
                add(order, side, price, size)
            elif action == CANCEL:
                cancel(order)
            else:
                execute(order, size)
        return our_top(book)

    return Work(run, items=len(rows))


def level_peer(
    name: str, make: Callable[[], tuple[Any, Any]], best: Callable[[Any, bool], list[tuple[int, int]]]
) -> None:
    """Register a peer that holds each side as a mapping of price to size; `best` gives the top levels of a side."""

    @measure(name)
    def factory() -> Work:
        make()  # an import that fails does so here
        stream = whole()
        columns = (stream.action.tolist(), stream.side.tolist(), stream.cents.tolist(), stream.size.tolist())
        rows = list(zip(*columns, strict=True))

        def run() -> tuple[np.ndarray, np.ndarray]:
            bids, asks = make()
            for action, side, price, size in rows:
                levels = asks if side else bids
                if action == ADD:
                    if price in levels:
                        levels[price] += size
                    else:
                        levels[price] = size
                else:
                    left = levels[price] - size
                    if left:
                        levels[price] = left
                    else:
                        del levels[price]
            return top(best(bids, True), best(asks, False))

        return Work(run, items=len(rows))


def order_book_sides() -> tuple[Any, Any]:
    """The two sides of a book of the package order-book."""
    from order_book import OrderBook

    book = OrderBook()
    # A side lives as long as its book.
    book_of.append(book)
    del book_of[:-1]
    return book.bids, book.asks


book_of: list[Any] = []


def sorted_sides() -> tuple[Any, Any]:
    """Two sorted mappings."""
    from sortedcontainers import SortedDict

    return SortedDict(), SortedDict()


level_peer(
    "order_book_levels",
    order_book_sides,
    lambda side, _: [side.index(i) for i in range(min(LEVELS, len(side)))],
)
level_peer(
    "sortedcontainers_levels",
    sorted_sides,
    lambda side, bids: [side.peekitem(-1 - i if bids else i) for i in range(min(LEVELS, len(side)))],
)


@measure("book_bytes_per_order")
def book_bytes_per_order() -> Work:
    import tickwright as tw

    before, _ = changes(100_000, 1)

    def size() -> int:
        book = tw.OrderBook("L3")
        book.apply(before.columns(), raw=True)
        return book.heap_bytes

    return Work(None, items=100_000, size=size)


@measure("plain_bytes_per_order")
def plain_bytes_per_order() -> Work:
    """The columns of the same orders, in numpy."""
    before, _ = changes(100_000, 1)
    return Work(None, items=100_000, size=lambda: sum(column.nbytes for column in before.columns().values()))
