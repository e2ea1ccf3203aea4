from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.service_rig import ServiceRig
from tickwright.errors import RemoteError
from tickwright.v1 import common_pb2


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceRig]:
    with ServiceRig(tmp_path_factory.mktemp("engine")) as rig:
        yield rig


def test_the_status_is_the_nodes(rig: ServiceRig) -> None:
    told = rig.client.status()
    status = rig.ask(rig.node.status)
    assert told.state == common_pb2.ENGINE_STATE_RUNNING
    assert told.equity == status["equity"]
    assert told.cash == status["cash"]
    assert list(told.symbols) == ["AAPL", "BAC"]
    assert told.journal_id == status["journal_id"]
    assert {row.stage for row in told.latencies} == {"frame", "frame_to_request", "round_trip"}
    assert all(part.healthy for part in told.components)
    assert not told.live


def test_a_mask_leaves_only_what_it_names(rig: ServiceRig) -> None:
    told = rig.client.status("state", "equity")
    assert {field.name for field, _ in told.ListFields()} == {"state", "equity"}


def test_a_mask_of_an_unknown_field_is_refused_by_name(rig: ServiceRig) -> None:
    with pytest.raises(RemoteError, match="no field of Status") as caught:
        rig.client.status("equity", "weather")
    assert (caught.value.code, caught.value.field) == ("INVALID_ARGUMENT", "fields")


def test_commands_move_the_engine_and_tell_its_state(rig: ServiceRig) -> None:
    client = rig.client
    for name, state in (
        ("pause", "PAUSED"),
        ("reduce_only", "REDUCE_ONLY"),
        ("pause", "PAUSED"),
        ("resume", "RUNNING"),
        ("safe_mode", "SAFE_MODE"),
        ("resume", "RUNNING"),
    ):
        result = getattr(client, name)(reason=f"{name} for a test")
        assert result.state == common_pb2.EngineState.Value(f"ENGINE_STATE_{state}")
        assert rig.ask(rig.node.status)["state"] == state
        assert client.status("state").state == result.state
    told = [one for one in rig.node.notices if one["kind"] == "state" and one["by"] == "tester"]
    assert told[-1]["why"] == "resume for a test"


def test_what_the_state_does_not_allow_is_refused_and_what_it_does_is_named(rig: ServiceRig) -> None:
    rig.client.pause()
    try:
        with pytest.raises(RemoteError, match="not possible in PAUSED") as caught:
            rig.client.pause()
    finally:
        rig.client.resume()
    assert (caught.value.code, caught.value.reason) == ("FAILED_PRECONDITION", "STATE")
    assert "run" in caught.value.metadata["possible"].split(",")


def test_notices_are_numbered_without_gaps_from_the_last_on(rig: ServiceRig) -> None:
    seen = []
    with rig.client.stream_notices(last=3) as notices:
        for _ in range(3):
            rig.client.pause()
            rig.client.resume()
        for answer in notices:
            assert not answer.missed
            seen += list(answer.notices)
            if len(seen) >= 9:
                break
    numbers = [one.number for one in seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[-1] == rig.node.noticed


def test_notices_of_chosen_kinds_only(rig: ServiceRig) -> None:
    with rig.client.stream_notices("state", last=1_000) as notices:
        assert {one.WhichOneof("what") for one in next(notices).notices} == {"state"}
    with pytest.raises(RemoteError) as caught:
        next(rig.client.stream_notices("weather"))
    assert (caught.value.code, caught.value.field) == ("INVALID_ARGUMENT", "kinds")


def test_flags_are_listed_and_set(rig: ServiceRig) -> None:
    names = [flag.name for flag in rig.client.flags()]
    assert names == sorted(names)
    taps = len(rig.node.taps)
    assert rig.client.set_flag("log_frames", True).enabled
    rig.until(lambda: len(rig.node.taps) == taps + 1)
    rig.client.set_flag("log_frames", False)
    rig.until(lambda: len(rig.node.taps) == taps)
    with pytest.raises(RemoteError) as caught:
        rig.client.set_flag("weather", True)
    assert (caught.value.code, caught.value.field) == ("INVALID_ARGUMENT", "name")


def test_a_log_level_is_set(rig: ServiceRig) -> None:
    import logging

    assert rig.client.set_log_level("debug", logger="tickwright.live.desk") == "debug"
    assert logging.getLogger("tickwright.live.desk").level == logging.DEBUG
    rig.client.set_log_level("warning", logger="tickwright.live.desk")
    for logger, level, field in (("root", "debug", "logger"), ("", "loud", "level")):
        with pytest.raises(RemoteError) as caught:
            rig.client.set_log_level(level, logger=logger)
        assert caught.value.field == field


def test_a_reason_too_long_is_refused(rig: ServiceRig) -> None:
    with pytest.raises(RemoteError) as caught:
        rig.client.pause(reason="x" * 1_001)
    assert caught.value.code == "INVALID_ARGUMENT"
    assert rig.ask(rig.node.status)["state"] == "RUNNING"


def test_a_stream_ends_with_unavailable_when_the_control_plane_goes(tmp_path: Path) -> None:
    from tickwright.errors import UnreachableError

    with ServiceRig(tmp_path) as rig:
        stream = rig.client.stream_notices()
        ended: list[Exception] = []

        def listen() -> None:
            try:
                for _ in stream:
                    pass
            except Exception as error:
                ended.append(error)

        thread = threading.Thread(target=listen)
        thread.start()
        time.sleep(0.1)
        rig.server.stop()
        thread.join(10.0)
        assert [type(error) for error in ended] == [UnreachableError]
        rig.serve()
        assert rig.client.status("state").state == common_pb2.ENGINE_STATE_RUNNING
