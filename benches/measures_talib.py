"""TA-Lib over one series of 1M elements: the floor of each batch indicator."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from benches import inputs
from benches.registry import Work, measure

N = 1_000_000


@lru_cache(maxsize=1)
def bars() -> inputs.Bars:
    """The series that TA-Lib and our indicators both read."""
    return inputs.bars(N)


def over_bars(name: str, call: Callable[[Any, inputs.Bars], Any]) -> None:
    """Register `call(talib, bars)` as `talib_<name>`."""

    @measure(f"talib_{name}")
    def factory() -> Work:
        import talib  # at the edge: only a run of the gate needs it

        series = bars()
        return Work(lambda: call(talib, series), items=N)


over_bars("sma", lambda ta, b: ta.SMA(b.close, 20))
over_bars("ema", lambda ta, b: ta.EMA(b.close, 20))
over_bars("rsi", lambda ta, b: ta.RSI(b.close, 14))
over_bars("macd", lambda ta, b: ta.MACD(b.close, 12, 26, 9))
over_bars("bbands", lambda ta, b: ta.BBANDS(b.close, 20, 2.0, 2.0))
over_bars("atr", lambda ta, b: ta.ATR(b.high, b.low, b.close, 14))
over_bars("obv", lambda ta, b: ta.OBV(b.close, b.volume))
over_bars("max_min", lambda ta, b: (ta.MAX(b.high, 20), ta.MIN(b.low, 20)))
