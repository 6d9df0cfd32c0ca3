//! Tables for papers and notes: losses with their intervals and the best set in bold, comparisons and verdicts, as LaTeX
//! and as Markdown.

use super::curves::{band_in_words, ends, seeds_in_words};
use crate::cli::Interval;
use crate::eval::{Average, BANDS, LossAxis, OverSeeds};
use crate::results::{
    AxisWords, BEST_GAUSSIAN, CalibrationRow, CalibrationTable, Difference, FLOOR, Figure, LossTable,
    Outcome, Row, TableComparison, TableGroup, calibration_tables, medians_in_words, percent, point_tables,
    table_steps, tables,
    text::{Glyphs, number},
};

/// A table.
pub struct Table {
    /// What it is of.
    pub title: String,
    pub head: Vec<String>,
    pub rows: Vec<Line>,
    /// Below it.
    pub notes: Vec<String>,
}

/// A line of a table.
pub enum Line {
    /// What comes below is of other tasks.
    Heading(String),
    Cells(Vec<Cell>),
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    pub text: String,
    /// What it varies by: a half width, or the two ends.
    pub spread: Option<Spread>,
    pub is_best: bool,
    /// In full, where it is a number.
    pub exact: Option<f64>,
}

/// What a number varies by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    Half(f64),
    Ends([f64; 2]),
}

