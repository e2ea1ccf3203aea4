"""How the parts of a node stand: streams, and requests to the broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tickwright.adapters import Stream

__all__ = ["connections", "requests"]


def connections(streams: Iterable[Stream], away: Mapping[str, float], now_ns: int) -> dict[str, dict[str, Any]]:
    """Streams by name: whether each is up, for how long it is not, how old its data are, what it has counted."""
    found = {}
    for stream in streams:
        counts = stream.statistics
        gone = away.get(stream.name)
        newest = {channel: at for channel, at in counts.last_data_ns_by_channel.items() if at}
        found[stream.name] = {
            "connected": counts.connected,
            "away_s": 0.0 if gone is None else time.monotonic() - gone,
            "data_age_s": _age_s(counts.last_data_ns, now_ns),
            "data_age_s_by_channel": {channel: _age_s(at, now_ns) for channel, at in newest.items()},
            "frames": counts.frames,
            "bytes": counts.bytes,
            "controls": counts.controls,
            "connections": counts.connections,
            "reconnects": counts.reconnects,
            "failures": counts.failures,
            "silences": counts.silences,
            "limited": counts.limited,
            "consumer_errors": counts.consumer_errors,
            "waits": counts.waits,
            "queued": getattr(stream, "queued", 0),
        }
    return found


def _age_s(at_ns: int, now_ns: int) -> float | None:
    return max(0.0, (now_ns - at_ns) / 1e9) if at_ns else None


def requests(parts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Count requests by what they are for, of those parts that count theirs: budget, lanes, what became of them."""
    found = {}
    for name, part in parts.items():
        counted: Callable[[], Any] | None = getattr(part, "statistics", None)
        if counted is None:
            continue
        counts = counted()
        found[name] = {
            "limit": counts.limit,
            "left": counts.left,
            "under_way": counts.under_way,
            "answered": counts.answered,
            "refused": counts.refused,
            "in_doubt": counts.in_doubt,
            "not_sent": counts.not_sent,
            "retries": counts.retries,
            "too_many": counts.too_many,
            "server_errors": counts.server_errors,
            "lanes": {
                priority.name.lower(): {
                    "waiting": lane.waiting,
                    "sent": lane.sent,
                    "turned_away": lane.turned_away,
                    "wait_s": lane.wait_s,
                    "service_s": lane.service_s,
                }
                for priority, lane in counts.lanes.items()
            },
        }
    return found
