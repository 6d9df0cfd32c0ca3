//! What a learner does, in its paper's letters, with the settings in use and what to look for. The
//! figures are means over 20 seeds of an independent implementation at the notebook's settings.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    experiments::Experiment,
    learner::{Algorithm, OuterGradient},
    ui::{
        app::App,
        widgets::text::{pane, pane_note, put, rate, wrap},
    },
};

/// Draws the pane.
pub fn draw(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let settings = &app.experiments[index].settings;
    let inner = pane(buffer, area, &format!("About {}", title(settings.training.rule())), styles);
    let room = usize::from(inner.width).saturating_sub(2);
    let mut lines = Vec::new();
    let mut write = |text: &str, style: Style| {
        let wrapped = wrap(&styles.formula(text), room, styles);
        lines.extend(wrapped.into_iter().map(|line| (line, style)));
    };
    for line in rule(settings) {
        write(line, styles.bold().patch(styles.series(index)));
    }
    write(&settings_in_words(settings), styles.plain());
    write(paper(settings.training.rule()), styles.dim());
    for line in notes(settings) {
        write(line, styles.plain());
    }
    let rows = usize::from(inner.height);
    for (row, (line, style)) in lines.iter().take(rows).enumerate() {
        put(buffer, inner, inner.x + 1, inner.y + row as u16, line, *style);
    }
    if lines.len() > rows {
        pane_note(buffer, area, "more: f", styles.key(), styles);
    }
}

fn title(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Random => "no training",
        Algorithm::Transfer => "transfer learning",
        Algorithm::Maml => "MAML",
        Algorithm::FirstOrderMaml => "first-order MAML",
        Algorithm::Reptile => "Reptile",
    }
}

/// The update rule: θ the initial weights, θ′ the adapted ones.
fn rule(settings: &Experiment) -> &'static [&'static str] {
    match (settings.training.rule(), settings.training.outer_gradient) {
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

fn settings_in_words(settings: &Experiment) -> String {
    let (alpha, beta) = (rate(settings.training.inner_lr), rate(settings.training.outer_lr));
    let batch = settings.training.meta_batch;
    match settings.training.rule() {
        Algorithm::Random => "Random initial weights, as drawn.".to_owned(),
        Algorithm::Transfer => format!("β {beta} (Adam), meta-batch {batch}"),
        Algorithm::Maml | Algorithm::FirstOrderMaml => {
            format!("α {alpha}, {} inner, β {beta} (Adam), meta-batch {batch}", settings.training.inner_steps)
        }
        Algorithm::Reptile => {
            format!("α {alpha}, k {}, β {beta} (Adam), meta-batch {batch}", settings.training.inner_steps)
        }
    }
}

fn notes(settings: &Experiment) -> &'static [&'static str] {
    match (settings.training.rule(), settings.training.outer_gradient) {
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

fn paper(algorithm: Algorithm) -> &'static str {
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
