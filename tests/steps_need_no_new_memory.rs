//! What a training step asks the allocator for: the handful of things that dfdx makes anew for every tape, and nothing
//! that grows with tasks, inner steps or layers; all of it is given back.

use allocation_counter::{AllocationInfo, measure};
use metascope::learner::{Algorithm, Trainer, Training};
use metascope::model::{Kernels, ModelSettings};
use metascope::task::TaskSettings;

/// Steps that are looked at together.
const STEPS: u64 = 10;

/// What steps of this learner ask for, once it has all the memory that it works in.
fn of_steps(algorithm: Algorithm, meta_batch: usize, layers: usize) -> AllocationInfo {
    let (_, training) = algorithm.bench().remove(0);
    let training = Training { meta_batch, ..training };
    let model = ModelSettings { hidden: 16, layers, ..ModelSettings::default() };
    let settings = (&training, &TaskSettings::default(), &model);
    let mut trainer = Trainer::new(&*algorithm, settings, 0, Kernels::fastest());
    let mut steps = || {
        for _ in 0..STEPS {
            trainer.outer_step().expect("a step");
        }
    };
    steps();
    measure(&mut steps)
}

#[test]
fn a_step_asks_for_what_the_tape_needs_and_gives_it_back() {
    let mut wrong = Vec::new();
    for algorithm in Algorithm::ALL.iter().copied().filter(|one| one.trains()) {
        let cases = [(1, 2), (6, 2), (1, 4)].map(|(tasks, layers)| of_steps(algorithm, tasks, layers));
        let asked = cases.map(|found| found.count_total as f64 / STEPS as f64);
        let kept = cases.map(|found| found.bytes_current);
        // A scalar, its gradient, two operations and the list of them, and two more where the gradients just fill a
        // node of dfdx's map of them; a network that reads has an operation for each of its layers.
        let most = if algorithm.network_keys().contains(&"layers") { 8.0 } else { 400.0 };
        if kept != [0; 3] || asked.iter().any(|asked| *asked > most) || asked[0] != asked[1] {
            wrong.push(format!("{} asks {asked:?} times a step and keeps {kept:?} bytes", algorithm.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
