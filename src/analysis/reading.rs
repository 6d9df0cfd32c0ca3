//! Networks that read their support points instead of stepping on them: what a point does to the whole curve, what units
//! answer before and after, and of one that sums its points up in a vector (a conditional neural process, Garnelo et al.
//! 2018, arXiv:1807.01613), that vector.

use crate::eval::{Adapter, fits};
use crate::model::{Insight, LayerUnits, Precision, Weights};
use crate::task::Points;

/// By how much a y is changed for a derivative, in double precision.
const STEP: f64 = 1e-4;

/// The derivative of the prediction at every x by the y of every support point, a row a support point: central differences
/// through what tests the network, after `steps` inner steps of a learner that takes any.
pub fn by_points(weights: &Weights, support: &Points, x: &[f64], steps: usize) -> Vec<Vec<f64>> {
    let mut weights = weights.clone();
    weights.model.precision = Precision::F64;
    let query = Points { x: x.to_vec(), y: vec![0.0; x.len()] };
    let predict = |point: usize, by: f64| {
        let mut changed = support.clone();
        changed.y[point] += by;
        fits(&weights, &changed, &query, &[steps]).pop().map(|fit| fit.y).unwrap_or_default()
    };
    let derivative = |point: usize| {
        let [above, below] = [STEP, -STEP].map(|by| predict(point, by));
        above.iter().zip(&below).map(|(above, below)| (above - below) / (2.0 * STEP)).collect()
    };
    (0..support.x.len()).map(derivative).collect()
}

/// What has been read of these points, as a vector; `None` of a network that sums them up in none.
pub fn read(weights: &Weights, support: &Points) -> Option<Vec<f64>> {
    let mut adapter = asked(weights, support, &[0.0], 1);
    match adapter.insight()? {
        Insight::Context(read) => Some(read),
        Insight::Weights { .. } => None,
    }
}

/// A rectified layer before and after a network has read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadLayer {
    /// The layer's name in a checkpoint.
    pub layer: String,
    /// Whether it is what becomes of a point that is read, and not of an x that is asked for.
    pub is_of_point: bool,
    /// Units.
    pub width: usize,
    /// What they answer at every x, a row of units an x: before a point is read; of a point that is read, if its y is 0.
    pub before: Vec<f64>,
    /// The same after it; of a point, where its y is that of the task.
    pub after: Vec<f64>,
}

/// The rectified layers of a network that reads, in the order of its pass: what they make of a single point of the task at
/// each x of `task`, then what they answer at these x once all of `support` has been read, after `steps` updates of a learner
/// that takes any. Empty of a network that does not read.
pub fn read_units(weights: &Weights, support: &Points, task: &Points, steps: usize) -> Vec<ReadLayer> {
    let of_points = |y: &dyn Fn(usize) -> f64| {
        let mut all: Vec<LayerUnits> = Vec::new();
        for (at, &x) in task.x.iter().enumerate() {
            let point = Points { x: vec![x], y: vec![y(at)] };
            // Asked at two x, so that their rows are told from that of the point.
            let here = of_rows(asked(weights, &point, &[x, x], steps.max(1)).units(), 1);
            match all.is_empty() {
                true => all = here,
                false => all.iter_mut().zip(here).for_each(|(all, here)| all.values.extend(here.values)),
            }
        }
        all
    };
    let of_asked = |support: &Points, steps| {
        let mut x = task.x.clone();
        // As above: another x where there are as many points.
        x.extend(task.x.first().filter(|_| support.x.len() == task.x.len()));
        let mut layers = of_rows(asked(weights, support, &x, steps).units(), x.len());
        layers.iter_mut().for_each(|layer| layer.values.truncate(layer.width * task.x.len()));
        layers
    };
    // What is gone through only once there are points has no before.
    let pairs = |before: Vec<LayerUnits>, after: Vec<LayerUnits>, is_of_point: bool| {
        let pair = |LayerUnits { layer, width, values }: LayerUnits| {
            let before = before.iter().find(|before| before.layer == layer)?.values.clone();
            Some(ReadLayer { layer, is_of_point, width, before, after: values })
        };
        after.into_iter().filter_map(pair).collect::<Vec<ReadLayer>>()
    };
    let points = pairs(of_points(&|_| 0.0), of_points(&|at| task.y[at]), true);
    // What does not depend on y is that of any x.
    let points = points.into_iter().filter(|layer| layer.before != layer.after);
    points.chain(pairs(of_asked(&Points::default(), 0), of_asked(support, steps.max(1)), false)).collect()
}

/// The layers that so many rows have gone through; of one that they have gone through several times, the last time.
fn of_rows(mut layers: Vec<LayerUnits>, rows: usize) -> Vec<LayerUnits> {
    layers.retain(|layer| layer.values.len() == layer.width * rows);
    let mut kept: Vec<LayerUnits> = Vec::new();
    for layer in layers {
        kept.retain(|known| known.layer != layer.layer);
        kept.push(layer);
    }
    kept
}

/// A network that has read these points, where there are any, asked at these x, in double precision.
fn asked(weights: &Weights, support: &Points, x: &[f64], steps: usize) -> Adapter {
    let mut weights = weights.clone();
    weights.model.precision = Precision::F64;
    let mut adapter = Adapter::new(&weights);
    adapter.take_task(support, &Points { x: x.to_vec(), y: vec![0.0; x.len()] });
    let steps = if support.x.is_empty() { 0 } else { steps };
    (0..steps).for_each(|_| adapter.descend());
    adapter
}
