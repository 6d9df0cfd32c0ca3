//! What Why shows where: the experiments in view, the task, and for each network its frame, its words and its picture.

use ratatui::layout::Rect;

use crate::{
    results::why::{Of, PANES, Pane},
    task::TestTask,
    ui::{
        state::app::App,
        widgets::text::{count, fit, inside, width, wrap},
    },
};

/// The pane in view.
pub fn pane_in_view(app: &App) -> &'static Pane {
    &PANES[app.why.pane.min(PANES.len() - 1)]
}

/// The experiments in view: the one that is looked at, and the one beside it.
pub fn shown(app: &App) -> Vec<usize> {
    let there = |index: &usize| *index < app.experiments.len();
    app.view.experiment.into_iter().chain(app.fit.compare).filter(there).collect()
}

/// Whose support points are in view: test set, task, how many.
pub fn task_in_view(app: &App, experiment: usize) -> (usize, usize, usize) {
    let count = app.set(experiment).count();
    (app.test, app.fit.task.min(count.saturating_sub(1)), app.fit.shots.unwrap_or(0))
}

/// The test task in view, with its points as a person has changed them.
pub fn shown_task(app: &App, experiment: usize) -> Option<TestTask> {
    let task = app.shown_task(experiment)?;
    let support = app.why.by_hand(task_in_view(app, experiment)).map(|points| points.support());
    Some(TestTask { support: support.unwrap_or(task.support), ..task })
}

/// Where a network is drawn: its frame, its words, its picture.
pub struct Place {
    /// Whose network it is.
    pub experiment: usize,
    /// Its frame.
    pub frame: Rect,
    /// What is there, line by line.
    pub says: Vec<String>,
    /// What is inside of the frame.
    pub inner: Rect,
    /// What is left of that for the picture.
    pub picture: Rect,
}

/// What to look for, line by line, and where every network is drawn.
pub fn places(app: &App, area: Rect) -> (Vec<String>, Vec<Place>) {
    let room = usize::from(area.width).saturating_sub(2);
    let most = match area.height {
        20.. => 3,
        16.. => 2,
        _ => 1,
    };
    let head = lines(&format!("Look for: {}", pane_in_view(app).look_for), room, most, app);
    let below = head.len() as u16;
    let area = Rect { y: area.y + below, height: area.height.saturating_sub(below), ..area };
    let shown = shown(app);
    let frames = match shown.len() {
        2 if area.width >= SIDE_BY_SIDE => {
            let left = Rect { width: area.width / 2, ..area };
            vec![left, Rect { x: left.right(), width: area.width - left.width, ..area }]
        }
        2 => {
            let upper = Rect { height: area.height / 2, ..area };
            vec![upper, Rect { y: upper.bottom(), height: area.height - upper.height, ..area }]
        }
        _ => vec![area],
    };
    let place = |(experiment, frame): (&usize, Rect)| {
        let inner = inside(frame);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        let most = match inner.height {
            20.. if inner.width < 60 => 6,
            16.. if inner.width < 60 => 5,
            12.. => 4,
            _ => 2,
        };
        let says = lines(&says(app, *experiment), usize::from(inner.width), most, app);
        let below = says.len() as u16;
        let picture = Rect { y: inner.y + below, height: inner.height.saturating_sub(below), ..inner };
        Place { experiment: *experiment, frame, says, inner, picture }
    };
    (head, shown.iter().zip(frames).map(place).collect())
}

/// Columns from which on two networks stand side by side.
const SIDE_BY_SIDE: u16 = 76;

/// `text` in at most so many lines: whole sentences as long as there is one; what is left out is marked.
fn lines(text: &str, room: usize, most: usize, app: &App) -> Vec<String> {
    let styles = &app.styles;
    let all = wrap(text, room, styles);
    if all.len() <= most {
        return all;
    }
    let ends = text.rmatch_indices(". ").map(|(at, _)| at + 1);
    let mut whole =
        ends.map(|end| wrap(&format!("{} {}", &text[..end], styles.glyphs().ellipsis()), room, styles));
    whole.find(|lines| lines.len() <= most).unwrap_or_else(|| {
        let mut lines = all;
        let rest = lines.split_off(most.max(1) - 1).join(" ");
        lines.push(fit(&rest, room, styles));
        lines
    })
}

/// Which network it is, at which moment, on what; what has no room goes from the end on, so that the step is told as long
/// as there is any.
pub fn title(app: &App, experiment: usize, is_first: bool, room: usize) -> String {
    let (pane_of, at) = (pane_in_view(app), app.why.pane + 1);
    let name = &app.experiments[experiment].settings.name;
    let heading =
        if is_first { format!("{at}/{} {}: {name}", PANES.len(), pane_of.title) } else { name.clone() };
    let Some((of, _)) = app.why.known(experiment) else { return heading };
    match pane_of.of {
        Of::Course(_) => {
            let (known, all) = of.run;
            let seeds = app.experiments[experiment].runs.len();
            let seeds = if seeds == 1 { "1 seed".to_owned() } else { format!("{seeds} seeds") };
            match known as u64 == all {
                true => format!("{heading}, {seeds}, {all} looks"),
                false => format!("{heading}, {seeds}, {known} of {all} looks"),
            }
        }
        Of::Network(_) => {
            let (run, step) = of.run;
            let seed = app.runs.get(run).map_or(0, |run| run.seed);
            let changed = app.why.by_hand(task_in_view(app, experiment)).is_some();
            let points = if changed { ", your points" } else { "" };
            let is_own = app.set(experiment).task.family.units().are_own();
            let units = if is_own { "" } else { ", in its own units" };
            let step = count(step);
            let task = format!("{heading}, seed {seed} at step {step}, task {}{points}", of.task.1 + 1);
            let shorter = [
                format!("{task}{units}"),
                task,
                format!("{heading}, seed {seed} at step {step}"),
                format!("{heading}, step {step}"),
            ];
            shorter.into_iter().find(|title| width(title) <= room).unwrap_or(heading)
        }
    }
}

/// What is there, or why nothing is.
fn says(app: &App, experiment: usize) -> String {
    let settings = &app.experiments[experiment].settings;
    let name = &settings.name;
    let has_network = app.chosen_run(experiment).is_some_and(|run| app.shown_snapshot(run).is_some());
    if settings.algorithm.reads_answers() {
        return format!(
            "{name} has no network: the answers of another program are read, and there is no step to take apart."
        );
    }
    match app.why.known(experiment) {
        Some((_, Some(found))) => found.says(),
        Some((_, None)) => format!(
            "{name} takes no gradient steps, so this has no meaning for it: there is none to take apart. The pane Kernel has \
             what a support point does to it."
        ),
        None if has_network => "being computed".to_owned(),
        None => format!("{name} has no network yet."),
    }
}
