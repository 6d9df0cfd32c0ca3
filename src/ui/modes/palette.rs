//! The command palette: the commands that fit what is being typed, over the foot of the view; what is typed is in the
//! line of keys. It has the commands of the view in front and, of every view, experiment, test set and theme there is,
//! what can be done with it.
//!
//! ```text
//! + Commands -------------------------------------------------+
//! | > pause MAML        on the Overview, with all of its runs |
//! |   pause all     P   the same with every run               |
//! + 2 of 14 --------------------------------------------------+
//! ```

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Clear, Widget},
};

use super::prompt;
use crate::{
    config::nearest,
    experiments::FIRST_TEST,
    ui::{
        command::Run,
        state::{
            app::{App, Command, Mode, View},
            modes::Palette,
        },
        style::Theme,
        update::{curves::show_test, run::run, show::show},
        views,
        widgets::text::{pad, pane, pane_note, put, width, wrap},
    },
};

/// Its commands.
pub static COMMANDS: &[Command] = &[
    Command::new("do", "Enter", "do the command that is chosen", enter).hint("do it"),
    Command::new("complete", "Tab", "type the rest of it", complete).hint("complete"),
    Command::new("choose-next", "Down", "choose the next command", |app| choose(app, 1)).hint("choose"),
    Command::new("choose-previous", "Up", "choose the command before", |app| choose(app, -1)).shares_hint(),
    Command::new("leave", "Esc", "leave it", |app| _ = app.modes.pop()).hint("leave"),
    Command::new("erase", "Backspace", "erase; with nothing typed, leave it", |app| {
        let Some(Mode::Palette(palette)) = app.modes.last_mut() else { return };
        palette.chosen = 0;
        if palette.text.pop().is_none() {
            app.modes.pop();
        }
    }),
    Command::typing(
        "type",
        "letters",
        "the beginning of a command or of some of its words",
        |app, letter| {
            let Some(Mode::Palette(palette)) = app.modes.last_mut() else { return };
            if palette.text.chars().count() < LONGEST {
                palette.text.push(letter);
            }
            palette.chosen = 0;
        },
    ),
];

/// Most letters of a command.
const LONGEST: usize = 80;

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// A command, which may take the number behind it.
    Do(&'static Command),
    /// The same with all runs of an experiment.
    Of(usize, &'static Command),
    /// Goes to a view.
    Show(View),
    /// Shows this test set; 0 is the first.
    Test(usize),
    /// Changes the colours.
    Theme(Theme),
}

/// What can be typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// As it is typed.
    pub words: String,
    /// The key that does the same, where there is one.
    pub key: String,
    /// What it does, in a sentence; may be empty where the words say it.
    pub help: &'static str,
    /// What it does.
    pub order: Order,
}

impl Entry {
    fn takes_number(&self) -> bool {
        matches!(self.order, Order::Do(Command { run: Run::Number { .. }, .. }))
    }
}

/// Everything that does something here and now.
pub fn entries(app: &App) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let contexts = app.view_contexts();
    for line in contexts.iter().flat_map(|context| app.keymap.lines(context)) {
        let command = line.command;
        let is_known = entries.iter().any(|entry| entry.words == command.words());
        if !command.is_key_only && !is_known && app.refusal_of(command).is_none() {
            let (words, help) = (command.words(), command.help);
            entries.push(Entry { words, key: line.label(), help, order: Order::Do(command) });
        }
    }
    let mut add = |words: String, help, order| entries.push(Entry { words, key: String::new(), help, order });
    for view in app.views() {
        add(format!("view {}", app.view_name(*view)), "go to this view", Order::Show(*view));
    }
    let runs = app.keymap.lines("runs").iter().map(|line| line.command);
    for command in runs.filter(|command| command.takes_experiment && app.refusal_of(command).is_none()) {
        for (index, experiment) in app.experiments.iter().enumerate() {
            let words = format!("{} {}", command.words(), experiment.settings.name);
            add(words, "on the Overview, with all of its runs", Order::Of(index, command));
        }
    }
    if !app.tests.is_empty() {
        for test in 0..=app.tests.len() {
            let name = app.name_of_test(test).unwrap_or(FIRST_TEST);
            add(format!("test {name}"), "show this test set", Order::Test(test));
        }
    }
    for (name, theme) in Theme::ALL {
        add(format!("theme {name}"), "colours for this ground", Order::Theme(theme));
    }
    entries
}

