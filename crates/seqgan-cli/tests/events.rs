//! Event files for TensorBoard, read by a decoder that shares nothing with the library, and by TensorBoard itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Scratch, and, tiny_oracle, tiny_train};

const NAME: &str = "events.out.tfevents.seqgan";

/// A scalar: tag, step, wall time and value.
type Scalar = (String, u64, f64, f32);

/// Compares every scalar of a run's event file with the figures of metrics.jsonl, in order.
#[track_caller]
pub fn assert_as_logged(run: &Path) {
    let log = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let facts: Value = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    let started = facts["started"].as_u64().expect("when the run was started");
    let (version, scalars) = decode(&fs::read(run.join(NAME)).unwrap());
    assert_eq!(version, "brain.Event:2");
    let logged: Vec<_> = log.lines().flat_map(|line| logged(line, started as f64)).collect();
    for (scalar, logged) in scalars.iter().zip(&logged) {
        assert_eq!(scalar, logged);
    }
    assert_eq!(scalars.len(), logged.len(), "{}", run.display());
}

/// What a line of metrics.jsonl should have become.
fn logged(line: &str, started: f64) -> Vec<Scalar> {
    let record: Value = serde_json::from_str(line).unwrap();
    let owner = record["method"].as_str().or(record["phase"].as_str()).unwrap();
    let time = started + record["elapsed_s"].as_f64().unwrap();
    let series = match record["phase"].as_str().unwrap() {
        "final" => format!("final/{owner}"),
        "curve" => format!("curve/{owner}/T {}", record["temperature"].as_f64().unwrap()),
        _ => owner.to_owned(),
    };
    let step = record["step"].as_u64().unwrap();
    let names = record.as_object().unwrap().iter();
    let figures = names.filter(|(name, _)| !["step", "elapsed_s", "temperature"].contains(&name.as_str()));
    figures
        .filter_map(|(name, value)| {
            let value = value["mean"].as_f64().or(value.as_f64())? as f32;
            Some((format!("{series}/{name}"), step, time, value))
        })
        .collect()
}

/// The version and all scalars of an event file, whose sums must be right.
fn decode(mut bytes: &[u8]) -> (String, Vec<Scalar>) {
    let (mut version, mut scalars) = (String::new(), Vec::new());
    while !bytes.is_empty() {
        let length = take(&mut bytes, 8);
        assert_eq!(take(&mut bytes, 4), masked_sum(length).to_le_bytes(), "sum of a length");
        let data = take(&mut bytes, u64::from_le_bytes(length.try_into().unwrap()) as usize);
        assert_eq!(take(&mut bytes, 4), masked_sum(data).to_le_bytes(), "sum of an event");
        let (mut time, mut step, mut values) = (0.0, 0, Vec::new());
        for field in fields(data) {
            match field {
                (1, Field::Eight(bits)) => time = f64::from_bits(bits),
                (2, Field::Varint(number)) => step = number,
                (3, Field::Bytes(text)) => version = String::from_utf8(text.into()).unwrap(),
                (5, Field::Bytes(summary)) => values.extend(fields(summary)),
                other => panic!("unexpected field {other:?}"),
            }
        }
        for value in values {
            let (1, Field::Bytes(value)) = value else { panic!("unexpected field {value:?}") };
            let [(1, Field::Bytes(tag)), (2, Field::Four(bits))] = fields(value)[..] else {
                panic!("no scalar: {value:?}")
            };
            scalars.push((String::from_utf8(tag.into()).unwrap(), step, time, f32::from_bits(bits)));
        }
    }
    (version, scalars)
}

#[derive(Debug)]
enum Field<'a> {
    Varint(u64),
    Eight(u64),
    Bytes(&'a [u8]),
    Four(u32),
}

/// The fields of a message, by number.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Varint(varint(&mut bytes)),
            1 => Field::Eight(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut bytes);
                Field::Bytes(take(&mut bytes, length as usize))
            }
            5 => Field::Four(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap())),
            kind => panic!("unexpected kind of field {kind}"),
        };
        all.push((key >> 3, field));
    }
    all
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

#[track_caller]
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

