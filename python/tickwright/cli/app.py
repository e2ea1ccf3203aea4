"""The commands. Each imports what it needs when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from tickwright.cli import control, diagnose, limits, orders, portfolio, shell, start, strategies, top, watching
from tickwright.cli.console import Exit, guarded, print_json, print_table, progress_bar, summary_rows
from tickwright.cli.journal import journal_app
from tickwright.cli.live import run as run_live
from tickwright.cli.live import show_live_demo
from tickwright.cli.paper import paper
from tickwright.cli.profiles import complete_profile, profile_app
from tickwright.cli.token import cert_app, token_app

__all__ = ["app"]

app = typer.Typer(
    name="tickwright",
    help="Backtest strategies on a deterministic engine, trade them, and operate what trades.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Look at market data and convert it.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(journal_app, name="journal")
app.add_typer(token_app, name="token")
app.add_typer(cert_app, name="cert")
app.command()(paper)
app.command("run")(run_live)
start.register(app, control.PANEL)
control.register(app)
orders.register(app, control.PANEL)
portfolio.register(app, control.PANEL)
strategies.register(app, control.PANEL)
limits.register(app)
watching.register(app, journal_app, control.PANEL)
top.register(app, control.PANEL)
shell.register(app, control.PANEL)
diagnose.register(app, control.PANEL)
for name, group in (
    ("order", orders.order_app),
    ("strategy", strategies.strategy_app),
    ("risk", limits.risk_app),
    ("kill-switch", limits.kill_app),
    ("market", watching.market_app),
    ("config", control.config_app),
    ("profile", profile_app),
):
    app.add_typer(group, name=name, rich_help_panel=control.PANEL)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")]
Debug = Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")]
Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python
Number = Optional[float]  # noqa: UP045
Whole = Optional[int]  # noqa: UP045


def _option(flag: str, text: str, panel: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel=panel, show_default=False)


_RISK, _VENUE, _LOG = "Risk limits", "Simulated venue", "Logging"


@app.command()
def backtest(
    strategy: Annotated[
        Text,
        typer.Argument(
            help="FILE.py, FILE.py:Name or FILE.toml; without it, \\[\\[strategy]] of --config.", show_default=False
        ),
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option("--data", "-d", help="File or folder of market data; repeat for more.")
    ] = None,
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", "-s", help="Symbol to take; repeat or separate by commas.")
    ] = None,
    cash: Annotated[
        Number, typer.Option(help="Starting cash, dollars.  \\[default: 100000]", show_default=False)
    ] = None,
    out: Annotated[Text, typer.Option("--out", "-o", help="Folder for Parquet, stats.json and report.html.")] = None,
    config: Annotated[Text, typer.Option("--config", "-c", help="TOML configuration; flags win over it.")] = None,
    start: Annotated[
        Text, typer.Option(help="First moment, such as 2013-10-07 or 2013-10-07T13:30:00Z; UTC without a zone.")
    ] = None,
    end: Annotated[Text, typer.Option(help="End, itself left out.")] = None,
    adjust: Annotated[Text, typer.Option(help="none, split or total: adjust prices by the factor files.")] = None,
    actions: Annotated[
        bool | None,
        typer.Option("--actions/--no-actions", help="Play splits and dividends as events.", show_default=False),
    ] = None,
    bar_interval: Annotated[
        Text, typer.Option(help="Tables with one time a bar: its length, such as 1min or 1d.")
    ] = None,
    bar_time: Annotated[Text, typer.Option(help="Whether that time is the start or the end of the bar.")] = None,
    timezone: Annotated[
        Text, typer.Option(help="Zone of table times that name none, such as America/New_York.")
    ] = None,
    bars: Annotated[Text, typer.Option(help="Bars to build: 1m, tick:500, volume:10000, dollar:1000000.")] = None,
    equity_every: Annotated[
        Text, typer.Option(help="Step of the equity curve.  \\[default: 1m]", show_default=False)
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="key=value for the strategy; repeat for more.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option("--policy", help="FAULT=keep, drop or fail, such as crossed=keep; repeat for more."),
    ] = None,
    latency_ms: Annotated[
        Number, _option("--latency-ms", "Milliseconds from the strategy to the venue.", _VENUE)
    ] = None,
    report_latency_ms: Annotated[
        Number, _option("--report-latency-ms", "Milliseconds back.  \\[default: as --latency-ms]", _VENUE)
    ] = None,
    latency_jitter_ms: Annotated[
        Number, _option("--latency-jitter-ms", "Most milliseconds added at random.", _VENUE)
    ] = None,
    seed: Annotated[Whole, _option("--seed", "Seed of that randomness.", _VENUE)] = None,
    fees: Annotated[
        Text, _option("--fees", "none, per-share:RATE[:MINIMUM] or bps:RATE.  \\[default: none]", _VENUE)
    ] = None,
    slippage_bps: Annotated[
        Number, _option("--slippage-bps", "Basis points worse when an order takes liquidity.", _VENUE)
    ] = None,
    liquidity: Annotated[Text, _option("--liquidity", "quoted or unlimited size.", _VENUE)] = None,
    queue: Annotated[
        Text, _option("--queue", "Resting limits fill when traded through (behind) or at (front).", _VENUE)
    ] = None,
    stop_trigger: Annotated[Text, _option("--stop-trigger", "trade or quote.", _VENUE)] = None,
    dividends: Annotated[Text, _option("--dividends", "cash or reinvest.", _VENUE)] = None,
    max_order_qty: Annotated[Number, _option("--max-order-qty", "Shares of one order.", _RISK)] = None,
    max_order_notional: Annotated[Number, _option("--max-order-notional", "Dollars of one order.", _RISK)] = None,
    max_position_qty: Annotated[Number, _option("--max-position-qty", "Shares of one symbol.", _RISK)] = None,
    max_position_notional: Annotated[
        Number, _option("--max-position-notional", "Dollars of one symbol.", _RISK)
    ] = None,
    max_gross_exposure: Annotated[Number, _option("--max-gross-exposure", "Dollars long plus short.", _RISK)] = None,
    max_net_exposure: Annotated[Number, _option("--max-net-exposure", "Dollars long less short.", _RISK)] = None,
    max_leverage: Annotated[
        Number, _option("--max-leverage", "Gross exposure ÷ equity; inf for no limit.  \\[default: 2]", _RISK)
    ] = None,
    collar_pct: Annotated[
        Number, _option("--collar-pct", "Percent a limit price may be from the market.", _RISK)
    ] = None,
    max_data_age_ms: Annotated[
        Number, _option("--max-data-age-ms", "Milliseconds since the last price.", _RISK)
    ] = None,
    max_orders_per_second: Annotated[Whole, _option("--max-orders-per-second", "Orders in any second.", _RISK)] = None,
    max_open_orders: Annotated[Whole, _option("--max-open-orders", "Orders working at one time.", _RISK)] = None,
    max_drawdown_pct: Annotated[
        Number, _option("--max-drawdown-pct", "Percent below the highest equity: a breach.", _RISK)
    ] = None,
    max_daily_loss: Annotated[Number, _option("--max-daily-loss", "Dollars lost in a day: a breach.", _RISK)] = None,
    on_breach: Annotated[
        Text, _option("--on-breach", "halt, reduce_only or flatten.  \\[default: halt]", _RISK)
    ] = None,
    allow_short: Annotated[
        bool | None,
        typer.Option(
            "--allow-short/--no-short",
            help="Whether a position may be below zero.",
            rich_help_panel=_RISK,
            show_default=False,
        ),
    ] = None,
    log_level: Annotated[Text, _option("--log-level", "debug, info, warning, error, critical or off.", _LOG)] = None,
    log_json: Annotated[bool, _option("--log-json", "Log as JSON, one object a line.", _LOG)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run a strategy on market data."""
    risk = {
        "max_order_qty": max_order_qty,
        "max_order_notional": max_order_notional,
        "max_position_qty": max_position_qty,
        "max_position_notional": max_position_notional,
        "max_gross_exposure": max_gross_exposure,
        "max_net_exposure": max_net_exposure,
        "max_leverage": max_leverage,
        "collar_pct": collar_pct,
        "max_data_age_ms": max_data_age_ms,
        "max_orders_per_second": max_orders_per_second,
        "max_open_orders": max_open_orders,
        "max_drawdown_pct": max_drawdown_pct,
        "max_daily_loss": max_daily_loss,
        "on_breach": on_breach,
        "allow_short": allow_short,
    }
    venue = {
        "latency_ms": latency_ms,
        "report_latency_ms": report_latency_ms,
        "latency_jitter_ms": latency_jitter_ms,
        "seed": seed,
        "fees": fees,
        "slippage_bps": slippage_bps,
        "liquidity": liquidity,
        "queue": queue,
        "stop_trigger": stop_trigger,
        "dividends": dividends,
    }
    symbols = [part.strip() for item in symbol or [] for part in item.split(",") if part.strip()]
    market: dict[str, Any] = {
        "paths": data or None,
        "symbols": symbols or None,
        "adjust": adjust,
        "actions": actions,
        "bar_interval": bar_interval,
        "bar_time": bar_time,
        "timezone": timezone,
    }
    given: dict[str, dict[str, Any]] = {
        "run": {"cash": cash, "start": start, "end": end, "bars": bars, "equity_every": equity_every},
        "data": market,
        "risk": risk,
        "venue": venue,
        "report": {"out": out},
        "logging": {"level": log_level, "json": log_json or None},
    }
    with guarded(as_json=as_json, debug=debug):
        from tickwright import logs, output
        from tickwright.cli.market import find_sources, load_data
        from tickwright.cli.run import run_config, strategies
        from tickwright.config import load_config, parse_policy
        from tickwright.loader import parse_params

        market["policy"] = parse_policy(policy) if policy else None
        overrides = {
            section: kept
            for section, values in given.items()
            if (kept := {k: v for k, v in values.items() if v is not None})
        }
        checked = load_config(config, overrides=overrides)
        logging = checked.logging
        logs.configure(
            logging.level,
            json_lines=logging.json_lines,
            file=logging.file,
            max_bytes=logging.max_bytes,
            backups=logging.backups,
        )
        log = logs.get_logger("cli")
        if checked.report.out is not None:
            output.check_target(checked.report.out)
        made = strategies(checked, strategy, parse_params(param or []))
        sources = find_sources(checked.data.paths, checked.data.symbols)
        log.info("reading market data", extra={"files": len(sources)})
        loaded = load_data(sources, **checked.data.model_dump(exclude={"paths"}))
        with progress_bar("backtest", wanted=not quiet) as progress:
            result = run_config(checked, made, loaded, progress)
        log.info("run complete", extra={"digest": result.digest})
        written = None
        if checked.report.out is not None:
            report = checked.report
            written = output.save(
                result, report.out or "", html=report.html, max_rows=report.max_rows, max_points=report.max_points
            )
        _show_result(result, written, as_json=as_json, quiet=quiet)


