//! `seqgan report`: pages of runs, of files and of comparisons, in a real browser and as text.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::browser;
use crate::support::{Scratch, and, tiny_oracle};

/// The synthetic task in the folder `run`.
fn with_oracle_run() -> Scratch {
    let scratch = Scratch::new();
    scratch.run(and(&tiny_oracle(), &["--out", "run", "-q"])).expect_fine();
    scratch
}

fn json_of(scratch: &Scratch, name: &str) -> Value {
    serde_json::from_str(&scratch.read(name)).unwrap()
}

/// What every page must be, at the width of a telephone and at that of a desk.
fn sound(browser: &Path, page: &Path) -> Value {
    let seen = [390, 1200].map(|width| {
        let seen = browser::open(browser, page, width);
        assert_eq!(seen.console, [""; 0], "{width} pixels");
        let page = seen.page;
        assert_eq!(page["width"], page["inner"], "{width} pixels: {page}");
        for nothing in ["wide", "cut", "loaded", "anchors"] {
            assert_eq!(page[nothing], json!([]), "{nothing} at {width} pixels");
        }
        let figures = page["figures"].as_array().unwrap();
        assert!(figures.len() >= 3, "{} figures", figures.len());
        for figure in figures {
            let marks = figure["marks"].as_array().unwrap();
            assert_eq!((&figure["image"], &figure["described"]), (&json!("img"), &json!(true)));
            assert!(!marks.is_empty(), "an empty figure: {figure}");
            let thin = figure["thin"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum::<u64>();
            assert_eq!(
                Some(marks.len() as u64 + thin),
                figure["numbers"].as_u64(),
                "points and numbers of {figure}"
            );
        }
        page
    });
    let [_, wide] = seen;
    wide
}

/// The marks of a series in the figure of a part of the page.
fn marks(page: &Value, part: &str, nth: usize, series: &str) -> Vec<(f64, f64)> {
    let figures = page["figures"].as_array().unwrap().iter().filter(|f| f["part"] == part);
    let figure = figures.clone().nth(nth).unwrap_or_else(|| panic!("no figure {nth} in {part}"));
    let marks = figure["marks"].as_array().unwrap().iter().filter(|mark| mark[0] == series);
    marks.map(|mark| (mark[1].as_f64().unwrap(), mark[2].as_f64().unwrap())).collect()
}

fn method<'a>(summary: &'a Value, name: &str) -> &'a Value {
    summary["methods"].as_array().unwrap().iter().find(|m| m["name"] == name).unwrap()
}

fn mean(value: &Value) -> f64 {
    value["mean"].as_f64().unwrap()
}

#[test]
fn every_figure_of_an_oracle_run_shows_its_numbers() {
    let Some(browser) = browser::chromium() else { return };
    let scratch = with_oracle_run();
    assert_eq!(scratch.output(&["report", "run"]), "run/report.html\n");
    let page = sound(&browser, &scratch.path("run/report.html"));
    let summary = json_of(&scratch, "run/summary.json");

    // The first plane of the temperature curves, coldest first.
    let base = method(&summary, "seqgan")["base"].as_str().unwrap();
    for name in [base, "seqgan"] {
        let mut curve: Vec<_> = method(&summary, name)["curve"].as_array().unwrap().iter().collect();
        curve.sort_by(|a, b| a["temperature"].as_f64().partial_cmp(&b["temperature"].as_f64()).unwrap());
        let expected: Vec<_> = curve.iter().map(|c| (mean(&c["nll_test"]), mean(&c["nll_oracle"]))).collect();
        assert_eq!(marks(&page, "frontier", 0, name), expected);
    }
    let row = method(&summary, "seqgan");

    // Differences at equal entropy.
    let differences: Vec<_> =
        row["comparisons"].as_array().unwrap().iter().map(|c| mean(&c["forward_kl"])).collect();
    let shown: Vec<_> = marks(&page, "entropy", 0, "seqgan").into_iter().map(|(x, _)| x).collect();
    assert_eq!(shown, differences);

    // The first learning curve is nll_oracle by epoch, for both likelihood methods.
    for name in ["mle", "mle-tuned"] {
        let recorded = scratch.records("run", name);
        let point = |r: &Value| (r["step"].as_f64().unwrap(), mean(&r["nll_oracle"]));
        let expected: Vec<_> = recorded.iter().map(point).collect();
        assert!(!expected.is_empty());
        assert_eq!(marks(&page, "learning", 0, name), expected);
    }
    let headline = page["headline"][0].as_str().unwrap();
    // mle has a verdict too, against mle-tuned.
    assert!(headline.starts_with("None of 2 methods beats"), "{headline}");
}

