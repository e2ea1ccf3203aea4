"""Small files, written whole: at any moment there is the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, content: str | bytes, *, private: bool = False, durable: bool = True) -> None:
    """Put `content` in place of what `path` has.

    Parameters
    ----------
    path
        The file; its folder is there.
    content
        Text is written as UTF-8.
    private
        Whether only its owner may read it (mode 600).
    durable
        Whether to return only once it survives a loss of power, its name too.

    Raises
    ------
    OSError
        It cannot be written; the old one stands.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.unlink(missing_ok=True)
    try:
        with os.fdopen(
            os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666), "wb"
        ) as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    if durable:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
