"""Every method of the control plane as a function that says what is sent and what is taken from the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from tickwright.control.asking import Number, exact, numbered, options, same, struct_of
from tickwright.control.lines import Call
from tickwright.control.services.words import SIDES, TIMES_IN_FORCE, TYPES
from tickwright.v1 import common_pb2, engine_pb2, journal_pb2, order_pb2, portfolio_pb2, risk_pb2, strategy_pb2

R = TypeVar("R")
A = TypeVar("A", bound=Message)
N = TypeVar("N", bound=int)


_KIND = {(False, False): "market", (True, False): "limit", (False, True): "stop", (True, True): "stop_limit"}


# --- EngineService ---------------------------------------------------------------------------------------------------


def status(*fields: str) -> Call[engine_pb2.Status]:
    """Say how the engine stands: all of it, or only these fields."""
    request = engine_pb2.GetStatusRequest(fields=FieldMask(paths=fields))
    return Call.of(request, engine_pb2.GetStatusResponse, lambda answer: answer.status)


def stream_notices(*kinds: str, last: int = 0) -> Call[engine_pb2.StreamNoticesResponse]:
    """Tell of fills, refusals, states and what else happens as it becomes durable, after the `last` ones."""
    return Call.of(engine_pb2.StreamNoticesRequest(kinds=kinds, last=last), engine_pb2.StreamNoticesResponse, same)


def pause(*, reason: str = "", key: str | None = None) -> Call[common_pb2.CommandResult]:
    """Take no new orders; cancels pass."""
    request = engine_pb2.PauseRequest(options=options(reason, key))
    return Call.of(request, engine_pb2.PauseResponse, lambda answer: answer.result)


def resume(*, reason: str = "", key: str | None = None) -> Call[common_pb2.CommandResult]:
    """Trade again, out of PAUSED, REDUCE_ONLY, SAFE_MODE or HALTED."""
    request = engine_pb2.ResumeRequest(options=options(reason, key))
    return Call.of(request, engine_pb2.ResumeResponse, lambda answer: answer.result)


def reduce_only(*, reason: str = "", key: str | None = None) -> Call[common_pb2.CommandResult]:
    """Take only orders that shrink a position."""
    request = engine_pb2.ReduceOnlyRequest(options=options(reason, key))
    return Call.of(request, engine_pb2.ReduceOnlyResponse, lambda answer: answer.result)


def safe_mode(*, reason: str = "", key: str | None = None) -> Call[common_pb2.CommandResult]:
    """Cancel all working orders and take no new ones until an operator decides."""
    request = engine_pb2.SafeModeRequest(options=options(reason, key))
    return Call.of(request, engine_pb2.SafeModeResponse, lambda answer: answer.result)


def halt(*, reason: str = "", key: str | None = None) -> Call[common_pb2.CommandResult]:
    """Cancel all working orders and stop trading."""
    request = engine_pb2.HaltRequest(options=options(reason, key))
    return Call.of(request, engine_pb2.HaltResponse, lambda answer: answer.result)


def flatten(*, reason: str = "", key: str | None = None) -> Call[common_pb2.CommandResult]:
    """Cancel all working orders, close every position at the market, and stop trading."""
    request = engine_pb2.FlattenRequest(options=options(reason, key))
    return Call.of(request, engine_pb2.FlattenResponse, lambda answer: answer.result)


def cancel_all(*, reason: str = "", key: str | None = None) -> Call[engine_pb2.CancelAllResponse]:
    """Cancel all working orders; trading goes on."""
    return Call.of(engine_pb2.CancelAllRequest(options=options(reason, key)), engine_pb2.CancelAllResponse, same)


def reconcile(*, reason: str = "", key: str | None = None) -> Call[engine_pb2.ReconcileResponse]:
    """Compare orders, fills and positions with the broker."""
    return Call.of(engine_pb2.ReconcileRequest(options=options(reason, key)), engine_pb2.ReconcileResponse, same)


def shutdown(*, policy: str = "", reason: str = "", key: str | None = None) -> Call[common_pb2.CommandResult]:
    """End the engine; `policy` is leave, cancel, flatten, or as configured."""
    request = engine_pb2.ShutdownRequest(options=options(reason, key), policy=policy)
    return Call.of(request, engine_pb2.ShutdownResponse, lambda answer: answer.result)


def reload_config(
    *, dry_run: bool = False, reason: str = "", key: str | None = None
) -> Call[engine_pb2.ReloadConfigResponse]:
    """Read the configuration again and put in force what can change while it runs."""
    request = engine_pb2.ReloadConfigRequest(options=options(reason, key), dry_run=dry_run)
    return Call.of(request, engine_pb2.ReloadConfigResponse, same)


def flags() -> Call[list[engine_pb2.Flag]]:
    """Give the feature flags."""
    return Call.of(engine_pb2.ListFlagsRequest(), engine_pb2.ListFlagsResponse, lambda answer: list(answer.flags))


def set_flag(name: str, enabled: bool, *, reason: str = "", key: str | None = None) -> Call[engine_pb2.Flag]:
    """Set a feature flag."""
    request = engine_pb2.SetFlagRequest(options=options(reason, key), name=name, enabled=enabled)
    return Call.of(request, engine_pb2.SetFlagResponse, lambda answer: answer.flag)


def set_log_level(level: str, *, logger: str = "", reason: str = "", key: str | None = None) -> Call[str]:
    """Set the level of a logger: debug, info, warning, error, critical or off."""
    request = engine_pb2.SetLogLevelRequest(options=options(reason, key), logger=logger, level=level)
    return Call.of(request, engine_pb2.SetLogLevelResponse, lambda answer: answer.level)


def objectives() -> Call[list[engine_pb2.Objective]]:
    """Say how the service objectives stand."""
    request = engine_pb2.GetObjectivesRequest()
    return Call.of(request, engine_pb2.GetObjectivesResponse, lambda answer: list(answer.objectives))


# --- OrderService ----------------------------------------------------------------------------------------------------


def submit_order(
    symbol: str,
    side: str,
    qty: Number,
    *,
    limit: Number | None = None,
    stop: Number | None = None,
    time_in_force: str = "day",
    extended_hours: bool = False,
    reason: str = "",
    key: str | None = None,
) -> Call[order_pb2.SubmitOrderResponse]:
    """Send an order: at the market, or with a `limit`, a `stop`, or both."""
    request = order_pb2.SubmitOrderRequest(
        options=options(reason, key),
        symbol=symbol,
        side=numbered("side", SIDES, side),
        type=TYPES.number(_KIND[limit is not None, stop is not None]),
        time_in_force=numbered("time_in_force", TIMES_IN_FORCE, time_in_force),
        qty=exact("qty", qty),
        limit_price=exact("limit", limit),
        stop_price=exact("stop", stop),
        extended_hours=extended_hours,
    )
    return Call.of(request, order_pb2.SubmitOrderResponse, same)


def cancel_order(order_id: int, *, reason: str = "", key: str | None = None) -> Call[order_pb2.Order]:
    """Ask to cancel an order of any strategy."""
    request = order_pb2.CancelOrderRequest(options=options(reason, key), order_id=order_id)
    return Call.of(request, order_pb2.CancelOrderResponse, lambda answer: answer.order)


def replace_order(
    order_id: int,
    *,
    qty: Number | None = None,
    limit: Number | None = None,
    stop: Number | None = None,
    reason: str = "",
    key: str | None = None,
) -> Call[order_pb2.Order]:
    """Replace an order given by hand: what is None stays."""
    request = order_pb2.ReplaceOrderRequest(
        options=options(reason, key),
        order_id=order_id,
        qty=exact("qty", qty),
        limit_price=exact("limit", limit),
        stop_price=exact("stop", stop),
    )
    return Call.of(request, order_pb2.ReplaceOrderResponse, lambda answer: answer.order)


def order(
    order_id: int | None = None, *, client_order_id: str = "", fields: Sequence[str] = ()
) -> Call[order_pb2.Order]:
    """Give an order, by its number or its client order id."""
    mask = FieldMask(paths=fields)
    if order_id is not None:
        request = order_pb2.GetOrderRequest(order_id=order_id, fields=mask)
    else:
        request = order_pb2.GetOrderRequest(client_order_id=client_order_id, fields=mask)
    return Call.of(request, order_pb2.GetOrderResponse, lambda answer: answer.order)


def orders(
    *, open_only: bool = False, strategy: str = "", symbol: str = "", page_size: int = 0, fields: Sequence[str] = ()
) -> Callable[[str], Call[tuple[list[order_pb2.Order], str]]]:
    """Give orders, newest first."""

    def page(token: str) -> Call[tuple[list[order_pb2.Order], str]]:
        request = order_pb2.ListOrdersRequest(
            open_only=open_only,
            strategy=strategy,
            symbol=symbol,
            page_size=page_size,
            page_token=token,
            fields=FieldMask(paths=fields),
        )
        return Call.of(
            request, order_pb2.ListOrdersResponse, lambda answer: (list(answer.orders), answer.next_page_token)
        )

    return page


def stream_orders(
    *, strategy: str = "", symbol: str = "", snapshot: bool = False
) -> Call[order_pb2.StreamOrdersResponse]:
    """Tell of each change of an order; with `snapshot` after the orders that are open."""
    request = order_pb2.StreamOrdersRequest(strategy=strategy, symbol=symbol, snapshot=snapshot)
    return Call.of(request, order_pb2.StreamOrdersResponse, same)


# --- PortfolioService ------------------------------------------------------------------------------------------------


def account() -> Call[portfolio_pb2.Account]:
    """Give the account."""
    request = portfolio_pb2.GetAccountRequest()
    return Call.of(request, portfolio_pb2.GetAccountResponse, lambda answer: answer.account)


def positions(
    *, strategy: str = "", symbol: str = "", include_closed: bool = False, page_size: int = 0
) -> Callable[[str], Call[tuple[list[portfolio_pb2.Position], str]]]:
    """Give positions by symbol, then strategy."""

    def page(token: str) -> Call[tuple[list[portfolio_pb2.Position], str]]:
        request = portfolio_pb2.ListPositionsRequest(
            strategy=strategy, symbol=symbol, include_closed=include_closed, page_size=page_size, page_token=token
        )
        return Call.of(
            request,
            portfolio_pb2.ListPositionsResponse,
            lambda answer: (list(answer.positions), answer.next_page_token),
        )

    return page


def pnl() -> Call[list[portfolio_pb2.StrategyPnl]]:
    """Give profit and loss by strategy."""
    return Call.of(portfolio_pb2.GetPnlRequest(), portfolio_pb2.GetPnlResponse, lambda answer: list(answer.strategies))


def exposures() -> Call[portfolio_pb2.GetExposuresResponse]:
    """Give exposures of the account, of strategies, and of symbols."""
    return Call.of(portfolio_pb2.GetExposuresRequest(), portfolio_pb2.GetExposuresResponse, same)


def stream_portfolio(*, interval_s: float = 1.0) -> Call[portfolio_pb2.StreamPortfolioResponse]:
    """Tell how account and positions stand, every `interval_s` seconds."""
    request = portfolio_pb2.StreamPortfolioRequest(interval_ms=round(interval_s * 1_000))
    return Call.of(request, portfolio_pb2.StreamPortfolioResponse, same)


# --- StrategyService -------------------------------------------------------------------------------------------------


def strategies() -> Call[list[strategy_pb2.StrategyInfo]]:
    """Give the strategies."""
    request = strategy_pb2.ListStrategiesRequest()
    return Call.of(request, strategy_pb2.ListStrategiesResponse, lambda answer: list(answer.strategies))


def strategy(name: str) -> Call[strategy_pb2.StrategyInfo]:
    """Give a strategy."""
    request = strategy_pb2.GetStrategyRequest(name=name)
    return Call.of(request, strategy_pb2.GetStrategyResponse, lambda answer: answer.strategy)


def load_strategy(
    path: str, parameters: Mapping[str, Any] | None = None, *, reason: str = "", key: str | None = None
) -> Call[strategy_pb2.StrategyInfo]:
    """Add a strategy of a file on the engine's machine."""
    request = strategy_pb2.LoadStrategyRequest(
        options=options(reason, key), path=path, parameters=struct_of(parameters or {})
    )
    return Call.of(request, strategy_pb2.LoadStrategyResponse, lambda answer: answer.strategy)


