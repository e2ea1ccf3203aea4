"""Our indicators beyond the table of `measures_talib`: single updates from Python, sets, panels."""

from collections.abc import Callable
from typing import Any

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
