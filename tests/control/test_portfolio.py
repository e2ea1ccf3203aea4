from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import tickwright as tw
from tests.control.service_rig import ServiceRig
from tickwright.errors import RemoteError
from tickwright.v1 import portfolio_pb2 as pb


class Buyer(tw.Strategy):
    """Takes a position once, however often the venue refuses it."""

    def __init__(self, name: str, symbol: str, qty: float) -> None:
        self.name, self._symbol, self._qty = name, symbol, qty

    def on_quote(self, quote: Any) -> None:
        if quote.symbol == self._symbol and not self.position(self._symbol).qty and not self.open_orders():
            (self.buy if self._qty > 0 else self.sell)(self._symbol, abs(self._qty))


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceRig]:
    strategies = [Buyer("long", "AAPL", 10), Buyer("short", "BAC", -20), Buyer("other", "AAPL", -4)]
    with ServiceRig(tmp_path_factory.mktemp("portfolio"), strategies) as rig:
        rig.until(lambda: len([p for p in rig.node.status()["positions"] if Decimal(p["qty"])]) == 3)
        rig.client.pause()  # nothing trades while it is looked at
        yield rig


def _frozen(rig: ServiceRig, ask: Any, tries: int = 200) -> Any:
    """Ask until no market data came between: gives the answer, and the status that it was made of."""
    for _ in range(tries):
        before = rig.ask(rig.node.status)
        rig.server.bridge.changed()
        answer = ask()
        after = rig.ask(rig.node.status)
        if before["equity"] == after["equity"] and before["now_ns"] == after["now_ns"]:
            return answer, after
    # The day goes on too fast: what was given is looked at by itself.
    rig.server.bridge.changed()
    return ask(), None


def test_the_account_is_the_ledgers_to_the_last_billionth(rig: ServiceRig) -> None:
    account, status = _frozen(rig, rig.client.account)
    assert account.number == rig.node.account_number
    if status is not None:
        assert Decimal(account.equity) == Decimal(status["equity"])
    assert account.now_ns > 0


def test_equity_is_cash_and_the_value_of_all_positions(rig: ServiceRig) -> None:
    with rig.client.stream_portfolio(interval_s=0.05) as stream:
        for _ in range(3):
            told = next(stream)
            values = sum(Decimal(one.value) for one in told.positions)
            assert Decimal(told.account.cash) + values == Decimal(told.account.equity)
            unrealized = sum(Decimal(one.unrealized) for one in told.positions)
            assert unrealized == Decimal(told.account.unrealized)


def test_positions_are_by_symbol_then_strategy(rig: ServiceRig) -> None:
    rows = list(rig.client.positions())
    assert [(one.symbol, one.strategy, one.qty) for one in rows] == [
        ("AAPL", "long", "10"),
        ("AAPL", "other", "-4"),
        ("BAC", "short", "-20"),
    ]
    for one in rows:
        assert Decimal(one.value) == Decimal(one.qty) * Decimal(one.mark)
    for size in (1, 2, 3):
        assert [one.strategy for one in rig.client.positions(page_size=size)] == ["long", "other", "short"]
    assert [one.symbol for one in rig.client.positions(strategy="short")] == ["BAC"]
    assert [one.strategy for one in rig.client.positions(symbol="AAPL")] == ["long", "other"]


def test_profit_by_strategy_sums_up_to_the_accounts(rig: ServiceRig) -> None:
    rows = rig.client.pnl()
    assert [one.strategy for one in rows] == ["long", "short", "other", "operator"]
    for one in rows:
        assert Decimal(one.total) == Decimal(one.realized) + Decimal(one.unrealized)
    assert rows[-1].total == "0"


def test_exposures_are_of_the_net_of_each_symbol(rig: ServiceRig) -> None:
    told = rig.client.exposures()
    by_symbol = {one.name: one for one in told.symbols}
    assert set(by_symbol) == {"AAPL", "BAC"}
    long, short = Decimal(by_symbol["AAPL"].long), Decimal(by_symbol["BAC"].short)
    assert (by_symbol["AAPL"].short, by_symbol["BAC"].long) == ("0", "0")
    assert (Decimal(told.account.long), Decimal(told.account.short)) == (long, short)
    assert Decimal(told.account.gross) == long + short
    assert Decimal(told.account.net) == long - short
    by_strategy = {one.name: one for one in told.strategies}
    assert Decimal(by_strategy["long"].long) > long  # the other strategy is short of the same
    assert Decimal(by_strategy["other"].short) > 0
    assert 0 < told.account.leverage < 1


def test_the_stream_keeps_its_interval_and_refuses_a_silly_one(rig: ServiceRig) -> None:
    begun = time.monotonic()
    with rig.client.stream_portfolio(interval_s=0.1) as stream:
        for _ in range(6):
            next(stream)
    assert 0.4 < time.monotonic() - begun < 2.0
    for interval_ms in (1, 49, 60_001):
        with pytest.raises(RemoteError) as caught:
            next(rig.client.listen(pb.StreamPortfolioRequest(interval_ms=interval_ms), pb.StreamPortfolioResponse))
        assert caught.value.field == "interval_ms"


def test_flatten_leaves_positions_flat_here_and_at_the_venue(tmp_path: Any) -> None:
    with ServiceRig(tmp_path, [Buyer("long", "AAPL", 10), Buyer("short", "BAC", -20)]) as rig:
        rig.until(lambda: len([p for p in rig.node.status()["positions"] if Decimal(p["qty"])]) == 2)
        assert rig.client.flatten(reason="enough").state
        rig.until(lambda: all(Decimal(p["qty"]) == 0 for p in rig.node.status()["positions"]))
        assert list(rig.client.positions()) == []
        assert {one.qty for one in rig.client.positions(include_closed=True)} <= {"0"}
        found = rig.client.reconcile()
        assert found.agrees
        assert not found.differences
