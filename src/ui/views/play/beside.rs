//! What is drawn beside the best fit: a band over the seeds of its learner, and its next step in parts.

use ratatui::style::Modifier;

use super::seeds::{Beside, BesideOf};
use crate::{
    model::Weights,
    task::TestTask,
    ui::{
        state::app::App,
        style::Pattern,
        widgets::plot::{Series, Shade, Shape},
    },
};

/// Has it worked out for the learner that is lowest on this task.
pub fn look(app: &mut App, experiment: usize, task: &TestTask) {
    let (chosen, rate) = (app.chosen_run(experiment), app.inner_lr(experiment));
    let (mut networks, mut weights, mut at) = (Vec::new(), Vec::new(), 0);
    for &run in &app.experiments[experiment].runs {
        if let Some(snapshot) = app.shown_snapshot(run) {
            at = if Some(run) == chosen { networks.len() } else { at };
            networks.push((run, snapshot.step));
            let adaptation = snapshot.weights.adaptation.at_rate(rate);
            weights.push(Weights { adaptation, ..snapshot.weights.clone() });
        }
    }
    let of = BesideOf { experiment, networks, chosen: at, support: task.support.clone(), n: app.fit.n, rate };
    app.seeds.want(of, weights, task.query.x.clone());
}

/// What is drawn of it behind the fit of this experiment.
pub fn series(app: &App, experiment: usize, task: &TestTask) -> Vec<Series> {
    let styles = &app.styles;
    let Some((of, Beside { ends, next })) = app.seeds.known(experiment, &task.support, app.fit.n) else {
        return Vec::new();
    };
    let hue = styles.series(app.hue(experiment));
    let over = |values: &[f64]| task.query.x.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
    let mut series = Vec::new();
    if of.networks.len() > 1 {
        let low: Vec<f64> = ends.iter().map(|ends| ends[0]).collect();
        series.push(Series {
            name: format!("{} seeds", of.networks.len()),
            style: hue.patch(styles.dim()),
            shape: Shape::Band(ends.iter().map(|ends| ends[1]).collect(), Shade::Light),
            mark: ':',
            points: over(&low),
        });
    }
    let Some(next) = next.as_ref().filter(|_| app.seeds.shows_parts) else { return series };
    for (point, adds) in next.points.iter().enumerate() {
        series.push(Series {
            name: if point == 0 { "a point adds".to_owned() } else { String::new() },
            style: styles.series(point + 1),
            shape: Shape::Line(styles.pattern(point + 1)),
            mark: '.',
            points: over(adds),
        });
    }
    let then: Vec<f64> =
        next.before.iter().zip(&next.change).map(|(before, change)| before + change).collect();
    series.push(Series {
        name: format!("n={}", of.n + 1),
        style: hue.add_modifier(Modifier::BOLD),
        shape: Shape::Line(Pattern::Dash),
        mark: '+',
        points: over(&then),
    });
    series
}

/// The next step in its parts, or no more.
pub fn toggle(app: &mut App) {
    app.seeds.shows_parts ^= true;
    app.say(match app.seeds.shows_parts {
        true => "thin: what each point adds in the next step of the lowest learner; dashed: where that leads",
        false => "the next step is not drawn",
    });
}
