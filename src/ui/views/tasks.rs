//! The family of tasks: why one network for all of them can only answer the average.
//!
//! ```text
//! + Three tasks -----------++ 1,000 tasks overlaid --++ Average of 10,000, and one ++
//! |  three tasks           ||  density of tasks      ||  a line and one of them      |
//! +------------------------++------------------------++------------------------------+
//!  what this means, in a sentence
//! ```

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use crate::{
    config::presentable,
    eval::Average,
    results::Scale,
    task::{Function, Points},
    ui::{
        command::Group,
        state::{
            app::{App, Command, Kind},
            family::Illustration,
        },
        style::Pattern,
        update::curves::step,
        widgets::{
            geometry::Geometry,
            plot::{Plot, Series, Shape},
            text::{count, number, pane, pane_note, put, width, wrap},
        },
    },
};

/// The view.
pub static VIEW: Kind = Kind { open, commands: COMMANDS, ..Kind::new("Tasks", "tasks", draw) };

/// Its commands.
static COMMANDS: &[Command] = &[
    Command::new("previous-waves", "Left h k", "previous three tasks", |app| on(app, -3))
        .hint("other tasks")
        .group(Group::Move),
    Command::new("next-waves", "Right l j", "next three tasks", |app| on(app, 3))
        .shares_hint()
        .group(Group::Move),
    Command::new("first-waves", "g Home", "the first tasks", |app| on(app, -i32::MAX)).group(Group::Move),
    Command::new("last-waves", "G", "the last tasks", |app| on(app, i32::MAX)).group(Group::Move),
    Command::new("waves-on", "Ctrl-D PgDn", "nine tasks on", |app| on(app, 9)).group(Group::Move),
    Command::new("waves-back", "Ctrl-U PgUp", "nine tasks back", |app| on(app, -9)).group(Group::Move),
];

/// They are drawn when somebody looks for the first time: it takes a moment.
fn open(app: &mut App) {
    if app.illustration.is_none() {
        app.illustration = app.sets.first().map(|set| Illustration::new(&set.task));
    }
}

/// So many tasks on.
fn on(app: &mut App, by: i32) {
    if let Some(picture) = &mut app.illustration {
        picture.first = step(picture.first, by, picture.tasks.len().saturating_sub(2));
    }
}

/// Draws the view.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let (Some(picture), Some(set)) = (&app.illustration, app.sets.first()) else { return };
    let styles = &app.styles;
    let task = &set.task;
    let text = format!(
        "A task is {}. At every x they overlap, so the best single answer to all of them is their average: it has a loss \
         of {} on the test tasks. Learning to learn means to find weights from which {} points and a few steps lead to any \
         one of them.{}",
        task.family.formula(&task.own),
        number(set.prior(Average::Mean, None)),
        task.shots.most,
        task.left_out(&set.evaluation).map_or(String::new(), |left_out| format!(" {left_out}"))
    );
    let lines = wrap(&text, usize::from(area.width).saturating_sub(2), styles);
    let words = (lines.len() as u16).min(area.height / 4);
    let upper = Rect { height: area.height - words, ..area };
    for (row, line) in lines.iter().take(usize::from(words)).enumerate() {
        put(buffer, area, area.x + 1, upper.bottom() + row as u16, line, styles.plain());
    }
    let panes = panes(upper);
    three(app, picture, panes[0], buffer);
    overlaid(app, picture, panes[1], buffer);
    average(app, picture, panes[2], buffer);
}

/// Side by side where each is wide enough to read, else one above the other two.
fn panes(area: Rect) -> [Rect; 3] {
    if area.width >= 96 {
        let third = area.width / 3;
        let at = |i: u16, width| Rect { x: area.x + i * third, width, ..area };
        return [at(0, third), at(1, third), at(2, area.width - 2 * third)];
    }
    let (upper, half) = (area.height / 2, area.width / 2);
    let lower = Rect { y: area.y + upper, height: area.height - upper, ..area };
    [
        Rect { height: upper, ..area },
        Rect { width: half, ..lower },
        Rect { x: lower.x + half, width: lower.width - half, ..lower },
    ]
}

fn plot<'a>(app: &App, series: Vec<Series>) -> Plot<'a> {
    let set = &app.sets[0];
    let [low, high] = set.y_range();
    Plot {
        x: Scale::linear(set.task.x[0], set.task.x[1]),
        y: Scale::linear(low, high),
        x_name: set.x_name(),
        series,
        crosshair: None,
        names: true,
    }
}

