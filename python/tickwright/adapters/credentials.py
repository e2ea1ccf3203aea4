"""Keys of a broker: from the environment or a file that only its owner can read, and never shown."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from tickwright import logs
from tickwright.errors import ConfigError

__all__ = ["Credentials"]

#: The names of the key and the secret, in the environment or in a file; the first pair found counts.
NAMES = (
    ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"),
    ("TICKWRIGHT_ALPACA_KEY_ID", "TICKWRIGHT_ALPACA_SECRET_KEY"),
)
#: Names the file.
FILE_NAME = "TICKWRIGHT_ALPACA_CREDENTIALS"


class Credentials:
    """A key and its secret. Printing, logging and pickling it shows neither.

    Parameters
    ----------
    key_id, secret_key : str
        What the broker gave.
    source : str
        Where they come from, for messages.

    Examples
    --------
    >>> from tickwright.adapters import Credentials
    >>> Credentials("PKABCDEFGHIJ", "not-to-be-shown")
    Credentials([redacted], from the caller)
    """

    __slots__ = ("_key_id", "_secret_key", "source")

    def __init__(self, key_id: str, secret_key: str, *, source: str = "the caller") -> None:
        for what, value in (("key id", key_id), ("secret key", secret_key)):
            if not value or not value.isascii() or not value.isprintable() or " " in value:
                raise ConfigError(
                    f"credentials from {source}: the {what} is empty or has blanks or other strange signs"
                )
        self._key_id, self._secret_key, self.source = key_id, secret_key, source
        logs.add_secret(key_id)
        logs.add_secret(secret_key)

    @property
    def key_id(self) -> str:
        """The key's id."""
        return self._key_id

    @property
    def secret_key(self) -> str:
        """The secret."""
        return self._secret_key

    @classmethod
    def load(cls, path: str | Path | None = None, *, env: Mapping[str, str] | None = None) -> Credentials:
        """Read credentials from `path`, or else from the environment.

        Parameters
        ----------
        path : path, optional
            A file with mode 600 of lines ``APCA_API_KEY_ID=…`` and ``APCA_API_SECRET_KEY=…``.
        env : mapping, optional
            The environment; `os.environ` when not given. It may name the file: ``TICKWRIGHT_ALPACA_CREDENTIALS``.

        Raises
        ------
        ConfigError
            There are none, only one of the two, or others can read the file.
        """
        values = os.environ if env is None else env
        if path is not None:
            return cls._of_file(Path(path))
        found = cls._pair(values, "the environment")
        if found is not None:
            return found
        if values.get(FILE_NAME):
            return cls._of_file(Path(values[FILE_NAME]))
        raise ConfigError(
            f"no credentials: set {' and '.join(NAMES[0])}, or {FILE_NAME} to a file with mode 600 that holds them"
        )

    @classmethod
    def _of_file(cls, path: Path) -> Credentials:
        try:
            # Looked at through the open file: what is checked is what is read.
            with path.open(encoding="utf-8") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise ConfigError(f"credentials: {path} is not a plain file")
                mode = stat.S_IMODE(status.st_mode)
                if mode & 0o077:
                    raise ConfigError(
                        f"credentials: {path} has mode {mode:o}, others can read it; run: chmod 600 {path}"
                    )
                if status.st_uid not in (os.geteuid(), 0):
                    raise ConfigError(f"credentials: {path} belongs to user {status.st_uid}, not to this one")
                lines = file.read(65_536).splitlines()
        except (OSError, UnicodeDecodeError) as error:
            what = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ConfigError(f"credentials: cannot read {path}: {what}") from None
        values: dict[str, str] = {}
        for number, line in enumerate(lines, start=1):
            text = line.strip().removeprefix("export ").strip()
            if not text or text.startswith("#"):
                continue
            name, equals, value = text.partition("=")
            if not equals:
                raise ConfigError(f"credentials: {path}, line {number} is not NAME=VALUE")
            values[name.strip()] = value.strip().strip("\"'")
        found = cls._pair(values, str(path))
        if found is None:
            raise ConfigError(f"credentials: {path} has no {' and '.join(NAMES[0])}")
        return found

    @classmethod
    def _pair(cls, values: Mapping[str, str], source: str) -> Credentials | None:
        for names in NAMES:
            key_id, secret_key = (values.get(name, "") for name in names)
            if key_id and secret_key:
                return cls(key_id, secret_key, source=source)
            if key_id or secret_key:
                raise ConfigError(f"credentials from {source}: {names[0]} and {names[1]} go together; one is missing")
        return None

    def __repr__(self) -> str:
        return f"Credentials({logs.REDACTED}, from {self.source})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not pickled: they would be written somewhere")
