//! What the text of a statement depends on, and the texts that were written so far.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use isoform::aggregate::{Aggregation, GroupKey, Measure};
use isoform::meta::{Direction, EntityMeta, FieldMask, RelationMeta};
use isoform::relation::{OrderKey, RelatedValue, ValueOf};
use isoform::{Condition, Error, Result, Value};
use sea_query::{QueryBuilder as _, SqlWriterValues};

use super::{Dialect, Statement, pattern};

/// Everything of a statement but its values, which are collected beside it.
///
/// Two statements with the same bytes have the same text: every part is of a fixed length or says how long it is.
pub(super) struct Shape<'a> {
    bytes: Vec<u8>,
    values: Vec<Cow<'a, Value>>,
    entity: &'static EntityMeta,
}

impl<'a> Shape<'a> {
    /// The shape of a kind of statement on an entity's table.
    pub fn new(kind: &'static str, entity: &'static EntityMeta) -> Self {
        let mut shape = Self { bytes: Vec::with_capacity(96), values: Vec::with_capacity(8), entity };
        // Static data is told apart by where it is: entities of one table may differ.
        shape.bytes.extend_from_slice(&std::ptr::from_ref(entity).addr().to_le_bytes());
        shape.count(kind.len());
        shape.bytes.extend_from_slice(kind.as_bytes());
        shape
    }

    fn count(&mut self, count: usize) {
        self.bytes.extend_from_slice(&count.to_le_bytes());
    }

    /// Which fields are answered.
    pub fn fields(&mut self, fields: FieldMask) {
        self.bytes.extend_from_slice(&fields.to_bits().to_le_bytes());
    }

    /// A number that stands in the text itself.
    pub fn number(&mut self, number: Option<u64>) {
        self.bytes.push(u8::from(number.is_some()));
        self.bytes.extend_from_slice(&number.unwrap_or_default().to_le_bytes());
    }

    /// In what order, if in any.
    pub fn order<D: Dialect>(&mut self, order: Option<&'a [(OrderKey, Direction)]>) {
        self.bytes.push(u8::from(order.is_some()));
        let order = order.unwrap_or_default();
        self.count(order.len());
        for (key, direction) in order {
            self.key::<D>(key);
            self.bytes.push(*direction as u8);
        }
    }

    fn key<D: Dialect>(&mut self, key: &'a OrderKey) {
        match key {
            OrderKey::Field(field) => {
                self.bytes.push(b'f');
                self.count(*field);
            }
            OrderKey::Related(value) => {
                self.bytes.push(b'v');
                self.related_value::<D>(value);
            }
        }
    }

    /// A value of related rows; its values in the order of [`super::related::value`].
    pub fn related_value<D: Dialect>(&mut self, value: &'a RelatedValue) {
        self.relation(value.relation);
        match &value.of {
            ValueOf::Measure(measure) => {
                self.bytes.push(b'm');
                self.measure(*measure);
            }
            ValueOf::Key(key) => self.key::<D>(key),
        }
        self.condition::<D>(&value.target);
        if value.relation.through.is_some() {
            self.condition::<D>(&value.between);
        }
    }

    /// What holds of a value: wherever that is named, its own values stand first, as in [`super::related::holds`].
    fn holds<D: Dialect>(&mut self, value: &'a RelatedValue, holds: &'a Condition) {
        match holds {
            Condition::And(list) | Condition::Or(list) => {
                self.bytes.push(if matches!(holds, Condition::And(_)) { b'&' } else { b'|' });
                self.count(list.len());
                list.iter().for_each(|one| self.holds::<D>(value, one));
            }
            Condition::Not(inner) => {
                self.bytes.push(b'!');
                self.holds::<D>(value, inner);
            }
            Condition::Null(_) | Condition::In(..) | Condition::Text(..) | Condition::Compare(..) => {
                self.bytes.push(b'c');
                self.related_value::<D>(value);
                self.condition::<D>(holds);
            }
            Condition::All => self.bytes.push(b'*'),
            Condition::Nothing | Condition::Related(_) | Condition::RelatedTo(_) | Condition::Measured(_) => {
                self.bytes.push(b'-');
            }
        }
    }

    /// How many rows are passed over.
    pub fn offset(&mut self, offset: u64) {
        self.bytes.push(u8::from(offset > 0));
        if offset > 0 {
            self.values.push(Cow::Owned(Value::Int(offset.try_into().unwrap_or(i64::MAX))));
        }
    }

    /// A value of a row.
    pub fn value(&mut self, value: &'a Value) {
        self.values.push(Cow::Borrowed(value));
    }

    /// A row of all fields.
    pub fn values(&mut self, row: &'a [Value]) {
        self.values.extend(row.iter().map(Cow::Borrowed));
    }

    /// A relation, which is static data.
    pub fn relation(&mut self, relation: &'static RelationMeta) {
        self.bytes.extend_from_slice(&std::ptr::from_ref(relation).addr().to_le_bytes());
    }

    /// One value of the statement's own.
    pub fn owned(&mut self, value: Value) {
        self.values.push(Cow::Owned(value));
    }

