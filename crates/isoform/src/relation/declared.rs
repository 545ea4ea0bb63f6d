//! What an application declares of related rows: the filters of relations, and fields that are values of related rows.

use super::value::{Measured, OrderKey, RelatedValue, ValueOf};
use crate::filter::{Condition, Related, RelatedTo};
use crate::meta::{EntityMeta, RelationMeta, Source};
use crate::{Error, Result};

/// The relations whose own filters stand around what is looked at.
type Within<'a> = &'a [&'static RelationMeta];

/// What holds of the related rows beside the keys: the relation's own filter, with those of the relations that it asks across.
///
/// # Errors
/// Where it asks across its own relation, so that it would never end.
pub(crate) fn filter_of(relation: &'static RelationMeta) -> Result<Condition> {
    own_filter(relation, &[])
}

fn own_filter(relation: &'static RelationMeta, within: Within<'_>) -> Result<Condition> {
    let Some(filter) = relation.filter else { return Ok(Condition::All) };
    if within.contains(&relation) {
        let (name, target) = (relation.name, relation.target().rust_name);
        return Err(Error::internal(format!(
            "the filter of the relation `{name}` to {target} asks across this relation itself: it would never end"
        )));
    }
    known_within(filter(), &[within, &[relation]].concat())
}

fn known_within(condition: Condition, within: Within<'_>) -> Result<Condition> {
    let related = |Related { relation, target, between }: Related| {
        let target = known_within(target, within)?.and(own_filter(relation, within)?);
        Ok(Related { relation, target, between })
    };
    let to = |to: RelatedTo| {
        let filter = own_filter(to.relation, within)?;
        Ok(found_by(to, Condition::All).and(filter))
    };
    each(condition, &related, &to, &|value| known_value(value, within))
}

fn known_value(value: RelatedValue, within: Within<'_>) -> Result<RelatedValue> {
    let of = match value.of {
        ValueOf::Measure(measure) => ValueOf::Measure(measure),
        ValueOf::Key(key) => ValueOf::Key(known_key(key, within)?),
    };
    let target = known_within(value.target, within)?.and(own_filter(value.relation, within)?);
    Ok(RelatedValue { of, target, ..value })
}

fn known_key(key: OrderKey, within: Within<'_>) -> Result<OrderKey> {
    Ok(match key {
        OrderKey::Field(field) => OrderKey::Field(field),
        OrderKey::Related(value) => OrderKey::Related(Box::new(known_value(*value, within)?)),
    })
}

/// The rows at the other end of a relation: those with its key, or those that rows in between belong to, of which something holds.
pub(crate) fn found_by(to: RelatedTo, between: Condition) -> Condition {
    if to.relation.through.is_some() {
        let between = to.between.clone().and(between);
        return Condition::RelatedTo(Box::new(RelatedTo { between, ..to }));
    }
    let fields = to.relation.keys.iter().map(|(_, other)| *other).zip(to.key);
    fields.fold(Condition::All, |all, (field, value)| all.and(Condition::equals(field, value)))
}

/// The condition with each question about related rows replaced.
pub(crate) fn each(
    condition: Condition,
    related: &dyn Fn(Related) -> Result<Related>,
    to: &dyn Fn(RelatedTo) -> Result<Condition>,
    value: &dyn Fn(RelatedValue) -> Result<RelatedValue>,
) -> Result<Condition> {
    let list =
        |list: Vec<Condition>| list.into_iter().map(|one| each(one, related, to, value)).collect::<Result<Vec<_>>>();
    Ok(match condition {
        Condition::Related(one) => Condition::Related(Box::new(related(*one)?)),
        Condition::RelatedTo(one) => to(*one)?,
        Condition::Measured(one) => {
            let Measured { value: of, holds } = *one;
            Condition::Measured(Box::new(Measured { value: value(of)?, holds }))
        }
        Condition::And(all) => Condition::And(list(all)?),
        Condition::Or(any) => Condition::Or(list(any)?),
        Condition::Not(inner) => Condition::Not(Box::new(each(*inner, related, to, value)?)),
        other => other,
    })
}

impl EntityMeta {
    /// The value of related rows that a field is declared to be, with the filters of the relations on the way.
    #[must_use]
    pub fn declared_value(&self, field: usize) -> Option<OrderKey> {
        // One that never ends stops the start-up.
        known_key(self.field(field).related()?, &[]).ok()
    }

    /// Passes what the entity declares of related rows, where none of it leads back to itself and all of it can be asked for.
    ///
    /// # Errors
    /// With the relation or the field that would never end, or never be answered.
    pub fn check_relations(&'static self) -> Result<()> {
        let told = |error: Error| {
            let cause =
                error.cause().map_or_else(|| error.message().trim_end_matches('.').to_owned(), ToString::to_string);
            Error::invalid(format!("{}: {cause}.", self.rust_name))
        };
        for relation in self.relations {
            let filter = filter_of(relation).map_err(told)?;
            condition_ends(relation.target(), &filter, &mut Vec::new()).map_err(told)?;
            asks_unasked(relation, &filter).map_err(told)?;
        }
        for field in 0..self.fields.len() {
            field_ends(self, field, &mut Vec::new()).map_err(told)?;
        }
        Ok(())
    }
}

/// Passes a relation that is always included where its rows are asked for with arguments that something declared may give.
fn asks_unasked(relation: &RelationMeta, filter: &Condition) -> Result<()> {
    let target = relation.target();
    let Source::Function(function) = &target.source else { return Ok(()) };
    let given =
        condition_calls(filter) || target.filters.backend.is_some() || target.filters.backend_preprocess.is_some();
    if !relation.included || function.arguments.is_empty() || given {
        return Ok(());
    }
    Err(Error::internal(format!(
        "the relation `{}` is always included, but nobody gives the arguments that {} is asked with: leave `include` out, and \
         include it with a filter where it is wanted",
        relation.name, target.rust_name
    )))
}

/// The fields whose declared values stand around what is looked at.
type Around = Vec<(&'static str, usize)>;

fn field_ends(meta: &EntityMeta, field: usize, around: &mut Around) -> Result<()> {
    let Some(declared) = meta.field(field).related() else { return Ok(()) };
    if around.contains(&(meta.key, field)) {
        let (entity, name) = (meta.rust_name, meta.field(field).name);
        return Err(Error::internal(format!(
            "the field `{name}` of {entity} is computed of itself: it would never end"
        )));
    }
    around.push((meta.key, field));
    let declared = known_key(declared, &[])?;
    if calls(&declared) {
        let (entity, name) = (meta.rust_name, meta.field(field).name);
        return Err(Error::internal(format!(
            "the field `{name}` of {entity} is computed by a custom filter, which the database does not know"
        )));
    }
    if let Some(there) = answered_by_function(&declared) {
        let (entity, name) = (meta.rust_name, meta.field(field).name);
        return Err(Error::internal(format!(
            "the field `{name}` of {entity} is computed of rows of {}, which a function answers: a query asks for them, a declared value cannot",
            there.rust_name
        )));
    }
    key_ends(meta, &declared, around)?;
    around.pop();
    Ok(())
}

fn key_ends(meta: &EntityMeta, key: &OrderKey, around: &mut Around) -> Result<()> {
    match key {
        OrderKey::Field(field) => field_ends(meta, *field, around),
        OrderKey::Related(value) => value_ends(value, around),
    }
}

fn value_ends(value: &RelatedValue, around: &mut Around) -> Result<()> {
    let target = value.relation.target();
    match &value.of {
        ValueOf::Measure(measure) => {
            measure.result(target)?;
            measure.field().map_or(Ok(()), |field| field_ends(target, field, around))?;
        }
        ValueOf::Key(key) => key_ends(target, key, around)?,
    }
    condition_ends(target, &value.target, around)
}

fn condition_ends(meta: &EntityMeta, condition: &Condition, around: &mut Around) -> Result<()> {
    match condition {
        Condition::Related(related) => condition_ends(related.relation.target(), &related.target, around),
        Condition::RelatedTo(to) => filter_of(to.relation).map(drop),
        Condition::Measured(measured) => value_ends(&measured.value, around),
        Condition::And(list) | Condition::Or(list) => list.iter().try_for_each(|one| condition_ends(meta, one, around)),
        Condition::Not(inner) => condition_ends(meta, inner, around),
        leaf => leaf.fields().iter().try_for_each(|field| field_ends(meta, field, around)),
    }
}

/// Does a declared value ask by a custom filter?
fn calls(key: &OrderKey) -> bool {
    let OrderKey::Related(value) = key else { return false };
    condition_calls(&value.target) || matches!(&value.of, ValueOf::Key(key) if calls(key))
}

fn condition_calls(condition: &Condition) -> bool {
    match condition {
        Condition::Custom(_) => true,
        Condition::Related(related) => condition_calls(&related.target),
        Condition::Measured(measured) => condition_calls(&measured.value.target),
        Condition::And(list) | Condition::Or(list) => list.iter().any(condition_calls),
        Condition::Not(inner) => condition_calls(inner),
        _ => false,
    }
}

/// The entity of which a declared value needs rows that a function answers: no question gives it its arguments.
fn answered_by_function(key: &OrderKey) -> Option<&'static EntityMeta> {
    let OrderKey::Related(value) = key else { return None };
    value_by_function(value)
}

fn value_by_function(value: &RelatedValue) -> Option<&'static EntityMeta> {
    let further = || match &value.of {
        ValueOf::Key(key) => answered_by_function(key),
        ValueOf::Measure(_) => None,
    };
    ends_by_function(value.relation).or_else(further).or_else(|| condition_by_function(&value.target))
}

fn ends_by_function(relation: &RelationMeta) -> Option<&'static EntityMeta> {
    let between = relation.through.map(|through| (through.entity)());
    let mut ends = between.into_iter().chain([relation.target()]);
    ends.find(|meta| matches!(meta.source, Source::Function(_)))
}

fn condition_by_function(condition: &Condition) -> Option<&'static EntityMeta> {
    match condition {
        Condition::Related(related) => {
            ends_by_function(related.relation).or_else(|| condition_by_function(&related.target))
        }
        Condition::Measured(measured) => value_by_function(&measured.value),
        Condition::And(list) | Condition::Or(list) => list.iter().find_map(condition_by_function),
        Condition::Not(inner) => condition_by_function(inner),
        _ => None,
    }
}
