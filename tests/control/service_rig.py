"""A node on the paper venue with the whole control plane beside it, and an admin's client."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.control.rig import NodeRig
from tickwright.config import Config
from tickwright.control import Client, Role, TokenStore, control_server


class ServiceRig(NodeRig):
    """A node and its control plane, until the end of the with-block: `client` is an admin's, called tester.

    `control` are keys of ``[control]``, `read` reads the configuration again; `serving` are further
    arguments of `control_server`.
    """

    def __init__(
        self,
        folder: Path,
        strategies: Any = None,
        *,
        control: dict[str, Any] | None = None,
        config: Config | None = None,
        read: Callable[[], Config] | None = None,
        serving: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(folder, strategies, **settings)
        given = {"listen": ["127.0.0.1:0"], "requests_per_second": 0.0, **(control or {})}
        tables = {"node": {"state": str(folder / "state")}, "control": given}
        self.config = config or Config.model_validate(tables)
        self._serving, self._token = {"reread": read, **(serving or {})}, ""

    def __enter__(self) -> ServiceRig:
        super().__enter__()
        self.serve()
        return self

    def serve(self) -> None:
        """Begin to serve."""
        self.server = control_server(self.node, self.loop, self.config, **self._serving).start()
        self.address = self.server.addresses[0]
        self._token = self._token or self.token("admin", "tester")
        self.client = Client(self.address, token=self._token)

    def restart_all(self) -> None:
        """End engine and control plane, and start both again on the same journal and venue."""
        self.client.close()
        self.server.stop()
        self.restart(self._strategies)
        self.serve()

    def token(self, role: str, name: str) -> str:
        """Make a token, that the server knows."""
        store = TokenStore(self.config.control.tokens_path(self.config.node.state))
        made = store.create(name, Role[role.upper()])[1]
        time.sleep(0.25)  # it looks at the file five times a second at most
        return made

    def __exit__(self, *exc: object) -> None:
        self.client.close()
        self.server.stop()
        super().__exit__(*exc)
