//! How losses are spread over test tasks: the networks of the systems in view are tested once more, task by task, where a
//! person looks at that, and what comes of it is kept nowhere.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::job::Job;
use crate::{
    eval::{LossAxis, losses_at},
    model::Weights,
    results::{Profile, Spread},
    task::TestTask,
};

/// Work between two frames.
const TIME: Duration = Duration::from_millis(30);

/// Networks that are asked for together.
const AT_ONCE: usize = 64;

/// On which tasks, and after how much: n inner steps, or K support points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The test set.
    pub set: usize,
    /// Over steps or over points.
    pub axis: LossAxis,
    /// n or K.
    pub at: usize,
    /// The bits of the inner rate.
    pub rate: u64,
}

/// A system whose networks are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The experiment.
    pub experiment: usize,
    /// What its networks are tested on.
    pub at: At,
    /// Its runs, each with the step of the network in view.
    pub networks: Vec<(usize, u64)>,
}

/// How a system's losses are spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// The experiment.
    pub experiment: usize,
    /// Share of the tasks with a loss of at most so much.
    pub profile: Profile,
    /// In figures; `None` where a seed has no finite loss.
    pub spread: Option<Spread>,
    /// Seeds.
    pub seeds: usize,
}

/// The systems that are drawn, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distributions {
    /// One a system that has a network.
    pub systems: Vec<Distribution>,
    /// Networks that are not tested yet, or as they were before.
    pub missing: usize,
    /// What it is of.
    of: Vec<Wanted>,
}

/// A network's losses, with what it was tested on and the step that it is of.
type Tested = (At, u64, Arc<[f64]>);

/// What a job has worked out.
type Done = (Vec<(usize, Tested)>, Distributions);

/// What is known of it.
#[derive(Default)]
pub struct Spreads {
    known: HashMap<usize, Tested>,
    shown: Option<Distributions>,
    job: Job<(), Done>,
    /// Whether the last look wanted it.
    wanted: bool,
}

impl Spreads {
    /// Takes in what has been worked out. Whether anything is new.
    pub fn take_in(&mut self) -> bool {
        let done = self.job.take();
        let is_new = done.is_some();
        if let Some((_, (tested, shown))) = done {
            self.known.extend(tested);
            self.shown = Some(shown);
        }
        self.job.tidy();
        if !std::mem::take(&mut self.wanted) {
            (self.known, self.shown) = (HashMap::new(), None);
        }
        is_new
    }

    /// Whether something may be new soon.
    pub fn is_awaited(&self) -> bool {
        self.job.is_awaited()
    }

    /// What is known, as far as it is of this.
    pub fn of(&self, wanted: &[Wanted]) -> Option<&Distributions> {
        let place = |wanted: &Wanted| (wanted.experiment, wanted.at);
        let shown = self.shown.as_ref()?;
        shown.of.iter().map(place).eq(wanted.iter().map(place)).then_some(shown)
    }

    /// Has these tested, as many as a moment has time for; what is under way goes on. `network` is what a run's network is
    /// as it is tested, `tasks` those of a set.
    pub fn want(
        &mut self,
        wanted: Vec<Wanted>,
        network: impl Fn(&Wanted, usize) -> Option<Weights>,
        tasks: impl Fn(&Wanted) -> Vec<TestTask>,
    ) {
        self.wanted = true;
        let whole = |shown: &Distributions| shown.missing == 0 && shown.of == wanted;
        let is_idle = !self.job.is_awaited();
        if is_idle && self.shown.as_ref().is_some_and(whole) {
            return;
        }
        let mut missing = Vec::new();
        let mut sets: HashMap<usize, Arc<[TestTask]>> = HashMap::new();
        // What was never tested comes before what has learned more since.
        for is_new in [true, false].into_iter().filter(|_| is_idle) {
            for system in &wanted {
                for (run, step) in &system.networks {
                    let known = self.known.get(run).filter(|(at, ..)| *at == system.at);
                    let is_missing = known.is_none_or(|(_, known, _)| known != step);
                    if missing.len() < AT_ONCE
                        && is_missing
                        && known.is_none() == is_new
                        && let Some(weights) = network(system, *run)
                    {
                        let set = sets.entry(system.at.set).or_insert_with(|| tasks(system).into());
                        missing.push((*run, *step, system.at, weights, Arc::clone(set)));
                    }
                }
            }
        }
        let known = if is_idle { self.known.clone() } else { HashMap::new() };
        self.job.want((), move |asker| {
            let (start, mut done, mut known) = (Instant::now(), Vec::new(), known);
            for (run, step, at, weights, tasks) in missing {
                let losses = losses_at(&weights, &tasks, (at.axis, at.at), || !asker.is_gone());
                let Some(losses) = losses else { break };
                let tested: Tested = (at, step, losses.into());
                known.insert(run, tested.clone());
                done.push((run, tested));
                if start.elapsed() >= TIME {
                    break;
                }
            }
            let shown = distributions(wanted, &known);
            (done, shown)
        });
    }
}

/// Those of these systems, of what is known of their networks.
fn distributions(of: Vec<Wanted>, known: &HashMap<usize, Tested>) -> Distributions {
    let mut missing = 0;
    let mut losses: Vec<(usize, Vec<Arc<[f64]>>)> = Vec::new();
    for system in &of {
        let mut seeds = Vec::new();
        for (run, step) in &system.networks {
            let tested = known.get(run).filter(|(at, ..)| *at == system.at);
            missing += usize::from(tested.is_none_or(|(_, known, _)| known != step));
            seeds.extend(tested.map(|(.., losses)| Arc::clone(losses)));
        }
        if !seeds.is_empty() {
            losses.push((system.experiment, seeds));
        }
    }
    let all = losses.iter().flat_map(|(_, seeds)| seeds.iter().flat_map(|losses| losses.iter().copied()));
    let taus = Profile::taus(all);
    let systems = losses.iter().map(|(experiment, seeds)| Distribution {
        experiment: *experiment,
        profile: Profile::of(seeds, &taus),
        spread: Spread::of(seeds),
        seeds: seeds.len(),
    });
    Distributions { systems: systems.collect(), missing, of }
}
