"""Splits, dividends and mergers reach the node, running or down; its books stay those of the venue."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw
from tests.integration.live_rig import KEY, SECRET, ended, made, play, running, until
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaMarketData, Endpoints
from tickwright.config import Config
from tickwright.control import Client, control_server
from tickwright.errors import RemoteError
from tickwright.live import LiveNode
from tickwright.paper import PaperServer

SPLIT = {"symbol": "BAC", "ts": "2026-01-06T09:00:00Z", "split": 4}  # 4:00 in New York
DIVIDEND = {"symbol": "BAC", "ts": "2026-01-07T09:00:00Z", "dividend": 0.24}


class Hold(tw.Strategy):
    """Buys once, leaves a limit order below the market, and notes what it is told."""

    name = "hold"

    def __init__(self) -> None:
        super().__init__()
        self.asked = False
        self.actions: list[str] = []

    def on_quote(self, quote: Any) -> None:
        if not self.asked:
            self.asked = True
            self.buy(quote.symbol, 100)
            self.submit(quote.symbol, "buy", 10, limit=2.00, tif="gtc")

    def on_action(self, action: Any) -> None:
        self.actions.append(action.kind)


def day(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp()) * 10**9


def market() -> tw.MarketData:
    days = tw.feeds.synthetic(symbols=["BAC"], date="2026-01-05", days=4, seed=5, events_scale=0.01)
    return days + tw.feeds.actions([SPLIT, DIVIDEND])


async def books(live: LiveNode) -> dict[str, tuple[str, str]]:
    """Position, cash and open orders, here and at the venue."""
    status, core = live.status(), live._session().core
    broker = live._broker
    positions, account = await broker.positions(), await broker.account()
    here = sorted((Decimal(o["qty"]), Decimal(o["limit_price"])) for o in core.orders())
    there = sorted((Decimal(o["qty"]), Decimal(o["limit_price"])) for o in await broker.orders("open"))
    return {
        "qty": (Decimal(core.net_qty("BAC")), sum(Decimal(p["qty"]) for p in positions)),
        "average": (
            round(Decimal(status["positions"][0]["average_price"]), 6),
            round(Decimal(positions[0]["avg_entry_price"]), 6),
        ),
        "cash": (round(Decimal(status["cash"]), 2), round(Decimal(account["cash"]), 2)),
        "orders": (here, there),
    }


def assert_equal(found: dict[str, Any]) -> None:
    assert {name: pair[0] for name, pair in found.items()} == {name: pair[1] for name, pair in found.items()}


def venue() -> PaperServer:
    return PaperServer({"paper": {"speed": 0.0, "fees": "none", "requests_per_minute": 0}}, data=market())


@pytest.mark.parametrize("clock", ["data", "wall"])
def test_a_split_and_a_dividend_are_booked_while_the_node_runs(tmp_path: Path, clock: str) -> None:
    strategy = Hold()
    wall = [day("2026-01-05T14:30:00Z") - 1]
    with venue() as server:
        options = {"wall_ns": lambda: wall[0]} if clock == "wall" else None
        # The clock jumps by days, before the venue does.
        live = made(server, tmp_path, [strategy], options, clock=clock, stale_after_s=0.0, clock_skew_s=1e9)

        async def trade() -> list[dict[str, Any]]:
            task = await running(live)
            found = []
            for moment in ("2026-01-05T16:00:00Z", "2026-01-06T16:00:00Z", "2026-01-07T16:00:00Z"):
                # Before the first event of the day: at 4:00 in New York, by the clock alone.
                early = moment.replace("T16", "T09")
                if early > "2026-01-06":
                    await play(server, early)
                    wall[0] = day(early)
                    live._session()._set_timer()
                    await asyncio.sleep(0.05)
                    assert (await live._reconcile([])).agrees
                await play(server, moment)
                wall[0] = day(moment)
                await until(lambda: len(live._session().core.orders()) == 1 and live.status()["events"] > 0)
                await asyncio.sleep(0.3)
                found.append(await books(live))
                comparison = await live._reconcile([])
                assert comparison.agrees
            assert live.status()["state"] == "RUNNING"
            await ended(live, task)
            return found

        before, split, dividend = asyncio.run(trade())
    assert strategy.actions == ["split", "dividend"]
    assert before["qty"][0] == 100
    assert split["qty"][0] == 400
    assert before["orders"][0] == [(Decimal(10), Decimal(2))]
    assert split["orders"][0] == [(Decimal(40), Decimal("0.5"))]
    assert dividend["cash"][0] - split["cash"][0] == Decimal("96.00")
    for found in (before, split, dividend):
        assert_equal(found)
    assert tw.journal.verify(tmp_path / "journal").ok


def test_a_split_and_a_dividend_are_booked_by_a_node_that_was_down(tmp_path: Path) -> None:
    with venue() as server:

        async def first() -> None:
            live = made(server, tmp_path, [Hold()])
            task = await running(live)
            await play(server, "2026-01-05T16:00:00Z")
            await until(
                lambda: live._session().core.net_qty("BAC") == "100" and len(live._session().core.orders()) == 1
            )
            await ended(live, task)

        async def again() -> dict[str, Any]:
            live = made(server, tmp_path, [Hold()])
            task = await running(live)
            assert live.status()["state"] == "RUNNING"
            found = await books(live)
            await ended(live, task)
            return found

        asyncio.run(first())
        asyncio.run(play(server, "2026-01-07T16:00:00Z"))
        after = asyncio.run(again())
        once_more = asyncio.run(again())
    assert after["qty"] == (400, 400)
    assert after["orders"][0] == [(Decimal(40), Decimal("0.5"))]
    assert_equal(after)
    assert once_more == after


def test_fills_missed_before_a_split_are_booked_before_it(tmp_path: Path) -> None:
    class Later(Hold):
        def on_quote(self, quote: Any) -> None:
            if not self.asked:
                self.asked = True
                self.buy(quote.symbol, 100)
                # Above the market by little: it fills as soon as the price moves, when nobody listens any more.
                self.submit(quote.symbol, "buy", 7, limit=round(quote.bid - 0.01, 2), tif="gtc")

    with venue() as server:

        async def first() -> None:
            live = made(server, tmp_path, [Later()])
            task = await running(live)
            await play(server, "2026-01-05T14:30:20Z")
            await until(lambda: live._session().core.net_qty("BAC") == "100")
            assert len(live._session().core.orders()) == 1
            await ended(live, task)

        async def again() -> dict[str, Any]:
            live = made(server, tmp_path, [Later()])
            task = await running(live)
            found = await books(live)
            assert live.last_comparison is not None
            assert live.last_comparison.agrees
            await ended(live, task)
            return found

        asyncio.run(first())
        asyncio.run(play(server, "2026-01-07T16:00:00Z"))
        found = asyncio.run(again())
    assert found["qty"] == (428, 428)
    assert_equal(found)


def test_shares_that_are_nobodys_are_split_too(tmp_path: Path) -> None:
    from alpaca.trading.client import TradingClient

    class Nothing(tw.Strategy):
        def on_quote(self, quote: Any) -> None:
            pass

    with venue() as server:
        client = TradingClient(KEY, SECRET, url_override=server.rest_url, raw_data=True)
        asyncio.run(play(server, "2026-01-05T15:00:00Z"))
        client.post("/orders", {"symbol": "BAC", "qty": "7", "side": "buy", "type": "market", "time_in_force": "day"})
        asyncio.run(play(server, "2026-01-05T15:05:00Z"))

        async def trade(to: str) -> bool:
            live = made(server, tmp_path, [Nothing()], adopt=True)
            task = await running(live)
            await play(server, to)
            comparison = await live._reconcile([])
            await ended(live, task)
            return comparison.agrees

        assert asyncio.run(trade("2026-01-06T15:00:00Z"))
        assert client.get("/positions")[0]["qty"] == "28"
        assert asyncio.run(trade("2026-01-06T16:00:00Z"))


def by_an_operator(address: str) -> Any:
    """Accept what happened to BAC over the control plane."""
    with Client(address) as client:
        assert [(row.symbol, "cash merger" in row.why) for row in client.stopped()] == [("BAC", True)]
        with pytest.raises(RemoteError) as refused:
            client.accept_symbol("AAPL")
        assert refused.value.reason == "NOT_STOPPED"
        notices = client.stream_notices("accepted", last=10)
        answer = client.accept_symbol("BAC", reason="shares were paid out")
        told = next(one for told in notices for one in told.notices)
        assert (told.accepted.symbol, told.accepted.by, told.accepted.why) == ("BAC", "local", "shares were paid out")
        return answer


class Eager(tw.Strategy):
    """Sends an order on every tenth quote."""

    name = "eager"
    seen = 0

    def on_quote(self, quote: Any) -> None:
        self.seen += 1
        if self.seen % 10 == 0:
            self.buy(quote.symbol, 1)


def test_what_cannot_be_worked_out_stops_the_symbol_until_it_is_accepted(tmp_path: Path) -> None:
    page = {
        "corporate_actions": {
            "cash_mergers": [
                {
                    "id": "m-1",
                    "acquiree_symbol": "BAC",
                    "acquirer_symbol": "WFC",
                    "rate": 41.5,
                    "process_date": "2026-01-06",
                    "effective_date": "2026-01-06",
                }
            ]
        },
        "next_page_token": None,
    }

    class Told(AlpacaMarketData):
        """The same data, and one announcement that the venue does not make."""

        async def corporate_actions(self, symbols: Any, start: str, end: str, **_: Any) -> Any:
            yield json.dumps(page).encode()

    data = tw.feeds.synthetic(symbols=["BAC"], date="2026-01-05", days=2, seed=5, events_scale=0.01)
    with PaperServer({"paper": {"speed": 0.0, "requests_per_minute": 0}}, data=data) as server:

        def told() -> LiveNode:
            live = made(server, tmp_path, [Eager()])
            live._data = live._rules._data = Told(Credentials(KEY, SECRET), endpoints=Endpoints.at(server.rest_url))
            return live

        async def trade() -> None:
            live = told()
            task = await running(live)
            await play(server, "2026-01-05T20:00:00Z")
            await until(lambda: live.status()["sent"].get("submit", 0) > 3)
            assert live.status()["stopped"] == {}
            assert [n["why"] for n in live.notices if n["kind"] == "action"] == [
                "BAC 2026-01-06 cash merger rate 41.5, acquirer_symbol WFC"
            ]
            await play(server, "2026-01-06T14:31:00Z")
            await until(lambda: bool(live.status()["stopped"]))
            await until(lambda: any(n["kind"] == "stopped" for n in live.notices))
            sent = live.status()["sent"]["submit"]
            await play(server, "2026-01-06T17:00:00Z")
            await until(lambda: any(code == "RESTRICTED" and n > 3 for code, _, n in live.status()["refused"]))
            assert live.status()["sent"]["submit"] == sent
            await ended(live, task)

        async def accepted() -> None:
            live = told()
            task = await running(live)
            assert "cash merger" in live.status()["stopped"]["BAC"]
            with pytest.raises(tw.ConfigError, match="AAPL is not stopped by a corporate action; stopped are: BAC"):
                live.accept("AAPL", by="me")
            config = Config.model_validate({"node": {"state": str(tmp_path)}})
            control = control_server(live, asyncio.get_running_loop(), config)
            await asyncio.to_thread(control.start)
            try:
                assert list((await asyncio.to_thread(by_an_operator, control.addresses[0])).symbols) == []
            finally:
                await asyncio.to_thread(control.stop)
            before = live.status()["sent"].get("submit", 0)
            await play(server, "2026-01-06T18:00:00Z")
            await until(lambda: live.status()["sent"].get("submit", 0) > before)
            await ended(live, task)

        async def stays_accepted() -> None:
            live = told()
            task = await running(live)
            assert live.status()["stopped"] == {}
            await ended(live, task)

        asyncio.run(trade())
        asyncio.run(accepted())
        asyncio.run(stays_accepted())
