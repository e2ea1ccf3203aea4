"""The process of one backtest: what is said to it and what it says, on threads of its own.

Not by the event loop: an uvloop forks by itself, and what gRPC has running does not survive that.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

__all__ = ["Ended", "Worker"]

LINE_BYTES: Final = 1 << 20
PIECE_BYTES: Final = 1_024
SAID_BYTES: Final = 16 << 10
"""Of what a worker says on standard error the end is kept, so many bytes."""
#: Seconds for the end of standard error once its process group is gone.
LAST_S: Final = 1.0
#: A worker runs files of others: it gets nothing of the engine's environment that may be a secret.
ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a worker ended."""

    code: int
    """Its exit code, negative for a signal."""
    error: str | None
    """What it said went wrong."""
    last: str
    """The last line of its standard error."""

    def __str__(self) -> str:
        how = f"ended with code {self.code}" if self.code >= 0 else f"was ended by {signal.Signals(-self.code).name}"
        return self.error or f"its process {how}{f': {self.last[:500]}' if self.last else ''}"


class Worker:
    """A process that carries out one backtest, begun at once.

    Examples
    --------
    >>> from tickwright.control.worker import Worker
    >>> ended = Worker().talk({"strategy": "missing.py", "config": {}, "params": {}, "nice": 0, "folder": "/"}, print)
    >>> ended.code != 0 or ended.error is not None
    True
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tickwright._backtest_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        )
        self.pid = self._process.pid

    def talk(self, request: Mapping[str, Any], tell: Callable[[int, int], None]) -> Ended:
        """Give it its work, and wait for its end; `tell` is given events done and events in all. Blocks."""
        process, said = self._process, deque[bytes](maxlen=SAID_BYTES // PIECE_BYTES)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        listening = threading.Thread(target=_listen, args=(process.stderr, said), daemon=True)
        listening.start()
        error: str | None = None
        try:
            with contextlib.suppress(OSError):  # it is gone already; how it ended is told below
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
            while error is None and (line := process.stdout.readline(LINE_BYTES)):
                message = json.loads(line)
                if "error" in message:
                    error = str(message["error"])
                elif "done_events" in message:
                    tell(message["done_events"], message["total_events"])
            code = process.wait()
        finally:
            self.kill()
            process.wait()
            listening.join(LAST_S)
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    stream.close()
        tail = b"".join(said).decode("utf-8", "replace").strip().splitlines()
        return Ended(code, error, tail[-1] if tail else "")

    def kill(self) -> None:
        """End it, and what it started: its process group is its own."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _listen(stream: IO[bytes], said: deque[bytes]) -> None:
    with stream:
        while piece := os.read(stream.fileno(), PIECE_BYTES):
            said.append(piece)
