//! The colours of experiments, one table for the screen, what is saved of it and exported pictures. They come
//! from Okabe and Ito (2008), which people with any colour vision tell apart, made lighter or darker until text
//! in them can be read: a contrast of 4.5 (WCAG AA) on black and on Solarized's dark ground, or on white and
//! on its light one.

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// A colour as terminals and pictures can show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone {
    /// In 24 bits.
    pub rgb: Rgb,
    /// Among the 256 of xterm.
    pub indexed: u8,
}

/// A colour on dark ground and on light ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hue {
    /// On dark ground.
    pub dark: Tone,
    /// On light ground.
    pub light: Tone,
}

const fn hue(dark: (Rgb, u8), light: (Rgb, u8)) -> Hue {
    Hue { dark: Tone { rgb: dark.0, indexed: dark.1 }, light: Tone { rgb: light.0, indexed: light.1 } }
}

/// Those of experiments, in their order: orange, sky, green, pink, violet, vermilion, yellow.
pub const HUES: [Hue; 7] = [
    hue(((0xe6, 0x9f, 0x00), 178), ((0x94, 0x67, 0x00), 94)),
    hue(((0x56, 0xb4, 0xe9), 74), ((0x16, 0x74, 0xa9), 24)),
    hue(((0x00, 0xa3, 0x77), 36), ((0x00, 0x7f, 0x5d), 22)),
    hue(((0xcc, 0x79, 0xa7), 175), ((0xb4, 0x45, 0x82), 126)),
    hue(((0x8c, 0x8c, 0xff), 111), ((0x28, 0x3c, 0xbe), 20)),
    hue(((0xef, 0x69, 0x00), 208), ((0xbe, 0x32, 0x14), 124)),
    hue(((0xf0, 0xe4, 0x42), 227), ((0x5f, 0x5f, 0x00), 58)),
];

/// The same on white paper, where they are lines and no text: from dark to light in steps that a grey print keeps, those
/// of neighbours far apart.
pub const PAPER: [Rgb; 7] = [
    (0xc0, 0x84, 0x00),
    (0x1c, 0x2c, 0x92),
    (0x76, 0xb8, 0x9c),
    (0x77, 0x45, 0x61),
    (0xce, 0x5b, 0x00),
    (0x28, 0x28, 0x00),
    (0x34, 0x73, 0x96),
];

/// From the largest value to the smallest, the lighter the smaller: matplotlib's viridis, which is even in lightness, so
/// people with any colour vision see the same order. It is ground, with black or white letters on it.
pub const RAMP: [Tone; 7] = [
    Tone { rgb: (0x44, 0x01, 0x54), indexed: 53 },
    Tone { rgb: (0x44, 0x39, 0x83), indexed: 54 },
    Tone { rgb: (0x31, 0x68, 0x8e), indexed: 24 },
    Tone { rgb: (0x21, 0x91, 0x8c), indexed: 30 },
    Tone { rgb: (0x35, 0xb7, 0x79), indexed: 36 },
    Tone { rgb: (0x90, 0xd7, 0x43), indexed: 113 },
    Tone { rgb: (0xfd, 0xe7, 0x25), indexed: 220 },
];

/// Grounds of values about 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedRamp {
    /// Below 0, from near it.
    pub below: [Tone; 4],
    /// About 0: nearly the ground of the screen.
    pub zero: Tone,
    /// Above 0, from near it.
    pub above: [Tone; 4],
}

impl SignedRamp {
    /// The ground of a value that is this share of the one that has the strongest; of what is no number, the middle's.
    pub fn tone(&self, share: f64) -> Tone {
        let side = if share < 0.0 { &self.below } else { &self.above };
        match (share.abs().min(1.0) * side.len() as f64).round() as usize {
            0 => self.zero,
            step => side[step - 1],
        }
    }
}

const fn ramp(tones: [(Rgb, u8); 4]) -> [Tone; 4] {
    let [a, b, c, d] = tones;
    const fn tone((rgb, indexed): (Rgb, u8)) -> Tone {
        Tone { rgb, indexed }
    }
    [tone(a), tone(b), tone(c), tone(d)]
}

/// On dark and on light ground: blue and orange, which people with any colour vision tell apart.
pub const SIGNED: (SignedRamp, SignedRamp) = (
    SignedRamp {
        below: ramp([
            ((0x25, 0x3b, 0x48), 237),
            ((0x34, 0x61, 0x7d), 24),
            ((0x45, 0x8a, 0xb3), 67),
            ((0x56, 0xb4, 0xe9), 74),
        ]),
        zero: Tone { rgb: (0x1c, 0x1c, 0x1c), indexed: 234 },
        above: ramp([
            ((0x4a, 0x36, 0x0a), 58),
            ((0x7d, 0x58, 0x06), 94),
            ((0xb1, 0x7b, 0x03), 136),
            ((0xe6, 0x9f, 0x00), 178),
        ]),
    },
    SignedRamp {
        below: ramp([
            ((0xc6, 0xe2, 0xf3), 153),
            ((0x8f, 0xc7, 0xe8), 117),
            ((0x3f, 0x9b, 0xd0), 68),
            ((0x0f, 0x5f, 0x96), 25),
        ]),
        zero: Tone { rgb: (0xee, 0xee, 0xee), indexed: 255 },
        above: ramp([
            ((0xf6, 0xe0, 0xb3), 223),
            ((0xf0, 0xc8, 0x73), 222),
            ((0xdf, 0x9c, 0x1e), 178),
            ((0xb0, 0x6a, 0x00), 130),
        ]),
    },
);

