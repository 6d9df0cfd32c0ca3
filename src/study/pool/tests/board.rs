//! The board without threads: what it answers to what it is told.

use proptest::prelude::*;

use crate::experiments::parse;
use crate::model::Kernels;
use crate::study::event::Event;
use crate::study::plan::{Run, plan};
use crate::study::pool::board::{Answer, Board};
use crate::study::pool::control::Control;
use crate::study::pool::evaluation::{Evaluation, TestSets};
use crate::study::pool::going::{Clock, Going, Progress};
use crate::study::pool::stages::Work;

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

/// An answer in words.
fn words(answer: Answer) -> String {
    match answer {
        Answer::Nothing => "nothing".to_owned(),
        Answer::Clear => "clear".to_owned(),
        Answer::Tell(run, Event::Paused { step, .. }) => format!("{run} paused at {step}"),
        Answer::Tell(run, Event::Stopped { step, .. }) => format!("{run} stopped at {step}"),
        Answer::Tell(run, Event::Queued { step, .. }) => format!("{run} queued at {step}"),
        Answer::Tell(run, Event::Summary { experiment, seeds, .. }) => {
            format!("{run} sums {seeds} of {experiment} up")
        }
        Answer::Tell(_, event) => panic!("this is not the board's to tell: {event:?}"),
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
fn what_waits_can_be_held_and_goes_on_first() {
    let mut board = board(&[("a", 10, 3)]);
    assert_eq!(words(board.control(1, Control::Pause)), "1 paused at 0");
    assert_eq!(words(board.control(2, Control::Stop)), "2 stopped at 0");
    assert_eq!(board.queue(), [0]);
    for control in [Control::Pause, Control::Stop] {
        assert_eq!(words(board.control(2, control)), "nothing", "it is stopped already");
    }
    assert_eq!(words(board.control(2, Control::Start)), "2 queued at 0");
    assert_eq!(board.queue(), [2, 0]);
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

#[test]
fn an_evaluation_comes_before_any_training_and_whoever_is_last_finds_all_losses() {
    let mut board = board(&[("a", 10, 2)]);
    assert_eq!(given(&mut board), Some((0, None)));
    let settings = board.runs().next().expect("a run").settings.clone();
    let Going { state, progress, .. } = *going(&board, 0, 10);
    let tasks = TestSets::default().of(&settings);
    let evaluation = Evaluation::new(0, state, (progress, Clock::new(0.0)), None, tasks, 2).into();
    board.hand_out(&evaluation);
    assert_eq!(board.queue(), [1], "shares are no runs");
    let mut shares = Vec::new();
    while let Some(Work::Test(evaluation, share)) = board.next_job() {
        let found: Vec<f64> = (share.start * 2..share.end * 2).map(|at| at as f64).collect();
        let all = evaluation.add(share.clone(), &found);
        let expected: Vec<f64> = (0..200).map(f64::from).collect();
        assert_eq!(all.map(|(losses, _)| losses), (share.end == 100).then_some(expected));
        shares.push(share);
    }
    assert_eq!(shares, [0..64, 64..100]);
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
    let control =
        prop_oneof![Just(Control::Pause), Just(Control::Start), Just(Control::Stop), Just(Control::Restart)];
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
                    if matches!(answer, Answer::Clear) {
                        prop_assert_eq!(has[run], Has::Nobody);
                        has[run] = Has::Clearer;
                    }
                    continue;
                }
                _ => continue,
            };
            has[run] = if matches!(answer, Answer::Clear) { Has::Clearer } else { Has::Nobody };
            prop_assert!(!board.is_over() || has.iter().all(|has| *has == Has::Nobody));
        }
        // Left alone, everybody's work comes to its end.
        for (run, has) in has.into_iter().enumerate() {
            let is_cleared = match has {
                Has::Nobody => false,
                Has::Worker => matches!(board.close(run, None), Answer::Clear),
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
