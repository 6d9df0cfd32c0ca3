//! What every unit answers over the x axis, before and after inner steps, and how far layers and their features move.

use super::adaptive::Adaptive;
use super::linear::{difference, dot, length};
use super::network::Network;

/// Whether a unit that can be dead is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It answers 0 at every point.
    Dead,
    /// It answers more than 0 at every point: no nonlinearity, here.
    AlwaysOn,
    /// It turns somewhere.
    Turns,
}

/// How far n inner steps move a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// |theta' - theta| / |theta| of every layer, weight and bias together, the output layer last.
    pub layers: Vec<f64>,
    /// Linear CKA of every hidden layer's features before and after.
    pub cka: Vec<f64>,
}

/// One unit over all points.
fn column(h: &[f64], hidden: usize, unit: usize) -> Vec<f64> {
    h.iter().skip(unit).step_by(hidden).copied().collect()
}

/// How each unit of a layer of relu answers at these points; `h` has a row of units a point.
pub fn activity(h: &[f64], hidden: usize) -> Vec<Activity> {
    let of = |unit| match column(h, hidden, unit) {
        column if column.iter().all(|h| *h == 0.0) => Activity::Dead,
        column if column.iter().all(|h| *h > 0.0) => Activity::AlwaysOn,
        _ => Activity::Turns,
    };
    (0..hidden).map(of).collect()
}

/// How far each unit's answers move, |h' - h| / |h| over all points; NaN where it answered 0 everywhere.
pub fn reach(before: &[f64], after: &[f64], hidden: usize) -> Vec<f64> {
    let of = |unit| {
        let [before, after] = [before, after].map(|h| column(h, hidden, unit));
        let size = length(&before);
        if size == 0.0 { f64::NAN } else { length(&difference(&after, &before)) / size }
    };
    (0..hidden).map(of).collect()
}

/// How far a network has moved from the start.
pub fn moved(adaptive: &Adaptive, after: &Network, x: &[f64]) -> Moved {
    let start = &adaptive.start;
    let layer = |layer| {
        let (weight, bias) = start.layer(layer);
        let all = weight.start..bias.end;
        length(&difference(&after.weights[all.clone()], &start.weights[all.clone()]))
            / length(&start.weights[all])
    };
    let (before, then) = (start.pass(x).h, after.pass(x).h);
    let cka = before.iter().zip(&then).map(|(before, after)| cka(before, after, start.hidden)).collect();
    Moved { layers: (0..=start.layers).map(layer).collect(), cka }
}

/// Linear centred kernel alignment of features at the same points, a row a point (Kornblith, Norouzi, Lee, Hinton 2019,
/// arXiv:1905.00414, equation 5); NaN where all features of one are constant.
fn cka(one: &[f64], other: &[f64], hidden: usize) -> f64 {
    let centred = |h: &[f64]| -> Vec<Vec<f64>> {
        let columns = (0..hidden).map(|unit| column(h, hidden, unit));
        let centre = |column: Vec<f64>| {
            let mean = super::linear::mean(&column);
            column.iter().map(|h| h - mean).collect()
        };
        columns.map(centre).collect()
    };
    let squares = |one: &[Vec<f64>], other: &[Vec<f64>]| -> f64 {
        let products = one.iter().flat_map(|one| other.iter().map(|other| dot(one, other)));
        products.map(|product| product * product).sum()
    };
    let (one, other) = (centred(one), centred(other));
    squares(&other, &one) / (squares(&one, &one) * squares(&other, &other)).sqrt()
}
