//! A plot one can read values from: braille curves over labelled axes, names at the curves' ends, and
//! an account of everything that could not be shown.
//!
//! ```text
//!  4 ⡇⠒⠒⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤ ⠒⠂ Transfer      y labels | canvas | names, in the order of the curves' ends
//!  2 ⡇⢣
//!  0 ⡇ ⠑⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒ ⠒⠒ MAML
//!     0    10    20 n                    x labels, the last one with the axis's name
//! ```

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    canvas::Canvas,
    geometry::Geometry,
    text::{fit, put, width},
};
use crate::{
    results::Scale,
    ui::style::{Pattern, Styles},
};

/// How a series is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Points joined by a line.
    Line(Pattern),
    /// The area between `y` and these upper values, shaded behind every line.
    Band(Vec<f64>, Shade),
    /// A dot a point.
    Dots,
    /// A glyph a point, over everything drawn before.
    Points(char),
}

/// How dark an area is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// A dot a cell: one area among others.
    Light,
    /// Half of the dots: the area that is looked at.
    Dense,
}

/// One thing drawn in a plot; later ones lie over earlier ones, so the key curve comes last.
#[derive(Clone, Debug)]
pub struct Series {
    /// Name at the curve's end or in the legend; empty for none.
    pub name: String,
    /// Colour and weight.
    pub style: Style,
    /// How it is drawn.
    pub shape: Shape,
    /// What stands for it in ASCII.
    pub mark: char,
    /// Where.
    pub points: Vec<(f64, f64)>,
}

/// A plot, ready to draw.
pub struct Plot<'a> {
    /// Horizontal axis.
    pub x: Scale,
    /// Vertical axis.
    pub y: Scale,
    /// What the horizontal axis counts.
    pub x_name: &'a str,
    /// From back to front.
    pub series: Vec<Series>,
    /// Where the crosshair stands.
    pub crosshair: Option<f64>,
    /// Whether names may be drawn at all (a small plot of one thing needs none).
    pub names: bool,
}

/// What could not be drawn, so that a pane can say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Points above the upper end.
    pub above: usize,
    /// Points below the lower end, or without a place on a log axis.
    pub below: usize,
    /// Values that are not numbers, or infinite.
    pub nonfinite: usize,
}

impl Unseen {
    /// In words; empty when everything was drawn.
    pub fn announce(&self) -> String {
        let mut parts = Vec::new();
        let points = |count: usize| if count == 1 { "1 point".to_owned() } else { format!("{count} points") };
        if self.above > 0 {
            parts.push(format!("{} above range", points(self.above)));
        }
        if self.below > 0 {
            parts.push(format!("{} below range", points(self.below)));
        }
        if self.nonfinite > 0 {
            parts.push(format!("{} not finite", points(self.nonfinite)));
        }
        parts.join(", ")
    }
}

/// Width below which names would leave no room for curves.
const NAMES_FROM: u16 = 36;

