//! The key table: one definition of every key. It dispatches, it is the help, it gives the footer its
//! hints and the README its list, so these cannot disagree.

mod table;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    action::Action,
    state::app::{App, View},
};

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// In every view.
    Anywhere,
    /// In the views that show adaptation curves.
    Curves,
    /// In the views that show runs.
    Runs,
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
    /// While a word is typed that is searched for in the help.
    Search,
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
    /// Anything that can be seen, and a blank.
    Letter,
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
use KeyCode::Char;

pub use table::TABLE;

impl Press {
    fn fits(self, key: &KeyEvent) -> bool {
        let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match self {
            Press::Key(code) => !control && key.code == code,
            Press::Ctrl(letter) => key.modifiers.contains(KeyModifiers::CONTROL) && key.code == Char(letter),
            Press::Digit => !control && matches!(key.code, Char('1'..='9')),
            Press::Letter => !control && matches!(key.code, Char(c) if !c.is_control()),
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
    if let Some(help) = &app.help {
        return if help.typing { Search } else { Help };
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
    // While something is typed, of the keys for everywhere only those with Ctrl do anything.
    let typing = [Prompt, Search].contains(&context);
    let everywhere =
        || means(Anywhere).filter(|binding| !typing || matches!(binding.presses, [Press::Ctrl(_)]));
    let shared = || if has_curves(context) { means(Runs).or_else(|| means(Curves)) } else { None };
    match (means(context).or_else(shared).or_else(everywhere)?.does, key.code) {
        (Does::This(action), _) => Some(action),
        (Does::GoTo, Char(digit)) => Some(Action::GoTo(digit.to_digit(10)? as usize - 1)),
        (Does::Type, Char(letter)) => Some(Action::Type(letter)),
        _ => None,
    }
}

/// Whether the keys for curves and runs work here.
pub fn has_curves(context: Context) -> bool {
    matches!(context, Overview | Experiment)
}

/// Key and hint of everything worth naming in the footer, in order.
pub fn hints(context: Context) -> Vec<(&'static str, &'static str)> {
    let of =
        |wanted: Context, here: bool| TABLE.iter().filter(move |binding| here && binding.context == wanted);
    let own = of(context, true).chain(of(Runs, has_curves(context))).chain(of(Curves, has_curves(context)));
    let everywhere = of(Anywhere, ![Prompt, Search, Help].contains(&context));
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
        ("+", Play) => "+/-",
        ("i", _) => "i/I",
        (">", _) => "</>",
        ("A", _) => "a/A p/P",
        ("V", _) => "v/V",
        ("Y", _) => "N/Y",
        ("[", _) => "[/]",
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
pub const HEADINGS: [(Context, &str); 11] = [
    (Anywhere, "Everywhere"),
    (Runs, "Runs: of the selected experiment on the Overview, the seed in view of one experiment"),
    (Curves, "Adaptation curves: Overview and views of one experiment"),
    (Overview, "Overview"),
    (Experiment, "A view of one experiment"),
    (Tasks, "Tasks"),
    (Play, "Play"),
    (Log, "Log"),
    (Help, "Help"),
    (Search, "While searching the help"),
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
                    Press::Letter => key(Char('x')),
                };
                let expected = match binding.does {
                    Does::This(action) => action,
                    Does::GoTo => Action::GoTo(2),
                    Does::Type if binding.context == Search => Action::Type('x'),
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
