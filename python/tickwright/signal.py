"""Signals: expressions over market data that the core evaluates, event by event.

An expression is written with ordinary operators and functions, is immutable, and costs nothing until it runs:

>>> from tickwright import signal as s
>>> fast, slow = s.ema(s.close, 10), s.ema(s.close, 30)
>>> str(s.cross_above(fast, slow) & (s.position <= 0))
'(cross_above(ema(close, 10), ema(close, 30)) & (position <= 0.0))'

The same language as text, for rule files, is read by :func:`parse`; ``str`` writes it. Equal expressions are one
object, so
``s.ema(s.close, 10) is s.ema(s.close, 10)`` and ``==`` compares whole expressions; it never makes a signal.

A condition is 1.0 or 0.0, and NaN while any part of it is warming up; a rule acts on 1.0 only.
"""

from __future__ import annotations

import math
import operator
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from inspect import Parameter as Argument
from inspect import Signature
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast
from weakref import WeakValueDictionary

from tickwright.errors import SignalError

if TYPE_CHECKING:
    from tickwright.indicators import Indicator, Parameter

__all__ = [
    "SOURCES",
    "Bollinger",
    "Donchian",
    "Graph",
    "Macd",
    "Node",
    "abs",
    "ask",
    "ask_size",
    "atr",
    "bid",
    "bid_size",
    "bollinger",
    "close",
    "compile",
    "constant",
    "cross_above",
    "cross_below",
    "donchian",
    "ema",
    "high",
    "lag",
    "low",
    "macd",
    "maximum",
    "mid",
    "minimum",
    "obv",
    "open",
    "parse",
    "position",
    "price",
    "rma",
    "rsi",
    "sma",
    "volume",
    "vwap",
]

#: Names of what an expression can read at an event.
SOURCES: Final = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "bid",
    "ask",
    "mid",
    "bid_size",
    "ask_size",
    "price",
    "position",
)

PERIOD_MAX: Final = 1_000_000
_SHOWN_MAX: Final = 4_000

#: How operators are written.
INFIX: Final = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "gt": ">",
    "lt": "<",
    "ge": ">=",
    "le": "<=",
    "and": "&",
    "or": "|",
}
_CONDITIONS: Final = frozenset({"gt", "lt", "ge", "le", "and", "or", "not", "cross_above", "cross_below"})
_Key: TypeAlias = "tuple[str, tuple[Node, ...], tuple[float, ...]]"
_nodes: WeakValueDictionary[_Key, Node] = WeakValueDictionary()


