//! What a task is: one function of a family, with the support points a learner adapts on and the points
//! it is tested on.

mod batch;
mod draw;
pub mod families;
mod family;
mod linear_step;
mod normal;
mod number;
mod points;
mod ridge;
mod settings;
mod shots;
mod streams;
pub mod table;
mod training;
mod units;
mod wave;

pub use batch::Batch;
pub use draw::{Draw, TestTask, illustration, test_task, test_tasks};
pub use family::{Family, Function, Numbers, Posterior, Sampler, Slider};
pub use linear_step::LinearStep;
pub use normal::standard_normal;
pub use number::{Number, Target};
pub use points::{Points, grid};
pub use settings::{EvaluationSettings, TaskSettings, TrainTasks};
pub use shots::Shots;
pub use streams::{Purpose, Stream, stream};
pub use training::{MetaBatch, Position, TrainingTasks};
pub use units::Units;
pub use wave::Wave;
