"""``tickwright paper``: serve the paper venue, and say how to reach it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tickwright.cli.console import guarded, print_json

if TYPE_CHECKING:
    from tickwright.config import Config
    from tickwright.paper.server import Urls

__all__ = ["paper"]

Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python
Whole = Optional[int]  # noqa: UP045


def paper(
    config: Annotated[Text, typer.Option("--config", "-c", help="TOML configuration; flags win over it.")] = None,
    port: Annotated[Whole, typer.Option(help="TCP port; 0 takes a free one.  \\[default: 8765]")] = None,
    speed: Annotated[
        Text, typer.Option(help="Seconds of the market a second, or max: as fast as possible.  \\[default: 1]")
    ] = None,
    data: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--data", "-d", help="File or folder of market data; repeat for more."),
    ] = None,
    symbol: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--symbol", "-s", help="Symbol to take; repeat or separate by commas."),
    ] = None,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Make a market up instead of reading one.")] = False,
    start: Annotated[Text, typer.Option(help="Virtual time at the start, such as 2013-10-07T13:30:00Z.")] = None,
    journal: Annotated[Text, typer.Option(help="Folder that the state is kept in from one start to the next.")] = None,
    seed: Annotated[Whole, typer.Option(help="Seed of the venue, the faults and a made-up market.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as one JSON object.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")] = False,
) -> None:
    """Serve Alpaca's protocols on this machine: a paper account that costs nothing and needs no network."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright.config import load_config
        from tickwright.paper import serve

        given: dict[str, Any] = {"port": port, "speed": _speed(speed), "start": start, "journal": journal, "seed": seed}
        if synthetic:
            made: dict[str, Any] = {"symbols": _listed(symbol), "seed": seed}
            given["market"] = {"source": "synthetic", **{k: v for k, v in made.items() if v not in (None, [])}}
        flags = {"paper": {k: v for k, v in given.items() if v is not None}}
        if not synthetic:
            files = {"paths": data, "symbols": _listed(symbol)}
            flags["data"] = {k: v for k, v in files.items() if v}
        checked = load_config(config, overrides=flags)
        serve(checked, ready=lambda urls: _announce(checked, urls, as_json=as_json))


def _speed(text: str | None) -> float | None:
    from tickwright.errors import ConfigError

    if text is None:
        return None
    if text in ("max", "inf"):
        return math.inf
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"--speed {text}: no number, and not max; give for example 10") from None


def _listed(symbols: list[str] | None) -> list[str]:
    return [name.strip() for text in symbols or [] for name in text.split(",") if name.strip()]


def _announce(config: Config, urls: Urls, *, as_json: bool) -> None:
    account = config.paper.accounts[0]
    if as_json:
        print_json({**urls.answer(), "key": account.key})
        return
    pair = f'"{account.key}", "{account.secret}"'
    typer.echo(f"the paper venue listens on {urls.rest_url}; Ctrl-C ends it\n")
    typer.echo(f"  TradingClient({pair}, url_override={urls.rest_url!r})")
    typer.echo(f"  TradingStream({pair}, url_override={urls.trading_stream_url!r})")
    typer.echo(f"  StockHistoricalDataClient({pair}, url_override={urls.rest_url!r})")
    typer.echo(f"  StockDataStream({pair}, url_override={urls.stock_stream_url!r})")
    typer.echo(f"  CryptoDataStream({pair}, url_override={urls.crypto_stream_url!r})")
