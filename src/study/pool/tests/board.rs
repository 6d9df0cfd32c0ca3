//! The board without threads: what it answers to what it is told.

use std::sync::Arc;

use proptest::prelude::*;

use crate::eval::{Curves, statistics};
use crate::experiments::{Experiment, TestSettings, parse};
use crate::model::Kernels;
use crate::study::disk::steered::Steered;
use crate::study::event::{Event, Kind};
use crate::study::plan::{Run, plan};
use crate::study::pool::board::{Answer, Board};
use crate::study::pool::control::Control;
use crate::study::pool::evaluation::{Evaluation, TestSets};
use crate::study::pool::going::{Clock, Going, Progress};
use crate::study::pool::stages::Work;
use crate::task::{EvaluationSettings, TaskSettings};

/// The runs of experiments of these names, steps and seeds.
fn runs(experiments: &[(&str, u64, u64)]) -> Vec<Run> {
    let mut text = "[model]\nhidden = 16\n[evaluation]\ntest_tasks = 100\nsteps = 1\n".to_owned();
    for (name, steps, seeds) in experiments {
        text += &format!(
            "[[experiment]]\nname = \"{name}\"\nalgorithm = \"maml\"\nouter_steps = {steps}\nseeds = {seeds}\n"
        );
    }
    plan(&parse("test", None, &text).expect("a good file"))
}

/// A board with the runs of these experiments.
fn board(experiments: &[(&str, u64, u64)]) -> Board {
    let mut board = Board::default();
    let runs = runs(experiments);
    assert_eq!(board.plan(runs.clone()), (0..runs.len()).collect::<Vec<_>>());
    board
}

/// What a run of a board goes on from after this many steps.
fn going(board: &Board, run: usize, step: u64) -> Box<Going> {
    let Run { settings, seed, .. } = board.runs().nth(run).expect("a run of the board");
    let state = settings.trainer(*seed, Kernels::fastest()).state();
    Box::new(Going { state, progress: Progress { step, ..Progress::default() }, seconds: 0.0, record: None })
}

/// What a worker is given: a run, and the step it goes on from if it has begun.
fn given(board: &mut Board) -> Option<(usize, Option<u64>)> {
    board.next_job().map(|work| match work {
        Work::Train(run, going) => (run, going.map(|going| going.progress.step)),
        Work::Test(..) => panic!("no run is trained yet"),
    })
}

/// What is told of a run, in words.
fn said(run: usize, event: &Event) -> String {
    let Event { run: name, kind } = event;
    match kind {
        Kind::Paused { step } => format!("{run} paused at {step}"),
        Kind::Stopped { step } => format!("{run} stopped at {step}"),
        Kind::Queued { step } => format!("{run} queued at {step}"),
        Kind::Summary { test: None, seeds, .. } => {
            format!("{run} sums {seeds} of {name} up")
        }
        Kind::Summary { test: Some(test), seeds, .. } => {
            format!("{run} sums {seeds} of {name} up on {test}")
        }
        _ => panic!("this is not the board's to tell: {event:?}"),
    }
}

/// An answer in words.
fn words(answer: Answer) -> String {
    match answer {
        Answer::Nothing => "nothing".to_owned(),
        Answer::Clear => "clear".to_owned(),
        Answer::Restore => "restore".to_owned(),
        Answer::Tell(run, events) => {
            events.iter().map(|event| said(run, event)).collect::<Vec<_>>().join(", ")
        }
    }
}

#[test]
fn first_seeds_come_before_second_ones_and_long_runs_before_short_ones() {
    let mut board = board(&[("short", 10, 2), ("long", 20, 2)]);
    assert_eq!(board.queue(), [2, 0, 3, 1]);
    assert!(!board.is_idle() && !board.is_over());
    let given: Vec<_> = std::iter::from_fn(|| given(&mut board)).collect();
    assert_eq!(given, [(2, None), (0, None), (3, None), (1, None)]);
    assert!(board.queue().is_empty() && !board.is_idle(), "they are being worked on");
}

