"""Journals: what a session saw and did, in a log of which nothing acknowledged is lost.

A journal is a folder of segments, each a chain of records that ends where the next begins. `verify` walks the chain,
`read` and `table` give the records, `repair` copies what is intact, `Log` writes one. ``docs/journal-format.md`` has
every byte.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from tickwright import _core
from tickwright.errors import ConfigError, JournalError, OutputError

__all__ = [
    "KINDS",
    "Fault",
    "Log",
    "Record",
    "Recovery",
    "RepairReport",
    "TornTail",
    "VerifyReport",
    "batches",
    "export",
    "keygen",
    "kind_name",
    "kind_number",
    "read",
    "repair",
    "table",
    "verify",
]

PathText = str | os.PathLike[str]
Kind = int | str
"""A kind of record: its number, or the name of a reserved one."""

KINDS: Final[dict[str, int]] = dict(_core.JOURNAL_KINDS)
"""The reserved kinds of records, by name."""

_NAMES = {number: name for name, number in KINDS.items()}
_ROWS = 65_536
_KEY_BYTES = 32


def kind_name(number: int) -> str:
    """Give the name of a kind, or its number as text where it has none.

    Parameters
    ----------
    number : int
        A record's kind.

    Returns
    -------
    str
        Such as ``"ORDER"``.

    Examples
    --------
    >>> kind_name(10), kind_name(4000)
    ('ORDER', '4000')
    """
    return _NAMES.get(number, str(number))


def kind_number(kind: Kind) -> int:
    """Give the number of a kind.

    Parameters
    ----------
    kind : int or str
        A number from 0 to 65,535, as a number or as text, or the name of a reserved kind in either case.

    Returns
    -------
    int
        Its number.

    Raises
    ------
    ConfigError
        If no kind is called so.

    Examples
    --------
    >>> kind_number("order"), kind_number(4000)
    (10, 4000)
    """
    if isinstance(kind, str):
        known = KINDS.get(kind.upper())
        if known is not None:
            return known
        if kind.isdecimal():
            kind = int(kind)
    if not isinstance(kind, int) or not 0 <= kind <= 65_535:
        raise ConfigError(f"kind: {kind!r} is not known; use a number up to 65535 or one of {', '.join(KINDS)}")
    return kind


@dataclass(frozen=True, slots=True)
class TornTail:
    """The end of a journal that a crash left incomplete.

    Attributes
    ----------
    file : str
        The last segment.
    offset : int
        Where its whole records end, bytes.
    bytes : int
        How many bytes follow.
    sequence : int
        The record that would have been next.
    stranded : int
        Records among those bytes that are whole, behind one that never reached the disk.
    why : str
        What is wrong with the first of them.
    """

    file: str
    offset: int
    bytes: int
    sequence: int
    stranded: int
    why: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a journal, and where.

    Attributes
    ----------
    file : str
        The segment.
    offset : int
        Where in it the bad record or header begins, bytes.
    sequence : int
        The record that was expected there.
    why : str
        What is wrong.
    """

    file: str
    offset: int
    sequence: int
    why: str

    def __str__(self) -> str:
        return f"{self.file} at byte {self.offset}, record {self.sequence}: {self.why}"


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes
    ----------
    sequence : int
        Its number; the first is 1.
    event_ts, recv_ts : int
        When what it tells of happened, and when it was received: nanoseconds since the epoch, UTC.
    kind : int
        What it tells of; `kind_name` has the words.
    payload : bytes
        Its content.
    chain : bytes
        The chain hash after it.
    """

    sequence: int
    event_ts: int
    recv_ts: int
    kind: int
    payload: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `verify` found.

    Attributes
    ----------
    id : str or None
        The journal's id; None where not even the first header holds.
    segments, records : int
        Files, and the records in them that hold.
    first, last : int
        The numbers of the first and last of those; 0 where there is none.
    head : str
        The chain hash after the last.
    kinds : dict of str to int
        Records by kind.
    checkpoints, signed : int
        Checkpoints, and those that a key given signed.
    signed_through : int
        The last record that such a checkpoint covers; later ones anybody could have written.
    closed : bool
        Whether the journal was closed, so that nothing is missing at its end.
    tail : TornTail or None
        What a crash left at the end; the next engine to open the journal cuts it.
    fault : Fault or None
        What is wrong, if something is.
    """

    id: str | None
    segments: int
    records: int
    first: int
    last: int
    head: str
    kinds: dict[str, int]
    checkpoints: int
    signed: int
    signed_through: int
    closed: bool
    tail: TornTail | None
    fault: Fault | None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; a torn tail is not."""
        return self.fault is None


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What `repair` kept.

    Attributes
    ----------
    records : int
        Records of the new journal.
    first, last : int
        Their numbers; `last` is one less than `first` where there are none.
    left_out : int
        Records after the fault that are whole, and left out because nothing vouches for what stood before them.
    left_out_range : tuple of int, or None
        The lowest and the highest number of those.
    tail : TornTail or None
        What a crash had left at the end; not in the new journal.
    fault : Fault or None
        What ended the records; None where the journal was whole.
    """

    records: int
    first: int
    last: int
    left_out: int
    left_out_range: tuple[int, int] | None
    tail: TornTail | None
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """What opening a journal found.

    Attributes
    ----------
    id : str
        The journal's id.
    records : int
        Records that were checked.
    first, last : int
        Their numbers; `last` is one less than `first` where there are none.
    head : str
        The chain hash after the last.
    clean : bool
        Whether the journal had been closed.
    tail : TornTail or None
        What was cut from the end.
    removed : list of str
        Unfinished files of a crash that were removed.
    """

    id: str
    records: int
    first: int
    last: int
    head: str
    clean: bool
    tail: TornTail | None
    removed: list[str]


