"""Tokens: who may call over TCP, and until when."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from tickwright._whole import write_whole
from tickwright.control.caller import Role
from tickwright.errors import ConfigError
from tickwright.logs import add_secret

__all__ = ["Token", "TokenStore", "write_private"]

log = logging.getLogger(__name__)

PREFIX: Final = "tw"
SHAPE: Final = re.compile(r"tw_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)
#: Seconds for which the file is not looked at again, but where a token is not found.
FRESH_S: Final = 0.2
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without its secret."""

    id: str
    """12 hexadecimal digits; it stands in the token, in logs and in the journal."""
    name: str
    """Who uses it."""
    role: Role
    """What it allows."""
    digest: str
    """SHA-256 of the secret, hexadecimal."""
    created_s: float
    """When it was made, seconds since 1970."""
    expires_s: float | None = None
    """From when on it is refused; None: never."""
    revoked_s: float | None = None
    """From when on it is refused because somebody said so."""

    def problem(self, now_s: float) -> str:
        """Say why it is refused; empty: it is not."""
        if self.revoked_s is not None and self.revoked_s <= now_s:
            return "the token is revoked"
        if self.expires_s is not None and self.expires_s <= now_s:
            return "the token is expired"
        return ""


def _digest(secret: str) -> str:
    # A secret is 256 random bits and no password: there is no list of likely ones that a slow hash would make dear to
    # try, and who has the digest can do nothing but try all 2^256. So one SHA-256, which costs a call a microsecond.
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


