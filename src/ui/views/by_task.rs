//! Two networks task by task, in the place of the adaptation curve while a person compares them: by how much the other's
//! loss is higher on every test task, in order. How far the line is above 0, and for how many tasks, is the picture.
//!
//! ```text
//! + Two networks by task: Transfer higher by (n=10) --------+
//! | 6 |                                              ....   |
//! | 3 |                         ........:::::::::::::       |
//! | 0 |- - - -.........::::::::: - - - - - - - - - - - - -  |
//! |   0          100          200   tasks                   |
//! + on 183 of 200 tasks; mean 3.41 [3.01, 3.81] ------------+
//! ```

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    results::Scale,
    ui::{
        state::{app::App, by_task::ByTask},
        style::Pattern,
        widgets::{
            plot::{Plot, Series, Shape},
            text::{number, pane, pane_note, put, width, wrap},
        },
    },
};

/// Share of the tasks at either end that the range of the axis does not follow.
const ENDS: f64 = 0.01;

/// Draws it.
pub fn draw(app: &App, index: usize, other: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let name = app.row_name(other);
    let (n, room) = (app.fit.n, usize::from(area.width).saturating_sub(4));
    let titles = [
        format!("Two networks, task by task: loss of {name} higher by (n={n})"),
        format!("Two networks by task: {name} higher by (n={n})"),
        format!("Two networks: {name} higher by"),
    ];
    let title = titles.iter().find(|title| width(title) <= room).unwrap_or(&titles[2]);
    let inner = pane(buffer, area, title, styles);
    let Some(by_task) = app.by_task(index).filter(|by_task| !by_task.higher.is_empty()) else {
        let why = match app.is_paired(index) {
            true => "it is being worked out",
            false => "both need finite losses on the same tasks",
        };
        for (row, line) in wrap(why, usize::from(inner.width).saturating_sub(2), styles).iter().enumerate() {
            put(buffer, inner, inner.x + 1, inner.y + row as u16, line, styles.plain());
        }
        return;
    };
    let higher = &by_task.higher;
    let last = higher.len() - 1;
    let end = (last as f64 * ENDS) as usize;
    let y = Scale::around([0.0, higher[end], higher[last - end]].into_iter(), false);
    let line = |name: &str, style, pattern, mark, points| Series {
        name: name.to_owned(),
        style,
        shape: Shape::Line(pattern),
        mark,
        points,
    };
    let zero = vec![(1.0, 0.0), (higher.len() as f64, 0.0)];
    let points = higher.iter().enumerate().map(|(task, by)| (task as f64 + 1.0, *by)).collect();
    let series = vec![
        line("", styles.dim(), Pattern::ShortDash, '-', zero),
        line("", styles.series(app.hue(other)), Pattern::Solid, styles.mark(app.hue(other)), points),
    ];
    let x = Scale::linear(1.0, (higher.len() as f64).max(2.0));
    let unseen =
        Plot { x, y, x_name: "tasks", series, crosshair: None, names: false }.draw(inner, buffer, styles);
    let mut remarks = vec![said(by_task), unseen.announce()];
    remarks.retain(|remark| !remark.is_empty());
    pane_note(buffer, area, &remarks.join("; "), styles.warn(), styles);
}

/// What is there; of these two networks and of nobody else, as the title says.
fn said(by_task: &ByTask) -> String {
    let (mean, half) = by_task.mean;
    let (all, [low, high]) = (by_task.higher.len(), [mean - half, mean + half].map(number));
    let lost = match by_task.lost {
        0 => String::new(),
        lost => format!(", {lost} without a finite loss"),
    };
    let apart = if by_task.is_apart() { "" } else { ": cannot tell" };
    let (on, mean) = (by_task.higher_on(), number(mean));
    format!("on {on} of {all} tasks{lost}; mean {mean} [{low}, {high}]{apart}")
}
