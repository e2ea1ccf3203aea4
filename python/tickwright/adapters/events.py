"""What a stream tells about itself, and what it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["StreamEvent", "StreamEventKind", "StreamStatistics"]

StreamEventKind: TypeAlias = Literal[
    "connected",
    "subscribed",
    "gap",
    "silent",
    "disconnected",
    "limited",
    "refused",
    "consumer_error",
    "failed",
    "closed",
]


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """A change of a stream's state.

    Notes
    -----
    =================  ==============================================================================================
    kind               meaning
    =================  ==============================================================================================
    connected          the socket is open and the broker knows us; nothing is subscribed to yet
    subscribed         `channels` is what the broker now sends
    gap                what happened from `since_ns` to `until_ns` was not received: ask for it by REST. It comes after
                       ``subscribed``, so that what is asked for and what is received overlap
    silent             nothing came over `channels` since `since_ns` though the market is open; the stream reconnects
    disconnected       the connection is gone; `since_ns` is when the last data came; next try in `retry_in_s`
    limited            the broker has no room for this connection now (code 406, HTTP 429): next try in `retry_in_s`
    refused            the broker refused a subscription, `code` and `reason` say why; the connection stays
    consumer_error     the callback raised while it was given a frame; told once a connection, counted always
    failed             the stream has stopped and does not try again: wrong keys, or a feed that the account lacks
    closed             the stream was asked to stop and has
    =================  ==============================================================================================
    """

    kind: StreamEventKind
    stream: str
    """Which stream: ``"updates"``, ``"stocks"``, ``"crypto"``, …"""
    at_ns: int
    """When, in ns since the Unix epoch."""
    reason: str = ""
    code: int = 0
    since_ns: int = 0
    until_ns: int = 0
    retry_in_s: float = 0.0
    attempt: int = 0
    """How many tries have failed in a row."""
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class StreamStatistics:
    """What a stream has counted since it was made."""

    connected: bool = False
    frames: int = 0
    """Frames of data that were handed on."""
    bytes: int = 0
    controls: int = 0
    """Frames that were about the session."""
    connections: int = 0
    failures: int = 0
    """Tries to connect that failed."""
    reconnects: int = 0
    """Connections after the first."""
    silences: int = 0
    limited: int = 0
    consumer_errors: int = 0
    waits: int = 0
    """Times that a full queue stopped the reading."""
    callback_ns_max: int = 0
    """The longest that the callback took for one frame."""
    last_data_ns: int = 0
    """When the last frame of data came; 0 for never."""
    last_data_ns_by_channel: dict[str, int] = field(default_factory=dict)
    """The same by channel; known to a quarter of the channel's silence limit."""
