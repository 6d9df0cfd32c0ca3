//! Figures: what was published beside what is measured here, and the verdict on it.
//!
//! ```text
//! + Figures: 3 of 4 measured ------------------------------------------------------------------+
//! |  setting               published   measured   seeds  verdict   source                      |
//! |  MAML, n=1             .350±.030   .360±.012   5     matches   V Park & Oliva 2019, poster |
//! |  CAVIA, 20 shots, n=1  .190        -           2/5   waiting   R Zintgraf et al. 2019      |
//! +--------------------------------------------------------------------------------------------+
//! | the figure that is selected, in full                                                       |
//! +--------------------------------------------------------------------------------------------+
//! ```
//!
//! A narrow screen leaves out the source, then the seeds: the selected figure has them below.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    experiments::Mark,
    results::{Figure, Verdict},
    term::Mouse,
    ui::{
        command::Group,
        state::app::{App, Command, Kind},
        style::Styles,
        update::curves::step,
        view::wheel,
        widgets::text::{fit, pad, pane, pane_note, put, whereabouts, width, wrap},
    },
};

/// The view.
pub static VIEW: Kind = Kind { point, commands: COMMANDS, ..Kind::new("Figures", "figures", draw) };

/// Its commands.
static COMMANDS: &[Command] = &[
    Command::new("figure-above", "Up k", "the figure above", |app| select(app, -1))
        .hint("select")
        .group(Group::Move),
    Command::new("figure-below", "Down j", "the figure below", |app| select(app, 1))
        .shares_hint()
        .group(Group::Move),
    Command::new("ten-figures-up", "PgUp", "ten figures up", |app| select(app, -10)).group(Group::Move),
    Command::new("ten-figures-down", "PgDn", "ten figures down", |app| select(app, 10)).group(Group::Move),
    Command::new("first-figure", "Home", "to the first figure", |app| select(app, i32::MIN))
        .group(Group::Move),
    Command::new("last-figure", "End", "to the last figure", |app| select(app, i32::MAX)).group(Group::Move),
];

/// Rows of the pane with the selected figure, and its border.
const BELOW: u16 = 6;
/// Cells between two columns.
const GAP: usize = 2;
/// Where the source has less room than this it is left out.
const LEAST_SOURCE: usize = 16;

/// What stands where nobody has published anything.
const NONE: &str = "The experiments here have no published figures to be held against. Below the [[experiment]] that \
    one is about, write it down like this (EDIT opens the file, APPLY applies it; nothing is trained again for it):\n\n\
    [[experiment.published]]\nsource = \"where it stands\"\nn = 1\nloss = 0.35\nci95 = 0.03\n\n\
    n is the number of steps and loss the test loss after them; ci95, half the width of its 95 % interval, may be \
    left out. test = \"name\" says on which [[test]], and mark = \"V\" or \"R\" whether the source was opened \
    or the figure is recalled.";

/// Draws the view.
fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let figures = app.figures();
    if figures.is_empty() {
        let inner = pane(buffer, area, "Figures", styles);
        let room = usize::from(inner.width).saturating_sub(2);
        let [edit, apply] = ["edit-file", "apply-file"].map(|name| app.key_of(name));
        let none = NONE.replace("EDIT", &edit).replace("APPLY", &apply);
        let lines = none.lines().flat_map(|line| match line {
            "" => vec![String::new()],
            line => wrap(line, room, styles),
        });
        for (row, line) in lines.take(usize::from(inner.height)).enumerate() {
            put(buffer, inner, inner.x + 1, inner.y + row as u16, &line, styles.plain());
        }
        return;
    }
    let below = if area.height >= 2 * BELOW { BELOW } else { 0 };
    let upper = Rect { height: area.height - below, ..area };
    let chosen = app.figure.min(figures.len() - 1);
    let known = figures.iter().filter(|figure| figure.verdict().is_some()).count();
    let title = format!("Figures: {known} of {} measured", figures.len());
    let inner = pane(buffer, upper, &title, styles);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    draw_table(&figures, chosen, inner, buffer, styles);
    let at = whereabouts(first_row(figures.len(), chosen, inner), rows_of(inner), figures.len());
    let note = if at.is_empty() { "measured: mean over seeds, 95 % interval".to_owned() } else { at };
    pane_note(buffer, upper, &note, styles.plain(), styles);
    if below > 0 {
        draw_chosen(&figures[chosen], Rect { y: upper.bottom(), height: below, ..area }, buffer, styles);
    }
}

/// Figures that there is room for below the head.
fn rows_of(area: Rect) -> usize {
    usize::from(area.height).saturating_sub(1)
}

/// The first one in view, so that the chosen one is too.
fn first_row(all: usize, chosen: usize, area: Rect) -> usize {
    let lines = rows_of(area);
    if all <= lines { 0 } else { (chosen + 1).saturating_sub(lines) }
}

