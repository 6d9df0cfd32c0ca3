//! Tasks on a plane, each with a digit for the angle at which it really lies.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    results::Scale,
    ui::{
        state::app::App,
        widgets::plot::{Plot, Series, Shape},
    },
};

/// Groups of angles, each with a digit of its own.
const ANGLES: usize = 8;

/// Tasks where something that stands for them puts them.
pub struct Plotted<'a> {
    /// Where each is put.
    pub points: &'a [[f64; 2]],
    /// Where each really lies, if the family has coordinates.
    pub truth: Option<&'a [[f64; 2]]>,
    /// How far the axes reach from 0.
    pub most: f64,
    /// What the horizontal axis is.
    pub x_name: &'a str,
}

impl Plotted<'_> {
    /// Draws them, with a digit for the angle at which each really lies.
    pub fn draw(&self, app: &App, area: Rect, buffer: &mut Buffer) {
        let styles = &app.styles;
        let mut series = Vec::new();
        let turn = std::f64::consts::TAU;
        let angle =
            |[x, y]: &[f64; 2]| (y.atan2(*x).rem_euclid(turn) / turn * ANGLES as f64) as usize % ANGLES;
        let groups = self.truth.map(|truth| truth.iter().map(angle).collect::<Vec<_>>());
        for group in 0..ANGLES {
            let is_in = |task: usize| groups.as_ref().map_or(group == 0, |groups| groups[task] == group);
            let here = self.points.iter().enumerate().filter(|(task, _)| is_in(*task));
            let points: Vec<(f64, f64)> = here.map(|(_, [x, y])| (*x, *y)).collect();
            if points.is_empty() {
                continue;
            }
            let mark = char::from_digit(group as u32, 10).unwrap_or('*');
            let name = match &groups {
                Some(_) => format!(
                    "angle {:.1} to {:.1}",
                    turn * group as f64 / ANGLES as f64,
                    turn * (group + 1) as f64 / ANGLES as f64
                ),
                None => String::new(),
            };
            series.push(Series {
                name,
                style: styles.series(group),
                shape: Shape::Points(mark),
                mark,
                points,
            });
        }
        let scale = || Scale::linear(-1.05 * self.most, 1.05 * self.most);
        let plot = Plot { x: scale(), y: scale(), x_name: self.x_name, series, crosshair: None, names: true };
        plot.draw(area, buffer, styles);
    }
}
