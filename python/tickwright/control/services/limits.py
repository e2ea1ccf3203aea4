"""Limits as the section ``[risk]`` of the configuration, to be shown, changed and compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from pydantic import ValidationError

from tickwright.config import LimitsConfig, RiskConfig
from tickwright.control.services.fields import invalid
from tickwright.limits import RiskLimits

__all__ = ["Change", "changed_limits", "differences", "limit_changes", "made_limits", "section"]


class Change(NamedTuple):
    """A key that differs."""

    key: str
    """Its path, such as ``risk.strategies.trend.max_position_qty``."""
    before: Any
    """As it was; None: nothing."""
    after: Any
    """As it is to be; None: nothing."""


def section(limits: RiskLimits) -> RiskConfig:
    """Give limits as the section of the configuration that would make them."""
    found = asdict(limits)
    for group in found["groups"].values():
        group["symbols"] = list(group["symbols"])
    if found["calendar"] is not None:
        found["calendar"] = [[_moment(moment) for moment in day] for day in found["calendar"]]
    return RiskConfig.model_validate(found)


def made_limits(risk: RiskConfig) -> RiskLimits:
    """Give the limits of a section."""
    return RiskLimits(**risk.model_dump())


def changed_limits(before: RiskConfig, given: Mapping[str, Any], field: str = "limits") -> RiskConfig:
    """Give `before` with what `given` says: what it does not name stays, None takes away."""
    try:
        return RiskConfig.model_validate(_merged(before.model_dump(), given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join([field, *(str(part) for part in first["loc"] if not str(part).startswith("constrained-"))])
        if first["type"] == "extra_forbidden":
            raise invalid(path, "is no key of [risk]; docs/configuration.md lists them") from None
        raise invalid(path, f"{first['msg'][0].lower()}{first['msg'][1:]}; got {first['input']!r:.80}") from None


def differences(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> list[Change]:
    """Give what differs between two sections, key by key.

    Examples
    --------
    >>> differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}, "risk")
    [Change(key='risk.b.c', before=2, after=3)]
    """
    olds, news = dict(_flat(before, prefix)), dict(_flat(after, prefix))
    keys = [*olds, *(key for key in news if key not in olds)]
    return [Change(key, olds.get(key), news.get(key)) for key in keys if olds.get(key) != news.get(key)]


def limit_changes(before: RiskConfig, after: RiskConfig, prefix: str = "") -> list[Change]:
    """Give what differs between two sections ``[risk]``; of a scope that comes or goes only what it limits."""
    found = differences(before.model_dump(mode="json"), after.model_dump(mode="json"), prefix)
    return [one for one in found if not _says_nothing(one)]


def _says_nothing(change: Change) -> bool:
    field = LimitsConfig.model_fields.get(change.key.rpartition(".")[2])
    given = [value for value in (change.before, change.after) if value is not None]
    return field is not None and field.default is not None and len(given) == 1 and given[0] == field.default


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, Mapping):
            yield from _flat(value, path)
        else:
            yield path, value


def _merged(before: Mapping[str, Any], given: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    merged = dict(before)
    for key, value in given.items():
        inner = merged.get(key)
        if isinstance(value, Mapping) and (isinstance(inner, Mapping) or inner is None):
            # A scope that is new begins with nothing.
            merged[key] = _merged(inner or {}, value, depth + 1)
        elif value is None and isinstance(inner, Mapping):
            # Of a whole table: strategies, or one strategy's.
            if depth:
                del merged[key]
            else:
                merged[key] = {}
        else:
            merged[key] = _plain(value)
    return merged


def _plain(value: Any) -> Any:
    # A Struct has one kind of number.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _moment(moment: Any) -> Any:
    return dt.datetime.fromtimestamp(moment / 1e9, dt.UTC) if isinstance(moment, int) else moment
