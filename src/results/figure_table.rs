//! Published figures and verdicts in words, and as a table for a normal screen.

use std::fmt;

use super::figures::{Figure, Measured, Verdict};
use super::text::{Glyphs, fit, number, pad, width};
use crate::experiments::Published;

impl Figure {
    /// What it is about: experiment, test set, n.
    pub fn setting(&self) -> String {
        let Published { test, n, .. } = &self.published;
        let test = test.as_ref().map_or(String::new(), |test| format!(", {test}"));
        format!("{}{test}, n={n}", self.experiment)
    }

    /// What was published, with its interval.
    pub fn published_in_words(&self, glyphs: Glyphs) -> String {
        spread(self.published.loss, self.published.ci95, glyphs)
    }

    /// What was measured, with its interval.
    pub fn measured_in_words(&self, glyphs: Glyphs) -> String {
        match self.measured {
            Measured::Waiting { .. } | Measured::NotAnswered => "-".to_owned(),
            Measured::Lost { .. } => "not finite".to_owned(),
            Measured::Mean { mean, ci95 } => spread(mean, ci95, glyphs),
        }
    }

    /// The verdict and what is to be said of it.
    pub fn verdict_in_words(&self) -> String {
        let seeds = |count: usize| if count == 1 { "1 seed".to_owned() } else { format!("{count} seeds") };
        match (self.measured, self.verdict()) {
            (Measured::Waiting { failed: 0, .. }, _) => "waiting".to_owned(),
            (Measured::Waiting { failed, .. }, _) => format!("waiting: {} failed", seeds(failed)),
            (Measured::NotAnswered, _) => "not answered".to_owned(),
            (Measured::Lost { seeds: lost }, _) => format!("misses: {} not finite", seeds(lost)),
            (Measured::Mean { ci95: None, .. }, _) => "cannot tell: one seed, no interval".to_owned(),
            (_, verdict) => verdict.map_or("", Verdict::name).to_owned(),
        }
    }

    /// Seeds with a result, of all.
    pub fn seeds_in_words(&self) -> String {
        match self.measured {
            Measured::Waiting { done, .. } => format!("{done}/{}", self.seeds),
            _ => self.seeds.to_string(),
        }
    }
}

/// A mean and half the width of its interval.
fn spread(mean: f64, half: Option<f64>, glyphs: Glyphs) -> String {
    let half = half.map_or(String::new(), |half| format!("{}{}", glyphs.plus_minus(), number(half)));
    format!("{}{half}", number(mean))
}

/// The figures as a table for a normal screen.
pub struct FigureTable<'a> {
    /// What is in it.
    pub figures: &'a [Figure],
    /// The characters it may use.
    pub glyphs: Glyphs,
}

impl fmt::Display for FigureTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { figures, glyphs } = *self;
        if figures.is_empty() {
            return Ok(());
        }
        let head = ["published", "measured", "seeds", "verdict", "source"].map(str::to_owned);
        let head = [vec!["setting".to_owned()], head.to_vec()].concat();
        let row = |figure: &Figure| {
            let mark = figure.published.mark.map_or(String::new(), |mark| format!("{} ", mark.name()));
            vec![
                fit(&figure.setting(), 40, glyphs),
                figure.published_in_words(glyphs),
                figure.measured_in_words(glyphs),
                figure.seeds_in_words(),
                figure.verdict_in_words(),
                format!("{mark}{}", figure.published.source),
            ]
        };
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(figures.iter().map(row)).collect();
        let wide = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..5).map(wide).collect();
        writeln!(f, "Published figures (measured: mean over seeds of the mean over tasks, 95 % interval)")?;
        for row in rows {
            for (text, width) in row.iter().zip(&widths) {
                write!(f, "{}  ", pad(text, *width, glyphs))?;
            }
            writeln!(f, "{}", row[5])?;
        }
        Ok(())
    }
}
