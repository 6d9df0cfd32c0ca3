//! How long it still takes: the training that is left at the speeds that were reported, the evaluations that are
//! left at what they have been seen to cost, shared by the workers in the order of the queue.

use std::collections::HashMap;
use std::time::Duration;

use super::{
    app::App,
    countdown::{Countdown, DOUBT, Remaining},
    runs::{Phase, Spent},
    schedule::{KnownSchedule, Schedule},
};
use crate::experiments::Experiment;

/// What is shown of the time left follows what is worked out this often.
const TICK: Duration = Duration::from_millis(250);

/// What one evaluation is on all of its test sets, in inner steps on one test task and the loss after each.
fn units(settings: &Experiment) -> f64 {
    settings
        .every_test()
        .map(|test| test.evaluation.test_tasks as f64 * (test.evaluation.steps + 1) as f64)
        .sum()
}

/// What a run still needs of a worker, in seconds.
struct Need {
    run: usize,
    training: f64,
    testing: f64,
}

impl App {
    /// Something has changed that it follows from.
    pub(in crate::ui) fn forget_schedule(&mut self) {
        self.schedule = KnownSchedule::default();
    }

    /// Takes in which runs wait for a worker, the next one first. Whether they are others than before.
    pub(in crate::ui) fn on_queue(&mut self, queue: Vec<usize>) -> bool {
        let changed = queue != self.queue;
        if changed {
            self.queue = queue;
            self.forget_schedule();
        }
        changed
    }

    /// How many runs wait before each of those that wait.
    fn places(&self) -> &HashMap<usize, usize> {
        self.schedule.places.get_or_init(|| self.queue.iter().copied().zip(0..).collect())
    }

    /// Where the first of these runs stands in the queue, in words.
    pub fn place_in_queue(&self, runs: &[usize]) -> String {
        match runs.iter().filter_map(|run| self.places().get(run)).min() {
            Some(0) => "next in the queue".to_owned(),
            Some(place) => format!("queued, {place} before it"),
            None => "queued".to_owned(),
        }
    }

    /// Time until everything has ended, once it can be told, as it is shown.
    pub fn left(&self) -> Option<Remaining> {
        let now =
            |countdown: Countdown| countdown.shown.later(self.now.saturating_sub(countdown.at).as_secs_f64());
        self.countdown.map(now).or_else(|| self.left_as_found())
    }

    /// Time until the last run of these experiments has ended, once it can be told.
    pub fn left_of(&self, experiments: &[usize]) -> Option<Remaining> {
        let by_run = &self.schedule()?.by_run;
        let runs = experiments.iter().flat_map(|experiment| &self.experiments[*experiment].runs);
        let ends = runs.filter_map(|run| by_run.get(run)).map(|(_, end)| *end);
        self.as_shown(ends.reduce(Remaining::last)?)
    }

    /// Time until the first of these runs begins, once it can be told.
    pub fn starts_in(&self, runs: &[usize]) -> Option<Remaining> {
        let by_run = &self.schedule()?.by_run;
        let starts = runs.iter().filter_map(|run| by_run.get(run)).map(|(start, _)| *start);
        self.as_shown(starts.reduce(Remaining::first)?)
    }

    /// Has what is shown of the time left follow what is worked out, if it is time.
    pub(in crate::ui) fn count_down(&mut self) {
        if self.countdown.is_none_or(|known| self.now.saturating_sub(known.at) >= TICK) {
            self.countdown = Countdown::at(self.countdown, self.left_as_found(), self.now);
        }
    }

    /// Time until everything has ended, as it is worked out.
    pub(in crate::ui) fn left_as_found(&self) -> Option<Remaining> {
        Some(self.schedule()?.end)
    }

    /// A time of the schedule beside a whole that does not jump.
    fn as_shown(&self, time: Remaining) -> Option<Remaining> {
        Some(time.in_proportion(self.left_as_found()?, self.left()?))
    }

    /// When each of the runs that move begins and ends, once it can be told.
    fn schedule(&self) -> Option<&Schedule> {
        self.schedule.times.get_or_init(|| self.make_schedule()).as_ref()
    }

