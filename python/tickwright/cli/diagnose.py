"""``tickwright diagnose``: one archive that makes a good bug report, without secrets."""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, Optional

import typer

from tickwright.cli.remote import Call, Link, remote
from tickwright.cli.shown import Answer

__all__ = ["collect", "register"]

Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python
LOG_LINES: Final = 2_000
MARKET_DATA: Final = frozenset({"QUOTE", "TRADE", "BAR", "BOOK", "BATCH", "STATUS", "WAKE", "SNAPSHOT"})
VERIFY_BYTES: Final = 2 << 30
README: Final = """What `tickwright diagnose` found, for a bug report. Secrets were taken out, and the files were
searched for those that are known; have a look before you send it.

versions.json    tickwright, Python, libraries
system.json      machine, limits, names of TICKWRIGHT_ variables
doctor.json      findings of `tickwright doctor`
config.json      the configuration, without comments
engine.json      status, limits, strategies, positions, open orders, refusals; or why the engine did not answer
notices.jsonl    the last notices
log.txt          the end of the logs
journal.json     segments, whether the journal holds, and its last records, market data left out
"""


def register(app: typer.Typer, panel: str) -> None:
    """Register the command."""

    @remote(app, "diagnose", panel=panel)
    def diagnose(
        link: Link,
        call: Call,
        out: Annotated[
            Text, typer.Option("--out", "-o", help="The archive.  \\[default: tickwright-diagnose-TIME.tar.gz]")
        ] = None,
        records: Annotated[int, typer.Option("--records", min=0, help="Records of the journal.")] = 200,
        node_config: Annotated[
            Text, typer.Option("--node-config", help="The node's configuration, where --config does not name it.")
        ] = None,
    ) -> Answer:
        """Write one archive for a bug report: versions, configuration, status, logs, journal; secrets removed."""
        from tickwright.errors import OutputError

        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        path = Path(out or f"tickwright-diagnose-{stamp}.tar.gz")
        if path.exists():
            raise OutputError(f"{path}: is there already; choose another name")
        files = collect(link, records, node_config or link.config)
        _write(path, files)
        names = [f"  {name:14} {len(content):>9,} bytes" for name, content in files.items()]
        size = path.stat().st_size
        data = {"out": str(path), "bytes": size, "files": {name: len(content) for name, content in files.items()}}
        return Answer(data, [f"{path}: {size:,} bytes, secrets removed; look at it before you send it", *names])


def collect(link: Link, records: int, config: str | None) -> dict[str, bytes]:
    """Give the files of the archive by name, secrets taken out.

    Raises
    ------
    TickwrightError
        A known secret would be left in one of them.
    """
    from tickwright.cli.process import Launch
    from tickwright.cli.redaction import Redaction
    from tickwright.errors import TickwrightError

    hide = Redaction()
    hide.learn_environment(os.environ)
    for path in (link.target.profile.token_file, link.target.profile.key):
        if path:
            hide.learn_file(Path(path))
    state = link.target.state
    folder = state if state is not None and state.is_dir() else None
    if config is None and folder is not None:
        config = _config_of(folder, Launch)
    tables = _config(config)
    hide.learn(tables)
    engine, notices, told = _engine(link)
    hide.learn(told)
    account = str((engine.get("status") or {}).get("account") or "")
    hide.add(account)
    files: dict[str, Callable[[], Any]] = {
        "versions.json": _versions,
        "system.json": _system,
        "doctor.json": lambda: _doctor(folder),
        "config.json": lambda: {"file": config, "settings": tables},
        "engine.json": lambda: engine,
        "notices.jsonl": lambda: notices,
        "log.txt": lambda: _logs(folder, tables, config),
        "journal.json": lambda: _journal(link, folder, records),
    }
    found: dict[str, bytes] = {"README.txt": README.encode()}
    for name, make in files.items():
        try:
            value = make()
        except Exception as error:  # what cannot be found out is itself a finding, and must not keep the rest back
            value = {"failed": f"{type(error).__name__}: {error}"}
        found[name] = _rendered(name, value, hide)
    if left := hide.left_in(found.items()):
        raise TickwrightError(f"a secret would be left in {', '.join(left)}; nothing was written")
    return found