class Node:
    """One immutable expression. Made by the functions and names of this module, not by hand."""

    __slots__ = ("__weakref__", "args", "op", "params", "size")

    op: str
    """Operation, as the core names it; ``source:close`` for a source."""
    args: tuple[Node, ...]
    """Inputs."""
    params: tuple[float, ...]
    """Numbers fixed at construction, such as a period."""
    size: int
    """Operations in the expression written out in full."""

    def __new__(cls, op: str, args: tuple[Node, ...] = (), params: tuple[float, ...] = ()) -> Node:
        """Give the node that says this, made now or before."""
        key = (op, args, params)
        known = _nodes.get(key)
        if known is not None:
            return known
        node = super().__new__(cls)
        for name, value in (("op", op), ("args", args), ("params", params), ("size", 1 + sum(a.size for a in args))):
            object.__setattr__(node, name, value)
        return _nodes.setdefault(key, node)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a signal is immutable; cannot set {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a signal is immutable; cannot delete {name!r}")

    def __reduce__(self) -> tuple[type[Node], _Key]:
        return (Node, (self.op, self.args, self.params))

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Node:
        return self

    @property
    def is_condition(self) -> bool:
        """True when the expression is 1.0 or 0.0 (a comparison, a crossing, or a combination of such)."""
        return self.op in _CONDITIONS

    def __bool__(self) -> bool:
        raise SignalError(
            f"signal {self.shown()}: has no truth value while a strategy is being described; write `&` for and, `|` "
            "for or, `~` for not, "
            "each comparison in parentheses, and a chained comparison as `(a < b) & (b < c)`"
        )

    def __add__(self, other: Node | float) -> Node:
        return binary("add", self, other)

    def __radd__(self, other: Node | float) -> Node:
        return binary("add", other, self)

    def __sub__(self, other: Node | float) -> Node:
        return binary("sub", self, other)

    def __rsub__(self, other: Node | float) -> Node:
        return binary("sub", other, self)

    def __mul__(self, other: Node | float) -> Node:
        return binary("mul", self, other)

    def __rmul__(self, other: Node | float) -> Node:
        return binary("mul", other, self)

    def __truediv__(self, other: Node | float) -> Node:
        return binary("div", self, other)

    def __rtruediv__(self, other: Node | float) -> Node:
        return binary("div", other, self)

    def __neg__(self) -> Node:
        if self.op == "const":
            return constant(-self.params[0])
        return Node("neg", (self,))

    def __pos__(self) -> Node:
        return self

    def __abs__(self) -> Node:
        return abs(self)

    def __gt__(self, other: Node | float) -> Node:
        return binary("gt", self, other)

    def __lt__(self, other: Node | float) -> Node:
        return binary("lt", self, other)

    def __ge__(self, other: Node | float) -> Node:
        return binary("ge", self, other)

    def __le__(self, other: Node | float) -> Node:
        return binary("le", self, other)

    def __and__(self, other: Node) -> Node:
        return logical("and", self, other)

    def __rand__(self, other: Node) -> Node:
        return logical("and", other, self)

    def __or__(self, other: Node) -> Node:
        return logical("or", self, other)

    def __ror__(self, other: Node) -> Node:
        return logical("or", other, self)

    def __invert__(self) -> Node:
        return Node("not", (_condition("~", self),))

    def __str__(self) -> str:
        from tickwright.signal_text import written

        return written(self) if self.size <= _SHOWN_MAX else f"<signal of {self.size} operations>"

    def __repr__(self) -> str:
        return f"<signal {self}>"

    def shown(self) -> str:
        """Return the expression as an error message quotes it: in backticks, and cut where it is long."""
        text = str(self)
        return f"`{text}`" if len(text) <= 120 else f"`{text[:117]}...`"


Signal: TypeAlias = Node | float
"""What a function of this module takes: an expression or a number."""


def constant(value: float) -> Node:
    """Make a number an expression; plain numbers are taken wherever an expression is, so this is seldom needed."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SignalError(f"signal: {value!r} is no number or signal{_about_bool(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise SignalError(
            f"signal: the constant {value!r:.40} is not finite; use a number between -1.8e308 and 1.8e308"
        )
    return Node("const", (), (number + 0.0,))


def _about_bool(value: object) -> str:
    return (
        "; `==`, `!=` and `in` compare whole expressions and give True or False: use `>=` and `<=`"
        if isinstance(value, bool)
        else ""
    )


def _node(value: Signal) -> Node:
    return value if isinstance(value, Node) else constant(value)


_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
}


def binary(op: str, left: Signal, right: Signal) -> Node:
    """Join two values by the operation `op`; arithmetic on constants is done here."""
    a, b = _node(left), _node(right)
    if a.op == b.op == "const" and op in _ARITHMETIC and not (op == "div" and b.params[0] == 0.0):
        value = _ARITHMETIC[op](a.params[0], b.params[0])
        if math.isfinite(value):
            return constant(value)
    return Node(op, (a, b))


def _condition(sign: str, value: object) -> Node:
    if not isinstance(value, Node):
        raise SignalError(f"signal: `{sign}` joins conditions, not {value!r}{_about_bool(value)}")
    if not value.is_condition:
        raise SignalError(
            f"signal: `{sign}` joins conditions, but {value.shown()} is a number; `{sign}` binds tighter than a "
            "comparison, "
            f"so put comparisons in parentheses: `(a > b) {sign if sign != '~' else '&'} (c > d)`"
        )
    return value


def logical(op: str, left: object, right: object) -> Node:
    """Join two conditions by ``and`` or ``or``."""
    sign = INFIX[op]
    return Node(op, (_condition(sign, left), _condition(sign, right)))


def _period(function: str, name: str, value: Signal, least: int = 1) -> float:
    if isinstance(value, Node) and value.op == "const":
        value = value.params[0]
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or value != value
        or not least <= value <= PERIOD_MAX
        or value != int(value)
    ):
        shown = value.shown() if isinstance(value, Node) else repr(value)
        raise SignalError(f"signal: {function}: {name} is {shown}; give a whole number from {least} to {PERIOD_MAX:,}")
    return float(value)


open: Final = Node("source:open")
"""First price of the bar."""
high: Final = Node("source:high")
"""Highest price of the bar."""
low: Final = Node("source:low")
"""Lowest price of the bar."""
close: Final = Node("source:close")
"""Last price of the bar; on quotes the midpoint, on trades the trade's price."""
volume: Final = Node("source:volume")
"""Shares of the bar, or of the trade."""
bid: Final = Node("source:bid")
"""Best bid, dollars."""
ask: Final = Node("source:ask")
"""Best ask, dollars."""
mid: Final = Node("source:mid")
"""Midpoint of bid and ask, dollars."""
bid_size: Final = Node("source:bid_size")
"""Shares at the bid."""
ask_size: Final = Node("source:ask_size")
"""Shares at the ask."""
price: Final = Node("source:price")
"""Close of the bar, price of the trade, midpoint of the quote, dollars."""
position: Final = Node("source:position")
"""Shares that the strategy holds; negative when short."""


def sma(x: Signal, period: int) -> Node:
    """Return the simple moving average of the last `period` values."""
    return Node("sma", (_node(x),), (_period("sma", "period", period),))


def ema(x: Signal, period: int) -> Node:
    """Exponential moving average with weight 2 ÷ (`period` + 1)."""
    return Node("ema", (_node(x),), (_period("ema", "period", period),))


def rma(x: Signal, period: int) -> Node:
    """Wilder's moving average: exponential with weight 1 ÷ `period`."""
    return Node("rma", (_node(x),), (_period("rma", "period", period),))


def rsi(x: Signal, period: int = 14) -> Node:
    """Wilder's relative strength index, 0 to 100."""
    return Node("rsi", (_node(x),), (_period("rsi", "period", period),))


class Macd(NamedTuple):
    """The three lines of :func:`macd`."""

    macd: Node
    """Fast less slow average."""
    signal: Node
    """Average of the macd line."""
    histogram: Node
    """macd less signal."""


def macd(x: Signal, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Return the moving average convergence divergence (Appel); use ``.macd``, ``.signal`` or ``.histogram``."""
    params = (_period("macd", "fast", fast), _period("macd", "slow", slow), _period("macd", "signal", signal))
    if params[0] >= params[1]:
        raise SignalError(f"signal: macd: fast {fast} is not below slow {slow}; give the shorter period first")
    return Macd(*(Node(op, (_node(x),), params) for op in ("macd", "macd_signal", "macd_histogram")))


class Bollinger(NamedTuple):
    """The three lines of :func:`bollinger`."""

    upper: Node
    """Average plus `width` deviations."""
    middle: Node
    """Average."""
    lower: Node
    """Average less `width` deviations."""


def bollinger(x: Signal, period: int = 20, width: float = 2.0) -> Bollinger:
    """Bollinger bands: simple average and `width` population standard deviations around it."""
    deviations = _node(width)
    if deviations.op != "const" or deviations.params[0] <= 0.0:
        raise SignalError(f"signal: bollinger: width is {width!r}; give a number of standard deviations above 0")
    params = (_period("bollinger", "period", period, least=2), deviations.params[0])
    return Bollinger(*(Node(f"bollinger_{line}", (_node(x),), params) for line in ("upper", "middle", "lower")))


def atr(period: int = 14) -> Node:
    """Wilder's average true range of the bars, dollars."""
    return Node("atr", (high, low, close), (_period("atr", "period", period),))


def vwap() -> Node:
    """Volume-weighted average price since the run began, dollars."""
    return Node("vwap", (high, low, close, volume))


def obv() -> Node:
    """On-balance volume (Granville), shares."""
    return Node("obv", (close, volume))


class Donchian(NamedTuple):
    """The three lines of :func:`donchian`."""

    upper: Node
    """Highest high."""
    middle: Node
    """Mean of upper and lower."""
    lower: Node
    """Lowest low."""


def donchian(period: int = 20) -> Donchian:
    """Donchian channel of the last `period` bars."""
    params = (_period("donchian", "period", period),)
    return Donchian(*(Node(f"donchian_{line}", (high, low), params) for line in ("upper", "middle", "lower")))


def _number(name: str, parameter: Parameter, value: Signal) -> float:
    if isinstance(value, Node) and value.op == "const":
        value = value.params[0]
    least, most = parameter.min, parameter.max
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or value != value
        or not least <= value <= most
        or (parameter.is_whole and value != int(value))
    ):
        kind = "whole number" if parameter.is_whole else "number"
        shown = value.shown() if isinstance(value, Node) else repr(value)
        raise SignalError(f"signal: {name}: {parameter.name} is {shown}; give a {kind} from {least} to {most}")
    return float(value)


_BAR: Final = frozenset({"open", "high", "low", "close", "volume"})


def implies_bar(inputs: Iterable[str]) -> bool:
    """Return true for inputs that are columns of the bar, and not any one series, so that they need no naming."""
    named = tuple(inputs)
    return named != ("close",) and set(named) <= _BAR


def _indicator(entry: Indicator) -> Callable[..., Any]:
    """Make the function of the signal language for an entry of the catalogue."""
    name, inputs = entry.name, entry.inputs
    names = [*inputs, *(p.name for p in entry.parameters)]
    implied = implies_bar(inputs)

    def function(*args: Signal, **keywords: Signal) -> Any:
        # Inputs that are columns of the bar may be left out as a whole; a number in their place is a parameter.
        given = bool(args) and isinstance(args[0], Node) and args[0].op != "const"
        skipped = implied and not given and not any(i in keywords for i in inputs)
        taken = names[len(inputs) :] if skipped else names
        if len(args) > len(taken):
            raise TypeError(f"{name}() takes {len(taken)} arguments and {len(args)} are given")
        values = dict(zip(taken, args, strict=False))
        for key, value in keywords.items():
            if key not in taken or key in values:
                raise TypeError(f"{name}() has no argument {key!r}, or it is given twice")
            values[key] = value
        if skipped:
            values |= {i: Node(f"source:{i}") for i in inputs}
        missing = [i for i in inputs if i not in values]
        if missing:
            raise TypeError(f"{name}() lacks {', '.join(missing)}")
        nodes = tuple(_node(values[i]) for i in inputs)
        params = tuple(_number(name, p, values.get(p.name, p.default)) for p in entry.parameters)
        lines = [Node(name if line == name else f"{name}_{line}", nodes, params) for line in entry.outputs]
        return lines[0] if len(lines) == 1 else _lines(name)(*lines)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{entry.title}: {entry.formula}."
    function.__signature__ = Signature(  # type: ignore[attr-defined]
        [Argument(i, Argument.POSITIONAL_OR_KEYWORD) for i in inputs if not implied]
        + [Argument(p.name, Argument.POSITIONAL_OR_KEYWORD, default=p.default) for p in entry.parameters]
    )
    return function


@cache
def _lines(name: str) -> type[Any]:
    from tickwright import indicators

    entry = next(e for e in indicators.list() if e.name == name)
    return cast(type[Any], namedtuple(entry.class_name, entry.outputs, module=__name__))


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        found = functions().get(name)
        if found is not None:
            return found
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}; tickwright.indicators.list() names indicators"
    )


