"""Where the control plane listens: TCP ports, and Unix sockets that only their owner can open."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Final

import grpc
import grpc.aio

from tickwright.errors import ConfigError

__all__ = ["SOCKET_BYTES", "Sockets"]

#: What the path of a Unix socket may have, bytes: sun_path less its end, of macOS the shorter.
SOCKET_BYTES: Final = 103


class Sockets:
    """The addresses of one server."""

    def __init__(self) -> None:
        self._paths: list[tuple[Path, int]] = []

    def open(self, server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None) -> str:
        """Listen on an address; gives it with the port that it got.

        Raises
        ------
        ConfigError
            It cannot be listened on.
        """
        if address.startswith("unix:"):
            self._open_unix(server, Path(address.removeprefix("unix:")))
            return address
        try:
            if credentials is None:
                port = server.add_insecure_port(address)
            else:
                port = server.add_secure_port(address, credentials)
        except RuntimeError:
            raise ConfigError(
                f"control.listen: cannot listen on {address}; another process may, or the machine has no such address"
            ) from None
        return f"{address.rpartition(':')[0]}:{port}"

    def _open_unix(self, server: grpc.aio.Server, path: Path) -> None:
        if len(os.fsencode(path)) > SOCKET_BYTES:
            raise ConfigError(
                f"control.listen: {path} has more bytes than the {SOCKET_BYTES} that a Unix socket may have; "
                "name a shorter one, or listen on 127.0.0.1"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_way(path)
        # It must not be open to others even for the moment between its making and a chmod.
        before = os.umask(0o177)
        try:
            server.add_insecure_port(f"unix:{path}")
        except RuntimeError:
            raise ConfigError(f"control.listen: cannot listen on {path}; is its folder writable?") from None
        finally:
            os.umask(before)
        found = path.lstat()
        if not stat.S_ISSOCK(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077:
            path.chmod(0o600)
            if stat.S_IMODE(path.lstat().st_mode) & 0o077:
                raise ConfigError(f"control.listen: {path} cannot be kept from other users on this file system")
        self._paths.append((path, found.st_ino))

    def close(self) -> None:
        """Remove the Unix sockets that are still these."""
        for path, number in self._paths:
            try:
                if path.lstat().st_ino == number:
                    path.unlink()
            except OSError:
                pass  # gRPC was first
        self._paths.clear()


def _make_way(path: Path) -> None:
    """Remove what a killed engine left; never what lives."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConfigError(f"control.listen: {path} is there and is no socket; remove it or name another")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError:
            pass
    raise ConfigError(f"control.listen: another process listens on {path}; stop it, or name another")
