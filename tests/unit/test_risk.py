"""The checks by themselves, from Python: scopes, accounts, explain, reload, the kill switch; and in a backtest."""

import threading

import pytest

import tickwright as tw
from tickwright.errors import ConfigError, DataError, OrderError


def desk(limits=None, **settings):
    risk = tw.Risk(["A", "B"], cash=100_000, limits=limits or tw.RiskLimits(max_leverage=None), **settings)
    risk.quote("A", 99.0, 101.0, ts=0)
    risk.quote("B", 99.0, 101.0, ts=0)
    return risk


def code(said):
    return said if isinstance(said, int) else said.code


CASES = [
    ({"max_order_qty": 10}, {}, {"qty": 11}, "MAX_QTY"),
    ({"max_order_notional": 1_010}, {}, {"qty": 11}, "MAX_NOTIONAL"),
    ({"min_order_notional": 1_010}, {}, {"qty": 9}, "INVALID"),
    ({"max_position_qty": 10}, {}, {"qty": 11}, "MAX_POSITION"),
    ({"max_position_notional": 1_010}, {}, {"qty": 11}, "MAX_POSITION"),
    ({"max_gross_exposure": 1_010}, {}, {"qty": 11}, "MAX_EXPOSURE"),
    ({"max_net_exposure": 1_010}, {}, {"qty": 11}, "MAX_EXPOSURE"),
    ({"max_leverage": 0.0101}, {}, {"qty": 11}, "BUYING_POWER"),
    ({"collar_pct": 5}, {"limit": 105.0}, {"limit": 105.01}, "COLLAR"),
    ({"tick_size": "us"}, {"limit": 100.01}, {"limit": 100.001}, "INVALID"),
    ({"tick_size": 0.25}, {"limit": 100.25}, {"limit": 100.2}, "INVALID"),
    ({"lot": 5}, {}, {"qty": 7}, "INVALID"),
    ({"broker_rules": True}, {"qty": 0.5}, {"qty": 0.5, "time_in_force": "gtc"}, "INVALID"),
    ({"allow_short": False}, {}, {"side": "sell"}, "SHORT"),
    ({"max_orders_per_second": 1}, {}, {"qty": 3}, "RATE"),
    ({"max_orders_per_minute": 1}, {}, {"qty": 3}, "RATE"),
    ({"max_open_orders": 1}, {}, {"qty": 3}, "MAX_OPEN"),
    ({"max_open_orders_per_instrument": 1}, {}, {"qty": 3}, "MAX_OPEN"),
    ({"duplicate_window_ms": 1}, {}, {}, "DUPLICATE"),
    ({"max_order_to_fill": 1, "order_to_fill_grace": 1}, {}, {"qty": 3}, "RATE"),
    ({"prevent_self_match": True}, {"side": "sell", "limit": 102.0}, {"limit": 102.0}, "SELF_MATCH"),
    ({"max_order_adv_pct": 1, "average_volumes": {"A": 1000}}, {}, {"qty": 11}, "MAX_QTY"),
]


@pytest.mark.parametrize(("limits", "good", "bad", "expected"), CASES)
def test_each_limit_holds_at_its_edge_and_explain_says_the_same(limits, good, bad, expected):
    risk = desk(tw.RiskLimits(**{"max_leverage": None, **limits}))
    order = {"symbol": "A", "side": "buy", "qty": 10}
    assert risk.submit(**{**order, **good}), limits
    before = (risk.passed, risk.refused)
    explained = [v for v in risk.explain(**{**order, **bad}) if not v.passes]
    assert (risk.passed, risk.refused) == before
    refusal = risk.submit(**{**order, **bad})
    assert not refusal
    assert refusal.code == expected
    first = explained[0]
    assert (first.code, first.check, first.scope) == (refusal.code, refusal.check, refusal.scope)
    assert (first.value, first.limit, first.text) == (refusal.value, refusal.limit, refusal.text)
    assert risk.refused == {(expected, "account"): 1}


def test_the_tightest_scope_refuses_and_is_named():
    limits = tw.RiskLimits(
        max_order_qty=50,
        groups={"both": tw.Group(symbols=["A", "B", "ABSENT"], max_order_qty=40)},
        instruments={"A": {"max_order_qty": 30}},
        strategies={"t": tw.Limits(max_order_qty=20)},
    )
    risk = desk(limits, strategies=["s", "t"])
    said = [
        risk.submit(symbol, "buy", qty, strategy=strategy)
        for symbol, qty, strategy in [("A", 31, "s"), ("B", 41, "s"), ("B", 21, "t")]
    ]
    assert [(r.scope, r.limit) for r in said] == [("instrument", 30), ("both", 40), ("strategy", 20)]
    assert risk.refused == {("MAX_QTY", "instrument"): 1, ("MAX_QTY", "group"): 1, ("MAX_QTY", "strategy"): 1}


def test_a_reload_keeps_what_was_counted_and_a_bad_one_changes_nothing():
    risk = desk(tw.RiskLimits(max_orders_per_second=3))
    assert [bool(risk.submit("A", "buy", 1, ts=1)) for _ in range(4)] == [True, True, True, False]
    with pytest.raises(ConfigError, match=r"risk\.max_orders_per_second"):
        risk.reload(tw.RiskLimits(max_orders_per_second=0))
    assert not risk.submit("A", "buy", 1, ts=1)
    risk.reload(tw.RiskLimits(max_orders_per_second=5))
    assert [bool(risk.submit("A", "buy", 1, ts=1)) for _ in range(3)] == [True, True, False]
    assert risk.passed == 5


