//! The first line: what is studied, who trains it, how far it is and how long it still takes. Of what
//! does not fit, what can be read elsewhere goes first.
//!
//! ```text
//!  metascope  experiments.toml   sine, 10-shot, 5 systems x 5 seeds        14/25 runs  0:03 elapsed  0:01 left
//!  metascope  experiments.toml           watching process 1234 on mango   14/25 runs  0:03 elapsed  0:01 left
//! ```

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    config::presentable,
    ui::{
        state::{
            app::App,
            runs::Phase,
            trainers::{Trainer, crowd},
        },
        widgets::text::{clock, fit, put, width},
    },
};

/// Runs of the study by what has become of them.
#[derive(Default)]
struct Tally {
    all: usize,
    finished: usize,
    failed: usize,
    stopped: usize,
    loaded: usize,
}

impl Tally {
    fn of(app: &App) -> Self {
        let mut tally = Self::default();
        for run in app.active().map(|run| &app.runs[run]) {
            tally.all += 1;
            match run.phase {
                Phase::Finished { .. } => tally.finished += 1,
                Phase::Failed { .. } => tally.failed += 1,
                Phase::Stopped => tally.stopped += 1,
                _ => {}
            }
            tally.loaded += usize::from(run.loaded);
        }
        tally
    }

    /// How many of them are done.
    fn done(&self, over: bool) -> String {
        let word = match over {
            false => "",
            // Nothing was trained since somebody looks.
            true if self.loaded == self.all => " loaded",
            true => " done",
        };
        format!("{}/{} runs{word}", self.finished, self.all)
    }

    /// What went another way.
    fn others(&self) -> String {
        let part = |count: usize, word: &str| (count > 0).then(|| format!("{count} {word}"));
        [part(self.failed, "failed"), part(self.stopped, "stopped")]
            .into_iter()
            .flatten()
            .map(|part| format!(", {part}"))
            .collect()
    }
}

/// Whose the runs are, in full and in short; empty where they are this process's.
fn badge(app: &App) -> [String; 2] {
    match &app.trainers.trainer {
        Trainer::Here if !app.trainers.others.is_empty() => {
            [format!("with {}", crowd(&app.trainers.others)), "joined".to_owned()]
        }
        Trainer::Here | Trainer::Nobody => [String::new(), String::new()],
        Trainer::Several(holders) => {
            [format!("watching {}", crowd(holders)), format!("watching {} PIDs", holders.len())]
        }
        Trainer::Elsewhere(holder) => {
            let word = if app.trainers.asked { "asking" } else { "watching" };
            let host = presentable(&holder.host, 24);
            [format!("{word} PID {} on {host}", holder.pid), format!("{word} PID {}", holder.pid)]
        }
    }
}

/// How long it has taken and still takes, and what of that is of most use.
fn time(app: &App, tally: &Tally) -> [String; 2] {
    let elapsed = clock(app.elapsed());
    let one = |words: String| [words.clone(), words];
    match (app.is_over(), app.is_left(), app.left()) {
        (true, ..) if tally.loaded == tally.all => one(String::new()),
        (true, ..) => one(format!("in {elapsed}")),
        (_, true, _) => one("not running".to_owned()),
        (.., Some(left)) => {
            let left = format!("{} left", left.words());
            [format!("{elapsed} elapsed  {left}"), left]
        }
        (.., None) => one(format!("{elapsed} elapsed")),
    }
}

/// Which moment of the past is in view.
fn past(app: &App) -> String {
    if app.rewind.notch.is_none() {
        return String::new();
    }
    let runs: Vec<usize> = match app.view.experiment.and_then(|index| app.chosen_run(index)) {
        Some(run) => vec![run],
        None => app.active().collect(),
    };
    match (app.rewind.shown, app.moments(&runs), app.rewind.playing) {
        (None, ..) => "rewinding".to_owned(),
        (_, Some(at), Some(_)) => format!("playing: {at}"),
        (_, Some(at), None) => format!("rewound to {at}"),
        (_, None, _) => "rewound: nothing has come so far".to_owned(),
    }
}

/// Draws it.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let tally = Tally::of(app);
    let [badge, short] = badge(app);
    let past = past(app);
    let (done, others, [time, left]) = (tally.done(app.is_over()), tally.others(), time(app, &tally));
    let alarm = if app.is_left() { styles.error() } else { styles.bold() };
    let gap = if app.is_over() { " " } else { "  " };
    let pieces = |badge: &str, time: &str| -> Vec<(String, Style)> {
        let apart = |text: &str| if text.is_empty() { String::new() } else { format!("{text}  ") };
        let time = if time.is_empty() { " ".to_owned() } else { format!("{gap}{time} ") };
        vec![
            (apart(&past), styles.warn()),
            (apart(badge), styles.warn()),
            (done.clone(), styles.bold()),
            (others.clone(), if tally.failed > 0 { styles.error() } else { styles.bold() }),
            (time, alarm),
        ]
    };
    let wide = |pieces: &[(String, Style)]| pieces.iter().map(|(text, _)| width(text)).sum::<usize>();
    let room = usize::from(area.width);
    let name = width(" metascope ");
    // The longest form that fits.
    let mut forms =
        [(&badge, &time), (&short, &time), (&short, &left)].map(|(badge, time)| pieces(badge, time));
    let fitting = forms.iter().position(|state| wide(state) + name <= room).unwrap_or(forms.len() - 1);
    let state = std::mem::take(&mut forms[fitting]);
    let right = room.saturating_sub(wide(&state));
    let (file, subject) = (app.file.as_str(), app.subject());
    // The longest form that fits beside the state.
    let forms = [format!(" {file}   {subject}"), format!(" {subject}"), format!(" {file}"), String::new()];
    let form = forms.iter().find(|form| width(form) + name < right).map_or("", String::as_str);
    let x = put(buffer, area, area.x, area.y, " metascope ", styles.bold());
    put(buffer, area, x, area.y, form, styles.plain());
    let mut x = area.x + right as u16;
    for (text, style) in state {
        let room = usize::from(area.right().saturating_sub(x));
        x = put(buffer, area, x, area.y, &fit(&text, room, styles), style);
    }
}
