"""What an engine tells as it happens: notices, records of its journal, quotes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Literal, Optional

import typer

from tickwright.cli.remote import Call, Link, remote
from tickwright.cli.shown import Answer, Grid, amount, as_dict, clock, moment, price

__all__ = ["last_notices", "market_app", "notice_text", "notices_of", "register"]

market_app = typer.Typer(help="Prices as a running engine gets them.", no_args_is_help=True)
KINDS = ("fill", "refusal", "state", "fault", "anomaly", "limits")
Item = tuple[dict[str, Any], str]


def notice_text(notice: dict[str, Any]) -> str:
    """Say in one line what happened."""
    kind = next((kind for kind in KINDS if notice.get(kind) is not None), "")
    what = notice.get(kind) or {}
    if kind == "fill":
        text = (
            f"{what['strategy']} {'bought' if what['side'] == 'buy' else 'sold'} {amount(what['qty'])} "
            f"{what['symbol']} at {price(what['price'])} (order {what['order_id']}, "
            f"position {amount(what['position'])})"
        )
    elif kind == "refusal":
        text = f"{what['strategy']} {what['symbol']} {what['code']}: {what['why']} (order {what['order_id']})"
    elif kind == "state":
        text = f"{what['from']} → {what['to']} by {what['by']}: {what['why']}"
    elif kind == "fault":
        text = f"{what['strategy']}: {what['why']}{' (isolated)' if what['is_isolated'] else ''}"
    elif kind == "anomaly":
        text = f"{what['why']}{' (money)' if what['is_money'] else ''}"
    else:
        text = f"by {what.get('by', '')}"
    return f"{clock(notice['at_ns'])} {kind:8} {text}"


def notices_of(link: Link, kinds: list[str], last: int) -> Iterator[Item]:
    """Give the last notices, and those that come."""
    from tickwright.v1 import engine_pb2

    request = engine_pb2.StreamNoticesRequest(kinds=kinds, last=last)
    for message in link.listen(request):
        if message.missed:
            yield {"missed": message.missed}, f"({message.missed:,} notices were missed: this reader was too slow)"
        for notice in message.notices:
            found = as_dict(notice)
            yield found, notice_text(found)


def last_notices(link: Link, kinds: list[str], last: int) -> Iterator[Item]:
    """Give the last notices."""
    from tickwright.v1 import engine_pb2

    request = engine_pb2.StreamNoticesRequest(kinds=kinds, last=last)
    message = link.first(request)
    for notice in message.notices if message is not None else ():
        found = as_dict(notice)
        yield found, notice_text(found)


def register(app: typer.Typer, journal_app: typer.Typer, panel: str) -> None:
    """Register the commands."""

    @remote(app, "notices", "stream", panel=panel)
    def notices(
        link: Link,
        call: Call,
        kind: Annotated[
            Optional[list[str]],  # noqa: UP045
            typer.Option(
                "--kind",
                help="Only fill, refusal, state, fault, anomaly, limits, action, stopped or accepted; repeat for more.",
            ),
        ] = None,
        last: Annotated[int, typer.Option("--last", "-n", min=0, max=1_000, help="How many of the last ones.")] = 20,
        follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with those that come.")] = False,
    ) -> Iterator[Item]:
        """Show fills, refusals, changes of state and faults."""
        return (notices_of if follow else last_notices)(link, list(kind or []), last)

    @remote(journal_app, "tail", "stream")
    def tail(
        link: Link,
        call: Call,
        start: Annotated[int, typer.Option("--from", min=0, help="Number of the first; 0: the last 10.")] = 0,
        limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="At most so many; 0: no end.")] = 0,
        kind: Annotated[
            Optional[list[str]],  # noqa: UP045
            typer.Option("--kind", help="Only this kind, such as COMMAND or FILL; without it all but market data."),
        ] = None,
        follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with those that come.")] = False,
    ) -> Iterator[Item]:
        """Show records of a running engine's journal."""
        from tickwright.v1 import journal_pb2

        kinds = [name.upper() for name in kind or []]
        request = journal_pb2.TailJournalRequest(start=start, limit=limit, kinds=kinds, follow=follow)
        for message in link.listen(request):
            for record in message.records:
                found = as_dict(record)
                found["content"] = _decoded(found.pop("json") or "null")
                told = json.dumps(found["content"], ensure_ascii=False)
                yield found, f"{found['sequence']:>10} {moment(found['event_ns'])} {found['kind']:10} {told}"

    @remote(market_app, "show")
    def show(
        link: Link,
        call: Call,
        symbol: Annotated[Optional[list[str]], typer.Argument(help="Symbols; without any all.")] = None,  # noqa: UP045
    ) -> Answer:
        """Show the newest prices."""
        from tickwright.v1 import market_data_pb2

        request = market_data_pb2.GetSnapshotRequest(symbols=symbol or [])
        found = as_dict(link.ask(request))
        rows = [
            [
                row["symbol"],
                amount(row["bid_size"]),
                price(row["bid"]),
                price(row["ask"]),
                amount(row["ask_size"]),
                price(row["last"]),
                clock(max(row["quote_ns"], row["trade_ns"])),
            ]
            for row in found["snapshots"]
        ]
        columns = [("symbol", False), ("size", True), ("bid", True), ("ask", True), ("size", True), ("last", True)]
        return Answer(found, [Grid([*columns, ("at", False)], rows, none="no prices yet")])

    @remote(market_app, "watch", "stream")
    def watch(
        link: Link,
        call: Call,
        symbol: Annotated[Optional[list[str]], typer.Argument(help="Symbols; without any all.")] = None,  # noqa: UP045
        kind: Annotated[Literal["quotes", "trades", "bars"], typer.Option("--kind", help="What is shown.")] = "quotes",
        limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="End after so many; 0: never.")] = 0,
    ) -> Iterator[Item]:
        """Show quotes, trades or bars as they come; of each symbol the newest where they come too fast to be read."""
        yield from islice(_rows(link, symbol or [], kind), limit or None)


