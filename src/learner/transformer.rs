//! In-context regression: a transformer reads the support points as tokens and answers for an x as the next one. What
//! other learners do with gradients it has learned to do with attention, in one pass.
//!
//! Garg, Tsipras, Liang and Valiant 2022, "What Can Transformers Learn In-Context?", <https://arxiv.org/abs/2208.01066>,
//! section 2; and Nguyen and Grover 2022, "Transformer Neural Processes", <https://arxiv.org/abs/2207.04179>, section 3
//! (TNP-D). This is a small hybrid: causal over the support points as the first, query points apart as in the second.

use super::{Cost, Learner, OuterLoss, OuterLossKind, OuterStep, Rule, Shapes, Training, reading, words};
use crate::config::{Domain, Keys, settings};
use crate::model::{
    Adaptation, Episode, Insight, Layer, ModelSettings, Network, Order, Pass, Rows, Scalar, Scale, Then,
};
use crate::task::Shots;
use dfdx::prelude::{Cpu, Device};

/// Heads of attention.
const HEADS: usize = 4;

settings! {
    /// What only the transformer has, and what it shares.
    struct TransformerSettings {
        /// Blocks of attention and layers, one on another (transformer).
        blocks: usize = Domain::Count(1..=8), 2;
        /// Squared error, or negative log-likelihood, which also gives error bands (ridge-head, cnp, transformer, metafun).
        outer_loss: OuterLossKind =
            Domain::Words(OuterLossKind::NAMES), OuterLossKind::Mse;
    }
}

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(f)`, f(x) the transformer's answer after the tokens
/// (x_i, y_i), each query point after a prefix of them.
#[derive(Clone, Copy, Debug)]
pub struct Transformer;

impl Learner for Transformer {
    fn name(&self) -> &'static str {
        "transformer"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["in-context", "icl", "tnp", "tnp-d", "attention"]
    }

    fn title(&self) -> &'static str {
        "transformer"
    }

    fn paper(&self) -> &'static str {
        "Garg et al. 2022, section 2, arXiv:2208.01066; Nguyen, Grover 2022, section 3, arXiv:2207.04179"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["outer_lr"]
    }

    fn network_keys(&self) -> &'static [&'static str] {
        reading::NETWORK_KEYS
    }

    fn own_keys(&self) -> &'static Keys {
        TransformerSettings::keys()
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        if reading::is_gaussian(settings) {
            return &[
                "(m, s)ⱼ = T(xⱼ | first kⱼ points), kⱼ = j mod (K+1)",
                "θ ← θ − β d[−log N(y; m, s²)]/dθ",
            ];
        }
        &["fⱼ = T(xⱼ | first kⱼ points), kⱼ = j mod (K+1)", "θ ← θ − β dL_query(f)/dθ"]
    }

    fn settings(&self, settings: &Training) -> String {
        format!("{} blocks, {}", TransformerSettings::new(&settings.own).blocks, reading::in_words(settings))
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "It reads the support points as tokens and takes no inner step: two values, before (n = 0) and after.",
            "In training the j-th query point is given the first j mod (K + 1) support points, so one pass trains every number of points up to K; in every test all of them are given.",
            "Look for: its loss after one or two points beside that of gradient steps.",
        ]
    }

    fn cost(&self, _: &Training) -> Cost {
        Cost { support: 1, query: 1, hessian_products: 0 }
    }

    fn flop(&self, training: &Training, model: &ModelSettings, shots: usize, query: usize) -> usize {
        let (w, blocks) = (model.hidden, TransformerSettings::new(&training.own).blocks);
        let embed = (shots + query) * (3 * w + w * w);
        // Queries, keys and values, heads together, two layers; then the products with keys and with values. In the
        // last block support points are keys and values only.
        let block = |rows: usize| rows * (8 * w * w + 2 * w * (shots + 1));
        let all = (blocks - 1) * block(shots + query) + block(query) + shots * 3 * w * w;
        6 * (embed + all + query * (w * w + w))
    }

    fn tape(&self, training: &Training, model: &ModelSettings, shots: usize, query: usize) -> usize {
        let (w, blocks) = (model.hidden, TransformerSettings::new(&training.own).blocks);
        // Normed, queries, keys and values, what was taken, and added; normed, two layers; the weights of all heads.
        let block = |rows: usize| rows * (10 * w + HEADS * (shots + 1));
        let embedded = (shots + query) * (reading::NARROW + 2 * w);
        let read = query * (2 * w + reading::NARROW);
        embedded + (blocks - 1) * block(shots + query) + block(query) + shots * 4 * w + read
    }

    /// Every prefix that a query point is given.
    fn trained_points(&self, shots: Shots, query: usize) -> Shots {
        Shots { fewest: 0, most: shots.most.min(query.saturating_sub(1)) }
    }

    /// As attention needs: at the full rate its first steps spoil it.
    fn warm_up(&self) -> u64 {
        200
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![("transformer", words::clipped(1))]
    }

    fn adaptation(&self, settings: &Training, scale: Scale) -> Adaptation {
        let TransformerSettings { blocks, .. } = TransformerSettings::new(&settings.own);
        reading::adaptation(Tokens { blocks, is_gaussian: reading::is_gaussian(settings) }, scale, 1)
    }

    fn read_tensors(&self, settings: &mut Training, shape: Shapes<'_>) {
        let has = |block: &usize| shape(&format!("block.{block}.qkv.bias")).is_some();
        let blocks = (0..8).take_while(has).count().max(1);
        let outer_loss = TransformerSettings::new(&settings.own).outer_loss;
        settings.own = TransformerSettings { blocks, outer_loss }.values();
        reading::read_outputs(settings, shape("readout.1.bias"));
    }
}

impl Rule for Transformer {
    /// The query loss after reading, each query point after a prefix of the support points.
    fn outer_loss<E: Scalar>(&self, step: OuterStep<'_, E>) -> OuterLoss<E>
    where
        Cpu: Device<E>,
    {
        let OuterStep { theta, tasks, workspace, .. } = step;
        theta.adapt(&tasks.support, 1, Order::Exact).after_prefixes().loss(&tasks.query, workspace).into()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Tokens {
    blocks: usize,
    is_gaussian: bool,
}

impl Tokens {
    /// The query tokens after all blocks; `look` is shown the queries, keys and values of each block, those of the support
    /// tokens first.
    fn through_blocks<E: Scalar>(
        &self,
        pass: &Pass<E>,
        episode: &Episode<'_, E>,
        mut look: impl FnMut(&Rows<E>, &Rows<E>),
    ) -> Rows<E> {
        let Episode { tasks, support_x, support_y, query_x, prefixes, .. } = *episode;
        let (shots, queries) = (episode.shots(), episode.queries());
        let ones = vec![E::rounded(1.0); support_x.len()];
        let zeros = vec![E::default(); query_x.len()];
        let embed = |tokens: Rows<E>| {
            let h = pass.dense("embedding.0", &[&tokens], Then::Relu);
            pass.dense("embedding.1", &[&h], Then::Nothing)
        };
        let mut known = embed(pass.given((tasks, shots), &[support_x, support_y, &ones]));
        let mut asked = embed(pass.given((tasks, queries), &[query_x, &zeros, &zeros]));
        let given = |query: usize| if prefixes { query % (shots + 1) } else { shots };
        let (of_asked, of_known): (Vec<usize>, Vec<usize>) =
            ((0..queries).map(given).collect(), (0..shots).collect());
        for block in 0..self.blocks {
            let layer = |part: &str| format!("block.{block}.{part}");
            let project = |h: &Rows<E>| pass.dense(&layer("qkv"), &[&pass.layer_norm(h)], Then::Nothing);
            let (keys, queries) = (project(&known), project(&asked));
            look(&keys, &queries);
            let step = |h: &Rows<E>, tokens: &Rows<E>, see: &[usize]| {
                let taken = pass.attention(tokens, &keys, HEADS, see);
                let h = pass.dense(&layer("out"), &[&taken], Then::Onto(h));
                let inner = pass.dense(&layer("mlp.0"), &[&pass.layer_norm(&h)], Then::Relu);
                pass.dense(&layer("mlp.1"), &[&inner], Then::Onto(&h))
            };
            asked = step(&asked, &queries, &of_asked);
            // After the last block nobody looks at the support points again.
            if block + 1 < self.blocks {
                known = step(&known, &keys, &of_known);
            }
        }
        asked
    }
}

impl Network for Tokens {
    fn layers(&self, w: usize) -> Vec<Layer> {
        // So that what the blocks add up to is of the same size however many there are.
        let gain = 1.0 / (2.0 * self.blocks as f64).sqrt();
        let mut layers =
            vec![Layer::before_relu("embedding.0", &[1, 1, 1], w), Layer::linear("embedding.1", &[w], w)];
        for block in 0..self.blocks {
            let name = |part: &str| format!("block.{block}.{part}");
            layers.push(Layer::linear(name("qkv"), &[w], w).outputs_times(3));
            layers.push(Layer::linear(name("out"), &[w], w).times(gain));
            layers.push(Layer::before_relu(name("mlp.0"), &[w], w).outputs_times(2));
            layers.push(Layer::linear(name("mlp.1"), &[w, w], w).times(gain));
        }
        layers.push(Layer::before_relu("readout.0", &[w], w));
        layers.push(reading::last("readout.1", w, self.is_gaussian));
        layers
    }

    fn tells_width(&self) -> &'static str {
        "embedding.0.bias"
    }

    fn predict<E: Scalar>(&self, pass: &Pass<E>, episode: &Episode<'_, E>, _: usize) -> Rows<E> {
        let asked = self.through_blocks(pass, episode, |_, _| ());
        let h = pass.dense("readout.0", &[&pass.layer_norm(&asked)], Then::Relu);
        pass.dense("readout.1", &[&h], Then::Nothing)
    }

    /// The attention of the last block from where it is asked to the support points, its mean over the heads; what is left of
    /// 1 goes to itself.
    fn insight<E: Scalar>(&self, pass: &Pass<E>, episode: &Episode<'_, E>) -> Option<Insight> {
        let mut last = None;
        self.through_blocks(pass, episode, |keys, queries| last = Some((keys.clone(), queries.clone())));
        let (keys, queries) = last?;
        let shots = episode.shots();
        let row = |query: usize| {
            let token = queries.row(query);
            let width = token.len() / 3;
            let size = width / HEADS;
            let mut weights = vec![0.0; shots];
            for head in 0..HEADS {
                let part = |row: &[E], from: usize| -> Vec<f64> {
                    row[from + head * size..][..size].iter().map(|value| value.exact()).collect()
                };
                let asked = part(token, 0);
                let score = |row: &[E]| {
                    let key = part(row, width);
                    asked.iter().zip(&key).map(|(q, k)| q * k).sum::<f64>() / (size as f64).sqrt()
                };
                let own = score(token);
                let scores: Vec<f64> = (0..shots).map(|point| score(keys.row(point))).collect();
                let most = scores.iter().copied().fold(own, f64::max);
                let shares: Vec<f64> = scores.iter().map(|score| libm::exp(score - most)).collect();
                let all = shares.iter().sum::<f64>() + libm::exp(own - most);
                weights
                    .iter_mut()
                    .zip(shares)
                    .for_each(|(weight, share)| *weight += share / all / HEADS as f64);
            }
            weights
        };
        Some(Insight::Weights { name: "attention", rows: (0..episode.queries()).map(row).collect() })
    }
}
