//! The key table: one definition of every key. It dispatches, it is the help, it gives the footer its
//! hints and the README its list, so these cannot disagree.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    app::{App, Ask, View},
    update::Action,
};

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// In every view.
    Anywhere,
    /// In the views that show adaptation curves.
    Curves,
    /// Overview.
    Overview,
    /// A view of one experiment.
    Experiment,
    /// Tasks.
    Tasks,
    /// Play.
    Play,
    /// Log.
    Log,
    /// While the help is open.
    Help,
    /// While a number is typed.
    Prompt,
}

/// A key as a person presses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key without modifiers. Capital letters are letters of their own.
    Key(KeyCode),
    /// With Ctrl.
    Ctrl(char),
    /// 1 to 9.
    Digit,
    /// Anything that may stand in a number.
    Typed,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Does {
    /// Always the same.
    This(Action),
    /// Goes to the view of the digit.
    GoTo,
    /// Adds the letter to the number being typed.
    Type,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Any of these.
    pub presses: &'static [Press],
    /// As the help and the README write them.
    pub label: &'static str,
    /// Where.
    pub context: Context,
    /// What it does.
    pub does: Does,
    /// For the help.
    pub help: &'static str,
    /// For the footer; empty keeps it out.
    pub hint: &'static str,
}

use Context::*;
use KeyCode::{
    BackTab, Backspace, Char, Delete, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up,
};

const fn bind(
    presses: &'static [Press],
    label: &'static str,
    context: Context,
    action: Action,
    help: &'static str,
    hint: &'static str,
) -> Binding {
    Binding { presses, label, context, does: Does::This(action), help, hint }
}

macro_rules! keys {
    ($($code:expr),+) => { &[$(Press::Key($code)),+] };
}