    fn make_schedule(&self) -> Option<Schedule> {
        let (low, is_guessed) = self.needs(1.0 / DOUBT)?;
        let low = self.times(&low)?;
        // Where nothing is guessed there is one.
        let high = if is_guessed { self.times(&self.needs(DOUBT)?.0)? } else { low.clone() };
        let range = |low: f64, high: f64| Remaining { low, high };
        let both = low.into_iter().zip(high);
        let of_run = |((run, low), (_, high)): ((usize, [f64; 2]), (usize, [f64; 2]))| {
            (run, (range(low[0], high[0]), range(low[1], high[1])))
        };
        let by_run: HashMap<_, _> = both.map(of_run).collect();
        let end = by_run.values().map(|(_, end)| *end).reduce(Remaining::last)?;
        Some(Schedule { by_run, end })
    }

    /// When the runs begin and end that need so much, in this order.
    fn times(&self, needs: &[Need]) -> Option<Vec<(usize, [f64; 2])>> {
        let busy = needs.iter().filter(|need| self.runs[need.run].phase == Phase::Training).count();
        let workers = self.trainers.jobs.unwrap_or(busy).max(1);
        // Each run goes to the worker that is free first.
        let (mut free, mut trained) = (vec![0.0_f64; workers], vec![0.0_f64; workers]);
        let mut ends = Vec::new();
        let next = |free: &[f64]| (0..workers).min_by(|a, b| free[*a].total_cmp(&free[*b])).unwrap_or(0);
        for need in needs {
            let worker = next(&free);
            let start = free[worker];
            free[worker] += need.training + need.testing;
            ends.push((need.run, start, free[worker]));
            let worker = next(&trained);
            trained[worker] += need.training;
        }
        // An evaluation is shared by all workers that have nothing else to do, training is not.
        let work: f64 = needs.iter().map(|need| need.training + need.testing).sum();
        let longest = needs.iter().map(|need| need.training + need.testing / workers as f64);
        let whole = longest.chain(trained).fold(work / workers as f64, f64::max);
        let last = ends.iter().map(|(.., end)| *end).fold(0.0, f64::max).max(1e-9);
        let time = |at: f64| Some(at * whole / last).filter(|time| time.is_finite());
        ends.into_iter().map(|(run, start, end)| Some((run, [time(start)?, time(end)?]))).collect()
    }

    /// What the runs that move still need, in the order in which they get it, if what is guessed takes `doubt` times as
    /// long as guessed; whether anything is. `None` before any speed is known. An experiment that has not reported one is taken to work
    /// as fast as those of its algorithm do, or else, which is a guess, as the others, at its own cost a step: a gradient
    /// costs less than half where many points share their weights.
    fn needs(&self, doubt: f64) -> Option<(Vec<Need>, bool)> {
        let cost = |experiment: usize| {
            let settings = &self.experiments[experiment].settings;
            let gradients = settings.algorithm.cost(&settings.training).in_gradients();
            gradients.max(1.0) * settings.training.meta_batch.max(1) as f64
        };
        let speed_of = |experiment: usize| {
            let speeds = self.experiments[experiment].runs.iter().map(|run| self.runs[*run].speed);
            mean(speeds.filter(|speed| speed.is_finite() && *speed > 0.0))
        };
        let work = |experiment| speed_of(experiment).map(|speed| speed * cost(experiment));
        let gradients = mean((0..self.experiments.len()).filter_map(work))?;
        let algorithm = |experiment: usize| self.experiments[experiment].settings.algorithm.name();
        let mut kin: HashMap<&str, Vec<f64>> = HashMap::new();
        for (experiment, work) in (0..self.experiments.len()).filter_map(|index| Some((index, work(index)?)))
        {
            kin.entry(algorithm(experiment)).or_default().push(work);
        }
        let of_kin = |experiment: usize| {
            let kin = kin.get(algorithm(experiment)).and_then(|kin| mean(kin.iter().copied()));
            kin.map(|kin| kin / cost(experiment))
        };
        let guess = |experiment: usize| gradients / cost(experiment) / doubt;
        // Steps a second, and whether they are guessed.
        let speeds: Vec<(f64, bool)> = (0..self.experiments.len())
            .map(|index| match speed_of(index).or_else(|| of_kin(index)) {
                Some(speed) => (speed, false),
                None => (guess(index), true),
            })
            .collect();
        let unit_is_guessed = self.spent.tested <= 0.0;
        let unit = self.seconds_a_unit(gradients) * if unit_is_guessed { doubt } else { 1.0 };
        let places = self.places();
        let mut moving: Vec<usize> = self.active().filter(|run| self.runs[*run].is_moving()).collect();
        moving.sort_by_cached_key(|run| match self.runs[*run].phase {
            Phase::Training => None,
            _ => Some(places.get(run).copied().unwrap_or(usize::MAX)),
        });
        let untested = 1.0 - self.share_tested(unit);
        let mut is_guessed = false;
        let need = |run: usize| {
            let state = &self.runs[run];
            let settings = &self.experiments[state.experiment].settings;
            let steps = state.total.saturating_sub(state.step) as f64;
            let share = if self.in_test(run) { untested } else { 1.0 };
            let testing = if self.was_tested(run) { 0.0 } else { share * units(settings) * unit };
            let (speed, speed_is_guessed) = speeds[state.experiment];
            is_guessed |= (speed_is_guessed && steps > 0.0) || (unit_is_guessed && testing > 0.0);
            Need { run, training: steps / speed, testing }
        };
        let needs = moving.into_iter().map(need).collect();
        Some((needs, is_guessed))
    }

