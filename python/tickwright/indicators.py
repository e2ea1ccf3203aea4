"""Technical indicators over arrays, panels, single rows and sets of symbols, all from one catalogue.

``ema(close, 20)`` runs over a column; ``Ema(20).update(101.25)`` takes one row at a time; :class:`IndicatorSet` updates
many indicators of many symbols in one call; a two-dimensional array is a panel of series. All run the same arithmetic
in the same order and agree to the last bit. :func:`list` describes what there is, ``help(tickwright.indicators.ema)``
one of them.

A column is a one-dimensional numpy array, any sequence of numbers, or anything with the Arrow PyCapsule interface;
contiguous float64 is not copied. Results are numpy arrays, or named tuples of them, as long as the input. Inputs come
first, in the order open, high, low, close, volume, only those that are needed; then parameters, by place or by name.

In a panel time runs along the rows (``[series × time]``); with ``axis=0`` it runs down the columns. ``out`` takes an
array for the result, or a tuple of one for each output, as numpy's functions do: float64, in one piece, no input.

Warm-up rows are NaN; where TA-Lib has the indicator, its first row and its seed are TA-Lib's. A row with a NaN, an
infinite input or a negative volume gives NaN and is otherwise skipped: later values are those of the series without it.

Bollinger's period defaults to 20, as its author has it (Bollinger 2001), not to TA-Lib's 5.

Examples
--------
>>> import tickwright as tw
>>> tw.indicators.sma([1.0, 2.0, 3.0, 4.0], 2).tolist()
[nan, 1.5, 2.5, 3.5]
>>> sma = tw.indicators.Sma(2)
>>> [sma.update(x) for x in (1.0, 2.0, 3.0)]
[nan, 1.5, 2.5]
>>> sma
Sma(period=2)
>>> import numpy as np
>>> tw.indicators.sma(np.array([[1.0, 2.0, 3.0], [4.0, 6.0, 8.0]]), 2).tolist()
[[nan, 1.5, 2.5], [nan, 5.0, 7.0]]
"""

# The functions and classes of the catalogue are made when they are asked for; indicators.pyi, which is generated from
# the catalogue too (tickwright._indicator_stubs), tells editors and type checkers about them.

from __future__ import annotations

import builtins
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from inspect import Parameter as Argument
from inspect import Signature
from typing import Any

from tickwright import _core
from tickwright.indicator_set import IndicatorSet as IndicatorSet


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an indicator."""

    name: str
    """Keyword."""
    default: int | float
    """Value where none is given."""
    min: int | float
    """Smallest value."""
    max: int | float
    """Largest value."""
    is_whole: bool
    """True for a whole number, mostly a count of rows; false for a real number."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """What an indicator is called, takes and gives."""

    name: str
    """Name of the function over arrays."""
    title: str
    """Full name."""
    family: str
    """average, momentum, volatility, volume, trend, cycle, statistics or pattern."""
    inputs: tuple[str, ...]
    """Input columns in order."""
    parameters: tuple[Parameter, ...]
    """Parameters in order."""
    outputs: tuple[str, ...]
    """Output columns in order."""
    first_row: str
    """Row of the first full value, as a formula of the parameters."""
    lookback: int
    """Rows before the first full value, with the defaults."""
    formula: str
    """The formula, in words and symbols."""
    source: str
    """Who defined it, and whose warm-up and edge rules are followed."""

    @property
    def class_name(self) -> str:
        """Name of the streaming class: ``PlusDi`` of ``plus_di``."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def defaults(self) -> dict[str, int | float]:
        """Parameters by name, with their defaults."""
        return {p.name: p.default for p in self.parameters}


@lru_cache(maxsize=1)
def _catalog() -> dict[str, Indicator]:
    described = {}
    for entry in _core.list_indicators():
        parameters = tuple(Parameter(*p) for p in entry.pop("parameters"))
        described[entry["name"]] = Indicator(parameters=parameters, **entry)
    return described


@lru_cache(maxsize=1)
def _classes() -> dict[str, Indicator]:
    return {entry.class_name: entry for entry in _catalog().values()}


def list() -> builtins.list[Indicator]:
    """Every indicator there is, by family.

    Returns
    -------
    list of Indicator

    Examples
    --------
    >>> import tickwright as tw
    >>> [i.name for i in tw.indicators.list()][:3]
    ['sma', 'ema', 'rma']
    """
    return [*_catalog().values()]


