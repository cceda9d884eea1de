//! A folder of melodies, a MIDI file a sequence.

use std::fs;
use std::path::PathBuf;

use seqgan::data::{NUM_PITCHES, Tokens, Vocab, to_midi};
use seqgan::{Error, SeqBatch};

use crate::args::SampleArgs;
use crate::messages::UsageError;

/// The files written so far.
pub struct MidiFolder {
    path: PathBuf,
    written: usize,
    /// Digits of a file's name, so that names sort as numbers do.
    digits: usize,
    step_secs: f64,
}

impl MidiFolder {
    /// Makes the folder of `--out`, which must be new or empty, for a run whose tokens are pitches.
    pub fn create(args: &SampleArgs, vocab: Option<&Vocab>, step_secs: f64) -> anyhow::Result<Self> {
        let pitches =
            |vocab: &&Vocab| vocab.tokens() == Tokens::Ids && vocab.num_user_tokens() <= NUM_PITCHES as usize;
        if vocab.filter(pitches).is_none() {
            return Err(UsageError::new(
                format!("{}: its tokens are no pitches from 0 to 88", args.run.display()),
                "MIDI is written for runs that were trained on MIDI, or on such numbers",
            )
            .into());
        }
        let Some(path) = args.out.clone() else {
            return Err(UsageError::new(
                "melodies are written as MIDI files, and there is no folder for them",
                "give --out FOLDER, or --format ids for numbers on stdout",
            )
            .into());
        };
        if path.is_file() || fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Error::Run {
                path,
                message: "exists already; nothing is overwritten".into(),
                hint: Some("give another --out".into()),
            }
            .into());
        }
        fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
        Ok(Self { path, written: 0, digits: args.count().to_string().len().max(4), step_secs })
    }

    /// Writes each sequence to a file of its own.
    pub fn write(&mut self, samples: &SeqBatch) -> anyhow::Result<()> {
        for row in samples.rows() {
            self.written += 1;
            let melody: Vec<u32> = row.iter().map(|token| token - Vocab::NUM_SPECIAL as u32).collect();
            let path = self.path.join(format!("{:0width$}.mid", self.written, width = self.digits));
            fs::write(&path, to_midi(&melody, self.step_secs)).map_err(Error::io("write", &path))?;
        }
        Ok(())
    }
}
