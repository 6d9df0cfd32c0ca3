//! What the exported pictures have in common: colours, dashes and the page.

use crate::results::palette::{HUES, hex};
use crate::results::svg::{Page, Picture};

/// And dashes, so that nothing hangs on colour alone.
pub const DASHES: [&str; 4] = ["none", "8 3", "2 3", "8 3 2 3"];
/// Width of a letter, on the generous side.
pub const LETTER: f64 = 7.0;

/// The colour of curve number `place`: the screen's, on white paper.
pub fn colour(place: usize) -> String {
    hex(HUES[place % HUES.len()].light.rgb)
}

/// The look of curve number `place`.
pub fn look(place: usize, width: f64) -> String {
    let (colour, dash) = (colour(place), DASHES[place % DASHES.len()]);
    format!("stroke=\"{colour}\" stroke-width=\"{width}\" stroke-dasharray=\"{dash}\"")
}

/// The document around a picture of this size.
pub fn document(picture: Picture, size: [f64; 2]) -> String {
    let page = Page { paper: "#fff", fonts: "sans-serif", letters: 12 };
    picture.document(size.map(|size| format!("{size:.0}")), true, page)
}
