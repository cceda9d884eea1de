//! Each format from text to sequences, and what is said of files that are none of it.

use super::record::listed;
use super::*;
use crate::data::options::MidiOptions;

fn read_field(format: FileFormat, text: &str, field: Option<&str>) -> Result<Vec<(usize, String)>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, text).unwrap();
    let midi = MidiOptions::default();
    let only_molecules = format == FileFormat::Smiles;
    let field = field.map(String::from);
    let options = ReadOptions { format, midi, field, only_molecules, ..ReadOptions::default() };
    let mut records = Records::open(&path, &options)?;
    let mut all = Vec::new();
    while let Some(record) = records.next()? {
        if let Some(fault) = record.fault.take() {
            return Err(fault);
        }
        let text = record.dropped.map_or_else(|| record.text.clone(), |reason| format!("<{reason}>"));
        all.push((record.line.unwrap_or(0), text));
    }
    assert_eq!(records.count(), all.len());
    Ok(all)
}

fn read(format: FileFormat, text: &str, field: Option<&str>) -> Vec<(usize, String)> {
    read_field(format, text, field).unwrap()
}

/// The message behind the path, and the hint.
fn refused(format: FileFormat, text: &str, field: Option<&str>) -> (String, String) {
    let error = read_field(format, text, field).unwrap_err();
    let message = error.to_string();
    let behind = message.split_once("/f").map_or(&*message, |(_, behind)| behind);
    (behind.to_string(), error.hint().unwrap_or_default().to_string())
}

fn pairs(expected: &[(usize, &str)]) -> Vec<(usize, String)> {
    expected.iter().map(|&(line, text)| (line, text.to_string())).collect()
}

#[test]
fn a_column_of_a_table_is_chosen_by_name_or_number() {
    let text = "id,seq\n1,\"a, b\"\n2,\"say \"\"c\"\"\nd\"\n";
    let expected = pairs(&[(2, "a, b"), (3, "say \"c\"\nd")]);
    assert_eq!(read(FileFormat::Csv, text, Some("seq")), expected);
    // By number there is no heading, unless a word above numbers shows one.
    assert_eq!(read(FileFormat::Csv, text, Some("2")), expected);
    assert_eq!(read(FileFormat::Csv, "x,a\ny,b\n", Some("2")), pairs(&[(1, "a"), (2, "b")]));
    // A heading once more, blanks around names, and what Excel writes before a table.
    assert_eq!(
        read(FileFormat::Csv, "id, Seq\n1,a\nid, Seq\n2,b\n", Some("seq")),
        pairs(&[(2, "a"), (4, "b")])
    );
    assert_eq!(read(FileFormat::Csv, "sep=;\nid;seq\n1;a,b\n", Some("seq")), pairs(&[(3, "a,b")]));
    // Lines are counted whichever way they end.
    for end in ["\n", "\r\n", "\r"] {
        let text = "id,seq\n1,a\n2,b\n3,c\n".replace('\n', end);
        assert_eq!(
            read(FileFormat::Csv, &text, Some("seq")),
            pairs(&[(2, "a"), (3, "b"), (4, "c")]),
            "{end:?}"
        );
    }
    // Blank lines count as lines; a byte order mark of a joined table is removed.
    for end in ["\n", "\r\n"] {
        let text = "\nid,seq\n\n1,\"a\nb\"\n\n\n2,c\n\u{feff}id,seq\n\u{feff}3,d".replace('\n', end);
        let inner = format!("a{end}b");
        let expected = pairs(&[(4, inner.as_str()), (8, "c"), (10, "d")]);
        assert_eq!(read(FileFormat::Csv, &text, Some("seq")), expected, "{end:?}");
    }
    // What stands before a table is no row of it, however its lines end.
    for end in ["\n", "\r\n", "\r"] {
        let text = |rows: &str| format!("sep=;\n{rows}").replace('\n', end);
        assert_eq!(
            read(FileFormat::Csv, &text("1;a\n2;b\n"), Some("2")),
            pairs(&[(2, "a"), (3, "b")]),
            "{end:?}"
        );
        let expected = pairs(&[(3, "a"), (4, "b")]);
        assert_eq!(read(FileFormat::Csv, &text("id;seq\n1;a\n2;b\n"), Some("2")), expected, "{end:?}");
    }
    let (message, hint) = refused(FileFormat::Csv, "a,a\nx,y\n", Some("a"));
    assert!(message.contains("2 columns are called \"a\"") && hint.contains("name of its own"), "{message}");
    let (message, _) = refused(FileFormat::Csv, "a\nx\n\"open\ny\nz\n", None);
    assert!(message.contains("line 3: a quotation mark opens here and is not closed"), "{message}");
    assert_eq!(read(FileFormat::Csv, "\u{feff}seq\na\n", None), pairs(&[(2, "a")]));
    // In a table that is CSV by name quotes mean something, whatever stands between columns.
    assert_eq!(
        read(FileFormat::Csv, "x\ty\n1\t\"a\tb\"\n2\tc\n", Some("y")),
        pairs(&[(2, "a\tb"), (3, "c")])
    );
    // Quotes mean nothing between tabs.
    assert_eq!(read(FileFormat::Tsv, "x\ty\n\"a\tb\"\n", Some("x")), pairs(&[(2, "\"a")]));
    assert_eq!(read(FileFormat::Csv, "", None), []);

    let (message, hint) = refused(FileFormat::Csv, text, None);
    assert!(message.contains(", line 1: the table has the columns \"id\", \"seq\"; which one"), "{message}");
    assert!(hint.contains("`data.field = "));
    assert!(
        refused(FileFormat::Csv, text, Some("smiles"))
            .0
            .contains("no column \"smiles\"; the table has \"id\"")
    );
    assert!(refused(FileFormat::Csv, text, Some("3")).0.contains("no column 3; the table has 2"));
    let (message, hint) = refused(FileFormat::Csv, "a,b\n1,2\n1,2,3\n", Some("a"));
    assert!(message.contains("line 3: 3 columns, expected 2") && hint.contains("double quotes"), "{message}");
}

