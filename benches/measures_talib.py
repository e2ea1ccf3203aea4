"""TA-Lib and ours over one series of 1M elements: one table, an indicator a line."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from benches import inputs
from benches.registry import Work, measure

N = 1_000_000


class Pair(NamedTuple):
    """The same work, done by both over columns of one series of bars."""

    talib: str
    """Name of TA-Lib's function."""
    columns: str
    """The inputs, a letter each: open, high, low, close, volume."""
    ours: tuple[float, ...]
    """Our parameters."""
    theirs: tuple[float, ...]
    """TA-Lib's parameters."""


def _same(talib: str, columns: str, *parameters: float) -> Pair:
    return Pair(talib, columns, parameters, parameters)


#: Name of the measurements `indicator_<name>` and `talib_<name>` → the work. One line an indicator.
TABLE: dict[str, Pair] = {
    # --- average
    "sma": _same("SMA", "c", 20),
    "ema": _same("EMA", "c", 20),
    "rma": _same("RMA", "c", 14),
    "wma": _same("WMA", "c", 20),
    "dema": _same("DEMA", "c", 20),
    "tema": _same("TEMA", "c", 20),
    "trima": _same("TRIMA", "c", 20),
    "kama": _same("KAMA", "c", 10),
    "t3": _same("T3", "c", 5, 0.7),
    "hma": _same("HMA", "c", 16),
    "zlema": _same("ZLEMA", "c", 20),
    "vwma": _same("VWMA", "cv", 20),
    "mama": _same("MAMA", "c", 0.5, 0.05),
    "linreg": _same("LINEARREG", "c", 14),
    "linreg_slope": _same("LINEARREG_SLOPE", "c", 14),
    "linreg_angle": _same("LINEARREG_ANGLE", "c", 14),
    "linreg_intercept": _same("LINEARREG_INTERCEPT", "c", 14),
    "tsf": _same("TSF", "c", 14),
    "midpoint": _same("MIDPOINT", "c", 14),
    "midprice": _same("MIDPRICE", "hl", 14),
    # --- momentum
    "rsi": _same("RSI", "c", 14),
    "macd": _same("MACD", "c", 12, 26, 9),
    "momentum": _same("MOM", "c", 10),
    "roc": _same("ROC", "c", 10),
    "rocp": _same("ROCP", "c", 10),
    "rocr": _same("ROCR", "c", 10),
    "rocr100": _same("ROCR100", "c", 10),
    "stoch": Pair("STOCH", "hlc", (14, 3, 3), (14, 3, 0, 3, 0)),
    "stochf": Pair("STOCHF", "hlc", (14, 3), (14, 3, 0)),
    "stochrsi": Pair("STOCHRSI", "c", (14, 5, 3), (14, 5, 3, 0)),
    "apo": _same("APO", "c", 12, 26),
    "ppo": _same("PPO", "c", 12, 26),
    "cmo": _same("CMO", "c", 14),
    "cci": _same("CCI", "hlc", 20),
    "willr": _same("WILLR", "hlc", 14),
    "tsi": _same("TSI", "c", 25, 13),
    "trix": _same("TRIX", "c", 30),
    "ultosc": _same("ULTOSC", "hlc", 7, 14, 28),
    "ao": _same("AO", "hl", 5, 34),
    "bop": _same("BOP", "ohlc"),
    "coppock": _same("COPPOCK", "c"),
    "dpo": _same("DPO", "c", 20),
    "adx": _same("ADX", "hlc", 14),
    "adxr": _same("ADXR", "hlc", 14),
    "dx": _same("DX", "hlc", 14),
    "plus_di": _same("PLUS_DI", "hlc", 14),
    "minus_di": _same("MINUS_DI", "hlc", 14),
    "plus_dm": _same("PLUS_DM", "hl", 14),
    "minus_dm": _same("MINUS_DM", "hl", 14),
    "aroon": _same("AROON", "hl", 25),
    "aroonosc": _same("AROONOSC", "hl", 25),
    "vortex": _same("VORTEX", "hlc", 14),
    # --- statistics
    "stddev": Pair("STDDEV", "c", (20,), (20, 1.0)),
    "variance": Pair("VAR", "c", (20,), (20, 1.0)),
    "correlation": _same("CORREL", "hl", 30),
    "beta": _same("BETA", "hl", 5),
    "rolling_sum": _same("SUM", "c", 30),
    "rolling_max": _same("MAX", "c", 30),
    "rolling_min": _same("MIN", "c", 30),
    "percent_rank": _same("PERCENTRANK", "c", 100),
    # --- volatility
    "bollinger": Pair("BBANDS", "c", (20, 2.0), (20, 2.0, 2.0)),
    "atr": _same("ATR", "hlc", 14),
    "natr": _same("NATR", "hlc", 14),
    "tr": _same("TRANGE", "hlc"),
    "acceleration_bands": _same("ACCBANDS", "hlc", 20),
    "chaikin_volatility": _same("CVI", "hl", 10, 10),
    "mass_index": _same("MASSI", "hl", 9, 25),
    # --- volume
    "obv": _same("OBV", "cv"),
    "ad": _same("AD", "hlcv"),
    "adosc": _same("ADOSC", "hlcv", 3, 10),
    "cmf": _same("CMF", "hlcv", 20),
    "mfi": _same("MFI", "hlcv", 14),
    "force_index": _same("EFI", "cv", 13),
    "nvi": _same("NVI", "cv"),
    "pvi": _same("PVI", "cv"),
    # --- trend
    "sar": _same("SAR", "hl", 0.02, 0.2),
    "sarext": _same("SAREXT", "hl"),
    "supertrend": _same("SUPERTREND", "hlc", 10, 3.0),
    "heikin_ashi": _same("HA", "ohlc"),
    "pivots": _same("FRACTAL", "hl", 2, 2),
    # --- cycle
    "ht_dcperiod": _same("HT_DCPERIOD", "c"),
    "ht_dcphase": _same("HT_DCPHASE", "c"),
    "ht_phasor": _same("HT_PHASOR", "c"),
    "ht_sine": _same("HT_SINE", "c"),
    "ht_trendline": _same("HT_TRENDLINE", "c"),
    "ht_trendmode": _same("HT_TRENDMODE", "c"),
}


