//! The result in plain words, and the few numbers behind it.

use super::super::folder::{Folder, ModelInUse};
use super::super::numbers::{duration, fixed, signed};
use super::super::records::{Method, Reading};
use maud::{Markup, html};

/// Standard errors a difference must have to be called one.
const STANDARD_ERRORS: f64 = 3.0;

/// One sentence.
pub(in super::super) fn headline(folder: &Folder) -> String {
    let Some(summary) = &folder.summary else {
        return "This run is unfinished: what was measured so far".into();
    };
    let compared: Vec<&Method> =
        summary.methods.iter().filter(|m| m.verdict.is_some() && m.base.is_some()).collect();
    match compared.as_slice() {
        [] => likelihood(folder),
        [method] => verdict(method),
        several => verdicts(several),
    }
}

fn verdict(method: &Method) -> String {
    let (name, base) = (&method.name, method.base.as_deref().unwrap_or_default());
    match method.verdict.as_deref() {
        Some("dominates") => format!("{name} beats {base}: it is better at equal entropy"),
        Some("dominated") => format!("{name} does not beat {base}: at equal entropy it is worse"),
        _ => format!("{name} does not beat {base}: it lies on its temperature curve"),
    }
}

fn verdicts(methods: &[&Method]) -> String {
    let names = |wanted: bool| -> Vec<&str> {
        let chosen = methods.iter().filter(|m| (m.verdict.as_deref() == Some("dominates")) == wanted);
        chosen.map(|m| m.name.as_str()).collect()
    };
    let (better, other) = (names(true), names(false));
    let verb = |names: &[&str], one: &str, more: &str| {
        if names.len() == 1 { one.into() } else { String::from(more) }
    };
    if better.is_empty() {
        return format!("None of {} methods beats the temperature curve of its base", methods.len());
    }
    let beat = verb(
        &better,
        "beats the temperature curve of its base",
        "beat the temperature curves of their bases",
    );
    match other.is_empty() {
        true => format!("{} {beat}", list(&better)),
        false => format!("{} {beat}; {} {} not", list(&better), list(&other), verb(&other, "does", "do")),
    }
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).into(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Where there is no verdict, the likelihood of held-out data decides.
fn likelihood(folder: &Folder) -> String {
    let models: Vec<&Method> =
        folder.methods().iter().filter(|m| !m.is_yardstick() && m.name != "real").collect();
    let Some(measure) = held_out(&models) else { return "What was measured".into() };
    let value = |m: &Method| m.measures.get(measure);
    for method in models.iter().filter(|m| m.base.is_some()) {
        let base = models.iter().find(|m| Some(&m.name) == method.base.as_ref());
        let (Some(base), Some(a)) = (base, value(method)) else { continue };
        let Some(b) = value(base) else { continue };
        return against(folder, method, base, measure, a, b);
    }
    let best = models.iter().filter_map(|m| Some((m, value(m)?.mean))).min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or("What was measured".into(), |(m, _)| format!("{} predicts held-out sequences best", m.name))
}

/// A method and its base by the likelihood of held-out data.
fn against(folder: &Folder, method: &Method, base: &Method, measure: &str, a: Reading, b: Reading) -> String {
    let tests = folder.summary.as_ref().map_or(&[][..], |summary| &summary.tests);
    let test =
        tests.iter().find(|t| t.measure == measure && t.method == method.name && t.against == base.name);
    let sure = match test.and_then(|t| t.p_holm.or(t.p)) {
        Some(p) => p < 0.05,
        None => {
            let error = a.stderr.unwrap_or(0.0).hypot(b.stderr.unwrap_or(0.0));
            (a.mean - b.mean).abs() > STANDARD_ERRORS * error
        }
    };
    let (name, base) = (&method.name, &base.name);
    match (sure, a.mean < b.mean) {
        (false, _) => format!("{name} and {base} predict held-out sequences alike"),
        (true, true) => format!("{name} predicts held-out sequences better than {base}"),
        (true, false) => format!("{name} predicts held-out sequences worse than {base}"),
    }
}

/// The likelihood of data that were not trained on, as far as it was measured.
fn held_out(methods: &[&Method]) -> Option<&'static str> {
    ["nll_test", "nll_validation"]
        .into_iter()
        .find(|name| methods.iter().any(|m| m.measures.get(name).is_some()))
}

/// Sentences below the headline, and its numbers as tiles.
pub(in super::super) fn lead(folder: &Folder) -> Markup {
    let with_base = folder.methods().iter().filter(|m| m.base.is_some());
    let moved: Vec<(&Method, String)> = with_base.filter_map(|m| Some((m, moved(folder, m)?))).collect();
    html! {
        @match moved.as_slice() {
            [] => {}
            [(method, change)] => {
                p { (method.name) " differs from its base " (method.base.as_deref().unwrap_or_default()) " in " (change) " nats per token." }
            }
            several => {
                p { "Against its base, in nats per token:" }
                ul { @for (method, change) in several { li { (method.name) ": " (change) } } }
            }
        }
        @if let Some(text) = colder(folder, &moved) { p { (text) } }
        @if let Some(model) = model_in_use(folder) { p { "Without a name, seqgan sample takes " (model.sentence) "." } }
        p.soft { (kind(folder)) }
        @for note in folder.summary.iter().flat_map(|summary| &summary.notes) { p.note { (note) } }
        (tiles(folder))
    }
}

