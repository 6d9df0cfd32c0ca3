//! A learner of one's own, from outside the crate: a network that reads, in operations on the tape, is trained, adapts,
//! is checkpointed and resumed as those of the list are, and its gradient is that of central differences.

use std::sync::Arc;

use metascope::eval::Adapter;
use metascope::learner::{Budget, Learner, Rule, Trainer, Training, meta_gradient};
use metascope::model::{
    Adaptation, Checkpoint, Episode, Kernels, Layer, ModelSettings, Network, Order, Pass, Precision, Reading,
    Rows, Scalar, Scale, Then, Weights,
};
use metascope::task::families::sine::SineSettings;
use metascope::task::{EvaluationSettings, Points, TaskSettings, TrainTasks, test_tasks};

/// Deep sets with two summaries: the mean of what is made of each point, and that of what is made of it once its
/// neighbours' mean is known.
#[derive(Clone, Copy, Debug)]
struct DeepSets;

impl Learner for DeepSets {
    fn name(&self) -> &'static str {
        "my-deep-sets"
    }

    fn title(&self) -> &'static str {
        "deep sets of mine"
    }

    fn paper(&self) -> &'static str {
        "Zaheer et al. 2017, arXiv:1703.06114"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["outer_lr"]
    }

    fn rule(&self, _: &Training) -> &'static [&'static str] {
        &["f(x) = D(mean of E(xᵢ, yᵢ, mean of E′(xᵢ, yᵢ)), x)"]
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[]
    }

    fn adaptation(&self, _: &Training, scale: Scale) -> Adaptation {
        let inner = Arc::new(Reading { network: Sets { summaries: 2 }, scale });
        Adaptation { inner, inner_lr: 0.0, inner_steps: 1, ..Adaptation::sgd(0.0, 1) }
    }
}

impl Rule for DeepSets {}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sets {
    summaries: usize,
}

impl Network for Sets {
    fn layers(&self, w: usize) -> Vec<Layer> {
        let mut layers = vec![Layer::vector("nothing", w, 0.0)];
        for at in 0..self.summaries {
            let inputs: &[usize] = if at == 0 { &[1, 1] } else { &[1, 1, w] };
            layers.push(Layer::before_relu(format!("read{at}.0"), inputs, w));
            layers.push(Layer::linear(format!("read{at}.1"), &[w], w));
        }
        layers.push(Layer::before_relu("answer.0", &[w, 1], w));
        layers.push(Layer::linear("answer.1", &[w], 1).times(0.3));
        layers
    }

    fn tells_width(&self) -> &'static str {
        "nothing"
    }

    fn predict<E: Scalar>(&self, pass: &Pass<E>, episode: &Episode<'_, E>, _: usize) -> Rows<E> {
        let mut summary = pass.parameter("nothing", episode.tasks);
        if episode.shots() > 0 {
            let size = (episode.tasks, episode.shots());
            let points = pass.given(size, &[episode.support_x, episode.support_y]);
            for at in 0..self.summaries {
                let inputs: &[&Rows<E>] = if at == 0 { &[&points] } else { &[&points, &summary] };
                let h = pass.dense(&format!("read{at}.0"), inputs, Then::Relu);
                summary = pass.dense(&format!("read{at}.1"), &[&pass.mean_over_points(&h)], Then::Nothing);
            }
        }
        let x = pass.given((episode.tasks, episode.queries()), &[episode.query_x]);
        let h = pass.dense("answer.0", &[&summary, &x], Then::Relu);
        pass.dense("answer.1", &[&h], Then::Nothing)
    }
}

fn settings(precision: Precision) -> (Training, TaskSettings, ModelSettings) {
    let training = Training {
        budget: Budget::OuterSteps(1_500),
        meta_batch: 16,
        outer_lr: 0.002,
        clip: Some(10.0),
        ..Training::default()
    };
    // Half a turn, as in the papers: there is something to learn that is the same for all waves.
    let own = SineSettings { phase: [0.0, std::f64::consts::PI], ..SineSettings::default() }.values();
    let task =
        TaskSettings { own, train_tasks: TrainTasks::Fresh, shots: 5.into(), ..TaskSettings::default() };
    let model = ModelSettings { hidden: 32, precision, ..ModelSettings::default() };
    (training, task, model)
}

