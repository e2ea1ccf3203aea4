"""Properties of whole runs: any script of orders over any market leaves books that agree to the last 1e-9."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import tickwright as tw

OPEN = 1_381_152_600_000_000_000  # 2013-10-07 09:30 in New York
SECOND = 1_000_000_000

cents = st.integers(900, 1100)
sizes = st.integers(0, 500)


@st.composite
def markets(draw: st.DrawFn) -> tw.MarketData:
    """Draw quotes, trades or both, of one or two symbols, some at one moment, some hours apart."""
    steps = draw(st.lists(st.sampled_from([0, 1, SECOND, 60 * SECOND, 8 * 3600 * SECOND]), min_size=3, max_size=25))
    times, now = [], OPEN
    for step in steps:
        now += step
        times.append(now)
    parts = []
    for symbol in draw(st.sampled_from(["A", "AB"])):
        kinds = draw(st.sampled_from([("quotes",), ("trades",), ("quotes", "trades")]))
        n = len(times)
        mids = draw(st.lists(cents, min_size=n, max_size=n))
        shown = draw(st.lists(sizes, min_size=n, max_size=n))
        if "quotes" in kinds:
            columns = {"ts": times, "bid": [(m - 1) / 100 for m in mids], "ask": [(m + 1) / 100 for m in mids]}
            parts.append(tw.feeds.table(columns | {"bid_size": shown, "ask_size": shown}, symbol=symbol))
        if "trades" in kinds:
            parts.append(tw.feeds.table({"ts": times, "price": [m / 100 for m in mids], "size": shown}, symbol=symbol))
    return tw.MarketData.merge(parts)


quantities = st.one_of(st.integers(1, 400).map(float), st.integers(1, 10**10).map(lambda n: n / 1e9))
prices = st.one_of(st.none(), cents.map(lambda c: c / 100))
actions = st.one_of(
    st.tuples(
        st.just("submit"),
        st.sampled_from(["buy", "sell"]),
        quantities,
        prices,
        prices,
        st.sampled_from(["day", "gtc", "ioc", "fok"]),
    ),
    st.tuples(st.just("cancel"), st.integers(0, 10)),
    st.tuples(st.just("replace"), st.integers(0, 10), st.one_of(st.none(), quantities), prices),
    st.tuples(st.just("close")),
)
scripts = st.lists(st.lists(actions, max_size=3), max_size=25)
venues = st.builds(
    tw.SimVenue,
    latency_ms=st.sampled_from([0.0, 1.0, 2_000.0]),
    latency_jitter_ms=st.sampled_from([0.0, 500.0]),
    seed=st.integers(0, 2**32),
    fees=st.sampled_from([None, tw.fees.PerShare(0.005, minimum=1.0), tw.fees.Bps(2.5), tw.fees.Bps(-0.3)]),
    slippage_bps=st.sampled_from([0.0, 3.0]),
    liquidity=st.sampled_from(["quoted", "unlimited"]),
    queue=st.sampled_from(["behind", "front"]),
    stop_trigger=st.sampled_from(["trade", "quote"]),
)


class Script(tw.Strategy):
    """Plays one list of actions an event; checks what it can see at each call."""

    def __init__(self, script: list[list[Any]]) -> None:
        self.script = iter(script)
        self.last = 0
        self.ids: list[int] = []

    def act(self, event: Any) -> None:
        assert self.now >= self.last
        self.last = self.now
        for kind, *rest in next(self.script, []):
            if kind == "submit":
                side, qty, limit, stop, tif = rest
                self.ids.append(self.submit(event.symbol, side, qty, limit=limit, stop=stop, tif=tif))
            elif kind == "close":
                self.close(event.symbol)
            elif self.ids:
                order = self.ids[rest[0] % len(self.ids)]
                if kind == "cancel":
                    self.cancel(order)
                elif (new := self.replace(order, qty=rest[1], limit=rest[2])) is not None:
                    self.ids.append(new)

    on_quote = on_trade = act

    def on_fill(self, fill: Any) -> None:
        assert fill.position == self.position(fill.symbol).qty
        assert fill.remaining >= 0
        assert fill.price > 0


def raw(x: float) -> int:
    """Units of 1e-9."""
    return int((Decimal(repr(x)) * 10**9).to_integral_value())


@settings(max_examples=250)
@given(data=markets(), scripts=st.lists(scripts, min_size=1, max_size=3), venue=venues)
def test_the_books_of_any_run_agree(data: tw.MarketData, scripts: list[Any], venue: tw.SimVenue) -> None:
    strategies = []
    for i, script in enumerate(scripts):
        strategy = Script(script)
        strategy.name = f"s{i}"  # type: ignore[misc]
        strategies.append(strategy)
    result = tw.backtest(strategies, data, cash=20_000, venue=venue)

    fills, orders = result.fills.to_pylist(), result.orders.to_pylist()
    held: dict[tuple[str, str], int] = defaultdict(int)
    filled: dict[int, int] = defaultdict(int)
    cash = 20_000 * 10**9
    for fill in fills:
        sign = 1 if fill["side"] == "buy" else -1
        held[fill["strategy"], fill["symbol"]] += sign * raw(fill["qty"])
        filled[fill["order_id"]] += raw(fill["qty"])
        notional = Decimal(raw(fill["price"])) * raw(fill["qty"]) / 10**9
        cash -= sign * int(notional.to_integral_value()) + raw(fill["fee"])
        assert raw(fill["position"]) == held[fill["strategy"], fill["symbol"]]
        order = orders[fill["order_id"] - 1]
        if order["limit_price"] is not None:
            better = order["limit_price"] - fill["price"] if sign > 0 else fill["price"] - order["limit_price"]
            assert better >= 0, "never beyond the limit"
        assert order["symbol"] == fill["symbol"]
        assert order["side"] == fill["side"]
    assert cash == raw(result.equity["cash"].to_pylist()[-1])
    value = 0
    for position in result.positions.to_pylist():
        assert raw(position["qty"]) == held[position["strategy"], position["symbol"]]
        value += raw(position["market_value"])
    assert abs(cash + value - int(result.end_equity * 10**9)) <= len(result.positions)

    for i, order in enumerate(orders, 1):
        assert order["id"] == i
        assert raw(order["filled_qty"]) == filled[i] <= raw(order["qty"])
        assert (order["status"] == "filled") == (filled[i] == raw(order["qty"]))
        if order["status"] in ("refused", "rejected"):
            assert not filled[i]
        assert order["updated"] >= order["submitted"]
    done, told = (result.fills[c].cast("int64").to_pylist() for c in ("ts", "recv"))
    assert told == sorted(told)
    assert all(a <= b <= (data.end or 0) for a, b in zip(done, told, strict=True))


@settings(max_examples=60)
@given(data=markets(), script=scripts, venue=venues)
def test_any_run_repeats_itself(data: tw.MarketData, script: Any, venue: tw.SimVenue) -> None:
    first, second = (tw.backtest(Script(script), data, venue=venue) for _ in range(2))
    assert first.digest == second.digest
    assert first.fills.equals(second.fills)


@settings(max_examples=80)
@given(data=markets(), script=scripts, venue=venues, part=st.floats(0.1, 0.9))
def test_the_end_of_the_data_changes_nothing_before(
    data: tw.MarketData, script: Any, venue: tw.SimVenue, part: float
) -> None:
    assert data.start is not None
    assert data.end is not None
    end = data.start + 1 + int((data.end - data.start) * part)
    whole, cut = tw.backtest(Script(script), data, venue=venue), tw.backtest(Script(script), data, venue=venue, end=end)

    def known(result: tw.Result, until: int) -> list[Any]:
        return [fill for fill in result.fills.to_pylist() if fill["recv"].value < until]

    last = cut.equity["ts"].cast("int64").to_pylist()[-1]
    assert known(cut, last) == known(whole, last)
