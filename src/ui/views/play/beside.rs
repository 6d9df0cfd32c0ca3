//! What is drawn beside the best fit: a band over the seeds of its learner, and its next step in parts.

use ratatui::style::{Modifier, Style};

use super::seeds::{Beside, BesideOf};
use crate::{
    model::Weights,
    results::why::point_name,
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
        let (letter, style) = look_of(app, experiment, task, point);
        series.push(Series {
            name: if letter == '1' { "point 1 adds".to_owned() } else { String::new() },
            style,
            shape: Shape::Line(styles.pattern(point + 1)),
            mark: letter,
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

/// Whether the next step of this learner is drawn in its parts.
pub fn has_parts(app: &App, experiment: usize, task: &TestTask) -> bool {
    let known = app.seeds.known(experiment, &task.support, app.fit.n);
    app.seeds.shows_parts && known.is_some_and(|(_, beside)| beside.next.is_some())
}

/// The support points with the numbers that their parts have.
pub fn numbers(app: &App, experiment: usize, task: &TestTask) -> Vec<Series> {
    let number = |(point, (x, y)): (usize, (&f64, &f64))| {
        let (letter, style) = look_of(app, experiment, task, point);
        Series {
            name: String::new(),
            style: style.add_modifier(Modifier::BOLD),
            shape: Shape::Points(letter),
            mark: letter,
            points: vec![(*x, *y)],
        }
    };
    task.support.x.iter().zip(&task.support.y).enumerate().map(number).collect()
}

/// The number of a support point from the left, and a colour that is not its learner's.
fn look_of(app: &App, experiment: usize, task: &TestTask, point: usize) -> (char, Style) {
    let place = task.support.x.iter().filter(|x| **x < task.support.x[point]).count();
    (point_name(place), app.styles.series(app.hue(experiment) + 1 + place % 6))
}

/// The next step in its parts, or no more.
pub fn toggle(app: &mut App) {
    app.seeds.shows_parts ^= true;
    app.say(match app.seeds.shows_parts {
        true => "thin: what each point adds in the next step; dashed: where it leads",
        false => "the next step is not drawn",
    });
}
