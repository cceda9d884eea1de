//! A file's bytes: unpacked if they are compressed, counted and hashed as they stand on the disk. A stream is read once and
//! kept, so that it can be read again like a file.

mod packed;
mod stream;

use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Unpacked bytes that are looked at to tell what a file is.
const HEAD_BYTES: u64 = 1 << 16;

/// The path that means standard input.
pub(super) const STDIN: &str = "-";

/// What a file holds, unpacked.
pub(super) struct Source {
    /// The first bytes, which have left `rest`.
    head: Cursor<Vec<u8>>,
    rest: Box<dyn Read>,
    digest: Rc<RefCell<FileDigest>>,
}

/// Size and hash of what was read from a file.
#[derive(Default)]
pub(super) struct FileDigest {
    bytes: u64,
    hash: Sha256,
}

impl FileDigest {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// The size, and the SHA-256 in hexadecimal.
    pub(super) fn finish(&self) -> (u64, String) {
        let hash = self.hash.clone().finalize();
        (self.bytes, hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Source {
    /// Opens a file, a stream, or standard input (`-`). A missing file and a folder get errors of their own. Compression is
    /// told by the first bytes.
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::counted(path, Rc::default())
    }

    /// The same; `digest` counts and hashes what is read, behind what it knows already.
    pub(super) fn counted(path: &Path, digest: Rc<RefCell<FileDigest>>) -> Result<Self> {
        let shown = shown(path);
        let fault = Error::io("read", &shown);
        if path == Path::new(STDIN) {
            return stream::standard_input().and_then(|input| Self::of(input, digest)).map_err(fault);
        }
        let kind = std::fs::metadata(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => missing(path),
            _ => Error::io("read", path)(source),
        })?;
        if kind.is_dir() {
            return Err(folder(path));
        }
        let opened = match kind.is_file() {
            true => File::open(path).and_then(|file| Self::of(file, digest)),
            false => stream::open(path).and_then(|kept| Self::of(kept, digest)),
        };
        opened.map_err(fault)
    }

    #[cfg(test)]
    fn new(file: impl Read + 'static) -> io::Result<Self> {
        Self::of(file, Rc::default())
    }

    fn of(file: impl Read + 'static, digest: Rc<RefCell<FileDigest>>) -> io::Result<Self> {
        let hashing = Hashing { file, digest: Rc::clone(&digest) };
        let file = BufReader::with_capacity(1 << 16, hashing);
        let mut rest = packed::unpacked(file, &digest)?;
        let mut head = Vec::new();
        rest.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
        Ok(Self { head: Cursor::new(head), rest, digest })
    }

    /// The first bytes that have not been read, all of them in a file that is not longer.
    pub(super) fn head(&self) -> Head<'_> {
        let (bytes, read) = (self.head.get_ref(), self.head.position() as usize);
        Head { bytes: &bytes[read..], is_whole: (bytes.len() as u64) < HEAD_BYTES }
    }

    /// Goes on behind the first line, which the head must hold.
    pub(super) fn skip_first_line(&mut self) {
        let bytes = self.head().bytes;
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len());
        let line_end = if bytes[end..].starts_with(b"\r\n") { 2 } else { bytes.len().min(end + 1) - end };
        self.head.set_position(self.head.position() + (end + line_end) as u64);
    }

    /// To ask for the file's size and hash behind its end.
    pub(super) fn digest(&self) -> Rc<RefCell<FileDigest>> {
        Rc::clone(&self.digest)
    }
}

/// The beginning of what a file holds, unpacked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether nothing follows.
    pub(super) is_whole: bool,
}

/// Whether a path names a stream: a pipe or standard input, whose bytes a later process does not get.
pub fn is_stream(path: &Path) -> bool {
    stream::is_stream(path)
}

/// What messages call a path.
pub(crate) fn shown(path: &Path) -> PathBuf {
    if path == Path::new(STDIN) { "standard input".into() } else { path.into() }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.head.read(buffer)? {
            0 => self.rest.read(buffer),
            n => Ok(n),
        }
    }
}

