//! What an entity is, as whoever asks may know it.

use super::hidden::judged;
use super::{handled, resolve};
use crate::Result;
use crate::context::{Context, Scope};
use crate::describe::{
    AllowedField, AllowedWrites, Description, EntitySummary, FieldDescription, KeyDescription, Permission,
    RelationDescription, TypeDescription, ValidatorDescription, ValueDescription,
};
use crate::guard::{self, Write};
use crate::json;
use crate::meta::{Check, EntityMeta, FieldMask, FieldMeta, Number, RelationMeta, Validator};
use crate::value::{FieldType, Value};

/// What an entity is: its fields, its relations, and what the one who asks may do with it.
///
/// # Errors
/// 401 or 403 where they may do nothing with it.
pub async fn describe(context: &Context, meta: &'static EntityMeta) -> Result<Description> {
    match handled::describe(context, meta) {
        Some(handled) => handled.await,
        None => described(context, meta),
    }
}

/// As [`describe`], without handlers.
pub(super) fn described(context: &Context, meta: &'static EntityMeta) -> Result<Description> {
    let allowed = allowed(context, meta);
    if !is_anything(allowed) {
        // As a question for its rows is refused.
        guard::read(meta, context.identity())?;
    }
    let asker = Asker::of(context, meta, allowed);
    let wire = |index: usize| meta.field(index).wire.to_owned();
    let known = asker.known();
    Ok(Description {
        key: meta.key.into(),
        label: meta.label.into(),
        ids: meta.ids.iter().copied().filter(|id| known.contains(*id)).map(wire).collect(),
        version: meta.version.filter(|version| known.contains(*version)).map(wire),
        allowed,
        fields: known.iter().map(|index| asker.field(index)).collect(),
        relations: meta.relations.iter().filter_map(|one| relation(context, meta, one)).collect(),
    })
}

/// The entities that are served here, as far as the one who asks may do anything with them, in the order of their keys. What a handler
/// makes of an entity's description holds here too: one that it refuses (401, 403, 404) is not listed.
///
/// # Errors
/// Other errors of handlers.
pub async fn describe_entities(context: &Context) -> Result<Vec<EntitySummary>> {
    let mut all = Vec::with_capacity(context.entities().len());
    for meta in context.entities().iter().copied() {
        let allowed = allowed(context, meta);
        if !is_anything(allowed) {
            continue;
        }
        let Some(handled) = handled::describe(context, meta) else {
            all.push(EntitySummary { key: meta.key.into(), label: meta.label.into(), allowed });
            continue;
        };
        match handled.await {
            Ok(Description { key, label, allowed, .. }) => all.push(EntitySummary { key, label, allowed }),
            Err(error) if matches!(error.status(), 401 | 403 | 404) => {}
            Err(error) => return Err(error),
        }
    }
    all.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(all)
}

const fn is_anything(allowed: AllowedWrites) -> bool {
    allowed.read.is_possible()
        || allowed.insert.is_possible()
        || allowed.update.is_possible()
        || allowed.delete.is_possible()
}

const fn yes(is: bool) -> Permission {
    if is { Permission::Yes } else { Permission::No }
}

fn allowed(context: &Context, meta: &EntityMeta) -> AllowedWrites {
    if context.scope() == Scope::Backend {
        let write = yes(meta.has_table());
        return AllowedWrites { read: Permission::Yes, insert: write, update: write, delete: write };
    }
    let write = |write: Write| match guard::write(meta, context.identity(), write) {
        Err(_) => Permission::No,
        Ok(()) if guard::needs_record(meta, write) => Permission::ByRecord,
        Ok(()) => Permission::Yes,
    };
    AllowedWrites {
        read: yes(guard::read(meta, context.identity()).is_ok()),
        insert: write(Write::Insert),
        update: write(Write::Update),
        delete: write(Write::Delete),
    }
}

/// What the one who asks may know of the fields of an entity.
struct Asker<'a> {
    context: &'a Context,
    meta: &'static EntityMeta,
    allowed: AllowedWrites,
    /// Of every row.
    readable: FieldMask,
    /// Of some rows.
    judged: FieldMask,
    /// Of some rows.
    writable: FieldMask,
}

impl<'a> Asker<'a> {
    fn of(context: &'a Context, meta: &'static EntityMeta, allowed: AllowedWrites) -> Self {
        let all = |such: &dyn Fn(&FieldMeta) -> bool| {
            let fields = meta.fields.iter().enumerate().filter(|(_, field)| such(field));
            fields.map(|(index, _)| index).collect::<FieldMask>()
        };
        let (readable, writable) = match context.scope() {
            Scope::Backend => (meta.all_fields(), all(&|field| !field.is_made())),
            Scope::Api => {
                (guard::readable_fields(meta, context.identity()), guard::writable_fields(meta, context.identity()))
            }
        };
        Self { context, meta, allowed, readable, judged: judged(context, meta), writable }
    }

