//! MetaFun: what is known of a task is a function, which is updated again and again at all points at once, by what the
//! support points say, spread to where it is similar. As gradient steps of a function would be, but learned.
//!
//! Xu, Ton, Kim, Kosiorek and Teh 2020, "MetaFun: Meta-Learning with Iterative Functional Updates",
//! <https://arxiv.org/abs/1912.02738>, section 3, with a learned kernel and a decoder of means.

use super::{Cost, Learner, Rule, Shapes, Training, reading, words};
use crate::config::Keys;
use crate::model::{
    Adaptation, Episode, Insight, Layer, ModelSettings, Network, Pass, Rows, Scalar, Scale, Then,
};

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(f)`, f(x) = D(x, r(x)), r after so many updates
/// r(x) <- r(x) - alpha/K sum of k(x, x_i) u(x_i, y_i, r(x_i)).
#[derive(Clone, Copy, Debug)]
pub struct MetaFun;

impl Learner for MetaFun {
    fn name(&self) -> &'static str {
        "metafun"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["meta-fun", "functional-updates"]
    }

    fn title(&self) -> &'static str {
        "MetaFun"
    }

    fn paper(&self) -> &'static str {
        "Xu, Ton, Kim, Kosiorek, Teh 2020, section 3, arXiv:1912.02738"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["inner_steps", "outer_lr"]
    }

    fn network_keys(&self) -> &'static [&'static str] {
        reading::NETWORK_KEYS
    }

    fn own_keys(&self) -> &'static Keys {
        reading::Settings::keys()
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        if reading::is_gaussian(settings) {
            return &[
                "r(x) ← r(x) − α/K Σ k(x, xᵢ) u(xᵢ, yᵢ, r(xᵢ)), (m, s) = D(x, r(x))",
                "θ ← θ − β d[−log N(y; m, s²)]/dθ",
            ];
        }
        &["r(x) ← r(x) − α/K Σ k(x, xᵢ) u(xᵢ, yᵢ, r(xᵢ)), f(x) = D(x, r(x))", "θ ← θ − β dL_query(f)/dθ"]
    }

    fn settings(&self, settings: &Training) -> String {
        format!("{} updates, {}", settings.inner_steps, reading::in_words(settings))
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "n is the number of updates of a function of x; none of them takes a gradient. What it answers before the first is trained only where shots begin at 0, as in shots = [0, 20].",
            "Look for: whether the loss is lowest near the number of updates that it is trained with, and whether more of them help.",
        ]
    }

    fn cost(&self, _: &Training) -> Cost {
        Cost { support: 1, query: 1, hessian_products: 0 }
    }

    fn flop(&self, training: &Training, model: &ModelSettings, shots: usize, query: usize) -> usize {
        let (w, n) = (model.hidden, training.inner_steps);
        let features = (shots + query) * (w + w * w + shots * w);
        let updates = n * shots * (3 * w * w + 2 * w) + (n - 1) * shots * shots * w + query * shots * w;
        6 * (features + updates + query * (2 * w * w + 2 * w))
    }

    fn tape(&self, training: &Training, model: &ModelSettings, shots: usize, query: usize) -> usize {
        let (w, n) = (model.hidden, training.inner_steps);
        let features = (shots + query) * (reading::NARROW + 2 * w);
        // Three layers; but for the last, what the function has become and the share of each point in it.
        let updates = n * shots * 3 * w + (n - 1) * shots * (w + shots) + shots * w;
        features + 2 * (shots + query) * shots + updates + query * (shots + 3 * w + 2 * reading::NARROW)
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![("metafun T=5", words::clipped(5))]
    }

    fn adaptation(&self, settings: &Training, scale: Scale) -> Adaptation {
        let network = Functional { is_gaussian: reading::is_gaussian(settings) };
        reading::adaptation(network, scale, settings.inner_steps)
    }

    fn read_tensors(&self, settings: &mut Training, shape: Shapes<'_>) {
        reading::read_outputs(settings, shape("decoder.2.bias"));
    }
}

/// Its outer loss is the query loss after these updates.
impl Rule for MetaFun {}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Functional {
    is_gaussian: bool,
}

impl Functional {
    /// What the kernel compares.
    fn feature<E: Scalar>(pass: &Pass<E>, x: &Rows<E>) -> Rows<E> {
        let h = pass.dense("feature.0", &[x], Then::Relu);
        pass.dense("feature.1", &[&h], Then::Nothing)
    }
}

impl Network for Functional {
    fn layers(&self, w: usize) -> Vec<Layer> {
        vec![
            Layer::before_relu("feature.0", &[1], w),
            Layer::linear("feature.1", &[w], w),
            Layer::before_relu("update.0", &[1, 1, w], w),
            Layer::before_relu("update.1", &[w], w),
            Layer::linear("update.2", &[w], w),
            Layer::vector("prior", w, 0.0),
            Layer::vector("alpha", 1, 1.0),
            Layer::vector("log_scale", 1, 0.0),
            Layer::before_relu("decoder.0", &[1, w], w),
            Layer::before_relu("decoder.1", &[w], w),
            reading::last("decoder.2", w, self.is_gaussian),
        ]
    }

    fn tells_width(&self) -> &'static str {
        "prior"
    }

    fn most_updates(&self) -> usize {
        usize::MAX
    }

    fn predict<E: Scalar>(&self, pass: &Pass<E>, episode: &Episode<'_, E>, n: usize) -> Rows<E> {
        let Episode { tasks, support_x, support_y, query_x, .. } = *episode;
        let shots = episode.shots();
        let prior = pass.parameter("prior", tasks);
        let x = pass.given((tasks, episode.queries()), &[query_x]);
        let r = if shots == 0 || n == 0 {
            prior
        } else {
            let feature = |x: &Rows<E>| Self::feature(pass, x);
            let known = feature(&pass.given((tasks, shots), &[support_x]));
            let points = pass.given((tasks, shots), &[support_x, support_y]);
            let (alpha, log_scale) = (pass.parameter("alpha", 1), pass.parameter("log_scale", 1));
            let among = pass.similarity(&known, &known, &log_scale);
            let (mut r, mut updates) = (prior.clone(), Vec::new());
            for update in 0..n {
                let h = pass.dense("update.0", &[&points, &r], Then::Relu);
                let h = pass.dense("update.1", &[&h], Then::Relu);
                let u = pass.dense("update.2", &[&h], Then::Nothing);
                if update + 1 < n {
                    r = pass.smooth(&r, &among, &u, &alpha);
                }
                updates.push(u);
            }
            // What query points take from one update does not change the next: they take all of them at once.
            let updates = pass.sum(&updates.iter().collect::<Vec<_>>());
            pass.smooth(&prior, &pass.similarity(&feature(&x), &known, &log_scale), &updates, &alpha)
        };
        let h = pass.dense("decoder.0", &[&x, &r], Then::Relu);
        let h = pass.dense("decoder.1", &[&h], Then::Relu);
        pass.dense("decoder.2", &[&h], Then::Nothing)
    }

    /// The kernel between where it is asked and the support points.
    fn insight<E: Scalar>(&self, pass: &Pass<E>, episode: &Episode<'_, E>) -> Option<Insight> {
        let (shots, queries) = (episode.shots(), episode.queries());
        if shots == 0 {
            return Some(Insight::Weights { name: "kernel", rows: vec![Vec::new(); queries] });
        }
        let known = Self::feature(pass, &pass.given((1, shots), &[episode.support_x]));
        let asked = Self::feature(pass, &pass.given((1, queries), &[episode.query_x]));
        let kernel = pass.similarity(&asked, &known, &pass.parameter("log_scale", 1));
        let row = |query: usize| kernel.row(query).iter().map(|value| value.exact()).collect();
        Some(Insight::Weights { name: "kernel", rows: (0..queries).map(row).collect() })
    }
}
