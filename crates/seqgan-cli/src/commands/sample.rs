//! `seqgan sample`: makes new sequences with a trained run.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use seqgan::data::Vocab;
use seqgan::generator::{LstmPolicy, Policy};
use seqgan::rng::{Purpose, Streams};
use seqgan::run::RunFolder;
use seqgan::{Error, SeqBatch, train};

use crate::args::{FileFormat, SampleArgs};
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
    let melodies = match args.format {
        // As the run tells it: the data may have gone since.
        None => folder.read_json::<serde_json::Value>("run.json")?["data"]["melodies"] == true,
        Some(format) => format == FileFormat::Midi,
    };

    let mut output = match melodies {
        true => Output::Melodies(MidiFolder::create(args, vocab.as_ref(), config.data.midi_step_secs)?),
        false => Output::open(args.out.as_deref())?,
    };
    if args.num > CHUNK {
        progress.phase("sample", args.num as u64);
    }
    for first in (0..args.num).step_by(CHUNK) {
        let n = CHUNK.min(args.num - first);
        let samples = policy.sample(&streams, first as u64, n).sequences;
        match &mut output {
            Output::Melodies(folder) => folder.write(&samples)?,
            output => output.write(&text(&samples, vocab.as_ref(), args.format))?,
        }
        if args.num > CHUNK {
            progress.advance((first + n) as u64, &[]);
        }
    }
    output.finish()?;
    progress.finish();
    Ok(())
}

/// One line a sequence.
fn text(samples: &SeqBatch, vocab: Option<&Vocab>, format: Option<FileFormat>) -> String {
    let numbers =
        |row: &[u32], offset: u32| row.iter().map(|t| (t - offset).to_string()).collect::<Vec<_>>().join(" ");
    let mut text = String::new();
    for row in samples.rows() {
        text.push_str(&match (vocab, format) {
            (None, _) => numbers(row, 0),
            (Some(_), Some(FileFormat::Ids)) => numbers(row, Vocab::NUM_SPECIAL as u32),
            (Some(vocab), _) => vocab.decode(row),
        });
        text.push('\n');
    }
    text
}

/// Stdout, a file that appears under its name when it is whole, or a folder of MIDI files.
enum Output {
    Melodies(MidiFolder),
    Stdout(BufWriter<io::Stdout>),
    File { path: PathBuf, temporary: PathBuf, writer: BufWriter<File> },
}

impl Output {
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
            Self::Melodies(_) => unreachable!("melodies are written as such"),
            Self::File { path, writer, .. } => {
                writer.write_all(text.as_bytes()).map_err(Error::io("write", &*path))?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        match &mut self {
            Self::Stdout(writer) => writer.flush()?,
            Self::Melodies(_) => {}
            Self::File { path, temporary, writer } => {
                let done = writer.flush().and_then(|()| writer.get_ref().sync_all());
                done.and_then(|()| std::fs::rename(&*temporary, &*path))
                    .map_err(Error::io("write", &*path))?;
            }
        }
        Ok(())
    }
}

impl Drop for Output {
    /// Nothing half-written stays behind after an error; after `finish` the temporary file is gone already.
    fn drop(&mut self) {
        if let Self::File { temporary, .. } = self {
            let _ = std::fs::remove_file(temporary);
        }
    }
}
