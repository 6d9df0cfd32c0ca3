//! The guided tour as a person walks it: from station to station, and back to where the person was. What a station
//! sets is handed to whoever does actions.

use super::show::show;
use crate::ui::{
    action::Action,
    state::{
        app::App,
        controls::{CurveControls, FitControls},
        tour::{Tour, Visit},
    },
    tour::STATIONS,
};

/// Starts it or, where it is on, leaves it.
pub fn start_or_leave(app: &mut App) -> &'static [Action] {
    if matches!(app.tour, Tour::On(_)) {
        leave(app);
        return &[];
    }
    let before = (app.view, app.fit.clone(), app.curves);
    app.return_to_now();
    app.tour = Tour::On(Box::new(Visit { station: 0, before }));
    arrive(app)
}

/// Goes on by so many stations; past the last one the tour is over.
pub fn walk(app: &mut App, by: i32) -> &'static [Action] {
    let Tour::On(visit) = &mut app.tour else { return &[] };
    let to = visit.station as i64 + i64::from(by);
    if to >= STATIONS.len() as i64 {
        leave(app);
        return &[];
    }
    visit.station = to.max(0) as usize;
    arrive(app)
}

/// Shows the station's view as nobody has touched it; what is to be set there.
fn arrive(app: &mut App) -> &'static [Action] {
    let Tour::On(visit) = &app.tour else { return &[] };
    let Some(station) = STATIONS.get(visit.station) else { return &[] };
    let seed = app.fit.seed;
    (app.fit, app.curves) = (FitControls { seed, ..FitControls::default() }, CurveControls::default());
    let view = station.view(app);
    show(app, view);
    station.actions(app)
}

/// Back to where the person was, or to the Overview where that is gone.
fn leave(app: &mut App) {
    let Tour::On(visit) = std::mem::take(&mut app.tour) else { return };
    let (view, fit, curves) = visit.before;
    (app.fit, app.curves) = (fit, curves);
    let view = if app.tabs.contains(&view) { view } else { app.tabs[0] };
    show(app, view);
    app.say("that was the tour; W walks it again");
}
