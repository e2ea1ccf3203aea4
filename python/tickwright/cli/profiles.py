"""Profiles: engines by name, in ``profiles.toml`` of the user's configuration folder.

A profile names an address and the files that open it; no secret stands in it.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, Optional

import typer

from tickwright.cli.console import guarded, print_json, print_table

__all__ = ["Profile", "Profiles", "complete_profile", "profile_app", "profiles_file"]

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python


@dataclass(frozen=True)
class Profile:
    """One engine, and what opens it."""

    address: str
    """``unix:PATH`` or ``HOST:PORT``."""
    token_file: str = ""
    """File that holds the token, readable by its owner alone."""
    ca: str = ""
    """PEM file of the authorities that vouch for the engine; with it the way is TLS."""
    cert: str = ""
    """PEM file of the caller's own certificate, for mTLS."""
    key: str = ""
    """PEM file of its private key."""
    server_name: str = ""
    """Name in the engine's certificate where it is another than that of the address."""
    tls: bool = False
    """TLS with the authorities that come with gRPC."""


def profiles_file() -> Path:
    """Where profiles are kept."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "tickwright" / "profiles.toml"


@dataclass
class Profiles:
    """All profiles, and which is used where none is named."""

    known: dict[str, Profile]
    current: str = ""

    @classmethod
    def load(cls) -> Profiles:
        """Read them; none where there is no file.

        Raises
        ------
        ConfigError
            The file cannot be read or means nothing.
        """
        from tickwright.errors import ConfigError

        path = profiles_file()
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls({})
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(
                f"{path}: cannot be read ({error}); mend it, or remove it and add profiles anew"
            ) from None
        known = {}
        wanted = {field.name: bool if field.type == "bool" else str for field in fields(Profile)}
        for name, table in tables.get("profile", {}).items():
            if not isinstance(table, dict) or "address" not in table:
                raise ConfigError(
                    f"{path}: profile.{name}: has no address; give one, such as unix:/run/node/control.sock"
                )
            for key, value in table.items():
                if key not in wanted or not isinstance(value, wanted[key]):
                    raise ConfigError(
                        f"{path}: profile.{name}.{key}: unknown, or of another kind; keys are {', '.join(wanted)}"
                    )
            known[name] = Profile(**table)
        current = tables.get("current", "")
        return cls(known, current if isinstance(current, str) else "")

    def save(self) -> None:
        """Write them, whole or not at all, for the owner alone."""
        from tickwright._whole import write_whole
        from tickwright.errors import ConfigError

        lines = [f"current = {json.dumps(self.current)}"] if self.current else []
        for name, profile in sorted(self.known.items()):
            lines += ["", f"[profile.{json.dumps(name)}]"]
            given = {field.name: getattr(profile, field.name) for field in fields(Profile)}
            lines += [f"{key} = {json.dumps(value)}" for key, value in given.items() if value]
        path = profiles_file()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(path, "\n".join(lines) + "\n", private=True)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None

    def named(self, name: str) -> Profile:
        """Give a profile.

        Raises
        ------
        ConfigError
            There is none of that name.
        """
        from tickwright.errors import ConfigError

        if name not in self.known:
            there = ", ".join(sorted(self.known)) or "none; `tickwright profile add` makes one"
            raise ConfigError(f"profile {name!r}: is not known; there are: {there}")
        return self.known[name]


def complete_profile(incomplete: str) -> list[str]:
    """Names of profiles, for the shell's completion."""
    from tickwright.errors import TickwrightError

    try:
        return [name for name in sorted(Profiles.load().known) if name.startswith(incomplete)]
    except TickwrightError:
        return []


profile_app = typer.Typer(help="Name engines, and choose the one that is meant.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")]
Named = Annotated[str, typer.Argument(metavar="NAME", help="Name of the profile.", autocompletion=complete_profile)]