class TokenStore:
    """The tokens of a file that only its owner can read; what another process changes there counts at once.

    Parameters
    ----------
    path
        JSON file, mode 600. It need not exist: then there are no tokens.
    clock
        Seconds since 1970.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from tickwright.control import Role, TokenStore
    >>> store = TokenStore(Path(tempfile.mkdtemp()) / "tokens.json")
    >>> token, text = store.create("ann", Role.OPERATOR, days=30)
    >>> store.check(text)[0].name, store.check(text[:-1] + "!")
    ('ann', (None, ''))
    >>> _ = store.revoke(token.id)
    >>> store.check(text)[1]
    'the token is revoked'
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time) -> None:
        self.path = Path(path)
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._seen: tuple[int, ...] | None = None
        self._looked = float("-inf")
        self._complained = ""
        self.last_used_s: dict[str, float] = {}
        """When each was used last, seconds since 1970; of this process."""

    # --- asked on every call -----------------------------------------------------------------------------------------

    def check(self, text: str) -> tuple[Token | None, str]:
        """Give the token whose secret `text` has, and why it is refused; None for every other text."""
        self._refresh(FRESH_S)
        token = self._found(text)
        if token is None:
            self._refresh(0.0)
            token = self._found(text)  # it may have been made a moment ago
        if token is None:
            return None, ""
        now_s = self._clock()
        problem = token.problem(now_s)
        if not problem:
            self.last_used_s[token.id] = now_s
        return token, problem

    def problem(self, token_id: str) -> str:
        """Say why a token that was taken is refused by now; empty: it is not."""
        self._refresh(FRESH_S)
        token = self._tokens.get(token_id)
        return "the token is revoked" if token is None else token.problem(self._clock())

    def _found(self, text: str) -> Token | None:
        found = SHAPE.fullmatch(text)
        token = self._tokens.get(found[1]) if found else None
        # The same work whether the id is known or not, and a comparison whose time says nothing.
        digest = _digest(found[2] if found else "")
        expected = token.digest if token is not None else _digest(PREFIX)
        return token if hmac.compare_digest(digest, expected) else None

    def _refresh(self, after_s: float) -> None:
        """Look at the file again if the last look was `after_s` seconds ago."""
        now = time.monotonic()
        if now - self._looked < after_s:
            return
        self._looked = now
        try:
            self.load()
            self._complained = ""
        except ConfigError as error:
            # Nobody is let in by what was there before: somebody may have wanted to take it away.
            self._tokens, self._seen = {}, None
            if str(error) != self._complained:
                self._complained = str(error)
                log.error("%s; no token is taken until it is mended", error)

    # --- the file ----------------------------------------------------------------------------------------------------

    def load(self) -> list[Token]:
        """Read the file if it changed; gives the tokens, oldest first.

        Raises
        ------
        ConfigError
            Others can read it, or it is not what was written.
        """
        try:
            # Looked at through the open file: what is checked is what is read.
            with self.path.open(encoding="utf-8") as file:
                found = os.fstat(file.fileno())
                _check_private(self.path, found)
                seen = (found.st_mtime_ns, found.st_ino, found.st_size)
                if seen != self._seen:
                    self._tokens = _parsed(self.path, file.read())
                    self._seen = seen
        except FileNotFoundError:
            self._tokens, self._seen = {}, None
        except OSError as error:
            raise ConfigError(f"tokens: cannot read {self.path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"tokens: {self.path} is not UTF-8 text") from None
        return list(self._tokens.values())

    def create(self, name: str, role: Role, *, days: float | None = 90.0) -> tuple[Token, str]:
        """Make a token; gives it, and its text, which is kept nowhere.

        Raises
        ------
        ConfigError
            The name cannot be one, or the file cannot be read or written.
        """
        if not NAME.fullmatch(name) or name in ("local", "anonymous", "node", "operator"):
            raise ConfigError(
                f"name: {name!r} cannot be a caller's; give up to 64 letters, digits, dots, dashes, underlines or @, "
                "and none of local, anonymous, node, operator"
            )
        if days is not None and not 0 < days <= 36_500:
            raise ConfigError(f"days: {days:g} is not between 0 and 36,500")
        with self._changing() as tokens:
            if len(tokens) >= MOST:
                raise ConfigError(f"tokens: {self.path} has {MOST:,} already; prune it")
            made, text = self._made(name, role, None if days is None else self._clock() + days * 86_400)
            tokens[made.id] = made
        return made, text

    def revoke(self, id_or_name: str) -> list[Token]:
        """Refuse a token, by id, or all of a name, from now on."""
        with self._changing() as tokens:
            found = self._named(tokens, id_or_name)
            now = self._clock()
            changed = [replace(token, revoked_s=min(now, token.revoked_s or now)) for token in found]
            tokens.update({token.id: token for token in changed})
        return changed

    def rotate(self, token_id: str, *, days: float | None = 90.0, grace_s: float = 0.0) -> tuple[Token, str]:
        """Make a token for the name and role of another, which is refused after `grace_s` seconds."""
        with self._changing() as tokens:
            live = [token for token in self._named(tokens, token_id) if not token.problem(self._clock())]
            if len(live) != 1:
                raise ConfigError(f"{token_id}: {len(live)} tokens are in use; name one by its id")
            (old,) = live
            made, text = self._made(old.name, old.role, None if days is None else self._clock() + days * 86_400)
            tokens[old.id] = replace(old, revoked_s=self._clock() + grace_s)
            tokens[made.id] = made
        return made, text

    def prune(self) -> list[Token]:
        """Forget tokens that are refused."""
        with self._changing() as tokens:
            gone = [token for token in tokens.values() if token.problem(self._clock())]
            for token in gone:
                del tokens[token.id]
        return gone

    def _made(self, name: str, role: Role, expires_s: float | None) -> tuple[Token, str]:
        token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        text = f"{PREFIX}_{token_id}_{secret}"
        add_secret(text)
        return Token(token_id, name, role, _digest(secret), self._clock(), expires_s), text

    @staticmethod
    def _named(tokens: dict[str, Token], id_or_name: str) -> list[Token]:
        found = [token for token in tokens.values() if id_or_name in (token.id, token.name)]
        if not found:
            raise ConfigError(f"{id_or_name}: there is no such token; tickwright token list shows them")
        return found

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Token]]:
        """Read, change and write under a lock, so that two commands at once both count."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigError(f"tokens: cannot write beside {self.path}: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._seen = None
            self.load()
            tokens = dict(self._tokens)
            yield tokens
            rows = [{**asdict(token), "role": token.role.name.lower()} for token in tokens.values()]
            write_private(self.path, json.dumps({"version": 1, "tokens": rows}, indent=1).encode())
            self._tokens = tokens
        finally:
            os.close(lock)


def _check_private(path: Path, found: os.stat_result) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"tokens: {path} is not a plain file")
    if mode & 0o077:
        raise ConfigError(f"tokens: {path} has mode {mode:o}, others can read or change it; run: chmod 600 {path}")
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"tokens: {path} belongs to user {found.st_uid}, not to this one")


def _parsed(path: Path, text: str) -> dict[str, Token]:
    try:
        whole: Any = json.loads(text)
        if whole["version"] != 1:
            raise ConfigError(f"tokens: {path} is of version {whole['version']}; this tickwright reads version 1")
        tokens = [Token(**{**row, "role": Role[row["role"].upper()]}) for row in whole["tokens"]]
        if not all(re.fullmatch("[0-9a-f]{64}", token.digest) for token in tokens):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(f"tokens: {path} is not what was written; restore it, or make new tokens") from None
    return {token.id: token for token in tokens}


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole, with mode 600, and durably: at any moment there is the old one or the new one.

    Raises
    ------
    ConfigError
        It cannot be written.
    """
    try:
        write_whole(path, content, private=True)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
