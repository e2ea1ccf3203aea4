"""Control messages and minute bars of the market-data streams, in MessagePack or JSON, as Alpaca writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgpack

from tickwright.paper.sessions import SECOND_NS, rfc3339

__all__ = ["ERRORS", "Format", "decode", "encode", "error", "success"]

Format = Literal["msgpack", "json"]

TIMES = ("t", "created_at", "updated_at")
ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    408: "v2 not enabled",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
    500: "internal error",
}


def encode(messages: list[dict[str, Any]], form: Format) -> bytes | str:
    """Write `messages` as one frame. Times are nanoseconds here, timestamps or RFC 3339 text in the frame.

    Examples
    --------
    >>> encode([{"T": "b", "S": "BAC", "t": 1_381_152_600_000_000_000}], "json")
    '[{"T":"b","S":"BAC","t":"2013-10-07T13:30:00Z"}]'
    """
    if form == "json":
        return json.dumps([_timed(message, rfc3339) for message in messages], separators=(",", ":"))
    packed: bytes = msgpack.packb([_timed(message, _timestamp) for message in messages])
    return packed


def _timestamp(ns: int) -> msgpack.Timestamp:
    return msgpack.Timestamp(*divmod(ns, SECOND_NS))


def _timed(message: dict[str, Any], write: Callable[[int], Any]) -> dict[str, Any]:
    times = {name: write(message[name]) for name in TIMES if name in message}
    return {**message, **times} if times else message


def decode(message: Mapping[str, Any]) -> Any:
    r"""Read what a client sent: MessagePack in binary frames, JSON in text; None: neither.

    Examples
    --------
    >>> decode({"text": '{"action":"auth"}'}), decode({"bytes": b"\xc1"})
    ({'action': 'auth'}, None)
    """
    data = message.get("bytes")
    try:
        if data is None:
            return json.loads(message.get("text") or "")
        if data[:1] in (b"{", b"["):  # JSON in a binary frame: neither byte begins a map of MessagePack
            return json.loads(data)
        return msgpack.unpackb(data)
    except (ValueError, RecursionError, msgpack.exceptions.UnpackException):
        return None


def error(code: int) -> list[dict[str, Any]]:
    """Error message of `code`."""
    return [{"T": "error", "code": code, "msg": ERRORS[code]}]


def success(said: str) -> list[dict[str, Any]]:
    """Say that something went well."""
    return [{"T": "success", "msg": said}]
