//! Rows that are one token each, such as events, put together to the sequences to which they belong.

use super::order::Order;
use super::record::{Facts, Format, Record};
use crate::data::report::count;
use crate::{Error, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The sequences of another format's rows: those of one group, in the order of a column or of the file. Groups come in the
/// order of their first rows. White space within a token becomes `_`.
pub(super) struct Groups {
    path: PathBuf,
    rows: Box<dyn Format>,
    is_sorted: bool,
    /// How they were sorted.
    order: Option<Order>,
    groups: Option<std::vec::IntoIter<Group>>,
    num_rows: usize,
    num_blank: usize,
    num_without_group: usize,
    with_blanks: usize,
}

#[derive(Default)]
struct Group {
    name: String,
    label: String,
    line: Option<usize>,
    /// Place in the order, and token.
    tokens: Vec<(String, String)>,
    fault: Option<Error>,
}

impl Groups {
    pub(super) fn new(path: &Path, rows: Box<dyn Format>, is_sorted: bool) -> Self {
        Self {
            path: path.into(),
            rows,
            is_sorted,
            order: None,
            groups: None,
            num_rows: 0,
            num_blank: 0,
            num_without_group: 0,
            with_blanks: 0,
        }
    }

    fn read(&mut self) -> Result<Vec<Group>> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut row = Record::default();
        while self.rows.next(&mut row)? {
            self.num_rows += 1;
            if row.group.trim().is_empty() {
                match row.fault.take() {
                    // A record by itself: to which sequence it belongs nobody knows.
                    Some(fault) => {
                        groups.push(Group { fault: Some(fault), line: row.line, ..Group::default() })
                    }
                    None => self.num_without_group += 1,
                }
                continue;
            }
            let place = *places.entry(row.group.clone()).or_insert_with(|| {
                let (label, line) = (row.label.clone(), row.line);
                groups.push(Group { name: row.group.clone(), label, line, tokens: Vec::new(), fault: None });
                groups.len() - 1
            });
            let group = &mut groups[place];
            let fault = row.fault.take().or_else(|| {
                (row.label != group.label).then(|| Error::Data {
                    path: self.path.clone(),
                    line: row.line,
                    message: format!("the label {:?} in a sequence that has {:?}", row.label, group.label),
                    hint: Some("all rows of a sequence must have its label".into()),
                })
            });
            group.fault = group.fault.take().or(fault);
            let token: Vec<&str> = row.text.split_whitespace().collect();
            self.with_blanks += usize::from(token.len() > 1);
            match token.is_empty() {
                true => self.num_blank += 1,
                false => group.tokens.push((row.order.clone(), token.join("_"))),
            }
        }
        if self.is_sorted {
            let places = groups.iter().flat_map(|group| &group.tokens).map(|(place, _)| place.as_str());
            let order = Order::of(places).map_err(|(place, others)| Error::Data {
                path: self.path.clone(),
                line: None,
                message: format!("rows cannot be sorted by {place:?} among {others}"),
                hint: Some("write times as in 2024-05-31T09:00:00 (ISO 8601), or numbers".into()),
            })?;
            groups.iter_mut().for_each(|group| order.sort(&mut group.tokens));
            self.order = Some(order);
        }
        Ok(groups)
    }
}

impl Format for Groups {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        if self.groups.is_none() {
            self.groups = Some(self.read()?.into_iter());
        }
        let Some(group) = self.groups.as_mut().and_then(Iterator::next) else { return Ok(false) };
        record.begin(group.line);
        record.group = group.name;
        record.label = group.label;
        record.is_list = true;
        record.fault = group.fault;
        let tokens: Vec<&str> = group.tokens.iter().map(|(_, token)| token.as_str()).collect();
        record.text = tokens.join(" ");
        Ok(true)
    }

    fn facts(&self) -> Facts {
        let mut facts = self.rows.facts();
        facts.is_grouped = true;
        let order = match self.order {
            Some(order) => format!("sorted by {}", order.name()),
            None => "in the order of the file".into(),
        };
        facts.remarks.insert(0, format!("made of {}, {order}", count(self.num_rows, "row")));
        if self.num_blank > 0 {
            facts.remarks.push(format!("{} skipped", count(self.num_blank, "blank row")));
        }
        if self.num_without_group > 0 {
            facts.remarks.push(format!("{} without a group left out", count(self.num_without_group, "row")));
        }
        if self.with_blanks > 0 {
            facts.remarks.push(format!("blanks written as _ in {}", count(self.with_blanks, "token")));
        }
        facts
    }
}
