"""The register of measurements: a name, and a factory of the work that is timed.

    @measure("numpy_copy")
    def numpy_copy() -> Work:
        source = np.zeros(1 << 24, np.uint8)
        target = np.empty_like(source)
        return Work(lambda: np.copyto(target, source), items=source.size)

The factory prepares inputs and is not timed. Files named `measures_*.py` in this folder are found by `load()`.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Work:
    """One measurable piece of work.

    `run` does it once, for `items` items, and returns its result, so that the gate can compare what both sides make.
    Work that runs in another process gives `seconds` instead, which does it once and returns how long it took there; or
    `size`, where memory is measured and not time: it does the work once and returns the bytes it took.
    """

    run: Callable[[], Any] | None
    items: int
    seconds: Callable[[], float] | None = None
    size: Callable[[], int] | None = None

    def __post_init__(self) -> None:
        if sum(way is not None for way in (self.run, self.seconds, self.size)) != 1:
            raise ValueError("work needs one of `run`, `seconds` and `size`")
        if self.items < 1:
            raise ValueError(f"work needs at least one item, not {self.items}")

    @property
    def unit(self) -> str:
        """What is measured per item: nanoseconds or bytes."""
        return "ns" if self.size is None else "bytes"


Factory = Callable[[], Work]
MEASUREMENTS: dict[str, Factory] = {}


def measure(name: str) -> Callable[[Factory], Factory]:
    """Register a factory under `name`, which slo.toml then uses."""

    def register(factory: Factory) -> Factory:
        if name in MEASUREMENTS:
            raise ValueError(f"two measurements are named {name!r}")
        MEASUREMENTS[name] = factory
        return factory

    return register


def load() -> dict[str, Factory]:
    """Import every `measures_*.py` of this folder and return the register."""
    for path in sorted(Path(__file__).parent.glob("measures_*.py")):
        importlib.import_module(f"benches.{path.stem}")
    return MEASUREMENTS
