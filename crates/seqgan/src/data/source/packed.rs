//! Bytes of compressed files, unpacked while they are read: gzip and zstd.

use super::FileDigest;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read};
use std::rc::Rc;

pub(super) const GZIP: &[u8] = &[0x1f, 0x8b];
pub(super) const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Most bytes that come out of one packed byte, beyond `FREE_BYTES`. Sequences that could teach anything pack far less.
const MOST_A_BYTE: u64 = 1000;
/// So much comes out of any file.
const FREE_BYTES: u64 = 1 << 20;
/// Most bytes that a zstd file may ask to look back at, as for the program zstd.
const MOST_WINDOW: u64 = 1 << 27;

/// Unpacks what `file` holds, if its first bytes say that it is packed. `digest` counts the bytes taken from the file.
pub(super) fn unpacked<R: BufRead + 'static>(
    mut file: R,
    digest: &Rc<RefCell<FileDigest>>,
) -> io::Result<Box<dyn Read>> {
    let packed = Rc::clone(digest);
    // A pipe may give the first bytes one by one.
    let mut head = Vec::new();
    file.by_ref().take(ZSTD.len() as u64).read_to_end(&mut head)?;
    let [is_gzip, is_zstd] = [GZIP, ZSTD].map(|mark| head.starts_with(mark));
    let file = Cursor::new(head).chain(file);
    Ok(if is_gzip {
        Box::new(Unpacked { decoder: MultiGzDecoder::new(file), packed, bytes: 0 })
    } else if is_zstd {
        let decoder = ZstdFrames { frame: Some(zstd_frame(file)?) };
        Box::new(Unpacked { decoder, packed, bytes: 0 })
    } else {
        Box::new(file)
    })
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
fn zstd_frame<R: BufRead>(file: R) -> io::Result<StreamingDecoder<R, FrameDecoder>> {
    StreamingDecoder::new_with_max_window_size(file, MOST_WINDOW).map_err(damaged)
}

/// All frames of a zstd file: the crate's decoder reads one.
struct ZstdFrames<R: BufRead> {
    frame: Option<StreamingDecoder<R, FrameDecoder>>,
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
