//! What a file is, by its first bytes: something that is not read at all, or the format where the name does not tell it.

use super::source::Head;
use super::table_shape;
use crate::config::FileFormat;
use serde::de::IgnoredAny;
use serde_json::Value;

/// A kind of file that is not read: what it is, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) what: String,
    pub(super) hint: String,
}

/// First bytes, from a place on, of files that are not text; what they are, and what to do.
const SIGNATURES: [(usize, &[u8], &str, &str); 25] = [
    (0, b"%PDF-", "a PDF document", "extract its text, for example with `pdftotext`"),
    (0, b"\x89PNG\r\n", "a PNG picture", "name a file of sequences"),
    (0, b"\xff\xd8\xff", "a JPEG picture", "name a file of sequences"),
    (0, b"GIF8", "a GIF picture", "name a file of sequences"),
    (
        0,
        b"PK\x03\x04",
        "a ZIP archive, or an .xlsx, .docx or .npz file",
        "unpack it with `unzip`, or save the sheet as CSV",
    ),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it with `7z x`"),
    (0, b"Rar!\x1a\x07", "a RAR archive", "unpack it with `unrar x`"),
    (0, b"\xfd7zXZ\0", "compressed by xz", "unpack it with `unxz`, or pack it with gzip or zstd"),
    (4, b"1AY&SY", "compressed by bzip2", "unpack it with `bunzip2`, or pack it with gzip or zstd"),
    (0, b"\x04\x22\x4d\x18", "compressed by lz4", "unpack it with `unlz4`, or pack it with gzip or zstd"),
    (0, b"\x1f\x8b", "compressed twice", "unpack it once with `gunzip`"),
    (0, b"\x28\xb5\x2f\xfd", "compressed twice", "unpack it once with `unzstd`"),
    (257, b"ustar", "a tar archive", "unpack it with `tar -x`, and name a file that was in it"),
    (0, b"PAR1", "a Parquet file", "write it as JSON lines or CSV, for example with pandas"),
    (0, b"ARROW1", "an Arrow file", "write it as JSON lines or CSV, for example with pandas"),
    (0, b"FEA1", "a Feather file", "write it as JSON lines or CSV, for example with pandas"),
    (0, b"Obj\x01", "an Avro file", "write it as JSON lines"),
    (0, b"\x89HDF\r\n", "an HDF5 file", "write its sequences as text, one per line"),
    (0, b"SQLite format 3\0", "an SQLite database", "write the table as CSV with `sqlite3 -csv -header`"),
    (0, b"\x93NUMPY", "a NumPy array", "write it as text, for example with `numpy.savetxt(.., fmt=\"%d\")`"),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document, such as .xls", "save the sheet as CSV"),
    (0, b"{\\rtf", "an RTF document", "save it as plain text"),
    (0, b"\x7fELF", "a program", "name a file of sequences"),
    (0, b"version https://git-lfs", "a Git LFS pointer, not the data", "fetch the data with `git lfs pull`"),
    (0, b"MThd", "a MIDI file", "say `data.format = \"midi\"`"),
];

/// What `head` is, if it is not text at all. No format of text reads it.
pub(super) fn not_text(head: Head<'_>) -> Option<Foreign> {
    let bytes = head.bytes;
    let found = |&&(at, mark, ..): &&(usize, &[u8], &str, &str)| {
        bytes.get(at..).is_some_and(|bytes| bytes.starts_with(mark))
    };
    if let Some((_, _, what, hint)) = SIGNATURES.iter().find(found) {
        return Some(Foreign { what: (*what).into(), hint: (*hint).into() });
    }
    if let Some(encoding) = wide_encoding(bytes) {
        let hint = format!("save it as UTF-8, for example with `iconv -f {encoding} -t UTF-8`");
        return Some(Foreign { what: format!("text in {encoding}, expected UTF-8"), hint });
    }
    let at = bytes.iter().position(|&byte| byte == 0)?;
    let line = 1 + bytes[..at].iter().filter(|&&byte| byte == b'\n').count();
    Some(Foreign {
        what: format!("no text: line {line} holds a byte 0"),
        hint:
            "name a file of sequences; if it is text, remove its NUL bytes, for example with `tr -d '\\000'`"
                .into(),
    })
}

