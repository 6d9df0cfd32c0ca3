//! What a pane shows, as plain data: the screen draws it of cells, `export` of lines and letters, so that both show the
//! same.

use crate::results::Scale;

/// Rows of parts, from top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Side by side; where there is no room for all of them the first one is worth most.
    pub parts: Vec<Part>,
    /// How high it is beside the other rows.
    pub height: usize,
}

impl Row {
    /// A row of its own.
    pub fn of(parts: Vec<Part>) -> Vec<Self> {
        vec![Self { parts, height: 1 }]
    }
}

/// A part of a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Lines and points over axes.
    Curves(Curves),
    /// Signed numbers over a plane.
    Field(Field),
    /// Losses by rate and number of steps.
    Losses(Losses),
}

/// Lines and points over axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// Horizontal axis.
    pub x: Scale,
    /// What it counts.
    pub x_name: &'static str,
    /// Vertical axis.
    pub y: Scale,
    /// What it is of.
    pub y_name: &'static str,
    /// From back to front.
    pub lines: Vec<Line>,
    /// The x that is looked at.
    pub crosshair: Option<f64>,
    /// Whether both axes are of one kind, so that a circle is to look like one.
    pub is_square: bool,
}

/// One thing over axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name; empty for none.
    pub name: String,
    /// Its colour.
    pub hue: Hue,
    /// Whether it stands out.
    pub is_bold: bool,
    /// How it is drawn.
    pub shape: Shape,
    /// What stands for it where there is only ASCII.
    pub mark: char,
    /// Where.
    pub points: Vec<(f64, f64)>,
}

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hue {
    /// That of writing.
    Plain,
    /// The experiment's own.
    Own,
    /// The same, less of it.
    Faint,
    /// Another than the experiment's own, unless it is 0: so many colours on.
    Series(usize),
    /// That of support points.
    Support,
    /// What is to be noticed.
    Key,
}

/// How a line is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Points joined by a line.
    Line(Stroke),
    /// The area between y and these upper values.
    Band(Vec<f64>),
    /// A mark a point.
    Marks(Mark),
}

/// The strokes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// One.
    Solid,
    /// Long ones.
    Dash,
    /// Longer ones.
    LongDash,
    /// Dots.
    Dot,
    /// Those of a line of this number.
    Series(usize),
}

/// A mark at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A letter or digit.
    Letter(char),
    /// What training was with.
    Trained,
    /// A support point.
    Support,
    /// Where a person's hand is.
    Cursor,
}

/// Signed numbers over a plane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// Rows and columns, the first row at the bottom.
    pub size: (usize, usize),
    /// The numbers, row after row.
    pub values: Vec<f64>,
    /// The size that has the strongest colour.
    pub most: f64,
    /// Labels of some rows: row, text.
    pub rows: Vec<(usize, String)>,
    /// What the vertical axis is; empty where its labels say so.
    pub y_name: &'static str,
    /// Ends of the horizontal axis.
    pub x: [f64; 2],
    /// What it is.
    pub x_name: &'static str,
    /// The column that is looked at.
    pub cursor: Option<usize>,
    /// What the numbers are.
    pub unit: String,
    /// Letters on it: row, column, letter.
    pub letters: Vec<(f64, f64, char)>,
}

/// Losses by rate and number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// Names of the rates.
    pub rates: Vec<String>,
    /// Names of the numbers of steps.
    pub steps: Vec<String>,
    /// A row a rate: the mean loss, and on how many tasks there is none any more.
    pub cells: Vec<Vec<(f64, usize)>>,
    /// The loss of knowing nothing.
    pub prior: f64,
    /// Rate and number of steps that training was with.
    pub trained: Option<(usize, usize)>,
}

impl Line {
    /// A line of this colour.
    pub fn new(name: impl Into<String>, hue: Hue, stroke: Stroke, points: Vec<(f64, f64)>) -> Self {
        let shape = Shape::Line(stroke);
        Self { name: name.into(), hue, is_bold: false, shape, mark: '.', points }
    }

    /// Points with marks.
    pub fn marks(name: impl Into<String>, hue: Hue, mark: Mark, points: Vec<(f64, f64)>) -> Self {
        let letter = match mark {
            Mark::Letter(letter) => letter,
            Mark::Support => 'O',
            Mark::Trained | Mark::Cursor => 'X',
        };
        Self { name: name.into(), hue, is_bold: false, shape: Shape::Marks(mark), mark: letter, points }
    }

    /// Standing out.
    pub fn bold(self) -> Self {
        Self { is_bold: true, ..self }
    }

    /// With this letter where there is only ASCII.
    pub fn letter(self, mark: char) -> Self {
        Self { mark, ..self }
    }
}

impl Curves {
    /// Lines over the x axis of tasks, which x ends it has, on an axis of y that holds them all.
    pub fn over_x(x: [f64; 2], y_name: &'static str, lines: Vec<Line>) -> Self {
        let drawn = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y);
        let y = Scale::around(drawn, false);
        let x = Scale::linear(x[0], x[1]);
        Self { x, x_name: "x", y, y_name, lines, crosshair: None, is_square: false }
    }
}

impl Field {
    /// Labels of a few rows that lie evenly over a range.
    pub fn even_labels(range: [f64; 2], rows: usize) -> Vec<(usize, String)> {
        let last = rows.saturating_sub(1);
        let at = |row: usize| range[0] + (range[1] - range[0]) * row as f64 / last.max(1) as f64;
        [0, last / 4, last / 2, last - last / 4, last].map(|row| (row, format!("{:.1}", at(row)))).to_vec()
    }

    /// The mean of what lies at one of so many places across and up, from -1 to 1 of the strongest colour.
    pub fn at(&self, (across, up): (usize, usize), (columns, rows): (usize, usize)) -> f64 {
        let part = |place: usize, places: usize, all: usize| {
            let from = place * all / places;
            from..((place + 1) * all).div_ceil(places).max(from + 1).min(all)
        };
        let columns = part(across, columns, self.size.1);
        let values = part(up, rows, self.size.0).flat_map(|row| {
            let from = row * self.size.1;
            self.values[from + columns.start..from + columns.end].iter()
        });
        let (mut sum, mut count) = (0.0, 0.0);
        for value in values {
            sum += value;
            count += 1.0;
        }
        sum / count / self.most
    }
}

/// The largest size among numbers, at least a little.
pub fn most<'v>(values: impl IntoIterator<Item = &'v f64>) -> f64 {
    let sizes = values.into_iter().filter(|value| value.is_finite()).map(|value| value.abs());
    sizes.fold(1e-12, f64::max)
}

/// Values over the places of a grid.
pub fn over(x: &[f64], values: &[f64]) -> Vec<(f64, f64)> {
    x.iter().copied().zip(values.iter().copied()).collect()
}
