//! The keys that belong to no single view.

use crossterm::event::KeyCode::{
    self, BackTab, Backspace, Char, Down, End, Enter, Esc, Home, PageDown, PageUp, Tab, Up,
};

use super::binding::{Binding, Does, Press, bind, keys};
use crate::ui::action::{Action, Scope};

/// In every view; a view's own keys win over these.
pub static ANYWHERE: &[Binding] = &[
    Binding {
        presses: &[Press::Digit],
        label: "1-9",
        pair: "1-9",
        does: Does::GoTo,
        help: "go to a view",
        hint: "",
    },
    bind(
        keys![Char('v')],
        "v",
        Action::AskView,
        "go to Overview, Tasks, Play, Log ..: then its first letter",
        "",
    ),
    bind(
        keys![Char(':')],
        ":",
        Action::Palette,
        "type a command: pause maml, n 10, view reptile, theme light; Tab completes",
        "",
    ),
    bind(keys![Tab], "Tab", Action::NextView, "next view", "view"),
    bind(keys![BackTab], "Shift-Tab", Action::PreviousView, "previous view", ""),
    bind(
        keys![Char('y')],
        "y",
        Action::Take { copy: true },
        "copy the loss tables (OSC 52), and save as s does",
        "",
    ),
    bind(
        keys![Char('s')],
        "s",
        Action::Take { copy: false },
        "save this view as text and SVG, with the loss tables",
        "",
    ),
    bind(
        keys![Char('e')],
        "e",
        Action::EditFile,
        "open experiments.toml in $VISUAL or $EDITOR, at its first problem or this experiment",
        "edit",
    ),
    bind(
        keys![Char('r')],
        "r",
        Action::ApplyFile,
        "apply the edited file: only the runs it touches start over",
        "",
    ),
    bind(
        keys![Char('O')],
        "O",
        Action::TakeOver,
        "take over: the process that trains saves and lets go, and this one goes on",
        "take over",
    ),
    bind(
        keys![Char('W')],
        "W",
        Action::Tour,
        "walk: the guided tour, ten stations over these views with your results; W or Esc leaves it",
        "",
    ),
    bind(keys![Char('M')], "M", Action::Mouse, "mouse on or off: tabs, rows, points of Play, wheel", ""),
    bind(keys![Esc], "Esc", Action::Escape, "back: crosshair, zoom, full pane", ""),
    bind(keys![Char('?'), KeyCode::F(1)], "?", Action::Help, "every key of this view", "help"),
    bind(
        keys![Char('q')],
        "q",
        Action::Quit,
        "quit; loss tables and verdicts stay on the normal screen",
        "quit",
    ),
    bind(&[Press::Ctrl('c')], "Ctrl-C", Action::Interrupt, "interrupt: quit with exit code 130", ""),
    bind(&[Press::Ctrl('z')], "Ctrl-Z", Action::Suspend, "back to the shell; fg returns", ""),
    bind(&[Press::Ctrl('l')], "Ctrl-L", Action::Redraw, "draw everything anew", ""),
];

/// Where there are runs.
pub static RUNS: &[Binding] = &[
    bind(
        keys![Char('p')],
        "p",
        Action::Pause(Scope::Here),
        "pause; what is paused or stopped goes on",
        "pause",
    ),
    bind(keys![Char('P')], "P", Action::Pause(Scope::All), "the same with every run", ""),
    bind(keys![Char('x')], "x", Action::Stop(Scope::Here), "stop; what was reached is kept", ""),
    bind(keys![Char('X')], "X", Action::Stop(Scope::All), "stop every run", ""),
    bind(
        keys![Char('a')],
        "a",
        Action::StartOver(Scope::Here),
        "start over from step 0; what was there is put aside",
        "",
    ),
    bind(keys![Char('A')], "A", Action::StartOver(Scope::All), "start every run over", ""),
    bind(
        keys![Char('u'), Char('U')],
        "u",
        Action::BringBack,
        "undo: bring back what was put aside, stopped or dropped last",
        "",
    ),
    bind(keys![Char('+'), Char('=')], "+", Action::MoreSeeds, "one more seed for this experiment", "seeds"),
];

/// Where there are adaptation curves.
pub static CURVES: &[Binding] = &[
    bind(
        keys![Char('m')],
        "m",
        Action::Median,
        "mean or median over tasks, in curves and table",
        "mean/median",
    ),
    bind(keys![Char('T')], "T", Action::NextTest, "next test set, for curves, table and fit", ""),
    bind(keys![Char('Y')], "Y", Action::LogY, "loss on a log axis", "log").paired("N/Y"),
    bind(keys![Char('N')], "N", Action::LogX, "n on a log axis", ""),
    bind(
        keys![Char('h')],
        "h",
        Action::Crosshair(-1),
        "crosshair to a smaller n, or step of the loss pane alone",
        "",
    ),
    bind(
        keys![Char('l')],
        "l",
        Action::Crosshair(1),
        "crosshair to a larger n, or step of the loss pane alone",
        "",
    ),
    bind(keys![Char('z')], "z", Action::Zoom, "zoom in; in a view of one experiment the fit alone", ""),
    bind(keys![Char('Z')], "Z", Action::Whole, "the whole again, out of every zoom", ""),
    bind(keys![Char('H')], "H", Action::Pan(-1), "pan left when zoomed in", ""),
    bind(keys![Char('L')], "L", Action::Pan(1), "pan right when zoomed in", ""),
    bind(keys![Char('[')], "[", Action::Travel(-1), "time travel: back towards the initialisation", "time")
        .paired("[/]"),
    bind(keys![Char(']')], "]", Action::Travel(1), "time travel: forward", ""),
    bind(keys![Char('{')], "{", Action::Travel(-10), "time travel: ten notches back", ""),
    bind(keys![Char('}')], "}", Action::Travel(10), "time travel: ten notches forward", ""),
    bind(keys![Char(' ')], "Space", Action::PlayPause, "time travel: play training again, or pause", ""),
    bind(keys![End], "End", Action::Now, "time travel: back to now", ""),
];

