"""Journals: what a session saw and did, in a log of which nothing acknowledged is lost.

A journal is a folder of segments, each a chain of records that ends where the next begins. `verify` walks the chain,
`read` and `table` give the records, `repair` copies what is intact, `Log` writes one. ``docs/journal-format.md`` has
every byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tickwright import _core
from tickwright._journal_log import Log
from tickwright._journal_types import (
    KINDS,
    Fault,
    Key,
    Kind,
    PathText,
    Record,
    Recovery,
    RepairReport,
    Replayed,
    TornTail,
    VerifyReport,
    fault_of,
    key_of,
    keygen,
    kind_name,
    kind_number,
    tail_of,
)
from tickwright.errors import ConfigError, OutputError

__all__ = [
    "KINDS",
    "Fault",
    "Log",
    "Record",
    "Recovery",
    "RepairReport",
    "Replayed",
    "TornTail",
    "VerifyReport",
    "batches",
    "export",
    "keygen",
    "kind_name",
    "kind_number",
    "read",
    "repair",
    "replay",
    "table",
    "verify",
]

_ROWS = 65_536


def verify(path: PathText, public_key: Key | Sequence[Key] | None = None) -> VerifyReport:
    """Check every byte of a journal: the CRC, number and chain hash of each record, all segments, all checkpoints.

    Parameters
    ----------
    path : path
        The journal's folder.
    public_key : key or list of keys, optional
        Then every checkpoint must be signed by one of them, and there must be one. A key is 32 bytes, 64 hexadecimal
        digits, or a file that holds those.

    Returns
    -------
    VerifyReport
        What was found; ``ok`` says whether the journal holds.

    Raises
    ------
    JournalError
        If there is no journal, or it cannot be read.

    Examples
    --------
    >>> import tempfile, tickwright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tw.journal.Log.create(folder) as log:
    ...         _ = log.append("NOTE", b"hello")
    ...     report = tw.journal.verify(folder)
    >>> report.ok, report.records, report.kinds, report.closed
    (True, 2, {'CHECKPOINT': 1, 'NOTE': 1}, True)
    """
    if public_key is None:
        given: Sequence[Key] = []
    elif isinstance(public_key, (bytes, str, os.PathLike)):
        given = [public_key]
    else:
        given = public_key
    found = _core.journal_verify(os.fspath(path), [key_of(k, "public_key") for k in given])
    kinds = dict(sorted(found.pop("kinds")))
    return VerifyReport(kinds=kinds, tail=tail_of(found.pop("tail")), fault=fault_of(found.pop("fault")), **found)


def replay(path: PathText, *, from_snapshot: bool = False) -> Replayed:
    """Run a recorded session through a fresh engine, without its strategies, and compare all that comes out.

    What the strategies asked for is in the journal, call by call; stand-ins ask for it again. Everything else is worked
    out anew: orders, refusals, fills, positions, states.

    Parameters
    ----------
    path : path
        The journal's folder.
    from_snapshot : bool
        Begin with the newest snapshot, where there is one.

    Returns
    -------
    Replayed
        Counts, and the hash of the state at the end.

    Raises
    ------
    JournalError
        If there is no journal, or it cannot be read.
    DataError
        If it holds no session, or the engine gives something else than is recorded; says where.

    Examples
    --------
    >>> import tempfile, tickwright as tw
    >>> class BuyOnce(tw.Strategy):
    ...     def on_quote(self, quote):
    ...         if not self.position(quote.symbol).qty and not self.open_orders():
    ...             self.buy(quote.symbol, 100)
    >>> day = tw.feeds.synthetic(seed=1, symbols=["ALFA"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = tw.backtest(BuyOnce(), day, journal=folder)
    ...     tw.journal.replay(folder).state_hash == result.state_hash
    True
    """
    return Replayed(**_core.journal_replay(os.fspath(path), from_snapshot))


def _reader(path: PathText, start: int, end: int | None, kinds: Kind | Iterable[Kind] | None) -> _core.JournalReader:
    for name, value in (("start", start), ("end", end)):
        if value is not None and not 0 <= value < 2**64:
            raise ConfigError(f"{name}: {value} is no record's number; give a whole number from 0 up")
    return _core.JournalReader(os.fspath(path), start, end, _numbers(kinds))


def _numbers(kinds: Kind | Iterable[Kind] | None) -> list[int] | None:
    if kinds is None:
        return None
    return [kind_number(k) for k in ([kinds] if isinstance(kinds, (int, str)) else kinds)]


def read(
    path: PathText, *, start: int = 0, end: int | None = None, kinds: Kind | Iterable[Kind] | None = None
) -> Iterator[Record]:
    """Give the records of a journal in order, each checked.

    Parameters
    ----------
    path : path
        The journal's folder.
    start : int, default 0
        The first record to give; 0 for the first that is kept.
    end : int, optional
        The record to stop before.
    kinds : kind or iterable of kinds, optional
        Only these.

    Yields
    ------
    Record
        One after the other. A torn tail ends them.

    Raises
    ------
    JournalError
        If there is no journal, it cannot be read, or something before its tail is not what was written.

    Examples
    --------
    >>> import tempfile, tickwright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tw.journal.Log.create(folder) as log:
    ...         _ = log.append("NOTE", b"hello", event_ts=5)
    ...     for record in tw.journal.read(folder, kinds="NOTE"):
    ...         print(record.sequence, record.event_ts, record.payload)
    1 5 b'hello'
    """
    return _records(_reader(path, start, end, kinds))


def _records(reader: _core.JournalReader) -> Iterator[Record]:
    while True:
        sequences, events, receipts, kinds, ends, payloads, chains = reader.batch(1024)
        if len(sequences) == 0:
            return
        content, chain = payloads.tobytes(), chains.tobytes()
        at = ends.tolist()
        rows = zip(sequences.tolist(), events.tolist(), receipts.tolist(), kinds.tolist(), strict=True)
        for k, (sequence, event, receipt, kind) in enumerate(rows):
            yield Record(sequence, event, receipt, kind, content[at[k] : at[k + 1]], chain[32 * k : 32 * k + 32])


def batches(
    path: PathText,
    *,
    start: int = 0,
    end: int | None = None,
    kinds: Kind | Iterable[Kind] | None = None,
    rows: int = _ROWS,
) -> Iterator[Any]:
    """Give the records of a journal as Arrow record batches, each record checked.

    Parameters
    ----------
    path : path
        The journal's folder.
    start, end, kinds
        As in `read`.
    rows : int, default 65536
        The most records of a batch.

    Yields
    ------
    pyarrow.RecordBatch
        Columns ``sequence`` (uint64), ``event_ts`` and ``recv_ts`` (nanoseconds, UTC), ``kind`` (uint16) and
        ``payload`` (binary).

    Examples
    --------
    >>> import tempfile, tickwright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tw.journal.Log.create(folder) as log:
    ...         _ = [log.append("NOTE", b"hello") for _ in range(5)]
    ...     [batch.num_rows for batch in tw.journal.batches(folder, kinds="NOTE", rows=2)]
    [2, 2, 1]
    """
    import pyarrow as pa

    if rows < 1:
        raise ConfigError(f"rows: {rows}; give 1 or more")
    reader = _reader(path, start, end, kinds)
    schema = _schema()
    while True:
        sequences, events, receipts, numbers, ends, payloads, _ = reader.batch(rows)
        if len(sequences) == 0:
            return
        content = pa.Array.from_buffers(
            pa.binary(), len(sequences), [None, pa.py_buffer(ends), pa.py_buffer(payloads)], null_count=0
        )
        times = [pa.array(c).cast(schema.field("event_ts").type) for c in (events, receipts)]
        yield pa.record_batch([pa.array(sequences), *times, pa.array(numbers), content], schema=schema)


def _schema() -> Any:
    import pyarrow as pa

    moment = pa.timestamp("ns", tz="UTC")
    return pa.schema(
        [
            pa.field("sequence", pa.uint64(), nullable=False),
            pa.field("event_ts", moment, nullable=False),
            pa.field("recv_ts", moment, nullable=False),
            pa.field("kind", pa.uint16(), nullable=False),
            pa.field("payload", pa.binary(), nullable=False),
        ]
    )


def table(path: PathText, *, start: int = 0, end: int | None = None, kinds: Kind | Iterable[Kind] | None = None) -> Any:
    """Give the records of a journal as one Arrow table.

    Parameters
    ----------
    path : path
        The journal's folder.
    start, end, kinds
        As in `read`.

    Returns
    -------
    pyarrow.Table
        With the columns of `batches`.

    Examples
    --------
    >>> import tempfile, tickwright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tw.journal.Log.create(folder) as log:
    ...         _ = log.append("NOTE", b"hello")
    ...     print(tw.journal.table(folder, kinds="NOTE")["payload"].to_pylist())
    [b'hello']
    """
    import pyarrow as pa

    return pa.Table.from_batches(batches(path, start=start, end=end, kinds=kinds), schema=_schema())


def export(
    path: PathText,
    out: PathText,
    *,
    start: int = 0,
    end: int | None = None,
    kinds: Kind | Iterable[Kind] | None = None,
) -> int:
    """Write the records of a journal to a file, batch by batch.

    Parameters
    ----------
    path : path
        The journal's folder.
    out : path
        A new file, ``.parquet``, ``.arrow`` or ``.feather``. It is there only once it is complete.
    start, end, kinds
        As in `read`.

    Returns
    -------
    int
        How many records were written.

    Raises
    ------
    ConfigError
        If the file exists, or is of another kind.
    JournalError
        As in `read`.

    Examples
    --------
    >>> import tempfile, tickwright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tw.journal.Log.create(f"{folder}/log") as log:
    ...         _ = log.append("NOTE", b"hello")
    ...     tw.journal.export(f"{folder}/log", f"{folder}/log.parquet", kinds="NOTE")
    1
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = Path(out)
    if target.exists():
        raise ConfigError(f"{target}: exists; choose a new file")
    if target.suffix not in (".parquet", ".arrow", ".feather"):
        raise ConfigError(f"{target}: files of this kind are not written; choose .parquet, .arrow or .feather")
    parts = batches(path, start=start, end=end, kinds=kinds)
    unfinished = target.with_name(f"{target.name}.part")
    rows = 0
    try:
        if target.suffix == ".parquet":
            with pq.ParquetWriter(unfinished, _schema(), compression="zstd") as parquet:
                for part in parts:
                    parquet.write_batch(part)
                    rows += part.num_rows
        else:
            with pa.OSFile(os.fspath(unfinished), "wb") as file, pa.ipc.new_file(file, _schema()) as arrow:
                for part in parts:
                    arrow.write_batch(part)
                    rows += part.num_rows
        unfinished.rename(target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error}") from None
    finally:
        unfinished.unlink(missing_ok=True)
    return rows


def repair(path: PathText, out: PathText) -> RepairReport:
    """Copy all records before a journal's first fault, byte for byte, into a new folder; the old one is only read.

    Parameters
    ----------
    path : path
        The journal's folder.
    out : path
        A new folder, or one in which no journal is.

    Returns
    -------
    RepairReport
        What was kept, and what was not.

    Raises
    ------
    JournalError
        If nothing is intact, or `out` holds a journal.

    Examples
    --------
    >>> import tempfile, tickwright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tw.journal.Log.create(f"{folder}/old") as log:
    ...         _ = log.append("NOTE", b"hello")
    ...     report = tw.journal.repair(f"{folder}/old", f"{folder}/new")
    >>> report.records, report.fault
    (2, None)
    """
    found = _core.journal_repair(os.fspath(path), os.fspath(out))
    return RepairReport(tail=tail_of(found.pop("tail")), fault=fault_of(found.pop("fault")), **found)
