"""The paper venue: Alpaca's REST and WebSocket protocols on this machine, for clients that cannot tell the difference.

``tickwright paper`` serves it; `serve` and `PaperServer` do so from Python. The rules of trading are the engine's own
(`tickwright._core.PaperVenue`); here are the protocols around them. docs/paper.md says what is the same as Alpaca and
what is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickwright.paper.server import PaperServer, Urls, serve

__all__ = ["PaperServer", "Urls", "serve"]


def __getattr__(name: str) -> Any:
    # The configuration reads `tickwright.paper.settings`, which must not load a web server.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from tickwright.paper import server
    except ModuleNotFoundError as error:
        from tickwright.errors import ConfigError

        raise ConfigError(f"{error.name} is not installed; pip install 'tickwright[paper]'") from error
    return getattr(server, name)
