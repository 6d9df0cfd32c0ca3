//! The guided tour: the story of learning to learn in ten stations, each a view of the reader's own study with
//! something set there and a few words over what is seen. A station is a line of [`STATIONS`]; it shows and sets
//! nothing that a command could not.

use super::{
    state::{
        app::{App, View},
        controls::Focus,
    },
    update::tasks::one_sided as next_one_sided,
    views::{self, overview, tasks},
};
use crate::results::text::number;

/// Where a station is.
enum Place {
    /// The Overview.
    Overview,
    /// The tasks.
    Tasks,
    /// The view of the first experiment of this algorithm.
    Of(&'static str),
}

/// A stop of the tour.
pub struct Station {
    /// What it is about.
    pub title: &'static str,
    place: Place,
    /// What is set there: over what the view shows when nobody has set anything.
    set: fn(&mut App),
    /// The words, given the experiment that the view is of.
    words: fn(&App, usize) -> String,
}

/// The fit alone, after one step.
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

fn nothing(_: &mut App) {}

/// The stations, in order.
pub static STATIONS: &[Station] = &[
    Station { title: "The problem", place: Place::Of("maml"), set: after_one, words: problem },
    Station { title: "A thousand waves", place: Place::Tasks, set: nothing, words: waves },
    Station { title: "Why transfer fails", place: Place::Of("transfer"), set: after_ten, words: transfer },
    Station { title: "What MAML asks for", place: Place::Of("maml"), set: about, words: asks },
    Station { title: "One step", place: Place::Of("maml"), set: after_one, words: one_step },
    Station {
        title: "One-sided support",
        place: Place::Of("maml"),
        set: |app| {
            after_ten(app);
            next_one_sided(app);
        },
        words: one_sided,
    },
    Station {
        title: "First order",
        place: Place::Of("first-order-maml"),
        set: after_ten,
        words: first_order,
    },
    Station { title: "Reptile", place: Place::Of("reptile"), set: about, words: reptile },
    Station { title: "What came out", place: Place::Overview, set: nothing, words: contest },
    Station { title: "What to try next", place: Place::Overview, set: nothing, words: next },
];

impl Station {
    /// The view it shows: of what the file lacks, the Overview.
    pub fn view(&self, app: &App) -> View {
        let kind = match self.place {
            Place::Tasks => &tasks::VIEW,
            Place::Of(algorithm) if experiment(app, algorithm).is_some() => &views::experiment::VIEW,
            Place::Overview | Place::Of(_) => &overview::VIEW,
        };
        let experiment = match self.place {
            Place::Of(algorithm) => experiment(app, algorithm),
            Place::Overview | Place::Tasks => None,
        };
        View { kind, experiment }
    }

    /// Sets what is set there, where the file has what it is about.
    pub fn set(&self, app: &mut App) {
        match self.place {
            Place::Of(algorithm) if experiment(app, algorithm).is_none() => {}
            _ => (self.set)(app),
        }
    }

