//! Further test sets and published figures on screen: which set is shown, what belongs to it, and what the
//! Figures view says.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    fixture::{self, TESTED, app, notebook, of_experiment, view},
    screens::picture,
};
use crate::{
    eval::Average,
    experiments::parse,
    study::plan,
    task::{TaskSettings, families::sine::SineSettings},
    ui::{
        frame::report,
        state::{app::App, file::Edited},
        style::Styles,
        update::show::go_to,
    },
};

fn press(app: &mut App, code: KeyCode) {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    assert!(crate::ui::update::press(app, &key), "the key means something here");
}

#[test]
fn a_key_walks_through_the_test_sets_and_everything_is_of_the_one_shown() {
    let mut app = fixture::tested(Styles::default());
    // Name, last n, prior mean, loss of MAML at n = 9 as the table and the picture have them.
    let expected = [("[test]", 32, 10, "0.70"), ("[20 shots]", 32, 20, "0.30"), ("[far]", 9, 10, "3.10")];
    let priors: Vec<f64> = (0..3)
        .map(|_| {
            let prior = app.set(0).prior(crate::eval::Average::Mean, None);
            press(&mut app, KeyCode::Char('T'));
            prior
        })
        .collect();
    assert_eq!(app.test, 0, "after the last comes the first");
    assert!((priors[0] - priors[2]).abs() > 0.5, "{priors:?}");
    for ((name, steps, shots, loss), prior) in expected.into_iter().zip(priors) {
        assert_eq!((app.most_steps(), app.set(1).task.shots.most), (steps, shots));
        let screen = picture(&app, 140, 40);
        assert_eq!(screen.matches(name).count(), 2, "plot and table: {screen}");
        let has = |start: &str, number: &str| {
            screen.lines().any(|line| line.contains(start) && line.contains(number))
        };
        assert!(has("MAML", loss), "{screen}");
        assert!(has("prior mean", &format!(" {prior:.2} ")), "{screen}");
        app.view = of_experiment(0);
        let screen = picture(&app, 140, 40);
        assert!(screen.contains(&format!("{name} MAML on test task 1 of 60")), "{screen}");
        assert!(
            screen.contains(&format!("{name} Adaptation")) && screen.contains(&format!("K {shots}")),
            "{screen}"
        );
        app.view = view("Overview");
        press(&mut app, KeyCode::Char('T'));
    }
}

#[test]
fn a_preview_is_of_the_set_shown() {
    let mut app = fixture::tested(Styles::default());
    app.on_event(4, fixture::started("Reptile", 1, 100));
    app.on_snapshot(4, fixture::snapshot(50, 1));
    let mut lengths = Vec::new();
    for _ in 0..3 {
        assert_eq!(app.next_preview(), Some(4), "the one before was of another set");
        let preview = app.preview(4).expect("there is a network");
        lengths.push((preview.1.mean.len(), preview.1.mean[0].to_bits()));
        app.on_preview(4, preview);
        assert_eq!(app.next_preview(), None);
        press(&mut app, KeyCode::Char('T'));
    }
    assert_eq!([lengths[0].0, lengths[1].0, lengths[2].0], [33, 33, 10]);
    assert_ne!(lengths[0].1, lengths[2].1, "other tasks, other losses");
}

#[test]
fn without_further_sets_the_key_says_how_to_have_some() {
    let mut app = fixture::midway(Styles::default());
    press(&mut app, KeyCode::Char('T'));
    assert!(app.said.as_ref().expect("words").text.contains("[[test]]"));
    app.said = None;
    assert!(!picture(&app, 120, 40).contains("[test]"), "nobody has to know that the one set has a name");
}

#[test]
fn figures() {
    let mut app = fixture::tested(Styles::default());
    let tab = app.tab(view("Figures"));
    go_to(&mut app, tab);
    for (width, height) in [(120, 40), (80, 24), (60, 16), (30, 6)] {
        insta::assert_snapshot!(format!("figures_{width}x{height}"), picture(&app, width, height));
    }
    let screen = picture(&app, 120, 40);
    for (figure, verdict) in [
        ("MAML, n=1 ", "cannot tell"),
        ("MAML, 20 shots, n=10", "beats"),
        ("MAML, n=10", "misses"),
        ("Reptile, far, n=5", "waiting"),
    ] {
        let row =
            screen.lines().find(|line| line.contains(figure)).unwrap_or_else(|| panic!("{figure}: {screen}"));
        assert!(row.contains(verdict), "{row}");
    }
    press(&mut app, KeyCode::End);
    assert_eq!(app.figure, 3);
    press(&mut app, KeyCode::Up);
    press(&mut app, KeyCode::Up);
    let screen = picture(&app, 180, 40);
    assert!(screen.contains("(R: recalled, the source was not opened)"), "{screen}");
    assert!(screen.contains("beats: lower, and the intervals do not overlap"), "{screen}");
}

