"""From a checked configuration to a result, the pieces made in the order in which they can fail cheapest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tickwright.errors import ConfigError

if TYPE_CHECKING:
    from tickwright.cli.console import Progress
    from tickwright.config import Config

__all__ = ["run_config", "strategies"]


def strategies(config: Config, spec: str | None, params: Mapping[str, object]) -> list[Any]:
    """Make the strategies of a run: `spec` from the command line, else those of the configuration."""
    from tickwright.loader import load_strategies
    from tickwright.rules import Rules

    if spec is not None:
        return load_strategies(spec, params)
    if not config.strategy:
        raise ConfigError(
            "no strategy given; name a file, FILE.py or FILE.toml, or add a [[strategy]] to the configuration"
        )
    if params and len(config.strategy) > 1:
        raise ConfigError(
            "--param: the configuration holds several strategies; set `params` under each [[strategy]] there"
        )
    made: list[Any] = []
    for i, entry in enumerate(config.strategy):
        given = {**entry.params, **params}
        if entry.path is not None:
            made += load_strategies(entry.path, given)
        elif entry.rules is not None:
            made.append(
                Rules.from_table(entry.rules, where=f"strategy[{i}].rules", params=given, default_name=f"rules-{i + 1}")
            )
    return made


def run_config(config: Config, made: list[Any], data: Any, progress: Progress | None) -> Any:
    """Run the strategies `made` on `data` as `config` says."""
    import tickwright as tw
    from tickwright.config import parse_fees

    venue = config.venue.model_dump(exclude={"fees"})
    return tw.backtest(
        made[0] if len(made) == 1 else made,
        data,
        cash=config.run.cash,
        risk=tw.RiskLimits(**config.risk.model_dump()),
        account=tw.Account(**config.account.model_dump()),
        venue=tw.SimVenue(**venue, fees=parse_fees(config.venue.fees)),
        start=config.run.start,
        end=config.run.end,
        equity_every=config.run.equity_every,
        bars=config.run.bars,
        mark=config.run.mark,
        max_requests_per_moment=config.run.max_requests_per_moment,
        progress=progress,
    )
