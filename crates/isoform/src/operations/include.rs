//! Included relations: one question for each, for all parents together.

use std::collections::HashMap;
use std::sync::Arc;

use super::hidden::Hidden;
use super::resolve::{self, Sight};
use super::{MAX_RELATED, computed, handled, hidden, lazy, prefilter, question};
use crate::context::{Context, Scope};
use crate::filter::Condition;
use crate::filter::limits::{self, MAX_INCLUDED};
use crate::future::BoxFuture;
use crate::meta::{EntityMeta, FieldMask, RelationMeta};
use crate::provider::{Find, Include};
use crate::record::AnyRecord;
use crate::value::{Row, Value};
use crate::{Error, Result, json};

/// Who has asked for a relation?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The question names it: what is refused is an error.
    ByName,
    /// Nobody: it is always included. To whom it is refused, it is not loaded.
    ByItself,
}

/// Loads what a question includes: what it names, and the relations that are always included.
pub(super) async fn load_all(
    context: &Context,
    meta: &'static EntityMeta,
    named: Vec<Include>,
    mut parents: Vec<&mut dyn AnyRecord>,
) -> Result<()> {
    let always = meta.relations.iter().filter(|relation| relation.included);
    let unnamed = always.filter(|relation| named.iter().all(|include| include.relation != *relation));
    let mut loaded = 0;
    for relation in unnamed {
        let include = Include { relation, find: Find::default() };
        loaded += usize::from(one(context, meta, &include, Asked::ByItself, &mut parents, 1).await?);
    }
    bearable(context, loaded + number(&named))?;
    load(context, meta, &named, parents, 1).await
}

/// Passes as many relations as one question may include.
fn bearable(context: &Context, count: usize) -> Result<()> {
    if context.scope() == Scope::Api && count > MAX_INCLUDED {
        return Err(Error::invalid(format!("More than {MAX_INCLUDED} relations are included.")));
    }
    Ok(())
}

/// Loads related records and hands them to their parents.
pub(super) fn load<'a, 'r: 'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    includes: &'a [Include],
    mut parents: Vec<&'r mut dyn AnyRecord>,
    depth: usize,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        if depth == 1 {
            bearable(context, number(includes))?;
        }
        if !includes.is_empty() {
            limits::check_includes(depth)?;
        }
        for include in includes {
            one(context, meta, include, Asked::ByName, &mut parents, depth).await?;
        }
        Ok(())
    })
}

/// Passes relations that the asker may have loaded along.
///
/// # Errors
/// 400 where one is hidden, 401 and 403 where an entity is.
pub(super) fn may_be_named(context: &Context, meta: &EntityMeta, includes: &[Include]) -> Result<()> {
    includes.iter().try_for_each(|include| {
        resolve::readable_across(context, meta, include.relation)?;
        may_be_named(context, include.relation.target(), &include.find.include)
    })
}

/// How many relations are included, at all levels.
fn number(includes: &[Include]) -> usize {
    includes.iter().map(|include| 1 + number(&include.find.include)).sum()
}

/// Loads one of them; answers whether it was loaded.
async fn one(
    context: &Context,
    meta: &'static EntityMeta,
    include: &Include,
    by: Asked,
    parents: &mut [&mut dyn AnyRecord],
    depth: usize,
) -> Result<bool> {
    let relation = include.relation;
    // Parents of one key share what is related to it.
    let (mut keys, mut groups) = (Vec::new(), HashMap::new());
    let group = |parent: &&mut dyn AnyRecord| {
        let key = key(&**parent, relation)?;
        Some(*groups.entry(text(&key)).or_insert_with(|| {
            keys.push(key);
            keys.len() - 1
        }))
    };
    let own: Vec<Option<usize>> = parents.iter().map(group).collect();
    let remembering = handled::remembering(context, relation.target());
    let is_handled = remembering.is_some();
    let context = remembering.as_ref().unwrap_or(context);
    let question = async {
        let sight = resolve::sight(context, meta, relation).await?;
        guarded(context, include, sight, &keys).await
    };
    let question = match question.await {
        // Trusted code is refused nothing, and what is the server's own fault is no refusal.
        Err(error) if by == Asked::ByItself && context.scope() == Scope::Api && error.status() < 500 => {
            return Ok(false);
        }
        question => question?,
    };
    let mut related: Vec<Vec<Arc<dyn AnyRecord>>> = vec![Vec::new(); keys.len()];
    if !keys.is_empty() {
        let handled = is_handled.then(|| handled::related(context, meta, include, &keys, depth)).flatten();
        let children = match handled {
            Some(handled) => handled.await?,
            None => found(context, relation, &keys, question, depth, None).await?,
        };
        for (key, child) in children {
            if let Some(group) = groups.get(&text(&key)).and_then(|owner| related.get_mut(*owner)) {
                group.push(Arc::from(child));
            }
        }
    }
    for (parent, own) in parents.iter_mut().zip(own) {
        let own = own.and_then(|own| related.get(own)).cloned();
        parent.relate(relation.index, own.unwrap_or_default());
    }
    Ok(true)
}

/// A guarded question for related rows: what of them, what of those in between, and the fields that the asker may see of all.
pub(super) type Guarded = (Find, Condition, FieldMask);

