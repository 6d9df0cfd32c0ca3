//! The commands that belong to no single view: those of every view, of runs, of adaptation curves.

use super::{
    command::Group,
    modes::tour,
    state::{
        app::{App, Command, Effect, Mode},
        controls::Focus,
        modes::{Help, Palette},
    },
    update::{
        curves,
        show::{go_to, turn},
        steer::{self, Scope},
        sweep,
    },
    views::{overview, play},
};

/// Whatever is open.
pub static ALWAYS: &[Command] = &[
    Command::new("interrupt", "Ctrl-C", "interrupt: quit with exit code 130", |app| {
        app.effects.push(Effect::Interrupt);
    })
    .group(Group::Leave),
    Command::new("suspend", "Ctrl-Z", "back to the shell; fg returns", |app| {
        app.effects.push(Effect::Suspend)
    })
    .group(Group::Leave),
    Command::new("redraw", "Ctrl-L", "draw everything anew", |app| app.effects.push(Effect::Redraw)),
];

/// In every view; a view's own keys win over these.
pub static EVERYWHERE: &[Command] = &[
    Command::typing("go-to-view", "1-9", "go to a view", |app, digit| {
        if let Some(number) = digit.to_digit(10) {
            go_to(app, (number as usize).saturating_sub(1));
        }
    })
    .group(Group::Move),
    Command::new(
        "view-of-letter",
        "v",
        "go to Overview, Tasks, Play, Log ..: then its first letter",
        |app| {
            app.modes.push(Mode::Letter);
        },
    )
    .group(Group::Move)
    .key_only(),
    Command::new("command", ":", "type a command: pause maml, n 10, view reptile, theme light", |app| {
        app.modes.push(Mode::Palette(Palette::default()))
    })
    .group(Group::Move)
    .key_only(),
    Command::new("next-view", "Tab", "next view", |app| turn(app, 1)).hint("view").group(Group::Move),
    Command::new("previous-view", "Shift-Tab", "previous view", |app| turn(app, -1)).group(Group::Move),
    Command::new("copy-tables", "y", "copy the loss tables (OSC 52), and save this view too", |app| {
        app.effects.push(Effect::Take { copy: true });
    })
    .group(Group::Leave),
    Command::new("export-svg", "s", "save this view as text and SVG, with the loss tables", |app| {
        app.effects.push(Effect::Take { copy: false });
    })
    .group(Group::Leave),
    Command::new(
        "edit-file",
        "e",
        "open experiments.toml in $VISUAL or $EDITOR, at its first problem or this experiment",
        steer::edit_file,
    )
    .hint("edit")
    .steers(),
    Command::new(
        "apply-file",
        "r",
        "apply the edited file: only the runs it touches start over",
        steer::apply_file,
    )
    .steers(),
    Command::new(
        "take-over",
        "O",
        "take over: the process that trains saves and lets go, and this one goes on",
        App::take_over,
    )
    .hint("take over")
    .group(Group::Steer)
    .unless(|app| {
        let can = !app.trains_here() && app.trainers.can_take && !app.trainers.asked;
        (!can).then(|| app.refusal())
    }),
    Command::new(
        "tour",
        "W",
        "walk: the guided tour, a lesson over these views with your results, or leave it",
        tour::start_or_leave,
    ),
    Command::new("mouse", "M", "mouse on or off: tabs, rows, points of Play, wheel", |app| {
        app.mouse ^= true;
        app.effects.push(Effect::Mouse(app.mouse));
        // What takes the mouse takes it from the terminal's own selecting.
        let back = app.key_of("mouse");
        let on =
            format!("mouse: tabs, rows, the points of Play, wheel; Shift selects text, {back} gives it back");
        app.say(if app.mouse { on } else { "the mouse is the terminal's again".to_owned() });
    }),
    Command::new("back", "Esc", "back: crosshair, zoom, full pane", back).group(Group::Move).key_only(),
    Command::new("help", "? F1", "every key of this view", |app| {
        app.modes.retain(|mode| !matches!(mode, Mode::Help(_)));
        app.modes.push(Mode::Help(Help::default()));
    })
    .hint("help"),
    Command::new("quit", "q", "quit; loss tables and verdicts stay on the normal screen", |app| {
        app.effects.push(Effect::Quit);
    })
    .hint("quit")
    .group(Group::Leave),
];

