//! Statistics of a series of period returns, as pure functions.
//!
//! `returns` are simple returns of equal periods, 0.01 for 1 %; `periods_per_year` annualises (252 for trading days). A value that is
//! undefined, such as a ratio to a deviation of zero, or of returns that are not finite, is `None`. Sums run from first to last.

/// Periods with fewer values have no sample deviation.
const DEVIATION_MIN: usize = 2;

/// `x` unless it is NaN or infinite.
pub(super) fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// `numerator ÷ denominator`, unless the denominator is zero or the result not finite.
pub(super) fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    if denominator == 0.0 { None } else { finite(numerator / denominator) }
}

fn valid(returns: &[f64]) -> bool {
    !returns.is_empty() && returns.iter().all(|r| r.is_finite())
}

/// Mean of the `order`th powers of the deviations from `mean`, by multiplication: `powi` differs between machines.
fn central_moment(returns: &[f64], mean: f64, order: usize) -> f64 {
    let power = |r: &f64| (0..order).fold(1.0, |product, _| product * (r - mean));
    returns.iter().map(power).sum::<f64>() / returns.len() as f64
}

/// Second central moment with divisor n, zero where all values are the same but for the rounding of their mean.
fn variance(returns: &[f64], mean: f64) -> f64 {
    let largest = returns.iter().fold(0.0_f64, |m, r| m.max(r.abs()));
    let variance = central_moment(returns, mean, 2);
    if variance.sqrt() <= 8.0 * f64::EPSILON * largest { 0.0 } else { variance }
}

/// Arithmetic mean: `Σ r ÷ n`.
pub fn mean(returns: &[f64]) -> Option<f64> {
    if !valid(returns) {
        return None;
    }
    finite(returns.iter().sum::<f64>() / returns.len() as f64)
}

/// Sample standard deviation, divisor n − 1; needs two values.
pub fn deviation(returns: &[f64]) -> Option<f64> {
    let mean = mean(returns)?;
    if returns.len() < DEVIATION_MIN {
        return None;
    }
    let n = returns.len() as f64;
    finite((variance(returns, mean) * n / (n - 1.0)).sqrt())
}

/// Compound return: `Π (1 + r) − 1`.
pub fn total_return(returns: &[f64]) -> Option<f64> {
    if !valid(returns) {
        return None;
    }
    finite(returns.iter().fold(1.0, |growth, r| growth * (1.0 + r)) - 1.0)
}

/// Compound annual growth rate: `(Π (1 + r))^(periods_per_year ÷ n) − 1`; −1 when everything is lost, undefined below.
pub fn cagr(returns: &[f64], periods_per_year: f64) -> Option<f64> {
    growth_rate(1.0 + total_return(returns)?, returns.len() as f64 / periods_per_year)
}

/// Yearly rate of a growth factor reached in `years`: `growth^(1 ÷ years) − 1`.
pub(super) fn growth_rate(growth: f64, years: f64) -> Option<f64> {
    if growth < 0.0 || years.is_nan() || years <= 0.0 {
        return None;
    }
    finite(libm::pow(growth, 1.0 / years) - 1.0)
}

/// Annualised volatility: sample deviation × `√periods_per_year`.
pub fn annual_volatility(returns: &[f64], periods_per_year: f64) -> Option<f64> {
    finite(deviation(returns)? * periods_per_year.sqrt())
}

/// Sharpe ratio (Sharpe 1994), annualised: mean excess return ÷ sample deviation × `√periods_per_year`.
///
/// `risk_free` is the riskless return of one period.
pub fn sharpe(returns: &[f64], risk_free: f64, periods_per_year: f64) -> Option<f64> {
    let excess: Vec<f64> = returns.iter().map(|r| r - risk_free).collect();
    ratio(mean(&excess)? * periods_per_year.sqrt(), deviation(&excess)?)
}

/// Downside deviation (Sortino and van der Meer 1991), annualised: `√(Σ min(r − target, 0)² ÷ n) × √periods_per_year`, over all periods.
pub fn downside_deviation(returns: &[f64], target: f64, periods_per_year: f64) -> Option<f64> {
    if !valid(returns) {
        return None;
    }
    let sum: f64 = returns.iter().map(|r| (r - target).min(0.0)).map(|d| d * d).sum();
    finite((sum / returns.len() as f64).sqrt() * periods_per_year.sqrt())
}

/// Sortino ratio (Sortino and Price 1994), annualised: mean excess over `target` × `periods_per_year` ÷ downside deviation.
pub fn sortino(returns: &[f64], target: f64, periods_per_year: f64) -> Option<f64> {
    let excess = mean(returns)? - target;
    ratio(excess * periods_per_year, downside_deviation(returns, target, periods_per_year)?)
}

/// Largest loss from a peak of the compounded series, which starts at 1, as a fraction of the peak: `max (1 − value ÷ peak)`, 0 or more.
pub fn max_drawdown(returns: &[f64]) -> Option<f64> {
    if !valid(returns) {
        return None;
    }
    let (mut value, mut peak, mut worst) = (1.0_f64, 1.0_f64, 0.0_f64);
    for r in returns {
        value *= 1.0 + r;
        peak = peak.max(value);
        worst = worst.max((peak - value) / peak);
    }
    finite(worst)
}

