"""How often and in which order requests leave: never too many, cancels first; and how long tries wait."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tickwright.adapters import Backoff, Lanes, Priority, RateBudget
from tickwright.errors import ConfigError, NotSentError

PRIORITIES = st.sampled_from(list(Priority))


def most_in_a_window(times, window_s):
    """The most of sorted `times` in any window [t, t + window_s)."""
    most, start = 0, 0
    for end, time in enumerate(times):
        while times[start] + window_s <= time:
            start += 1
        most = max(most, end - start + 1)
    return most


@given(
    limit=st.integers(1, 40),
    calls=st.lists(st.tuples(st.floats(0, 20), PRIORITIES), max_size=300),
)
def test_no_window_ever_holds_more_requests_than_the_limit(limit, calls):
    budget = RateBudget(limit, 60.0, slack_s=0.0)
    now, granted = 0.0, []
    for wait_s, priority in calls:
        now += wait_s
        left = budget.left(now)
        if budget.grant(now, priority):
            granted.append(now)
            assert left > budget.reserve(priority)
        else:
            assert left <= budget.reserve(priority)
            assert budget.ready_at(now, priority) > now
    assert most_in_a_window(granted, 60.0) <= limit


@given(
    limit=st.integers(2, 60),
    calls=st.lists(st.tuples(st.floats(0, 5), PRIORITIES), min_size=1, max_size=150),
    priority=PRIORITIES,
)
@example(  # sent + window - window is not always what was sent
    limit=2, calls=[(0.02268158509157, Priority.CANCEL), (0.0, Priority.CANCEL)], priority=Priority.CANCEL
)
def test_when_a_budget_says_it_is_ready_it_grants(limit, calls, priority):
    budget = RateBudget(limit, 60.0, slack_s=0.0)
    now = 0.0
    for wait_s, one in calls:
        now += wait_s
        budget.grant(now, one)
    ready = budget.ready_at(now, priority)
    if ready > now:
        assert not budget.grant(now + (ready - now) * 0.5, priority)
    assert budget.grant(ready, priority)


@given(
    used=st.integers(0, 200),
    remaining=st.integers(0, 200),
    in_flight=st.integers(0, 4),
    reset_s=st.floats(0.1, 60),
)
def test_the_broker_is_believed_where_it_allows_less_than_our_own_count(used, remaining, in_flight, reset_s):
    budget = RateBudget(200, slack_s=0.0)
    for _ in range(used):
        assert budget.grant(0.0, Priority.CANCEL)
    budget.learn(1.0, 200, remaining, reset_s, in_flight)
    assert budget.left(1.0) == max(0, min(200 - used, remaining - in_flight))
    granted = sum(budget.grant(1.0, Priority.CANCEL) for _ in range(300))
    assert granted == max(0, min(200 - used, remaining - in_flight))


def test_an_older_answer_that_comes_late_gives_nothing_back():
    budget = RateBudget(200)
    budget.learn(0.0, 200, 50, 30.0)
    budget.learn(0.1, 200, 53, 29.9)  # was answered before the other, came after it
    assert budget.left(0.1) == 50
    budget.learn(0.2, 200, 10, 5.0)  # of a window that ends before the one that is known
    assert budget.left(0.2) == 50
    budget.learn(31.0, 200, 199, 60.0)  # the next window
    assert budget.left(31.0) == 199


def test_too_many_requests_stop_everything_until_the_reset():
    budget = RateBudget(200)
    budget.block(10.0, 7.5)
    assert budget.left(17.4) == 0
    assert budget.ready_at(12.0, Priority.CANCEL) == 17.5
    assert budget.grant(17.5, Priority.CANCEL)


def test_a_reset_far_ahead_does_not_stop_trading_for_hours():
    budget = RateBudget(200)
    budget.block(0.0, 1e9)
    assert budget.ready_at(0.0, Priority.CANCEL) <= 2 * budget.window_s


def test_what_the_broker_allows_is_learned():
    budget = RateBudget(200)
    budget.learn(0.0, 1_000, 990, 60.0)
    assert budget.left(0.0) == 990
    assert budget.reserve(Priority.READ) == 200


@pytest.mark.parametrize(("limit", "window_s"), [(0, 60.0), (-1, 60.0), (200, 0.0), (200, float("nan"))])
def test_a_budget_without_sense_is_refused(limit, window_s):
    with pytest.raises(ConfigError, match="rate limit"):
        RateBudget(limit, window_s)


class LaneRules(RuleBasedStateMachine):
    """Any order of asking, answering, withdrawing and waiting."""

    @initialize(limit=st.integers(3, 30), slots=st.integers(3, 6), capacity=st.integers(1, 8))
    def start(self, limit, slots, capacity):
        self.budget = RateBudget(limit, 60.0, slack_s=0.0)
        self.lanes = Lanes(self.budget, slots, capacity)
        self.limit, self.slots, self.capacity = limit, slots, capacity
        self.now = 0.0
        self.waiting, self.running, self.sent = [], [], []

    @rule(priority=PRIORITIES, key=st.sampled_from([None, "AAPL", "MSFT"]))
    def ask(self, priority, key):
        key = None if priority is Priority.CANCEL else key
        full = sum(t.priority is priority for t in self.waiting) >= self.capacity
        if full:
            with pytest.raises(NotSentError, match=priority.name):
                self.lanes.push(priority, self.now, key=key)
        else:
            self.waiting.append(self.lanes.push(priority, self.now, key=key))
        self.send()

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds):
        self.now += seconds
        self.send()

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def answer(self, data):
        self.lanes.done(self.running.pop(data.draw(st.integers(0, len(self.running) - 1))), self.now)
        self.send()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def withdraw(self, data):
        assert self.lanes.withdraw(self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1))))

    def send(self):
        while True:
            cancels = [t for t in self.waiting if t.priority is Priority.CANCEL]
            could_cancel = self.budget.left(self.now) > 0 and len(self.running) < self.slots
            wake_at = self.lanes.wake_at(self.now)
            ticket = self.lanes.take(self.now)
            if ticket is None:
                assert not (cancels and could_cancel), "a cancel waits while it could leave"
                assert wake_at is None or wake_at > self.now, "told to come back at once, for nothing"
                return
            assert wake_at == self.now
            if cancels:
                assert ticket is cancels[0], "something passed a cancel, or cancels changed places"
            if ticket.key is not None:
                assert all(t.key != ticket.key for t in self.running), "two of one key under way"
                mates = [t for t in self.waiting if t.key == ticket.key and t.priority is ticket.priority]
                assert ticket is mates[0], "orders of one key changed places"
            self.waiting.remove(ticket)
            self.running.append(ticket)
            self.sent.append(self.now)

    @invariant()
    def limits_hold(self):
        if not hasattr(self, "lanes"):
            return
        assert most_in_a_window(self.sent, 60.0) <= self.limit
        assert self.lanes.running == len(self.running) <= self.slots
        assert sum(s.waiting for s in self.lanes.statistics.values()) == len(self.waiting)


TestLanes = LaneRules.TestCase


def test_reads_and_orders_leave_slots_to_cancels():
    lanes = Lanes(RateBudget(200), slots=4, capacity=100)
    for priority in (Priority.READ, Priority.SUBMIT, Priority.CANCEL):
        for _ in range(10):
            lanes.push(priority, 0.0)
    lanes_of = [ticket.priority for ticket in iter(lambda: lanes.take(0.0), None)]
    assert lanes_of == [Priority.CANCEL] * 4
    alone = Lanes(RateBudget(200), slots=4, capacity=100)
    for priority, most in ((Priority.READ, 2), (Priority.SUBMIT, 3), (Priority.CANCEL, 4)):
        for _ in range(10):
            alone.push(priority, 0.0)
        while alone.take(0.0):
            pass
        assert alone.running == most


@given(
    first_s=st.floats(0.01, 5),
    growth=st.floats(1, 100),
    floor_share=st.floats(0, 1),
    seed=st.integers(0, 2**32),
    tries=st.integers(1, 2_000),
)
def test_back_off_stays_between_its_floor_and_a_doubling_ceiling(first_s, growth, floor_share, seed, tries):
    cap_s, floor_s = first_s * growth, first_s * floor_share
    backoff = Backoff(first_s, cap_s, floor_s=floor_s, rng=random.Random(seed))
    for attempt in range(tries):
        assert floor_s <= backoff.next_s() <= min(cap_s, first_s * 2.0 ** min(attempt, 64)) * (1 + 1e-12)
    backoff.reset()
    assert backoff.next_s() <= first_s * (1 + 1e-12)


def test_back_off_spreads_over_its_whole_range():
    rng = random.Random(5)
    draws = sorted(Backoff(10.0, 10.0, floor_s=0.0, rng=rng).next_s() for _ in range(2_000))
    assert draws[200] == pytest.approx(1.0, abs=0.3)
    assert draws[1_000] == pytest.approx(5.0, abs=0.5)
    assert draws[1_800] == pytest.approx(9.0, abs=0.3)