/// The encoding of text in units of two or four bytes, by its byte order mark or by where its zeros stand.
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => return Some("UTF-32LE"),
        [0, 0, 0xfe, 0xff, ..] => return Some("UTF-32BE"),
        [0xff, 0xfe, ..] => return Some("UTF-16LE"),
        [0xfe, 0xff, ..] => return Some("UTF-16BE"),
        _ => {}
    }
    let mut zeros = [0usize; 4];
    let units = bytes.len() / 4;
    for unit in bytes.chunks_exact(4) {
        for (count, &byte) in zeros.iter_mut().zip(unit) {
            *count += usize::from(byte == 0);
        }
    }
    // A part of the characters of most scripts, and all blanks and line ends, have a zero in their upper byte.
    let often = |position: usize| units > 0 && zeros[position] * 10 >= units;
    let rarely = |position: usize| zeros[position] * 50 <= units;
    match [0, 1, 2, 3].map(often) {
        [false, _, true, true] if zeros[2] * 10 > units * 9 => Some("UTF-32LE"),
        [true, true, _, false] if zeros[1] * 10 > units * 9 => Some("UTF-32BE"),
        [_, true, _, true] if rarely(0) && rarely(2) => Some("UTF-16LE"),
        [true, _, true, _] if rarely(1) && rarely(3) => Some("UTF-16BE"),
        _ => by_line_ends(bytes),
    }
}

/// The encoding of text in units of two bytes whose only zeros are those of blanks and line ends, as in Chinese.
fn by_line_ends(bytes: &[u8]) -> Option<&'static str> {
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let (mut little, mut big, mut others) = (0, 0, 0);
    for unit in bytes.chunks_exact(2) {
        match unit {
            &[blank, 0] if is_blank(blank) => little += 1,
            &[0, blank] if is_blank(blank) => big += 1,
            [0, _] | [_, 0] => others += 1,
            _ => {}
        }
    }
    match (little, big) {
        (1.., 0) if others <= little => Some("UTF-16LE"),
        (0, 1..) if others <= big => Some("UTF-16BE"),
        _ => None,
    }
}

/// A format, and by what it was known.
pub(super) type Guess = (FileFormat, &'static str);

/// Text whose format the program does not read, for a file whose format nobody has said.
pub(super) fn other_format(head: Head<'_>) -> Option<Foreign> {
    let text = text_of(head);
    if head.is_whole && is_document_of_one_line(text) {
        return Some(json_document());
    }
    let start = text.trim_start().get(..15).unwrap_or(text.trim_start()).to_lowercase();
    let foreign = |what: &str, hint: &str| Some(Foreign { what: what.into(), hint: hint.into() });
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return foreign(
            "a web page (HTML)",
            "was the link to the page of the file rather than to the file itself?",
        );
    }
    if start.starts_with("<?xml") {
        return foreign("an XML document", "write its sequences as text, one per line");
    }
    let lines: Vec<&str> = complete_lines(text, head.is_whole).collect();
    if is_fastq(&lines) {
        return foreign("a FASTQ file", "write it as FASTA, for example with `seqtk seq -A`");
    }
    if lines.first().is_some_and(|line| line.starts_with("LOCUS       ")) {
        return foreign("a GenBank file", "write it as FASTA");
    }
    if lines.iter().any(|line| *line == "M  END" || *line == "$$$$") {
        return foreign("a file of molecules in SDF or MOL", "write it as SMILES");
    }
    // A first line that goes on behind the head may be a JSON value by itself.
    let is_first_line_known = head.is_whole || !lines.is_empty();
    if is_first_line_known && !are_json(&lines) && is_json_document(text) {
        return Some(json_document());
    }
    None
}

/// The format of text that is surely one of FASTA or of JSON lines, whatever the name says.
pub(super) fn unmistakable(head: Head<'_>) -> Option<Guess> {
    let text = text_of(head);
    let lines: Vec<&str> = complete_lines(text, head.is_whole).collect();
    if is_fasta(&lines) {
        return Some((FileFormat::Fasta, "its headings begin with \">\""));
    }
    (are_json(&lines)).then_some((FileFormat::Jsonl, "every line is a JSON value"))
}

/// Whether text looks like a table of several columns.
pub(super) fn is_like_a_table(head: Head<'_>) -> bool {
    table_shape::of_unknown(head).is_some()
}

