//! events.out.tfevents.seqgan: the records of metrics.jsonl as scalars for TensorBoard.
//!
//! Written here, because the crates that write such files bring far more than the few fields that a scalar needs, in
//! versions long replaced: tensorboard-rs 0.5 builds on image 0.23 and protobuf 2, tboard 0.1 on prost 0.12 with a
//! compiler of protocol buffers that must be installed, tfrecord 0.15 on prost 0.12, num and itertools 0.11.
//!
//! ```text
//! file      record*
//! record    length u64 | masked CRC-32C of the length u32 | data | masked CRC-32C of the data u32    (little endian)
//! data      Event { 1: wall_time double, 2: step int64, 3: file_version string, 5: summary Summary }
//! Summary   { 1: value* Value }
//! Value     { 1: tag string, 2: simple_value float }
//! ```
//!
//! The file holds nothing that metrics.jsonl does not hold, and is written anew from it whenever a run is resumed: what was
//! measured after the saved state is in neither file twice. Equal records give equal bytes, written over the old ones
//! in place, so that a TensorBoard that is reading does not lose its place.

use crate::{Error, Result, fault};
use crc::{CRC_32_ISCSI, Crc, Table};
use serde_json::{Map, Value};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// CRC-32C, which TensorBoard checks.
const CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISCSI);

/// The open file.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
    started: f64,
}

impl EventFile {
    /// The name in a run folder. TensorBoard reads files with `.tfevents.` in their names.
    pub const NAME: &str = "events.out.tfevents.seqgan";

    /// Writes the records of `log` and stays open for more. `started` is the Unix time at which the run was started;
    /// a record's time is so many seconds of work later, so that it is the same whenever it is written.
    pub fn rewrite(path: &Path, log: &Path, started: f64) -> Result<Self> {
        let text = std::fs::read_to_string(log).map_err(Error::io("read", log))?;
        let mut bytes = framed(&version(started));
        for (i, line) in text.lines().enumerate() {
            let record = serde_json::from_str(line).map_err(|e| Error::Data {
                path: log.into(),
                line: Some(i + 1),
                message: format!("no record of a measurement: {e}"),
                hint: Some("the file is damaged; restore it from a copy, or start a new run".into()),
            })?;
            bytes.extend(event(&record, started).map_or_else(Vec::new, |event| framed(&event)));
        }
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let mut file = open.map_err(Error::io("open", path))?;
        let written = file.write_all(&bytes).and_then(|()| file.set_len(bytes.len() as u64));
        written.map_err(Error::io("write", path))?;
        Ok(Self { path: path.into(), file, started })
    }

    /// Appends the figures of a record.
    pub fn append(&mut self, record: &Map<String, Value>) -> Result<()> {
        match event(record, self.started) {
            Some(event) => {
                let event = framed(&event);
                let (first, second) = event.split_at(event.len() / 2);
                let written = self.file.write_all(first).and_then(|()| fault::place());
                written.and_then(|()| self.file.write_all(second)).map_err(Error::io("write", &self.path))
            }
            None => Ok(()),
        }
    }

    /// Flushes to the disk.
    pub fn sync(&mut self) -> Result<()> {
        self.file.sync_all().map_err(Error::io("write", &self.path))
    }
}

/// A record's figures as one event; none if it has none.
fn event(record: &Map<String, Value>, started: f64) -> Option<Vec<u8>> {
    let (series, step) = series(record);
    let mut summary = Vec::new();
    for (name, figure) in record {
        if let Some(value) = scalar(name, figure) {
            let mut entry = Vec::new();
            bytes_field(&mut entry, 1, format!("{series}/{name}").as_bytes());
            entry.push(2 << 3 | 5);
            entry.extend((value as f32).to_le_bytes());
            bytes_field(&mut summary, 1, &entry);
        }
    }
    let time = started + record.get("elapsed_s").and_then(Value::as_f64).unwrap_or(0.0);
    let mut event = timed(time);
    // Like every field of protocol buffers, a step of 0 is left out.
    if step != 0 {
        event.push(2 << 3);
        varint(&mut event, step);
    }
    bytes_field(&mut event, 5, &summary);
    (!summary.is_empty()).then_some(event)
}

