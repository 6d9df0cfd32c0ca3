//! Every change of the dashboard's state: what a person does to it is here and in `steer`, `play` and
//! `rewind`, what the study reports in `intake`, what the experiments file says in `file`, another study in
//! `plan`. A key becomes an [`Action`] in [`super::keys`], the mouse in `pointer`.

mod curves;
mod file;
mod hands;
mod intake;
mod list;
mod palette;
mod plan;
mod play;
pub mod pointer;
mod rewind;
mod say;
mod show;
mod steer;
mod sweep;
mod tasks;
mod undo;
mod visit;

use crate::experiments::FIRST_TEST;
use crate::ui::{
    action::Action,
    commands::Order,
    frame,
    state::{
        app::{App, Effect, Help, MOST_SHOTS, MOST_STEPS},
        controls::{Ask, Focus, Prompt},
        palette::Palette,
        tour::Tour,
        view::View,
    },
    views,
};

use curves::{crosshair, pan, step, zoom_in};
use show::{show, turn};
use tasks::{next_task, one_sided, order};

pub use file::Watch;

/// What takes the mouse takes it from the terminal's own selecting.
const MOUSE_ON: &str = "mouse: tabs, rows, the points of Play, wheel; Shift selects text, M gives it back";

/// Changes the state as a person asked.
pub fn update(app: &mut App, action: Action) {
    let before = (app.view.kind.undoes && action != Action::BringBack).then(|| app.play.made());
    change(app, action);
    if let Some(before) = before {
        app.play.remember(before);
    }
}