def docstring(entry: Indicator, *, streaming: bool = False) -> str:
    """Describe an indicator as its function's or its class's documentation does.

    Parameters
    ----------
    entry : Indicator
        What :func:`list` gives.
    streaming : bool
        Of the class that takes one row at a time, which has no inputs.

    Returns
    -------
    str
        NumPy-style text.
    """
    lines = [f"{entry.title}.", ""]
    arguments = [] if streaming else [f"{name} : array_like" for name in entry.inputs]
    described = []
    for p in entry.parameters:
        kind = "int" if p.is_whole else "float"
        described += [f"{p.name} : {kind}, default {p.default}", f"    From {p.min} to {p.max}."]
    if arguments or described:
        lines += ["Parameters", "----------", *arguments, *described, ""]
    if not streaming:
        kind = "numpy.ndarray" if len(entry.outputs) == 1 else f"{entry.class_name}Value of numpy.ndarray"
        shape = "As long as the inputs." if len(entry.outputs) == 1 else f"{', '.join(entry.outputs)}."
        lines += ["Returns", "-------", kind, f"    {shape}", ""]
    lines += [
        "Notes",
        "-----",
        f"{entry.formula[:1].upper()}{entry.formula[1:]}.",
        f"First full value at row {entry.first_row}. Source: {entry.source}.",
    ]
    return "\n".join(lines)


def _signature(entry: Indicator, *, streaming: bool = False) -> Signature:
    inputs = [] if streaming else [Argument(name, Argument.POSITIONAL_OR_KEYWORD) for name in entry.inputs]
    parameters = [Argument(p.name, Argument.POSITIONAL_OR_KEYWORD, default=p.default) for p in entry.parameters]
    options = {} if streaming else {"axis": -1, "out": None}
    keywords = [Argument(name, Argument.KEYWORD_ONLY, default=default) for name, default in options.items()]
    return Signature([*inputs, *parameters, *keywords])


def _value_class(entry: Indicator) -> type[Any]:
    name = f"{entry.class_name}Value"
    made = namedtuple(name, entry.outputs, module=__name__)  # type: ignore[misc]
    made.__doc__ = f"{entry.title}: {', '.join(entry.outputs)}."
    return made


def _function(entry: Indicator) -> Callable[..., Any]:
    run, name = _core.run_indicator, entry.name
    lines = None if len(entry.outputs) == 1 else __getattr__(f"{entry.class_name}Value")

    def function(*args: Any, axis: int = -1, out: Any = None, **keywords: Any) -> Any:
        return run(name, lines, axis, args, keywords, out)

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = docstring(entry)
    function.__signature__ = _signature(entry)  # type: ignore[attr-defined]
    return function


def _class(entry: Indicator) -> type[Any]:
    lines = None if len(entry.outputs) == 1 else __getattr__(f"{entry.class_name}Value")
    body = {
        "__module__": __name__,
        "__doc__": docstring(entry, streaming=True),
        "__slots__": (),
        "__signature__": _signature(entry, streaming=True),
        "_name": entry.name,
        "_lines": lines,
    }
    return type(entry.class_name, (getattr(_core, f"Indicator{len(entry.inputs)}"),), body)


def __getattr__(name: str) -> Any:
    catalog, classes = _catalog(), _classes()
    made: Any
    if name == "__all__":
        made = __dir__()
    elif name in catalog:
        made = _function(catalog[name])
    elif name in classes:
        made = _class(classes[name])
    elif name.endswith("Value") and len(classes.get(name[:-5], _ONE).outputs) > 1:
        made = _value_class(classes[name[:-5]])
    else:
        raise AttributeError(
            f"module {__name__!r} has no indicator {name!r}; tickwright.indicators.list() names them all"
        )
    # One object from now on, also where two threads asked at once.
    return globals().setdefault(name, made)


_ONE = Indicator("", "", "", (), (), ("",), "0", 0, "", "")


def __dir__() -> builtins.list[str]:
    classes = _classes()
    values = [f"{name}Value" for name, entry in classes.items() if len(entry.outputs) > 1]
    return sorted([*_catalog(), *classes, *values, "Indicator", "IndicatorSet", "Parameter", "docstring", "list"])
