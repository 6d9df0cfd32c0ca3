//! The guided tour: a lesson on learning to learn over the reader's own study. A station is a view with something set there
//! and a few words over what is seen; some ask for a guess first, over another scene, before they show it. A station is a
//! line of [`STATIONS`]; it shows and sets nothing that a command could not.

mod words;

use self::words::experiment;
use super::{
    state::{
        app::{App, View},
        controls::Focus,
    },
    update::tasks::one_sided as next_one_sided,
    views::{self, overview, tasks, why},
};
use crate::eval::LossAxis;

/// Where a scene is.
enum Place {
    /// The Overview.
    Overview,
    /// The tasks.
    Tasks,
    /// The view of the first experiment of this algorithm.
    Of(&'static str),
    /// The view of the first experiment whose network reads its points.
    Reader,
    /// A pane of Why on the first experiment of an algorithm, beside that of another one where the file has it.
    Why(&'static str, &'static str, Option<&'static str>),
}

/// A view with something set there, and words over it.
pub struct Scene {
    place: Place,
    /// What is set there: over what the view shows when nobody has set anything.
    set: fn(&mut App),
    /// The words, given the experiment that the view is of.
    words: fn(&App, usize) -> String,
}

/// A stop of the tour.
pub struct Station {
    /// What it is about.
    pub title: &'static str,
    /// What is to be guessed, where something is.
    guess: Option<Scene>,
    scene: Scene,
}

const fn station(
    title: &'static str,
    place: Place,
    set: fn(&mut App),
    words: fn(&App, usize) -> String,
) -> Station {
    Station { title, guess: None, scene: Scene { place, set, words } }
}

impl Station {
    /// The same after a guess.
    const fn after(self, place: Place, set: fn(&mut App), words: fn(&App, usize) -> String) -> Self {
        Self { guess: Some(Scene { place, set, words }), ..self }
    }

    /// The scenes, one after the other.
    pub fn scenes(&self) -> impl Iterator<Item = &Scene> {
        self.guess.iter().chain([&self.scene])
    }
}

/// The fit alone, before any step.
fn before(app: &mut App) {
    (app.fit.focus, app.fit.n) = (Focus::Fit, 0);
}

/// The same after one.
fn after_one(app: &mut App) {
    (app.fit.focus, app.fit.n) = (Focus::Fit, 1);
}

/// The same after ten.
fn after_ten(app: &mut App) {
    (app.fit.focus, app.fit.n) = (Focus::Fit, 10);
}

/// The pane on the learner alone.
fn about(app: &mut App) {
    app.fit.focus = Focus::About;
}

/// The curves over support points, where there are any.
fn over_points(app: &mut App) {
    app.curves.axis = LossAxis::Points;
}

fn nothing(_: &mut App) {}

/// The stations, in order.
pub static STATIONS: &[Station] =
    &[
        station("The problem", Place::Of("maml"), after_one, words::problem),
        station("Many tasks", Place::Tasks, nothing, words::waves),
        station("What transfer learns", Place::Of("transfer"), after_ten, words::transfer),
        station(
            "Why transfer stays",
            Place::Why("transfer", "kernel", Some("maml")),
            nothing,
            words::transfer_stays,
        )
        .after(Place::Of("transfer"), after_ten, words::guess_transfer),
        station("What MAML asks for", Place::Of("maml"), about, words::asks),
        station("The kernel", Place::Why("maml", "kernel", None), nothing, words::kernel).after(
            Place::Of("maml"),
            before,
            words::guess_kernel,
        ),
        station("One step", Place::Of("maml"), after_one, words::one_step),
        station("One step, point by point", Place::Why("maml", "one-step", None), nothing, words::points),
        station(
            "One-sided support",
            Place::Of("maml"),
            |app| {
                after_ten(app);
                next_one_sided(app);
            },
            words::one_sided,
        )
        .after(
            Place::Of("maml"),
            |app| {
                before(app);
                next_one_sided(app);
            },
            words::guess_other_side,
        ),
        station("Head or body", Place::Why("maml", "head-or-body", None), nothing, words::head_or_body)
            .after(Place::Of("maml"), after_one, words::guess_head),
        station("First order", Place::Of("first-order-maml"), after_ten, words::first_order),
        station(
            "Why it starts there",
            Place::Why("first-order-maml", "gradients", None),
            nothing,
            words::high_start,
        ),
        station("Reptile", Place::Of("reptile"), about, words::reptile),
        station(
            "Reptile, k by hand",
            Place::Why("reptile", "reptile", None),
            |app| app.fit.n = 1,
            words::reptile_by_hand,
        )
        .after(Place::Of("reptile"), about, words::guess_reptile),
        station("A good rate", Place::Why("maml", "rates", None), nothing, words::rate).after(
            Place::Of("maml"),
            after_one,
            words::guess_rate,
        ),
        station("What came out", Place::Overview, nothing, words::contest),
        station("What to try next", Place::Overview, nothing, words::next),
        station("Reading instead of stepping", Place::Reader, over_points, words::reading),
    ];

/// Those of this study: the last one is about networks that read, and there only where one does.
pub fn stations(app: &App) -> &'static [Station] {
    let left_out = usize::from(words::reader(app).is_none());
    &STATIONS[..STATIONS.len() - left_out]
}

/// The scene that the visit is at.
pub fn scene(app: &App) -> Option<&'static Scene> {
    let visit = app.visit()?;
    stations(app).get(visit.station)?.scenes().nth(visit.scene)
}

impl Scene {
    /// The algorithm that it is of.
    fn algorithm(&self) -> Option<&'static str> {
        match self.place {
            Place::Of(algorithm) | Place::Why(algorithm, ..) => Some(algorithm),
            Place::Overview | Place::Tasks | Place::Reader => None,
        }
    }

    /// The view it shows: of what the file lacks, the Overview.
    pub fn view(&self, app: &App) -> View {
        if let (Place::Reader, Some(reader)) = (&self.place, words::reader(app)) {
            return View { kind: &views::experiment::VIEW, experiment: Some(reader) };
        }
        let of = self.algorithm().map(|algorithm| experiment(app, algorithm));
        let kind = match (&self.place, of) {
            (Place::Tasks, _) => &tasks::VIEW,
            (Place::Of(_), Some(Some(_))) => &views::experiment::VIEW,
            (Place::Why(..), Some(Some(_))) => &why::VIEW,
            _ => &overview::VIEW,
        };
        View { kind, experiment: of.flatten() }
    }

    /// Sets what is set there, where the file has what it is about.
    pub fn set(&self, app: &mut App) {
        if self.algorithm().is_some_and(|algorithm| experiment(app, algorithm).is_none()) {
            return;
        }
        if let Place::Why(_, pane, beside) = self.place {
            why::show_pane(app, pane);
            app.fit.compare = beside.and_then(|beside| experiment(app, beside));
        }
        (self.set)(app);
    }

    /// What it has to say.
    pub fn text(&self, app: &App) -> String {
        match self.algorithm() {
            Some(algorithm) => match experiment(app, algorithm) {
                Some(index) => (self.words)(app, index),
                None => format!(
                    "This file has no experiment with algorithm = \"{algorithm}\", which this station is about. The \
                     one that `metascope init --preset quick` writes has it."
                ),
            },
            None => (self.words)(app, 0),
        }
    }
}
