//! What a network that reads makes of its points: the plane of the vectors that stand for tasks, on which every point that is
//! read moves each of them, or how much each point of a task counts where the network is asked.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::{plotted::Plotted, state::PlaneOf};
use crate::{
    results::{ReadPlane, ReadWeights, Reading, Scale},
    ui::{
        state::app::App,
        style::Pattern,
        update::curves::step,
        widgets::{
            plot::{Plot, Series, Shape},
            text::{count, fit, number, pane_note, put, wrap},
        },
    },
};

/// Lines that are said above a picture.
const LINES: u16 = 2;

/// Moves where the network is asked.
pub fn ask(app: &mut App, by: i32) {
    let Some(set) = app.experiments.get(app.selected).map(|_| app.set(app.selected)) else { return };
    let grid = set.evaluation.grid;
    app.inner.cursor = Some(step(app.inner.cursor.unwrap_or(grid / 2), by, grid));
}

/// Draws it, below what there is to look for.
pub fn draw(app: &App, of: &PlaneOf, found: &Reading, (pane, inner): (Rect, Rect), buffer: &mut Buffer) {
    let styles = &app.styles;
    let room = usize::from(inner.width);
    let (look_for, note) = match found {
        Reading::Plane(plane) => (plane_in_words(), plane_note(app, of, plane)),
        Reading::Weights(weights) => (weights_in_words(weights.name), weights_note(app, of, weights)),
    };
    for (row, line) in wrap(&look_for, room, styles).iter().take(usize::from(LINES)).enumerate() {
        put(buffer, inner, inner.x, inner.y + row as u16, line, styles.plain());
    }
    let below = LINES.min(inner.height);
    let area = Rect { y: inner.y + below, height: inner.height - below, ..inner };
    match found {
        Reading::Plane(ReadPlane { points, truth, most, .. }) => {
            let x_name = "first principal component of r";
            Plotted { points, truth: truth.as_deref(), most: most.max(1e-9), x_name }.draw(app, area, buffer);
        }
        Reading::Weights(weights) => draw_weights(app, weights, area, buffer),
    }
    let note = fit(&note, usize::from(pane.width).saturating_sub(4), styles);
    pane_note(buffer, pane, &note, styles.plain(), styles);
}

fn plane_in_words() -> String {
    "Look for: without a point every task is at one place; each point that is read moves it, and where the network knows \
     phases they end on a circle, digit beside digit."
        .to_owned()
}

fn plane_note(app: &App, of: &PlaneOf, plane: &ReadPlane) -> String {
    let most = app.set(app.selected).task.shots.most;
    format!(
        "{} tasks after K={} points, step {}; the plane has {:.0} % of what r varies by after {most}",
        plane.points.len(),
        of.n.min(most),
        count(of.run.1),
        100.0 * plane.share
    )
}

fn weights_in_words(name: &str) -> String {
    format!(
        "Look for: which points count where the network is asked (the line): the nearest, or others further away that say as \
         much, such as those of a wave's same phase. Each bar is the {name} of a support point."
    )
}

/// Where the network is asked.
fn asked(app: &App, weights: &ReadWeights) -> usize {
    let last = weights.x.len().saturating_sub(1);
    app.inner.cursor.unwrap_or(weights.x.len() / 2).min(last)
}

fn weights_note(app: &App, of: &PlaneOf, weights: &ReadWeights) -> String {
    let at = asked(app, weights);
    let (Some(x), Some(row)) = (weights.x.get(at), weights.rows.get(at)) else { return String::new() };
    let k = weights.support.x.len();
    let task = of.task.0.min(app.set(app.selected).count().saturating_sub(1)) + 1;
    let largest = row.iter().zip(&weights.support.x).max_by(|one, other| one.0.total_cmp(other.0));
    match largest {
        Some((weight, point)) => format!(
            "test task {task}, K={k}; asked at x {}: most {} has the point at x {}, {}",
            number(*x),
            weights.name,
            number(*point),
            number(*weight)
        ),
        None => format!("test task {task}, K=0; asked at x {}: no point to look at", number(*x)),
    }
}

/// The task with its points and the network's answer, and below it a bar a point.
fn draw_weights(app: &App, weights: &ReadWeights, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let style = styles.series(app.hue(app.selected));
    let above = Rect { height: area.height / 2, ..area };
    let below = Rect { y: above.bottom(), height: area.height - above.height, ..area };
    let at = asked(app, weights);
    let crosshair = weights.x.get(at).copied();
    let ends = [weights.x.first(), weights.x.last()].map(|end| end.copied().unwrap_or(0.0));
    let x = Scale::linear(ends[0], ends[1]);
    let curve = |y: &[f64]| weights.x.iter().copied().zip(y.iter().copied()).collect::<Vec<_>>();
    let line = |name: &str, style, pattern, mark, points| Series {
        name: name.to_owned(),
        style,
        shape: Shape::Line(pattern),
        mark,
        points,
    };
    let support = &weights.support;
    let series = vec![
        line("truth", styles.plain(), Pattern::Dot, '.', curve(&weights.truth)),
        line("answer", style.add_modifier(Modifier::BOLD), Pattern::Solid, '#', curve(&weights.answers)),
        Series {
            name: "support".to_owned(),
            style: styles.support(),
            shape: Shape::Points(styles.support_mark()),
            mark: 'O',
            points: support.x.iter().copied().zip(support.y.iter().copied()).collect(),
        },
    ];
    let all = weights.truth.iter().chain(&weights.answers).chain(&support.y).copied();
    let y = Scale::around(all, false);
    Plot { x, y, x_name: "x", series, crosshair, names: true }.draw(above, buffer, styles);
    let row = weights.rows.get(at).map_or(&[][..], |row| row);
    let bars = support
        .x
        .iter()
        .zip(row)
        .map(|(x, weight)| line("", style, Pattern::Solid, '|', vec![(*x, 0.0), (*x, *weight)]));
    let ends = row.iter().zip(&support.x).map(|(weight, x)| (*x, *weight));
    let mut series: Vec<Series> = bars.collect();
    series.push(Series {
        name: weights.name.to_owned(),
        style,
        shape: Shape::Points(styles.support_mark()),
        mark: 'O',
        points: ends.collect(),
    });
    // The axis holds every x, so that bars grow and shrink as the line moves.
    let most = weights.rows.iter().flatten().fold(1e-3_f64, |most, weight| most.max(*weight));
    let y = Scale::linear(0.0, 1.05 * most);
    Plot { x, y, x_name: "x", series, crosshair, names: true }.draw(below, buffer, styles);
}
