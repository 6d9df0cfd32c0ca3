//! The commands of the palette, as data: what the keys of the view in front do, from the one key table; and of
//! every view, experiment, test set and theme there is, what can be done with it. Which of them fit what was
//! typed is said here too.

use super::{
    action::{Action, Scope},
    keys,
    state::{app::App, controls::Ask, view::View},
    style::Theme,
    views::binding::{Context, Does},
};
use crate::experiments::FIRST_TEST;

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// What a key does here.
    Do(Action),
    /// The same with all runs of an experiment.
    Of(usize, Action),
    /// Takes the number behind it.
    Number(Ask),
    /// Goes to a view.
    Show(View),
    /// Shows this test set; 0 is the first.
    Test(usize),
    /// Changes the colours.
    Theme(Theme),
}

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// As it is typed.
    pub words: String,
    /// The key that does the same, where there is one.
    pub key: &'static str,
    /// What it does, in a sentence; may be empty where the words say it.
    pub help: &'static str,
    /// What it does.
    pub order: Order,
}

/// What runs of an experiment can be told by its name.
const OF_EXPERIMENTS: [Action; 4] = [
    Action::Pause(Scope::Here),
    Action::Stop(Scope::Here),
    Action::StartOver(Scope::Here),
    Action::MoreSeeds,
];

/// The short name of an action that has one; the others are called by the first words of their help.
fn short(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::Pause(Scope::Here) => "pause",
        Action::Pause(Scope::All) => "pause all",
        Action::Stop(Scope::Here) => "stop",
        Action::Stop(Scope::All) => "stop all",
        Action::StartOver(Scope::Here) => "start over",
        Action::StartOver(Scope::All) => "start over all",
        Action::MoreSeeds => "add seed",
        Action::BringBack => "bring back",
        Action::ApplyFile => "apply file",
        Action::EditFile => "edit file",
        Action::Take { copy: false } => "export svg",
        Action::Take { copy: true } => "copy tables",
        Action::Help => "help",
        Action::Mouse => "mouse",
        Action::Median => "mean or median",
        Action::LogX => "log n",
        Action::LogY => "log loss",
        Action::Ask(Ask::Steps) => "n",
        Action::Ask(Ask::Rate) => "rate",
        Action::Ask(Ask::Task) => "task",
        Action::Ask(Ask::Shots) => "shots",
        _ => return None,
    })
}

/// Every command that does something here and now.
pub fn commands(app: &App) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let here = keys::of_view(app.view);
    let contexts = [here].into_iter().chain(keys::shared(here)).chain([Context::Anywhere]);
    for binding in contexts.flat_map(keys::lines) {
        let Does::This(action) = binding.does else { continue };
        // What ends in another question belongs to its key.
        let is_own = !matches!(action, Action::Palette | Action::AskView | Action::Escape);
        let known = |command: &Command| command.order == Order::Do(action);
        if !is_own || !action.is_offered(app) || commands.iter().any(known) {
            continue;
        }
        let words = binding.help.split([';', ',', '(']).next().unwrap_or_default().trim();
        let order = match action {
            Action::Ask(what) => Order::Number(what),
            action => Order::Do(action),
        };
        let words = short(action).unwrap_or(words).to_owned();
        commands.push(Command { words, key: binding.label, help: binding.help, order });
    }
    let mut add = |words: String, help, order| commands.push(Command { words, key: "", help, order });
    for view in app.views() {
        add(format!("view {}", app.view_name(*view)), "go to this view", Order::Show(*view));
    }
    for action in OF_EXPERIMENTS.into_iter().filter(|action| action.is_offered(app)) {
        for (index, experiment) in app.experiments.iter().enumerate() {
            let words = format!("{} {}", short(action).unwrap_or_default(), experiment.settings.name);
            add(words, "on the Overview, with all of its runs", Order::Of(index, action));
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
    commands
}

/// The commands that what was typed may mean, the likeliest first.
pub fn matching(app: &App, typed: &str) -> Vec<Command> {
    let typed = typed.trim_start().to_lowercase();
    let mut found: Vec<(u8, Command)> =
        commands(app).into_iter().filter_map(|command| Some((fit(&command, &typed)?, command))).collect();
    found.sort_by_key(|(fit, _)| *fit);
    found.into_iter().map(|(_, command)| command).collect()
}

/// How well a command fits, 0 being best; `None` if it does not.
fn fit(command: &Command, typed: &str) -> Option<u8> {
    let words = command.words.to_lowercase();
    if words == typed.trim_end() {
        return Some(0);
    }
    if let Order::Number(_) = command.order
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
pub fn argument<'t>(command: &Command, typed: &'t str) -> Option<&'t str> {
    Some(typed.trim_start().strip_prefix(&command.words)?.strip_prefix(' ')?.trim())
}