fn change(app: &mut App, action: Action) {
    app.said = None;
    if !action.is_offered(app) {
        let refusal = match action {
            Action::Rate(_) | Action::Ask(Ask::Rate) => "its inner steps have no rate".to_owned(),
            _ => app.refusal(),
        };
        return app.say(refusal);
    }
    if let Some(question) = app.question(action) {
        app.question = Some(question);
        return;
    }
    match action {
        Action::Quit => app.effects.push(Effect::Quit),
        Action::Interrupt => app.effects.push(Effect::Interrupt),
        Action::Suspend => app.effects.push(Effect::Suspend),
        Action::Redraw => app.effects.push(Effect::Redraw),
        Action::Take { copy } => app.effects.push(Effect::Take { copy }),
        Action::Mouse => {
            app.mouse ^= true;
            app.effects.push(Effect::Mouse(app.mouse));
            app.say(if app.mouse { MOUSE_ON } else { "the mouse is the terminal's again" });
        }
        Action::Travel(by) => {
            app.rewind.playing = None;
            app.travel(by);
        }
        Action::PlayPause => app.play_or_pause(),
        Action::Now => app.return_to_now(),
        Action::NextView => turn(app, 1),
        Action::PreviousView => turn(app, -1),
        Action::GoTo(tab) => match app.tabs.get(tab) {
            Some(view) => show(app, *view),
            None => app.say(format!("there is no view {}", tab + 1)),
        },
        Action::Pause(scope) => app.pause_or_go_on(scope),
        Action::Stop(scope) => app.stop(scope),
        Action::StartOver(scope) => app.start_over(scope),
        Action::MoreSeeds => app.one_more_seed(),
        Action::ApplyFile => app.apply_file(),
        Action::EditFile => app.edit_file(),
        Action::TakeOver => app.take_over(),
        Action::Yes => app.answer_yes(),
        Action::No => app.question = None,
        Action::BringBack if app.view.kind.undoes => {
            if !app.play.undo() {
                app.say("nothing has been changed here");
            }
        }
        Action::BringBack => app.bring_back(),
        Action::AskView => app.asks_view = true,
        Action::View(letter) => {
            app.asks_view = false;
            match app.tabs.iter().find(|view| letter_of(view) == Some(letter)) {
                Some(view) => show(app, *view),
                None => app.say(format!("there is no view {letter}")),
            }
        }
        Action::Ends(last) => ends(app, last),
        Action::Pages(by) => pages(app, by),
        Action::Help => app.help = Some(Help::default()),
        Action::Search => match &mut app.help {
            Some(help) => *help = Help { typing: true, ..Help::default() },
            None => (app.list.typing, app.list.filter) = (true, String::new()),
        },
        Action::Tour => {
            let set = visit::start_or_leave(app);
            arrive(app, set);
        }
        Action::Walk(by) => {
            let set = visit::walk(app, by);
            arrive(app, set);
        }
        Action::Escape => escape(app),
        Action::Select(by) => list::select(app, by),
        Action::Cell(right, down) => sweep::move_by(app, right, down),
        Action::CellAt(row, column) => sweep::to(app, row, column),
        Action::BestCell => sweep::to_best(app),
        Action::OpenCell => sweep::open_cell(app),
        Action::Slice(by) => sweep::slice(app, by),
        Action::TurnAxes => sweep::turn_axes(app),
        Action::SelectThis(index) => app.selected = index.min(app.experiments.len().saturating_sub(1)),
        Action::Open => {
            let tab = app.tab_of(app.selected);
            show(app, app.tabs[tab]);
        }
        Action::NextTask => next_task(app, 1),
        Action::PreviousTask => next_task(app, -1),
        Action::OneSided => one_sided(app),
        Action::Order if app.view.experiment.is_none() => list::sort(app),
        Action::Order => order(app),
        Action::Hide => list::hide(app),
        Action::ShowAll => list::show_all(app),
        Action::Differences => app.list.differences ^= true,
        Action::FixY => {
            app.fit.fixed_y ^= true;
            app.say(match app.fit.fixed_y {
                true => "y: all that the family reaches, the same for every task",
                false => "y: what each task needs",
            });
        }
        Action::Steps(by) | Action::PlaySteps(by) => app.fit.n = step(app.fit.n, by, MOST_STEPS + 1),
        Action::Rate(by) => {
            let rate = nudged(app.current_rate(), by);
            app.fit.inner_lr = Some(rate);
        }
        Action::Shots(by) => {
            let shots = app.fit.shots.unwrap_or(file_shots(app));
            app.fit.shots = Some(step(shots, by, MOST_SHOTS + 1).max(1));
        }
        Action::Reset => {
            app.fit.inner_lr = None;
            app.fit.shots = None;
            app.fit.n = 10;
        }
        Action::Seed(by) => {
            let seeds = match app.view.experiment {
                Some(index) => app.experiments[index].runs.len(),
                None => app.experiments.iter().map(|experiment| experiment.runs.len()).max().unwrap_or(0),
            };
            app.fit.seed = step(app.fit.seed, by, seeds);
        }
        Action::Compare => compare(app),
        Action::Focus => {
            app.curves.report = None;
            app.fit.focus = match app.fit.focus {
                Focus::All => Focus::Fit,
                Focus::Fit => Focus::Loss,
                Focus::Loss => Focus::Adaptation,
                Focus::Adaptation => Focus::About,
                Focus::About => Focus::All,
            }
        }
        Action::Palette => app.palette = Some(Palette::default()),
        Action::Complete => palette::complete(app),
        Action::Choose(by) => palette::choose(app, by),
        Action::Ask(what) => app.prompt = Some(Prompt { what, text: String::new() }),
        Action::Type(letter) => {
            if let Some(palette) = &mut app.palette {
                if palette.text.chars().count() < 80 {
                    palette.text.push(letter);
                }
                palette.chosen = 0;
            } else if let Some(help) = app.help.as_mut().filter(|help| help.typing) {
                if help.search.chars().count() < 40 {
                    help.search.push(letter);
                }
                help.line = 0;
            } else if app.list.typing {
                if app.list.filter.chars().count() < 40 {
                    app.list.filter.push(letter);
                }
                list::stay_listed(app);
            } else if let Some(prompt) = &mut app.prompt
                && prompt.text.len() < 12
            {
                prompt.text.push(letter);
            }
        }
        Action::Erase => {
            if let Some(palette) = &mut app.palette {
                palette.chosen = 0;
                if palette.text.pop().is_none() {
                    app.palette = None;
                }
            } else if let Some(help) = app.help.as_mut().filter(|help| help.typing) {
                help.search.pop();
            } else if app.list.typing {
                app.list.filter.pop();
            } else if let Some(prompt) = &mut app.prompt {
                prompt.text.pop();
            }
        }
        Action::Accept if app.palette.is_some() => {
            if let Some((order, number)) = palette::enter(app) {
                obey(app, order, number);
            }
        }
        Action::Accept => accept(app),
        Action::Scroll(by) => match app.help.take() {
            Some(help) => {
                let line = step(help.line, by, frame::furthest(app, &help) + 1);
                app.help = Some(Help { line, ..help });
            }
            None => app.log_back = step(app.log_back, by, app.log.len()),
        },
        Action::Median => app.curves.average = app.curves.average.other(),
        Action::NextTest => next_test(app),
        Action::Figure(by) => app.figure = step(app.figure, by, app.figures().len()),
        Action::LogX => app.curves.log_x = Some(!app.axes().log_n),
        Action::LogY => app.curves.log_y = Some(!app.axes().log_loss),
        Action::Smooth => {
            app.curves.smoothing = app.curves.smoothing.next();
            app.say(format!("training loss: {}", app.curves.smoothing.words()));
        }
        Action::Crosshair(by) => crosshair(app, by),
        // In a view of one experiment it is the fit that grows, unless the curves have the screen to themselves.
        Action::Zoom => match (app.view.experiment, app.fit.focus) {
            (Some(_), Focus::All | Focus::Fit) => app.fit.focus = Focus::Fit,
            _ => zoom_in(app),
        },
        Action::Whole => {
            app.curves.window = None;
            if app.view.experiment.is_some() {
                app.fit.focus = Focus::All;
            }
        }
        Action::Pan(by) => pan(app, by),
        Action::Cursor(across, up) => {
            app.play.move_by(f64::from(across) / 60.0, f64::from(up) / 30.0);
        }
        Action::Place => {
            let placed = app.play.place();
            enough(app, placed);
        }
        Action::PlaceOnWave => {
            let placed = app.play.place_on_wave();
            enough(app, placed);
        }
        Action::PlaceAt { x, y } => {
            let placed = app.play.place_at(x, y);
            enough(app, placed);
        }
        Action::Hold(point) => app.play.hold(point),
        Action::DragTo { x, y } => app.play.move_to(x, y),
        Action::LetGo => app.play.held = None,
        Action::Delete(point) => app.play.remove(point),
        Action::Grab => app.play.grab(),
        Action::Remove => app.play.delete(),
        Action::Clear => app.play.clear(),
        Action::Surprise => {
            let words = app.play.surprise();
            app.say(words);
        }
        Action::Amplitude(by) => {
            let most = app.play.height;
            let amplitude = &mut app.play.sine.amplitude;
            *amplitude = (*amplitude + f64::from(by) * most / 50.0).clamp(0.0, most);
        }
        Action::Phase(by) => {
            let phase = app.play.sine.phase + f64::from(by) * std::f64::consts::TAU / 48.0;
            app.play.sine.phase = phase.rem_euclid(std::f64::consts::TAU);
        }
        Action::Noise(by) => {
            let most = app.play.height;
            app.play.noise = (app.play.noise + f64::from(by) * 0.05).clamp(0.0, most);
        }
    }
}

