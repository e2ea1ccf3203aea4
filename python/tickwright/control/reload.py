"""The configuration read again: what can change while the engine runs is put in force, the rest is named."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tickwright import logs
from tickwright.config import Config
from tickwright.control.services.limits import differences, limit_changes, made_limits, section
from tickwright.live import LiveNode

__all__ = ["Plan", "Reload", "set_log_level"]


class Plan(NamedTuple):
    """What a configuration would change."""

    config: Config
    """It, whole."""
    changed: list[str]
    """Keys that differ from what is in force, and can be put in force."""
    needs_restart: list[str]
    """Keys that differ, and need a restart."""


class Reload:
    """Puts a configuration in force as far as that is possible.

    Parameters
    ----------
    config
        The configuration that the engine started with.
    read
        Reads it again, with the same command line.
    sections
        What puts further sections in force, by name: ``alerts``.
    """

    def __init__(
        self,
        config: Config,
        read: Callable[[], Config],
        sections: Mapping[str, Callable[[Config], None]] | None = None,
    ) -> None:
        self._config, self.read, self._sections = config, read, dict(sections or {})

    def plan(self, node: LiveNode, config: Config) -> Plan:
        """Compare `config` with what is in force; on the node's loop."""
        changed = [one.key for one in limit_changes(section(node.limits), config.risk, "risk")]
        needs_restart: list[str] = []
        before, after = (_keyed(one.model_dump(exclude={"risk"})) for one in (self._config, config))
        for change in differences(before, after):
            name = change.key.partition(".")[0]
            can = change.key == "logging.level" or name in self._sections
            (changed if can else needs_restart).append(change.key)
        return Plan(config, changed, needs_restart)

    def put_in_force(self, node: LiveNode, plan: Plan, by: str, why: str) -> None:
        """Put in force what can be; on the node's loop."""
        names = {key.partition(".")[0] for key in plan.changed}
        if "risk" in names:
            node.set_limits(made_limits(plan.config.risk), by=by, why=why)
        if "logging" in names:
            set_log_level(logs.ROOT, plan.config.logging.level)
        for name in names & self._sections.keys():
            self._sections[name](plan.config)
        kept = {name: getattr(plan.config, name) for name in names & self._sections.keys()}
        if "logging" in names:
            level = plan.config.logging.level
            kept["logging"] = self._config.logging.model_copy(update={"level": level})
        self._config = self._config.model_copy(update=kept)


def set_log_level(name: str, level: str) -> None:
    """Set the level of a logger of the package."""
    logging.getLogger(name).setLevel(logging.CRITICAL + 1 if level == "off" else level.upper())


def _keyed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give lists of tables keys, so that a difference is named."""
    keyed = dict(config)
    keyed["strategy"] = {str(at): entry for at, entry in enumerate(config.get("strategy", []))}
    return keyed
