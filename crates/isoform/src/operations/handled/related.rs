//! Questions for related rows around which handlers run.

use std::collections::{HashMap, VecDeque};

use super::read::{Listed, Wanted};
use super::{Handled, answered, is_of, restore, shown};
use crate::context::Context;
use crate::handlers::{Any, Collection, Find as FindEvent, LoadRelations, Loading, Question, Questioned};
use crate::id::Id;
use crate::meta::EntityMeta;
use crate::operations::include::{Child, found, guarded};
use crate::operations::{ask, load, resolve};
use crate::provider::{Find, Include};
use crate::record::AnyRecord;
use crate::value::Value;

/// Where handlers run around a question for related rows: its context, in which functions of the application that are asked before
/// them and after are asked once.
pub(in crate::operations) fn remembering(context: &Context, target: &EntityMeta) -> Option<Context> {
    context.handled::<FindEvent>(target).map(|_| context.remembering())
}

/// The rows that are related to some keys, which a question brings along: a list of their entity for its handlers, for all
/// parents together. Limit and offset are those of each parent.
pub(in crate::operations) fn related<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    include: &Include,
    keys: &'a [Vec<Value>],
    depth: usize,
) -> Handled<'a, Vec<Child>> {
    let (relation, target) = (include.relation, include.relation.target());
    let chain = context.handled::<FindEvent>(target)?;
    let query = Question::new(include.find.clone(), target.all_fields());
    Some(Box::pin(async move {
        let request = chain.request(context, target, Questioned { query });
        // Rows of many to many are found once for each that they belong to.
        let mut owners: HashMap<String, VecDeque<Vec<Value>>> = HashMap::new();
        let operation = async |asked: Questioned<Any>| {
            let include = Include { relation, find: *asked.query.find };
            let beside = resolve::trusted(context, target, asked.query.trusted).await?;
            let sight = resolve::sight(context, meta, relation).await?;
            let (mut find, between, readable) = guarded(context, &include, sight, keys).await?;
            find.filter = find.filter.and(beside);
            let mut whole = Default::default();
            let children = found(context, relation, keys, (find, between, readable), depth, Some(&mut whole)).await?;
            let mut items = Vec::with_capacity(children.len());
            for (key, child) in children {
                owners.entry(child.id().to_string()).or_default().push_back(key);
                items.push(child);
            }
            let (rows, hidden) = whole;
            restore(context, target, &mut items, rows, &hidden)?;
            Ok(Collection::<Any>::of(items))
        };
        let wanted = |asked: &Questioned<Any>| Wanted::by(target, &asked.query);
        let (asked, answer) = answered(context, &chain, request, wanted, operation).await?;
        let mut owner = |record: &dyn AnyRecord| {
            let known = owners.get_mut(&record.id().to_string()).and_then(VecDeque::pop_front);
            // What a handler has put in belongs to whom its key names; to nobody, where another row would say that.
            let named = || relation.keys.iter().map(|(_, other)| record.get(*other)).collect();
            known.unwrap_or_else(|| if relation.through.is_none() { named() } else { Vec::new() })
        };
        let keys: Vec<_> = answer.items.iter().map(|record| owner(&**record)).collect();
        let listed = Listed::of(context, target, answer, asked)?;
        Ok(keys.into_iter().zip(listed.records).collect())
    }))
}

/// What is related to the row with an id.
pub(in crate::operations) fn load_relations<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    id: &Id,
    relations: &[Include],
) -> Handled<'a, Box<dyn AnyRecord>> {
    let chain = context.handled::<LoadRelations>(meta)?;
    let (id, relations) = (id.clone(), relations.to_vec());
    Some(Box::pin(async move {
        load::may_be_loaded(context, meta, &relations)?;
        let context = &context.remembering();
        ask::guarded(context, meta, Find::matching(id.condition(meta))).await?;
        let request = chain.request(context, meta, Loading::new(id, relations));
        let operation = async |asked: Loading<Any>| load::loaded(context, meta, &asked.id, &asked.relations).await;
        let ((), record) = answered(context, &chain, request, |_| (), operation).await?;
        is_of(meta, &*record)?;
        shown(context, &*record, meta.all_fields())
    }))
}
