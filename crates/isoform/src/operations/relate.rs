//! What is related over an entity in between: rows of that are made and deleted, by the ids of the rows at both ends.

use super::bulk::{Beside, delete_many_as, given, upsert_counted};
use super::{concealed, handled, not_found, prefilter, references};
use crate::bulk::{UpsertRow, Which};
use crate::context::{Context, Scope};
use crate::filter::{Condition, wire};
use crate::guard::{self, Write};
use crate::id::Id;
use crate::meta::{EntityMeta, RelationMeta};
use crate::relation::{Relate, RelationChange};
use crate::value::Value;
use crate::{Error, Result};

/// Changes what is related to a row over an entity in between; answers how many rows in between came and went.
///
/// # Errors
/// 400 for a relation that has no entity in between or is not the asker's to know, and for too many rows; 401, 403 and 409 as writing
/// the rows in between; 404 where the row whose relation it is is absent or not for this identity. Nothing is changed then.
pub async fn relate(context: &Context, meta: &'static EntityMeta, asked: Relate) -> Result<u64> {
    match handled::relate(context, meta, &asked) {
        Some(handled) => handled.await,
        None => related(context, meta, asked).await,
    }
}

/// Passes whoever may do this to the rows of some row at least, and knows of the relation.
///
/// # Errors
/// 400 for a relation that has no entity in between, or that they may not know; 401, 403.
pub fn may_relate(context: &Context, meta: &EntityMeta, asked: &Relate) -> Result<()> {
    let Relate { relation, change, others, .. } = asked;
    if context.scope() == Scope::Backend {
        return Between::of(meta, relation).map(drop);
    }
    let (identity, target) = (context.identity(), relation.target());
    // Whoever may not see a key is not told by the relation what it is.
    let sees = |meta: &EntityMeta, field: usize| guard::readable_fields(meta, identity).contains(field);
    let holder = relation.through.map_or(target, |through| (through.entity)());
    let keys = relation.keys.iter().all(|(own, other)| sees(meta, *own) && sees(holder, *other));
    let joined = relation
        .through
        .is_none_or(|through| through.keys.iter().all(|(one, other)| sees(holder, *one) && sees(target, *other)));
    if !keys || !joined || !guard::allows(&relation.api_read, identity) {
        return Err(wire::unknown_field(meta, relation.wire));
    }
    let between = Between::of(meta, relation)?.meta;
    let may = |write| guard::write(between, identity, write);
    // Whether a row has to be made shows later.
    let adds = || may(Write::Insert).or_else(|_| may(Write::Update));
    match change {
        RelationChange::Add => adds(),
        RelationChange::Remove => may(Write::Delete),
        RelationChange::Set if others.is_empty() => may(Write::Delete),
        RelationChange::Set => may(Write::Delete).and_then(|()| adds()),
    }
}

/// The entity in between, and its fields for the ids of both ends: many to many joins ids of one field.
struct Between {
    meta: &'static EntityMeta,
    own: usize,
    other: usize,
}

impl Between {
    fn of(meta: &EntityMeta, relation: &'static RelationMeta) -> Result<Self> {
        if !meta.relations.iter().any(|own| own == relation) {
            return Err(Error::internal(format!("\"{}\" is not a relation of {}", relation.wire, meta.rust_name)));
        }
        match (relation.through, relation.keys) {
            (Some(through), [(_, own)]) if let [(other, _)] = *through.keys => {
                Ok(Self { meta: (through.entity)(), own: *own, other })
            }
            _ => Err(Error::invalid(format!(
                "\"{}\" of {} has no entity in between: its key is a field of the rows, which are changed by themselves.",
                relation.wire, meta.key
            ))),
        }
    }
}

/// The value of an id of one field. A handler may have put in one of another entity.
fn value(meta: &EntityMeta, id: &Id) -> Result<Value> {
    match id.values() {
        [value] if !value.is_empty() => Ok(value.clone()),
        _ => Err(Error::internal(format!("\"{id}\" is no id of {}", meta.key))),
    }
}

fn values(meta: &EntityMeta, ids: &[Id]) -> Result<Vec<Value>> {
    ids.iter().map(|id| value(meta, id)).collect()
}

fn adds(asked: &Relate) -> bool {
    match asked.change {
        RelationChange::Add => true,
        RelationChange::Set => !asked.others.is_empty(),
        RelationChange::Remove => false,
    }
}