#[test]
fn stopped_and_let_go_on_the_queue_keeps_its_order_and_what_had_begun_comes_first() {
    let mut board = board(&[("short", 10, 3), ("long", 20, 3)]);
    let order = board.queue();
    let begun: Vec<usize> = (0..2).filter_map(|_| given(&mut board)).map(|(run, _)| run).collect();
    assert_eq!(begun, order[..2]);
    let all = 0..6;
    for run in all.clone() {
        let _ = board.control(run, Control::Stop);
    }
    for &run in &begun {
        let going = going(&board, run, 5);
        assert_eq!(words(board.take_back(run, going)), format!("{run} stopped at 5"));
    }
    assert!(board.queue().is_empty() && board.is_over());
    for run in all {
        let _ = board.control(run, Control::Start);
    }
    assert_eq!(board.queue(), order);
    // The one that had begun second, let go on by itself.
    let _ = board.control(order[1], Control::Pause);
    let _ = board.control(order[1], Control::Start);
    let _ = board.control(order[4], Control::Pause);
    let _ = board.control(order[4], Control::Start);
    assert_eq!(board.queue(), order);
}

#[test]
fn what_waits_can_be_held_and_keeps_its_place() {
    let mut board = board(&[("a", 10, 3)]);
    assert_eq!(words(board.control(1, Control::Pause)), "1 paused at 0");
    assert_eq!(words(board.control(2, Control::Stop)), "2 stopped at 0");
    assert_eq!(board.queue(), [0]);
    for control in [Control::Pause, Control::Stop] {
        assert_eq!(words(board.control(2, control)), "nothing", "it is stopped already");
    }
    assert_eq!(words(board.control(2, Control::Start)), "2 queued at 0");
    assert_eq!(board.queue(), [0, 2]);
    assert_eq!(words(board.control(2, Control::Start)), "nothing", "it is queued already");
    assert_eq!(words(board.control(1, Control::Stop)), "1 stopped at 0");
    assert_eq!(words(board.control(7, Control::Stop)), "nothing", "there is no such run");
}

#[test]
fn what_a_worker_has_is_asked_for_and_the_last_wish_counts() {
    for (wishes, answer, waits) in [
        (&[Control::Pause][..], "0 paused at 7", false),
        (&[Control::Stop], "0 stopped at 7", false),
        (&[Control::Stop, Control::Pause], "0 paused at 7", false),
        (&[Control::Pause, Control::Start], "0 queued at 7", true),
        (&[Control::Pause, Control::Restart], "clear", false),
    ] {
        let mut board = board(&[("a", 10, 1)]);
        assert_eq!(given(&mut board), Some((0, None)));
        assert!(!board.is_wanted_back(0));
        for wish in wishes {
            assert_eq!(words(board.control(0, *wish)), "nothing", "its worker has it still");
        }
        assert_eq!(board.is_wanted_back(0), !waits);
        let going = going(&board, 0, 7);
        assert_eq!(words(board.take_back(0, going)), answer);
        assert!(!board.is_wanted_back(0), "the wish is done");
        assert_eq!(given(&mut board), waits.then_some((0, Some(7))));
        if answer.contains("paused") {
            assert!(board.is_idle() && !board.is_over(), "paused is not over");
        }
        if answer.contains("stopped") {
            assert!(board.is_idle() && board.is_over());
        }
        if !waits && answer != "clear" {
            assert_eq!(words(board.control(0, Control::Start)), "0 queued at 7");
            assert_eq!(given(&mut board), Some((0, Some(7))), "with what it had reached");
        }
    }
}

#[test]
fn a_run_that_starts_over_is_given_to_nobody_before_it_is_cleared() {
    let mut board = board(&[("a", 10, 2)]);
    assert_eq!(words(board.control(0, Control::Restart)), "clear");
    assert_eq!(given(&mut board), Some((1, None)), "the first one is not to be had");
    assert_eq!(given(&mut board), None);
    assert!(!board.is_idle() && !board.is_over());
    assert_eq!(words(board.cleared(0)), "0 queued at 0");
    assert_eq!(given(&mut board), Some((0, None)));
    assert_eq!(given(&mut board), None, "once");
    // What is wanted of it in the meantime is done when it is cleared.
    assert_eq!(words(board.close(0, None)), "nothing", "the other one is not over");
    assert_eq!(words(board.control(0, Control::Restart)), "clear");
    assert_eq!(words(board.control(0, Control::Pause)), "nothing");
    assert_eq!(words(board.cleared(0)), "0 paused at 0");
    assert_eq!(given(&mut board), None);
    // A run that cannot be cleared is over.
    assert_eq!(words(board.control(1, Control::Restart)), "nothing");
    assert_eq!(words(board.close(1, None)), "clear", "it ended before it could be had back");
    assert_eq!(words(board.abandon(1)), "nothing");
    assert!(board.is_idle() && !board.is_over(), "one is paused");
}

