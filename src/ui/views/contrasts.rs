//! The comparison, in the place of the Overview's curves: by how much every other system's loss is higher than the
//! selected one's, over n, with its interval as a band around it. Where a band holds 0, nothing can be told.
//!
//! ```text
//! + Test loss higher than MAML's by (mean; all intervals at an n: 95 %) -+
//! | 1 |      ..........                                                  |
//! |   |   ..:::::::::::::::  First-order MAML                            |
//! | 0 |- - - - - - - - - - - 0                                           |
//! |   0      10      20   n                                              |
//! + n=10: First-order MAML 0.41 [0.20, 0.62] higher ----------------------+
//! ```

use ratatui::{buffer::Buffer, layout::Rect};

use super::range::x_scale;
use crate::{
    eval::Average,
    results::{Contrasts, Difference, difference_scale, judged_at},
    ui::{
        state::app::App,
        style::Pattern,
        widgets::{
            plot::{Plot, Series, Shade, Shape},
            text::{number, pane, pane_note, put, width},
        },
    },
};

/// What it says, for whoever sees it for the first time.
pub const HOW_TO_READ: &str = "By how much every other system's loss is higher than that of the selected one. Where its \
    band lies above 0 it is higher, below 0 lower; where the band holds 0 the two cannot be told apart. The bands at one place \
    hold together, so that one may be picked by looking.";

/// Draws it for the selected system and those that are listed.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let subject = app.leader(app.selected_row());
    let name = app.row_name(subject);
    let (kind, letter) = (app.curves.average.name(), app.axis().letter());
    let room = usize::from(area.width).saturating_sub(4);
    let titles = [
        format!(
            "{}Test loss higher than that of {name} by ({kind}; all intervals at {} {letter}: 95 %)",
            app.test_label(),
            if letter == "n" { "an" } else { "a" }
        ),
        format!("{}Higher than {name} by ({kind})", app.test_label()),
        format!("Higher than {name} by"),
    ];
    let title = titles.iter().find(|title| width(title) <= room).unwrap_or(&titles[2]);
    let inner = pane(buffer, area, title, styles);
    let contrasts = app.contrasts(subject);
    let listed = app.listed();
    let Some(contrasts) = contrasts.as_ref() else {
        let why = "no other system has results on the same test tasks";
        put(buffer, inner, inner.x + 1, inner.y, why, styles.plain());
        return;
    };
    let shown: Vec<&(usize, Vec<Option<Difference>>)> =
        contrasts.others.iter().filter(|(other, _)| listed.contains(other)).collect();
    let x = x_scale(app, app.axes());
    let y = difference_scale(shown.iter().flat_map(|(_, at)| at.iter().flatten()));
    let last = contrasts.over.len().saturating_sub(1) as f64;
    let (mut bands, mut lines) = (Vec::new(), Vec::new());
    for (other, at) in &shown {
        let style = styles.series(app.hue(*other));
        let known = || at.iter().enumerate().filter_map(|(n, by)| Some((n as f64, by.as_ref()?)));
        let intervals: Vec<(f64, [f64; 2])> = known().filter_map(|(n, by)| Some((n, by.interval?))).collect();
        if !intervals.is_empty() {
            bands.push(Series {
                name: String::new(),
                style: style.patch(styles.dim()),
                shape: Shape::Band(intervals.iter().map(|(_, [_, high])| *high).collect(), Shade::Light),
                mark: '.',
                points: intervals.iter().map(|(n, [low, _])| (*n, *low)).collect(),
            });
        }
        lines.push(Series {
            name: app.row_name(*other),
            style,
            shape: Shape::Line(styles.pattern(app.hue(*other))),
            mark: styles.mark(app.hue(*other)),
            points: known().map(|(n, by)| (n, by.mean.unwrap_or(f64::NAN))).collect(),
        });
    }
    let zero = Series {
        name: name.clone(),
        style: styles.dim(),
        shape: Shape::Line(Pattern::ShortDash),
        mark: '-',
        points: vec![(0.0, 0.0), (last, 0.0)],
    };
    let series = bands.into_iter().chain([zero]).chain(lines).collect();
    let n = app.curves.crosshair.unwrap_or_else(|| judged_at(contrasts.over.len().saturating_sub(1)));
    let crosshair = app.curves.crosshair.map(|n| n as f64);
    let unseen = Plot { x, y, x_name: letter, series, crosshair, names: true }.draw(inner, buffer, styles);
    let mut remarks = vec![said(app, contrasts, &shown, n, room)];
    remarks.push(unseen.announce());
    remarks.retain(|remark| !remark.is_empty());
    pane_note(buffer, area, &remarks.join("; "), styles.warn(), styles);
}

/// What is to be said of each of them after n steps: of as many as there is room for, and how many more there are.
fn said(
    app: &App,
    contrasts: &Contrasts,
    shown: &[&(usize, Vec<Option<Difference>>)],
    n: usize,
    room: usize,
) -> String {
    let each = shown.iter().filter_map(|(other, at)| {
        let by = at.get(n)?.as_ref()?;
        let mean = by.mean.map_or("no finite loss".to_owned(), number);
        let interval = by.interval.map(|ends| ends.map(number));
        let interval = interval.map_or(String::new(), |[low, high]| format!(" [{low}, {high}]"));
        let word = if by.is_known() { by.standing.name() } else { "one seed" };
        Some(format!("{} {mean}{interval} {word}", app.row_name(*other)))
    });
    let each: Vec<String> = each.collect();
    let by = match contrasts.over.get(n) {
        Some(Average::Median) if app.curves.average == Average::Mean => ", medians since tasks blow up",
        _ => "",
    };
    let first = |count: usize| {
        let more = match each.len() - count {
            0 => String::new(),
            more => format!(", {more} more"),
        };
        format!("{}={n}{by}: {}{more}", app.axis().letter(), each[..count].join(", "))
    };
    let fits = (1..=each.len()).rev().map(first).find(|said| width(said) <= room);
    fits.unwrap_or_else(|| first(each.len()))
}
