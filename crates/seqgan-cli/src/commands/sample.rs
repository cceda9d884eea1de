//! `seqgan sample`: makes new sequences with a trained run.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use seqgan::config::FileFormat;
use seqgan::data::SequenceWriter;
use seqgan::generator::{LstmPolicy, Policy};
use seqgan::rng::{Purpose, Streams};
use seqgan::run::RunFolder;
use seqgan::{Error, train};

use crate::args::SampleArgs;
use crate::messages::UsageError;
use crate::midi_folder::MidiFolder;
use crate::options;
use crate::progress::Progress;

/// Sequences drawn before they are written; memory does not grow beyond them.
const CHUNK: usize = 8_192;

/// Runs the command.
pub fn run(args: &SampleArgs, mut progress: Progress) -> anyhow::Result<()> {
    options::use_threads(args.repeat.threads)?;
    let folder = RunFolder::open(&args.run)?;
    let model = train::load_model(&folder, args.method.as_deref())?;
    let vocab = train::load_vocab(&folder, &model)?;
    let policy = LstmPolicy::new(&model.generator, args.temperature);
    let streams = Streams::new(args.repeat.seed, Purpose::Sample);
    let config = folder.read_config()?;
    let format = match args.format {
        // As the run tells it: the data may have gone since.
        None => folder.read_json::<serde_json::Value>("run.json")?["data"]["format"]
            .as_str()
            .and_then(|name| name.parse().ok())
            .unwrap_or_default(),
        Some(format) => format,
    };
    let mut output = match format {
        FileFormat::Midi => {
            Output::Melodies(MidiFolder::create(args, vocab.as_ref(), config.data.midi_step_secs)?)
        }
        _ => {
            let writer = SequenceWriter::new(format, &config.data.field, &[], vocab.as_ref());
            let writer = writer.map_err(|message| UsageError {
                message: format!("{}: {message}", args.run.display()),
                hint: Some("leave --format out for the format of the run's data".into()),
            })?;
            Output::Text(Box::new(writer), TextFile::open(args.out.as_deref())?)
        }
    };
    if args.num > CHUNK {
        progress.phase("sample", args.num as u64);
    }
    for first in (0..args.num).step_by(CHUNK) {
        let n = CHUNK.min(args.num - first);
        let samples = policy.sample(&streams, first as u64, n).sequences;
        match &mut output {
            Output::Melodies(folder) => folder.write(&samples)?,
            Output::Text(writer, file) => {
                let mut text = if first == 0 { writer.heading() } else { String::new() };
                for row in samples.rows() {
                    writer.write(row, &[], &mut text).map_err(anyhow::Error::msg)?;
                }
                file.write(&text)?;
            }
        }
        if args.num > CHUNK {
            progress.advance((first + n) as u64, &[]);
        }
    }
    if let Output::Text(_, file) = output {
        file.finish()?;
    }
    progress.finish();
    Ok(())
}

/// Where sequences go.
enum Output {
    Melodies(MidiFolder),
    Text(Box<SequenceWriter>, TextFile),
}

/// Stdout, or a file that appears under its name when it is whole.
enum TextFile {
    Stdout(BufWriter<io::Stdout>),
    File { path: PathBuf, temporary: PathBuf, writer: BufWriter<File> },
}

impl TextFile {
    fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Stdout(BufWriter::new(io::stdout()))) };
        if path.exists() {
            return Err(Error::Run {
                path: path.into(),
                message: "exists already; nothing is overwritten".into(),
                hint: Some("give another --out, or remove the file".into()),
            }
            .into());
        }
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".tmp");
        let temporary = path.with_file_name(name);
        let file = File::create(&temporary).map_err(Error::io("create", path))?;
        Ok(Self::File { path: path.into(), temporary, writer: BufWriter::new(file) })
    }

    fn write(&mut self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Stdout(writer) => writer.write_all(text.as_bytes())?,
            Self::File { path, writer, .. } => {
                writer.write_all(text.as_bytes()).map_err(Error::io("write", &*path))?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        match &mut self {
            Self::Stdout(writer) => writer.flush()?,
            Self::File { path, temporary, writer } => {
                let done = writer.flush().and_then(|()| writer.get_ref().sync_all());
                done.and_then(|()| std::fs::rename(&*temporary, &*path))
                    .map_err(Error::io("write", &*path))?;
            }
        }
        Ok(())
    }
}

impl Drop for TextFile {
    /// Nothing half-written stays behind after an error; after `finish` the temporary file is gone already.
    fn drop(&mut self) {
        if let Self::File { temporary, .. } = self {
            let _ = std::fs::remove_file(temporary);
        }
    }
}
