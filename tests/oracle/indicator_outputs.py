"""Any indicator by its name, its outputs in a tuple also where it has one alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tickwright import indicators


def outputs(name: str, columns: Sequence[Any], parameters: Sequence[float] = ()) -> tuple[npt.NDArray[np.float64], ...]:
    """Run the indicator `name` over `columns`; whole parameters may be given as floats."""
    whole = [int(p) if float(p).is_integer() else p for p in parameters]
    result = getattr(indicators, name)(*columns, *whole)
    return result if isinstance(result, tuple) else (result,)
