"""What a journal's records, reports and keys are in Python; the names are those of `tickwright.journal`."""

from __future__ import annotations

import errno
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from tickwright import _core
from tickwright.errors import ConfigError

PathText: TypeAlias = str | os.PathLike[str]
Kind: TypeAlias = int | str
"""A kind of record: its number, or the name of a reserved one."""

KINDS: Final[dict[str, int]] = dict(_core.JOURNAL_KINDS)
"""The reserved kinds of records, by name."""

_NAMES = {number: name for name, number in KINDS.items()}
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

    @property
    def content(self) -> Any:
        """What the record of a session says, as JSON has it; None for kinds that no session writes.

        Prices, quantities and dollars are decimal texts, times RFC 3339; a journal that other programs wrote raises
        :class:`tickwright.DataError`.
        """
        return json.loads(_core.journal_describe(self.kind, self.sequence, self.payload))


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


def tail_of(given: dict[str, Any] | None) -> TornTail | None:
    return None if given is None else TornTail(**given)


def fault_of(given: dict[str, Any] | None) -> Fault | None:
    return None if given is None else Fault(**given)


def _key_bytes(text: str, what: str) -> bytes:
    with suppress(ValueError):
        key = bytes.fromhex(text.strip())
        if len(key) == _KEY_BYTES:
            return key
    raise ConfigError(f"{what}: not a key; give {_KEY_BYTES} bytes, as {2 * _KEY_BYTES} hexadecimal digits")


def key_of(given: bytes | str | os.PathLike[str], what: str) -> bytes:
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


Key: TypeAlias = bytes | str | os.PathLike[str]
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
    parts = ((os.fspath(path), 0o600, secret.hex()), (f"{os.fspath(path)}.pub", 0o644, public))
    try:
        for name, _, _ in parts:
            if os.path.lexists(name):
                raise FileExistsError(errno.EEXIST, "exists", name)
        for name, mode, text in parts:
            with os.fdopen(os.open(name, flags, mode), "w", encoding="ascii") as file:
                file.write(f"{text}\n")
    except FileExistsError as error:
        raise ConfigError(f"{error.filename}: exists, and a key is never written over; choose another name") from None
    except OSError as error:
        raise ConfigError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return public


@dataclass(frozen=True)
class Replayed:
    """What a replay found; it raises where the journal and the engine differ."""

    steps: int
    """Inputs: market events, reports, commands, timers."""
    outputs: int
    """Orders, fills, refusals and changes of state that came out as they are recorded, byte by byte."""
    snapshots: int
    """Snapshots that have the hash of the state at their place."""
    state_hash: str
    """BLAKE3 of the engine's state at the end, hexadecimal."""
    last: int
    """The last record."""
    from_snapshot: int | None
    """The last record of the snapshot that it began with; None from the beginning."""
