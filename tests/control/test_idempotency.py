"""Commands: recorded, once for each key, and as documented when time runs out or the engine is killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import pytest

from tests.control.door import METHODS, Door, answer_class, call, key_of, refused, request_class
from tickwright.control import Failure, Role
from tickwright.control.access import MAKES_SAFE
from tickwright.control.caller import COMMAND
from tickwright.control.idempotency import KEPT_S, CommandLog, order_id_of
from tickwright.errors import BrokerError, RefusedError

ROOT = Path(__file__).resolve().parents[2]
HALT = "/tickwright.v1.EngineService/Halt"
RESUME = "/tickwright.v1.EngineService/Resume"
SUBMIT = "/tickwright.v1.OrderService/SubmitOrder"
CANCEL = "/tickwright.v1.OrderService/CancelOrder"
FLAG = "/tickwright.v1.EngineService/SetFlag"
RUN = "/tickwright.v1.BacktestService/RunBacktest"


@pytest.fixture
def door(rig, tmp_path):
    with Door(rig, tmp_path, requests_per_second=0, listen=["unix:{state}/c.sock", "127.0.0.1:0"]) as made:
        made.here = made.channel()
        yield made
        made.here.close()


def asked(name, /, key="", reason="", **fields):
    return request_class(name)(options={"idempotency_key": key, "reason": reason}, **fields)


# --- records ---------------------------------------------------------------------------------------------------------


def test_every_method_with_options_is_recorded_before_and_after(door):
    commands = sorted(name for name in METHODS if key_of(name))
    seen_before = []
    for name in commands:

        async def unary(request, context, name=name):
            seen_before.append(door.records[-1]["method"] == name and door.records[-1]["audit"] == "intent")
            return answer_class(name)()

        async def stream(request, context, name=name):
            seen_before.append(door.records[-1]["method"] == name and door.records[-1]["audit"] == "intent")
            yield answer_class(name)()

        door.does[name] = stream if METHODS[name].server_streaming else unary
        call(door.here, name, asked(name, reason="a test"))
        time.sleep(0.02)  # the answer goes out before its record
    time.sleep(0.1)
    assert [(row["method"], row["audit"]) for row in door.records] == [
        (name, step) for name in commands for step in ("intent", "outcome")
    ]
    assert seen_before == [True] * len(commands)
    intent, outcome = door.records[:2]
    assert (intent["who"], intent["role"], intent["peer"]) == ("local", "admin", "unix")
    assert intent["request"]["options"]["reason"] == "a test"
    assert outcome["code"] == "OK"
    assert outcome["took_ms"] > 0
    print(f"{len(commands)} commands")


def test_what_a_command_failed_of_is_recorded(door):
    async def fail(request, context):
        raise BrokerError("it is closed")

    door.does[CANCEL] = fail
    said = refused(door.here, CANCEL, asked(CANCEL))
    time.sleep(0.1)
    assert (said.code, said.reason) == (grpc.StatusCode.UNAVAILABLE, "BROKER")
    assert (door.records[-1]["code"], door.records[-1]["reason"]) == ("UNAVAILABLE", "BROKER")


def test_a_long_request_is_recorded_by_its_hash(door):
    name = "/tickwright.v1.RiskService/SetLimits"
    request = asked(name)
    request.limits.update({f"key{i}": '"' * 100 for i in range(2_000)})
    call(door.here, name, request)
    row = next(row for row in door.records if row["method"] == name)
    assert set(row["request"]) == {"sha256", "bytes"}
    assert len(json.dumps({"by": "x", "note": json.dumps(row)})) < 65_536


def test_numbers_that_json_has_not_are_refused(door):
    name = "/tickwright.v1.RiskService/SetLimits"
    request = asked(name)
    request.limits["x"] = float("inf")
    said = refused(door.here, name, request)
    assert (said.code, said.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "NOT_JSON")


def test_secrets_in_a_request_are_not_recorded(door):
    request = request_class(RUN)(options={"reason": "x"})
    request.config.update({"alpaca": {"secret_key": "hush-hush", "api_key": "PKX"}, "cash": 5})
    call(door.here, RUN, request)
    row = next(row for row in door.records if row["method"] == RUN)
    assert row["request"]["config"] == {"alpaca": {"secret_key": "[redacted]", "api_key": "[redacted]"}, "cash": 5}


def test_nothing_takes_effect_unrecorded_but_what_makes_safe(rig, tmp_path):
    with Door(rig, tmp_path) as door, door.channel() as here:
        door.fail_sink = True
        token = door.token("admin")
        said = refused(here, FLAG, asked(FLAG), token)
        assert (said.code, said.reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_RECORDED")
        assert door.calls == []
        for name in sorted(MAKES_SAFE):
            call(here, name, request_class(name)(**({"thrown": True} if "Kill" in name else {})), token)
        assert [name for name, _ in door.calls] == sorted(MAKES_SAFE)


def test_the_kill_switch_does_not_wait_for_an_engine_that_hangs(rig, tmp_path):
    with Door(rig, tmp_path) as door, door.channel() as here:
        door.hang_sink = True
        name = "/tickwright.v1.RiskService/SetKillSwitch"
        began = time.monotonic()
        call(here, name, request_class(name)(thrown=True), door.token("operator"))
        assert time.monotonic() - began < 1.0
        release = refused(here, name, request_class(name)(), door.token("operator"), timeout=1.0)
        assert release.code is grpc.StatusCode.DEADLINE_EXCEEDED
        assert len(door.calls) == 1


# --- keys ------------------------------------------------------------------------------------------------------------


def counted(door, name, answer=None, wait_s=0.0):
    times = []

    async def do(request, context):
        times.append(COMMAND.get())
        await asyncio.sleep(wait_s)
        return answer_class(name)() if answer is None else answer

    door.does[name] = do
    return times


def test_a_key_takes_effect_once_and_its_answer_comes_again(door):
    done = answer_class(HALT)(result={"effective_ns": 77, "state": 7})
    times = counted(door, HALT, done)
    first, again = (call(door.here, HALT, asked(HALT, "k1")) for _ in range(2))
    assert (first.result.repeated, again.result.repeated) == (False, True)
    assert again.result.effective_ns == 77
    assert len(times) == 1
    call(door.here, HALT, asked(HALT, "k2"))
    call(door.here, HALT, asked(HALT))
    call(door.here, HALT, asked(HALT))
    assert len(times) == 4


def test_an_order_says_that_it_is_repeated_and_has_an_id_of_its_key(door):
    times = counted(door, SUBMIT)
    assert [call(door.here, SUBMIT, asked(SUBMIT, "k", symbol="A")).repeated for _ in range(2)] == [False, True]
    assert times[0].client_order_id == order_id_of("local", SUBMIT, "k")
    assert len(times[0].client_order_id) <= 48, "what Alpaca takes"


def test_the_same_key_with_another_request_is_refused(door):
    times = counted(door, FLAG)
    call(door.here, FLAG, asked(FLAG, "k", name="a"))
    said = refused(door.here, FLAG, asked(FLAG, "k", name="b"))
    assert (said.code, said.reason) == (grpc.StatusCode.ALREADY_EXISTS, "KEY_USED")
    assert len(times) == 1


def test_keys_of_callers_and_methods_are_their_own(door):
    times = counted(door, FLAG), counted(door, HALT)
    call(door.here, FLAG, asked(FLAG, "k"))
    call(door.here, HALT, asked(HALT, "k"))
    call(door.here, FLAG, asked(FLAG, "k"), door.token("admin", "ann"))
    assert [len(one) for one in times] == [2, 1]


def test_repeats_at_the_same_time_wait_for_the_first(door):
    times = counted(door, HALT, wait_s=0.3)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(call(door.here, HALT, asked(HALT, "k")))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 1
    assert sorted(answer.result.repeated for answer in answers) == [False] + [True] * 7


def test_a_command_that_was_refused_may_be_tried_again_with_its_key(door):
    async def refuse(request, context):
        raise Failure(grpc.StatusCode.FAILED_PRECONDITION, "not now")

    door.does[FLAG] = refuse
    assert refused(door.here, FLAG, asked(FLAG, "k")).code is grpc.StatusCode.FAILED_PRECONDITION
    times = counted(door, FLAG)
    call(door.here, FLAG, asked(FLAG, "k"))
    assert len(times) == 1


def test_an_order_that_risk_refused_stays_refused_under_its_key(door):
    times = []

    async def refuse(request, context):
        times.append(1)
        raise RefusedError("MAX_QTY", "account", "5 is above 4", {"id": 3})

    door.does[SUBMIT] = refuse
    said = [refused(door.here, SUBMIT, asked(SUBMIT, "k")) for _ in range(2)]
    assert {(one.code, one.reason, one.details) for one in said} == {
        (grpc.StatusCode.FAILED_PRECONDITION, "MAX_QTY", "5 is above 4")
    }
    assert times == [1]


def test_a_command_that_broke_off_is_in_doubt_and_not_given_again(door):
    async def crash(request, context):
        raise ZeroDivisionError("secret=hush")

    door.does[FLAG] = crash
    first = refused(door.here, FLAG, asked(FLAG, "k"))
    assert (first.code, first.reason) == (grpc.StatusCode.INTERNAL, "INCIDENT")
    assert "hush" not in first.details
    assert "ZeroDivision" not in first.details
    times = counted(door, FLAG)
    said = refused(door.here, FLAG, asked(FLAG, "k"))
    assert (said.code, said.reason) == (grpc.StatusCode.ABORTED, "IN_DOUBT")
    assert times == []


def test_a_stream_that_is_a_command_runs_once_and_its_last_answer_comes_again(door):
    times = []

    async def run(request, context):
        times.append(1)
        for number in range(3):
            yield answer_class(RUN)(backtest={"id": "b1", "events": number})

    door.does[RUN] = run
    assert [one.backtest.events for one in call(door.here, RUN, asked(RUN, "k"))] == [0, 1, 2]
    assert [one.backtest.events for one in call(door.here, RUN, asked(RUN, "k"))] == [2]
    assert times == [1]


def test_options_that_are_too_long_are_refused_by_name(door):
    for field, options in (("idempotency_key", ("x" * 129, "")), ("reason", ("", "x" * 1_001))):
        said = refused(door.here, HALT, asked(HALT, *options))
        assert (said.code, said.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TOO_LONG")
        assert field in said.details
    call(door.here, HALT, asked(HALT, "x" * 128, "é" * 1_000))


def test_a_command_with_a_field_that_is_unknown_here_is_refused(door):
    content = asked(HALT).SerializeToString() + b"\xf8\x3f\x01"  # field 1023, true
    said = refused(door.here, HALT, content)
    assert (said.code, said.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "UNKNOWN_FIELD")


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_command_whose_caller_is_gone_goes_on_and_its_key_knows_what_became_of_it(door):
    times = counted(door, HALT, wait_s=0.4)
    said = refused(door.here, HALT, asked(HALT, "k"), timeout=0.15)
    assert said.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert call(door.here, HALT, asked(HALT, "k")).result.repeated
    assert len(times) == 1
    time.sleep(0.05)  # the answer goes out before its record
    assert [row["code"] for row in door.records if row["audit"] == "outcome"] == ["OK"]


def test_a_command_whose_time_is_over_when_the_engine_comes_to_it_has_no_effect(door, rig):
    touched = []

    async def through_the_bridge(request, context):
        await door.server.bridge.status()  # a look is no beginning
        await asyncio.sleep(0.05)
        rig.loop.call_soon_threadsafe(work)
        assert busy.wait(5)
        await door.server.bridge.ask(lambda node: touched.append(1))
        return answer_class(HALT)()

    door.does[HALT] = through_the_bridge
    busy, working = threading.Event(), [0.8]

    def work():
        busy.set()
        time.sleep(sum(working))  # the engine is busy

    said = refused(door.here, HALT, asked(HALT, "k"), timeout=0.3)
    assert said.code is grpc.StatusCode.DEADLINE_EXCEEDED
    time.sleep(1.0)
    assert touched == []
    working.clear()
    assert not call(door.here, HALT, asked(HALT, "k")).result.repeated, "the key is free again"
    assert touched == [1]


def test_a_request_without_a_deadline_gets_one(rig, tmp_path):
    with Door(rig, tmp_path, default_deadline_s=0.2) as door, door.channel() as here:
        status = "/tickwright.v1.EngineService/GetStatus"
        counted(door, status, wait_s=5.0)
        counted(door, HALT, wait_s=1.0)
        token = door.token("admin")
        assert refused(here, status, None, token, timeout=None).code is grpc.StatusCode.DEADLINE_EXCEEDED
        said = refused(here, HALT, None, token, timeout=None)
        assert (said.code, said.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "OUTCOME_UNKNOWN")


# --- across restarts -------------------------------------------------------------------------------------------------


def test_answers_are_kept_across_a_restart_for_24_hours(rig, tmp_path):
    for turn in range(2):
        with Door(rig, tmp_path) as door, door.channel() as here:
            token = door.token("admin", f"t{turn}")
            call(here, FLAG, asked(FLAG, f"own-{turn}"), token)
            if turn:
                kept = json.loads((tmp_path / "commands.jsonl").read_text().splitlines()[0])
                assert kept["at"] == pytest.approx(time.time(), abs=60)
    path = tmp_path / "commands.jsonl"
    assert len([line for line in path.read_text().splitlines() if '"begun"' in line]) == 2
    late = CommandLog(path, clock=lambda: time.time() + KEPT_S)
    assert path.read_text() == ""
    asyncio.run(late.close())


def test_only_one_process_serves_a_state(rig, tmp_path):
    with Door(rig, tmp_path), pytest.raises(Exception, match="another process serves"), Door(rig, tmp_path):
        pass


def test_a_torn_end_of_the_file_is_no_reason_not_to_start(tmp_path):
    async def fill():
        kept = CommandLog(tmp_path / "c.jsonl")
        entry, _ = await kept.begin("ann", HALT, "k", b"1")
        kept.finish(entry, "done", b"answer")
        await kept.begin("ann", HALT, "k2", b"1")
        await kept.close()

    asyncio.run(fill())
    path = tmp_path / "c.jsonl"
    whole = path.read_bytes()
    lines = [len(part) for part in whole.splitlines(keepends=True)]
    ends = [sum(lines[: n + 1]) - 1 for n in range(3)]
    near = {end + step for end in ends for step in (-1, 0, 1)}
    for cut in sorted({*range(0, len(whole), 7), *near}):
        path.write_bytes(whole[:cut])
        kept = CommandLog(path)
        states = sorted(entry.state for entry in kept._entries.values())
        expected = [[], ["in_doubt"], ["done"], ["done", "in_doubt"]][sum(cut >= end for end in ends)]
        assert states == expected, cut
        asyncio.run(kept.close())


def test_the_file_is_made_smaller_while_it_is_used(tmp_path, monkeypatch):
    monkeypatch.setattr("tickwright.control.idempotency.COMPACT_BYTES", 20_000)
    now = [1e9]

    async def fill():
        kept = CommandLog(tmp_path / "c.jsonl", clock=lambda: now[0])
        for number in range(500):
            now[0] += KEPT_S / 50
            entry, _ = await kept.begin("ann", HALT, f"k{number}", b"1")
            kept.finish(entry, "done", b"x" * 50)
        await kept.close()

    asyncio.run(fill())
    assert (tmp_path / "c.jsonl").stat().st_size < 60_000
    kept = CommandLog(tmp_path / "c.jsonl", clock=lambda: now[0])
    assert len(kept._entries) == 50
    asyncio.run(kept.close())


def test_a_full_disk_refuses_commands_with_keys_and_no_others(door, monkeypatch):
    counted(door, FLAG)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tickwright.control.idempotency.os.write", full)
    said = refused(door.here, FLAG, asked(FLAG, "k"))
    monkeypatch.undo()
    assert (said.code, said.reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_RECORDED")
    assert refused(door.here, FLAG, asked(FLAG, "k3")).reason == "NOT_RECORDED", "the file is not trusted again"
    call(door.here, FLAG, asked(FLAG))
    call(door.here, HALT, asked(HALT, "k2"))
    assert [name for name, _ in door.calls] == [FLAG, HALT]


@pytest.mark.parametrize("name", [RESUME, HALT, SUBMIT])
def test_after_a_kill_in_the_middle_a_repeat_does_as_documented(name, tmp_path):
    """A real process, killed by SIGKILL after it took the command up and before it answered."""
    script = Path(__file__).with_name("killed.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}

    def start(mode):
        command = [sys.executable, str(script), str(tmp_path), name, mode]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline().strip() == "ready"
        return process

    process = start("hang")
    with grpc.insecure_channel(f"unix:{tmp_path}/c.sock") as here:
        failed = []
        asking = threading.Thread(target=lambda: failed.append(refused(here, name, asked(name, "k"), timeout=20)))
        asking.start()
        assert process.stdout.readline().strip() == "begun"
        process.send_signal(signal.SIGKILL)
        asking.join()
        process.wait(10)
    assert failed[0].code is grpc.StatusCode.UNAVAILABLE
    process = start("answer")
    try:
        with grpc.insecure_channel(f"unix:{tmp_path}/c.sock") as here:
            if name == RESUME:
                said = refused(here, name, asked(name, "k"))
                assert (said.code, said.reason) == (grpc.StatusCode.ABORTED, "IN_DOUBT")
                assert refused(here, name, asked(name, "k")).reason == "IN_DOUBT", "and again"
                call(here, name, asked(name, "new"))
            else:
                call(here, name, asked(name, "k"))
                called, is_in_doubt, order_id = process.stdout.readline().split()
                assert called == "called"
                # A command that makes safe does not wait for the record of its key, and is carried out again anyhow.
                if name == SUBMIT:
                    assert is_in_doubt == "True"
                    assert order_id == order_id_of("local", name, "k")
                    assert call(here, name, asked(name, "k")).repeated
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)


def test_roles_are_checked_before_keys(door):
    times = counted(door, HALT)
    call(door.here, HALT, asked(HALT, "k"))
    said = refused(door.here, HALT, asked(HALT, "k"), door.token(Role.VIEWER))
    assert said.code is grpc.StatusCode.PERMISSION_DENIED
    assert len(times) == 1
