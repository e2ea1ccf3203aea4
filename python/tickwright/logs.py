"""Structured logging on the standard library.

Nothing is set up at import: until :func:`configure` is called the package is silent. A disabled level costs one
``isEnabledFor``; write ``log.debug("filled %s", id, extra={...})`` and the text is made only when it is wanted.
Secrets are taken out of every record before a formatter sees it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import logging.handlers
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, TextIO

from tickwright.errors import ConfigError

__all__ = [
    "LEVELS",
    "JsonFormatter",
    "SecretFilter",
    "add_secret",
    "bound",
    "configure",
    "fields",
    "get_logger",
    "redact",
]

ROOT: Final = "tickwright"
#: Names of levels, least talkative last.
LEVELS: Final = ("debug", "info", "warning", "error", "critical", "off")
REDACTED: Final = "[redacted]"

_KEY: Final = re.compile(
    r"(secret|token|passw(or)?d|passphrase|api[-_]?key|key[-_]?id|private[-_]?key|authorization|credential)",
    re.IGNORECASE,
)
# A name is looked through once, from its start to its end (the lookbehind, and quantifiers that give nothing back): a
# text of a caller's making must not take time with the square of its length.
_PAIR: Final = re.compile(
    r"""(?P<key>["']?(?<![\w-])(?=[\w-]*?(?:secret|token|passw(?:or)?d|passphrase|api[-_]?key|key[-_]?id|private[-_]?key|authorization|credential))[\w-]*+["']?\s*+[:=]\s*+)"""
    r"""(?P<value>(?:(?:bearer|basic)\s+)?(?:"[^"]*"|'[^']*'|[^\s,;&"'}\])]+))""",
    re.IGNORECASE,
)
_BEARER: Final = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_BLANK: Final = re.compile(r"\s")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_secrets: set[str] = set()

_bound: ContextVar[Mapping[str, Any]] = ContextVar("tickwright_log_fields")

logging.getLogger(ROOT).addHandler(logging.NullHandler())


def get_logger(name: str = ROOT) -> logging.Logger:
    """Return the logger `name` below ``tickwright``."""
    return logging.getLogger(name if name == ROOT or name.startswith(ROOT + ".") else f"{ROOT}.{name}")


def add_secret(value: str) -> None:
    """Never let `value` through to a log, wherever it stands.

    Values under 6 characters are too common to search for, and are left alone.
    """
    if len(value) >= 6:
        _secrets.add(value)


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Add `fields` to every record of the with-block, also of what it awaits and of tasks that it starts.

    Examples
    --------
    >>> import io, json
    >>> from tickwright import logs
    >>> out = io.StringIO()
    >>> logs.configure("info", json_lines=True, stream=out)
    >>> with logs.bound(request_id="r-1"):
    ...     logs.get_logger("example").info("asked", extra={"order": 7})
    >>> line = json.loads(out.getvalue())
    >>> line["request_id"], line["order"]
    ('r-1', 7)
    >>> logs.configure("off")
    """
    token = _bound.set({**_bound.get({}), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give `values` as a record's ``extra``: names that records use themselves get a stroke at their end.

    Examples
    --------
    >>> from tickwright import logs
    >>> logs.fields({"order": 7, "name": "turn"})
    {'order': 7, 'name_': 'turn'}
    """
    return {f"{key}_" if key in _STANDARD else key: value for key, value in values.items()}


def redact(text: str) -> str:
    """`text` with secrets taken out: known values, ``key=value`` pairs whose key names a secret, and bearer tokens."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    if ":" in text or "=" in text:  # most texts have no pair, and are looked through in a fraction of the time
        text = _PAIR.sub(rf"\g<key>{REDACTED}", text)
    return _BEARER.sub(rf"\1 {REDACTED}", text) if _BLANK.search(text) else text


def _clean(value: Any, key: str = "") -> Any:
    if key and _KEY.search(key):
        return REDACTED
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {str(k): _clean(v, str(k)) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(v) for v in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact(str(value))


class SecretFilter(logging.Filter):
    """Takes secrets out of a record's text, extra fields and traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mend the record, and add the fields that are bound; it always passes."""
        for key, value in _bound.get({}).items():
            if not hasattr(record, key):
                setattr(record, key, value)
        try:
            record.msg = redact(record.getMessage())
        except (TypeError, ValueError) as error:
            record.msg = redact(f"{record.msg!s} [arguments do not fit: {error}]")
        record.args = None
        for key in vars(record).keys() - _STANDARD:
            setattr(record, key, _clean(getattr(record, key), key))
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line.

    ``ts`` (UTC, microseconds), ``level``, ``logger``, ``message``, extra fields, ``exception``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        ts = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        entry: dict[str, Any] = {
            "ts": ts,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update({k: v for k, v in vars(record).items() if k not in _STANDARD and k not in entry})
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            entry["exception"] = record.exc_text
        return json.dumps(entry, default=str, ensure_ascii=False)


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = _utc

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        extra = " ".join(f"{k}={v}" for k, v in vars(record).items() if k not in _STANDARD and not k.startswith("_"))
        return f"{text} {extra}" if extra else text


def _utc(seconds: float | None) -> Any:
    return dt.datetime.fromtimestamp(seconds or 0.0, dt.UTC).timetuple()


def configure(
    level: str = "warning",
    *,
    json_lines: bool = False,
    file: str | Path | None = None,
    max_bytes: int = 0,
    backups: int = 3,
    stream: TextIO | None = None,
) -> None:
    """Set up logging of the package; a second call replaces the first.

    Parameters
    ----------
    level : str
        One of `LEVELS`.
    json_lines : bool
        JSON, one object a line, in place of text.
    file : str or Path, optional
        Write there, and not to the terminal.
    max_bytes : int
        Start a new file when this one would grow past so many bytes; 0 never does.
    backups : int
        Older files to keep as ``file.1``, ``file.2``, ….
    stream : text stream, optional
        Where to write without `file`; standard error when not given.

    Raises
    ------
    ConfigError
        When the level is unknown or the file cannot be opened.
    """
    if level not in LEVELS:
        raise ConfigError(f"logging.level: {level!r} is unknown; choose one of {', '.join(LEVELS)}")
    if max_bytes < 0 or backups < 0:
        raise ConfigError("logging: max_bytes and backups cannot be below 0")
    root = logging.getLogger(ROOT)
    handler: logging.Handler = logging.NullHandler()
    if level != "off":
        handler = _handler(json_lines, file, max_bytes, backups, stream)
        handler.addFilter(SecretFilter())
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.propagate = False
    root.setLevel(logging.CRITICAL + 1 if level == "off" else level.upper())


def _handler(
    json_lines: bool, file: str | Path | None, max_bytes: int, backups: int, stream: TextIO | None
) -> logging.Handler:
    if file is not None:
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            handler: logging.Handler = logging.handlers.RotatingFileHandler(
                file, maxBytes=max_bytes, backupCount=backups, encoding="utf-8"
            )
        except OSError as error:
            raise ConfigError(
                f"logging.file: {file} cannot be opened ({error.strerror}); give a path that can be written"
            ) from None
        handler.setFormatter(JsonFormatter() if json_lines else _TextFormatter())
        return handler
    out = stream if stream is not None else sys.stderr
    if not json_lines and out.isatty():
        from rich.console import Console
        from rich.logging import RichHandler

        return RichHandler(console=Console(file=out), show_path=False, markup=False, omit_repeated_times=False)
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonFormatter() if json_lines else _TextFormatter())
    return handler
