//! What fits are made with: n, the inner rate, K, the seed. Several views have these commands, each with keys of its own.

use super::curves::step;
use crate::results::text::rate;
use crate::ui::{
    command::Group,
    state::app::{App, Command, MOST_STEPS},
};

/// More steps.
pub const MORE_STEPS: Command = Command::new("more-steps", "", "one inner step more", |app| {
    app.fit.n = step(app.fit.n, 1, MOST_STEPS + 1)
});
/// Fewer steps.
pub const FEWER_STEPS: Command = Command::new("fewer-steps", "", "one inner step less", |app| {
    app.fit.n = step(app.fit.n, -1, MOST_STEPS + 1)
});
/// A larger rate.
pub const RATE_UP: Command =
    Command::new("rate-up", ")", "inner rate up", |app| nudge(app, 1)).unless(without_rate);
/// A smaller rate.
pub const RATE_DOWN: Command =
    Command::new("rate-down", "(", "inner rate down", |app| nudge(app, -1)).unless(without_rate);
/// The next seed.
pub const NEXT_SEED: Command =
    Command::new("next-seed", "> .", "next seed", |app| seed(app, 1)).group(Group::Move);
/// The seed before.
pub const PREVIOUS_SEED: Command =
    Command::new("previous-seed", "< ,", "previous seed", |app| seed(app, -1)).group(Group::Move);
/// Rate, K and n as the file has them.
pub const RESET: Command = Command::new("reset", "0", "test rate, K and n back to the file's", reset);
/// n as a number.
pub const STEPS: Command = Command::number(
    "n",
    "n",
    "type the number of inner steps (0 to 100)",
    |_| format!("inner steps (0 to {MOST_STEPS})"),
    |app, text| match text.parse() {
        Ok(n) if n <= MOST_STEPS => {
            app.fit.n = n;
            Ok(())
        }
        _ => Err(format!("steps are a whole number from 0 to {MOST_STEPS}")),
    },
);
/// The rate as a number.
pub const RATE: Command = Command::number(
    "rate",
    "R",
    "type the inner rate",
    |app| format!("inner rate (now {})", rate(app.current_rate())),
    |app, text| match text.parse::<f64>() {
        Ok(rate) if (0.0..=10.0).contains(&rate) => {
            app.fit.inner_lr = Some(rate);
            Ok(())
        }
        _ => Err("an inner rate is a number from 0 to 10".to_owned()),
    },
)
.unless(without_rate);

/// Puts them back.
pub fn reset(app: &mut App) {
    (app.fit.inner_lr, app.fit.shots, app.fit.n) = (None, None, 10);
}

fn without_rate(app: &App) -> Option<String> {
    (!app.has_rate()).then(|| "its inner steps have no rate".to_owned())
}

fn nudge(app: &mut App, by: i32) {
    app.fit.inner_lr = Some(nudged(app.current_rate(), by));
}

fn seed(app: &mut App, by: i32) {
    let seeds = match app.view.experiment {
        Some(index) => app.experiments[index].runs.len(),
        None => app.experiments.iter().map(|experiment| experiment.runs.len()).max().unwrap_or(0),
    };
    app.fit.seed = step(app.fit.seed, by, seeds);
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
