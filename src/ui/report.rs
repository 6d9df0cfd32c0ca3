//! What the dashboard leaves behind as plain text: the loss table for the normal screen, and views
//! saved to files.

use std::{
    fs::OpenOptions,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    app::App,
    runs::Phase,
    svg::svg,
    views,
    widgets::text::{number, pad, short_spread, width},
};

/// The loss table as text, a line a system, and a line for every run that failed.
pub fn loss_table(app: &App) -> String {
    let steps = app.table_steps();
    let styles = &app.styles;
    let names = app.experiments.iter().map(|experiment| width(&experiment.settings.name));
    let name = names.max().unwrap_or(0).max(10);
    // Six of them beside a long name still fit into 80 columns.
    let column = if styles.ascii { 10 } else { 9 };
    let kind = if app.curves.median { "median" } else { "mean" };
    let mut text = format!(
        "Test loss after n gradient steps ({kind} over tasks, {} std over seeds)\n{}",
        styles.plus_minus(),
        " ".repeat(name + 5)
    );
    for n in &steps {
        text.push_str(&format!("{:>column$}", format!("n={n}")));
    }
    text.push('\n');
    for (index, experiment) in app.experiments.iter().enumerate() {
        let curve = app.result(index);
        let seeds = curve.as_ref().map_or(0, |curve| curve.seeds);
        text.push_str(&format!(
            "{} {:>4}",
            pad(&experiment.settings.name, name, styles),
            format!("{seeds}/{}", experiment.runs.len())
        ));
        for n in &steps {
            let entry = curve.as_ref().and_then(|curve| {
                let spread = if curve.seeds > 1 {
                    format!("{}{}", styles.plus_minus(), short_spread(*curve.std.get(*n)?))
                } else {
                    String::new()
                };
                let lossy = if *curve.nonfinite.get(*n)? > 0.0 { "!" } else { "" };
                Some(format!("{}{lossy}{spread}", number(*curve.mean.get(*n)?)))
            });
            text.push_str(&format!("{:>column$}", entry.unwrap_or_else(|| "-".to_owned())));
        }
        text.push('\n');
    }
    if let Some(set) = app.sets.first() {
        text.push_str(&format!("prior mean (best constant guess): {}\n", number(set.prior_mean)));
    }
    let lossy = (0..app.experiments.len())
        .filter_map(|index| app.result(index))
        .any(|curve| curve.nonfinite.iter().any(|share| *share > 0.0));
    if lossy {
        text.push_str("! some tasks went non-finite and are not in the mean\n");
    }
    for run in app.active().map(|run| &app.runs[run]) {
        if let Phase::Failed { step, error } = &run.phase {
            let name = &app.experiments[run.experiment].settings.name;
            text.push_str(&format!("{name}, seed {}: failed at step {step}: {error}\n", run.seed));
        }
    }
    text
}

/// The view in front as a screen of this size.
fn screen(app: &App, columns: u16, rows: u16) -> Buffer {
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    views::render(app, area, &mut buffer);
    buffer
}

/// A screen as lines of text.
fn lines(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let mut text = String::new();
    for y in 0..rows {
        let mut line = String::new();
        let mut x = 0;
        while x < columns {
            let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
            line.push_str(symbol);
            // A wide character covers the cells after it.
            x += width(symbol).max(1) as u16;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Writes the view in front as text, with the loss table below it, and as SVG, to new files named after
/// the view; nothing is ever overwritten. The text's path.
pub fn save(app: &App, columns: u16, rows: u16, folder: &Path) -> io::Result<PathBuf> {
    let screen = screen(app, columns, rows);
    let text = format!("{}\n{}", lines(&screen), loss_table(app));
    let view = app.view_name(app.view).to_lowercase();
    let name: String = view.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    for number in 1..10_000 {
        let path = folder.join(format!("metascope-{name}-{number}.txt"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                let picture =
                    OpenOptions::new().write(true).create_new(true).open(path.with_extension("svg"));
                picture?.write_all(svg(&screen).as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "ten thousand saved views are enough"))
}