def _rendered(name: str, value: Any, hide: Any) -> bytes:
    if isinstance(value, str):
        return str(hide.text(value)).encode()
    if name.endswith(".jsonl") and isinstance(value, list):
        text = "".join(json.dumps(hide.plain(row), default=str) + "\n" for row in value)
    else:
        text = json.dumps(hide.plain(value), indent=2, default=str) + "\n"
    return text.encode()


def _write(path: Path, files: dict[str, bytes]) -> None:
    from tickwright.errors import OutputError

    partial = path.with_name(f".{path.name}.part")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(f"tickwright-diagnose/{name}")
                member.size, member.mtime, member.mode = len(content), int(time.time()), 0o600
                archive.addfile(member, io.BytesIO(content))
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None


def _config_of(folder: Path, launch: Any) -> str | None:
    """Give the configuration that `tickwright start` was given."""
    from tickwright.errors import TickwrightError

    try:
        started = launch.load(folder)
    except TickwrightError:
        return None
    for flag, value in zip(started.arguments, started.arguments[1:], strict=False):
        if flag in ("--config", "-c"):
            return str(Path(started.folder) / value)
    return None


def _config(path: str | None) -> Any:
    """Read a configuration as tables: comments may hold anything, and are left out."""
    import tomllib

    if path is None:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {"failed": str(error)}


def _engine(link: Link) -> tuple[dict[str, Any], list[dict[str, Any]], Any]:
    """Ask the engine for what it can tell; parameters and limits are given once more, to learn secrets from."""
    from tickwright.cli.control import ask_status
    from tickwright.cli.limits import ask_counters
    from tickwright.cli.orders import ask_orders
    from tickwright.cli.portfolio import ask_pnl, ask_positions
    from tickwright.cli.shown import as_dict
    from tickwright.cli.strategies import ask_strategies
    from tickwright.cli.watching import last_notices
    from tickwright.errors import TickwrightError
    from tickwright.v1 import market_data_pb2, risk_pb2

    def limits() -> Any:
        return as_dict(link.ask(risk_pb2.GetLimitsRequest()))["limits"]

    def subscriptions() -> Any:
        return as_dict(link.ask(market_data_pb2.ListSubscriptionsRequest()))

    asked: dict[str, Callable[[], Any]] = {
        "status": lambda: ask_status(link),
        "limits": limits,
        "strategies": lambda: ask_strategies(link),
        "positions": lambda: ask_positions(link),
        "pnl": lambda: ask_pnl(link),
        "open_orders": lambda: ask_orders(link, open_only=True),
        "refusals": lambda: ask_counters(link),
        "subscriptions": subscriptions,
    }
    found: dict[str, Any] = {"address": link.target.address}
    for name, ask in asked.items():
        try:
            found[name] = ask()
        except TickwrightError as error:
            found[name] = {"failed": str(error)} if name != "status" else None
            if name == "status":
                found["failed"] = str(error)
                return found, [], None
    try:
        notices = [data for data, _ in last_notices(link, [], 500)]
    except TickwrightError as error:
        notices = [{"failed": str(error)}]
    return found, notices, found["strategies"]


