"""Our indicators: batches on the series of `measures_talib`, and single updates from Python."""

from collections.abc import Callable
from typing import Any

from benches import inputs
from benches.measures_talib import N, bars
from benches.registry import Work, measure

UPDATES = 100_000


def batch(name: str, call: Callable[[Any, inputs.Bars], Any]) -> None:
    """Register `call(tickwright.indicators, bars)` as `indicator_<name>`."""

    @measure(f"indicator_{name}")
    def factory() -> Work:
        from tickwright import indicators

        series = bars()
        return Work(lambda: call(indicators, series), items=N)


batch("sma", lambda i, b: i.sma(b.close, 20))
batch("ema", lambda i, b: i.ema(b.close, 20))
batch("rsi", lambda i, b: i.rsi(b.close, 14))
batch("macd", lambda i, b: i.macd(b.close, 12, 26, 9))
batch("bollinger", lambda i, b: i.bollinger(b.close, 20, 2.0))
batch("atr", lambda i, b: i.atr(b.high, b.low, b.close, 14))
batch("obv", lambda i, b: i.obv(b.close, b.volume))
batch("donchian", lambda i, b: i.donchian(b.high, b.low, 20))


def streaming(name: str, make: Callable[[Any], Any]) -> None:
    """Register single updates of `make(tickwright.indicators)` as `indicator_<name>_update`."""

    @measure(f"indicator_{name}_update")
    def factory() -> Work:
        from tickwright import indicators

        values = inputs.closes(UPDATES).tolist()
        update = make(indicators).update

        def run() -> None:
            call = update
            for value in values:
                call(value)

        return Work(run, items=UPDATES)


streaming("ema", lambda i: i.Ema(20))
streaming("rsi", lambda i: i.Rsi(14))