/// The commands that what was typed may mean, the likeliest first.
pub fn matching(app: &App, typed: &str) -> Vec<Entry> {
    let typed = typed.trim_start().to_lowercase();
    let mut found: Vec<(u8, Entry)> =
        entries(app).into_iter().filter_map(|command| Some((fits(&command, &typed)?, command))).collect();
    found.sort_by_key(|(fit, _)| *fit);
    found.into_iter().map(|(_, command)| command).collect()
}

/// How well a command fits, 0 being best; `None` if it does not.
fn fits(command: &Entry, typed: &str) -> Option<u8> {
    let words = command.words.to_lowercase();
    if words == typed.trim_end() {
        return Some(0);
    }
    if command.takes_number()
        && argument(command, typed)
            .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    {
        return Some(0);
    }
    if words.starts_with(typed) {
        return Some(1);
    }
    let begins = |part: &str| words.split_whitespace().any(|word| word.starts_with(part));
    if typed.split_whitespace().all(begins) {
        return Some(2);
    }
    (typed.len() > 2 && command.help.to_lowercase().contains(typed.trim_end())).then_some(3)
}

/// What was typed behind a command.
fn argument<'t>(command: &Entry, typed: &'t str) -> Option<&'t str> {
    Some(typed.trim_start().strip_prefix(&command.words)?.strip_prefix(' ')?.trim())
}

/// The entry that is chosen, and what was typed.
fn chosen(app: &App) -> Option<(Entry, &str)> {
    let Some(Mode::Palette(palette)) = app.modes.last() else { return None };
    Some((matching(app, &palette.text).into_iter().nth(palette.chosen)?, &palette.text))
}

/// Chooses another of the commands that fit.
fn choose(app: &mut App, by: i32) {
    let Some(Mode::Palette(palette)) = app.modes.last() else { return };
    let many = matching(app, &palette.text).len().max(1) as i64;
    let next = (palette.chosen as i64 + i64::from(by)).rem_euclid(many) as usize;
    if let Some(Mode::Palette(palette)) = app.modes.last_mut() {
        palette.chosen = next;
    }
}

/// Types the rest of the command that is chosen.
fn complete(app: &mut App) {
    let Some((entry, _)) = chosen(app) else { return };
    let space = if entry.takes_number() { " " } else { "" };
    app.modes.pop();
    app.modes.push(Mode::Palette(Palette { text: entry.words + space, chosen: 0 }));
}

/// Closes the palette with the command that is chosen, and the number behind it; one that wants a number and
/// has none stays open for it.
fn enter(app: &mut App) {
    let Some((entry, typed)) = chosen(app) else { return unknown(app) };
    let number = argument(&entry, &typed.to_lowercase()).unwrap_or_default().to_owned();
    if entry.takes_number() && number.is_empty() {
        return complete(app);
    }
    app.modes.pop();
    match entry.order {
        Order::Do(command) if entry.takes_number() => prompt::take(app, command, &number),
        Order::Do(command) => run(app, command),
        Order::Of(experiment, command) => {
            // Where all runs of an experiment are meant, and seen.
            show(app, views::first());
            app.selected = experiment;
            run(app, command);
        }
        Order::Show(view) => show(app, view),
        Order::Test(test) => show_test(app, test),
        Order::Theme(theme) => (app.styles.theme, app.theme_is_said) = (theme, true),
    }
}

