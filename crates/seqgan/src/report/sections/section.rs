//! What the parts of the page have in common.

use super::super::folder::Folder;
use super::super::palette::Palette;
use maud::Markup;

/// A part of the page.
pub(in crate::report) struct Section {
    /// Its anchor within its folder.
    pub id: &'static str,
    /// Its heading, and its name in the list of contents.
    pub title: &'static str,
    /// All below the heading.
    pub body: Markup,
}

/// What every part needs.
pub(in crate::report) struct Context<'a> {
    /// The folder shown.
    pub folder: &'a Folder,
    /// Colours of the page.
    pub palette: &'a Palette,
    /// Begins every anchor of the folder.
    pub prefix: String,
}

impl Context<'_> {
    /// An anchor that no other folder of the page has.
    pub fn id(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// Measures of the tables, in order: name and what it is.
pub(super) const MEASURES: [(&str, &str); 9] = [
    ("nll_oracle", "samples under the oracle"),
    ("nll_test", "fresh data under the model"),
    ("nll_validation", "held-out data under the model"),
    ("nll_train", "training data under the model"),
    ("entropy", "samples under the model itself"),
    ("reverse_kl", "what the model makes up"),
    ("forward_kl", "what the model leaves out"),
    ("valid", "samples that keep the rule"),
    ("coverage", "different ones, as a share of what the truth gives"),
];

/// A temperature without zeros that say nothing.
pub(super) fn temperature(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
