//! Time, memory and machine of the runs.

use super::super::folder::Run;
use super::super::log::seconds_by_phase;
use super::super::numbers::{bytes, duration, fixed, whole};
use super::section::{Context, Section};
use maud::{Markup, html};
use serde_json::Value;

/// Facts of run.json and the times of the phases.
pub(super) fn section(context: &Context<'_>) -> Option<Section> {
    let runs: Vec<&Run> =
        context.folder.runs.iter().filter(|r| !r.description.is_null() || !r.log.is_empty()).collect();
    let first = runs.first()?;
    let body = html! {
        @if runs.len() > 1 { (table(&runs)) }
        div.pair {
            (phases(first, runs.len() > 1))
            (facts(first, runs.len() > 1))
        }
    };
    Some(Section { id: "resources", title: "Time, memory and machine", body })
}

fn phases(run: &Run, one_of_several: bool) -> Markup {
    let mut phases = seconds_by_phase(&run.log);
    let known: f64 = phases.iter().map(|(_, seconds)| seconds).sum();
    if let Some(rest) = run.description["seconds"].as_f64().map(|all| all - known).filter(|rest| *rest > 0.05)
    {
        phases.push(("the rest".into(), rest));
    }
    let total: f64 = phases.iter().map(|(_, seconds)| seconds).sum();
    html! {
        @if total > 0.0 {
            div.scroll tabindex="0" { table.phases {
                caption { "Seconds of work by phase" @if one_of_several { ", first run" } }
                tbody {
                    @for (name, seconds) in &phases { tr {
                        th scope="row" { (name) }
                        td { (duration(*seconds)) }
                        td.bar { span style={ "width:" (fixed(100.0 * seconds / total, 1)) "%" } {} }
                        td { (fixed(100.0 * seconds / total, 0)) " %" }
                    } }
                }
            } }
        }
    }
}

/// Facts of run.json in words; unknown ones are skipped.
fn facts(run: &Run, one_of_several: bool) -> Markup {
    let of = &run.description;
    let count = |key: &str| of[key].as_u64().map(whole);
    let text = |key: &str| of[key].as_str().filter(|text| !text.is_empty()).map(String::from);
    let memory = of["peak_memory_bytes"].as_f64().map(bytes);
    let rows = [
        ("command", text("command")),
        ("preset", text("preset")),
        ("peak memory", memory),
        ("threads", count("threads")),
        ("instruction set", text("instructions")),
        ("CPU", text("cpu")),
        ("host", text("host")),
        ("version", text("version")),
        ("commit", text("commit")),
        ("training sequences", count("train_sequences")),
        ("validation sequences", count("validation_sequences")),
        ("vocabulary", count("vocab_size")),
        ("longest sequence", count("max_length")),
        ("adversarial rounds", count("num_rounds")),
        ("generator updates", count("num_generator_updates")),
        ("SHA-256 of the data", of["reading"]["sha256"].as_str().map(String::from)),
    ];
    html! {
        @if !of.is_null() {
            div.scroll tabindex="0" { table.facts {
                caption { "From run.json" @if one_of_several { " of the first run" } }
                tbody { @for (name, value) in rows { @if let Some(value) = value {
                    tr { th scope="row" { (name) } td.text { (value) } }
                } } }
            } }
        }
    }
}

/// The cost of each run of a comparison.
fn table(runs: &[&Run]) -> Markup {
    let number = |run: &Run, key: &str, show: fn(f64) -> String| {
        run.description[key].as_f64().map_or("–".into(), show)
    };
    let text = |value: &Value| value.as_str().map_or("–".to_string(), String::from);
    html! {
        details { summary { "Cost of each run" } div.scroll tabindex="0" { table {
            caption { "Seconds of work, memory and machine of each run" }
            thead { tr { @for name in ["run", "time", "peak memory", "threads", "instruction set", "host"] { th scope="col" { (name) } } } }
            tbody { @for run in runs { tr {
                th scope="row" { (run.label) @if let Some(variant) = &run.variant { span.interval { (variant) } } }
                td { (number(run, "seconds", duration)) }
                td { (number(run, "peak_memory_bytes", bytes)) }
                td { (number(run, "threads", |n| fixed(n, 0))) }
                td.text { (text(&run.description["instructions"])) }
                td.text { (text(&run.description["host"])) }
            } } }
        } } }
    }
}
