//! A sweep as heat maps with their key: a map a group of cells that were tested on the same tasks and, where more than two
//! settings are swept, a map a combination of the others.

use std::collections::BTreeSet;

use anyhow::bail;

use super::paper::Paper;
use crate::eval::Average;
use crate::results::{
    CellLoss, Outcome, Scale, Sweep, best_guess, groups, judged_at,
    palette::{RAMP, hex, wants_black},
    svg::Picture,
    text::number,
};

/// As many maps stand in one picture.
const MOST_MAPS: usize = 24;

/// A cell's number, and its loss where it has one.
type Shown = (usize, Option<CellLoss>);

/// A map.
struct Map {
    title: String,
    /// By row and column.
    cells: Vec<Vec<Option<Shown>>>,
    best: Option<usize>,
}

/// The picture of a sweep.
pub fn picture(
    sweep: &Sweep,
    outcomes: &[Outcome<'_>],
    test: Option<&str>,
    paper: &Paper,
) -> anyhow::Result<String> {
    let evaluations =
        || sweep.experiments.iter().filter_map(|index| Some(outcomes[*index].test(test)?.evaluation));
    let n = judged_at(evaluations().map(|evaluation| evaluation.steps).max().unwrap_or(0));
    let maps = maps(sweep, outcomes, test, n);
    if maps.len() > MOST_MAPS {
        bail!(
            "{}: a picture of {} maps is none; the rows of --format csv have the axes",
            sweep.name,
            maps.len()
        );
    }
    let losses =
        || maps.iter().flat_map(|map| map.cells.iter().flatten().flatten().filter_map(|(_, loss)| *loss));
    let counted = losses().filter(|loss| loss.counts()).map(|loss| loss.mean).filter(|mean| *mean > 0.0);
    let (low, high) =
        counted.fold((f64::INFINITY, 0.0_f64), |(low, high), loss| (low.min(loss), high.max(loss)));
    // What is far worse than knowing nothing is no worse than that, or one cell that explodes would make all others alike.
    let first = sweep.experiments.iter().find_map(|index| outcomes[*index].test(test));
    let most = first.map_or(f64::INFINITY, |test| 2.0 * best_guess(test, Average::Mean)).max(low * 1.05);
    let is_cut = high > most;
    let scale = Scale::log(low, high.max(low * 1.05).min(most));
    let mut picture = Picture::new();
    let (font, small) = (paper.font, 0.9 * paper.font);
    let on = test.map_or(String::new(), |test| format!("[{test}] "));
    let rates: Vec<f64> = sweep
        .experiments
        .iter()
        .filter_map(|index| {
            let settings = outcomes[*index].settings;
            Some(settings.test_rate(settings.test(test)?))
        })
        .collect();
    let at = match rates.first() {
        Some(first) if rates.iter().all(|rate| rate == first) => format!(" at rate {first}"),
        Some(_) => " at each cell's test rate".to_owned(),
        None => String::new(),
    };
    let shots: BTreeSet<usize> = sweep
        .experiments
        .iter()
        .filter_map(|index| Some(outcomes[*index].test(test)?.task.shots.most))
        .collect();
    let shots = match shots.first() {
        Some(shots_of_all) if shots.len() == 1 => format!(" on {shots_of_all} points"),
        _ => String::new(),
    };
    let title = format!("{on}{}: test loss after {n} steps{at}{shots}", sweep.name);
    let title = paper.wrapped(&title, paper.width - font, font);
    let mut top = paper.paragraph(&mut picture, [0.5 * font, 0.2 * font], (font, ""), &title) + 0.6 * font;
    let rows = maps.first().map_or(0, |map| map.cells.len());
    let columns = maps.first().and_then(|map| map.cells.first()).map_or(0, Vec::len);
    let (down, across) = axes(sweep);
    let side: Vec<String> = down.map_or_else(
        || vec![String::new()],
        |axis| axis.values.iter().map(|value| value.in_short()).collect(),
    );
    let head: Vec<String> = across.values.iter().map(|value| value.in_short()).collect();
    let widest = side.iter().map(|text| paper.width_of(text, small)).fold(0.0, f64::max);
    let margin = if down.is_some() { 1.8 * small + widest + 0.6 * small } else { font };
    let side_by_side = if maps.len() > 1 && paper.width > 330.0 { 2 } else { 1 };
    let whole = paper.width / side_by_side as f64;
    let cell = [((whole - margin - font) / columns.max(1) as f64).min(9.0 * font), 2.2 * font];
    let written = cell[0] > 3.4 * small;
    for row in maps.chunks(side_by_side) {
        let titled = row.iter().any(|map| !map.title.is_empty());
        let begin = top + if titled { 1.5 * font } else { 0.0 };
        for (at, map) in row.iter().enumerate() {
            let left = whole * at as f64;
            let name = paper.fitted(&map.title, whole - font, font);
            paper.write(&mut picture, (left + 0.5 * font, top + font), (font, ""), &name);
            let corner = [left + margin, begin];
            draw_map(&mut picture, paper, (map, outcomes), (corner, cell, written), scale);
            for (row, text) in side.iter().enumerate() {
                let y = begin + cell[1] * (row as f64 + 0.5) + 0.34 * small;
                paper.write(
                    &mut picture,
                    (left + margin - 0.5 * small, y),
                    (small, "text-anchor=\"end\""),
                    text,
                );
            }
            let foot = begin + cell[1] * rows as f64 + 1.2 * small;
            let mut until = f64::NEG_INFINITY;
            for (column, text) in head.iter().enumerate() {
                let (x, half) =
                    (left + margin + cell[0] * (column as f64 + 0.5), 0.5 * paper.width_of(text, small));
                if x - half > until {
                    paper.write(&mut picture, (x, foot), (small, "text-anchor=\"middle\""), text);
                    until = x + half + 0.3 * small;
                }
            }
            let middle = left + margin + 0.5 * cell[0] * columns as f64;
            paper.write(
                &mut picture,
                (middle, foot + 1.3 * small),
                (small, "text-anchor=\"middle\""),
                &across.key,
            );
            if let Some(axis) = down {
                let (x, y) = (left + 1.1 * small, begin + 0.5 * cell[1] * rows as f64);
                let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 {x:.1} {y:.1})\"");
                let name = paper.fitted(&axis.key, cell[1] * rows as f64 + 2.0 * font, small);
                paper.write(&mut picture, (x, y), (small, &turned), &name);
            }
        }
        top = begin + cell[1] * rows as f64 + 3.2 * small;
    }
    top = key(&mut picture, paper, (scale, is_cut), top);
    let mut notes =
        vec![format!("Mean over seeds of the mean over test tasks. Framed: the lowest cell of its map.")];
    if losses().any(|loss| !loss.counts()) {
        notes.push("! some tasks or seeds have no finite loss, and are not in the mean.".to_owned());
    }
    if maps.iter().flat_map(|map| map.cells.iter().flatten().flatten()).any(|(_, loss)| loss.is_none()) {
        notes.push("\u{2013} no result.".to_owned());
    }
    for note in notes {
        let lines = paper.wrapped(&note, paper.width - font, 0.85 * font);
        top = paper.paragraph(&mut picture, [0.5 * font, top], (0.85 * font, ""), &lines);
    }
    Ok(paper.document(picture, top + 0.6 * font))
}

