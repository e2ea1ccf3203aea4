"""`slo.toml`: the budgets, read and validated whole, so that one run names every fault of the file."""

import math
import tomllib
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GATES = ("ci", "full")
UNITS = ("ns", "bytes")
COMPARISONS = ("none", "equal", "close")


class InvalidBudgets(ValueError):
    """The budget file cannot be used; the message lists every fault."""


@dataclass(frozen=True)
class Budget:
    """What a piece of work may cost, as a ratio to a floor that is measured in the same run."""

    name: str
    what: str
    ours: str
    floor: str
    max_ratio: float
    target: float  # what it should be per item on the reference machine, for the reader; what gates is the ratio
    gate: str  # "ci": in the short gate and the full one; "full": in the full one only
    unit: str = "ns"  # of both sides per item: "ns" or, of memory, "bytes"
    compare: str = "none"  # must both sides give the same result? "equal" to the last bit, "close" to 1e-9


TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "what": str,
    "ours": str,
    "floor": str,
    "max_ratio": (int, float),
    "target": (int, float),
    "gate": str,
    "unit": str,
    "compare": str,
}
OPTIONAL = {"compare", "unit"}


def faults_of(row: dict[str, Any], known: Container[str]) -> list[str]:
    """Return what is wrong with one budget."""
    found = [f"unknown key {key!r}; there are {', '.join(TYPES)}" for key in sorted(set(row) - set(TYPES))]
    found += [f"{key} is missing" for key in TYPES if key not in row and key not in OPTIONAL]
    for key, kind in TYPES.items():
        if key not in row:
            continue
        value = row[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            found.append(f"{key} must be a {'string' if kind is str else 'number'}, not {value!r}")
        elif isinstance(value, str) and not value.strip():
            found.append(f"{key} is empty")
        elif not isinstance(value, str) and not (math.isfinite(value) and value > 0):
            found.append(f"{key} must be finite and above zero, not {value!r}")
        elif key in ("ours", "floor") and value not in known:
            found.append(f"{key} names no measurement: {value!r}")
        elif key == "gate" and value not in GATES:
            found.append(f"gate must be one of {', '.join(GATES)}, not {value!r}")
        elif key == "unit" and value not in UNITS:
            found.append(f"unit must be one of {', '.join(UNITS)}, not {value!r}")
        elif key == "compare" and value not in COMPARISONS:
            found.append(f"compare must be one of {', '.join(COMPARISONS)}, not {value!r}")
    if "ours" in row and row.get("ours") == row.get("floor"):
        found.append("ours and floor are the same measurement")
    return found


def read(path: Path, known: Container[str]) -> list[Budget]:
    """Read the budgets of `path`; `known` are the names of the measurements that exist.

    Raises
    ------
    InvalidBudgets
        With every fault, each with the budget it is in.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidBudgets(f"{path.name}: {error}") from error
    rows = document.get("budget")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InvalidBudgets(f"{path.name}: no [[budget]] in it")
    found = [f"unknown table or key {key!r}" for key in sorted(set(document) - {"budget"})]
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        name = row.get("name", f"number {number}")
        found += [f"budget {name}: {fault}" for fault in faults_of(row, known)]
        if name in seen:
            found.append(f"budget {name}: the name is used twice")
        seen.add(name)
    if found:
        raise InvalidBudgets("\n".join(f"{path.name}: {fault}" for fault in found))
    return [Budget(**row) for row in rows]