/// Where there are runs.
pub static RUNS: &[Command] = &[
    Command::new("pause", "p", "pause; what is paused or stopped goes on", |app| {
        app.pause_or_go_on(Scope::Here)
    })
    .hint("pause")
    .steers()
    .takes_experiment(),
    Command::new("pause-all", "P", "the same with every run", |app| app.pause_or_go_on(Scope::All)).steers(),
    Command::new("stop", "x", "stop; what was reached is kept", |app| app.stop(Scope::Here))
        .steers()
        .takes_experiment(),
    Command::new("stop-all", "X", "stop every run", steer::stop_all).steers(),
    Command::new("start-over", "a", "start over from step 0; what was there is put aside", |app| {
        steer::start_over(app, Scope::Here);
    })
    .steers()
    .takes_experiment(),
    Command::new("start-over-all", "A", "start every run over", |app| steer::start_over(app, Scope::All))
        .steers(),
    Command::new(
        "bring-back",
        "u U",
        "undo: bring back what was put aside, stopped or dropped last",
        |app| {
            app.bring_back();
        },
    )
    .steers(),
    Command::new("add-seed", "+ =", "one more seed for this experiment", App::one_more_seed)
        .hint("seeds")
        .steers()
        .takes_experiment(),
];

/// Where there are adaptation curves.
pub static CURVES: &[Command] = &[
    Command::new("mean-or-median", "m", "mean or median over tasks, in curves and table", |app| {
        app.curves.average = app.curves.average.other();
    })
    .hint("mean/median"),
    Command::new("next-test", "T", "next test set, for curves, table and fit", curves::next_test),
    Command::new("log-n", "N", "n on a log axis", |app| app.curves.log_x = Some(!app.axes().log_n))
        .hint("log"),
    Command::new("log-loss", "Y", "loss on a log axis", |app| app.curves.log_y = Some(!app.axes().log_loss))
        .shares_hint(),
    curves::SMALLER_N.keys("h"),
    curves::LARGER_N.keys("l"),
    Command::new("zoom", "z", "zoom in; in a view of one experiment the fit alone", |app| {
        // In a view of one experiment it is the fit that grows, unless the curves have the screen to themselves.
        match (app.view.experiment, app.fit.focus) {
            (Some(_), Focus::All | Focus::Fit) => app.fit.focus = Focus::Fit,
            _ => curves::zoom_in(app),
        }
    }),
    Command::new("zoom-out", "Z", "the whole again, out of every zoom", |app| {
        app.curves.window = None;
        if app.view.experiment.is_some() {
            app.fit.focus = Focus::All;
        }
    }),
    Command::new("pan-left", "H", "pan left when zoomed in", |app| curves::pan(app, -1)),
    Command::new("pan-right", "L", "pan right when zoomed in", |app| curves::pan(app, 1)),
];

/// Where networks are looked at, as they were in their training.
pub static TRAVEL: &[Command] = &[
    Command::new("travel-back", "[", "time travel: back towards the initialisation", |app| app.travel(-1))
        .hint("time"),
    Command::new("travel-forward", "]", "time travel: forward", |app| app.travel(1)).shares_hint(),
    Command::new("travel-far-back", "{", "time travel: ten notches back", |app| app.travel(-10)),
    Command::new("travel-far-forward", "}", "time travel: ten notches forward", |app| app.travel(10)),
    Command::new("replay", "Space", "time travel: play training again, or pause", App::play_or_pause),
    Command::new("now", "End", "time travel: back to now", App::return_to_now),
];

/// Back one step.
fn back(app: &mut App) {
    if matches!(app.modes.last(), Some(Mode::Offer)) {
        app.modes.pop();
        return;
    }
    if *app.view.kind == play::VIEW && app.play.let_go() {
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
    } else if *app.view.kind == overview::VIEW {
        app.list.filter.clear();
    }
}
