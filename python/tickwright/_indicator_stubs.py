"""Writes ``indicators.pyi`` from the catalogue: ``python -m tickwright._indicator_stubs``."""

from __future__ import annotations

from pathlib import Path

from tickwright import indicators
from tickwright.indicators import Indicator

__all__ = ["STUB", "text"]

#: The stub file, beside the module it describes.
STUB = Path(__file__).with_name("indicators.pyi")

_HEAD = '''\
# Generated from the catalogue by `python -m tickwright._indicator_stubs`; do not edit.
"""Technical indicators over arrays, panels, single rows and sets of symbols, all from one catalogue."""

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from tickwright.indicator_set import IndicatorSet as IndicatorSet

_Floats: TypeAlias = npt.NDArray[np.float64]
_T_co = TypeVar("_T_co", covariant=True)

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

_Column: TypeAlias = npt.ArrayLike | _ArrowArray | _ArrowStream

class _Streaming(Generic[_T_co]):
    """What all streaming indicators have."""

    @property
    def value(self) -> _T_co:
        """The outputs of the last row that was not missing."""

    @property
    def ready(self) -> bool:
        """True once the look-back is behind."""

    @property
    def lookback(self) -> int:
        """Rows before the one with the first full value."""

    @property
    def parameters(self) -> dict[str, int | float]:
        """Parameters by name."""

    def reset(self) -> None:
        """Forget everything but the parameters."""

    def state(self) -> builtins.list[float]:
        """Everything that later values depend on, as numbers."""

    def restore(self, state: Sequence[float]) -> None:
        """Take up the state of an indicator with the same parameters."""

    def __reduce__(self) -> tuple[type[Self], tuple[int | float, ...], builtins.list[float]]: ...
    def __setstate__(self, state: Sequence[float]) -> None: ...

@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an indicator."""

    name: str
    default: int | float
    min: int | float
    max: int | float
    is_whole: bool

@dataclass(frozen=True, slots=True)
class Indicator:
    """What an indicator is called, takes and gives."""

    name: str
    title: str
    family: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    first_row: str
    lookback: int
    formula: str
    source: str

    @property
    def class_name(self) -> str:
        """Name of the streaming class."""

    @property
    def defaults(self) -> dict[str, int | float]:
        """Parameters by name, with their defaults."""

def list() -> builtins.list[Indicator]:
    """Every indicator there is, by family."""

def docstring(entry: Indicator, *, streaming: bool = False) -> str:
    """Describe an indicator as its function's or its class's documentation does."""

def __getattr__(name: str) -> Any: ...
'''


def _definition(indent: str, name: str, arguments: list[str], result: str, body: str = "") -> str:
    line = f"{indent}def {name}({', '.join(arguments)}) -> {result}:{body}"
    if len(line) <= 120:
        return line
    inner = "".join(f"{indent}    {argument},\n" for argument in arguments)
    return f"{indent}def {name}(\n{inner}{indent}) -> {result}:{body}"


def _documented(text: str, indent: str) -> str:
    lines = text.split("\n")
    inner = "\n".join(f"{indent}{line}" if line else "" for line in lines)
    return f'{indent}"""{inner.lstrip()}\n{indent}"""'


def _entry(entry: Indicator) -> str:
    several, name = len(entry.outputs) > 1, entry.class_name
    parts = []
    if several:
        fields = "\n".join(f"    {output}: _T_co" for output in entry.outputs)
        title = f"{entry.title}: {', '.join(entry.outputs)}."
        head = f"class {name}Value(NamedTuple, Generic[_T_co]):"
        parts.append(f'{head}\n    """{title}"""\n\n{fields}')
    columns = [f"{i}: _Column" for i in entry.inputs]
    rows = [f"{i}: float" for i in entry.inputs]
    settings = [f"{p.name}: {'int' if p.is_whole else 'float'} = {p.default!r}" for p in entry.parameters]
    arrays, numbers = (f"{name}Value[_Floats]", f"{name}Value[float]") if several else ("_Floats", "float")
    out = f"tuple[{', '.join(['_Floats'] * len(entry.outputs))}] | None = None" if several else "_Floats | None = None"
    made = _definition("", entry.name, [*columns, *settings, "*", "axis: int = -1", f"out: {out}"], arrays)
    parts.append(f"{made}\n{_documented(indicators.docstring(entry), '    ')}")
    methods = [
        _definition("    ", "__new__", ["cls", *settings], "Self", " ..."),
        _definition("    ", "update", ["self", *rows, "/"], numbers)
        + '\n        """Take one row; NaN while warming up or where an input is missing."""',
        _definition("    ", "extend", ["self", *columns, "/"], arrays) + '\n        """As `update` for each row."""',
    ]
    streaming = _documented(indicators.docstring(entry, streaming=True), "    ")
    parts.append(
        f"class {name}(_Streaming[{numbers}]):\n{streaming}\n\n" + "\n".join(methods[:2]) + "\n\n" + methods[2]
    )
    return "\n\n".join(parts)


def text() -> str:
    """Return the stub that the catalogue asks for."""
    return "\n".join([_HEAD, *(f"{_entry(entry)}\n" for entry in indicators.list())])


if __name__ == "__main__":
    STUB.write_text(text(), encoding="utf-8")
    print(f"{STUB.name}: {len(indicators.list())} indicators")
