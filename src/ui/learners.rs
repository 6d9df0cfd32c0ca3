//! What the dashboard has to know of the algorithms themselves: the one place that tells them apart. What a
//! learner does is told in its paper's letters, with what to look for; the figures are means over 20 seeds
//! of an independent implementation at the notebook's settings.

use crate::{
    config::{Algorithm, Experiment, OuterGradient, Study},
    results::text::rate,
};

/// Rates up to here are usual for these networks and tasks; the notebook's is 0.01.
const USUAL_INNER: f64 = 0.1;
/// The same for Adam; the notebook's is 0.001.
const USUAL_OUTER: f64 = 0.01;

/// The experiment that a study is about, where it is in the file: the paper's own.
pub fn subject(study: &Study) -> Option<usize> {
    study.experiments.iter().position(|experiment| experiment.algorithm == Algorithm::Maml)
}

/// Whether an experiment is not trained at all.
pub fn is_untrained(settings: &Experiment) -> bool {
    settings.algorithm == Algorithm::Random
}

/// Work of one outer step in gradients of one task: a Hessian-vector product is worth two of them.
pub fn cost(settings: &Experiment) -> f64 {
    let inner = settings.inner_steps as f64;
    let gradients = match settings.algorithm {
        Algorithm::Random | Algorithm::Transfer => 1.0,
        Algorithm::Maml => 1.0 + 3.0 * inner,
        Algorithm::FirstOrderMaml => 1.0 + inner,
        Algorithm::Reptile => inner,
    };
    gradients.max(1.0) * settings.meta_batch.max(1) as f64
}

/// The setting to change first where training has diverged.
pub fn cause(settings: &Experiment) -> String {
    let adapts = !matches!(settings.algorithm, Algorithm::Random | Algorithm::Transfer);
    let (inner, outer) = (settings.inner_lr, settings.outer_lr);
    if adapts && inner > USUAL_INNER {
        format!("Inner steps of rate {} overshoot; try inner_lr = {}", rate(inner), rate(inner / 10.0))
    } else if outer > USUAL_OUTER {
        format!("Outer steps of rate {} overshoot; try outer_lr = {}", rate(outer), rate(outer / 10.0))
    } else if adapts && settings.inner_steps > 5 {
        let steps = settings.inner_steps;
        format!(
            "The derivative runs through {steps} inner steps; try fewer, or inner_lr = {}",
            rate(inner / 3.0)
        )
    } else {
        format!("Both rates are usual; try outer_lr = {} or another seed", rate(outer / 3.0))
    }
}

/// What the learner is called in a sentence.
pub fn title(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Random => "no training",
        Algorithm::Transfer => "transfer learning",
        Algorithm::Maml => "MAML",
        Algorithm::FirstOrderMaml => "first-order MAML",
        Algorithm::Reptile => "Reptile",
    }
}

/// The update rule: θ the initial weights, θ′ the adapted ones.
pub fn rule(settings: &Experiment) -> &'static [&'static str] {
    match (settings.algorithm, settings.outer_gradient) {
        (Algorithm::Random, _) => &["θ stays as drawn"],
        (Algorithm::Transfer, _) => &["θ ← θ − β ∇L_support(θ)"],
        (Algorithm::Maml, OuterGradient::Meta) => &["θ′ = θ − α ∇L_support(θ)", "θ ← θ − β dL_query(θ′)/dθ"],
        (Algorithm::Maml, OuterGradient::MetaPlusInner) => {
            &["θ′ = θ − α ∇L_support(θ)", "θ ← θ − β [dL_query(θ′)/dθ + ∇L_support(θ)]"]
        }
        (Algorithm::FirstOrderMaml, OuterGradient::Meta) => {
            &["θ′ = θ − α ∇L_support(θ)", "θ ← θ − β ∇L_query(θ′)"]
        }
        (Algorithm::FirstOrderMaml, OuterGradient::MetaPlusInner) => {
            &["θ′ = θ − α ∇L_support(θ)", "θ ← θ − β [∇L_query(θ′) + ∇L_support(θ)]"]
        }
        (Algorithm::Reptile, _) => &["θₖ = θ after k steps of rate α", "θ ← θ − β (θ − θₖ)/(k α)"],
    }
}

/// The settings in use.
pub fn settings_in_words(settings: &Experiment) -> String {
    let (alpha, beta) = (rate(settings.inner_lr), rate(settings.outer_lr));
    let batch = settings.meta_batch;
    match settings.algorithm {
        Algorithm::Random => "Random initial weights, as drawn.".to_owned(),
        Algorithm::Transfer => format!("β {beta} (Adam), meta-batch {batch}"),
        Algorithm::Maml | Algorithm::FirstOrderMaml => {
            format!("α {alpha}, {} inner, β {beta} (Adam), meta-batch {batch}", settings.inner_steps)
        }
        Algorithm::Reptile => {
            format!("α {alpha}, k {}, β {beta} (Adam), meta-batch {batch}", settings.inner_steps)
        }
    }
}

/// What is worth knowing, and what to look for.
pub fn notes(settings: &Experiment) -> &'static [&'static str] {
    match (settings.algorithm, settings.outer_gradient) {
        (Algorithm::Random, _) => &[
            "Look for: SGD from scratch. Ten points and a few steps get it nowhere; what is below this curve was learned.",
        ],
        (Algorithm::Transfer, _) => &[
            "Look for: a flat line. Waves of every phase cancel, so the best single network answers 0 everywhere, and its loss stays at the prior mean.",
        ],
        (Algorithm::Maml, OuterGradient::Meta) => &[
            "The derivative runs through the inner step, second order and exact.",
            "Look for: the fall at n = 1, the step it trained for (4.3 to 1.5). It keeps falling after it, though seeds differ: 0.73 ± 0.27 at n = 10.",
        ],
        (Algorithm::Maml, OuterGradient::MetaPlusInner) => &[
            "As the notebook ran: its inner and outer model share variables, so the inner gradient is added.",
            "Look for: a little worse than the exact gradient at every n from 1 on (1.74 against 1.51 at n = 1).",
        ],
        (Algorithm::FirstOrderMaml, _) => &[
            "The gradient at θ′ is used as if θ′ did not depend on θ: no second derivatives.",
            "Look for: a bad start at n = 0, then a fall. \"Almost as good as MAML\" does not hold at the notebook's budget: 1.27 against 0.73 at n = 10.",
        ],
        (Algorithm::Reptile, _) => &[
            "No query points: θ moves towards the weights that k SGD steps reach.",
            "Look for: level with MAML at n = 10 (0.69) and ahead by n = 32 (0.60 against 0.69), within the seed spread.",
        ],
    }
}

/// Where it comes from.
pub fn paper(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Random => "nn.Linear's initialisation, uniform in ±1/sqrt(fan-in)",
        Algorithm::Transfer => "the pretrained baseline of Finn et al. 2017, section 5.1, arXiv:1703.03400",
        Algorithm::Maml => "Finn, Abbeel, Levine 2017, algorithm 1 and section 5.1, arXiv:1703.03400",
        Algorithm::FirstOrderMaml => {
            "Finn et al. 2017, arXiv:1703.03400; Nichol, Achiam, Schulman 2018, arXiv:1803.02999"
        }
        Algorithm::Reptile => "Nichol, Achiam, Schulman 2018, arXiv:1803.02999",
    }
}
