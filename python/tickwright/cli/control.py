"""Commands to the engine as a whole: how it stands, and what an operator can make it do."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal, Optional

import typer

from tickwright.cli.remote import Call, Link, remote
from tickwright.cli.shown import Answer, Grid, age, amount, as_dict, money, pairs, span

__all__ = ["PANEL", "ask_status", "brief", "config_app", "register"]

PANEL = "Operate a running engine"
Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python
config_app = typer.Typer(help="Configuration of a running engine.", no_args_is_help=True)


def ask_status(link: Link) -> dict[str, Any]:
    """Ask how the engine stands."""
    from tickwright.v1 import engine_pb2

    found = as_dict(link.ask(engine_pb2.GetStatusRequest()).status)
    found["address"] = link.target.address
    return found


def brief(status: dict[str, Any]) -> str:
    """Name the account that something dangerous is about to happen to."""
    return (
        f"{'LIVE account, real money,' if status['live'] else 'paper account'} {status['account'] or 'of the engine'}"
    )


def killed(status: dict[str, Any]) -> str:
    """Say for whom the kill switch is thrown; empty for nobody."""
    names = ["all"] if status["kill_switch"] else status["killed_strategies"]
    return f"thrown for {', '.join(names)}: no new order leaves" if names else ""


def register(app: typer.Typer) -> None:
    """Register the commands."""
    _register_looks(app)
    _register_commands(app)
    _register_settings(app)


def _register_looks(app: typer.Typer) -> None:
    @remote(app, "status", panel=PANEL)
    def status(
        link: Link,
        call: Call,
        slo: Annotated[bool, typer.Option("--slo", help="The service objectives and their error budgets.")] = False,
    ) -> Answer:
        """Say how the engine stands."""
        return _objectives(link) if slo else _status(ask_status(link))

    @remote(app, "health", panel=PANEL)
    def health(
        link: Link,
        call: Call,
        service: Annotated[
            str, typer.Option("--service", help="A service by its full name; without it the engine as a whole.")
        ] = "",
    ) -> Answer:
        """Ask whether the engine serves, as a probe does (grpc.health.v1): leaves with 0 if it does, with 1 if not."""
        found = link.serving(service)
        data = {"status": found, "service": service, "address": link.target.address}
        return Answer(data, [found], exit_code=0 if found == "SERVING" else 1)


def _status(found: dict[str, Any]) -> Answer:
    up_s = time.time() - found["started_ns"] / 1e9  # the engine's own clock may be that of its data
    head = f"{found['state']}   {brief(found)}   tickwright {found['version'] or '?'}"
    rows = [
        ("up", span(up_s) if found["started_ns"] and up_s > 0 else ""),
        ("equity", f"{money(found['equity'])}   cash {money(found['cash'])}   drawdown {money(found['drawdown'])}"),
        ("orders", f"{found['orders']:,}   open {found['open_orders']:,}   in flight {found['in_flight']:,}"),
        (
            "data",
            f"{found['events']:,} events in {found['frames']:,} frames, the newest {age(found['data_age_ns'])} old",
        ),
        ("symbols", ", ".join(found["symbols"])),
        ("strategies", ", ".join(found["strategies"])),
        ("journal", f"{found['steps']:,} steps   {found['journal_id']}"),
        ("in doubt", f"{found['in_doubt']:,}" if found["in_doubt"] else ""),
        ("anomalies", f"{found['anomalies']:,}" if found["anomalies"] else ""),
        ("kill switch", killed(found)),
    ]
    latencies = [
        [row["stage"].replace("_", " "), f"{row['p50_us']:,.0f}", f"{row['p99_us']:,.0f}", f"{row['count']:,}"]
        for row in found["latencies"]
    ]
    parts: list[Grid | str] = [head, pairs(rows)]
    if latencies:
        parts.append(Grid([("latency, µs", False), ("p50", True), ("p99", True), ("count", True)], latencies))
    if found["components"]:
        marks = [[row["name"], "ok" if row["healthy"] else "WRONG", row["detail"]] for row in found["components"]]
        parts.append(Grid([("component", False), ("", False), ("", False)], marks))
    return Answer(found, parts)


def _objectives(link: Link) -> Answer:
    from tickwright.v1 import engine_pb2

    found = as_dict(link.ask(engine_pb2.GetObjectivesRequest()))
    columns = [("objective", False), ("window", True), ("target", True), ("achieved", True), ("events", True)]
    rows = [
        [
            row["name"],
            span(row["window_s"]),
            f"{row['target']:.3%}",
            f"{row['achieved']:.3%}",
            f"{row['events']:,}",
            f"{row['budget_left']:.1%}",
        ]
        for row in found["objectives"]
    ]
    return Answer(found, [Grid([*columns, ("budget left", True)], rows, none="no objectives are set")])


def _done(response: Any, *more: str) -> Answer:
    """Say what became of a command."""
    found = as_dict(response)
    result = found.get("result") or {}
    again = "   (as before: the key was used already)" if result.get("repeated") else ""
    return Answer(found, [f"{result.get('state')}{again}", *more])


def _register_commands(app: typer.Typer) -> None:
    def plain(name: str, method: str, text: str, *, asks: str = "") -> None:
        def command(link: Link, call: Call) -> Answer:
            from tickwright.v1 import engine_pb2

            if asks:
                call.confirm(_what(link, asks) if not call.yes else asks)
            request = getattr(engine_pb2, f"{method}Request")(options=call.options())
            return _done(link.ask(request))

        command.__name__, command.__doc__ = name.replace("-", "_"), text
        remote(app, name, "command", asks=bool(asks), panel=PANEL)(command)

    plain("pause", "Pause", "Take no new orders; cancels pass.")
    plain("resume", "Resume", "Trade again, out of PAUSED, REDUCE_ONLY, SAFE_MODE or HALTED.")
    plain("reduce-only", "ReduceOnly", "Take only orders that shrink a position.")
    plain("safe-mode", "SafeMode", "Cancel all working orders, and take no new ones until an operator decides.")
    plain("halt", "Halt", "Cancel all working orders and stop trading.", asks="halt: all working orders are canceled")
    plain(
        "flatten",
        "Flatten",
        "Cancel all working orders, close every position at the market, and stop trading.",
        asks="flatten: orders are canceled, and every position is closed at the market",
    )

    @remote(app, "cancel-all", "command", panel=PANEL)
    def cancel_all(link: Link, call: Call) -> Answer:
        """Cancel all working orders; trading goes on."""
        from tickwright.v1 import engine_pb2

        found = link.ask(engine_pb2.CancelAllRequest(options=call.options()))
        return _done(found, f"{found.orders:,} orders were open")

    @remote(app, "reconcile", "command", panel=PANEL)
    def reconcile(link: Link, call: Call) -> Answer:
        """Compare orders, fills and positions with the broker; leaves with 9 where positions differ."""
        from tickwright.v1 import engine_pb2

        found = link.ask(engine_pb2.ReconcileRequest(options=call.options()))
        rows = [[d.symbol, amount(d.ours), amount(d.brokers)] for d in found.differences]
        said = "positions agree" if found.agrees else "positions DIFFER"
        answer = _done(found, f"{said}; the broker told of {found.orders:,} orders and {found.fills:,} fills")
        grid = Grid([("symbol", False), ("ours", True), ("the broker's", True)], rows)
        return Answer(answer.data, [*answer.parts, grid] if rows else answer.parts, 0 if found.agrees else 9)

    @remote(app, "stop", "command", asks=True, panel=PANEL)
    def stop(
        link: Link,
        call: Call,
        policy: Annotated[
            Optional[Literal["leave", "cancel", "flatten"]],  # noqa: UP045
            typer.Option(help="What becomes of orders and positions; without it as configured.", show_default=False),
        ] = None,
        wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until its process has ended.")] = 30.0,
    ) -> Answer:
        """End the engine, and wait until it is gone."""
        return stop_engine(link, call, policy, wait)

    @remote(app, "checkpoint", "command", panel=PANEL)
    def checkpoint(link: Link, call: Call) -> Answer:
        """Make the journal durable, and say up to where."""
        from tickwright.v1 import journal_pb2

        found = as_dict(link.ask(journal_pb2.CheckpointRequest(options=call.options())))
        return Answer(found, [f"{found['steps']:,} steps are durable; state {found['state_hash']}"])


def stop_engine(link: Link, call: Call, policy: str | None, wait_s: float) -> Answer:
    """Ask the engine to end, and wait until it has."""
    from tickwright.cli.process import pid_of, wait_until_gone
    from tickwright.errors import TickwrightError
    from tickwright.v1 import engine_pb2

    if not call.yes:
        left = {
            "leave": "orders and positions stay",
            "cancel": "orders are canceled",
            "flatten": "positions are closed",
        }
        call.confirm(
            _what(link, f"stop: the engine ends; {left.get(policy or '', 'orders and positions as configured')}")
        )
    state = link.target.state
    number = None if state is None else pid_of(state)
    request = engine_pb2.ShutdownRequest(options=call.options(), policy=policy or "")
    answer = _done(link.ask(request))
    if not wait_s:
        return Answer(answer.data, ["it is about to end"])
    if state is not None and number is not None:
        is_gone = wait_until_gone(state, number, wait_s)
    else:
        is_gone = _until_silent(link, wait_s)
    if not is_gone:
        raise TickwrightError(f"it was told to end, and has not within {wait_s:g} s; see its log")
    return Answer({**answer.data, "ended": True}, ["ended"])


def _until_silent(link: Link, wait_s: float) -> bool:

    from tickwright.cli.connection import Link as Way
    from tickwright.errors import UnreachableError

    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        try:
            with Way(link.target, timeout_s=1.0) as anew:
                anew.serving()
        except UnreachableError:
            return True
        time.sleep(0.1)
    return False


def _what(link: Link, what: str) -> str:
    """Say what is about to happen, to which account, and how much of it there is."""
    status = ask_status(link)
    return f"{brief(status)}, equity {money(status['equity'])}, {status['open_orders']} open orders.\n{what}"


def _register_settings(app: typer.Typer) -> None:
    @remote(app, "flags", "command", panel=PANEL)
    def flags(
        link: Link,
        call: Call,
        name: Annotated[Text, typer.Argument(help="A flag to set.", show_default=False)] = None,
        value: Annotated[
            Optional[Literal["on", "off"]],  # noqa: UP045
            typer.Argument(help="What to set it to.", show_default=False),
        ] = None,
    ) -> Answer:
        """List the feature flags, or set one."""
        from tickwright.errors import ConfigError
        from tickwright.v1 import engine_pb2

        if (name is None) != (value is None):
            raise ConfigError("flags: give a name and on or off, or neither")
        if name is not None:
            request = engine_pb2.SetFlagRequest(options=call.options(), name=name, enabled=value == "on")
            flag = as_dict(link.ask(request).flag)
            return Answer(flag, [f"{flag['name']}: {'on' if flag['enabled'] else 'off'}"])
        found = as_dict(link.ask(engine_pb2.ListFlagsRequest()))
        rows = [[flag["name"], "on" if flag["enabled"] else "off", flag["description"]] for flag in found["flags"]]
        return Answer(found, [Grid([("flag", False), ("", False), ("", False)], rows, none="there are no flags")])

    @remote(app, "log-level", "command", panel=PANEL)
    def log_level(
        link: Link,
        call: Call,
        level: Annotated[
            Literal["debug", "info", "warning", "error", "critical", "off"], typer.Argument(help="Least grave level.")
        ],
        logger: Annotated[str, typer.Option("--logger", help="Such as tickwright.live; without it all.")] = "",
    ) -> Answer:
        """Set what the engine logs from now on."""
        from tickwright.v1 import engine_pb2

        request = engine_pb2.SetLogLevelRequest(options=call.options(), logger=logger, level=level)
        found = as_dict(link.ask(request))
        return Answer({**found, "logger": logger or "tickwright"}, [f"{logger or 'tickwright'}: {found['level']}"])

    @remote(config_app, "reload", "command")
    def reload(
        link: Link,
        call: Call,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    ) -> Answer:
        """Read the configuration file again, and put in force what can change while the engine runs."""
        from tickwright.v1 import engine_pb2

        request = engine_pb2.ReloadConfigRequest(options=call.options(), dry_run=dry_run)
        found = as_dict(link.ask(request))
        says = [f"{'would change' if dry_run else 'changed'}: {', '.join(found['changed']) or 'nothing'}"]
        if found["needs_restart"]:
            says.append(f"needs a restart: {', '.join(found['needs_restart'])}")
        return Answer(found, says)
