//! What the command palette does to the state.

use crate::{
    config::nearest,
    ui::{
        commands::{Command, Order, argument, commands, matching},
        state::{app::App, palette::Palette},
    },
};

/// The command that is chosen.
fn chosen(app: &App) -> Option<Command> {
    let palette = app.palette.as_ref()?;
    matching(app, &palette.text).into_iter().nth(palette.chosen)
}

/// Chooses another of the commands that fit.
pub fn choose(app: &mut App, by: i32) {
    let Some(palette) = &app.palette else { return };
    let many = matching(app, &palette.text).len().max(1) as i64;
    let chosen = (palette.chosen as i64 + i64::from(by)).rem_euclid(many) as usize;
    app.palette = Some(Palette { chosen, text: palette.text.clone() });
}

/// Types the rest of the command that is chosen.
pub fn complete(app: &mut App) {
    let Some(command) = chosen(app) else { return };
    let space = if matches!(command.order, Order::Number(_)) { " " } else { "" };
    app.palette = Some(Palette { text: command.words + space, chosen: 0 });
}

/// Closes the palette with the command that is chosen, and the number behind it; one that wants a number and
/// has none stays open for it.
pub fn enter(app: &mut App) -> Option<(Order, String)> {
    let Some(command) = chosen(app) else {
        unknown(app);
        return None;
    };
    let typed = app.palette.as_ref().map_or("", |palette| &palette.text).to_lowercase();
    let number = argument(&command, &typed).unwrap_or_default().to_owned();
    if matches!(command.order, Order::Number(_)) && number.is_empty() {
        complete(app);
        return None;
    }
    app.palette = None;
    Some((command.order, number))
}

/// Nothing is called so: the nearest that there is. What was typed stays, to be put right.
fn unknown(app: &mut App) {
    let Some(palette) = &app.palette else { return };
    let typed = palette.text.trim();
    let commands = commands(app);
    let names: Vec<&str> = commands.iter().map(|command| command.words.as_str()).collect();
    // Of several words one may be all right.
    let first = typed.split_whitespace().next().unwrap_or_default();
    let firsts: Vec<&str> = names.iter().filter_map(|name| name.split_whitespace().next()).collect();
    let guess = nearest(typed, &names).or_else(|| nearest(first, &firsts).filter(|name| *name != first));
    let guess =
        guess.or_else(|| names.iter().copied().find(|name| name.split_whitespace().next() == Some(first)));
    let hint = guess.map_or("Tab completes".to_owned(), |name| format!("did you mean \"{name}\"?"));
    let text = format!("there is no command \"{typed}\"; {hint}");
    app.say(text);
}
