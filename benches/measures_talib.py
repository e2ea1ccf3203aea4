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
