//! Where lines go: stdout, or a file that appears under its name when it is whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use seqgan::Error;

/// Stdout, or a file with a temporary name until all is written.
pub enum TextFile {
    Stdout(BufWriter<io::Stdout>),
    File { path: PathBuf, temporary: PathBuf, writer: BufWriter<File> },
}

impl TextFile {
    /// A file that exists already is refused.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
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

    /// Appends text.
    pub fn write(&mut self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Stdout(writer) => writer.write_all(text.as_bytes())?,
            Self::File { path, writer, .. } => {
                writer.write_all(text.as_bytes()).map_err(Error::io("write", &*path))?;
            }
        }
        Ok(())
    }

    /// Makes sure that all is written, and gives the file its name.
    pub fn finish(mut self) -> anyhow::Result<()> {
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
