//! An axis: where a value lies between two ends, linear or logarithmic, and which values deserve a
//! label; and which axis losses are shown on.

use super::comparison::Difference;

/// One axis of a plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The value at the near end.
    pub low: f64,
    /// The value at the far end.
    pub high: f64,
    /// Whether equal distances mean equal ratios.
    pub log: bool,
    /// Of a logarithmic axis, what is added to a value before its ratio is taken: 1 gives counts from 0 a place.
    shift: f64,
}

impl Scale {
    /// A linear axis. Ends that are equal or not finite are moved apart, so that every axis can be drawn.
    pub fn linear(low: f64, high: f64) -> Self {
        if low.is_finite() && high.is_finite() && high > low && (high - low).is_finite() {
            Self { low, high, log: false, shift: 0.0 }
        } else {
            let middle = if low.abs() < 1e300 { low } else { 0.0 };
            let half = middle.abs().max(1.0) * 0.5;
            Self { low: middle - half, high: middle + half, log: false, shift: 0.0 }
        }
    }

    /// A logarithmic axis; ends that have no logarithm fall back to one decade.
    pub fn log(low: f64, high: f64) -> Self {
        if low > 0.0 && high > low && high.is_finite() {
            Self { low, high, log: true, shift: 0.0 }
        } else {
            let high = if high > 0.0 && high.is_finite() { high } else { 1.0 };
            Self { low: high / 10.0, high, log: true, shift: 0.0 }
        }
    }

    /// An axis for counts, 0 included, on which the first few have as much room as the many after them.
    pub fn counts(low: f64, high: f64) -> Self {
        let Self { low, high, .. } = Self::linear(low.max(0.0), high);
        Self { low: low.max(0.0), high, log: true, shift: 1.0 }
    }

    /// The axis of this kind that holds every finite value given, with a little air.
    pub fn around(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite() && (!log || *value > 0.0)) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            return if log { Self::log(0.1, 10.0) } else { Self::linear(0.0, 1.0) };
        }
        if log {
            let air = (high / low).powf(0.05).max(1.05);
            Self::log(low / air, high * air)
        } else {
            let air = (high - low) * 0.05;
            Self::linear(low - air, high + air)
        }
    }

    /// Where `value` lies: 0 at the near end, 1 at the far end; `None` where the axis has no place for it.
    pub fn place(&self, value: f64) -> Option<f64> {
        if !value.is_finite() || (self.log && value + self.shift <= 0.0) {
            return None;
        }
        let place = if self.log {
            ((value + self.shift) / (self.low + self.shift)).ln() / self.ratio().ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        place.is_finite().then_some(place)
    }

    /// The value at `place`.
    pub fn value(&self, place: f64) -> f64 {
        if self.log {
            (self.low + self.shift) * self.ratio().powf(place) - self.shift
        } else {
            self.low + (self.high - self.low) * place
        }
    }

    /// How many times the near end the far end of a logarithmic axis is.
    fn ratio(&self) -> f64 {
        (self.high + self.shift) / (self.low + self.shift)
    }

    /// Round values to label, about `wanted` of them, ascending, each with its text.
    pub fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        let wanted = wanted.max(2) as f64;
        if self.log && self.ratio() >= 5.0 {
            return if self.shift > 0.0 { self.count_ticks() } else { self.log_ticks(wanted) };
        }
        let span = self.high - self.low;
        let step = nice_step(span / wanted);
        if step <= 0.0 || !step.is_finite() {
            return Vec::new();
        }
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (self.low / step - 1e-9).ceil();
        (0..100)
            .map(|i| (first + f64::from(i)) * step)
            .take_while(|value| *value <= self.high + step * 1e-9)
            .map(|value| (value, label(value, decimals)))
            .collect()
    }

    /// The same for a picture on paper: on a logarithmic axis 1, 2 and 5 times powers of ten alone.
    pub fn round_ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        let mut ticks = self.ticks(wanted);
        if self.log && self.shift == 0.0 && self.ratio() >= 5.0 {
            let digit = |value: f64| value / 10f64.powf((value.log10() + 1e-9).floor());
            ticks.retain(|(value, _)| {
                [1.0, 2.0, 5.0].iter().any(|round| (digit(*value) - round).abs() < 1e-6)
            });
        }
        ticks
    }

    /// 0, 1, 2, 5, 10, ..., and the far end where it is not next to one of them.
    fn count_ticks(&self) -> Vec<(f64, String)> {
        let decades = (0..15).map(|decade| 10f64.powi(decade));
        let round = decades.flat_map(|power| [power, 2.0 * power, 5.0 * power]);
        let mut ticks: Vec<f64> =
            std::iter::once(0.0).chain(round).filter(|n| (self.low..=self.high).contains(n)).collect();
        if ticks.last().is_some_and(|last| self.high > last * 1.4) {
            ticks.push(self.high.floor());
        }
        ticks.into_iter().map(|n| (n, label(n, 0))).collect()
    }

    fn log_ticks(&self, wanted: f64) -> Vec<(f64, String)> {
        let decades = (self.high / self.low).log10();
        let within: &[f64] = if decades * 6.0 <= wanted * 1.3 {
            &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]
        } else if decades * 3.0 <= wanted * 1.3 {
            &[1.0, 2.0, 5.0]
        } else if decades * 2.0 <= wanted * 1.3 {
            &[1.0, 3.0]
        } else {
            &[1.0]
        };
        let stride = (decades / wanted).ceil().max(1.0) as i32;
        let (from, to) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let mut ticks = Vec::new();
        for decade in (from..=to).filter(|decade| decade % stride == 0) {
            for digit in within {
                let value = digit * 10f64.powi(decade);
                if value >= self.low * 0.999_999 && value <= self.high * 1.000_001 {
                    let decimals = -decade + i32::from(*digit == 1.5);
                    ticks.push((value, label(value, decimals.clamp(0, 9) as usize)));
                }
            }
        }
        ticks
    }
}

