//! The key table as a whole: the keys that work everywhere and those of every view. It dispatches, it is the
//! help, it gives the footer its hints and docs/keys.md its list, so these cannot disagree.

use crossterm::event::{KeyCode::Char, KeyEvent};

use super::{
    action::Action,
    state::{app::App, tour::Tour, view::View},
    views::{
        VIEWS,
        binding::{Binding, Context, Does, Press},
        entry_of_kind, everywhere,
    },
};

/// The context a key is pressed in.
pub fn context(app: &App) -> Context {
    match &app.help {
        _ if app.question.is_some() => Context::Question,
        _ if app.palette.is_some() => Context::Palette,
        _ if app.asks_view => Context::Letter,
        _ if app.prompt.is_some() => Context::Prompt,
        Some(help) if help.typing => Context::Search,
        Some(_) => Context::Help,
        None if app.list.typing => Context::Search,
        None if matches!(app.tour, Tour::On(_)) => Context::Tour(app.view.kind),
        None => of_view(app.view),
    }
}

/// The context of a view.
pub fn of_view(view: View) -> Context {
    Context::View(view.kind)
}

/// The keys of a context. The first one that fits wins.
pub fn lines(context: Context) -> &'static [Binding] {
    match context {
        Context::Anywhere => everywhere::ANYWHERE,
        Context::Runs => everywhere::RUNS,
        Context::Curves => everywhere::CURVES,
        Context::View(kind) => entry_of_kind(kind).keys,
        Context::Tour(_) => everywhere::TOUR,
        Context::Help => everywhere::HELP,
        Context::Search => everywhere::SEARCH,
        Context::Palette => everywhere::PALETTE,
        Context::Prompt => everywhere::PROMPT,
        Context::Question => everywhere::QUESTION,
        Context::Letter => everywhere::LETTER,
    }
}

/// What this key means here, if anything: a context's own keys win over those of runs and curves, and these
/// over the keys for everywhere. While something is typed, of the last only those with Ctrl do anything.
pub fn action(context: Context, key: &KeyEvent) -> Option<Action> {
    let means = |wanted: Context| {
        lines(wanted).iter().find(|binding| binding.presses.iter().any(|press| press.fits(key)))
    };
    let typing = is_typing(context);
    let everywhere =
        || means(Context::Anywhere).filter(|binding| !typing || matches!(binding.presses, [Press::Ctrl(_)]));
    let found = means(context).or_else(|| shared(context).into_iter().find_map(means));
    match (found.or_else(everywhere)?.does, key.code) {
        (Does::This(action), _) => Some(action),
        (Does::GoTo, Char(digit)) => Some(Action::GoTo(digit.to_digit(10)? as usize - 1)),
        (Does::Type, Char(letter)) => Some(Action::Type(letter)),
        (Does::View, Char(letter)) => Some(Action::View(letter)),
        _ => None,
    }
}

/// Whether keys are an answer to something, and not keys of a view.
fn is_typing(context: Context) -> bool {
    [Context::Palette, Context::Prompt, Context::Search, Context::Question, Context::Letter]
        .contains(&context)
}

/// What a context shares with others: views that show curves have the keys for curves and runs, and on the tour
/// every key of the view is there.
pub fn shared(context: Context) -> Vec<Context> {
    match context {
        Context::View(kind) if kind.curves => vec![Context::Runs, Context::Curves],
        Context::Tour(kind) => {
            let view = Context::View(kind);
            [view].into_iter().chain(shared(view)).collect()
        }
        _ => Vec::new(),
    }
}

/// Key and hint of everything worth naming in the footer, in order.
pub fn hints(context: Context) -> Vec<(&'static str, &'static str)> {
    hinted(context).map(|binding| (binding.pair, binding.hint)).collect()
}

/// The same, of what does something here and now.
pub fn hints_here(app: &App, context: Context) -> Vec<(&'static str, &'static str)> {
    let here = hinted(context).filter(|binding| is_offered(app, binding));
    here.map(|binding| (binding.pair, binding.hint)).collect()
}

