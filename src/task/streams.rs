//! Where randomness comes from: one ChaCha stream a purpose, derived from a seed, so that drawing
//! more of one thing never changes another and every stream can be put back where it was.

use rand::{SeedableRng, rngs::ChaCha8Rng};

/// The stream type of every random number in this program. Eight rounds pass every statistical test
/// known and cost half of twenty (Aumasson, "Too Much Crypto", 2019); nothing here is secret.
pub type Stream = ChaCha8Rng;

/// What a stream is for. The numbers are part of the results: changing one changes every run.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The initial parameters.
    Initialisation = 0,
    /// The training tasks and their support points.
    TrainingTasks = 1,
    /// The order in which an epoch visits the pool.
    Order = 2,
    /// Fresh query points.
    Query = 3,
    /// The frozen test tasks.
    TestTasks = 4,
    /// Pictures of the task family.
    Illustration = 5,
    /// How many support points an outer step has.
    Shots = 6,
    /// The coefficients of one curve.
    Curve = 7,
    /// Which points of a table's task are shown.
    Episode = 8,
    /// The noise of test targets.
    TargetNoise = 9,
}

/// The stream of `seed` for `purpose`, from its beginning.
pub fn stream(seed: u64, purpose: Purpose) -> Stream {
    let mut stream = Stream::seed_from_u64(seed);
    stream.set_stream(purpose as u64);
    stream
}
