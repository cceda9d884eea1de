//! Type of a rule, and a search that rules share.

use crate::Result;
use crate::config::provenance::Provenance;
use crate::config::settings::Config;

/// Rule about settings that depend on each other; the error names one of them.
pub(super) type Rule = fn(&Config, &Provenance) -> Result<()>;

/// First item that occurs before in the list.
pub(super) fn first_repeated<T: PartialEq>(list: &[T]) -> Option<&T> {
    list.iter().enumerate().find(|(i, item)| list[..*i].contains(item)).map(|(_, item)| item)
}
