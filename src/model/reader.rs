//! Networks that read: one function from support points and an x to a prediction, in operations on the tape. Trained
//! with the tape and tested without, so that none can be tested by another rule than it was trained with.

use std::fmt::Debug;
use std::rc::Rc;

use dfdx::prelude::{Cpu, PutTape, Rank0, Tape, Tensor};

use super::engine::{InnerSteps, Predictor};
use super::insight::{Insight, LayerUnits};
use super::kernels::{Kernels, Real};
use super::layer::Layer;
use super::parameters::Parameters;
use super::pass::{Memory, Pass, Rows, deviation};
use super::scalar::Scalar;
use super::tensors::TensorInfo;
use crate::task::{Batch, TaskSettings};

/// The points of some tasks as a network reads them: in units of about 1, one task after another.
#[derive(Clone, Copy, Debug)]
pub struct Episode<'a, E> {
    /// Tasks.
    pub tasks: usize,
    /// x of the support points, as many in each task, which may be none.
    pub support_x: &'a [E],
    /// Their y.
    pub support_y: &'a [E],
    /// x of the query points, as many in each task.
    pub query_x: &'a [E],
    /// Whether the j-th query point is given only the first `j mod (K + 1)` support points of K; otherwise it is given
    /// all.
    pub prefixes: bool,
}

impl<E> Episode<'_, E> {
    /// Support points of a task.
    pub fn shots(&self) -> usize {
        self.support_x.len() / self.tasks.max(1)
    }

    /// Query points of a task.
    pub fn queries(&self) -> usize {
        self.query_x.len() / self.tasks.max(1)
    }
}

/// A network that reads its support points: its layers, and what it makes of a task. A learner of one's own, whole:
///
/// ```
/// use std::sync::Arc;
///
/// use metascope::eval::Adapter;
/// use metascope::learner::{Learner, Rule, Trainer, Training};
/// use metascope::model::{
///     Adaptation, Episode, Kernels, Layer, ModelSettings, Network, Pass, Reading, Rows, Scalar, Scale, Then,
/// };
/// use metascope::task::{EvaluationSettings, TaskSettings, TrainTasks, test_tasks};
///
/// /// Deep sets: what is made of each point, on average.
/// #[derive(Clone, Copy)]
/// struct DeepSets;
///
/// impl Learner for DeepSets {
///     fn name(&self) -> &'static str { "deep-sets" }
///     fn title(&self) -> &'static str { "deep sets" }
///     fn paper(&self) -> &'static str { "Zaheer et al. 2017, arXiv:1703.06114" }
///     fn keys(&self) -> &'static [&'static str] { &["outer_lr"] }
///     fn rule(&self, _: &Training) -> &'static [&'static str] { &["f(x) = D(mean of E(xᵢ, yᵢ), x)"] }
///     fn notes(&self, _: &Training) -> &'static [&'static str] { &[] }
///     fn adaptation(&self, _: &Training, scale: Scale) -> Adaptation {
///         Adaptation { inner: Arc::new(Reading { network: Sets, scale }), inner_lr: 0.0, inner_steps: 1, ..Adaptation::sgd(0.0, 1) }
///     }
/// }
///
/// impl Rule for DeepSets {}
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Sets;
///
/// impl Network for Sets {
///     fn layers(&self, width: usize) -> Vec<Layer> {
///         vec![
///             Layer::vector("nothing", width, 0.0),
///             Layer::before_relu("read", &[1, 1], width),
///             Layer::before_relu("answer.0", &[width, 1], width),
///             Layer::linear("answer.1", &[width], 1),
///         ]
///     }
///
///     fn tells_width(&self) -> &'static str { "nothing" }
///
///     fn predict<E: Scalar>(&self, pass: &Pass<E>, episode: &Episode<'_, E>, _: usize) -> Rows<E> {
///         let seen = if episode.shots() == 0 {
///             pass.parameter("nothing", episode.tasks)
///         } else {
///             let points = (episode.tasks, episode.shots());
///             let points = pass.given(points, &[episode.support_x, episode.support_y]);
///             pass.mean_over_points(&pass.dense("read", &[&points], Then::Relu))
///         };
///         let x = pass.given((episode.tasks, episode.queries()), &[episode.query_x]);
///         let h = pass.dense("answer.0", &[&seen, &x], Then::Relu);
///         pass.dense("answer.1", &[&h], Then::Nothing)
///     }
/// }
///
/// let task = TaskSettings { train_tasks: TrainTasks::Fresh, ..TaskSettings::default() };
/// let training = Training { meta_batch: 8, ..Training::default() };
/// let settings = (&training, &task, &ModelSettings::default());
/// let mut trainer = Trainer::new(&DeepSets, settings, 0, Kernels::fastest());
/// for _ in 0..200 {
///     trainer.outer_step()?;
/// }
/// let tested = &test_tasks(&task, &EvaluationSettings::default())[0];
/// let mut adapter = Adapter::new(&trainer.weights());
/// adapter.take_task(&tested.support, &tested.query);
/// adapter.descend();
/// println!("after reading ten points: {}", adapter.loss());
/// # anyhow::Ok(())
/// ```
pub trait Network: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// Its layers and vectors at this width, in checkpoint order.
    fn layers(&self, width: usize) -> Vec<Layer>;

    /// Which of its vectors is as long as it is wide; a file's width is read from it.
    fn tells_width(&self) -> &'static str;

    /// Predictions at the query points, in units of about 1, one row each. A second column makes the standard
    /// deviation of a prediction. After `n` >= 1 updates on the support points; before the first it is not given any.
    fn predict<E: Scalar>(&self, pass: &Pass<E>, episode: &Episode<'_, E>, n: usize) -> Rows<E>;

    /// Updates after which nothing changes.
    fn most_updates(&self) -> usize {
        1
    }

    /// What it makes of the support points, for looking at; `None` where there is nothing to be seen.
    fn insight<E: Scalar>(&self, _pass: &Pass<E>, _episode: &Episode<'_, E>) -> Option<Insight> {
        None
    }
}

