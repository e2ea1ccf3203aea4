"""Market data as the command line names it: files found, read, and cut to the symbols asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tickwright.errors import DataError
from tickwright.sources import Source, absent, classify, find_sources, whole_folders

if TYPE_CHECKING:
    from tickwright.data import MarketData

__all__ = ["Source", "classify", "find_sources", "load_data"]


def load_data(
    sources: list[Source],
    *,
    symbols: Iterable[str] = (),
    adjust: str = "none",
    actions: bool = False,
    policy: Mapping[str, str | float] | None = None,
    bar_interval: str | None = None,
    bar_time: str = "start",
    timezone: str = "UTC",
) -> MarketData:
    """Read `sources` into one, the events of `symbols` alone where there are any; the last three are of tables."""
    import tickwright as tw

    if (adjust != "none" or actions) and not any(s.format == "lean" for s in sources):
        raise DataError(
            "--adjust, --actions: only Lean data come with factor files; leave them out, or give adjusted prices"
        )
    lean_options: dict[str, Any] = {}
    if adjust != "none":
        lean_options["adjust"] = adjust
    if actions:
        lean_options["actions"] = True
    options: dict[str, dict[str, Any]] = {
        "lean": lean_options,
        "table": {"bar_interval": bar_interval, "bar_time": bar_time, "timezone": timezone},
    }
    parts = [
        tw.feeds.read(path, policy=policy or None, **options.get(form, {})) for path, form in whole_folders(sources)
    ]
    data = parts[0] if len(parts) == 1 else tw.MarketData.merge(parts)
    wanted = {s.upper() for s in symbols}
    if not wanted:
        return data
    chosen = [s for s in data.symbols if s.upper() in wanted]
    if missing := sorted(wanted - {s.upper() for s in chosen}):
        raise absent(missing, data.symbols)
    return data if len(chosen) == len(data.symbols) else data.filter(symbols=chosen)
