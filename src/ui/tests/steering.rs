//! Steering runs and editing the file: keys become wishes, events and files become state.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    fixture::{self, NOTEBOOK, of_experiment},
    screens::picture,
    typing::question,
};
use crate::{
    config::LoadError,
    experiments::{load, parse},
    study::{Control, Event, Kind, plan},
    ui::{
        state::app::{App, Effect},
        state::file::Edited,
        state::runs::Phase,
        style::Styles,
    },
};

fn press(app: &mut App, letter: char) {
    press_key(app, KeyCode::Char(letter));
}

fn press_key(app: &mut App, code: KeyCode) {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    assert!(crate::ui::update::press(app, &key), "the key means something here");
}

fn effects(app: &mut App) -> Vec<Effect> {
    std::mem::take(&mut app.effects)
}

fn said(app: &App) -> &str {
    app.said.as_ref().map_or("", |said| &said.text)
}

fn paused(step: u64) -> Event {
    fixture::tells("First-order MAML", 2, Kind::Paused { step })
}

#[test]
fn pausing_takes_what_moves_and_then_lets_it_go_on() {
    let mut app = fixture::midway(Styles::default());
    app.selected = 3;
    press(&mut app, 'p');
    // Of its three runs one is done, one failed, one trains.
    assert_eq!(effects(&mut app), [Effect::Control(vec![11], Control::Pause)]);
    app.on_event(11, paused(26_400));
    assert_eq!(app.runs[11].phase, Phase::Paused);
    assert_eq!(app.runs[11].losses.len(), 132, "what it has told is kept");
    press(&mut app, 'p');
    assert_eq!(effects(&mut app), [Effect::Control(vec![11], Control::Start)]);
    app.on_event(11, fixture::tells("First-order MAML", 2, Kind::Queued { step: 26_400 }));
    app.queue = vec![12, 11];
    assert_eq!(app.place_in_queue(&[11]), "queued, 1 before it");
    assert_eq!((app.runs[11].phase.clone(), app.runs[11].step), (Phase::Queued, 26_400));
    press(&mut app, 'P');
    assert_eq!(effects(&mut app), [Effect::Control(vec![11, 12, 13, 14], Control::Pause)]);
}

#[test]
fn a_view_of_one_experiment_steers_the_seed_in_view() {
    let mut app = fixture::midway(Styles::default());
    app.view = of_experiment(3);
    app.fit.seed = 1;
    press(&mut app, 'p');
    assert!(effects(&mut app).is_empty() && said(&app).contains("has ended"), "it failed");
    press(&mut app, 'a');
    press(&mut app, 'y');
    assert_eq!(effects(&mut app), [Effect::Control(vec![10], Control::Restart)]);
    assert!(said(&app).contains("seed 1"));
    app.on_event(10, fixture::tells("First-order MAML", 1, Kind::Queued { step: 0 }));
    assert_eq!((app.runs[10].phase.clone(), app.runs[10].losses.len()), (Phase::Queued, 0));
    app.fit.seed = 2;
    press(&mut app, 'x');
    assert_eq!(effects(&mut app), [Effect::Control(vec![11], Control::Stop)]);
}

#[test]
fn one_more_seed_is_a_plan_with_one_more_run() {
    let mut app = fixture::midway(Styles::default());
    let maml = app.runs[6].curves.clone();
    press(&mut app, '+');
    let [Effect::Plan(study)] = &effects(&mut app)[..] else { panic!("no plan") };
    assert_eq!(study.experiments[2].seeds, [0, 1, 2, 3]);
    // The study numbers the new run after all others.
    let runs = plan(study);
    let numbers: Vec<usize> = (0..9).chain([15]).chain(9..15).collect();
    app.replan(study, &runs, &numbers);
    assert_eq!(app.experiments[2].runs, [6, 7, 8, 15]);
    assert_eq!((app.runs[15].seed, app.runs[15].phase.clone()), (3, Phase::Queued));
    assert_eq!(app.runs[6].curves, maml, "the others are as they were");
    assert_eq!(app.runs_done(), (11, 16));
}

