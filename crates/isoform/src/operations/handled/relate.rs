//! Changes of what is related to a row, around which the handlers of its entity run.

use std::sync::Arc;

use super::{Handled, written};
use crate::context::{Context, Scope};
use crate::handlers::{AddRelation, Any, Chain, EntityEvent, Relating, RemoveRelation, SetRelation};
use crate::meta::EntityMeta;
use crate::operations::relate::{reachable, related};
use crate::operations::{load, may_relate, prefilter};
use crate::relation::{Relate, RelationChange};

/// A change of what is related to a row over an entity in between.
pub(in crate::operations) fn relate<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    asked: &Relate,
) -> Handled<'a, u64> {
    match asked.change {
        RelationChange::Add => around(context, meta, asked, context.handled::<AddRelation>(meta)?),
        RelationChange::Set => around(context, meta, asked, context.handled::<SetRelation>(meta)?),
        RelationChange::Remove => around(context, meta, asked, context.handled::<RemoveRelation>(meta)?),
    }
}

fn around<'a, V>(
    context: &'a Context,
    meta: &'static EntityMeta,
    asked: &Relate,
    chain: Arc<Chain<V>>,
) -> Handled<'a, u64>
where
    V: EntityEvent<What<Any> = Relating<Any>, Answer<Any> = u64>,
{
    let asked = asked.clone();
    Some(Box::pin(async move {
        may_relate(context, meta, &asked)?;
        let (change, relation) = (asked.change, asked.relation);
        let read = async |inside: Context| {
            let rows = prefilter::beside(context, meta, &asked.id.condition(meta)).await?;
            let item = load(&inside.with_scope(Scope::Backend), meta, &asked.id, rows).await?;
            reachable(&inside, meta, &asked).await?;
            Ok((Relating::new(asked.id, item, relation, asked.others), Vec::new()))
        };
        let operation = async |part: Context, _, now: Relating<Any>| {
            related(&part, meta, Relate { change, relation, id: now.id, others: now.others }).await
        };
        written(context, Some(meta), chain, read, operation, |_| Ok(())).await
    }))
}
