"""The record of commands: who asked for what, before it takes effect, and what became of it."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.message import Message

from tickwright.control.bridge import Bridge
from tickwright.control.caller import Caller
from tickwright.logs import redact

__all__ = ["Audit", "Sink", "journal_sink", "plain"]

log = logging.getLogger("tickwright.audit")

Sink = Callable[[str, str], Awaitable[None]]
"""Takes a name and a JSON text, and returns once the record stands."""

# A record of the journal takes 64 KiB, and stands in it as a string, which doubles what has to be escaped.
REQUEST_CHARS: Final = 24_000
REQUEST_BYTES: Final = 64 << 10
_FIELD: Final = re.compile(r"[\w-]{1,100}", re.ASCII)


def plain(request: Message) -> Any:
    """Give a request as JSON has it, without secrets; one that is too long, or cannot be JSON, by its hash."""
    size = request.ByteSize()
    if size <= REQUEST_BYTES:
        try:
            found = _without_secrets(json_format.MessageToDict(request, preserving_proto_field_name=True))
        except json_format.Error:
            found = None  # it has numbers that JSON has not
        if found is not None and len(json.dumps(found)) <= REQUEST_CHARS:
            return found
    return {"sha256": hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest(), "bytes": size}


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {redact(str(k)): "[redacted]" if _is_secret(str(k)) else _without_secrets(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return redact(value) if isinstance(value, str) else value


@lru_cache(maxsize=1_024)
def _is_secret(key: str) -> bool:
    """Whether a log would hide what has this name."""
    return bool(_FIELD.fullmatch(key)) and redact(f"{key}=x") != f"{key}=x"


def journal_sink(bridge: Bridge) -> Sink:
    """Give a sink that writes into the journal of the node, in one order with what the commands do."""

    async def write(by: str, text: str) -> None:
        await bridge.ask(lambda node: node.audit(by, text))

    return write


class Audit:
    """Writes the records of commands.

    Parameters
    ----------
    sink
        Where they go.
    in_journal
        Whether that is the node's journal: what acts on the node can then be recorded in the turn in which it acts.
    """

    def __init__(self, sink: Sink, *, in_journal: bool = False) -> None:
        self._sink, self.in_journal = sink, in_journal

    def intent(self, caller: Caller, method: str, request: Message, request_id: str, key: str) -> str:
        """Give the record that a command is about to take effect, for `write`."""
        row = {
            "audit": "intent",
            "who": caller.name,
            "role": caller.role.name.lower(),
            "token": caller.token_id,
            "peer": caller.peer,
            "method": method,
            "request": plain(request),
            "key": redact(key),
            "request_id": request_id,
        }
        log.info("%s: %s", caller.name, method, extra=_told(row))
        return json.dumps(row, separators=(",", ":"))

    async def write(self, caller: Caller, record: str) -> None:
        """Write a record."""
        await self._sink(caller.name, record)

    async def outcome(
        self, caller: Caller, method: str, request_id: str, code: str, took_s: float, reason: str = ""
    ) -> None:
        """Record what became of it."""
        row = {
            "audit": "outcome",
            "who": caller.name,
            "method": method,
            "code": code,
            "reason": reason,
            "took_ms": round(took_s * 1e3, 3),
            "request_id": request_id,
        }
        log.info("%s: %s: %s", caller.name, method, code, extra=_told(row))
        await self._sink(caller.name, json.dumps(row, separators=(",", ":")))


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of a log record; `token` is the id and no secret, under a name that logs do not hide."""
    renamed = {"audit": "step", "token": "credential_no"}
    return {renamed.get(name, name): value for name, value in row.items() if value}