/// Every key. The first line that fits the context and the key wins; a context's own lines win over
/// `Anywhere`. Within a context the footer shows hints in this order, as many as fit.
pub static TABLE: &[Binding] = &[
    bind(keys![Left], "Left", Experiment, Action::PreviousTask, "previous test task", "task"),
    bind(keys![Right], "Right", Experiment, Action::NextTask, "next test task", ""),
    bind(keys![Up], "Up", Experiment, Action::Steps(1), "one inner step more", "steps"),
    bind(keys![Down], "Down", Experiment, Action::Steps(-1), "one inner step less", ""),
    bind(
        keys![Char('o')],
        "o",
        Experiment,
        Action::OneSided,
        "next one-sided task: support all left or all right of zero",
        "one-sided",
    ),
    bind(keys![Char('+'), Char('=')], "+", Experiment, Action::Rate(1), "inner rate up", "rate"),
    bind(keys![Char('-'), Char('_')], "-", Experiment, Action::Rate(-1), "inner rate down", ""),
    bind(keys![Char('0')], "0", Experiment, Action::Reset, "test rate, K and n back to the file's", ""),
    bind(keys![Char('>'), Char('.')], ">", Experiment, Action::Seed(1), "next seed", "seed"),
    bind(keys![Char('<'), Char(',')], "<", Experiment, Action::Seed(-1), "previous seed", ""),
    bind(
        keys![Char('c')],
        "c",
        Experiment,
        Action::Compare,
        "compare: the next other experiment on the same task",
        "compare",
    ),
    bind(
        keys![Char('f')],
        "f",
        Experiment,
        Action::Focus,
        "one pane alone: fit, loss, adaptation, about",
        "full pane",
    ),
    bind(keys![Char('k')], "k", Experiment, Action::Shots(-1), "one support point less", ""),
    bind(keys![Char('K')], "K", Experiment, Action::Shots(1), "one support point more", ""),
    bind(
        keys![Char('n')],
        "n",
        Experiment,
        Action::Ask(Ask::Steps),
        "type the number of inner steps (0 to 100)",
        "",
    ),
    bind(keys![Char('r')], "r", Experiment, Action::Ask(Ask::Rate), "type the inner rate", ""),
    bind(keys![Char('t')], "t", Experiment, Action::Ask(Ask::Task), "type the test task (1, 2, ...)", ""),
    bind(keys![Char('p')], "p", Experiment, Action::Ask(Ask::Shots), "type the number of support points", ""),
    bind(keys![Up], "Up", Overview, Action::Select(-1), "select the experiment above", "select"),
    bind(keys![Down], "Down", Overview, Action::Select(1), "select the experiment below", ""),
    bind(keys![Enter], "Enter", Overview, Action::Open, "open the selected experiment", "open"),
    bind(keys![Left], "Left", Overview, Action::Crosshair(-1), "crosshair to a smaller n", "crosshair"),
    bind(keys![Right], "Right", Overview, Action::Crosshair(1), "crosshair to a larger n", ""),
    bind(keys![Left], "Left", Tasks, Action::PreviousTask, "previous three waves", "other waves"),
    bind(keys![Right], "Right", Tasks, Action::NextTask, "next three waves", ""),
    bind(keys![Left], "Left", Play, Action::Cursor(-1, 0), "cursor left", "cursor"),
    bind(keys![Right], "Right", Play, Action::Cursor(1, 0), "cursor right", ""),
    bind(keys![Up], "Up", Play, Action::Cursor(0, 1), "cursor up", ""),
    bind(keys![Down], "Down", Play, Action::Cursor(0, -1), "cursor down", ""),
    bind(keys![Char(' ')], "Space", Play, Action::Place, "place a support point at the cursor", "place"),
    bind(keys![Char('w')], "w", Play, Action::PlaceOnWave, "place a support point on the wave", "on wave"),
    bind(keys![Char('g')], "g", Play, Action::Grab, "take up the nearest point, or let go of it", "grab"),
    bind(
        keys![Char('d'), Delete, Backspace],
        "d",
        Play,
        Action::Remove,
        "delete the nearest point",
        "delete",
    ),
    bind(keys![Char('u')], "u", Play, Action::Surprise, "surprise me: a hard task", "surprise"),
    bind(keys![Char('+'), Char('=')], "+", Play, Action::PlaySteps(1), "one inner step more", "steps"),
    bind(keys![Char('-'), Char('_')], "-", Play, Action::PlaySteps(-1), "one inner step less", ""),
    bind(
        keys![Char('n')],
        "n",
        Play,
        Action::Ask(Ask::Steps),
        "type the number of inner steps (0 to 100)",
        "",
    ),
    bind(keys![Char('A')], "A", Play, Action::Amplitude(1), "amplitude up", "wave"),
    bind(keys![Char('a')], "a", Play, Action::Amplitude(-1), "amplitude down", ""),
    bind(keys![Char('P')], "P", Play, Action::Phase(1), "phase up", ""),
    bind(keys![Char('p')], "p", Play, Action::Phase(-1), "phase down", ""),
    bind(keys![Char('E')], "E", Play, Action::Noise(1), "more noise on the support points", "noise"),
    bind(keys![Char('e')], "e", Play, Action::Noise(-1), "less noise", ""),
    bind(keys![Char('x')], "x", Play, Action::Clear, "remove every support point", ""),
    bind(keys![Char('>'), Char('.')], ">", Play, Action::Seed(1), "next seed", ""),
    bind(keys![Char('<'), Char(',')], "<", Play, Action::Seed(-1), "previous seed", ""),
    bind(keys![Up, Char('k')], "Up", Log, Action::Scroll(1), "scroll up", "scroll"),
    bind(keys![Down, Char('j')], "Down", Log, Action::Scroll(-1), "scroll down", ""),
    bind(keys![PageUp], "PgUp", Log, Action::Scroll(10), "ten lines up", ""),
    bind(keys![PageDown], "PgDn", Log, Action::Scroll(-10), "ten lines down", ""),
    bind(keys![Home], "Home", Log, Action::Scroll(i32::MAX), "to the first line", ""),
    bind(keys![End], "End", Log, Action::Scroll(i32::MIN), "to the newest line", "newest"),
    bind(keys![Up, Char('k')], "Up", Help, Action::Scroll(-1), "scroll up", "scroll"),
    bind(keys![Down, Char('j')], "Down", Help, Action::Scroll(1), "scroll down", ""),
    bind(keys![PageUp], "PgUp", Help, Action::Scroll(-10), "ten lines up", ""),
    bind(keys![PageDown, Char(' ')], "PgDn", Help, Action::Scroll(10), "ten lines down", ""),
    bind(keys![Home], "Home", Help, Action::Scroll(i32::MIN), "to the top", ""),
    bind(keys![Esc, Enter, Char('?')], "Esc", Help, Action::Escape, "close the help", "close"),
    bind(keys![Enter], "Enter", Prompt, Action::Accept, "take the number", "take"),
    bind(keys![Esc], "Esc", Prompt, Action::Escape, "leave it as it was", "cancel"),
    bind(keys![Backspace], "Backspace", Prompt, Action::Erase, "erase", ""),
    Binding {
        presses: &[Press::Typed],
        label: "0-9 . e -",
        context: Prompt,
        does: Does::Type,
        help: "type a number",
        hint: "",
    },
    Binding {
        presses: &[Press::Digit],
        label: "1-9",
        context: Anywhere,
        does: Does::GoTo,
        help: "go to a view",
        hint: "",
    },
    bind(keys![Tab], "Tab", Anywhere, Action::NextView, "next view", "view"),
    bind(keys![BackTab], "Shift-Tab", Anywhere, Action::PreviousView, "previous view", ""),
    bind(
        keys![Char('m')],
        "m",
        Curves,
        Action::Median,
        "mean or median over tasks, in curves and table",
        "mean/median",
    ),
    bind(keys![Char('Y')], "Y", Curves, Action::LogY, "loss on a log axis", "log"),
    bind(keys![Char('X')], "X", Curves, Action::LogX, "n on a log axis", ""),
    bind(keys![Char('h')], "h", Curves, Action::Crosshair(-1), "crosshair to a smaller n", ""),
    bind(keys![Char('l')], "l", Curves, Action::Crosshair(1), "crosshair to a larger n", ""),
    bind(keys![Char('z')], "z", Curves, Action::Zoom(true), "zoom in", ""),
    bind(keys![Char('Z')], "Z", Curves, Action::Zoom(false), "zoom out", ""),
    bind(keys![Char('H')], "H", Curves, Action::Pan(-1), "pan left when zoomed in", ""),
    bind(keys![Char('L')], "L", Curves, Action::Pan(1), "pan right when zoomed in", ""),
    bind(
        keys![Char('y')],
        "y",
        Anywhere,
        Action::Take { copy: true },
        "copy the loss table (OSC 52), and save as s does",
        "",
    ),
    bind(
        keys![Char('s')],
        "s",
        Anywhere,
        Action::Take { copy: false },
        "save this view as text and SVG, with the loss table",
        "",
    ),
    bind(keys![Esc], "Esc", Anywhere, Action::Escape, "back: crosshair, zoom, full pane", ""),
    bind(keys![Char('?'), KeyCode::F(1)], "?", Anywhere, Action::Help, "every key of this view", "help"),
    bind(
        keys![Char('q')],
        "q",
        Anywhere,
        Action::Quit,
        "quit; the loss table stays on the normal screen",
        "quit",
    ),
    bind(
        &[Press::Ctrl('c')],
        "Ctrl-C",
        Anywhere,
        Action::Interrupt,
        "interrupt: quit with exit code 130",
        "",
    ),
    bind(&[Press::Ctrl('z')], "Ctrl-Z", Anywhere, Action::Suspend, "back to the shell; fg returns", ""),
    bind(&[Press::Ctrl('l')], "Ctrl-L", Anywhere, Action::Redraw, "draw everything anew", ""),
];

