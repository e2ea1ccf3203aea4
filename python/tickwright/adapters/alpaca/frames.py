"""Alpaca's frames as bytes: what kind they are, without decoding them; and what is sent, encoded.

A frame of market data is a MessagePack or JSON array of maps, each with its kind under ``T``. Control messages come in
arrays of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tickwright.feeds.alpaca import AlpacaDecoder, ControlMessage

__all__ = ["CHANNELS", "carries", "controls", "encode", "is_control", "stream_of"]

#: Channels that can be subscribed to, and the kind of their messages.
CHANNELS: Final[Mapping[str, str]] = {
    "trades": "t",
    "quotes": "q",
    "bars": "b",
    "updatedBars": "u",
    "dailyBars": "d",
    "statuses": "s",
    "lulds": "l",
    "orderbooks": "o",
    "news": "n",
}
#: alpaca-py cuts what it sends into fragments of this size; larger ones are refused.
FRAGMENT_BYTES: Final = 32_768

_CONTROL_WORDS: Final = (b"success", b"error", b"subscription")
_JSON_FIRST: Final = re.compile(rb'\s*\[\s*\{\s*"T"\s*:\s*"(\w+)"')
_JSON_CONTROL: Final = re.compile(rb'"T"\s*:\s*"(?:success|error|subscription)"')
_JSON_KIND: Final = {kind: re.compile(rb'"T"\s*:\s*"' + kind.encode() + b'"') for kind in CHANNELS.values()}
_PACKED_KIND: Final = {kind: b"\xa1T\xa1" + kind.encode() for kind in CHANNELS.values()}
_PACKED_CONTROL: Final = tuple(b"\xa1T" + bytes([0xA0 + len(word)]) + word for word in _CONTROL_WORDS)
#: An array of one in MessagePack, in its three lengths; after it a map, in its three.
_PACKED_ONE: Final = (b"\x91", b"\xdc\x00\x01", b"\xdd\x00\x00\x00\x01")
_STREAM: Final = re.compile(rb'\s*\{\s*"stream"\s*:\s*"(\w+)"')


def is_control(frame: bytes) -> bool:
    """Whether a frame of market data is about the session rather than the market."""
    if frame[2:4] == b"\xa1T" and b"\x80" <= frame[1:2] < b"\x90" and frame[:1] == b"\x91":
        return frame[4:5] != b"\xa1"  # what nearly all frames of one message are
    if frame[:1] >= b"\x80":
        item = next((len(head) for head in _PACKED_ONE if frame.startswith(head)), 0)
        if not item:  # a larger array
            return False
        head = frame[item : item + 1]
        key = item + (1 if head < b"\x90" else 3 if head == b"\xde" else 5)
        if frame[key : key + 2] == b"\xa1T":
            return frame[key + 2 : key + 3] != b"\xa1"
        return any(word in frame for word in _PACKED_CONTROL)
    match = _JSON_FIRST.match(frame)
    if match is not None:
        return match[1] in _CONTROL_WORDS
    return _JSON_CONTROL.search(frame) is not None


def controls(frame: bytes) -> list[ControlMessage]:
    """Decode a frame for which `is_control` holds."""
    decoder = AlpacaDecoder(policy={"malformed": "drop"})
    decoder.feed(frame)
    return decoder.controls()


def carries(frame: bytes, kind: str) -> bool:
    """Whether a frame of market data holds a message of `kind`, or, now and then, the same bytes by chance."""
    if frame[:1] >= b"\x80":
        return _PACKED_KIND[kind] in frame
    return _JSON_KIND[kind].search(frame) is not None


def stream_of(frame: bytes) -> str:
    """Which stream a message of the trading stream belongs to; "" for none."""
    match = _STREAM.match(frame)
    if match is not None:
        return match[1].decode()
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        return ""
    return str(message.get("stream", "")) if isinstance(message, dict) else ""


def encode(message: Mapping[str, Any], *, packed: bool) -> bytes | str | Iterator[bytes]:
    """Encode a message to the server: MessagePack or JSON, in fragments where it is long."""
    if not packed:
        text = json.dumps(message, separators=(",", ":"))
        return text if len(text) <= FRAGMENT_BYTES else _fragments(text.encode())
    import msgpack

    whole: bytes = msgpack.packb(message)
    return whole if len(whole) <= FRAGMENT_BYTES else _fragments(whole)


def _fragments(whole: bytes) -> Iterator[bytes]:
    return (whole[start : start + FRAGMENT_BYTES] for start in range(0, len(whole), FRAGMENT_BYTES))
