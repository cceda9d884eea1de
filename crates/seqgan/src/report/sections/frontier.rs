//! The temperature curves: what a model can trade without any training.

use super::super::figure::figures;
use super::super::plot::{Axis, Plot, Point, Reference, Series, Size, Style};
use super::super::records::Method;
use super::section::{Context, Section, temperature};
use maud::html;

/// Axes of the drawings: x, y, and what the drawing tells.
const PLANES: [(&str, &str, &str); 6] = [
    ("nll_test", "nll_oracle", "Both should be low: the lower left is better"),
    ("forward_kl", "reverse_kl", "Distance from the oracle, which stands at 0, 0"),
    ("entropy", "reverse_kl", "What is made up, at equal entropy"),
    ("entropy", "forward_kl", "What is left out, at equal entropy"),
    ("entropy", "nll_validation", "Held-out data, at equal entropy"),
    ("entropy", "nll_test", "Fresh data, at equal entropy"),
];

/// Curves of all methods that have one, with the single points of the others.
pub(super) fn section(context: &Context<'_>) -> Option<Section> {
    let methods: Vec<&Method> =
        context.folder.methods().iter().filter(|m| !m.is_yardstick() && m.name != "real").collect();
    if !methods.iter().any(|m| m.curve.len() > 1) {
        return None;
    }
    // nll_test is forward_kl and a constant: where the oracle is known, its plane would tell the same again.
    let known = methods.iter().any(|m| m.measures.get("forward_kl").is_some());
    let planes = PLANES.into_iter().filter(|(x, y, _)| !(known && *x == "entropy" && y.starts_with("nll_")));
    let plots: Vec<Plot> = planes.map(|plane| plot(context, &methods, plane)).collect();
    let body = html! {
        p { "Sampling a model at temperature T below 1 makes it surer and less varied: nll_oracle and entropy fall, "
            "nll_test rises, and nothing was learnt. Each line is one model at several temperatures; the large mark is "
            "temperature 1. A method is better than another only where it leaves the other's line." }
        (figures(&context.id("frontier"), &plots))
    };
    Some(Section { id: "frontier", title: "Temperature curves", body })
}

fn plot(context: &Context<'_>, methods: &[&Method], (x, y, tells): (&str, &str, &str)) -> Plot {
    let entropy = context.folder.oracle().and_then(|oracle| oracle.entropy).filter(|_| x == "entropy");
    let label = |name: &str| format!("{name} (nats per token)");
    Plot {
        title: tells.into(),
        x: Axis::of(label(x)),
        y: Axis::of(label(y)),
        series: methods.iter().map(|method| series(context, method, x, y)).collect(),
        references: entropy
            .map(|e| Reference { label: "entropy of the oracle".into(), value: e.mean, vertical: true })
            .into_iter()
            .collect(),
        size: Size::Large,
    }
}

fn series(context: &Context<'_>, method: &Method, x: &str, y: &str) -> Series {
    let points = method.points().into_iter().filter_map(|at| {
        let (x, y) = (at.measures.get(x)?, at.measures.get(y)?);
        let name = format!("T {}", temperature(at.temperature));
        let strong = (at.temperature - 1.0).abs() < 1e-9;
        // A single point needs no temperature: it is 1.
        let label =
            (method.curve.len() > 1).then(|| if strong { name.clone() } else { temperature(at.temperature) });
        Some(Point { name, x: x.into(), y: y.into(), strong, label })
    });
    let look = context.palette.look(&method.name);
    Series { name: method.name.clone(), look, points: points.collect(), style: Style::Curve }
}
