//! Several folders on one page: their methods in one table, their rounds in one drawing.

use super::super::figure::figures;
use super::super::folder::Folder;
use super::super::numbers::{cell, fixed};
use super::super::palette::Palette;
use super::headline;
use super::learning::{self, Group, groups, plots};
use super::section::MEASURES;
use maud::{Markup, html};

/// The table and the drawings.
pub(in super::super) fn overview(folders: &[Folder]) -> Markup {
    let rows: Vec<_> = folders.iter().flat_map(|f| f.methods().iter().map(move |m| (f, m))).collect();
    let has = |name: &str| rows.iter().any(|(_, method)| method.measures.get(name).is_some());
    let columns: Vec<_> = MEASURES.into_iter().filter(|(name, _)| has(name)).collect();
    let courses = adversarial(folders);
    let palette = Palette::of(courses.iter().map(|group| group.name.as_str()));
    html! {
        ul.results { @for folder in folders { li { strong { (folder.name) } ": " (headline(folder)) } } }
        @if !rows.is_empty() { div.scroll tabindex="0" { table {
            caption { "All folders; numbers may be compared only where task and data are the same" }
            thead { tr { th scope="col" { "folder" } th.text scope="col" { "method" }
                @for (name, _) in &columns { th scope="col" { (name) } } } }
            tbody { @for (folder, method) in &rows { tr {
                th scope="row" { (folder.name) } td.text { (method.name) }
                @for (name, _) in &columns { (cell(method.measures.get(name), 3, fixed)) }
            } } }
        } } }
        (figures("overview", &plots(&courses, &palette, "round", None)))
    }
}

/// The adversarial training of each folder under its own name.
fn adversarial(folders: &[Folder]) -> Vec<Group<'_>> {
    let mut all = Vec::new();
    for folder in folders {
        let groups = groups(&folder.runs.iter().collect::<Vec<_>>(), true, learning::adversarial);
        let named = |group: Group<'_>| format!("{}: {}", folder.name, group.name);
        all.extend(groups.into_iter().map(|group| Group { runs: group.runs.clone(), name: named(group) }));
    }
    all
}
