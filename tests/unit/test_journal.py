import json
import random
import re
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import tickwright as tw
from tests.journal_reader import CorruptJournal, read_journal
from tickwright.cli.app import app

SECRET = bytes([1] * 32)
PUBLIC = bytes.fromhex("8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "journal-format.md"


def make(folder, records=12, seed=0, *, close=True, **settings):
    """Write a small journal of several segments, signed, and give what was appended."""
    chance = random.Random(seed)
    log = tw.journal.Log.create(folder, **{"segment_bytes": 900, "checkpoint_every": 4, "key": SECRET, **settings})
    given = []
    for _ in range(records):
        kind = chance.choice([2, 10, 18, 4000])
        times = chance.randrange(-(2**63), 2**63), chance.randrange(-(2**63), 2**63)
        payload = chance.randbytes(chance.randrange(120))
        log.append(kind, payload, event_ts=times[0], recv_ts=times[1])
        given.append((kind, *times, payload))
        if chance.random() < 0.4:
            log.commit(now=0)
    if close:
        log.close()
    else:
        log.sync()
    return given


def fields(records):
    return [(r.sequence, r.event_ts, r.recv_ts, r.kind, r.payload, r.chain) for r in records]


def by_the_page(folder, key=None):
    """Read with the second reader: the records, the torn tail, and what is wrong."""
    try:
        return *read_journal(folder, key), None
    except CorruptJournal as fault:
        return [], None, fault


def run(*args):
    return CliRunner().invoke(app, ["journal", *map(str, args)])


kinds = st.integers(0, 65_535).filter(lambda k: k != 14)
times = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=60)
@given(
    records=st.lists(st.tuples(kinds, times, times, st.binary(max_size=300)), max_size=40),
    segment_bytes=st.integers(256, 5000),
    checkpoint_every=st.integers(0, 9),
    reopen=st.integers(1, 20),
    close=st.booleans(),
)
def test_a_reader_written_from_the_page_reads_random_journals_alike(
    tmp_path_factory, records, segment_bytes, checkpoint_every, reopen, close
):
    folder = tmp_path_factory.mktemp("journal")
    chosen = {"segment_bytes": segment_bytes, "checkpoint_every": checkpoint_every, "key": SECRET, "policy": "os"}
    log = tw.journal.Log.create(folder, **chosen)
    for k, (kind, event, receipt, payload) in enumerate(records):
        log.append(kind, payload, event_ts=event, recv_ts=receipt)
        if k % reopen == 0:
            log.commit(now=k)
            log = tw.journal.Log.open(folder, **chosen)
            assert log.recovery.tail is None
    if close:
        log.close()
    else:
        log.commit(now=0)
    other, torn = read_journal(folder, PUBLIC if close else None)
    assert torn is None
    assert fields(tw.journal.read(folder)) == fields(other)
    assert [(e.kind, e.event_ts, e.recv_ts, e.payload) for e in other if e.kind != 14] == records
    report = tw.journal.verify(folder, PUBLIC if close else None)
    assert (report.ok, report.records, report.closed) == (True, len(other), close)


def test_both_readers_find_every_flipped_bit_and_agree_on_what_it_is(tmp_path):
    make(tmp_path)
    whole, _ = read_journal(tmp_path, PUBLIC)
    files = sorted(tmp_path.glob("*.twj"))
    assert len(files) >= 3
    chance = random.Random(5)
    flips = torn_flips = 0
    for file in files:
        data = file.read_bytes()
        for byte in range(len(data)):
            changed = bytearray(data)
            changed[byte] ^= 1 << chance.randrange(8)
            file.write_bytes(changed)
            flips += 1
            report = tw.journal.verify(tmp_path, PUBLIC)
            records, torn, fault = by_the_page(tmp_path, PUBLIC)
            where = f"byte {byte} of {file.name}: {fault or torn}"
            if fault is None:
                assert torn is not None, where
                torn_flips += 1
                assert records == whole[:-1], "only the very last record looks torn"
                assert report.fault is None, where
                assert (report.tail.offset, report.tail.bytes) == (torn.offset, torn.bytes), where
            else:
                assert (report.fault.file, report.fault.offset) == (fault.file, fault.offset), where
                assert fault.file == file.name, where
                assert fault.offset <= byte, where
        file.write_bytes(data)
    assert 0 < torn_flips <= 200
    assert read_journal(tmp_path, PUBLIC) == (whole, None)
    print(f"{flips} of {flips} flipped bits found by both readers, {torn_flips} of them as a torn last record")


