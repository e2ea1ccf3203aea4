"""Clients of the control plane: `Client`, and `AsyncClient` whose calls are awaited."""

from __future__ import annotations

import os

from tickwright.control import calls, data_calls
from tickwright.control.lines import AsyncLine, Line, Paged, Streaming, Unary
from tickwright.control.remote import Way

__all__ = ["AsyncClient", "Client"]


class _Methods:
    """What an engine can be asked, of both clients."""

    status = Unary(calls.status)
    stream_notices = Streaming(calls.stream_notices)
    pause = Unary(calls.pause)
    resume = Unary(calls.resume)
    reduce_only = Unary(calls.reduce_only)
    safe_mode = Unary(calls.safe_mode)
    halt = Unary(calls.halt)
    flatten = Unary(calls.flatten)
    cancel_all = Unary(calls.cancel_all)
    reconcile = Unary(calls.reconcile)
    shutdown = Unary(calls.shutdown)
    reload_config = Unary(calls.reload_config)
    flags = Unary(calls.flags)
    set_flag = Unary(calls.set_flag)
    set_log_level = Unary(calls.set_log_level)
    objectives = Unary(calls.objectives)

    submit_order = Unary(calls.submit_order)
    cancel_order = Unary(calls.cancel_order)
    replace_order = Unary(calls.replace_order)
    order = Unary(calls.order)
    orders = Paged(calls.orders)
    stream_orders = Streaming(calls.stream_orders)

    account = Unary(calls.account)
    positions = Paged(calls.positions)
    pnl = Unary(calls.pnl)
    exposures = Unary(calls.exposures)
    stream_portfolio = Streaming(calls.stream_portfolio)

    strategies = Unary(calls.strategies)
    strategy = Unary(calls.strategy)
    load_strategy = Unary(calls.load_strategy)
    start_strategy = Unary(calls.start_strategy)
    stop_strategy = Unary(calls.stop_strategy)
    set_parameters = Unary(calls.set_parameters)

    limits = Unary(calls.limits)
    set_limits = Unary(calls.set_limits)
    explain = Unary(calls.explain)
    kill_switch = Unary(calls.kill_switch)
    stopped = Unary(calls.stopped)
    accept_symbol = Unary(calls.accept_symbol)
    counters = Unary(calls.counters)

    tail_journal = Streaming(calls.tail_journal)
    verify_journal = Unary(calls.verify_journal)
    checkpoint = Unary(calls.checkpoint)

    prices = Unary(data_calls.prices)
    stream_market_data = Streaming(data_calls.stream_market_data)
    stream_indicators = Streaming(data_calls.stream_indicators)
    subscriptions = Unary(data_calls.subscriptions)

    run_backtest = Streaming(data_calls.run_backtest)
    backtest = Unary(data_calls.backtest)
    backtests = Paged(data_calls.backtests)
    cancel_backtest = Unary(data_calls.cancel_backtest)

    ask = Unary(calls.ask)
    listen = Streaming(calls.ask)


class Client(_Methods, Line):
    """A client of an engine's control plane; any number of threads may use it.

    Parameters
    ----------
    address
        ``unix:PATH``, ``HOST:PORT``, or the name of a profile; None: ``TICKWRIGHT_ADDRESS``, else
        ``unix:state/control.sock``.
    token, token_file
        The token, or a file that holds it and that only its owner may read; None: ``TICKWRIGHT_TOKEN``.
    tls
        TLS by the authorities that come with gRPC.
    ca, cert, key
        PEM files: who vouches for the engine, and the caller's own certificate and private key; with them the way is
        TLS.
    server_name
        Name in the engine's certificate, where the address has another.
    timeout_s
        Seconds for each call, with its repetitions; `within` gives a client with others. Streams have no end.
    attempts
        How often a call is tried at most while nobody answers. Every command has an idempotency key, so that it takes
        effect once however often it is sent.

    Raises
    ------
    ConfigError
        The address is none, a file cannot be read, or a token would go to another machine in the clear.
    RemoteError
        By each call: the engine refused; `code`, `reason`, `metadata` and `field` say why.
    UnreachableError
        By each call: nobody answered in time.

    Examples
    --------
    Against an engine on this machine::

        with Client("unix:state/control.sock") as client:
            print(client.status().equity)
            client.pause(reason="earnings at four")
            for order in client.orders(open_only=True):
                client.cancel_order(order.id)
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        token: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        tls: bool = False,
        ca: str | os.PathLike[str] | None = None,
        cert: str | os.PathLike[str] | None = None,
        key: str | os.PathLike[str] | None = None,
        server_name: str = "",
        timeout_s: float = 10.0,
        attempts: int = 5,
    ) -> None:
        way = Way.of(
            address, token=token, token_file=token_file, tls=tls, ca=ca, cert=cert, key=key, server_name=server_name
        )
        super().__init__(way, timeout_s, attempts)


class AsyncClient(_Methods, AsyncLine):
    """A client of an engine's control plane, for one event loop; as `Client`, but calls are awaited.

    Examples
    --------
    Against an engine on this machine::

        async with AsyncClient("unix:state/control.sock") as client:
            print((await client.status()).equity)
            async with client.stream_notices("fill") as notices:
                async for answer in notices:
                    print(answer.notices)
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        token: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        tls: bool = False,
        ca: str | os.PathLike[str] | None = None,
        cert: str | os.PathLike[str] | None = None,
        key: str | os.PathLike[str] | None = None,
        server_name: str = "",
        timeout_s: float = 10.0,
        attempts: int = 5,
    ) -> None:
        way = Way.of(
            address, token=token, token_file=token_file, tls=tls, ca=ca, cert=cert, key=key, server_name=server_name
        )
        super().__init__(way, timeout_s, attempts)
