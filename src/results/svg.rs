//! An SVG document in the making, for exported pictures and saved screens: escaped text, lines, and the page
//! around them. Written by hand: what a crate builds as a tree of elements is a few lines of text here.

use std::fmt::{Display, Write as _};

/// A picture in the making.
#[derive(Clone, Debug, Default)]
pub struct Picture(String);

/// What a document looks like around its elements.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Colour of the paper.
    pub paper: &'a str,
    /// Fonts, the first that is there.
    pub fonts: &'a str,
    /// Size of the letters.
    pub letters: f64,
}

impl Picture {
    /// Nothing drawn yet.
    pub fn new() -> Self {
        Self::default()
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

    /// The document, of this size in user units; with a unit of length that is its size too.
    pub fn document<N: Display>(self, [width, height]: [N; 2], unit: Option<&str>, page: Page<'_>) -> String {
        let Page { paper, fonts, letters } = page;
        let size = |unit| format!("width=\"{width}{unit}\" height=\"{height}{unit}\" ");
        let size = unit.map_or(String::new(), size);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" {size}viewBox=\"0 0 {width} {height}\" \
             font-family=\"{fonts}\" font-size=\"{letters}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"{paper}\"/>\n{}</svg>\n",
            self.0
        )
    }
}

/// Text as XML wants it, which knows no control characters.
fn escaped(text: &str) -> String {
    let tame = text.replace(|c: char| c.is_control() || "\u{fffe}\u{ffff}".contains(c), " ");
    tame.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lines_leave_out_what_is_no_number() {
        let mut picture = Picture::new();
        picture.text((1.0, 2.0), "fill=\"#000\"", "a < \"b\" & c\u{7}");
        picture.line([(0.0, 1.0), (f64::NAN, 2.0), (3.0, 4.0)].into_iter(), "stroke=\"#000\"");
        let page = Page { paper: "#fff", fonts: "serif", letters: 9.0 };
        assert_eq!(
            picture.document([10, 20], Some("pt"), page),
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10pt\" height=\"20pt\" viewBox=\"0 0 10 20\" \
             font-family=\"serif\" font-size=\"9\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"1.0\" y=\"2.0\" fill=\"#000\">a &lt; &quot;b&quot; &amp; c </text>\n\
             <polyline points=\"0.0,1.0 3.0,4.0\" fill=\"none\" stroke=\"#000\"/>\n</svg>\n"
        );
    }
}
