"""What each statistic of a run means, and how it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["STATISTICS", "Statistic", "duration", "shown"]


class Statistic(NamedTuple):
    """One figure."""

    label: str
    """Name for a reader."""
    kind: str
    """``money``, ``percent``, ``ratio``, ``count`` or ``duration``."""
    formula: str
    """How it is computed, and its source where it has one."""


STATISTICS: Final[Mapping[str, Statistic]] = {
    "start_equity": Statistic("Start equity", "money", "Equity before the first event."),
    "end_equity": Statistic("End equity", "money", "Cash plus positions at their last mark."),
    "net_pnl": Statistic("Net P&L", "money", "End equity − start equity, after fees."),
    "total_return": Statistic("Total return", "percent", "End equity ÷ start equity − 1."),
    "cagr": Statistic("CAGR", "percent", "(End equity ÷ start equity)^(1 ÷ years) − 1; undefined below one day."),
    "annual_volatility": Statistic(
        "Volatility, annual", "percent", "√(Σ (r − mean)² ÷ (n − 1)) × √(periods a year). Bacon 2008."
    ),
    "sharpe": Statistic(
        "Sharpe ratio", "ratio", "Mean excess return ÷ its sample deviation × √(periods a year). Sharpe 1994."
    ),
    "sortino": Statistic(
        "Sortino ratio",
        "ratio",
        "Mean return ÷ downside deviation below 0 × √(periods a year). Sortino and Price 1994.",
    ),
    "calmar": Statistic("Calmar ratio", "ratio", "CAGR ÷ max drawdown. Young 1991."),
    "max_drawdown": Statistic(
        "Max drawdown",
        "percent",
        "Greatest fall of equity from its running maximum, as a fraction of it, over every event.",
    ),
    "max_drawdown_sampled": Statistic(
        "Max drawdown, sampled", "percent", "The same, over the points of the equity curve."
    ),
    "max_drawdown_duration_ns": Statistic(
        "Longest drawdown",
        "duration",
        "Longest time from a maximum of equity until it is reached again, or to the end.",
    ),
    "skewness": Statistic("Skewness", "ratio", "Third central moment of period returns ÷ second^1.5. Fisher's g1."),
    "kurtosis": Statistic(
        "Kurtosis, excess", "ratio", "Fourth central moment of period returns ÷ second² − 3. Fisher's g2."
    ),
    "value_at_risk": Statistic(
        "Value at risk, 5 %", "percent", "Minus the 5 % quantile of period returns. Hyndman and Fan 1996, type 7."
    ),
    "expected_shortfall": Statistic(
        "Expected shortfall, 5 %",
        "percent",
        "Minus the mean of the worst 5 % of period returns. Acerbi and Tasche 2002.",
    ),
    "periods": Statistic(
        "Periods", "count", "Period returns behind the figures: days, or minutes of a run shorter than five days."
    ),
    "periods_per_year": Statistic("Periods a year", "count", "Periods that make a year: 252 days, or 98,280 minutes."),
    "trades": Statistic("Round trips", "count", "Positions, or parts of them, opened and closed."),
    "hit_rate": Statistic("Hit rate", "percent", "Round trips with a profit after fees ÷ all round trips."),
    "profit_factor": Statistic(
        "Profit factor", "ratio", "Sum of profits ÷ sum of losses of round trips. Schwager 1992."
    ),
    "average_win": Statistic("Average win", "money", "Mean profit of the winning round trips."),
    "average_loss": Statistic("Average loss", "money", "Mean loss of the losing round trips, without sign."),
    "payoff_ratio": Statistic("Payoff ratio", "ratio", "Average win ÷ average loss."),
    "expectancy": Statistic("Expectancy", "money", "Mean profit of all round trips. Tharp 1999."),
    "best_trade": Statistic("Best round trip", "money", "Largest profit of a round trip."),
    "worst_trade": Statistic("Worst round trip", "money", "Smallest profit of a round trip."),
    "turnover": Statistic(
        "Turnover", "ratio", "Traded notional ÷ mean equity, over the whole run, both sides counted."
    ),
    "exposure_time": Statistic("Time in the market", "percent", "Share of the time with a position; nights count."),
    "exposure_gross": Statistic("Mean exposure", "percent", "Mean over time of gross position value ÷ equity."),
    "traded_notional": Statistic("Traded notional", "money", "Σ |price × quantity| of all fills."),
    "fees": Statistic("Fees", "money", "Sum of fees."),
    "slippage": Statistic(
        "Slippage", "money", "Σ (fill price − price at the decision) × quantity × side; above zero it is a cost."
    ),
    "orders": Statistic("Orders", "count", "Orders that risk accepted."),
    "fills": Statistic("Fills", "count", "Executions, partial ones counted each."),
    "refusals": Statistic("Refusals", "count", "Orders that risk refused."),
    "events": Statistic("Events", "count", "Market events processed."),
}
"""Every figure of :attr:`tickwright.Result.stats`, in its order; docs/statistics.md has them in full."""


def duration(ns: float) -> str:
    """Nanoseconds as ``3d 4h``, ``5m 12s``, ``1.234s``."""
    seconds = ns / 1e9
    if seconds < 60:
        return f"{seconds:.3g}s"
    units = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
    whole = int(seconds)
    parts = []
    for size, unit in units:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def shown(key: str, value: object) -> str:
    """`value` of statistic `key` as text; ``–`` where there is none."""
    if value is None or isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return "–" if value is None or isinstance(value, float) else str(value)
    kind = STATISTICS[key].kind if key in STATISTICS else ("count" if isinstance(value, int) else "ratio")
    match kind:
        case "money":
            return f"{value:,.2f}" if value >= 0 else f"−{-value:,.2f}"
        case "percent":
            digits = 2 if value == 0 or abs(value) >= 0.001 else 4
            return f"{value * 100:.{digits}f} %".replace("-", "−")
        case "duration":
            return duration(value)
        case "count":
            return f"{value:,.0f}"
        case _:
            return f"{value:,.3f}".replace("-", "−")
