"""pytest-benchmark: indicators over one series, and one update at a time."""

import numpy as np
import pytest

from benches import inputs
from tickwright import indicators

ROWS = 1_000_000
BATCH = {
    "sma": lambda b: indicators.sma(b.close, 20),
    "ema": lambda b: indicators.ema(b.close, 20),
    "rsi": lambda b: indicators.rsi(b.close, 14),
    "macd": lambda b: indicators.macd(b.close, 12, 26, 9),
    "bollinger": lambda b: indicators.bollinger(b.close, 20, 2.0),
    "atr": lambda b: indicators.atr(b.high, b.low, b.close, 14),
    "obv": lambda b: indicators.obv(b.close, b.volume),
    "donchian": lambda b: indicators.donchian(b.high, b.low, 20),
}


@pytest.fixture(scope="module")
def bars():
    return inputs.bars(ROWS)


@pytest.mark.parametrize("name", BATCH)
def test_batch(benchmark, bars, name):
    result = benchmark(BATCH[name], bars)
    last = result[0] if isinstance(result, tuple) else result
    assert np.isfinite(last[-1])


@pytest.mark.parametrize("make", [lambda: indicators.Ema(20), lambda: indicators.Rsi(14)], ids=["ema", "rsi"])
def test_updates(benchmark, make):
    values = inputs.closes(10_000).tolist()
    indicator = make()

    def run():
        update = indicator.update
        for value in values:
            update(value)

    benchmark(run)
    assert indicator.ready