#[test]
fn json_lines_hold_strings_arrays_or_objects() {
    let text = "{\"id\":7,\"text\":\"a \\u00e9\"}\n\n{\"text\":\"\"}\n";
    assert_eq!(read(FileFormat::Jsonl, text, None), pairs(&[(1, "a é"), (2, ""), (3, "")]));
    assert_eq!(
        read(FileFormat::Jsonl, "\"a\"\n[3, 14]\n[\"x\",\"y\"]\n", None),
        pairs(&[(1, "a"), (2, "3 14"), (3, "x y")])
    );
    // Null, a missing member and Python's NaN are blank cells; the first object names the member.
    let text =
        "{\"id\":1,\"t\":null}\n{\"id\":NaN,\"t\":\"NaN \\\" -Infinity\"}\n{\"txt\":\"b\"}\n{\"t\":NaN}\n";
    let expected = [(1, ""), (2, "NaN \" -Infinity"), (3, ""), (4, "")];
    assert_eq!(read(FileFormat::Jsonl, text, None), pairs(&expected));
    let two = "{\"a\":\"x\",\"b\":\"y\"}\n";
    assert_eq!(read(FileFormat::Jsonl, two, Some("b")), pairs(&[(1, "y")]));

    let (message, hint) = refused(FileFormat::Jsonl, two, None);
    assert!(
        message.contains("line 1: any of \"a\", \"b\" could be the sequence")
            && hint.contains("`data.field = ")
    );
    assert!(
        refused(FileFormat::Jsonl, two, Some("c"))
            .0
            .contains("no line has a sequence \"c\"; the first object holds \"a\", \"b\"")
    );
    assert!(
        refused(FileFormat::Jsonl, "{\"a\":1}\n", None)
            .0
            .contains("no object holds a string or an array; the first one holds \"a\"")
    );
    assert!(refused(FileFormat::Jsonl, "{\"a\":1.5}\n", Some("a")).0.contains("1.5 is no sequence"));
    assert!(refused(FileFormat::Jsonl, "[\"a b\"]\n", None).0.contains("\"a b\" is no sequence"));
    let (message, hint) = refused(FileFormat::Jsonl, "[\n  1,\n", None);
    assert!(message.contains("line 1: no JSON") && hint.contains("per line"), "{message}");
}

#[test]
fn fasta_records_span_lines() {
    let text =
        "\n;by K.\n>one the first\nACGT\n; more > here\n 61 ac gt\n\u{feff}>two\n\n>three > and more\nNN*\n";
    assert_eq!(read(FileFormat::Fasta, text, None), pairs(&[(3, "ACGTacgt"), (7, ""), (9, "NN*")]));
    assert_eq!(read(FileFormat::Fasta, "", None), []);
    // A heading without a line end before it.
    let (message, hint) = refused(FileFormat::Fasta, ">one\nACGT\nAC>two\nGT\n", None);
    assert!(
        message.contains("line 3: '>' is no residue, expected letters") && hint.contains("heading"),
        "{message}"
    );
    let (message, hint) = refused(FileFormat::Fasta, "ACGT\n>one\n", None);
    assert!(
        message.contains("line 1: the file begins without a heading")
            && hint.contains("`data.format = \"text\"`")
    );
}

