"""The seeds of failure: what is lost on the way, and what goes while it is listened to."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from tests.control.rig import Watch
from tests.control.service_rig import ServiceRig
from tickwright.control import Bridge, Client, Failure
from tickwright.control.services import desk
from tickwright.errors import RemoteError, UnreachableError
from tickwright.v1 import common_pb2


def test_an_engine_restarted_under_a_streaming_client_is_found_again(tmp_path: Path) -> None:
    """As docs/control.md has it: the stream ends with UNAVAILABLE, the same client asks again, numbers begin anew."""
    with ServiceRig(tmp_path, control={"listen": ["unix:{state}/control.sock"]}) as rig:
        client = Client(rig.address)
        ended: list[Exception] = []
        numbers: list[list[int]] = []

        def follow() -> None:
            for _ in range(2):
                run: list[int] = []
                numbers.append(run)
                while True:
                    try:
                        with client.stream_notices(last=1_000) as stream:
                            for answer in stream:
                                assert not answer.missed
                                run += [one.number for one in answer.notices]
                                if len(numbers) == 2 and any(one.state.why == "again" for one in answer.notices):
                                    return
                    except UnreachableError as error:
                        ended.append(error)
                        if run:
                            break
                        time.sleep(0.1)

        thread = threading.Thread(target=follow)
        thread.start()
        rig.client.pause(reason="before")
        rig.client.resume()
        time.sleep(0.2)
        rig.restart_all()
        rig.client.pause(reason="again")
        thread.join(20.0)
        assert not thread.is_alive()
        assert {error.code for error in ended} == {"UNAVAILABLE"}
        for run in numbers:
            assert run == list(range(1, len(run) + 1))
        assert client.status("state").state == common_pb2.ENGINE_STATE_PAUSED
        client.close()


def test_a_command_whose_answer_was_lost_takes_effect_once_when_it_comes_again(tmp_path: Path) -> None:
    with ServiceRig(tmp_path) as rig:
        rig.until(lambda: all(row["bid"] for row in rig.node.prices()))
        lost = 0
        for k in range(10):
            hurried = rig.client.within(0.002)
            hurried.attempts = 1
            order = {"symbol": "BAC", "side": "buy", "qty": 1 + k, "limit": "0.5", "key": f"order-{k}"}
            try:
                hurried.submit_order(**order)
            except UnreachableError:
                lost += 1
            rig.client.submit_order(**order)
            rig.client.submit_order(**order)
        orders = list(rig.client.orders())
        assert sorted(Decimal(one.qty) for one in orders) == [Decimal(1 + k) for k in range(10)]
        print(f"{lost} of 10 answers lost, 10 of 10 orders once")
        rig.client.cancel_all()


def test_a_service_that_ends_while_commands_come_leaves_each_done_once_or_not_at_all(tmp_path: Path) -> None:
    with ServiceRig(tmp_path) as rig:
        rig.until(lambda: all(row["bid"] for row in rig.node.prices()))
        outcomes: dict[int, str] = {}

        def send(k: int) -> None:
            with Client(rig.address, token=rig._token, timeout_s=3.0, attempts=1) as client:
                try:
                    client.submit_order("BAC", "buy", 1 + k, limit="0.5", key=f"order-{k}")
                    outcomes[k] = "done"
                except RemoteError as error:
                    outcomes[k] = error.code

        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(send, k) for k in range(40)]
            time.sleep(0.05)
            rig.server.stop()
            for future in futures:
                future.result()
        rig.serve()
        for k in range(40):
            rig.client.submit_order("BAC", "buy", 1 + k, limit="0.5", key=f"order-{k}")
        made = sorted(int(Decimal(one.qty)) for one in rig.client.orders())
        assert made == list(range(1, 41))
        print({code: list(outcomes.values()).count(code) for code in set(outcomes.values())})
        rig.client.cancel_all()


def test_a_hundred_streams_of_which_some_are_slow_hold_up_nobody(tmp_path: Path) -> None:
    with ServiceRig(tmp_path, control={"streams_per_caller": 0}) as rig:
        clients = [Client(rig.address, token=rig._token) for _ in range(100)]
        streams = [client.stream_notices("state") for client in clients]
        counts = [0] * 100
        wanted = 20

        def read(k: int) -> None:
            for answer in streams[k]:
                counts[k] += len(answer.notices)
                if counts[k] >= wanted:
                    return

        threads = [threading.Thread(target=read, args=(k,)) for k in range(10, 100)]  # ten read nothing
        for thread in threads:
            thread.start()
        took: list[float] = []
        for _ in range(wanted // 2):
            for command in (rig.client.pause, rig.client.resume):
                begun = time.perf_counter()
                command()
                took.append(time.perf_counter() - begun)
        for thread in threads:
            thread.join(20.0)
        assert counts[10:] == [wanted] * 90
        took.sort()
        print(f"commands beside 100 streams: median {took[len(took) // 2] * 1e3:.1f} ms, worst {took[-1] * 1e3:.1f} ms")
        assert max(took) < 2.0
        for client in clients:
            client.close()


def test_an_engine_that_starts_says_so_and_one_that_ended_too() -> None:
    class Starting:
        has_status = False

    async def ask(loop: asyncio.AbstractEventLoop | None = None) -> None:
        bridge = Bridge(Starting(), loop or asyncio.get_running_loop())  # type: ignore[arg-type]
        await desk.status(bridge)

    ended = asyncio.new_event_loop()
    ended.close()
    for loop, reason in ((None, "STARTING"), (ended, "ENDED")):
        with pytest.raises(Failure) as caught:
            asyncio.run(ask(loop))
        assert (caught.value.code.name, caught.value.reason) == ("UNAVAILABLE", reason)


@pytest.mark.parametrize("policy", ["cancel", "leave"])
def test_shutdown_ends_the_engine_by_its_policy(tmp_path: Path, policy: str) -> None:
    with ServiceRig(tmp_path, [Watch()]) as rig:
        rig.until(lambda: all(row["bid"] for row in rig.node.prices()))
        made = rig.client.submit_order("BAC", "buy", 1, limit="0.5").order
        rig.until(lambda: rig.node.order(made.id)["status"] == "new")
        with pytest.raises(RemoteError) as caught:
            rig.client.shutdown(policy="burn")
        assert caught.value.field == "policy"
        assert rig.client.shutdown(policy=policy, reason="the day is over").state
        rig._thread.join(20.0)
        assert not rig._thread.is_alive()
        assert rig.node.status()["open_orders"] == (0 if policy == "cancel" else 1)
