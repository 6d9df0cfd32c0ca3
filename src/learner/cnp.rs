//! Conditional neural process: a network that reads its support points. Each becomes a vector, their mean is what is
//! known of the task, and a second network predicts from it and an x. There is no inner gradient: to adapt is one pass.
//!
//! Garnelo, Rosenbaum, Maddison, Ramalho, Saxton, Shanahan, Teh, Rezende and Eslami 2018, "Conditional Neural
//! Processes", <https://arxiv.org/abs/1807.01613>, section 2.

use super::{Cost, Learner, Rule, Shapes, Training, reading, words};
use crate::config::Keys;
use crate::model::{
    Adaptation, Episode, Insight, Layer, ModelSettings, Network, Pass, Rows, Scalar, Scale, Then,
};

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(f)`, f(x) = D(r, x), r = mean of E(x_i, y_i).
#[derive(Clone, Copy, Debug)]
pub struct Cnp;

impl Learner for Cnp {
    fn name(&self) -> &'static str {
        "cnp"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["neural-process", "conditional-neural-process", "np", "deep-set", "deep-sets"]
    }

    fn title(&self) -> &'static str {
        "CNP"
    }

    fn paper(&self) -> &'static str {
        "Garnelo et al. 2018, section 2, arXiv:1807.01613"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["outer_lr"]
    }

    fn network_keys(&self) -> &'static [&'static str] {
        reading::NETWORK_KEYS
    }

    fn own_keys(&self) -> &'static Keys {
        reading::Settings::keys()
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        if reading::is_gaussian(settings) {
            return &["r = mean of E(xᵢ, yᵢ), (m, s) = D(r, x)", "θ ← θ − β d[−log N(y; m, s²)]/dθ"];
        }
        &["r = mean of E(xᵢ, yᵢ), f(x) = D(r, x)", "θ ← θ − β dL_query(f)/dθ"]
    }

    fn settings(&self, settings: &Training) -> String {
        reading::in_words(settings)
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "It reads the support points and takes no inner step, so the curve has two values: before (n = 0) and after. What it answers before is trained only where shots begin at 0, as in shots = [0, 20].",
            "Look for: its loss after one or two points beside that of gradient steps, and a fit that need not go through its points: a mean does not tell where each of many lay.",
        ]
    }

    fn cost(&self, _: &Training) -> Cost {
        Cost { support: 1, query: 1, hessian_products: 0 }
    }

    fn flop(&self, _: &Training, model: &ModelSettings, shots: usize, query: usize) -> usize {
        let w = model.hidden;
        let forward = shots * (2 * w + w * w) + 2 * w * w + query * (2 * w + w * w);
        // A product and its two derivatives.
        6 * forward
    }

    fn tape(&self, _: &Training, model: &ModelSettings, shots: usize, query: usize) -> usize {
        let w = model.hidden;
        (shots + query) * (reading::NARROW + 2 * w) + query * reading::NARROW + 4 * w
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![("cnp", words::clipped(1))]
    }

    fn adaptation(&self, settings: &Training, scale: Scale) -> Adaptation {
        reading::adaptation(Process { is_gaussian: reading::is_gaussian(settings) }, scale, 1)
    }

    fn read_tensors(&self, settings: &mut Training, shape: Shapes<'_>) {
        reading::read_outputs(settings, shape("decoder.2.bias"));
    }
}

/// Its outer loss is the query loss after reading, which the first update is.
impl Rule for Cnp {}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Process {
    is_gaussian: bool,
}

impl Process {
    /// r: what is known of each task.
    fn known<E: Scalar>(pass: &Pass<E>, episode: &Episode<'_, E>) -> Rows<E> {
        let Episode { tasks, support_x, support_y, .. } = *episode;
        let shots = episode.shots();
        if shots == 0 {
            return pass.parameter("prior", tasks);
        }
        let points = pass.given((tasks, shots), &[support_x, support_y]);
        let h = pass.dense("encoder.0", &[&points], Then::Relu);
        let h = pass.dense("encoder.1", &[&h], Then::Relu);
        // The last layer of the encoder is linear: its mean is that of its inputs, once a task.
        pass.dense("encoder.2", &[&pass.mean_over_points(&h)], Then::Nothing)
    }
}

impl Network for Process {
    fn layers(&self, w: usize) -> Vec<Layer> {
        vec![
            Layer::before_relu("encoder.0", &[1, 1], w),
            Layer::before_relu("encoder.1", &[w], w),
            Layer::linear("encoder.2", &[w], w),
            Layer::vector("prior", w, 0.0),
            Layer::before_relu("decoder.0", &[w, 1], w),
            Layer::before_relu("decoder.1", &[w], w),
            reading::last("decoder.2", w, self.is_gaussian),
        ]
    }

    fn tells_width(&self) -> &'static str {
        "prior"
    }

    fn predict<E: Scalar>(&self, pass: &Pass<E>, episode: &Episode<'_, E>, _: usize) -> Rows<E> {
        let r = Self::known(pass, episode);
        let x = pass.given((episode.tasks, episode.queries()), &[episode.query_x]);
        let h = pass.dense("decoder.0", &[&r, &x], Then::Relu);
        let h = pass.dense("decoder.1", &[&h], Then::Relu);
        pass.dense("decoder.2", &[&h], Then::Nothing)
    }

    /// r.
    fn insight<E: Scalar>(&self, pass: &Pass<E>, episode: &Episode<'_, E>) -> Option<Insight> {
        let r = Self::known(pass, episode);
        Some(Insight::Context(r.row(0).iter().map(|value| value.exact()).collect()))
    }
}
