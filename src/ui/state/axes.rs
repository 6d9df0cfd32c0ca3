//! Which axes the curves in view are drawn on where nobody has chosen: logarithmic ones once the curves are so
//! far apart that on linear ones the contest would be a strip at the lower end.

use std::sync::Arc;

use super::app::App;
use crate::{
    eval::{LossAxis, OverSeeds},
    results::are_far_apart,
};

/// Whether n and the loss are on logarithmic axes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Axes {
    /// n.
    pub log_n: bool,
    /// The loss.
    pub log_loss: bool,
}

impl Axes {
    /// As a title says it; empty where both are linear.
    pub fn words(self) -> &'static str {
        match (self.log_n, self.log_loss) {
            (true, true) => "log axes",
            (true, false) => "log n",
            (false, true) => "log loss",
            (false, false) => "",
        }
    }
}

impl App {
    /// The axes of the curves in view.
    pub fn axes(&self) -> Axes {
        let (log_n, log_loss) = (self.curves.log_x, self.curves.log_y);
        // Over points losses fall by orders of magnitude, most of it with the first few: these have the room.
        let of_points = self.axis() == LossAxis::Points;
        let apart = !of_points && (log_n.is_none() || log_loss.is_none()) && self.are_far_apart();
        Axes { log_n: log_n.unwrap_or(apart || of_points), log_loss: log_loss.unwrap_or(apart || of_points) }
    }

    /// The curves that decide about the axes: those shown and, while the past is looked at, the results, so
    /// that the axes stay where they are while training is played again.
    pub fn deciding(&self) -> Vec<Arc<OverSeeds>> {
        let shown = |index| self.over_seeds(index).map(|shown| Arc::clone(&shown.over));
        let result = |index| self.rewind.shown.and_then(|_| self.result_along(index, self.axis()));
        let in_view = match self.view.experiment {
            Some(index) => vec![index],
            None => self.listed(),
        };
        let in_view = in_view.into_iter().filter(|index| self.view.has_curve_of(*index));
        in_view.flat_map(|index| [shown(index), result(index)]).flatten().collect()
    }

    fn are_far_apart(&self) -> bool {
        let Some(index) = self.view.experiment.or((!self.experiments.is_empty()).then_some(0)) else {
            return false;
        };
        let curves = self.deciding();
        are_far_apart(curves.iter().flat_map(|curve| &curve.mean).copied(), self.set(index).prior_mean)
    }
}
