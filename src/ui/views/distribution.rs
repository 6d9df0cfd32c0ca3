//! The distribution over tasks, in the place of the Overview's curves: for every loss the share of the test tasks that have at
//! most that, a line a system, its seeds as a band (Agarwal et al. 2021, arXiv:2108.13264). The further to the upper left a
//! line runs, the better; where two cross, neither is lower throughout.
//!
//! ```text
//! + Share of test tasks with a loss of at most tau after 10 steps (shaded: seeds) -+
//! | 1   |             ....--------------                                          |
//! | 0.5 |       ..::::      ..::::::::: MAML                                      |
//! | 0   |___----......::::::           Transfer                                   |
//! |     0.01    0.1       1         10  tau                                       |
//! + MAML: half of the tasks at most 0.41, nine in ten at most 1.9 ----------------+
//! ```

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::curves::{elsewhere, note, title_room, titled};
use crate::{
    eval::LossAxis,
    results::Scale,
    ui::{
        state::{app::App, distributions::Distribution},
        widgets::{
            plot::{Plot, Series, Shade, Shape},
            text::{fit, pane, put, width},
        },
    },
};

/// Draws it for the systems beside the selected one.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let (subject, drawn) = app.beside_selected();
    let (set, after) = (app.test_label(), after(app.axis(), app.spread_at()));
    let tau = if styles.ascii { "tau" } else { "\u{3c4}" };
    let long = format!("{set}Share of test tasks with a loss of at most {tau} {after}");
    let title = match width(&long) <= title_room(area) {
        true => long,
        false => format!("{set}Share of tasks up to {tau} {after}"),
    };
    let inner = pane(buffer, area, &titled(title, &["shaded: seeds"], area), styles);
    let known = app.distributions();
    let Some(distributions) = known.filter(|known| !known.systems.is_empty()) else {
        let why = match known {
            Some(known) if known.missing == 0 => "no network of these systems is here to be tested",
            _ => "it is being worked out",
        };
        put(buffer, inner, inner.x + 1, inner.y, &fit(why, title_room(area), styles), styles.plain());
        return;
    };
    let mut systems: Vec<&Distribution> = distributions.systems.iter().collect();
    // The selected one lies over the others.
    systems.sort_by_key(|system| system.experiment == subject);
    let (mut bands, mut lines) = (Vec::new(), Vec::new());
    for Distribution { experiment, profile, seeds, .. } in &systems {
        let hue = app.hue(*experiment);
        let (selected, style) = (*experiment == subject, styles.series(hue));
        let points =
            |shares: &mut dyn Iterator<Item = f64>| profile.taus.iter().copied().zip(shares).collect();
        if *seeds > 1 {
            let shade = if selected { Shade::Dense } else { Shade::Light };
            bands.push(Series {
                name: String::new(),
                style: style.patch(styles.dim()),
                shape: Shape::Band(profile.ends.iter().map(|[_, high]| *high).collect(), shade),
                mark: '.',
                points: points(&mut profile.ends.iter().map(|[low, _]| *low)),
            });
        }
        lines.push(Series {
            name: app.row_name(*experiment),
            style: if selected { style.add_modifier(Modifier::BOLD) } else { style },
            shape: Shape::Line(styles.pattern(hue)),
            mark: styles.mark(hue),
            points: points(&mut profile.mean.iter().copied()),
        });
    }
    let taus = &systems[0].profile.taus;
    let x = Scale::log(taus.first().copied().unwrap_or(0.1), taus.last().copied().unwrap_or(1.0));
    let series = bands.into_iter().chain(lines).collect();
    let plot = Plot { x, y: Scale::linear(0.0, 1.0), x_name: tau, series, crosshair: None, names: true };
    plot.draw(inner, buffer, styles);
    let reads_answers = app.experiments[subject].settings.algorithm.reads_answers();
    let is_drawn = systems.iter().any(|system| system.experiment == subject);
    let unanswered = (reads_answers && !is_drawn && distributions.missing == 0)
        .then(|| format!("{} has no answers here", app.row_name(subject)));
    let missing = match distributions.missing {
        0 => String::new(),
        1 => "1 network is being tested".to_owned(),
        missing => format!("{missing} networks are being tested"),
    };
    let room = title_room(area).saturating_sub(if missing.is_empty() { 0 } else { width(&missing) + 2 });
    let said =
        systems.last().filter(|system| system.experiment == subject).map(|system| match &system.spread {
            Some(spread) => spread.said(&app.row_name(subject), room),
            None => format!("{}: a seed has no finite loss on any task", app.row_name(subject)),
        });
    let said = said.or(unanswered).unwrap_or_default();
    note(app, area, buffer, &[missing, said, elsewhere(app, &drawn)]);
}

/// What it says, for whoever sees it for the first time, and the figures of the selected system.
pub fn how_to_read(app: &App) -> String {
    let (subject, _) = app.beside_selected();
    let known = app.distributions().into_iter().flat_map(|known| &known.systems);
    let spread =
        known.filter(|system| system.experiment == subject).find_map(|system| system.spread.as_ref());
    let said = spread.map_or(String::new(), |spread| {
        format!(
            "{} {}.\n",
            after(app.axis(), app.spread_at()),
            spread.said(&app.row_name(subject), usize::MAX)
        )
    });
    let said = said.replacen("after", "After", 1);
    let keys = [app.key_of("smaller-n"), app.key_of("larger-n")].join(" and ");
    format!(
        "{said}At every loss, the share of the test tasks on which a system has at most that. The further to the upper left \
         its line runs the better; where two cross, neither is lower throughout. What stands to the right are the hard \
         tasks, of which a mean is made. {keys} change {}.",
        app.axis().letter()
    )
}

/// What the losses are after.
fn after(axis: LossAxis, at: usize) -> String {
    match (axis, at) {
        (LossAxis::Steps, 1) => "after one step".to_owned(),
        (LossAxis::Steps, n) => format!("after {n} steps"),
        (LossAxis::Points, 1) => "after one point".to_owned(),
        (LossAxis::Points, k) => format!("after {k} points"),
    }
}
