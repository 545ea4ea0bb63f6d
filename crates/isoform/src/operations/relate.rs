//! What is related over an entity in between: rows of that are made and deleted, by the ids of the rows at both ends.

use std::collections::HashSet;

use super::bulk::{Beside, delete_many_as, given, upsert_counted};
use super::include::text;
use super::{concealed, handled, not_found, prefilter, references, resolve};
use crate::bulk::{UpsertRow, Which};
use crate::context::{Context, Scope};
use crate::filter::Condition;
use crate::guard::{self, Write};
use crate::id::Id;
use crate::meta::{EntityMeta, RelationMeta};
use crate::provider::Find;
use crate::relation::declared::filter_of;
use crate::relation::{Relate, RelationChange, order_by_fields};
use crate::value::{Row, Value};
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
    resolve::may_know(context, meta, relation)?;
    let between = Between::of(meta, relation)?.meta;
    let may = |write| guard::write(between, context.identity(), write);
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
    /// The field of the rows at the other end that `other` is equal to.
    target: usize,
}

impl Between {
    fn of(meta: &EntityMeta, relation: &'static RelationMeta) -> Result<Self> {
        if !meta.relations.iter().any(|own| own == relation) {
            return Err(Error::internal(format!("\"{}\" is not a relation of {}", relation.wire, meta.rust_name)));
        }
        match (relation.through, relation.keys) {
            (Some(through), [(_, own)]) if let [(other, target)] = *through.keys => {
                Ok(Self { meta: (through.entity)(), own: *own, other, target })
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

/// The values of ids of one field, each once.
fn values(meta: &EntityMeta, ids: &[Id]) -> Result<Vec<Value>> {
    let values = ids.iter().map(|id| value(meta, id)).collect::<Result<Vec<_>>>()?;
    Ok(distinct(values))
}

fn distinct(mut values: Vec<Value>) -> Vec<Value> {
    if values.len() < 2 {
        return values;
    }
    let mut seen = HashSet::with_capacity(values.len());
    values.retain(|value| seen.insert(text(std::slice::from_ref(value))));
    values
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
    let change = Change::of(meta, &asked)?;
    let between = &change.between;
    let id = asked.id.condition(meta);
    let there = if guarded { prefilter::beside(context, meta, &id).await? } else { Condition::All };
    // What is made tells that the row is there, where its key is watched. What is deleted does not, where it may be hidden.
    let is_told = !adds(&asked) || references::watches(between.meta, between.own, meta);
    let is_hidden = asked.change != RelationChange::Add && there != Condition::All;
    let look_first = guarded && (!is_told || is_hidden);
    let row = id.and(there);
    let bounds = change.bounds(context, &change.others).await?;
    if let Some(refused) = change.refused(context, bounds.as_ref()).await? {
        if guarded {
            is_there(context, meta, &row).await?;
        }
        return Err(if guarded { told(context, between.meta, refused) } else { refused });
    }
    let changed = if look_first {
        let work = async |inside: Context| {
            is_there(&inside, meta, &row).await?;
            change.run(&inside, bounds).await
        };
        context.transaction(work).await
    } else if asked.change == RelationChange::Set {
        context.transaction(async |inside| change.run(&inside, bounds).await).await
    } else {
        change.run(context, bounds).await
    };
    let is_open = match &changed {
        Ok(changed) => *changed == 0,
        Err(error) => error.code() == Some(references::FOREIGN_KEY),
    };
    if guarded && !look_first && is_open {
        is_there(context, meta, &row).await?;
    }
    changed.map_err(|error| if guarded { told(context, between.meta, error) } else { error })
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

/// Passes a change whose rows at the other end can be related, before handlers see it.
pub(super) async fn reachable(inside: &Context, meta: &'static EntityMeta, asked: &Relate) -> Result<()> {
    given(inside, asked.others.len(), "change of a relation")?;
    if !adds(asked) {
        return Ok(());
    }
    let change = Change::of(meta, asked)?;
    let bounds = change.bounds(inside, &change.others).await?;
    let refused = change.refused(inside, bounds.as_ref()).await?;
    refused.map_or(Ok(()), |refused| Err(told(inside, change.between.meta, refused)))
}

/// A change of rows in between.
struct Change {
    between: Between,
    relation: &'static RelationMeta,
    change: RelationChange,
    own: Value,
    /// The ids at the other end, each once.
    others: Vec<Value>,
}

impl Change {
    fn of(meta: &EntityMeta, asked: &Relate) -> Result<Self> {
        let Relate { change, relation, .. } = *asked;
        let between = Between::of(meta, relation)?;
        let (own, others) = (value(meta, &asked.id)?, values(relation.target(), &asked.others)?);
        Ok(Self { between, relation, change, own, others })
    }

    /// What holds of those of some rows at the other end that can be in the relation: its own filter, and what there is for the
    /// asker. Nothing, where all can.
    async fn bounds(&self, context: &Context, others: &[Value]) -> Result<Option<Condition>> {
        let target = self.relation.target();
        if self.relation.filter.is_none() && !prefilter::asks_functions(target) {
            return Ok(None);
        }
        let these = Condition::In(self.between.target, others.to_vec());
        let declared = resolve::trusted(context, target, filter_of(self.relation)?).await?;
        let within = prefilter::applied(context, target, these.clone()).await?.and(declared);
        Ok((within != these).then_some(within))
    }

    /// Why rows cannot be related, whether they are so already or not: nobody is told that of what is not there for them.
    async fn refused(&self, context: &Context, bounds: Option<&Condition>) -> Result<Option<Error>> {
        let Some(within) = bounds else { return Ok(None) };
        if self.change == RelationChange::Remove || self.others.is_empty() {
            return Ok(None);
        }
        let there = context.database()?.count(self.relation.target(), within).await?;
        let all = there >= self.others.len() as u64;
        Ok((!all).then(|| references::not_in(self.relation, self.between.meta, self.between.other)))
    }

    /// `bounds` are those of the others.
    async fn run(&self, context: &Context, bounds: Option<Condition>) -> Result<u64> {
        match (self.change, bounds) {
            (RelationChange::Add, _) => self.add(context).await,
            (RelationChange::Remove, None) => self.remove(context, self.are(&self.others)).await,
            (RelationChange::Remove, Some(within)) => {
                let there = self.there(context, within).await?;
                self.remove(context, self.are(&there)).await
            }
            (RelationChange::Set, bounds) => {
                let gone = match bounds {
                    None => self.are(&self.others).negate(),
                    Some(_) => self.are(&self.no_longer(context).await?),
                };
                let removed = self.remove(context, gone).await?;
                let added = if self.others.is_empty() { 0 } else { self.add(context).await? };
                Ok(removed + added)
            }
        }
    }

    /// The ids of the rows at the other end of which something holds.
    async fn there(&self, context: &Context, within: Condition) -> Result<Vec<Value>> {
        let id = [self.between.target].into_iter().collect();
        let rows = context.database()?.find_fields(self.relation.target(), &Find::matching(within), id).await?;
        Ok(rows.into_iter().filter_map(|row| row.into_iter().next()).collect())
    }

    /// The ids of the rows that are in the relation and not among the others. What leads to a row that is not in it, for the
    /// asker, is none of their business.
    async fn no_longer(&self, context: &Context) -> Result<Vec<Value>> {
        /// So many rows in between are looked at at once.
        const STEP: usize = 1_000;
        let Between { meta, own, other, .. } = self.between;
        let related = Condition::equals(own, self.own.clone()).and(self.are(&self.others).negate());
        let filter = prefilter::applied(context, meta, related).await?;
        let order = order_by_fields(&meta.complete_order(&[]));
        let mut find = Find { order, ..Find::matching(filter) }.limit(STEP as u64);
        let mut gone = Vec::new();
        loop {
            let rows = context.database()?.find(meta, &find).await?;
            let count = rows.len();
            let value = |row: &Row, field: usize| row.get(field).cloned().unwrap_or(Value::Null);
            find.after = rows.last().map(|row| meta.ids.iter().map(|id| value(row, *id)).collect());
            let ids = distinct(rows.iter().map(|row| value(row, other)).filter(|id| !id.is_null()).collect());
            gone.extend(match self.bounds(context, &ids).await? {
                None => ids,
                Some(within) => self.there(context, within).await?,
            });
            given(context, gone.len(), "change of a relation")?;
            if count < STEP {
                return Ok(gone);
            }
        }
    }

    /// The rows in between that lead to some others.
    fn are(&self, others: &[Value]) -> Condition {
        if others.is_empty() {
            return Condition::Nothing;
        }
        Condition::In(self.between.other, others.to_vec())
    }

    async fn add(&self, context: &Context) -> Result<u64> {
        let Between { meta, own, other, .. } = self.between;
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
