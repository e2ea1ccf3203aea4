"""The book, fed from Python, against a model that keeps every level as a list."""

import pickle
from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tickwright as tw

IDS, PRICES, SIZES = st.integers(1, 9), st.integers(1, 7), st.integers(1, 9)
SIDES = st.sampled_from(["buy", "sell"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), IDS, SIDES, PRICES, SIZES),
        st.tuples(st.just("cancel"), IDS, SIZES),
        st.tuples(st.just("execute"), IDS, SIZES),
        st.tuples(st.just("modify"), IDS, PRICES, SIZES),
        st.tuples(st.just("level"), SIDES, PRICES, st.integers(0, 9)),
    ),
    max_size=60,
)


class Model:
    """Orders in one list by time of arrival; levels without orders apart."""

    def __init__(self):
        self.orders = []
        self.anonymous = {}

    def find(self, order_id):
        return next((order for order in self.orders if order["id"] == order_id), None)

    def take(self, order_id, size):
        order = self.find(order_id)
        if order is None:
            return "unknown_order"
        order["size"] -= size
        if order["size"] <= 0:
            self.orders.remove(order)
        return "too_much" if order["size"] < 0 else "applied"

    def apply(self, step):
        match step:
            case ("add", order_id, side, price, size):
                old = self.find(order_id)
                if old is not None:
                    self.orders.remove(old)
                self.orders.append({"id": order_id, "side": side, "price": price, "size": size})
                return "applied" if old is None else "replaced"
            case ("cancel" | "execute", order_id, size):
                return self.take(order_id, size)
            case ("modify", order_id, price, size):
                order = self.find(order_id)
                if order["price"] != price or size > order["size"]:
                    self.orders.remove(order)
                    self.orders.append(order)
                order.update(price=price, size=size)
            case ("level", side, price, size):
                self.anonymous[side, price] = size
        return "applied"

    def levels(self, side):
        sizes = defaultdict(int)
        for order in self.orders:
            if order["side"] == side:
                sizes[order["price"]] += order["size"]
        for (of, price), size in self.anonymous.items():
            if of == side and size:
                sizes[price] += size
        return sorted(sizes.items(), reverse=side == "buy")


def call(book, step):
    match step:
        case ("add", *values):
            return book.add(*values)
        case ("cancel", *values):
            return book.cancel(*values)
        case ("execute", *values):
            return book.execute(*values)
        case ("modify", *values):
            return book.modify(*values)
        case ("level", *values):
            return book.set_level(*values)


@given(STEPS)
def test_every_step_leaves_the_book_that_the_model_has(steps):
    book, model = tw.OrderBook("L3"), Model()
    for step in steps:
        if step[0] == "modify" and model.find(step[1]) is None:
            continue
        assert call(book, step) == model.apply(step)
        book.check()
        depth = book.depth(20)
        assert list(zip(depth.bid_price, depth.bid_size, strict=True)) == model.levels("buy")
        assert list(zip(depth.ask_price, depth.ask_size, strict=True)) == model.levels("sell")
        for order in model.orders:
            queue = [o for o in model.orders if (o["side"], o["price"]) == (order["side"], order["price"])]
            ahead = queue[: queue.index(order)]
            expected = sum(o["size"] for o in ahead), len(ahead)
            assert book.queue_ahead(order["id"])[:2] == expected
        assert len(book) == len(model.orders)


@given(STEPS, st.integers(0, 60))
def test_a_book_restored_half_way_goes_on_like_the_first(steps, half):
    first = tw.OrderBook("L3")
    second = first
    for i, step in enumerate(steps):
        if i == half:
            second = pickle.loads(pickle.dumps(first))
        if step[0] != "modify" or first.order(step[1]):
            outcome = call(first, step)
            assert second is first or call(second, step) == outcome
    assert [c.tolist() for c in second.contents()] == [c.tolist() for c in first.contents()]
    assert second.counts == first.counts


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.integers(0, 1), PRICES, SIZES), max_size=300))
def test_columns_are_their_rows_one_by_one(rows):
    table = np.array(rows, np.int64).reshape(-1, 5)
    names = ("order", "action", "side", "price", "size")
    whole, pieces = tw.OrderBook("L3"), tw.OrderBook("L3")
    counts = whole.apply({name: table[:, i] for i, name in enumerate(names)}, raw=True)
    for row in table:
        pieces.apply({name: row[i : i + 1] for i, name in enumerate(names)}, raw=True)
    whole.check()
    assert counts == whole.counts == pieces.counts
    assert [c.tolist() for c in whole.contents()] == [c.tolist() for c in pieces.contents()]
