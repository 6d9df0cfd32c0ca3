//! What the mouse does: over which part of the screen it is decides, and where things are is asked of what draws them.

use ratatui::layout::Rect;

use crate::{
    term::{Button, Mouse, MouseKind},
    ui::{
        frame::{areas, banner, tabs},
        modes::{help, tour},
        state::app::{App, Mode},
        update::{look::look, show::go_to},
        view::wheel,
    },
};

/// Does what the mouse asks for; whether it asks for anything.
pub fn point(app: &mut App, mouse: &Mouse) -> bool {
    // Reports may still come in after it was switched off.
    if !app.mouse {
        return false;
    }
    let screen = Rect { x: 0, y: 0, width: app.size.0, height: app.size.1 };
    let Some((tabs, body)) = areas(screen) else { return false };
    let (column, row) = (mouse.column, mouse.row);
    let said = app.said.take();
    let does = match (app.modes.last(), mouse.kind) {
        (None | Some(Mode::Offer | Mode::Tour(_) | Mode::Help(_)), MouseKind::Press(Button::Left))
            if tabs.contains((column, row).into()) =>
        {
            let tab = tabs::at(app, tabs, column);
            tab.is_some_and(|tab| {
                go_to(app, tab);
                true
            })
        }
        (_, MouseKind::Release(Button::Left)) => app.play.let_go() | app.why.let_go(),
        (Some(Mode::Help(_)), kind) => wheel(kind).is_some_and(|lines| {
            help::scroll(app, lines);
            true
        }),
        (None | Some(Mode::Offer | Mode::Tour(_)), _) => {
            (app.view.kind.point)(app, tour::above(app, banner::below(app, body)), mouse)
        }
        // What is typed or asked is not a matter of the mouse.
        _ => false,
    };
    match does {
        true => _ = look(app),
        false => app.said = said,
    }
    does
}
