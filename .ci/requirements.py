"""Print what pyproject.toml asks for, one requirement a line: the runtime dependencies and those of the extras named.

It lets the dependencies be installed without building the package, which pip alone cannot do.
"""

import sys
import tomllib
from pathlib import Path


def requirements(extras: list[str]) -> list[str]:
    """Return the requirements of the package with `extras`, sorted, each once."""
    text = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    optional = document["project"]["optional-dependencies"]
    unknown = sorted(set(extras) - set(optional))
    if unknown:
        raise SystemExit(f"pyproject.toml has no extra {', '.join(unknown)}; there are {', '.join(sorted(optional))}")
    found = set(document["build-system"]["requires"]) | set(document["project"]["dependencies"])
    return sorted(found.union(*(optional[extra] for extra in extras)))


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1:])))
