//! Charts on paper: axes, lines with bands, yardsticks and a legend. What leaves a chart is cut where it leaves and marked
//! there; what is not finite ends in a cross. Nothing is drawn flat along an edge.

use super::paper::{Paper, down, mark, up};
use crate::results::{Scale, svg::Picture};

/// Charts under one title and legend.
pub struct Figure {
    pub title: String,
    pub charts: Vec<Chart>,
    /// Charts side by side.
    pub columns: usize,
    /// Below the legend.
    pub notes: Vec<String>,
}

/// A chart.
pub struct Chart {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    pub rules: Vec<Rule>,
}

/// An axis.
pub struct Axis {
    pub scale: Scale,
    /// What is on it, with its unit.
    pub label: String,
    /// Whether there is nothing between whole numbers.
    pub whole: bool,
}

/// A line.
pub struct Series {
    /// As the legend has it.
    pub name: String,
    /// What colour, dashes and mark it has.
    pub place: usize,
    pub points: Vec<(f64, f64)>,
    /// x and the ends of what is shaded there.
    pub band: Vec<(f64, f64, f64)>,
    /// Whether its points are marked, some of them where they are many.
    pub marked: bool,
    /// The x of points that stand out.
    pub stands_out: Vec<f64>,
}

/// A yardstick.
pub struct Rule {
    pub name: String,
    pub at: f64,
}

/// Where a line leaves a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Above,
    Below,
    /// What comes next is no number.
    Lost,
}

/// Width of a chart at the least, in letters.
const NARROWEST: f64 = 15.0;
/// As many marks a line has at most.
const MARKS: usize = 9;

impl Figure {
    /// As an SVG document, with as many charts side by side as have room.
    pub fn draw(&self, paper: &Paper) -> String {
        let mut picture = Picture::new();
        let font = paper.font;
        let room = paper.width - font;
        let title = paper.wrapped(&self.title, room, font);
        let mut top = paper.paragraph(&mut picture, [0.5 * font, 0.2 * font], (font, ""), &title);
        let room_for = (paper.width / (NARROWEST * font)) as usize;
        let columns = self.columns.min(room_for).clamp(1, self.charts.len().max(1));
        let across = paper.width / columns as f64;
        for row in self.charts.chunks(columns) {
            // All frames of a row begin at the same height.
            let head = |chart: &Chart| chart.title(paper, across).len();
            let head = row.iter().map(head).max().unwrap_or(0) as f64 * 1.3 * font + 0.8 * font;
            for (column, chart) in row.iter().enumerate() {
                chart.draw(&mut picture, paper, [across * column as f64, top, across], head);
            }
            top += head + plot_height(across, font) + 3.2 * font;
        }
        top = self.legend(&mut picture, paper, top);
        for note in &self.notes {
            let size = 0.85 * font;
            let lines = paper.wrapped(note, room, size);
            top = paper.paragraph(&mut picture, [0.5 * font, top], (size, ""), &lines);
        }
        paper.document(picture, top + 0.6 * font)
    }

    /// What the lines are; where it ends.
    fn legend(&self, picture: &mut Picture, paper: &Paper, top: f64) -> f64 {
        let font = paper.font;
        let mut named: Vec<&Series> = Vec::new();
        for series in self.charts.iter().flat_map(|chart| &chart.series) {
            if !series.name.is_empty() && !named.iter().any(|other| other.name == series.name) {
                named.push(series);
            }
        }
        let sample = 3.0 * font;
        let room = paper.width - font;
        let (mut left, mut y) = (0.5 * font, top + 1.4 * font);
        for series in &named {
            let name = paper.fitted(&series.name, room - sample, font);
            let wide = sample + paper.width_of(&name, font) + font;
            if left > font && left + wide > paper.width {
                (left, y) = (0.5 * font, y + 1.4 * font);
            }
            let (middle, look) = (y - 0.32 * font, paper.look(series.place, paper.stroke()));
            picture.draw(&format!(
                "<path d=\"M{left:.1} {middle:.1}h{:.1}\" fill=\"none\" {look}/>",
                2.4 * font
            ));
            if series.marked {
                let mark = mark(series.place, (left + 1.2 * font, middle), 0.26 * font);
                picture.draw(&format!("<path d=\"{mark}\" fill=\"{}\"/>", paper.colour(series.place)));
            }
            paper.write(picture, (left + sample, y), (font, ""), &name);
            left += wide;
        }
        if named.is_empty() { top } else { y + 0.3 * font }
    }
}

