//! The row of tabs: which of them fit, where each one stands, and which one a click means.

use std::{collections::BTreeSet, ops::Range};

use ratatui::{buffer::Buffer, layout::Rect};

use crate::ui::{
    state::app::{App, View},
    widgets::text::{fit, put, shortened, width},
};

/// The tabs that fit, from the left.
struct Layout {
    /// Index of the view, its columns, its label.
    tabs: Vec<(usize, Range<u16>, String)>,
    /// Where it says that there are more, after the last one.
    more: Option<u16>,
}

/// Fewest letters of a name before tabs give up their place.
const SHORTEST: usize = 4;

fn layout(app: &App, area: Rect) -> Layout {
    let styles = &app.styles;
    let views = app.views();
    let shown = app.tab(app.view);
    let room = usize::from(area.width).saturating_sub(1);
    // The name in view is whole. Those of other experiments give up letters, as long as they can be told apart, before
    // tabs give up their place; those of other views are short.
    let names: Vec<&str> = views.iter().map(|view| app.view_name(*view)).collect();
    let labels = |longest: usize| -> Vec<String> {
        let short = shortened(&names, longest, styles);
        let label = |(i, view): (usize, &View)| {
            let name = match view.experiment {
                Some(_) if i != shown => short[i].clone(),
                Some(_) => fit(names[i], room.saturating_sub(6), styles),
                None => names[i].to_owned(),
            };
            if i < 9 { format!("{} {name}", i + 1) } else { name }
        };
        views.iter().enumerate().map(label).collect()
    };
    // With a blank after each.
    let whole = |labels: &[String]| labels.iter().map(|label| width(label) + 1).sum::<usize>();
    let are_apart = |labels: &[String]| labels.iter().collect::<BTreeSet<_>>().len() == labels.len();
    let is_good = |labels: &[String]| whole(labels) <= room + 1 && are_apart(labels);
    // Of hundreds nobody has to try it.
    let may_fit = views.len() * (SHORTEST + 1) <= room + 1;
    let all_fit = (SHORTEST..=20).rev().find(|longest| may_fit && is_good(&labels(*longest)));
    let longest = all_fit.unwrap_or(12);
    let room = if all_fit.is_some() { room + 1 } else { room.saturating_sub(4) };
    let labels = labels(longest);
    // The page of tabs that holds the one in view, from the left.
    let mut first = 0;
    while first < shown && whole(&labels[first..=shown]) > room {
        first += 1;
    }
    let gap = if all_fit.is_some() && whole(&labels) + labels.len() <= room { 2 } else { 1 };
    let count = labels.len();
    let mut x = area.x + 1;
    let mut layout = Layout { tabs: Vec::new(), more: None };
    for (i, label) in labels.into_iter().enumerate().skip(first) {
        let wide = width(&label);
        let needed = wide + if i + 1 == count { 0 } else { 2 };
        if usize::from(area.right().saturating_sub(x)) < needed && all_fit.is_none() {
            layout.more = Some(x);
            break;
        }
        let end = x.saturating_add(wide as u16).min(area.right());
        layout.tabs.push((i, x..end, label));
        x = end + gap;
    }
    layout
}

/// Draws the tabs.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let views = app.views();
    let shown = app.tab(app.view);
    let layout = layout(app, area);
    let (less, more) = if styles.ascii { ("<", ">") } else { ("‹", "›") };
    if layout.tabs.first().is_some_and(|(first, ..)| *first > 0) {
        put(buffer, area, area.x, area.y, less, styles.key());
    }
    if let Some(x) = layout.more {
        put(buffer, area, x, area.y, more, styles.key());
    }
    for (i, columns, label) in layout.tabs {
        let style = match views[i] {
            _ if i == shown => styles.selected().patch(styles.bold()),
            View { experiment: Some(index), .. } => styles.readable(styles.series(app.hue(index))),
            _ => styles.plain(),
        };
        put(buffer, area, columns.start, area.y, &label, style);
    }
}

/// The tab at a column; at the marks for more tabs, the next one in that direction.
pub fn at(app: &App, area: Rect, column: u16) -> Option<usize> {
    let layout = layout(app, area);
    let first = layout.tabs.first().map_or(0, |(first, ..)| *first);
    if column == area.x && first > 0 {
        return Some(first - 1);
    }
    if layout.more == Some(column) {
        return layout.tabs.last().map(|(last, ..)| last + 1);
    }
    layout.tabs.iter().find(|(_, columns, _)| columns.contains(&column)).map(|(tab, ..)| *tab)
}
