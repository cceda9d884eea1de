//! Lines of UTF-8 text: bounded in length, numbered.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::super::report::{count, grouped};
use crate::{Error, Result};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file line by line and never holds more than one line of it. A line ends with a line feed, a carriage return or both.
pub(super) struct Lines<R> {
    path: PathBuf,
    reader: BufReader<R>,
    max_line_bytes: usize,
    number: usize,
    buffer: Vec<u8>,
    /// Whether the last line ended with a carriage return, to which a line feed may belong.
    after_return: bool,
    /// Byte order marks at the beginning of other lines than the first: of files that were joined.
    marks: usize,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(path: &Path, reader: R, max_line_bytes: usize) -> Self {
        Self {
            path: path.to_path_buf(),
            reader: BufReader::with_capacity(1 << 16, reader),
            max_line_bytes,
            number: 0,
            buffer: Vec::new(),
            after_return: false,
            marks: 0,
        }
    }

    /// The next line with its number, from 1, without its end and without a byte order mark.
    pub(super) fn next(&mut self) -> Result<Option<(usize, &str)>> {
        self.buffer.clear();
        self.number += 1;
        let is_ended = self.fill()?;
        let line = self.buffer.as_slice();
        let line = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(line) => {
                self.marks += usize::from(self.number > 1);
                line
            }
            None => line,
        };
        // A byte order mark alone is an empty file, not an empty line.
        if !is_ended && line.is_empty() {
            self.number -= 1;
            return Ok(None);
        }
        if line.len() > self.max_line_bytes {
            return Err(self.too_long());
        }
        match std::str::from_utf8(line) {
            Ok(text) if text.contains('\0') => Err(self.no_text(text)),
            Ok(text) => Ok(Some((self.number, text))),
            Err(error) => Err(self.not_utf8(line, error.valid_up_to())),
        }
    }

    /// What there is to say of the lines.
    pub(super) fn remarks(&self) -> Vec<String> {
        let marks = (self.marks > 0).then(|| format!("{} removed", count(self.marks, "byte order mark")));
        marks.into_iter().collect()
    }

    /// Moves one line without its end into the buffer; whether it has an end.
    fn fill(&mut self) -> Result<bool> {
        loop {
            let mut chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::io("read", &self.path)(error)),
            };
            if chunk.is_empty() {
                return Ok(false);
            }
            let mut taken = 0;
            if std::mem::take(&mut self.after_return) && chunk[0] == b'\n' {
                (chunk, taken) = (&chunk[1..], 1);
            }
            let end = chunk.iter().position(|&byte| byte == b'\n' || byte == b'\r');
            let content = &chunk[..end.unwrap_or(chunk.len())];
            // Refused before it is copied: a file without line ends must not be collected in memory.
            if self.buffer.len() + content.len() > self.max_line_bytes.saturating_add(BYTE_ORDER_MARK.len()) {
                return Err(self.too_long());
            }
            self.after_return = end.is_some_and(|end| chunk[end] == b'\r');
            self.buffer.extend_from_slice(content);
            taken += content.len() + usize::from(end.is_some());
            self.reader.consume(taken);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    fn no_text(&self, line: &str) -> Error {
        let at = line.find('\0').unwrap_or(0) + 1;
        Error::Data {
            path: self.path.clone(),
            line: Some(self.number),
            message: format!("byte {at} of the line is 0, expected text"),
            hint: Some("is the file damaged, or no text? `tr -d '\\000'` removes such bytes".into()),
        }
    }

    fn too_long(&self) -> Error {
        Error::Data {
            path: self.path.clone(),
            line: Some(self.number),
            message: format!("the line is longer than {} bytes", grouped(self.max_line_bytes as u64)),
            hint: Some(
                "one sequence per line is expected; if this is one, raise `data.max_line_bytes`".into(),
            ),
        }
    }

    fn not_utf8(&self, line: &[u8], at: usize) -> Error {
        Error::Data {
            path: self.path.clone(),
            line: Some(self.number),
            message: format!("byte {} of the line is 0x{:02x}, expected UTF-8 text", at + 1, line[at]),
            hint: Some("save the file as UTF-8, for example with `iconv -f ENCODING -t UTF-8`, where ENCODING is its own: WINDOWS-1252, GB18030, ..".into()),
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
        // Files that were joined have marks inside; a mark within a line is a character.
        assert_eq!(read(b"a\n\xef\xbb\xbfb\nc\xef\xbb\xbf", 9).unwrap(), ["a", "b", "c\u{feff}"]);
    }

    #[test]
    fn carriage_returns_alone_end_lines() {
        assert_eq!(read(b"a\rb\r\rc", 9).unwrap(), ["a", "b", "", "c"]);
        assert_eq!(read(b"a\rb\r\nc\nd\r", 9).unwrap(), ["a", "b", "c", "d"]);
        assert_eq!(read(b"\r\n\r\n", 9).unwrap(), ["", ""]);
        // The two bytes of an end may come in two pieces.
        struct Bytes(&'static [u8]);
        impl Read for Bytes {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.0.read(&mut buffer[..1])
            }
        }
        let mut lines = Lines::new(Path::new("f.txt"), Bytes(b"a\r\nb\r\n\nc"), 9);
        let mut all = Vec::new();
        while let Some((_, text)) = lines.next().unwrap() {
            all.push(text.to_string());
        }
        assert_eq!(all, ["a", "b", "", "c"]);
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
        assert_eq!(
            read(b"a\nb\0\n", 9).unwrap_err().to_string(),
            "f.txt, line 2: byte 2 of the line is 0, expected text"
        );
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
