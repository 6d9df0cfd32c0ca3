//! What the view in front shows and has to be worked out is worked out here, before a frame is drawn, or asked for where
//! that takes longer: drawing computes nothing and asks for nothing.

use std::time::{Duration, Instant};

use crate::{
    experiments::Test,
    results::{best_calibration, floor},
    ui::{state::app::App, tour::scene},
};

/// Work on previews between two frames, so that training keeps the cores.
const PREVIEW_TIME: Duration = Duration::from_millis(4);
/// The same while the past is looked for, which a person waits for.
const PAST_TIME: Duration = Duration::from_millis(30);

/// Takes in what has been worked out, and has worked out what the view in front shows. Whether anything is new.
pub fn look(app: &mut App) -> bool {
    // One answer makes room for the next.
    let explained = app.why.take_in();
    app.fits.begin();
    (app.view.kind.look)(app);
    app.why.tidy();
    // A station of the tour speaks of its own fit, whatever view a person has gone to from there.
    let scene = scene(app);
    if let Some(index) = scene.and_then(|scene| scene.view(app).experiment)
        && let Some(task) = app.shown_task(index)
    {
        app.want_fits(index, &task, &[0, 1, 10, app.fit.n]);
    }
    let measured = measure(app);
    let at_own_rates = app.own_rate.take_in();
    if at_own_rates {
        app.forget_statistics();
    }
    let is_new = app.inner.take_in()
        | app.walked.take_in()
        | explained
        | at_own_rates
        | app.by_task.take_in()
        | app.spreads.take_in()
        | app.seeds.take_in()
        | app.fits.finish(app.rows.len())
        | measured;
    // The last of it: what has come in is said.
    app.compare();
    is_new
}

impl App {
    /// Whether something is worked out that may be new soon.
    pub fn is_working(&self) -> bool {
        self.fits.are_awaited()
            || self.previews.is_awaited()
            || self.inner.is_awaited()
            || self.walked.is_awaited()
            || self.own_rate.is_awaited()
            || self.by_task.is_awaited()
            || self.spreads.is_awaited()
            || self.why.is_awaited()
            || self.seeds.is_awaited()
            || self.oracles.is_awaited()
            || self.floors.is_awaited()
    }
}

/// Takes in previews of runs in training, and has more worked out: as many as a frame has time for and at least one. Whether
/// any is new. They come with frames, not with keys.
pub fn preview(app: &mut App) -> bool {
    let done = app.previews.take();
    let is_new = done.is_some();
    for preview in done.into_iter().flat_map(|(_, done)| done) {
        // It may be another time or test set that is looked at by now.
        if preview.rewound == app.rewind.notch.is_some() && preview.test == app.test {
            app.on_preview(preview.run, (preview.step, preview.curve));
        }
    }
    let jobs = app.preview_jobs();
    if !jobs.is_empty() {
        let time = if app.rewind.notch.is_some() { PAST_TIME } else { PREVIEW_TIME };
        app.previews.want((), move |asker| {
            let start = Instant::now();
            let mut done = Vec::new();
            for job in jobs {
                done.push(job.compute());
                if start.elapsed() >= time || asker.is_gone() {
                    break;
                }
            }
            done
        });
    }
    app.previews.tidy();
    is_new
}

/// Takes in what oracles leave on the test tasks in view, and has measured what is not known yet.
fn measure(app: &mut App) -> bool {
    let done = app.oracles.take();
    let is_new = done.is_some();
    if let Some((job, losses)) = done {
        app.take_oracle(&job, losses);
    }
    if let Some(job) = app.oracle_job() {
        app.oracles.want(job.clone(), move |_| job.compute());
    }
    app.oracles.tidy();
    let is_new = app.floors.take().is_some() || is_new;
    if let Some(of) = app.floor_job() {
        let tells_deviations = app.tells_deviations();
        app.floors.want(of.clone(), move |_| {
            let test = Test { name: None, task: &of.0, evaluation: &of.1 };
            floor(test);
            if tells_deviations {
                best_calibration(test);
            }
        });
    }
    app.floors.tidy();
    is_new
}
