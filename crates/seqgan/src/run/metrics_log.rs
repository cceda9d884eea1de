//! metrics.jsonl: a line of JSON for each measurement.

use crate::{Error, Result, fault};
use serde_json::{Map, Value};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The open log.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl MetricsLog {
    /// Opens the log and cuts it at `bytes`, the length that the saved state knows: what was measured after that
    /// will be measured again.
    pub fn open(path: &Path, bytes: u64) -> Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(Error::io("open", path))?;
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        if length < bytes {
            return Err(Error::Run {
                path: path.into(),
                message: format!("{length} bytes long, but the saved state knows {bytes}"),
                hint: Some("the file was cut; restore it, or start a new run".into()),
            });
        }
        file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(Error::io("write", path))?;
        Ok(Self { path: path.into(), file, bytes })
    }

    /// Appends a record.
    pub fn append(&mut self, record: Map<String, Value>) -> Result<()> {
        let line = format!("{}\n", Value::Object(record));
        let (first, second) = line.as_bytes().split_at(line.len() / 2);
        let written = self.file.write_all(first).and_then(|()| fault::place());
        written.and_then(|()| self.file.write_all(second)).map_err(Error::io("write", &self.path))?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Flushes to the disk and tells the length, to be kept in the saved state.
    pub fn sync(&mut self) -> Result<u64> {
        self.file.sync_all().map_err(Error::io("write", &self.path))?;
        Ok(self.bytes)
    }
}