/// The columns of a figure, the setting first and the source last.
fn columns(figure: &Figure, styles: &Styles) -> [String; 6] {
    let mark = figure.published.mark.map_or(String::new(), |mark| format!("{} ", mark.name()));
    [
        figure.setting(),
        figure.published_in_words(styles.glyphs()),
        figure.measured_in_words(styles.glyphs()),
        figure.seeds_in_words(),
        figure.verdict().map_or("waiting", Verdict::name).to_owned(),
        format!("{mark}{}", figure.published.source),
    ]
}

fn draw_table(figures: &[Figure], chosen: usize, area: Rect, buffer: &mut Buffer, styles: &Styles) {
    let head = ["setting", "published", "measured", "seeds", "verdict", "source"].map(str::to_owned);
    let rows: Vec<[String; 6]> = figures.iter().map(|figure| columns(figure, styles)).collect();
    let mut widths: [usize; 6] = std::array::from_fn(|column| {
        rows.iter().chain([&head]).map(|row| width(&row[column])).max().unwrap_or(0)
    });
    let room = usize::from(area.width);
    let fixed = |widths: &[usize; 6]| widths[1..5].iter().map(|width| width + GAP).sum::<usize>();
    // The setting gives way to the numbers and has half of what is left, the source the rest.
    let left = room.saturating_sub(fixed(&widths));
    let has_source = left >= 2 * LEAST_SOURCE + GAP;
    if has_source {
        widths[0] = widths[0].min((left / 2).max(left.saturating_sub(widths[5] + GAP)));
        widths[5] = left.saturating_sub(widths[0] + GAP);
    } else {
        if left < LEAST_SOURCE {
            widths[3] = 0;
        }
        let left = room.saturating_sub(fixed(&widths) - if widths[3] == 0 { GAP } else { 0 });
        (widths[0], widths[5]) = (widths[0].min(left), 0);
    }
    let mut line = |row: u16, cells: &[String; 6], styles_of: [Style; 6]| {
        let mut x = area.x;
        for ((cell, width), style) in cells.iter().zip(widths).zip(styles_of) {
            if width > 0 {
                put(buffer, area, x, area.y + row, &pad(cell, width, styles), style);
                x = x.saturating_add((width + GAP) as u16);
            }
        }
    };
    line(0, &head, [styles.plain(); 6]);
    let (lines, first) = (rows_of(area), first_row(figures.len(), chosen, area));
    for (row, index) in (first..figures.len()).take(lines).enumerate() {
        let name = if index == chosen { styles.selected() } else { styles.plain() };
        let verdict = style_of(figures[index].verdict(), styles);
        let all = [name, styles.plain(), styles.plain(), styles.plain(), verdict, styles.plain()];
        line(row as u16 + 1, &rows[index], all);
    }
}

fn style_of(verdict: Option<Verdict>, styles: &Styles) -> Style {
    match verdict {
        None => styles.plain(),
        Some(Verdict::Beats) => styles.bold(),
        Some(Verdict::Matches | Verdict::CannotTell) => styles.plain(),
        Some(Verdict::Misses) => styles.error(),
    }
}

/// The selected figure in full.
fn draw_chosen(figure: &Figure, area: Rect, buffer: &mut Buffer, styles: &Styles) {
    let room = usize::from(area.width).saturating_sub(4);
    let inner = pane(buffer, area, &fit(&figure.setting(), room, styles), styles);
    let known = match figure.published.mark {
        Some(Mark::Verified) => " (V: the source was opened)",
        Some(Mark::Recalled) => " (R: recalled, the source was not opened)",
        None => "",
    };
    let glyphs = styles.glyphs();
    let why = match figure.verdict() {
        Some(Verdict::Beats) => ": lower, and the intervals do not overlap",
        Some(Verdict::Misses) if figure.lost() == 0 => ": higher, and the intervals do not overlap",
        Some(Verdict::Matches) => {
            ": all of the measured interval is within 10 %, or within the published interval"
        }
        Some(Verdict::CannotTell) if figure.mean().1.is_some() => {
            ": the measured interval is neither below nor above it, and too wide to match it"
        }
        _ => "",
    };
    let published = figure.published_in_words(glyphs);
    let text = [
        format!("published {published}: {}{known}", figure.published.source),
        format!("measured {} over {} seeds", figure.measured_in_words(glyphs), figure.seeds_in_words()),
        format!("{}{why}", figure.verdict_in_words()),
    ];
    let lines = text.iter().flat_map(|text| wrap(text, room, styles));
    for (row, line) in lines.take(usize::from(inner.height)).enumerate() {
        put(buffer, inner, inner.x + 1, inner.y + row as u16, &line, styles.plain());
    }
}

/// The wheel moves the selection.
fn point(app: &mut App, _: Rect, mouse: &Mouse) -> bool {
    let lines = wheel(mouse.kind);
    select(app, lines.unwrap_or(0));
    lines.is_some()
}

/// Moves the selection by so many figures.
fn select(app: &mut App, by: i32) {
    app.figure = step(app.figure, by, app.figures().len());
}
