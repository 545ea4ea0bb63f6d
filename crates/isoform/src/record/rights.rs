//! What whoever asks may do with a record, for pages: from the same rules that guard the API. It is advice; the server asks again.

use super::{AnyRecord, Record};
use crate::Context;
use crate::entity::{Column, Entity};
use crate::guard::{self, Write};
use crate::identity::Identity;
use crate::meta::EntityMeta;
use crate::value::FieldValue;

/// Whom the context is for; nobody, where there is none.
fn asking() -> Option<Identity> {
    Context::current().ok().and_then(|context| context.identity().cloned())
}

/// Asks a record as it is in the table: what somebody types into it takes nothing from them.
fn as_stored(record: &dyn AnyRecord, ask: impl FnOnce(&dyn AnyRecord) -> bool) -> bool {
    match record.as_stored() {
        Some(stored) => ask(&*stored),
        None => ask(record),
    }
}

/// May somebody do this to a record?
#[must_use]
pub fn can(identity: Option<&Identity>, write: Write, record: &dyn AnyRecord) -> bool {
    let state = record.state();
    if state.is_deleted
        || state.is_new != (write == Write::Insert)
        || guard::write(record.meta(), identity, write).is_err()
    {
        return false;
    }
    !guard::needs_record(record.meta(), write)
        || as_stored(record, |stored| guard::write_record(identity, write, stored).is_ok())
}

/// Is a field of a record shown to somebody?
#[must_use]
pub fn can_read_field(identity: Option<&Identity>, record: &dyn AnyRecord, field: usize) -> bool {
    let (state, rule) = (record.state(), &record.meta().field(field).api_read);
    if state.hidden.contains(field) {
        return false;
    }
    // What was judged when the record was whole is not asked again: a rule might miss what is hidden.
    guard::of_every_row(rule, identity).unwrap_or_else(|| {
        !state.hidden.is_empty() || as_stored(record, |stored| guard::allows_field(rule, identity, stored))
    })
}

/// May somebody write a field of a record?
#[must_use]
pub fn can_update_field(identity: Option<&Identity>, record: &dyn AnyRecord, field: usize) -> bool {
    let (meta, state) = (record.meta(), record.state());
    let known = meta.field(field);
    // A new record is not judged before it is filled in.
    let writes = match state.is_new {
        // It is nobody's row.
        _ if meta.is_controller() => true,
        true => guard::write(meta, identity, Write::Insert).is_ok(),
        false => !meta.ids.contains(&field) && can(identity, Write::Update, record),
    };
    let passes = |rule| {
        guard::of_every_row(rule, identity)
            .unwrap_or_else(|| as_stored(record, |stored| guard::allows_field(rule, identity, stored)))
    };
    // Nobody is to write over what they have not read.
    let loaded = !(known.lazy && record.get(field).is_null());
    writes && loaded && !known.is_made() && can_read_field(identity, record, field) && passes(&known.allow_update)
}

impl EntityMeta {
    /// May whoever the context is for see rows of the entity?
    #[must_use]
    pub fn can_read(&self) -> bool {
        guard::read(self, asking().as_ref()).is_ok()
    }

    /// May whoever the context is for add a row? Where a rule judges the new record, [`Record::can_insert`] asks it.
    #[must_use]
    pub fn can_insert(&self) -> bool {
        guard::write(self, asking().as_ref(), Write::Insert).is_ok()
    }
}

impl<E: Entity> Record<E> {
    /// May whoever the context is for add it, as it is now? Not where it is in the table already.
    ///
    /// As all of these, it is advice for a page, in the browser as on the server, and never panics: without a context nobody asks.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// #[derive(Entity, Clone, Debug, PartialEq)]
    /// #[entity(key = "tasks", allow(read = true, insert = own))]
    /// pub struct Task {
    ///     #[field(id)]
    ///     pub id: Uuid,
    ///     pub owner: String,
    ///     #[field(allow_update = own)]
    ///     pub notes: String,
    /// }
    ///
    /// fn own(user: &Identity, task: &Record<Task>) -> bool {
    ///     task.owner == user.id
    /// }
    ///
    /// # #[cfg(not(target_arch = "wasm32"))] {
    /// let ann = Context::remote("https://example.org/api").with_identity(Identity::new("ann", "Ann"));
    /// ann.enter(|| {
    ///     let mut task = Record::<Task>::new();
    ///     assert!(Task::meta().can_insert() && !task.can_insert());
    ///     task.owner = "ann".into();
    ///     assert!(task.can_insert() && task.can_update_field(|t| t.notes));
    /// });
    /// # }
    /// assert!(!Task::meta().can_insert(), "nobody may");
    /// ```
    #[must_use]
    pub fn can_insert(&self) -> bool {
        can(asking().as_ref(), Write::Insert, self)
    }

