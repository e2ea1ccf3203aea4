"""Several strategies on one account: each with its own limits, and each with its own share of what the venue booked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import tickwright as tw
from tests.integration.live_rig import ended, made, play, running, until
from tickwright.paper import PaperServer

SYMBOLS = ["BAC", "KO"]


class Greedy(tw.Strategy):
    """Buys ever more."""

    name = "greedy"
    seen = 0

    def on_quote(self, quote: Any) -> None:
        self.seen += 1
        if self.seen % 5 == 0:
            self.buy(quote.symbol, 10)


class Swing(tw.Strategy):
    """Buys and sells again."""

    name = "swing"
    seen = 0

    def on_quote(self, quote: Any) -> None:
        self.seen += 1
        if self.seen % 7 == 0 and not self.open_orders():
            (self.sell if self.position(quote.symbol).qty > 0 else self.buy)(quote.symbol, 7)


class Hasty(tw.Strategy):
    """Buys on every quote."""

    name = "hasty"

    def on_quote(self, quote: Any) -> None:
        self.buy(quote.symbol, 1)


def test_each_strategy_has_its_own_limits_and_its_own_share_of_the_account(tmp_path: Path) -> None:
    day = tw.feeds.synthetic(symbols=SYMBOLS, date="2026-01-05", seed=5, events_scale=0.01)
    limits = tw.RiskLimits(
        max_gross_exposure=200_000,
        strategies={
            "greedy": tw.Limits(max_position_qty=30),
            "hasty": tw.Limits(max_orders_per_minute=2, max_position_qty=25),
        },
    )
    paper = {"speed": 0.0, "fees": "none", "requests_per_minute": 0}
    with PaperServer({"paper": paper}, data=day) as server:
        live = made(server, tmp_path, [Greedy(), Swing(), Hasty()], {"risk": limits}, symbols=SYMBOLS)

        async def trade() -> dict[str, Any]:
            task = await running(live)
            for minute in range(31, 59, 3):
                await play(server, f"2026-01-05T14:{minute}:00Z")
                await asyncio.sleep(0.05)
            core, broker = live._session().core, live._broker

            def settled() -> bool:
                sent, status = core.orders(open_only=False), live.status()
                waits = [o for o in sent if o["status"] in ("pending_new", "new", "accepted")]
                return len(sent) > 200 and not waits and status["in_flight"] == 0

            await until(settled)
            found = {
                "status": live.status(),
                "orders": core.orders(open_only=False),
                "fills": await broker.activities(("FILL",)),
                "positions": await broker.positions(),
                "account": await broker.account(),
                "comparison": await live._reconcile([]),
            }
            await ended(live, task)
            return found

        found = asyncio.run(trade())

    status = found["status"]
    names = status["strategies"]
    assert status["state"] == "RUNNING"
    assert found["comparison"].agrees

    # Limits: those that have any are held to them, and the third goes on.
    refused = defaultdict(int)
    asked, passed = defaultdict(int), defaultdict(int)
    for order in found["orders"]:
        asked[names[order["strategy"]]] += 1
        passed[names[order["strategy"]]] += order["status"] != "refused"
    for code, scope, count in status["refused"]:
        refused[code, scope] += count
    assert refused["MAX_POSITION", "strategy"] > 10
    assert refused["RATE", "strategy"] > 10
    assert set(scope for _, scope in refused) == {"strategy"}
    assert passed["swing"] == asked["swing"] > 5
    assert passed["greedy"] == 6 < asked["greedy"]
    assert 20 <= passed["hasty"] <= 50 < asked["hasty"]

    # Attribution: the venue's own list of fills, by who sent the order, is what each strategy has.
    owner = {order["broker_id"]: order["strategy"] for order in found["orders"] if order["broker_id"]}
    qty: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    spent: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for fill in found["fills"]:
        key = (owner[fill["order_id"]], fill["symbol"])
        signed = Decimal(fill["qty"]) * (1 if fill["side"] == "buy" else -1)
        qty[key] += signed
        spent[key] += signed * Decimal(fill["price"])
    ours = {(row["strategy"], row["symbol"]): row for row in status["positions"]}
    assert set(ours) == set(qty)
    assert len(ours) == 6
    earned = Decimal(0)
    for key, row in ours.items():
        assert Decimal(row["qty"]) == qty[key]
        pnl = Decimal(row["realized"]) + Decimal(row["unrealized"])
        assert pnl == qty[key] * Decimal(row["mark"]) - spent[key]
        earned += pnl

    # Together they are the account.
    for symbol in SYMBOLS:
        there = next((Decimal(p["qty"]) for p in found["positions"] if p["symbol"] == symbol), Decimal(0))
        assert sum(q for (_, s), q in qty.items() if s == symbol) == there
    assert Decimal(status["equity"]) - 100_000 == earned
    assert Decimal(status["cash"]) == Decimal(found["account"]["cash"])
    print(f"{len(found['fills'])} fills of {len(ours)} positions, {earned} dollars, attributed to the last cent")
