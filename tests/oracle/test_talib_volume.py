"""Indicators of volume against TA-Lib, and against their definitions written out."""

import numpy as np
import pytest
import talib

from tests.oracle.bars_and_shares import Find, all_bars, assert_same, random_bars, run

# Columns, parameters, TA-Lib, and the size below which a value counts as that size: sums of flows cross zero.
CASES = {
    "ad": ("hlcv", (), lambda b: talib.AD(b.high, b.low, b.close, b.volume), 1.0),
    "adosc": ("hlcv", (3, 10), lambda b: talib.ADOSC(b.high, b.low, b.close, b.volume, 3, 10), 1e3),
    "adosc of 12 and 5": ("hlcv", (12, 5), lambda b: talib.ADOSC(b.high, b.low, b.close, b.volume, 12, 5), 1e3),
    "cmf": ("hlcv", (20,), lambda b: talib.CMF(b.high, b.low, b.close, b.volume, 20), 1e-2),
    "cmf of 2": ("hlcv", (2,), lambda b: talib.CMF(b.high, b.low, b.close, b.volume, 2), 1e-2),
    "mfi": ("hlcv", (14,), lambda b: talib.MFI(b.high, b.low, b.close, b.volume, 14), 1e-2),
    "mfi of 2": ("hlcv", (2,), lambda b: talib.MFI(b.high, b.low, b.close, b.volume, 2), 1e-2),
    "mfi of 60": ("hlcv", (60,), lambda b: talib.MFI(b.high, b.low, b.close, b.volume, 60), 1e-2),
    "force_index": ("cv", (13,), lambda b: talib.EFI(b.close, b.volume, 13), 1.0),
    "force_index of 1": ("cv", (1,), lambda b: talib.EFI(b.close, b.volume, 1), 1.0),
    "nvi": ("cv", (), lambda b: talib.NVI(b.close, b.volume), 0.0),
    "pvi": ("cv", (), lambda b: talib.PVI(b.close, b.volume), 0.0),
}


@pytest.mark.parametrize("case", CASES)
def test_values_and_warm_up_are_those_of_talib(case: str, data_file: Find) -> None:
    names, parameters, reference, scale = CASES[case]
    for label, bars in all_bars(data_file).items():
        (ours,) = run(case.split()[0], bars.columns(names), *parameters)
        assert_same(f"{case}, {label}", ours, reference(bars), scale=scale)


def test_a_window_without_money_flow_is_exactly_zero_whatever_was_before() -> None:
    flat = np.full(200, 10.0)
    flat[:50] += np.random.default_rng(1).normal(0, 1e6, 50)
    volume = np.full(200, 1e9)
    mfi, cmf = run("mfi", [flat, flat, flat, volume])[0], run("cmf", [flat, flat, flat, volume])[0]
    assert (mfi[70:] == 0.0).all()
    assert (cmf[70:] == 0.0).all()


@pytest.mark.parametrize("period", [1, 14])
def test_ease_of_movement_is_the_average_of_its_definition(period: int) -> None:
    b = random_bars(500, 4, cents=True)
    middle = (b.high + b.low) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        ease = np.where(b.volume[1:] > 0, 1e4 * np.diff(middle) / (b.volume[1:] / (b.high - b.low)[1:]), 0.0)
    wanted = np.full(500, np.nan)
    wanted[period:] = np.convolve(ease, np.ones(period) / period, "valid")
    assert_same(f"emv of {period}", run("emv", b.columns("hlv"), period)[0], wanted, scale=1e-3)


def test_klinger_is_the_difference_of_two_averages_of_the_volume_force() -> None:
    b = random_bars(700, 5, cents=True)
    price, spread = b.high + b.low + b.close, b.high - b.low
    trend = np.where(np.diff(price, prepend=np.nan) > 0, 1.0, -1.0)
    force = np.zeros(700)
    swing = spread[0] + spread[1]
    for i in range(2, 700):
        swing = swing + spread[i] if trend[i] == trend[i - 1] else spread[i - 1] + spread[i]
        if swing == spread[i] or b.volume[i] == 0:
            continue
        force[i] = 100 * b.volume[i] * abs(2 * (spread[i] / swing - 1)) * trend[i]
    line = np.full(700, np.nan)
    line[2:] = talib.EMA(force[2:], 34) - talib.EMA(force[2:], 55)
    ours, signal = run("klinger", b.columns("hlcv"))
    assert_same("klinger", ours, line, scale=1e3)
    wanted = np.full(700, np.nan)
    wanted[56:] = talib.EMA(line[56:], 13)
    assert_same("klinger signal", signal, wanted, scale=1e3)
