"""A strategy that trades without end: it buys and sells in turn, at the market and with limits, and cancels some."""

from typing import Any

import tickwright as tw


class Swing(tw.Strategy):
    """One thing on every so many quotes of a symbol: buy, sell what is held, rest a limit far away, cancel it."""

    name = "swing"
    every: int = 4

    def on_start(self) -> None:
        self.seen: dict[str, int] = {}
        self.resting: dict[str, int] = {}

    def on_quote(self, quote: Any) -> None:
        n = self.seen[quote.symbol] = self.seen.get(quote.symbol, 0) + 1
        if n % self.every:
            return
        turn = n // self.every
        resting = self.resting.get(quote.symbol)
        if any(order.symbol == quote.symbol and order.id != resting for order in self.open_orders()):
            return
        held = self.position(quote.symbol).qty
        if resting is not None:
            self.cancel(self.resting.pop(quote.symbol))
        elif held > 0:
            self.sell(quote.symbol, held)
        elif held < 0:
            self.buy(quote.symbol, -held)
        elif turn % 3 == 0:
            self.resting[quote.symbol] = self.submit(quote.symbol, "buy", 5, limit=round(quote.bid * 0.9, 2))
        else:
            self.buy(quote.symbol, 10 + turn % 7)