/// Does what a command says.
fn obey(app: &mut App, order: Order, number: String) {
    match order {
        Order::Do(action) => update(app, action),
        Order::Of(experiment, action) => {
            // Where all runs of an experiment are meant, and seen.
            show(app, views::first());
            app.selected = experiment;
            update(app, action);
        }
        Order::Number(what) => {
            app.prompt = Some(Prompt { what, text: number });
            accept(app);
        }
        Order::Show(view) => show(app, view),
        Order::Test(test) => show_test(app, test),
        Order::Theme(theme) => (app.styles.theme, app.theme_is_said) = (theme, true),
    }
}

fn enough(app: &mut App, placed: bool) {
    if !placed {
        app.say("that is enough support points");
    }
}

/// Sets what a station of the tour sets, which says itself what there is to say.
fn arrive(app: &mut App, set: &[Action]) {
    set.iter().for_each(|action| update(app, *action));
    if !set.is_empty() {
        app.said = None;
    }
}

fn escape(app: &mut App) {
    if app.palette.take().is_some() || app.prompt.take().is_some() || std::mem::take(&mut app.asks_view) {
        return;
    }
    if std::mem::take(&mut app.list.typing) {
        return app.list.filter.clear();
    }
    match &mut app.help {
        // Of a search first what was typed goes, then the help.
        Some(help) if help.typing || !help.search.is_empty() => return *help = Help::default(),
        Some(_) => return app.help = None,
        None => {}
    }
    if app.tour == Tour::Offered {
        return app.tour = Tour::Off;
    }
    if *app.view.kind == views::play::VIEW.kind && app.play.held.take().is_some() {
        return;
    }
    let curves = &mut app.curves;
    if curves.report.take().is_some() || curves.crosshair.take().is_some() || curves.window.take().is_some() {
        return;
    }
    if app.view.experiment.is_some() {
        let was_changed = app.fit.compare.is_some() || app.fit.focus != Focus::All;
        app.fit.compare = None;
        app.fit.focus = Focus::All;
        if !was_changed {
            sweep::back_to_map(app);
        }
    } else if *app.view.kind == views::overview::VIEW.kind {
        app.list.filter.clear();
    }
}

/// The letter of a view that does not come and go with experiments: its title's first.
fn letter_of(view: &View) -> Option<char> {
    let letter = view.kind.title.chars().next().filter(|_| view.experiment.is_none());
    letter.map(|letter| letter.to_ascii_lowercase())
}

