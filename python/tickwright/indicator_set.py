"""Many indicators over many symbols, updated in one call."""

from __future__ import annotations

from tickwright import _core

__all__ = ["IndicatorSet"]


class IndicatorSet(_core.IndicatorSet):
    """Indicators by name, with a state for each symbol.

    Parameters
    ----------
    indicators : dict
        Name of the column of values → the indicator's name, or a tuple of it and its parameters; a dict at the tuple's
        end gives parameters by name.
    symbols : list of str, optional
        Symbols; without them the set is for one, whose place is 0.

    Notes
    -----
    ``update(symbol, ...)`` takes a row by name (``open=``, ``high=``, ``low=``, ``close=``, ``volume=``) or as a tuple
    in the order of ``inputs``; ``symbol`` is a name or, faster, a place. ``update_all(rows)`` takes an array
    [symbols × inputs]; a row of NaN leaves its symbol as it is. ``extend(symbol, close=..., ...)`` takes whole
    columns and gives the columns of values by name. An indicator of several outputs has a column each:
    ``name.output``. ``values`` [symbols × columns] and ``row(symbol)`` are copies.

    Examples
    --------
    >>> import tickwright as tw
    >>> pair = tw.indicators.IndicatorSet({"fast": ("sma", 2), "macd": "macd"}, ["AAPL", "MSFT"])
    >>> pair.columns
    ('fast', 'macd.macd', 'macd.signal', 'macd.histogram')
    >>> pair.update("AAPL", close=1.0)
    >>> pair.update(0, (2.0,))
    >>> pair.value("AAPL", "fast")
    1.5
    >>> pair.values.shape
    (2, 4)
    """

    __slots__ = ()
