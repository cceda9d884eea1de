//! metrics.jsonl: what was measured while a run was trained.

use super::records::Record;
use crate::{Error, Result};
use std::path::Path;

/// All records in order; none where there is no file. A last line without its end belongs to a run that is still
/// being written, or was killed while it wrote, and is left out.
pub(super) fn read(path: &Path) -> Result<Vec<Record>> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(i, line)| {
            serde_json::from_str(line).map_err(|e| Error::Data {
                path: path.into(),
                line: Some(i + 1),
                message: format!("no record of a measurement: {e}"),
                hint: Some("the file is damaged; restore it from a copy or train again".into()),
            })
        })
        .collect()
}

/// What a record belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Course {
    /// Maximum likelihood of this method, a step an epoch.
    Likelihood(String),
    /// The discriminator, a step a draw of negatives; before and between the rounds of a method.
    Discriminator(Option<String>),
    /// This adversarial method, a step a round.
    Adversarial(String),
    /// A diagnostic of training that goes wrong, with `diagnostic` and `text`, which is no measurement.
    Diagnostic,
    /// The measurements at the end.
    Final,
}

impl Course {
    /// By phase and, where it is given, method.
    pub fn of(record: &Record) -> Self {
        match (record.phase.as_str(), &record.method) {
            ("final" | "curve" | "measure", _) => Self::Final,
            // Folders of older versions call it a sign.
            ("diagnostic" | "sign", _) => Self::Diagnostic,
            ("discriminator", method) => Self::Discriminator(method.clone()),
            ("adversarial", None) => Self::Adversarial("seqgan".into()),
            (_, Some(method)) => Self::Adversarial(method.clone()),
            (phase, None) => Self::Likelihood(phase.into()),
        }
    }
}

/// Seconds of each phase, in order: a phase ends with its last record, and what follows belongs to the next. Phases
/// that alternate (discriminator and adversarial training) are added up.
pub(super) fn seconds_by_phase(records: &[Record]) -> Vec<(String, f64)> {
    let mut phases: Vec<(String, f64)> = Vec::new();
    let mut before = 0.0;
    for record in records {
        let Some(elapsed) = record.elapsed_s else { continue };
        let name = match Course::of(record) {
            Course::Likelihood(method) => method,
            Course::Discriminator(_) => "discriminator".into(),
            Course::Adversarial(method) => format!("{method}: generator"),
            Course::Final => "final measurements".into(),
            Course::Diagnostic => continue,
        };
        let spent = (elapsed - before).max(0.0);
        match phases.iter_mut().find(|(n, _)| *n == name) {
            Some((_, seconds)) => *seconds += spent,
            None => phases.push((name, spent)),
        }
        before = elapsed;
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Result<Vec<Record>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    const LINES: &str = "{\"phase\":\"mle\",\"step\":1,\"elapsed_s\":2.0,\"nll_test\":{\"mean\":5,\"stderr\":1}}\n\
                         {\"phase\":\"discriminator\",\"step\":1,\"elapsed_s\":3.0,\"d_loss\":0.7}\n\
                         {\"phase\":\"adversarial\",\"step\":1,\"elapsed_s\":3.5,\"reward\":0.5}\n\
                         {\"phase\":\"discriminator\",\"step\":2,\"elapsed_s\":5.0}\n";

    #[test]
    fn a_diagnostic_is_no_measurement() {
        let lines = "{\"phase\":\"diagnostic\",\"step\":3,\"method\":\"seqgan\",\"diagnostic\":\"collapse\",\"text\":\"..\"}\n\
                     {\"phase\":\"sign\",\"step\":3,\"method\":\"seqgan\",\"sign\":\"collapse\"}\n";
        let records = records(lines).unwrap();
        assert!(records.iter().all(|record| Course::of(record) == Course::Diagnostic));
        assert!(records.len() == 2 && records.iter().all(|record| record.measures.0.is_empty()));
    }

    #[test]
    fn phases_that_alternate_are_added_up() {
        let phases = seconds_by_phase(&records(LINES).unwrap());
        let expected = [("mle", 2.0), ("discriminator", 2.5), ("seqgan: generator", 0.5)];
        assert_eq!(phases, expected.map(|(name, seconds)| (name.to_string(), seconds)));
    }

    #[test]
    fn a_line_cut_at_the_end_is_left_out_and_one_in_the_middle_refused() {
        assert_eq!(records(&format!("{LINES}{{\"pha")).unwrap().len(), 4);
        let error = records(&LINES.replacen("\"step\":1,", "\"step\":", 1)).unwrap_err().to_string();
        assert!(error.contains("metrics.jsonl, line 1: no record"), "{error}");
    }

    #[test]
    fn a_named_method_is_adversarial() {
        let mut record = records(LINES).unwrap().remove(2);
        assert_eq!(Course::of(&record), Course::Adversarial("seqgan".into()));
        record.method = Some("rankgan".into());
        assert_eq!(Course::of(&record), Course::Adversarial("rankgan".into()));
    }
}
