"""The dominant cycle against TA-Lib.

TA-Lib smooths the price by a running sum, which keeps a rounding error of each price it ever held; here each row is
smoothed anew. Differences of that size grow where a phasor is close to zero, so that phases are compared as angles.
"""

import numpy as np
import talib

from tests.oracle.bars_and_shares import Find, all_bars, assert_same, run


def test_period_is_talibs(data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        assert_same(f"ht_dcperiod, {label}", run("ht_dcperiod", [b.close])[0], talib.HT_DCPERIOD(b.close))


def test_phasor_is_talibs(data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        # A phasor is a small difference of prices, whose rounding it keeps.
        scale = float(b.close.max())
        for name, ours, theirs in zip(
            ("in phase", "quadrature"), run("ht_phasor", [b.close]), talib.HT_PHASOR(b.close), strict=True
        ):
            assert_same(f"ht_phasor {name}, {label}", ours, theirs, scale=scale)


def test_phase_is_talibs(data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        assert_same(f"ht_dcphase, {label}", run("ht_dcphase", [b.close])[0], talib.HT_DCPHASE(b.close), scale=360.0)


def test_sine_wave_is_talibs(data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        # The rounding of a price of 10,000 is a hundred times that of one of 100, and so is what the phase keeps of it.
        scale = max(1.0, float(b.close.max()) / 100)
        for name, ours, theirs in zip(("sine", "lead"), run("ht_sine", [b.close]), talib.HT_SINE(b.close), strict=True):
            assert_same(f"ht_sine {name}, {label}", ours, theirs, scale=scale)


def test_trend_line_is_talibs(data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        assert_same(f"ht_trendline, {label}", run("ht_trendline", [b.close])[0], talib.HT_TRENDLINE(b.close))


def test_trend_mode_is_talibs(data_file: Find) -> None:
    for label, b in all_bars(data_file).items():
        theirs = talib.HT_TRENDMODE(b.close).astype(float)
        # TA-Lib's integers have no NaN: its first 63 rows are 0.
        theirs[:63] = np.nan
        assert_same(f"ht_trendmode, {label}", run("ht_trendmode", [b.close])[0], theirs)


def test_a_flat_price_and_a_pure_cycle_are_handled_as_by_talib() -> None:
    flat, wave = np.full(300, 50.0), 100 + 5 * np.sin(np.arange(900) * 2 * np.pi / 20)
    assert_same("ht_dcperiod of a flat price", run("ht_dcperiod", [flat])[0], talib.HT_DCPERIOD(flat))
    assert_same("ht_dcperiod of a sine", run("ht_dcperiod", [wave])[0], talib.HT_DCPERIOD(wave))
    assert abs(run("ht_dcperiod", [wave])[0][-1] - 20) < 0.5
