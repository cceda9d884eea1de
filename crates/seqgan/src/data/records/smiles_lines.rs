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
    any_molecule: bool,
    column: usize,
    separator: Option<char>,
    heading: Option<String>,
}

impl SmilesLines {
    pub(super) fn new(lines: Lines<Source>, any_molecule: bool) -> Self {
        Self { lines, any_molecule, column: 0, separator: None, heading: None }
    }
}

impl Format for SmilesLines {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            let Some((number, line)) = self.lines.next()? else { return Ok(false) };
            if number == 1 {
                self.separator = line.chars().find(|c| matches!(c, '\t' | ',' | ';'));
                let heading = fields(line)
                    .position(|field| NAMES.contains(&field.trim_start_matches('#').to_lowercase().as_str()));
                // A molecule may be called "mol".
                let heading = heading.filter(|_| !fields(line).any(smiles::is_molecule));
                if let Some(column) = heading {
                    self.column = column;
                    self.heading = Some(line.trim().into());
                    continue;
                }
            }
            record.begin(Some(number));
            let molecule = fields(line).nth(self.column).unwrap_or_default();
            record.text.push_str(molecule);
            if line.trim().is_empty() {
                record.text.clear();
            } else if !self.any_molecule && !smiles::is_molecule(molecule) {
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

/// The fields of a line: a run of blanks, a tab, a comma or a semicolon separates two of them, none of which a molecule holds.
/// A line that begins with a separator other than a blank has an empty first field; but a tab before a molecule that has a name
/// behind it is an indent.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim_start_matches(' ');
    let line = match line.strip_prefix('\t').map(str::trim_start) {
        Some(behind) if is_molecule_with_name(behind) => behind,
        _ => line,
    };
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find([' ', '\t', ',', ';']) else {
            rest = None;
            return Some(text);
        };
        let behind = text[end..].trim_start_matches(' ');
        // Blanks and one other separator are one end.
        let behind = behind.strip_prefix(['\t', ',', ';']).unwrap_or(behind);
        rest = Some(behind.trim_start_matches(' '));
        Some(&text[..end])
    })
}

fn is_molecule_with_name(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(smiles::is_molecule) && words.next().is_some()
}
