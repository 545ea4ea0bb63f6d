//! Where the value of a field comes from: most are written by whoever may, some by nobody.

use super::{EntityMeta, FieldMask, FieldMeta};
use crate::json;
use crate::value::{FieldType, Value};

/// Where the value of a field comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// It is written, by whoever may.
    Written,
    /// The database makes it; it is read and never written.
    Database,
    /// The database computes it from the row's other columns by this expression of SQL.
    #[cfg(not(target_arch = "wasm32"))]
    Expression(&'static str),
    /// It is computed of related rows, by every statement that reads it; there is no column in the table.
    #[cfg(not(target_arch = "wasm32"))]
    Related(fn() -> crate::relation::OrderKey),
    /// The server computes it after the row was read; there is no column.
    Server,
}

impl FieldMeta {
    /// Is it a column that is written?
    #[must_use]
    pub const fn is_written(&self) -> bool {
        matches!(self.origin, Origin::Written)
    }

    /// Is it a column of questions? What is none cannot be filtered or sorted by.
    #[must_use]
    pub const fn has_column(&self) -> bool {
        !matches!(self.origin, Origin::Server)
    }

    /// The value of related rows that it is declared to be.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn related(&self) -> Option<crate::relation::OrderKey> {
        match self.origin {
            Origin::Related(value) => Some(value()),
            _ => None,
        }
    }

    /// Is it a column of the table? What is computed of related rows is a column in questions alone.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        !matches!(self.origin, Origin::Server | Origin::Related(_))
    }

    /// Is its value made by the framework, the server or the database, so that no client writes it?
    #[must_use]
    pub const fn is_made(&self) -> bool {
        self.is_stamped() || self.auto_increment || self.kept || !self.is_written()
    }

    /// What people read of a value: as `display` says, else an enum's label, else its text.
    #[must_use]
    pub fn display(&self, value: &Value) -> String {
        match (self.display, self.field_type, value) {
            (_, _, Value::Null) => String::new(),
            (Some(display), ..) => display(value),
            (None, FieldType::Enum(variants), Value::Text(text)) => {
                variants.iter().find(|variant| variant.value == text).map_or(text.as_str(), |found| found.label).into()
            }
            _ => json::to_text(value),
        }
    }
}

impl EntityMeta {
    fn such_fields(&self, such: impl Fn(&FieldMeta) -> bool) -> FieldMask {
        self.fields.iter().enumerate().filter(|(_, field)| such(field)).map(|(index, _)| index).collect()
    }

    /// The fields that are columns.
    #[must_use]
    pub fn columns(&self) -> FieldMask {
        self.such_fields(FieldMeta::has_column)
    }

    /// The fields that are columns which are written.
    #[must_use]
    pub fn written_fields(&self) -> FieldMask {
        self.such_fields(FieldMeta::is_written)
    }

    /// The fields that the database makes: they are known once the row was written.
    #[must_use]
    pub fn database_fields(&self) -> FieldMask {
        self.such_fields(|field| field.has_column() && !field.is_written())
    }

    /// The fields that do not come with their row, but when they are asked for.
    #[must_use]
    pub fn lazy_fields(&self) -> FieldMask {
        self.such_fields(|field| field.lazy)
    }

    /// The fields that the server computes after a row was read.
    #[must_use]
    pub fn server_fields(&self) -> FieldMask {
        self.such_fields(|field| !field.has_column())
    }
}