def _versions() -> dict[str, Any]:
    import importlib.metadata as metadata
    import platform

    from tickwright.cli.doctor import version

    names = (
        "numpy",
        "pyarrow",
        "pydantic",
        "typer",
        "rich",
        "grpcio",
        "protobuf",
        "websockets",
        "msgpack",
        "alpaca-py",
    )
    found: dict[str, Any] = {"tickwright": version(), "python": sys.version, "platform": platform.platform()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _system() -> dict[str, Any]:
    import resource
    import shutil

    usage = shutil.disk_usage(Path.cwd())
    limits = {
        name: resource.getrlimit(getattr(resource, name)) for name in ("RLIMIT_NOFILE", "RLIMIT_AS", "RLIMIT_CORE")
    }
    memory = {}
    if Path("/proc/meminfo").exists():
        wanted = ("MemTotal", "MemAvailable", "SwapFree")
        rows = (line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        memory = {name: value.strip() for name, value in rows if name in wanted}
    return {
        "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "zone": time.tzname,
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "memory": memory,
        "disk_free_bytes": usage.free,
        "limits": limits,
        "variables": sorted(name for name in os.environ if name.startswith(("TICKWRIGHT_", "APCA_"))),
    }


def _doctor(folder: Path | None) -> list[dict[str, Any]]:
    from tickwright.cli.doctor import examine

    return [check._asdict() for check in examine(folder)]


def _logs(folder: Path | None, tables: Any, config: str | None) -> str:
    from tickwright.cli.process import LOG, last_lines

    paths = [folder / LOG] if folder is not None else []
    named = tables.get("logging", {}).get("file") if isinstance(tables.get("logging"), dict) else None
    if isinstance(named, str) and config is not None:
        paths.append(Path(config).resolve().parent / named)
    parts = []
    for path in paths:
        lines = last_lines(path, LOG_LINES, max_bytes=4 << 20)
        parts.append(f"=== {path.name}: the last {len(lines)} lines\n" + "\n".join(lines) + "\n")
    return "\n".join(parts) or "no log on this machine\n"


def _journal(link: Link, folder: Path | None, records: int) -> dict[str, Any]:
    from tickwright import journal

    path = folder / "journal" if folder is not None else None
    if path is None or not path.is_dir():
        return {"remote": True, "records": _remote_records(link, records)}
    segments: list[dict[str, Any]] = [
        {"name": part.name, "bytes": part.stat().st_size} for part in sorted(path.iterdir())
    ]
    found: dict[str, Any] = {"segments": segments}
    if sum(segment["bytes"] for segment in segments) > VERIFY_BYTES:
        found["verified"] = "not: it is too long; `tickwright journal verify` does"
        return found | {"records": _remote_records(link, records)}
    report = journal.verify(path)
    found["verified"] = {
        "ok": report.ok,
        "id": report.id,
        "first": report.first,
        "last": report.last,
        "checkpoints": report.checkpoints,
        "closed": report.closed,
        "fault": str(report.fault) if report.fault else None,
    }
    rows: list[dict[str, Any]] = []
    end = (report.last or 0) + 1
    wanted = [kind for kind in journal.KINDS if kind not in MARKET_DATA]
    # Backwards in steps: most of a journal is market data.
    step = max(1_000, records * 10)
    while len(rows) < records and end > report.first:
        start = max(report.first, end - step)
        rows = [*_plain(path, start, end, wanted), *rows][-records:]
        end, step = start, step * 4
    return found | {"records": rows if records else []}


def _plain(path: Path, start: int, end: int, kinds: list[str]) -> list[dict[str, Any]]:
    from tickwright import journal
    from tickwright.cli.journal import _content

    return [
        {
            "sequence": record.sequence,
            "kind": journal.kind_name(record.kind),
            "event_ns": record.event_ts,
            "received_ns": record.recv_ts,
            "content": _content(record),
        }
        for record in journal.read(path, start=start, end=end, kinds=kinds)
    ]


def _remote_records(link: Link, records: int) -> list[dict[str, Any]]:
    from tickwright.cli.shown import as_dict
    from tickwright.errors import TickwrightError
    from tickwright.v1 import journal_pb2

    found: list[dict[str, Any]] = []
    try:
        stream = link.listen(journal_pb2.TailJournalRequest(limit=min(records, 10)))
        for message in islice(stream, 10):
            found += [as_dict(record) for record in message.records]
    except TickwrightError as error:
        found.append({"failed": str(error)})
    return found
