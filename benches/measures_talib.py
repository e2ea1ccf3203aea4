"""TA-Lib and ours over one series of 1M elements: one table, an indicator a line."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from benches import inputs
from benches.registry import Work, measure

N = 1_000_000


class Pair(NamedTuple):
    """The same work, done by both."""

    ours: Callable[[Any, inputs.Bars], Any]
    """`ours(tickwright.indicators, bars)`"""
    talib: Callable[[Any, inputs.Bars], Any]
    """`talib(talib, bars)`"""


#: Name of the measurements `indicator_<name>` and `talib_<name>` → the work. One line an indicator.
TABLE: dict[str, Pair] = {
    # --- average, momentum, statistics
    "sma": Pair(lambda i, b: i.sma(b.close, 20), lambda t, b: t.SMA(b.close, 20)),
    "ema": Pair(lambda i, b: i.ema(b.close, 20), lambda t, b: t.EMA(b.close, 20)),
    "rsi": Pair(lambda i, b: i.rsi(b.close, 14), lambda t, b: t.RSI(b.close, 14)),
    "macd": Pair(lambda i, b: i.macd(b.close, 12, 26, 9), lambda t, b: t.MACD(b.close, 12, 26, 9)),
    "momentum": Pair(lambda i, b: i.momentum(b.close, 10), lambda t, b: t.MOM(b.close, 10)),
    "roc": Pair(lambda i, b: i.roc(b.close, 10), lambda t, b: t.ROC(b.close, 10)),
    "rocp": Pair(lambda i, b: i.rocp(b.close, 10), lambda t, b: t.ROCP(b.close, 10)),
    "rocr": Pair(lambda i, b: i.rocr(b.close, 10), lambda t, b: t.ROCR(b.close, 10)),
    # --- volatility, volume, trend, cycle
    "bollinger": Pair(lambda i, b: i.bollinger(b.close, 20, 2.0), lambda t, b: t.BBANDS(b.close, 20, 2.0, 2.0)),
    "atr": Pair(lambda i, b: i.atr(b.high, b.low, b.close, 14), lambda t, b: t.ATR(b.high, b.low, b.close, 14)),
    "obv": Pair(lambda i, b: i.obv(b.close, b.volume), lambda t, b: t.OBV(b.close, b.volume)),
    "donchian": Pair(lambda i, b: i.donchian(b.high, b.low, 20), lambda t, b: (t.MAX(b.high, 20), t.MIN(b.low, 20))),
    "tr": Pair(lambda i, b: i.tr(b.high, b.low, b.close), lambda t, b: t.TRANGE(b.high, b.low, b.close)),
    "natr": Pair(lambda i, b: i.natr(b.high, b.low, b.close, 14), lambda t, b: t.NATR(b.high, b.low, b.close, 14)),
    "acceleration_bands": Pair(
        lambda i, b: i.acceleration_bands(b.high, b.low, b.close, 20),
        lambda t, b: t.ACCBANDS(b.high, b.low, b.close, 20),
    ),
    "chaikin_volatility": Pair(
        lambda i, b: i.chaikin_volatility(b.high, b.low, 10, 10), lambda t, b: t.CVI(b.high, b.low, 10, 10)
    ),
    "mass_index": Pair(lambda i, b: i.mass_index(b.high, b.low, 9, 25), lambda t, b: t.MASSI(b.high, b.low, 9, 25)),
    "ad": Pair(
        lambda i, b: i.ad(b.high, b.low, b.close, b.volume), lambda t, b: t.AD(b.high, b.low, b.close, b.volume)
    ),
    "adosc": Pair(
        lambda i, b: i.adosc(b.high, b.low, b.close, b.volume, 3, 10),
        lambda t, b: t.ADOSC(b.high, b.low, b.close, b.volume, 3, 10),
    ),
    "cmf": Pair(
        lambda i, b: i.cmf(b.high, b.low, b.close, b.volume, 20),
        lambda t, b: t.CMF(b.high, b.low, b.close, b.volume, 20),
    ),
    "mfi": Pair(
        lambda i, b: i.mfi(b.high, b.low, b.close, b.volume, 14),
        lambda t, b: t.MFI(b.high, b.low, b.close, b.volume, 14),
    ),
    "force_index": Pair(lambda i, b: i.force_index(b.close, b.volume, 13), lambda t, b: t.EFI(b.close, b.volume, 13)),
    "nvi": Pair(lambda i, b: i.nvi(b.close, b.volume), lambda t, b: t.NVI(b.close, b.volume)),
    "pvi": Pair(lambda i, b: i.pvi(b.close, b.volume), lambda t, b: t.PVI(b.close, b.volume)),
    "sar": Pair(lambda i, b: i.sar(b.high, b.low, 0.02, 0.2), lambda t, b: t.SAR(b.high, b.low, 0.02, 0.2)),
    "sarext": Pair(lambda i, b: i.sarext(b.high, b.low), lambda t, b: t.SAREXT(b.high, b.low)),
    "supertrend": Pair(
        lambda i, b: i.supertrend(b.high, b.low, b.close, 10, 3.0),
        lambda t, b: t.SUPERTREND(b.high, b.low, b.close, 10, 3.0),
    ),
    "heikin_ashi": Pair(
        lambda i, b: i.heikin_ashi(b.open, b.high, b.low, b.close), lambda t, b: t.HA(b.open, b.high, b.low, b.close)
    ),
    "pivots": Pair(lambda i, b: i.pivots(b.high, b.low, 2, 2), lambda t, b: t.FRACTAL(b.high, b.low, 2, 2)),
    "ht_dcperiod": Pair(lambda i, b: i.ht_dcperiod(b.close), lambda t, b: t.HT_DCPERIOD(b.close)),
    "ht_dcphase": Pair(lambda i, b: i.ht_dcphase(b.close), lambda t, b: t.HT_DCPHASE(b.close)),
    "ht_phasor": Pair(lambda i, b: i.ht_phasor(b.close), lambda t, b: t.HT_PHASOR(b.close)),
    "ht_sine": Pair(lambda i, b: i.ht_sine(b.close), lambda t, b: t.HT_SINE(b.close)),
    "ht_trendline": Pair(lambda i, b: i.ht_trendline(b.close), lambda t, b: t.HT_TRENDLINE(b.close)),
    "ht_trendmode": Pair(lambda i, b: i.ht_trendmode(b.close), lambda t, b: t.HT_TRENDMODE(b.close)),
    # --- pattern
}


@lru_cache(maxsize=1)
def bars() -> inputs.Bars:
    """The series that TA-Lib and our indicators both read."""
    return inputs.bars(N)


def _register(name: str, pair: Pair) -> None:
    @measure(f"talib_{name}")
    def theirs() -> Work:
        import talib  # at the edge: only a run of the gate needs it

        series = bars()
        return Work(lambda: pair.talib(talib, series), items=N)

    @measure(f"indicator_{name}")
    def ours() -> Work:
        from tickwright import indicators

        series = bars()
        return Work(lambda: pair.ours(indicators, series), items=N)


for _name, _pair in TABLE.items():
    _register(_name, _pair)