#[test]
fn a_file_run_shows_samples_beside_real_ones() {
    let Some(browser) = browser::chromium() else { return };
    let scratch = Scratch::with_run();
    scratch.write("run/samples/real.txt", "a real <b>sentence</b>\n<script>alert(1)</script>\n");
    // Scores as later versions write them.
    let mut summary = json_of(&scratch, "run/summary.json");
    let card = |x: f64| {
        let keys = (2..=5).flat_map(|n| [format!("bleu_{n}"), format!("self_bleu_{n}")]);
        keys.map(|key| (key, json!({"mean": x, "stderr": 0.01}))).collect::<Map<_, _>>()
    };
    for row in summary["methods"].as_array_mut().unwrap() {
        row["scorecard"] = card(0.5).into();
    }
    summary["real"] = json!({ "scorecard": card(0.7) });
    scratch.write("run/summary.json", summary.to_string());
    scratch.output(&["report", "run", "--out", "page.html"]);
    let page = sound(&browser, &scratch.path("page.html"));
    let samples = page["samples"].as_array().unwrap();
    assert_eq!(samples[..2], [json!("a real <b>sentence</b>"), json!("<script>alert(1)</script>")]);
    let written = scratch.read("run/samples/seqgan.txt");
    assert!(samples.contains(&json!(written.lines().next().unwrap())), "{samples:?}");
    assert_eq!(marks(&page, "text", 0, "real"), [(0.7, 0.7)]);
    assert_eq!(marks(&page, "text", 3, "seqgan"), [(0.5, 0.5)]);
}

/// A folder as `seqgan compare` makes it, of three seeds and two variants of the settings.
fn comparison(scratch: &Scratch) -> Value {
    let mut runs = Vec::new();
    for (seed, g_steps) in [(1, 1), (2, 1), (3, 1), (1, 4)] {
        let folder = format!("runs/oracle{seed}-g{g_steps}");
        let (out, seed_text) = (format!("cmp/{folder}"), seed.to_string());
        let set = format!("adversarial.g_steps={g_steps}");
        let often = "adversarial.measure_every_rounds=1";
        let more = ["--seed", &seed_text, "--set", &set, "--set", often, "--out", &out, "-q"];
        scratch.run(and(&tiny_oracle(), &more)).expect_fine();
        let methods = json_of(scratch, &format!("{out}/summary.json"))["methods"].clone();
        let variant = json!({"adversarial.g_steps": g_steps.to_string()});
        runs.push(
            json!({"folder": folder, "oracle": seed, "seed": seed, "variant": variant, "methods": methods}),
        );
    }
    let over = |values: Vec<f64>| {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        json!({"mean": mean, "stderr": 0.1, "low": mean - 0.43, "high": mean + 0.43, "n": n})
    };
    let methods: Vec<Value> = ["mle-tuned", "seqgan"]
        .map(|name| {
            let mut row = json!({"name": name, "runs": runs.len()});
            for measure in ["nll_oracle", "nll_test", "entropy", "reverse_kl", "forward_kl"] {
                let values = runs.iter().map(|run| mean(&method(run, name)[measure])).collect();
                row[measure] = over(values);
            }
            row
        })
        .to_vec();
    let mut summary = json!({
        "command": "compare", "version": "0.1.0", "preset": "smoke", "seconds": 9.0, "task": "oracle",
        "oracle": {"entropy": {"mean": 3.0, "stderr": null}, "uniform_nll": {"mean": 5.0, "stderr": 0.1}},
        "methods": methods,
        "tests": [{"measure": "nll_test", "method": "seqgan", "against": "mle-tuned",
                   "difference": over(vec![0.1, 0.2, 0.3]), "p": 0.01, "p_holm": 0.04}],
        "per_sample": [{"measure": "nll_oracle", "method": "seqgan", "against": "mle-tuned", "p": 0.001}],
        "runs": runs,
    });
    let seqgan = &mut summary["methods"][1];
    seqgan["base"] = json!("mle-tuned");
    seqgan["verdict"] = json!("dominated");
    seqgan["comparisons"] = json!([{"temperature": 1.0, "base_temperature": 0.98,
        "forward_kl": {"mean": 0.02, "stderr": 0.004, "low": 0.01, "high": 0.03, "n": 4},
        "reverse_kl": {"mean": 0.01, "stderr": null}}]);
    scratch.write("cmp/summary.json", summary.to_string());
    summary
}

