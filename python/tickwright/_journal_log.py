"""`Log`, the writer of a journal."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self

from tickwright import _core
from tickwright._journal_types import Key, Kind, PathText, Recovery, key_of, kind_number, tail_of
from tickwright.errors import ConfigError, JournalError

__all__ = ["Log"]


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
        self.recovery = None if found is None else Recovery(tail=tail_of(found.pop("tail")), **found)

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

    def extend(self, records: Any) -> int:
        """Put many records into memory, as `table` and `batches` give them; much at once is written as it comes.

        Parameters
        ----------
        records : pyarrow.RecordBatch or pyarrow.Table
            With the columns ``event_ts``, ``recv_ts``, ``kind`` and ``payload``. Numbers are given anew.

        Returns
        -------
        int
            The number of the last.

        Examples
        --------
        >>> import tempfile, tickwright as tw
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with tw.journal.Log.create(f"{folder}/old") as log:
        ...         _ = log.append("NOTE", b"hello")
        ...     with tw.journal.Log.create(f"{folder}/new") as log:
        ...         log.extend(tw.journal.table(f"{folder}/old", kinds="NOTE"))
        1
        """
        import pyarrow as pa

        parts = records.to_batches() if isinstance(records, pa.Table) else [records]
        last = self.next_sequence - 1
        for part in parts:
            columns = _columns(part)
            last = self._core.extend(*columns)
        return last

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


def _columns(batch: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Give the columns of a record batch as arrays of numpy: kind, event and receive time, ends, payload."""
    import numpy as np
    import pyarrow as pa

    def column(name: str, kind: Any) -> Any:
        try:
            made = batch.column(name).cast(kind)
        except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ConfigError(f"records: no column {name} of {kind}: {error}") from None
        if made.null_count:
            raise ConfigError(f"records: column {name} has rows without a value")
        return made

    payload = column("payload", pa.binary())
    _, offsets, content = payload.buffers()
    ends = np.zeros(1, np.int32)
    if len(payload):
        ends = np.frombuffer(offsets, np.int32)[payload.offset : payload.offset + len(payload) + 1]
    octets = np.frombuffer(content or b"", np.uint8)
    kind = column("kind", pa.uint16()).to_numpy()
    times = [column(name, pa.int64()).to_numpy() for name in ("event_ts", "recv_ts")]
    return kind, times[0], times[1], ends, octets


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
        key=None if key is None else key_of(key, "key"),
        retain=retain,
    )
