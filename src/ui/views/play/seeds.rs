//! What Play shows beside the best fit: how far the seeds of its learner are apart, and its next step in its parts.

use crate::{
    analysis::{Adaptive, Contributions},
    eval::fits,
    model::Weights,
    task::Points,
    ui::state::job::Newest,
};

/// What it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct BesideOf {
    /// The experiment.
    pub experiment: usize,
    /// The networks of its seeds: run and step.
    pub networks: Vec<(usize, u64)>,
    /// Which of them is the one whose fit is shown.
    pub chosen: usize,
    /// What they adapt to.
    pub support: Points,
    /// After so many steps.
    pub n: usize,
    /// The rate of these.
    pub rate: f64,
}

/// What was worked out, over the grid of the test.
pub struct Beside {
    /// The lowest and the highest prediction of any seed.
    pub ends: Vec<[f64; 2]>,
    /// The next step of the network whose fit is shown; nothing of a learner that takes none.
    pub next: Option<Contributions>,
}

/// The newest of it.
#[derive(Default)]
pub struct Seeds {
    /// Whether the next step is drawn in its parts.
    pub shows_parts: bool,
    newest: Newest<BesideOf, Beside>,
}

impl Seeds {
    /// Wants it worked out for these networks at these x.
    pub fn want(&mut self, of: BesideOf, networks: Vec<Weights>, x: Vec<f64>) {
        let (support, n, chosen) = (of.support.clone(), of.n, of.chosen);
        self.newest.want(of, move |_| beside(&networks, &support, &x, n, chosen));
    }

    /// Takes the newest in; whether there is any.
    pub fn take_in(&mut self) -> bool {
        self.newest.take_in()
    }

    /// Whether more may come.
    pub fn is_awaited(&self) -> bool {
        self.newest.is_awaited()
    }

    /// What is known of an experiment on these points after so many steps, be it of another moment of training.
    pub fn known(&self, experiment: usize, support: &Points, n: usize) -> Option<(&BesideOf, &Beside)> {
        let (of, beside) = self.newest.known()?;
        (of.experiment == experiment && of.support == *support && of.n == n).then_some((of, beside))
    }
}

fn beside(networks: &[Weights], support: &Points, x: &[f64], n: usize, chosen: usize) -> Beside {
    let query = Points { x: x.to_vec(), y: vec![0.0; x.len()] };
    let mut ends = vec![[f64::INFINITY, f64::NEG_INFINITY]; x.len()];
    for weights in networks {
        let fit = fits(weights, support, &query, &[n]).pop();
        for (ends, y) in ends.iter_mut().zip(fit.map(|fit| fit.y).unwrap_or_default()) {
            *ends = [ends[0].min(y), ends[1].max(y)];
        }
    }
    let adaptive = networks.get(chosen).and_then(Adaptive::new).filter(|_| !support.x.is_empty());
    let next = adaptive.map(|mut adaptive| {
        let from = adaptive.after(support, n);
        Contributions::of_step(&mut adaptive, &from, n, support, x)
    });
    Beside { ends, next }
}
