//! A task of one's own: one of the family's, noise, and support points that a person places, or takes from a table's
//! task. Every learner adapts on the same points.

use std::collections::VecDeque;

use super::frozen::Walk;
use crate::{
    config::Values,
    task::TaskSettings,
    task::{self, Function, Points, Purpose, Slider, Stream, TestTask, standard_normal},
};

/// Points of the test grid.
const GRID: usize = 50;

/// The Play view's state.
#[derive(Clone, Debug)]
pub struct Play {
    /// The task.
    pub(super) function: Function,
    /// Its family's own settings.
    pub(super) own: Values,
    /// Standard deviation of the noise on the support points.
    pub(super) noise: f64,
    /// The support points.
    pub(super) points: Vec<Placed>,
    /// Cursor.
    pub(super) x: f64,
    /// Cursor.
    pub(super) y: f64,
    /// The support point that moves with the cursor.
    pub(super) held: Option<usize>,
    /// Range of x.
    pub(super) range: [f64; 2],
    /// Range of y in view.
    pub(super) heights: [f64; 2],
    /// Support points that a table's task begins with.
    pub(super) shots: usize,
    /// Streams drawn from.
    pub(super) draws: u64,
    /// What the task was before each change, the last one last; what is one movement of a held point is one change.
    pub(super) before: VecDeque<Made>,
    /// Whether the last of them was before the held point moved.
    pub(super) moving: bool,
    /// The walk through the points of a test task, in the place of a task of one's own.
    pub(super) walk: Option<Walk>,
}

/// What a person makes of the task.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The task.
    pub function: Function,
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
    /// Target set by hand; `None` lies on the task.
    pub y: Option<f64>,
    /// Which of a table's points it is.
    pub taken: Option<usize>,
}

impl Play {
    /// The first task: ten points spread over the range, or as many of a table's points as training shows.
    pub fn new(settings: Option<&TaskSettings>) -> Self {
        let default = TaskSettings::default();
        let settings = settings.unwrap_or(&default);
        let (range, heights) = (settings.x, settings.y_range());
        let numbers = settings.family.middle(&settings.own, range);
        let mut play = Self {
            function: Function { family: settings.family, numbers },
            own: settings.own.clone(),
            noise: 0.0,
            points: Vec::new(),
            x: (range[0] + range[1]) / 2.0,
            y: (heights[0] + heights[1]) / 2.0,
            held: None,
            range,
            heights,
            shots: settings.shots.most,
            draws: 0,
            before: VecDeque::new(),
            moving: false,
            walk: None,
        };
        if play.table().is_some() {
            play.deal();
            return play;
        }
        let mut stream = play.stream();
        for x in task::grid(range, 12).into_iter().skip(1).take(10) {
            play.points.push(Placed { x, deviation: standard_normal(&mut stream), y: None, taken: None });
        }
        play
    }

    /// The points of a test task, to be changed by hand: each lies where it lies, on no wave.
    pub fn of_task(task: &TestTask, settings: &TaskSettings) -> Self {
        let mut play = Self::new(Some(settings));
        if play.table().is_some() {
            play.function = task.function;
        }
        // A table's points are those that they are.
        let table = play.table();
        let taken = |x: f64, y: f64| {
            let mut points = table?.x.iter().zip(&table?.y);
            points.position(|point| point == (&x, &y))
        };
        let points = task.support.x.iter().zip(&task.support.y).map(|(&x, &y)| {
            let taken = taken(x, y);
            Placed { x, deviation: 0.0, y: taken.is_none().then_some(y), taken }
        });
        play.points = points.collect();
        if table.is_none() {
            let values = task.support.y.iter().chain(&task.query.y);
            let highest = values.fold(0.0_f64, |most, y| most.max(y.abs()));
            let most = play.heights[1].max(1.25 * highest);
            play.heights = [-most, most];
        }
        play
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

    /// All points of the task, where it is one of a table.
    pub(super) fn table(&self) -> Option<&'static Points> {
        Some(self.function.family.table()?.points(&self.function.numbers))
    }

    /// Takes as many points of a table's task as training shows, drawn anew.
    pub(super) fn deal(&mut self) {
        let Some(table) = self.function.family.table() else { return };
        self.draws += 1;
        self.function.numbers[1] = self.draws as f64;
        self.held = None;
        let most = table.left(&self.function.numbers, 1).min(self.shots);
        self.points = Vec::new();
        let places = table.places(&self.function.numbers, most);
        places.into_iter().for_each(|place| self.take(place));
    }

    /// Takes one of a table's points.
    pub(super) fn take(&mut self, place: usize) {
        let Some(x) = self.table().and_then(|points| points.x.get(place).copied()) else { return };
        let deviation = standard_normal(&mut self.stream());
        self.points.push(Placed { x, deviation, y: None, taken: Some(place) });
    }

    /// The held point is let go of, or the walk is over; whether there was one.
    pub fn let_go(&mut self) -> bool {
        self.held.take().is_some() || self.walk.take().is_some()
    }

    /// What a person may turn.
    pub fn sliders(&self) -> Vec<Slider> {
        self.function.sliders(&self.own, self.range)
    }

    /// What can be undone.
    pub(super) fn made(&self) -> Made {
        Made { function: self.function, noise: self.noise, points: self.points.clone() }
    }

    /// The task to adapt on and to be tested on.
    pub fn task(&self) -> TestTask {
        if let Some(walk) = &self.walk {
            return walk.task();
        }
        let mut support = Points::default();
        let table = self.table();
        for point in &self.points {
            support.x.push(point.x);
            let of_table = point.taken.zip(table).and_then(|(place, points)| points.y.get(place).copied());
            let y = point.y.or(of_table).unwrap_or_else(|| self.function.at(point.x));
            support.y.push(y + self.noise * point.deviation);
        }
        let query = match table {
            None => self.function.points(task::grid(self.range, GRID)),
            Some(points) => {
                let is_left = |place: &usize| self.points.iter().all(|point| point.taken != Some(*place));
                let left =
                    (0..points.x.len()).filter(is_left).map(|place| (points.x[place], points.y[place]));
                let (x, y) = left.unzip();
                Points { x, y }
            }
        };
        TestTask { function: self.function, support, further: Points::default(), query }
    }

    /// How far apart two places of the plot are, squared, in parts of it.
    fn distance(&self, (x, y): (f64, f64)) -> f64 {
        let span = |[low, high]: [f64; 2]| high - low;
        let (across, up) = ((x - self.x) / span(self.range), (y - self.y) / span(self.heights));
        across * across + up * up
    }

    /// The support point nearest to the cursor.
    pub fn nearest(&self) -> Option<usize> {
        let support = self.task().support;
        let distance = |i: &usize| self.distance((support.x[*i], support.y[*i]));
        (0..self.points.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// The point of a table's task nearest to the cursor that has not been taken; `None` where only one is left, which has
    /// to be asked for.
    pub(super) fn nearest_left(&self) -> Option<usize> {
        let points = self.table()?;
        let is_left = |place: &usize| self.points.iter().all(|point| point.taken != Some(*place));
        let left: Vec<usize> = (0..points.x.len()).filter(is_left).collect();
        let distance = |place: &usize| self.distance((points.x[*place], points.y[*place]));
        left.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).copied().filter(|_| left.len() > 1)
    }

    /// A stream of its own for every draw, so that the same keys give the same tasks.
    pub(super) fn stream(&mut self) -> Stream {
        self.draws += 1;
        task::stream(self.draws, Purpose::Illustration)
    }
}
