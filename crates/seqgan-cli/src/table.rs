//! Aligned tables in plain text.

use unicode_width::UnicodeWidthStr;

/// Between two columns.
const GAP: &str = "  ";

/// On which side the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Names.
    Left,
    /// Numbers.
    Right,
}

/// A table under construction: a header, then rows.
#[derive(Debug, Clone)]
pub struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns, each with its heading.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        let heading = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Self { aligns: columns.iter().map(|&(_, align)| align).collect(), rows: vec![heading] }
    }

    /// Adds a row. Cells that are missing at its end are empty.
    ///
    /// # Panics
    /// If there are more cells than columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) -> &mut Self {
        let mut row: Vec<String> = cells.into_iter().map(Into::into).collect();
        assert!(row.len() <= self.aligns.len(), "{} cells in {} columns", row.len(), self.aligns.len());
        row.resize(self.aligns.len(), String::new());
        self.rows.push(row);
        self
    }

    /// The table as text: heading, a rule, the rows; no white space at the ends of lines.
    pub fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.aligns.len())
            .map(|column| self.rows.iter().map(|row| row[column].width()).max().unwrap_or(0))
            .collect();
        let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
        let (heading, body) = self.rows.split_at(1);
        let mut text = String::new();
        for row in heading.iter().chain([&rule]).chain(body) {
            text.push_str(self.line(row, &widths).trim_end());
            text.push('\n');
        }
        text
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(widths).zip(&self.aligns).map(|((cell, &width), align)| {
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            match align {
                Align::Left => format!("{cell}{padding}"),
                Align::Right => format!("{padding}{cell}"),
            }
        });
        cells.collect::<Vec<_>>().join(GAP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::mean_with_error;

    #[test]
    fn columns_are_aligned() {
        let mut table =
            Table::new(&[("method", Align::Left), ("nll_oracle", Align::Right), ("note", Align::Left)]);
        table.row([String::from("mle-tuned"), mean_with_error(9.512, 0.006, 3), "base".to_owned()]);
        table.row(["seqgan", "8.8"]);
        let expected = "\
method       nll_oracle  note
---------  ------------  ----
mle-tuned  9.512 ±0.006  base
seqgan              8.8
";
        assert_eq!(table.render(), expected);
    }

    #[test]
    fn wide_characters_take_two_places() {
        let mut table = Table::new(&[("line", Align::Left), ("n", Align::Right)]);
        table.row(["春眠", "1"]).row(["abcd", "22"]);
        assert_eq!(table.render(), "line   n\n----  --\n春眠   1\nabcd  22\n");
    }

    #[test]
    fn a_table_without_rows_is_its_heading() {
        assert_eq!(Table::new(&[("a", Align::Right)]).render(), "a\n-\n");
    }
}
