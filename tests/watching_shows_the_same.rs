//! Whoever looks on from another terminal sees what the process that trains shows: the same runs while
//! they train, the same figures when they are done.
#![cfg(target_os = "linux")]

use crate::program::Bench;
use crate::program::terminal::{LEAVE, Terminal};

/// Two systems for as long as two terminals take to open.
fn study(steps: u64) -> Bench {
    let text = format!(
        "[defaults]\nseeds = 2\nouter_steps = {steps}\n[model]\nhidden = 16\n[task]\ntrain_tasks = 100\n\
         [evaluation]\ntest_tasks = 20\n[[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
         [[experiment]]\nname = \"Reptile\"\nalgorithm = \"reptile\"\n"
    );
    Bench::with("experiments.toml", text)
}

const WHILE_TWO_OPEN: u64 = 250_000;

/// What is left on the normal screen.
fn table(terminal: &mut Terminal) -> (i32, String) {
    terminal.press("q");
    let (code, output) = terminal.end();
    let left = output.rfind(LEAVE).expect("the alternate screen was left") + LEAVE.len();
    let after = output[left..].replace('\r', "");
    let from = after.find("Test loss after n gradient steps").expect("the table");
    (code, after[from..].to_owned())
}

/// A line of the screen as words, without colours and cursor moves.
fn plain(drawn: &str) -> String {
    let mut text = String::new();
    let mut characters = drawn.chars();
    while let Some(c) = characters.next() {
        if c != '\x1b' {
            text.push(c);
        } else if characters.next() == Some('[') {
            // Up to the letter that ends the sequence; where words were apart, they stay apart.
            characters.by_ref().find(char::is_ascii_alphabetic);
            text.push(' ');
        }
    }
    text
}

#[test]
fn watch_shows_the_figures_of_the_process_that_trains() {
    let bench = study(WHILE_TWO_OPEN);
    let mut trains = Terminal::open(bench.folder(), "experiments.toml");
    trains.sees("steps/s");
    let mut watches = Terminal::open(bench.folder(), "watch runs");
    // Both see it train.
    for terminal in [&mut trains, &mut watches] {
        let drawn = plain(&terminal.sees("steps/s"));
        for word in ["MAML", "Reptile", "/500,000", "/4", "runs"] {
            assert!(drawn.contains(word), "{word} is missing: {drawn}");
        }
    }
    for terminal in [&mut trains, &mut watches] {
        terminal.sees("4/4");
    }
    let (shown, seen) = (table(&mut trains), table(&mut watches));
    assert_eq!(shown.0, 0);
    assert!(shown.1.contains("2/2"), "{}", shown.1);
    assert_eq!(seen, shown);
}

#[test]
fn started_a_second_time_it_looks_on() {
    let bench = study(WHILE_TWO_OPEN);
    let mut trains = Terminal::open(bench.folder(), "experiments.toml");
    trains.sees("steps/s");
    let mut passes_by = Terminal::open(bench.folder(), "experiments.toml");
    let mut stays = Terminal::open(bench.folder(), "experiments.toml");
    passes_by.sees("steps/s");
    stays.sees("steps/s");
    // Leaving one that looks on stops nothing.
    assert_eq!(table(&mut passes_by).0, 0);
    trains.sees("4/4");
    stays.sees("4/4");
    let (shown, seen) = (table(&mut trains), table(&mut stays));
    assert!(shown.1.contains("2/2"), "{}", shown.1);
    assert_eq!(seen, shown);
}

#[test]
fn what_others_start_later_comes_up_in_watch() {
    let bench = study(50);
    bench.run(&["run"]).exits(0);
    let mut watches = Terminal::open(bench.folder(), "watch runs");
    watches.sees("4/4");
    let text = std::fs::read_to_string(bench.path("experiments.toml")).expect("it was written");
    let later = text.replace("name = \"MAML\"", "name = \"Latecomer\"").replace("seeds = 2", "seeds = 3");
    std::fs::write(bench.path("later.toml"), later).expect("a writable folder");
    bench.run(&["run", "later.toml"]).exits(0);
    let drawn = plain(&watches.sees("Latecomer"));
    // Its Reptile is the one that was there before, with one seed more.
    assert!(drawn.contains("/8"), "{drawn}");
    watches.sees("8/8");
    let (code, left) = table(&mut watches);
    assert!(code == 0 && left.contains("Latecomer") && left.contains("3/3"), "{left}");
}

#[test]
fn a_thousand_runs_are_all_shown() {
    let mut text =
        "[defaults]\nseeds = 100\nouter_steps = 1\n[model]\nhidden = 16\n[task]\ntrain_tasks = 2\n\
                    [evaluation]\ntest_tasks = 2\n"
            .to_owned();
    for rate in 1..=10 {
        text += &format!("[[experiment]]\nname = \"E{rate}\"\nalgorithm = \"maml\"\ninner_lr = 0.0{rate}\n");
    }
    let bench = Bench::with("experiments.toml", text);
    bench.run(&["run"]).exits(0);
    // How soon is measured by benches/screen.
    let mut watches = Terminal::open(bench.folder(), "watch runs");
    assert!(watches.text().contains("1000 runs"), "{}", watches.text());
    watches.sees("1000/1000");
    assert_eq!(table(&mut watches).0, 0);
}

#[test]
fn a_run_that_fails_is_seen_to_fail() {
    let bench = Bench::with(
        "experiments.toml",
        "[defaults]\nseeds = 1\n[task]\ntrain_tasks = 20\n[evaluation]\ntest_tasks = 20\nsteps = 3\n\
         [[experiment]]\nname = \"Hopeless\"\nalgorithm = \"maml\"\nouter_steps = 300\ninner_lr = 1000.0\n\
         inner_steps = 9\n[[experiment]]\nname = \"Sound\"\nalgorithm = \"maml\"\nouter_steps = 300\n",
    );
    let mut trains = Terminal::open(bench.folder(), "experiments.toml");
    trains.sees("failed");
    // The other one has ended too, and is seen to have.
    trains.sees("1/1");
    let mut watches = Terminal::open(bench.folder(), "watch runs");
    watches.sees("failed");
    watches.sees("1/1");
    let (shown, seen) = (table(&mut trains), table(&mut watches));
    assert_eq!(shown.0, 1);
    assert!(shown.1.contains("failed at step"), "{}", shown.1);
    assert_eq!(seen, shown);
}