def cross_above(a: Signal, b: Signal) -> Node:
    """Return a condition true at the event where `a` rises from below `b` to above it; a touch is no crossing."""
    return binary("cross_above", a, b)


def cross_below(a: Signal, b: Signal) -> Node:
    """Return a condition true at the event where `a` falls from above `b` to below it; a touch is no crossing."""
    return binary("cross_below", a, b)


def lag(x: Signal, n: int = 1) -> Node:
    """Return the value `n` evaluations ago."""
    return Node("lag", (_node(x),), (_period("lag", "n", n),))


def abs(x: Signal) -> Node:
    """Value without its sign."""
    return Node("abs", (_node(x),))


def minimum(a: Signal, b: Signal) -> Node:
    """Return the lesser of two values."""
    return binary("min", a, b)


def maximum(a: Signal, b: Signal) -> Node:
    """Return the greater of two values."""
    return binary("max", a, b)


class Graph(NamedTuple):
    """Expressions as the core takes them."""

    nodes: list[tuple[str, list[int], list[float]]]
    """``(operation, indices of inputs, numbers)``; inputs always come before what uses them, and no entry occurs
    twice."""
    outputs: list[int]
    """Index of each compiled expression, in the order given."""


def compile(nodes: Iterable[Node]) -> Graph:
    """Flatten expressions to one list in which every part occurs once, inputs before what uses them.

    Parameters
    ----------
    nodes : iterable of Node
        Expressions; parts that they share are shared in the result.

    Returns
    -------
    Graph
        Entries and the index of each expression.

    Examples
    --------
    >>> from tickwright import signal as s
    >>> s.compile([s.close > s.sma(s.close, 3)])
    Graph(nodes=[('source:close', [], []), ('sma', [0], [3.0]), ('gt', [0, 1], [])], outputs=[2])
    """
    index: dict[Node, int] = {}
    flat: list[tuple[str, list[int], list[float]]] = []
    roots = list(nodes)
    for root in roots:
        if not isinstance(root, Node):
            raise SignalError(f"signal: {root!r} is no signal; build one from tickwright.signal or parse it from text")
        stack = [root]
        while stack:
            node = stack[-1]
            if node in index:
                stack.pop()
                continue
            missing = [a for a in reversed(node.args) if a not in index]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            index[node] = len(flat)
            flat.append((node.op, [index[a] for a in node.args], list(node.params)))
    return Graph(flat, [index[root] for root in roots])


