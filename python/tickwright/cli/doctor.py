"""What ``tickwright doctor`` finds out about the machine and the installation."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Literal, NamedTuple

__all__ = ["Check", "examine"]


class Check(NamedTuple):
    """One finding."""

    name: str
    """What was looked at."""
    state: Literal["ok", "warn", "fail"]
    """``fail`` means that backtests cannot run."""
    found: str
    """What there is, and the remedy where something is wrong."""


def examine() -> list[Check]:
    """Every check, the gravest first within its subject."""
    return [_python(), _package(), *_core(), *_libraries(), _data(), _cpu(), _terminal(), _temporary()]


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