/// On the guided tour.
pub static TOUR: &[Binding] = &[
    bind(
        keys![Enter],
        "Enter",
        Action::Walk(1),
        "the next station; after the last one back to where you were",
        "next",
    ),
    bind(keys![Backspace], "Backspace", Action::Walk(-1), "the station before", "back"),
    bind(keys![Esc], "Esc", Action::Tour, "leave the tour, back to where you were", "leave"),
];

/// While the help is open.
pub static HELP: &[Binding] = &[
    bind(keys![Up, Char('k')], "Up", Action::Scroll(-1), "scroll up", "scroll").paired("Up/Down"),
    bind(keys![Down, Char('j')], "Down", Action::Scroll(1), "scroll down", ""),
    bind(&[Press::Key(PageUp), Press::Ctrl('u')], "PgUp", Action::Scroll(-10), "ten lines up, as Ctrl-U", ""),
    bind(
        &[Press::Key(PageDown), Press::Key(Char(' ')), Press::Ctrl('d')],
        "PgDn",
        Action::Scroll(10),
        "ten lines down, as Ctrl-D",
        "",
    ),
    bind(keys![Home, Char('g')], "g", Action::Scroll(i32::MIN), "to the top", ""),
    bind(keys![End, Char('G')], "G", Action::Scroll(i32::MAX), "to the end", ""),
    bind(keys![Char('/')], "/", Action::Search, "search: type a word", "search"),
    bind(
        keys![Esc, Enter, Char('?'), Char('q')],
        "Esc",
        Action::Escape,
        "end the search, close the help",
        "close",
    ),
];

/// While a word is typed that is searched for.
pub static SEARCH: &[Binding] = &[
    bind(keys![Enter, Down], "Enter", Action::Accept, "keep what was found", "keep"),
    bind(keys![Esc], "Esc", Action::Escape, "end the search", "cancel"),
    bind(keys![Backspace], "Backspace", Action::Erase, "erase", ""),
    Binding {
        presses: &[Press::Letter],
        label: "letters",
        pair: "letters",
        does: Does::Type,
        help: "what to search for: in keys and what they do, or in names and differing settings of experiments",
        hint: "",
    },
];

/// While a command is typed.
pub static PALETTE: &[Binding] = &[
    bind(keys![Enter], "Enter", Action::Accept, "do the command that is chosen", "do it"),
    bind(keys![Tab], "Tab", Action::Complete, "type the rest of it", "complete"),
    bind(keys![Down], "Down", Action::Choose(1), "choose the next command", "choose").paired("Up/Down"),
    bind(keys![Up], "Up", Action::Choose(-1), "choose the command before", ""),
    bind(keys![Esc], "Esc", Action::Escape, "leave it", "leave"),
    bind(keys![Backspace], "Backspace", Action::Erase, "erase; with nothing typed, leave it", ""),
    Binding {
        presses: &[Press::Letter],
        label: "letters",
        pair: "letters",
        does: Does::Type,
        help: "the beginning of a command or of some of its words",
        hint: "",
    },
];

/// While a number is typed.
pub static PROMPT: &[Binding] = &[
    bind(keys![Enter], "Enter", Action::Accept, "take the number", "take"),
    bind(keys![Esc], "Esc", Action::Escape, "leave it as it was", "cancel"),
    bind(keys![Backspace], "Backspace", Action::Erase, "erase", ""),
    Binding {
        presses: &[Press::Typed],
        label: "0-9 . e -",
        pair: "0-9 . e -",
        does: Does::Type,
        help: "type a number",
        hint: "",
    },
];

/// While a question is open: what is no answer leaves everything as it is.
pub static QUESTION: &[Binding] = &[
    bind(keys![Char('y'), Enter], "y", Action::Yes, "yes, do it; u brings it back", "yes"),
    bind(keys![Char('n'), Esc], "n", Action::No, "no, leave everything as it is", "no"),
];

/// While the letter of a view is waited for.
pub static LETTER: &[Binding] = &[
    bind(keys![Esc], "Esc", Action::Escape, "stay here", "stay"),
    Binding {
        presses: &[Press::Letter],
        label: "o t p l ..",
        pair: "o t p l ..",
        does: Does::View,
        help: "the first letter of Overview, Tasks, Play, Log and every other view that stays where it is",
        hint: "Overview, Tasks, Play, Log ..",
    },
];
