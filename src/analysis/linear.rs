//! Sums of products, and what is made of them.

/// The sum of products.
pub fn dot(one: &[f64], other: &[f64]) -> f64 {
    // Four sums at once, or each addition waits for the one before it.
    let mut sums = [0.0; 4];
    let (ones, others) = (one.as_chunks::<4>(), other.as_chunks::<4>());
    for (one, other) in ones.0.iter().zip(others.0) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += one * other;
        }
    }
    let rest: f64 = ones.1.iter().zip(others.1).map(|(one, other)| one * other).sum();
    sums[0] + sums[1] + sums[2] + sums[3] + rest
}

/// The length of a vector.
pub fn length(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

/// The cosine of the angle between two vectors; NaN where one of them is 0.
pub fn cosine(one: &[f64], other: &[f64]) -> f64 {
    dot(one, other) / (length(one) * length(other))
}

/// `to += scale * direction`.
pub fn add(to: &mut [f64], scale: f64, direction: &[f64]) {
    for (to, direction) in to.iter_mut().zip(direction) {
        *to += scale * direction;
    }
}

/// One less the other.
pub fn difference(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter().zip(other).map(|(one, other)| one - other).collect()
}

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The q-quantile of sorted values, linear between order statistics, at h = q (N - 1); NaN of none.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = q * last as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[(place.ceil() as usize).min(last)]);
    let share = place.fract();
    // A quantile at an order statistic is that, even where the next one is infinite.
    if share == 0.0 { low } else { low + share * (high - low) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_linear_between_order_statistics() {
        let sorted = [1.0, 2.0, 4.0, f64::INFINITY];
        assert_eq!([0.0, 0.5, 2.0 / 3.0, 1.0].map(|q| quantile(&sorted, q)), [1.0, 3.0, 4.0, f64::INFINITY]);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn products_of_any_length_are_whole() {
        for length in 0..13 {
            let numbers: Vec<f64> = (1..=length).map(f64::from).collect();
            let expected: f64 = numbers.iter().map(|number| number * number).sum();
            assert_eq!(dot(&numbers, &numbers), expected);
        }
    }
}
