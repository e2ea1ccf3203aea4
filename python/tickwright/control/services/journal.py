"""JournalService: what happened, and whether the journal is whole; its files are read beside both loops."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc.aio

from tickwright import _core, journal
from tickwright.control.bridge import Bridge
from tickwright.control.flags import TAIL_MARKET_DATA, Flags
from tickwright.control.services import desk
from tickwright.control.services.fields import invalid
from tickwright.errors import ConfigError, DataError, JournalError
from tickwright.live import LiveNode
from tickwright.v1 import journal_pb2, journal_pb2_grpc

__all__ = ["JournalService"]

LAST_RECORDS: Final = 10
MESSAGE_RECORDS: Final = 256
# What a message of 4 MiB holds besides.
MESSAGE_CHARS: Final = 1 << 20
RECORD_CHARS: Final = 1 << 20
POLL_S: Final = 0.1
#: So often in a row a look at the end of the journal may fail: its writer may just be at a new segment.
TRIES: Final = 3
READERS: Final = 4
MARKET_DATA: Final = frozenset({"QUOTE", "TRADE", "BAR", "BOOK", "STATUS", "BATCH"})


class JournalService(journal_pb2_grpc.JournalServiceServicer):
    """The engine's journal.

    Parameters
    ----------
    bridge
        To the node.
    flags
        Its feature flags.
    """

    name = "tickwright.v1.JournalService"

    def __init__(self, bridge: Bridge, flags: Flags | None = None) -> None:
        self._bridge, self._flags = bridge, flags or Flags.of(bridge)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="tickwright-journal")
        self._closing = asyncio.Event()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server."""
        journal_pb2_grpc.add_JournalServiceServicer_to_server(self, server)

    async def close(self) -> None:
        """End every stream."""
        self._closing.set()
        self._readers.shutdown(wait=False, cancel_futures=True)

    @property
    def _folder(self) -> Path:
        return Path(self._bridge.node.settings.state) / "journal"

    async def TailJournal(
        self, request: journal_pb2.TailJournalRequest, context: Any
    ) -> AsyncIterator[journal_pb2.TailJournalResponse]:
        """Send records from a number on, and with follow those that come."""
        kinds = self._kinds(request.kinds)
        loop = asyncio.get_running_loop()
        left = request.limit or None
        start = request.start
        if not start:
            start = await loop.run_in_executor(self._readers, _last, self._folder, kinds, LAST_RECORDS)
        tail = _Tail(self._folder, start, kinds, TRIES if request.follow else 1)
        await context.send_initial_metadata(())
        while not self._closing.is_set():
            rows = MESSAGE_RECORDS if left is None else min(left, MESSAGE_RECORDS)
            records = await loop.run_in_executor(self._readers, tail.next, rows)
            if records:
                yield journal_pb2.TailJournalResponse(records=records)
                left = None if left is None else left - len(records)
            if left == 0 or not (records or request.follow):
                return
            if not records:
                try:
                    await asyncio.wait_for(self._closing.wait(), POLL_S)
                except TimeoutError:
                    continue
        raise desk.ending()

    def _kinds(self, given: Sequence[str]) -> tuple[str, ...]:
        if not given:
            with_data = self._flags.on(TAIL_MARKET_DATA)
            return tuple(kind for kind in journal.KINDS if with_data or kind not in MARKET_DATA)
        try:
            return tuple(journal.kind_name(journal.kind_number(kind)) for kind in given)
        except ConfigError as error:
            raise invalid("kinds", str(error).removeprefix("kind: ")) from None

    async def VerifyJournal(
        self, request: journal_pb2.VerifyJournalRequest, context: Any
    ) -> journal_pb2.VerifyJournalResponse:
        """Walk the chain of hashes and the signatures."""
        key = request.public_key
        if key and len(key) != 32:
            raise invalid("public_key", f"has {len(key)} bytes, where an Ed25519 key has 32")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._readers, journal.verify, self._folder, key or None)
        except ConfigError as error:
            raise invalid("public_key", str(error).removeprefix("public_key: ")) from None
        return journal_pb2.VerifyJournalResponse(
            ok=found.ok,
            records=found.records,
            checkpoints=found.checkpoints,
            error="" if found.fault is None else str(found.fault),
        )

    async def Checkpoint(self, request: journal_pb2.CheckpointRequest, context: Any) -> journal_pb2.CheckpointResponse:
        """Make everything durable, and say up to where."""

        def act(node: LiveNode, by: str, why: str) -> tuple[int, str]:
            session = node.session
            assert session is not None
            session.do(_core.Node.sync, session.now_ns())
            if session.broken is not None:
                raise JournalError(f"nothing more is taken: {session.broken}")
            return int(session.core.status()["steps"]), session.core.state_hash()

        (steps, state_hash), _ = await desk.command(self._bridge, request.options, act)
        return journal_pb2.CheckpointResponse(steps=steps, state_hash=state_hash)