def test_both_readers_agree_on_torn_and_holed_ends(tmp_path):
    chance = random.Random(11)
    seen = {"torn": 0, "corrupt": 0}
    for seed in range(150):
        folder = tmp_path / str(seed)
        make(folder, 60, seed, close=False, policy="os", segment_bytes=1 << 20, checkpoint_every=0)
        (file,) = folder.glob("*.twj")
        data = bytearray(file.read_bytes())
        for _ in range(chance.randrange(1, 3)):
            at = chance.randrange(1, len(data) // 512) * 512
            data[at : at + 512] = bytes(512) if chance.random() < 0.8 else chance.randbytes(512)
        if chance.random() < 0.5:
            del data[chance.randrange(len(data) // 2, len(data)) :]
        file.write_bytes(data)
        report = tw.journal.verify(folder)
        records, torn, fault = by_the_page(folder)
        if fault is None:
            seen["torn"] += 1
            assert report.fault is None
            assert report.records == len(records)
            assert (report.tail is None) == (torn is None)
            if torn is not None:
                assert (report.tail.offset, report.tail.stranded) == (torn.offset, torn.stranded)
        else:
            seen["corrupt"] += 1
            assert (report.fault.offset, report.fault.sequence) == (fault.offset, fault.sequence)
            with pytest.raises(tw.JournalError, match="journal repair"):
                tw.journal.Log.open(folder)
    assert min(seen.values()) > 10, seen


def test_the_bytes_on_the_page_are_those_of_a_journal(tmp_path):
    rows = re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)", PAGE.read_text(), re.MULTILINE)
    example = bytes.fromhex("".join(rows))
    assert len(example) == 0x185
    (tmp_path / "00000000000000000001.twj").write_bytes(example)
    report = tw.journal.verify(tmp_path, PUBLIC)
    assert (report.ok, report.closed, report.signed_through) == (True, True, 1)
    note, closing = tw.journal.read(tmp_path)
    assert (note.payload, note.recv_ts - note.event_ts) == (b"hello", 250_000)
    assert fields([note, closing]) == fields(read_journal(tmp_path, PUBLIC)[0])
    assert blake3(example[0x50:0x9D]).digest() == note.chain


def test_records_are_chosen_by_number_and_kind(tmp_path):
    given_records = make(tmp_path, 40)
    notes = [g[3] for g in given_records if g[0] == 18]
    assert [r.payload for r in tw.journal.read(tmp_path, kinds=["note"])] == notes
    assert [r.sequence for r in tw.journal.read(tmp_path, start=7, end=11)] == [7, 8, 9, 10]
    assert list(tw.journal.read(tmp_path, start=10_000)) == []
    table = tw.journal.table(tmp_path, kinds=("NOTE", 4000))
    assert table["payload"].to_pylist() == [g[3] for g in given_records if g[0] in (18, 4000)]
    assert table["event_ts"].cast("int64").to_pylist() == [g[1] for g in given_records if g[0] in (18, 4000)]


def test_an_export_holds_the_records(tmp_path):
    import pyarrow.feather
    import pyarrow.parquet

    make(tmp_path / "log", 30)
    expected = tw.journal.table(tmp_path / "log")
    for name, read in (
        ("a.parquet", pyarrow.parquet.read_table),
        ("a.arrow", pyarrow.feather.read_table),
        ("a.feather", pyarrow.feather.read_table),
    ):
        assert tw.journal.export(tmp_path / "log", tmp_path / name) == expected.num_rows
        assert read(tmp_path / name).equals(expected)
    with pytest.raises(tw.ConfigError, match="exists"):
        tw.journal.export(tmp_path / "log", tmp_path / "a.arrow")
    with pytest.raises(tw.ConfigError, match="choose"):
        tw.journal.export(tmp_path / "log", tmp_path / "a.txt")


def test_an_export_of_a_corrupt_journal_leaves_no_file(tmp_path):
    make(tmp_path / "log")
    flip(sorted((tmp_path / "log").glob("*.twj"))[0], 200)
    with pytest.raises(tw.JournalError):
        tw.journal.export(tmp_path / "log", tmp_path / "a.parquet")
    assert [p.name for p in tmp_path.iterdir()] == ["log"]


def flip(file, byte):
    data = bytearray(file.read_bytes())
    data[byte] ^= 1
    file.write_bytes(data)


def test_a_repair_keeps_what_is_before_the_fault(tmp_path):
    make(tmp_path / "log", 30)
    whole = fields(tw.journal.read(tmp_path / "log"))
    files = sorted((tmp_path / "log").glob("*.twj"))
    flip(files[2], 150)
    first = int(files[2].name[:20])
    report = tw.journal.repair(tmp_path / "log", tmp_path / "new")
    assert (report.records, report.last, report.fault.sequence) == (first - 1, first - 1, first)
    assert report.left_out == len(whole) - first
    assert report.left_out_range == (first + 1, len(whole))
    assert fields(tw.journal.read(tmp_path / "new")) == whole[: first - 1]
    with pytest.raises(tw.JournalError, match="into a new folder"):
        tw.journal.repair(tmp_path / "log", tmp_path / "new")
    with tw.journal.Log.open(tmp_path / "new") as log:
        assert log.recovery.records == first - 1
        log.append("RECOVERY", b"repaired")
    assert tw.journal.verify(tmp_path / "new").closed


def test_old_segments_go_to_an_archive_and_both_together_are_whole(tmp_path):
    log = tw.journal.Log.create(tmp_path / "log", segment_bytes=500, retain=0, key=SECRET)
    for _ in range(50):
        log.append("NOTE", bytes(40))
    moved = log.remove_below(30, archive=tmp_path / "old")
    assert moved > 3
    log.close()
    first = tw.journal.verify(tmp_path / "log", PUBLIC).first
    assert 20 < first <= 30
    with pytest.raises(tw.ConfigError, match="no longer kept"):
        next(tw.journal.read(tmp_path / "log", start=1))
    for file in (tmp_path / "old").iterdir():
        file.rename(tmp_path / "log" / file.name)
    assert tw.journal.verify(tmp_path / "log", PUBLIC).records == 51


def test_keys_are_made_once_and_the_secret_is_the_owners_alone(tmp_path):
    public = tw.journal.keygen(tmp_path / "k")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "k.pub").read_text().strip() == public
    with pytest.raises(tw.ConfigError, match="never written over"):
        tw.journal.keygen(tmp_path / "k")
    make(tmp_path / "log", key=tmp_path / "k")
    for form in (public, bytes.fromhex(public), tmp_path / "k.pub", str(tmp_path / "k.pub"), [PUBLIC, public]):
        assert tw.journal.verify(tmp_path / "log", form).signed > 0
    assert "not by a key given" in str(tw.journal.verify(tmp_path / "log", PUBLIC).fault)
    for wrong in (b"short", "zz" * 32, tmp_path / "nothing", "ab"):
        with pytest.raises(tw.ConfigError, match="public_key"):
            tw.journal.verify(tmp_path / "log", wrong)


def test_what_cannot_be_is_refused_with_words(tmp_path):
    for call in (
        lambda: tw.journal.verify(tmp_path),
        lambda: tw.journal.verify(tmp_path / "none"),
        lambda: next(tw.journal.read(tmp_path)),
        lambda: tw.journal.Log.open(tmp_path),
        lambda: tw.journal.repair(tmp_path, tmp_path / "new"),
    ):
        with pytest.raises(tw.JournalError, match="journal"):
            call()
    assert list(tmp_path.iterdir()) == []
    for wrong in (
        {"policy": "never"},
        {"segment_bytes": 1},
        {"segment_bytes": -1},
        {"policy": "group", "group_ms": 0},
        {"group_ms": 2**40},
        {"retain": -1},
        {"key": b"x"},
    ):
        with pytest.raises(tw.ConfigError):
            tw.journal.Log.create(tmp_path / "log", **wrong)
    log = tw.journal.Log.create(tmp_path / "log")
    for kind in ("CHECKPOINT", "NOTHING", 70_000, -1):
        with pytest.raises(tw.ConfigError, match="kind"):
            log.append(kind, b"")
    with pytest.raises(tw.ConfigError, match="start"):
        tw.journal.read(tmp_path / "log", start=-1)
    log.close()
    log.close()
    with pytest.raises(tw.ConfigError, match="closed"):
        log.append("NOTE", b"")


def test_the_command_verifies_with_an_honest_exit_code(tmp_path):
    make(tmp_path / "log")
    good = run("verify", tmp_path / "log", "--public-key", PUBLIC.hex(), "--json")
    assert good.exit_code == 0
    assert json.loads(good.stdout)["ok"] is True
    assert run("verify", tmp_path / "log").exit_code == 0
    other = run("verify", tmp_path / "log", "--public-key", tw.journal.keygen(tmp_path / "k"))
    assert other.exit_code == 3
    assert "not by a key given" in other.stdout
    file = sorted((tmp_path / "log").glob("*.twj"))[1]
    flip(file, 150)
    bad = run("verify", tmp_path / "log", "--json")
    assert bad.exit_code == 3
    assert json.loads(bad.stdout)["fault"]["file"] == file.name
    assert json.loads(bad.stdout)["fault"]["offset"] == 112
    told = run("verify", tmp_path / "log")
    assert (told.exit_code, "journal repair" in told.stderr, "does not hold" in told.stdout) == (3, True, True)
    assert run("verify", tmp_path / "none").exit_code == 3
    assert run("verify", tmp_path / "log", "--public-key", "zz").exit_code == 2


def test_the_command_shows_a_torn_tail_and_still_holds(tmp_path):
    make(tmp_path / "log")
    file = sorted((tmp_path / "log").glob("*.twj"))[-1]
    file.write_bytes(file.read_bytes()[:-3])
    shown = run("verify", tmp_path / "log", "--json")
    assert shown.exit_code == 0
    report = json.loads(shown.stdout)
    assert (report["ok"], report["closed"], report["tail"]["file"]) == (True, False, file.name)
    assert "torn tail" in run("verify", tmp_path / "log").stdout


def test_the_command_shows_records(tmp_path):
    with tw.journal.Log.create(tmp_path / "log") as log:
        for k in range(5):
            log.append("NOTE", f"note {k}".encode(), event_ts=1_381_152_600_000_000_000 + k)
        log.append(4000, bytes(range(100)), event_ts=-(2**63))
    shown = run("show", tmp_path / "log", "--kind", "note", "--from", 2, "--to", 4)
    assert shown.exit_code == 0
    assert [f"note {k}" in shown.stdout for k in range(5)] == [False, True, True, True, False]
    assert "2013-10-07T13:30:00.000000001Z" in shown.stdout
    part = json.loads(run("show", tmp_path / "log", "--limit", 2, "--json").stdout)
    assert ([r["sequence"] for r in part["records"]], part["more"]) == ([1, 2], True)
    whole = json.loads(run("show", tmp_path / "log", "--json").stdout)["records"]
    assert bytes.fromhex(whole[5]["payload"]) == bytes(range(100))
    assert [r["kind"] for r in whole[4:]] == ["NOTE", "4000", "CHECKPOINT"]
    assert "--from 3" in run("show", tmp_path / "log", "--limit", 2).stdout
    assert run("show", tmp_path / "log").exit_code == 0
    assert run("show", tmp_path / "log", "--kind", "nothing").exit_code == 2


def test_the_commands_repair_export_and_make_keys(tmp_path):
    assert run("keygen", tmp_path / "k").exit_code == 0
    make(tmp_path / "log", 30, key=tmp_path / "k")
    exported = run("export", tmp_path / "log", tmp_path / "a.parquet", "--kind", "NOTE", "--json")
    assert exported.exit_code == 0
    notes = len(list(tw.journal.read(tmp_path / "log", kinds="NOTE")))
    assert json.loads(exported.stdout)["rows"] == notes
    flip(sorted((tmp_path / "log").glob("*.twj"))[3], 150)
    assert run("export", tmp_path / "log", tmp_path / "b.parquet").exit_code == 3
    repaired = run("repair", tmp_path / "log", tmp_path / "new")
    assert repaired.exit_code == 0
    assert "left out" in repaired.stdout
    assert run("verify", tmp_path / "new", "--public-key", tmp_path / "k.pub").exit_code == 0
    again = run("repair", tmp_path / "log", tmp_path / "new", "--json")
    assert again.exit_code == 3
    assert json.loads(again.stdout)["error"]["kind"] == "JournalError"
