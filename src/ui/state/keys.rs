//! Where a key is pressed: the contexts whose commands it can mean, the first one first, and what is offered there.

use super::{
    app::{App, Command, Mode},
    modes::{Help, Visit},
};
use crate::ui::keymap::Hint;

impl App {
    /// The contexts of the view in front.
    pub fn view_contexts(&self) -> Vec<&'static str> {
        self.view.kind.contexts()
    }

    /// The contexts in which a key is pressed now: those of the mode on top, and of what it lets through.
    pub fn contexts(&self) -> Vec<&'static str> {
        let Some((mode, name)) = self.modes.last().and_then(|mode| Some((mode, mode.name()?))) else {
            return self.view_contexts();
        };
        match mode {
            Mode::Tour(_) => [vec![name], self.view_contexts()].concat(),
            Mode::Help(_) => vec![name, "everywhere", "always"],
            _ => vec![name, "always"],
        }
    }

    /// What the footer hints at.
    pub fn hints(&self) -> Vec<Hint> {
        let contexts = self.contexts();
        let contexts = if self.help().is_some() { &contexts[..1] } else { &contexts };
        self.keymap.hints(contexts, |command| self.refusal_of(command).is_none())
    }

    /// Why a command can do nothing here and now, if so.
    pub fn refusal_of(&self, command: &Command) -> Option<String> {
        match command.steers && !self.trains_here() {
            true => Some(self.refusal()),
            false => (command.refusal)(self),
        }
    }

    /// The key of a command as a sentence names it.
    pub fn key_of(&self, command: &str) -> String {
        self.keymap.label(&self.view_contexts(), command)
    }

    /// The help, where it is open.
    pub fn help(&self) -> Option<&Help> {
        self.modes.iter().find_map(|mode| match mode {
            Mode::Help(help) => Some(help),
            _ => None,
        })
    }

    /// The help, where it is open.
    pub(in crate::ui) fn help_mut(&mut self) -> Option<&mut Help> {
        self.modes.iter_mut().find_map(|mode| match mode {
            Mode::Help(help) => Some(help),
            _ => None,
        })
    }

    /// The guided tour, where it is on.
    pub fn visit(&self) -> Option<&Visit<Self>> {
        self.modes.iter().find_map(|mode| match mode {
            Mode::Tour(visit) => Some(&**visit),
            _ => None,
        })
    }
}