/// What a record's figures are filed under, and where on the horizontal axis. Measurements of finished models stand
/// apart from the learning curves, and each temperature of a curve by itself: under one tag TensorBoard takes a step
/// that does not rise for a run that was begun again, and drops what came before.
fn series(record: &Map<String, Value>) -> (String, u64) {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or("unknown").to_string();
    let step = record.get("step").and_then(Value::as_u64).unwrap_or(0);
    let phase = text("phase");
    match (phase.as_str(), record.get("temperature").and_then(Value::as_f64)) {
        ("curve", Some(temperature)) => (format!("curve/{}/T {temperature}", text("method")), step),
        ("final", _) => (format!("final/{}", text("method")), step),
        _ if record.contains_key("method") => (text("method"), step),
        _ => (phase, step),
    }
}

/// The number to draw, if the field is a figure: an estimate's mean, or the number itself.
fn scalar(name: &str, figure: &Value) -> Option<f64> {
    match name {
        "step" | "elapsed_s" | "temperature" => None,
        _ => figure.get("mean").unwrap_or(figure).as_f64(),
    }
}

/// The event that every file begins with.
fn version(time: f64) -> Vec<u8> {
    let mut event = timed(time);
    bytes_field(&mut event, 3, b"brain.Event:2");
    event
}

/// The beginning of an event.
fn timed(time: f64) -> Vec<u8> {
    let mut event = vec![1 << 3 | 1];
    event.extend(time.to_le_bytes());
    event
}

/// A field of bytes, a string or a message.
fn bytes_field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

/// Seven bits a byte, lowest first; the highest bit says that more follow.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A record of the file around an event.
fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc(&length).to_le_bytes(), data, &masked_crc(data).to_le_bytes()].concat()
}

/// Rotated and moved, as the format wants it: sums of data that hold sums are weak.
fn masked_crc(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by TensorBoard's own package: testdata/tensorboard/make.py.
    const OF_TENSORBOARD: &[u8] = include_bytes!("../../testdata/tensorboard/events.out.tfevents.expected");
    const RECORDS: &str = include_str!("../../testdata/tensorboard/metrics.jsonl");
    const STARTED: f64 = 1_700_000_000.0;

    #[test]
    fn the_sum_is_crc_32c() {
        assert_eq!(CRC.checksum(b"123456789"), 0xe306_9283);
        assert_eq!(masked_crc(b"123456789"), 0xc78a_b0e5);
    }

    #[test]
    fn the_bytes_are_those_of_tensorboard() {
        let folder = tempfile::tempdir().unwrap();
        let (path, log) = (folder.path().join(EventFile::NAME), folder.path().join("metrics.jsonl"));
        // All at once, and one by one over a longer file that was there before.
        std::fs::write(&log, RECORDS).unwrap();
        EventFile::rewrite(&path, &log, STARTED).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), OF_TENSORBOARD);
        std::fs::write(&log, "").unwrap();
        let mut file = EventFile::rewrite(&path, &log, STARTED).unwrap();
        for line in RECORDS.lines() {
            file.append(&serde_json::from_str(line).unwrap()).unwrap();
        }
        file.sync().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), OF_TENSORBOARD);
    }

    #[test]
    fn numbers_of_any_size_are_written() {
        let written = |value| {
            let mut out = Vec::new();
            varint(&mut out, value);
            out
        };
        assert_eq!([written(0), written(127)], [[0], [127]]);
        assert_eq!([written(128), written(300)], [[0x80, 1], [0xac, 2]]);
        assert_eq!(written(u64::MAX).len(), 10);
    }

    #[test]
    fn a_record_without_figures_is_no_event() {
        let empty = r#"{"phase":"mle","step":1,"elapsed_s":0.5,"nll_test":null}"#;
        assert_eq!(event(&serde_json::from_str(empty).unwrap(), STARTED), None);
    }

    #[test]
    fn a_damaged_log_is_refused_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("metrics.jsonl");
        std::fs::write(&log, "{}\n{]\n").unwrap();
        let error = EventFile::rewrite(&folder.path().join("e"), &log, STARTED).unwrap_err().to_string();
        assert!(error.contains("metrics.jsonl, line 2: no record"), "{error}");
    }
}