    /// Whether a run is trained and being evaluated.
    fn in_test(&self, run: usize) -> bool {
        let state = &self.runs[run];
        state.phase == Phase::Training && state.step >= state.total && !self.was_tested(run)
    }

    /// Whether a run was evaluated on every test set that it has.
    pub(in crate::ui) fn was_tested(&self, run: usize) -> bool {
        let state = &self.runs[run];
        let mut tests = self.experiments[state.experiment].settings.every_test();
        tests.all(|test| state.curves.of(test.name).is_some())
    }

    /// Units of evaluation under way.
    fn under_way(&self) -> f64 {
        let runs = self.active().filter(|run| self.in_test(*run));
        runs.map(|run| units(&self.experiments[self.runs[run].experiment].settings)).sum()
    }

    /// The share of the evaluations under way that is done: what the workers did besides training and what has
    /// come to its end.
    fn share_tested(&self, unit: f64) -> f64 {
        let Spent { busy, trained, tested, .. } = self.spent;
        let done = (busy - trained) / unit.max(1e-12) - tested;
        (done / self.under_way().max(1.0)).clamp(0.0, 0.95)
    }

    /// Seconds of a worker for a unit of evaluation: as it was seen or, before there was any, as it should be
    /// at so many gradients a second.
    fn seconds_a_unit(&self, gradients: f64) -> f64 {
        if self.spent.tested > 0.0 {
            return self.spent.unit;
        }
        let set = self.sets.first();
        let points = set.map_or((10.0, 50.0), |set| (set.task.shots.most as f64, set.evaluation.grid as f64));
        // A loss costs a third of a gradient, for each of its points.
        (1.0 + points.1 / points.0.max(1.0) / 3.0) / gradients
    }

    /// An evaluation of this experiment has come to its end.
    pub(in crate::ui) fn count_test(&mut self, experiment: usize) {
        self.spent.tested += units(&self.experiments[experiment].settings);
        // Nobody has begun with those that wait: the newest one is taken up by all who are free, then the next.
        self.spent.unit = (self.spent.busy - self.spent.trained).max(0.0) / self.spent.tested;
    }

    /// Counts what the workers did in this time.
    pub(in crate::ui) fn spend(&mut self, time: Duration) {
        let moving = self.active().filter(|run| self.runs[*run].phase == Phase::Training).count();
        // An evaluation gives work to everybody.
        let shared = self.active().any(|run| self.in_test(run));
        let workers = self.trainers.jobs.map_or(moving, |jobs| if shared { jobs } else { jobs.min(moving) });
        self.spent.busy += time.as_secs_f64() * workers as f64;
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    (count > 0.0).then_some(sum / count)
}
