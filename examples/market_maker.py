"""Quote both sides of the market with limit orders, move them with replacements, and go home flat by a timer.

tickwright backtest examples/market_maker.py --data quotes_and_trades/ --max-position-qty 1000
"""

import datetime as dt
from zoneinfo import ZoneInfo

import tickwright as tw

NEW_YORK = ZoneInfo("America/New_York")


class MarketMaker(tw.Strategy):
    """One order a side at the touch, re-priced when it has moved; none that would enlarge a full position."""

    name = "market-maker"

    def __init__(self, size: int = 100, position_max: int = 500, every_seconds: float = 1.0) -> None:
        super().__init__()
        self.size, self.position_max, self.every_seconds = size, position_max, every_seconds
        self.working: dict[tuple[str, str], int] = {}
        self.is_closing = False

    def on_start(self) -> None:
        self.set_timer("quote", seconds=self.every_seconds)
        close = dt.datetime.fromtimestamp(self.now / 1e9, NEW_YORK).replace(hour=15, minute=55, second=0, microsecond=0)
        if int(close.timestamp()) * 10**9 > self.now:
            self.set_timer("flat", at_ns=int(close.timestamp()) * 10**9)

    def on_timer(self, timer) -> None:
        if timer.name == "flat":
            self.is_closing = True
            self.cancel_all()
            for symbol in self.symbols:
                self.close(symbol)
        elif not self.is_closing:
            for symbol in self.symbols:
                self.quote(symbol)
            self.set_timer("quote", seconds=self.every_seconds)

    def quote(self, symbol: str) -> None:
        book, held = self.book(symbol), self.position(symbol).qty
        for side, touch, room in (
            ("buy", book.bid, self.position_max - held),
            ("sell", book.ask, self.position_max + held),
        ):
            order = self.order(self.working[symbol, side]) if (symbol, side) in self.working else None
            open_order = order if order is not None and not order.is_done else None
            if touch == 0 or room < self.size:
                if open_order is not None:
                    self.cancel(open_order.id)
            elif open_order is None:
                self.working[symbol, side] = self.submit(symbol, side, self.size, limit=touch)
            elif open_order.status in ("new", "partially_filled") and open_order.limit_price != touch:
                replacement = self.replace(open_order.id, limit=touch)
                if replacement is not None:
                    self.working[symbol, side] = replacement
