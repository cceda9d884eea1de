//! Learning curves from metrics.jsonl: one line a method, or a variant of the settings; thin lines are single runs.

use super::super::figure::figures;
use super::super::folder::Run;
use super::super::log::Course;
use super::super::palette::Palette;
use super::super::plot::{Axis, Plot, Point, Reference, Series, Size, Style};
use super::super::records::{Reading, Record};
use super::section::{Context, Section};
use maud::html;

/// What is drawn where it was measured, in order.
const MEASURES: [&str; 15] = [
    "nll_oracle",
    "nll_test",
    "nll_validation",
    "nll_train",
    "entropy",
    "reverse_kl",
    "valid",
    "reward",
    "d_loss",
    "d_accuracy",
    "unique",
    "self_bleu_3",
    "value_spread",
    "auc_train",
    "auc_validation",
];

/// Most points of a line: more cannot be distinguished.
const MOST_POINTS: usize = 200;

/// A kind of training with its own count of steps.
struct Kind {
    title: &'static str,
    id: &'static str,
    /// What a step is.
    step: &'static str,
    /// The name of a course, if it is of this kind.
    name: fn(&Course) -> Option<String>,
}

const KINDS: [Kind; 3] = [
    Kind {
        title: "Maximum likelihood",
        id: "mle",
        step: "epoch",
        name: |course| match course {
            Course::Likelihood(method) => Some(method.clone()),
            _ => None,
        },
    },
    Kind {
        title: "Discriminator",
        id: "discriminator",
        step: "draw of negatives",
        name: |course| match course {
            // It has the colour of the method whose samples it scores.
            Course::Discriminator(method) => Some(method.clone().unwrap_or_else(|| "seqgan".into())),
            _ => None,
        },
    },
    Kind { title: "Adversarial training", id: "rounds", step: "round", name: adversarial },
];

/// The method, if the course is adversarial.
pub(super) fn adversarial(course: &Course) -> Option<String> {
    match course {
        Course::Adversarial(method) => Some(method.clone()),
        _ => None,
    }
}

/// Curves of the same name, one a run.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// The method, the variant or the folder.
    pub name: String,
    /// The records of each run, and what tells the run from the others.
    pub runs: Vec<(&'a str, Vec<&'a Record>)>,
}

/// A part for each kind that was recorded.
pub(super) fn section(context: &Context<'_>) -> Option<Section> {
    let runs: Vec<&Run> = context.folder.runs.iter().collect();
    let floor = context.folder.oracle().and_then(|oracle| oracle.entropy);
    let mut parts = Vec::new();
    for Kind { title, id, step, name } in KINDS {
        let groups = groups(&runs, id != "mle", name);
        let drawn = plots(&groups, context.palette, step, floor);
        if drawn.iter().any(Plot::has_points) {
            parts.push((title, context.id(id), drawn));
        }
    }
    if parts.is_empty() {
        return None;
    }
    let body = html! {
        @if runs.len() > 1 { p.soft { "Strong lines are means over the runs that have the step; thin lines are single runs." } }
        @else { p.soft { "Bands and bars are 95 % intervals of the measurement." } }
        @for (title, id, plots) in &parts { h3 { (title) } (figures(id, plots)) }
    };
    Some(Section { id: "learning", title: "Learning curves", body })
}

/// Records by name. With variants of the settings, a variant is a name of its own.
pub(super) fn groups<'a>(
    runs: &[&'a Run],
    by_variant: bool,
    name: impl Fn(&Course) -> Option<String>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for run in runs {
        let mut own: Vec<(String, Vec<&Record>)> = Vec::new();
        for record in &run.log {
            let Some(method) = name(&Course::of(record)) else { continue };
            let name = match &run.variant {
                Some(variant) if by_variant => variant_name(&method, variant),
                _ => method,
            };
            match own.iter_mut().find(|(n, _)| *n == name) {
                Some((_, records)) => records.push(record),
                None => own.push((name, vec![record])),
            }
        }
        for (name, records) in own {
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.runs.push((&run.label, records)),
                None => groups.push(Group { name, runs: vec![(&run.label, records)] }),
            }
        }
    }
    groups
}

/// The name of a method under a variant of the settings.
pub(in super::super) fn variant_name(method: &str, variant: &str) -> String {
    format!("{method}, {variant}")
}

