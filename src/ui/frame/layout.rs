//! Where the parts of the frame are: what is drawn there and what is pointed at agree.

use ratatui::layout::Rect;

/// Smallest screen that is drawn; below it one line says so.
pub const SMALLEST: (u16, u16) = (60, 16);

/// Where the tabs are, and what is below them; `None` on a screen that is too small.
pub fn areas(screen: Rect) -> Option<(Rect, Rect)> {
    (screen.width >= SMALLEST.0 && screen.height >= SMALLEST.1).then(|| {
        let tabs = Rect { y: screen.y + 1, height: 1, ..screen };
        (tabs, Rect { y: screen.y + 2, height: screen.height - 3, ..screen })
    })
}
