//! What the rows of an entity are read from: its table, or what others make.

use super::EntityMeta;
use crate::filter::CustomFilter;
use crate::{Error, Result};

/// What the rows of an entity are read from. Only those of a table of its own are written.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A table, made by the framework.
    Table,
    /// A view, or a table, that is there: [`EntityMeta::table`] is its name.
    View,
    /// A `SELECT`.
    Sql(&'static [SqlPart]),
    /// What a function answers for its arguments, which are given as those of a custom filter.
    Function(CustomFilter),
    /// Nothing: a controller has no rows.
    Nothing,
}

/// A part of the text of a `SELECT`.
#[derive(Clone, Copy, Debug)]
pub enum SqlPart {
    /// As it is.
    Text(&'static str),
    /// What the rows of an entity are read from.
    Rows(fn() -> &'static EntityMeta),
    /// The column of an entity's field.
    Field(fn() -> &'static EntityMeta, usize),
}

impl EntityMeta {
    /// The custom filter with this name on the wire, which may be the one that gives the arguments of its function.
    #[must_use]
    pub fn custom_filter(&self, wire: &str) -> Option<&CustomFilter> {
        match &self.source {
            Source::Function(function) if function.wire == wire => Some(function),
            _ => self.filters.custom(wire),
        }
    }

    /// Has the entity a table of its own, which the framework makes and writes to?
    #[must_use]
    pub const fn has_table(&self) -> bool {
        matches!(self.source, Source::Table)
    }

    /// Passes an entity whose rows can be written at all, whoever writes.
    ///
    /// # Errors
    /// 400 where they can only be read.
    pub fn writable(&self) -> Result<()> {
        if self.has_table() {
            return Ok(());
        }
        self.has_rows()?;
        Err(Error::invalid(format!("The rows of {} can only be read: they have no table of their own.", self.key)))
    }
}