    /// Keys of several values each.
    pub fn keys(&mut self, keys: &'a [Vec<Value>]) {
        self.count(keys.len());
        self.values.extend(keys.iter().flatten().map(Cow::Borrowed));
    }

    /// New values of fields.
    pub fn set(&mut self, set: &'a [(usize, Value)]) {
        self.count(set.len());
        for (field, value) in set {
            self.count(*field);
            self.values.push(Cow::Borrowed(value));
        }
    }

    /// A condition; its values in the order of [`super::condition`].
    pub fn condition<D: Dialect>(&mut self, one: &'a Condition) {
        let mut part = |kind: u8, field: usize, detail: u8| {
            self.bytes.extend_from_slice(&[kind, detail]);
            self.bytes.extend_from_slice(&field.to_le_bytes());
        };
        match one {
            Condition::All => part(b'*', 0, 0),
            Condition::Null(field) => part(b'0', *field, 0),
            Condition::Not(inner) => {
                part(b'!', 0, 0);
                self.condition::<D>(inner);
            }
            Condition::And(list) => {
                part(b'&', list.len(), 0);
                list.iter().for_each(|one| self.condition::<D>(one));
            }
            Condition::Or(list) => {
                part(b'|', list.len(), 0);
                list.iter().for_each(|one| self.condition::<D>(one));
            }
            Condition::Compare(field, comparison, value) => {
                part(b'=', *field, *comparison as u8);
                self.values.push(Cow::Borrowed(value));
            }
            Condition::In(field, values) => {
                part(b'i', *field, 0);
                self.values.push(Cow::Owned(D::list(values)));
            }
            Condition::Text(field, how, text) => {
                part(b'~', *field, *how as u8);
                self.values.push(Cow::Owned(Value::Text(pattern(*how, text))));
            }
            Condition::Nothing => part(b'-', 0, 0),
            Condition::Related(related) => {
                part(b'r', 0, 0);
                self.relation(related.relation);
                self.condition::<D>(&related.target);
                // As it is written: there is no table in between otherwise.
                if related.relation.through.is_some() {
                    self.condition::<D>(&related.between);
                }
            }
            Condition::RelatedTo(to) => {
                part(b't', 0, 0);
                self.relation(to.relation);
                if to.relation.through.is_some() {
                    self.keys(std::slice::from_ref(&to.key));
                    self.condition::<D>(&to.between);
                }
            }
            Condition::Measured(measured) => {
                part(b'm', 0, 0);
                self.holds::<D>(&measured.value, &measured.holds);
            }
        }
    }

    /// What is computed, of which groups, in what order; not of which rows.
    pub fn aggregation(&mut self, asked: &Aggregation) {
        self.count(asked.groups.len());
        asked.groups.iter().for_each(|field| self.count(*field));
        self.count(asked.measures.len());
        asked.measures.iter().for_each(|measure| self.measure(*measure));
        self.count(asked.order.len());
        for (key, direction) in &asked.order {
            self.bytes.push(*direction as u8);
            match key {
                GroupKey::Field(field) => {
                    self.bytes.push(b'f');
                    self.count(*field);
                }
                GroupKey::Measure(measure) => {
                    self.bytes.push(b'm');
                    self.measure(*measure);
                }
            }
        }
    }

    fn measure(&mut self, measure: Measure) {
        let (function, field) = match measure {
            Measure::Count => (u8::MAX, 0),
            Measure::Of(function, field) => (function as u8, field),
        };
        self.bytes.push(function);
        self.count(field);
    }

    /// The statement; its text is written where there is none of this shape yet.
    ///
    /// # Errors
    /// Where text and values do not fit each other: a mistake in this program.
    pub fn statement<D: Dialect>(self, write: impl FnOnce(&mut SqlWriterValues)) -> Result<Statement<'a>> {
        let written = || {
            let (placeholder, numbered) = D::builder().placeholder();
            let mut writer = SqlWriterValues::new(placeholder, numbered);
            write(&mut writer);
            let (text, placeholders) = writer.into_parts();
            if placeholders.0.len() == self.values.len() {
                return Ok(text);
            }
            let table = self.entity.table;
            Err(Error::internal(format!("{table}: a statement has other placeholders than values: {text}")))
        };
        let text = D::texts().of(&self.bytes, written)?;
        Ok(Statement { text, values: self.values })
    }
}

/// The texts that were written so far, by shape.
#[derive(Default)]
pub(crate) struct Texts(RwLock<HashMap<Box<[u8]>, Arc<str>>>);

/// So many texts are kept. Clients can ask for more shapes than that; then all are written anew.
const KEPT: usize = 1024;

impl Texts {
    fn of(&self, shape: &[u8], write: impl FnOnce() -> Result<String>) -> Result<Arc<str>> {
        // Whoever panicked while holding the lock cannot have left half an entry.
        if let Some(text) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(shape) {
            return Ok(text.clone());
        }
        let text: Arc<str> = write()?.into();
        let mut texts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if texts.len() >= KEPT {
            texts.clear();
        }
        texts.insert(shape.into(), text.clone());
        Ok(text)
    }
}