/// 1, 2 or 5 times a power of ten, near `about`.
fn nice_step(about: f64) -> f64 {
    let power = 10f64.powf(about.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|step| *step >= about * 0.75)
        .unwrap_or(power)
}

fn label(value: f64, decimals: usize) -> String {
    let size = value.abs();
    if (1e6..1e9).contains(&size) && value % 1000.0 == 0.0 {
        return format!("{}M", value / 1e6);
    }
    if size >= 1e6 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.1e}").replace(".0e", "e");
    }
    if size >= 10_000.0 && value % 1000.0 == 0.0 {
        return format!("{}k", value / 1000.0);
    }
    let text = format!("{value:.decimals$}");
    if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') { "0".to_owned() } else { text }
}

/// The largest loss over the smallest, from which linear axes hide more than they show.
const SPREAD: f64 = 4.0;
/// A little over the best guess without points: what is above it has learned less than nothing.
const OVER_PRIOR: f64 = 1.1;

/// Whether losses are so far apart that on linear axes the contest would be a strip at the lower end. What is above the
/// best guess without points is cut there, so it does not count.
pub fn are_far_apart(losses: impl Iterator<Item = f64>, prior: f64) -> bool {
    let losses = losses.filter(|loss| loss.is_finite() && *loss > 0.0);
    let (low, high) =
        losses.fold((f64::INFINITY, 0.0_f64), |(low, high), loss| (low.min(loss), high.max(loss)));
    high.min(prior) > SPREAD * low
}

/// The axis of these losses: up to a little over the best guess without points, from zero or, on a logarithmic axis, from the
/// lowest that there is on. Where hardly anything is below that guess, up to most of what is there.
pub fn loss_scale(
    losses: impl Iterator<Item = f64>,
    lows: impl Iterator<Item = f64>,
    prior: f64,
    log: bool,
) -> Scale {
    let mut losses: Vec<f64> = losses.filter(|loss| loss.is_finite()).collect();
    losses.sort_by(f64::total_cmp);
    let most = losses.get(losses.len() * 19 / 20).or(losses.last()).copied().unwrap_or(prior);
    let below = losses.iter().filter(|loss| **loss <= prior).count();
    let high = match 4 * below >= losses.len() {
        true => prior * OVER_PRIOR,
        false => (most * OVER_PRIOR).clamp(prior * OVER_PRIOR, prior * 4.0),
    };
    if !log {
        return Scale::linear(0.0, high);
    }
    let low = lows.filter(|loss| *loss > 0.0 && loss.is_finite()).fold(f64::INFINITY, f64::min);
    let air = (high / low).powf(0.04).max(1.05);
    Scale::log(low / air, high)
}

