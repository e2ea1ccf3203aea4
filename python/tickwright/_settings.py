"""Settings on their way to the core: the first look at what a user gave, field by field."""

from __future__ import annotations

import math
import re
from typing import Any

from tickwright.errors import ConfigError

_UNITS = {"ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000}
_WORDS = frozenset(
    {
        *("liquidity", "queue", "stop_trigger", "dividends", "on_breach", "kind", "pdt_check", "unsettled"),
        *("matching", "sessions", "stop_buy", "halts", "splits", "dividend_orders", "rules"),
    }
)
_FLAGS = frozenset(
    {
        *("allow_short", "restricted", "broker_rules", "prevent_self_match", "extended_hours"),
        *("shorting", "easy_to_borrow"),
    }
)
_COUNTS = {
    **{f"max_{name}": (1, 2**32) for name in ("orders_per_second", "orders_per_minute", "cancels_per_second")},
    **{f"max_{name}": (1, 2**32) for name in ("open_orders", "open_orders_per_instrument", "executions")},
    "order_to_fill_grace": (0, 2**32),
    "max_multiplier": (1, 256),
    "seed": (0, 2**64),
}
_ELSEWHERE = frozenset(
    {
        *("fees", "fee_tiers", "fee_rates", "latency_model", "impact"),
        *("borrows", "average_volumes", "calendar", "scopes"),
    }
)


def checked(section: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Refuse values of a kind that a field does not take; give the settings back."""
    for field, value in settings.items():
        place = f"{section}.{field}"
        if field in _WORDS:
            if not isinstance(value, str):
                raise ConfigError(f"{place}: {value!r} is no text; give one of the words that it takes")
        elif value is None or field in _ELSEWHERE or (field == "tick_size" and value == "us"):
            continue
        elif field in _FLAGS:
            if not isinstance(value, bool):
                raise ConfigError(f"{place}: {value!r} is neither True nor False")
        elif field in _COUNTS:
            whole(place, value, *_COUNTS[field])
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ConfigError(f"{place}: {value!r} is no number")
        elif not math.isfinite(value):
            raise ConfigError(f"{place}: {value!r} is not finite; give a finite number")
    return settings


def whole(place: str, value: object, least: int, end: int) -> None:
    """Refuse what is no whole number from `least` on and below `end`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < end:
        raise ConfigError(f"{place}: {value!r} must be a whole number from {least} to {end - 1:,}")


def duration(place: str, text: object) -> int:
    """Nanoseconds of ``"10ms"``, ``"1s"``, ``"5m"``, ``"1h"`` or ``"1d"``."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})(ms|s|m|h|d)", text) if isinstance(text, str) else None
    if match is None:
        raise ConfigError(f"{place}: {text!r} is no duration; write one such as '1s', '5m', '1h' or '1d'")
    nanos = int(match[1]) * _UNITS[match[2]]
    if nanos > 36_525 * _UNITS["d"]:
        raise ConfigError(f"{place}: {text!r} is longer than a hundred years; write one such as '1m' or '1d'")
    return nanos