fn line(app: &App, function: &Function, name: String, index: usize) -> Series {
    let Points { x, y } = function.drawn(app.sets[0].task.x, 120);
    Series {
        name,
        style: app.styles.series(app.hue(index)),
        shape: Shape::Line(app.styles.pattern(app.hue(index))),
        mark: app.styles.mark(app.hue(index)),
        points: x.into_iter().zip(y).collect(),
    }
}

fn three(app: &App, picture: &Illustration, area: Rect, buffer: &mut Buffer) {
    let title = format!("Three tasks ({} to {}){}", picture.first + 1, picture.first + 3, measured(app));
    let inner = pane(buffer, area, &title, &app.styles);
    let tasks = picture.tasks.iter().skip(picture.first).take(3).enumerate();
    let series = tasks.map(|(i, task)| line(app, task, task.label(), i)).collect();
    plot(app, series).draw(inner, buffer, &app.styles);
}

/// What is measured, where a table says it.
fn measured(app: &App) -> String {
    let [_, y] = app.sets[0].task.labels();
    if app.sets[0].task.family.table().is_some() {
        format!(": {}", presentable(y, 40))
    } else {
        String::new()
    }
}

/// How many tasks pass through each cell at the middle of its column, in shades that each stand for twice as many
/// as the one before, with the first of the three over them.
fn overlaid(app: &App, picture: &Illustration, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let all = picture.tasks.len();
    let inner = pane(buffer, area, &format!("{} tasks overlaid", count(all as u64)), styles);
    let one = picture.tasks.get(picture.first).map(|task| Series {
        shape: Shape::Line(Pattern::Solid),
        style: styles.series(0).add_modifier(Modifier::BOLD),
        ..line(app, task, String::new(), 0)
    });
    let plot = plot(app, one.into_iter().collect());
    let Some(Geometry { canvas, x, y }) = plot.geometry(inner) else { return };
    let (columns, rows) = (usize::from(canvas.width), usize::from(canvas.height));
    let mut cells = vec![0_usize; columns * rows];
    for column in 0..columns {
        let at = x.value((column as f64 + 0.5) / columns as f64);
        for place in picture.tasks.iter().filter_map(|task| y.place(task.at(at))) {
            if (0.0..1.0).contains(&place) {
                cells[(((1.0 - place) * rows as f64) as usize).min(rows - 1) * columns + column] += 1;
            }
        }
    }
    let most = cells.iter().copied().max().unwrap_or(0);
    let levels = [1, (most / 8).max(2), (most / 4).max(3), (most / 2).max(4)];
    let shades = &styles.shades()[1..];
    for (i, tasks) in cells.iter().enumerate() {
        let Some(level) = levels.iter().rposition(|level| tasks >= level) else { continue };
        let (x, y) = (canvas.x + (i % columns) as u16, canvas.y + (i / columns) as u16);
        put(buffer, canvas, x, y, shades[level].encode_utf8(&mut [0; 4]), styles.dim());
    }
    plot.draw(inner, buffer, styles);
    let legend: Vec<String> =
        levels.iter().zip(shades).map(|(least, shade)| format!("{shade} {least}+")).collect();
    let what = app.sets[0].task.family.word();
    let forms = [format!("{} {what}s a cell", legend.join("  ")), legend.join(" ")];
    let fits = |form: &&String| width(form) + 4 <= usize::from(area.width);
    pane_note(buffer, area, forms.iter().find(fits).map_or("", String::as_str), styles.plain(), styles);
    // The signs of the legend are those of the picture, as dark as there.
    let border = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area }.intersection(buffer.area);
    for position in border.positions() {
        let cell = &mut buffer[position];
        if shades.iter().any(|shade| cell.symbol().starts_with(*shade)) {
            cell.set_style(styles.dim());
        }
    }
}

fn average(app: &App, picture: &Illustration, area: Rect, buffer: &mut Buffer) {
    let of = count(picture.averaged as u64);
    let short = format!("Average of {of}, and one task");
    let title = match app.sets[0].task.family.table() {
        Some(_) => format!("Average of {of} to train on, and one task"),
        None => short.clone(),
    };
    let title = if width(&title) + 4 <= usize::from(area.width) { title } else { short };
    let inner = pane(buffer, area, &title, &app.styles);
    let average = Series {
        name: "average".to_owned(),
        style: app.styles.bold(),
        shape: Shape::Line(Pattern::Solid),
        mark: '#',
        points: picture.average.x.iter().copied().zip(picture.average.y.iter().copied()).collect(),
    };
    let one = picture.tasks.get(picture.first).map(|task| line(app, task, "one task".to_owned(), 1));
    plot(app, one.into_iter().chain([average]).collect()).draw(inner, buffer, &app.styles);
}