def _plain(profile: Profile) -> dict[str, Any]:
    return {field.name: getattr(profile, field.name) for field in fields(Profile)}


def _whole(path: str | None) -> str:
    return str(Path(path).expanduser().resolve()) if path else ""


@profile_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Name of the profile.")],
    address: Annotated[str, typer.Argument(help="unix:PATH or HOST:PORT.")],
    token_file: Annotated[Text, typer.Option(help="File that holds the token (mode 600).")] = None,
    ca: Annotated[Text, typer.Option(help="PEM file of the authorities that vouch for the engine: TLS.")] = None,
    cert: Annotated[Text, typer.Option(help="PEM file of your own certificate: mTLS.")] = None,
    key: Annotated[Text, typer.Option(help="PEM file of its private key.")] = None,
    server_name: Annotated[
        Text, typer.Option(help="Name in the engine's certificate, where the address has another.")
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="TLS by the authorities that come with gRPC.")] = False,
    use: Annotated[bool, typer.Option("--use", help="Use it where no other engine is named.")] = False,
    as_json: Json = False,
) -> None:
    """Add a profile, or change it."""
    with guarded(as_json=as_json, debug=False):
        from tickwright.cli.connection import checked_address
        from tickwright.errors import ConfigError

        if not NAME.fullmatch(name):
            raise ConfigError(f"profile {name!r}: a name is letters, digits, dots, dashes and underscores, at most 64")
        if bool(cert) != bool(key):
            raise ConfigError("--cert, --key: belong together; give both or none")
        profiles = Profiles.load()
        where = checked_address(address)
        if where.startswith("unix:"):
            where = "unix:" + _whole(where.removeprefix("unix:"))
        made = Profile(where, _whole(token_file), _whole(ca), _whole(cert), _whole(key), server_name or "", tls)
        profiles.known[name] = made
        if use:
            profiles.current = name
        profiles.save()
        if as_json:
            print_json({"name": name, "current": profiles.current == name, **_plain(made)})
        else:
            typer.echo(f"{name}: {made.address}")


@profile_app.command("list")
def show(as_json: Json = False) -> None:
    """List the profiles."""
    with guarded(as_json=as_json, debug=False):
        profiles = Profiles.load()
        names = sorted(profiles.known)
        if as_json:
            rows = [{"name": name, **_plain(profiles.known[name])} for name in names]
            print_json({"current": profiles.current or None, "profiles": rows})
        else:
            print_table(
                "",
                [("", False), ("profile", False), ("address", False), ("opened by", False)],
                [
                    ("*" if n == profiles.current else "", n, profiles.known[n].address, _opened(profiles.known[n]))
                    for n in names
                ],
            )


def _opened(profile: Profile) -> str:
    ways = [("certificate", profile.cert), ("token", profile.token_file), ("TLS", profile.ca or profile.tls)]
    return ", ".join(word for word, given in ways if given)


@profile_app.command("remove")
def remove(name: Named, as_json: Json = False) -> None:
    """Remove a profile; the files that it names stay."""
    with guarded(as_json=as_json, debug=False):
        profiles = Profiles.load()
        profiles.named(name)
        del profiles.known[name]
        if profiles.current == name:
            profiles.current = ""
        profiles.save()
        if as_json:
            print_json({"removed": name})
        else:
            typer.echo(f"removed: {name}")


@profile_app.command("use")
def use(
    name: Annotated[
        Text,
        typer.Argument(metavar="[NAME]", help="Name; none: the state folder again.", autocompletion=complete_profile),
    ] = None,
    as_json: Json = False,
) -> None:
    """Mean this engine where no other is named; without a name the state folder's again."""
    with guarded(as_json=as_json, debug=False):
        profiles = Profiles.load()
        if name is not None:
            profiles.named(name)
        profiles.current = name or ""
        profiles.save()
        if as_json:
            print_json({"current": name})
        else:
            typer.echo(f"in use: {name or 'the state folder'}")