#[test]
fn a_comparison_overlays_the_curves_of_its_variants() {
    let Some(browser) = browser::chromium() else { return };
    let scratch = Scratch::new();
    let summary = comparison(&scratch);
    assert_eq!(scratch.output(&["report", "cmp"]), "cmp/report.html\n");
    let page = sound(&browser, &scratch.path("cmp/report.html"));
    assert_eq!(page["headline"][0], "seqgan does not beat mle-tuned: at equal entropy it is worse");
    // Means and the single runs around them.
    let row = method(&summary, "seqgan");
    let expected = [(mean(&row["nll_oracle"]), 1.0)];
    let shown = marks(&page, "methods", 0, "seqgan");
    assert_eq!((shown.len(), &shown[4..]), (5, &expected[..]));
    assert_eq!(marks(&page, "tests", 0, "seqgan").len(), 1);
    // A mean over three runs and their thin lines, and the one run of the other variant with marks of its own. Round 0
    // is measured before there is a reward.
    let rounds = scratch.records("cmp/runs/oracle1-g4", "adversarial").len() - 1;
    let reward = page["figures"].as_array().unwrap().iter().find(|f| f["title"] == "reward").unwrap();
    assert_eq!(reward["marks"].as_array().unwrap().len(), 2 * rounds);
    assert_eq!(reward["thin"], json!([rounds, rounds, rounds]));
}

#[test]
fn several_folders_stand_on_one_page() {
    let Some(browser) = browser::chromium() else { return };
    let scratch = with_oracle_run();
    scratch.run(and(&tiny_oracle(), &["--out", "other", "--seed", "2", "-q"])).expect_fine();
    assert_eq!(scratch.output(&["report", "run", "other"]), "report.html\n");
    let page = sound(&browser, &scratch.path("report.html"));
    let parts: Vec<_> =
        page["figures"].as_array().unwrap().iter().map(|f| f["part"].as_str().unwrap()).collect();
    for part in ["", "f0-frontier", "f1-frontier", "f0-learning", "f1-learning"] {
        assert!(parts.contains(&part), "{part} is missing in {parts:?}");
    }
}

#[test]
fn a_page_asks_for_nothing_and_runs_nothing() {
    let scratch = Scratch::with_run();
    scratch.write("run/samples/real.txt", "<script src=\"https://example.org/x.js\"></script>\n");
    scratch.output(&["report", "run"]);
    let page = scratch.read("run/report.html");
    assert!(page.contains("&lt;script src=&quot;https://example.org/x.js&quot;&gt;"));
    for refused in ["<script", "<img", "<iframe", "@import", "url(", "href=\"http", " onload="] {
        assert!(!page.contains(refused), "`{refused}`");
    }
    assert!(page.contains("default-src 'none'"), "a policy that refuses what might slip through");
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}

#[test]
fn what_is_missing_is_left_out() {
    let scratch = with_oracle_run();
    for gone in ["metrics.jsonl", "config.toml", "run.json"] {
        fs::remove_file(scratch.path("run").join(gone)).unwrap();
    }
    fs::remove_dir_all(scratch.path("run/samples")).unwrap();
    scratch.output(&["report", "run"]);
    let page = scratch.read("run/report.html");
    assert!(page.contains("id=\"methods\"") && page.contains("id=\"frontier\""));
    for part in ["learning", "samples", "settings", "resources"] {
        assert!(!page.contains(&format!("id=\"{part}\"")), "{part}");
    }
    // A run without its summary is an unfinished one.
    let scratch = with_oracle_run();
    fs::remove_file(scratch.path("run/summary.json")).unwrap();
    scratch.output(&["report", "run"]);
    let page = scratch.read("run/report.html");
    assert!(
        page.contains("unfinished") && page.contains("id=\"learning\"") && !page.contains("id=\"methods\"")
    );
}

#[test]
fn damaged_files_are_named_and_foreign_ones_kept() {
    let scratch = with_oracle_run();
    scratch.refuses(1, &["report", "nowhere"], &["nowhere", "neither summary.json nor config.toml", "hint"]);
    scratch.write("mine.html", "<html>mine</html>");
    scratch.refuses(1, &["report", "run", "--out", "mine.html"], &["mine.html", "is no report"]);
    scratch.refuses(1, &["report", "run", "--out", "no/folder.html"], &["no/folder.html"]);
    for (name, part) in [
        ("summary.json", "run/summary.json: unreadable"),
        ("run.json", "run/run.json: unreadable"),
        ("config.toml", "run/config.toml: unreadable settings"),
        ("metrics.jsonl", "run/metrics.jsonl, line 1: no record"),
    ] {
        let whole = scratch.read(&format!("run/{name}"));
        scratch.write(&format!("run/{name}"), format!("{{ = 1\n{whole}"));
        scratch.refuses(1, &["report", "run"], &[part]);
        scratch.write(&format!("run/{name}"), whole);
    }
    // A page of ours may be written again.
    scratch.output(&["report", "run"]);
    scratch.output(&["report", "run"]);
}