    /// What it has to say.
    pub fn text(&self, app: &App) -> String {
        match self.place {
            Place::Of(algorithm) => match experiment(app, algorithm) {
                Some(index) => (self.words)(app, index),
                None => format!(
                    "This file has no experiment with algorithm = \"{algorithm}\", which this station is about. The \
                     one that `metascope init --preset quick` writes has it."
                ),
            },
            Place::Overview | Place::Tasks => (self.words)(app, 0),
        }
    }
}

fn experiment(app: &App, algorithm: &str) -> Option<usize> {
    app.experiments.iter().position(|experiment| experiment.settings.algorithm.name() == algorithm)
}

/// The mean loss over the test tasks and seeds after n steps, once there is a result.
fn loss(app: &App, experiment: usize, n: usize) -> Option<f64> {
    app.result(experiment)?.mean.get(n).copied().filter(|loss| loss.is_finite())
}

/// The losses on the task in view after these steps.
fn here<const N: usize>(app: &App, experiment: usize, steps: [usize; N]) -> Option<[String; N]> {
    let losses = steps.map(|n| app.fit_after(experiment, n).map(|fit| number(fit.loss)));
    losses.iter().all(Option::is_some).then(|| losses.map(Option::unwrap_or_default))
}

fn prior(app: &App, experiment: usize) -> String {
    number(app.set(experiment).prior(app.curves.average, None))
}

/// What is said in place of a figure that there is not yet.
const LATER: &str = "Its figures come as its runs end.";

fn problem(app: &App, index: usize) -> String {
    let set = app.set(index);
    let one = set.task.family.one();
    let points = app.shown_task(index).map_or(set.task.shots.most, |task| task.support.x.len());
    let seen = match here(app, index, [0, 1]) {
        Some([start, one]) => {
            format!("Before a step this network's test loss on it is {start}, after one step {one}.")
        }
        None => "The network comes with the first report of its training.".to_owned(),
    };
    format!(
        "The dotted line is {one} that no network has seen, and the marks are the {points} points of it that one is \
         shown. From these, and a step or a few of gradient descent, it is to draw the rest. {seen} {} goes to \
         another wave.",
        app.key_of("next-task")
    )
}

fn waves(app: &App, _: usize) -> String {
    let Some(set) = app.sets.first() else { return LATER.to_owned() };
    format!(
        "Every task is another wave. One network that has to answer all of them without knowing which one is meant \
         can do no better than their average: a test loss of {} on the test tasks. No training changes that; only looking at the \
         points of the task at hand does.",
        number(set.prior(crate::eval::Average::Mean, None))
    )
}

fn transfer(app: &App, index: usize) -> String {
    let figures = match (loss(app, index, 0), loss(app, index, 10)) {
        (Some(start), Some(ten)) => format!(
            "Over all test tasks its loss is {} before and {} after ten steps; the best constant guess has {}.",
            number(start),
            number(ten),
            prior(app, index)
        ),
        _ => LATER.to_owned(),
    };
    format!(
        "Transfer learning trains on all waves at once and hopes that what it has learned is of use for a new one. The \
         best single answer to all of them is their average. {figures}"
    )
}

fn asks(app: &App, index: usize) -> String {
    let steps = app.experiments[index].settings.training.inner_steps;
    let steps = if steps == 1 { "one step".to_owned() } else { format!("{steps} steps") };
    format!(
        "MAML does not ask a network to be good, but to be good after {steps} on a task's points: its loss is taken \
         at the weights after the inner step, and the derivative runs through that step back to the weights before \
         it. That is a derivative of a derivative, and here it is exact."
    )
}

fn one_step(app: &App, index: usize) -> String {
    let on_this = match here(app, index, [0, 1]) {
        Some([start, one]) => format!("On this wave one step goes from {start} to {one}."),
        None => String::new(),
    };
    let on_all = match (loss(app, index, 0), loss(app, index, 1), loss(app, index, 10)) {
        (Some(start), Some(one), Some(ten)) => format!(
            "Over all test tasks and seeds: {} before, {} after one step, {} after ten.",
            number(start),
            number(one),
            number(ten)
        ),
        _ => LATER.to_owned(),
    };
    format!(
        "{on_this} {on_all} {} and {} change n, {} goes back to what it was in the middle of its training.",
        app.key_of("more-steps"),
        app.key_of("fewer-steps"),
        app.key_of("travel-back")
    )
}

fn one_sided(app: &App, index: usize) -> String {
    let Some(task) = app.shown_task(index) else { return LATER.to_owned() };
    if !task.is_one_sided() {
        return "None of these test tasks has all of its points on one side of zero, which is where it shows best \
                whether a network has learned what the tasks have in common."
            .to_owned();
    }
    let losses = match here(app, index, [0, 1, 10]) {
        Some([start, one, ten]) => {
            format!("Its loss goes from {start} to {one} after one step and {ten} after ten.")
        }
        None => LATER.to_owned(),
    };
    format!(
        "All points of this wave lie on one side of zero. What the network draws on the other side cannot come from \
         the points: it is what it knows of waves. {losses} {} goes to the next such wave.",
        app.key_of("one-sided-task")
    )
}

fn first_order(app: &App, index: usize) -> String {
    let exact = experiment(app, "maml");
    let figures = match (loss(app, index, 10), exact.and_then(|exact| Some((exact, loss(app, exact, 10)?)))) {
        (Some(without), Some((exact, with))) => format!(
            "Over all test tasks that comes to {} after ten steps, beside {} of {}.",
            number(without),
            number(with),
            app.experiments[exact].settings.name
        ),
        (Some(without), None) => {
            format!("Over all test tasks that comes to {} after ten steps.", number(without))
        }
        _ => LATER.to_owned(),
    };
    format!(
        "First-order MAML takes the gradient at the weights after the inner step and acts as if it were that of the \
         weights before: no second derivative. {figures}"
    )
}

fn reptile(app: &App, index: usize) -> String {
    let figures = match (loss(app, index, 1), loss(app, index, 10)) {
        (Some(one), Some(ten)) => {
            format!("Over all test tasks: {} after one step, {} after ten.", number(one), number(ten))
        }
        _ => LATER.to_owned(),
    };
    format!(
        "Reptile needs no query points and no derivative of a step: it takes several steps on a task and moves the \
         initial weights a little towards where they have led. {figures}"
    )
}

fn contest(app: &App, _: usize) -> String {
    match app.found() {
        said if said.is_empty() => {
            "Which systems are lowest is told here as soon as two of them have results.".to_owned()
        }
        said => said.join(" "),
    }
}

fn next(app: &App, _: usize) -> String {
    let file = &app.file;
    let edit = match (app.study.path.is_some(), app.trains_here()) {
        (true, true) => format!(
            "{} opens {file}: try inner_steps = 5, shots = 5, or phase = [0.0, 3.1416]; {} trains what has changed.",
            app.key_of("edit-file"),
            app.key_of("apply-file")
        ),
        (true, false) => format!(
            "Whoever trains can change {file}: inner_steps = 5, shots = 5, or phase = [0.0, 3.1416] are worth a try."
        ),
        (false, _) => {
            "In a folder of your own, `metascope init` writes an experiments file to change.".to_owned()
        }
    };
    format!(
        "{} plays the training again, everywhere. {} p goes to Play: place points by hand and see what each system \
         makes of them. {edit} `metascope init --preset zoo` has the other learners. {} walks this tour again.",
        app.key_of("replay"),
        app.key_of("view-of-letter"),
        app.key_of("tour")
    )
}
