//! What the framework knows about an entity: static data, made by `#[derive(Entity)]`.

mod field_rule;
mod origin;
#[cfg(not(target_arch = "wasm32"))]
mod source;

use std::fmt;

pub use field_rule::{FieldCheck, FieldFunction, FieldRule};
pub use origin::{Masks, Origin};
#[cfg(not(target_arch = "wasm32"))]
pub use source::{Source, SqlPart};

use crate::hooks::HookSet;
use crate::identity::Identity;
use crate::record::AnyRecord;
use crate::value::{FieldType, Value};

/// An entity: its names, its fields and its rules.
///
/// Everything that is written once for all entities (SQL, REST, forms, the guard) reads this.
#[derive(Clone, Copy)]
pub struct EntityMeta {
    /// The name in addresses, in the plural: `tasks`.
    pub key: &'static str,
    /// The table's name.
    pub table: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// The name of the Rust type.
    pub rust_name: &'static str,
    /// The fields, in the order of the declaration. Everywhere else a field is its position in this list.
    pub fields: &'static [FieldMeta],
    /// The relations to other entities. Everywhere else a relation is its position in this list.
    pub relations: &'static [RelationMeta],
    /// The fields that are the id, one or several, in the order of their declaration.
    pub ids: &'static [usize],
    /// The field that counts the versions of a row.
    pub version: Option<usize>,
    /// Who may do what through the API.
    pub allow: Allow,
    /// The order of a query that names none; the id always comes last.
    pub order_by: &'static [(usize, Direction)],
    /// Which lifecycle hooks the entity has.
    pub hooks: HookSet,
    /// A new record with the declared defaults.
    pub new_record: fn() -> Box<dyn AnyRecord>,
    /// Where what the server keeps of each row stands, where it does.
    pub kept: Option<Kept>,
    /// The indexes of the table, those of single fields too; each ends with the id.
    #[cfg(not(target_arch = "wasm32"))]
    pub indexes: &'static [&'static [(usize, Direction)]],
    /// The rows that the API may touch at all, for an identity or nobody.
    #[cfg(not(target_arch = "wasm32"))]
    pub api_filter: Option<fn(Option<&Identity>) -> crate::filter::Condition>,
    /// What the server does to filters, beside that.
    #[cfg(not(target_arch = "wasm32"))]
    pub filters: crate::filter::Prefilters,
    /// What rows are read from.
    #[cfg(not(target_arch = "wasm32"))]
    pub source: Source,
    /// Runs `saving_many`, where the entity has hooks.
    #[cfg(not(target_arch = "wasm32"))]
    pub saving_many: Option<crate::hooks::SavingMany>,
    /// Sets of its fields: what [`EntityMeta::with_masks`] makes of them.
    pub masks: Masks,
}

impl EntityMeta {
    /// The position of the field with this name on the wire.
    #[must_use]
    pub fn field_by_wire(&self, wire: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.wire == wire)
    }

    /// The relation with this name on the wire.
    #[must_use]
    pub fn relation_by_wire(&self, wire: &str) -> Option<&'static RelationMeta> {
        self.relations.iter().find(|relation| relation.wire == wire)
    }

    /// Is a relation loaded by queries that do not name it?
    #[must_use]
    pub fn always_includes(&self) -> bool {
        self.relations.iter().any(|relation| relation.included)
    }

    /// A field by its position.
    ///
    /// # Panics
    /// Where the position is not one of this entity's: positions come from this meta only.
    #[must_use]
    pub fn field(&self, index: usize) -> &'static FieldMeta {
        &self.fields[index]
    }

    /// The fields that are the id.
    #[must_use]
    pub fn id_fields(&self) -> FieldMask {
        self.ids.iter().copied().collect()
    }

    /// The id that the database counts up, where it does. It is the only field of the id then.
    #[must_use]
    pub fn counted_id(&self) -> Option<usize> {
        self.ids.iter().copied().find(|id| self.field(*id).auto_increment)
    }

    /// A mask of all fields.
    #[must_use]
    pub const fn all_fields(&self) -> FieldMask {
        FieldMask::first(self.fields.len())
    }

    /// An order to its end: rows that are equal in it are ordered by their id, in the direction of its last field, so that an
    /// index on the fields and the id serves it forwards and backwards. What stands behind the id decides nothing.
    #[must_use]
    pub fn complete_order(&self, order: &[(usize, Direction)]) -> Vec<(usize, Direction)> {
        let mut complete = Vec::with_capacity(order.len() + self.ids.len());
        let mut missing = self.id_fields();
        for (field, direction) in order {
            if missing.is_empty() {
                break;
            }
            missing.remove(*field);
            complete.push((*field, *direction));
        }
        let last = complete.last().map_or(Direction::Asc, |(_, direction)| *direction);
        complete.extend(missing.iter().map(|field| (field, last)));
        complete
    }

    /// Does a save run a hook, of the entity or of a field, so that it needs the whole record and a transaction? A validator
    /// that asks elsewhere is one; but what is unique an index says too.
    #[must_use]
    pub fn hooks_around_save(&self) -> bool {
        self.hooks.around_save() || self.fields.iter().any(|field| field.has_saving || field.asks)
    }

    /// Is there a validator that asks elsewhere?
    #[must_use]
    pub fn asks(&self) -> bool {
        self.fields.iter().any(|field| field.asks || field.unique)
    }

    /// The positions of the fields that hold a role, such as the time of creation.
    pub fn with_role(&self, role: FieldRole) -> impl Iterator<Item = usize> {
        self.fields.iter().enumerate().filter(move |(_, field)| field.role == role).map(|(index, _)| index)
    }
}

