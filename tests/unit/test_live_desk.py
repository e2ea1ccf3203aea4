"""What the desk remembers of its requests: enough to judge by, and no more."""

from hypothesis import given
from hypothesis import strategies as st

from tickwright.live import desk as desks
from tickwright.live.desk import Desk


@given(changes=st.lists(st.tuples(st.integers(1, 30), st.none() | st.integers(31, 40), st.booleans()), max_size=80))
def test_no_order_is_taken_for_quiet_that_was_not(changes):
    desk, marks = Desk(broker=None), desks.MARKS
    desks.MARKS = 8
    try:
        under_way, touched, turns = {}, {}, [0]
        for order, old, begins in changes:
            if not begins and not under_way.get((order, old)):
                continue
            under_way[order, old] = under_way.get((order, old), 0) + (1 if begins else -1)
            desk._count({"order": order, "old": old}, 1 if begins else -1)
            turns.append(desk.turn)
            touched |= dict.fromkeys({order, old} - {None}, desk.turn)
        for order in range(1, 41):
            rests = not any(n for pair, n in under_way.items() if order in pair)
            assert desk.is_quiet(order, desk.turn) == rests
            for since in turns:
                if desk.is_quiet(order, since):
                    assert rests
                    assert touched.get(order, 0) <= since
        assert len(desk._last_turn) <= 8
        assert set(desk._in_flight) == {order for pair, n in under_way.items() if n for order in pair} - {None}
    finally:
        desks.MARKS = marks


def test_what_it_remembers_does_not_grow_with_the_orders():
    desk = Desk(broker=None)
    for order in range(20_000):
        desk._count({"order": order, "old": None}, 1)
        since = desk.turn
        assert not desk.is_quiet(order, since)
        desk._count({"order": order, "old": None}, -1)
        assert not desk.is_quiet(order, since)
        assert desk.is_quiet(order, desk.turn)
    assert len(desk._last_turn) == desks.MARKS
    assert not desk._in_flight
