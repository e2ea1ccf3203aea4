"""The journal: appends, one durable record, a million read and verified; and what the disk and the hash cost alone."""

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from blake3 import blake3

import tickwright as tw
from benches.registry import Work, measure

RECORDS = 1_000_000
LONG_RECORDS = 10_000_000
PAYLOAD_BYTES = 64
RECORD_BYTES = 72 + PAYLOAD_BYTES
GROUP = 1_000
DURABLE = 50


class Folder:
    """A temporary folder on the disk that holds the checkout's own temporary files; it goes with the last reference."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="tickwright-bench-"))

    def __del__(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


@cache
def _records() -> pa.RecordBatch:
    """Give as many records as one commit has, with payloads of 64 bytes."""
    rng = np.random.default_rng(4)
    ends = pa.py_buffer(np.arange(GROUP + 1, dtype=np.int32) * PAYLOAD_BYTES)
    content = pa.py_buffer(rng.bytes(GROUP * PAYLOAD_BYTES))
    times = 1_381_152_600_000_000_000 + np.arange(GROUP) * 1_000
    columns = {
        "event_ts": times,
        "recv_ts": times + 250,
        "kind": np.full(GROUP, tw.journal.kind_number("QUOTE"), np.uint16),
        "payload": pa.Array.from_buffers(pa.binary(), GROUP, [None, ends, content], null_count=0),
    }
    return pa.record_batch(columns)


def _write(folder: Path, records: int, policy: str = "group") -> None:
    with tw.journal.Log.create(folder, policy=policy, group_ms=10) as log:
        part = _records()
        for k in range(records // GROUP):
            log.extend(part)
            log.commit(now=k * GROUP * 1_000)


@measure("journal_append")
def journal_append() -> Work:
    """Append a million records of 64 bytes, 1,000 a commit, a sync every 10 commits."""
    folder = Folder()

    def run() -> None:
        shutil.rmtree(folder.path)
        _write(folder.path, RECORDS)

    return Work(run, items=RECORDS)


@measure("file_append")
def file_append() -> Work:
    """Write the same bytes to a bare file, 1,000 records a write, as many syncs."""
    folder = Folder()
    part = bytes(range(256)) * (GROUP * RECORD_BYTES // 256)

    def run() -> None:
        name = folder.path / "bare"
        name.unlink(missing_ok=True)
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for k in range(RECORDS // GROUP):
            os.write(file, part)
            if k % 10 == 9:
                os.fdatasync(file)
        os.close(file)

    return Work(run, items=RECORDS)


@measure("journal_durable_append")
def journal_durable_append() -> Work:
    """Append one record and make it durable, 50 times."""
    folder = Folder()
    log = tw.journal.Log.create(folder.path, policy="always")
    order, payload = tw.journal.kind_number("ORDER"), bytes(PAYLOAD_BYTES)

    def run() -> None:
        assert folder.path.is_dir()
        for _ in range(DURABLE):
            log.append(order, payload)
            log.commit(now=0)

    return Work(run, items=DURABLE)


@measure("fdatasync")
def fdatasync() -> Work:
    """Append as many bytes to a bare file and call fdatasync, 50 times."""
    folder = Folder()
    file = os.open(folder.path / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    record = bytes(RECORD_BYTES)

    def run() -> None:
        assert folder.path.is_dir()
        for _ in range(DURABLE):
            os.write(file, record)
            os.fdatasync(file)

    return Work(run, items=DURABLE)


def _verify(records: int) -> Work:
    folder = Folder()
    shutil.rmtree(folder.path)
    _write(folder.path, records, policy="os")

    def run() -> None:
        report = tw.journal.verify(folder.path)
        assert report.ok
        assert report.kinds["QUOTE"] == records

    return Work(run, items=records)


@measure("journal_verify")
def journal_verify() -> Work:
    """Read and verify a million records of 64 bytes: CRC, number, chain."""
    return _verify(RECORDS)


@measure("journal_verify_10m")
def journal_verify_10m() -> Work:
    """Do so with ten million, 1.36 GB."""
    return _verify(LONG_RECORDS)


@measure("blake3_file")
def blake3_file() -> Work:
    """Read a bare file of a million records' bytes and hash it in one piece, by BLAKE3's own Python package."""
    folder = Folder()
    (folder.path / "bare").write_bytes(np.random.default_rng(4).bytes(RECORDS * RECORD_BYTES))
    return Work(lambda: blake3((folder.path / "bare").read_bytes()).digest(), items=RECORDS)


@measure("blake3_small")
def blake3_small() -> Work:
    """Hash 136 bytes 100,000 times, by BLAKE3's own Python package."""
    parts = [bytes([k % 256]) * RECORD_BYTES for k in range(100_000)]

    def run() -> None:
        for part in parts:
            blake3(part).digest()

    return Work(run, items=len(parts))
