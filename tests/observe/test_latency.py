"""The latency histogram against sorted lists of what was put in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.live import Latency

durations = st.lists(st.integers(1, 10**12), min_size=1, max_size=300)


def filled(values):
    latency = Latency()
    for value in values:
        latency.add(value)
    return latency


@settings(max_examples=60, deadline=None)
@given(values=durations, percent=st.floats(0.1, 100))
def test_percentiles_of_the_newest_are_exact_and_those_since_the_start_are_close(values, percent):
    latency, ordered = filled(values), sorted(values)
    expected = ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] / 1_000
    assert latency.percentile_us(percent) == expected
    assert expected <= latency.percentile_since_start_us(percent) <= expected * (1 + 1 / 128)
    assert (latency.count, latency.max_ns) == (len(values), ordered[-1])
    assert latency.sum_s == pytest.approx(sum(values) / 1e9, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(values=durations, bound_ns=st.integers(1, 10**12))
def test_counts_up_to_a_bound_are_off_by_what_lies_within_a_hundredth_of_it_at_most(values, bound_ns):
    (counted,) = filled(values).cumulative([bound_ns / 1e9])
    assert sum(v <= bound_ns for v in values) <= counted <= sum(v <= bound_ns * (1 + 1 / 127) for v in values)


def test_only_the_newest_count_for_percentiles_and_all_for_the_histogram():
    latency = filled([1_000_000_000] * 50_000 + [5_000] * 10_000)
    assert latency.percentile_us(100) == 5.0
    assert latency.count == 60_000
    assert latency.cumulative([1e-3, 10.0]) == [10_000, 60_000]
    assert latency.percentile_since_start_us(50) == pytest.approx(1e6, rel=0.01)


def test_the_newest_are_the_last_ones_whatever_is_asked_in_between():
    rng = np.random.default_rng(7)
    values = [int(v) for v in rng.lognormal(11, 1, 37_123)]
    latency = Latency()
    for n, value in enumerate(values, start=1):
        latency.add(value)
        if n % 4_777 == 0:
            assert latency.percentile_us(100) == max(values[max(0, n - 10_000) : n]) / 1_000
    assert latency.percentiles_us((50, 99)) == [sorted(values[-10_000:])[rank] / 1_000 for rank in (4_999, 9_899)]


def test_nothing_was_measured_yet():
    latency = Latency()
    assert latency.percentile_us(50) is None
    assert latency.percentile_since_start_us(50) is None
    assert (latency.count, latency.sum_s, latency.cumulative([1.0])) == (0, 0.0, [0])


def test_what_lies_beyond_the_range_counts_at_its_ends():
    latency = filled([0, -5, 1 << 62])
    assert latency.cumulative([1e-9, 1_000.0]) == [2, 2]
    assert latency.max_ns == 1 << 62
    assert latency.percentile_since_start_us(100) == pytest.approx((1 << 40) / 1_000, rel=0.01)


@pytest.mark.parametrize("newest", [1, 7, 1_234, 2_001, 9_999])
def test_any_number_may_be_kept(newest):
    latency, values = Latency(newest), list(range(1, 12_346))
    for value in values:
        latency.add(value)
    assert latency.percentile_us(50) == values[-newest:][(newest + 1) // 2 - 1] / 1_000
    with pytest.raises(ValueError, match="at least 1"):
        Latency(0)
