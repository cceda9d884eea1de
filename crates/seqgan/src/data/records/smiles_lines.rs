//! SMILES files: the molecule, then, behind white space, a comma or a semicolon, whatever belongs to it.

use super::lines::Lines;
use super::record::{Facts, Format, Record};
use crate::Result;
use crate::data::smiles;
use crate::data::source::Source;

/// What headings call the column of molecules, in lower case.
const NAMES: [&str; 10] = [
    "smiles",
    "smi",
    "canonical_smiles",
    "isomeric_smiles",
    "smiles_string",
    "structure",
    "mol",
    "molecule",
    "compound",
    "cxsmiles",
];

/// Whether a column or member of this name holds molecules.
pub(in crate::data) fn names_molecules(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    NAMES[..5].contains(&name.as_str()) || name == "cxsmiles"
}

/// One field of each line, the first one unless a heading names another. What is no molecule is dropped, unless anything may stand there.
pub(super) struct SmilesLines {
    lines: Lines<Source>,
    only_molecules: bool,
    column: usize,
    /// Whether the first line has more than a molecule.
    has_names: bool,
    separator: Option<char>,
    heading: Option<String>,
}

impl SmilesLines {
    pub(super) fn new(lines: Lines<Source>, only_molecules: bool) -> Self {
        Self { lines, only_molecules, column: 0, has_names: false, separator: None, heading: None }
    }
}

impl Format for SmilesLines {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            let Some((number, line)) = self.lines.next()? else { return Ok(false) };
            if number == 1 {
                self.separator = separator(line);
                self.has_names = fields(line, self.separator, false).len() > 1;
                let names = fields(line, self.separator, false);
                let column = names.iter().position(|name| NAMES.contains(&plain(name).as_str()));
                // A molecule may be called "mol".
                let is_heading = !names.iter().any(|name| smiles::is_molecule(name));
                if let Some(column) = column.filter(|_| is_heading) {
                    self.column = column;
                    self.heading = Some(line.trim().into());
                    continue;
                }
            }
            record.begin(Some(number));
            let fields = fields(line, self.separator, self.has_names);
            // Behind a blank stands an extension of the molecule; a comma or a semicolon is no part of one.
            let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
            let field = fields.get(self.column).copied().unwrap_or_default();
            let molecule = field.split(ends).next().unwrap_or_default();
            record.text.push_str(molecule);
            if self.only_molecules && !line.trim().is_empty() && !smiles::is_molecule(molecule) {
                record.text = line.into();
                record.dropped = Some("no molecule");
            }
            return Ok(true);
        }
    }

    fn facts(&self) -> Facts {
        let heading = self.heading.iter().map(|heading| format!("the first line, {heading:?}, is a heading"));
        let remarks = heading.chain(self.lines.remarks()).collect();
        Facts { separator: self.separator, remarks, ..Facts::default() }
    }
}

/// The fields of a line. Where the file has a separator, it stands between them; else white space does. A line that begins with
/// white space has an empty first field if it has no other but a name; before a molecule that has a name it is an indent.
fn fields(line: &str, separator: Option<char>, has_names: bool) -> Vec<&str> {
    let first_word = |text: &str| text.split_whitespace().next().unwrap_or_default().len();
    let indented = line.trim_start();
    let is_indented = indented.len() < line.len();
    let has_more = first_word(indented) < indented.trim_end().len();
    let is_indent =
        is_indented && (!has_names || has_more && smiles::is_molecule(&indented[..first_word(indented)]));
    let line = if is_indent { indented } else { line };
    match separator.filter(|&separator| line.contains(separator)) {
        Some(separator) => line.split(separator).map(str::trim).collect(),
        None if is_indented && !is_indent => std::iter::once("").chain(line.split_whitespace()).collect(),
        None => line.split_whitespace().collect(),
    }
}

/// What stands between the fields of a line: a tab, or a comma or a semicolon behind its first word, which may hold one in an
/// extension.
fn separator(line: &str) -> Option<char> {
    let word = line.split_whitespace().next().unwrap_or_default();
    if line.contains('\t') { Some('\t') } else { word.chars().find(|c| matches!(c, ',' | ';')) }
}

/// The name of a heading, in one way of writing.
fn plain(name: &str) -> String {
    name.trim().trim_matches(['#', '"']).to_lowercase().replace(' ', "_")
}
