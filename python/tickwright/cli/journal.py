"""``tickwright journal``: check, show, repair and export journals. Each command imports what it needs when it runs."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tickwright.cli.console import Exit, guarded, print_json, print_table

if TYPE_CHECKING:
    from tickwright.journal import Fault, TornTail

__all__ = ["journal_app"]

journal_app = typer.Typer(help="Check, show, repair and export journals.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")]
Debug = Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")]
Journal = Annotated[str, typer.Argument(metavar="DIR", help="Folder of a journal.", show_default=False)]
Kinds = Annotated[
    Optional[list[str]],  # noqa: UP045 - read at run time, and the same on every supported Python
    typer.Option("--kind", "-k", help="Only this kind, by name or number; repeat for more.", show_default=False),
]
First = Annotated[Optional[int], typer.Option("--from", min=0, help="First record.", show_default=False)]  # noqa: UP045
Last = Annotated[Optional[int], typer.Option("--to", min=0, help="Last record.", show_default=False)]  # noqa: UP045
_PAYLOAD_BYTES_SHOWN = 48


def _plain(value: Any) -> Any:
    """Give a report as JSON has it."""
    from dataclasses import asdict

    return None if value is None else asdict(value)


def _ending(tail: TornTail | None, fault: Fault | None) -> list[tuple[str, str]]:
    rows = []
    if tail is not None:
        stranded = f", {tail.stranded:,} whole records behind the break" if tail.stranded else ""
        where = f"{tail.file} at byte {tail.offset}, record {tail.sequence}"
        rows.append(("torn tail", f"{tail.bytes:,} bytes{stranded}; {where}: {tail.why}"))
    if fault is not None:
        rows.append(("fault", str(fault)))
    return rows


@journal_app.command("verify")
def journal_verify(
    path: Journal,
    public_key: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--public-key",
            help="64 hexadecimal digits, or a file of them: every checkpoint must be signed by it; repeat for more.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check every record, the chain, and the checkpoints; exit 3 where something is wrong."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright import journal

        report = journal.verify(path, public_key or None)
        if as_json:
            print_json({**_plain(report), "ok": report.ok})
        else:
            rows = [
                ("journal", report.id or "unknown"),
                ("segments", f"{report.segments:,}"),
                ("records", f"{report.records:,}  ({report.first} to {report.last})" if report.records else "0"),
                ("checkpoints", f"{report.checkpoints:,}, {report.signed:,} signed by a key given"),
                ("head", report.head),
                ("closed", "yes" if report.closed else "no"),
            ]
            if public_key:
                rows.append(("signed through", f"record {report.signed_through}"))
            title = "the journal holds" if report.ok else "the journal does not hold"
            print_table(title, [("", False), ("", False)], [*rows, *_ending(report.tail, report.fault)])
            if report.fault is not None and report.records:
                remedy = f"`tickwright journal repair {path} NEW_DIR` copies what is intact"
                typer.echo(f"error: {report.fault}; {remedy}", err=True)
            elif report.fault is not None:
                typer.echo(f"error: {report.fault}", err=True)
        if not report.ok:
            raise typer.Exit(int(Exit.DATA))


@journal_app.command("show")
def journal_show(
    path: Journal,
    kind: Kinds = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The most records to show.")] = 50,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show records: number, times, kind, and what they say; with --json all of it, and the payload hexadecimal."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright import journal

        end = None if last is None else last + 1
        records = journal.read(path, start=first or 0, end=end, kinds=kind or None)
        shown = list(itertools.islice(records, limit + 1))
        more, shown = len(shown) > limit, shown[:limit]
        if as_json:
            fields = ("sequence", "event_ts", "recv_ts")
            rows = [
                {
                    **{f: getattr(r, f) for f in fields},
                    "kind": journal.kind_name(r.kind),
                    "content": _content(r),
                    "payload": r.payload.hex(),
                    "chain": r.chain.hex(),
                }
                for r in shown
            ]
            print_json({"records": rows, "more": more})
            return
        columns = [("record", True), ("event time", False), ("received", False), ("kind", False), ("bytes", True)]
        print_table(
            "",
            [*columns, ("payload", False)],
            [
                [
                    str(r.sequence),
                    _moment(r.event_ts),
                    _moment(r.recv_ts),
                    journal.kind_name(r.kind),
                    f"{len(r.payload):,}",
                    _told(r),
                ]
                for r in shown
            ],
        )
        if more:
            typer.echo(f"more follow; the next with --from {shown[-1].sequence + 1}, more at once with --limit")


def _content(record: Any) -> Any:
    """Give what a session's record says; None where it is no session's."""
    from tickwright.errors import TickwrightError

    try:
        return record.content
    except TickwrightError:
        return None


def _told(record: Any) -> str:
    import json

    content = _content(record)
    if content is None:
        return _shown(record.payload)
    if isinstance(content, dict) and "input" in content:
        asked = f"  asked {json.dumps(content['asked'])}" if content["asked"] else ""
        return json.dumps(content["input"]) + asked
    return json.dumps(content)


def _moment(ns: int) -> str:
    import numpy as np

    # The lowest number is numpy's "not a time".
    return str(ns) if ns == -(2**63) else f"{np.datetime64(ns, 'ns')}Z"


def _shown(payload: bytes) -> str:
    """Give the first bytes of a payload: as text where all of it is printable, else hexadecimal."""
    start = payload[:_PAYLOAD_BYTES_SHOWN]
    rest = "…" if len(payload) > len(start) else ""
    if start.isascii() and (text := start.decode("ascii")).isprintable():
        return f'"{text}"{rest}' if text else ""
    return start[: _PAYLOAD_BYTES_SHOWN // 2].hex() + ("…" if len(payload) > _PAYLOAD_BYTES_SHOWN // 2 else "")


@journal_app.command("replay")
def journal_replay(
    path: Journal,
    from_snapshot: Annotated[bool, typer.Option("--from-snapshot", help="Begin with the newest snapshot.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run a recorded session through a fresh engine, without its strategies, and compare all that comes out."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright import journal

        found = journal.replay(path, from_snapshot=from_snapshot)
        if as_json:
            print_json(_plain(found))
            return
        start = "the first record" if found.from_snapshot is None else f"the snapshot at record {found.from_snapshot:,}"
        rows = [
            ("from", start),
            ("inputs", f"{found.steps:,}"),
            ("outputs", f"{found.outputs:,}, all as recorded"),
            ("snapshots", f"{found.snapshots:,}, all with the state's hash"),
            ("state", found.state_hash),
        ]
        print_table("", [("", False), ("", False)], [list(row) for row in rows])


@journal_app.command("repair")
def journal_repair(
    path: Journal,
    out: Annotated[str, typer.Argument(metavar="NEW_DIR", help="New folder for what is intact.", show_default=False)],
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Copy all records before the first fault into a new folder; the journal itself is only read."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright import journal

        report = journal.repair(path, out)
        if as_json:
            print_json({**_plain(report), "out": out})
            return
        rows = [("records kept", f"{report.records:,}  ({report.first} to {report.last})" if report.records else "0")]
        if report.left_out_range is not None:
            low, high = report.left_out_range
            rows.append(("left out", f"{report.left_out:,} whole records behind the fault ({low} to {high})"))
        print_table(out, [("", False), ("", False)], [*rows, *_ending(report.tail, report.fault)])


@journal_app.command("export")
def journal_export(
    path: Journal,
    out: Annotated[
        str, typer.Argument(metavar="FILE", help="New file: .parquet, .arrow or .feather.", show_default=False)
    ],
    kind: Kinds = None,
    first: First = None,
    last: Last = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write records to a Parquet or Arrow file: sequence, event_ts, recv_ts, kind, payload."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright import journal

        end = None if last is None else last + 1
        rows = journal.export(path, out, start=first or 0, end=end, kinds=kind or None)
        if as_json:
            print_json({"out": out, "rows": rows})
        else:
            typer.echo(f"{rows:,} records: {out}")


@journal_app.command("keygen")
def journal_keygen(
    out: Annotated[
        str, typer.Argument(metavar="FILE", help="New file for the secret key.", show_default=False)
    ] = "journal.key",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a key that signs checkpoints: the secret one in FILE, the public one in FILE.pub."""
    with guarded(as_json=as_json, debug=debug):
        from tickwright import journal

        public = journal.keygen(out)
        if as_json:
            print_json({"secret": str(Path(out)), "public": f"{out}.pub", "public_key": public})
        else:
            typer.echo(f"secret key: {out}\npublic key: {out}.pub  {public}")
