"""Methods of market data and backtests, as `calls` has those of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tickwright.control.asking import numbered, options, same, struct_of
from tickwright.control.lines import Call
from tickwright.control.services.words import Words
from tickwright.v1 import backtest_pb2, market_data_pb2

KINDS: Final[Words[market_data_pb2.DataKind.ValueType]] = Words(market_data_pb2.DataKind, "DATA_KIND_")
CONFLATIONS: Final[Words[market_data_pb2.Conflation.ValueType]] = Words(market_data_pb2.Conflation, "CONFLATION_")
FORMATS: Final[Words[market_data_pb2.BatchFormat.ValueType]] = Words(market_data_pb2.BatchFormat, "BATCH_FORMAT_")

# --- MarketDataService -----------------------------------------------------------------------------------------------


def prices(*symbols: str) -> Call[list[market_data_pb2.Snapshot]]:
    """Give the newest prices, of all symbols or of these."""
    request = market_data_pb2.GetSnapshotRequest(symbols=symbols)
    return Call.of(request, market_data_pb2.GetSnapshotResponse, lambda answer: list(answer.snapshots))


def stream_market_data(
    *kinds: str,
    symbols: Sequence[str] = (),
    conflation: str = "drop_oldest",
    batch_format: str = "columns",
    max_delay_s: float = 0.0,
    max_rows: int = 0,
) -> Call[market_data_pb2.SubscribeResponse]:
    """Send quotes, trades, bars or books in batches; `conflation` is drop_oldest, latest or disconnect."""
    request = market_data_pb2.SubscribeRequest(
        kinds=[numbered("kinds", KINDS, kind) for kind in kinds],
        symbols=symbols,
        conflation=numbered("conflation", CONFLATIONS, conflation),
        format=numbered("batch_format", FORMATS, batch_format),
        max_delay_ms=round(max_delay_s * 1_000),
        max_rows=max_rows,
    )
    return Call.of(request, market_data_pb2.SubscribeResponse, same)


def stream_indicators(
    *indicators: market_data_pb2.IndicatorSpec, symbols: Sequence[str] = ()
) -> Call[market_data_pb2.SubscribeIndicatorsResponse]:
    """Send values of indicators as they change."""
    request = market_data_pb2.SubscribeIndicatorsRequest(indicators=indicators, symbols=symbols)
    return Call.of(request, market_data_pb2.SubscribeIndicatorsResponse, same)


def subscriptions() -> Call[list[market_data_pb2.Subscription]]:
    """Give the streams of market data that are open."""
    request = market_data_pb2.ListSubscriptionsRequest()
    return Call.of(request, market_data_pb2.ListSubscriptionsResponse, lambda answer: list(answer.subscriptions))


# --- BacktestService -------------------------------------------------------------------------------------------------


def run_backtest(
    strategy: str,
    config: Mapping[str, Any] | None = None,
    *,
    detach: bool = False,
    reason: str = "",
    key: str | None = None,
) -> Call[backtest_pb2.RunBacktestResponse]:
    """Run a backtest and tell how far it is; the last answer has its results."""
    request = backtest_pb2.RunBacktestRequest(
        options=options(reason, key), strategy=strategy, config=struct_of(config or {}), detach=detach
    )
    return Call.of(request, backtest_pb2.RunBacktestResponse, same)


def backtest(backtest_id: str, *, include_tables: bool = False) -> Call[backtest_pb2.GetBacktestResponse]:
    """Give a backtest."""
    request = backtest_pb2.GetBacktestRequest(id=backtest_id, include_tables=include_tables)
    return Call.of(request, backtest_pb2.GetBacktestResponse, same)


def backtests(*, page_size: int = 0) -> Callable[[str], Call[tuple[list[backtest_pb2.Backtest], str]]]:
    """Give backtests, newest first."""

    def page(token: str) -> Call[tuple[list[backtest_pb2.Backtest], str]]:
        request = backtest_pb2.ListBacktestsRequest(page_size=page_size, page_token=token)
        return Call.of(
            request,
            backtest_pb2.ListBacktestsResponse,
            lambda answer: (list(answer.backtests), answer.next_page_token),
        )

    return page


def cancel_backtest(backtest_id: str, *, reason: str = "", key: str | None = None) -> Call[backtest_pb2.Backtest]:
    """End a backtest that runs."""
    request = backtest_pb2.CancelBacktestRequest(options=options(reason, key), id=backtest_id)
    return Call.of(request, backtest_pb2.CancelBacktestResponse, lambda answer: answer.backtest)
