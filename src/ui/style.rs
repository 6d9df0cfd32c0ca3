//! Every colour and every glyph of the dashboard goes through [`Styles`], so that `NO_COLOR`, 16
//! colours and terminals without UTF-8 are decided in one place and nowhere else.

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style},
    symbols::border,
};

use crate::results::text::Glyphs;

/// How many colours the terminal has announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// `NO_COLOR`: only bold, dim, underline and reverse.
    Mono,
    /// The sixteen colours of the person's own palette: the default, right on light and dark.
    #[default]
    Ansi16,
    /// `TERM` names 256 colours.
    Ansi256,
    /// `COLORTERM` announces 24 bits.
    True,
}

/// How lines are told apart without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Every dot.
    Solid,
    /// Long strokes.
    Dash,
    /// Single dots.
    Dot,
    /// A stroke and a dot.
    DashDot,
    /// Short strokes.
    ShortDash,
    /// Strokes longer than the others'.
    LongDash,
}

/// The look of the dashboard: a value, chosen once at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Styles {
    /// Colours in use.
    pub depth: Depth,
    /// Whether only ASCII may be printed.
    pub ascii: bool,
}

/// The colours of Okabe and Ito (2008), which people with any colour vision tell apart, as the
/// terminal can show them: 16-colour name, 256-colour index, 24 bits.
const SERIES: [(Color, u8, (u8, u8, u8)); 7] = [
    (Color::Yellow, 178, (0xe6, 0x9f, 0x00)),
    (Color::Cyan, 74, (0x56, 0xb4, 0xe9)),
    (Color::Green, 36, (0x00, 0x9e, 0x73)),
    (Color::Magenta, 175, (0xcc, 0x79, 0xa7)),
    (Color::Blue, 32, (0x00, 0x72, 0xb2)),
    (Color::LightRed, 166, (0xd5, 0x5e, 0x00)),
    (Color::LightYellow, 227, (0xf0, 0xe4, 0x42)),
];

/// Line patterns and ASCII marks in the order in which experiments take them.
const PATTERNS: [Pattern; 5] =
    [Pattern::Dash, Pattern::Dot, Pattern::DashDot, Pattern::ShortDash, Pattern::LongDash];
const MARKS: [char; 7] = ['*', '+', 'x', 'o', '#', '%', '@'];

