//! Lines of UTF-8 text: bounded in length, numbered.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::super::report::grouped;
use crate::{Error, Result};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Bytes of a line that do not count: a byte order mark and a carriage return.
const UNCOUNTED_BYTES: usize = 4;

/// Reads a file line by line and never holds more than one line of it.
pub(super) struct Lines<R> {
    path: PathBuf,
    reader: BufReader<R>,
    max_line_bytes: usize,
    number: usize,
    buffer: Vec<u8>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(path: &Path, reader: R, max_line_bytes: usize) -> Self {
        Self {
            path: path.to_path_buf(),
            reader: BufReader::with_capacity(1 << 16, reader),
            max_line_bytes,
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// The next line with its number, from 1, without its end.
    pub(super) fn next(&mut self) -> Result<Option<(usize, &str)>> {
        self.buffer.clear();
        self.number += 1;
        // A byte order mark alone is an empty file, not an empty line.
        if !self.fill()? || (self.number == 1 && self.buffer == BYTE_ORDER_MARK) {
            self.number -= 1;
            return Ok(None);
        }
        let mut line = self.buffer.as_slice();
        line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.number == 1 {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.len() > self.max_line_bytes {
            return Err(self.too_long());
        }
        match std::str::from_utf8(line) {
            Ok(text) => Ok(Some((self.number, text))),
            Err(error) => Err(self.not_utf8(line, error.valid_up_to())),
        }
    }

    /// Moves one line with its end into the buffer; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool> {
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::io("read", &self.path)(error)),
            };
            if chunk.is_empty() {
                return Ok(!self.buffer.is_empty());
            }
            let newline = chunk.iter().position(|&byte| byte == b'\n');
            let content = newline.unwrap_or(chunk.len());
            // Refused before it is copied: a file without line ends must not be collected in memory.
            if self.buffer.len() + content > self.max_line_bytes.saturating_add(UNCOUNTED_BYTES) {
                return Err(self.too_long());
            }
            let taken = newline.map_or(chunk.len(), |at| at + 1);
            self.buffer.extend_from_slice(&chunk[..taken]);
            self.reader.consume(taken);
            if newline.is_some() {
                return Ok(true);
            }
        }
    }

    fn too_long(&self) -> Error {
        Error::Data {
            path: self.path.clone(),
            line: Some(self.number),
            message: format!("the line is longer than {} bytes", grouped(self.max_line_bytes as u64)),
            hint: Some("one sequence a line is expected; if this is one, raise `data.max_line_bytes`".into()),
        }
    }

    fn not_utf8(&self, line: &[u8], at: usize) -> Error {
        let hint = match line {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] if self.number == 1 => {
                "the file looks like UTF-16; save it as UTF-8"
            }
            _ => "save the file as UTF-8, for example with `iconv -f LATIN1 -t UTF-8`",
        };
        Error::Data {
            path: self.path.clone(),
            line: Some(self.number),
            message: format!("byte {} of the line is 0x{:02x}, expected UTF-8 text", at + 1, line[at]),
            hint: Some(hint.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], limit: usize) -> Result<Vec<String>> {
        let mut lines = Lines::new(Path::new("f.txt"), bytes, limit);
        let mut all = Vec::new();
        while let Some((number, text)) = lines.next()? {
            all.push(text.to_string());
            assert_eq!(number, all.len());
        }
        Ok(all)
    }

    #[test]
    fn line_ends_and_the_byte_order_mark_are_removed() {
        assert_eq!(read(b"\xef\xbb\xbfa b\r\n\r\nc \nd", 9).unwrap(), ["a b", "", "c ", "d"]);
        assert_eq!(read(b"a\n\n", 9).unwrap(), ["a", ""]);
        assert_eq!(read(b"", 9).unwrap(), [""; 0]);
        assert_eq!(read(b"\xef\xbb\xbf", 9).unwrap(), [""; 0]);
        assert_eq!(read(b"\xef\xbb\xbf\n", 9).unwrap(), [""]);
        // Only the start of the file is special.
        assert_eq!(read(b"a\n\xef\xbb\xbfb", 9).unwrap(), ["a", "\u{feff}b"]);
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_not_longer() {
        assert_eq!(read(b"\xef\xbb\xbfabc\r\nabc", 3).unwrap(), ["abc", "abc"]);
        let error = read(b"abc\nabcd\n", 3).unwrap_err();
        assert_eq!(error.to_string(), "f.txt, line 2: the line is longer than 3 bytes");
        assert!(error.hint().unwrap().contains("data.max_line_bytes"));
    }

    #[test]
    fn an_endless_line_is_refused_without_being_collected() {
        let mut lines = Lines::new(Path::new("f.txt"), std::io::repeat(b'a'), 100_000);
        assert!(lines.next().unwrap_err().to_string().contains("longer than 100,000 bytes"));
        assert!(lines.buffer.len() <= 100_000);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named() {
        let error = read(b"ok\nab\xe9c\n", 9).unwrap_err();
        assert_eq!(error.to_string(), "f.txt, line 2: byte 3 of the line is 0xe9, expected UTF-8 text");
        assert!(error.hint().unwrap().contains("iconv"));
        assert!(read(b"\xff\xfea\0", 9).unwrap_err().hint().unwrap().contains("UTF-16"));
        // A character cut off by the end of the file.
        assert!(read(b"a\xe7\xa7", 9).unwrap_err().to_string().contains("byte 2 of the line is 0xe7"));
    }

    #[test]
    fn a_failing_disk_is_reported_with_the_path() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("bad sector"))
            }
        }
        let error = Lines::new(Path::new("f.txt"), Failing, 9).next().unwrap_err();
        assert_eq!(error.to_string(), "cannot read f.txt: bad sector");
    }
}