/// Calmar ratio (Young 1991): compound annual growth rate ÷ maximum drawdown.
pub fn calmar(returns: &[f64], periods_per_year: f64) -> Option<f64> {
    ratio(cagr(returns, periods_per_year)?, max_drawdown(returns)?)
}

/// Skewness: `m3 ÷ m2^1.5` of the central moments with divisor n (Fisher's g1); 0 for a symmetric law.
pub fn skewness(returns: &[f64]) -> Option<f64> {
    let mean = mean(returns)?;
    let m2 = variance(returns, mean);
    ratio(central_moment(returns, mean, 3), m2 * m2.sqrt())
}

/// Excess kurtosis: `m4 ÷ m2² − 3` of the central moments with divisor n (Fisher's g2); 0 for the normal law.
pub fn kurtosis(returns: &[f64]) -> Option<f64> {
    let mean = mean(returns)?;
    let m2 = variance(returns, mean);
    ratio(central_moment(returns, mean, 4), m2 * m2).map(|k| k - 3.0)
}

fn ascending(returns: &[f64], tail: f64) -> Option<Vec<f64>> {
    if !valid(returns) || !(0.0..=1.0).contains(&tail) {
        return None;
    }
    let mut sorted = returns.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(sorted)
}

/// Historical value at risk: the loss (positive) at the `tail` quantile of returns, interpolated linearly between order
/// statistics (type 7 of Hyndman and Fan 1996); `tail` 0.05 is "95 %".
pub fn value_at_risk(returns: &[f64], tail: f64) -> Option<f64> {
    let sorted = ascending(returns, tail)?;
    let place = tail * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    finite(-(sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])))
}

/// Expected shortfall (Acerbi and Tasche 2002), historical: the mean loss (positive) of the `⌊tail × (n − 1)⌋ + 1` worst periods.
pub fn expected_shortfall(returns: &[f64], tail: f64) -> Option<f64> {
    let sorted = ascending(returns, tail)?;
    let count = (tail * (sorted.len() - 1) as f64).floor() as usize + 1;
    mean(&sorted[..count]).map(|m| -m)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_undefined_is_none_and_never_nan() {
        type Function = fn(&[f64]) -> Option<f64>;
        let all: [(&str, Function); 8] = [
            ("sharpe", |r| sharpe(r, 0.0, 252.0)),
            ("sortino", |r| sortino(r, 0.0, 252.0)),
            ("calmar", |r| calmar(r, 252.0)),
            ("skewness", skewness),
            ("kurtosis", kurtosis),
            ("deviation", |r| deviation(&r[..r.len().min(1)])),
            ("expected_shortfall", |r| expected_shortfall(r, 1.5)),
            ("value_at_risk", |r| value_at_risk(r, f64::NAN)),
        ];
        for (name, f) in all {
            for flat in [&[][..], &[0.0], &[0.1; 7], &[0.01, f64::NAN], &[f64::INFINITY, 0.0]] {
                assert_eq!(f(flat), None, "{name} of {flat:?}");
            }
        }
        assert_eq!(cagr(&[-1.5, 0.1], 252.0), None);
        assert_eq!(cagr(&[-1.0], 252.0), Some(-1.0));
        assert_eq!(cagr(&[1e300, 0.0], 252.0), None);
    }

    #[test]
    fn figures_worked_by_hand() {
        let r = [0.10, -0.20, 0.05, 0.05];
        let near = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-12, "{a:?} is not {b}");
        near(mean(&r), 0.0);
        near(deviation(&r), (0.055_f64 / 3.0).sqrt());
        near(total_return(&r), 1.1 * 0.8 * 1.05 * 1.05 - 1.0);
        near(cagr(&r, 2.0), (1.1_f64 * 0.8 * 1.05 * 1.05).sqrt() - 1.0);
        near(max_drawdown(&r), 0.2);
        near(downside_deviation(&r, 0.0, 1.0), 0.1);
        near(sortino(&r, -0.1, 1.0), 0.1 / 0.05);
        near(skewness(&r), (0.001 - 0.008 + 0.000_25) / 4.0 / (0.055_f64 / 4.0).powf(1.5));
        near(value_at_risk(&r, 0.5), -0.05);
        near(value_at_risk(&r, 0.1), 0.2 - 0.3 * 0.25);
        near(expected_shortfall(&r, 0.4), (0.2 - 0.05) / 2.0);
    }

    proptest! {
        #[test]
        fn ratios_do_not_depend_on_leverage_and_tails_are_in_order(
            r in proptest::collection::vec(-0.05_f64..0.05, 3..60), leverage in 0.1_f64..5.0,
        ) {
            let scaled: Vec<f64> = r.iter().map(|x| x * leverage).collect();
            let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * (1.0 + a.abs()),
                (a, b) => a == b,
            };
            prop_assert!(close(sharpe(&r, 0.0, 252.0), sharpe(&scaled, 0.0, 252.0)));
            prop_assert!(close(sortino(&r, 0.0, 252.0), sortino(&scaled, 0.0, 252.0)));
            prop_assert!(close(kurtosis(&r), kurtosis(&scaled)));
            let drawdown = max_drawdown(&r).unwrap();
            prop_assert!((0.0..=1.0).contains(&drawdown));
            prop_assert!(expected_shortfall(&r, 0.05).unwrap() >= value_at_risk(&r, 0.05).unwrap() - 1e-12);
        }
    }
}