#[test]
fn a_file_without_figures_is_told_how_to_have_some() {
    let mut app = fixture::midway(Styles::default());
    let tab = app.tab(view("Figures"));
    go_to(&mut app, tab);
    insta::assert_snapshot!("figures_none_80x24", picture(&app, 80, 24));
}

#[test]
fn what_is_left_has_a_block_a_test_set_and_the_verdicts() {
    let text = report(&fixture::tested(Styles::default()));
    let blocks: Vec<&str> = text.lines().filter(|line| line.contains("Test loss after")).collect();
    assert_eq!(blocks.len(), 3, "{text}");
    for (block, name) in blocks.iter().zip(["[test]", "[20 shots]", "[far]"]) {
        assert!(block.starts_with(name), "{block}");
    }
    let row = text.lines().find(|line| line.starts_with("MAML, 20 shots, n=10")).expect("a figure");
    assert!(row.contains("0.90") && row.contains("beats") && row.contains("R Somebody else 2018"), "{row}");
    assert!(
        text.lines().any(|line| line.starts_with("Reptile, far, n=5") && line.contains("waiting")),
        "{text}"
    );
}

#[test]
fn another_test_set_keeps_what_is_known_of_the_others() {
    let mut app = fixture::tested(Styles::default());
    press(&mut app, KeyCode::Char('T'));
    let edited = TESTED.replace("shots = 20", "shots = 21").replace("loss = 2.4", "loss = 2.5");
    let study = parse("tested", None, &edited).expect("a good file");
    app.on_file(Ok(study.clone()));
    let Some(Edited::Changed { changes, runs, .. }) = &app.edited else { panic!("{:?}", app.edited) };
    assert_eq!(*runs, [0, 0, 6], "nothing is trained for it");
    assert!(
        changes.iter().any(|change| change.contains("test \"20 shots\": shots 20 to shots 21")),
        "{changes:?}"
    );
    let runs = plan(&study);
    app.replan(&study, &runs, &[0, 1, 2, 3, 4, 5]);
    assert_eq!(app.test_name(), Some("20 shots"), "it is still in view");
    let known = |app: &App, test| app.runs[0].curves.of(test).is_some();
    assert!(known(&app, None) && known(&app, Some("far")) && !known(&app, Some("20 shots")));
    // Without it the first one is in view, and the banner says what goes.
    let gone = edited
        .replace("test = \"20 shots\"\n", "")
        .replace("[[test]]\nname = \"20 shots\"\nshots = 21\n", "");
    let study = parse("tested", None, &gone).expect("a good file");
    app.on_file(Ok(study.clone()));
    let Some(Edited::Changed { changes, .. }) = &app.edited else { panic!("{:?}", app.edited) };
    assert!(changes.iter().any(|change| change.contains("no test \"20 shots\"")), "{changes:?}");
    app.replan(&study, &plan(&study), &[0, 1, 2, 3, 4, 5]);
    assert_eq!((app.test_name(), app.tests.len()), (None, 1));
}

#[test]
fn an_oracle_that_takes_long_is_of_the_first_few_until_all_are_measured() {
    let mut study = notebook();
    let fast = app(&study, Styles::default());
    assert!(fast.oracle_job().is_none());
    assert_eq!(fast.set(0).oracle(Average::Mean), (0.0, true));
    for experiment in &mut study.experiments {
        let own = SineSettings { frequency: [0.5, 2.0], ..SineSettings::default() }.values();
        experiment.task = TaskSettings { own, shots: 2.into(), ..experiment.task.clone() };
    }
    let waiting = app(&study, Styles::default());
    let (of_few, is_of_all) = waiting.set(0).oracle(Average::Mean);
    assert!(!is_of_all && of_few > 0.0);
    let job = waiting.oracle_job().expect("it waits");
    let losses = job.compute();
    assert_eq!(losses.len(), waiting.set(0).count());
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    waiting.take_oracle(&job, losses);
    let (of_all, is_of_all) = waiting.set(0).oracle(Average::Mean);
    assert!(is_of_all && (of_all - mean).abs() < 1e-9 && of_all != of_few, "{of_all}, {of_few}");
    // Of other tasks that have come into its place it says nothing.
    let other = app(&notebook(), Styles::default());
    other.take_oracle(&job, vec![7.0]);
    assert_eq!(other.set(0).oracle(Average::Mean), (0.0, true));
}
