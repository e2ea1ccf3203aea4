"""Strategies from files: ``FILE.py``, ``FILE.py:Name`` or ``FILE.toml``.

A Python file is run once, under a module name of its own, with its folder importable while it runs. What it offers
is, in this order: the name asked for; an object ``strategy``; a list ``strategies``; a function ``make()``; the one
subclass of :class:`tickwright.Strategy` defined in it. A TOML file holds :class:`tickwright.Rules`.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from tickwright.errors import ConfigError, StrategyError, TickwrightError
from tickwright.quoting import Quoting
from tickwright.rules import Rules, nearest

__all__ = ["load_strategies", "open_strategies", "parse_params"]


def parse_params(pairs: list[str]) -> dict[str, object]:
    """``["fast=10", "symbol=BAC"]`` as ``{"fast": 10, "symbol": "BAC"}``: Python literals where they are, else text."""
    params: dict[str, object] = {}
    for pair in pairs:
        key, sign, text = pair.partition("=")
        key = key.strip()
        if not sign or not key.isidentifier():
            raise ConfigError(f"--param {pair!r}: not of the form key=value; write for example `--param fast=10`")
        if key in params:
            raise ConfigError(f"--param {key}: given twice; give it once")
        try:
            params[key] = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            params[key] = {"true": True, "false": False}.get(text.strip().lower(), text)
    return params


def load_strategies(spec: str, params: Mapping[str, object] | None = None) -> list[Any]:
    """Load what `spec` names.

    Parameters
    ----------
    spec : str
        ``FILE.py``, ``FILE.py:Name`` or ``FILE.toml``.
    params : mapping, optional
        Arguments for the class or ``make()``, or values for ``[params]`` of a TOML file.

    Returns
    -------
    list
        :class:`tickwright.Rules` and instances of :class:`tickwright.Strategy`, at least one.

    Raises
    ------
    StrategyError
        When the file holds no usable strategy or fails while it runs.
    ConfigError
        When `spec`, a parameter or a rule file cannot work.
    """
    return open_strategies(spec)(params or {})


def open_strategies(spec: str) -> Callable[[Mapping[str, object]], list[Any]]:
    """Run the file that `spec` names, and give what makes its strategies of parameters, as `load_strategies` does.

    The file may be run in another thread than the one its strategies are made in and live in.

    Raises
    ------
    StrategyError, ConfigError
        As `load_strategies`.
    """
    file, name = spec, None
    if ".py:" in spec:
        file, _, name = spec.rpartition(":")
    path = Path(file)
    if path.suffix not in (".py", ".toml"):
        raise ConfigError(f"strategy {spec!r}: neither a .py nor a .toml file; give FILE.py, FILE.py:Name or FILE.toml")
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not there"
        raise StrategyError(f"{path}: the strategy file is {what}; check the path{_alike(path)}")
    if path.suffix == ".toml":
        return lambda params: [Rules.from_toml(path, dict(params))]
    module = _run(path)
    return lambda params: _chosen(module, path, name, dict(params))


def _alike(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir() if p.suffix in (".py", ".toml")]
    except OSError:
        return ""
    return nearest(path.name, names)


def _run(path: Path) -> ModuleType:
    resolved = path.resolve()
    name = f"_tickwright_strategy_{hashlib.sha256(str(resolved).encode()).hexdigest()[:12]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, resolved)
    if spec is None or spec.loader is None:
        raise StrategyError(f"{path}: cannot be loaded as Python; check that it is a Python file")
    module = importlib.util.module_from_spec(spec)
    folder = str(resolved.parent)
    sys.modules[name] = module
    sys.path.insert(0, folder)
    keep_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        sys.modules.pop(name, None)
        at = f"{error.filename or path}:{error.lineno or 1}"
        shown = f"\n    {error.text.rstrip()}" if error.text else ""
        raise StrategyError(f"{at}: the strategy is not valid Python: {error.msg}{shown}") from error
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise StrategyError(
            f"{_place(error, resolved, path)}: the strategy file failed while it was loaded: {_said(error)}; mend it "
            "there"
        ) from error
    finally:
        sys.dont_write_bytecode = keep_bytecode
        if folder in sys.path:
            sys.path.remove(folder)
    return module


def _place(error: BaseException, resolved: Path, path: Path) -> str:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(resolved)]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _said(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _chosen(module: ModuleType, path: Path, name: str | None, params: dict[str, object]) -> list[Any]:
    from tickwright.strategy import Strategy

    classes = {
        n: v
        for n, v in vars(module).items()
        if inspect.isclass(v) and issubclass(v, Strategy) and v.__module__ == module.__name__
    }
    if name is not None:
        if name not in vars(module):
            known = [*classes, *(n for n in ("strategy", "strategies", "make") if n in vars(module))]
            raise StrategyError(
                f"{path}: there is no {name!r} in it{nearest(name, known)}; there are "
                f"{', '.join(known) or 'no strategies'}"
            )
        return _made(getattr(module, name), f"{path}:{name}", params, Strategy)
    for offered in ("strategy", "strategies", "make"):
        if offered in vars(module):
            return _made(getattr(module, offered), f"{path}:{offered}", params, Strategy)
    if len(classes) == 1:
        ((only, cls),) = classes.items()
        return _made(cls, f"{path}:{only}", params, Strategy)
    if classes:
        raise StrategyError(
            f"{path}: holds several strategies ({', '.join(classes)}); choose one with {path}:{next(iter(classes))}, "
            "or define `strategies = [...]`"
        )
    raise StrategyError(
        f"{path}: holds no strategy; define a subclass of tickwright.Strategy, an object `strategy`, a list "
        "`strategies` or a function `make()`"
    )


def _made(value: Any, where: str, params: dict[str, object], base: type) -> list[Any]:
    if isinstance(value, (Rules, Quoting, base)):
        if params:
            raise ConfigError(
                f"--param {next(iter(params))}: {where} is an object already made; offer a class or "
                f"`make({', '.join(params)})` instead"
            )
        return [value]
    if inspect.isclass(value) and issubclass(value, base):
        return [_build(value, where, params)]
    if isinstance(value, (list, tuple)):
        if not value:
            raise StrategyError(f"{where}: the list is empty; put at least one strategy into it")
        return [s for i, item in enumerate(value) for s in _made(item, f"{where}[{i}]", params, base)]
    if callable(value) and not inspect.isclass(value):
        made = _build(value, where, params)
        return _made(made, f"{where}()", {}, base)
    raise StrategyError(
        f"{where}: is {type(value).__name__}, not a strategy; give a subclass of tickwright.Strategy, an instance of "
        "one, Rules or Quoting"
    )


def _build(make: Callable[..., Any], where: str, params: dict[str, object]) -> Any:
    params = dict(params)
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):
        signature = None
    attributes: dict[str, object] = {}
    if signature is not None:
        takes_any = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
        names = {n for n, p in signature.parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        settable = _settable(make)
        for key in list(params):
            if key in names or (takes_any and key not in settable):
                continue
            if key not in settable:
                known = sorted(names | settable)
                raise ConfigError(
                    f"--param {key}: {where} has no such parameter{nearest(key, known)}; it has "
                    f"{', '.join(known) or 'none'}"
                )
            attributes[key] = params.pop(key)
        missing = [
            n
            for n, p in signature.parameters.items()
            if p.default is p.empty
            and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
            and n not in params
        ]
        if missing:
            raise ConfigError(
                f"{where}: parameter {missing[0]!r} has no value; give it with `--param {missing[0]}=VALUE`"
            )
    try:
        made = make(**params)
        for key, value in attributes.items():
            setattr(made, key, value)
    except TickwrightError:
        raise
    except Exception as error:
        raise StrategyError(f"{where}: failed while it was made: {_said(error)}; mend it or its parameters") from error
    return made


def _settable(make: object) -> set[str]:
    """Plain class attributes, which a class without a constructor of its own uses as parameters with defaults."""
    if not inspect.isclass(make):
        return set()
    return {
        n
        for cls in make.__mro__
        if cls.__module__ == make.__module__
        for n, v in vars(cls).items()
        if not n.startswith("_") and isinstance(v, (int, float, str, bool, tuple, list, type(None)))
    }
