"""Writes the messages and stubs of ``tickwright.v1`` from proto/tickwright/v1: ``python -m tickwright._proto OUT``.

Needs ``grpcio-tools`` and ``mypy-protobuf`` (extra ``test``).
"""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["generate"]


def generate(proto: Path, out: Path) -> int:
    """Write Python for every file below `proto` into `out`; 0 where all went well."""
    from grpc_tools import protoc

    files = sorted(path.relative_to(proto) for path in proto.rglob("*.proto"))
    includes = Path(protoc.__file__).parent / "_proto"
    bin_folder = Path(sys.executable).parent
    plugins = [
        f"--plugin=protoc-gen-mypy={bin_folder / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={bin_folder / 'protoc-gen-mypy_grpc'}",
    ]
    outputs = [f"--{kind}_out={out}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    names = [str(path) for path in files]
    status = int(protoc.main(["protoc", f"-I{proto}", f"-I{includes}", *plugins, *outputs, *names]))
    for empty in out.rglob("common_pb2_grpc.py*"):
        empty.unlink()  # it has no service
    return status


if __name__ == "__main__":
    folder = Path(__file__).parents[1]
    sys.exit(generate(folder.parent / "proto", Path(sys.argv[1]) if len(sys.argv) > 1 else folder))