pub fn plot_height(across: f64, font: f64) -> f64 {
    (0.56 * across).max(9.0 * font)
}

impl Chart {
    fn title(&self, paper: &Paper, across: f64) -> Vec<String> {
        match self.title.is_empty() {
            true => Vec::new(),
            false => paper.wrapped(&self.title, across - 1.5 * paper.font, paper.font),
        }
    }

    /// Where its frame lies when it is drawn so: left, top, width, height.
    pub fn frame(&self, paper: &Paper, [left, top, across]: [f64; 3], head: f64) -> [f64; 4] {
        let (font, small) = (paper.font, 0.9 * paper.font);
        let height = plot_height(across, font);
        let y_ticks = self.y.scale.round_ticks((height / (2.4 * small)) as usize);
        let widest = y_ticks.iter().map(|(_, text)| paper.width_of(text, small)).fold(0.0, f64::max);
        let margin = 1.8 * small + widest + 0.5 * small;
        [left + margin, top + head, across - margin - 1.2 * font, height]
    }

    /// Into a column of this width from this point on; `head` is the room above the frame.
    pub fn draw(&self, picture: &mut Picture, paper: &Paper, [left, top, across]: [f64; 3], head: f64) {
        let (font, small) = (paper.font, 0.9 * paper.font);
        let title = self.title(paper, across);
        let beyond = head - 0.8 * font - 1.3 * font * title.len() as f64;
        paper.paragraph(picture, [left + 0.5 * font, top + beyond], (font, ""), &title);
        let frame = self.frame(paper, [left, top, across], head);
        let [.., width, height] = frame;
        let y_ticks = self.y.scale.round_ticks((height / (2.4 * small)) as usize);
        let place = |x: f64, y: f64| (frame[0] + frame[2] * x, frame[1] + frame[3] * (1.0 - y));
        let (right, bottom) = (frame[0] + width, frame[1] + height);
        for (value, text) in &y_ticks {
            let Some(at) = self.y.scale.place(*value).filter(|at| (-1e-6..=1.0 + 1e-6).contains(at)) else {
                continue;
            };
            let y = place(0.0, at).1;
            picture.draw(&format!(
                "<path d=\"M{:.1} {y:.1}H{right:.1}\" stroke=\"{}\" stroke-width=\".5\"/>",
                frame[0],
                paper.grid()
            ));
            paper.write(
                picture,
                (frame[0] - 0.4 * small, y + 0.34 * small),
                (small, "text-anchor=\"end\""),
                text,
            );
        }
        let mut until = f64::NEG_INFINITY;
        for (value, text) in self.x.scale.round_ticks((width / (4.0 * small)) as usize) {
            // With few of them there would be halves.
            let text = match self.x.whole {
                true if value.fract() != 0.0 => continue,
                true => format!("{value:.0}"),
                false => text,
            };
            let Some(at) = self.x.scale.place(value).filter(|at| (-1e-6..=1.0 + 1e-6).contains(at)) else {
                continue;
            };
            let (x, half) = (place(at, 0.0).0, 0.5 * paper.width_of(&text, small));
            picture.draw(&format!(
                "<path d=\"M{x:.1} {bottom:.1}v{:.1}\" stroke=\"{}\" stroke-width=\".5\"/>",
                0.3 * small,
                paper.ink()
            ));
            // Labels never touch each other.
            if x - half < until {
                continue;
            }
            until = x + half + 0.4 * small;
            paper.write(picture, (x, bottom + 1.3 * small), (small, "text-anchor=\"middle\""), &text);
        }
        let middle = (frame[0] + 0.5 * width, bottom + 2.5 * small);
        paper.write(
            picture,
            middle,
            (small, "text-anchor=\"middle\""),
            &paper.fitted(&self.x.label, across - font, small),
        );
        let (x, y) = (left + 1.1 * small, frame[1] + 0.5 * height);
        let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 {x:.1} {y:.1})\"");
        paper.write(picture, (x, y), (small, &turned), &paper.fitted(&self.y.label, height, small));
        for series in &self.series {
            self.draw_band(picture, paper, series, place);
        }
        self.draw_rules(picture, paper, frame, false);
        for series in &self.series {
            self.draw_line(picture, paper, series, place);
        }
        self.draw_rules(picture, paper, frame, true);
        picture.draw(&format!(
            "<path d=\"M{:.1} {:.1}V{bottom:.1}H{right:.1}\" fill=\"none\" stroke=\"{}\" stroke-width=\".7\"/>",
            frame[0], frame[1], paper.ink()
        ));
    }

    fn draw_band(
        &self,
        picture: &mut Picture,
        paper: &Paper,
        series: &Series,
        place: impl Fn(f64, f64) -> (f64, f64),
    ) {
        let at = |x: f64, y: f64| {
            // What has no place on a logarithmic axis is below it.
            let y = self.y.scale.place(y).unwrap_or(0.0).clamp(0.0, 1.0);
            let (x, y) = place(self.x.scale.place(x)?, y);
            Some(format!("{x:.1},{y:.1}"))
        };
        let is_finite = |(_, low, high): &(f64, f64, f64)| low.is_finite() && high.is_finite();
        for piece in series.band.split(|point| !is_finite(point)).filter(|piece| piece.len() > 1) {
            let upper = piece.iter().filter_map(|(x, _, high)| at(*x, *high));
            let lower = piece.iter().rev().filter_map(|(x, low, _)| at(*x, *low));
            let corners: Vec<String> = upper.chain(lower).collect();
            picture.draw(&format!(
                "<path d=\"M{}z\" fill=\"{}\" fill-opacity=\".17\"/>",
                corners.join("L"),
                paper.colour(series.place)
            ));
        }
    }

    /// The yardsticks or, over everything else, their names.
    fn draw_rules(
        &self,
        picture: &mut Picture,
        paper: &Paper,
        [left, top, width, height]: [f64; 4],
        names: bool,
    ) {
        let small = 0.85 * paper.font;
        for (number, rule) in self.rules.iter().enumerate() {
            let Some(at) = self.y.scale.place(rule.at).filter(|at| (0.0..=1.0).contains(at)) else {
                continue;
            };
            let y = top + height * (1.0 - at);
            if !names {
                picture.draw(&format!(
                    "<path d=\"M{left:.1} {y:.1}h{width:.1}\" stroke=\"{}\" stroke-width=\".7\" stroke-dasharray=\".8 2\"/>",
                    paper.faint()
                ));
                continue;
            }
            // At one end and at the other, so that those of two near each other can be read.
            let (x, anchor) = match number % 2 {
                0 => (left + width, "end"),
                _ => (left + 0.4 * small, "start"),
            };
            let above = if y - 1.2 * small < top { small } else { -0.3 * small };
            let look = format!(
                "font-size=\"{small:.2}\" text-anchor=\"{anchor}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{:.2}\" \
                 stroke-linejoin=\"round\" paint-order=\"stroke\"",
                paper.faint(),
                paper.ground(),
                0.3 * small
            );
            picture.text((x, y + above), &look, &rule.name);
        }
    }

    fn draw_line(
        &self,
        picture: &mut Picture,
        paper: &Paper,
        series: &Series,
        place: impl Fn(f64, f64) -> (f64, f64),
    ) {
        let (stroke, size) = (paper.stroke(), 0.26 * paper.font);
        let colour = paper.colour(series.place);
        let at: Vec<[f64; 2]> = series.points.iter().map(|(x, y)| self.at(*x, *y)).collect();
        let (pieces, ends) = pieces(&at);
        for piece in &pieces {
            picture.line(piece.iter().map(|[x, y]| place(*x, *y)), &paper.look(series.place, stroke));
        }
        if series.marked {
            let inside = at.iter().filter(|[_, y]| (0.0..=1.0).contains(y));
            for [x, y] in inside.step_by(at.len().div_ceil(MARKS).max(1)) {
                picture.draw(&format!(
                    "<path d=\"{}\" fill=\"{colour}\"/>",
                    mark(series.place, place(*x, *y), size)
                ));
            }
        }
        for (x, y) in series.points.iter().filter(|(x, _)| series.stands_out.contains(x)) {
            let [x, y] = self.at(*x, *y);
            if (0.0..=1.0).contains(&y) {
                let around = mark(4, place(x, y), 1.3 * size);
                picture.draw(&format!(
                    "<path d=\"{around}\" fill=\"{}\" stroke=\"{colour}\" stroke-width=\"{stroke}\"/>",
                    paper.ground()
                ));
            }
        }
        for ([x, y], end) in ends {
            let (x, y) = place(x, y);
            let tip = 1.5 * size;
            let (shape, look) = match end {
                End::Above => (up(x, y - tip, tip), format!("fill=\"{colour}\"")),
                End::Below => (down(x, y + tip, tip), format!("fill=\"{colour}\"")),
                End::Lost => (
                    format!(
                        "M{:.2} {:.2}l{tip:.2} {tip:.2}m0 {:.2}l{:.2} {tip:.2}",
                        x - 0.5 * tip,
                        y - 0.5 * tip,
                        -tip,
                        -tip
                    ),
                    format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"{stroke}\""),
                ),
            };
            picture.draw(&format!("<path d=\"{shape}\" {look}/>"));
        }
    }

    /// Where a point lies, from 0 to 1 inside; far below where a logarithmic axis has no place for it, not a number where
    /// it is none.
    fn at(&self, x: f64, y: f64) -> [f64; 2] {
        let y = match y.is_finite() {
            true => self.y.scale.place(y).unwrap_or(-1.0),
            false => f64::NAN,
        };
        [self.x.scale.place(x).unwrap_or(f64::NAN), y]
    }
}