/// To the first or the last of what the view in front moves through.
fn ends(app: &mut App, last: bool) {
    let far = if last { i32::MAX } else { -i32::MAX };
    move_by(app, far);
}

/// Ten of what the view in front moves through, down or up.
fn pages(app: &mut App, by: i32) {
    move_by(app, by.saturating_mul(10));
}

fn move_by(app: &mut App, by: i32) {
    match app.view {
        View { kind, .. } if kind.sweep => sweep::move_by(app, 0, by),
        View { experiment: Some(_), .. } => next_task(app, by),
        view if *view.kind == views::overview::VIEW.kind => {
            list::select(app, by);
        }
        view if *view.kind == views::tasks::VIEW.kind => next_task(app, by / 3),
        _ => {}
    }
}

fn next_test(app: &mut App) {
    if app.tests.is_empty() {
        return app.say("there is one test set; a [[test]] in the file adds another");
    }
    show_test(app, (app.test + 1) % (app.tests.len() + 1));
}

/// Shows this test set. What was computed for the one before is of no use there.
fn show_test(app: &mut App, test: usize) {
    app.test = test;
    for run in &mut app.runs {
        (run.preview, run.past.curve) = (None, None);
    }
    (app.curves.crosshair, app.curves.window) = (None, None);
    if let Some(index) = app.view.experiment {
        app.fit.task = app.fit.task.min(app.set(index).count().saturating_sub(1));
    }
    let name = app.test_name().unwrap_or(FIRST_TEST).to_owned();
    app.say(format!("test set {} of {}: {name}", app.test + 1, app.tests.len() + 1));
}

fn file_shots(app: &App) -> usize {
    app.set(app.view.experiment.unwrap_or(0)).task.shots
}

/// The next rate up or down in tenths of a decade, rounded to two digits: 0.01, 0.013, 0.016, 0.02, ...
fn nudged(rate: f64, by: i32) -> f64 {
    let tenth = (rate.max(1e-9).log10() * 10.0).round() + f64::from(by);
    let rate = 10f64.powf(tenth.clamp(-60.0, 10.0) / 10.0);
    let digit = 10f64.powf(rate.log10().floor() - 1.0);
    let rounded = (rate / digit).round() * digit;
    // Through its own text, so that 0.02 is 0.02 and not 0.020000000000000004.
    format!("{rounded:.2e}").parse().unwrap_or(rounded)
}

fn compare(app: &mut App) {
    let Some(shown) = app.view.experiment else { return };
    let after = app.fit.compare.map_or(0, |index| index + 1);
    // Of a sweep the best cell, and not every one of a hundred.
    let mut others = app.leaders();
    others.sort_unstable();
    app.fit.compare = others.into_iter().find(|index| *index != shown && *index >= after);
    if app.rows.len() < 2 {
        app.say("there is no other experiment to compare with");
    }
}

fn accept(app: &mut App) {
    if let Some(help) = &mut app.help {
        help.typing = false;
    }
    app.list.typing = false;
    let Some(prompt) = app.prompt.take() else { return };
    if prompt.text.is_empty() {
        return;
    }
    let tasks = app.view.experiment.map_or(0, |index| app.set(index).count());
    let whole = prompt.text.parse::<usize>().ok();
    let refusal = match (prompt.what, whole, prompt.text.parse::<f64>().ok()) {
        (Ask::Steps, Some(n), _) if n <= MOST_STEPS => {
            app.fit.n = n;
            None
        }
        (Ask::Steps, ..) => Some(format!("steps are a whole number from 0 to {MOST_STEPS}")),
        (Ask::Task, Some(task), _) if (1..=tasks).contains(&task) => {
            (app.fit.task, app.fit.chosen) = (task - 1, true);
            None
        }
        (Ask::Task, ..) => Some(format!("test tasks are 1 to {tasks}")),
        (Ask::Shots, Some(shots), _) if (1..=MOST_SHOTS).contains(&shots) => {
            app.fit.shots = Some(shots);
            None
        }
        (Ask::Shots, ..) => Some(format!("support points are a whole number from 1 to {MOST_SHOTS}")),
        (Ask::Rate, _, Some(rate)) if rate.is_finite() && (0.0..=10.0).contains(&rate) => {
            app.fit.inner_lr = Some(rate);
            None
        }
        (Ask::Rate, ..) => Some("an inner rate is a number from 0 to 10".to_owned()),
    };
    if let Some(refusal) = refusal {
        app.say(format!("\"{}\": {refusal}", prompt.text));
    }
}
