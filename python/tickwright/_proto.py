"""Writes the messages and stubs of ``tickwright.v1`` from proto/tickwright/v1: ``python -m tickwright._proto OUT``.

``python -m tickwright._proto --release`` writes the descriptors that later versions are compared with. Needs
``grpcio-tools`` and ``mypy-protobuf`` (extra ``test``).
"""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["describe", "generate"]

RELEASED = Path("released", "tickwright.v1.binpb")


def generate(proto: Path, out: Path) -> int:
    """Write Python for every file below `proto` into `out`; 0 where all went well."""
    bin_folder = Path(sys.executable).parent
    plugins = [
        f"--plugin=protoc-gen-mypy={bin_folder / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={bin_folder / 'protoc-gen-mypy_grpc'}",
    ]
    outputs = [f"--{kind}_out={out}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    status = _protoc(proto, *plugins, *outputs)
    for empty in out.rglob("common_pb2_grpc.py*"):
        empty.unlink()  # it has no service
    return status


def describe(proto: Path, out: Path, *, with_comments: bool = False) -> int:
    """Write the descriptors of every file below `proto` into the file `out`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    return _protoc(proto, f"--descriptor_set_out={out}", *(["--include_source_info"] if with_comments else []))


def _protoc(proto: Path, *options: str) -> int:
    from grpc_tools import protoc

    files = sorted(str(path.relative_to(proto)) for path in proto.rglob("*.proto"))
    includes = Path(protoc.__file__).parent / "_proto"
    return int(protoc.main(["protoc", f"-I{proto}", f"-I{includes}", *options, *files]))


if __name__ == "__main__":
    folder = Path(__file__).parents[1]
    proto_folder = folder.parent / "proto"
    arguments = sys.argv[1:]
    if arguments == ["--release"]:
        sys.exit(describe(proto_folder, proto_folder / RELEASED))
    sys.exit(generate(proto_folder, Path(arguments[0]) if arguments else folder))