def _show_result(result: Any, written: Path | None, *, as_json: bool, quiet: bool) -> None:
    from tickwright.output import stats_json

    if as_json:
        print_json({**stats_json(result), "out": None if written is None else str(written)})
    elif not quiet:
        print_table(
            " · ".join(str(s) for s in result.meta.get("strategies", [])) or "backtest",
            [("statistic", False), ("value", True)],
            summary_rows(result.stats),
        )
        if written is not None:
            typer.echo(f"written: {written}")


@app.command()
def demo(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the synthetic market.")] = 7,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for the results.")] = "demo-out",
    no_progress: Annotated[bool, typer.Option("--no-progress", help="No live display.")] = False,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Then trade a day over the wire too: paper venue, node, a cut and a kill.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=10, help="Length of that day, seconds.")] = 60.0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Trade a synthetic day of five symbols and write a report; with --live also through the paper venue."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright import output
        from tickwright.demo import run_demo

        output.check_target(out)
        with progress_bar("demo", wanted=not no_progress) as progress:
            result = run_demo(seed=seed, progress=progress)
        written = output.save(result, out)
        _show_result(result, written, as_json=as_json, quiet=False)
        if not as_json:
            codes = result.refusals.column("code").to_pylist()
            if codes:
                print_table(
                    "refused by risk",
                    [("reason", False), ("orders", True)],
                    sorted((c, str(codes.count(c))) for c in set(codes)),
                )
            typer.echo(f"report:  {written / 'report.html'}")
        if live:
            show_live_demo(Path(out) / "live", seed, seconds, show=not (no_progress or as_json), as_json=as_json)
        if open_report:
            _open(written / "report.html")


