"""Percentiles of latencies against those of the sorted list."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tickwright.live import Latency


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=300), st.integers(1, 100), st.integers(1, 150))
def test_a_percentile_is_that_of_the_newest_and_told_at_most_a_two_hundredth_too_high(times, percent, newest):
    latency = Latency(newest)
    for ns in times:
        latency.add(ns)
    kept = sorted(times[-newest:])
    exact = kept[max(0, math.ceil(len(kept) * percent / 100) - 1)]
    told = latency.percentile_us(percent)
    assert exact / 1_000 <= told <= exact * 1.005 / 1_000
    assert latency.count == len(times)


def test_before_the_first_there_is_no_percentile():
    assert Latency().percentile_us(50) is None


def test_what_is_kept_does_not_grow_with_what_was_measured():
    latency = Latency(100)
    for ns in range(10_000):
        latency.add(ns * 1_000)
    assert len(latency._newest) == 100
    assert len(latency._counts) == len(Latency()._counts)
    assert latency.percentile_us(1) >= 9_900
