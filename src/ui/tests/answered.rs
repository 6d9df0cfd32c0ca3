//! Answers of another program on screen: they are drawn and compared as any system's, and where there is nothing to see
//! without a network a sentence says so.

use std::{fmt::Write as _, sync::Arc};

use super::{
    fixture::{self, view},
    screens::picture,
};
use crate::{
    experiments::load,
    model::Kernels,
    study::{Snapshot, plan},
    task::test_tasks,
    ui::{state::app::App, style::Styles},
};

const STUDY: &str = "[defaults]\nseeds = 1\nouter_steps = 40\n[model]\nhidden = 16\n[evaluation]\ntest_tasks = 5\ngrid = 9\nsteps = 3\n\
    [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
    [[experiment]]\nname = \"Mine\"\nalgorithm = \"external\"\npredictions = \"mine.csv\"\n";

/// A study of MAML and of answers that are 0 everywhere after adaptation; both are done.
fn answered() -> App {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("study.toml");
    std::fs::write(&path, STUDY).expect("written");
    let x = crate::task::grid([-5.0, 5.0], 9);
    let mut text = "seed,task,x,y\n".to_owned();
    for (task, x) in (0..5).flat_map(|task| x.iter().map(move |x| (task, x))) {
        writeln!(text, "0,{task},{x},0").expect("text");
    }
    std::fs::write(folder.path().join("mine.csv"), text).expect("written");
    let study = load(&path).expect("a good file");
    let mut app = App::new(&study, &plan(&study), Styles::default());
    for (run, experiment) in study.experiments.iter().enumerate() {
        let name = experiment.name.as_str();
        app.on_event(run, fixture::started(name, 0, experiment.total_steps()));
        let weights = experiment.trainer(0, Kernels::fastest()).weights();
        let tasks = test_tasks(&experiment.task, &experiment.evaluation);
        let curve = crate::eval::curve(&weights, &tasks, &experiment.evaluation);
        let curve = if experiment.algorithm.reads_answers() { curve.as_answered() } else { curve };
        app.on_snapshot(run, Arc::new(Snapshot { step: experiment.total_steps(), weights }));
        app.on_event(run, fixture::evaluated(name, 0, curve));
        app.on_event(run, fixture::finished(name, 0));
    }
    app
}

#[test]
fn answers_that_are_read_have_a_row_a_curve_and_a_fit() {
    let mut app = answered();
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("not trained: read from mine.csv"), "{screen}");
    let row = screen.lines().find(|line| line.contains("Mine") && line.contains("none"));
    assert!(row.is_some_and(|row| !row.contains("none!")), "no task is lost: {screen}");
    assert!(!screen.contains("not finite") && screen.contains("Mine has no answer at n = 0"), "{screen}");
    app.view = fixture::of_experiment(1);
    crate::ui::update::look(&mut app);
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("About answers of another program"), "{screen}");
    assert!(screen.contains("no answer at n = 0") && !screen.contains("not finite"), "{screen}");
    assert!(
        screen.contains("seed 0, as it was read") && screen.contains("not trained: its answers are read"),
        "{screen}"
    );
    app.fit.n = 0;
    crate::ui::update::look(&mut app);
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("seed 0: no answer for n=0 here"), "{screen}");
}

#[test]
fn what_takes_a_network_says_that_there_is_none() {
    let mut app = answered();
    app.selected = 1;
    for (title, sentence) in [
        ("Why", "Mine has no network: the answers of another program are read"),
        ("Inner", "There is no network here: the answers of another program are read."),
        ("Play", "tests only"),
    ] {
        for (width, height) in [(120, 40), (80, 24)] {
            app.view = view(title);
            if title == "Why" {
                app.view.experiment = Some(1);
            }
            crate::ui::update::look(&mut app);
            let screen = picture(&app, width, height);
            assert!(
                screen.contains(&sentence[..sentence.len().min(40)]),
                "{title} {width}x{height}\n{screen}"
            );
        }
    }
}
