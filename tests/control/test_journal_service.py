from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.service_rig import ServiceRig
from tickwright import journal
from tickwright.control.services.journal import _Tail
from tickwright.errors import RemoteError


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceRig]:
    with ServiceRig(tmp_path_factory.mktemp("journal")) as rig:
        yield rig


def _all(rig: ServiceRig, *kinds: str, **options: int) -> list[object]:
    with rig.client.tail_journal(*kinds, **options) as stream:
        return [record for records in stream for record in records]


def test_the_records_are_those_of_the_files(rig: ServiceRig) -> None:
    rig.client.checkpoint()
    folder = rig._folder / "state" / "journal"
    wanted = [one for one in journal.read(folder, kinds=["COMMAND", "STATE", "START", "NOTE", "SESSION"])]
    told = _all(rig, "COMMAND", "state", "START", "18", "SESSION", start=1)
    assert len(told) >= len(wanted) > 3
    for one, record in zip(told, wanted, strict=False):
        assert (one.sequence, one.kind) == (record.sequence, journal.kind_name(record.kind))
        assert (one.event_ns, one.received_ns) == (record.event_ts, record.recv_ts)
        assert one.chain == record.chain.hex()
        assert json.loads(one.json) == record.content


def test_without_a_start_it_begins_with_the_last_ten_and_without_market_data(rig: ServiceRig) -> None:
    for _ in range(6):
        rig.client.pause()
        rig.client.resume()
    told = _all(rig)
    assert len(told) >= 10
    assert {one.kind for one in told} & {"QUOTE", "TRADE", "BATCH", "BAR", "BOOK"} == set()
    assert "COMMAND" in {one.kind for one in told}
    rig.client.set_flag("tail_market_data", True)
    try:
        assert {one.kind for one in _all(rig, start=1, limit=3_000)} & {"QUOTE", "TRADE", "BATCH"}
    finally:
        rig.client.set_flag("tail_market_data", False)


def test_a_limit_ends_it(rig: ServiceRig) -> None:
    assert len(_all(rig, start=1, limit=3)) == 3
    with rig.client.tail_journal(start=1, limit=5, follow=True) as stream:
        assert sum(len(records) for records in stream) == 5


def test_what_comes_is_followed_without_gap_or_repetition(rig: ServiceRig) -> None:
    seen: list[object] = []
    with rig.client.tail_journal("COMMAND", start=1, follow=True) as stream:

        def command() -> None:
            for _ in range(3):
                time.sleep(0.15)
                rig.client.pause(reason="followed")
                rig.client.resume()

        thread = threading.Thread(target=command)
        thread.start()
        for records in stream:
            seen += records
            if sum("followed" in one.json for one in seen) == 3 and "Run" in seen[-1].json:
                break
        thread.join()
    numbers = [one.sequence for one in seen]
    assert numbers == sorted(set(numbers))
    wanted = [one.sequence for one in journal.read(rig._folder / "state" / "journal", kinds="COMMAND")]
    assert numbers == wanted[: len(numbers)]


def test_a_journal_that_is_written_is_whole(rig: ServiceRig) -> None:
    told = rig.client.verify_journal()
    assert (told.ok, told.error) == (True, "")
    assert told.records > 10
    with pytest.raises(RemoteError) as caught:
        rig.client.verify_journal(public_key=b"short")
    assert caught.value.field == "public_key"


def test_a_checkpoint_says_up_to_where_and_how_the_engine_stands(rig: ServiceRig) -> None:
    first = rig.client.checkpoint(reason="before lunch")
    assert first.steps > 0
    assert len(bytes.fromhex(first.state_hash)) == 32
    assert rig.client.checkpoint().steps >= first.steps


def test_unknown_kinds_and_numbers_are_refused(rig: ServiceRig) -> None:
    with pytest.raises(RemoteError) as caught:
        _all(rig, "WEATHER")
    assert (caught.value.code, caught.value.field) == ("INVALID_ARGUMENT", "kinds")
    assert _all(rig, start=10**12) == []


@pytest.mark.parametrize("kinds", [("NOTE",), ("NOTE", "CHECKPOINT")])
def test_a_tail_goes_on_over_segments_while_they_are_written(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    told, over = [], threading.Event()

    def follow() -> None:
        tail = _Tail(tmp_path / "journal", 1, kinds, 5)
        while True:
            last = over.is_set()
            found = tail.next(256)
            told.extend(found)
            if last and not found:
                return

    with journal.Log.create(tmp_path / "journal", policy="os", segment_bytes=1 << 16, checkpoint_every=100) as log:
        reader = threading.Thread(target=follow)
        reader.start()
        for number in range(5_000):
            log.append("NOTE", b'{"n": %d}' % number, event_ts=number)
            if number % 7 == 0:
                log.commit(number)
        log.commit(number)
        log.sync()
        over.set()
        reader.join(30)
    assert len(list((tmp_path / "journal").glob("*.twj"))) > 3
    wanted = [record.sequence for record in journal.read(tmp_path / "journal", kinds=kinds)]
    assert [one.sequence for one in told] == wanted[: len(told)]
    assert sum(one.kind == "NOTE" for one in told) == 5_000
