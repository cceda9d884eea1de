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
mod section;
mod settings;
mod tests_over_runs;

pub(super) use headline::{headline, lead};
pub(super) use learning::variant_name;
pub(super) use overview::overview;

pub(super) use section::{Context, Section};

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
