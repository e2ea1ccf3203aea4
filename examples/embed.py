"""Embed the engine in a program of your own: a rule, limits and costs in; a few numbers out as JSON."""

import json

import tickwright as tw
from tickwright import signal as s


def main() -> None:
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
    print(
        json.dumps(
            {
                "equity": float(result.stats["end_equity"]),
                "fills": len(result.fills),
                "max_drawdown": float(result.stats["max_drawdown"]),
            }
        )
    )


if __name__ == "__main__":
    main()
