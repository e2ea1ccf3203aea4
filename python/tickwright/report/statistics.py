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
    "start_equity": Statistic("Start equity", "money", "Cash at the start."),
    "end_equity": Statistic("End equity", "money", "Cash plus positions at their last mark."),
    "net_pnl": Statistic("Net P&L", "money", "End equity − start equity, after fees."),
    "total_return": Statistic("Total return", "percent", "End equity ÷ start equity − 1."),
    "cagr": Statistic("CAGR", "percent", "(End equity ÷ start equity)^(1 ÷ years) − 1."),
    "volatility": Statistic("Volatility", "percent", "Standard deviation of periodic returns × √(periods a year)."),
    "sharpe": Statistic(
        "Sharpe ratio", "ratio", "Mean excess return ÷ its standard deviation × √(periods a year). Sharpe 1994."
    ),
    "sortino": Statistic(
        "Sortino ratio", "ratio", "Mean excess return ÷ downside deviation × √(periods a year). Sortino & Price 1994."
    ),
    "calmar": Statistic("Calmar ratio", "ratio", "CAGR ÷ maximum drawdown. Young 1991."),
    "max_drawdown": Statistic(
        "Max drawdown", "percent", "Greatest fall of equity from its running maximum, as a fraction of that maximum."
    ),
    "max_drawdown_duration_ns": Statistic(
        "Longest drawdown", "duration", "Longest time from a maximum of equity until it is reached again."
    ),
    "hit_rate": Statistic("Hit rate", "percent", "Round trips with a profit ÷ all round trips."),
    "profit_factor": Statistic(
        "Profit factor", "ratio", "Sum of winning round trips ÷ sum of losing round trips, without sign."
    ),
    "average_win": Statistic("Average win", "money", "Mean P&L of winning round trips."),
    "average_loss": Statistic("Average loss", "money", "Mean P&L of losing round trips."),
    "expectancy": Statistic("Expectancy", "money", "Mean P&L of a round trip."),
    "turnover": Statistic("Turnover", "ratio", "Traded notional ÷ mean equity."),
    "exposure": Statistic("Exposure", "percent", "Share of time with a position."),
    "fees": Statistic("Fees", "money", "Commissions paid."),
    "slippage": Statistic(
        "Slippage", "money", "Σ (fill price − price at decision) × quantity × side; a positive sum is a cost."
    ),
    "orders": Statistic("Orders", "count", "Orders submitted, refused ones included."),
    "fills": Statistic("Fills", "count", "Executions, partial ones counted each."),
    "refusals": Statistic("Refusals", "count", "Orders that risk or the venue refused."),
    "trips": Statistic("Round trips", "count", "Positions from flat to flat."),
    "events": Statistic("Events", "count", "Market events processed."),
}


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
            return f"{value * 100:.2f} %".replace("-", "−")
        case "duration":
            return duration(value)
        case "count":
            return f"{value:,.0f}"
        case _:
            return f"{value:,.3f}".replace("-", "−")
