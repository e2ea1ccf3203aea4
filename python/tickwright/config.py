"""One configuration file, checked whole before anything starts.

Values come from the TOML file, then from ``TICKWRIGHT_SECTION__KEY`` variables, then from the command line; the
later wins.
docs/configuration.md lists every key. Secrets have no place here.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, field_validator, model_validator

from tickwright._core import FAULTS
from tickwright._section import Limit, Moment, NotNegative, Positive, Section, WholeLimit, step, unlimited
from tickwright.account import Account
from tickwright.backtesting import SimVenue
from tickwright.control.settings import ControlSettings
from tickwright.errors import ConfigError
from tickwright.fees import Bps, Fees, PerShare
from tickwright.limits import RiskLimits
from tickwright.live.settings import NodeSettings
from tickwright.observe.settings import AlertRule, AlertSettings, AlertSink, MetricsSettings, SloSettings, TraceSettings
from tickwright.paper.settings import PaperAccount, PaperAsset, PaperConfig, PaperFault, PaperMarket
from tickwright.rules import listed, nearest, read_toml

__all__ = [
    "AccountConfig",
    "BorrowConfig",
    "Config",
    "DataConfig",
    "GroupConfig",
    "LimitsConfig",
    "LoggingConfig",
    "ReportConfig",
    "RiskConfig",
    "RunConfig",
    "StrategyConfig",
    "VenueConfig",
    "load_config",
    "parse_fees",
    "parse_policy",
]

ENV_PREFIX: Final = "TICKWRIGHT_"


def parse_fees(text: str) -> Fees:
    """Read ``none``, ``per-share:RATE[:MINIMUM]`` or ``bps:RATE``.

    Examples
    --------
    >>> parse_fees("per-share:0.005:1")
    PerShare(rate=0.005, minimum=1.0)
    """
    kind, *numbers = text.strip().replace("_", "-").split(":")
    models: dict[str, tuple[Callable[..., Fees], range]] = {
        "none": (lambda: None, range(0, 1)),
        "per-share": (PerShare, range(1, 3)),
        "bps": (Bps, range(1, 2)),
    }
    try:
        make, counts = models[kind]
        values = [float(n) for n in numbers]
        if len(values) in counts:
            return make(*values)
    except (KeyError, ValueError):
        pass
    except ConfigError as error:
        raise ValueError(f"{text!r} is no fee model: {error}") from None
    raise ValueError(
        f"{text!r} is no fee model; write none, per-share:0.005:1 (dollars a share, least dollars an order) or bps:1.5"
    )


def parse_policy(pairs: Iterable[str]) -> dict[str, str | float]:
    """Read ``["crossed=keep", "absurd_band=0.3"]``; :class:`DataConfig` checks what they say.

    Examples
    --------
    >>> parse_policy(["crossed=keep", "absurd_band=0.3"])
    {'crossed': 'keep', 'absurd_band': 0.3}
    """
    policy: dict[str, str | float] = {}
    for pair in pairs:
        fault, sign, choice = (part.strip() for part in pair.partition("="))
        if not sign or not fault:
            raise ConfigError(f"policy {pair!r}: not of the form fault=choice; write for example crossed=keep")
        try:
            policy[fault] = float(choice)
        except ValueError:
            policy[fault] = choice
    return policy


def _fees_text(fees: Fees) -> str:
    """Write `fees` as :func:`parse_fees` reads it."""
    match fees:
        case PerShare(rate, minimum):
            return f"per-share:{rate!r}:{minimum!r}"
        case Bps(rate):
            return f"bps:{rate!r}"
        case _:
            return "none"


class RunConfig(Section):
    """``[run]``: what a run starts with."""

    cash: Positive = Field(default=100_000.0, description="Starting cash, dollars.")
    start: Moment | None = Field(default=None, description="First moment of the run; without a zone it is UTC.")
    end: Moment | None = Field(default=None, description="End of the run, itself left out; without a zone it is UTC.")
    equity_every: str = Field(
        default="1m", pattern=r"^[1-9][0-9]*(ms|s|m|h|d)$", description="Step of the equity curve: 1s, 1m, 1h, 1d."
    )
    bars: str | None = Field(
        default=None,
        pattern=r"^([1-9][0-9]*(ms|s|m|h|d)|(tick|volume|dollar):[1-9][0-9]*|[1-9][0-9]* (ticks|shares|dollars))$",
        description="Bars to build for rules that name none: 1m, tick:500, volume:10000, dollar:1000000.",
    )
    mark: Literal["auto", "last"] = Field(
        default="auto", description="Price that values positions: the mid where there is a quote, or always the last."
    )
    max_requests_per_moment: Annotated[int, Field(gt=0, lt=2**32)] = Field(
        default=100_000,
        description="Requests at one moment of event time after which a strategy is taken to loop over its own orders.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> RunConfig:
        if self.start and self.end and self.start >= self.end:
            raise ValueError(
                f"start {self.start.isoformat()} is not before end {self.end.isoformat()}; give an earlier start"
            )
        return self


class DataConfig(Section):
    """``[data]``: the market data."""

    paths: list[str] = Field(
        default_factory=list, description="Files or folders; relative ones start at the configuration file."
    )
    symbols: list[str] = Field(default_factory=list, description="Symbols to take; empty takes all.")
    adjust: Literal["none", "split", "total"] = Field(
        default="none", description="Adjust prices for splits, or for splits and dividends."
    )
    actions: bool = Field(default=False, description="Play splits and dividends as events; needs adjust none.")
    bar_interval: str | None = Field(
        default=None, description="Tables with one time a bar: length of a bar, such as 1min, 1h or 1d."
    )
    bar_time: Literal["start", "end"] = Field(default="start", description="Which end of the bar that time is.")
    timezone: str = Field(default="UTC", description="Zone of the times in tables that name none.")
    policy: dict[str, str | Annotated[float, Field(allow_inf_nan=True)]] = Field(
        default_factory=dict, description="Faults of rows to keep, drop or fail, and absurd_band; see tickwright.feeds."
    )

    @field_validator("policy")
    @classmethod
    def _policy(cls, policy: dict[str, str | float]) -> dict[str, str | float]:
        for fault, choice in policy.items():
            if fault == "absurd_band":
                if isinstance(choice, str) or not choice > 0:
                    raise ValueError(f"absurd_band {choice!r} is no fraction above 0, such as 0.5; inf checks nothing")
            elif fault not in FAULTS:
                known = (*FAULTS, "absurd_band")
                raise ValueError(f"{fault!r} is no fault{nearest(fault, known)}; there are {', '.join(known)}")
            elif choice not in ("keep", "drop", "fail"):
                raise ValueError(f'{fault} = {choice!r} is no choice; give "keep", "drop" or "fail"')
        return policy

    @field_validator("symbols")
    @classmethod
    def _symbols(cls, symbols: list[str]) -> list[str]:
        for symbol in symbols:
            if not symbol or symbol != symbol.strip():
                raise ValueError(f"{symbol!r} is no symbol; write such as BAC")
        return symbols

    @model_validator(mode="after")
    def _once(self) -> DataConfig:
        if self.actions and self.adjust != "none":
            raise ValueError(
                f"actions with adjust {self.adjust!r} would count splits and dividends twice; choose one of them"
            )
        return self


_LIMITS: Final = RiskLimits()
_VENUE: Final = SimVenue()
_ACCOUNT: Final = Account()


class LimitsConfig(Section):
    """Limits of one scope, as :class:`tickwright.Limits` has them; ``inf`` is no limit."""

    restricted: bool = Field(default=False, description="Refuse every order.")
    tick_size: Annotated[Positive | Literal["us"] | None, BeforeValidator(step)] = Field(
        default=None, description="Prices are multiples of this; us is a cent, below 1 dollar 0.0001."
    )
    lot: Limit = Field(default=None, description="Quantities are multiples of this many shares.")
    min_order_notional: Limit = Field(default=None, description="Least dollars of an order.")
    broker_rules: bool = Field(default=False, description="Refuse combinations that Alpaca refuses.")
    max_order_qty: Limit = Field(default=None, description="Shares of one order.")
    max_order_notional: Limit = Field(default=None, description="Dollars of one order.")
    max_order_adv_pct: Limit = Field(default=None, description="Shares of one order as percent of a day's volume.")
    max_position_qty: Limit = Field(default=None, description="Shares held of one symbol, long or short.")
    max_position_notional: Limit = Field(default=None, description="Dollars held of one symbol, long or short.")
    max_gross_exposure: Limit = Field(default=None, description="Dollars of all positions, long plus short.")
    max_net_exposure: Limit = Field(default=None, description="Dollars of all positions, long less short, either way.")
    max_leverage: Limit = Field(default=None, description="Gross exposure as a multiple of equity.")
    collar_pct: Limit = Field(default=None, description="Percent that a limit price may be from the market.")
    collar_sigma: Limit = Field(default=None, description="The same in standard deviations over collar_horizon_ms.")
    collar_horizon_ms: Positive = Field(default=_LIMITS.collar_horizon_ms, description="Milliseconds of those.")
    max_data_age_ms: Limit = Field(default=None, description="Milliseconds since the last price of the symbol.")
    max_reference_age_ms: Limit = Field(default=None, description="The same for orders without a limit price.")
    max_orders_per_second: WholeLimit = Field(default=None, description="Orders in any second.")
    max_orders_per_minute: WholeLimit = Field(default=None, description="Orders in any minute.")
    max_cancels_per_second: WholeLimit = Field(
        default=None, description="Cancels a second above which no order passes."
    )
    max_order_to_fill: Limit = Field(default=None, description="Orders and cancels for each order that filled.")
    order_to_fill_grace: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        default=_LIMITS.order_to_fill_grace, description="Messages of the day before that ratio counts."
    )
    max_open_orders: WholeLimit = Field(default=None, description="Orders working at one time.")
    max_open_orders_per_instrument: WholeLimit = Field(default=None, description="The same in one symbol.")
    duplicate_window_ms: Limit = Field(default=None, description="Milliseconds for which the same order is refused.")
    max_executions: WholeLimit = Field(
        default=None, description="Orders that may begin to fill in execution_window_ms."
    )
    execution_window_ms: Positive = Field(default=_LIMITS.execution_window_ms, description="Milliseconds of that.")
    prevent_self_match: bool = Field(default=False, description="Refuse what would trade with an own resting order.")
    max_drawdown_pct: Annotated[Annotated[float, Field(gt=0, lt=100)] | None, BeforeValidator(unlimited)] = Field(
        default=None, description="Percent below the highest equity at which `on_breach` happens."
    )
    max_daily_loss: Limit = Field(
        default=None, description="Dollars lost in one New York day at which `on_breach` happens."
    )
    reduce_only_at_pct: Annotated[Annotated[float, Field(gt=0, lt=100)] | None, BeforeValidator(unlimited)] = Field(
        default=None, description="Percent of one of the last two from which positions may only shrink."
    )
    on_breach: Literal["halt", "reduce_only", "flatten"] = Field(
        default=_LIMITS.on_breach, description="What a breach of them does, besides canceling open orders."
    )
    allow_short: bool = Field(default=_LIMITS.allow_short, description="Whether a position may be below zero.")
    capital: Limit = Field(default=None, description="Of a strategy: dollars that its drawdown is a percentage of.")


class GroupConfig(LimitsConfig):
    """``[risk.groups.NAME]``: limits of several symbols together."""

    symbols: list[str] = Field(min_length=1, description="Symbols of the group.")


class RiskConfig(LimitsConfig):
    """``[risk]``: limits of :class:`tickwright.RiskLimits`, with its defaults; ``inf`` is no limit."""

    max_leverage: Limit = Field(default=_LIMITS.max_leverage, description="Gross exposure as a multiple of equity.")
    calendar: list[Annotated[list[Moment], Field(min_length=4, max_length=4)]] | None = Field(
        default=None, description="Days of sessions: early, open, close, late."
    )
    extended_hours: bool = Field(default=False, description="Whether limit orders may be sent outside regular hours.")
    average_volumes: dict[str, Positive] = Field(
        default_factory=dict, description="Shares of an average day by symbol."
    )
    strategies: dict[str, LimitsConfig] = Field(default_factory=dict, description="Limits by name of strategy.")
    instruments: dict[str, LimitsConfig] = Field(default_factory=dict, description="Limits by symbol.")
    groups: dict[str, GroupConfig] = Field(default_factory=dict, description="Limits of groups of symbols.")


class BorrowConfig(Section):
    """``[account.borrows.SYMBOL]``: see :class:`tickwright.Borrow`."""

    shares: Annotated[NotNegative | None, BeforeValidator(unlimited)] = Field(
        default=None, description="Shares located; inf, or nothing, is as many as wanted."
    )
    rate_pct: NotNegative = Field(default=0.0, description="Percent a year of the value of the short.")


class AccountConfig(Section):
    """``[account]``: settings of :class:`tickwright.Account`, with its defaults."""

    kind: Literal["unlimited", "cash", "margin"] = Field(default=_ACCOUNT.kind, description="Kind of account.")
    max_multiplier: Annotated[int, Field(ge=1, le=4)] = Field(
        default=_ACCOUNT.max_multiplier, description="Most that equity is multiplied by: 1, 2 or 4."
    )
    shorting: bool = Field(default=_ACCOUNT.shorting, description="Whether a margin account may sell short.")
    pdt_check: Literal["off", "entry", "exit", "both"] = Field(
        default=_ACCOUNT.pdt_check, description="Orders that the pattern day trading protection refuses."
    )
    unsettled: Literal["wait", "good_faith"] = Field(
        default=_ACCOUNT.unsettled, description="What money of a cash account does before it settles."
    )
    market_buy_cushion_pct: NotNegative = Field(
        default=_ACCOUNT.market_buy_cushion_pct, description="Percent above the ask that a market buy may cost."
    )
    debit_rate_pct: NotNegative = Field(default=0.0, description="Percent a year on money owed.")
    credit_rate_pct: NotNegative = Field(default=0.0, description="Percent a year on money held.")
    borrow_rate_pct: NotNegative = Field(
        default=0.0, description="Percent a year on shorts that borrows does not list."
    )
    easy_to_borrow: bool = Field(
        default=True, description="Whether symbols that borrows does not list can be borrowed."
    )
    borrows: dict[str, BorrowConfig] = Field(default_factory=dict, description="What can be borrowed, by symbol.")


class VenueConfig(Section):
    """``[venue]``: settings of :class:`tickwright.SimVenue`, with its defaults."""

    latency_ms: NotNegative = Field(
        default=_VENUE.latency_ms, description="Milliseconds from the strategy to the venue."
    )
    report_latency_ms: NotNegative | None = Field(
        default=_VENUE.report_latency_ms, description="Milliseconds from the venue back; without it `latency_ms`."
    )
    latency_jitter_ms: NotNegative = Field(
        default=_VENUE.latency_jitter_ms, description="Most milliseconds added at random, either way."
    )
    seed: Annotated[int, Field(ge=0, lt=2**64)] = Field(default=_VENUE.seed, description="Seed of that randomness.")
    fees: str = Field(
        default_factory=lambda: _fees_text(_VENUE.fees),
        description="none, per-share:RATE[:MINIMUM] in dollars, or bps:RATE.",
    )
    slippage_bps: NotNegative = Field(
        default=_VENUE.slippage_bps,
        description="Basis points by which the price is worse when an order takes liquidity.",
    )
    liquidity: Literal["quoted", "unlimited"] = Field(
        default=_VENUE.liquidity, description="Fill up to the quoted size, or any size."
    )
    queue: Literal["behind", "front", "conservative", "proportional", "logarithmic", "exact"] = Field(
        default="behind",
        description="When a resting limit fills: trades through its price, at it, or by its place in a book's queue.",
    )
    stop_trigger: Literal["trade", "quote"] = Field(default=_VENUE.stop_trigger, description="What sets off a stop.")
    dividends: Literal["cash", "reinvest"] = Field(default=_VENUE.dividends, description="What becomes of a dividend.")
    matching: Literal["touch", "book"] = Field(default=_VENUE.matching, description="Match with the touch, or a book.")
    participation: Annotated[float, Field(gt=0, le=1)] = Field(
        default=_VENUE.participation, description="Most of the market's volume that our orders may be."
    )
    sessions: Literal["continuous", "us_equity"] = Field(
        default=_VENUE.sessions, description="Trade whenever there are data, or in New York's sessions."
    )
    stop_buy: Literal["market", "collared"] = Field(default=_VENUE.stop_buy, description="What a stop buy becomes.")
    halts: Literal["respect", "ignore"] = Field(default=_VENUE.halts, description="Whether halts of the data count.")
    borrow_available: NotNegative | None = Field(
        default=_VENUE.borrow_available, description="Shares that may be sold short; without it, any number."
    )
    splits: Literal["cancel", "adjust"] = Field(
        default=_VENUE.splits, description="What a split does to working orders."
    )
    dividend_orders: Literal["keep", "reduce"] = Field(
        default=_VENUE.dividend_orders, description="What a dividend does to working orders."
    )
    rules: Literal["any", "alpaca"] = Field(default=_VENUE.rules, description="Whose rules orders must keep.")

    @field_validator("fees")
    @classmethod
    def _fees(cls, text: str) -> str:
        parse_fees(text)
        return text


class ReportConfig(Section):
    """``[report]``: what a run leaves."""

    out: str | None = Field(default=None, description="Folder for the results; without it nothing is written.")
    html: bool = Field(default=True, description="Whether to write report.html.")
    max_rows: Annotated[int, Field(ge=0, le=100_000)] = Field(default=500, description="Rows of a table in the report.")
    max_points: Annotated[int, Field(ge=100, le=100_000)] = Field(
        default=5_000, description="Points of a line in the report."
    )


class LoggingConfig(Section):
    """``[logging]``: see :func:`tickwright.logs.configure`."""

    level: Literal["debug", "info", "warning", "error", "critical", "off"] = Field(
        default="warning", description="Least grave level written."
    )
    json_lines: bool = Field(default=False, alias="json", description="JSON, one object a line.")
    file: str | None = Field(default=None, description="Write there in place of standard error.")
    max_bytes: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Bytes at which a new file starts; 0 never does."
    )
    backups: Annotated[int, Field(ge=0, le=1000)] = Field(default=3, description="Older files kept.")


class StrategyConfig(Section):
    """One ``[[strategy]]``: a file, or rules in place."""

    path: str | None = Field(
        default=None, description="FILE.py, FILE.py:Name or FILE.toml; relative ones start at the configuration file."
    )
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the strategy.")
    rules: dict[str, Any] | None = Field(default=None, description="Rules in place, as a rule file holds them.")

    @model_validator(mode="after")
    def _one(self) -> StrategyConfig:
        if (self.path is None) == (self.rules is None):
            raise ValueError("give either `path` or `rules`" + ("" if self.path is None else ", not both"))
        return self


class Config(Section):
    """The whole configuration."""

    run: RunConfig = Field(default_factory=RunConfig)
    data: DataConfig = Field(default_factory=DataConfig)
    risk: RiskConfig = Field(default_factory=RiskConfig)
    account: AccountConfig = Field(default_factory=AccountConfig)
    venue: VenueConfig = Field(default_factory=VenueConfig)
    report: ReportConfig = Field(default_factory=ReportConfig)
    logging: LoggingConfig = Field(default_factory=LoggingConfig)
    paper: PaperConfig = Field(default_factory=PaperConfig)
    node: NodeSettings = Field(default_factory=NodeSettings)
    control: ControlSettings = Field(default_factory=ControlSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
    slo: SloSettings = Field(default_factory=SloSettings)
    traces: TraceSettings = Field(default_factory=TraceSettings)
    strategy: list[StrategyConfig] = Field(default_factory=list)


def load_config(
    path: str | Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Config:
    """Read, merge and check the configuration.

    Parameters
    ----------
    path : str or Path, optional
        TOML file; without it only defaults, `env` and `overrides` count.
    env : mapping, optional
        Environment; `os.environ` when not given.
    overrides : mapping of section to mapping, optional
        Values of the command line.

    Raises
    ------
    ConfigError
        With everything that is wrong, each with its key and what would be right.
    """
    tables: dict[str, Any] = {}
    where = "configuration"
    origin: dict[str, str] = {}
    faults: list[str] = []
    if path is not None:
        where = str(path)
        tables = read_toml(Path(path))
        _relative_paths(tables, Path(path).resolve().parent)
    _merge_env(tables, os.environ if env is None else env, origin, faults)
    for section, values in (overrides or {}).items():
        target = tables.setdefault(section, {})
        if isinstance(target, dict):
            target.update(values)
            origin.update({f"{section}.{key}": "command line" for key in values})
    try:
        config = Config.model_validate(tables)
    except ValidationError as error:
        faults.extend(_explained(error, origin))
    if faults:
        raise ConfigError(listed(where, faults))
    return config


def _relative_paths(tables: dict[str, Any], folder: Path) -> None:
    def absolute(value: object) -> object:
        return str(folder / value) if isinstance(value, str) and value else value

    data, report, logs, strategies = (tables.get(k) for k in ("data", "report", "logging", "strategy"))
    if isinstance(data, dict) and isinstance(data.get("paths"), list):
        data["paths"] = [absolute(p) for p in data["paths"]]
    for table, key in (
        (report, "out"),
        (logs, "file"),
        (tables.get("paper"), "journal"),
        (tables.get("node"), "state"),
        *(
            (tables.get("control"), key)
            for key in ("tokens", "tls_cert", "tls_key", "client_ca", "strategies", "backtests")
        ),
    ):
        if isinstance(table, dict) and key in table:
            table[key] = absolute(table[key])
    for entry in strategies if isinstance(strategies, list) else []:
        if isinstance(entry, dict) and "path" in entry:
            entry["path"] = absolute(entry["path"])


def _fields(section: str) -> dict[str, Any]:
    model = Config.model_fields[section].annotation
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return {}
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _merge_env(tables: dict[str, Any], env: Mapping[str, str], origin: dict[str, str], faults: list[str]) -> None:
    for name in sorted(env):
        rest = name.removeprefix(ENV_PREFIX)
        if rest == name or "__" not in rest:
            continue
        section, _, key = rest.lower().partition("__")
        sections = [s for s in Config.model_fields if s != "strategy"]
        if section not in sections:
            faults.append(
                f"{name}: there is no section [{section}]{nearest(section, sections)}; there are {', '.join(sections)}"
            )
            continue
        fields = _fields(section)
        if key not in fields:
            faults.append(
                f"{name}: there is no key {section}.{key}{nearest(key, fields)}; there are {', '.join(fields)}"
            )
            continue
        target = tables.setdefault(section, {})
        if isinstance(target, dict):
            target[key] = _from_text(env[name], fields[key])
            origin[f"{section}.{key}"] = name


def _from_text(text: str, annotation: Any) -> Any:
    kinds = set(_leaves(annotation))
    if dict in kinds:
        try:
            return parse_policy(part for part in text.split(",") if part.strip())
        except ConfigError:
            return text
    if list in kinds:
        if text.lstrip().startswith("["):
            try:
                return json.loads(text)
            except ValueError:
                return text
        return [part.strip() for part in text.split(",") if part.strip()]
    if str in kinds or kinds & {dt.datetime} or not kinds & {int, float, bool}:
        return text
    try:
        return tomllib.loads(f"value = {text.strip().lower()}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return text


def _leaves(annotation: Any) -> list[Any]:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _leaves(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [leaf for arg in typing.get_args(annotation) for leaf in _leaves(arg)]
    if origin is Literal:
        return [str]
    return [origin or annotation]


def _explained(error: ValidationError, origin: Mapping[str, str]) -> list[str]:
    faults: list[str] = []
    for item in error.errors(include_url=False):
        parts = [p for p in item["loc"] if not (isinstance(p, str) and ("[" in p or p in _NOISE))]
        path = ""
        for part in parts:
            path += f"[{part}]" if isinstance(part, int) else f"{'.' if path else ''}{part}"
        key = ".".join(str(p) for p in parts[:2])
        shown = f"{path} (from {origin[key]})" if key in origin else path
        if item["type"] == "extra_forbidden":
            known = _known_at(parts)
            text = f"unknown key{nearest(str(parts[-1]), known)}; known are {', '.join(known)}"
        elif item["type"] == "value_error":
            text = str(item.get("ctx", {}).get("error", item["msg"]))
        else:
            text = f"{item['msg'][0].lower()}{item['msg'][1:]}; got {item['input']!r:.80}"
        fault = f"{shown}: {text}"
        if fault not in faults:
            faults.append(fault)
    return faults


_NOISE: Final = frozenset({"constrained-float", "constrained-int"})


def _known_at(parts: list[Any]) -> list[str]:
    if len(parts) == 1:
        return list(Config.model_fields)
    if parts[0] == "strategy":
        return list(StrategyConfig.model_fields)
    inner: dict[str, type[BaseModel]] = {
        "groups": GroupConfig,
        "instruments": LimitsConfig,
        "strategies": LimitsConfig,
        "borrows": BorrowConfig,
        "accounts": PaperAccount,
        "assets": PaperAsset,
        "faults": PaperFault,
    }
    if parts[0] == "alerts" and len(parts) > 3:
        return list((AlertRule if parts[1] == "rule" else AlertSink).model_fields)
    if parts[:2] == ["paper", "market"] and len(parts) > 2:
        return list(PaperMarket.model_fields)
    if len(parts) > 3 and parts[1] in inner:
        return list(inner[str(parts[1])].model_fields)
    return list(_fields(str(parts[0])))
