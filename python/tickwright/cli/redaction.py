"""Takes secrets out of what leaves the machine in a bug report, and makes sure that none is left.

Known values (of the environment, of files of keys and tokens, of configuration keys whose name tells) are taken out
wherever they stand; what looks like a secret is taken out too, known or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tickwright import logs

__all__ = ["Redaction"]

GONE: Final = "[redacted]"
SECRET_NAME: Final = re.compile(
    r"secret|token|passw|passphrase|api[-_]?key|key[-_]?id|private|authorization|credential|webhook|cookie|(^|_)key$|dsn",
    re.IGNORECASE,
)
#: Names that look like one and hold the name of a file, or a number.
HARMLESS: Final = re.compile(r"(_file|_path|_s|_ms|_mb|tls_key|tokens|_id_count)$", re.IGNORECASE)
TOKEN: Final = re.compile(r"tw_[0-9a-f]{12}_([A-Za-z0-9_-]{20,})")
PATTERNS: Final = (
    re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\btw_[0-9a-f]{12}_[A-Za-z0-9_-]{20,}"),
    re.compile(r"\b(?:AK|PK)[A-Z0-9]{16,}\b"),  # Alpaca's key ids
    re.compile(r"\b(?:xox[a-z]-|gh[pousr]_|sk-|eyJ)[A-Za-z0-9._-]{16,}"),
)
# Every repetition has an end: a text that is all letters, or all slashes, must not cost the square of its length.
URL: Final = re.compile(
    r"\b(?P<scheme>[a-z][a-z0-9+.-]{0,20})://(?:[^\s/@'\"]{0,300}@)?"
    r"(?P<host>\[[^\]\s]{0,60}\]|[^\s/:?#'\",\])}]{1,260})(?P<port>:\d{1,5})?(?P<rest>[/?#][^\s'\"<>\])},]*)?",
    re.IGNORECASE,
)
SHORTEST: Final = 6
"""Shorter values stand everywhere, and say nothing."""


class Redaction:
    """What is secret on this machine, as far as it can be known."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, value: object) -> None:
        """Never let `value` through, nor what it is written as in JSON."""
        if not isinstance(value, str) or len(value.strip()) < SHORTEST:
            return
        if found := TOKEN.fullmatch(value.strip()):
            self._values.add(found[1])  # the secret of one of our own, without its id
        self._values |= {value.strip(), value.strip().replace("\\", "\\\\").replace('"', '\\"')}
        if "://" in value:  # of an address that is secret every part is, but where it leads
            user, _, rest = value.partition("://")[2].rpartition("@")
            for part in re.split(r"[/?&=:#]", f"{user}/{rest.partition('/')[2]}"):
                self.add(part)

    def learn_environment(self, env: Mapping[str, str]) -> None:
        """Take every variable for a secret whose name tells, and the files that such variables name."""
        for name, value in env.items():
            if SECRET_NAME.search(name):
                if Path(value).is_file():
                    self.learn_file(Path(value))
                elif not HARMLESS.search(name):
                    self.add(value)

    def learn_file(self, path: Path) -> None:
        """Take every value of a file of secrets for one: what stands after ``=`` or ``:``, or alone on its line."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return
        for line in text[: 1 << 20].splitlines():
            value = re.split(r"[=:]\s*", line, maxsplit=1)[-1].strip().rstrip(",").strip("\"'")
            if not line.startswith(("#", "-----")):
                self.add(value)

    def learn(self, value: Any, name: str = "") -> None:
        """Take every value for a secret whose key tells, in a table of whatever depth."""
        if isinstance(value, Mapping):
            for key, item in value.items():
                self.learn(item, str(key))
        elif isinstance(value, (list, tuple)):
            for item in value:
                self.learn(item, name)
        elif name and SECRET_NAME.search(name):
            if not HARMLESS.search(name):
                self.add(value)
            elif isinstance(value, str) and "token" in name and Path(value).is_file():
                self.learn_file(Path(value))

    def text(self, text: str) -> str:
        """Give a text without secrets."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, GONE)
        for pattern in PATTERNS:
            text = pattern.sub(GONE, text)
        # Of an address only where it leads: names, passwords and paths of webhooks are nobody's business.
        text = URL.sub(
            lambda m: f"{m['scheme']}://{m['host']}{m['port'] or ''}{'/…' if len(m['rest'] or '') > 1 else ''}", text
        )
        return logs.redact(text)

    def plain(self, value: Any, name: str = "") -> Any:
        """Give plain values without secrets."""
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.plain(item, str(key)) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.plain(item, name) for item in value]
        if value is None or isinstance(value, (bool, int, float)):
            return (
                GONE if name and SECRET_NAME.search(name) and not HARMLESS.search(name) and value is not None else value
            )
        if name and SECRET_NAME.search(name) and not HARMLESS.search(name):
            return GONE
        return self.text(str(value))

    def left_in(self, contents: Iterable[tuple[str, bytes]]) -> list[str]:
        """Name the files in which a known secret still stands."""
        values = [value.encode() for value in self._values]
        return [name for name, content in contents if any(value in content for value in values)]
