//! The kernel of the rule: what a point would do to the whole wave, before any point is there.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::{GRID, Panel, even_labels, most, side_by_side, state::Subject};
use crate::{
    analysis::{Adaptive, Kernel, alignment, covariance},
    results::{Scale, text::number},
    task::grid,
    ui::{
        state::app::App,
        style::Pattern,
        widgets::{
            field::Field,
            plot::{Plot, Series, Shape},
        },
    },
};

/// The pane.
pub struct Stripes;

/// What it shows.
pub struct Found {
    x: Vec<f64>,
    kernel: Kernel,
    /// The tasks' covariance, in the kernel's size.
    covariance: Vec<f64>,
    alignment: f64,
    /// Whether the rule is more than one rate, so that the alignment without it is another.
    plain: Option<f64>,
    shots: usize,
}

impl Panel for Stripes {
    type Found = Found;
    const TITLE: &'static str = "Kernel";
    const LOOK_FOR: &'static str = "stripes. Column x' is what a step does to the whole wave where a point at x' lies above it: \
                                    above 0 it lifts, below 0 it lowers. Dotted: the tasks' own covariance.";

    fn find(subject: &Subject, _: &dyn Fn() -> bool) -> Option<Found> {
        let mut adaptive = Adaptive::new(&subject.weights)?;
        let x = grid(subject.settings.x, GRID);
        let kernel = Kernel::new(&mut adaptive, &x);
        let mut covariance = covariance(&subject.settings, &x);
        let of_rule = alignment(&kernel.rule, &covariance);
        let of_all = alignment(&kernel.tangent, &covariance);
        let size = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let scale = size(&kernel.rule) / size(&covariance);
        covariance.iter_mut().for_each(|value| *value *= scale);
        let plain = ((of_rule - of_all).abs() > 1e-9).then_some(of_all);
        Some(Found { x, kernel, covariance, alignment: of_rule, plain, shots: subject.task.support.x.len() })
    }

    fn says(found: &Found) -> String {
        let negative = found.kernel.negative_part();
        let sign = match negative {
            0.0 => "No entry is negative: a point pulls the whole wave its own way.".to_owned(),
            _ => format!(
                "{:.0} % of it is negative: there a point pushes the wave the other way.",
                100.0 * negative
            ),
        };
        let plain =
            found.plain.map(|plain| format!(" ({plain:.2} without the learned rule)")).unwrap_or_default();
        format!("Alignment with the tasks' own covariance: {:.2}{plain}; 1 is alike. {sign}", found.alignment)
    }

    fn draw(app: &App, experiment: usize, found: &Found, area: Rect, buffer: &mut Buffer) {
        let styles = &app.styles;
        let Found { x, kernel, covariance, .. } = found;
        let ends = [x[0], x[x.len() - 1]];
        let (left, right) = side_by_side(area);
        if let Some(left) = left {
            let field = Field {
                size: (kernel.points, kernel.points),
                values: &kernel.rule,
                most: most(&kernel.rule),
                rows: even_labels(ends, kernel.points),
                x: (ends, "x'"),
                cursor: Some(app.why.cursor),
                unit: "kernel of the rule",
            };
            field.draw(left, buffer, styles);
        }
        let at = app.why.cursor.min(kernel.points - 1);
        // A point that lies 1 above the prediction, among as many as the task has.
        let share = 2.0 / found.shots.max(1) as f64;
        let column = |values: &[f64]| -> Vec<(f64, f64)> {
            let entries = values.iter().skip(at).step_by(kernel.points);
            x.iter().copied().zip(entries.map(|value| share * value)).collect()
        };
        let series = vec![
            Series {
                name: "covariance".to_owned(),
                style: styles.plain(),
                shape: Shape::Line(Pattern::Dot),
                mark: '.',
                points: column(covariance),
            },
            Series {
                name: format!("x'={}", number(x[at])),
                style: styles.series(app.hue(experiment)).add_modifier(Modifier::BOLD),
                shape: Shape::Line(Pattern::Solid),
                mark: '#',
                points: column(&kernel.rule),
            },
        ];
        let largest = share * most(kernel.rule.iter().chain(covariance));
        let plot = Plot {
            x: Scale::linear(ends[0], ends[1]),
            y: Scale::linear(-largest, largest),
            x_name: "x",
            series,
            crosshair: Some(x[at]),
            names: true,
        };
        plot.draw(right, buffer, styles);
    }
}