/// The axis downwards, if there are two, and the one across.
fn axes(sweep: &Sweep) -> (Option<&crate::results::SweptAxis>, &crate::results::SweptAxis) {
    match &sweep.axes[..] {
        [one] => (None, one),
        all => (Some(&all[0]), &all[1]),
    }
}

fn maps(sweep: &Sweep, outcomes: &[Outcome<'_>], test: Option<&str>, n: usize) -> Vec<Map> {
    let sizes: Vec<usize> = sweep.axes.iter().map(|axis| axis.values.len()).collect();
    let (rows, columns) = if sizes.len() == 1 { (1, sizes[0]) } else { (sizes[0], sizes[1]) };
    let others: Vec<usize> = sizes.iter().skip(2).copied().collect();
    let combinations: usize = others.iter().product();
    let loss = |index: usize| outcomes[index].cell_loss(test, n, Average::Mean);
    let mut maps = Vec::new();
    for group in groups(outcomes, test) {
        let cells = sweep.comparable(&group);
        if cells.is_empty() {
            continue;
        }
        for combination in 0..combinations {
            let mut rest = combination;
            let fixed: Vec<usize> = others
                .iter()
                .map(|size| {
                    let at = rest % size;
                    rest /= size;
                    at
                })
                .collect();
            let at = |row: usize, column: usize| {
                let place =
                    if sizes.len() == 1 { vec![column] } else { [vec![row, column], fixed.clone()].concat() };
                let index = sweep.at(&place).filter(|index| cells.contains(index))?;
                Some((index, loss(index)))
            };
            let of_map: Vec<Vec<_>> =
                (0..rows).map(|row| (0..columns).map(|column| at(row, column)).collect()).collect();
            let members: Vec<usize> = of_map.iter().flatten().flatten().map(|(index, _)| *index).collect();
            if members.is_empty() {
                continue;
            }
            let named = fixed.iter().zip(sweep.axes.iter().skip(2));
            let mut title: Vec<String> =
                named.map(|(at, axis)| format!("{} {}", axis.word, axis.values[*at].in_short())).collect();
            if !group.title.is_empty() {
                title.push(format!("tasks with {}", group.title));
            }
            maps.push(Map {
                title: title.join(", "),
                best: sweep.best_of(&members, loss).map(|(best, _)| best),
                cells: of_map,
            });
        }
    }
    maps
}

fn draw_map(
    picture: &mut Picture,
    paper: &Paper,
    (map, outcomes): (&Map, &[Outcome<'_>]),
    (corner, [wide, high], written): ([f64; 2], [f64; 2], bool),
    scale: Scale,
) {
    let small = 0.9 * paper.font;
    let mut frame = String::new();
    for (row, cells) in map.cells.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let Some((index, loss)) = cell else { continue };
            let (x, y) = (corner[0] + wide * column as f64, corner[1] + high * row as f64);
            // What leaves tasks out has no place among those that do not.
            let counted = loss.filter(|loss| loss.counts());
            let ground = counted.and_then(|loss| scale.place(loss.mean)).map(|place| RAMP[shade(place)].rgb);
            let fill = ground.map_or_else(|| paper.grid().to_owned(), hex);
            picture.draw(&format!(
                "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{wide:.2}\" height=\"{high:.2}\" fill=\"{fill}\" \
                 stroke=\"{}\" stroke-width=\".5\"/>",
                paper.ground()
            ));
            if map.best == Some(*index) {
                frame = format!(
                    "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
                    x,
                    y,
                    wide,
                    high,
                    paper.ink()
                );
            }
            let failed = outcomes[*index].runs.iter().any(|run| run.failure.is_some());
            let text = match loss {
                Some(loss) if loss.mean.is_finite() && loss.counts() => number(loss.mean),
                Some(loss) if loss.mean.is_finite() => format!("{}!", number(loss.mean)),
                Some(_) => "lost".to_owned(),
                None if failed => "failed".to_owned(),
                None => "\u{2013}".to_owned(),
            };
            let ink = match ground {
                Some(ground) if !wants_black(ground) => "#fff",
                Some(_) => "#000",
                None => paper.ink(),
            };
            if written {
                let look = format!("font-size=\"{small:.2}\" text-anchor=\"middle\" fill=\"{ink}\"");
                let text = paper.fitted(&text, wide, small);
                picture.text((x + 0.5 * wide, y + 0.5 * high + 0.34 * small), &look, &text);
            }
        }
    }
    if !frame.is_empty() {
        picture.draw(&frame);
    }
}

/// Which of the shades a place on the axis has: the lighter the smaller.
fn shade(place: f64) -> usize {
    let last = RAMP.len() - 1;
    last - ((place.clamp(0.0, 1.0) * RAMP.len() as f64) as usize).min(last)
}

/// What the shades mean; where it ends.
fn key(picture: &mut Picture, paper: &Paper, (scale, is_cut): (Scale, bool), top: f64) -> f64 {
    let (font, small) = (paper.font, 0.9 * paper.font);
    let (left, width) = (0.5 * font, (paper.width - 4.0 * font).min(28.0 * font));
    let part = width / RAMP.len() as f64;
    for at in 0..RAMP.len() {
        let place = (at as f64 + 0.5) / RAMP.len() as f64;
        picture.draw(&format!(
            "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{part:.2}\" height=\"{font:.2}\" fill=\"{}\"/>",
            left + part * at as f64,
            top + 0.5 * font,
            hex(RAMP[shade(place)].rgb)
        ));
        let x = left + part * at as f64;
        paper.write(
            picture,
            (x, top + 2.6 * font),
            (small, ""),
            &number(scale.value(at as f64 / RAMP.len() as f64)),
        );
    }
    let end = if is_cut { format!(", up to {} and more", number(scale.high)) } else { String::new() };
    let label = format!("test loss (mean squared error), logarithmic{end}");
    paper.write(picture, (left, top + 3.9 * font), (small, ""), &label);
    top + 4.2 * font
}
