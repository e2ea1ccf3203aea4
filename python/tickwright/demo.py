"""The demonstration: a synthetic day, two strategies, risk, a venue with latency and fees."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from statistics import fmean, pstdev
from typing import Final

import tickwright as tw
from tickwright import signal as s
from tickwright.rules import Fraction, Rules
from tickwright.strategy import Strategy

__all__ = ["MeanReversion", "run_demo", "trend_rules"]

CASH: Final = 100_000.0


def trend_rules() -> Rules:
    """Follow the trend of minute bars with a fifth of equity a symbol."""
    fast, slow = s.ema(s.close, 10), s.ema(s.close, 30)
    return Rules(
        name="trend",
        entry=s.cross_above(fast, slow),
        exit=s.cross_below(fast, slow),
        size=Fraction(0.2),
        bars="1m",
        stop_loss=0.02,
    )


class MeanReversion(Strategy):
    """Buy what has fallen far below its recent average, and sell when it is back.

    The further the price has strayed, the more it asks for: the boldest orders are beyond `max_order_notional`, others
    beyond `max_gross_exposure` while the trend is held too, and risk refuses them.
    """

    name = "mean-reversion"

    def __init__(
        self, lookback: int = 20, entry_deviations: float = 2.0, notional_per_deviation: float = 10_000.0
    ) -> None:
        super().__init__()
        self.lookback = lookback
        self.entry_deviations = entry_deviations
        self.notional_per_deviation = notional_per_deviation
        self.closes: dict[str, deque[float]] = {}

    def on_start(self) -> None:
        """Ask for minute bars of all symbols."""
        self.subscribe(kind="bars", bars="1m")

    def on_bar(self, bar: tw.Bar) -> None:
        """Compare the close with the average of the last bars."""
        closes = self.closes.setdefault(bar.symbol, deque(maxlen=self.lookback))
        closes.append(bar.close)
        if len(closes) < self.lookback or (spread := pstdev(closes)) == 0.0:
            return
        deviations = (bar.close - fmean(closes)) / spread
        held = self.position(bar.symbol).qty
        if held > 0 and deviations >= 0.0:
            self.sell(bar.symbol, held)
        elif held == 0 and deviations <= -self.entry_deviations:
            qty = math.floor(-deviations * self.notional_per_deviation / bar.close)
            if qty > 0:
                self.buy(bar.symbol, qty)


def run_demo(*, seed: int = 7, progress: Callable[[int, int, int], None] | None = None) -> tw.Result:
    """Run the demonstration.

    Parameters
    ----------
    seed : int
        Seed of the synthetic market and of the venue's latency.
    progress : callable, optional
        Called with events done, events in all, and event time in nanoseconds.

    Returns
    -------
    Result
        The result of the run.
    """
    return tw.backtest(
        [trend_rules(), MeanReversion()],
        tw.feeds.synthetic(seed=seed),
        cash=CASH,
        risk=tw.RiskLimits(max_order_notional=25_000, max_gross_exposure=120_000, max_open_orders=20, collar_pct=5.0),
        venue=tw.SimVenue(
            latency_ms=40, latency_jitter_ms=10, seed=seed, fees=tw.fees.PerShare(0.005, minimum=1.0), slippage_bps=0.5
        ),
        progress=progress,
    )
