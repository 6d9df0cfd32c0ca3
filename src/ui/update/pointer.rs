//! What the mouse means: over which part of the screen it is decides. State in, action out; where things
//! are is asked of what draws them.

use ratatui::layout::Rect;

use crate::{
    term::{Button, Mouse, MouseKind},
    ui::{
        action::Action,
        frame::{areas, banner, tabs, tour},
        state::app::App,
        views::{self, entry::wheel},
    },
};

/// What the mouse asks for, if anything.
pub fn action(app: &App, mouse: &Mouse) -> Option<Action> {
    // Reports may still come in after it was switched off.
    if !app.mouse || app.prompt.is_some() {
        return None;
    }
    let screen = Rect { x: 0, y: 0, width: app.size.0, height: app.size.1 };
    let (tabs, body) = areas(screen)?;
    let (column, row) = (mouse.column, mouse.row);
    match mouse.kind {
        MouseKind::Press(Button::Left) if tabs.contains((column, row).into()) => {
            tabs::at(app, tabs, column).map(Action::GoTo)
        }
        MouseKind::Release(Button::Left) => app.play.held.is_some().then_some(Action::LetGo),
        kind if app.help.is_some() => wheel(kind).map(Action::Scroll),
        _ => (views::entry_of(app.view).point)(app, tour::above(app, banner::below(app, body)), mouse),
    }
}