#[test]
fn smiles_files_carry_names_and_headings() {
    let text = "smiles\tname\nCCO ethanol\nC\t\nc1ccccc1\n";
    assert_eq!(read(FileFormat::Smiles, text, None), pairs(&[(2, "CCO"), (3, "C"), (4, "c1ccccc1")]));
    assert_eq!(read(FileFormat::Smiles, "CCO\nsmiles\n", None)[1].1, "<no molecule>");
    // An empty molecule does not take its name, and a heading may name another column.
    let text = "id,SMILES\na,CCO\nb,\nc,CN\n";
    assert_eq!(read(FileFormat::Smiles, text, None), pairs(&[(2, "CCO"), (3, "<no molecule>"), (4, "CN")]));
    assert_eq!(
        read(FileFormat::Smiles, "\tCCO \tone\n\tCO\n", None),
        pairs(&[(1, "CCO"), (2, "<no molecule>")])
    );
    let text = "CN b\n OCN\n CO c\n";
    let expected = [(1, "CN"), (2, "<no molecule>"), (3, "CO")];
    assert_eq!(read(FileFormat::Smiles, text, None), pairs(&expected));
    assert_eq!(read(FileFormat::Smiles, "CN\n CO\n", None), pairs(&[(1, "CN"), (2, "CO")]));
    assert_eq!(read(FileFormat::Smiles, "Canonical SMILES\tCID\nCN\t1\n", None), pairs(&[(2, "CN")]));
    let text = "CCO\tone\n\tmissing 2\n  CN  three\n\nC;4\nCC |c:1| x\n";
    let expected = [(1, "CCO"), (2, "<no molecule>"), (3, "CN"), (4, ""), (5, "C"), (6, "CC")];
    assert_eq!(read(FileFormat::Smiles, text, None), pairs(&expected));
}

#[test]
fn rows_of_groups_that_cannot_be_read_are_records_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, "g,s\n1,a\n1\n2,b\n,c\n2,d,e\n1,f g\n").unwrap();
    let named = |name: &str| Some(name.to_string());
    let options = ReadOptions {
        format: FileFormat::Csv,
        field: named("s"),
        group_by: named("g"),
        ..ReadOptions::default()
    };
    let mut records = Records::open(&path, &options).unwrap();
    let mut all = Vec::new();
    while let Some(record) = records.next().unwrap() {
        all.push((record.line.unwrap(), record.text.clone(), record.fault.is_some()));
    }
    let expected = [(2, "a f_g", false), (3, "", true), (4, "b", false), (6, "", true)];
    assert_eq!(all, expected.map(|(line, text, fault)| (line, text.to_string(), fault)));
    let remarks = records.facts().remarks.join("; ");
    assert_eq!(
        remarks,
        "made of 6 rows, in the order of the file; 1 row without a group left out; blanks written as _ in 1 token"
    );
}

#[test]
fn melodies_have_no_columns() {
    let options = ReadOptions { format: FileFormat::Midi, label: Some("x".into()), ..ReadOptions::default() };
    let error = Records::open(Path::new("a.mid"), &options).err().unwrap().to_string();
    assert!(error.contains("a file of the format midi has no labels \"x\""), "{error}");
}

#[test]
fn long_lists_of_names_are_cut() {
    let names: Vec<String> = (0..15).map(|i| format!("c{i}")).collect();
    let text = listed(names.iter().map(String::as_str));
    assert!(text.ends_with("\"c11\" and 3 more"), "{text}");
}

#[test]
fn a_row_has_a_limit_and_a_quotation_mark_may_stay_open() {
    let read = |text: &str, max_line_bytes: usize| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, text).unwrap();
        let options = ReadOptions { format: FileFormat::Csv, max_line_bytes, ..ReadOptions::default() };
        let mut records = Records::open(&path, &options)?;
        while records.next()?.is_some() {}
        Ok(records.count())
    };
    assert_eq!(read("s\nabcdefghi\nx\n", 9).unwrap(), 2);
    let refused = |text: &str, max_line_bytes: usize| {
        let error: Error = read(text, max_line_bytes).unwrap_err();
        assert!(error.hint().unwrap().contains("is a quotation mark open?"));
        error.to_string()
    };
    assert!(refused("s\nx\nabcdefghij\n", 9).contains(", line 3: the row is longer than 9 bytes"));
    // The rest of the file would be one field, in memory.
    let open = format!("s\nx\n\"{}", "a line\n".repeat(100_000));
    assert!(refused(&open, 1000).contains(", line 3: the row is longer than 1,000 bytes"));
    assert_eq!(read(&format!("s\n{}", "a line\n".repeat(100_000)), 1000).unwrap(), 100_000);
}
