"""Pre-trade checks from Python: what one order costs with every check on, against a call of a Python method."""

from itertools import count

import tickwright as tw
from benches.registry import Work, measure

EVERY = {
    "tick_size": "us",
    "lot": 1,
    "min_order_notional": 1,
    "broker_rules": True,
    "max_order_qty": 1e6,
    "max_order_notional": 1e9,
    "max_order_adv_pct": 50,
    "average_volumes": {"S0": 1e9},
    "max_position_qty": 1e9,
    "max_position_notional": 8e9,
    "max_gross_exposure": 8e9,
    "max_net_exposure": 8e9,
    "max_leverage": 1e6,
    "collar_pct": 50,
    "max_data_age_ms": 1e9,
    "max_reference_age_ms": 1e9,
    "max_orders_per_second": 10**8,
    "max_orders_per_minute": 10**7,
    "max_cancels_per_second": 10**6,
    "max_order_to_fill": 1e12,
    "max_open_orders": 10**9,
    "max_open_orders_per_instrument": 10**9,
    "duplicate_window_ms": 1e-6,
    "max_executions": 10**6,
    "prevent_self_match": True,
}
ORDERS = 10_000


def _submitting(limits: tw.RiskLimits, symbols: int) -> Work:
    risk = tw.Risk([f"S{i}" for i in range(symbols)], cash=1e9, limits=limits)
    risk.quote("S0", 9.99, 10.00, ts=0)

    clock = count(1)

    def run() -> None:
        submit = risk.submit
        for _, ts in zip(range(ORDERS), clock, strict=False):
            risk.close(submit("S0", "buy", 100, limit=10.0, ts=ts))  # type: ignore[arg-type]

    return Work(run, items=ORDERS)


@measure("risk_submit_default")
def risk_submit_default() -> Work:
    """Check and close an order from Python, limits as they are by default: the way in and out, mostly."""
    return _submitting(tw.RiskLimits(max_leverage=1e6), 1)


@measure("risk_submit_every_check")
def risk_submit_every_check() -> Work:
    """The same with every check on."""
    return _submitting(tw.RiskLimits(**EVERY), 1)  # type: ignore[arg-type]


@measure("risk_submit_5000_symbols")
def risk_submit_5000_symbols() -> Work:
    """The same over 5,000 symbols."""
    return _submitting(tw.RiskLimits(**EVERY), 5_000)  # type: ignore[arg-type]
