"""Some services behind the real door, over a Unix socket: callers are the operator of this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc

from tests.control.rig import NodeRig
from tickwright.config import Config
from tickwright.control import ControlServer, control_server


@contextmanager
def serving(rig: NodeRig, services: Callable[[Any], Sequence[Any]], **control: Any) -> Iterator[ControlServer]:
    """Serve until the end of the with-block."""
    with tempfile.TemporaryDirectory() as state:
        config = Config.model_validate({"node": {"state": state}, "control": control})
        with control_server(rig.node, rig.loop, config, services=services) as server:
            yield server


@contextmanager
def served(rig: NodeRig, services: Callable[[Any], Sequence[Any]], **control: Any) -> Iterator[grpc.Channel]:
    """Serve until the end of the with-block; gives a channel."""
    with serving(rig, services, **control) as server, grpc.insecure_channel(server.addresses[0]) as channel:
        yield channel
