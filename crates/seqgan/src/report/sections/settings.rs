//! The settings: what differs from the preset first, all of them below.

use super::super::settings::Setting;
use super::section::{Context, Section};
use maud::{Markup, html};

/// Settings of the first run that has any.
pub(super) fn section(context: &Context<'_>) -> Option<Section> {
    let run = context.folder.runs.iter().find(|run| !run.settings.is_empty())?;
    let preset = context.folder.summary.as_ref().map(|summary| summary.preset.as_str());
    let preset = preset.or(run.description["preset"].as_str()).unwrap_or_default();
    let changed: Vec<&Setting> = run.settings.iter().filter(|setting| setting.preset.is_some()).collect();
    let all: Vec<&Setting> = run.settings.iter().collect();
    let body = html! {
        @if changed.is_empty() { p { "All settings are those of the preset " (preset) "." } }
        @else {
            p { (changed.len()) " of " (all.len()) " settings differ from the preset " (preset) " for the synthetic task."
                @if !context.folder.has_oracle() { " For a file, the preset chooses sizes and numbers of steps by the size of the file." } }
            details { summary { "Settings that differ" } (table(&changed, true)) }
        }
        details { summary { "All settings" } (table(&all, false)) }
        @if context.folder.is_comparison() { p.soft { "Run: " (run.label) ". Other runs differ in seeds, oracle and variant." } }
    };
    Some(Section { id: "settings", title: "Settings", body })
}

fn table(settings: &[&Setting], with_preset: bool) -> Markup {
    html! {
        div.scroll tabindex="0" { table.facts {
            thead { tr { th scope="col" { "setting" } th scope="col" { "value" } @if with_preset { th scope="col" { "preset" } } } }
            tbody { @for setting in settings { tr {
                th scope="row" { code { (setting.key) } }
                td.text { code { (setting.value) } }
                @if with_preset { td.text { @if let Some(preset) = &setting.preset { code { (preset) } } } }
            } } }
        } }
    }
}
