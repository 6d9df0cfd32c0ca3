//! Whatever happens, in whatever order, on whatever screen: no panic, nothing drawn outside.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::{buffer::Buffer, layout::Rect};

use super::fixture;
use crate::{
    term::{Button, Mouse, MouseKind},
    ui::{
        frame,
        state::app::App,
        style::{Depth, Styles},
        update::{point, press, show::show},
    },
};

#[derive(Clone, Debug)]
enum Happening {
    Key(KeyCode, bool),
    Mouse(Mouse),
    Screen(u16, u16),
    Started(usize),
    Progress(usize, u64, f64),
    Evaluated(usize, f64, f64),
    Finished(usize),
    Failed(usize),
    Snapshot(usize, u64),
    Preview,
    Time(u64),
}

fn loss() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.0..12.0,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(0.0),
        1 => Just(1e300),
    ]
}

fn mouse() -> impl Strategy<Value = Happening> {
    let buttons = [Button::Left, Button::Right];
    let kinds =
        buttons.into_iter().flat_map(|b| [MouseKind::Press(b), MouseKind::Drag(b), MouseKind::Release(b)]);
    let kinds = kinds.chain([MouseKind::WheelUp, MouseKind::WheelDown]).collect::<Vec<_>>();
    let cell = prop_oneof![6 => 0u16..130, 1 => any::<u16>()];
    (prop::sample::select(kinds), cell.clone(), prop_oneof![3 => 0u16..45, 1 => Just(1), 1 => cell])
        .prop_map(|(kind, column, row)| Happening::Mouse(Mouse { kind, column, row }))
}

fn happening() -> impl Strategy<Value = Happening> {
    let letters = "[] [q?123456789ofcmXYhlzZHL+-0<>nrtpkK.eys wgduxaAPEMTSFVW/:".chars().map(KeyCode::Char);
    let named = [
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Backspace,
    ];
    let code = prop::sample::select(letters.chain(named).collect::<Vec<_>>());
    let run = 0usize..16;
    prop_oneof![
        12 => (code, prop::bool::weighted(0.03)).prop_map(|(code, control)| Happening::Key(code, control)),
        8 => mouse(),
        3 => (1u16..=300, 1u16..=100).prop_map(|(width, height)| Happening::Screen(width, height)),
        2 => (55u16..=130, 14u16..=45).prop_map(|(width, height)| Happening::Screen(width, height)),
        1 => run.clone().prop_map(Happening::Started),
        2 => (run.clone(), 0u64..50_000, loss()).prop_map(|(run, step, loss)| Happening::Progress(run, step, loss)),
        1 => (run.clone(), loss(), loss()).prop_map(|(run, start, end)| Happening::Evaluated(run, start, end)),
        1 => run.clone().prop_map(Happening::Finished),
        1 => run.clone().prop_map(Happening::Failed),
        1 => (run, 0u64..50_000).prop_map(|(run, step)| Happening::Snapshot(run, step)),
        1 => Just(Happening::Preview),
        1 => (0u64..100_000).prop_map(Happening::Time),
    ]
}

fn happen(app: &mut App, screen: &mut (u16, u16), happening: Happening) {
    let name = |run: usize| fixture::SYSTEMS[(run / 3).min(4)].0;
    match happening {
        Happening::Key(code, control) => {
            let modifiers = if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            press(app, &KeyEvent::new(code, modifiers));
        }
        Happening::Mouse(mouse) => {
            app.mouse = true;
            point(app, &mouse);
        }
        Happening::Screen(width, height) => {
            *screen = (width, height);
            app.size = *screen;
        }
        Happening::Started(run) => app.on_event(run, fixture::started(name(run), 0, 40_000)),
        Happening::Progress(run, step, loss) => {
            app.on_event(run, fixture::progress(name(run), 0, step, loss))
        }
        Happening::Evaluated(run, start, end) => {
            let mut curve = fixture::curve(start, end, 0);
            curve.nonfinite[5] = if end.is_finite() { 0.0 } else { 1.0 };
            app.on_event(run, fixture::evaluated(name(run), 0, curve));
        }
        Happening::Finished(run) => app.on_event(run, fixture::finished(name(run), 0)),
        Happening::Failed(run) => app.on_event(run, fixture::failed(name(run), 0)),
        Happening::Snapshot(run, step) => app.on_snapshot(run, fixture::snapshot(step, run as u64)),
        Happening::Preview => {
            if let Some(run) = app.next_preview()
                && let Some(preview) = app.preview(run)
            {
                app.on_preview(run, preview);
            }
        }
        Happening::Time(seconds) => _ = app.on_time(std::time::Duration::from_secs(seconds)),
    }
}

/// Draws in the middle of a larger buffer, whose rim must stay blank.
fn draw(app: &App, width: u16, height: u16) {
    let rim = 2;
    let whole = Rect::new(0, 0, width + 2 * rim, height + 2 * rim);
    let mut buffer = Buffer::empty(whole);
    let area = Rect::new(rim, rim, width, height);
    frame::render(app, area, &mut buffer);
    for y in 0..whole.height {
        for x in 0..whole.width {
            let inside = area.contains((x, y).into());
            assert!(
                inside || buffer.cell((x, y)).is_some_and(|cell| cell.symbol() == " "),
                "wrote at {x},{y}"
            );
        }
    }
}

fn invariants(app: &App) {
    assert!(app.is_tab(app.view));
    assert!(app.selected < app.experiments.len());
    assert!(app.fit.n <= 100);
    if let Some((first, last)) = app.curves.window {
        assert!(first < last && last <= 500);
    }
    app.play.assert_sound();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_happens_breaks_it(
        happenings in prop::collection::vec(happening(), 1..60),
        ascii in any::<bool>(),
        start in 0..4,
    ) {
        let styles = Styles { depth: Depth::Ansi16, ascii, ..Styles::default() };
        let mut app = match start {
            0 => fixture::midway(styles),
            1 => fixture::app(&fixture::notebook(), styles),
            2 => fixture::tested(styles),
            _ => fixture::app(&fixture::odd(), styles),
        };
        let mut screen = (80, 24);
        app.size = screen;
        for happening in happenings {
            happen(&mut app, &mut screen, happening);
            invariants(&app);
            draw(&app, screen.0, screen.1);
        }
    }
}

#[test]
fn every_size_draws_every_view() {
    let odd = fixture::app(&fixture::odd(), Styles::default());
    let tested = fixture::tested(Styles::default());
    for mut app in [fixture::midway(Styles::default()), odd, tested] {
        every_view(&mut app);
    }
}

fn every_view(app: &mut App) {
    for view in app.views().to_vec() {
        show(app, view);
        let heights = [1, 2, 3, 15, 16, 17, 18, 20, 24, 33, 50, 100];
        for width in (1..70).step_by(7).chain(58..64).chain((70..=300).step_by(13)) {
            heights.iter().for_each(|height| draw(app, width, *height));
        }
    }
}