/// CRC-32C bit by bit, then rotated and moved.
fn masked_sum(bytes: &[u8]) -> u32 {
    let sum = !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |s, _| (s >> 1) ^ (0x82f6_3b78 * (s & 1)))
    });
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[test]
fn every_figure_is_a_scalar_and_steps_rise() {
    let scratch = Scratch::with_sentences();
    for (out, arguments) in [("oracle", tiny_oracle()), ("train", tiny_train("sentences.txt"))] {
        scratch.run(and(&arguments, &["--out", out, "-q"])).expect_fine();
        assert_as_logged(&scratch.path(out));
        let (_, scalars) = decode(&fs::read(scratch.path(out).join(NAME)).unwrap());
        // Where a step does not rise TensorBoard drops what came before under that tag.
        let mut last = BTreeMap::new();
        for (tag, step, ..) in &scalars {
            let before = last.insert(tag.as_str(), *step);
            assert!(before.is_none_or(|before| before < *step), "{tag}: {step} after {before:?}");
        }
        for tag in ["seqgan/entropy", "seqgan/reward", "seqgan/d_loss", "final/seqgan/nll_train"] {
            assert!(last.contains_key(tag), "no {tag} in {:?}", last.keys());
        }
    }
}

/// Whatever stood in the file, a run that goes on holds what its log holds, once.
#[test]
fn a_resumed_run_writes_its_events_anew() {
    let scratch = Scratch::new();
    let arguments = and(&tiny_oracle(), &["--set", "checkpoint.every_secs=0", "--out", "run", "-q"]);
    let mut child = scratch.start(&arguments);
    crate::support::wait_for("a measurement", || {
        let log = fs::read(scratch.path("run/metrics.jsonl")).unwrap_or_default();
        let state = scratch.path("run/checkpoints/state.safetensors").is_file();
        (log.len() > 500 && state).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!scratch.path("run/summary.json").exists(), "the run ended before it could be killed");
    let path = scratch.path(&format!("run/{NAME}"));
    let twice = fs::read(&path).unwrap().repeat(40);
    fs::write(&path, twice).unwrap();
    scratch.run(and(&arguments, &["--resume"])).expect_fine();
    assert_as_logged(&scratch.path("run"));
}

/// Where the event file cannot be written the run says so, as it does for metrics.jsonl.
#[test]
fn an_event_file_that_cannot_be_written_is_an_error() {
    let scratch = Scratch::new();
    let arguments = and(&tiny_oracle(), &["--set", "checkpoint.every_secs=0", "--out", "run", "-q"]);
    let mut child = scratch.start(&arguments);
    crate::support::wait_for("a state", || {
        scratch.path("run/checkpoints/state.safetensors").is_file().then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_file(scratch.path(&format!("run/{NAME}"))).unwrap();
    fs::create_dir(scratch.path(&format!("run/{NAME}"))).unwrap();
    scratch.refuses(
        1,
        &and(&arguments, &["--resume"]),
        &["error: cannot open run/events.out.tfevents.seqgan"],
    );
}

/// The variable SEQGAN_PYTHON names a Python that has TensorBoard; otherwise `python3` may have it.
#[test]
fn tensorboard_reads_every_scalar() {
    const READ: &str = "
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})
events.Reload()
read = [[tag, e.step, e.wall_time, e.value] for tag in events.Tags()['scalars'] for e in events.Scalars(tag)]
print(json.dumps(read))";
    let named = std::env::var("SEQGAN_PYTHON").ok().filter(|name| !name.is_empty());
    let python = named.as_deref().unwrap_or("python3");
    let found = Command::new(python).args(["-c", "import tensorboard"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        assert!(named.is_none(), "SEQGAN_PYTHON is set, but {python} cannot import tensorboard");
        eprintln!("SKIPPED: {python} has no tensorboard, so TensorBoard itself has read no event file");
        return;
    }
    let scratch = Scratch::new();
    scratch.run(and(&tiny_oracle(), &["--out", "run", "-q"])).expect_fine();
    let read = Command::new(python).args(["-c", READ]).arg(scratch.path("run")).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let mut read: Vec<Value> = serde_json::from_slice(&read.stdout).unwrap();
    let (_, scalars) = decode(&fs::read(scratch.path("run").join(NAME)).unwrap());
    let mut expected: Vec<Value> =
        scalars.iter().map(|(tag, step, time, value)| json!([tag, step, time, f64::from(*value)])).collect();
    for list in [&mut read, &mut expected] {
        list.sort_by_key(|scalar| (scalar[0].to_string(), scalar[1].as_u64()));
    }
    assert_eq!(read, expected);
}
