"""Backtests in processes of their own: a queue, so many at once, and what is kept of them on the disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import secrets
import shutil
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

from tickwright._backtest_worker import RESULT, TABLES
from tickwright._whole import write_whole
from tickwright.config import load_config
from tickwright.control.worker import Worker
from tickwright.errors import ConfigError, OutputError

__all__ = ["Backtests", "Run", "State"]

log = logging.getLogger(__name__)

SECTIONS: Final = frozenset({"data", "run", "venue", "risk", "account"})
RECORD: Final = "record.json"


class State(Enum):
    """State of a backtest."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELED = "canceled"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self in (State.DONE, State.CANCELED, State.FAILED)


@dataclass(slots=True)
class Run:
    """A backtest."""

    id: str
    caller: str
    asked_ns: int
    strategy: str
    config: dict[str, Any]
    state: State = State.QUEUED
    events: int = 0
    total: int = 0
    error: str = ""
    stats: dict[str, Any] | None = None
    pid: int | None = None
    version: int = 0
    """Grows with each change."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def progress(self) -> float:
        """Share of the events that is done."""
        if self.state is State.DONE:
            return 1.0
        return self.events / self.total if self.total else 0.0

    def change(self) -> None:
        """Tell who waits."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, version: int) -> None:
        """Wait until it is another than at `version`."""
        while self.version == version:
            await self._changed.wait()


