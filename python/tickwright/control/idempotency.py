"""Commands that come again: each key takes effect once, also when the engine was killed in between.

The file beside the state has one JSON object a line. ``begun`` is on the disk before a command takes effect; ``done``
has its answer. A key that began and was never done is in doubt: whether it took effect is not known here.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import grpc

from tickwright.control.failures import Failure
from tickwright.control.tokens import write_private
from tickwright.errors import ConfigError

__all__ = ["CommandLog", "Entry", "order_id_of"]

log = logging.getLogger(__name__)

KEPT_S: Final = 24 * 3_600.0
MOST: Final = 100_000
ANSWER_BYTES: Final = 256 << 10
COMPACT_BYTES: Final = 16 << 20


def _id_of(caller: str, method: str, key: str) -> str:
    return hashlib.blake2b("\0".join((caller, method, key)).encode(), digest_size=16).hexdigest()


def order_id_of(caller: str, method: str, key: str) -> str:
    """Give the client order id of the order that a command with this key gives.

    Examples
    --------
    >>> from tickwright.control.idempotency import order_id_of
    >>> order_id_of("ann", "/tickwright.v1.OrderService/SubmitOrder", "monday-1")
    'key-4c14a4983b3d9bbf5e3f19925d9b077f'
    """
    return f"key-{_id_of(caller, method, key)}"


@dataclass(slots=True)
class Entry:
    """What is known of one key."""

    id: str
    request: str
    """SHA-256 of the request, hexadecimal."""
    at_s: float
    """When it began, seconds since 1970."""
    state: Literal["running", "done", "failed", "in_doubt"]
    answer: bytes = b""
    """The answer, or the google.rpc.Status."""
    is_kept: bool = True
    """Whether the answer was small enough to be kept."""
    was_in_doubt: bool = False
    """Whether this call takes up what an earlier one left in doubt."""
    over: asyncio.Event = field(default_factory=asyncio.Event)


class CommandLog:
    """Which keys there were in the last 24 hours, and what they were answered; on the disk.

    To be used in one event loop; writing has a thread of its own, and what waits there is made durable together.

    Parameters
    ----------
    path
        The file. One engine may have it open.
    clock
        Seconds since 1970.

    Raises
    ------
    ConfigError
        Another process has it, or it cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = Path(path), clock
        self._entries: dict[str, Entry] = {}
        self._waiting: list[tuple[bytes, asyncio.Future[None] | None]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._broken = ""
        self._file, self._size, self._compact_at = -1, 0, COMPACT_BYTES
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # The lock is on a file of its own: this one is replaced when it is compacted.
            self._lock = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigError(f"control: cannot write beside {self.path}: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise ConfigError(
                f"control: another process serves {self.path.parent}; stop it, or give this one another node.state"
            ) from None
        try:
            self._load()
        except BaseException:
            os.close(self._lock)
            raise
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="tickwright-commands")

    # --- one command -------------------------------------------------------------------------------------------------

    async def begin(
        self, caller: str, method: str, key: str, request: bytes, *, durably: bool = True
    ) -> tuple[Entry, bool]:
        """Begin a command, once its beginning is durable; gives its entry, and whether this call is to carry it out.

        Waits for another call with the same key. An entry that comes back with False has its answer. What may be done
        twice need not wait for the disk: not `durably`.

        Raises
        ------
        Failure
            ALREADY_EXISTS: the key was used for another request. UNAVAILABLE: its beginning cannot be recorded.
        """
        entry_id, digest = _id_of(caller, method, key), hashlib.sha256(request).hexdigest()
        while (entry := self._entries.get(entry_id)) is not None:
            if entry.state != "running" and self._clock() - entry.at_s > KEPT_S:
                del self._entries[entry_id]
                break
            if entry.request != digest:
                raise Failure(
                    grpc.StatusCode.ALREADY_EXISTS,
                    "the key was used for another request; take a new one for each command",
                    reason="KEY_USED",
                    field="options.idempotency_key",
                )
            if entry.state == "in_doubt":
                # It is taken up again by this call; others with the key wait for it.
                entry.state, entry.was_in_doubt = "running", True
                entry.over.clear()
                return entry, True
            if entry.state != "running":
                return entry, False
            await entry.over.wait()
        entry = self._entries[entry_id] = Entry(entry_id, digest, self._clock(), "running")
        try:
            self._bound()
            row = {"t": "begun", "id": entry_id, "request": digest, "at": entry.at_s}
            await self._write({**row, "caller": caller, "method": method, "key": key}, durably=durably)
        except BaseException:
            self.release(entry)
            raise
        return entry, True

    def finish(self, entry: Entry, state: Literal["done", "failed"], answer: bytes) -> None:
        """Keep the answer, or the failure, of a command."""
        entry.is_kept = len(answer) <= ANSWER_BYTES
        entry.answer = answer if entry.is_kept else b""
        entry.state = state  # last: the writing thread looks at it first
        entry.over.set()
        text = base64.b64encode(entry.answer).decode()
        self._write_later({"t": state, "id": entry.id, "answer": text, "kept": entry.is_kept})

    def release(self, entry: Entry) -> None:
        """Forget a command that had no effect: the same key may be tried again."""
        self._forget(entry)
        self._write_later({"t": "released", "id": entry.id})

    def doubt(self, entry: Entry) -> None:
        """Note that nobody knows whether a command took effect."""
        entry.state = "in_doubt"
        entry.over.set()

    def _forget(self, entry: Entry) -> None:
        self._entries.pop(entry.id, None)
        entry.over.set()

    def _purge(self) -> None:
        now = self._clock()
        for entry in [e for e in self._entries.values() if e.state != "running" and now - e.at_s > KEPT_S]:
            del self._entries[entry.id]

    def _bound(self) -> None:
        if len(self._entries) <= MOST:
            return
        self._purge()
        if len(self._entries) > MOST:
            raise Failure(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{MOST:,} idempotency keys of the last 24 hours are kept; there is no room for another",
                reason="TOO_MANY_KEYS",
            )

    # --- the file ----------------------------------------------------------------------------------------------------

    async def _write(self, row: dict[str, Any], *, durably: bool) -> None:
        if self._broken:
            raise Failure(grpc.StatusCode.UNAVAILABLE, self._broken, reason="NOT_RECORDED")
        future = asyncio.get_running_loop().create_future() if durably else None
        self._waiting.append(((json.dumps(row, separators=(",", ":")) + "\n").encode(), future))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        if future is not None:
            await asyncio.shield(future)

    def _write_later(self, row: dict[str, Any]) -> None:
        if self._broken:
            return
        self._waiting.append(((json.dumps(row, separators=(",", ":")) + "\n").encode(), None))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                is_awaited = any(future is not None for _, future in batch)
                error: Failure | None = None
                try:
                    await loop.run_in_executor(self._executor, self._append, [line for line, _ in batch], is_awaited)
                except (OSError, RuntimeError) as problem:
                    # After a failed sync nothing on this file is trusted again.
                    self._broken = f"the beginning of a command cannot be recorded in {self.path.name}: {problem}"
                    log.critical("%s", self._broken)
                    error = Failure(grpc.StatusCode.UNAVAILABLE, self._broken, reason="NOT_RECORDED")
                for _, future in batch:
                    if future is not None and not future.done():
                        future.set_result(None) if error is None else future.set_exception(error)
                if self._size > self._compact_at and not self._broken:
                    self._purge()
                    await loop.run_in_executor(self._executor, self._compact, list(self._entries.values()))
        finally:
            self._flushing = None

    def _append(self, lines: list[bytes], durably: bool) -> None:
        content = b"".join(lines)
        self._size += len(content)
        while content:
            content = content[os.write(self._file, content) :]
        if durably:
            os.fdatasync(self._file)

    def _load(self) -> None:
        try:
            found = self.path.read_bytes()
        except FileNotFoundError:
            found = b""
        except OSError as error:
            raise ConfigError(f"control: cannot read {self.path}: {error.strerror}") from None
        rows: dict[str, dict[str, Any]] = {}
        bad = 0
        for line in found.splitlines():
            try:
                row = json.loads(line)
                self._take(rows, row)
            except (ValueError, KeyError, TypeError):
                bad += 1  # the end of a killed process at most; anything else is told
        if bad:
            log.warning("%s: %d lines cannot be read", self.path, bad)
        oldest = self._clock() - KEPT_S
        for entry_id, row in rows.items():
            if row["at"] > oldest:
                state, answer = row.get("state", "in_doubt"), base64.b64decode(row.get("answer", ""))
                entry = Entry(entry_id, row["request"], row["at"], state, answer, row.get("kept", True))
                entry.over.set()
                self._entries[entry_id] = entry
        doubts = sum(entry.state == "in_doubt" for entry in self._entries.values())
        if doubts:
            log.warning("%s: %d commands began and never said what became of them", self.path, doubts)
        self._compact(list(self._entries.values()))

    def _compact(self, entries: list[Entry]) -> None:
        """Write the file anew, without what is over; what changes meanwhile waits behind this."""
        lines = []
        for entry in entries:
            state = entry.state
            lines.append(json.dumps({"t": "begun", "id": entry.id, "request": entry.request, "at": entry.at_s}))
            if state in ("done", "failed"):
                text = base64.b64encode(entry.answer).decode()
                lines.append(json.dumps({"t": state, "id": entry.id, "answer": text, "kept": entry.is_kept}))
        content = "".join(f"{line}\n" for line in lines).encode()
        try:
            write_private(self.path, content)
            if self._file >= 0:
                os.close(self._file)
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        except (ConfigError, OSError) as error:
            if self._file < 0:
                raise
            log.error("%s: cannot be made smaller: %s", self.path, error)
        self._size = len(content)
        self._compact_at = max(COMPACT_BYTES, 2 * self._size)

    @staticmethod
    def _take(rows: dict[str, dict[str, Any]], row: dict[str, Any]) -> None:
        kind = row.pop("t")
        if kind == "begun":
            float(row["at"]), str(row["request"])
            rows[row["id"]] = row
        elif kind == "released":
            rows.pop(row["id"], None)
        elif kind in ("done", "failed"):
            base64.b64decode(row["answer"])
            rows[row["id"]].update(state=kind, answer=row["answer"], kept=row["kept"])
        else:
            raise ValueError(kind)

    async def close(self) -> None:
        """Write what waits, and give the file back."""
        while self._flushing is not None:
            await asyncio.shield(self._flushing)
        await asyncio.get_running_loop().run_in_executor(self._executor, os.fdatasync, self._file)
        self._executor.shutdown()
        os.close(self._file)
        os.close(self._lock)