class _Tail:
    """Records from a number on, and once they are all given, those that came since."""

    def __init__(self, folder: Path, start: int, kinds: Sequence[str], tries: int) -> None:
        self._folder, self._next, self._kinds, self._tries = folder, start, kinds, tries
        self._reader: _core.JournalReader | None = None
        self._waiting: deque[journal_pb2.JournalRecord] = deque()

    def next(self, rows: int) -> list[journal_pb2.JournalRecord]:
        """Give `rows` records at most, and as many as go into a message; none where there are none yet."""
        if not self._waiting:
            self._waiting.extend(self._look())
        made: list[journal_pb2.JournalRecord] = []
        chars = 0
        while self._waiting and len(made) < rows and (not made or chars + len(self._waiting[0].json) <= MESSAGE_CHARS):
            chars += len(self._waiting[0].json)
            made.append(self._waiting.popleft())
        if made:
            self._next = made[-1].sequence + 1
        return made

    def _look(self) -> list[journal_pb2.JournalRecord]:
        for _ in range(self._tries):
            try:
                if self._reader is None:
                    self._reader = journal._reader(self._folder, self._next, None, self._kinds)
                found = _read(self._reader, MESSAGE_RECORDS)
                if not found:  # as far as it looked last
                    self._reader.refresh()
                    found = _read(self._reader, MESSAGE_RECORDS)
                return found
            except JournalError as error:
                problem, self._reader = error, None
        raise problem


def _read(reader: _core.JournalReader, rows: int) -> list[journal_pb2.JournalRecord]:
    sequences, events, receipts, numbers, ends, payloads, chains = reader.batch(rows)
    content, chain, at = payloads.tobytes(), chains.tobytes(), ends.tolist()
    columns = zip(sequences.tolist(), events.tolist(), receipts.tolist(), numbers.tolist(), strict=True)
    return [
        journal_pb2.JournalRecord(
            sequence=sequence,
            kind=journal.kind_name(number),
            event_ns=event_ns,
            received_ns=received_ns,
            json=_described(number, sequence, content[at[k] : at[k + 1]]),
            chain=chain[32 * k : 32 * k + 32].hex(),
        )
        for k, (sequence, event_ns, received_ns, number) in enumerate(columns)
    ]


def _described(number: int, sequence: int, payload: bytes) -> str:
    try:
        text = _core.journal_describe(number, sequence, payload)
    except DataError:  # another program's
        return ""
    # Snapshots may be longer than a message can be.
    return text if len(text) <= RECORD_CHARS else f'{{"left_out": "{len(text)} characters"}}'


def _last(folder: Path, kinds: Sequence[str], count: int) -> int:
    """Give the number of the record that is the `count`th from the end."""
    firsts = sorted(int(path.stem) for path in folder.glob("*.twj"))
    found: deque[int] = deque(maxlen=count)
    for at in range(len(firsts) - 1, -1, -1):
        end = firsts[at + 1] if at + 1 < len(firsts) else None
        reader = journal._reader(folder, firsts[at], end, kinds)
        inner: deque[int] = deque(maxlen=count - len(found))
        while len(numbers := reader.batch(4_096)[0]):
            inner.extend(numbers.tolist())
        found.extendleft(reversed(inner))
        if len(found) == count:
            break
    return found[0] if found else 1