/// Nothing is called so: the nearest that there is. What was typed stays, to be put right.
fn unknown(app: &mut App) {
    let Some(Mode::Palette(palette)) = app.modes.last() else { return };
    let typed = palette.text.trim();
    let commands = entries(app);
    let names: Vec<&str> = commands.iter().map(|command| command.words.as_str()).collect();
    // Of several words one may be all right.
    let first = typed.split_whitespace().next().unwrap_or_default();
    let firsts: Vec<&str> = names.iter().filter_map(|name| name.split_whitespace().next()).collect();
    let guess = nearest(typed, &names).or_else(|| nearest(first, &firsts).filter(|name| *name != first));
    let guess =
        guess.or_else(|| names.iter().copied().find(|name| name.split_whitespace().next() == Some(first)));
    let hint = guess.map_or(format!("{} completes", app.keymap.label(&["palette"], "complete")), |name| {
        format!("did you mean \"{name}\"?")
    });
    let text = format!("there is no command \"{typed}\"; {hint}");
    app.say(text);
}

/// Rows of commands.
const ROWS: usize = 10;
/// Columns for words, most of which are no longer.
const WORDS: usize = 26;
/// Columns for keys.
const KEY: usize = 10;
/// Columns of the whole.
const COLUMNS: u16 = 90;

/// Draws the palette over the view.
pub fn draw(app: &App, palette: &Palette, body: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let entries = matching(app, &palette.text);
    let wide = body.width.min(COLUMNS);
    let room = usize::from(wide).saturating_sub(4);
    let longest = entries.iter().map(|entry| width(&entry.words)).max().unwrap_or(0);
    let words = longest.min(WORDS).min(room.saturating_sub(KEY) / 2);
    // What does not fit beside the words goes on below; a long name may be as long.
    let lines = |entry: &Entry| {
        let help = wrap(entry.help, room.saturating_sub(words + 1 + KEY).max(1), styles);
        let words = wrap(&entry.words, words.max(1), styles);
        (words, help)
    };
    let tall = |entry: &Entry| {
        let (words, help) = lines(entry);
        words.len().max(help.len()).max(1)
    };
    // As many before the chosen one as there is room for with it, then those after it.
    let most = ROWS.min(usize::from(body.height.saturating_sub(2))).max(1);
    let mut first = palette.chosen.min(entries.len().saturating_sub(1));
    let mut taken = entries.get(first).map_or(1, tall);
    while first > 0 && taken + tall(&entries[first - 1]) <= most {
        first -= 1;
        taken += tall(&entries[first]);
    }
    let mut shown = 0;
    taken = 0;
    for entry in entries.iter().skip(first) {
        let needed = tall(entry);
        if taken > 0 && taken + needed > most {
            break;
        }
        (taken, shown) = (taken + needed, shown + 1);
    }
    let height = (taken.clamp(1, most) as u16 + 2).min(body.height);
    let area = Rect { y: body.bottom() - height, height, width: wide, ..body };
    Clear.render(area, buffer);
    let inner = pane(buffer, area, "Commands", styles);
    if entries.is_empty() {
        put(buffer, inner, inner.x + 1, inner.y, "no command is called so", styles.warn());
    }
    let mut y = inner.y;
    for (place, entry) in entries.iter().enumerate().skip(first).take(shown) {
        let (mark, style) =
            if place == palette.chosen { (">", styles.selected()) } else { (" ", styles.plain()) };
        let (names, help) = lines(entry);
        for row in 0..tall(entry) {
            let line = |lines: &[String]| lines.get(row).cloned().unwrap_or_default();
            put(buffer, inner, inner.x, y, if row == 0 { mark } else { " " }, styles.key());
            let name = pad(&line(&names), words + 1, styles);
            let x = put(buffer, inner, inner.x + 2, y, &name, style.patch(styles.bold()));
            let key = if row == 0 { entry.key.as_str() } else { "" };
            let x = put(buffer, inner, x, y, &pad(key, KEY, styles), styles.key());
            put(buffer, inner, x, y, &line(&help), styles.plain());
            y += 1;
        }
    }
    if entries.len() > shown {
        let [up, down] = ["choose-previous", "choose-next"].map(|name| app.keymap.label(&["palette"], name));
        let note = format!("{} of {}: {up}/{down}", palette.chosen + 1, entries.len());
        pane_note(buffer, area, &note, styles.warn(), styles);
    }
}
