"""What the sections of every configuration share: how strict they are, and kinds of value."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["Limit", "Moment", "NotNegative", "Positive", "Section", "WholeLimit", "step", "unlimited"]


def _moment(value: object) -> object:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("not a date or time; write 2013-10-07 or 2013-10-07T13:30:00Z") from None
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    return value


def unlimited(value: object) -> object:
    """Take ``inf``, which TOML and flags can write, for "no limit", which they cannot."""
    return None if isinstance(value, float) and value == float("inf") else value


def step(value: object) -> object:
    """Take a number that an environment variable wrote as text for a number."""
    if isinstance(value, str) and value != "us":
        try:
            value = float(value)
        except ValueError:
            return value
    return unlimited(value)


Moment = Annotated[dt.datetime, BeforeValidator(_moment)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Limit = Annotated[Positive | None, BeforeValidator(unlimited)]
WholeLimit = Annotated[Annotated[int, Field(gt=0)] | None, BeforeValidator(unlimited)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A section: unknown keys and values of another kind are mistakes, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
