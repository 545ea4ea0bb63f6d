//! In what tables do not match the entities.

use std::fmt;

/// Something in which a table that is there is not as its entity says, so that rows could not be read or written. What can be
/// made to match without touching data, such as a column that is missing, is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What is there, as a part of a sentence.
    pub found: String,
    /// What the entity says, as a part of a sentence.
    pub expected: String,
    /// What would be right, as a sentence.
    pub remedy: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, column, found, expected, remedy } = self;
        write!(f, "table {table}")?;
        if let Some(column) = column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {found}, {expected}. {remedy}")
    }
}