def _decoded(text: str) -> Any:
    """Read JSON, and the JSON that stands in it as text, as in remarks."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, str):
        return _decoded(value) if value.startswith(("{", "[")) else value
    if isinstance(value, dict):
        return {k: _decoded(v) if isinstance(v, str) and v.startswith(("{", "[")) else v for k, v in value.items()}
    return value


def _column(name: str, value: str) -> str:
    told = amount(value) if name in ("bid_size", "ask_size", "size", "volume") else price(value)
    return f"{name.replace('_', ' ')} {told:>9}"


FIELDS = {
    "quotes": ("bid", "bid_size", "ask", "ask_size"),
    "trades": ("price", "size"),
    "bars": ("open", "high", "low", "close", "volume"),
}


def _rows(link: Link, wanted: list[str], kind: str) -> Iterator[Item]:
    from decimal import Decimal

    from tickwright.v1 import market_data_pb2 as pb

    request = pb.SubscribeRequest(
        kinds=[pb.DataKind.Value(f"DATA_KIND_{kind.upper()}")],
        symbols=wanted,
        conflation=pb.CONFLATION_LATEST,
        max_delay_ms=100,
    )
    symbols: list[str] = []
    for message in link.listen(request):
        symbols += message.symbols
        if message.WhichOneof("batch") != kind:
            continue
        batch = getattr(message, kind)
        columns = {name: getattr(batch, f"{name}_e9") for name in FIELDS[kind]}
        for i, number in enumerate(batch.symbol):
            values = {name: f"{Decimal(column[i]).scaleb(-9).normalize():f}" for name, column in columns.items()}
            data = {"kind": kind, "symbol": symbols[number], "ts_ns": batch.ts_ns[i], **values}
            told = "  ".join(_column(name, value) for name, value in values.items())
            yield data, f"{clock(batch.ts_ns[i])} {symbols[number]:8} {told}"