#[test]
fn what_ends_before_it_can_be_held_is_over() {
    for wish in [Control::Pause, Control::Stop, Control::Start] {
        let mut board = board(&[("a", 10, 1)]);
        assert_eq!(given(&mut board), Some((0, None)));
        assert_eq!(words(board.control(0, wish)), "nothing");
        assert_eq!(words(board.close(0, None)), "0 sums 0 of a up");
        assert!(board.is_over());
        assert_eq!(words(board.close(0, None)), "nothing", "it is told once");
        for control in [Control::Start, Control::Pause, Control::Stop] {
            assert_eq!(words(board.control(0, control)), "nothing", "it is done");
        }
    }
}

#[test]
fn a_summary_belongs_to_the_last_run_whichever_ends_last() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut board = board(&[("a", 10, 3)]);
        while given(&mut board).is_some() {}
        assert_eq!(words(board.close(order[0], None)), "nothing", "one of them is not over");
        assert_eq!(words(board.close(order[1], None)), "nothing", "one of them is not over");
        assert_eq!(words(board.close(order[2], None)), "2 sums 0 of a up", "{order:?}");
    }
}

#[test]
fn another_plan_touches_only_what_changes() {
    let mut board = board(&[("a", 10, 3)]);
    assert_eq!(given(&mut board), Some((0, None)));
    let all = runs(&[("a", 10, 3)]);
    // Neither what is worked on nor what waits stays.
    assert_eq!(board.plan(vec![all[2].clone()]), [2]);
    assert_eq!(board.queue(), [2]);
    assert!(board.is_wanted_back(0));
    // Back before its worker let go of it: it goes on undisturbed.
    assert_eq!(board.plan(all[..1].to_vec()), [0]);
    assert!(!board.is_wanted_back(0) && board.queue().is_empty());
    // Away again, and now its worker does let go: it is forgotten, and begins anew when it is wanted.
    assert_eq!(board.plan(runs(&[("b", 10, 1)])), [3]);
    let left = going(&board, 0, 7);
    assert_eq!(words(board.take_back(0, left)), "nothing");
    assert_eq!(words(board.control(0, Control::Start)), "nothing", "it is no part of the study");
    assert_eq!(board.plan(all), [0, 1, 2]);
    assert_eq!(board.queue(), [0, 1, 2]);
    // A summary is that of the runs which are part of the study.
    assert_eq!(board.plan(runs(&[("a", 10, 1)])), [0]);
    assert_eq!(given(&mut board), Some((0, None)));
    assert_eq!(words(board.close(0, None)), "0 sums 0 of a up");
}

/// These runs with a further test set of this name and so many support points.
fn tested_on(name: &str, shots: usize, runs: &[Run]) -> Vec<Run> {
    let settings = Arc::new(Experiment { tests: vec![test(name, shots)], ..(*runs[0].settings).clone() });
    runs.iter().map(|run| Run { settings: settings.clone(), ..run.clone() }).collect()
}

fn test(name: &str, shots: usize) -> TestSettings {
    TestSettings {
        name: name.to_owned(),
        task: TaskSettings { shots: shots.into(), ..TaskSettings::default() },
        evaluation: EvaluationSettings { test_tasks: 70, steps: 2, ..EvaluationSettings::default() },
    }
}

