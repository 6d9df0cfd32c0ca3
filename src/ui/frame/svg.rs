//! A drawn screen as SVG: text in a grid, so that it stays text and stays sharp.

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier},
};

use crate::results::{
    palette::{self, ALARM, HUES},
    svg::{Page, Picture},
};

/// Size of a cell in user units; the ratio is that of common monospaced fonts.
const CELL: (f64, f64) = (8.4, 18.0);

/// Colours of the page and of plain text.
const PAPER: &str = "#1c1c1c";
const INK: &str = "#d8d8d8";

/// The screen as an SVG document.
pub fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let mut picture = Picture::new();
    for y in 0..rows {
        let mut x = 0;
        while x < columns {
            let Some(first) = buffer.cell((x, y)) else { break };
            // Cells of one look are one piece of text.
            let (fg, modifier, from) = (first.fg, first.modifier, x);
            let mut piece = String::new();
            while let Some(cell) = buffer.cell((x, y)).filter(|_| x < columns) {
                if cell.fg != fg || cell.modifier != modifier {
                    break;
                }
                piece.push_str(cell.symbol());
                x += 1;
            }
            write_piece(&mut picture, &piece, (from, y, x - from), fg, modifier);
        }
    }
    let size = [f64::from(columns) * CELL.0, f64::from(rows) * CELL.1];
    let fonts = "'DejaVu Sans Mono','JetBrains Mono',Menlo,Consolas,monospace";
    let page = Page { paper: PAPER, fonts, letters: 14 };
    picture.document(size.map(|size| format!("{size:.1}")), false, page)
}

fn write_piece(
    picture: &mut Picture,
    piece: &str,
    (x, y, cells): (u16, u16, u16),
    fg: Color,
    modifier: Modifier,
) {
    let reversed = modifier.contains(Modifier::REVERSED);
    let (left, top) = (f64::from(x) * CELL.0, f64::from(y) * CELL.1);
    let long = f64::from(cells) * CELL.0;
    let colour = hex(fg);
    if reversed {
        let height = CELL.1;
        picture.draw(&format!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{long:.1}\" height=\"{height}\" fill=\"{colour}\"/>"
        ));
    }
    if piece.trim().is_empty() {
        return;
    }
    let fill = if reversed { PAPER.to_owned() } else { colour };
    let mut look = format!("fill=\"{fill}\"");
    for (flag, words) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::DIM, " opacity=\"0.6\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ] {
        if modifier.contains(flag) {
            look.push_str(words);
        }
    }
    look.push_str(&format!(
        " textLength=\"{long:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\""
    ));
    picture.text((left, top + CELL.1 * 0.75), &look, piece);
}

/// The sixteen colours as most dark terminals show them, the others as they are.
fn hex(colour: Color) -> String {
    let hue = |index: usize| palette::hex(HUES[index].dark.rgb);
    match colour {
        Color::Red | Color::LightRed => palette::hex(ALARM.dark.rgb),
        Color::Green | Color::LightGreen => hue(2),
        Color::Yellow => hue(0),
        Color::LightYellow => hue(6),
        Color::Blue | Color::LightBlue => hue(4),
        Color::Magenta | Color::LightMagenta => hue(3),
        Color::Cyan | Color::LightCyan => hue(1),
        Color::Rgb(r, g, b) => palette::hex((r, g, b)),
        Color::Indexed(index) => palette::hex(palette::xterm(index)),
        _ => INK.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn text_is_escaped_and_every_tag_is_closed() {
        let mut buffer = Buffer::with_lines(["a < b & c", "second"]);
        buffer.set_style(ratatui::layout::Rect::new(0, 1, 6, 1), Style::new().fg(Color::Green));
        let svg = svg(&buffer);
        assert!(svg.contains("a &lt; b &amp; c") && svg.contains(">second<") && svg.contains("#00a377"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert!(svg.ends_with("</svg>\n"));
    }
}