def start_strategy(name: str, *, reason: str = "", key: str | None = None) -> Call[strategy_pb2.StrategyInfo]:
    """Call a strategy again."""
    request = strategy_pb2.StartStrategyRequest(options=options(reason, key), name=name)
    return Call.of(request, strategy_pb2.StartStrategyResponse, lambda answer: answer.strategy)


def stop_strategy(name: str, *, reason: str = "", key: str | None = None) -> Call[strategy_pb2.StrategyInfo]:
    """Call a strategy no more and cancel its orders; the others go on."""
    request = strategy_pb2.StopStrategyRequest(options=options(reason, key), name=name)
    return Call.of(request, strategy_pb2.StopStrategyResponse, lambda answer: answer.strategy)


def set_parameters(
    name: str, values: Mapping[str, Any], *, reason: str = "", key: str | None = None
) -> Call[strategy_pb2.StrategyInfo]:
    """Set parameters of a strategy: those not named stay."""
    request = strategy_pb2.SetParametersRequest(options=options(reason, key), name=name, parameters=struct_of(values))
    return Call.of(request, strategy_pb2.SetParametersResponse, lambda answer: answer.strategy)


# --- RiskService -----------------------------------------------------------------------------------------------------


def limits() -> Call[dict[str, Any]]:
    """Give the limits in force, as the section ``[risk]`` of the configuration."""
    return Call.of(risk_pb2.GetLimitsRequest(), risk_pb2.GetLimitsResponse, lambda answer: MessageToDict(answer.limits))


