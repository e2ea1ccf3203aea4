"""What becomes of a request that changes something at a broker: exactly one of three things.

A request that was answered is `Accepted` or `Refused`. One whose answer never came is `InDoubt`: it may have taken
effect, and only the broker can say. Nothing here sends anything twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["Accepted", "InDoubt", "Outcome", "Refused"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker took the request."""

    order: Mapping[str, Any] = field(default_factory=dict)
    """The order as the broker tells it; empty where a request is answered with nothing, as a cancel is."""
    rows: tuple[Mapping[str, Any], ...] = ()
    """Of a request for many orders or positions: what became of each."""
    request_id: str = field(default="", compare=False)
    """The broker's name for the request, which its support asks for."""
    kind: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True)
class Refused:
    """The request took no effect, for certain: the broker said so, or it never left."""

    status: int
    """HTTP status; 0 where the request never left."""
    code: int
    """The broker's code; 0 for none."""
    message: str
    body: Mapping[str, Any] = field(default_factory=dict)
    """All that the broker said, such as what buying power there is."""
    request_id: str = field(default="", compare=False)
    kind: Literal["refused"] = "refused"

    @property
    def sent(self) -> bool:
        """Whether the broker saw the request at all."""
        return self.status != 0


@dataclass(frozen=True, slots=True)
class InDoubt:
    """The request left and no answer came that says what became of it: ask the broker before anything else."""

    reason: str
    status: int = 0
    """HTTP status of an answer that settles nothing, such as 504; 0 where there was none."""
    request_id: str = field(default="", compare=False)
    kind: Literal["in_doubt"] = "in_doubt"


Outcome: TypeAlias = Accepted | Refused | InDoubt
