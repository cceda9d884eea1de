//! Which colour and shape a name has, the same in all figures of a page.

/// A colour of the page's style and a shape, so that no meaning hangs on the colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Look {
    /// Class of the style sheet.
    pub class: &'static str,
    /// Number of the shape.
    pub shape: usize,
}

/// Colours of the style sheet (page.css), distinguishable with the common kinds of colour blindness.
const CLASSES: [&str; 8] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"];

/// Shapes of points; the last is kept for real data.
const NUM_SHAPES: usize = 6;

/// Names in order of appearance.
#[derive(Debug, Clone, Default)]
pub(super) struct Palette {
    names: Vec<String>,
}

impl Palette {
    /// A palette that gives these names the first colours.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut palette = Self::default();
        for name in names {
            if !palette.names.iter().any(|known| known == name) && fixed(name).is_none() {
                palette.names.push(name.into());
            }
        }
        palette
    }

    /// The look of a name; one that is not in the palette is grey.
    pub fn look(&self, name: &str) -> Look {
        if let Some(look) = fixed(name) {
            return look;
        }
        match self.names.iter().position(|known| known == name) {
            Some(i) => Look { class: CLASSES[i % CLASSES.len()], shape: i % (NUM_SHAPES - 1) },
            None => Look { class: "grey", shape: 0 },
        }
    }
}

/// Names that look the same on every page.
fn fixed(name: &str) -> Option<Look> {
    match name {
        "random" => Some(Look { class: "grey", shape: 0 }),
        "unigram" => Some(Look { class: "grey", shape: 1 }),
        "real" => Some(Look { class: "ink", shape: NUM_SHAPES - 1 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_names_look_different() {
        let names: Vec<String> = (0..40).map(|i| format!("m{i}")).collect();
        let palette = Palette::of(names.iter().map(String::as_str).chain(["m3", "random"]));
        let looks: Vec<Look> = names.iter().map(|name| palette.look(name)).collect();
        for (i, look) in looks.iter().enumerate() {
            assert!(!looks[..i].contains(look) && *look != palette.look("real"), "{i}");
        }
    }
}
