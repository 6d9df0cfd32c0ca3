//! Every colour and every glyph of the dashboard goes through [`Styles`], so that `NO_COLOR`, 16
//! colours and terminals without UTF-8 are decided in one place and nowhere else.

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style},
    symbols::border,
};

use crate::results::{
    palette::{ALARM, HUES, Hue, RAMP, Rgb, SIGNED, Tone, wants_black, xterm},
    text::Glyphs,
};

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

/// The ground that the dashboard is read on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Light letters on dark ground.
    #[default]
    Dark,
    /// Dark letters on light ground.
    Light,
}

impl Theme {
    /// All of them, by their names.
    pub const ALL: [(&'static str, Self); 2] = [("dark", Self::Dark), ("light", Self::Light)];

    /// What `COLORFGBG` says, which many terminals set; dark where nothing is said.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let ground = variable("COLORFGBG").and_then(|text| text.rsplit(';').next()?.parse::<u8>().ok());
        if matches!(ground, Some(7 | 15)) { Theme::Light } else { Theme::Dark }
    }

    /// The theme for a ground of this colour.
    pub fn on(ground: Rgb) -> Self {
        if wants_black(ground) { Theme::Light } else { Theme::Dark }
    }
}

/// Who says which theme it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// A person.
    Said(Theme),
    /// The terminal: `auto`.
    Own,
}

impl Ground {
    /// What the command line says, else `METASCOPE_THEME`, as far as it is a word for a ground, else what is usual with
    /// this person; else it is the terminal's own.
    pub fn choose(
        said: Option<Self>,
        usual: Option<Self>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let named = |name: String| Theme::ALL.into_iter().find(|(known, _)| *known == name);
        let theme = || named(variable("METASCOPE_THEME")?).map(|(_, theme)| Self::Said(theme));
        said.or_else(theme).or(usual).unwrap_or(Self::Own)
    }

    /// The theme until the terminal has said more.
    pub fn theme(self, variable: impl Fn(&str) -> Option<String>) -> Theme {
        match self {
            Self::Said(theme) => theme,
            Self::Own => Theme::detect(variable),
        }
    }
}

/// The look of the dashboard: a value, chosen once at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Styles {
    /// Colours in use.
    pub depth: Depth,
    /// Whether only ASCII may be printed.
    pub ascii: bool,
    /// The ground.
    pub theme: Theme,
}

/// The sixteen colours that curves are drawn in, in the order of [`HUES`]: those whose contrast is 3 at least,
/// which WCAG asks of graphics, with the palettes of xterm, Solarized and the Linux console, and that none of them
/// shows as a grey, which is the yardsticks': most of Solarized's bright colours are its greys. Hardly any of
/// the sixteen has what text needs with all of them, so words are in the terminal's own colour.
const DARK: [Color; 6] =
    [Color::Yellow, Color::Cyan, Color::Green, Color::Magenta, Color::LightMagenta, Color::LightRed];
