//! Which of a study's outcomes stand in a picture or on a page, and under which names.

use crate::eval::Average;
use crate::results::{ListRow, Outcome, groups, judged_at, rows};

/// Those of these outcomes that have been tested over their axis, with the runs that have been.
pub fn tested<'a>(outcomes: &[Outcome<'a>], test: Option<&str>) -> Vec<Outcome<'a>> {
    let mut outcomes = outcomes.to_vec();
    for Outcome { runs, axis, .. } in &mut outcomes {
        runs.retain(|run| run.curves.of(test).is_some_and(|curve| axis.of(curve).is_some()));
    }
    outcomes.retain(|outcome| !outcome.runs.is_empty());
    outcomes
}

/// The outcomes that a picture of curves has: of a sweep the best cell alone, under a name that says so.
pub fn one_a_row<'a>(outcomes: Vec<Outcome<'a>>, test: Option<&str>) -> Vec<(String, Outcome<'a>)> {
    let shown = shown(&outcomes, test);
    let mut outcomes: Vec<Option<Outcome<'_>>> = outcomes.into_iter().map(Some).collect();
    shown.into_iter().filter_map(|(name, index)| Some((name, outcomes[index].take()?))).collect()
}

/// Who is shown where not every cell of a sweep can be, by their places among the outcomes, and under which names.
pub fn shown(outcomes: &[Outcome<'_>], test: Option<&str>) -> Vec<(String, usize)> {
    let (list, sweeps) = rows(outcomes.iter().map(|outcome| outcome.settings));
    let groups = groups(outcomes, test);
    let named = |row: &ListRow| match *row {
        ListRow::One(index) => (outcomes[index].settings.name.clone(), index),
        ListRow::Sweep(sweep) => {
            let sweep = &sweeps[sweep];
            let last = |index: &usize| outcomes[*index].last(test);
            let n = judged_at(sweep.experiments.iter().filter_map(last).max().unwrap_or(0));
            // Of the cells that were tested on the same tasks as the first.
            let cells = groups.iter().map(|group| sweep.comparable(group)).find(|cells| !cells.is_empty());
            let cells = cells.unwrap_or_default();
            let best = sweep.best_of(&cells, |index| outcomes[index].cell_loss(test, n, Average::Mean));
            let index = best.map_or(sweep.experiments[0], |(index, _)| index);
            (sweep.row_name(best.map(|(index, _)| outcomes[index].settings), cells.len()), index)
        }
    };
    list.iter().map(named).collect()
}