impl Plot<'_> {
    /// Draws into `area` and tells what could not be shown.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, styles: &Styles) -> Unseen {
        let unseen = self.unseen();
        let Some(canvas) = self.geometry(area).map(|geometry| geometry.canvas) else { return unseen };
        self.draw_axes(area, canvas, &self.y_ticks(canvas.height), buffer, styles);
        self.draw_series(canvas, buffer, styles);
        if self.has_names() && area.width >= NAMES_FROM {
            self.draw_names(area, canvas, buffer, styles);
        } else if canvas.y > area.y {
            self.draw_legend(area, buffer, styles);
        }
        unseen
    }

    /// Where values lie when it is drawn into `area`; `None` where there is no room to draw. What counts
    /// are the axes and the series' names, not the points.
    pub fn geometry(&self, area: Rect) -> Option<Geometry> {
        if area.width < 8 || area.height < 3 {
            return None;
        }
        let beside = self.has_names() && area.width >= NAMES_FROM;
        // The names of a narrow plot stand above it.
        let legend = u16::from(self.has_names() && !beside && area.height >= 6);
        let rows = area.height - 1 - legend;
        let ticks = self.y_ticks(rows);
        let label = ticks.iter().map(|(_, text)| width(text)).max().unwrap_or(0).min(7) as u16 + 1;
        let gutter = if beside { self.gutter(area.width) } else { 0 };
        let canvas = Rect {
            x: area.x + label,
            y: area.y + legend,
            width: area.width.saturating_sub(label + gutter),
            height: rows,
        };
        (canvas.width >= 2).then_some(Geometry { canvas, x: self.x, y: self.y })
    }

    fn has_names(&self) -> bool {
        self.names && self.series.iter().any(|series| !series.name.is_empty())
    }

    fn y_ticks(&self, rows: u16) -> Vec<(f64, String)> {
        self.y.ticks(usize::from(rows / 3).clamp(2, 9))
    }

    fn unseen(&self) -> Unseen {
        let mut unseen = Unseen::default();
        // A band repeats what its curve shows.
        for series in self.series.iter().filter(|series| !matches!(series.shape, Shape::Band(..))) {
            for &(x, y) in &series.points {
                if !x.is_finite() || !y.is_finite() {
                    unseen.nonfinite += 1;
                    continue;
                }
                // What was zoomed out of sight on purpose needs no words.
                if !self.x.place(x).is_some_and(|place| (-1e-9..=1.0 + 1e-9).contains(&place)) {
                    continue;
                }
                match self.y.place(y) {
                    Some(place) if place > 1.0 + 1e-9 => unseen.above += 1,
                    Some(place) if place >= -1e-9 => {}
                    _ => unseen.below += 1,
                }
            }
        }
        unseen
    }

    fn gutter(&self, whole: u16) -> u16 {
        let longest = self.series.iter().map(|series| width(&series.name)).max().unwrap_or(0) as u16;
        (longest + 4).min(whole * 5 / 12)
    }

    fn draw_axes(
        &self,
        area: Rect,
        canvas: Rect,
        ticks: &[(f64, String)],
        buffer: &mut Buffer,
        styles: &Styles,
    ) {
        let mut free = i32::from(canvas.bottom());
        for (value, text) in ticks {
            let Some(place) = self.y.place(*value).filter(|place| (-1e-6..=1.0 + 1e-6).contains(place))
            else {
                continue;
            };
            let row = ((1.0 - place) * f64::from(canvas.height - 1)).round() as i32 + i32::from(canvas.y);
            if row >= free {
                continue;
            }
            free = row;
            let room = usize::from(canvas.x - area.x) - 1;
            let text = fit(text, room, styles);
            let x = canvas.x - 1 - width(&text) as u16;
            put(buffer, area, x, row as u16, &text, styles.dim());
        }
        for row in canvas.top()..canvas.bottom() {
            let axis = if styles.ascii { "|" } else { "▕" };
            put(buffer, area, canvas.x - 1, row, axis, styles.dim());
        }
        let y = canvas.bottom();
        let name_room = width(self.x_name) as u16 + 1;
        let mut free = area.left();
        for (value, text) in self.x.ticks(usize::from(canvas.width / 8).clamp(2, 12)) {
            let Some(place) = self.x.place(value).filter(|place| (-1e-6..=1.0 + 1e-6).contains(place)) else {
                continue;
            };
            let middle = f64::from(canvas.x) + place * f64::from(canvas.width - 1);
            let wide = width(&text) as u16;
            let x = (middle as u16).saturating_sub(wide / 2).max(area.left());
            if x >= free && x + wide + name_room <= area.right() {
                put(buffer, area, x, y, &text, styles.dim());
                free = x + wide + 1;
            }
        }
        let x = canvas.right().min(area.right().saturating_sub(name_room - 1)).max(free);
        if x + name_room - 1 <= area.right() {
            put(buffer, area, x, y, self.x_name, styles.dim());
        }
    }

    fn draw_series(&self, area: Rect, buffer: &mut Buffer, styles: &Styles) {
        let mut canvas = Canvas::new(area.width, area.height, styles.ascii);
        if let Some(place) = self.crosshair.and_then(|x| self.x.place(x)) {
            canvas.upright(place, styles.upright(), styles.dim());
        }
        for series in &self.series {
            let place = |&(x, y): &(f64, f64)| Some((self.x.place(x)?, self.y.place(y)?));
            match &series.shape {
                Shape::Line(pattern) => {
                    for pair in series.points.windows(2) {
                        if let (Some(from), Some(to)) = (place(&pair[0]), place(&pair[1])) {
                            canvas.line(from, to, *pattern, series.mark, series.style);
                        }
                    }
                    // One value has no line; it is still a value.
                    if let [only] = series.points[..]
                        && let Some((x, y)) = place(&only)
                        && (0.0..=1.0).contains(&x)
                        && (0.0..=1.0).contains(&y)
                    {
                        canvas.mark(x, y, series.mark, series.style);
                    }
                }
                Shape::Band(upper, shade) => self.draw_band(series, upper, *shade, &mut canvas),
                Shape::Dots => {
                    for at in series.points.iter().filter_map(place) {
                        canvas.line(at, at, Pattern::Solid, series.mark, series.style);
                    }
                }
                Shape::Points(glyph) => {
                    for (x, y) in series.points.iter().filter_map(place) {
                        if (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y) {
                            canvas.mark(x, y, *glyph, series.style);
                        }
                    }
                }
            }
        }
        canvas.draw(area, buffer);
    }

    fn draw_band(&self, series: &Series, upper: &[f64], shade: Shade, canvas: &mut Canvas) {
        let (width, height) = (canvas.width(), canvas.height());
        let edges: Vec<(f64, f64, f64)> = series
            .points
            .iter()
            .zip(upper)
            .filter_map(|(&(x, low), &high)| {
                // A band that reaches below a log axis starts at its end.
                let low = self.y.place(low).unwrap_or(0.0);
                Some((self.x.place(x)?, low, self.y.place(high)?))
            })
            .collect();
        for pair in edges.windows(2) {
            let [(x0, low0, high0), (x1, low1, high1)] = pair else { continue };
            let column = |place: f64| place.clamp(0.0, 1.0) * (width.max(1) - 1) as f64;
            for column in column(*x0).ceil() as usize..=column(*x1).floor() as usize {
                let share = ((column as f64 / (width.max(2) - 1) as f64 - x0) / (x1 - x0)).clamp(0.0, 1.0);
                let (low, high) = (low0 + (low1 - low0) * share, high0 + (high1 - high0) * share);
                let row = |place: f64| (1.0 - place.clamp(0.0, 1.0)) * (height.max(1) - 1) as f64;
                if high < 0.0 || low > 1.0 {
                    continue;
                }
                for row in row(high).ceil() as usize..=row(low).floor() as usize {
                    let (shown, mark) = match shade {
                        Shade::Light if canvas.is_ascii() => ((row + column).is_multiple_of(2), '.'),
                        Shade::Dense if canvas.is_ascii() => (true, ':'),
                        Shade::Light => {
                            ((row + 2 * (column / 2 % 2)).is_multiple_of(4) && column.is_multiple_of(2), '.')
                        }
                        Shade::Dense => ((row + column).is_multiple_of(2), ':'),
                    };
                    if shown {
                        canvas.shade(column, row, mark, series.style);
                    }
                }
            }
        }
    }

    /// Names beside the canvas, each as near to its curve's end as the others allow.
    fn draw_names(&self, area: Rect, canvas: Rect, buffer: &mut Buffer, styles: &Styles) {
        let mut names: Vec<(u16, &Series)> = Vec::new();
        for series in self.series.iter().filter(|series| !series.name.is_empty()) {
            let end = series.points.iter().rev().find_map(|&(x, y)| {
                let inside = self.x.place(x).is_some_and(|place| (-1e-9..=1.0 + 1e-9).contains(&place));
                self.y.place(y).filter(|_| inside)
            });
            if let Some(end) = end {
                let row = (1.0 - end.clamp(0.0, 1.0)) * f64::from(canvas.height - 1);
                names.push((row.round() as u16, series));
            }
        }
        // Marks end nowhere: where there are only these, their names stand in their own order.
        if names.iter().all(|(_, series)| matches!(series.shape, Shape::Points(_))) {
            names.iter_mut().for_each(|(row, _)| *row = 0);
        }
        names.sort_by_key(|(row, _)| *row);
        // Of more than there is room for the lowest stay, which are looked for, and the one that is drawn over the others.
        let hidden = names.len().saturating_sub(usize::from(canvas.height));
        let front = self.series.iter().rfind(|series| !series.name.is_empty());
        let is_front = |series: &Series| front.is_some_and(|front| std::ptr::eq(front, series));
        let over = names.iter().position(|(_, series)| is_front(series)).filter(|at| *at <= hidden);
        if let Some(at) = over.filter(|_| hidden > 0 && hidden + 1 < names.len()) {
            names.swap(at, hidden + 1);
        }
        names.drain(..hidden);
        // Push each below the one before, then the last ones up from the lower edge.
        for i in 1..names.len() {
            names[i].0 = names[i].0.max(names[i - 1].0 + 1);
        }
        let mut limit = canvas.height;
        for (row, _) in names.iter_mut().rev() {
            *row = (*row).min(limit - 1);
            limit = *row;
        }
        for (i, (row, series)) in names.iter().enumerate() {
            let x = put(buffer, area, canvas.right(), canvas.y + row, &sample(series, styles), series.style);
            let room = usize::from(area.right().saturating_sub(x + 1));
            let name = match hidden {
                0 => fit(&series.name, room, styles),
                _ if i == 0 => fit(&format!("and {} more", hidden + 1), room, styles),
                _ => fit(&series.name, room, styles),
            };
            put(buffer, area, x + 1, canvas.y + row, &name, styles.readable(series.style));
        }
    }

    /// Names above the canvas, as many as fit whole, and how many do not.
    fn draw_legend(&self, area: Rect, buffer: &mut Buffer, styles: &Styles) {
        // The key curve was drawn last and is named first.
        let named = |series: &&Series| !series.name.is_empty() && !series.points.is_empty();
        let entry = |series: &Series| format!("{} {}", sample(series, styles), series.name);
        let all: Vec<(String, Style)> = self
            .series
            .iter()
            .rev()
            .filter(named)
            .map(|series| (entry(series), styles.readable(series.style)))
            .collect();
        let (mut x, mut hidden) = (area.left(), 0);
        for (place, (entry, style)) in all.iter().enumerate() {
            // Room for the number of the others, as long as there may be some.
            let others = if place + 1 < all.len() || hidden > 0 { 4 } else { 0 };
            if width(entry) + others > usize::from(area.right().saturating_sub(x)) {
                hidden += 1;
                continue;
            }
            x = put(buffer, area, x, area.y, entry, *style) + 1;
        }
        let more = format!("+{hidden}");
        if hidden > 0 && width(&more) <= usize::from(area.right().saturating_sub(x)) {
            put(buffer, area, x, area.y, &more, styles.plain());
        }
    }
}