/// A line through these points.
pub type Piece = Vec<[f64; 2]>;

/// The pieces of a line that lie inside, and where it leaves and comes back.
pub fn pieces(points: &[[f64; 2]]) -> (Vec<Piece>, Vec<([f64; 2], End)>) {
    let side = |[_, y]: [f64; 2]| match y {
        y if y.is_nan() => Some(End::Lost),
        y if y > 1.0 => Some(End::Above),
        y if y < 0.0 => Some(End::Below),
        _ => None,
    };
    let edge = |end: End| if end == End::Above { 1.0 } else { 0.0 };
    let crossing = |[x0, y0]: [f64; 2], [x1, y1]: [f64; 2], end: End| {
        let y = edge(end);
        [x0 + (x1 - x0) * (y - y0) / (y1 - y0), y]
    };
    let (mut pieces, mut ends) = (Vec::new(), Vec::new());
    let mut piece: Vec<[f64; 2]> = Vec::new();
    if let Some(first) = points.first().filter(|first| side(**first).is_none()) {
        piece.push(*first);
    }
    for pair in points.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        match (side(from), side(to)) {
            (None, None) => piece.push(to),
            (None, Some(End::Lost)) => {
                ends.push((from, End::Lost));
                pieces.push(std::mem::take(&mut piece));
            }
            (None, Some(end)) => {
                let at = crossing(from, to, end);
                piece.push(at);
                ends.push((at, end));
                pieces.push(std::mem::take(&mut piece));
            }
            (Some(End::Lost), None) => piece.push(to),
            (Some(end), None) => {
                let at = crossing(from, to, end);
                ends.push((at, end));
                piece.extend([at, to]);
            }
            (Some(one), Some(other)) if one != other && one != End::Lost && other != End::Lost => {
                let through = [crossing(from, to, one), crossing(from, to, other)];
                ends.extend([(through[0], one), (through[1], other)]);
                pieces.push(through.to_vec());
            }
            _ => {}
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| !piece.is_empty());
    (pieces, ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_is_cut_and_marked() {
        let (pieces, ends) = pieces(&[
            [0.0, 0.5],
            [0.1, 1.5],
            [0.2, 3.0],
            [0.3, -1.0],
            [0.4, 0.5],
            [0.5, f64::NAN],
            [0.6, 0.2],
            [0.7, 0.3],
        ]);
        assert_eq!(pieces.len(), 4, "{pieces:?}");
        assert_eq!(pieces[0], [[0.0, 0.5], [0.05, 1.0]]);
        // From far above to far below it goes through.
        assert!((pieces[1][0][1], pieces[1][1][1]) == (1.0, 0.0) && (pieces[1][0][0] - 0.25).abs() < 1e-9);
        assert_eq!(pieces[3], [[0.6, 0.2], [0.7, 0.3]]);
        let kinds: Vec<End> = ends.iter().map(|(_, end)| *end).collect();
        assert_eq!(kinds, [End::Above, End::Above, End::Below, End::Below, End::Lost]);
        assert!(pieces.iter().flatten().all(|[_, y]| (0.0..=1.0).contains(y)), "nothing is drawn outside");
        let (none, ends) = super::pieces(&[[0.0, 2.0], [1.0, 2.0], [2.0, f64::NAN]]);
        assert!(none.is_empty() && ends.is_empty(), "nothing is drawn flat along an edge");
    }
}
