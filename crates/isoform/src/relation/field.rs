//! `ToOne` and `ToMany`: what a query included, or nothing yet.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::entity::Entity;
use crate::record::{AnyRecord, Record};

/// The related record of a relation: loaded by [`Query::include`](crate::Query::include), or not.
///
/// It is no column: the row holds the related record's id in a field of its own. Saving a record does not save what is
/// related to it.
pub struct ToOne<E>(Option<Option<Arc<Record<E>>>>);

/// The related records of a relation: loaded by [`Query::include`](crate::Query::include), or not.
///
/// Saving a record does not save what is related to it.
pub struct ToMany<E>(Option<Vec<Arc<Record<E>>>>);

impl<E> ToOne<E> {
    /// Nothing loaded.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// The related record, where it is loaded and there is one.
    #[must_use]
    pub fn get(&self) -> Option<&Record<E>> {
        self.0.as_ref()?.as_deref()
    }

    /// Was it asked for? Then [`ToOne::get`] answers `None` where there is no related record.
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.0.is_some()
    }
}

impl<E: Entity> ToOne<E> {
    /// The related record, to be changed and saved by itself.
    pub fn get_mut(&mut self) -> Option<&mut Record<E>> {
        self.0.as_mut()?.as_mut().map(Arc::make_mut)
    }
}

impl<E> ToMany<E> {
    /// Nothing loaded.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// The related records; none where they are not loaded.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Record<E>> + DoubleEndedIterator {
        self.0.as_deref().unwrap_or_default().iter().map(Arc::as_ref)
    }

    /// One of them, by its position.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&Record<E>> {
        self.0.as_ref()?.get(position).map(Arc::as_ref)
    }

    /// How many are loaded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::len)
    }

    /// Are none loaded?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Were they asked for?
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.0.is_some()
    }
}

impl<E: Entity> ToMany<E> {
    /// The related records, to be changed and saved by themselves.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Record<E>> {
        self.0.as_deref_mut().unwrap_or_default().iter_mut().map(Arc::make_mut)
    }
}

impl<'a, E> IntoIterator for &'a ToMany<E> {
    type Item = &'a Record<E>;
    type IntoIter = std::iter::Map<std::slice::Iter<'a, Arc<Record<E>>>, fn(&'a Arc<Record<E>>) -> &'a Record<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.as_deref().unwrap_or_default().iter().map(Arc::as_ref)
    }
}

/// What the framework does with a relation's field, whatever its type.
#[doc(hidden)]
pub trait RelationField: Default {
    /// Can there be several?
    const MANY: bool;

    /// Takes over what was loaded.
    fn relate(&mut self, related: Vec<Arc<dyn AnyRecord>>);

    /// What is loaded.
    fn related(&self) -> Option<Vec<&dyn AnyRecord>>;
}

fn typed<E: Entity>(record: Arc<dyn AnyRecord>) -> Option<Arc<Record<E>>> {
    let any: Arc<dyn Any + Send + Sync> = record.into_any();
    any.downcast().ok()
}

impl<E: Entity> RelationField for ToOne<E> {
    const MANY: bool = false;

    fn relate(&mut self, related: Vec<Arc<dyn AnyRecord>>) {
        self.0 = Some(related.into_iter().next().and_then(typed));
    }

    fn related(&self) -> Option<Vec<&dyn AnyRecord>> {
        self.0.as_ref().map(|one| one.iter().map(|record| &**record as &dyn AnyRecord).collect())
    }
}

impl<E: Entity> RelationField for ToMany<E> {
    const MANY: bool = true;

    fn relate(&mut self, related: Vec<Arc<dyn AnyRecord>>) {
        self.0 = Some(related.into_iter().filter_map(typed).collect());
    }

    fn related(&self) -> Option<Vec<&dyn AnyRecord>> {
        self.0.as_ref().map(|list| list.iter().map(|record| &**record as &dyn AnyRecord).collect())
    }
}

macro_rules! like_their_contents {
    ($($name:ident),+) => { $(
        impl<E> Clone for $name<E> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<E> Default for $name<E> {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<E: Entity> PartialEq for $name<E> {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }

        impl<E: Entity> fmt::Debug for $name<E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match &self.0 {
                    Some(loaded) => loaded.fmt(f),
                    None => f.write_str("not loaded"),
                }
            }
        }
    )+ };
}
like_their_contents!(ToOne, ToMany);