def set_limits(
    values: Mapping[str, Any], *, dry_run: bool = False, reason: str = "", key: str | None = None
) -> Call[risk_pb2.SetLimitsResponse]:
    """Put limits in force: those not named stay, None takes one away."""
    request = risk_pb2.SetLimitsRequest(options=options(reason, key), limits=struct_of(values), dry_run=dry_run)
    return Call.of(request, risk_pb2.SetLimitsResponse, same)


def explain(
    symbol: str,
    side: str,
    qty: Number,
    *,
    limit: Number | None = None,
    stop: Number | None = None,
    time_in_force: str = "day",
    strategy: str = "",
) -> Call[list[risk_pb2.RefusalReason]]:
    """Say which checks would refuse an order; none: it would pass."""
    request = risk_pb2.ExplainRequest(
        strategy=strategy,
        symbol=symbol,
        side=numbered("side", SIDES, side),
        type=TYPES.number(_KIND[limit is not None, stop is not None]),
        time_in_force=numbered("time_in_force", TIMES_IN_FORCE, time_in_force),
        qty=exact("qty", qty),
        limit_price=exact("limit", limit),
        stop_price=exact("stop", stop),
    )
    return Call.of(request, risk_pb2.ExplainResponse, lambda answer: list(answer.refusals))


def kill_switch(
    thrown: bool = True, *, strategy: str = "", reason: str = "", key: str | None = None
) -> Call[risk_pb2.SetKillSwitchResponse]:
    """Throw the kill switch, or release it: of all, or of one strategy."""
    request = risk_pb2.SetKillSwitchRequest(options=options(reason, key), thrown=thrown, strategy=strategy)
    return Call.of(request, risk_pb2.SetKillSwitchResponse, same)


