"""Indicators of volatility against TA-Lib, and against their definitions written out."""

import numpy as np
import pytest
import talib

from tests.oracle.bars_and_shares import Bars, Find, all_bars, assert_same, random_bars, run

CASES = {
    "tr": ("hlc", (), lambda b: talib.TRANGE(b.high, b.low, b.close)),
    "natr": ("hlc", (14,), lambda b: talib.NATR(b.high, b.low, b.close, 14)),
    "natr of 1": ("hlc", (1,), lambda b: talib.NATR(b.high, b.low, b.close, 1)),
    "natr of 37": ("hlc", (37,), lambda b: talib.NATR(b.high, b.low, b.close, 37)),
    "acceleration_bands": ("hlc", (20,), lambda b: talib.ACCBANDS(b.high, b.low, b.close, 20)),
    "acceleration_bands of 3": ("hlc", (3,), lambda b: talib.ACCBANDS(b.high, b.low, b.close, 3)),
    "mass_index": ("hl", (9, 25), lambda b: talib.MASSI(b.high, b.low, 9, 25)),
    "mass_index of 4 and 11": ("hl", (4, 11), lambda b: talib.MASSI(b.high, b.low, 4, 11)),
}


@pytest.mark.parametrize("case", CASES)
def test_values_and_warm_up_are_those_of_talib(case: str, data_file: Find) -> None:
    names, parameters, reference = CASES[case]
    for label, bars in all_bars(data_file).items():
        theirs = reference(bars)
        theirs = theirs if isinstance(theirs, tuple) else (theirs,)
        ours = run(case.split()[0], bars.columns(names), *parameters)
        assert len(ours) == len(theirs)
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(f"{case}[{i}], {label}", a, b)


def test_chaikin_volatility_is_talibs_within_a_billionth_of_a_percent_change(data_file: Find) -> None:
    for label, bars in all_bars(data_file).items():
        # A change crosses zero, so that its own size is no measure.
        theirs = talib.CVI(bars.high, bars.low, 10, 10)
        assert_same(
            f"chaikin_volatility, {label}", run("chaikin_volatility", bars.columns("hl"))[0], theirs, scale=100.0
        )


def test_a_zero_close_gives_zero_as_in_talib() -> None:
    close = np.zeros(40)
    close[::3] = 5.0
    (ours,) = run("natr", [close + 1, close - 1, close], 5)
    assert_same("natr of zeros", ours, talib.NATR(close + 1, close - 1, close, 5))


def bars() -> Bars:
    return random_bars(600, 9)


def test_keltner_is_an_ema_and_multiples_of_the_atr_around_it() -> None:
    b = bars()
    middle, width = talib.EMA(b.close, 20), 2.5 * talib.ATR(b.high, b.low, b.close, 10)
    upper, centre, lower = run("keltner", b.columns("hlc"), 20, 2.5, 10)
    assert_same("keltner upper", upper, middle + width)
    assert_same("keltner middle", centre, middle)
    assert_same("keltner lower", lower, middle - width)
    late = run("keltner", b.columns("hlc"), 5, 2.0, 30)
    assert all(np.flatnonzero(~np.isnan(x))[0] == 30 for x in late)


def test_bollinger_width_and_place_follow_from_the_bands() -> None:
    b = bars()
    upper, middle, lower = talib.BBANDS(b.close, 20, 2.0, 2.0)
    assert_same("bollinger_width", run("bollinger_width", [b.close])[0], (upper - lower) / middle)
    assert_same("percent_b", run("percent_b", [b.close])[0], (b.close - lower) / (upper - lower), scale=1.0)
    flat = np.full(30, 7.0)
    assert run("bollinger_width", [flat])[0][-1] == 0.0
    assert run("percent_b", [flat])[0][-1] == 0.5


@pytest.mark.parametrize("period", [1, 2, 14])
def test_ulcer_is_the_root_mean_square_drawdown_from_the_rolling_high(period: int) -> None:
    x = bars().close
    drops = [100 * (x[i] / x[i - period + 1 : i + 1].max() - 1) if i >= period - 1 else np.nan for i in range(len(x))]
    wanted = [
        np.sqrt(np.mean(np.square(drops[i - period + 1 : i + 1]))) if i >= period - 1 else np.nan for i in range(len(x))
    ]
    assert_same(f"ulcer of {period}", run("ulcer", [x], period)[0], np.array(wanted), scale=1e-3)
