//! A drawn screen as SVG: text in a grid, so that it stays text and stays sharp.

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier},
};

use crate::{
    results::{
        palette::{self, ALARM, HUES, Hue},
        svg::{Page, Picture},
    },
    ui::style::Theme,
};

/// Size of a cell in user units; the ratio is that of common monospaced fonts.
const CELL: (f64, f64) = (8.4, 18.0);

/// Colours of the page and of plain text.
struct Ground {
    theme: Theme,
    paper: &'static str,
    ink: &'static str,
}

/// The screen as an SVG document, on the ground that its colours were chosen for.
pub fn svg(buffer: &Buffer, theme: Theme) -> String {
    let ground = match theme {
        Theme::Dark => Ground { theme, paper: "#1c1c1c", ink: "#d8d8d8" },
        Theme::Light => Ground { theme, paper: "#ffffff", ink: "#000000" },
    };
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let mut picture = Picture::new();
    for y in 0..rows {
        let mut x = 0;
        while x < columns {
            let Some(first) = buffer.cell((x, y)) else { break };
            // Cells of one look are one piece of text.
            let (look, from) = ((first.fg, first.bg, first.modifier), x);
            let mut piece = String::new();
            while let Some(cell) = buffer.cell((x, y)).filter(|_| x < columns) {
                if (cell.fg, cell.bg, cell.modifier) != look {
                    break;
                }
                piece.push_str(cell.symbol());
                x += 1;
            }
            write_piece(&mut picture, &piece, (from, y, x - from), look, &ground);
        }
    }
    let size = [f64::from(columns) * CELL.0, f64::from(rows) * CELL.1];
    let fonts = "'DejaVu Sans Mono','JetBrains Mono',Menlo,Consolas,monospace";
    let page = Page { paper: ground.paper, fonts, letters: 14.0 };
    picture.document(size.map(|size| format!("{size:.1}")), None, page)
}

fn write_piece(
    picture: &mut Picture,
    piece: &str,
    (x, y, cells): (u16, u16, u16),
    (fg, bg, modifier): (Color, Color, Modifier),
    ground: &Ground,
) {
    let (left, top) = (f64::from(x) * CELL.0, f64::from(y) * CELL.1);
    let long = f64::from(cells) * CELL.0;
    let letters = ground.hex(fg).unwrap_or_else(|| ground.ink.to_owned());
    let behind = ground.hex(bg);
    let (letters, behind) = match modifier.contains(Modifier::REVERSED) {
        true => (behind.unwrap_or_else(|| ground.paper.to_owned()), Some(letters)),
        false => (letters, behind),
    };
    if let Some(colour) = behind {
        let height = CELL.1;
        picture.draw(&format!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{long:.1}\" height=\"{height}\" fill=\"{colour}\"/>"
        ));
    }
    if piece.trim().is_empty() {
        return;
    }
    let mut look = format!("fill=\"{letters}\"");
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

impl Ground {
    /// The sixteen colours as terminals of this ground show them, the others as they are; `None` for the terminal's own.
    fn hex(&self, colour: Color) -> Option<String> {
        let on_ground = |hue: Hue| {
            let tone = if self.theme == Theme::Dark { hue.dark } else { hue.light };
            palette::hex(tone.rgb)
        };
        let hue = |index: usize| on_ground(HUES[index]);
        Some(match colour {
            Color::Reset => return None,
            Color::Red | Color::LightRed => on_ground(ALARM),
            Color::Green | Color::LightGreen => hue(2),
            Color::Yellow => hue(0),
            Color::LightYellow => hue(6),
            Color::Blue | Color::LightBlue => hue(4),
            Color::Magenta | Color::LightMagenta => hue(3),
            Color::Cyan | Color::LightCyan => hue(1),
            Color::Rgb(r, g, b) => palette::hex((r, g, b)),
            Color::Indexed(index) => palette::hex(palette::xterm(index)),
            _ => self.ink.to_owned(),
        })
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
        let svg = svg(&buffer, Theme::Dark);
        assert!(svg.contains("a &lt; b &amp; c") && svg.contains(">second<") && svg.contains("#00a377"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert!(svg.ends_with("</svg>\n"));
    }

    #[test]
    fn a_cell_keeps_its_ground_and_a_light_screen_light_paper() {
        let mut buffer = Buffer::with_lines(["0.70 rest"]);
        let heat = Style::new().fg(Color::Indexed(16)).bg(Color::Rgb(0xfd, 0xe7, 0x25));
        buffer.set_style(ratatui::layout::Rect::new(0, 0, 4, 1), heat);
        for (theme, paper) in [(Theme::Dark, "#1c1c1c"), (Theme::Light, "#ffffff")] {
            let svg = svg(&buffer, theme);
            assert!(svg.contains("width=\"33.6\" height=\"18\" fill=\"#fde725\""), "{svg}");
            assert!(svg.contains("fill=\"#000000\"") && svg.contains(paper), "{svg}");
            assert_eq!(svg.matches("<rect").count(), 2, "the page and the cell: {svg}");
        }
        buffer
            .set_style(ratatui::layout::Rect::new(0, 0, 4, 1), Style::new().add_modifier(Modifier::REVERSED));
        let svg = svg(&buffer, Theme::Dark);
        assert!(svg.contains("fill=\"#fde725\" ") && svg.contains("fill=\"#000000\"/>"), "{svg}");
    }
}
