"""Signals as text: what ``str`` writes and :func:`tickwright.signal.parse` reads.

Text is parsed by Python's grammar and then walked with a list of what is allowed; it is never run.
"""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any, Final, cast

from tickwright.errors import SignalError
from tickwright.signal import INFIX, SOURCES, Node, binary, constant, functions, implies_bar, logical

__all__ = ["TEXT_MAX", "Reader", "written"]

#: Longest text that is read, characters.
TEXT_MAX: Final = 20_000

_CALLED: Final = {"min": "minimum", "max": "maximum"}
_SOURCE_NODES: Final[Mapping[str, Node]] = {name: Node(f"source:{name}") for name in SOURCES}
_ONE_LINE: Final = str.maketrans("\n\r\t\f", "    ")
_COMPARE: Final[Mapping[type[ast.cmpop], str]] = {ast.Gt: "gt", ast.Lt: "lt", ast.GtE: "ge", ast.LtE: "le"}


def written(root: Node) -> str:
    """Write an expression so that it reads back as the same."""
    done: dict[Node, str] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        missing = [a for a in node.args if a not in done]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        done[node] = _write_one(node, [done[a] for a in node.args])
    return done[root]


def _write_one(node: Node, args: list[str]) -> str:
    op = node.op
    if op == "const":
        return repr(node.params[0])
    if op.startswith("source:"):
        return op.removeprefix("source:")
    if op in INFIX:
        return f"({args[0]} {INFIX[op]} {args[1]})"
    if op in ("neg", "not"):
        return f"({'-' if op == 'neg' else '~'}{args[0]})"
    name, line, inputs = _indicators().get(op, (_CALLED.get(op, op), "", ()))
    # Columns of the bar itself need no naming.
    implied = inputs and implies_bar(inputs) and [a.op for a in node.args] == [f"source:{i}" for i in inputs]
    inner = ", ".join([*([] if implied else args), *(_number(p) for p in node.params)])
    return f"{name}({inner}){line}"


@lru_cache(maxsize=1)
def _indicators() -> Mapping[str, tuple[str, str, tuple[str, ...]]]:
    """Operation → the function's name, its line and its inputs."""
    from tickwright import indicators

    written_as = {}
    for entry in indicators.list():
        for line in entry.outputs:
            op = entry.name if line == entry.name else f"{entry.name}_{line}"
            written_as[op] = (entry.name, f".{line}" if len(entry.outputs) > 1 else "", entry.inputs)
    return written_as


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


