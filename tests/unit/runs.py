"""Small runs of the real engine, for tests of what stands around it."""

from typing import Any

import tickwright as tw

START = 1_381_152_600_000_000_000  # 2013-10-07 13:30 UTC
MINUTE = 60_000_000_000


def make_data(minutes: int = 60, symbol: str = "BAC") -> tw.MarketData:
    """One locked quote a minute, a cent dearer each."""
    price = [14.0 + 0.01 * i for i in range(minutes)]
    size = [10_000.0] * minutes
    times = [START + i * MINUTE for i in range(minutes)]
    columns = {"ts": times, "bid": price, "ask": price, "bid_size": size, "ask_size": size}
    return tw.feeds.table(columns, kind="quotes", symbol=symbol)


class Script(tw.Strategy):
    """Buys and sells 100 shares in turn, one order a quote; at the first quote it also asks for far too much."""

    def __init__(self, orders: int, refused: int) -> None:
        super().__init__()
        self.orders, self.refused, self.sent = orders, refused, 0

    def on_quote(self, quote: Any) -> None:
        if self.sent < self.orders:
            (self.buy if self.sent % 2 == 0 else self.sell)(quote.symbol, 100)
            self.sent += 1
        for _ in range(self.refused):
            self.buy(quote.symbol, 9_999)
        self.refused = 0


def make_result(
    *,
    minutes: int = 60,
    orders: int = 6,
    refused: int = 2,
    strategy: str = "trend",
    symbol: str = "BAC",
    wall_seconds: float = 0.5,
) -> tw.Result:
    """A run over `minutes` quotes with `orders` filled orders that alternate buy and sell, and `refused` refusals."""
    script = Script(orders, refused)
    script.name = strategy  # type: ignore[misc]
    result = tw.backtest(
        script,
        make_data(minutes, symbol),
        risk=tw.RiskLimits(max_order_notional=25_000),
        venue=tw.SimVenue(fees=tw.fees.PerShare(0.005, minimum=1.0)),
    )
    result.meta["wall_seconds"] = wall_seconds
    return result
