"""Indicators of trend against TA-Lib, and against their definitions written out."""

import numpy as np
import pytest
import talib

from tests.oracle.bars_and_shares import Find, Floats, all_bars, assert_same, random_bars, run

SAREXT = [
    (),
    (0.0, 0.1, 0.02, 0.02, 0.2, 0.02, 0.02, 0.2),
    (90.0, 0.0, 0.01, 0.015, 0.1, 0.03, 0.025, 0.3),
    (-300.0, 0.02, 0.5, 0.4, 0.2, 0.6, 0.9, 0.3),
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.02, 0.02, 0.2),
]


@pytest.mark.parametrize(("acceleration", "maximum"), [(0.02, 0.2), (0.05, 0.05), (0.3, 0.2), (0.0, 0.0), (0.1, 3.0)])
def test_sar_is_talibs(acceleration: float, maximum: float, data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        (ours,) = run("sar", b.columns("hl"), acceleration, maximum)
        assert_same(f"sar {acceleration}/{maximum}, {label}", ours, talib.SAR(b.high, b.low, acceleration, maximum))


@pytest.mark.parametrize("parameters", SAREXT)
def test_sarext_is_talibs(parameters: tuple[float, ...], data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        (ours,) = run("sarext", b.columns("hl"), *parameters)
        assert_same(f"sarext {parameters}, {label}", ours, talib.SAREXT(b.high, b.low, *parameters))


@pytest.mark.parametrize(("period", "multiplier"), [(10, 3.0), (3, 1.0), (2, 0.0)])
def test_supertrend_is_talibs(period: int, multiplier: float, data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        line, trend = run("supertrend", b.columns("hlc"), period, multiplier)
        their_line, their_trend = talib.SUPERTREND(b.high, b.low, b.close, period, multiplier)
        assert_same(f"supertrend, {label}", line, their_line)
        assert_same(f"supertrend's trend, {label}", trend, np.where(np.isnan(their_line), np.nan, their_trend))


def test_heikin_ashi_is_talibs(data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        ours, theirs = run("heikin_ashi", b.columns("ohlc")), talib.HA(b.open, b.high, b.low, b.close)
        for name, a, wanted in zip("ohlc", ours, theirs, strict=True):
            assert_same(f"heikin_ashi {name}, {label}", a, wanted)


@pytest.mark.parametrize(("left", "right"), [(2, 2), (1, 4), (5, 1), (9, 12)])
def test_pivots_are_confirmed_on_the_rows_of_talibs_fractals(left: int, right: int, data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        ours = run("pivots", b.columns("hl"), left, right)
        theirs = talib.FRACTAL(b.high, b.low, left, right)
        for name, a, flags, prices in zip(("highs", "lows"), ours, theirs, (b.high, b.low), strict=True):
            rows = np.flatnonzero(flags)
            np.testing.assert_array_equal(np.flatnonzero(~np.isnan(a)), rows, err_msg=f"{name}, {label}")
            np.testing.assert_array_equal(a[rows], prices[rows - right])
            print(f"pivots, {name}, {label}: {len(rows)} of {len(rows)}")


def rolling(f: str, x: Floats, n: int) -> Floats:
    """Return max or min over windows of `n`, NaN before the first."""
    out = np.full(len(x), np.nan)
    out[n - 1 :] = getattr(np.lib.stride_tricks.sliding_window_view(x, n), f)(axis=1)
    return out


def test_ichimoku_is_of_midpoints_and_looks_back_only() -> None:
    b = random_bars(400, 6)

    def middle(n: int) -> Floats:
        return (rolling("max", b.high, n) + rolling("min", b.low, n)) / 2

    def drawn(x: Floats, n: int) -> Floats:
        return np.concatenate([np.full(n, np.nan), x[: len(x) - n]])

    for n1, n2, n3, shift in [(9, 26, 52, 26), (3, 5, 4, 0)]:
        wanted = [middle(n1), middle(n2), drawn((middle(n1) + middle(n2)) / 2, shift), drawn(middle(n3), shift)]
        for name, ours, theirs in zip("cbAB", run("ichimoku", b.columns("hl"), n1, n2, n3, shift), wanted, strict=True):
            assert_same(f"ichimoku {name}", ours, theirs)


def test_chande_kroll_stops_are_extremes_of_extremes_less_the_average_range() -> None:
    b = random_bars(400, 7)
    width = 1.5 * talib.ATR(b.high, b.low, b.close, 10)
    short, long = rolling("max", b.high, 10) - width, rolling("min", b.low, 10) + width
    wanted = np.full((2, 400), np.nan)
    wanted[0, 10:], wanted[1, 10:] = rolling("max", short[10:], 9), rolling("min", long[10:], 9)
    for name, ours, theirs in zip(
        ("short", "long"), run("chande_kroll_stop", b.columns("hlc"), 10, 1.5, 9), wanted, strict=True
    ):
        assert_same(f"chande_kroll_stop {name}", ours, theirs)


def test_zigzag_gives_each_turning_point_on_the_row_that_confirms_it() -> None:
    high = np.array([10, 11, 12, 11.4, 11.2, 11.0, 10.5, 10.9, 11.6, 12.5, 11.0])
    price, kind, age = run("zigzag", [high, high - 0.1], 5.0)
    # 11 is 5 % above the low of 9.9; 11.3 is 5 % below the high of 12.
    rows = np.flatnonzero(~np.isnan(price))
    np.testing.assert_array_equal(rows, [1, 3, 8, 10])
    np.testing.assert_allclose(price[rows], [9.9, 12.0, 10.4, 12.5])
    np.testing.assert_array_equal(kind[rows], [-1, 1, -1, 1])
    np.testing.assert_array_equal(age[rows], [1, 1, 2, 1])


@pytest.mark.parametrize("percent", [0.5, 2.0, 7.0])
def test_zigzag_turning_points_are_the_extremes_between_their_confirmations(percent: float, data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        price, kind, age = run("zigzag", b.columns("hl"), percent)
        rows = np.flatnonzero(~np.isnan(price))
        points = rows - age[rows].astype(int)
        if len(rows) < 2:
            continue
        assert (kind[rows][1:] == -kind[rows][:-1]).all(), label
        for before, point, row in zip(points, points[1:], rows[1:], strict=False):
            if kind[row] > 0:
                # Between a low and the confirmation of the high that follows, nothing is higher than that.
                assert price[row] == b.high[point] == b.high[before + 1 : row].max(), label
                assert b.low[row] <= price[row] * (1 - percent / 100), label
            else:
                assert price[row] == b.low[point] == b.low[before + 1 : row].min(), label
                assert b.high[row] >= price[row] * (1 + percent / 100), label
        print(f"zigzag {percent} %, {label}: {len(rows)} turning points")