fn trainer(precision: Precision, seed: u64) -> Trainer {
    let (training, task, model) = settings(precision);
    Trainer::new(&DeepSets, (&training, &task, &model), seed, Kernels::fastest())
}

/// The mean test loss before and after reading.
fn tested(weights: &Weights) -> [f64; 2] {
    let (_, task, _) = settings(Precision::F32);
    let evaluation = EvaluationSettings { test_tasks: 200, ..EvaluationSettings::default() };
    let mut adapter = Adapter::new(weights);
    let mut sums = [0.0; 2];
    for task in test_tasks(&task, &evaluation) {
        adapter.take_task(&task.support, &task.query);
        sums[0] += adapter.loss() / 200.0;
        adapter.descend();
        sums[1] += adapter.loss() / 200.0;
        let after = adapter.loss();
        adapter.descend();
        assert_eq!(adapter.loss().to_bits(), after.to_bits(), "there is nothing more to read");
    }
    sums
}

#[test]
fn it_trains_and_adapts() {
    let mut trainer = trainer(Precision::F32, 1);
    let untrained = tested(&trainer.weights());
    for _ in 0..1_500 {
        trainer.outer_step().expect("memory");
    }
    let [before, after] = tested(&trainer.weights());
    println!("untrained {untrained:?}, trained {before} and {after}");
    assert!(after < before && after < 0.5 * untrained[1], "{untrained:?}: {before}, {after}");
}

#[test]
fn it_resumes_to_the_bit() {
    for precision in [Precision::F32, Precision::F64] {
        let (mut straight, mut other) = (trainer(precision, 7), trainer(precision, 7));
        for step in 0..30 {
            if step % 7 == 3 {
                let state = other.state();
                other = trainer(precision, 7);
                other.restore(&state);
                assert_eq!(other.state(), state);
            }
            let losses = [&mut straight, &mut other].map(|trainer| trainer.outer_step().expect("memory"));
            assert_eq!(losses[0].to_bits(), losses[1].to_bits(), "{precision:?} step {step}");
        }
        assert_eq!(straight.state(), other.state());
    }
}

#[test]
fn its_checkpoint_comes_back() {
    let (training, task, _) = settings(Precision::F64);
    let weights = trainer(Precision::F64, 3).weights();
    let bytes = weights.to_bytes(&[("algorithm", "my-deep-sets".to_owned())]);
    let adaptation = DeepSets.adaptation(&training, Scale::of(&task));
    let read = Checkpoint::from_bytes(&bytes, &|_, _| Ok(adaptation.clone())).expect("a checkpoint");
    assert_eq!(read.weights, weights);
    // As it is read elsewhere: one tensor of three columns and more.
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("a file");
    assert_eq!(file.tensor("read1.0.weight").expect("there").shape(), [32, 34]);
    let cut = Checkpoint::from_bytes(&bytes[..bytes.len() - 9], &|_, _| Ok(adaptation.clone()));
    assert!(cut.is_err(), "a file that was cut short");
    let mut other = weights.clone();
    other.model.hidden = 16;
    other.values.truncate(3);
    assert_ne!(other, weights);
}

#[test]
fn its_gradient_is_that_of_central_differences() {
    let weights = trainer(Precision::F64, 5).weights();
    let points = |count: usize, from: usize| {
        let x: Vec<f64> = (0..count).map(|i| 5.0 * ((i + from) as f64 * 1.7).sin()).collect();
        let y = x.iter().map(|x| 2.0 * (x + 0.4).sin()).collect();
        Points { x, y }
    };
    for shots in [0, 1, 6] {
        let tasks = [(points(shots, 3), points(9, 40))];
        let at = |weights: &Weights| {
            meta_gradient(weights, &tasks, 1, Order::Exact, Kernels::fastest()).expect("memory")
        };
        let gradient = at(&weights).gradient.values;
        let largest = gradient.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        for entry in (0..gradient.len()).step_by(61) {
            let loss = |offset: f64| {
                let mut moved = weights.clone();
                moved.values[entry] += offset;
                at(&moved).losses[0]
            };
            let off = [1e-5, 1e-6, 3e-7].map(|h| ((loss(h) - loss(-h)) / (2.0 * h) - gradient[entry]).abs());
            let off = off.into_iter().fold(f64::MAX, f64::min) / largest;
            assert!(off < 1e-7, "{shots} points, entry {entry}: {off:e}");
        }
    }
}
