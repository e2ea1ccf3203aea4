"""What ``tickwright doctor`` finds out about the machine and the installation."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import stat
import sys
from pathlib import Path
from typing import Any, Literal, NamedTuple

__all__ = ["Check", "examine", "examine_engine", "version"]


class Check(NamedTuple):
    """One finding."""

    name: str
    """What was looked at."""
    state: Literal["ok", "warn", "fail"]
    """``fail`` means that backtests, or the node that was asked about, cannot run."""
    found: str
    """What there is, and the remedy where something is wrong."""


def examine(state: Path | None = None) -> list[Check]:
    """Every check of the machine, the gravest first within its subject; `state` is the folder of a node."""
    checks = [_python(), _package(), *_core(), *_libraries(), _data(), _cpu(), _terminal(), _temporary()]
    return [*checks, *_optional(), _clock(), _open_files(), *([] if state is None else _state(state))]


def _python() -> Check:
    version = f"{platform.python_implementation()} {platform.python_version()} ({platform.machine()}, {sys.platform})"
    return Check("python", "ok", version)


def _package() -> Check:
    return Check("package", "ok", f"tickwright {version()}")


def version() -> str:
    """Version of the installed package, or ``not installed`` when it runs from its sources."""
    try:
        return importlib.metadata.version("tickwright")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _core() -> list[Check]:
    try:
        core = importlib.import_module("tickwright._core")
    except ImportError as error:
        return [
            Check(
                "core", "fail", f"cannot be imported ({error}); build it with `make build`, or install the wheel again"
            )
        ]
    name = Path(getattr(core, "__file__", "") or "").name
    checks = [
        Check(
            "core",
            "ok",
            f"{name or 'built in'} ({'abi3, CPython 3.11 and newer' if '.abi3.' in name else 'for this Python only'})",
        )
    ]
    debug = getattr(core, "DEBUG_BUILD", None)
    if debug:
        checks.append(Check("build", "warn", "debug build, many times slower; build with `make build` (release)"))
    elif debug is not None:
        checks.append(Check("build", "ok", "release"))
    return checks


def _libraries() -> list[Check]:
    checks = []
    for name in ("numpy", "pyarrow", "pydantic", "typer", "rich", "plotly"):
        try:
            checks.append(Check(name, "ok", importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            checks.append(Check(name, "fail", f"missing; install it with `pip install {name}`"))
    return checks


def _optional() -> list[Check]:
    checks = []
    for extra, names in (("alpaca", ("msgpack", "websockets")), ("control", ("grpcio", "grpcio-status", "protobuf"))):
        missing = [name for name in names if not _installed(name)]
        if missing:
            found = f"not installed ({', '.join(missing)} missing); pip install 'tickwright[{extra}]'"
            checks.append(Check(extra, "warn", found))
        else:
            checks.append(Check(extra, "ok", ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)))
    return checks


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _clock() -> Check:
    """Ask the kernel whether something keeps the clock right (adjtimex(2): 5 is TIME_ERROR, not synchronised)."""
    import ctypes
    import time

    if time.time() < 1_700_000_000:
        return Check("clock", "fail", f"it is {time.strftime('%Y-%m-%d', time.gmtime())} here; set the clock right")
    if not sys.platform.startswith("linux"):
        return Check("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    if state == 5:
        return Check(
            "clock", "warn", f"{now}; the kernel knows of nothing that keeps it right: run chrony or timesyncd"
        )
    return Check("clock", "ok", f"{now}, kept right")


def _open_files() -> Check:
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < 1_024:
        return Check("open files", "warn", f"{soft:,} at most; `ulimit -n 4096` before a node is started")
    return Check("open files", "ok", f"{soft:,} at most" if soft != resource.RLIM_INFINITY else "no limit")


def _state(state: Path) -> list[Check]:
    """Look at the state folder of a node: whether it can be written, has room, and lets nobody else in."""
    if not state.is_dir():
        return [Check("state folder", "warn", f"{state} is not there; a first start makes it")]
    if not os.access(state, os.W_OK | os.X_OK):
        return [Check("state folder", "fail", f"{state} cannot be written by this user; a node cannot run there")]
    free = shutil.disk_usage(state).free
    journal = sum(part.stat().st_size for part in (state / "journal").glob("*") if part.is_file())
    room = f"{state}, {free / (1 << 30):,.1f} GiB free, journal {journal / (1 << 20):,.1f} MiB"
    few = free < (1 << 30)
    checks = [Check("state folder", "fail" if free < (64 << 20) else "warn" if few else "ok", room)]
    for name in ("tokens.json", "control.sock"):
        path = state / name
        if path.exists():
            mode = stat.S_IMODE(path.stat().st_mode)
            loose = bool(mode & 0o077) and name == "tokens.json"
            said = f"{path}, mode {mode:03o}" + (f"; others may read it: chmod 600 {path}" if loose else "")
            checks.append(Check(name, "fail" if loose else "ok", said))
    return checks


def examine_engine(link: Any) -> list[Check]:
    """Every check of the way to an engine, and of what it says of itself."""
    from tickwright.cli.control import ask_status
    from tickwright.cli.process import pid_of
    from tickwright.errors import RemoteError, UnreachableError

    address, state = link.target.address, link.target.state
    number = None if state is None else pid_of(state)
    try:
        status = ask_status(link)
    except UnreachableError as error:
        # No engine is no fault of the machine; one whose process lives and does not answer is.
        return [Check("engine", "warn" if number is None else "fail", str(error)), *_ports(link)]
    except RemoteError as error:
        return [Check("engine", "fail", f"{address}: {error}")]
    checks = [Check("engine", "ok", f"{address}, {status['state']}" + (f", process {number}" if number else ""))]
    ours = version()
    same = ours in (status["version"], "not installed")
    checks.append(
        Check(
            "versions",
            "ok" if same else "warn",
            f"engine {status['version']}, command line {ours}" + ("" if same else "; install the engine's here"),
        )
    )
    checks += [
        Check(f"engine: {part['name']}", "ok" if part["healthy"] else "warn", part["detail"])
        for part in status["components"]
    ]
    return checks


def _ports(link: Any) -> list[Check]:
    """Say whether the TCP addresses that the configuration names are free for a node that does not run."""
    import socket

    if link.config is None:
        return []
    from tickwright.config import load_config

    checks = []
    control = getattr(load_config(link.config), "control", None)
    for address in getattr(control, "listen", ()):
        host, _, port = str(address).rpartition(":")
        if address.startswith("unix:") or port == "0":
            continue
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host.strip("[]"), int(port)))
                checks.append(Check(f"port {port}", "ok", f"{address} is free"))
            except OSError as error:
                checks.append(Check(f"port {port}", "fail", f"{address} cannot be listened on: {error.strerror}"))
    return checks


def _data() -> Check:
    folder = os.environ.get("TICKWRIGHT_DATA")
    if not folder:
        return Check("data folder", "ok", "TICKWRIGHT_DATA is not set; only the project's own tests need it")
    if not Path(folder).is_dir():
        return Check("data folder", "warn", f"TICKWRIGHT_DATA={folder} is not a folder; mend or unset it")
    return Check("data folder", "ok", folder)


def _cpu() -> Check:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("cpu", "ok", f"{usable} of {os.cpu_count()} cores usable")


def _terminal() -> Check:
    size = shutil.get_terminal_size()
    kind = "terminal" if sys.stdout.isatty() else "not a terminal"
    encoding = (sys.stdout.encoding or "").lower()
    if "utf" not in encoding:
        return Check(
            "terminal", "warn", f"{kind}, encoding {encoding or 'unknown'}; set PYTHONUTF8=1 to see every character"
        )
    return Check("terminal", "ok", f"{kind}, {size.columns} columns, {encoding}")


def _temporary() -> Check:
    free = shutil.disk_usage(Path.cwd()).free
    state: Literal["ok", "warn"] = "ok" if free > 1 << 30 else "warn"
    return Check(
        "disk",
        state,
        f"{free / (1 << 30):,.1f} GiB free here" + ("" if state == "ok" else "; make room before large runs"),
    )