    /// May whoever the context is for change it, as it is in the table? Not where it is new.
    #[must_use]
    pub fn can_update(&self) -> bool {
        can(asking().as_ref(), Write::Update, self)
    }

    /// May whoever the context is for delete it, as it is in the table? Not where it is new.
    #[must_use]
    pub fn can_delete(&self) -> bool {
        can(asking().as_ref(), Write::Delete, self)
    }

    /// Is a field of it shown to whoever the context is for?
    #[must_use]
    pub fn can_read_field<T: FieldValue>(&self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> bool {
        can_read_field(asking().as_ref(), self, field(E::FIELDS).index())
    }

    /// May whoever the context is for write a field of it? Of a record that they may not change, they may write none.
    #[must_use]
    pub fn can_update_field<T: FieldValue>(&self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> bool {
        can_update_field(asking().as_ref(), self, field(E::FIELDS).index())
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use crate::prelude::*;

    /// Somebody's.
    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "papers", allow(read = authenticated, insert = authenticated, update = own, delete = "admin"))]
    struct Paper {
        #[field(id)]
        id: String,
        owner: String,
        text: String,
        #[field(api_read = own)]
        notes: String,
        #[field(allow_update = "admin")]
        stamp: String,
        #[field(api_read = false)]
        secret: String,
        #[field(version)]
        version: i64,
    }

    fn own(user: &Identity, paper: &Record<Paper>) -> bool {
        paper.owner == user.id
    }

    fn of_ann() -> Record<Paper> {
        let row = [("id", "1"), ("owner", "ann"), ("text", "t"), ("notes", "n"), ("stamp", "s"), ("version", "1")];
        let row = row.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        Record::from_wire_row(row).unwrap_or_default()
    }

    fn by<T>(who: Option<Identity>, ask: impl FnOnce() -> T) -> T {
        Context::remote("https://example.org/api").with_identity(who).enter(ask)
    }

    /// What may be done to a record, and which fields are shown and written.
    fn rights(paper: &Record<Paper>) -> [bool; 7] {
        [
            paper.can_insert(),
            paper.can_update(),
            paper.can_delete(),
            paper.can_read_field(|p| p.notes),
            paper.can_update_field(|p| p.text),
            paper.can_update_field(|p| p.notes),
            paper.can_update_field(|p| p.stamp),
        ]
    }

    #[test]
    fn a_page_is_told_what_the_rules_say() {
        let (ann, bob) = (Identity::new("ann", "Ann"), Identity::new("bob", "Bob"));
        let root = Identity::new("root", "Root").role("admin");
        let paper = of_ann();
        assert_eq!(by(Some(ann.clone()), || rights(&paper)), [false, true, false, true, true, true, false]);
        assert_eq!(by(Some(bob), || rights(&paper)), [false, false, false, true, false, false, false]);
        assert_eq!(by(Some(root.clone()), || rights(&paper))[..3], [false, false, true]);
        assert_eq!(by(None, || rights(&paper)), [false; 7]);
        assert_eq!(rights(&paper), [false; 7], "without a context nobody asks");
        let new = Record::<Paper>::new();
        assert_eq!(by(Some(ann.clone()), || rights(&new)), [true, false, false, false, true, false, false]);
        assert!(by(Some(root), || new.can_update_field(|p| p.stamp)));
        by(Some(ann), || {
            assert!(Paper::meta().can_read() && Paper::meta().can_insert());
            assert!(!paper.can_read_field(|p| p.secret) && !paper.can_update_field(|p| p.version));
            assert!(!paper.can_update_field(|p| p.id), "an id that is there stays");
        });
        by(None, || assert!(!Paper::meta().can_read() && !Paper::meta().can_insert()));
    }

    #[test]
    fn what_is_typed_takes_no_right_away_and_gives_none() {
        let mut paper = of_ann();
        paper.owner = "bob".into();
        let changed = |who: &str| by(Some(Identity::new(who, who)), || rights(&paper));
        assert_eq!(changed("ann")[1..6], [true, false, true, true, true]);
        assert_eq!(changed("bob")[1..3], [false, false]);
    }

    #[test]
    fn what_the_server_has_not_shown_is_not_there() {
        let mut paper = of_ann();
        let notes = Paper::FIELDS.notes.index();
        paper.state_mut().hidden.insert(notes);
        assert_eq!(by(Some(Identity::new("ann", "Ann")), || rights(&paper))[3..6], [false, true, false]);
    }
}