#[test]
fn who_has_nothing_to_train_helps_to_evaluate_and_whoever_is_last_finds_all_curves() {
    let mut board = Board::default();
    board.plan(tested_on("more", 20, &runs(&[("a", 10, 2)])));
    assert_eq!(given(&mut board), Some((0, None)));
    let settings = board.runs().next().expect("a run").settings.clone();
    let Going { state, progress, .. } = *going(&board, 0, 10);
    let so_far = (progress, Clock::new(0.0), Kernels::fastest());
    let sets = TestSets::default();
    let new =
        |known| Arc::new(Evaluation::new(0, settings.clone(), state.clone(), so_far, None, known, &sets));
    let evaluation = new(Curves::default());
    assert_eq!(evaluation.sets[1].tasks[0].support.x.len(), 20);
    board.hand_out(&evaluation);
    assert_eq!(board.queue(), [1], "shares are no runs");
    assert_eq!(given(&mut board), Some((1, None)), "what can be begun comes first");
    let mut gains = None;
    let mut shares = Vec::new();
    // Whoever has trained the run takes one, and a worker that has nothing to do the next.
    while let Some(share) = evaluation.next_share() {
        shares.push(share);
        if let Some(Work::Test(helped, share)) = board.next_job() {
            assert!(Arc::ptr_eq(&helped, &evaluation));
            shares.push(share);
        }
    }
    assert!(board.next_job().is_none() && !evaluation.has_shares());
    // From the last share to the first: whoever is last is not who has the last tasks.
    for share in shares.iter().rev() {
        assert!(gains.is_none(), "{share:?} is still missing");
        let points = evaluation.sets[share.set].asked.numbers();
        let found = share.tasks.clone().flat_map(|task| vec![task as f64; points]);
        gains = evaluation.add(share, &found.collect::<Vec<_>>());
    }
    let shares = shares.into_iter().map(|share| (share.set, share.tasks)).collect::<Vec<_>>();
    assert_eq!(shares, [(0, 0..64), (0, 64..100), (1, 0..64), (1, 64..70)]);
    let gains = gains.expect("all there is");
    let means: Vec<_> = gains.new.iter().map(|(name, curve)| (name.as_deref(), curve.mean.clone())).collect();
    assert_eq!(means, [(None, vec![49.5; 2]), (Some("more"), vec![34.5; 3])]);
    // Of what is known already nothing is evaluated again.
    let known = new(gains.curves.clone());
    assert!(!known.has_shares());
    let gains = known.gains().expect("nothing is missing");
    assert!(gains.new.is_empty() && gains.curves.of(Some("more")).is_some());
}

#[test]
fn a_run_that_is_done_is_queued_for_a_new_test_set_and_for_nothing_else() {
    let plain = runs(&[("a", 10, 2)]);
    let mut board = board(&[("a", 10, 2)]);
    let curves = |names: &[Option<&str>]| {
        let mut curves = Curves::default();
        names.iter().for_each(|name| curves.put(name.map(str::to_owned), statistics(&[1.0], 0)));
        curves
    };
    let settings = |run: usize, board: &Board| board.runs().nth(run).expect("a run").settings.clone();
    assert_eq!(given(&mut board), Some((0, None)));
    assert_eq!(given(&mut board), Some((1, None)));
    let first = Some((curves(&[None]), settings(0, &board)));
    assert_eq!(words(board.close(0, first.clone())), "nothing");
    // Run 1 is still being worked on, and was handed out before the set was there.
    assert_eq!(board.plan(tested_on("more", 20, &plain)), [0, 1]);
    assert_eq!(board.queue(), [0]);
    assert_eq!(words(board.close(1, first)), "nothing");
    assert_eq!(board.queue(), [1, 0]);
    for run in [1, 0] {
        assert_eq!(given(&mut board), Some((run, None)));
        let both = Some((curves(&[None, Some("more")]), settings(run, &board)));
        let answer = if run == 0 { "1 sums 2 of a up, 1 sums 2 of a up on more" } else { "nothing" };
        assert_eq!(words(board.close(run, both)), answer);
    }
    // Without the set, and with it again, which is another one now.
    assert_eq!(board.plan(plain.clone()), [0, 1]);
    assert!(board.is_over());
    assert_eq!(board.plan(tested_on("more", 5, &plain)), [0, 1]);
    assert_eq!(board.queue().len(), 2);
    assert!(board.curves(0).of(None).is_some() && board.curves(0).of(Some("more")).is_none());
    // One that failed stays what it is.
    let mut board = self::board(&[("a", 10, 1)]);
    assert_eq!(given(&mut board), Some((0, None)));
    assert_eq!(words(board.close(0, None)), "0 sums 0 of a up");
    board.plan(tested_on("more", 20, &plain[..1]));
    assert!(board.is_over());
}

/// What can happen to a board.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// Somebody has nothing to do.
    Idle,
    /// A worker lets go of the run, if it is asked for.
    LetGo(usize),
    Ends(usize),
    Cleared(usize),
    Abandoned(usize),
    Control(usize, Control),
    /// Which of the runs are the study now.
    Plan(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    let control = prop_oneof![
        Just(Control::Pause),
        Just(Control::Start),
        Just(Control::Stop),
        Just(Control::Restart),
        Just(Control::Restore)
    ];
    prop_oneof![
        4 => Just(Happens::Idle),
        2 => (0..4_usize).prop_map(Happens::LetGo),
        2 => (0..4_usize).prop_map(Happens::Ends),
        2 => (0..4_usize).prop_map(Happens::Cleared),
        1 => (0..4_usize).prop_map(Happens::Abandoned),
        6 => (0..4_usize, control).prop_map(|(run, control)| Happens::Control(run, control)),
        1 => (0..16_u8).prop_map(Happens::Plan),
    ]
}

