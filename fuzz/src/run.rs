//! What else lies in a run folder: JSON, measurements, settings, samples.

use super::scratch;
use seqgan::config::Method;
use seqgan::data::Vocab;
use seqgan::generator::file::{self, ModelInfo};
use seqgan::generator::{LstmGenerator, LstmShape, SequenceSpace};
use seqgan::measure::Summary;
use seqgan::report::Report;
use seqgan::rng::{Purpose, Streams};
use seqgan::run::{EventFile, RunFolder};
use seqgan::saved::SavedRun;

/// The first byte is what the rest is: a vocabulary, measurements, labels, settings, or the files of a report with a zero
/// byte between two of them.
pub fn read(bytes: &[u8]) -> bool {
    let Some((&kind, bytes)) = bytes.split_first() else { return false };
    match kind % 5 {
        0 => vocabulary(bytes),
        1 => measurements(bytes),
        2 => labels(bytes),
        3 => settings(bytes),
        _ => report(bytes),
    }
}

/// A folder in which `name` is the only file besides settings.
fn folder_with(name: &str, bytes: &[u8]) -> RunFolder {
    let path = scratch::path("run-files");
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("config.toml"), "").unwrap();
    std::fs::write(path.join(name), bytes).unwrap();
    RunFolder::open(&path).unwrap()
}

fn vocabulary(bytes: &[u8]) -> bool {
    let folder = folder_with("vocab.json", bytes);
    let Ok(vocab) = folder.read_json::<Vocab>("vocab.json") else { return false };
    let ids: Vec<u32> = (0..vocab.len().min(100) as u32).collect();
    let line = vocab.decode(&ids[Vocab::NUM_SPECIAL..]);
    assert!(vocab.encode(&line).iter().all(|&id| (id as usize) < vocab.len()));
    let text = serde_json::to_string(&vocab).unwrap();
    assert_eq!(serde_json::from_str::<Vocab>(&text).unwrap(), vocab);
    true
}

fn measurements(bytes: &[u8]) -> bool {
    let log = scratch::file("metrics.jsonl", bytes);
    let path = scratch::path(EventFile::NAME);
    let Ok(mut events) = EventFile::rewrite(&path, &log, 1.7e9) else { return false };
    let record = serde_json::json!({ "phase": "mle", "step": 1, "nll_test": 1.0 });
    events.append(record.as_object().unwrap()).unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 40);
    true
}

fn labels(bytes: &[u8]) -> bool {
    let folder = folder_with("labels.json", bytes);
    let space = SequenceSpace { label_counts: vec![1, 2], ..super::model::space() };
    let streams = Streams::new(1, Purpose::GeneratorInit);
    let generator = LstmGenerator::new(space, LstmShape::new(2, 3), 1.0, &streams);
    file::write(&folder.model("mle"), ModelInfo::trained(Method::MLE), &generator).unwrap();
    let Ok(run) = SavedRun::of(folder) else { return false };
    let fits = run.model(Some("mle"), None).is_ok();
    assert_eq!(fits, run.labels().len() == 2);
    fits
}

fn settings(bytes: &[u8]) -> bool {
    let folder = folder_with("config.toml", bytes);
    let Ok(config) = folder.read_config() else { return false };
    folder.check_same_config(&config).unwrap();
    if config.data.path.is_empty() {
        SavedRun::of(folder).unwrap().methods().unwrap();
    }
    true
}

fn report(bytes: &[u8]) -> bool {
    let path = scratch::path("report");
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(path.join("samples")).unwrap();
    let names = ["summary.json", "metrics.jsonl", "run.json", "config.toml", "samples/real.txt"];
    for (name, part) in names.iter().zip(bytes.split(|&byte| byte == 0)) {
        // Without it the file is not there at all.
        if !part.is_empty() {
            std::fs::write(path.join(name), part).unwrap();
        }
    }
    if let Ok(bytes) = std::fs::read(path.join("summary.json")) {
        let _ = serde_json::from_slice::<Summary>(&bytes);
    }
    let Ok(report) = Report::read(&[path]) else { return false };
    assert!(report.html().ends_with("</html>"));
    true
}