/// Whether letters on this ground are black; else they are white.
pub fn wants_black(ground: Rgb) -> bool {
    contrast((0, 0, 0), ground) >= contrast((255, 255, 255), ground)
}

/// What has failed.
pub const ALARM: Hue = hue(((0xe5, 0x6a, 0x6a), 203), ((0xd7, 0x26, 0x26), 160));

/// A colour as pictures name it.
pub fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// One of the 256 colours of xterm; the first sixteen, which everybody changes, as xterm has them.
pub fn xterm(index: u8) -> Rgb {
    const SIXTEEN: [Rgb; 16] = [
        (0x00, 0x00, 0x00),
        (0xcd, 0x00, 0x00),
        (0x00, 0xcd, 0x00),
        (0xcd, 0xcd, 0x00),
        (0x00, 0x00, 0xee),
        (0xcd, 0x00, 0xcd),
        (0x00, 0xcd, 0xcd),
        (0xe5, 0xe5, 0xe5),
        (0x7f, 0x7f, 0x7f),
        (0xff, 0x00, 0x00),
        (0x00, 0xff, 0x00),
        (0xff, 0xff, 0x00),
        (0x5c, 0x5c, 0xff),
        (0xff, 0x00, 0xff),
        (0x00, 0xff, 0xff),
        (0xff, 0xff, 0xff),
    ];
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    match index {
        0..16 => SIXTEEN[usize::from(index)],
        16..232 => (level((index - 16) / 36), level((index - 16) / 6 % 6), level((index - 16) % 6)),
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// How well one colour can be read on another, from 1 to 21, as WCAG 2 counts it.
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let light = |(r, g, b): Rgb| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let (one, other) = (light(one), light(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Black and Solarized's dark ground, white and its light one.
    const DARK: [Rgb; 2] = [(0, 0, 0), (0x00, 0x2b, 0x36)];
    const LIGHT: [Rgb; 2] = [(255, 255, 255), (0xfd, 0xf6, 0xe3)];

    #[test]
    fn contrasts_are_those_of_wcag() {
        assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 1e-9);
        assert!((contrast((0x76, 0x76, 0x76), (255, 255, 255)) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_hue_can_be_read_on_its_ground() {
        for hue in HUES.iter().chain([&ALARM]) {
            for (tone, grounds) in [(hue.dark, DARK), (hue.light, LIGHT)] {
                for ground in grounds {
                    for colour in [tone.rgb, xterm(tone.indexed)] {
                        let contrast = contrast(colour, ground);
                        assert!(contrast >= 4.5, "{colour:?} on {ground:?}: {contrast:.2}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_ramp_grows_lighter_and_can_be_written_on() {
        for grounds in [RAMP.map(|tone| tone.rgb), RAMP.map(|tone| xterm(tone.indexed))] {
            let light = |ground| contrast((0, 0, 0), ground);
            assert!(grounds.windows(2).all(|pair| light(pair[0]) < light(pair[1])), "{grounds:?}");
            for ground in grounds {
                let letters = if wants_black(ground) { (0, 0, 0) } else { (255, 255, 255) };
                assert!(contrast(letters, ground) >= 4.5, "{ground:?}");
            }
        }
    }

    #[test]
    fn a_grey_print_keeps_the_lines_apart() {
        let grey = PAPER.map(|colour| contrast(colour, (255, 255, 255)));
        let mut sorted = grey;
        sorted.sort_by(f64::total_cmp);
        assert!(sorted[0] > 2.2 && sorted.windows(2).all(|pair| pair[1] > 1.2 * pair[0]), "{sorted:?}");
        let apart = grey.windows(2).all(|pair| (pair[0] / pair[1]).max(pair[1] / pair[0]) > 1.8);
        assert!(apart, "neighbours: {grey:?}");
    }

    #[test]
    fn hues_are_told_apart() {
        let apart = |(r, g, b): Rgb, (x, y, z): Rgb| {
            let square = |a: u8, b: u8| (f64::from(a) - f64::from(b)).powi(2);
            (square(r, x) + square(g, y) + square(b, z)).sqrt()
        };
        for (i, one) in HUES.iter().enumerate() {
            for other in &HUES[..i] {
                assert!(apart(one.dark.rgb, other.dark.rgb) > 50.0, "{one:?} {other:?}");
                assert!(apart(one.light.rgb, other.light.rgb) > 40.0, "{one:?} {other:?}");
                assert!(one.dark.indexed != other.dark.indexed && one.light.indexed != other.light.indexed);
            }
        }
    }
}
