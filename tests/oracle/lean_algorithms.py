"""Seven of Lean's regression algorithms, written for our strategies from their rules in words.

Lean's fills and fees: the venue has no latency and fills any size; 0.005 dollars a share, at least 1; whole shares; a
set-holdings order keeps a quarter of a percent of equity back; positions are valued at the last regular trade.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import tickwright as tw

NEW_YORK = ZoneInfo("America/New_York")
VENUE = {"fees": tw.fees.PerShare(0.005, minimum=1.0), "liquidity": "unlimited"}


def local(text: str) -> int:
    """Nanoseconds since 1970 of a New York time such as ``2021-03-01 12:00``."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * 1_000_000_000


class HoldFromFirstBar(tw.Strategy):
    """Set holdings to a fraction of equity on the first bar, then hold."""

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction
        self.sent = False

    def on_bar(self, bar) -> None:
        if not self.sent:
            self.sent = True
            budget = self.equity * abs(self.fraction) * 0.9975
            shares = math.floor(budget / bar.close)
            while shares * bar.close + max(1.0, 0.005 * shares) > budget:
                shares -= 1
            self.submit(bar.symbol, "buy" if self.fraction > 0 else "sell", shares, tif="gtc")


class StopThroughAtNoon(tw.Strategy):
    """At noon a stop buy of one share, two dollars below the price."""

    def on_bar(self, bar) -> None:
        if bar.ts == local("2021-03-01 12:00"):
            self.buy(bar.symbol, 1, stop=round(bar.close - 2, 9), tif="gtc")


class TwoAtTheOpen(tw.Strategy):
    """At midnight two orders for the open."""

    def on_start(self) -> None:
        self.subscribe(kind="bars")
        self.set_timer("midnight", at_ns=local("2021-03-02 00:00"))

    def on_timer(self, timer) -> None:
        self.buy("SPY", 1)
        self.buy("SPY", 1)


class StopOnFill(tw.Strategy):
    """Sell 100 on the first bar; on its fill a stop buy two dollars below the fill."""

    sent = False

    def on_bar(self, bar) -> None:
        if not self.sent:
            self.sent = True
            self.sell(bar.symbol, 100, tif="gtc")

    def on_fill(self, fill) -> None:
        if fill.side == "sell":
            self.buy(fill.symbol, 100, stop=round(fill.price - 2, 9), tif="gtc")


@dataclass(frozen=True)
class Case:
    """One algorithm: its strategy, data and settings."""

    name: str
    strategy: type
    args: tuple
    data: dict
    files: str
    start: str
    end: str
    last: str
    """16:00 of the last day of data, where Lean's own clock ends."""

    def run(self, usa: Path) -> tw.Result:
        data = tw.feeds.lean(usa / self.files, session="regular", **self.data)
        return tw.backtest(
            self.strategy(*self.args),
            data,
            cash=100_000,
            venue=tw.SimVenue(**VENUE),
            start=local(self.start),
            end=local(self.end),
            mark="last",
            equity_every="1m",
        )


SPLIT = "EquitySplitHoldingsMinuteRegressionAlgorithm"
ADJUSTED = {"adjust": "total"}
CENTS = {"actions": True, "dividend_decimals": 2}
CASES = [
    Case(
        "BasicTemplateAlgorithm",
        HoldFromFirstBar,
        (1.0,),
        ADJUSTED,
        "minute/spy",
        "2013-10-07 00:00",
        "2013-10-12 00:00",
        "2013-10-11 16:00",
    ),
    Case(
        "BasicTemplateDailyAlgorithm",
        HoldFromFirstBar,
        (1.0,),
        ADJUSTED,
        "daily/spy.zip",
        "2013-10-08 00:00",
        "2013-10-18 00:00",
        "2013-10-17 16:00",
    ),
    Case(
        "DividendRegressionAlgorithm",
        HoldFromFirstBar,
        (0.5,),
        CENTS,
        "daily/spy.zip",
        "1998-01-01 00:00",
        "2006-01-02 00:00",
        "2005-12-30 16:00",
    ),
    Case(
        SPLIT,
        HoldFromFirstBar,
        (-1.0,),
        {"actions": True},
        "minute/aapl",
        "2014-06-05 00:00",
        "2014-06-12 00:00",
        "2014-06-11 16:00",
    ),
    Case(
        "StopMarketOrderRegressionAlgorithm",
        StopThroughAtNoon,
        (),
        ADJUSTED,
        "hour/spy.zip",
        "2021-03-01 00:00",
        "2021-03-04 00:00",
        "2021-03-03 16:00",
    ),
    Case(
        "MarketOnOpenOrderRegressionAlgorithm",
        TwoAtTheOpen,
        (),
        ADJUSTED,
        "hour/spy.zip",
        "2021-03-01 00:00",
        "2021-03-04 00:00",
        "2021-03-03 16:00",
    ),
    Case(
        "StopLossOnOrderEventRegressionAlgorithm",
        StopOnFill,
        (),
        ADJUSTED,
        "minute/spy",
        "2013-10-07 00:00",
        "2013-10-12 00:00",
        "2013-10-11 16:00",
    ),
]