    fn writes(&self) -> bool {
        self.allowed.insert.is_possible() || self.allowed.update.is_possible()
    }

    fn known(&self) -> FieldMask {
        let seen = self.readable.or(self.judged);
        if self.writes() { seen.or(self.writable) } else { seen }
    }

    /// May they write a field, as far as its own rules say?
    fn write(&self, field: &FieldMeta, index: usize, rows: Permission) -> Permission {
        if !rows.is_possible() || !self.writable.contains(index) {
            return Permission::No;
        }
        let by_record = self.context.scope() == Scope::Api
            && [&field.api_read, &field.allow_update]
                .into_iter()
                .any(|rule| guard::of_every_row(rule, self.context.identity()).is_none());
        if by_record { Permission::ByRecord } else { rows }
    }

    fn field(&self, index: usize) -> FieldDescription {
        let field = self.meta.field(index);
        let is_id = self.meta.ids.contains(&index);
        let read = match () {
            () if self.readable.contains(index) => Permission::Yes,
            () if self.judged.contains(index) => Permission::ByRecord,
            () => Permission::No,
        };
        let update = if is_id { Permission::No } else { self.write(field, index, self.allowed.update) };
        FieldDescription {
            name: field.wire.into(),
            label: field.label.into(),
            field_type: field_type(field.field_type),
            nullable: field.nullable,
            unique: field.unique || self.meta.ids == [index],
            lazy: field.lazy,
            validators: field.validators.iter().map(validator).collect(),
            allowed: AllowedField { read, insert: self.write(field, index, self.allowed.insert), update },
            input: field.input.map(str::to_owned),
            placeholder: field.placeholder.map(str::to_owned),
            help: field.help.map(str::to_owned),
        }
    }
}

fn field_type(field_type: FieldType) -> TypeDescription {
    let kind = match field_type {
        FieldType::Text => "text",
        FieldType::Bool => "boolean",
        FieldType::Int32 => "int32",
        FieldType::Int64 => "int64",
        FieldType::Float => "float",
        FieldType::Uuid => "uuid",
        FieldType::DateTime => "dateTime",
        FieldType::Date => "date",
        FieldType::Enum(_) => "enum",
        FieldType::Json => "json",
        FieldType::List(_) => "list",
        FieldType::Scalar(scalar) => scalar.name,
    };
    let values = match field_type {
        FieldType::Enum(variants) => variants,
        _ => &[],
    };
    let value =
        |value: &crate::value::Variant| ValueDescription { value: value.value.into(), label: value.label.into() };
    let items = match field_type {
        FieldType::List(items) => Some(Box::new(self::field_type(*items))),
        _ => None,
    };
    TypeDescription { kind: kind.into(), values: values.iter().map(value).collect(), items }
}

fn validator(validator: &Validator) -> ValidatorDescription {
    let said = ValidatorDescription { message: validator.message.map(str::to_owned), ..Default::default() };
    let named = |check: &str| ValidatorDescription { check: check.into(), ..said.clone() };
    let number = |limit: Option<Number>| {
        limit.map(|limit| match limit {
            Number::Int(n) => json::to_json(&Value::Int(n)),
            Number::Float(n) => json::to_json(&Value::Float(n)),
        })
    };
    match validator.check {
        Check::Required => named("required"),
        Check::Len { min, max } => ValidatorDescription {
            min: (min > 0).then(|| min.into()),
            max: (max < usize::MAX).then(|| max.into()),
            ..named("len")
        },
        Check::Range { min, max } => ValidatorDescription { min: number(min), max: number(max), ..named("range") },
        Check::Email => named("email"),
        Check::Url => named("url"),
        Check::Pattern(pattern) => ValidatorDescription { pattern: Some(pattern.into()), ..named("pattern") },
        Check::OneOf(values) => {
            ValidatorDescription { values: values.iter().map(|value| (*value).to_owned()).collect(), ..named("oneOf") }
        }
        Check::Custom(_) | Check::CustomAsync(_) => named("custom"),
        Check::NotNull => named("notNull"),
        Check::Unique(_) => named("unique"),
        Check::Exists(_) => named("exists"),
        Check::PartOfId => named("partOfId"),
    }
}

/// A relation, where the one who asks may use it.
fn relation(context: &Context, meta: &EntityMeta, relation: &RelationMeta) -> Option<RelationDescription> {
    resolve::readable_across(context, meta, relation).ok()?;
    let target = relation.target();
    let between = relation.through.map(|through| (through.entity)());
    let key = |(own, other): &(usize, usize)| KeyDescription {
        own: meta.field(*own).wire.into(),
        other: between.unwrap_or(target).field(*other).wire.into(),
    };
    Some(RelationDescription {
        name: relation.wire.into(),
        label: relation.label.into(),
        many: relation.many,
        entity: target.key.into(),
        through: between.map(|between| between.key.into()),
        keys: relation.keys.iter().map(key).collect(),
        included: relation.included,
    })
}
