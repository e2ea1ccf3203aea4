"""A second reader of journals, written from docs/journal-format.md alone; it shares no code with the first."""

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3
from crc32c import crc32c
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER = struct.Struct("<8sII16sQQ32s32s")
RECORD = struct.Struct("<IIQqqHHI")
CHECKPOINT = struct.Struct("<BB6sQ32s")
OVERHEAD = RECORD.size + 32
LONGEST = OVERHEAD + 67_108_864
CHECKPOINT_KIND = 14


class CorruptJournal(Exception):
    """What is wrong, with the file, the byte and the record."""

    def __init__(self, file: str, offset: int, sequence: int, why: str) -> None:
        super().__init__(f"{file} at byte {offset}, record {sequence}: {why}")
        self.file, self.offset, self.sequence = file, offset, sequence


@dataclass(frozen=True)
class Entry:
    """One record."""

    sequence: int
    event_ts: int
    recv_ts: int
    kind: int
    pending: int
    payload: bytes
    chain: bytes


@dataclass(frozen=True)
class Torn:
    """A torn tail."""

    file: str
    offset: int
    bytes: int
    stranded: int


def _crc_holds(data: bytes, at: int, length: int) -> bool:
    crc, reserved = struct.unpack_from("<I", data, at + 4)[0], struct.unpack_from("<H", data, at + 34)[0]
    return crc == crc32c(data[at : at + 4] + data[at + 8 : at + length - 32]) and reserved == 0


def _entry(data: bytes, at: int, sequence: int) -> tuple[Entry | None, int]:
    """Give the record at `at` if it is whole, right, and number `sequence`, and where it ends."""
    if len(data) - at < OVERHEAD:
        return None, 0
    length, _, number, event_ts, recv_ts, kind, _, pending = RECORD.unpack_from(data, at)
    if not OVERHEAD <= length <= LONGEST or at + length > len(data) or not _crc_holds(data, at, length):
        return None, 0
    end = at + length
    chain = data[end - 32 : end]
    if number != sequence or blake3(data[at - 32 : end - 32]).digest() != chain:
        return None, 0
    return Entry(number, event_ts, recv_ts, kind, pending, data[at + 40 : end - 32], chain), end


def _judge_tail(file: str, data: bytes, at: int, sequence: int) -> Torn:
    """Decide by the page's rule: a torn tail, or corruption."""
    behind, place = [], at + 1
    highest = sequence + (len(data) - at) // OVERHEAD
    while place + OVERHEAD <= len(data):
        length, _, number = struct.unpack_from("<IIQ", data, place)
        fits = OVERHEAD <= length <= LONGEST and place + length <= len(data) and sequence < number <= highest
        if fits and _crc_holds(data, place, length):
            pending = struct.unpack_from("<I", data, place + 36)[0]
            if number - 1 - pending >= sequence:
                raise CorruptJournal(file, at, sequence, "a later record says it was durable")
            behind.append(place)
            place += length
        else:
            place += 1
    if behind:
        start = at
        while start < behind[0]:
            end = (start // 512 + 1) * 512
            if end <= len(data) and not any(data[start:end]):
                break
            start = end
        else:
            raise CorruptJournal(file, at, sequence, "whole records follow, and no sector is missing")
    return Torn(file, at, len(data) - at, len(behind))


def read_journal(folder: Path, public_key: bytes | None = None) -> tuple[list[Entry], Torn | None]:
    """Give all records of a journal and its torn tail, or raise `CorruptJournal`."""
    names = sorted(p.name for p in folder.iterdir() if re.fullmatch(r"\d{20}\.twj", p.name))
    entries: list[Entry] = []
    torn, journal, chain = None, None, bytes(32)
    signed = 0
    for nth, name in enumerate(names):
        data = (folder / name).read_bytes()
        expected = entries[-1].sequence + 1 if entries else int(name[:20])
        if len(data) < HEADER.size:
            raise CorruptJournal(name, 0, expected, "no whole header")
        magic, version, length, id_, first, reserved, before, begins = HEADER.unpack_from(data)
        right = (magic, version, length, reserved) == (b"TWJRNL\r\n", 1, 112, 0)
        if not right or blake3(data[:80]).digest() != begins:
            raise CorruptJournal(name, 0, expected, "a bad header")
        carries_on = before == chain and id_ == journal if nth else first > 1 or before == bytes(32)
        if first != int(name[:20]) or first != expected or not carries_on:
            raise CorruptJournal(name, 32, expected, "the header does not carry on the chain")
        journal, at = id_, HEADER.size
        while at < len(data):
            entry, end = _entry(data, at, expected)
            if entry is None:
                if nth + 1 < len(names):
                    raise CorruptJournal(name, at, expected, "a bad record")
                torn = _judge_tail(name, data, at, expected)
                break
            if entry.kind == CHECKPOINT_KIND:
                signed += _check_checkpoint(name, data, at, entry, journal, public_key)
            entries.append(entry)
            at, expected = end, expected + 1
        chain = data[at - 32 : at]
    if public_key is not None and not signed:
        raise CorruptJournal(names[-1], at, expected, "no signed checkpoint")
    return entries, torn


def _check_checkpoint(file: str, data: bytes, at: int, entry: Entry, journal: bytes, public_key: bytes | None) -> int:
    payload = entry.payload
    if len(payload) not in (48, 128):
        raise CorruptJournal(file, at, entry.sequence, "a checkpoint of another length")
    version, flags, reserved, covers, chain = CHECKPOINT.unpack_from(payload)
    known = version == 1 and flags in (0, 2, 1, 3) and reserved == bytes(6) and (flags & 1) == (len(payload) == 128)
    if not known or covers != entry.sequence - 1 or chain != data[at - 32 : at]:
        raise CorruptJournal(file, at, entry.sequence, "a checkpoint that is not of the record before")
    if public_key is None:
        return 0
    if not flags & 1 or payload[48:64] != blake3(public_key).digest()[:16]:
        raise CorruptJournal(file, at, entry.sequence, "a checkpoint that is not signed by the key")
    message = b"tickwright journal checkpoint v1" + journal + payload[:64]
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(payload[64:], message)
    except InvalidSignature:
        raise CorruptJournal(file, at, entry.sequence, "a wrong signature") from None
    return 1
