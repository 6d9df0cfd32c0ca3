//! A task of one's own: a wave, noise, and support points that a person places. Every learner adapts
//! on the same points.

use std::collections::VecDeque;

use crate::{
    task::TaskSettings,
    task::{self, Points, Purpose, Stream, TestTask, Wave, standard_normal},
};

/// Points of the test grid.
const GRID: usize = 50;

/// The Play view's state.
#[derive(Clone, Debug)]
pub struct Play {
    /// The wave.
    pub(super) sine: Wave,
    /// Standard deviation of the noise on the support points.
    pub(super) noise: f64,
    /// Inputs of the support points, the noise drawn for each in units of `noise`, and how far each
    /// was moved off the wave by hand.
    pub(super) points: Vec<Placed>,
    /// Cursor.
    pub(super) x: f64,
    /// Cursor.
    pub(super) y: f64,
    /// The support point that moves with the cursor.
    pub(super) held: Option<usize>,
    /// Range of x.
    pub(super) range: [f64; 2],
    /// Largest |y| in view.
    pub(super) height: f64,
    /// Amplitudes of the family.
    pub(super) amplitude: [f64; 2],
    /// Streams drawn from.
    pub(super) draws: u64,
    /// What the task was before each change, the last one last; what is one movement of a held point is one change.
    pub(super) before: VecDeque<Made>,
    /// Whether the last of them was before the held point moved.
    pub(super) moving: bool,
}

/// What a person makes of the task.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The wave.
    pub sine: Wave,
    /// The noise.
    pub noise: f64,
    /// The support points.
    pub points: Vec<Placed>,
}

/// A support point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Input.
    pub x: f64,
    /// A standard normal draw; the noise is this many standard deviations.
    pub deviation: f64,
    /// Target set by hand; `None` lies on the wave.
    pub y: Option<f64>,
}

impl Play {
    /// The first task: ten points spread over the range.
    pub fn new(settings: Option<&TaskSettings>) -> Self {
        let (amplitude, range) = settings.map_or(([0.1, 5.0], [-5.0, 5.0]), |task| (task.heights(), task.x));
        let mut play = Self {
            sine: Wave { amplitude: (amplitude[0] + amplitude[1]) / 2.0, phase: 1.0, frequency: 1.0 },
            noise: 0.0,
            points: Vec::new(),
            x: (range[0] + range[1]) / 2.0,
            y: 0.0,
            held: None,
            range,
            height: amplitude[0].abs().max(amplitude[1].abs()).max(1e-9) * 1.25,
            amplitude,
            draws: 0,
            before: VecDeque::new(),
            moving: false,
        };
        let mut stream = play.stream();
        for x in task::grid(range, 12).into_iter().skip(1).take(10) {
            play.points.push(Placed { x, deviation: standard_normal(&mut stream), y: None });
        }
        play
    }

    /// The points of a test task, to be changed by hand: each lies where it lies, on no wave.
    pub fn of_task(task: &TestTask, settings: &TaskSettings) -> Self {
        let points = task.support.x.iter().zip(&task.support.y);
        let points: Vec<Placed> =
            points.map(|(x, y)| Placed { x: *x, deviation: 0.0, y: Some(*y) }).collect();
        let highest = task.support.y.iter().chain(&task.query.y).fold(0.0_f64, |most, y| most.max(y.abs()));
        let play = Self::new(Some(settings));
        Self { points, height: play.height.max(1.25 * highest), ..play }
    }

    /// Which of the points moves with the cursor.
    pub fn held(&self) -> Option<usize> {
        self.held
    }

    /// The cursor's y.
    pub fn cursor_y(&self) -> f64 {
        self.y
    }

    /// The y of the support point that is nearest to this x.
    pub fn nearest_at(&self, x: f64) -> Option<f64> {
        let Points { x: xs, y } = self.support();
        let nearest = xs.iter().zip(y).min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs()));
        nearest.map(|(_, y)| y)
    }

    /// The points.
    pub fn support(&self) -> Points {
        self.task().support
    }

    /// The held point is let go of; whether there was one.
    pub fn let_go(&mut self) -> bool {
        self.held.take().is_some()
    }

    /// What can be undone.
    pub(super) fn made(&self) -> Made {
        Made { sine: self.sine, noise: self.noise, points: self.points.clone() }
    }

    /// The task to adapt on and to be tested on.
    pub fn task(&self) -> TestTask {
        let mut support = Points::default();
        for point in &self.points {
            support.x.push(point.x);
            support.y.push(point.y.unwrap_or(self.sine.at(point.x)) + self.noise * point.deviation);
        }
        TestTask {
            function: self.sine.into(),
            support,
            further: Points::default(),
            query: self.sine.points(task::grid(self.range, GRID)),
        }
    }

    /// The support point nearest to the cursor.
    pub fn nearest(&self) -> Option<usize> {
        let task = self.task();
        let span = self.range[1] - self.range[0];
        let distance = |i: usize| {
            let (across, up) =
                ((task.support.x[i] - self.x) / span, (task.support.y[i] - self.y) / self.height / 2.0);
            across * across + up * up
        };
        (0..self.points.len()).min_by(|a, b| distance(*a).total_cmp(&distance(*b)))
    }

    /// A stream of its own for every draw, so that the same keys give the same tasks.
    pub(super) fn stream(&mut self) -> Stream {
        self.draws += 1;
        task::stream(self.draws, Purpose::Illustration)
    }
}
