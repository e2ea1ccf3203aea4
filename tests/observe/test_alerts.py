"""Rules from pending to resolved, and alerts of a real node delivered to a real HTTP server."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import tickwright as tw
from tests.observe.servers import Hook
from tests.observe.watched import Watched
from tickwright.config import Config
from tickwright.errors import ConfigError
from tickwright.observe import Alerts
from tickwright.observe.builtin import RULES, promql, rules_file
from tickwright.observe.settings import AlertRule, AlertSettings

ROOT = Path(__file__).resolve().parent.parent.parent
METRIC = "tickwright_cash_dollars"


def follow(looks, *, for_s=0.0, of="value", within_s=60.0, op=">", value=0.0, silence=None, metric=METRIC, **other):
    """What is told at each look: (rule, state, labels)."""
    rule = AlertRule(name="It", metric=metric, of=of, within_s=within_s, op=op, value=value, for_s=for_s)
    alerts = Alerts(AlertSettings(builtin=False, rule=[rule], **other))
    if silence is not None:
        alerts.silence("It", silence)
    told = []
    for at, samples in looks:
        told += [(at, alert.state, dict(alert.labels), alert.repeat) for alert in alerts.look(samples, at)]
    return told


def cash(value, **labels):
    return [(METRIC, labels, value)]


def test_it_fires_only_after_it_has_held_for_as_long_as_the_rule_says():
    looks = [(0, cash(1)), (4, cash(1)), (5, cash(1)), (6, cash(1))]
    assert follow(looks, for_s=5) == [(5, "firing", {}, 0)]


def test_what_holds_with_a_break_begins_anew():
    looks = [(0, cash(1)), (4, cash(0)), (5, cash(1)), (9, cash(1)), (10, cash(1))]
    assert follow(looks, for_s=5) == [(10, "firing", {}, 0)]


def test_it_is_told_once_until_it_is_due_again_and_then_resolved():
    looks = [(at, cash(at < 250)) for at in range(0, 300, 10)]
    assert follow(looks, repeat_s=100) == [
        (0, "firing", {}, 0),
        (100, "firing", {}, 1),
        (200, "firing", {}, 2),
        (250, "resolved", {}, 3),
    ]
    assert follow(looks, repeat_s=0, resolved=False) == [(0, "firing", {}, 0)]


def test_each_set_of_labels_is_an_alert_of_its_own():
    looks = [(0, cash(1, api="a") + cash(0, api="b")), (1, cash(1, api="a") + cash(1, api="b")), (2, cash(1, api="b"))]
    assert follow(looks) == [
        (0, "firing", {"api": "a"}, 0),
        (1, "firing", {"api": "b"}, 0),
        (2, "resolved", {"api": "a"}, 1),
    ]


def test_silence_keeps_it_quiet_and_what_still_fires_afterwards_is_told():
    looks = [(at, cash(1)) for at in (0, 5, 9, 10, 11)]
    assert follow(looks, silence=10) == [(10, "firing", {}, 0)]
    assert follow([(0, cash(1)), (5, cash(0)), (11, cash(0))], silence=10) == []


def test_an_engine_that_does_not_answer_resolves_nothing():
    up, away = ("tickwright_up", {}, 1.0), ("tickwright_up", {}, 0.0)
    looks = [(0, [up, *cash(1)]), (1, [away]), (2, [up])]
    assert [state for _, state, _, _ in follow(looks)] == ["firing", "resolved"]
    assert follow(looks)[1][0] == 2


def test_an_increase_is_taken_over_its_window_and_over_a_counter_that_begins_anew():
    looks = [(0, cash(100)), (10, cash(105)), (20, cash(106)), (30, cash(2)), (100, cash(2))]
    told = follow(looks, of="increase", within_s=30, value=7)
    assert [(at, state) for at, state, _, _ in told] == [(30, "firing"), (100, "resolved")]


def test_a_counter_that_appears_began_at_nothing():
    looks = [(0, []), (1, cash(3, code="A")), (2, cash(3, code="A"))]
    assert [(at, state) for at, state, _, _ in follow(looks, of="increase", value=2)] == [(1, "firing")]
    assert follow([(0, cash(3, code="A"))], of="increase", value=2) == []


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 7), st.booleans()), min_size=1, max_size=40),
    for_s=st.integers(0, 10),
)
def test_firing_and_resolved_take_turns_and_agree_with_how_long_it_held(steps, for_s):
    at, looks, since, expected, fires = 0, [], None, [], False
    for passed, holds in steps:
        at += passed
        looks.append((at, cash(float(holds))))
        since = (at if since is None else since) if holds else None
        now_fires = since is not None and at - since >= for_s
        if now_fires != fires:
            expected.append((at, "firing" if now_fires else "resolved"))
        fires = now_fires
    assert [(at, state) for at, state, _, _ in follow(looks, for_s=for_s, repeat_s=0)] == expected


def test_too_many_sets_of_labels_are_counted_and_not_kept():
    rule = AlertRule(name="It", metric=METRIC, value=0)
    alerts = Alerts(AlertSettings(builtin=False, rule=[rule]))
    told = alerts.look([(METRIC, {"n": str(n)}, 1.0) for n in range(1_500)], 0.0)
    assert (len(told), alerts.overlooked) == (1_000, 500)


def test_an_own_rule_takes_the_place_of_a_built_in_one():
    own = AlertRule(name="ClockSkew", metric="tickwright_clock_skew_seconds", value=0.1)
    rules = Alerts(AlertSettings(rule=[own], off=["DataStale"])).rules
    assert own in rules
    assert len(rules) == len(RULES) - 1
    assert "DataStale" not in {rule.name for rule in rules}


def test_the_rules_file_is_what_the_rules_write():
    path = ROOT / "deploy/prometheus/tickwright.rules.yml"
    assert path.read_text(encoding="utf-8") == rules_file(), (
        "run: python -m tickwright.observe.builtin deploy/prometheus/tickwright.rules.yml"
    )
    (group,) = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    assert [rule["alert"] for rule in group["rules"]] == [f"Tickwright{rule.name}" for rule in RULES]
    assert [rule["expr"] for rule in group["rules"]] == [promql(rule) for rule in RULES]


def test_every_metric_that_a_built_in_rule_names_is_in_a_scrape(traded):
    samples = traded.observation.metrics.samples()
    # With a clock of the data there is nothing to compare clocks with.
    named = {rule.metric for rule in RULES} - {"tickwright_clock_skew_seconds"}
    shown = {name for name, _, _ in samples}
    assert named <= shown, named - shown
    for rule in RULES:
        if rule.labels and rule.metric in shown:
            found = [labels for name, labels, _ in samples if name == rule.metric]
            assert any(rule.labels.items() <= labels.items() for labels in found), rule.name


class Wild(tw.Strategy):
    """Asks for too much at every quote."""

    name = "wild"

    def on_quote(self, quote):
        self.buy(quote.symbol, 5_000)


def test_an_alert_of_a_running_node_reaches_a_webhook_and_so_does_its_end(tmp_path):
    with Hook() as hook:
        config = {
            "alerts": {
                "every_s": 0.1,
                "rule": [
                    {"name": "Paused", "metric": "tickwright_ready", "op": "==", "value": 0.0, "severity": "critical"}
                ],
                "sink": [{"kind": "webhook", "url": hook.url}],
            }
        }
        with Watched(tmp_path, config, [Wild()]) as rig:
            rig.until(lambda: any(body["rule"] == "RiskRefusals" for body in hook.bodies()))
            rig.ask(lambda: rig.node.command("pause", by="test", why="to see"))
            rig.until(lambda: [b["state"] for b in hook.bodies() if b["rule"] == "Paused"][-1:] == ["firing"])
            rig.ask(lambda: rig.node.command("run", by="test", why="seen"))
            rig.until(lambda: [b["state"] for b in hook.bodies() if b["rule"] == "Paused"][-1:] == ["resolved"])
            samples = {(n, *sorted(lb.items())): v for n, lb, v in rig.observation.metrics.samples()}
        refusal = next(body for body in hook.bodies() if body["rule"] == "RiskRefusals")
        assert refusal["labels"]["code"] == "MAX_QTY"
        assert refusal["value"] > 20
        assert samples["tickwright_alerts_firing", ("rule", "RiskRefusals"), ("severity", "warning")] >= 1
        delivered = ("tickwright_alert_deliveries_total", ("outcome", "delivered"), ("sink", "webhook"))
        assert samples[delivered] >= 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"metric": "tickwright cash"}, "is no name of a metric"),
        ({"message": "{nothing}"}, "cannot be filled in"),
        ({"message": "{value"}, "cannot be filled in"),
        ({"op": "~"}, "Input should be"),
        ({"name": "has space"}, "match pattern"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        AlertRule.model_validate({"name": "It", "metric": METRIC, "value": 1.0} | change)


def test_other_rules_and_sinks_are_put_in_force_while_the_node_runs(tmp_path, monkeypatch):
    monkeypatch.delenv("HOOK_KEY", raising=False)
    with Hook() as first, Hook() as second:
        rule = {"name": "Paused", "metric": "tickwright_ready", "op": "==", "value": 0.0}

        def config(name, **sink):
            alerts = {"every_s": 0.1, "builtin": False, "rule": [rule | {"name": name}]}
            return Config.model_validate({"alerts": alerts | {"sink": [{"kind": "webhook", **sink}]}})

        with Watched(tmp_path, config("First", url=first.url)) as rig:
            rig.ask(lambda: rig.node.command("pause", by="test", why="to see"))
            rig.until(lambda: any(body["state"] == "firing" for body in first.bodies()))
            with pytest.raises(ConfigError, match="HOOK_KEY is not set"):
                rig.observation.reload_alerts(config("Second", url=second.url, secret_env="HOOK_KEY"))
            rig.observation.reload_alerts(config("Second", url=second.url))
            rig.until(lambda: any(body["state"] == "firing" for body in second.bodies()))
            names = {
                lb.get("rule") for n, lb, _ in rig.observation.metrics.samples() if n == "tickwright_alerts_firing"
            }
        assert names == {"Second"}
        assert {body["rule"] for body in second.bodies()} == {"Second"}
        off = Config.model_validate({"alerts": {"enabled": False}})
        with pytest.raises(ConfigError, match="restart"):
            rig.observation.reload_alerts(off)