/// [`Network::predict`] of one number type, whatever the network.
pub trait Reads<E: Scalar> {
    /// As [`Network::predict`].
    fn predict(&self, pass: &Pass<E>, episode: &Episode<'_, E>, n: usize) -> Rows<E>;

    /// As [`Network::most_updates`].
    fn most_updates(&self) -> usize;

    /// As [`Network::insight`].
    fn insight(&self, pass: &Pass<E>, episode: &Episode<'_, E>) -> Option<Insight>;
}

impl<E: Scalar, N: Network> Reads<E> for N {
    fn predict(&self, pass: &Pass<E>, episode: &Episode<'_, E>, n: usize) -> Rows<E> {
        Network::predict(self, pass, episode, n)
    }

    fn most_updates(&self) -> usize {
        Network::most_updates(self)
    }

    fn insight(&self, pass: &Pass<E>, episode: &Episode<'_, E>) -> Option<Insight> {
        Network::insight(self, pass, episode)
    }
}

/// What brings points to units of about 1: fixed numbers of a run, so that a network reads the same whatever it is
/// tested on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Middle of the range of x, and half its width.
    pub x_center: f64,
    /// Half the width of the range of x.
    pub x_scale: f64,
    /// Height of the highest tasks.
    pub y_scale: f64,
}

impl Scale {
    /// Of tasks like these.
    pub fn of(task: &TaskSettings) -> Self {
        if task.family.table().is_some() {
            // They have been brought to such units already.
            return Self { x_center: 0.0, x_scale: 1.0, y_scale: 1.0 };
        }
        let [low, high] = task.x;
        let [_, highest] = task.heights();
        let y_scale = if highest > 0.0 { highest } else { 1.0 };
        Self { x_center: 0.5 * (low + high), x_scale: 0.5 * (high - low), y_scale }
    }

    /// As files have it, name by name.
    pub fn words(&self) -> [(&'static str, f64); 3] {
        [("x_center", self.x_center), ("x_scale", self.x_scale), ("y_scale", self.y_scale)]
    }

    fn x_into<E: Real>(&self, x: &[E], to: &mut Vec<E>) {
        let (center, scale) = (E::rounded(self.x_center), E::rounded(self.x_scale));
        to.clear();
        to.extend(x.iter().map(|&x| (x - center) / scale));
    }

    fn y_into<E: Real>(&self, y: &[E], to: &mut Vec<E>) {
        let scale = E::rounded(self.y_scale);
        to.clear();
        to.extend(y.iter().map(|&y| y / scale));
    }
}

impl Default for Scale {
    /// Of the default tasks, which a file that says nothing was trained on.
    fn default() -> Self {
        Self { x_center: 0.0, x_scale: 5.0, y_scale: 5.0 }
    }
}

/// A network of one number type, with what its passes share.
pub struct Reader<E: Scalar> {
    network: Box<dyn Reads<E>>,
    scale: Scale,
    memory: Rc<Memory<E>>,
}

impl<E: Scalar> Reader<E> {
    /// For a network with these tensors.
    pub(super) fn new(
        network: Box<dyn Reads<E>>,
        scale: Scale,
        tensors: &[TensorInfo],
        kernels: Kernels,
    ) -> Self {
        Self { network, scale, memory: Rc::new(Memory::new(tensors, kernels)) }
    }

    /// Predictions of these many tasks, in a pass of their own.
    fn read(
        &self,
        pass: &Pass<E>,
        tasks: usize,
        (support_x, support_y): (&[E], &[E]),
        query_x: &[E],
        (n, prefixes): (usize, bool),
    ) -> Rows<E> {
        self.with_episode(tasks, (support_x, support_y), query_x, (n, prefixes), |episode| {
            self.network.predict(pass, episode, n)
        })
    }