#[test]
fn a_bad_edit_shows_its_place_and_changes_nothing() {
    let mut app = App::new(&notebook(), &plan(&notebook()), Styles::default());
    let text = NOTEBOOK.replace("outer_steps", "outer_stps");
    app.on_file(parse("x", None, &text).map_err(|problems| LoadError::Problems(problems).into()));
    let Some(Edited::Broken { place: Some((2, 1)), problem, .. }) = &app.edited else {
        panic!("{:?}", app.edited)
    };
    assert!(problem.contains("outer_steps"), "{problem}");
    press(&mut app, 'r');
    assert!(effects(&mut app).is_empty() && said(&app).contains("cannot be used"));
    press(&mut app, 'e');
    assert_eq!(effects(&mut app), [Effect::Edit { line: 2 }]);
    app.on_file(Ok(notebook()));
    assert_eq!(app.edited, None);
}

#[test]
fn an_edited_table_is_told_as_an_edited_file_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, table) = (folder.path().join("x.toml"), folder.path().join("growth.csv"));
    let text = "[task]\nfamily = \"table\"\nfile = \"growth.csv\"\nshots = 2\n\
        [[experiment]]\nname = \"A\"\nalgorithm = \"random\"\nseeds = 2\n";
    let rows =
        |y: u32| (0..40).map(move |at| format!("t{},{},{}\n", at / 4, at % 4, at * y)).collect::<String>();
    std::fs::write(&path, text).expect("written");
    std::fs::write(&table, format!("task,x,y\n{}", rows(1))).expect("written");
    let read = || load(&path).map_err(anyhow::Error::from);
    let study = read().expect("a good file");
    assert_eq!(study.named_files().as_slice(), std::slice::from_ref(&table));
    let mut app = App::new(&study, &plan(&study), Styles::default());
    std::fs::write(&table, format!("task,x,y\n{}", rows(2))).expect("written");
    app.on_file(read());
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("A: growth.csv has other contents"), "{screen}");
    assert!(screen.contains("2 runs start, 2 leave the study, 0 stay as they are"), "{screen}");
    std::fs::write(&table, format!("task,x,y\n{}t9,4,NA\n", rows(2))).expect("written");
    app.on_file(read());
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("A file that it reads cannot be used; what was read runs on"), "{screen}");
    assert!(screen.contains("growth.csv:42:6: y is `NA`"), "{screen}");
    // It is not the place of an editor in the file of experiments.
    press(&mut app, 'e');
    assert_eq!(effects(&mut app), [Effect::Edit { line: 0 }]);
    std::fs::write(&table, format!("task,x,y\n{}", rows(1))).expect("written");
    app.on_file(read());
    assert_eq!(app.edited, None);
}

fn notebook() -> crate::experiments::Study {
    parse("x", None, NOTEBOOK).expect("a good file")
}

#[test]
fn a_good_edit_says_what_changes_and_touches_only_that() {
    let mut app = App::new(&notebook(), &plan(&notebook()), Styles::default());
    let text = NOTEBOOK.replace("name = \"B\"", "name = \"B\"\nouter_lr = 0.02\nmodel = { hidden = 32 }")
        + "[[experiment]]\nname = \"C\"\nalgorithm = \"reptile\"\nseeds = 1\n";
    let edited = parse("x", None, &text).expect("a good file");
    app.on_file(Ok(edited.clone()));
    let Some(Edited::Changed { changes, runs, .. }) = &app.edited else { panic!("{:?}", app.edited) };
    assert_eq!(*changes, ["+ C", "B: outer_lr 0.001 to 0.02, model.hidden 40 to 32"]);
    assert_eq!(*runs, [3, 2, 2]);
    press(&mut app, 'r');
    assert!(effects(&mut app).is_empty(), "two runs would leave the study");
    press(&mut app, 'y');
    assert_eq!(effects(&mut app), [Effect::Plan(Box::new(edited))]);
    assert!(app.edited.is_none() && said(&app).contains("3 runs start, 2 leave the study, 2 stay"));
}

#[test]
fn a_default_that_was_changed_is_said_once() {
    let mut app = App::new(&notebook(), &plan(&notebook()), Styles::default());
    let edited = parse("x", None, &NOTEBOOK.replace("= 100", "= 200")).expect("a good file");
    app.on_file(Ok(edited));
    let Some(Edited::Changed { changes, .. }) = &app.edited else { panic!("{:?}", app.edited) };
    assert_eq!(*changes, ["every experiment: outer_steps 100 to 200"]);
}

#[test]
fn a_setting_that_is_the_default_again_is_said() {
    let deep = parse("x", None, &(NOTEBOOK.to_owned() + "model.layers = 3\n")).expect("a good file");
    let mut app = App::new(&deep, &plan(&deep), Styles::default());
    app.on_file(Ok(notebook()));
    let Some(Edited::Changed { changes, .. }) = &app.edited else { panic!("{:?}", app.edited) };
    assert_eq!(*changes, ["B: model.layers 3 to 2"]);
}

