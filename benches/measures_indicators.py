"""Our indicators beyond the table of `measures_talib`: single updates from Python, sets, panels."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from benches import inputs
from benches.registry import Work, measure

UPDATES = 100_000


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


def updates_of(name: str, make: Callable[[Any], Any], columns: int) -> None:
    """Register updates by `columns` equal values of `make(tickwright.indicators)` as `indicator_<name>_update`."""

    @measure(f"indicator_{name}_update")
    def factory() -> Work:
        from tickwright import indicators

        rows = [(value,) * columns for value in inputs.closes(UPDATES).tolist()]
        update = make(indicators).update

        def run() -> None:
            call = update
            for row in rows:
                call(*row)

        return Work(run, items=UPDATES)


updates_of("macd", lambda i: i.Macd(), 1)
updates_of("donchian", lambda i: i.Donchian(20), 2)


@measure("indicator_set_update")
def indicator_set_update() -> Work:
    """Update a set of 20 of one series, an item being the whole set."""
    from tickwright import indicators

    names = ["ema", "sma", "rsi", "rma"]
    members = {f"{name}_{k}": (name, 5 + k) for k in range(5) for name in names}
    update = indicators.IndicatorSet(members).update
    values = inputs.closes(UPDATES).tolist()

    def run() -> None:
        call = update
        for value in values:
            call(0, value)

    return Work(run, items=UPDATES)


# --- panels ----------------------------------------------------------------------------------------------------------

PANEL_ROWS = 10_000


@lru_cache(maxsize=2)
def panel(series: int) -> Any:
    """Closes of `series` symbols, [series × time]."""
    return np.stack([np.roll(inputs.closes(PANEL_ROWS), 17 * s) for s in range(series)])


def over_panel(name: str, series: int, ours: Callable[[Any, Any], Any], talib: Callable[[Any, Any], Any]) -> None:
    """Register `indicator_<name>_panel_<series>`, and `talib_<name>_panel_<series>` in a loop over the series."""

    @measure(f"indicator_{name}_panel_{series}")
    def mine() -> Work:
        from tickwright import indicators

        closes = panel(series)
        return Work(lambda: ours(indicators, closes), items=closes.size)

    @measure(f"talib_{name}_panel_{series}")
    def theirs() -> Work:
        import talib as library  # at the edge: only a run of the gate needs it

        closes = panel(series)
        return Work(lambda: [talib(library, row) for row in closes], items=closes.size)


for _series in (1, 50, 500, 5_000):
    over_panel("ema", _series, lambda i, x: i.ema(x, 20), lambda t, x: t.EMA(x, 20))
    over_panel("rsi", _series, lambda i, x: i.rsi(x, 14), lambda t, x: t.RSI(x, 14))
