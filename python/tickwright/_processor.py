"""What the compiled core asks of the processor: told before it is loaded, since afterwards nobody is left to tell."""

from __future__ import annotations

import os
import sys

#: Flags of the third level of x86-64 that the core is built for (see .cargo/config.toml), as Linux names them.
NEEDED = ("avx2", "bmi2", "fma")

#: Set to 1 where the core was built for all x86-64 processors.
PORTABLE = "TICKWRIGHT_PORTABLE_BUILD"


def missing(cpuinfo: str) -> list[str]:
    """Give the flags that the core needs and the processor described by ``cpuinfo`` does not have.

    Examples
    --------
    >>> missing("flags : fpu sse2 fma")
    ['avx2', 'bmi2']
    """
    for line in cpuinfo.splitlines():
        name, _, flags = line.partition(":")
        if name.strip() == "flags":
            return sorted(set(NEEDED) - set(flags.split()))
    return []


def check(path: str = "/proc/cpuinfo") -> None:
    """Raise ``ImportError`` where the processor is known to lack what the core was built for."""
    if sys.platform != "linux" or os.uname().machine != "x86_64" or os.environ.get(PORTABLE) == "1":
        return
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            lacking = missing(file.read(8192))
    except OSError:
        return
    if lacking:
        message = (
            f"tickwright is built for x86-64 processors of the third level (AVX2, FMA; since 2013 or 2017) and this "
            f"one lacks {', '.join(lacking)}; build it from source with RUSTFLAGS='-C target-cpu=x86-64' "
            f"and set {PORTABLE}=1"
        )
        raise ImportError(message)
