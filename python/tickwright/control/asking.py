"""What requests of a client are made of."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct

from tickwright.control.services.words import Words
from tickwright.errors import ConfigError
from tickwright.v1 import common_pb2

__all__ = ["Number", "exact", "numbered", "options", "same", "struct_of"]

R = TypeVar("R")
N = TypeVar("N", bound=int)

Number: TypeAlias = str | int | Decimal
"""A decimal: as text, a whole number, or a Decimal; a float is not exact."""


def options(reason: str, key: str | None) -> common_pb2.CommandOptions:
    """Give the options of a command; one that nobody gave a key gets one, so that it can be sent again."""
    return common_pb2.CommandOptions(idempotency_key=key or secrets.token_hex(16), reason=reason)


def same(answer: R) -> R:
    """Give an answer as it is."""
    return answer


def exact(name: str, value: Number | None) -> str:
    """Give a decimal as text; empty for None."""
    if value is None:
        return ""
    if isinstance(value, (float, bool)) or not isinstance(value, (str, int, Decimal)):
        raise ConfigError(f"{name}: {value!r} is not exact; give it as text, such as '12.5', or as a Decimal")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def numbered(name: str, words: Words[N], word: str) -> N:
    """Give the number of a word."""
    found = words.number(word)
    if not found:
        raise ConfigError(f"{name}: {word!r} is not known; choose {', '.join(words)}")
    return found


def struct_of(values: Mapping[str, Any]) -> Struct:
    """Give values as the contract has them."""
    return ParseDict(dict(values), Struct())
