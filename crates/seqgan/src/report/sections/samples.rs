//! Sequences of the models beside real ones.

use super::super::folder::{ModelInUse, Samples};
use super::section::{Context, Section};
use maud::{Markup, html};

/// Longest line that is shown whole, in characters.
const MOST_CHARACTERS: usize = 300;

/// The first sequences of each file of samples, of the first run that has any.
pub(super) fn section(context: &Context<'_>) -> Option<Section> {
    let run = context.folder.sampled_run()?;
    let real = run.samples.iter().any(|samples| samples.name == "real");
    let columns = html! { div.samples { @for samples in &run.samples { (column(samples)) } } };
    let body = html! {
        p.soft {
            "The first sequences of each file in the run's folder, not chosen."
            @if !real { " All models draw with the same random numbers, so equal lines tell of equal models." }
            @if context.folder.is_comparison() && !run.label.is_empty() { " Run: " (run.label) "." }
            @if let Some(model) = &run.model { (in_use(model, context.folder.is_comparison())) }
        }
        // Numbers of tokens say little to the eye.
        @if context.folder.has_oracle() { details { summary { "Sequences of token numbers" } (columns) } }
        @else { (columns) }
    };
    Some(Section { id: "samples", title: "Samples", body })
}

/// What the file of the model in use holds; of a run in a comparison, which model it is.
fn in_use(model: &ModelInUse, is_comparison: bool) -> Markup {
    html! {
        @if is_comparison { " Without a name, seqgan sample takes " (model.sentence) "." }
        @if model.round.is_some() {
            " The file of " (model.method) " is not of that round, but of the end of training."
        }
    }
}

fn column(samples: &Samples) -> Markup {
    html! {
        div {
            h3 { (samples.name) }
            ol { @for line in &samples.lines { li dir="auto" {
                @if line.is_empty() { em { "empty" } } @else { (shortened(line)) }
            } } }
        }
    }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_string(),
    }
}
