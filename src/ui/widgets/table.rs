//! The loss table: a row a system, a column a number of steps, the best of each column emphasised. It
//! takes the form that fits: spread beside the mean, spread below it, or the mean alone.
//!
//! ```text
//!               n=0       1      ...          n=0    1   ...
//!  MAML   4.30±.21 1.51±.12            MAML  4.30 1.51
//!  oracle        0        0                  ±.21 ±.12
//! ```

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::text::{fit, number, pad, put, short_spread, shortened, whereabouts, width};
use crate::ui::style::Styles;

/// One loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Mean over seeds.
    pub value: f64,
    /// Standard deviation over seeds; `None` where there is nothing to spread.
    pub spread: Option<f64>,
    /// The lowest of its column among those that may be compared, or not to be told from the lowest.
    pub best: bool,
    /// A preview, not a result.
    pub preview: bool,
    /// Some task or seed behind it went non-finite.
    pub lossy: bool,
}

/// One system, one yardstick, or with no entries a heading over those that follow.
#[derive(Clone, Debug)]
pub struct Row {
    /// The experiment that it is of; a heading and a yardstick are of none.
    pub experiment: Option<usize>,
    /// Its name.
    pub name: String,
    /// Its colour.
    pub style: Style,
    /// One entry a column; `None` while there is none.
    pub entries: Vec<Option<Entry>>,
    /// What stands at the end of the row where there is room: how far its runs are.
    pub after: String,
    /// Whether it is the selected row.
    pub selected: bool,
}

/// The table.
pub struct Table<'a> {
    /// The columns' n.
    pub steps: &'a [usize],
    /// What these are called.
    pub letter: &'static str,
    /// Systems, then floors.
    pub rows: &'a [Row],
    /// The row that must be in view.
    pub keep: usize,
    /// What stands between a mean and its spread.
    pub plus_minus: &'static str,
}

/// Cells that a mean and a spread take at least, so that columns are as wide while a study goes on.
const MEAN: usize = 5;
const SPREAD: usize = 3;
/// Cells of a column without the spread beside the mean, at least.
const NARROW: usize = 6;

impl Entry {
    fn text(&self) -> String {
        let mark = if self.lossy { "!" } else { "" };
        let about = if self.preview { "~" } else { "" };
        format!("{about}{}{mark}", number(self.value))
    }

    fn spread_text(&self, styles: &Styles) -> String {
        self.spread
            .map(|spread| format!("{}{}", styles.plus_minus(), short_spread(spread, self.value)))
            .unwrap_or_default()
    }

    fn style(&self, styles: &Styles) -> Style {
        if self.best { styles.best() } else { styles.plain() }
    }
}