def _tail(given: dict[str, Any] | None) -> TornTail | None:
    return None if given is None else TornTail(**given)


def _fault(given: dict[str, Any] | None) -> Fault | None:
    return None if given is None else Fault(**given)


def _key_bytes(text: str, what: str) -> bytes:
    with suppress(ValueError):
        key = bytes.fromhex(text.strip())
        if len(key) == _KEY_BYTES:
            return key
    raise ConfigError(f"{what}: not a key; give {_KEY_BYTES} bytes, as {2 * _KEY_BYTES} hexadecimal digits")


def _key(given: bytes | str | os.PathLike[str], what: str) -> bytes:
    """Read a key from its bytes, its hexadecimal digits, or a file that holds those."""
    if isinstance(given, bytes):
        if len(given) != _KEY_BYTES:
            raise ConfigError(f"{what}: {len(given)} bytes, where a key has {_KEY_BYTES}")
        return given
    if isinstance(given, str) and len(given) == 2 * _KEY_BYTES and not Path(given).exists():
        return _key_bytes(given, what)
    try:
        text = Path(given).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{what}: neither a key nor a file that holds one: {error}") from None
    return _key_bytes(text, f"{what} {os.fspath(given)}")


Key = bytes | str | os.PathLike[str]
"""A key: 32 bytes, 64 hexadecimal digits, or a file that holds those."""


def keygen(path: PathText) -> str:
    """Make a key for signing checkpoints.

    The secret key goes to `path`, readable by its owner alone, the public one to the same name with ``.pub``.

    Parameters
    ----------
    path : path
        A new file.

    Returns
    -------
    str
        The public key, 64 hexadecimal digits.

    Raises
    ------
    ConfigError
        If one of the files exists.

    Examples
    --------
    >>> import tempfile, tickwright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     public = tw.journal.keygen(f"{folder}/journal.key")
    >>> len(public)
    64
    """
    secret = secrets.token_bytes(_KEY_BYTES)
    public = _core.journal_public_key(secret).hex()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        for name, mode, text in ((f"{os.fspath(path)}.pub", 0o644, public), (os.fspath(path), 0o600, secret.hex())):
            with os.fdopen(os.open(name, flags, mode), "w", encoding="ascii") as file:
                file.write(f"{text}\n")
    except FileExistsError as error:
        raise ConfigError(f"{error.filename}: exists, and a key is never written over; choose another name") from None
    except OSError as error:
        raise ConfigError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return public


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
    found = _core.journal_verify(os.fspath(path), [_key(k, "public_key") for k in given])
    kinds = dict(sorted(found.pop("kinds")))
    return VerifyReport(kinds=kinds, tail=_tail(found.pop("tail")), fault=_fault(found.pop("fault")), **found)


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
    return RepairReport(tail=_tail(found.pop("tail")), fault=_fault(found.pop("fault")), **found)


