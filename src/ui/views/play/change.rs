//! What a person does to a task of one's own: the cursor, the support points, the task's numbers.

use rand::RngExt;

use super::state::{Made, Placed, Play};
use crate::task::standard_normal;

/// Most support points.
const MOST_POINTS: usize = 60;
/// Most changes that can be undone.
const MOST_UNDONE: usize = 200;

impl Play {
    /// Keeps what the task was before a change, if it was one. The movement of a held point is one change, however many
    /// keys or reports of the mouse it takes.
    pub fn remember(&mut self, before: Made) {
        if self.made() != before && !(self.moving && self.held.is_some()) {
            if self.before.len() == MOST_UNDONE {
                self.before.pop_front();
            }
            self.before.push_back(before);
            self.moving = self.held.is_some();
        } else if self.held.is_none() {
            self.moving = false;
        }
    }

    /// Does something to the task, so that it can be undone.
    pub fn change<T>(&mut self, of: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.made();
        let done = of(self);
        self.remember(before);
        done
    }

    /// The task as it was before the last change. Whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(Made { function, noise, points }) = self.before.pop_back() else { return false };
        (self.function, self.noise, self.points) = (function, noise, points);
        (self.held, self.moving) = (None, false);
        true
    }

    /// Moves the cursor by these shares of the plot.
    pub fn move_by(&mut self, across: f64, up: f64) {
        let [low, high] = self.range;
        self.move_to(self.x + across * (high - low), self.y + up * (self.heights[1] - self.heights[0]));
    }

    /// Moves the cursor here, and the held point with it.
    pub fn move_to(&mut self, x: f64, y: f64) {
        let [low, high] = self.range;
        self.x = x.clamp(low, high);
        self.y = y.clamp(self.heights[0], self.heights[1]);
        if let (Some(held), Some(points)) = (self.held, self.table()) {
            // It is one of the table's points or another, never beside them.
            if let Some(place) = self.nearest_left()
                && let Some(point) = self.points.get_mut(held)
            {
                (point.taken, point.x) = (Some(place), points.x[place]);
            }
            return;
        }
        let noise = self.noise;
        if let Some(point) = self.held.and_then(|held| self.points.get_mut(held)) {
            point.x = self.x;
            // It is seen where the hand is: with its noise.
            point.y = Some(self.y - noise * point.deviation);
        }
    }

    /// Puts a support point where the cursor is; on the task if it is near it. Of a table, takes the nearest point.
    pub fn place(&mut self) -> bool {
        let near = (self.function.at(self.x) - self.y).abs() < 0.03 * (self.heights[1] - self.heights[0]);
        self.add((!near).then_some(self.y))
    }

    /// Adds a support point at the cursor's x, seen at `y` or lying on the task.
    fn add(&mut self, y: Option<f64>) -> bool {
        if self.points.len() >= MOST_POINTS {
            return false;
        }
        if self.table().is_some() {
            let nearest = self.nearest_left();
            nearest.into_iter().for_each(|place| self.take(place));
            return nearest.is_some();
        }
        let deviation = standard_normal(&mut self.stream());
        let y = y.map(|y| y - self.noise * deviation);
        self.points.push(Placed { x: self.x, deviation, y, taken: None });
        true
    }

    /// Puts a support point here, on the task where no `y` is given, and takes hold of it.
    pub fn place_at(&mut self, x: f64, y: Option<f64>) -> bool {
        self.held = None;
        self.move_to(x, y.unwrap_or(self.function.at(x)));
        let placed = self.add(y.map(|_| self.y));
        self.held = placed.then_some(self.points.len() - 1);
        placed
    }

    /// Puts a support point on the task at the cursor's x.
    pub fn place_on_task(&mut self) -> bool {
        let y = self.function.at(self.x);
        self.y = if y.is_finite() { y } else { self.y };
        self.place()
    }

    /// Takes the nearest point up, or lets go of it.
    pub fn grab(&mut self) {
        let held = self.held.take();
        if let (None, Some(nearest)) = (held, self.nearest()) {
            self.hold(nearest);
        }
    }

    /// Takes hold of a point and brings the cursor there.
    pub fn hold(&mut self, point: usize) {
        let support = self.task().support;
        self.held = (point < self.points.len()).then_some(point);
        if let (Some(x), Some(y)) = (support.x.get(point), support.y.get(point)) {
            (self.x, self.y) = (*x, *y);
        }
    }

    /// Removes this point.
    pub fn remove(&mut self, point: usize) {
        if point < self.points.len() {
            self.points.remove(point);
        }
        self.held = None;
    }

    /// Removes the held point, or the nearest.
    pub fn delete(&mut self) {
        if let Some(index) = self.held.or(self.nearest()) {
            self.remove(index);
        }
    }

    /// Removes every point.
    pub fn clear(&mut self) {
        self.points.clear();
        self.held = None;
    }

    /// Turns one of the task's numbers by so many steps. Another task of a table brings its own points.
    pub fn turn(&mut self, slider: usize, by: i32) -> bool {
        let Some(slider) = self.sliders().into_iter().nth(slider) else { return false };
        self.function = self.function.turned(self.range, &slider, by);
        if self.table().is_some() {
            self.deal();
        }
        true
    }

    /// Adds noise to the support points.
    pub fn roughen(&mut self, by: i32) {
        let height = (self.heights[1] - self.heights[0]) / 2.0;
        // Of a table's units nobody knows what a little is.
        let step = if self.table().is_some() { height / 50.0 } else { 0.05 };
        self.noise = (self.noise + f64::from(by) * step).clamp(0.0, height);
    }

    /// Draws a hard task: points on one side, in a cluster, or few.
    pub fn surprise(&mut self) -> &'static str {
        let mut stream = self.stream();
        let [low, high] = self.range;
        self.function.numbers = match self.function.family.table() {
            // One that nobody was trained on.
            Some(table) => table.test_episodes(1, self.draws, 1).pop().unwrap_or(self.function.numbers),
            None => self.function.family.sampler(&self.own, self.range)(&mut stream),
        };
        let middle = (low + high) / 2.0;
        let ([from, to], count, words) = match self.draws % 3 {
            0 if stream.random() => ([low, middle], 10, "ten points, all on the left"),
            0 => ([middle, high], 10, "ten points, all on the right"),
            1 => {
                let at = stream.random_range(0.1..0.8);
                let from = low + at * (high - low);
                ([from, from + (high - low) * 0.1], 10, "ten points in one cluster")
            }
            _ => ([low, high], 3, "three points"),
        };
        self.held = None;
        if let Some(points) = self.table() {
            let within: Vec<usize> =
                (0..points.x.len()).filter(|place| (from..=to).contains(&points.x[*place])).collect();
            // Spread over what there is, and one is left to be asked for.
            let count = count.min(within.len()).min(points.x.len().saturating_sub(1));
            self.points.clear();
            (0..count).for_each(|at| self.take(within[at * within.len() / count]));
            return if count == 0 {
                "another task, and no points"
            } else {
                "another task, few of its points"
            };
        }
        self.points = (0..count)
            .map(|_| Placed {
                x: stream.random_range(from..=to),
                deviation: standard_normal(&mut stream),
                y: None,
                taken: None,
            })
            .collect();
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_placed_moved_and_removed() {
        let mut play = Play::new(None);
        play.clear();
        play.move_by(0.1, 0.4);
        assert!(play.place());
        play.grab();
        play.move_by(-0.2, 0.0);
        play.grab();
        let task = play.task();
        assert!((task.support.x[0] - play.x).abs() < 1e-12 && (task.support.y[0] - play.y).abs() < 1e-12);
        play.delete();
        assert!(play.points.is_empty() && play.nearest().is_none());
        play.delete();
    }

    #[test]
    fn every_change_can_be_undone_and_a_movement_is_one() {
        let mut play = Play::new(None);
        let first = play.made();
        let change = |play: &mut Play, of: &dyn Fn(&mut Play)| {
            let before = play.made();
            of(play);
            play.remember(before.clone());
            before
        };
        let mut known = vec![first.clone()];
        change(&mut play, &|play| assert!(play.place_at(1.0, Some(2.0))));
        for step in 0..9 {
            change(&mut play, &|play| play.move_to(1.0 + 0.1 * f64::from(step), 2.0));
        }
        change(&mut play, &|play| play.held = None);
        known.push(change(&mut play, &Play::clear));
        known.push(change(&mut play, &|play| assert!(!play.surprise().is_empty())));
        known.push(change(&mut play, &|play| play.noise = 0.5));
        // Taking hold of a point is no change, moving it is one.
        change(&mut play, &|play| play.hold(0));
        known.push(change(&mut play, &|play| play.move_to(0.0, 0.0)));
        change(&mut play, &|play| play.move_to(0.3, 0.0));
        while let Some(wanted) = known.pop() {
            assert!(play.undo());
            assert_eq!(play.made(), wanted);
        }
        assert!(!play.undo() && play.made() == first);
    }

    #[test]
    fn a_surprise_is_hard_and_reproducible() {
        let (mut one, mut other) = (Play::new(None), Play::new(None));
        for _ in 0..9 {
            assert_eq!(one.surprise(), other.surprise());
            assert_eq!(one.task(), other.task());
            assert!(!one.points.is_empty());
        }
    }
}