impl PartialEq for EntityMeta {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl fmt::Debug for EntityMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntityMeta").field("key", &self.key).finish_non_exhaustive()
    }
}

/// One field of an entity.
#[derive(Clone, Copy)]
pub struct FieldMeta {
    /// The name in Rust: `created_at`.
    pub name: &'static str,
    /// The name on the wire: `createdAt`.
    pub wire: &'static str,
    /// The name of the column.
    pub column: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// How it is stored.
    pub field_type: FieldType,
    /// May it be null?
    pub nullable: bool,
    /// Does its Rust type take less than its field type, or other than it is sent?
    pub converts: bool,
    /// Does its value not come with the row, but when it is asked for?
    pub lazy: bool,
    /// Where its value comes from.
    pub origin: Origin,
    /// Is it an id that the database counts up?
    pub auto_increment: bool,
    /// What people read of a value, where that is not its text.
    pub display: Option<fn(&Value) -> String>,
    /// The column's type, where another than the usual one is wanted.
    #[cfg(not(target_arch = "wasm32"))]
    pub column_type: Option<&'static str>,
    /// What makes an id, where that is no new UUID.
    #[cfg(not(target_arch = "wasm32"))]
    pub make: Option<fn() -> Value>,
    /// What the framework does with it on its own.
    pub role: FieldRole,
    /// No two rows have the same value.
    pub unique: bool,
    /// Who may see it. What cannot be seen of every row cannot be filtered or sorted by either.
    pub api_read: FieldRule,
    /// Who may write it, on insert and on update.
    pub allow_update: FieldRule,
    /// What must hold of its value, in the browser and on the server.
    pub validators: &'static [Validator],
    /// Does a function run on the server before the field is saved?
    pub has_saving: bool,
    /// Does the server alone fill it in, once?
    pub kept: bool,
    /// Does one of its validators ask elsewhere, beside whether its value is unique?
    pub asks: bool,
    /// The `type` of the HTML input, where another than the usual one for the field's type is wanted.
    pub input: Option<&'static str>,
    /// The placeholder of the HTML input.
    pub placeholder: Option<&'static str>,
    /// A sentence of help beside the input.
    pub help: Option<&'static str>,
}

impl FieldMeta {
    /// A field with nothing but its names and its type: the derive fills in the rest.
    #[must_use]
    pub const fn new(
        name: &'static str,
        wire: &'static str,
        label: &'static str,
        field_type: FieldType,
        nullable: bool,
    ) -> Self {
        Self {
            name,
            wire,
            column: name,
            label,
            field_type,
            nullable,
            converts: false,
            lazy: false,
            origin: Origin::Written,
            auto_increment: false,
            display: None,
            #[cfg(not(target_arch = "wasm32"))]
            column_type: None,
            #[cfg(not(target_arch = "wasm32"))]
            make: None,
            role: FieldRole::Plain,
            unique: false,
            api_read: Rule::Everyone,
            allow_update: Rule::Everyone,
            validators: &[],
            has_saving: false,
            kept: false,
            asks: false,
            input: None,
            placeholder: None,
            help: None,
        }
    }

