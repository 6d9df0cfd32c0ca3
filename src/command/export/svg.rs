//! What the exported pictures have in common: colours, escaped text, and the document around them. Written
//! by hand, because a plotting library would outweigh the program.

use std::fmt::Write as _;

/// Colours that colour-blind readers tell apart (Okabe and Ito 2008).
pub const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// And dashes, so that nothing hangs on colour alone.
pub const DASHES: [&str; 4] = ["none", "8 3", "2 3", "8 3 2 3"];
/// Width of a letter, on the generous side.
pub const LETTER: f64 = 7.0;

/// A picture in the making.
pub struct Picture(String);

impl Picture {
    /// Nothing drawn yet.
    pub fn new() -> Self {
        Self(String::new())
    }

    /// One more element.
    pub fn draw(&mut self, element: &str) {
        self.0.push_str(element);
        self.0.push('\n');
    }

    /// Text at a point; `look` is more attributes.
    pub fn text(&mut self, (x, y): (f64, f64), look: &str, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "<text x=\"{x:.1}\" y=\"{y:.1}\" {look}>{}</text>", escaped(text));
    }

    /// A line through the points that are finite.
    pub fn line(&mut self, points: impl Iterator<Item = (f64, f64)>, look: &str) {
        let finite = points.filter(|(x, y)| x.is_finite() && y.is_finite());
        let points = finite.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ");
        let _ = writeln!(self.0, "<polyline points=\"{points}\" fill=\"none\" {look}/>");
    }

    /// The document.
    pub fn document(self, [width, height]: [f64; 2]) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}</svg>\n",
            self.0
        )
    }
}

/// Text as XML wants it, which knows no control characters.
fn escaped(text: &str) -> String {
    let tame = text.replace(|c: char| c.is_control() || "\u{fffe}\u{ffff}".contains(c), " ");
    tame.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