/// As [`relate`], without handlers.
pub(super) async fn related(context: &Context, meta: &'static EntityMeta, asked: Relate) -> Result<u64> {
    may_relate(context, meta, &asked)?;
    given(context, asked.others.len(), "change of a relation")?;
    let guarded = context.scope() == Scope::Api;
    let between = Between::of(meta, asked.relation)?;
    let (own, others) = (value(meta, &asked.id)?, values(asked.relation.target(), &asked.others)?);
    let id = asked.id.condition(meta);
    let there = if guarded { prefilter::beside(context, meta, &id).await? } else { Condition::All };
    // What is made tells that the row is there, where its key is watched. What is deleted does not, where it may be hidden.
    let is_told = !adds(&asked) || references::watches(between.meta, between.own, meta);
    let is_hidden = asked.change != RelationChange::Add && there != Condition::All;
    let look_first = guarded && (!is_told || is_hidden);
    let change = Change { between, change: asked.change, own, others };
    let row = id.and(there);
    let changed = if look_first {
        let work = async |inside: Context| {
            is_there(&inside, meta, &row).await?;
            change.run(&inside).await
        };
        context.transaction(work).await
    } else if asked.change == RelationChange::Set {
        context.transaction(async |inside| change.run(&inside).await).await
    } else {
        change.run(context).await
    };
    let is_open = match &changed {
        Ok(changed) => *changed == 0,
        Err(error) => error.code() == Some(references::FOREIGN_KEY),
    };
    if guarded && !look_first && is_open {
        is_there(context, meta, &row).await?;
    }
    changed.map_err(|error| if guarded { told(context, change.between.meta, error) } else { error })
}

/// Passes a row that is there for the asker.
async fn is_there(context: &Context, meta: &'static EntityMeta, row: &Condition) -> Result<()> {
    if context.database()?.count(meta, row).await? == 0 { Err(not_found(meta)) } else { Ok(()) }
}

/// An error about rows in between without what the asker may not see of them.
fn told(context: &Context, between: &EntityMeta, error: Error) -> Error {
    let identity = context.identity();
    let readable = guard::readable_fields(between, identity).or(guard::writable_fields(between, identity));
    concealed(error, between, readable)
}

/// Passes a change whose rows at both ends the asker may reach, before handlers see it.
pub(super) async fn reachable(
    context: &Context,
    inside: &Context,
    meta: &'static EntityMeta,
    asked: &Relate,
) -> Result<()> {
    given(context, asked.others.len(), "change of a relation")?;
    if !adds(asked) {
        return Ok(());
    }
    let between = Between::of(meta, asked.relation)?;
    let own = value(meta, &asked.id)?;
    let record = |other| {
        let mut record = (between.meta.new_record)();
        record.set(between.own, own.clone()).map_err(|error| Error::invalid(error.0))?;
        record.set(between.other, other).map_err(|error| Error::invalid(error.0))?;
        Ok(record)
    };
    let records =
        values(asked.relation.target(), &asked.others)?.into_iter().map(record).collect::<Result<Vec<_>>>()?;
    let written = [between.own, between.other].into_iter().collect();
    let records: Vec<_> = records.iter().map(|record| (&**record, written)).collect();
    let passed = references::reachable(context, inside, between.meta, &records).await;
    passed.map_err(|error| told(context, between.meta, error))
}

/// A change of rows in between.
struct Change {
    between: Between,
    change: RelationChange,
    own: Value,
    others: Vec<Value>,
}

impl Change {
    async fn run(&self, context: &Context) -> Result<u64> {
        match self.change {
            RelationChange::Add => self.add(context).await,
            RelationChange::Remove => self.remove(context, self.are_others()).await,
            RelationChange::Set => {
                let removed = self.remove(context, self.are_others().negate()).await?;
                let added = if self.others.is_empty() { 0 } else { self.add(context).await? };
                Ok(removed + added)
            }
        }
    }

    /// The rows in between that lead to the others.
    fn are_others(&self) -> Condition {
        if self.others.is_empty() {
            return Condition::Nothing;
        }
        Condition::In(self.between.other, self.others.clone())
    }

    async fn add(&self, context: &Context) -> Result<u64> {
        let Between { meta, own, other } = self.between;
        let by = |value: &Value| vec![(own, self.own.clone()), (other, value.clone())];
        let rows = self.others.iter().map(|value| UpsertRow { by: by(value), set: None }).collect();
        upsert_counted(context, meta, rows, Beside::default()).await.map(|(_, made)| made)
    }

    async fn remove(&self, context: &Context, which: Condition) -> Result<u64> {
        let Between { meta, own, .. } = self.between;
        let own = Condition::equals(own, self.own.clone());
        // The ids are counted by themselves: the limits of filters are for what is asked. An entity that looks at filters sees all of it.
        let (asked, beside) = match prefilter::looks_at_filters(meta) {
            true => (own.and(which), Condition::All),
            false => (own, which),
        };
        delete_many_as(context, meta, Which::Matching(asked), beside).await
    }
}
