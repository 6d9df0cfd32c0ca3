//! The guided tour's words, below the view that they are about; or the offer of it.
//!
//! ```text
//! |  the view, as it always is                          |
//! + Tour 3/17: What transfer learns ---------------------+
//! | Transfer learning trains on all waves at once ...   |
//! + Enter next, Backspace back, Esc leaves -------------+
//! ```

use ratatui::{buffer::Buffer, layout::Rect};

use crate::ui::{
    state::{
        app::{App, Command, Mode},
        controls::{CurveControls, FitControls},
        modes::Visit,
    },
    tour::{Scene, scene, stations},
    update::show::show,
    widgets::text::{pane, pane_note, put, wrap},
};

/// Its commands.
pub static COMMANDS: &[Command] = &[
    Command::new(
        "next-station",
        "Enter",
        "what was to be guessed, or the next station; after the last one back to where you were",
        on,
    )
    .hint("next"),
    Command::new("previous-station", "Backspace", "back to the guess, or to the station before", back)
        .hint("back"),
    Command::new("leave-tour", "Esc", "leave the tour, back to where you were", leave).hint("leave"),
];

/// Starts it or, where it is on, leaves it.
pub fn start_or_leave(app: &mut App) {
    if app.visit().is_some() {
        return leave(app);
    }
    let before = (app.view, app.fit.clone(), app.curves, app.why.pane);
    app.return_to_now();
    app.modes.retain(|mode| !matches!(mode, Mode::Offer));
    app.modes.insert(0, Mode::Tour(Box::new(Visit { station: 0, scene: 0, before })));
    arrive(app);
}

/// Shows what was to be guessed, or the next station; past the last one the tour is over.
fn on(app: &mut App) {
    let Some(Mode::Tour(visit)) = app.modes.first_mut() else { return };
    visit.scene += 1;
    if scene(app).is_none()
        && let Some(Mode::Tour(visit)) = app.modes.first_mut()
    {
        (visit.station, visit.scene) = (visit.station + 1, 0);
    }
    arrive(app);
}

/// The scene before.
fn back(app: &mut App) {
    let stations = stations(app);
    let Some(Mode::Tour(visit)) = app.modes.first_mut() else { return };
    match (visit.scene.checked_sub(1), visit.station.checked_sub(1)) {
        (Some(scene), _) => visit.scene = scene,
        (None, Some(station)) => {
            let scenes = stations.get(station).map_or(1, |station| station.scenes().count());
            (visit.station, visit.scene) = (station, scenes - 1);
        }
        (None, None) => {}
    }
    arrive(app);
}

/// Shows the scene's view as nobody has touched it, with what is set there.
fn arrive(app: &mut App) {
    let Some(scene) = scene(app) else { return leave(app) };
    let seed = app.fit.seed;
    (app.fit, app.curves) = (FitControls { seed, ..FitControls::default() }, CurveControls::default());
    show(app, scene.view(app));
    scene.set(app);
    // The station says itself what there is to say.
    app.said = None;
}

/// Back to where the person was, or to the Overview where that is gone.
fn leave(app: &mut App) {
    let Some(at) = app.modes.iter().position(|mode| matches!(mode, Mode::Tour(_))) else { return };
    let Mode::Tour(visit) = app.modes.remove(at) else { return };
    let (view, fit, curves, pane) = visit.before;
    (app.fit, app.curves, app.why.pane) = (fit, curves, pane);
    let view = if app.is_tab(view) { view } else { app.tabs[0] };
    show(app, view);
    app.say(format!("that was the tour; {} walks it again", app.key_of("tour")));
}

/// The area that it leaves to the view.
pub fn above(app: &App, area: Rect) -> Rect {
    let height = content(app, area).map_or(0, |(_, lines, _)| (lines.len() as u16 + 2).min(area.height / 2));
    Rect { height: area.height - height, ..area }
}

/// Draws it, where there is any, and leaves the rest of the area to the view.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) -> Rect {
    let rest = above(app, area);
    let Some((title, lines, note)) = content(app, area) else { return rest };
    let styles = &app.styles;
    let place = Rect { y: rest.bottom(), height: area.height - rest.height, ..area };
    let hidden = lines.len().saturating_sub(usize::from(place.height).saturating_sub(2));
    let note = match hidden {
        0 => note,
        1 => format!("1 line more; {note}"),
        more => format!("{more} lines more; {note}"),
    };
    let inner = pane(buffer, place, &title, styles);
    for (row, line) in lines.iter().take(usize::from(inner.height)).enumerate() {
        put(buffer, inner, inner.x + 1, inner.y + row as u16, line, styles.plain());
    }
    pane_note(buffer, place, &note, styles.key(), styles);
    rest
}

fn content(app: &App, area: Rect) -> Option<(String, Vec<String>, String)> {
    let room = usize::from(area.width).saturating_sub(4);
    let lines = |text: &str| wrap(text, room, &app.styles);
    if matches!(app.modes.first(), Some(Mode::Offer)) {
        let [tour, back] = ["tour", "back"].map(|name| app.key_of(name));
        let offer = format!(
            "{tour} walks you through learning to learn, over these views with your own results: guess, then look."
        );
        return Some((
            "New here?".to_owned(),
            lines(&offer),
            format!("{tour} starts the tour, {back}: not now"),
        ));
    }
    let visit = app.visit()?;
    let stations = stations(app);
    let station = stations.get(visit.station)?;
    let title = format!("Tour {}/{}: {}", visit.station + 1, stations.len(), station.title);
    let [next, previous, leave] =
        ["next-station", "previous-station", "leave-tour"].map(|name| app.key_of(name));
    let is_guess = visit.scene + 1 < station.scenes().count();
    let next = if is_guess { format!("{next} shows it") } else { format!("{next} next") };
    let text = scene(app).map(|scene| Scene::text(scene, app)).unwrap_or_default();
    Some((title, lines(&text), format!("{next}, {previous} back, {leave} leaves")))
}
