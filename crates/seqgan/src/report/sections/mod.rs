//! The parts of the page, a file each. A part that has nothing to show is left out.

mod entropy;
mod frontier;
mod headline;
mod learning;
mod methods;
mod overview;
mod resources;
mod samples;
mod scorecard;
mod settings;
mod tests_over_runs;

pub(super) use headline::{headline, lead};
pub(super) use learning::variant_name;
pub(super) use overview::overview;

use super::folder::Folder;
use super::palette::Palette;
use maud::Markup;

/// A part of the page.
pub(super) struct Section {
    /// Its anchor within its folder.
    pub id: &'static str,
    /// Its heading, and its name in the list of contents.
    pub title: &'static str,
    /// All below the heading.
    pub body: Markup,
}

/// What every part needs.
pub(super) struct Context<'a> {
    /// The folder shown.
    pub folder: &'a Folder,
    /// Colours of the page.
    pub palette: &'a Palette,
    /// Begins every anchor of the folder.
    pub prefix: String,
}

impl Context<'_> {
    /// An anchor that no other folder of the page has.
    fn id(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// All parts of a folder that have something to show, in the order of the page.
pub(super) fn all(context: &Context<'_>) -> Vec<Section> {
    let parts: [fn(&Context<'_>) -> Option<Section>; 9] = [
        methods::section,
        entropy::section,
        frontier::section,
        tests_over_runs::section,
        learning::section,
        scorecard::section,
        samples::section,
        resources::section,
        settings::section,
    ];
    parts.iter().filter_map(|part| part(context)).collect()
}

/// Measures of the tables, in order: name and what it is.
const MEASURES: [(&str, &str); 9] = [
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
fn temperature(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
