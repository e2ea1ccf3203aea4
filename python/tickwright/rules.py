"""Rules: a strategy described by signals, which runs wholly in the core.

>>> import tickwright.signal as s
>>> from tickwright.rules import Fraction, Rules
>>> fast, slow = s.ema(s.close, 10), s.ema(s.close, 30)
>>> rules = Rules(entry=s.cross_above(fast, slow), exit=s.cross_below(fast, slow), size=Fraction(0.2), bars="1m")
>>> rules.to_spec()["size"]
('fraction', 0.2)
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeAlias

from tickwright import signal
from tickwright.errors import ConfigError
from tickwright.signal import Node

__all__ = ["Fraction", "Notional", "Rules", "Shares", "Size"]

_ON: Final = ("auto", "bar", "quote", "trade")
_BARS: Final = re.compile(
    r"[1-9][0-9]{0,8}(ms|s|m|h|d)|(tick|volume|dollar):[1-9][0-9]{0,17}|[1-9][0-9]{0,17} (ticks|shares|dollars)"
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BARS_HELP: Final = (
    "give a duration such as '1s', '5m', '1h' or '1d', or '500 ticks', '10000 shares', '1000000 dollars' "
    "(also written 'tick:500', 'volume:10000', 'dollar:1000000')"
)


def _positive(kind: str, value: object, most: float = math.inf) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not 0 < value <= most
        or not math.isfinite(value)
    ):
        limit = f" and at most {most:g}" if most < math.inf else ""
        raise ConfigError(f"{kind}: {value!r} cannot be a size; give a number above 0{limit}")
    return float(value)


@dataclass(frozen=True, slots=True)
class Fraction:
    """Size of a position as a fraction of equity at the time of the order: 0.2 is 20 %; above 1 borrows."""

    value: float
    """Fraction of equity, above 0 and at most 100."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _positive("Fraction", self.value, 100.0))


@dataclass(frozen=True, slots=True)
class Shares:
    """Size of a position in shares."""

    value: float
    """Shares, above 0."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _positive("Shares", self.value))


@dataclass(frozen=True, slots=True)
class Notional:
    """Size of a position in dollars."""

    value: float
    """Dollars, above 0."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _positive("Notional", self.value))


class _RulesError(ConfigError):
    def __init__(self, faults: list[str]) -> None:
        super().__init__(listed("Rules", faults))
        self.faults = faults


