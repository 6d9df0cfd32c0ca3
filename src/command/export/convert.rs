//! SVG pictures as PDF and PNG, with letters of a font that the program brings along, so that a picture is the same on every
//! machine; what that font does not have is looked for among the machine's. Part of the program where it is built with the
//! feature `pictures`.

use crate::cli::Format;

/// A picture as a PDF or a PNG of 300 points an inch.
#[cfg(not(feature = "pictures"))]
pub fn converted(_: &str, format: Format) -> anyhow::Result<Vec<u8>> {
    let format = if format == Format::Png { "png" } else { "pdf" };
    Err(crate::command::outcome::Misuse(format!(
        "--format {format}: this metascope was built without it; `cargo install --path . --features pictures` in its sources \
         builds one that has it, and --format svg is the same picture"
    ))
    .into())
}

#[cfg(feature = "pictures")]
pub use with_crates::converted;

#[cfg(feature = "pictures")]
mod with_crates {
    use std::io::Write as _;
    use std::sync::Arc;

    use anyhow::{Context, anyhow};
    use resvg::tiny_skia::{Pixmap, Transform};
    use svg2pdf::usvg::{Options, Tree, fontdb::Database};

    use super::Format;

    /// Points an inch has of the pictures, as SVG counts.
    const DPI: f32 = 96.0;
    /// Points an inch has of a PNG: what printers ask for.
    const PRINTED: f32 = 300.0;

    /// A picture as a PDF or a PNG of 300 points an inch.
    pub fn converted(svg: &str, format: Format) -> anyhow::Result<Vec<u8>> {
        if format == Format::Png { png(svg) } else { pdf(svg) }
    }

    /// As PDF, with the letters it needs.
    fn pdf(svg: &str) -> anyhow::Result<Vec<u8>> {
        let page = svg2pdf::PageOptions { dpi: DPI };
        svg2pdf::to_pdf(&tree(svg)?, svg2pdf::ConversionOptions::default(), page)
            .map_err(|error| anyhow!("the picture could not be made a PDF: {error}"))
    }

    /// As PNG of 300 points an inch.
    fn png(svg: &str) -> anyhow::Result<Vec<u8>> {
        let tree = tree(svg)?;
        let scale = PRINTED / DPI;
        let [width, height] =
            [tree.size().width(), tree.size().height()].map(|length| (length * scale).ceil() as u32);
        let mut pixels = Pixmap::new(width, height)
            .with_context(|| format!("a PNG of {width} x {height} is too large"))?;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        pixels.encode_png().context("the picture could not be made a PNG")
    }

    fn tree(svg: &str) -> anyhow::Result<Tree> {
        let mut fonts = Database::new();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        let lacking = lacking(svg, &fonts);
        if !lacking.is_empty() {
            fonts.load_system_fonts();
            let lacking = self::lacking(svg, &fonts);
            if !lacking.is_empty() {
                // Nobody may be left to read it.
                let _ = writeln!(
                    std::io::stderr(),
                    "no font here has {lacking}: the picture goes without; --format svg leaves letters to whoever shows it"
                );
            }
        }
        let options = Options {
            fontdb: Arc::new(fonts),
            font_family: "DejaVu Sans".to_owned(),
            dpi: DPI,
            ..Options::default()
        };
        Tree::from_str(svg, &options).context("the picture could not be read")
    }

    /// The letters of a text that none of these fonts has.
    fn lacking(text: &str, fonts: &Database) -> String {
        let mut lacking: Vec<char> = text.chars().filter(|letter| !letter.is_ascii()).collect();
        lacking.sort_unstable();
        lacking.dedup();
        for face in fonts.faces() {
            if lacking.is_empty() {
                break;
            }
            fonts.with_face_data(face.id, |data, index| {
                if let Ok(face) = ttf_parser::Face::parse(data, index) {
                    lacking.retain(|letter| face.glyph_index(*letter).is_none());
                }
            });
        }
        lacking.into_iter().collect()
    }
}
