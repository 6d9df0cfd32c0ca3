//! The adaptation curves as a picture: the mean over seeds as a line, each seed's own mean as a thin one.

use super::svg::{LETTER, colour, document, look};
use crate::eval::{Average, Curve, OverSeeds};
use crate::results::{Group, Outcome, best_guess, groups, svg::Picture};

/// Size of the plot.
const PLOT: [f64; 2] = [530.0, 370.0];
/// Room left of the plot, above and below it.
const LEFT: f64 = 60.0;
const ABOVE: f64 = 40.0;
const BELOW: f64 = 50.0;
/// Height of a line of the legend.
const LINE: f64 = 18.0;

/// The curves of these runs on a test set, under these names; each has at least one.
pub fn picture(outcomes: &[(String, Outcome<'_>)], test: Option<&str>) -> String {
    let all: Vec<&Curve> = outcomes.iter().flat_map(|(_, outcome)| outcome.curves(test)).collect();
    let most_steps = all.iter().map(|curve| curve.steps.len() - 1).max().unwrap_or(1).max(1);
    // A floor for every group of systems on the same tasks.
    let only: Vec<Outcome<'_>> = outcomes.iter().map(|(_, outcome)| outcome.clone()).collect();
    let floor = |group: &Group| {
        let test = only[*group.members.first()?].test(test)?;
        Some((group.title.clone(), best_guess(test, Average::Mean)))
    };
    let floors: Vec<(String, f64)> = groups(&only, test).iter().filter_map(floor).collect();
    let floor = floors.iter().map(|(_, loss)| *loss).fold(f64::NAN, f64::max);
    let finite = all.iter().flat_map(|curve| &curve.mean).copied().filter(|mean| mean.is_finite());
    // One that diverges must not flatten the others: what is above the axis is said in words.
    let [top, step] = round_axis(finite.clone().fold(floor, f64::max).min(2.0 * floor));
    let cut = finite.filter(|mean| *mean > top).count();
    let (edge, bottom) = (LEFT + PLOT[0], ABOVE + PLOT[1]);
    let x = |n: f64| LEFT + PLOT[0] * n / most_steps as f64;
    let y = |loss: f64| bottom - PLOT[1] * (loss / top).min(1.0);
    let line = |means: &[f64]| {
        means.iter().enumerate().map(|(n, &mean)| (x(n as f64), y(mean))).collect::<Vec<_>>().into_iter()
    };
    let mut picture = Picture::new();
    let clipped = if cut > 0 { format!(", {cut} points above the range") } else { String::new() };
    let on = test.map_or(String::new(), |test| format!("[{test}] "));
    let title = format!("{on}Test loss after n gradient steps, mean over tasks; thin: each seed{clipped}");
    picture.text((LEFT, 22.0), "font-size=\"14\"", &title);
    let digits = if step < 0.1 { 2 } else { 1 };
    for tick in 0..=(top / step).round() as u32 {
        let loss = step * f64::from(tick);
        picture.draw(&format!("<path d=\"M{LEFT} {:.1}H{edge}\" stroke=\"#ddd\"/>", y(loss)));
        picture.text((LEFT - 6.0, y(loss) + 4.0), "text-anchor=\"end\"", &format!("{loss:.digits$}"));
    }
    for n in (0..=most_steps).step_by(most_steps.div_ceil(5)) {
        picture.text((x(n as f64), bottom + 18.0), "text-anchor=\"middle\"", &n.to_string());
    }
    picture.text((x(most_steps as f64 / 2.0), bottom + 38.0), "text-anchor=\"middle\"", "n");
    for (title, loss) in &floors {
        let at = y(*loss);
        picture
            .draw(&format!("<path d=\"M{LEFT} {at:.1}H{edge}\" stroke=\"#888\" stroke-dasharray=\"1 4\"/>"));
        let of = if title.is_empty() { String::new() } else { format!(" ({title})") };
        picture.text((edge - 4.0, at - 4.0), "text-anchor=\"end\" fill=\"#666\"", &format!("prior mean{of}"));
    }
    let mut longest = 0;
    for (place, (name, outcome)) in outcomes.iter().enumerate() {
        let curves = outcome.curves(test);
        let colour = colour(place);
        for curve in &curves {
            picture.line(line(&curve.mean), &format!("stroke=\"{colour}\" opacity=\".25\""));
        }
        let (means, _) = OverSeeds::of(&curves, curves[0].mean.len(), Average::Mean).of_every_seed();
        let look = look(place, 2.0);
        picture.line(line(&means), &look);
        let (from, at) = (edge + 8.0, ABOVE + 12.0 + LINE * place as f64);
        picture.draw(&format!("<path d=\"M{from} {at}h24\" {look}/>"));
        let name = format!("{name} ({})", curves.len());
        longest = longest.max(name.chars().count());
        picture.text((from + 30.0, at + 4.0), "", &name);
    }
    let right = 50.0 + LETTER * longest as f64;
    let height = (bottom + BELOW).max(ABOVE + 30.0 + LINE * outcomes.len() as f64);
    document(picture, [edge + right, height])
}

/// An axis from 0 to `most` or a little more: its end and the step of its round ticks, four to ten of them.
fn round_axis(most: f64) -> [f64; 2] {
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let power = 10_f64.powf((most / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|round| round * power).into_iter().find(|step| most / step <= 6.0);
    let step = step.unwrap_or(10.0 * power);
    [(most / step).ceil() * step, step]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let cases =
            [(4.34, 5.0, 1.0), (8.5, 10.0, 2.0), (0.3, 0.3, 0.05), (1.0, 1.0, 0.2), (f64::NAN, 1.0, 0.2)];
        for (most, top, step) in cases {
            let found = round_axis(most);
            assert!((found[0] - top).abs() < 1e-9 && (found[1] - step).abs() < 1e-9, "{most}: {found:?}");
        }
    }
}