    /// Does the framework itself keep the value, so that nobody else writes it?
    #[must_use]
    pub const fn is_stamped(&self) -> bool {
        matches!(self.role, FieldRole::CreatedAt | FieldRole::UpdatedAt | FieldRole::Version)
    }

    /// Must somebody fill it in?
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.validators.iter().any(|validator| matches!(validator.check, Check::Required | Check::NotNull))
    }

    /// The least and the greatest number of characters that `len` allows.
    #[must_use]
    pub fn length_limits(&self) -> Option<(usize, usize)> {
        self.validators.iter().find_map(|validator| match validator.check {
            Check::Len { min, max } => Some((min, max)),
            _ => None,
        })
    }
}

impl fmt::Debug for FieldMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldMeta").field("name", &self.name).field("type", &self.field_type).finish_non_exhaustive()
    }
}

/// A relation of an entity to another one, or to itself.
#[derive(Clone, Copy)]
pub struct RelationMeta {
    /// Its position among the entity's relations.
    pub index: usize,
    /// The name in Rust: `project`.
    pub name: &'static str,
    /// The name on the wire.
    pub wire: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// Can there be several related rows?
    pub many: bool,
    /// The entity at the other end.
    pub target: fn() -> &'static EntityMeta,
    /// Pairs of fields that are equal: the entity's own, and the target's; or that of the entity in between.
    pub keys: &'static [(usize, usize)],
    /// The entity in between, where many are related to many.
    pub through: Option<Through>,
    /// What holds of the related rows beside the keys.
    pub filter: Option<fn() -> crate::filter::Condition>,
    /// Is it loaded by queries that do not name it?
    pub included: bool,
    /// Who may see it and ask about it through the API, beside the rights on the target itself.
    pub api_read: IdentityRule,
    /// What becomes of a row when the one that its key points to is deleted.
    pub on_delete: OnDelete,
    /// How it travels: behind a pointer, so that only an application with relations has the code in its wasm.
    pub travel: &'static crate::relation::Travel,
}

impl RelationMeta {
    /// The entity at the other end.
    #[must_use]
    pub fn target(&self) -> &'static EntityMeta {
        (self.target)()
    }

    /// Is it one row at most that a key names at the other end: by its whole id, or by a field that is unique?
    #[must_use]
    pub fn names_one_row(&self) -> bool {
        let target = self.target();
        match self.keys {
            [(_, other)] if target.field(*other).unique => true,
            keys => keys.len() == target.ids.len() && keys.iter().all(|(_, other)| target.ids.contains(other)),
        }
    }

    /// Do the entity's own fields hold the key, so that the database can keep watch over it?
    #[must_use]
    pub const fn holds_the_key(&self) -> bool {
        !self.many && self.through.is_none()
    }
}

impl PartialEq for RelationMeta {
    /// Relations are static data: each is only equal to itself.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl fmt::Debug for RelationMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelationMeta").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The entity in between, whose rows say which are related.
#[derive(Clone, Copy)]
pub struct Through {
    /// The entity.
    pub entity: fn() -> &'static EntityMeta,
    /// Pairs of fields that are equal: that of the entity in between, and the target's.
    pub keys: &'static [(usize, usize)],
}

/// What becomes of a row when the one that its key points to is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDelete {
    /// That one cannot be deleted: 409.
    #[default]
    Restrict,
    /// It is deleted too.
    Cascade,
    /// Its key is null from then on.
    SetNull,
    /// The database does not keep watch.
    Unwatched,
}

/// The fields of an embedded [`PersistenceItem`](crate::PersistenceItem) that are filled in once; its times are stamps as others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The identifier.
    pub object_id: usize,
    /// Who has inserted the row.
    pub owner_id: usize,
}

/// What the framework does with a field on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldRole {
    /// Nothing.
    Plain,
    /// It is the id: made on the server when left empty, never changed through the API.
    Id,
    /// Set once, when the row is inserted.
    CreatedAt,
    /// Set at every save.
    UpdatedAt,
    /// Counted up at every save; a save that carries another than the stored one is a conflict.
    Version,
}

/// Who may do something, judged by the identity and, for writes, by the record.
#[derive(Clone, Copy)]
pub enum Rule<F> {
    /// Everybody, signed in or not.
    Everyone,
    /// Nobody through the API.
    Nobody,
    /// Everybody who is signed in.
    Authenticated,
    /// Whoever has one of these roles.
    Roles(&'static [&'static str]),
    /// Whoever is signed in and passes the function.
    Check(F),
}