#[test]
fn seeds_and_names_that_go_are_said() {
    let mut app = App::new(&notebook(), &plan(&notebook()), Styles::default());
    let text = NOTEBOOK.replace("seeds = 2", "seeds = 4").replace("name = \"B\"", "name = \"D\"");
    app.on_file(parse("x", None, &text).map_err(|problems| LoadError::Problems(problems).into()));
    let Some(Edited::Changed { changes, runs, .. }) = &app.edited else { panic!("{:?}", app.edited) };
    assert_eq!(*changes, ["+ D", "A: seeds 0, 1 to 0-3", "- B"]);
    assert_eq!(*runs, [6, 2, 2]);
}

#[test]
fn the_help_finds_keys_by_what_they_do() {
    let mut app = fixture::midway(Styles::default());
    press(&mut app, '?');
    press(&mut app, '/');
    "oracle?".chars().for_each(|letter| press(&mut app, letter));
    assert_eq!(app.help().map(|help| help.search.as_str()), Some("oracle?"));
    let area = ratatui::layout::Rect::new(0, 0, 80, 24);
    let screen = |app: &App| {
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        crate::ui::frame::render(app, area, &mut buffer);
        buffer.content().iter().map(|cell| cell.symbol()).collect::<String>()
    };
    assert!(screen(&app).contains("no key does that"));
    press_key(&mut app, KeyCode::Esc);
    press(&mut app, '/');
    "clipb".chars().for_each(|letter| press(&mut app, letter));
    assert!(!screen(&app).contains("copy the loss table"), "it says OSC 52");
    (0..5).for_each(|_| press_key(&mut app, KeyCode::Backspace));
    "OSC".chars().for_each(|letter| press(&mut app, letter));
    assert!(screen(&app).contains("copy the loss table"), "{}", screen(&app));
    assert!(!screen(&app).contains("previous view"));
}

#[test]
fn what_throws_work_away_asks_once_and_can_be_brought_back() {
    let mut app = fixture::midway(Styles::default());
    app.selected = 2;
    for (key, all) in [('a', false), ('A', true)] {
        press(&mut app, key);
        assert!(effects(&mut app).is_empty());
        let asked = question(&app).unwrap_or_default();
        assert!(asked.contains("steps aside"), "{asked}");
        // A key that is no answer does nothing, not even what it would do elsewhere.
        for other in "pqx1".chars() {
            let key = KeyEvent::new(KeyCode::Char(other), KeyModifiers::NONE);
            assert!(!crate::ui::update::press(&mut app, &key), "{other}");
        }
        press(&mut app, 'n');
        assert!(effects(&mut app).is_empty() && question(&app).is_none());
        press(&mut app, key);
        press(&mut app, 'y');
        let runs: Vec<usize> = if all { (0..15).collect() } else { vec![6, 7, 8] };
        assert_eq!(effects(&mut app), [Effect::Control(runs.clone(), Control::Restart)]);
        press(&mut app, 'U');
        assert_eq!(effects(&mut app), [Effect::Control(runs, Control::Restore)]);
        press(&mut app, 'U');
        assert!(effects(&mut app).is_empty(), "it is there again");
    }
    press(&mut app, 'X');
    assert!(effects(&mut app).is_empty());
    press(&mut app, 'y');
    assert_eq!(effects(&mut app), [Effect::Control(vec![11, 12, 13, 14], Control::Stop)]);
    press(&mut app, 'U');
    assert_eq!(effects(&mut app), [Effect::Control(vec![11, 12, 13, 14], Control::Start)]);
    // What has not begun is not worth a question.
    let mut app = fixture::app(&fixture::notebook(), Styles::default());
    press(&mut app, 'A');
    assert_eq!(effects(&mut app).len(), 1);
    // Runs that leave the study.
    let mut app = App::new(&notebook(), &plan(&notebook()), Styles::default());
    let edited = parse("x", None, &NOTEBOOK.replace("= 100", "= 200")).expect("a good file");
    app.on_file(Ok(edited.clone()));
    press(&mut app, 'r');
    assert!(effects(&mut app).is_empty() && question(&app).is_some());
    press(&mut app, 'y');
    assert_eq!(effects(&mut app), [Effect::Plan(Box::new(edited))]);
    press(&mut app, 'U');
    assert_eq!(effects(&mut app), [Effect::Plan(Box::new(notebook()))]);
}
