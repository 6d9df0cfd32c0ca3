//! The mouse as terminals report it in SGR form (mode 1006): `ESC [ < b ; x ; y` and `M`, or `m` where a
//! button is let go. No other form is asked for, so none is read.

/// Presses and wheel, drags, and reports in SGR form: switched on.
pub const ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";

/// The same, switched off.
pub const OFF: &str = "\x1b[?1000l\x1b[?1002l\x1b[?1006l";

/// Something the mouse did, and over which cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub kind: MouseKind,
    /// Cells from the left edge.
    pub column: u16,
    /// Cells from the upper edge.
    pub row: u16,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseKind {
    /// A button went down.
    Press(Button),
    /// It moved with a button down.
    Drag(Button),
    /// A button went up.
    Release(Button),
    /// The wheel, away from the person.
    WheelUp,
    /// The wheel, towards the person.
    WheelDown,
}

/// The buttons that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// The first one.
    Left,
    /// The second one.
    Right,
}

/// The bits of `b`: Shift, Alt and Control, which make no difference here.
const MODIFIERS: u16 = 4 | 8 | 16;

/// It moved.
const MOTION: u16 = 32;

/// What stands between `ESC [ <` and the last letter. `None` for what is not well formed, and for what
/// the dashboard has no use for.
pub fn report(numbers: &[u8], last: u8) -> Option<Mouse> {
    let mut numbers = numbers.split(|byte| *byte == b';').map(number);
    let (code, x, y) = (numbers.next()??, numbers.next()??, numbers.next()??);
    if numbers.next().is_some() {
        return None;
    }
    let button = match code & 3 {
        0 => Some(Button::Left),
        2 => Some(Button::Right),
        _ => None,
    };
    let kind = match (code & !MODIFIERS & !3, last) {
        (0, b'M') => MouseKind::Press(button?),
        (0, b'm') => MouseKind::Release(button?),
        (MOTION, b'M') => MouseKind::Drag(button?),
        (64, b'M') if code & 3 == 0 => MouseKind::WheelUp,
        (64, b'M') if code & 3 == 1 => MouseKind::WheelDown,
        _ => return None,
    };
    Some(Mouse { kind, column: x.checked_sub(1)?, row: y.checked_sub(1)? })
}

/// Digits and nothing else, no sign either.
fn number(digits: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_told_apart() {
        use Button::*;
        use MouseKind::*;
        let cases: [(&[u8], u8, MouseKind); 8] = [
            (b"0;5;3", b'M', Press(Left)),
            (b"0;5;3", b'm', Release(Left)),
            (b"32;5;3", b'M', Drag(Left)),
            (b"2;5;3", b'M', Press(Right)),
            (b"34;5;3", b'M', Drag(Right)),
            (b"64;5;3", b'M', WheelUp),
            (b"65;5;3", b'M', WheelDown),
            // With Control.
            (b"16;5;3", b'M', Press(Left)),
        ];
        for (numbers, last, kind) in cases {
            assert_eq!(report(numbers, last), Some(Mouse { kind, column: 4, row: 2 }));
        }
    }

    #[test]
    fn nothing_is_made_of_what_is_not_well_formed() {
        let cases: [&[u8]; 11] = [
            b"",
            b"0",
            b"0;5",
            b"0;5;",
            b"0;5;3;1",
            b"0;0;3",
            b"0;5;0",
            b"+0;5;3",
            b"0;5;70000",
            b"0;5; 3",
            b"0:5:3",
        ];
        for numbers in cases {
            assert_eq!(report(numbers, b'M'), None, "{}", String::from_utf8_lossy(numbers));
        }
        // The middle button, motion without a button, the wheel sideways, buttons beyond the wheel.
        for code in ["1", "35", "66", "67", "128", "300"] {
            assert_eq!(report(format!("{code};5;3").as_bytes(), b'M'), None, "{code}");
        }
        assert_eq!(report(b"64;5;3", b'm'), None);
        assert_eq!(report(b"0;5;3", b'R'), None);
    }
}