Size: TypeAlias = Fraction | Shares | Notional
_SIZES: Final[Mapping[str, type[Fraction] | type[Shares] | type[Notional]]] = {
    "fraction": Fraction,
    "shares": Shares,
    "notional": Notional,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A strategy of conditions: enter when `entry` is true and flat, leave when `exit` is.

    Raises
    ------
    ConfigError
        When a setting cannot work; the message names it.
    """

    entry: Node | None = None
    """Condition to buy when flat (or to turn from short to long)."""
    exit: Node | None = None
    """Condition to sell what is held; without it only `stop_loss`, `take_profit` or a short entry ends a long
    position."""
    short_entry: Node | None = None
    """Condition to sell short when flat."""
    short_exit: Node | None = None
    """Condition to buy back a short position."""
    size: Size = Fraction(1.0)
    """Size of a new position."""
    on: str = "auto"
    """Events that evaluate the conditions: ``bar``, ``quote``, ``trade``, or ``auto``: bars where `bars` is given or
    the data hold bars,
    else quotes where an expression reads them, else trades."""
    bars: str | None = None
    """Bars to build from quotes or trades, such as ``1m``."""
    symbols: tuple[str, ...] | None = None
    """Symbols to trade; None trades all."""
    name: str = "rules"
    """Name in results."""
    stop_loss: float | None = None
    """Leave when the price is this fraction worse than the average entry price: 0.02 is 2 %."""
    take_profit: float | None = None
    """Leave when the price is this fraction better than the average entry price."""

    def __post_init__(self) -> None:
        if isinstance(self.symbols, (list, tuple)):
            object.__setattr__(self, "symbols", tuple(self.symbols))
        faults = _faults({field.name: getattr(self, field.name) for field in fields(self)})
        if faults:
            raise _RulesError(faults)

    def to_spec(self) -> dict[str, Any]:
        """Return the rules as the core takes them.

        Returns
        -------
        dict
            ``nodes`` is the list of :func:`tickwright.signal.compile`; ``entry``, ``exit``, ``short_entry`` and
            ``short_exit`` are indices into it or None; ``size`` is ``(kind, value)`` with kind ``fraction``,
            ``shares`` or ``notional``; the rest are the fields.
        """
        conditions = ("entry", "exit", "short_entry", "short_exit")
        given = [(f, node) for f in conditions if (node := getattr(self, f)) is not None]
        graph = signal.compile(node for _, node in given)
        indices: dict[str, int | None] = dict.fromkeys(conditions)
        indices.update({f: index for (f, _), index in zip(given, graph.outputs, strict=True)})
        return {
            "name": self.name,
            "symbols": None if self.symbols is None else list(self.symbols),
            "on": self.on,
            "bars": self.bars,
            "nodes": graph.nodes,
            **indices,
            "size": (type(self.size).__name__.lower(), self.size.value),
            "stop_loss": self.stop_loss,
            "take_profit": self.take_profit,
        }

    @classmethod
    def from_toml(cls, path: str | Path, params: Mapping[str, object] | None = None) -> Rules:
        """Read rules from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file; docs/configuration.md describes it.
        params : mapping, optional
            Values that take the place of those under ``[params]`` in the file.

        Raises
        ------
        ConfigError
            With all that is wrong, each with its key and, inside an expression, its column.
        """
        path = Path(path)
        return cls.from_table(read_toml(path), where=str(path), params=params, default_name=path.stem)

    @classmethod
    def from_table(
        cls,
        table: Mapping[str, Any],
        *,
        where: str,
        params: Mapping[str, object] | None = None,
        default_name: str = "rules",
    ) -> Rules:
        """Rules from the content of a TOML file; see :meth:`from_toml`. `where` names the place in errors."""
        faults: list[str] = []
        known = (
            "name",
            "symbols",
            "on",
            "bars",
            "entry",
            "exit",
            "short_entry",
            "short_exit",
            "stop_loss",
            "take_profit",
            "params",
            "signals",
            "size",
        )
        for key in table:
            if key not in known:
                faults.append(f"{key}: unknown key{nearest(key, known)}; known are {', '.join(known)}")
        names = _constants(table.get("params", {}), params or {}, faults)
        for name, text in _subtable(table, "signals", faults).items():
            if not _free(name, names, "signals", faults):
                continue
            node = _parsed(text, names, f"signals.{name}", faults)
            if node is not None:
                names[name] = node
        settings: dict[str, Any] = {"name": default_name}
        for key in ("name", "symbols", "on", "bars", "stop_loss", "take_profit"):
            if key in table:
                settings[key] = table[key]
        for key in ("entry", "exit", "short_entry", "short_exit"):
            if key in table:
                settings[key] = _parsed(table[key], names, key, faults)
        if "size" in table:
            settings["size"] = _size(table["size"], faults)
        if not faults:
            try:
                return cls(**settings)
            except _RulesError as error:
                faults.extend(error.faults)
        raise ConfigError(listed(where, faults))


def _faults(given: Mapping[str, Any]) -> list[str]:
    faults: list[str] = []
    for field in ("entry", "exit", "short_entry", "short_exit"):
        node = given[field]
        if node is None:
            continue
        if not isinstance(node, Node):
            hint = (
                "; `==` compares whole expressions and gives True or False: use `>=` and `<=`"
                if isinstance(node, bool)
                else ""
            )
            faults.append(f"{field}: {node!r} is no signal{hint}; build one from tickwright.signal")
        elif not node.is_condition:
            faults.append(
                f"{field}: {node.shown()} is a number, not a condition; compare it, such as `{field} = x > 0`"
            )
    if given["entry"] is None and given["short_entry"] is None:
        faults.append("entry: there is neither `entry` nor `short_entry`, so nothing would ever be traded; give one")
    if given["exit"] is not None and given["entry"] is None:
        faults.append("exit: there is no `entry` that it could end; give `entry`, or use `short_exit`")
    if given["short_exit"] is not None and given["short_entry"] is None:
        faults.append("short_exit: there is no `short_entry` that it could end; give `short_entry`, or use `exit`")
    if not isinstance(given["size"], (Fraction, Shares, Notional)):
        faults.append(f"size: {given['size']!r} is no size; give Fraction(0.2), Shares(100) or Notional(10_000)")
    if given["on"] not in _ON:
        faults.append(f"on: {given['on']!r} is unknown; choose one of {', '.join(_ON)}")
    if given["bars"] is not None and not (isinstance(given["bars"], str) and _BARS.fullmatch(given["bars"])):
        faults.append(f"bars: {given['bars']!r} is no kind of bar; {BARS_HELP}")
    elif given["bars"] is not None and given["on"] in ("quote", "trade"):
        faults.append(f"bars: {given['bars']!r} would never be used with on={given['on']!r}; leave one of them out")
    symbols = given["symbols"]
    if symbols is not None and not isinstance(symbols, tuple):
        faults.append(f"symbols: {symbols!r} is no list; give a list such as ['BAC']")
    elif symbols is not None and (
        not symbols
        or not all(isinstance(s, str) and s.strip() == s and s for s in symbols)
        or len(set(symbols)) < len(symbols)
    ):
        faults.append(
            f"symbols: {list(symbols)!r} is not a list of different symbols; give one such as ['BAC'], "
            "or leave it out to trade all"
        )
    if not isinstance(given["name"], str) or not given["name"].strip():
        faults.append(f"name: {given['name']!r} is no name; give some text")
    for field, most in (("stop_loss", 1.0), ("take_profit", 1e6)):
        value = given[field]
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < most
        ):
            faults.append(
                f"{field}: {value!r} is no fraction; give a number above 0 and below {most:g}, such as 0.02 for 2 %"
            )
    return faults


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file, or raise a ConfigError that says what is wrong with it."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); check that it is a file and its permissions"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply to be read") from None


def nearest(key: str, known: Iterable[str]) -> str:
    """``, did you mean 'x'?`` for the known key most like `key`, or nothing."""
    found = difflib.get_close_matches(key, list(known), 1, 0.6)
    return f", did you mean '{found[0]}'?" if found else ""


def listed(where: str, faults: list[str]) -> str:
    """One message for all `faults` found at `where`."""
    if len(faults) == 1:
        return f"{where}: {faults[0]}"
    return f"{where}: {len(faults)} errors\n" + "\n".join(f"  {fault}" for fault in faults)


def _subtable(table: Mapping[str, Any], key: str, faults: list[str]) -> Mapping[str, Any]:
    value = table.get(key, {})
    if isinstance(value, Mapping):
        return value
    faults.append(f"{key}: {value!r} is no table; write it as [{key}]")
    return {}


def _free(name: str, names: Mapping[str, Node], table: str, faults: list[str]) -> bool:
    if not _NAME.fullmatch(name) or name in ("and", "or", "not"):
        faults.append(f"{table}.{name}: not a name; use letters, digits and _")
    elif name in signal.SOURCES or name in signal.RESERVED:
        faults.append(f"{table}.{name}: the name is taken by the signal language; choose another")
    elif name in names:
        faults.append(f"{table}.{name}: the name is given twice; choose another")
    else:
        return True
    return False


def _constants(table: object, given: Mapping[str, object], faults: list[str]) -> dict[str, Node]:
    values = dict(_subtable({"params": table}, "params", faults))
    for key, value in given.items():
        if key in values:
            values[key] = value
        else:
            there = f"there are {', '.join(values)}" if values else "the file has no [params]"
            faults.append(f"params.{key}: unknown parameter{nearest(key, values)}; {there}")
    names: dict[str, Node] = {}
    for name, value in values.items():
        if not _free(name, names, "params", faults):
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            faults.append(f"params.{name}: {value!r} is no number")
        else:
            names[name] = signal.constant(value)
    return names


def _parsed(text: Any, names: Mapping[str, Node], key: str, faults: list[str]) -> Node | None:
    try:
        return signal.parse(text, names, where=key)
    except ConfigError as error:
        faults.append(str(error))
        return None


def _size(value: object, faults: list[str]) -> Size | None:
    if isinstance(value, Mapping) and len(value) == 1:
        ((kind, amount),) = value.items()
        if kind in _SIZES:
            try:
                return _SIZES[kind](amount)
            except ConfigError as error:
                faults.append(f"size.{kind}: {error}")
                return None
    faults.append(
        f"size: {value!r} is no size; write one of `size.fraction = 0.2`, `size.shares = 100`, `size.notional = 10_000`"
    )
    return None