fn hinted(context: Context) -> impl Iterator<Item = &'static Binding> {
    let everywhere = match context {
        Context::Help => None,
        context if is_typing(context) => None,
        _ => Some(Context::Anywhere),
    };
    let contexts = [context].into_iter().chain(shared(context)).chain(everywhere);
    let contexts: Vec<Context> = contexts.collect();
    contexts.into_iter().flat_map(lines).filter(|binding| !binding.hint.is_empty())
}

/// Whether a key does anything here and now.
pub fn is_offered(app: &App, binding: &Binding) -> bool {
    match binding.does {
        Does::This(action) => action.is_offered(app),
        Does::GoTo | Does::Type | Does::View => true,
    }
}

/// The help of a context: key and sentence.
pub fn help(context: Context) -> Vec<(&'static str, &'static str)> {
    lines(context).iter().map(|binding| (binding.label, binding.help)).collect()
}

/// Every context with its heading, in the order the help and docs/keys.md list them.
pub fn headings() -> impl Iterator<Item = (Context, &'static str)> {
    let first = [
        (Context::Anywhere, "Everywhere"),
        (
            Context::Runs,
            "Runs: of the selected row on the Overview, the cell of a sweep, the seed in view of one experiment",
        ),
        (Context::Curves, "Adaptation curves: Overview and views of one experiment"),
    ];
    let last = [
        (Context::Tour(&VIEWS[0].kind), "On the guided tour, besides the keys of its views"),
        (Context::Help, "Help"),
        (Context::Search, "While a word is typed that is searched for"),
        (Context::Palette, "While a command is typed"),
        (Context::Prompt, "While a number is typed"),
        (Context::Question, "While a question is open"),
        (Context::Letter, "After `v`"),
    ];
    let views = VIEWS.iter().map(|entry| (Context::View(&entry.kind), entry.heading));
    first.into_iter().chain(views).chain(last)
}

/// What a capital letter means, everywhere; docs/keys.md says it.
pub const CAPITALS: &str = "A capital letter is its small letter for everything (p: these runs, P: every run; d: a \
                            point, D: all points) or another matter, never the way back. What goes both ways has a \
                            pair of signs or of neighbours: ( and ), [ and ], h and l. Only g and G are first and \
                            last, as in less and vim.";

/// The list of docs/keys.md.
pub fn markdown() -> String {
    let mut text = format!("{CAPITALS}\n\n");
    for (context, heading) in headings() {
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
    use std::collections::HashSet;

    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    fn table() -> impl Iterator<Item = (Context, &'static Binding)> {
        headings().flat_map(|(context, _)| lines(context).iter().map(move |binding| (context, binding)))
    }

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn every_line_is_reachable_in_its_context() {
        for (context, binding) in table() {
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
                    Does::View => Action::View('x'),
                    Does::Type if [Context::Search, Context::Palette].contains(&context) => Action::Type('x'),
                    Does::Type => Action::Type('7'),
                };
                assert_eq!(action(context, &event), Some(expected), "{}", binding.label);
            }
        }
    }

    #[test]
    fn typing_a_number_reaches_no_view() {
        assert_eq!(action(Context::Prompt, &key(Char('q'))), None);
        assert_eq!(action(Context::Prompt, &key(Char('4'))), Some(Action::Type('4')));
        let interrupt = KeyEvent::new(Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action(Context::Prompt, &interrupt), Some(Action::Interrupt));
    }

    #[test]
    fn help_footer_and_readme_name_the_same_keys() {
        let readme = markdown();
        for (context, _) in headings() {
            for (label, sentence) in help(context) {
                assert!(readme.contains(&format!("| `{label}` | {sentence} |")));
            }
            for (_, hint) in hints(context) {
                assert!(table().any(|(_, binding)| binding.hint == hint));
            }
        }
        let titles: HashSet<_> = headings().map(|(_, heading)| heading).collect();
        assert_eq!(titles.len(), headings().count(), "no two contexts have the same heading");
    }
}
