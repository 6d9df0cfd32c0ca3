//! Why a run diverged, as far as its own reports tell: what the loss did before, and which setting is the
//! likely cause.

use crate::{
    experiments::Experiment,
    results::text::{count, number},
};

/// One sentence or two on why training became infinite or no number at `step`, from the mean losses that
/// were reported before it, as (step, loss).
pub fn why(settings: &Experiment, losses: &[(u64, f64)], step: u64) -> String {
    let finite = || losses.iter().filter(|(_, loss)| loss.is_finite());
    let lowest = finite().min_by(|a, b| a.1.total_cmp(&b.1));
    let story = match (lowest, finite().next_back()) {
        (Some(&(at, low)), Some(&(last, loss))) if loss > 2.0 * low => {
            let times = (loss / low).round();
            let times = if times < 1e6 { count(times as u64) } else { number(times) };
            format!(
                "the loss was lowest at step {} ({}) and had risen {times}-fold by step {}",
                count(at),
                number(low),
                count(last)
            )
        }
        (Some(_), Some(&(last, loss))) => format!(
            "the loss was still {} at step {}; one step in the {} after it blew up",
            number(loss),
            count(last),
            count(step.saturating_sub(last))
        ),
        _ => "it diverged before its first report: the first steps overshoot already".to_owned(),
    };
    format!("why: {story}. {}", settings.algorithm.remedy(&settings.training))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;

    fn settings(lines: &str) -> Experiment {
        let text = format!("[[experiment]]\nname = \"x\"\nalgorithm = \"maml\"\n{lines}\n");
        parse("x", None, &text).expect("a good file").experiments.remove(0)
    }

    #[test]
    fn a_rise_is_told_with_its_figures_and_the_rate_that_is_too_large() {
        let losses = [(200, 5.0), (400, 3.91), (600, 40.0), (800, 156.4), (1_000, f64::NAN)];
        let told = why(&settings("inner_lr = 0.5"), &losses, 1_000);
        assert!(told.contains("lowest at step 400 (3.91) and had risen 40-fold by step 800"), "{told}");
        assert!(told.contains("inner_lr = 0.05"), "{told}");
        assert!(why(&settings("outer_lr = 0.1"), &losses, 1_000).contains("outer_lr = 0.01"));
    }

    #[test]
    fn what_came_out_of_nowhere_is_told_as_that() {
        let sudden = why(&settings(""), &[(200, 4.0), (400, 3.9)], 431);
        assert!(sudden.contains("still 3.90 at step 400; one step in the 31 after it"), "{sudden}");
        assert!(sudden.contains("Both rates are usual"), "{sudden}");
        let at_once = why(&settings("inner_steps = 10"), &[], 3);
        assert!(
            at_once.contains("before its first report") && at_once.contains("10 inner steps"),
            "{at_once}"
        );
    }
}
