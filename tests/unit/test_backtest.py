"""What a backtest gives: tables that agree with each other, statistics that agree with the tables."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import tickwright as tw
from tickwright import signal as s

OPEN = 1_381_152_600_000_000_000  # 2013-10-07 09:30 in New York


@pytest.fixture(scope="module")
def day() -> tw.MarketData:
    return tw.feeds.synthetic(seed=3, symbols=["ALFA", "BETA"], events_scale=0.1)


@pytest.fixture(scope="module")
def result(day: tw.MarketData) -> tw.Result:
    fast, slow = s.ema(s.close, 5), s.ema(s.close, 12)
    above, below = s.cross_above(fast, slow), s.cross_below(fast, slow)
    rule = tw.Rules(entry=above, exit=below, short_entry=below, short_exit=above, size=tw.Fraction(0.4), bars="1m")
    venue = tw.SimVenue(latency_ms=40, fees=tw.fees.PerShare(0.005, minimum=1.0), slippage_bps=0.5)
    return tw.backtest(rule, day, venue=venue, risk=tw.RiskLimits(max_orders_per_second=1))


def exact(column: Any) -> list[Decimal]:
    """Read float64 columns of amounts exact to 1e-9 back as decimals."""
    return [Decimal(repr(x)).quantize(Decimal("1e-9")) for x in column.to_pylist()]


def test_cash_is_what_the_fills_leave(result: tw.Result) -> None:
    fills = result.fills
    sides = [1 if side == "buy" else -1 for side in fills["side"].to_pylist()]
    rows = zip(sides, exact(fills["qty"]), exact(fills["price"]), exact(fills["fee"]), strict=True)
    cash = Decimal(100_000) - sum(sign * qty * price + fee for sign, qty, price, fee in rows)
    assert float(cash) == pytest.approx(result.equity["cash"].to_pylist()[-1], abs=1e-8)
    positions = result.positions
    value = sum(q * m for q, m in zip(exact(positions["qty"]), exact(positions["mark"]), strict=True))
    assert abs(cash + value - result.end_equity) <= Decimal("1e-8")


def test_equity_is_start_and_realised_and_unrealised_less_fees(result: tw.Result) -> None:
    p = result.positions
    profit = sum(exact(p["realized_pnl"]) + exact(p["unrealized_pnl"]) + exact(p["income"])) - sum(exact(p["fees"]))
    assert abs(Decimal(100_000) + profit - result.end_equity) <= Decimal("1e-8")
    assert (
        sum(exact(p["fees"]))
        == sum(exact(result.fills["fee"]))
        == Decimal(repr(result.stats["fees"])).quantize(Decimal("1e-9"))
    )


def test_positions_are_the_sums_of_their_fills(result: tw.Result) -> None:
    fills = result.fills.to_pandas()
    fills["signed"] = np.where(fills["side"] == "buy", fills["qty"], -fills["qty"])
    sums = fills.groupby("symbol", observed=True)["signed"].sum()
    for symbol, qty in zip(result.positions["symbol"].to_pylist(), result.positions["qty"].to_pylist(), strict=True):
        assert sums[symbol] == qty
    running = fills.groupby("symbol", observed=True)["signed"].cumsum()
    assert (running == fills["position"]).all()


def test_orders_agree_with_their_fills(result: tw.Result) -> None:
    fills, orders = result.fills.to_pandas(), result.orders.to_pandas().set_index("id")
    by_order = fills.groupby("order_id")
    assert (orders.loc[by_order.groups.keys(), "filled_qty"] == by_order["qty"].sum()).all()
    value = (fills["qty"] * fills["price"]).groupby(fills["order_id"]).sum() / by_order["qty"].sum()
    assert np.allclose(orders.loc[value.index, "avg_price"], value, rtol=0, atol=1e-9)
    assert (orders["filled_qty"] <= orders["qty"]).all()
    refused = orders["status"] == "refused"
    assert refused.sum() == result.stats["refusals"] == result.refusals.num_rows > 0
    assert set(orders.loc[refused, "reason"]) == {"RATE"}
    assert orders.loc[~refused, "reason"].isna().all()
    first = fills.drop_duplicates("order_id")
    sent = orders.loc[first["order_id"], "submitted"].astype("int64").to_numpy()
    assert (first["ts"].astype("int64").to_numpy() >= sent + 40_000_000).all()
    assert (fills["recv"].astype("int64") >= fills["ts"].astype("int64") + 40_000_000).all()


def test_round_trips_carry_the_whole_profit_of_closed_positions(result: tw.Result) -> None:
    flat = [q == 0 for q in result.positions["qty"].to_pylist()]
    trips = result.trips.to_pandas()
    for symbol, closed, realised, fees in zip(
        *(result.positions[c].to_pylist() for c in ("symbol",)),
        flat,
        *(result.positions[c].to_pylist() for c in ("realized_pnl", "fees")),
        strict=True,
    ):
        if closed:
            assert trips.loc[trips["symbol"] == symbol, "pnl"].sum() == pytest.approx(realised - fees)
    assert len(trips) == result.stats["trades"] > 10


def test_statistics_say_what_the_tables_do(result: tw.Result) -> None:
    stats = result.stats
    assert stats["fills"] == result.fills.num_rows
    assert stats["orders"] == result.orders.num_rows - stats["refusals"]
    assert stats["end_equity"] == float(result.end_equity)
    assert stats["total_return"] == pytest.approx(stats["end_equity"] / 100_000 - 1)
    equity = result.equity["equity"].to_numpy()
    assert equity[0] == 100_000
    fall = 1 - equity / np.maximum.accumulate(equity)
    assert np.allclose(result.equity["drawdown"].to_numpy(), fall, atol=1e-12)


def test_a_run_can_be_cut_and_the_pieces_of_its_span_add_up(day: tw.MarketData) -> None:
    class Count(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            pass

    middle = (day.start + day.end) // 2
    events = [tw.backtest(Count(), day, start=a, end=b).stats["events"] for a, b in ((None, middle), (middle, None))]
    assert sum(events) == len(day)
    moment = dt.datetime.fromtimestamp(middle // 10**9, dt.UTC)
    texts = [moment, moment.isoformat(), int(moment.timestamp()) * 10**9, np.datetime64(middle // 10**9, "s")]
    assert len({tw.backtest(Count(), day, start=t).stats["events"] for t in texts}) == 1


def test_the_mark_is_the_mid_or_the_last_as_asked() -> None:
    ts = [OPEN, OPEN + 1, OPEN + 2]
    quotes = tw.feeds.table(
        {"ts": ts, "bid": [9.9] * 3, "ask": [10.1] * 3, "bid_size": [100] * 3, "ask_size": [100] * 3}, symbol="X"
    )
    trades = tw.feeds.table({"ts": ts, "price": [10.1] * 3, "size": [5] * 3}, symbol="X")

    class Buy(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            if quote.ts == OPEN:
                self.buy("X", 10)

    data = quotes + trades
    assert tw.backtest(Buy(), data).end_equity == Decimal("99999")
    assert tw.backtest(Buy(), data, mark="last").end_equity == Decimal("100000")


def test_limits_are_those_of_the_account_and_losses_end_trading(day: tw.MarketData) -> None:
    class Churn(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            (self.buy if self.position(quote.symbol).qty <= 0 else self.sell)(quote.symbol, 100)

    venue = tw.SimVenue(fees=tw.fees.Bps(5))
    for action, last in (("halt", "HALTED"), ("flatten", "HALTED"), ("reduce_only", "REDUCE_ONLY")):
        limits = tw.RiskLimits(max_daily_loss=200, on_breach=action)
        result = tw.backtest(Churn(), day, venue=venue, risk=limits)
        assert result.states[-1][1:] == (last, "daily loss limit passed")
        lost = result.stats["end_equity"] - 100_000
        assert lost < -200
        assert set(result.refusals["code"].to_pylist()) == {"LOSS"}
        if action != "halt":
            assert result.positions["qty"].to_pylist() == [0.0, 0.0]
            assert lost > -400


def test_progress_tells_how_far_a_run_is() -> None:
    told: list[tuple[int, int, int]] = []
    data = tw.feeds.synthetic(seed=1)
    tw.backtest(tw.Rules(entry=s.ask > 1e6), data, progress=lambda *at: told.append(at))
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
    assert told[-1][:2] == (len(data), len(data))
    assert {total for _, total, _ in told} == {len(data)}
    assert told[-1][2] == data.end