def _open(path: Path) -> None:
    typer.launch(path.resolve().as_uri())


@app.command()
def report(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder that `backtest --out` wrote.")],
    out: Annotated[
        Text,
        typer.Option(
            "--out", "-o", help="File for the report.  \\[default: DIR/report.html as it is]", show_default=False
        ),
    ] = None,
    max_rows: Annotated[int, typer.Option(min=0, help="Rows of a table, with --out.")] = 500,
    max_points: Annotated[int, typer.Option(min=100, help="Points of a line, with --out.")] = 5_000,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show the statistics of saved results, and write their report anew."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright import output
        from tickwright.errors import ConfigError
        from tickwright.report import write_report

        saved = output.load(folder)
        page = Path(folder) / "report.html"
        if out is not None:
            if Path(out).resolve().parent == Path(folder).resolve():
                raise ConfigError(
                    f"--out {out}: lies in the results, which must stay as they were written; choose another place"
                )
            page = write_report(saved, out, max_rows=max_rows, max_points=max_points)
        elif not page.is_file() and open_report:
            raise ConfigError(f"{page}: the results hold no report; write one with --out FILE")
        if as_json:
            print_json({**output.stats_json(saved), "report": str(page) if page.is_file() else None})
        else:
            _show_result(saved, None, as_json=False, quiet=False)
            if page.is_file():
                typer.echo(f"report:  {page}")
        if open_report:
            _open(page)


@app.command()
def doctor(
    address: Annotated[Text, typer.Option(help="Look at this engine too: unix:PATH or HOST:PORT.")] = None,
    profile: Annotated[Text, typer.Option(help="Engine by name.", autocompletion=complete_profile)] = None,
    state: Annotated[Text, typer.Option(help="State folder of a node of this machine.")] = None,
    config: Annotated[Text, typer.Option("--config", "-c", help="Configuration that names that folder.")] = None,
    token_file: Annotated[Text, typer.Option(help="File with the token (mode 600).")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check the machine and the installation, and the node and the way to it where there is one."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright.cli.connection import opened
        from tickwright.cli.doctor import examine, examine_engine

        way = {"address": address, "profile": profile, "state": state, "config": config, "token_file": token_file}
        with opened(way, 2.0) as link:
            folder = link.target.state
            meant = any(way.values()) or (folder is not None and folder.is_dir()) or folder is None
            checks = examine(folder if meant else None) + (examine_engine(link) if meant else [])
        healthy = all(c.state != "fail" for c in checks)
        if as_json:
            print_json({"healthy": healthy, "checks": [c._asdict() for c in checks]})
        else:
            print_table(
                "", [("check", False), ("", False), ("found", False)], [(c.name, c.state, c.found) for c in checks]
            )
        if not healthy:
            raise typer.Exit(int(Exit.INTERNAL))


@app.command()
def version(as_json: Json = False) -> None:
    """Print the version."""
    from tickwright.cli.doctor import version as installed

    if as_json:
        print_json({"version": installed()})
    else:
        typer.echo(f"tickwright {installed()}")


@data_app.command("ls")
def data_ls(
    path: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files or folders.")],
    symbol: Annotated[Optional[list[str]], typer.Option("--symbol", "-s", help="Only these symbols.")] = None,  # noqa: UP045
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List the market data in files and folders: Lean zips, LOBSTER messages, Parquet, Arrow and CSV tables."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright.cli.market import find_sources

        sources = find_sources(path, symbol or [])
        fields = ("format", "kind", "resolution", "symbol", "date", "bytes", "path")
        rows = [{f: getattr(s, f) if f == "bytes" else str(getattr(s, f)) for f in fields} for s in sources]
        if as_json:
            print_json({"files": rows})
        else:
            print_table(
                f"{len(rows):,} files",
                [(f, f == "bytes") for f in fields],
                [[f"{r['bytes']:,}" if f == "bytes" else str(r[f]) for f in fields] for r in rows],
            )


@data_app.command("import")
def data_import(
    source: Annotated[str, typer.Argument(metavar="SRC", help="File or folder of market data.")],
    target: Annotated[str, typer.Argument(metavar="DST", help="New folder for quotes.parquet, trades.parquet, ….")],
    symbol: Annotated[Optional[list[str]], typer.Option("--symbol", "-s", help="Only these symbols.")] = None,  # noqa: UP045
    adjust: Annotated[str, typer.Option(help="none, split or total.")] = "none",
    policy: Annotated[Optional[list[str]], typer.Option("--policy", help="FAULT=keep, drop or fail.")] = None,  # noqa: UP045
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Convert market data to Parquet, which loads fastest."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright.cli.importing import import_data
        from tickwright.config import parse_policy

        rows = import_data(source, target, symbols=symbol or [], adjust=adjust, policy=parse_policy(policy or []))
        if as_json:
            print_json({"out": target, "rows": rows})
        else:
            print_table(
                target,
                [("file", False), ("rows", True)],
                [(f"{name}.parquet", f"{count:,}") for name, count in rows.items()],
            )
