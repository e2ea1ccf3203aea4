"""When what a node decides leaves: at once after a pause, with others in a crowd, never before it is durable."""

import asyncio
import time
from pathlib import Path

import msgpack

import tickwright as tw
from tests.unit.alpaca_streams import quote
from tickwright import _core
from tickwright.account import Account
from tickwright.backtesting import SimVenue, listed_strategies
from tickwright.limits import RiskLimits
from tickwright.live.core import Session
from tickwright.live.desk import Desk

GROUP_MS = 80
BEGIN_NS = 1_704_205_800_000_000_000


class Always(tw.Strategy):
    """Orders at every quote."""

    def on_quote(self, quote):
        self.submit(quote.symbol, "buy", 1, limit=quote.bid)


class Sent:
    """A session over a journal of groups, and when each request left."""

    def __init__(self, folder: Path):
        core = _core.Node.create(
            str(folder), ["AAPL"], [["quotes"]], listed_strategies([Always()], None), cash=1e6,
            risk=RiskLimits()._settings(), account=Account()._settings(), venue=SimVenue(rules="alpaca")._settings(),
            mark="auto", max_requests_per_moment=1_000, id=[7] * 16, durability="group", group_ms=GROUP_MS,
            checkpoint_every=65_536, snapshot_every=0, key=None, follows_data=True, now_ns=BEGIN_NS,
        )  # fmt: skip
        self.requests, self.notices = [], []
        self.session = Session(
            core,
            on_request=lambda request: self.requests.append(time.perf_counter()),
            on_notice=self.notices.append,
            on_broken=lambda error: None,
            wall=False,
            group_s=GROUP_MS / 1_000,
        )

    async def start(self):
        self.session.do(_core.Node.start, BEGIN_NS, self.session.now_ns())
        self.session.do(_core.Node.command, "run", "test", "", self.session.now_ns())
        await asyncio.sleep(3 * GROUP_MS / 1_000)
        assert self.session.core.status()["state"] == "RUNNING"

    def quote(self, second):
        self.session.frame(msgpack.packb([quote("AAPL", second)]), BEGIN_NS)


def test_an_order_after_a_pause_leaves_at_once_and_those_that_follow_share_a_sync(tmp_path):
    async def main():
        sent = Sent(tmp_path / "journal")
        await sent.start()
        sent.quote(1)
        begun = time.perf_counter()
        while not sent.requests:
            assert time.perf_counter() - begun < GROUP_MS / 1_000 / 2, "it waits for others"
            await asyncio.sleep(0.001)
        for second in (2, 3, 4):
            sent.quote(second)
        assert len(sent.requests) == 1
        assert sent.session.core.is_waiting
        await asyncio.sleep(GROUP_MS / 1_000 / 4)
        assert len(sent.requests) == 1
        await asyncio.sleep(2 * GROUP_MS / 1_000)
        assert len(sent.requests) == 4
        first, *others = sent.requests
        assert others[0] - first >= GROUP_MS / 1_000 * 0.9
        assert others[-1] - others[0] < GROUP_MS / 1_000 / 2
        sent.session.cancel_timers()
        sent.session.core.close()

    asyncio.run(main())


def test_who_gives_a_command_does_not_wait_for_the_disk(tmp_path):
    async def main():
        sent = Sent(tmp_path / "journal")
        await sent.start()
        sent.notices.clear()
        sent.session.do(_core.Node.command, "pause", "test", "", sent.session.now_ns())
        assert sent.session.core.status()["state"] == "PAUSED"
        assert sent.notices == []  # it is done; it is told once it is durable
        await asyncio.sleep(GROUP_MS / 1_000)
        assert [notice["to"] for notice in sent.notices] == ["PAUSED"]
        sent.session.core.close()

    asyncio.run(main())


def test_what_is_asked_for_after_the_end_is_left_to_the_next_start():
    desk = Desk(broker=None)
    desk.close()
    desk.send({"kind": "submit", "order": 1, "old": None})
    assert desk.open == 0
    assert not desk.sent
