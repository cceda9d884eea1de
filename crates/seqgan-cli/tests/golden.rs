//! The preset `smoke` on the synthetic task, measure by measure as it was when it was last looked at.

use serde_json::Value;

use crate::support::Scratch;

const GOLDEN: &str = "testdata/smoke.json";
/// What another instruction set may make of it: sums are rounded in another order, and training carries that on.
const OTHER_CPU: f64 = 0.02;

/// Name, measure and mean of every cell of the table, and the instruction set that made them.
fn measured(scratch: &Scratch) -> (String, Vec<(String, f64)>) {
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    let run: Value = serde_json::from_str(&scratch.read("run/run.json")).unwrap();
    let mut cells = Vec::new();
    for row in summary["methods"].as_array().unwrap() {
        for (measure, value) in row.as_object().unwrap() {
            if let Some(mean) = value["mean"].as_f64() {
                cells.push((format!("{} {measure}", row["name"].as_str().unwrap()), mean));
            }
        }
    }
    (run["instructions"].as_str().unwrap().into(), cells)
}

#[test]
fn the_smoke_run_is_what_it_was() {
    let scratch = Scratch::new();
    scratch.run(["oracle", "--preset", "smoke", "--seed", "1", "--out", "run", "-q"]).expect_fine();
    let (instructions, cells) = measured(&scratch);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("SEQGAN_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let document = serde_json::json!({ "instructions": instructions, "cells": cells });
        std::fs::write(&path, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
    }
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let expected: Vec<(String, f64)> = serde_json::from_value(golden["cells"].clone()).unwrap();
    let names = |cells: &[(String, f64)]| cells.iter().map(|cell| cell.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&cells), names(&expected));
    let same_cpu = golden["instructions"] == instructions.as_str();
    for ((name, value), (_, expected)) in cells.iter().zip(&expected) {
        let limit = if same_cpu { 1e-12 } else { OTHER_CPU } * expected.abs().max(1.0);
        assert!(
            (value - expected).abs() <= limit,
            "{name} is {value}, was {expected}; if the change is meant, SEQGAN_WRITE=1 writes {GOLDEN} anew"
        );
    }
}