impl Table<'_> {
    /// Width with the spread beside the mean, for whoever lays out.
    pub fn wide(&self) -> usize {
        let (mean, spread) = self.figures();
        self.name_width() + 1 + (mean + spread) * self.steps.len()
    }

    /// Cells that the longest mean takes with a blank before it, and the longest spread with its sign: no figure
    /// is ever cut.
    fn figures(&self) -> (usize, usize) {
        let entries = || self.rows.iter().flat_map(|row| &row.entries).flatten();
        let mean = entries().map(|entry| width(&entry.text())).max().unwrap_or(0);
        let spread =
            entries().filter_map(|entry| Some(width(&short_spread(entry.spread?, entry.value)))).max();
        let sign = width(self.plus_minus);
        (mean.max(MEAN - 1) + 1, spread.unwrap_or(0).max(SPREAD) + sign)
    }

    fn name_width(&self) -> usize {
        let named = self.rows.iter().filter(|row| !row.entries.is_empty());
        named.map(|row| width(&row.name)).max().unwrap_or(0).clamp(6, 16)
    }

    /// Lines a row, the first row in view, and how many there is room for.
    fn window(&self, area: Rect) -> (usize, usize, usize) {
        let rows = usize::from(area.height);
        let below = usize::from(area.width) < self.wide() && rows > 2 * self.rows.len();
        let lines = if below { 2 } else { 1 };
        let visible = rows.saturating_sub(1) / lines;
        let first = if self.rows.len() <= visible { 0 } else { (self.keep + 1).saturating_sub(visible) };
        (lines, first, visible)
    }

    /// Which rows are in view, where not all of them are.
    pub fn whereabouts(&self, area: Rect) -> String {
        let (_, first, visible) = self.window(area);
        whereabouts(first, visible, self.rows.len())
    }

    /// The row that is drawn at line `y` of the screen.
    pub fn row_at(&self, area: Rect, y: u16) -> Option<usize> {
        let (lines, first, visible) = self.window(area);
        let row = usize::from(y.checked_sub(area.y + 1)?) / lines;
        (row < visible && first + row < self.rows.len()).then_some(first + row)
    }

    /// Draws into `area`.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, styles: &Styles) {
        let room = usize::from(area.width);
        let rows = usize::from(area.height);
        if rows < 2 || room < 12 || self.steps.is_empty() {
            return;
        }
        let beside = room >= self.wide();
        let (lines, first, visible) = self.window(area);
        let below = lines == 2;
        let (mean, spread) = self.figures();
        let column = match (beside, below) {
            (true, _) => mean + spread,
            (false, true) => NARROW.max(mean).max(spread + 1),
            (false, false) => NARROW.max(mean),
        };
        let name = self.name_width().min(room.saturating_sub(column * self.steps.len()).max(6));
        // A table too narrow for every column keeps the first ones, which tell most.
        let columns = self.steps.len().min((room - name) / column);
        let at = |i: usize| area.x + (name + column * i) as u16;
        let right = |buffer: &mut Buffer, i: usize, y: u16, text: &str, style: Style| {
            let x = at(i) + column.saturating_sub(width(text)) as u16;
            put(buffer, area, x, y, text, style);
        };
        for (i, n) in self.steps.iter().take(columns).enumerate() {
            let head = if i == 0 { format!("{}={n}", self.letter) } else { n.to_string() };
            // Above the mean, not above its spread.
            let x = if beside { at(i) + mean.saturating_sub(width(&head)) as u16 } else { u16::MAX };
            match beside {
                true => _ = put(buffer, area, x, area.y, &head, styles.plain()),
                false => right(buffer, i, area.y, &head, styles.plain()),
            }
        }
        let names: Vec<&str> = self.rows.iter().map(|row| row.name.as_str()).collect();
        let names = shortened(&names, name, styles);
        for (i, (row, called)) in self.rows.iter().zip(&names).skip(first).take(visible).enumerate() {
            let y = area.y + 1 + (i * lines) as u16;
            let style = styles.readable(row.style);
            let style = if row.selected { style.patch(styles.selected()) } else { style };
            if row.entries.is_empty() {
                put(buffer, area, area.x, y, &fit(&row.name, room, styles), style);
                continue;
            }
            put(buffer, area, area.x, y, &pad(called, name, styles), style);
            for (i, entry) in row.entries.iter().take(columns).enumerate() {
                let Some(entry) = entry else {
                    right(buffer, i, y, "-", styles.plain());
                    continue;
                };
                let (text, spread) = (entry.text(), entry.spread_text(styles));
                if !beside {
                    right(buffer, i, y, &text, entry.style(styles));
                    if below {
                        right(buffer, i, y + 1, &spread, styles.plain());
                    }
                    continue;
                }
                // The decimal points stay below each other whatever the spread's length.
                let x = at(i) + mean.saturating_sub(width(&text)) as u16;
                let x = put(buffer, area, x, y, &text, entry.style(styles));
                put(buffer, area, x, y, &spread, styles.plain());
            }
            let used = name + column * columns;
            let room = room.saturating_sub(used + 1);
            // `3/5 42%`, or at least `3/5`.
            let short = row.after.split(' ').next().unwrap_or("");
            let after = [row.after.as_str(), short].into_iter().find(|text| width(text) <= room);
            put(buffer, area, area.x + used as u16 + 1, y, after.unwrap_or(""), styles.plain());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of every length there is.
    fn rows() -> Vec<Row> {
        let values = [0.0, 1.2e-5, 0.0123, 0.6, 4.336, 12.64, 123.4, 9_999.0, 5.6e7, f64::NAN, f64::INFINITY];
        let spreads = [0.0, 0.14, 1.5, 99.0, 1.5e4, f64::NAN, 3.2, 0.5, 7.0, 0.1, 0.2];
        let entry = |i: usize| {
            let (value, spread) = (values[i % 11], Some(spreads[i % 11]).filter(|_| !i.is_multiple_of(5)));
            Some(Entry {
                value,
                spread,
                best: i == 3,
                preview: i.is_multiple_of(2),
                lossy: i.is_multiple_of(3),
            })
        };
        (0..4)
            .map(|row| Row {
                experiment: Some(row),
                name: format!("system{row}"),
                style: Style::new(),
                entries: (0..6).map(|column| entry(row * 6 + column)).collect(),
                after: String::new(),
                selected: false,
            })
            .collect()
    }

    #[test]
    fn names_that_are_cut_are_told_apart() {
        let (mut rows, steps) = (rows(), [0, 1, 2, 5, 10, 32]);
        rows[0].name = "Ridge head, any K".to_owned();
        rows[1].name = "Ridge head, any sign".to_owned();
        let styles = Styles::default();
        let table =
            Table { steps: &steps, letter: "K", rows: &rows, keep: 0, plus_minus: styles.plus_minus() };
        let area = Rect::new(0, 0, 50, 9);
        let mut buffer = Buffer::empty(area);
        table.draw(area, &mut buffer, &styles);
        let line = |y| (0..9).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        let lines: Vec<String> = (1..9).map(line).filter(|line| line.contains("Ri")).collect();
        assert!(lines.len() == 2 && lines[0] != lines[1], "{lines:?}");
        assert!(lines[0].contains('K') && lines[1].contains('n'), "{lines:?}");
    }

    #[test]
    fn no_figure_is_cut_at_any_width() {
        for ascii in [false, true] {
            let styles = Styles { ascii, ..Styles::default() };
            let (rows, steps) = (rows(), [0, 1, 2, 5, 10, 32]);
            let table =
                Table { steps: &steps, letter: "n", rows: &rows, keep: 0, plus_minus: styles.plus_minus() };
            let entries = || rows.iter().flat_map(|row| &row.entries).flatten();
            let means: Vec<String> = entries().map(Entry::text).collect();
            let spreads: Vec<String> = entries().map(|entry| entry.spread_text(&styles)).collect();
            let whole: Vec<String> =
                means.iter().zip(&spreads).map(|(mean, spread)| format!("{mean}{spread}")).collect();
            for (wide, tall) in (12..100).flat_map(|wide| [(wide, 6), (wide, 12)]) {
                let area = Rect::new(0, 0, wide, tall);
                let mut buffer = Buffer::empty(area);
                table.draw(area, &mut buffer, &styles);
                for y in 1..tall {
                    let line: String =
                        (0..wide).filter_map(|x| buffer.cell((x, y))).map(|cell| cell.symbol()).collect();
                    for word in line.split_whitespace().filter(|word| !word.starts_with("syst")) {
                        let known =
                            [&means, &spreads, &whole].into_iter().flatten().any(|known| known == word);
                        assert!(known, "{word} at {wide}x{tall}: {line}");
                    }
                }
            }
        }
    }
}
