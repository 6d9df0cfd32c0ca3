//! What stands over the views and takes the keys: a stack, of which the top one is asked first.

use super::controls::{CurveControls, FitControls};
use crate::ui::{command::Command, view::View};

/// A mode.
pub enum Mode<S: 'static> {
    /// The guided tour is offered: somebody is here for the first time.
    Offer,
    /// The guided tour.
    Tour(Box<Visit<S>>),
    /// The help.
    Help(Help),
    /// A word is typed that is searched for: in the help where that is below, else among experiments.
    Search,
    /// A number is typed.
    Prompt(Prompt<S>),
    /// The letter of a view is waited for.
    Letter,
    /// A command is typed.
    Palette(Palette),
    /// Something is asked before it is done.
    Question(Question<S>),
}

/// A visit of the tour.
pub struct Visit<S: 'static> {
    /// The station, from 0.
    pub station: usize,
    /// Which of its scenes, from 0.
    pub scene: usize,
    /// The view that was in front, what was set there, and the pane of Why.
    pub before: (View<S>, FitControls, CurveControls, usize),
}

/// The help, open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// The first line in view.
    pub line: usize,
    /// What is searched for.
    pub search: String,
}

/// A number being typed.
pub struct Prompt<S: 'static> {
    /// The command that takes it.
    pub command: &'static Command<S>,
    /// What was typed so far.
    pub text: String,
}

/// A command being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was typed so far.
    pub text: String,
    /// Which of the commands that fit is chosen.
    pub chosen: usize,
}

/// Something that would throw work away.
pub struct Question<S> {
    /// As it is asked.
    pub text: String,
    /// What a yes does.
    pub yes: fn(&mut S),
}

impl<S> Mode<S> {
    /// The context of its commands; the offer has none of its own.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Offer => return None,
            Self::Tour(_) => "tour",
            Self::Help(_) => "help",
            Self::Search => "search",
            Self::Prompt(_) => "prompt",
            Self::Letter => "letter",
            Self::Palette(_) => "palette",
            Self::Question(_) => "question",
        })
    }
}
