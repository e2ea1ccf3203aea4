"""The live node against the paper venue on loopback: real HTTP, real WebSockets, real alpaca-py between them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints
from tickwright.live import LiveNode, NodeSettings
from tickwright.paper import PaperServer

KEY, SECRET = "PAPER", "paper-secret"


class Swing(tw.Strategy):
    """Buys ten shares and sells them again, every so many quotes."""

    def __init__(self, every: int = 50, orders: int = 20) -> None:
        super().__init__()
        self.every, self.orders = every, orders
        self.seen = self.sent = 0
        self.filled: list[tuple[str, float]] = []

    def on_quote(self, quote: Any) -> None:
        self.seen += 1
        if self.seen % self.every == 0 and self.sent < self.orders:
            (self.buy if self.sent % 2 == 0 else self.sell)(quote.symbol, 10)
            self.sent += 1

    def on_fill(self, fill: Any) -> None:
        self.filled.append((fill.side, fill.qty))


def node(server: PaperServer, state: Path, strategies: list[Any], **settings: Any) -> LiveNode:
    credentials = Credentials(KEY, SECRET)
    endpoints = Endpoints.at(server.rest_url)
    chosen = {"symbols": ["BAC"], "state": state, "clock": "data", "durability": "os", **settings}
    return LiveNode(
        strategies,
        AlpacaBroker(credentials, endpoints=endpoints),
        AlpacaMarketData(credentials, endpoints=endpoints),
        NodeSettings(**chosen),
        lease_folder=state / "leases",
    )


async def until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it took too long")


def market() -> tw.MarketData:
    return tw.feeds.synthetic(symbols=["BAC"], date="2026-01-05", seed=5, events_scale=0.05)


@pytest.mark.slow
def test_orders_of_a_strategy_reach_the_venue_and_their_fills_come_back(tmp_path: Path) -> None:
    with PaperServer({"paper": {"speed": 600.0, "requests_per_minute": 0}}, data=market()) as server:
        strategy = Swing()
        live = node(server, tmp_path, [strategy])

        async def trade() -> dict[str, Any]:
            running = asyncio.create_task(live.run())
            await until(lambda: (live.session is not None and len(strategy.filled) == 20) or running.done(), 60.0)
            status = live.status()
            theirs = await live._broker.orders("all")
            live.stop()
            await running
            return {**status, "theirs": theirs}

        found = asyncio.run(trade())
    assert found["state"] == "RUNNING"
    assert found["sent"] == {"submit": 20}
    assert [row["status"] for row in found["theirs"]] == ["filled"] * 20
    prefix = f"tw-{found['journal_id'][:12]}"
    assert [row["client_order_id"] for row in found["theirs"]] == [f"{prefix}-{n}" for n in range(1, 21)]
    assert found["positions"] == [] or all(Decimal(p["qty"]) == 0 for p in found["positions"])
    report = tw.journal.verify(tmp_path / "journal")
    assert report.ok


def decisions(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What was decided, and when in event time."""
    fields = ("submitted_ns", "symbol", "side", "type", "qty", "limit_price")
    return [tuple(row[field] for field in fields) for row in rows]


def number(value: float) -> str | None:
    return None if math.isnan(value) else f"{value:g}"


class Steps(tw.Strategy):
    """Decides by the market alone: an order on every 40th quote, a timer, a limit below the bid."""

    name = "steps"
    seen = 0

    def on_quote(self, quote: Any) -> None:
        self.seen += 1
        if self.seen == 1:  # a node begins before the first event, a backtest with it
            self.set_timer("tick", at_ns=quote.ts + 600 * 10**9)
        if self.seen % 40 == 0:
            self.submit(quote.symbol, "buy", 1 + self.seen % 7, limit=round(quote.bid - 0.02, 2))

    def on_timer(self, timer: Any) -> None:
        self.buy("BAC", 3)
        self.set_timer("tick", seconds=600.0)


