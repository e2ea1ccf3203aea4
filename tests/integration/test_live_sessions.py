"""Halts, price bands and sessions: what the market says is closed, the node does not trade."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import tickwright as tw
from tests.integration.live_rig import codes, control, ended, made, play, running, until
from tickwright.paper import PaperServer

NEW_YORK = ZoneInfo("America/New_York")


class Asks(tw.Strategy):
    """Sends a limit order far below the market on every quote."""

    name = "asks"

    def __init__(self, limit: float = 5.0, side: str = "buy") -> None:
        super().__init__()
        self.limit, self.side = limit, side
        self.seen = 0

    def on_quote(self, quote: Any) -> None:
        self.seen += 1
        self.submit(quote.symbol, self.side, 1, limit=self.limit)


def quotes(moments: Sequence[dt.datetime]) -> tw.MarketData:
    n = len(moments)
    rows = {"ts": moments, "bid": [9.99] * n, "ask": [10.01] * n, "bid_size": [100] * n, "ask_size": [100] * n}
    return tw.feeds.table(rows, symbol="BAC", timezone="America/New_York")


def test_a_halt_refuses_orders_until_trading_goes_on(tmp_path: Path) -> None:
    every = [dt.datetime(2026, 1, 5, 10, 0, second) for second in range(40)]
    strategy = Asks()
    with PaperServer({"paper": {"speed": 0.0, "requests_per_minute": 0}}, data=quotes(every)) as server:
        live = made(server, tmp_path, [strategy], sessions=False)

        async def trade() -> list[tuple[int, dict[str, int]]]:
            task = await running(live)
            found = []

            async def more(second: int) -> None:
                await play(server, f"2026-01-05T15:00:{second:02}.5Z")
                await until(lambda: strategy.seen == second + 1)
                await until(lambda: live.status()["in_flight"] == 0)
                found.append((live.status()["passed"], codes(live)))

            await more(9)
            halt = {"S": "BAC", "sc": "H", "sm": "Trading Halt", "rc": "T1", "rm": "News Pending"}
            assert (await control(server, "POST", "market", {"statuses": [halt]}))["events"] == 1
            await more(19)
            await control(server, "POST", "market", {"statuses": [{**halt, "sc": "T", "sm": "Resumption", "rc": ""}]})
            await more(29)
            await ended(live, task)
            return found

        assert asyncio.run(trade()) == [(10, {}), (10, {"HALTED": 10}), (20, {"HALTED": 10})]


def test_orders_beyond_the_price_bands_are_refused(tmp_path: Path) -> None:
    every = [dt.datetime(2026, 1, 5, 10, 0, second) for second in range(40)]
    strategy = Asks(limit=10.5)
    with PaperServer({"paper": {"speed": 0.0, "requests_per_minute": 0}}, data=quotes(every)) as server:
        live = made(server, tmp_path, [strategy])

        async def trade() -> list[tuple[int, dict[str, int]]]:
            task = await running(live)
            found = []
            for second, upper in ((9, 10.4), (19, 10.6), (29, 10.4)):
                await control(server, "POST", "market", {"lulds": [{"S": "BAC", "u": upper, "d": 9.5, "i": "B"}]})
                await play(server, f"2026-01-05T15:00:{second:02}.5Z")
                await until(lambda n=second: strategy.seen == n + 1)
                found.append((live.status()["passed"], codes(live)))
            await ended(live, task)
            return found

        assert asyncio.run(trade()) == [(0, {"LULD": 10}), (10, {"LULD": 10}), (10, {"LULD": 20})]


# What is open in New York: the regular session, and the ones around it.
WHOLE = {"03:59": "", "04:00": "early", "09:29": "early", "09:30": "open", "12:59": "open", "13:00": "open"}
WHOLE |= {"15:59": "open", "16:00": "late", "16:59": "late", "17:00": "late", "19:59": "late", "20:00": ""}
HALF = WHOLE | {"13:00": "late", "15:59": "late", "17:00": "", "19:59": ""}
SHUT = dict.fromkeys(WHOLE, "")
YEAR = {
    "spring": {"2026-03-06": WHOLE, "2026-03-07": SHUT, "2026-03-09": WHOLE, "2026-03-10": WHOLE},
    "autumn": {
        "2026-10-30": WHOLE,
        "2026-11-02": WHOLE,
        "2026-11-25": WHOLE,
        "2026-11-26": SHUT,
        "2026-11-27": HALF,
        "2026-11-30": WHOLE,
        "2026-12-24": HALF,
        "2026-12-25": SHUT,
        "2026-12-28": WHOLE,
        "2027-01-15": WHOLE,
    },
}


@pytest.mark.parametrize("season", YEAR)
@pytest.mark.parametrize("clock", ["data", "wall"])
@pytest.mark.parametrize("extended", [False, True])
def test_orders_pass_in_the_sessions_of_the_brokers_calendar_alone(
    tmp_path: Path, season: str, clock: str, extended: bool
) -> None:
    days = YEAR[season]
    moments = [dt.datetime.fromisoformat(f"{day} {time}") for day, times in days.items() for time in times]
    stamps = [int(moment.replace(tzinfo=NEW_YORK).timestamp()) * 10**9 for moment in moments]
    strategy = Asks()
    wall = [stamps[0] - 1]
    options: dict[str, Any] = {"risk": tw.RiskLimits(extended_hours=extended)}
    if clock == "wall":
        options["wall_ns"] = lambda: wall[0]
    with PaperServer({"paper": {"speed": 0.0, "requests_per_minute": 0}}, data=quotes(moments)) as server:
        # The clock jumps by days, before the venue and the quotes of its new moment do.
        live = made(server, tmp_path, [strategy], options, clock=clock, stale_after_s=0.0, clock_skew_s=1e9)

        async def trade() -> dict[int, str]:
            task = await running(live)
            for number, stamp in enumerate(stamps, 1):
                wall[0] = stamp
                await play(server, dt.datetime.fromtimestamp(stamp // 10**9, dt.UTC).isoformat())
                await until(lambda n=number: strategy.seen == n)
                if number % len(WHOLE) == 0:
                    # The calendar is kept up once a second, and a day has passed.
                    await until(lambda at=stamp: live._rules.days[-1].close_ns - at > 7 * 86_400 * 10**9)
            rows = live._session().core.orders(open_only=False)
            assert live.status()["state"] == "RUNNING"
            assert set(codes(live)) == {"SESSION"}
            await ended(live, task)
            return {row["submitted_ns"]: row["status"] for row in rows}

        found = asyncio.run(trade())
    passed = {stamp: found[stamp] != "refused" for stamp in stamps}
    expected = [word == "open" or (extended and word != "") for times in days.values() for word in times.values()]
    assert passed == dict(zip(stamps, expected, strict=True))
    print(f"{len(stamps)} of {len(stamps)} moments of {len(days)} days as the exchange has them")


def test_strategies_that_wait_for_the_next_opening_may_switch_the_sessions_off(tmp_path: Path) -> None:
    strategy = Asks()
    night = [dt.datetime(2026, 1, 5, 22, 0, second) for second in range(5)]
    with PaperServer({"paper": {"speed": 0.0, "requests_per_minute": 0}}, data=quotes(night)) as server:
        live = made(server, tmp_path, [strategy], sessions=False)

        async def trade() -> dict[str, Any]:
            task = await running(live)
            await play(server, "2026-01-06T03:00:10Z")
            await until(lambda: strategy.seen == 5)
            await until(lambda: live.status()["sent"].get("submit") == 5 and live.status()["in_flight"] == 0)
            status = live.status()
            await ended(live, task)
            return status

        status = asyncio.run(trade())
    assert (status["passed"], status["refused"]) == (5, [])
