"""The engine's words and the enums of the contract: one table for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

import grpc

from tickwright.control.failures import Failure
from tickwright.v1 import common_pb2, order_pb2

__all__ = ["POSSIBLE", "SIDES", "STATES", "STATUSES", "TIMES_IN_FORCE", "TYPES", "Words"]

N = TypeVar("N", bound=int)


class Words(Generic[N]):
    """An enum's numbers by the engine's words for them.

    Parameters
    ----------
    enum
        Generated enum, whose values are called `prefix` and the word in capitals.
    prefix
        What all its names begin with.
    capitals
        Whether the engine writes its words in capitals.

    Examples
    --------
    >>> from tickwright.control.services.words import STATES
    >>> STATES.number("RUNNING"), STATES.word(4)
    (3, 'PAUSED')
    """

    def __init__(self, enum: Any, prefix: str, *, capitals: bool = False) -> None:
        names = [name.removeprefix(prefix) for name in enum.keys()]  # noqa: SIM118 - no mapping
        words = names if capitals else [name.lower() for name in names]
        self._numbers: dict[str, N] = dict(zip(words, enum.values(), strict=True))
        self._words: dict[int, str] = {int(number): word for word, number in self._numbers.items() if number}

    def __iter__(self) -> Iterator[str]:
        return iter(self._words.values())

    def number(self, word: str) -> N:
        """Give the number of `word`; 0 for one that the contract does not have."""
        return self._numbers.get(
            word, self._numbers["UNSPECIFIED" if "UNSPECIFIED" in self._numbers else "unspecified"]
        )

    def word(self, number: int) -> str:
        """Give the word of `number`, which is one of the contract's."""
        return self._words[number]

    def given(self, number: int, field: str, default: str | None = None) -> str:
        """Give the word of a request's `field`; `default` where it says nothing."""
        word = self._words.get(number) if number else default
        if word is None:
            choices = ", ".join(self._words.values())
            said = "is missing" if number == 0 else f"{number} is not known"
            raise Failure(grpc.StatusCode.INVALID_ARGUMENT, f"{said}; choose {choices}", reason="FIELD", field=field)
        return word


STATES: Final[Words[common_pb2.EngineState.ValueType]] = Words(common_pb2.EngineState, "ENGINE_STATE_", capitals=True)
SIDES: Final[Words[common_pb2.OrderSide.ValueType]] = Words(common_pb2.OrderSide, "ORDER_SIDE_")
TYPES: Final[Words[common_pb2.OrderType.ValueType]] = Words(common_pb2.OrderType, "ORDER_TYPE_")
TIMES_IN_FORCE: Final[Words[common_pb2.TimeInForce.ValueType]] = Words(common_pb2.TimeInForce, "TIME_IN_FORCE_")
STATUSES: Final[Words[order_pb2.OrderStatus.ValueType]] = Words(order_pb2.OrderStatus, "ORDER_STATUS_")

POSSIBLE: Final[Mapping[str, tuple[str, ...]]] = {
    "INITIALIZING": ("reconcile", "cancel_all", "shutdown"),
    "RECONCILING": ("run", "pause", "safe_mode", "halt", "flatten", "cancel_all", "shutdown"),
    "RUNNING": ("pause", "reduce_only", "safe_mode", "halt", "flatten", "cancel_all", "reconcile", "shutdown"),
    "PAUSED": ("run", "reduce_only", "safe_mode", "halt", "flatten", "cancel_all", "maintain", "shutdown"),
    "REDUCE_ONLY": ("run", "pause", "safe_mode", "halt", "flatten", "cancel_all", "shutdown"),
    "SAFE_MODE": ("run", "halt", "flatten", "cancel_all", "reconcile", "shutdown"),
    "HALTED": ("halt", "flatten", "cancel_all", "reconcile", "maintain", "shutdown"),
    "MAINTENANCE": ("halt", "flatten", "cancel_all", "reconcile", "shutdown"),
    "SHUTDOWN": (),
}
"""Commands that the engine takes, by its state."""
