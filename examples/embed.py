"""Use parts of the engine inside a program of your own.

Each function stands alone; the program prints one JSON object.
"""

import json

import tickwright as tw
from tickwright import signal as s


def whole_backtest() -> dict[str, object]:
    """A rule, limits and costs in; a few numbers out."""
    day = tw.feeds.synthetic(seed=7, symbols=["AAPL"])
    fast, slow = s.ema(s.mid, 50), s.ema(s.mid, 200)
    rule = tw.Rules(entry=s.cross_above(fast, slow), exit=s.cross_below(fast, slow), size=tw.Fraction(0.2))
    result = tw.backtest(
        rule,
        day,
        cash=100_000,
        risk=tw.RiskLimits(max_order_notional=25_000),
        venue=tw.SimVenue(latency_ms=40),
    )
    return {
        "equity": float(result.end_equity),
        "fills": result.fills.num_rows,
        "max_drawdown": result.stats["max_drawdown"],
    }


def indicators_alone() -> dict[str, float]:
    """Indicators over an array, and one value at a time: the same numbers to the last bit."""
    closes = [10.0, 10.5, 10.25, 10.75, 11.0]
    batch = tw.indicators.ema(closes, 3)
    streaming = tw.indicators.Ema(3)
    last = [streaming.update(close) for close in closes][-1]
    return {"batch": float(batch[-1]), "streaming": last}


def bars_alone() -> dict[str, object]:
    """Bars of trades, as a strategy gets them, collected in a list."""

    class Collect(tw.Strategy):
        def __init__(self) -> None:
            super().__init__()
            self.bars: list[tuple[int, float, float]] = []

        def on_start(self) -> None:
            self.subscribe(kind="bars", bars="5m")

        def on_bar(self, bar) -> None:
            self.bars.append((bar.ts, bar.close, bar.volume))

    collect = Collect()
    tw.backtest(collect, tw.feeds.synthetic(seed=7, symbols=["AAPL"], events_scale=0.1))
    return {"bars": len(collect.bars), "first_end_ns": collect.bars[0][0]}


def main() -> None:
    """Print what the parts give."""
    print(json.dumps({**whole_backtest(), "ema": indicators_alone(), "five_minutes": bars_alone()}))


if __name__ == "__main__":
    main()