/// On light ground no black and no grey: these are the yardsticks' and the words'.
const LIGHT: [Color; 5] = [Color::Blue, Color::Red, Color::Magenta, Color::LightRed, Color::LightMagenta];

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
        theme: Option<Ground>,
    ) -> Self {
        let ascii = ascii.unwrap_or_else(|| Glyphs::detect(&variable).ascii);
        let variable = |name: &str| variable(name).filter(|value: &String| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        let announced = match variable("COLORTERM").as_deref() {
            _ if variable("NO_COLOR").is_some() => Depth::Mono,
            Some("truecolor" | "24bit") => Depth::True,
            _ if term.contains("256color") => Depth::Ansi256,
            _ => Depth::Ansi16,
        };
        let theme = Ground::choose(theme, None, variable).theme(variable);
        Self { depth: depth.unwrap_or(announced), ascii, theme }
    }

    /// The colour of experiment `index`, wherever lines and bars of it are drawn.
    pub fn series(&self, index: usize) -> Style {
        let named = match self.theme {
            Theme::Dark => DARK[index % DARK.len()],
            Theme::Light => LIGHT[index % LIGHT.len()],
        };
        self.tone(HUES[index % HUES.len()], Style::new().fg(named))
    }

    /// The same style for words: nothing that has to be read is dim, what has no colour is as plain words are, and of
    /// the sixteen colours none but the terminal's own can be read with every palette.
    pub fn readable(&self, style: Style) -> Style {
        let mut words = style;
        words.add_modifier.remove(Modifier::DIM);
        if self.depth == Depth::Ansi16 || words.fg.is_none() {
            words.fg = self.plain().fg;
        }
        words
    }

    /// A hue on this ground; of the sixteen colours what is given.
    fn tone(&self, hue: Hue, sixteen: Style) -> Style {
        let tone = if self.theme == Theme::Dark { hue.dark } else { hue.light };
        let (r, g, b) = tone.rgb;
        match self.depth {
            Depth::Mono => Style::new(),
            Depth::Ansi16 => sixteen,
            Depth::Ansi256 => Style::new().fg(Color::Indexed(tone.indexed)),
            Depth::True => Style::new().fg(Color::Rgb(r, g, b)),
        }
    }

    /// The line pattern of experiment `index`: with the label at the line's end it tells curves apart
    /// where there is no colour. Solid is left for the curve that matters most.
    pub fn pattern(&self, index: usize) -> Pattern {
        PATTERNS[self.moved_on(index) % PATTERNS.len()]
    }

    /// Where the hues begin again patterns and marks have moved on, so that no two of many look alike.
    fn moved_on(&self, index: usize) -> usize {
        let hues = match (self.depth, self.theme) {
            (Depth::Mono, _) => usize::MAX,
            (Depth::Ansi16, Theme::Light) => LIGHT.len(),
            (Depth::Ansi16, Theme::Dark) => DARK.len(),
            (Depth::Ansi256 | Depth::True, _) => HUES.len(),
        };
        index + index / hues
    }

    /// The mark of experiment `index` in ASCII plots.
    pub fn mark(&self, index: usize) -> char {
        MARKS[self.moved_on(index) % MARKS.len()]
    }

    /// Plain text: the terminal's own colour. On light ground Solarized's own is too faint, so black is asked
    /// for there, which every palette has.
    pub fn plain(&self) -> Style {
        match (self.theme, self.depth) {
            (Theme::Dark, _) | (_, Depth::Mono) => Style::new(),
            (Theme::Light, Depth::Ansi16) => Style::new().fg(Color::Black),
            (Theme::Light, _) => Style::new().fg(Color::Indexed(16)),
        }
    }

    /// Axes and borders, which stand back. Nothing that has to be read.
    pub fn dim(&self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What stands out.
    pub fn bold(&self) -> Style {
        self.plain().add_modifier(Modifier::BOLD)
    }

    /// The best of a column: no colour, which would be some experiment's.
    pub fn best(&self) -> Style {
        self.bold().add_modifier(Modifier::UNDERLINED)
    }

    /// The tab in view and the row selected.
    pub fn selected(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A key in the footer or the help.
    pub fn key(&self) -> Style {
        let cyan = if self.theme == Theme::Dark { Style::new().fg(Color::Cyan) } else { self.plain() };
        self.tone(HUES[1], cyan).add_modifier(Modifier::BOLD)
    }

    /// Something failed. None of sixteen reds can be read with every palette.
    pub fn error(&self) -> Style {
        let sixteen = self.plain().add_modifier(Modifier::UNDERLINED);
        self.tone(ALARM, sixteen).add_modifier(Modifier::BOLD)
    }

    /// Something the reader should know: values out of range, a preview.
    pub fn warn(&self) -> Style {
        self.tone(HUES[0], self.plain())
    }

    /// Support points, drawn over every curve.
    pub fn support(&self) -> Style {
        let red = if self.theme == Theme::Dark { Color::LightRed } else { Color::Red };
        self.tone(HUES[5], Style::new().fg(red)).add_modifier(Modifier::BOLD)
    }

    /// Marker of a support point.
    pub fn support_mark(&self) -> char {
        if self.ascii { 'O' } else { '●' }
    }

    /// Letters on a field of colours: they have a ground of their own, and none of the colours that they stand on.
    pub fn letter(&self) -> Style {
        self.plain().fg(Color::Reset).bg(Color::Reset).add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    /// Marker of a point that is asked for.
    pub fn asked_mark(&self) -> char {
        if self.ascii { 'o' } else { '○' }
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

    /// Letters on the ground of a value that is this good, from 0 to 1; `None` where there are not enough colours
    /// for a ground, and shades stand beside the value.
    pub fn heat(&self, share: f64) -> Option<Style> {
        let step = (share.clamp(0.0, 1.0) * (RAMP.len() - 1) as f64).round() as usize;
        let Tone { rgb, indexed } = RAMP[step.min(RAMP.len() - 1)];
        let (ground, shown) = match self.depth {
            Depth::Mono | Depth::Ansi16 => return None,
            Depth::Ansi256 => (Color::Indexed(indexed), xterm(indexed)),
            Depth::True => (Color::Rgb(rgb.0, rgb.1, rgb.2), rgb),
        };
        let letters = if wants_black(shown) { Color::Indexed(16) } else { Color::Indexed(231) };
        Some(Style::new().fg(letters).bg(ground))
    }

    /// The ground of a value between -1 and 1, blue below 0 and orange above, where there are colours enough for one.
    pub fn signed(&self, share: f64) -> Option<Color> {
        let ramp = if self.theme == Theme::Dark { &SIGNED.0 } else { &SIGNED.1 };
        let Tone { rgb: (r, g, b), indexed } = ramp.tone(share);
        match self.depth {
            Depth::Mono | Depth::Ansi16 => None,
            Depth::Ansi256 => Some(Color::Indexed(indexed)),
            Depth::True => Some(Color::Rgb(r, g, b)),
        }
    }

    /// The same as a glyph: shades above 0, strokes below.
    pub fn signed_shade(&self, share: f64) -> (char, Style) {
        let step = (share.abs().min(1.0) * 4.0).round() as usize;
        let strokes = if self.ascii { [' ', '-', '-', '=', '='] } else { [' ', '╌', '─', '═', '≡'] };
        match share < 0.0 {
            true => (strokes[step], self.series(1)),
            false => (self.shades()[step], self.series(0)),
        }
    }

    /// The upper half of a cell, so that it has two grounds.
    pub fn upper_half(&self) -> &'static str {
        "▀"
    }

    /// What points up at a column.
    pub fn pointer(&self) -> &'static str {
        if self.ascii { "^" } else { "▲" }
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
    use crate::results::palette::contrast;

    fn of(variables: &[(&str, &str)]) -> Styles {
        let find =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Styles::detect(find, None, None, None)
    }

    #[test]
    fn eleven_systems_have_eleven_looks() {
        for (depth, theme) in
            [Depth::Ansi256, Depth::True].map(|depth| [(depth, Theme::Dark), (depth, Theme::Light)]).concat()
        {
            let styles = Styles { depth, theme, ..Styles::default() };
            let hue = |index: usize| format!("{:?}", styles.series(index));
            let dashes: std::collections::BTreeSet<_> =
                (0..11).map(|index| (hue(index), format!("{:?}", styles.pattern(index)))).collect();
            let marks: std::collections::BTreeSet<_> =
                (0..11).map(|index| (hue(index), styles.mark(index))).collect();
            assert_eq!((dashes.len(), marks.len()), (11, 11), "{depth:?} {theme:?}");
        }
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
        let styles = Styles { depth: Depth::Mono, ..Styles::default() };
        let all =
            [styles.series(0), styles.best(), styles.key(), styles.error(), styles.warn(), styles.support()];
        assert!(all.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
    }

    #[test]
    fn a_bar_is_as_long_as_asked_whatever_the_share() {
        for share in [-1.0, 0.0, 0.31, 1.0, 7.0, f64::NAN] {
            for ascii in [true, false] {
                let styles = Styles { depth: Depth::Mono, ascii, ..Styles::default() };
                assert_eq!(styles.bar(share, 9).chars().count(), 9);
            }
        }
    }

    /// The palettes of xterm, the Linux console and Solarized: their sixteen colours, letters and ground.
    fn terminals(theme: Theme) -> Vec<([Rgb; 16], Rgb, Rgb)> {
        let rgb = |hex: &str| {
            let value = u32::from_str_radix(hex, 16).expect("six digits");
            ((value >> 16) as u8, (value >> 8) as u8, value as u8)
        };
        let palette = |text: &str| -> [Rgb; 16] {
            text.split(' ').map(rgb).collect::<Vec<_>>().try_into().expect("sixteen")
        };
        let xterm = std::array::from_fn(|index| crate::results::palette::xterm(index as u8));
        let console = palette(
            "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
        );
        let solarized = palette(
            "073642 dc322f 859900 b58900 268bd2 d33682 2aa198 eee8d5 002b36 cb4b16 586e75 657b83 839496 6c71c4 93a1a1 fdf6e3",
        );
        match theme {
            Theme::Dark => vec![
                (xterm, rgb("e5e5e5"), rgb("000000")),
                (console, rgb("aaaaaa"), rgb("000000")),
                (solarized, rgb("839496"), rgb("002b36")),
            ],
            Theme::Light => {
                vec![(xterm, rgb("000000"), rgb("ffffff")), (solarized, rgb("657b83"), rgb("fdf6e3"))]
            }
        }
    }

    /// A colour as a terminal shows it.
    fn shown(colour: Option<Color>, (palette, letters, _): &([Rgb; 16], Rgb, Rgb)) -> Rgb {
        let named = [
            Color::Black,
            Color::Red,
            Color::Green,
            Color::Yellow,
            Color::Blue,
            Color::Magenta,
            Color::Cyan,
            Color::Gray,
            Color::DarkGray,
            Color::LightRed,
            Color::LightGreen,
            Color::LightYellow,
            Color::LightBlue,
            Color::LightMagenta,
            Color::LightCyan,
            Color::White,
        ];
        match colour {
            None => *letters,
            Some(Color::Rgb(r, g, b)) => (r, g, b),
            Some(Color::Indexed(index)) => crate::results::palette::xterm(index),
            Some(name) => palette[named.iter().position(|other| *other == name).expect("a name")],
        }
    }

    #[test]
    fn text_has_the_contrast_of_wcag_aa_on_every_terminal_and_curves_that_of_graphics() {
        for theme in [Theme::Dark, Theme::Light] {
            for depth in [Depth::Mono, Depth::Ansi16, Depth::Ansi256, Depth::True] {
                let styles = Styles { depth, theme, ascii: false };
                let mut texts =
                    vec![styles.bold(), styles.best(), styles.key(), styles.error(), styles.warn()];
                texts.push(styles.plain());
                texts.extend((0..12).map(|index| styles.readable(styles.series(index).patch(styles.dim()))));
                let graphics: Vec<Style> =
                    (0..12).map(|index| styles.series(index)).chain([styles.support()]).collect();
                for terminal in terminals(theme) {
                    // What has no colour at all is as the person chose it.
                    let least =
                        |style: &Style, least: f64| if style.fg.is_none() { least.min(4.1) } else { least };
                    for (list, wanted) in [(&texts, 4.5), (&graphics, 3.0)] {
                        for style in list {
                            let found = contrast(shown(style.fg, &terminal), terminal.2);
                            let wanted = least(style, wanted);
                            assert!(
                                found >= wanted,
                                "{theme:?} {depth:?} {style:?} on {:?}: {found:.2}",
                                terminal.2
                            );
                            assert!(!style.add_modifier.contains(Modifier::DIM), "{style:?} has to be read");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn twelve_experiments_are_told_apart_by_colour_and_pattern() {
        for theme in [Theme::Dark, Theme::Light] {
            for depth in [Depth::Ansi16, Depth::Ansi256, Depth::True] {
                let styles = Styles { depth, theme, ascii: false };
                let looks: Vec<_> =
                    (0..12).map(|index| (styles.series(index).fg, styles.pattern(index))).collect();
                for (i, look) in looks.iter().enumerate() {
                    assert!(!looks[..i].contains(look), "{i}: {look:?}");
                }
            }
        }
    }

    #[test]
    fn yardsticks_are_grey_and_systems_are_not() {
        for theme in [Theme::Dark, Theme::Light] {
            let styles = Styles { depth: Depth::Ansi16, theme, ascii: false };
            for index in 0..12 {
                let hue = styles.series(index).fg;
                let grey = [Color::Black, Color::DarkGray, Color::Gray, Color::White].map(Some);
                assert!(hue.is_some() && !grey.contains(&hue), "{theme:?} {index}: {hue:?}");
                // Whatever its name is, no terminal shows it as a grey, or as its letters and yardsticks.
                for terminal in terminals(theme) {
                    let (seen, letters) = (shown(hue, &terminal), shown(None, &terminal));
                    let chroma = |(r, g, b): Rgb| r.max(g).max(b) - r.min(g).min(b);
                    assert!(
                        chroma(seen) >= 80 && chroma(seen) > 2 * chroma(letters),
                        "{theme:?} {hue:?} on {:?}: {seen:?} and {letters:?}",
                        terminal.2
                    );
                }
            }
        }
    }

    #[test]
    fn the_theme_is_said_or_that_of_the_ground() {
        assert_eq!(of(&[]).theme, Theme::Dark);
        assert_eq!(of(&[("COLORFGBG", "0;15")]).theme, Theme::Light);
        assert_eq!(of(&[("COLORFGBG", "15;default;0")]).theme, Theme::Dark);
        assert_eq!(of(&[("COLORFGBG", "0;15"), ("METASCOPE_THEME", "dark")]).theme, Theme::Dark);
        assert_eq!(of(&[("COLORFGBG", "15;0"), ("METASCOPE_THEME", "light")]).theme, Theme::Light);
        assert_eq!(of(&[("COLORFGBG", "0;15"), ("METASCOPE_THEME", "auto")]).theme, Theme::Light);
        let find = |name: &str| (name == "METASCOPE_THEME").then(|| "light".to_owned());
        let theme = |said| Styles::detect(find, None, None, Some(said)).theme;
        assert_eq!((theme(Ground::Said(Theme::Dark)), theme(Ground::Own)), (Theme::Dark, Theme::Dark));
        assert_eq!(Ground::choose(None, Some(Ground::Own), find), Ground::Said(Theme::Light));
        assert_eq!(Ground::choose(Some(Ground::Own), Some(Ground::Said(Theme::Dark)), find), Ground::Own);
        let usual = Ground::choose(None, Some(Ground::Said(Theme::Light)), |_| None);
        assert_eq!(usual, Ground::Said(Theme::Light));
        // Solarized, xterm, gray.
        for (ground, theme) in [
            ((0xfd, 0xf6, 0xe3), Theme::Light),
            ((0x00, 0x2b, 0x36), Theme::Dark),
            ((255, 255, 255), Theme::Light),
            ((0, 0, 0), Theme::Dark),
            ((0x40, 0x40, 0x40), Theme::Dark),
            ((0xc0, 0xc0, 0xc0), Theme::Light),
        ] {
            assert_eq!(Theme::on(ground), theme, "{ground:?}");
        }
    }
}