/// An axis around 0 that holds most of these differences: one of thousands would hide all others.
pub fn difference_scale<'a>(differences: impl Iterator<Item = &'a Difference>) -> Scale {
    let of = |difference: &Difference| {
        let mean = difference.mean.filter(|mean| mean.is_finite())?;
        let [low, high] = difference.interval.unwrap_or([mean; 2]);
        // An interval far wider than what it is about does not set the axis.
        let far = 3.0 * mean.abs();
        Some([mean - (mean - low).min(far), mean + (high - mean).min(far)])
    };
    let mut ends: Vec<f64> = differences.filter_map(of).flatten().collect();
    ends.sort_by(f64::total_cmp);
    let last = ends.len().saturating_sub(1) as f64;
    let at = |share: f64| ends.get((share * last) as usize).copied().unwrap_or(0.0);
    let (low, high) = (at(0.03).min(0.0), at(0.97).max(0.0));
    let air = 0.06 * (high - low).max(1e-12);
    Scale::linear(low - air, high + air)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scale: Scale, wanted: usize) -> Vec<String> {
        scale.ticks(wanted).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(texts(Scale::linear(0.0, 4.5), 5), ["0", "1", "2", "3", "4"]);
        assert_eq!(texts(Scale::linear(-5.0, 5.0), 5), ["-4", "-2", "0", "2", "4"]);
        assert_eq!(texts(Scale::linear(0.0, 40_000.0), 4), ["0", "10k", "20k", "30k", "40k"]);
        let millions = ["0", "500k", "1M", "1.5M", "2M"];
        assert_eq!(texts(Scale::linear(0.0, 2_000_000.0), 4), millions);
        assert_eq!(texts(Scale::log(1e-5, 3e-5), 6), ["1e-5", "1.5e-5", "2e-5", "2.5e-5", "3e-5"]);
        assert_eq!(texts(Scale::log(0.5, 12.0), 6), ["0.5", "1", "2", "5", "10"]);
        assert_eq!(texts(Scale::log(1e-4, 10.0), 4), ["0.0001", "0.01", "1"]);
        let round = Scale::log(0.5, 12.0).round_ticks(9).into_iter().map(|(_, text)| text);
        assert_eq!(round.collect::<Vec<_>>(), ["0.5", "1", "2", "5", "10"]);
        assert_eq!(texts(Scale::counts(0.0, 32.0), 9), ["0", "1", "2", "5", "10", "20", "32"]);
        assert_eq!(texts(Scale::counts(10.0, 14.0), 4), ["10", "11", "12", "13", "14"]);
    }

    #[test]
    fn every_axis_can_be_drawn() {
        for scale in [
            Scale::linear(1.0, 1.0),
            Scale::linear(f64::NAN, 2.0),
            Scale::linear(3.0, f64::INFINITY),
            Scale::linear(-f64::MAX, f64::MAX),
            Scale::log(0.0, 0.0),
            Scale::log(-1.0, f64::NAN),
            Scale::around([f64::NAN, f64::INFINITY].into_iter(), true),
            Scale::around([2.0].into_iter(), false),
            Scale::counts(0.0, 0.0),
            Scale::counts(f64::NAN, 32.0),
        ] {
            assert!(scale.low.is_finite() && scale.high > scale.low, "{scale:?}");
            assert!(scale.ticks(5).len() < 100);
            let middle = scale.value(0.5);
            assert!((scale.place(middle).expect("inside") - 0.5).abs() < 1e-9);
        }
    }

    #[test]
    fn a_log_axis_has_no_place_for_zero() {
        assert_eq!(Scale::log(0.1, 10.0).place(0.0), None);
        assert_eq!(Scale::linear(0.0, 1.0).place(f64::NAN), None);
        let counts = Scale::counts(0.0, 31.0);
        assert_eq!((counts.place(0.0), counts.place(31.0)), (Some(0.0), Some(1.0)));
        assert!(
            counts.place(1.0).is_some_and(|place| (place - 0.2).abs() < 1e-9),
            "2 of 32 is a fifth of the way"
        );
    }
}