impl Cell {
    /// Of words.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// The loss tables, one a test set.
pub fn losses(outcomes: &[Outcome<'_>], interval: Interval) -> Vec<Table> {
    let table = |table: &LossTable| {
        let steps = table_steps(table.most_steps);
        let mut rows = Vec::new();
        let mut medians = Vec::new();
        for TableGroup { title, rows: systems, best_guess, floor, by_medians } in &table.groups {
            medians.extend(by_medians);
            if !title.is_empty() {
                rows.push(Line::Heading(format!("Tasks with {title}")));
            }
            rows.extend(systems.iter().map(|row| Line::Cells(system(row, &steps, interval))));
            if let Some(floor) = floor {
                let exact = |n: &usize| floor.get(*n).copied();
                let at = |n| Cell {
                    text: exact(n).map_or("\u{2013}".to_owned(), number),
                    exact: exact(n),
                    ..Cell::default()
                };
                let name = [Cell::of(FLOOR), Cell::of("")];
                rows.push(Line::Cells(name.into_iter().chain(steps.iter().map(at)).collect()));
            }
            let guess = Cell { text: number(*best_guess), exact: Some(*best_guess), ..Cell::default() };
            let prior = [Cell::of("prior mean (best guess without points)"), Cell::of("")];
            rows.push(Line::Cells(prior.into_iter().chain(steps.iter().map(|_| guess.clone())).collect()));
        }
        let on = table.test.as_ref().map_or(String::new(), |test| format!("[{test}] "));
        let (letter, after) = (table.axis.letter(), table.words.after);
        medians.sort_unstable();
        medians.dedup();
        let medians = medians_in_words(letter, &medians).map_or(String::new(), |words| format!("; {words}"));
        Table {
            title: format!("{on}Test loss after {after} (mean over tasks)"),
            head: ["system".to_owned(), "seeds".to_owned()]
                .into_iter()
                .chain(steps.iter().map(|n| format!("{letter} = {n}")))
                .collect(),
            rows,
            notes: vec![
                format!("After each mean over seeds: {}.", band_in_words(interval)),
                format!(
                    "Bold: the lowest after {after}, and what cannot be told from it (95 % over all comparisons of one \
                     {letter}{medians}). ! some tasks or seeds have no finite loss."
                ),
            ],
        }
    };
    let of_points = point_tables(outcomes, Average::Mean, Glyphs::default());
    let losses = tables(outcomes, Average::Mean, Glyphs::default());
    let sure = calibration_tables(outcomes, Glyphs::default());
    losses.iter().chain(&of_points).map(table).chain(sure.iter().map(calibration)).collect()
}

/// How well systems know how sure they are.
fn calibration(table: &CalibrationTable) -> Table {
    let cell = |text: String, exact: f64| Cell { text, exact: Some(exact), ..Cell::default() };
    let row = |row: &CalibrationRow| {
        let (mean, std) = row.loglik;
        let spread = (row.seeds > 1).then_some(Spread::Half(std));
        let seeds = if row.seeds == 0 { String::new() } else { row.seeds.to_string() };
        let first = [Cell::of(&row.name), Cell::of(seeds), Cell::of(row.after())];
        let loglik = Cell { spread, ..cell(number(mean), mean) };
        let bands = row.coverage.iter().map(|share| cell(percent(*share), *share));
        Line::Cells(first.into_iter().chain([loglik]).chain(bands).collect())
    };
    let on = table.test.as_ref().map_or(String::new(), |test| format!("[{test}] "));
    let bands = BANDS.map(|band| format!("in the {band} % band"));
    let head = ["system", "seeds", "after", "log-likelihood"].map(str::to_owned);
    Table {
        title: format!(
            "{on}Log-likelihood of a test target, and % of the targets in the bands (mean over tasks)"
        ),
        head: head.into_iter().chain(bands).collect(),
        rows: table.rows.iter().map(row).collect(),
        notes: vec![format!(
            "After a log-likelihood: standard deviation over seeds. {BEST_GAUSSIAN}: Gaussians of the exact posterior's mean and \
             deviation; no other Gaussian answers can be expected to have a higher log-likelihood."
        )],
    }
}

fn system(row: &Row, steps: &[usize], interval: Interval) -> Vec<Cell> {
    let seeds = row.over.as_ref().map_or(0, |over| over.seeds);
    let at = |n: &usize| {
        let Some(over) = row.over.as_ref().filter(|over| over.is_answered(*n)) else {
            return Cell::of("\u{2013}");
        };
        loss(over, *n, interval, row.best.contains(n))
    };
    [Cell::of(&row.name), Cell::of(format!("{seeds}/{}", row.runs))]
        .into_iter()
        .chain(steps.iter().map(at))
        .collect()
}

/// A loss and what it varies by.
fn loss(over: &OverSeeds, n: usize, interval: Interval, is_best: bool) -> Cell {
    let mean = over.mean[n];
    let lossy = if over.nonfinite[n] > 0.0 { "!" } else { "" };
    let spread = ends(over, n, interval).map(|[low, high]| match interval {
        Interval::Seeds => Spread::Ends([low, high]),
        _ => Spread::Half(0.5 * (high - low)),
    });
    Cell {
        text: format!("{}{lossy}", number(mean)),
        spread,
        is_best,
        exact: mean.is_finite().then_some(mean),
    }
}

/// Who differs from the lowest after each n and, in a table of its own, after each K: a line a system. None where nothing is
/// compared.
pub fn comparisons(compared: &[TableComparison], outcomes: &[Outcome<'_>]) -> Vec<Table> {
    let axes = [LossAxis::Steps, LossAxis::Points].into_iter();
    axes.filter_map(|axis| comparisons_along(compared, outcomes, axis)).collect()
}

fn comparisons_along(
    compared: &[TableComparison],
    outcomes: &[Outcome<'_>],
    axis: LossAxis,
) -> Option<Table> {
    let name = |index: usize| outcomes[index].settings.name.clone();
    let compared = || compared.iter().filter(|at| at.axis == axis);
    let several = compared().any(|at| at.test.is_some());
    let rows = compared().flat_map(|at| {
        at.comparison.others.iter().map(move |against| {
            let Difference { mean, interval, seeds, standing } = against.difference;
            let difference = Cell {
                text: mean.map_or("\u{2013}".to_owned(), number),
                spread: interval.map(Spread::Ends),
                is_best: false,
                exact: mean,
            };
            let test = at.test.clone().unwrap_or_else(|| crate::experiments::FIRST_TEST.to_owned());
            let first = several.then(|| Cell::of(test));
            let rest = [
                Cell::of(at.n.to_string()),
                Cell::of(name(against.experiment)),
                Cell::of(name(at.comparison.lowest)),
                difference,
                Cell::of(at.comparison.over.name()),
                Cell::of(seeds.name()),
                Cell::of(standing.name()),
            ];
            Line::Cells(first.into_iter().chain(rest).collect())
        })
    });
    let rows: Vec<Line> = rows.collect();
    let letter = axis.letter();
    let head = [letter, "system", "against the lowest", "difference", "over tasks", "seeds", "verdict"];
    let head = several.then_some("test").into_iter().chain(head);
    (!rows.is_empty()).then(|| Table {
        title: format!("Differences to the lowest loss after {}", AxisWords::of(axis, outcomes.iter().map(|outcome| outcome.settings)).after
        ),
        head: head.map(str::to_owned).collect(),
        rows,
        notes: vec![format!(
            "In brackets: the interval of the difference. All intervals of a group and {letter} together hold at 95 %."
        )],
    })
}

/// The published figures and how the results stand to them.
pub fn verdicts(figures: &[Figure]) -> Option<Table> {
    let row = |figure: &Figure| {
        let (measured, half) = figure.mean();
        let mark = figure.published.mark.map_or(String::new(), |mark| format!(" ({})", mark.name()));
        let number_of = |value: Option<f64>, half: Option<f64>| Cell {
            text: value.map_or("\u{2013}".to_owned(), number),
            spread: half.map(Spread::Half),
            is_best: false,
            exact: value,
        };
        Line::Cells(vec![
            Cell::of(figure.setting()),
            number_of(Some(figure.published.loss), figure.published.ci95),
            number_of(measured, half),
            Cell::of(seeds_in_words(figure.seeds)),
            Cell::of(figure.verdict_in_words()),
            Cell::of(format!("{}{mark}", figure.published.source)),
        ])
    };
    (!figures.is_empty()).then(|| Table {
        title: "Published figures".to_owned(),
        head: ["setting", "published", "measured", "seeds", "verdict", "source"].map(str::to_owned).to_vec(),
        rows: figures.iter().map(row).collect(),
        notes: vec!["Measured: mean over seeds of the mean over tasks, with its 95 % interval.".to_owned()],
    })
}

/// A table as LaTeX, with the rules of the package booktabs.
pub fn latex(table: &Table) -> String {
    let cell = |cell: &Cell| {
        let text = tex(&cell.text);
        let text = match &cell.spread {
            Some(Spread::Half(half)) => format!("{text} $\\pm$ {}", tex(&number(*half))),
            Some(Spread::Ends([low, high])) => {
                format!("{text} [{}, {}]", tex(&number(*low)), tex(&number(*high)))
            }
            None => text,
        };
        if cell.is_best { format!("\\textbf{{{text}}}") } else { text }
    };
    let columns = format!("l{}", "r".repeat(table.head.len().saturating_sub(1)));
    let mut text = format!("% {}\n", table.title.replace('\n', " "));
    text.extend(table.notes.iter().map(|note| format!("% {note}\n")));
    text.push_str("% \\usepackage{booktabs}\n");
    let head: Vec<String> = table.head.iter().map(|word| tex(word)).collect();
    text += &format!("\\begin{{tabular}}{{{columns}}}\n\\toprule\n{} \\\\\n\\midrule\n", head.join(" & "));
    for (at, line) in table.rows.iter().enumerate() {
        match line {
            Line::Heading(words) => {
                let rule = if at > 0 { "\\midrule\n" } else { "" };
                text += &format!(
                    "{rule}\\multicolumn{{{}}}{{l}}{{\\emph{{{}}}}} \\\\\n",
                    table.head.len(),
                    tex(words)
                );
            }
            Line::Cells(cells) => {
                text += &format!("{} \\\\\n", cells.iter().map(cell).collect::<Vec<_>>().join(" & "));
            }
        }
    }
    text + "\\bottomrule\n\\end{tabular}\n"
}

/// Text as LaTeX takes it.
fn tex(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => safe.extend(['\\', letter]),
            '\\' => safe.push_str("\\textbackslash{}"),
            '~' => safe.push_str("\\textasciitilde{}"),
            '^' => safe.push_str("\\textasciicircum{}"),
            '<' => safe.push_str("\\textless{}"),
            '>' => safe.push_str("\\textgreater{}"),
            '"' => safe.push_str("\\textquotedbl{}"),
            '\u{2013}' => safe.push_str("--"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

/// A table as Markdown.
pub fn markdown(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let cell = |cell: &Cell| {
        let text = in_words(cell, plain);
        if cell.is_best { format!("**{text}**") } else { text }
    };
    let mut text = format!("{}\n\n", plain(&table.title));
    text += &line(table.head.iter().map(|word| plain(word)).collect());
    let rule = std::iter::once("---").chain(std::iter::repeat_n("--:", table.head.len().saturating_sub(1)));
    text += &line(rule.map(str::to_owned).collect());
    for row in &table.rows {
        text += &match row {
            Line::Heading(words) => {
                let first = std::iter::once(format!("*{}*", plain(words)));
                line(first.chain(std::iter::repeat_n(String::new(), table.head.len() - 1)).collect())
            }
            Line::Cells(cells) => line(cells.iter().map(cell).collect()),
        };
    }
    text.push('\n');
    text.extend(table.notes.iter().map(|note| format!("{}\n", plain(note))));
    text
}

/// A cell and what it varies by.
pub fn in_words(cell: &Cell, safe: impl Fn(&str) -> String) -> String {
    let text = safe(&cell.text);
    match &cell.spread {
        Some(Spread::Half(half)) => format!("{text} \u{b1} {}", number(*half)),
        Some(Spread::Ends([low, high])) => format!("{text} [{}, {}]", number(*low), number(*high)),
        None => text,
    }
}

/// Text that Markdown takes for text.
fn plain(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '#' | '~' => safe.extend(['\\', letter]),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names() {
        assert_eq!(
            tex("50 % & \\cite{a}_1 ~^<"),
            "50 \\% \\& \\textbackslash{}cite\\{a\\}\\_1 \\textasciitilde{}\\textasciicircum{}\\textless{}"
        );
        assert_eq!(plain("a|b *c* <d>\n"), "a\\|b \\*c\\* \\<d\\> ");
        let table = Table {
            title: "T".to_owned(),
            head: vec!["s".to_owned(), "n = 1".to_owned()],
            rows: vec![
                Line::Heading("H".to_owned()),
                Line::Cells(vec![
                    Cell::of("a|b"),
                    Cell {
                        text: "1.50".to_owned(),
                        spread: Some(Spread::Half(0.25)),
                        is_best: true,
                        exact: Some(1.5),
                    },
                ]),
            ],
            notes: vec!["N".to_owned()],
        };
        assert_eq!(
            markdown(&table),
            "T\n\n| s | n = 1 |\n| --- | --: |\n| *H* |  |\n| a\\|b | **1.50 \u{b1} 0.25** |\n\nN\n"
        );
        let tex = latex(&table);
        assert!(
            tex.contains("a|b & \\textbf{1.50 $\\pm$ 0.25} \\\\\n") && tex.ends_with("\\end{tabular}\n"),
            "{tex}"
        );
    }
}