impl Press {
    fn fits(self, key: &KeyEvent) -> bool {
        let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match self {
            Press::Key(code) => !control && key.code == code,
            Press::Ctrl(letter) => key.modifiers.contains(KeyModifiers::CONTROL) && key.code == Char(letter),
            Press::Digit => !control && matches!(key.code, Char('1'..='9')),
            Press::Typed => {
                !control && matches!(key.code, Char(c) if c.is_ascii_digit() || ".eE-+".contains(c))
            }
        }
    }
}

/// The context a key is pressed in.
pub fn context(app: &App) -> Context {
    if app.prompt.is_some() {
        return Prompt;
    }
    if app.help.is_some() {
        return Help;
    }
    of_view(app.view)
}

/// The context of a view.
pub fn of_view(view: View) -> Context {
    match view {
        View::Overview => Overview,
        View::Experiment(_) => Experiment,
        View::Tasks => Tasks,
        View::Play => Play,
        View::Log => Log,
    }
}

/// What this key means here, if anything. While a number is typed only the keys of the prompt and those
/// with Ctrl do anything.
pub fn action(context: Context, key: &KeyEvent) -> Option<Action> {
    let means = |wanted: Context| {
        let mut lines = TABLE.iter().filter(move |binding| binding.context == wanted);
        lines.find(|binding| binding.presses.iter().any(|press| press.fits(key)))
    };
    // While a number is typed, of the keys for everywhere only those with Ctrl do anything.
    let everywhere =
        || means(Anywhere).filter(|binding| context != Prompt || matches!(binding.presses, [Press::Ctrl(_)]));
    let curves = || if has_curves(context) { means(Curves) } else { None };
    match (means(context).or_else(curves).or_else(everywhere)?.does, key.code) {
        (Does::This(action), _) => Some(action),
        (Does::GoTo, Char(digit)) => Some(Action::GoTo(digit.to_digit(10)? as usize - 1)),
        (Does::Type, Char(letter)) => Some(Action::Type(letter)),
        _ => None,
    }
}

