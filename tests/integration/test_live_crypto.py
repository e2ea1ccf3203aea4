"""Crypto through the node: around the clock, in parts of a coin, over a weekend and its midnights."""

from __future__ import annotations

import asyncio
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import tickwright as tw
from tests.integration.live_rig import ended, made, play, running, until
from tickwright.paper import PaperServer

PAIR = "BTC/USD"
FRIDAY = dt.datetime(2026, 1, 9, 20, 0, tzinfo=dt.UTC)
STEPS = 6 * 64  # of ten minutes: until Monday noon
KINDS = ["quotes", "trades", "bars", "orderbooks"]


def weekend() -> tw.MarketData:
    moments = [FRIDAY + dt.timedelta(minutes=10 * step) for step in range(STEPS)]
    prices = [60_000.0 + 37.25 * (step % 17) - 11.5 * (step % 5) for step in range(STEPS)]
    quotes = {
        "ts": moments,
        "bid": [price - 4.75 for price in prices],
        "ask": [price + 4.75 for price in prices],
        "bid_size": [1.523456789] * STEPS,
        "ask_size": [2.000000001] * STEPS,
    }
    later = [moment + dt.timedelta(seconds=20) for moment in moments]
    trades = {"ts": later, "price": prices, "size": [0.017500003] * STEPS}
    return tw.feeds.table(quotes, symbol=PAIR) + tw.feeds.table(trades, symbol=PAIR)


class Coins(tw.Strategy):
    """Buys and sells parts of a coin every hour, and counts what it is shown by day."""

    name = "coins"

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, int] = dict.fromkeys(KINDS, 0)
        self.days: set[str] = set()
        self.stock = False

    def on_start(self) -> None:
        for kind in ("quotes", "trades", "bars", "book"):
            self.subscribe(None, kind)

    def on_quote(self, quote: Any) -> None:
        if quote.symbol != PAIR:
            return
        self.seen["quotes"] += 1
        self.days.add(str(dt.datetime.fromtimestamp(quote.ts // 10**9, dt.UTC).date()))
        if self.seen["quotes"] % 6 == 0:
            if self.seen["quotes"] % 12:
                self.buy(PAIR, 0.012345679, tif="gtc")
            else:
                self.sell(PAIR, 0.002345678, tif="gtc")
            if self.stock:
                self.submit("BAC", "buy", 1, limit=5.0)

    def on_trade(self, trade: Any) -> None:
        self.seen["trades"] += 1

    def on_bar(self, bar: Any) -> None:
        self.seen["bars"] += 1

    def on_book(self, book: Any) -> None:
        self.seen["orderbooks"] += 1


def traded(state: Path, data: tw.MarketData, symbols: list[str], strategy: Coins) -> dict[str, Any]:
    with PaperServer({"paper": {"speed": 0.0, "requests_per_minute": 0}}, data=data) as server:
        live = made(server, state, [strategy], symbols=symbols, kinds=KINDS)

        async def trade() -> dict[str, Any]:
            task = await running(live)
            for step in range(36, STEPS + 36, 36):
                await play(server, (FRIDAY + dt.timedelta(minutes=10 * step)).isoformat())
                await until(lambda n=step: strategy.seen["quotes"] >= min(n, STEPS))
                await until(lambda: live.status()["in_flight"] == 0)
            core, broker = live._session().core, live._broker
            await until(lambda: not [order for order in core.orders() if order["symbol"] == PAIR])
            found = {
                "status": live.status(),
                "orders": core.orders(open_only=False),
                "here": Decimal(core.net_qty(PAIR)),
                "positions": await broker.positions(),
                "fees": await broker.activities(("CFEE",)),
                "account": await broker.account(),
                "comparison": await live._reconcile([]),
            }
            await ended(live, task)
            return found

        return asyncio.run(trade())


def test_coins_are_traded_over_a_weekend_and_its_midnights(tmp_path: Path) -> None:
    strategy = Coins()
    found = traded(tmp_path, weekend(), [PAIR], strategy)
    assert strategy.days == {"2026-01-09", "2026-01-10", "2026-01-11", "2026-01-12"}
    assert strategy.seen["quotes"] == strategy.seen["trades"] == STEPS
    assert STEPS - 2 <= strategy.seen["bars"] <= STEPS
    assert strategy.seen["orderbooks"] == STEPS
    assert {order["status"] for order in found["orders"]} == {"filled"}
    assert len(found["orders"]) == STEPS // 6
    # Nine decimals, to the last.
    assert found["here"] == 32 * (Decimal("0.012345679") - Decimal("0.002345678")) == Decimal("0.320000032")
    assert [(row["asset_class"], Decimal(row["qty"])) for row in found["positions"]] == [("crypto", found["here"])]
    assert found["comparison"].agrees
    assert found["status"]["state"] == "RUNNING"
    # The venue takes its fee in dollars, and tells of it apart from the fills.
    fees = sum(Decimal(row["net_amount"]) for row in found["fees"])
    assert fees < 0
    assert abs(Decimal(found["status"]["cash"]) + fees - Decimal(found["account"]["cash"])) <= Decimal("0.01")
    print(f"{len(found['orders'])} of {len(found['orders'])} orders filled, {found['here']} BTC on both sides")


def test_the_stock_beside_it_keeps_its_sessions(tmp_path: Path) -> None:
    strategy = Coins()
    strategy.stock = True
    moment = [FRIDAY - dt.timedelta(seconds=1)]
    row = {"ts": moment, "bid": [9.99], "ask": [10.01], "bid_size": [100], "ask_size": [100]}
    data = weekend() + tw.feeds.table(row, symbol="BAC")
    found = traded(tmp_path, data, ["BAC", PAIR], strategy)
    stock = {order["submitted_ns"]: order["status"] for order in found["orders"] if order["symbol"] == "BAC"}
    times = [dt.datetime.fromtimestamp(ns // 10**9, dt.UTC) for ns, status in stock.items() if status != "refused"]
    assert len(stock) > 60
    assert [str(time) for time in times] == ["2026-01-09 20:50:00+00:00"]
    assert {order["status"] for order in found["orders"] if order["symbol"] == PAIR} == {"filled"}
    assert set(codes_of(found)) == {"SESSION"}


def codes_of(found: dict[str, Any]) -> dict[str, int]:
    return {code: count for code, _, count in found["status"]["refused"]}
