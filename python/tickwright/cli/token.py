"""``tickwright token`` and ``tickwright cert``: who may call the control plane, and by which certificates."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tickwright.cli.console import guarded, print_json, print_table

if TYPE_CHECKING:
    from tickwright.control.tokens import Token, TokenStore

__all__ = ["cert_app", "token_app"]

token_app = typer.Typer(help="Make, list, rotate and revoke tokens of the control plane.", no_args_is_help=True)
cert_app = typer.Typer(help="Make certificates for the control plane.", no_args_is_help=True)

Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")]
Debug = Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")]
ConfigFile = Annotated[Text, typer.Option("--config", "-c", help="TOML configuration: where the tokens are.")]
State = Annotated[Text, typer.Option(help="The node's folder; tokens are in its tokens.json.")]
Days = Annotated[float, typer.Option(help="Days until it expires; 0 for never.")]
Roles = "viewer, trader, operator or admin"


def _store(config: str | None, state: str | None) -> TokenStore:
    from tickwright.config import load_config
    from tickwright.control.tokens import TokenStore

    checked = load_config(config, overrides={"node": {"state": state}} if state is not None else None)
    return TokenStore(checked.control.tokens_path(checked.node.state))


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(token: Token) -> dict[str, Any]:
    import time

    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.name.lower(),
        "created": _moment(token.created_s),
        "expires": None if token.expires_s is None else _moment(token.expires_s),
        "revoked": None if token.revoked_s is None else _moment(token.revoked_s),
        "valid": not token.problem(time.time()),
    }


def _show_new(token: Token, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**_plain(token), "token": text})
        return
    typer.echo(f"{token.role.name.lower()} {token.name}, expires {_moment(token.expires_s)}, id {token.id}", err=True)
    typer.echo("This is shown once, and kept nowhere:", err=True)
    typer.echo(text)


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    role: Annotated[str, typer.Option("--role", "-r", help=f"What it allows: {Roles}.")] = "viewer",
    days: Days = 90.0,
    config: ConfigFile = None,
    state: State = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a token. It is shown once; only its hash is kept."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright.control.caller import Role
        from tickwright.errors import ConfigError

        if role.upper() not in Role.__members__:
            raise ConfigError(f"--role {role}: is none; choose {Roles}")
        made, text = _store(config, state).create(name, Role[role.upper()], days=days or None)
        _show_new(made, text, as_json=as_json)


@token_app.command("list")
def token_list(config: ConfigFile = None, state: State = None, as_json: Json = False, debug: Debug = False) -> None:
    """List tokens, without their secrets."""
    with guarded(as_json=as_json, debug=debug):
        rows = [_plain(token) for token in _store(config, state).load()]
        if as_json:
            print_json({"tokens": rows})
        else:
            names = ["id", "name", "role", "created", "expires", "revoked"]
            shown = [[str(row[name] or ("never" if name == "expires" else "no")) for name in names] for row in rows]
            print_table("", [(name, False) for name in names], shown)


@token_app.command("revoke")
def token_revoke(
    token: Annotated[str, typer.Argument(help="Id of a token, or the name of all of somebody's.")],
    config: ConfigFile = None,
    state: State = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Refuse a token from now on; a running engine knows within a second."""
    with guarded(as_json=as_json, debug=debug):
        gone = _store(config, state).revoke(token)
        if as_json:
            print_json({"revoked": [_plain(one) for one in gone]})
        else:
            for one in gone:
                typer.echo(f"revoked: {one.id}, {one.role.name.lower()} {one.name}")


@token_app.command("rotate")
def token_rotate(
    token: Annotated[str, typer.Argument(help="Id of a token, or the name of the one that somebody has.")],
    days: Days = 90.0,
    grace_s: Annotated[float, typer.Option("--grace", min=0, help="Seconds for which the old one still works.")] = 0.0,
    config: ConfigFile = None,
    state: State = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a token of the same name and role, and revoke the old one."""
    with guarded(as_json=as_json, debug=debug):
        made, text = _store(config, state).rotate(token, days=days or None, grace_s=grace_s)
        _show_new(made, text, as_json=as_json)


@token_app.command("prune")
def token_prune(config: ConfigFile = None, state: State = None, as_json: Json = False, debug: Debug = False) -> None:
    """Forget tokens that are expired or revoked."""
    with guarded(as_json=as_json, debug=debug):
        gone = _store(config, state).prune()
        if as_json:
            print_json({"forgotten": [_plain(one) for one in gone]})
        else:
            typer.echo(f"forgotten: {len(gone)}")


@cert_app.command("server")
def cert_server(
    name: Annotated[str, typer.Argument(help="Common name, and name of the files.")],
    host: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--host", help="Host name or address by which clients reach it; repeat for more."),
    ] = None,
    folder: Annotated[str, typer.Option(help="Folder of the certificate authority; made where there is none.")] = "tls",
    days: Annotated[float, typer.Option(min=1, help="Days for which it holds.")] = 365.0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a server's certificate, signed by an authority of your own."""
    _issue(name, host or [], folder, days, is_client=False, as_json=as_json, debug=debug)


@cert_app.command("client")
def cert_client(
    name: Annotated[str, typer.Argument(help="Common name, as control.clients has it, and name of the files.")],
    folder: Annotated[str, typer.Option(help="Folder of the certificate authority; made where there is none.")] = "tls",
    days: Annotated[float, typer.Option(min=1, help="Days for which it holds.")] = 365.0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a client's certificate, signed by an authority of your own."""
    _issue(name, [], folder, days, is_client=True, as_json=as_json, debug=debug)


def _issue(
    name: str, hosts: list[str], folder: str, days: float, *, is_client: bool, as_json: bool, debug: bool
) -> None:
    with guarded(as_json=as_json, debug=debug):
        from tickwright.control.tls import Authority

        authority = Authority(folder)
        cert, key = authority.issue(name, hosts=hosts, days=days, is_client=is_client)
        found = {"cert": str(cert), "key": str(key), "ca": str(Path(authority.cert))}
        if as_json:
            print_json(found)
        else:
            for what, path in found.items():
                typer.echo(f"{what + ':':6}{path}")
