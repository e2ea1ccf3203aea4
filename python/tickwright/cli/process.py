"""The process of a node on this machine: its pid file, its log, how it was started, and what it left behind.

The pid file is locked for as long as the process lives. The operating system gives the lock back however the process
ends, so that a file whose lock is free is one of a process that was killed, whatever runs under that number now.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from tickwright.errors import ConfigError

__all__ = [
    "ADDRESSES",
    "LOG",
    "PID",
    "SOCKET",
    "Launch",
    "PidFile",
    "last_lines",
    "left_behind",
    "pid_of",
    "spawn",
    "wait_until_gone",
]

PID: Final = "node.pid"
LOG: Final = "node.log"
LAUNCH: Final = "node.start.json"
SOCKET: Final = "control.sock"
ADDRESSES: Final = "control.json"
"""Where a node listens, and its process, as it wrote down."""


class PidFile:
    """The pid file of this process, while the with-block lasts.

    Raises
    ------
    ConfigError
        Another process has it.
    """

    def __init__(self, state: Path) -> None:
        self._state, self._path = state, state / PID
        self._file: int | None = None

    def __enter__(self) -> PidFile:
        self._state.mkdir(parents=True, exist_ok=True)
        while self._file is None:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                said = f"{self._state}: a node runs there already, process {_number(self._path)}"
                raise ConfigError(said) from None
            if _is_at(file, self._path):
                self._file = file
            else:  # who had it ended between the two calls, and took the file away
                os.close(file)
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def pid_of(state: Path) -> int | None:
    """Give the process that runs a node there, if one does that `tickwright start` started."""
    try:
        file = os.open(state / PID, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _number(state / PID) or None
    finally:
        os.close(file)
    return None


def _number(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii").strip() or 0)
    except (OSError, ValueError):
        return 0


def left_behind(state: Path) -> str:
    """Say what the state folder tells about a node that does not answer, as the rest of a sentence."""
    if not state.is_dir():
        return f"; {state} is no folder: another engine may be meant (--state, --profile, --address)"
    alive = pid_of(state)
    if alive is not None:
        return f"; process {alive} lives and does not answer: it starts, ends or hangs; see {state / LOG}"
    killed = "is gone without taking leave: it was killed, or the machine went down."
    again = "`tickwright start` goes on where it was"
    if (state / PID).exists():
        return f"; process {_number(state / PID)} {killed} Its last words are in {state / LOG}. {again}"
    if (state / SOCKET).exists():
        # Of `tickwright run`: whoever ends takes the socket along.
        number = _server(state)
        if number and _lives(number):
            return f"; process {number} lives, and nobody listens: it ends or hangs"
        return f"; process {number or 'unknown'} {killed} {again}"
    if (state / "journal").exists():
        return f"; there is a journal and no process: it was stopped. {again}"
    return "; no node was started there"


def _server(state: Path) -> int:
    """Give the process that wrote down where it listens; 0 for none."""
    try:
        return int(json.loads((state / ADDRESSES).read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, LookupError, TypeError):
        return 0


@dataclass(frozen=True)
class Launch:
    """How a node was started; enough to do it again. Secrets stay in the environment."""

    arguments: list[str]
    """Of ``tickwright run``."""
    folder: str
    """Working folder."""
    log: str
    """Where standard output and error go."""

    def save(self, state: Path) -> None:
        """Write it into the state folder, for the owner alone."""
        path = state / LAUNCH
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2)

    @classmethod
    def load(cls, state: Path) -> Launch:
        """Read it.

        Raises
        ------
        ConfigError
            No node was started there by `tickwright start`.
        """
        path = state / LAUNCH
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise ConfigError(
                f"{path}: is not there; `tickwright start` has not started a node in this folder"
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(
                f"{path}: cannot be read ({error}); start with the arguments of `tickwright run` again"
            ) from None


def spawn(launch: Launch, state: Path) -> subprocess.Popen[bytes]:
    """Start a node in a session of its own, without a terminal, its output in the log."""
    state.mkdir(parents=True, exist_ok=True)
    log = os.open(launch.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        launch.save(state)
        return subprocess.Popen(
            [sys.executable, "-m", "tickwright.cli.detached", str(state), *launch.arguments],
            cwd=launch.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigError(f"cannot start: {error}") from None
    finally:
        os.close(log)


def wait_until_gone(state: Path, number: int, timeout_s: float) -> bool:
    """Wait until a process, whose pid file is in `state`, has ended; whether that came about in time."""
    deadline = time.monotonic() + timeout_s
    while pid_of(state) == number or _lives(number):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    # One that has ended stays listed until its parent takes note, which the first process of a container may never do.
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def last_lines(path: Path, lines: int, *, after: int = 0, max_bytes: int = 1 << 20) -> Sequence[str]:
    """Give the last lines of a text file, from byte `after` on; none where there is no file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(after, size - max_bytes))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []
