//! A pane's picture on the screen: the parts of each row side by side, or below one another where they are too narrow.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use crate::{
    results::why::{Curves, Hue, Line, Losses, Mark, Part, Row, Shape, Stroke},
    ui::{
        state::app::App,
        style::{Pattern, Styles},
        widgets::{
            field,
            heat::{Cell, LossScale, legend},
            plot::{self, Plot, Series, Shade},
            text::{fit, number, put, width},
        },
    },
};

/// Columns that a part has at least, where it stands beside another one.
const NARROWEST: u16 = 28;
/// Rows that a part has at least, where it stands below another one.
const LOWEST: u16 = 9;
/// Rows that a row of parts has at least.
const FEWEST: u16 = 4;
/// Rows from which on the vertical axis of a plot has its name above it.
const NAMED: u16 = 10;

/// Draws a picture of an experiment's: as many rows as have the height to be seen, and how many are left out.
pub fn draw(app: &App, experiment: usize, rows: &[Row], area: Rect, buffer: &mut Buffer) {
    let (count, height) = (rows.len().max(1), usize::from(area.height));
    let fits = if height >= count * usize::from(FEWEST) { count } else { height / usize::from(FEWEST) };
    let left_out = count - fits.max(1);
    let area = if left_out > 0 {
        let words = format!("{left_out} more of {count} below: there is no room");
        let last = area.bottom().saturating_sub(1);
        put(
            buffer,
            area,
            area.x,
            last,
            &fit(&words, usize::from(area.width), &app.styles),
            app.styles.warn(),
        );
        Rect { height: area.height.saturating_sub(1), ..area }
    } else {
        area
    };
    let rows = &rows[..(count - left_out).min(rows.len())];
    let all = rows.iter().map(|row| row.height).sum::<usize>().max(1);
    // Every row has what it takes to be seen, and its share of what is left.
    let least = if rows.len() > 1 { 5.min(area.height / rows.len() as u16) } else { 0 };
    let spare = area.height.saturating_sub(least * rows.len() as u16);
    let mut y = area.y;
    for (place, row) in rows.iter().enumerate() {
        let share = (usize::from(spare) * row.height / all) as u16;
        let is_last = place + 1 == rows.len();
        let height = if is_last { area.bottom().saturating_sub(y) } else { least + share };
        draw_row(app, experiment, &row.parts, Rect { y, height, ..area }, buffer);
        y += height;
    }
}

fn draw_row(app: &App, experiment: usize, parts: &[Part], area: Rect, buffer: &mut Buffer) {
    let count = parts.len().max(1) as u16;
    let part = |buffer: &mut Buffer, part: &Part, area: Rect| draw_part(app, experiment, part, area, buffer);
    if area.width >= NARROWEST * count && area.height >= 5 || count == 1 {
        for (place, of) in parts.iter().enumerate() {
            let [from, to] = [place, place + 1].map(|at| area.width * at as u16 / count);
            let gap = if place + 1 < parts.len() { 2 } else { 0 };
            part(buffer, of, Rect { x: area.x + from, width: (to - from).saturating_sub(gap), ..area });
        }
    } else if area.height >= LOWEST * count {
        for (place, of) in parts.iter().enumerate() {
            let [from, to] = [place, place + 1].map(|at| area.height * at as u16 / count);
            part(buffer, of, Rect { y: area.y + from, height: to - from, ..area });
        }
    } else if let Some(first) = parts.first() {
        part(buffer, first, area);
    }
}

fn draw_part(app: &App, experiment: usize, part: &Part, area: Rect, buffer: &mut Buffer) {
    match part {
        Part::Curves(curves) => draw_curves(app, experiment, curves, area, buffer),
        Part::Field(field) if field.values.is_empty() => {
            let words = format!("{}: none answers", field.unit);
            put(buffer, area, area.x, area.y, &words, app.styles.plain());
        }
        Part::Field(field) => {
            field::draw(field, area, buffer, &app.styles);
        }
        Part::Losses(losses) => draw_losses(losses, area, buffer, &app.styles),
    }
}

fn draw_curves(app: &App, experiment: usize, curves: &Curves, area: Rect, buffer: &mut Buffer) {
    let below = below_name(curves, area);
    if below.y > area.y {
        put(buffer, area, area.x, area.y, curves.y_name, app.styles.dim());
    }
    plot(app, experiment, curves).draw(below, buffer, &app.styles);
}

/// What is left of a part's area for its plot: below the name of the vertical axis, where there is the height for that.
pub fn below_name(curves: &Curves, area: Rect) -> Rect {
    let name = u16::from(area.height >= NAMED);
    // A cell is twice as high as it is wide, and names stand beside.
    let width = if curves.is_square { area.width.min(area.height * 2 + 28) } else { area.width };
    Rect { y: area.y + name, width, height: area.height - name, ..area }
}

/// Curves as a plot.
pub fn plot(app: &App, experiment: usize, curves: &Curves) -> Plot<'static> {
    Plot {
        x: curves.x,
        y: curves.y,
        x_name: curves.x_name,
        series: curves.lines.iter().map(|line| series(app, experiment, line)).collect(),
        crosshair: curves.crosshair,
        names: true,
    }
}

fn series(app: &App, experiment: usize, line: &Line) -> Series {
    let styles = &app.styles;
    let own = styles.series(app.hue(experiment));
    let style = match line.hue {
        Hue::Plain => styles.plain(),
        Hue::Own => own,
        Hue::Faint => own.patch(styles.dim()),
        Hue::Series(other) => styles.series(app.hue(experiment) + other),
        Hue::Support => styles.support(),
        Hue::Key => styles.key(),
    };
    let shape = match &line.shape {
        Shape::Line(stroke) => plot::Shape::Line(match stroke {
            Stroke::Solid => Pattern::Solid,
            Stroke::Dash => Pattern::Dash,
            Stroke::LongDash => Pattern::LongDash,
            Stroke::Dot => Pattern::Dot,
            Stroke::Series(place) => styles.pattern(*place),
        }),
        Shape::Band(upper) => plot::Shape::Band(upper.clone(), Shade::Light),
        Shape::Marks(mark) => plot::Shape::Points(match mark {
            Mark::Letter(letter) => *letter,
            Mark::Trained => styles.trained_mark(),
            Mark::Support => styles.support_mark(),
            Mark::Cursor => styles.cursor_mark(),
        }),
    };
    Series {
        name: line.name.clone(),
        style: if line.is_bold { style.add_modifier(Modifier::BOLD) } else { style },
        shape,
        mark: line.mark,
        points: line.points.clone(),
    }
}

fn draw_losses(losses: &Losses, area: Rect, buffer: &mut Buffer, styles: &Styles) {
    let (rates, steps) = (losses.rates.len(), losses.steps.len());
    // Rates go down where there is the height for it, since then there is the width for numbers.
    let is_tall = usize::from(area.height) >= rates + 2;
    let (rows, columns) = if is_tall { (rates, steps) } else { (steps, rates) };
    let [down, across] =
        if is_tall { [&losses.rates, &losses.steps] } else { [&losses.steps, &losses.rates] };
    let left = down.iter().map(|name| width(name)).max().unwrap_or(0) as u16 + 1;
    let room = usize::from(area.width.saturating_sub(left));
    // Where there is no room for all, every second one or fewer, what it was trained with among them.
    let Some(each) = (1..=4).find(|each| room / columns.div_ceil(*each).max(1) >= 3) else { return };
    let trained = losses.trained.map_or(0, |(rate, n)| if is_tall { n } else { rate });
    let shown: Vec<usize> = (trained % each..columns).step_by(each).collect();
    let wide = (room / shown.len().max(1)).min(11) as u16;
    let counts = |(mean, lost): (f64, usize)| lost == 0 && mean.is_finite();
    let known = losses.cells.iter().flatten().filter(|cell| counts(**cell));
    let known: Vec<f64> = known.map(|(mean, _)| *mean).collect();
    let scale = LossScale::of(&known, losses.prior);
    let lowest = known.iter().copied().fold(f64::INFINITY, f64::min);
    put(buffer, area, area.x, area.y, "rate", styles.plain());
    let mut free = area.x;
    for (column, place) in shown.iter().enumerate() {
        let x = area.x + left + column as u16 * wide;
        if x >= free {
            free = put(buffer, area, x, area.y, &across[*place], styles.plain()) + 1;
        }
    }
    for (row, name) in down.iter().enumerate() {
        let y = area.y + 1 + row as u16;
        put(buffer, area, area.x + left - 1 - width(name) as u16, y, name, styles.plain());
        for (column, &place) in shown.iter().enumerate() {
            let (rate, n) = if is_tall { (row, place) } else { (place, row) };
            let (mean, lost) = losses.cells[rate][n];
            let text = match lost {
                0 if mean < 1e4 => number(mean),
                0 => ">1e4".to_owned(),
                lost => format!("{lost} lost"),
            };
            let cell = Cell {
                text: &text,
                share: counts((mean, lost)).then(|| scale.share(mean)),
                is_cursor: losses.trained == Some((rate, n)),
                is_best: mean == lowest,
                is_known: true,
            };
            let at = Rect { x: area.x + left + column as u16 * wide, y, width: wide, height: 1 };
            cell.draw(at, area, buffer, styles);
        }
    }
    let below = area.y + 1 + rows as u16;
    if below < area.bottom() {
        legend(
            scale,
            &[" and more (log scale)", " and more"],
            Rect { y: below, height: 1, ..area },
            buffer,
            styles,
        );
    }
}
