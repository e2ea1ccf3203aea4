"""What the node's own parts say of themselves: the journal's lag, and a desk that has closed."""

from __future__ import annotations

import asyncio
import datetime as dt
import time

import pytest

from tickwright.live import NodeSettings
from tickwright.live.clock import ClockCheck
from tickwright.live.core import Session
from tickwright.live.desk import Desk


class Disk:
    """A core whose journal answers when it is told to; a real disk cannot be made to wait."""

    def __init__(self):
        self.is_waiting, self.answers, self.requests = False, True, []
        self.next_wake_ns = 1 << 62

    def commit(self, now_ns):
        if self.answers:
            self.is_waiting = False
        return self.is_waiting

    def take_requests(self):
        if self.is_waiting:
            return []
        requests, self.requests = self.requests, []
        return requests

    def take_notices(self):
        return []

    def ask(self, order):
        self.requests.append({"order": order})
        self.is_waiting = True

    def begin_sync(self):
        return self

    def run(self):
        pass

    def end_sync(self, task, now_ns):
        pass


def session_on(disk, sent):
    return Session(
        disk, on_request=sent.append, on_notice=print, on_broken=print, wall=False, group_s=0.005, wall_ns=time.time_ns
    )


def test_the_lag_grows_while_the_disk_does_not_answer_and_ends_when_it_does():
    async def main():
        disk, sent = Disk(), []
        session = session_on(disk, sent)
        session.do(Disk.ask, 1)
        assert (session.lag_s, len(sent)) == (0.0, 1)
        disk.answers = False
        session.do(Disk.ask, 2)
        await asyncio.sleep(0.1)
        assert 0.09 < session.lag_s < 5.0
        session.do(Disk.ask, 3)  # more that waits does not make it younger
        assert session.lag_s > 0.09
        disk.answers = True
        session.do(Disk.ask, 4)
        assert (session.lag_s, len(sent)) == (0.0, 4)
        session.cancel_timers()

    asyncio.run(main())


def test_what_a_frame_asks_for_knows_the_frames_that_it_can_have_come_from():
    async def main():
        disk, sent = Disk(), []
        session = session_on(disk, sent)
        disk.on_frame = None
        session.frames = 4
        session.do(Disk.ask, 1)
        disk.answers = False
        session.frames = 5
        session.do(Disk.ask, 2)
        session.frames = 7
        disk.answers = True
        session.do(Disk.ask, 3)
        session.cancel_timers()
        return sent

    assert [request["since_frame"] for request in asyncio.run(main())] == [0, 5, 5]


def test_a_desk_that_has_closed_sends_nothing_more():
    async def main():
        desk = Desk(None)
        desk.close()
        desk.send({"order": 1, "kind": "submit", "client_order_id": "c", "asked_ns": 1, "body": "{}"})
        return desk.open, dict(desk.sent)

    assert asyncio.run(main()) == (0, {})


class Elsewhere:
    """A broker whose clock is `off_s` behind."""

    def __init__(self, off_s):
        self.off_s, self.asked = off_s, 0

    async def clock(self):
        self.asked += 1
        now = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=self.off_s)
        return {"timestamp": now.isoformat().replace("+00:00", "Z")}


@pytest.mark.parametrize(("off_s", "is_it"), [(10.0, True), (0.5, False), (-10.0, True)])
def test_clocks_that_were_apart_are_compared_again_before_trading_stops(tmp_path, off_s, is_it):
    broker = Elsewhere(off_s)
    clock = ClockCheck(broker, NodeSettings(symbols=["BTC/USD"], state=tmp_path, clock_skew_s=2.0), time.time_ns)
    assert not asyncio.run(clock.is_still_skewed())
    assert broker.asked == 0
    clock.skew_s = 5.0
    assert asyncio.run(clock.is_still_skewed()) is is_it
    assert clock.skew_s == pytest.approx(abs(off_s), abs=0.4)