/// A drawing a measure.
pub(super) fn plots(
    groups: &[Group<'_>],
    palette: &Palette,
    step: &str,
    floor: Option<Reading>,
) -> Vec<Plot> {
    let measured = |name: &&str| {
        let mut records = groups.iter().flat_map(|g| g.runs.iter().flat_map(|(_, records)| records));
        records.any(|record| record.measures.get(name).is_some())
    };
    MEASURES.into_iter().filter(measured).map(|name| plot(groups, palette, step, name, floor)).collect()
}

fn plot(groups: &[Group<'_>], palette: &Palette, step: &str, name: &str, floor: Option<Reading>) -> Plot {
    let mut series = Vec::new();
    for group in groups {
        let look = palette.look(&group.name);
        let mut add = |points: Vec<Point>, style| {
            if !points.is_empty() {
                series.push(Series { name: group.name.clone(), look, points, style });
            }
        };
        match group.runs.as_slice() {
            [one] => add(course(one, name), Style::Band),
            several => {
                let courses: Vec<_> = several.iter().map(|run| course(run, name)).collect();
                add(mean(&courses), Style::Band);
                courses.into_iter().for_each(|points| add(points, Style::Thin));
            }
        }
    }
    let reference = match name {
        "nll_oracle" | "nll_test" | "entropy" => floor.map(|e| ("entropy of the oracle", e.mean)),
        "d_accuracy" => Some(("chance", 0.5)),
        _ => None,
    };
    Plot {
        title: name.into(),
        x: Axis::counting(step),
        y: Axis::default(),
        series,
        references: reference
            .map(|(label, value)| Reference { label: label.into(), value, vertical: false })
            .into_iter()
            .collect(),
        size: Size::Small,
    }
}

/// A measure over the steps of a run. Of very many steps some are left out, evenly; the last is always there.
fn course((run, records): &(&str, Vec<&Record>), name: &str) -> Vec<Point> {
    let point = |record: &&Record| {
        let y = record.measures.get(name)?.into();
        Some(Point { name: (*run).into(), x: record.step.into(), y, strong: false, label: None })
    };
    let points: Vec<Point> = records.iter().filter_map(point).collect();
    let (last, every) = (points.len().saturating_sub(1), points.len().div_ceil(MOST_POINTS).max(1));
    points.into_iter().enumerate().filter(|(i, _)| i % every == 0 || *i == last).map(|(_, p)| p).collect()
}

/// Means over runs, at the steps that all of them have.
fn mean(runs: &[Vec<Point>]) -> Vec<Point> {
    let Some(first) = runs.first() else { return Vec::new() };
    let value = |points: &[Point], x: f64| points.iter().find(|p| p.x.value == x).map(|p| p.y.value);
    let point = |p: &Point| {
        let values: Vec<f64> = runs.iter().map(|points| value(points, p.x.value)).collect::<Option<_>>()?;
        let y = values.iter().sum::<f64>() / values.len() as f64;
        let name = format!("mean of {} runs", values.len());
        Some(Point { name, x: p.x, y: y.into(), strong: false, label: None })
    };
    first.iter().filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(variant: Option<&str>, values: &[(f64, f64)]) -> Run {
        let line = |&(step, value): &(f64, f64)| {
            serde_json::from_str(&format!(
                r#"{{"phase":"adversarial","step":{step},"nll_oracle":{{"mean":{value},"stderr":0.1}}}}"#
            ))
            .unwrap()
        };
        let log = values.iter().map(line).collect();
        Run { log, variant: variant.map(String::from), ..Run::default() }
    }

    fn of<'a>(runs: &'a [Run]) -> Vec<Group<'a>> {
        groups(&runs.iter().collect::<Vec<_>>(), true, adversarial)
    }

    #[test]
    fn means_are_taken_at_steps_that_all_runs_have() {
        let runs = [run(None, &[(0.0, 9.0), (1.0, 8.0), (2.0, 7.0)]), run(None, &[(0.0, 11.0), (2.0, 8.0)])];
        let plots = plots(&of(&runs), &Palette::default(), "round", None);
        let [plot] = plots.as_slice() else { panic!("one measure, one drawing") };
        let [mean, thin_a, thin_b] = plot.series.as_slice() else { panic!("a mean and two runs") };
        let points: Vec<_> = mean.points.iter().map(|p| (p.x.value, p.y.value)).collect();
        assert_eq!(points, [(0.0, 10.0), (2.0, 7.5)]);
        assert_eq!((thin_a.style, thin_a.points.len(), thin_b.points.len()), (Style::Thin, 3, 2));
    }

    #[test]
    fn of_very_many_steps_some_are_drawn_and_the_last_always() {
        let values: Vec<_> = (0..1050).map(|i| (f64::from(i), 9.0)).collect();
        let steps: Vec<f64> =
            course(&of(&[run(None, &values)])[0].runs[0], "nll_oracle").iter().map(|p| p.x.value).collect();
        assert!(steps.len() <= MOST_POINTS && steps.len() > MOST_POINTS / 2, "{}", steps.len());
        assert_eq!((steps[0], steps[1], *steps.last().unwrap()), (0.0, 6.0, 1049.0));
    }

    #[test]
    fn variants_are_lines_of_their_own() {
        let runs = [run(Some("g_steps 1"), &[(0.0, 9.0)]), run(Some("g_steps 5"), &[(0.0, 9.5)])];
        let names: Vec<_> = of(&runs).into_iter().map(|group| group.name).collect();
        assert_eq!(names, ["seqgan, g_steps 1", "seqgan, g_steps 5"]);
    }
}