impl Styles {
    /// The look that fits this environment; what the command line asked for wins.
    pub fn detect(
        variable: impl Fn(&str) -> Option<String>,
        ascii: Option<bool>,
        depth: Option<Depth>,
    ) -> Self {
        let ascii = ascii.unwrap_or_else(|| Glyphs::detect(&variable).ascii);
        let variable = |name| variable(name).filter(|value: &String| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        let announced = match variable("COLORTERM").as_deref() {
            _ if variable("NO_COLOR").is_some() => Depth::Mono,
            Some("truecolor" | "24bit") => Depth::True,
            _ if term.contains("256color") => Depth::Ansi256,
            _ => Depth::Ansi16,
        };
        Self { depth: depth.unwrap_or(announced), ascii }
    }

    /// The colour of experiment `index`, wherever it is shown.
    pub fn series(&self, index: usize) -> Style {
        let (named, indexed, (r, g, b)) = SERIES[index % SERIES.len()];
        match self.depth {
            Depth::Mono => Style::new(),
            Depth::Ansi16 => Style::new().fg(named),
            Depth::Ansi256 => Style::new().fg(Color::Indexed(indexed)),
            Depth::True => Style::new().fg(Color::Rgb(r, g, b)),
        }
    }

    /// The line pattern of experiment `index`: with the label at the line's end it tells curves apart
    /// where there is no colour. Solid is left for the curve that matters most.
    pub fn pattern(&self, index: usize) -> Pattern {
        PATTERNS[index % PATTERNS.len()]
    }

    /// The mark of experiment `index` in ASCII plots.
    pub fn mark(&self, index: usize) -> char {
        MARKS[index % MARKS.len()]
    }

    fn colour(&self, colour: Color) -> Style {
        if self.depth == Depth::Mono { Style::new() } else { Style::new().fg(colour) }
    }

    /// Plain text.
    pub fn plain(&self) -> Style {
        Style::new()
    }

    /// What stands back: axes, raw values, units.
    pub fn dim(&self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What stands out.
    pub fn bold(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The best of a column.
    pub fn best(&self) -> Style {
        self.colour(Color::Green).add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    /// The tab in view and the row selected.
    pub fn selected(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A key in the footer or the help.
    pub fn key(&self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// Something failed.
    pub fn error(&self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Something the reader should know: values out of range, a preview.
    pub fn warn(&self) -> Style {
        self.colour(Color::Yellow)
    }

    /// Support points, drawn over every curve.
    pub fn support(&self) -> Style {
        self.colour(Color::LightRed).add_modifier(Modifier::BOLD)
    }

    /// Marker of a support point.
    pub fn support_mark(&self) -> char {
        if self.ascii { 'O' } else { '●' }
    }

    /// Marker of the crosshair's values and of the Play view's cursor.
    pub fn cursor_mark(&self) -> char {
        if self.ascii { 'X' } else { '╳' }
    }

    /// Marker of the inner steps that training took.
    pub fn trained_mark(&self) -> char {
        if self.ascii { '*' } else { '◆' }
    }

    /// The line of the crosshair.
    pub fn upright(&self) -> char {
        if self.ascii { '|' } else { '│' }
    }

    /// The characters that text may use.
    pub fn glyphs(&self) -> Glyphs {
        Glyphs { ascii: self.ascii }
    }

    /// Between a mean and its spread.
    pub fn plus_minus(&self) -> &'static str {
        self.glyphs().plus_minus()
    }

    /// Borders of panes.
    pub fn border(&self) -> border::Set<'static> {
        if self.ascii {
            border::Set {
                top_left: "+",
                top_right: "+",
                bottom_left: "+",
                bottom_right: "+",
                vertical_left: "|",
                vertical_right: "|",
                horizontal_top: "-",
                horizontal_bottom: "-",
            }
        } else {
            border::ROUNDED
        }
    }

    /// A bar `width` cells long, filled to `share` (0 to 1), in eighths of a cell where it can.
    pub fn bar(&self, share: f64, width: usize) -> String {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let eighths = (share * width as f64 * 8.0).round() as usize;
        let (full, rest) = (eighths / 8, eighths % 8);
        let mut bar = String::with_capacity(width * 3);
        for cell in 0..width {
            bar.push(match (self.ascii, cell.cmp(&full)) {
                (true, std::cmp::Ordering::Less) => '#',
                (true, _) => '.',
                (false, std::cmp::Ordering::Less) => '█',
                (false, std::cmp::Ordering::Equal) if rest > 0 => {
                    ['▏', '▎', '▍', '▌', '▋', '▊', '▉'][rest - 1]
                }
                (false, _) => '░',
            });
        }
        bar
    }

    /// Five shades from nothing to everything, for densities.
    pub fn shades(&self) -> [char; 5] {
        if self.ascii { [' ', '.', ':', '+', '#'] } else { [' ', '░', '▒', '▓', '█'] }
    }

    /// The letters of formulas, spelled out where there is only ASCII.
    pub fn formula(&self, text: &str) -> String {
        if !self.ascii {
            return text.to_owned();
        }
        let mut spelled = String::with_capacity(text.len() + 16);
        for letter in text.chars() {
            match letter {
                'θ' => spelled.push_str("theta"),
                'α' => spelled.push_str("alpha"),
                'β' => spelled.push_str("beta"),
                '∇' => spelled.push_str("grad "),
                '←' => spelled.push_str("<-"),
                '→' => spelled.push_str("->"),
                '±' => spelled.push_str("+-"),
                '−' => spelled.push('-'),
                '·' => spelled.push('*'),
                '′' => spelled.push('\''),
                'ₖ' => spelled.push_str("_k"),
                other => spelled.push(other),
            }
        }
        spelled
    }

    /// The last step of every draw: where only ASCII may be printed, nothing else is left, not even in a
    /// name that came from a file.
    pub fn finish(&self, buffer: &mut Buffer) {
        if !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                cell.set_symbol("?");
            }
        }
    }
}

impl Pattern {
    /// Whether the dot at this place of a line is drawn. It depends on the place alone, so a line that
    /// did not move is not redrawn.
    pub fn shows(self, x: usize, y: usize) -> bool {
        let at = x + y;
        match self {
            Pattern::Solid => true,
            Pattern::Dash => at % 8 < 5,
            Pattern::Dot => at.is_multiple_of(3),
            Pattern::DashDot => matches!(at % 10, 0..=4 | 7),
            Pattern::ShortDash => at % 4 < 2,
            Pattern::LongDash => at % 16 < 13,
        }
    }

    /// Two cells of the pattern, for legends.
    pub fn sample(self) -> &'static str {
        match self {
            Pattern::Solid => "⠒⠒",
            Pattern::Dash => "⠒⠂",
            Pattern::Dot => "⠂⠐",
            Pattern::DashDot => "⠒⠐",
            Pattern::ShortDash => "⠒ ",
            Pattern::LongDash => "⠤⠤",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Styles {
        let find =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Styles::detect(find, None, None)
    }

    #[test]
    fn sixteen_colours_unless_the_terminal_announces_more() {
        assert_eq!(of(&[("TERM", "xterm"), ("LANG", "C.UTF-8")]), Styles::default());
        assert_eq!(of(&[("TERM", "screen-256color")]).depth, Depth::Ansi256);
        assert_eq!(of(&[("COLORTERM", "truecolor")]).depth, Depth::True);
        assert_eq!(of(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")]).depth, Depth::Mono);
        assert_eq!(of(&[("NO_COLOR", "")]).depth, Depth::Ansi16);
    }

    #[test]
    fn ascii_without_a_utf8_locale() {
        assert!(of(&[]).ascii);
        assert!(of(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]).ascii);
        assert!(!of(&[("LC_CTYPE", "en_US.utf8")]).ascii);
        assert!(of(&[("LANG", "en_US.UTF-8"), ("TERM", "linux")]).ascii);
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let styles = Styles { depth: Depth::Mono, ascii: false };
        let all =
            [styles.series(0), styles.best(), styles.key(), styles.error(), styles.warn(), styles.support()];
        assert!(all.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
    }

    #[test]
    fn a_bar_is_as_long_as_asked_whatever_the_share() {
        for share in [-1.0, 0.0, 0.31, 1.0, 7.0, f64::NAN] {
            for ascii in [true, false] {
                let styles = Styles { depth: Depth::Mono, ascii };
                assert_eq!(styles.bar(share, 9).chars().count(), 9);
            }
        }
    }
}