/// The model that a run by itself is used with. A comparison is used run by run.
fn model_in_use(folder: &Folder) -> Option<&ModelInUse> {
    if folder.is_comparison() { None } else { folder.runs.first()?.model.as_ref() }
}

/// Why a lower nll_oracle alone is no gain, where some method has one with less entropy.
fn colder(folder: &Folder, moved: &[(&Method, String)]) -> Option<String> {
    let fell = |method: &Method, name: &str| {
        let base = folder.method(method.base.as_deref().unwrap_or_default());
        let mean = |m: &Method| m.measures.get(name).map(|reading| reading.mean);
        base.is_some_and(|base| mean(method).zip(mean(base)).is_some_and(|(a, b)| a < b))
    };
    let colder: Vec<&str> = moved
        .iter()
        .filter(|(method, _)| fell(method, "nll_oracle") && fell(method, "entropy"))
        .map(|(method, _)| method.name.as_str())
        .collect();
    let same = "sampling the base a little colder does the same without any training, so the verdict compares at equal entropy.";
    (!colder.is_empty()).then(|| format!("Both nll_oracle and entropy fell with {}; {same}", list(&colder)))
}

/// How a method differs from what it is held against.
fn moved(folder: &Folder, method: &Method) -> Option<String> {
    let base = folder.method(method.base.as_deref()?)?;
    let both = |name: &str| Some((method.measures.get(name)?.mean, base.measures.get(name)?.mean));
    let change = |name: &str, (a, b): (f64, f64)| format!("{name} by {}", signed(a - b, 3));
    let mut parts = Vec::new();
    for name in ["nll_oracle", "nll_test", "nll_validation", "entropy"] {
        parts.extend(both(name).map(|pair| change(name, pair)));
    }
    if parts.is_empty() {
        return None;
    }
    let all: Vec<&str> = parts.iter().map(String::as_str).collect();
    Some(list(&all))
}

/// What kind of folder it is, and what its intervals mean.
fn kind(folder: &Folder) -> String {
    let Some(summary) = &folder.summary else { return String::new() };
    match summary.runs.len() {
        0 => "One run with one seed: intervals tell how well this model was measured, not what another seed of \
              training would give."
            .into(),
        n => format!("Means over {n} runs; intervals hold 95 % and are taken over runs."),
    }
}

/// The numbers that people ask for first.
fn tiles(folder: &Folder) -> Markup {
    let models: Vec<&Method> =
        folder.methods().iter().filter(|m| !m.is_yardstick() && m.name != "real").collect();
    // Of several, the method that the program is named after.
    let with_base = || models.iter().filter(|m| m.base.is_some());
    let main = with_base().find(|m| m.name == "seqgan").or(with_base().next()).or(models.last());
    let Some(main) = main else { return html! {} };
    let base = main.base.as_deref().and_then(|base| folder.method(base));
    let chosen: &[&str] = if folder.has_oracle() {
        &["forward_kl", "reverse_kl", "entropy"]
    } else {
        &["nll_test", "nll_validation", "entropy"]
    };
    let seconds = folder.summary.as_ref().and_then(|summary| summary.seconds);
    html! {
        div.tiles {
            @for name in chosen { @if let Some(reading) = main.measures.get(name) {
                div { span { (main.name) " " (name) } strong { (fixed(reading.mean, 3)) }
                    @if let Some(other) = base.and_then(|base| base.measures.get(name)) {
                        span { (base.map_or("", |b| &b.name)) " " (fixed(other.mean, 3)) }
                    }
                }
            } }
            @if let Some(seconds) = seconds {
                div { span { "time" } strong { (duration(seconds)) } span { "of work" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(summary: &str) -> Folder {
        let summary = serde_json::from_str(summary).unwrap();
        Folder { name: "x".into(), summary: Some(summary), runs: Vec::new() }
    }

    #[test]
    fn verdicts_in_words() {
        let row =
            |name: &str, verdict: &str| format!(r#"{{"name":"{name}","base":"mle","verdict":"{verdict}"}}"#);
        let of = |rows: &[String]| headline(&folder(&format!(r#"{{"methods":[{}]}}"#, rows.join(","))));
        assert_eq!(of(&[row("a", "dominates")]), "a beats mle: it is better at equal entropy");
        assert!(
            of(&[row("a", "dominated")]).starts_with("a does not beat mle: at equal entropy it is worse")
        );
        assert!(of(&[row("a", "on the curve")]).contains("lies on its temperature curve"));
        let both = [row("a", "dominates"), row("b", "on the curve"), row("c", "dominated")];
        assert_eq!(of(&both), "a beats the temperature curve of its base; b and c do not");
        assert!(of(&both[1..]).starts_with("None of 2 methods beats"));
    }

    #[test]
    fn a_difference_within_the_error_is_none() {
        let of = |a: f64, test: &str| {
            headline(&folder(&format!(
                r#"{{"methods":[{{"name":"mle","nll_validation":{{"mean":3.5,"stderr":0.04}}}},
                    {{"name":"seqgan","base":"mle","nll_validation":{{"mean":{a},"stderr":0.04}}}}]{test}}}"#
            )))
        };
        assert_eq!(of(3.6, ""), "seqgan and mle predict held-out sequences alike");
        assert_eq!(of(3.8, ""), "seqgan predicts held-out sequences worse than mle");
        let test = r#","tests":[{"measure":"nll_validation","method":"seqgan","against":"mle","p":0.01,"p_holm":0.02}]"#;
        assert_eq!(of(3.4, test), "seqgan predicts held-out sequences better than mle");
    }
}
