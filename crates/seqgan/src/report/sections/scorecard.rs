//! Samples of text against a test file: the plane of quality and variety.

use super::super::figure::figures;
use super::super::numbers::{cell, fixed};
use super::super::plot::{Axis, Plot, Point, Series, Size, Style};
use super::super::records::Measures;
use super::section::{Context, Section};
use maud::{Markup, html};

/// The table of all scores and the planes of BLEU and self-BLEU.
pub(super) fn section(context: &Context<'_>) -> Option<Section> {
    let cards = cards(context);
    if cards.is_empty() {
        return None;
    }
    let plots: Vec<Plot> = (2..=5).map(|n| plane(context, &cards, n)).collect();
    let body = html! {
        p { "BLEU against the test file tells how much samples are like it, self-BLEU how much they are like each other. "
            "A model is as good as the data where it stands on the mark of real sequences, not where one score is "
            "extreme: repeating one good sentence has the highest BLEU of all." }
        (figures(&context.id("text"), &plots))
        (table(&cards))
    };
    Some(Section { id: "text", title: "Quality and variety of text", body })
}

/// Scores by name: real sequences first.
fn cards<'a>(context: &Context<'a>) -> Vec<(&'a str, &'a Measures)> {
    let mut cards = Vec::new();
    if let Some(real) = context.folder.summary.as_ref().and_then(|summary| summary.real.as_ref()) {
        cards.push(("real", real.scorecard.as_ref().unwrap_or(&real.measures)));
    }
    let methods = context.folder.methods().iter();
    cards.extend(methods.filter_map(|m| Some((m.name.as_str(), m.scorecard.as_ref()?))));
    cards.retain(|(_, card)| !card.0.is_empty());
    cards
}

fn plane(context: &Context<'_>, cards: &[(&str, &Measures)], n: usize) -> Plot {
    let series = cards.iter().filter_map(|(name, card)| {
        let x = card.get(&format!("bleu_{n}"))?;
        let y = card.get(&format!("self_bleu_{n}"))?;
        let point = Point {
            name: String::new(),
            x: x.into(),
            y: y.into(),
            strong: true,
            label: Some((*name).into()),
        };
        let look = context.palette.look(name);
        Some(Series { name: (*name).into(), look, points: vec![point], style: Style::Points })
    });
    Plot {
        title: format!("n-grams of up to {n} tokens"),
        x: Axis::of(format!("BLEU-{n}")),
        y: Axis::of(format!("self-BLEU-{n}")),
        series: series.collect(),
        references: Vec::new(),
        size: Size::Small,
    }
}

fn table(cards: &[(&str, &Measures)]) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in cards.iter().flat_map(|(_, card)| &card.0) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    html! {
        div.scroll tabindex="0" { table {
            caption { "All scores, with 95 % intervals" }
            thead { tr { th scope="col" { "score" } @for (name, _) in cards { th scope="col" { (name) } } } }
            tbody { @for name in names { tr {
                th scope="row" { (name) }
                @for (_, card) in cards { (cell(card.get(name), 3, fixed)) }
            } } }
        } }
    }
}