fn sample(series: &Series, styles: &Styles) -> String {
    match &series.shape {
        Shape::Points(glyph) => format!(" {glyph}"),
        Shape::Band(..) | Shape::Dots => " :".to_owned(),
        Shape::Line(_) if styles.ascii => format!("{0}{0}", series.mark),
        Shape::Line(pattern) => pattern.sample().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<(f64, f64)>) -> Plot<'static> {
        let series = Series {
            name: "MAML".to_owned(),
            style: Style::new(),
            shape: Shape::Line(Pattern::Solid),
            mark: '*',
            points,
        };
        Plot {
            x: Scale::linear(0.0, 10.0),
            y: Scale::linear(0.0, 1.0),
            x_name: "n",
            series: vec![series],
            crosshair: Some(5.0),
            names: true,
        }
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let plot = plot(vec![(0.0, 2.0), (1.0, 0.5), (2.0, -1.0), (3.0, f64::NAN), (99.0, 9.0), (4.0, 3.0)]);
        let unseen = plot.unseen();
        assert_eq!(unseen, Unseen { above: 2, below: 1, nonfinite: 1 });
        assert_eq!(unseen.announce(), "2 points above range, 1 point below range, 1 point not finite");
    }

    #[test]
    fn every_size_draws_inside_its_area() {
        let styles = Styles::default();
        let plot = plot(vec![(0.0, 0.0), (10.0, 1.0)]);
        for width in 0..60 {
            for height in 0..20 {
                let mut buffer = Buffer::empty(Rect::new(0, 0, 70, 30));
                plot.draw(Rect::new(5, 5, width, height), &mut buffer, &styles);
                for y in 0..30 {
                    for x in 0..70 {
                        let inside = (5..5 + width).contains(&x) && (5..5 + height).contains(&y);
                        let blank = buffer.cell((x, y)).is_some_and(|cell| cell.symbol() == " ");
                        assert!(inside || blank, "{width}x{height} wrote at {x},{y}");
                    }
                }
            }
        }
    }
}