/// A related record, and the key of those that it belongs to.
pub(super) type Child = (Vec<Value>, Box<dyn AnyRecord>);

/// Rows as they are in the table, and what is hidden of them.
pub(super) type Whole = (Vec<Row>, Hidden);

/// The records that are related to some keys, with what is related to them, as the asker may see them. `whole` is told what the
/// rows are without that.
pub(super) async fn found(
    context: &Context,
    relation: &'static RelationMeta,
    keys: &[Vec<Value>],
    (mut find, between, readable): Guarded,
    depth: usize,
    whole: Option<&mut Whole>,
) -> Result<Vec<Child>> {
    let target = relation.target();
    let needed = hidden::needed(context, target, readable);
    let left_out = lazy::judged_whole(context, target, needed, &mut find);
    // One more than is allowed, so that nothing is cut silently.
    let at_most = (context.scope() == Scope::Api).then_some(MAX_RELATED + 1);
    let mut found = Vec::new();
    for part in parts(keys) {
        let left = at_most.map(|at_most| at_most.saturating_sub(found.len() as u64));
        found.extend(context.database()?.find_related(relation, &part, &find, &between, left).await?);
    }
    let (keys, mut rows): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    if at_most.is_some_and(|at_most| rows.len() as u64 >= at_most) {
        return Err(Error::invalid(format!(
            "More than {MAX_RELATED} rows of \"{}\" would be included: include fewer of each.",
            relation.wire
        )));
    }
    computed::fill_in(context, target, needed, &mut rows).await?;
    let as_stored = whole.is_some().then(|| rows.clone());
    let hidden = hidden::conceal(context, target, readable, &mut rows)?;
    lazy::leave_out(left_out, &mut rows);
    let mut children = Vec::with_capacity(rows.len());
    for (position, (key, row)) in keys.into_iter().zip(rows).enumerate() {
        let mut child = (target.new_record)();
        child.set_stored(row, hidden.of(position))?;
        children.push((key, child));
    }
    if !find.include.is_empty() {
        let records = children.iter_mut().map(|(_, child)| &mut **child as &mut dyn AnyRecord).collect();
        load(context, target, &find.include, records, depth + 1).await?;
    }
    if let (Some(whole), Some(rows)) = (whole, as_stored) {
        *whole = (rows, hidden);
    }
    Ok(children)
}

/// Keys of one value are one parameter. Keys of several are one comparison each, and a database takes only so many: they are
/// asked for in parts, whose sizes are powers of two so that few statements are written.
fn parts(keys: &[Vec<Value>]) -> Vec<Vec<Vec<Value>>> {
    /// SQLite takes 1,000: <https://www.sqlite.org/limits.html#max_expr_depth>.
    const MOST: usize = 256;
    if keys.iter().all(|key| key.len() < 2) {
        return vec![keys.to_vec()];
    }
    let padded = |part: &[Vec<Value>]| {
        let last = part.last().into_iter().cycle().cloned();
        part.iter().cloned().chain(last).take(part.len().next_power_of_two()).collect()
    };
    keys.chunks(MOST).map(padded).collect()
}

/// Nothing is related to what has no key.
pub(super) fn key(record: &dyn AnyRecord, relation: &RelationMeta) -> Option<Vec<Value>> {
    let key: Vec<_> = relation.keys.iter().map(|(own, _)| record.get(*own)).collect();
    (!key.iter().any(Value::is_null)).then_some(key)
}

/// A key as text: values cannot be hashed.
pub(super) fn text(key: &[Value]) -> String {
    let mut text = Vec::with_capacity(40);
    for value in key {
        json::write_json(value, &mut text);
        text.push(b',');
    }
    String::from_utf8(text).unwrap_or_default()
}

/// What is asked of the rows at the other end, of those in between, and which fields are answered.
pub(super) async fn guarded(
    context: &Context,
    include: &Include,
    sight: Sight,
    keys: &[Vec<Value>],
) -> Result<Guarded> {
    let target = include.relation.target();
    let find = include.find.clone();
    let mut find = question::guarded(context, target, sight.readable, find, Some(include.relation)).await?;
    let mut between = Condition::All;
    match include.relation.through.map(|through| (through.entity)()) {
        Some(through) => {
            between = prefilter::applied(context, through, of_keys(include.relation, through, keys)).await?;
        }
        None => find.filter = find.filter.and(of_keys(include.relation, target, keys)),
    }
    find.filter = prefilter::applied(context, target, find.filter).await?.and(sight.declared);
    Ok((find, between, sight.readable))
}

/// What the keys of the parents say of the rows that hold them, where their entity looks at that.
pub(super) fn of_keys(relation: &RelationMeta, holder: &EntityMeta, keys: &[Vec<Value>]) -> Condition {
    if !prefilter::looks_at_filters(holder) {
        return Condition::All;
    }
    let values = |position: usize| keys.iter().filter_map(|key| key.get(position)).cloned().collect();
    let fields = relation.keys.iter().enumerate();
    fields.map(|(position, (_, other))| Condition::In(*other, values(position))).fold(Condition::All, Condition::and)
}