/// Hashes what goes through it.
struct Hashing<R> {
    file: R,
    digest: Rc<RefCell<FileDigest>>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.digest.borrow_mut().update(&buffer[..n]);
        Ok(n)
    }
}

fn missing(path: &Path) -> Error {
    let hint = match std::env::current_dir() {
        Ok(folder) if path.is_relative() => {
            format!("the path is relative to the current folder, {}", folder.display())
        }
        _ => "check the spelling of the path".into(),
    };
    Error::Data { path: path.into(), line: None, message: "there is no such file".into(), hint: Some(hint) }
}

fn folder(path: &Path) -> Error {
    let inside = path.join("train.txt");
    let hint = if inside.is_file() {
        format!("name a file in it, such as {}", inside.display())
    } else {
        "name a file in it".into()
    };
    let message = "this is a folder, expected a file with one sequence a line".into();
    Error::Data { path: path.into(), line: None, message, hint: Some(hint) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        compress_to_vec(text, CompressionLevel::Fastest)
    }

    fn unpacked(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Source::new(Cursor::new(bytes))?.read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn compressed_files_are_unpacked_all_members_of_them() {
        let text = b"one two\n".repeat(40_000);
        for pack in [gzip, zstd] {
            let packed = pack(&text);
            assert!(packed.len() < text.len() / 10);
            assert_eq!(unpacked(packed.clone()).unwrap(), text);
            let two = [packed, pack(b"three\n")].concat();
            assert_eq!(unpacked(two).unwrap(), [&text[..], b"three\n"].concat());
        }
        assert_eq!(unpacked(b"plain".to_vec()).unwrap(), b"plain");
        assert_eq!(unpacked(Vec::new()).unwrap(), b"");
    }

    #[test]
    fn a_file_that_is_cut_off_is_an_error() {
        let text: Vec<u8> =
            (0..50_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for packed in [gzip(&text), zstd(&text)] {
            assert!(unpacked(packed[..packed.len() / 2].to_vec()).is_err());
            assert!(unpacked(packed[..6].to_vec()).is_err());
        }
    }

    #[test]
    fn a_small_file_that_never_ends_is_refused() {
        // Frames of one block each, which repeats a byte 128 Ki times, as an encoder would write them.
        let head = [packed::ZSTD, &[0x00, 0x38]].concat();
        let block = (1u32 << 17 << 3 | 1 << 1).to_le_bytes();
        let body = [&block[..3], b"a"].concat();
        let last = [&(1u32 << 17 << 3 | 1 << 1 | 1).to_le_bytes()[..3], b"a"].concat();
        let frame = |blocks: usize| [&head[..], &body.repeat(blocks - 1), &last].concat();
        let bomb = frame(2000);
        assert!(bomb.len() < 10_000);
        let error = unpacked(bomb).unwrap_err().to_string();
        assert!(error.contains("unpack to more than 1000 times their size"), "{error}");
        assert_eq!(unpacked(frame(8)).unwrap(), vec![b'a'; 8 << 17]);
        // Gzip packs a thousandfold at most, and members of members are not unpacked.
        assert_eq!(unpacked(gzip(&vec![b'a'; 50 << 20])).unwrap_err().to_string(), error);
    }

    #[test]
    fn the_digest_is_of_the_bytes_on_the_disk() {
        let digest = |bytes: &[u8]| {
            let mut source = Source::new(Cursor::new(bytes.to_vec())).unwrap();
            source.read_to_end(&mut Vec::new()).unwrap();
            source.digest().borrow().finish()
        };
        // The example of FIPS 180-2.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(b"abc"), (3, expected.into()));
        let packed = gzip(b"abc");
        assert_eq!(digest(&packed).0, packed.len() as u64);
        assert_ne!(digest(&packed).1, expected);
    }
}
