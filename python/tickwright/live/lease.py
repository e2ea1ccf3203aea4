"""One writer an account: a lease on this machine, with a number that only rises."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType

from tickwright.errors import ConfigError

__all__ = ["Lease"]


def _folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "tickwright" / "leases"


class Lease:
    """The right to trade an account from this machine, for as long as the process lives.

    The operating system gives it back when the process ends, however it ends. Each holder has a higher number than the
    one before, which the journal records.

    Parameters
    ----------
    account
        The broker's number of the account.
    folder
        Where leases are kept; all nodes of a machine must share it.

    Raises
    ------
    ConfigError
        Another process trades the account.

    Examples
    --------
    >>> import tempfile
    >>> from tickwright.live import Lease
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Lease("PA123", folder) as first:
    ...         first.number
    ...     with Lease("PA123", folder) as second:
    ...         second.number
    1
    2
    """

    def __init__(self, account: str, folder: str | os.PathLike[str] | None = None) -> None:
        self._account = account
        name = "".join(c if c.isalnum() or c in "-_" else "_" for c in account)
        self._path = (Path(folder) if folder is not None else _folder()) / f"{name}.lease"
        self._file: int | None = None
        self.number = 0

    def __enter__(self) -> Lease:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = self._read(file)
            os.close(file)
            raise ConfigError(
                f"account {self._account}: process {held.get('pid', '?')} trades it already (lease "
                f"{held.get('number', '?')}); stop that one first"
            ) from None
        self._file = file
        self.number = int(self._read(file).get("number", 0)) + 1
        text = json.dumps({"number": self.number, "pid": os.getpid()}).encode()
        os.pwrite(file, text.ljust(64), 0)
        os.fsync(file)
        return self

    @staticmethod
    def _read(file: int) -> dict[str, int]:
        try:
            found = json.loads(os.pread(file, 4096, 0) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
