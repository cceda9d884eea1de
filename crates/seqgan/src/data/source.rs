//! A file's bytes: unpacked if they are compressed, counted and hashed as they stand on the disk.

use crate::{Error, Result};
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::rc::Rc;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Most bytes that come out of one packed byte, beyond `FREE_BYTES`. Sequences that could teach anything pack far less.
const MOST_A_BYTE: u64 = 1000;
/// So much comes out of any file.
const FREE_BYTES: u64 = 1 << 20;
/// Most bytes that a zstd file may ask to look back at, as for the program zstd.
const MOST_WINDOW: u64 = 1 << 27;

/// What a file holds, unpacked.
pub(super) struct Source {
    reader: Box<dyn Read>,
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
    /// Opens a file; a missing one and a folder get errors of their own. Compression is told by the first bytes.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => missing(path),
            _ => Error::io("read", path)(source),
        })?;
        if file.metadata().map_err(Error::io("read", path))?.is_dir() {
            return Err(folder(path));
        }
        Self::new(file).map_err(Error::io("read", path))
    }

    pub(super) fn new(file: impl Read + 'static) -> io::Result<Self> {
        let digest = Rc::<RefCell<FileDigest>>::default();
        let mut file = BufReader::with_capacity(1 << 16, Hashing { file, digest: Rc::clone(&digest) });
        let head = file.fill_buf()?;
        let packed = Rc::clone(&digest);
        let reader: Box<dyn Read> = if head.starts_with(GZIP) {
            Box::new(Unpacked { decoder: MultiGzDecoder::new(file), packed, bytes: 0 })
        } else if head.starts_with(ZSTD) {
            let decoder = ZstdFrames { frame: Some(zstd_frame(file)?) };
            Box::new(Unpacked { decoder, packed, bytes: 0 })
        } else {
            Box::new(file)
        };
        Ok(Self { reader, digest })
    }

    /// To ask for the file's size and hash behind its end.
    pub(super) fn digest(&self) -> Rc<RefCell<FileDigest>> {
        Rc::clone(&self.digest)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
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

fn damaged(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("its compressed data are damaged or cut off ({error})"))
}

/// Says of a decoder's errors what they mean, and stops where a small file would never end.
struct Unpacked<R> {
    decoder: R,
    /// Counts what the decoder has taken.
    packed: Rc<RefCell<FileDigest>>,
    /// What it has given.
    bytes: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.decoder.read(buffer).map_err(damaged)?;
        self.bytes += n as u64;
        let packed = self.packed.borrow().bytes;
        if self.bytes > FREE_BYTES + MOST_A_BYTE * packed {
            let text = format!(
                "its compressed data unpack to more than {MOST_A_BYTE} times their size; unpack the file by hand if it is \
                 what it should be"
            );
            return Err(io::Error::other(text));
        }
        Ok(n)
    }
}

/// The frame that a file goes on with.
fn zstd_frame<R: BufRead>(file: R) -> io::Result<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>> {
    StreamingDecoder::new_with_max_window_size(file, MOST_WINDOW).map_err(damaged)
}

/// All frames of a zstd file: the crate's decoder reads one.
struct ZstdFrames<R: BufRead> {
    frame: Option<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>,
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.frame {
            let n = frame.read(buffer)?;
            if n > 0 || buffer.is_empty() {
                return Ok(n);
            }
            let mut file = self.frame.take().expect("looked at above").into_inner();
            if !file.fill_buf()?.is_empty() {
                self.frame = Some(zstd_frame(file)?);
            }
        }
        Ok(0)
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
    use std::io::{Cursor, Write};

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
        let head = [ZSTD, &[0x00, 0x38]].concat();
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
