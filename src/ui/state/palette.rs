//! The command palette while it is open.

/// A command being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was typed so far.
    pub text: String,
    /// Which of the commands that fit is chosen.
    pub chosen: usize,
}