_OWN: Final[Mapping[str, Callable[..., Any]]] = {
    f.__name__: f
    for f in (
        sma,
        ema,
        rma,
        rsi,
        macd,
        bollinger,
        atr,
        vwap,
        obv,
        donchian,
        cross_above,
        cross_below,
        lag,
        abs,
        minimum,
        maximum,
    )
}

#: Function names that no part of a rule file may take. An indicator of the catalogue beyond these is only ever called,
#: so that a part may have its name, and files stay good when the catalogue grows.
RESERVED: Final = frozenset(_OWN)


@lru_cache(maxsize=1)
def functions() -> Mapping[str, Callable[..., Any]]:
    """Functions of the signal language by name: those of this module, and an indicator of the catalogue each.

    Returns
    -------
    mapping of str to callable

    Examples
    --------
    >>> from tickwright import signal as s
    >>> str(s.roc(s.close, 5) > 2)
    '(roc(close, 5) > 2.0)'
    """
    from tickwright import indicators

    return {**_OWN, **{e.name: _indicator(e) for e in indicators.list() if e.name not in _OWN and e.name != "abs"}}


def parse(text: str, names: Mapping[str, Node] | None = None, *, where: str = "signal") -> Node:
    """Read an expression from text.

    The text holds sources, numbers, the functions of this module, ``+ - * /``, comparisons, ``& | ~`` (or ``and or
    not``) and
    parentheses, and nothing else: it is never run as Python.

    Parameters
    ----------
    text : str
        The expression, such as ``"cross_above(ema(close, 10), ema(close, 30))"``.
    names : mapping of str to Node, optional
        Further names that the text may use.
    where : str
        Place to name in errors, such as ``"rules.toml: entry"``.

    Returns
    -------
    Node
        The expression.

    Raises
    ------
    SignalError
        With the column and what would be right.

    Examples
    --------
    >>> from tickwright import signal as s
    >>> s.parse("rsi(close, 14) < 30 and close > open") is (s.rsi(s.close, 14) < 30) & (s.close > s.open)
    True
    """
    from tickwright.signal_text import Reader

    if not isinstance(text, str):
        raise SignalError(f"{where}: {text!r} is no text; write the expression in quotes")
    return Reader(text, names or {}, where).read()
