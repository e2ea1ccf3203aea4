"""The built-in alert rules, and the same for Prometheus.

``python -m tickwright.observe.builtin deploy/prometheus/tickwright.rules.yml`` writes the file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tickwright.observe.settings import AlertRule

__all__ = ["RULES", "promql", "rules_file"]

RULES: Final = (
    AlertRule(
        name="EngineNotRunning",
        metric="tickwright_engine_state",
        labels={"tickwright_engine_state": "RUNNING"},
        op="==",
        value=0,
        for_s=60,
        severity="critical",
        message="the engine has not been RUNNING for a minute; tickwright status says what it is and why",
    ),
    AlertRule(
        name="EngineUnresponsive",
        metric="tickwright_up",
        op="==",
        value=0,
        for_s=5,
        severity="critical",
        message="the engine's event loop does not turn",
    ),
    AlertRule(
        name="DataStale",
        metric="tickwright_data_stale",
        op="==",
        value=1,
        severity="critical",
        message="no market data come though the market is open",
    ),
    AlertRule(
        name="StreamDown",
        metric="tickwright_stream_connected",
        op="==",
        value=0,
        for_s=15,
        message="a stream is not connected: {labels}",
    ),
    AlertRule(
        name="DrawdownNearLimit",
        metric="tickwright_drawdown_limit_ratio",
        op=">",
        value=0.8,
        message="{value:.2f} of the drawdown limit is used; at 1 the engine stops trading",
    ),
    AlertRule(
        name="JournalLag",
        metric="tickwright_journal_lag_seconds",
        op=">",
        value=1,
        for_s=2,
        severity="critical",
        message="orders have waited {value:.1f} s for the disk",
    ),
    AlertRule(
        name="JournalBroken",
        metric="tickwright_journal_broken",
        op="==",
        value=1,
        severity="critical",
        message="the journal takes nothing more; the engine ends",
    ),
    AlertRule(
        name="BrokerBudgetEmpty",
        metric="tickwright_broker_budget_left",
        labels={"api": "trading"},
        op="<=",
        value=0,
        for_s=10,
        message="no request may be sent to the broker: the budget of a minute is used",
    ),
    AlertRule(
        name="BrokerAnomaly",
        metric="tickwright_broker_anomalies_total",
        of="increase",
        within_s=300,
        op=">",
        value=0,
        severity="critical",
        message="the broker said something that cannot be; the log has it",
    ),
    AlertRule(
        name="RiskRefusals",
        metric="tickwright_risk_refusals_total",
        of="increase",
        within_s=60,
        op=">",
        value=20,
        message="risk checks refused {value:.0f} orders within a minute: {labels}",
    ),
    AlertRule(
        name="ReconciliationDifference",
        metric="tickwright_reconciliation_differences",
        op=">",
        value=0,
        severity="critical",
        message="{value:.0f} positions differ from the broker's",
    ),
    AlertRule(
        name="SymbolStopped",
        metric="tickwright_stopped_symbols",
        op=">",
        value=0,
        message="{value:.0f} symbols are stopped by a corporate action until an operator accepts it",
    ),
    AlertRule(
        name="StrategyIsolated",
        metric="tickwright_strategy_isolated",
        op="==",
        value=1,
        severity="critical",
        message="a strategy failed too often and is not called any more: {labels}",
    ),
    AlertRule(
        name="ClockSkew",
        metric="tickwright_clock_skew_seconds",
        op=">",
        value=1,
        message="this machine's clock is {value:.2f} s off the broker's",
    ),
    AlertRule(
        name="ErrorBudgetBurn",
        metric="tickwright_slo_burn_rate",
        labels={"window": "1h"},
        op=">",
        value=14.4,
        for_s=60,
        severity="critical",
        message="at this rate, {value:.1f} times what is allowed, two days use up the error budget of thirty: {labels}",
    ),
    AlertRule(
        name="AlertsNotDelivered",
        metric="tickwright_alert_deliveries_total",
        labels={"outcome": "given_up"},
        of="increase",
        within_s=300,
        op=">",
        value=0,
        message="alerts could not be delivered: {labels}",
    ),
)
"""The built-in rules."""


def promql(rule: AlertRule) -> str:
    """Write the comparison of a rule in Prometheus' language.

    Examples
    --------
    >>> from tickwright.observe.builtin import RULES, promql
    >>> promql(next(rule for rule in RULES if rule.name == "RiskRefusals"))
    'increase(tickwright_risk_refusals_total[60s]) > 20'
    """
    labels = ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(rule.labels.items()))
    series = f"{rule.metric}{{{labels}}}" if labels else rule.metric
    if rule.of == "increase":
        series = f"increase({series}[{rule.within_s:g}s])"
    return f"{series} {rule.op} {rule.value:g}"


def rules_file(rules: Iterable[AlertRule] = RULES) -> str:
    """Write rules as a file that Prometheus loads."""
    lines = [
        "# Written by: python -m tickwright.observe.builtin deploy/prometheus/tickwright.rules.yml",
        "groups:",
        "  - name: tickwright",
        "    rules:",
    ]
    for rule in rules:
        told = re.sub(r"\{value[^}]*\}", "{{ $value }}", rule.message).replace("{labels}", "{{ $labels }}")
        lines += [
            f"      - alert: Tickwright{rule.name}",
            f"        expr: {json.dumps(promql(rule))}",
            f"        for: {rule.for_s:g}s",
            "        labels:",
            f"          severity: {rule.severity}",
            "        annotations:",
            f"          summary: {json.dumps(told)}",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(rules_file(), encoding="utf-8")