/// The format of text whose name does not tell it.
pub(super) fn guess(head: Head<'_>) -> Option<Guess> {
    if head.bytes.starts_with(b"MThd") {
        return Some((FileFormat::Midi, "its first bytes"));
    }
    if let Some(found) = unmistakable(head) {
        return Some(found);
    }
    match table_shape::of_unknown(head)? {
        b'\t' => Some((FileFormat::Tsv, "every line has as many tabs")),
        _ => Some((FileFormat::Csv, "every line has as many columns")),
    }
}

/// The text before the first byte that is not UTF-8, without a byte order mark.
fn text_of(head: Head<'_>) -> &str {
    let valid = match std::str::from_utf8(head.bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head.bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    valid.trim_start_matches('\u{feff}')
}

/// Lines that are not blank; the last one only if the file ends with it.
fn complete_lines(text: &str, is_whole: bool) -> impl Iterator<Item = &str> {
    let end = if is_whole { text.len() } else { text.rfind(['\n', '\r']).unwrap_or(0) };
    text[..end].split(['\n', '\r']).filter(|line| !line.trim().is_empty())
}

/// A heading first, and sequences of letters below headings.
fn is_fasta(lines: &[&str]) -> bool {
    let is_heading = |line: &str| line.starts_with('>');
    let mut lines = lines
        .iter()
        .map(|line| line.trim_start_matches('\u{feff}'))
        .filter(|line| !line.starts_with([';', '#', '!']));
    if !lines.next().is_some_and(|line| is_heading(line) && line.len() > 1) {
        return false;
    }
    let is_residues = |line: &str| {
        let mut letters = line.chars().filter(|c| !c.is_whitespace() && !c.is_ascii_digit());
        letters.all(|c| c.is_ascii_alphabetic() || matches!(c, '*' | '-' | '.'))
    };
    let (mut residues, mut others) = (0, 0);
    for line in lines.filter(|line| !is_heading(line)) {
        // Words with blanks between them are a text that quotes somebody.
        let is_one_word = line.split_whitespace().count() == 1
            || line.starts_with(|c: char| c == ' ' || c.is_ascii_digit());
        if is_residues(line) && is_one_word { residues += 1 } else { others += 1 }
    }
    residues > 10 * others
}

/// A line `@name`, lines of bases, a line that begins with `+`, and qualities.
fn is_fastq(lines: &[&str]) -> bool {
    let Some(plus) = lines.iter().position(|line| line.starts_with('+')).filter(|&plus| plus >= 2) else {
        return false;
    };
    let are_bases =
        lines[1..plus].iter().all(|line| line.trim().bytes().all(|byte| byte.is_ascii_alphabetic()));
    lines[0].starts_with('@') && are_bases && lines.len() > plus + 1
}

/// Whether each of the first lines is an object or an array. Strings alone may be lines of a dialogue.
fn are_json(lines: &[&str]) -> bool {
    const LOOKED_AT: usize = 20;
    let is_value = |line: &&str| {
        let begins = line.trim_start().starts_with(['{', '[']);
        begins && super::records::parse_json(line).is_ok()
    };
    !lines.is_empty() && lines.iter().take(LOOKED_AT).all(is_value)
}

fn json_document() -> Foreign {
    let hint = "write a JSON value per line, for example with `jq -c '.[]'`";
    Foreign { what: "one JSON document".into(), hint: hint.into() }
}

/// A line that is an array of objects or of arrays, and nothing else: records, and not the tokens of one.
fn is_document_of_one_line(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    match serde_json::from_str(line) {
        Ok(Value::Array(values)) => {
            values.len() > 1 && values.iter().all(|value| value.is_object() || value.is_array())
        }
        _ => false,
    }
}

/// One array or object over several lines, or the beginning of one.
fn is_json_document(text: &str) -> bool {
    let is_document = text.trim_start().starts_with(['[', '{']);
    is_document && serde_json::from_str::<IgnoredAny>(text).map_or_else(|error| error.is_eof(), |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(bytes: &[u8]) -> Head<'_> {
        Head { bytes, is_whole: true }
    }

    fn what(bytes: &[u8]) -> String {
        not_text(head(bytes)).map_or(String::new(), |foreign| foreign.what)
    }

    #[test]
    fn bytes_that_are_not_text_are_named() {
        let text = "anna\nanne\nå\n日本\n";
        let wide = |big: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|c| if big { c.to_be_bytes() } else { c.to_le_bytes() }).collect()
        };
        assert!(what(&wide(false)).contains("UTF-16LE"));
        assert!(what(&wide(true)).contains("UTF-16BE"));
        let very_wide: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        assert!(what(&very_wide).contains("UTF-32LE"));
        let very_wide: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        assert!(what(&very_wide).contains("UTF-32BE"));
        assert!(what(b"\xfe\xff\0a").contains("UTF-16BE") && what(b"\xff\xfea\0").contains("UTF-16LE"));
        let chinese: Vec<u8> = "\u{65e5}\u{672c}\u{8a9e}\u{6587}\u{5b57}\r\n"
            .repeat(9)
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(what(&chinese).contains("UTF-16LE"));
        assert!(not_text(head(&wide(false))).unwrap().hint.contains("iconv -f UTF-16LE -t UTF-8"));
        assert_eq!(what(b"one\0two\nthree\nfour and more of it\n"), "no text: line 1 holds a byte 0");
        let mut tar = b"notes.txt".to_vec();
        tar.resize(257, 0);
        tar.extend(b"ustar\x0000");
        assert_eq!(what(&tar), "a tar archive");
        assert!(what(b"PK\x03\x04....").contains("ZIP") && what(b"PAR1....").contains("Parquet"));
        assert!(what(b"BZh91AY&SY..").contains("bzip2"));
        for text in ["", "a\n", "%PD\n", "BZh is a word\n", "日本\n", "PKs\n", "\u{feff}a\n"] {
            assert_eq!(what(text.as_bytes()), "", "{text}");
        }
    }

    #[test]
    fn formats_are_known_by_what_they_hold() {
        let of = |text: &str| guess(head(text.as_bytes())).map(|found| found.0);
        assert_eq!(of(">a\nACGT\nGT\n>b\nAC\n"), Some(FileFormat::Fasta));
        assert_eq!(of(";by K.\n>a\n   1 acgt acgt\n"), Some(FileFormat::Fasta));
        assert_eq!(of("{\"id\": 1, \"t\": \"a\"}\n{\"id\": 2, \"t\": NaN}\n"), Some(FileFormat::Jsonl));
        assert_eq!(of("[\"a\"]\n[\"b\"]\n"), Some(FileFormat::Jsonl));
        assert_eq!(of("\"Well.\"\n\"No.\"\n"), None);
        assert_eq!(of("MThd\0\0\0\x06"), Some(FileFormat::Midi));
        assert_eq!(of("id;ev\n1;a\n2;b\n3;c\n4;d\n"), Some(FileFormat::Csv));
        assert_eq!(of("id\tev\n1\ta\n2\tb\n3\tc\n4\td\n"), Some(FileFormat::Tsv));
        for text in [
            "",
            "anna\nberta\n",
            "> what he said\nI do not know\n> again\nnor do I\n",
            "\"Well,\" she said\n\"No\" was all\n",
            "one, two\nthree, four\nfive\n",
            "{ curly\n",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn text_of_other_formats_is_named() {
        let of =
            |text: &str| other_format(head(text.as_bytes())).map_or(String::new(), |foreign| foreign.what);
        assert!(of("<!DOCTYPE html>\n<html>").contains("HTML"));
        assert!(of("<?xml version=\"1.0\"?>\n").contains("XML"));
        assert!(of("@r1\nACGT\n+\nIIII\n").contains("FASTQ"));
        assert!(of("@r1\nACGT\nAC\n+r1\nIIII\nII\n").contains("FASTQ"));
        assert!(of("[{\"a\": 1}, {\"a\": 2}]\n").contains("JSON document"));
        assert_eq!(of("[\"a\", \"b\"]\n"), "");
        assert!(of("LOCUS       AB1 10 bp\n").contains("GenBank"));
        assert!(of("x\n  y\n\nM  END\n$$$$\n").contains("SDF"));
        assert!(of("[\n {\"a\": 1},\n {\"a\": 2}\n]\n").contains("JSON document"));
        assert!(of("[{\"a\": 1},\n {\"a\": 2}]\n").contains("JSON document"));
        assert!(of("{\n  \"data\": [1]\n}\n").contains("JSON document"));
        // A first line that is longer than what is looked at.
        let long = format!("[{}", "1, ".repeat(30_000));
        assert_eq!(other_format(Head { bytes: long.as_bytes(), is_whole: false }), None);
        for text in ["", "[Verse 1]\nla\n", "@home\nhome\n", "<3 you\n", "{\"a\": 1}\n", "{ what }\n"] {
            assert_eq!(of(text), "", "{text}");
        }
    }
}
