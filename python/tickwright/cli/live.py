"""``tickwright run``: strategies on an account, on paper or for money."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tickwright.cli.console import guarded, print_json

if TYPE_CHECKING:
    import asyncio

    from tickwright.config import Config
    from tickwright.control import ControlServer
    from tickwright.live import LiveNode
    from tickwright.observe.assemble import Observation

__all__ = ["run", "show_live_demo"]

log = logging.getLogger(__name__)

Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python


def run(
    strategy: Annotated[
        Text, typer.Argument(help="FILE.py, FILE.py:Name or FILE.toml; else the configuration's.")
    ] = None,
    config: Annotated[Text, typer.Option("--config", "-c", help="TOML configuration; flags win over it.")] = None,
    symbol: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--symbol", "-s", help="Symbol to trade; repeat or separate by commas."),
    ] = None,
    url: Annotated[Text, typer.Option(help="Address of a paper venue, such as http://127.0.0.1:8765.")] = None,
    state: Annotated[Text, typer.Option(help="Folder of the journal and what else a restart needs.")] = None,
    for_s: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option("--for", help="Stop after so many seconds."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Trade real money without asking once more.")] = False,
    show: Annotated[bool, typer.Option("--view/--no-view", help="Show the node on the terminal while it runs.")] = True,
    status_file: Annotated[Text, typer.Option("--status", help="File for the last status, as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the last status as one JSON object.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")] = False,
) -> None:
    """Run strategies on an Alpaca account: paper, or with `node.live = true` real money."""
    with guarded(as_json=as_json, debug=debug):
        import asyncio

        from tickwright import logs
        from tickwright.config import load_config

        names = [name.strip() for text in symbol or [] for name in text.split(",") if name.strip()]
        given = {"symbols": names or None, "url": url, "state": state}
        read = partial(load_config, config, overrides={"node": {k: v for k, v in given.items() if v is not None}})
        checked = read()
        chosen = checked.logging.model_dump()
        logs.configure(**chosen)
        node = _made(checked, strategy)
        if checked.node.live:
            _confirm(checked, yes)
        is_shown = show and not as_json and sys.stdout.isatty()
        status = asyncio.run(_run(node, checked, read if config else None, for_s, show=is_shown))
        if status_file is not None:
            Path(status_file).write_text(json.dumps(status, default=str), encoding="utf-8")
        if as_json:
            print_json(status)
        else:
            typer.echo(f"{status['state']}: {status['reason']}; journal {status['journal_id']} in {checked.node.state}")


def _made(config: Config, spec: str | None) -> LiveNode:
    from tickwright import Account, RiskLimits
    from tickwright.adapters import Credentials
    from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints
    from tickwright.cli.run import strategies
    from tickwright.errors import ConfigError
    from tickwright.live import LiveNode

    node = config.node
    if not node.symbols:
        raise ConfigError("node.symbols: is empty; name what is traded, there or with --symbol")
    made = strategies(config, spec, {})
    credentials = Credentials.load()
    endpoints = Endpoints.at(node.url) if node.url else Endpoints.alpaca(live=node.live)
    broker = AlpacaBroker(credentials, live=node.live, endpoints=endpoints)
    data = AlpacaMarketData(credentials, feed=node.feed, endpoints=endpoints)
    risk, account = RiskLimits(**config.risk.model_dump()), Account(**config.account.model_dump())
    return LiveNode(made, broker, data, node, risk=risk, account=account)


def _confirm(config: Config, yes: bool) -> None:
    limits = {name: value for name, value in config.risk.model_dump().items() if value not in (None, False, {}, [])}
    typer.echo(f"REAL MONEY. Symbols: {', '.join(config.node.symbols)}")
    typer.echo(f"Limits: {', '.join(f'{name} = {value}' for name, value in limits.items())}")
    if not yes:
        typer.confirm("Trade?", abort=True)


async def _run(
    node: LiveNode, config: Config, reread: Callable[[], Config] | None, for_s: float | None, *, show: bool
) -> dict[str, Any]:
    import asyncio

    from tickwright.observe.assemble import observing

    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, node.stop, name.name)
    with observing(node, loop, config) as found:
        control = _control(node, loop, config, reread, found)
        try:
            if control is not None and not await _served(control, config):
                control = None
            running = asyncio.create_task(node.run())
            if for_s is not None:
                loop.call_later(for_s, node.stop, f"{for_s:g} s are over")
            if show:
                await _shown(node, running)
            reason = await running
        finally:
            if control is not None:
                # It asks this loop until its last call is answered.
                await asyncio.to_thread(control.stop)
    return {**node.status(), "reason": reason}


def _control(
    node: LiveNode,
    loop: asyncio.AbstractEventLoop,
    config: Config,
    reread: Callable[[], Config] | None,
    found: Observation,
) -> ControlServer | None:
    """Give the control plane; None where it is off, or was never asked for and cannot be had."""
    from tickwright.errors import ConfigError

    if not config.control.enabled:
        return None
    try:
        from tickwright.control.assemble import control_server
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("grpc", "google")):
            raise
        if not config.control.model_fields_set:
            log.info("no control plane: it needs the extra control")
            return None
        raise ConfigError("control: needs gRPC; run: pip install 'tickwright[control]'") from None
    return control_server(
        node,
        loop,
        config,
        observer=found.metrics.grpc,
        reread=reread,
        sections={"alerts": found.reload_alerts},
        objectives=found.objectives,
    )


async def _served(control: ControlServer, config: Config) -> bool:
    """Begin to serve; one that was never asked for is no reason not to trade."""
    import asyncio

    from tickwright.errors import ConfigError

    try:
        await asyncio.to_thread(control.start)
    except ConfigError as error:
        if config.control.model_fields_set:
            raise
        log.warning("no control plane: %s", error)
        return False
    return True


async def _shown(node: LiveNode, running: asyncio.Task[str]) -> None:
    import asyncio

    from rich.live import Live

    from tickwright.live.view import view

    title = f"tickwright: {', '.join(node.settings.symbols)}"
    with Live(refresh_per_second=4, screen=True) as screen:
        while not running.done():
            if node.has_status:
                screen.update(view(node.status(), node.notices, title))
            await asyncio.wait([running], timeout=0.25)


def show_live_demo(folder: Path, seed: int, seconds: float, *, show: bool, as_json: bool) -> None:
    """Run the demonstration over the wire and say what it showed."""
    from tickwright.demo_live import run_live_demo
    from tickwright.errors import TickwrightError

    def say(text: str) -> None:
        typer.echo(text, err=as_json)

    found = run_live_demo(folder, seed=seed, seconds=seconds, show=show and sys.stdout.isatty(), say=say)
    latency = found.status["latency_us"]
    say(f"orders at the venue:  {found.orders}, {found.twice} of them twice")
    say(f"fills:                {found.fills} at the venue, {found.booked} in the journal")
    say(f"positions:            {'equal' if found.positions_agree else 'DIFFERENT'}")
    say(f"journal:              {'verified' if found.journal_ok else 'BROKEN'}, {folder / 'state' / 'journal'}")
    say(
        f"latency, µs p50/p99:  frame {latency['frame']['p50']:.0f}/{latency['frame']['p99']:.0f}, "
        f"order there and back {latency['round_trip']['p50']:.0f}/{latency['round_trip']['p99']:.0f}"
    )
    if not found.holds:
        raise TickwrightError("the demonstration lost or doubled something; its folder is kept")