def stopped() -> Call[list[risk_pb2.StoppedSymbol]]:
    """List the symbols that take no orders until what happened to them is accepted."""
    return Call.of(risk_pb2.ListStoppedRequest(), risk_pb2.ListStoppedResponse, lambda answer: list(answer.symbols))


def accept_symbol(symbol: str, *, reason: str = "", key: str | None = None) -> Call[risk_pb2.AcceptSymbolResponse]:
    """Let a symbol be traded again, once its position and orders were seen to."""
    request = risk_pb2.AcceptSymbolRequest(options=options(reason, key), symbol=symbol)
    return Call.of(request, risk_pb2.AcceptSymbolResponse, same)


def counters() -> Call[risk_pb2.GetCountersResponse]:
    """Give the counts of orders that passed and were refused."""
    return Call.of(risk_pb2.GetCountersRequest(), risk_pb2.GetCountersResponse, same)


# --- JournalService --------------------------------------------------------------------------------------------------


def tail_journal(
    *kinds: str, start: int = 0, limit: int = 0, follow: bool = False
) -> Call[list[journal_pb2.JournalRecord]]:
    """Give records from `start` on (0: the last 10), and with `follow` those that come."""
    request = journal_pb2.TailJournalRequest(start=start, limit=limit, kinds=kinds, follow=follow)
    return Call.of(request, journal_pb2.TailJournalResponse, lambda answer: list(answer.records))


def verify_journal(*, public_key: bytes = b"") -> Call[journal_pb2.VerifyJournalResponse]:
    """Walk the chain of hashes and, with a key, the signatures."""
    return Call.of(journal_pb2.VerifyJournalRequest(public_key=public_key), journal_pb2.VerifyJournalResponse, same)


def checkpoint(*, reason: str = "", key: str | None = None) -> Call[journal_pb2.CheckpointResponse]:
    """Make everything durable, and say up to where."""
    return Call.of(journal_pb2.CheckpointRequest(options=options(reason, key)), journal_pb2.CheckpointResponse, same)


# --- any other -------------------------------------------------------------------------------------------------------


def ask(request: Message, answer: type[A]) -> Call[A]:
    """Send any request of ``tickwright.v1`` and give its answer."""
    return Call.of(request, answer, same)
