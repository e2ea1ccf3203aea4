"""Statistics of return series, computed by the Rust core.

Each function takes simple returns of equal periods (0.01 is 1 %) as a one-dimensional array or anything that numpy
turns into one, and gives a float, or ``None`` where the figure is undefined: too few values, values that are not
finite, a ratio to zero. Formulae and sources stand in docs/statistics.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tickwright import _core

__all__ = [
    "annual_volatility",
    "cagr",
    "calmar",
    "deviation",
    "downside_deviation",
    "expected_shortfall",
    "kurtosis",
    "max_drawdown",
    "mean",
    "sharpe",
    "skewness",
    "sortino",
    "total_return",
    "value_at_risk",
]


def _series(returns: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        series = np.ascontiguousarray(returns, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _core.DataError(f"returns: not numbers ({error}); give a one-dimensional series of floats") from error
    if np.ndim(returns) != 1:
        raise _core.DataError(f"returns: {np.ndim(returns)} dimensions; give a one-dimensional series of floats")
    return series


def mean(returns: npt.ArrayLike) -> float | None:
    """Arithmetic mean.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``Σ r / n``

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.mean([0.01, 0.03]), 6)
    0.02
    """
    return _core.stats_mean(_series(returns))


def deviation(returns: npt.ArrayLike) -> float | None:
    """Sample standard deviation.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``√(Σ (r − m)² / (n − 1))``

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.deviation([0.01, 0.03]), 6)
    0.014142
    """
    return _core.stats_deviation(_series(returns))


def total_return(returns: npt.ArrayLike) -> float | None:
    """Compound return.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``Π (1 + r) − 1``

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.total_return([0.01, 0.03]), 6)
    0.0403
    """
    return _core.stats_total_return(_series(returns))


def cagr(returns: npt.ArrayLike, *, periods_per_year: float = 252.0) -> float | None:
    """Compound annual growth rate.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.
    periods_per_year : float
        Periods in a year: 252 for trading days.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``(Π (1 + r))^(periods_per_year / n) − 1``; undefined when more than everything is lost.

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.cagr([0.01, 0.03]), 6)
    144.205615
    """
    return _core.stats_cagr(_series(returns), periods_per_year)


def annual_volatility(returns: npt.ArrayLike, *, periods_per_year: float = 252.0) -> float | None:
    """Annualised volatility.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.
    periods_per_year : float
        Periods in a year: 252 for trading days.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    Sample deviation × ``√periods_per_year``.

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.annual_volatility([0.01, 0.03]), 6)
    0.224499
    """
    return _core.stats_annual_volatility(_series(returns), periods_per_year)


def sharpe(returns: npt.ArrayLike, *, risk_free: float = 0.0, periods_per_year: float = 252.0) -> float | None:
    """Annualised Sharpe ratio.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.
    risk_free : float
        Riskless return of one period.
    periods_per_year : float
        Periods in a year: 252 for trading days.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``mean(r − f) / deviation(r − f) × √periods_per_year``, divisor n − 1. Sharpe 1994.

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.sharpe([0.01, 0.03]), 6)
    22.449944
    """
    return _core.stats_sharpe(_series(returns), risk_free, periods_per_year)


def downside_deviation(returns: npt.ArrayLike, *, target: float = 0.0, periods_per_year: float = 252.0) -> float | None:
    """Annualised downside deviation.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.
    target : float
        Return of one period below which a period counts as a loss.
    periods_per_year : float
        Periods in a year: 252 for trading days.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``√(Σ min(r − target, 0)² / n) × √periods_per_year``. Sortino and van der Meer 1991.

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.downside_deviation([0.01, 0.03]), 6)
    0.0
    """
    return _core.stats_downside_deviation(_series(returns), target, periods_per_year)


def sortino(returns: npt.ArrayLike, *, target: float = 0.0, periods_per_year: float = 252.0) -> float | None:
    """Annualised Sortino ratio.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.
    target : float
        Return of one period below which a period counts as a loss.
    periods_per_year : float
        Periods in a year: 252 for trading days.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``mean(r − target) × periods_per_year / downside deviation``. Sortino and Price 1994.

    Examples
    --------
    >>> import tickwright as tw
    >>> tw.stats.sortino([0.01, 0.03]) is None
    True
    """
    return _core.stats_sortino(_series(returns), target, periods_per_year)


def max_drawdown(returns: npt.ArrayLike) -> float | None:
    """Largest loss from a peak of the compounded series, as a positive fraction of the peak.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``max (1 − value / peak)``; the series starts at 1.

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.max_drawdown([0.01, 0.03]), 6)
    0.0
    """
    return _core.stats_max_drawdown(_series(returns))


def calmar(returns: npt.ArrayLike, *, periods_per_year: float = 252.0) -> float | None:
    """Calmar ratio.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.
    periods_per_year : float
        Periods in a year: 252 for trading days.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    Compound annual growth rate / maximum drawdown. Young 1991.

    Examples
    --------
    >>> import tickwright as tw
    >>> tw.stats.calmar([0.01, 0.03]) is None
    True
    """
    return _core.stats_calmar(_series(returns), periods_per_year)


def skewness(returns: npt.ArrayLike) -> float | None:
    """Skewness.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``m3 / m2^1.5`` of the central moments with divisor n (Fisher's g1).

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.skewness([0.0, 0.0, 0.03]), 6)
    0.707107
    """
    return _core.stats_skewness(_series(returns))


def kurtosis(returns: npt.ArrayLike) -> float | None:
    """Excess kurtosis.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    ``m4 / m2² − 3`` of the central moments with divisor n (Fisher's g2).

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.kurtosis([0.01, 0.03]), 6)
    -2.0
    """
    return _core.stats_kurtosis(_series(returns))


def value_at_risk(returns: npt.ArrayLike, *, tail: float = 0.05) -> float | None:
    """Historical value at risk, a positive loss.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.
    tail : float
        Share of the worst periods, 0 to 1.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    Minus the ``tail`` quantile, linear between order statistics (type 7 of Hyndman and Fan 1996).

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.value_at_risk([0.01, 0.03]), 6)
    -0.011
    """
    return _core.stats_value_at_risk(_series(returns), tail)


def expected_shortfall(returns: npt.ArrayLike, *, tail: float = 0.05) -> float | None:
    """Historical expected shortfall, a positive loss.

    Parameters
    ----------
    returns : array_like of float, shape (n,)
        Simple returns of equal periods.
    tail : float
        Share of the worst periods, 0 to 1.

    Returns
    -------
    float or None
        None where it is undefined.

    Raises
    ------
    DataError
        When ``returns`` is not a one-dimensional series of numbers.

    Notes
    -----
    Minus the mean of the ``⌊tail × (n − 1)⌋ + 1`` smallest returns. Acerbi and Tasche 2002.

    Examples
    --------
    >>> import tickwright as tw
    >>> round(tw.stats.expected_shortfall([0.01, 0.03]), 6)
    -0.01
    """
    return _core.stats_expected_shortfall(_series(returns), tail)
