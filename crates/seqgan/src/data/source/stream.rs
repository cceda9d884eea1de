//! Streams: pipes, named pipes and standard input, which give their bytes once.
//!
//! What is read of a stream goes to a temporary file as well, and whoever opens the stream again in this process reads from
//! there. So a reader may look at the first lines and begin again, and so may a second reading of the same file.

use super::STDIN;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Other names of standard input.
const NAMES_OF_STDIN: [&str; 3] = ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/// The streams of this process. They stay: the system does not give their bytes again.
static STREAMS: Mutex<BTreeMap<PathBuf, Arc<Mutex<Spool>>>> = Mutex::new(BTreeMap::new());

/// Standard input, from its first byte.
pub(super) fn standard_input() -> io::Result<SpoolReader> {
    let input = || Ok(Box::new(io::stdin()) as Box<dyn Read + Send>);
    spooled(Path::new(STDIN), input)
}

/// A stream that has a path, from its first byte.
pub(super) fn open(path: &Path) -> io::Result<SpoolReader> {
    if NAMES_OF_STDIN.iter().any(|name| path == Path::new(name)) {
        return standard_input();
    }
    spooled(path, || Ok(Box::new(File::open(path)?)))
}

/// Whether a path names a stream, whose bytes a later process does not get.
pub(super) fn is_stream(path: &Path) -> bool {
    let is_descriptor = ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder));
    let is_standard_input =
        path == Path::new(STDIN) || NAMES_OF_STDIN.iter().any(|name| path == Path::new(name));
    is_descriptor
        || is_standard_input
        || std::fs::metadata(path).is_ok_and(|kind| !kind.is_file() && !kind.is_dir())
}

fn spooled(path: &Path, open: impl FnOnce() -> io::Result<Box<dyn Read + Send>>) -> io::Result<SpoolReader> {
    let mut streams = STREAMS.lock().unwrap_or_else(PoisonError::into_inner);
    let spool = match streams.get(path) {
        Some(spool) => Arc::clone(spool),
        None => {
            let spool = Arc::new(Mutex::new(Spool::new(open()?)?));
            streams.insert(path.into(), Arc::clone(&spool));
            spool
        }
    };
    Ok(SpoolReader { spool, at: 0 })
}

/// What has been read of a stream, and the rest of it.
struct Spool {
    /// Nobody else sees it, and it goes with the process, however that ends.
    file: File,
    length: u64,
    /// None behind its end.
    rest: Option<Box<dyn Read + Send>>,
}

impl Spool {
    fn new(stream: Box<dyn Read + Send>) -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile()?, length: 0, rest: Some(stream) })
    }

    /// Bytes from the place `at`, which is at most the length.
    fn read(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if at < self.length {
            self.file.seek(SeekFrom::Start(at))?;
            let known = usize::try_from(self.length - at).unwrap_or(usize::MAX);
            let n = buffer.len().min(known);
            return self.file.read(&mut buffer[..n]);
        }
        let Some(rest) = &mut self.rest else { return Ok(0) };
        let n = loop {
            match rest.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if n == 0 && !buffer.is_empty() {
            self.rest = None;
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(&buffer[..n])?;
        self.length += n as u64;
        Ok(n)
    }
}

/// Reads a stream from its beginning.
pub(super) struct SpoolReader {
    spool: Arc<Mutex<Spool>>,
    at: u64,
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut spool: MutexGuard<'_, Spool> = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        let n = spool.read(self.at, buffer)?;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    /// A pipe that is filled while it is read, under the name that a shell's `<(command)` gives it.
    #[test]
    fn a_pipe_is_read_twice_from_its_first_byte() {
        let (reader, mut writer) = io::pipe().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        let text: Vec<u8> = (0..300_000u32).flat_map(|i| i.to_le_bytes()).collect();
        let sent = text.clone();
        let thread = std::thread::spawn(move || writer.write_all(&sent));
        // The first reader stops in the middle; two others take turns.
        let mut beginning = vec![0; 100_000];
        open(&path).unwrap().read_exact(&mut beginning).unwrap();
        assert_eq!(beginning, text[..100_000]);
        let (mut one, mut two) = (open(&path).unwrap(), open(&path).unwrap());
        let mut read = [Vec::new(), Vec::new()];
        for _ in 0..text.len() / 50_000 {
            one.by_ref().take(50_000).read_to_end(&mut read[0]).unwrap();
            two.by_ref().take(50_000).read_to_end(&mut read[1]).unwrap();
        }
        thread.join().unwrap().unwrap();
        assert!(read.iter().all(|bytes| *bytes == text));
        let mut again = Vec::new();
        open(&path).unwrap().read_to_end(&mut again).unwrap();
        assert!(again == text);
    }
}