/// Who has a run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Has {
    Nobody,
    Worker,
    /// Whoever puts aside what it has left.
    Clearer,
}

proptest! {
    #[test]
    fn whatever_happens_nobody_is_given_what_another_has_and_nothing_is_lost(
        story in prop::collection::vec(happens(), 1..80)
    ) {
        let all = runs(&[("a", 10, 2), ("b", 20, 2)]);
        let mut board = board(&[("a", 10, 2), ("b", 20, 2)]);
        let mut has = [Has::Nobody; 4];
        for event in story {
            let (run, answer) = match event {
                Happens::Idle => {
                    if let Some((run, _)) = given(&mut board) {
                        prop_assert_eq!(has[run], Has::Nobody);
                        has[run] = Has::Worker;
                    }
                    continue;
                }
                Happens::Plan(which) => {
                    let chosen = (0..4).filter(|run| which & 1 << run != 0);
                    let numbers: Vec<usize> = chosen.collect();
                    let runs = numbers.iter().map(|run| all[*run].clone()).collect();
                    prop_assert_eq!(board.plan(runs), numbers);
                    continue;
                }
                Happens::LetGo(run) if has[run] == Has::Worker && board.is_wanted_back(run) => {
                    let going = going(&board, run, 5);
                    (run, board.take_back(run, going))
                }
                Happens::Ends(run) if has[run] == Has::Worker => (run, board.close(run, None)),
                Happens::Cleared(run) if has[run] == Has::Clearer => (run, board.cleared(run)),
                Happens::Abandoned(run) if has[run] == Has::Clearer => (run, board.abandon(run)),
                Happens::Control(run, control) => {
                    let answer = board.control(run, control);
                    if matches!(answer, Answer::Clear | Answer::Restore) {
                        prop_assert_eq!(has[run], Has::Nobody);
                        has[run] = Has::Clearer;
                    }
                    continue;
                }
                _ => continue,
            };
            has[run] = if matches!(answer, Answer::Clear | Answer::Restore) { Has::Clearer } else { Has::Nobody };
            prop_assert!(!board.is_over() || has.iter().all(|has| *has == Has::Nobody));
        }
        // Left alone, everybody's work comes to its end.
        for (run, has) in has.into_iter().enumerate() {
            let is_cleared = match has {
                Has::Nobody => false,
                Has::Worker => matches!(board.close(run, None), Answer::Clear | Answer::Restore),
                Has::Clearer => true,
            };
            if is_cleared {
                let _ = board.abandon(run);
            }
        }
        while let Some((run, _)) = given(&mut board) {
            let _ = board.close(run, None);
        }
        prop_assert!(board.is_idle() && board.queue().is_empty());
        for run in 0..4 {
            let _ = board.control(run, Control::Stop);
        }
        prop_assert!(board.is_over());
    }
}

#[test]
fn what_a_person_does_with_a_run_elsewhere_is_told_here_and_nobody_waits_for_what_is_stopped() {
    let mut board = board(&[("A", 100, 2)]);
    for run in [0, 1] {
        assert_eq!(given(&mut board), Some((run, None)));
        board.leave_to_others(run);
    }
    let tells = |board: &mut Board, run, how, step| words(board.steered_elsewhere(run, how, step));
    assert_eq!(tells(&mut board, 0, None, 0), "nothing", "nothing has changed");
    assert_eq!(tells(&mut board, 0, Some(Steered::Paused), 40), "0 paused at 40");
    assert_eq!(tells(&mut board, 0, Some(Steered::Paused), 40), "nothing", "it was told");
    assert!(!board.is_idle(), "the other one is trained there");
    assert_eq!(tells(&mut board, 1, Some(Steered::Stopped), 50), "1 stopped at 50");
    assert!(board.is_idle() && !board.is_over(), "what is paused may go on");
    assert_eq!(tells(&mut board, 0, None, 40), "0 queued at 40");
    assert!(!board.is_idle());
    assert_eq!(tells(&mut board, 0, Some(Steered::Stopped), 60), "0 stopped at 60");
    assert!(board.is_over(), "nobody does anything any more");
    // Whoever had it has gone: it is there for whoever is left.
    board.freed(0);
    assert_eq!((given(&mut board), board.is_over()), (Some((0, None)), false));
    assert!(board.steered().is_empty(), "nothing of it was done here");
}
