"""Follow crossings of two averages, once for each symbol, as a Python class.

    tickwright backtest examples/ema_cross.py --data quotes_and_trades/ --param fast=5

ema_cross.toml is the same strategy as rules, which run wholly in the core.
"""

import math

import tickwright as tw


class EmaCross(tw.Strategy):
    """Hold a fifth of equity while the fast average of minute closes is above the slow one."""

    name = "ema-cross"

    def __init__(self, fast: int = 10, slow: int = 30, fraction: float = 0.2) -> None:
        super().__init__()
        if not 0 < fast < slow:
            raise ValueError(f"fast {fast} must lie between 0 and slow {slow}")
        self.fast, self.slow, self.fraction = fast, slow, fraction
        self.averages: dict[str, tuple[tw.indicators.Ema, tw.indicators.Ema]] = {}
        self.was_above: dict[str, bool] = {}

    def on_start(self) -> None:
        self.averages = {x: (tw.indicators.Ema(self.fast), tw.indicators.Ema(self.slow)) for x in self.symbols}
        self.subscribe(kind="bars", bars="1m")

    def on_bar(self, bar) -> None:
        fast, slow = (average.update(bar.close) for average in self.averages[bar.symbol])
        if math.isnan(slow) or fast == slow:
            return
        above, before = fast > slow, self.was_above.get(bar.symbol)
        self.was_above[bar.symbol] = above
        if before is None or above == before:
            return
        held = self.position(bar.symbol).qty
        if above and held == 0:
            price = self.book(bar.symbol).ask or bar.close
            qty = math.floor(self.equity * self.fraction / price)
            if qty > 0:
                self.buy(bar.symbol, qty)
        elif not above and held > 0:
            self.sell(bar.symbol, held)
