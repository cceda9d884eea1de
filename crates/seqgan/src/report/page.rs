//! The page: head, style, and the parts of each folder in order.

use super::folder::Folder;
use super::palette::Palette;
use super::sections::{self, Context, Section};
use super::{GENERATOR, log::Course};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The style, in the page itself so that it needs no network.
const STYLE: &str = include_str!("page.css");

/// Nothing may be loaded and nothing may run: whatever a name or a sample holds stays text.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A square of two colours, so that a browser asks no server for an icon.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Cpath \
                    fill='%230b62b0' d='M0 0h8v8H0z'/%3E%3Cpath fill='none' stroke='%23fff' d='M1 6l2-3 2 2 2-4'/%3E%3C/svg%3E";

/// The whole document.
pub(super) fn page(folders: &[Folder]) -> Markup {
    let palette = palette(folders);
    let title = match folders {
        [one] => one.name.clone(),
        several => several.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", "),
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content=(GENERATOR);
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                link rel="icon" href=(PreEscaped(ICON));
                title { (title) " – SeqGAN report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @if let [one] = folders { (alone(one, &palette)) } @else { (together(folders, &palette)) }
                footer { "Written by " (GENERATOR) ". Definitions: docs/metrics.md; how to read this page: docs/report.md." }
            }
        }
    }
}

fn alone(folder: &Folder, palette: &Palette) -> Markup {
    let parts = sections::all(&Context { folder, palette, prefix: String::new() });
    html! {
        header {
            p.kicker { (kicker(folder)) }
            h1 { (unbroken(&sections::headline(folder))) }
            (sections::lead(folder))
            (contents(parts.iter().map(|part| (part.id.to_string(), part.title.to_string()))))
        }
        main { @for part in &parts { (section(part, part.id)) } }
    }
}

fn together(folders: &[Folder], palette: &Palette) -> Markup {
    let anchors = folders.iter().enumerate().map(|(i, folder)| (format!("f{i}"), folder.name.clone()));
    html! {
        header {
            p.kicker { "SeqGAN report · " (folders.len()) " folders" }
            h1 { "Side by side: " (folders.len()) " folders" }
            (contents(anchors))
        }
        main {
            section { h2 { "Overview" } (sections::overview(folders)) }
            @for (i, folder) in folders.iter().enumerate() {
                @let prefix = format!("f{i}-");
                article id={ "f" (i) } {
                    p.kicker { (kicker(folder)) }
                    h2.folder { (folder.name) ": " (unbroken(&sections::headline(folder))) }
                    (sections::lead(folder))
                    @for part in sections::all(&Context { folder, palette, prefix: prefix.clone() }) {
                        (section(&part, &format!("{prefix}{}", part.id)))
                    }
                }
            }
        }
    }
}

/// Names such as mle-tuned are not broken at their hyphen, unless they are too long for a line of a telephone.
fn unbroken(text: &str) -> Markup {
    html! {
        @for (i, word) in text.split(' ').enumerate() {
            @if i > 0 { " " }
            @if word.contains('-') && word.chars().count() <= 20 { span.whole { (word) } } @else { (word) }
        }
    }
}

fn contents(entries: impl Iterator<Item = (String, String)>) -> Markup {
    html! { nav aria-label="Contents" { @for (id, title) in entries { a href={ "#" (id) } { (title) } } } }
}

fn section(part: &Section, id: &str) -> Markup {
    html! { section id=(id) { h2 { (part.title) } (part.body) } }
}

/// What the folder is, in a line above the headline.
fn kicker(folder: &Folder) -> String {
    let Some(summary) = &folder.summary else {
        return format!("SeqGAN report · {} · unfinished", folder.name);
    };
    let mut parts = vec!["SeqGAN report".to_string(), folder.name.clone()];
    let task = if folder.has_oracle() { "synthetic task" } else { "file of sequences" };
    parts.push(if folder.is_comparison() { format!("comparison, {task}") } else { task.to_string() });
    if !summary.preset.is_empty() {
        parts.push(format!("preset {}", summary.preset));
    }
    parts.extend(summary.seed.map(|seed| format!("seed {seed}")));
    if folder.is_comparison() {
        parts.push(format!("{} runs", summary.runs.len()));
    }
    parts.join(" · ")
}

/// Methods first, so that they look the same in all folders; then the names that learning curves add.
fn palette(folders: &[Folder]) -> Palette {
    let methods = folders.iter().flat_map(|f| f.methods().iter().map(|m| m.name.clone()));
    let courses = folders.iter().flat_map(|f| &f.runs).flat_map(|run| {
        run.log.iter().filter_map(|record| match Course::of(record) {
            Course::Likelihood(method) => Some(method),
            Course::Adversarial(method) | Course::Discriminator(Some(method)) => Some(named(&method, run)),
            Course::Discriminator(None) | Course::Diagnostic | Course::Final => None,
        })
    });
    let names: Vec<String> = methods.chain(courses).collect();
    Palette::of(names.iter().map(String::as_str))
}

fn named(method: &str, run: &super::folder::Run) -> String {
    run.variant.as_ref().map_or(method.to_string(), |variant| sections::variant_name(method, variant))
}