class Backtests:
    """Runs backtests, each in a process of its own.

    Parameters
    ----------
    folder
        Strategies and data are below it, nowhere else; None: no backtest is run.
    state
        Folder that records and tables are kept in.
    at_once
        How many run at the same time.
    most_waiting
        How many may wait for their turn.
    kept, kept_bytes
        How many that are over are kept, and how many bytes of them; the oldest go first.
    nice
        By how much they stand back behind the engine, as ``nice`` has it.

    Raises
    ------
    OutputError
        `state` cannot be written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None,
        state: str | os.PathLike[str],
        *,
        at_once: int = 1,
        most_waiting: int = 100,
        kept: int = 100,
        kept_bytes: int = 1 << 30,
        nice: int = 10,
    ) -> None:
        self._folder = None if folder is None else Path(folder).resolve()
        self._state = Path(state)
        self._at_once, self._most_waiting, self._kept, self._kept_bytes = at_once, most_waiting, kept, kept_bytes
        self._nice = nice
        self._runs: dict[str, Run] = {}
        self._queue: deque[tuple[Run, dict[str, Any]]] = deque()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(at_once, "tickwright-backtest")
        self._last_ns = 0
        self._closed = False
        self._load()

    # --- asking ----------------------------------------------------------------------------------------------------

    def submit(self, strategy: str, config: Mapping[str, Any], caller: str) -> Run:
        """Let a backtest wait for its turn.

        Raises
        ------
        ConfigError
            It cannot work, or may not: with what is wrong.
        """
        if self._closed:
            raise ConfigError("the engine ends")
        if self._folder is None:
            raise ConfigError("no folder is configured for backtests; set control.backtests")
        if len(self._queue) >= self._most_waiting:
            raise ConfigError(f"{len(self._queue)} backtests wait already; try again later")
        request = self._request(self._folder, strategy, config)
        self._last_ns = max(time.time_ns(), self._last_ns + 1)
        run = Run(
            id=f"{self._last_ns:016x}{secrets.token_hex(4)}",
            caller=caller,
            asked_ns=self._last_ns,
            strategy=strategy,
            config=dict(config),
        )
        request["folder"] = str(self._path(run))
        try:
            self._path(run).mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"{self._path(run)}: cannot be written: {error.strerror}") from error
        self._runs[run.id] = run
        self._write(run)
        self._queue.append((run, request))
        self._next()
        return run

    def get(self, id: str) -> Run | None:
        """Give a backtest."""
        return self._runs.get(id)

    def page(self, size: int, before: str = "") -> list[Run]:
        """Give so many, newest first, older than that of id `before`."""
        ids = sorted((id for id in self._runs if not before or id < before), reverse=True)
        return [self._runs[id] for id in ids[:size]]

    def tables(self, run: Run) -> tuple[bytes, bytes]:
        """Give fills and equity as Arrow IPC streams; both empty where there are none."""
        if run.state is not State.DONE:
            return b"", b""
        fills, equity = ((self._path(run) / f"{name}.arrow").read_bytes() for name in TABLES)
        return fills, equity

    async def cancel(self, run: Run) -> None:
        """End a backtest, and wait until its process has ended."""
        waiting = [entry for entry in self._queue if entry[0] is run]
        for entry in waiting:
            self._queue.remove(entry)
            self._over(run, State.CANCELED)
        task = self._running.get(run.id)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """End all."""
        self._closed = True
        for run in list(self._runs.values()):
            if not run.state.is_over:
                await self.cancel(run)
        self._threads.shutdown(wait=False)

    # --- checking --------------------------------------------------------------------------------------------------

    def _request(self, folder: Path, strategy: str, config: Mapping[str, Any]) -> dict[str, Any]:
        sections = {name: value for name, value in config.items() if name != "params"}
        foreign = sorted(set(sections) - SECTIONS)
        if foreign:
            raise ConfigError(
                f"config: {foreign[0]!r} is not taken; there are {', '.join(sorted(SECTIONS))} and params"
            )
        params = config.get("params", {})
        for name, value in {**sections, "params": params}.items():
            if not isinstance(value, Mapping):
                raise ConfigError(f"config: {name} is no section; give an object")
        data = dict(sections.get("data", {}))
        paths = data.get("paths")
        if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
            raise ConfigError("config: data.paths names no data; give a list of files or folders")
        data["paths"] = [str(_below(folder, path, f"data.paths[{i}]")) for i, path in enumerate(paths)]
        sections["data"] = data
        file, name = strategy, ""
        if found := re.fullmatch(r"(.*\.py):([A-Za-z_][A-Za-z0-9_]*)", strategy):
            file, name = found[1], f":{found[2]}"
        path = _below(folder, file, "strategy")
        if path.suffix not in (".py", ".toml") or not path.is_file():
            raise ConfigError(f"strategy: {strategy!r} is no file FILE.py or FILE.toml below the folder of backtests")
        load_config(env={}, overrides=sections)  # all that is wrong is said now, not in its turn
        return {"strategy": f"{path}{name}", "params": dict(params), "config": sections, "nice": self._nice}

    # --- running ---------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        while self._queue and len(self._running) < self._at_once and not self._closed:
            run, request = self._queue.popleft()
            task = asyncio.create_task(self._carry_out(run, request))
            self._running[run.id] = task
            task.add_done_callback(lambda _, id=run.id: self._gone(id))  # type: ignore[misc]

    def _gone(self, id: str) -> None:
        self._running.pop(id, None)
        if not self._closed:
            self._next()

    async def _carry_out(self, run: Run, request: dict[str, Any]) -> None:
        try:
            await self._work(run, request)
        except asyncio.CancelledError:
            self._over(run, State.CANCELED)
        except Exception as error:
            log.exception("backtest %s", run.id)
            self._over(run, State.FAILED, f"{type(error).__name__}: {error}")

    async def _work(self, run: Run, request: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()

        def progress(done: int, total: int) -> None:
            run.events, run.total = done, total
            run.change()

        def tell(done: int, total: int) -> None:
            with contextlib.suppress(RuntimeError):  # the control plane has ended
                loop.call_soon_threadsafe(progress, done, total)

        worker = Worker()
        talking = loop.run_in_executor(self._threads, worker.talk, request, tell)
        try:
            run.state, run.pid = State.RUNNING, worker.pid
            run.change()
            ended = await asyncio.shield(talking)
        finally:
            worker.kill()
            await asyncio.wait([talking])
            run.pid = None
        if ended.error is None and ended.code == 0:
            result = json.loads((self._path(run) / RESULT).read_text(encoding="utf-8"))
            run.stats, run.events = result["stats"], result["events"]
            run.total = run.events
            self._over(run, State.DONE)
        else:
            self._over(run, State.FAILED, str(ended))

    # --- keeping ---------------------------------------------------------------------------------------------------

    def _path(self, run: Run) -> Path:
        return self._state / run.id

    def _over(self, run: Run, state: State, error: str = "") -> None:
        run.state, run.error = state, error[:2_000]
        try:
            self._write(run)
            self._forget()
        except OSError as failure:
            log.error("backtest %s cannot be recorded: %s", run.id, failure)
        run.change()

    def _write(self, run: Run) -> None:
        names = ("id", "caller", "asked_ns", "strategy", "config", "events", "total", "error", "stats")
        content = {**{name: getattr(run, name) for name in names}, "state": run.state.value}
        write_whole(self._path(run) / RECORD, json.dumps(content), durable=False)

    def _load(self) -> None:
        for path in sorted(self._state.glob(f"*/{RECORD}")) if self._state.is_dir() else ():
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                run = Run(**{**content, "state": State(content["state"])})
            except (OSError, ValueError, TypeError, KeyError) as error:
                log.warning("%s: is no record of a backtest: %s", path, error)
                continue
            self._runs[run.id] = run
            self._last_ns = max(self._last_ns, run.asked_ns)
            if not run.state.is_over:
                self._over(run, State.FAILED, "the engine ended while it ran")
        self._forget()

    def _forget(self) -> None:
        """Remove the oldest that are over until the rest keeps the bounds."""
        over = [run for run in self.page(len(self._runs)) if run.state.is_over]
        size = 0
        for place, run in enumerate(over):
            size += sum(file.stat().st_size for file in self._path(run).glob("*"))
            if place >= self._kept or (place and size > self._kept_bytes):
                shutil.rmtree(self._path(run), ignore_errors=True)
                del self._runs[run.id]


def _below(folder: Path, path: str, what: str) -> Path:
    """Give a path below `folder`, with every link followed."""
    try:
        found = (folder / path).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"{what}: {path[:200]!r} is no path") from error
    if not found.is_relative_to(folder):
        raise ConfigError(f"{what}: {path[:200]!r} is not below the folder of backtests")
    if not found.exists():
        raise ConfigError(f"{what}: {path[:200]!r} is not there")
    return found