def test_a_node_decides_what_a_backtest_of_the_same_day_decides(tmp_path: Path) -> None:
    day = market()
    tested = tw.backtest(Steps(), day, venue=tw.SimVenue(rules="alpaca")).orders.to_pandas()
    strategy = Steps()
    with PaperServer({"paper": {"speed": 0.0, "requests_per_minute": 0}}, data=day) as server:
        live = node(server, tmp_path, [strategy], kinds=["quotes", "trades"])

        async def trade() -> list[dict[str, Any]]:
            running = asyncio.create_task(live.run())
            await until(lambda: (live.has_status and live.status()["state"] == "RUNNING") or running.done())
            for _ in range(40):
                await asyncio.to_thread(server.control, "POST", "advance", {"by_s": 600})
            await until(lambda: strategy.seen == day.count("quotes") or running.done(), 60.0)
            live.stop()
            session = live.session
            assert session is not None
            rows = session.core.orders(open_only=False)
            await running
            return rows

        rows = asyncio.run(trade())
    theirs = [
        (row.submitted.value, row.symbol, row.side, row.type, number(row.qty), number(row.limit_price))
        for row in tested.itertuples()
    ]
    ours = decisions(rows)
    print(f"{len(ours)} of {len(theirs)} orders decided alike, at the same moments")
    assert len(theirs) > 40
    assert ours == theirs


def test_word_of_the_broker_that_was_missed_is_asked_for(tmp_path: Path) -> None:
    strategy = Swing(every=20, orders=60)
    with PaperServer({"paper": {"speed": 600.0, "requests_per_minute": 0}}, data=market()) as server:
        live = node(server, tmp_path, [strategy])

        async def trade() -> dict[str, Any]:
            running = asyncio.create_task(live.run())
            for cut in (10, 25, 40):
                await until(lambda n=cut: len(strategy.filled) >= n or running.done(), 60.0)
                rule = {"kind": "disconnect", "where": "trade_updates", "nth": 1}
                await asyncio.to_thread(server.control, "PUT", "faults", [rule])
            await until(lambda: len(strategy.filled) == 60 or running.done(), 60.0)
            status = live.status()
            live.stop()
            await running
            return status

        status = asyncio.run(trade())
    assert status["state"] == "RUNNING"
    assert status["streams"]["updates disconnected"] >= 2
    assert status["anomalies"] == 0
    assert status["sent"]["submit"] == 60  # an order with a gap may be asked for besides
    assert set(status["sent"]) <= {"submit", "ask"}


def test_a_second_node_of_the_account_does_not_start(tmp_path: Path) -> None:
    with PaperServer({"paper": {"speed": 600.0}}, data=market()) as server:
        first, second = node(server, tmp_path, [Swing()]), node(server, tmp_path / "other", [Swing()])
        second._lease_folder = first._lease_folder

        async def both() -> None:
            running = asyncio.create_task(first.run())
            await until(lambda: first.has_status or running.done())
            with pytest.raises(tw.ConfigError, match="trades it already"):
                await second.run()
            first.stop()
            await running

        asyncio.run(both())


def test_positions_of_somebody_else_are_refused_or_traded_beside(tmp_path: Path) -> None:
    from alpaca.trading.client import TradingClient

    with PaperServer({"paper": {"speed": 600.0, "requests_per_minute": 0}}, data=market()) as server:
        client = TradingClient(KEY, SECRET, url_override=server.rest_url, raw_data=True)
        client.post("/orders", {"symbol": "BAC", "qty": "7", "side": "buy", "type": "market", "time_in_force": "day"})

        def held() -> bool:
            return bool(client.get("/positions"))

        asyncio.run(until(held))
        with pytest.raises(tw.ConfigError, match="holds 7 BAC already; set adopt = true"):
            asyncio.run(node(server, tmp_path, [Swing()]).run())
        strategy = Swing(every=20, orders=5)
        live = node(server, tmp_path, [strategy], adopt=True)

        async def trade() -> None:
            running = asyncio.create_task(live.run())
            await until(lambda: len(strategy.filled) == 5 or running.done(), 60.0)
            live.stop()
            await running

        asyncio.run(trade())
        assert client.get("/positions")[0]["qty"] == "17"
        assert live.last_comparison is not None
        assert live.last_comparison.agrees


def test_a_node_that_waits_for_a_stream_can_be_stopped(tmp_path: Path) -> None:
    with PaperServer({"paper": {"speed": 600.0}}, data=market()) as server:
        live = node(server, tmp_path, [Swing()])
        # No stream of trade updates ever comes up: its address leads nowhere.
        broker = live._broker
        object.__setattr__(broker.endpoints, "updates", "ws://127.0.0.1:9/stream")

        async def start_and_stop() -> str:
            running = asyncio.create_task(live.run())
            await until(lambda: live.has_status or running.done())
            await asyncio.sleep(0.3)
            assert not running.done()
            live.stop("changed my mind")
            return await asyncio.wait_for(running, 10.0)

        assert asyncio.run(start_and_stop()) == "changed my mind"
        assert live.status()["state"] == "INITIALIZING"