def test_halts_bands_states_and_borrows_are_told():
    risk = desk(account=tw.Account.margin(easy_to_borrow=False))
    risk.set_halted("A")
    assert code(risk.submit("A", "buy", 1)) == "HALTED"
    risk.set_halted("A", False)
    risk.set_bands("A", 95, 105)
    assert code(risk.submit("A", "buy", 1, limit=105.01)) == "LULD"
    risk.set_bands("A")
    assert risk.submit("A", "buy", 1, limit=105.01)
    assert code(risk.submit("B", "sell", 1)) == "SHORT"
    risk.set_borrow("B", 1, rate_pct=36)
    short = risk.submit("B", "sell", 1)
    risk.fill(short, 1, 100.0)
    assert risk.next_day(1) == (0.0, -0.1)
    risk.set_state("reduce_only")
    assert code(risk.submit("B", "sell", 1)) == "STATE"
    assert risk.submit("B", "buy", 1)


def test_the_kill_switch_is_thrown_by_another_thread():
    risk = desk(strategies=["s", "t"])
    switch = risk.kill_switch
    thread = threading.Thread(target=switch.throw)
    thread.start()
    thread.join()
    assert switch.thrown
    assert code(risk.submit("A", "buy", 1)) == "KILL"
    assert switch.reset()
    assert switch.throw("t")
    assert switch.strategies == ["t"]
    assert risk.submit("A", "buy", 1, strategy="s")
    assert risk.submit("A", "buy", 1, strategy="t").scope == "strategy"
    with pytest.raises(DataError, match='strategy: "x" is not known here; there are s, t'):
        switch.throw("x")


def test_a_small_account_makes_three_day_trades():
    risk = tw.Risk(["A"], cash=10_000, account=tw.Account.margin())
    risk.quote("A", 99.0, 101.0, ts=0)
    for expected in [True, True, True, False]:
        risk.fill(risk.submit("A", "buy", 1), 1, 100.0)
        out = risk.submit("A", "sell", 1)
        assert bool(out) == expected
        if out:
            risk.fill(out, 1, 100.0)
    assert out.code == "PDT"
    assert risk.account["day_trades"] == 3
    risk.next_day()
    assert risk.submit("A", "sell", 1)


def test_what_cannot_be_is_refused_by_name():
    for make, part in [
        (lambda: desk(tw.RiskLimits(strategies={"nobody": tw.Limits()})), "risk.strategies.nobody: is none of"),
        (lambda: desk(tw.RiskLimits(groups={"g": tw.Group()})), "risk.groups.g: has no symbols"),
        (lambda: tw.RiskLimits(groups={"g": {"max_qty": 1}}), "risk.groups.g: "),
        (lambda: tw.RiskLimits(instruments={"A": tw.RiskLimits()}), "risk.instruments.A: RiskLimits is no Limits"),
        (lambda: desk(tw.RiskLimits(instruments={"A": tw.Limits(lot=-1)})), "risk.instruments.A.lot: "),
        (lambda: desk(tw.RiskLimits(calendar=[(1, 2, 3)])), "risk.calendar: "),
        (lambda: desk(tw.RiskLimits(calendar=[(4, 3, 2, 1)])), "risk.calendar: day 1"),
        (lambda: desk(account=tw.Account(kind="gold")), "account.kind: "),
        (lambda: desk(account=tw.Account.margin(max_multiplier=3)), "account.max_multiplier: is 3"),
        (lambda: desk(account=tw.Account.margin(borrows={"A": 5})), "account.borrows.A: 5 is no Borrow"),
        (lambda: tw.Risk("A"), "symbols, strategies: give lists"),
        (lambda: desk().reload(tw.Limits()), "limits: Limits is no RiskLimits"),
    ]:
        with pytest.raises(ConfigError) as error:
            make()
        assert str(error.value).startswith(part)
    with pytest.raises(OrderError, match="order 7: is not open"):
        desk().fill(7, 1, 100.0)
    with pytest.raises(DataError, match='symbol: "X" is not known here'):
        desk().submit("X", "buy", 1)


class Trader(tw.Strategy):
    """Buys at every quote, and sells what it has at every tenth."""

    def on_start(self):
        self.subscribe("ALFA", "quotes")
        self.n = 0

    def on_quote(self, quote):
        self.n += 1
        if self.n % 10 == 0 and self.position("ALFA").qty > 0:
            self.sell("ALFA", self.position("ALFA").qty)
        else:
            self.buy("ALFA", 10)


def run(**settings):
    day = tw.feeds.synthetic(seed=7, symbols=["ALFA"], events_scale=0.05)
    return tw.backtest(Trader(), day, **settings)


def test_a_backtest_counts_refusals_by_code_and_scope():
    limits = tw.RiskLimits(max_order_qty=1e6, strategies={"Trader": tw.Limits(max_position_qty=50)})
    result = run(risk=limits)
    refused = result.refusals.to_pylist()
    assert {(r["code"], r["scope"]) for r in refused} == {("MAX_POSITION", "strategy")}
    assert result.risk_counters[("MAX_POSITION", "strategy")] == len(refused)
    assert result.risk_counters[("PASSED", "account")] == result.stats["orders"]


def test_a_backtest_on_a_small_margin_account_is_held_to_three_day_trades():
    result = run(account=tw.Account.margin(), cash=20_000)
    assert result.account["day_trades"] == 3
    assert result.risk_counters[("PDT", "account")] > 0
    assert not result.account["pattern_day_trader"]
    unprotected = run(account=tw.Account.margin(pdt_check="off"), cash=20_000)
    assert unprotected.account["pattern_day_trader"]


def test_an_account_that_limits_nothing_changes_nothing():
    assert run().digest == run(account=tw.Account.unlimited()).digest