class Reader:
    """Reads one expression; `where` is the place that errors name."""

    def __init__(self, text: str, names: Mapping[str, Node], where: str) -> None:
        self.text = text
        self.names = names
        self.where = where
        self.indent = 0
        self.encoded = b""

    def read(self) -> Node:
        """Give the expression, or a SignalError with the column and what would be right."""
        if not self.text.strip():
            raise SignalError(f"{self.where}: the expression is empty; write one such as `close > sma(close, 20)`")
        if len(self.text) > TEXT_MAX:
            raise SignalError(
                f"{self.where}: the expression has {len(self.text):,} characters; at most {TEXT_MAX:,} are read"
            )
        if "#" in self.text:
            raise self._error_at(
                self.text.index("#"),
                "a comment cannot stand inside an expression; put it on a line of its own, outside the quotes",
            )
        # One line of the same length, so that an expression may run over several lines and columns still count.
        flat = self.text.translate(_ONE_LINE)
        self.indent = len(flat) - len(flat.lstrip())
        self.encoded = flat[self.indent :].encode(errors="replace")
        try:
            tree = ast.parse(flat[self.indent :], mode="eval")
            value = self._value(tree.body)
        except SyntaxError as error:
            raise self._error_at(
                self._offset(error, flat),
                f"{error.msg}; write an expression such as `close > sma(close, 20)`",
            ) from None
        except SignalError:
            raise
        except ValueError as error:
            raise SignalError(f"{self.where}: {error}; use plain text") from None
        except (RecursionError, MemoryError):
            raise SignalError(
                f"{self.where}: the expression is nested too deeply; name parts of it under [signals]"
            ) from None
        return self._single(tree.body, value)

    def _error_at(self, offset: int, why: str) -> SignalError:
        lines = self.text.split("\n")
        before = self.text[:offset]
        line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
        start = max(0, column - 60)
        place = f"column {column + 1}" if len(lines) == 1 else f"line {line + 1}, column {column + 1}"
        return SignalError(
            f"{self.where}: {place}: {why}\n    {lines[line][start : start + 100]}\n    {' ' * (column - start)}^"
        )

    def _error(self, node: ast.AST, why: str) -> SignalError:
        # ast counts columns in bytes of UTF-8.
        before = self.encoded[: cast(int, getattr(node, "col_offset", 0))].decode(errors="ignore")
        return self._error_at(self.indent + len(before), why)

    def _offset(self, error: SyntaxError, flat: str) -> int:
        # Text that ends too early is reported on a line of its own, or at offset 0.
        if error.lineno != 1 or not error.offset:
            return len(flat.rstrip()) + 1 if flat.rstrip() != flat else len(flat)
        return self.indent + error.offset - 1

    def _guarded(self, node: ast.AST, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except SignalError as error:
            raise self._error(node, str(error).removeprefix("signal: ")) from None

    def _single(self, node: ast.AST, value: Any) -> Node:
        if isinstance(value, tuple):
            fields = " or ".join(f"`.{f}`" for f in type(value)._fields)  # type: ignore[attr-defined]
            raise self._error(node, f"gives several lines; choose one with {fields}")
        return cast(Node, value)

    def _one(self, node: ast.expr) -> Node:
        return self._single(node, self._value(node))

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    raise self._error(node, f"{value!r} is no number")
                return self._guarded(node, lambda: constant(value))
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.UnaryOp(op=op, operand=operand):
                inner = self._one(operand)
                if isinstance(op, ast.USub):
                    return -inner
                if isinstance(op, ast.UAdd):
                    return inner
                return self._guarded(operand, lambda: ~inner)
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(node, left, op, right)
            case ast.BoolOp(op=op, values=values):
                sign = "and" if isinstance(op, ast.And) else "or"
                result = self._one(values[0])
                for other in values[1:]:
                    a, b = result, self._one(other)
                    result = self._guarded(other if a.is_condition else node, partial(logical, sign, a, b))
                return result
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                if len(ops) > 1:
                    for part in (left, *comparators):
                        if isinstance(part, ast.BinOp) and isinstance(part.op, (ast.BitAnd, ast.BitOr)):
                            sign = "&" if isinstance(part.op, ast.BitAnd) else "|"
                            raise self._error(
                                part,
                                f"`{sign}` binds tighter than a comparison, so put comparisons in parentheses: "
                                f"`(a > b) {sign} (c > d)`",
                            )
                    raise self._error(node, "a chained comparison has no meaning here; write `(a < b) & (b < c)`")
                kind = _COMPARE.get(type(ops[0]))
                if kind is None:
                    raise self._error(node, "only `>`, `<`, `>=` and `<=` compare")
                return binary(kind, self._one(left), self._one(comparators[0]))
            case ast.Call():
                return self._call(node)
            case ast.Attribute(value=inner_node, attr=attr):
                lines = self._value(inner_node)
                if not isinstance(lines, tuple):
                    raise self._error(
                        node, f"`.{attr}` has no meaning here; only functions such as macd and bollinger have lines"
                    )
                fields: tuple[str, ...] = type(lines)._fields  # type: ignore[attr-defined]
                if attr not in fields:
                    raise self._error(node, f"no line `.{attr}`; there are {', '.join('.' + f for f in fields)}")
                return getattr(lines, attr)
            case _:
                raise self._error(
                    node,
                    f"{_PYTHON.get(type(node), 'this')} is not part of the signal language; use names, numbers, "
                    "functions and operators",
                )

    def _name(self, node: ast.AST, name: str) -> Node:
        found = self.names[name] if name in self.names else _SOURCE_NODES.get(name)
        if found is None:
            if name in functions():
                raise self._error(node, f"`{name}` is a function; call it: `{name}(...)`")
            known = [*self.names, *SOURCES]
            raise self._error(node, f"unknown name `{name}`{_nearest(name, known)}; known are {', '.join(known)}")
        return found

    def _binary(self, node: ast.expr, left: ast.expr, op: ast.operator, right: ast.expr) -> Node:
        a, b = self._one(left), self._one(right)
        match op:
            case ast.Add():
                return a + b
            case ast.Sub():
                return a - b
            case ast.Mult():
                return a * b
            case ast.Div():
                return a / b
            case ast.BitAnd() | ast.BitOr():
                bad = left if not a.is_condition else right
                return cast(Node, self._guarded(bad, lambda: a & b if isinstance(op, ast.BitAnd) else a | b))
            case _:
                raise self._error(node, "only + - * / & | join values")

    def _call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name):
            raise self._error(node, "only the functions of the signal language can be called")
        function = functions().get(node.func.id)
        if function is None:
            raise self._error(
                node,
                f"unknown function `{node.func.id}`{_nearest(node.func.id, functions())}; there are "
                f"{', '.join(functions())}",
            )
        args = []
        for arg in node.args:
            if isinstance(arg, ast.Starred):
                raise self._error(arg, "`*` has no meaning here")
            args.append(self._one(arg))
        keywords = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self._error(keyword.value, "`**` has no meaning here")
            keywords[keyword.arg] = self._one(keyword.value)
        try:
            return self._guarded(node, lambda: function(*args, **keywords))
        except TypeError as error:
            if isinstance(error, SignalError):
                raise
            raise self._error(node, f"{error}; it is {_usage(function)}") from None


_PYTHON: Final[Mapping[type[ast.AST], str]] = {
    ast.Lambda: "a lambda",
    ast.Subscript: "an index",
    ast.IfExp: "`if`",
    ast.List: "a list",
    ast.Tuple: "a tuple",
    ast.Dict: "a dict",
    ast.JoinedStr: "a formatted text",
    ast.NamedExpr: "`:=`",
}


def _usage(function: Callable[..., Any]) -> str:
    names = ", ".join(str(p).split(":")[0] for p in inspect.signature(function).parameters.values())
    return f"`{function.__name__}({names})`"


def _nearest(name: str, known: Iterable[str]) -> str:
    close_names = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f", did you mean `{close_names[0]}`?" if close_names else ""