class Late(tw.Strategy):
    """Orders at every quote, and counts those that come after its end."""

    def __init__(self) -> None:
        super().__init__()
        self.quotes = self.late = 0
        self.ended = False

    def on_quote(self, quote: Any) -> None:
        self.quotes += 1
        self.late += self.ended
        self.submit(quote.symbol, "buy", 1, limit=round(quote.bid - 1.0, 2), tif="ioc")

    def on_stop(self) -> None:
        self.ended = True


def test_nothing_is_decided_after_a_strategy_has_ended(tmp_path: Path) -> None:
    with PaperServer({"paper": {"speed": 6_000.0, "requests_per_minute": 0}}, data=market()) as server:
        strategy = Late()
        live = node(server, tmp_path, [strategy])

        async def trade() -> None:
            running = asyncio.create_task(live.run())
            await until(lambda: strategy.quotes > 200 or running.done())
            live.stop()
            await running

        asyncio.run(trade())
    assert strategy.ended
    assert strategy.late == 0


def test_a_node_ends_when_a_part_of_it_fails(tmp_path: Path) -> None:
    async def fails() -> None:
        raise tw.BrokerError("the part is gone")

    with PaperServer({"paper": {"speed": 600.0}}, data=market()) as server:
        live = node(server, tmp_path, [Swing()])

        async def trade() -> None:
            running = asyncio.create_task(live.run())
            await until(lambda: (live.has_status and live.status()["state"] == "RUNNING") or running.done())
            live._streams.begin(fails())
            await asyncio.wait_for(running, 10.0)

        with pytest.raises(tw.BrokerError, match="the part is gone"):
            asyncio.run(trade())
    assert tw.journal.verify(tmp_path / "journal").ok


def test_flattening_ends_as_soon_as_everything_is_closed(tmp_path: Path) -> None:
    strategy = Swing(every=20, orders=3)
    with PaperServer({"paper": {"speed": 600.0, "requests_per_minute": 0}}, data=market()) as server:
        live = node(server, tmp_path, [strategy], on_stop="flatten")

        async def trade() -> float:
            running = asyncio.create_task(live.run())
            await until(lambda: len(strategy.filled) == 3 or running.done(), 60.0)
            loop = asyncio.get_running_loop()
            begun = loop.time()
            live.stop()
            await running
            return loop.time() - begun

        took = asyncio.run(trade())
    status = live.status()
    assert (status["state"], status["open_orders"]) == ("RECONCILING", 0)
    assert all(Decimal(position["qty"]) == 0 for position in status["positions"])
    assert took < 9.0  # it gives up after ten


@pytest.mark.parametrize("command", ["halt", "pause", "safe_mode", "reduce_only"])
def test_a_node_that_ended_flat_trades_at_its_next_start_and_one_that_was_stopped_does_not(
    tmp_path: Path, command: str
) -> None:
    async def trade(live: LiveNode, state: str, *, stopped: bool) -> None:
        def is_there() -> bool:
            return live.has_status and live.status()["state"] == state and live.last_comparison is not None

        running = asyncio.create_task(live.run())
        await until(lambda: is_there() or running.done(), 60.0)
        await asyncio.sleep(0.5)
        assert not running.done()
        assert live.status()["state"] == state
        if stopped:
            live.command(command, by="test")
        live.stop()
        await running

    with PaperServer({"paper": {"speed": 600.0, "requests_per_minute": 0}}, data=market()) as server:
        for state, stopped in (("RUNNING", False), ("RUNNING", True), ("HALTED", False)):
            live = node(server, tmp_path, [Swing(every=20, orders=3)], on_stop="flatten")
            asyncio.run(trade(live, state, stopped=stopped))
            assert live.status()["state"] == ("HALTED" if stopped or state == "HALTED" else "RECONCILING")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"symbols": ["BAC", "BAC"]}, "names a symbol twice"),
        ({"kinds": ["ticks"]}, "kinds"),
        ({"group_ms": 0}, "group_ms"),
        ({"clock": "sundial"}, "clock"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NodeSettings(**{"symbols": ["BAC"], **settings})
