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

/// Sets of an entity's fields that are asked for with every row: made when the program is compiled.
#[derive(Clone, Copy, Debug)]
pub struct Masks {
    columns: FieldMask,
    written: FieldMask,
    lazy: FieldMask,
}

impl Masks {
    /// Of no fields.
    pub const NONE: Self = Self { columns: FieldMask::NONE, written: FieldMask::NONE, lazy: FieldMask::NONE };
}

impl EntityMeta {
    /// The same entity, which knows the sets of its fields: for `#[derive(Entity)]`.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_masks(mut self) -> Self {
        let mut index = 0;
        while index < self.fields.len() {
            let field = &self.fields[index];
            if field.has_column() {
                self.masks.columns.insert(index);
            }
            if field.is_written() {
                self.masks.written.insert(index);
            }
            if field.lazy {
                self.masks.lazy.insert(index);
            }
            index += 1;
        }
        self
    }

    /// The fields that are columns.
    #[must_use]
    pub const fn columns(&self) -> FieldMask {
        self.masks.columns
    }

    /// The fields that are columns which are written.
    #[must_use]
    pub const fn written_fields(&self) -> FieldMask {
        self.masks.written
    }

    /// The fields that the database makes: they are known once the row was written.
    #[must_use]
    pub fn database_fields(&self) -> FieldMask {
        self.masks.columns.without(self.masks.written)
    }

    /// The fields that do not come with their row, but when they are asked for.
    #[must_use]
    pub const fn lazy_fields(&self) -> FieldMask {
        self.masks.lazy
    }

    /// The fields that the server computes after a row was read.
    #[must_use]
    pub fn server_fields(&self) -> FieldMask {
        self.all_fields().without(self.masks.columns)
    }
}
