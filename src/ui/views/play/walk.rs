//! The points of a frozen test task, one by one: every system is shown the same first K of them and adapts as it was
//! trained to, and its loss on the task is followed from K to K, beside that of the best prediction there is.

use std::sync::Arc;

use super::frozen::{Paths, PathsOf, Walk};
use crate::{model::Weights, ui::state::app::App};

/// What the walk asks for: the losses of every system whose network there is.
fn paths_of(app: &App, walk: &Walk) -> PathsOf {
    let network = |index: usize| {
        let run = app.chosen_run(index)?;
        Some((index, run, app.shown_snapshot(run)?.step, app.inner_lr(index)))
    };
    let mut leaders = app.leaders();
    leaders.sort_unstable();
    PathsOf { task: (app.test, walk.index), networks: leaders.into_iter().filter_map(network).collect() }
}

/// Has the losses over K worked out.
pub(super) fn want(app: &mut App) {
    let Some(walk) = app.play.walk.clone() else { return };
    let of = paths_of(app, &walk);
    let mut walked = std::mem::take(&mut app.walked);
    walked.want(of.clone(), walk, || {
        let weights = |(index, run, _, rate): &(usize, usize, u64, f64)| {
            let snapshot = app.shown_snapshot(*run)?;
            let adaptation = snapshot.weights.adaptation.at_rate(*rate);
            Some((*index, Weights { adaptation, ..snapshot.weights.clone() }))
        };
        of.networks.iter().filter_map(weights).collect()
    });
    app.walked = walked;
}

impl App {
    /// The losses over K of the walk in view.
    pub(super) fn paths(&self) -> Option<&Paths> {
        self.walked.paths(&paths_of(self, self.play.walk.as_ref()?))
    }

    /// After how many steps Play shows a system: on a walk after those that it was trained for.
    pub(super) fn played_steps(&self, experiment: usize) -> usize {
        match self.play.walk {
            Some(_) => self.experiments[experiment].settings.adaptation().inner_steps,
            None => self.fit.n,
        }
    }
}

/// The next point, the one before, or the first of them on a task: a walk begins without a point.
pub(super) fn go(app: &mut App, by: i32) {
    match &mut app.play.walk {
        Some(walk) => {
            let k = (walk.k as i64 + i64::from(by)).clamp(0, walk.most() as i64) as usize;
            if k == walk.k {
                let all = if k == 0 { "no point is shown any more" } else { "these are all of its points" };
                return app.say(all);
            }
            walk.k = k;
        }
        None => begin(app, 0, 0),
    }
}

/// Another frozen task with as many points.
pub(super) fn next_task(app: &mut App) {
    let (index, k) = app.play.walk.as_ref().map_or((0, 0), |walk| (walk.index + 1, walk.k));
    begin(app, index, k);
}

fn begin(app: &mut App, index: usize, k: usize) {
    let Some(first) = app.experiments.get(app.selected).map(|_| app.selected) else { return };
    let set = app.set(first);
    let index = index % set.count().max(1);
    let Some(task) = set.tasks().get(index).cloned() else { return };
    let family = set.task.clone();
    let mut walk = Walk { index, whole: Arc::new(task), family, k };
    walk.k = k.min(walk.most());
    app.play.let_go();
    app.play.walk = Some(walk);
}

/// Why the points and the wave are not changed on a walk.
pub(super) fn refusal(app: &App) -> Option<String> {
    app.play
        .walk
        .is_some()
        .then(|| format!("the points are those of a test task; {} goes back to your own", app.key_of("back")))
}
