//! SMILES files: the string, then, behind white space, whatever belongs to it.

use super::lines::Lines;
use super::record::{Format, Record};
use crate::Result;
use crate::data::source::Source;

/// The first field of each line. A first line whose first field reads "smiles" is a heading.
pub(super) struct SmilesLines {
    lines: Lines<Source>,
}

impl SmilesLines {
    pub(super) fn new(lines: Lines<Source>) -> Self {
        Self { lines }
    }
}

impl Format for SmilesLines {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            let Some((number, line)) = self.lines.next()? else { return Ok(false) };
            let smiles = line.split_whitespace().next().unwrap_or("");
            // No molecule is written like that: "m" is no atom.
            if number == 1 && smiles.eq_ignore_ascii_case("smiles") {
                continue;
            }
            record.text.clear();
            record.text.push_str(smiles);
            record.line = Some(number);
            return Ok(true);
        }
    }
}