/// Whether the keys for curves work here.
fn has_curves(context: Context) -> bool {
    matches!(context, Overview | Experiment)
}

/// Key and hint of everything worth naming in the footer, in order.
pub fn hints(context: Context) -> Vec<(&'static str, &'static str)> {
    let of =
        |wanted: Context, here: bool| TABLE.iter().filter(move |binding| here && binding.context == wanted);
    let own = of(context, true).chain(of(Curves, has_curves(context)));
    let everywhere = of(Anywhere, ![Prompt, Help].contains(&context));
    own.chain(everywhere)
        .filter(|binding| !binding.hint.is_empty())
        .map(|binding| (hint_label(binding), binding.hint))
        .collect()
}

/// Keys that come in pairs share a hint.
fn hint_label(binding: &Binding) -> &'static str {
    match (binding.label, binding.context) {
        ("Left", Play) => "arrows",
        ("Left", _) => "Left/Right",
        ("Up", _) => "Up/Down",
        ("+", _) => "+/-",
        (">", _) => "</>",
        ("A", _) => "a/A p/P",
        ("E", _) => "e/E",
        ("Y", _) => "X/Y",
        (label, _) => label,
    }
}

/// The help of a context: key and sentence.
pub fn help(context: Context) -> Vec<(&'static str, &'static str)> {
    TABLE
        .iter()
        .filter(|binding| binding.context == context)
        .map(|binding| (binding.label, binding.help))
        .collect()
}

/// Every context with its heading, in the order the help and the README list them.
pub const HEADINGS: [(Context, &str); 9] = [
    (Anywhere, "Everywhere"),
    (Curves, "Adaptation curves: Overview and views of one experiment"),
    (Overview, "Overview"),
    (Experiment, "A view of one experiment"),
    (Tasks, "Tasks"),
    (Play, "Play"),
    (Log, "Log"),
    (Help, "Help"),
    (Prompt, "While a number is typed"),
];

/// The README's list of keys, as Markdown.
pub fn markdown() -> String {
    let mut text = String::new();
    for (context, heading) in HEADINGS {
        text.push_str(&format!("**{heading}**\n\n| key | what it does |\n|---|---|\n"));
        for (label, sentence) in help(context) {
            text.push_str(&format!("| `{label}` | {sentence} |\n"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn every_line_is_reachable_in_its_context() {
        for binding in TABLE {
            for press in binding.presses {
                let event = match *press {
                    Press::Key(code) => key(code),
                    Press::Ctrl(letter) => KeyEvent::new(Char(letter), KeyModifiers::CONTROL),
                    Press::Digit => key(Char('3')),
                    Press::Typed => key(Char('7')),
                };
                let expected = match binding.does {
                    Does::This(action) => action,
                    Does::GoTo => Action::GoTo(2),
                    Does::Type => Action::Type('7'),
                };
                assert_eq!(action(binding.context, &event), Some(expected), "{}", binding.label);
            }
        }
    }

    #[test]
    fn typing_a_number_reaches_no_view() {
        assert_eq!(action(Prompt, &key(Char('q'))), None);
        assert_eq!(action(Prompt, &key(Char('4'))), Some(Action::Type('4')));
        let interrupt = KeyEvent::new(Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action(Prompt, &interrupt), Some(Action::Interrupt));
    }

    #[test]
    fn help_footer_and_readme_name_the_same_keys() {
        let readme = markdown();
        for (context, _) in HEADINGS {
            for (label, sentence) in help(context) {
                assert!(readme.contains(&format!("| `{label}` | {sentence} |")));
            }
            for (_, hint) in hints(context) {
                assert!(TABLE.iter().any(|binding| binding.hint == hint));
            }
        }
        assert!(TABLE.iter().all(|binding| HEADINGS.iter().any(|(context, _)| *context == binding.context)));
    }
}