@lru_cache(maxsize=1)
def bars() -> inputs.Bars:
    """The series that TA-Lib and our indicators both read."""
    return inputs.bars(N)


def columns(letters: str) -> list[Any]:
    """The columns of `bars` that `letters` name."""
    series = bars()
    by_letter = {"o": series.open, "h": series.high, "l": series.low, "c": series.close, "v": series.volume}
    return [by_letter[letter] for letter in letters]


def work(name: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The indicator `name` over the series: ours and TA-Lib's."""
    import talib  # at the edge: only a run of the gate needs it

    from tickwright import indicators

    if name == "donchian":
        high, low = columns("hl")
        return lambda: indicators.donchian(high, low, 20), lambda: (talib.MAX(high, 20), talib.MIN(low, 20))
    pair = pattern(name) if name.startswith("cdl") else TABLE[name]
    inputs_ = columns(pair.columns)
    whole = [int(p) if float(p).is_integer() and isinstance(p, int) else p for p in pair.ours]
    ours, theirs = getattr(indicators, name), getattr(talib, pair.talib)
    return lambda: ours(*inputs_, *whole), lambda: theirs(*inputs_, *pair.theirs)


def pattern(name: str) -> Pair:
    """The candlestick pattern `name`, which has TA-Lib's name."""
    return _same(name.upper(), "ohlc")


def names() -> list[str]:
    """Every indicator that both have."""
    from tickwright import indicators

    return [*TABLE, "donchian", *(i.name for i in indicators.list() if i.family == "pattern")]


def _register(name: str) -> None:
    @measure(f"talib_{name}")
    def theirs() -> Work:
        return Work(work(name)[1], items=N)

    @measure(f"indicator_{name}")
    def ours() -> Work:
        return Work(work(name)[0], items=N)


for _name in [*TABLE, "donchian"]:
    _register(_name)