/// A rule that is judged by the identity alone.
pub type IdentityRule = Rule<fn(&Identity) -> bool>;

/// A rule that is judged by the identity and the record.
pub type RecordRule = Rule<fn(&Identity, &dyn AnyRecord) -> bool>;

/// Who may do what with an entity through the API. Nobody may do anything unless it is declared.
#[derive(Clone, Copy)]
pub struct Allow {
    /// Seeing rows.
    pub read: IdentityRule,
    /// Adding a row; judged by the new record.
    pub insert: RecordRule,
    /// Changing a row; judged by the stored and by the resulting record.
    pub update: RecordRule,
    /// Deleting a row; judged by the stored record.
    pub delete: RecordRule,
}

impl Allow {
    /// Nobody, nothing.
    pub const NOTHING: Self =
        Self { read: Rule::Nobody, insert: Rule::Nobody, update: Rule::Nobody, delete: Rule::Nobody };
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Small first.
    Asc,
    /// Large first.
    Desc,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }
}

/// Something that must hold of a field's value.
#[derive(Clone, Copy)]
pub struct Validator {
    /// What must hold.
    pub check: Check,
    /// What to say where it does not; `None` is the default sentence.
    pub message: Option<&'static str>,
}

impl Validator {
    /// A validator with the default message.
    #[must_use]
    pub const fn new(check: Check) -> Self {
        Self { check, message: None }
    }
}

/// The kinds of validators.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Check {
    /// Not null, not an empty text, not blank.
    Required,
    /// From `min` to `max` characters (Unicode scalar values).
    Len {
        /// The least number of characters.
        min: usize,
        /// The greatest number of characters; `usize::MAX` for none.
        max: usize,
    },
    /// From `min` to `max`, both included.
    Range {
        /// The least number.
        min: Option<Number>,
        /// The greatest number.
        max: Option<Number>,
    },
    /// An e-mail address, as HTML's `<input type=email>` understands it.
    Email,
    /// An `http` or `https` address.
    Url,
    /// The whole text matches a regular expression.
    Pattern(&'static str),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A function of the value; answers what is wrong with it.
    Custom(fn(&Value) -> Result<(), String>),
    /// A part of an id of several fields: as text these are joined by commas, so that none has one of its own.
    PartOfId,
    /// Not null; a text may be empty.
    NotNull,
    /// No other row has the value.
    Unique(crate::validate::Ask),
    /// There is a row that the relation over the field leads to.
    Exists(crate::validate::Ask),
    /// An async function of the value and the record; answers what is wrong with the value.
    CustomAsync(crate::validate::Ask),
}

/// A number in a `range`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => n.fmt(f),
            Self::Float(n) => f.write_str(&crate::json::format_float(*n)),
        }
    }
}

/// The most fields that an entity can have: as many as a [`FieldMask`] holds.
pub const MAX_FIELDS: usize = 128;

/// A set of an entity's fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldMask(u128);

impl FieldMask {
    /// No field.
    pub const NONE: Self = Self(0);

    /// The first so many fields.
    #[must_use]
    pub const fn first(count: usize) -> Self {
        if count >= MAX_FIELDS { Self(u128::MAX) } else { Self((1 << count) - 1) }
    }

    /// Is the field in the set?
    #[must_use]
    pub const fn contains(self, index: usize) -> bool {
        index < MAX_FIELDS && self.0 & (1 << index) != 0
    }

    /// Puts a field into the set.
    pub const fn insert(&mut self, index: usize) {
        if index < MAX_FIELDS {
            self.0 |= 1 << index;
        }
    }

    /// Takes a field out of the set.
    pub const fn remove(&mut self, index: usize) {
        if index < MAX_FIELDS {
            self.0 &= !(1 << index);
        }
    }

    /// The fields of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The fields that are in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The fields that are in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Is no field in the set?
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// A bit for each position.
    #[must_use]
    pub const fn to_bits(self) -> u128 {
        self.0
    }

    /// The positions of the fields in the set.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let index = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(index)
        })
    }
}

impl FromIterator<usize> for FieldMask {
    fn from_iter<I: IntoIterator<Item = usize>>(indexes: I) -> Self {
        let mut mask = Self::NONE;
        indexes.into_iter().for_each(|index| mask.insert(index));
        mask
    }
}