class Log:
    """The writer of a journal; a context manager that closes it.

    Make one with `Log.create` or `Log.open`. The engine has its own; this one is for notes, tools and tests.

    Attributes
    ----------
    recovery : Recovery or None
        What opening the journal found; None of a new one.
    """

    def __init__(self, core: _core.JournalLog) -> None:
        self._core = core
        found = core.recovery
        self.recovery = None if found is None else Recovery(tail=_tail(found.pop("tail")), **found)

    @classmethod
    def create(
        cls,
        path: PathText,
        *,
        policy: Literal["always", "group", "os"] = "always",
        group_ms: int = 10,
        segment_bytes: int = 64 << 20,
        checkpoint_every: int = 1 << 16,
        key: Key | None = None,
        retain: int = 1,
    ) -> Self:
        """Make a new journal.

        Parameters
        ----------
        path : path
            A folder in which no journal is; made where it is missing.
        policy : {"always", "group", "os"}, default "always"
            When what was committed is made durable: at each commit, once it is `group_ms` old, or never but when the
            segment is full, at `sync` and at `close`.
        group_ms : int, default 10
            Milliseconds of a group.
        segment_bytes : int, default 64 MiB
            A segment's length.
        checkpoint_every : int, default 65536
            Records between checkpoints; 0 for one at closing alone.
        key : key, optional
            The secret key that signs them: 32 bytes, 64 hexadecimal digits, or a file that holds those.
        retain : int, default 1
            Full segments that `remove_below` leaves in any case.

        Returns
        -------
        Log
            Open for appending.

        Examples
        --------
        >>> import tempfile, tickwright as tw
        >>> with tempfile.TemporaryDirectory() as folder, tw.journal.Log.create(folder) as log:
        ...     log.append("NOTE", b"hello"), log.commit(now=0)
        (1, 1)
        """
        return cls(_make(path, secrets.token_bytes(16), policy, group_ms, segment_bytes, checkpoint_every, key, retain))

    @classmethod
    def open(
        cls,
        path: PathText,
        *,
        policy: Literal["always", "group", "os"] = "always",
        group_ms: int = 10,
        segment_bytes: int = 64 << 20,
        checkpoint_every: int = 1 << 16,
        key: Key | None = None,
        retain: int = 1,
    ) -> Self:
        """Open the journal that is there: check every record, cut a torn tail, refuse anything else that is wrong.

        Parameters
        ----------
        path : path
            The journal's folder.
        policy, group_ms, segment_bytes, checkpoint_every, key, retain
            As in `create`.

        Returns
        -------
        Log
            Open for appending; `recovery` says what was found.

        Raises
        ------
        JournalError
            If there is no journal, or it is corrupt.

        Examples
        --------
        >>> import tempfile, tickwright as tw
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tw.journal.Log.create(folder).close()
        ...     with tw.journal.Log.open(folder) as log:
        ...         log.recovery.clean, log.next_sequence
        (True, 2)
        """
        return cls(_make(path, None, policy, group_ms, segment_bytes, checkpoint_every, key, retain))

    def append(self, kind: Kind, payload: bytes, *, event_ts: int = 0, recv_ts: int | None = None) -> int:
        """Put a record into memory, to be written at the next commit.

        Parameters
        ----------
        kind : int or str
            What it tells of.
        payload : bytes
            Its content, 64 MiB at most.
        event_ts : int, default 0
            When what it tells of happened, nanoseconds since the epoch.
        recv_ts : int, optional
            When it was received; `event_ts` by default.

        Returns
        -------
        int
            Its number.
        """
        return self._core.append(kind_number(kind), event_ts, event_ts if recv_ts is None else recv_ts, payload)

    def commit(self, now: int) -> int:
        """Write what was appended, and sync it as the policy says.

        Parameters
        ----------
        now : int
            The caller's clock, nanoseconds.

        Returns
        -------
        int
            The last record that is durable.
        """
        return self._core.commit(now)

    def sync(self) -> int:
        """Write what was appended and make it durable, whatever the policy.

        Returns
        -------
        int
            The last record that is durable.
        """
        return self._core.sync()

    def remove_below(self, sequence: int, archive: PathText | None = None) -> int:
        """Remove the oldest segments that hold only records below `sequence`, but for those that are retained.

        Parameters
        ----------
        sequence : int
            The first record that must stay.
        archive : path, optional
            A folder to which each is copied first.

        Returns
        -------
        int
            How many were removed.
        """
        return self._core.drop_below(sequence, None if archive is None else os.fspath(archive))

    def close(self) -> None:
        """Make all durable and add a closing checkpoint. A second call does nothing."""
        self._core.close()

    @property
    def durable(self) -> int:
        """The last record that is durable; 0 for none."""
        return self._core.durable

    @property
    def next_sequence(self) -> int:
        """The number that the next record gets."""
        return self._core.next_sequence

    @property
    def head(self) -> str:
        """The chain hash after the last record appended, 64 hexadecimal digits."""
        return self._core.head

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, JournalError):
            # The log takes nothing any more; the first error is the one to see.
            with suppress(JournalError):
                self.close()
        else:
            self.close()


def _make(
    path: PathText,
    id: bytes | None,
    policy: str,
    group_ms: int,
    segment_bytes: int,
    checkpoint_every: int,
    key: Key | None,
    retain: int,
) -> _core.JournalLog:
    limits = {"group_ms": group_ms, "segment_bytes": segment_bytes, "checkpoint_every": checkpoint_every}
    for name, value in {**limits, "retain": retain}.items():
        most = 2**63 - 1 if name in ("segment_bytes", "checkpoint_every") else 2**32 - 1
        if not 0 <= value <= most:
            raise ConfigError(f"{name}: {value} is out of range; give a whole number from 0 to {most}")
    return _core.JournalLog(
        os.fspath(path),
        id=id,
        policy=policy,
        group_ms=group_ms,
        segment_bytes=segment_bytes,
        checkpoint_every=checkpoint_every,
        key=None if key is None else _key(key, "key"),
        retain=retain,
    )