    /// The tasks as the network sees them: at its scale, and without points before it has read any.
    fn with_episode<T>(
        &self,
        tasks: usize,
        (support_x, support_y): (&[E], &[E]),
        query_x: &[E],
        (n, prefixes): (usize, bool),
        run: impl FnOnce(&Episode<'_, E>) -> T,
    ) -> T {
        let [mut xs, mut ys, mut xq] = [const { Vec::new() }; 3];
        if n > 0 {
            self.scale.x_into(support_x, &mut xs);
            self.scale.y_into(support_y, &mut ys);
        }
        self.scale.x_into(query_x, &mut xq);
        run(&Episode { tasks, support_x: &xs, support_y: &ys, query_x: &xq, prefixes })
    }

    /// The mean loss on the query points of all tasks, on the parameters' tape.
    pub(super) fn loss<T: Tape<E, Cpu>>(
        &self,
        theta: Parameters<E, T>,
        support: &Batch<E>,
        query: &Batch<E>,
        inner: InnerSteps<'_>,
    ) -> Tensor<Rank0, E, Cpu, T> {
        assert!(inner.importance.is_empty(), "losses along the way are for rules that step all parameters");
        let (theta, mut tape) = theta.split_tape();
        self.memory.forget();
        let pass = Pass::new(self.memory.clone(), theta, T::OWNS_TAPE);
        let tasks = query.tasks();
        let of_support = support.tasks_from(0, support.tasks());
        let (query_x, query_y) = query.tasks_from(0, tasks);
        let predictions = self.read(&pass, tasks, of_support, query_x, (inner.steps, inner.prefixes));
        let loss = pass.loss(&predictions, query_y, self.scale.y_scale);
        drop(predictions);
        pass.put_on(&mut tape);
        loss.put_tape(tape)
    }

    /// What answers with these parameters.
    pub(super) fn into_predictor(self, theta: Parameters<E>) -> ReadPredictor<E> {
        ReadPredictor { reader: self, theta, support: (Vec::new(), Vec::new()), n: 0, answered: None }
    }
}

/// A network that reads, at test time.
pub(super) struct ReadPredictor<E: Scalar> {
    reader: Reader<E>,
    theta: Parameters<E>,
    support: (Vec<E>, Vec<E>),
    n: usize,
    /// The latest answers: after how many updates, where, and what they were.
    answered: Option<(usize, Vec<E>, Rows<E>)>,
}

impl<E: Scalar> ReadPredictor<E> {
    fn answers(&mut self, x: &[E]) -> Rows<E> {
        let n = self.n.min(self.reader.network.most_updates());
        if let Some((at, of, known)) = &self.answered
            && (*at, &of[..]) == (n, x)
        {
            return known.clone();
        }
        let pass = Pass::new(self.reader.memory.clone(), self.theta.clone(), false);
        let (support_x, support_y) = &self.support;
        let answers = self.reader.read(&pass, 1, (support_x, support_y), x, (n, false));
        self.answered = Some((n, x.to_vec(), answers.clone()));
        answers
    }
}

impl<E: Scalar> Predictor<E> for ReadPredictor<E> {
    fn reset(&mut self) {
        (self.n, self.answered) = (0, None);
    }

    fn see(&mut self, x: &[E], y: &[E]) {
        if self.n == 0 {
            let (support_x, support_y) = &mut self.support;
            support_x.clear();
            support_x.extend_from_slice(x);
            support_y.clear();
            support_y.extend_from_slice(y);
        }
        self.n += 1;
    }

    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E {
        let (answers, scale) = (self.answers(x), E::rounded(self.reader.scale.y_scale));
        let at = |row: usize| scale * answers.row(row)[0];
        if let Some(predictions) = predictions {
            predictions.iter_mut().enumerate().for_each(|(row, prediction)| *prediction = at(row));
        }
        let squares = y.iter().enumerate().map(|(row, y)| {
            let error = at(row).exact() - y.exact();
            error * error
        });
        E::rounded(squares.sum::<f64>() / y.len() as f64)
    }

    fn current(&self, out: &mut [E]) {
        // Nothing of the network adapts.
        out.copy_from_slice(&self.theta.numbers()[..out.len()]);
    }

    fn insight(&mut self, x: &[E]) -> Option<Insight> {
        let pass = Pass::new(self.reader.memory.clone(), self.theta.clone(), false);
        let (support_x, support_y) = &self.support;
        self.reader.with_episode(1, (support_x, support_y), x, (self.n, false), |episode| {
            self.reader.network.insight(&pass, episode)
        })
    }

    fn units(&mut self, x: &[E]) -> Vec<LayerUnits> {
        let n = self.n.min(self.reader.network.most_updates());
        let pass = Pass::watched(self.reader.memory.clone(), self.theta.clone());
        let (support_x, support_y) = &self.support;
        self.reader.read(&pass, 1, (support_x, support_y), x, (n, false));
        pass.into_seen()
    }

    fn deviations(&mut self, x: &[E], deviations: &mut [E]) -> bool {
        let (answers, scale) = (self.answers(x), self.reader.scale.y_scale);
        if answers.columns() < 2 {
            return false;
        }
        for (row, to) in deviations.iter_mut().enumerate() {
            *to = E::rounded(scale * deviation(answers.row(row)[1].exact()));
        }
        true
    }
}
