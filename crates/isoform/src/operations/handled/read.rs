//! Questions around which handlers run: answered by records.

use std::sync::Arc;

use super::{Handled, answered, are_of, is_of, is_shown_whole, restore, shown, shown_without};
use crate::aggregate::{Aggregation, Function, Measure};
use crate::context::Context;
use crate::describe::Description;
use crate::filter::Condition;
use crate::future::BoxFuture;
use crate::handlers::{
    Any, ById, Chain, Collection, Count, Counted, Describe, EntityEvent, Find as FindEvent, FindById, FindFirst,
    FindLast, Group, Grouped, Nothing, Paged, Question, Questioned, Rows,
};
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask};
use crate::operations::ask::{Guarded, guarded, includes, not_too_many, with_related, written};
use crate::operations::describe::described;
use crate::operations::hidden::{Hidden, conceal};
use crate::operations::page::at_end;
use crate::operations::{aggregate, ask, include, lazy, not_found, page, prefilter, resolve};
use crate::provider::{Find, Include};
use crate::record::AnyRecord;
use crate::value::{Row, Value};
use crate::{Error, Result};

/// Rows as they may be answered.
pub(crate) struct Listed {
    pub records: Vec<Box<dyn AnyRecord>>,
    /// What of them.
    pub fields: FieldMask,
    pub total: Option<u64>,
    pub cursor: Option<String>,
}

impl Listed {
    /// As a JSON array.
    pub fn json(&self) -> Result<Vec<u8>> {
        Ok([b"[", written(&self.records, self.fields)?.join(&b","[..]).as_slice(), b"]"].concat())
    }

    /// The values of some fields.
    pub fn chosen(self, fields: FieldMask) -> Vec<Row> {
        self.records.iter().map(|record| fields.iter().map(|field| record.get(field)).collect()).collect()
    }

    pub(super) fn of(
        context: &Context,
        meta: &EntityMeta,
        found: Collection<Any>,
        Wanted { fields, left_out }: Wanted,
    ) -> Result<Self> {
        are_of(meta, &found.items)?;
        let shown = |record: Box<dyn AnyRecord>| {
            if left_out.is_empty() && is_shown_whole(context, &*record, fields) {
                return Ok(record);
            }
            shown_without(context, &*record, fields, left_out)
        };
        let records = found.items.into_iter().map(shown).collect::<Result<_>>()?;
        Ok(Self { records, fields: fields.without(left_out), total: found.total, cursor: found.cursor })
    }
}

/// What of the rows is answered.
pub(super) struct Wanted {
    fields: FieldMask,
    /// Lazy fields that were not asked for: they may have been read for a rule.
    left_out: FieldMask,
}

impl Wanted {
    pub(super) fn by(meta: &EntityMeta, asked: &Question<Any>) -> Self {
        Self { fields: asked.fields, left_out: asked.find.left_out(meta) }
    }
}

/// The context of a question, in which functions of the application that are asked before handlers and after are asked once.
fn remembering(context: &Context, meta: &EntityMeta, find: &Find) -> Context {
    if prefilter::asks_functions(meta) || includes(meta, find) || find.filter.asks_elsewhere() || !find.order.is_empty()
    {
        context.remembering()
    } else {
        context.clone()
    }
}

/// A question that may be asked, as it was before any handler saw it.
struct Passed {
    asked: Find,
    guarded: Guarded,
}

impl Passed {
    async fn new(context: &Context, meta: &'static EntityMeta, asked: Find) -> Result<Self> {
        let guarded = guarded(context, meta, asked.clone()).await?;
        include::may_be_named(context, meta, &asked.include)?;
        Ok(Self { asked, guarded })
    }

    /// The question as it is now: guarded again, where handlers have changed it.
    async fn now(self, context: &Context, meta: &'static EntityMeta, now: &Find) -> Result<Guarded> {
        if self.asked == *now { Ok(self.guarded) } else { guarded(context, meta, now.clone()).await }
    }
}

/// The rows of a question, as they are in the table, with what is related to them as far as the asker may see it.
fn found<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    question: Question<Any>,
    passed: Passed,
) -> BoxFuture<'a, Result<Collection<Any>>> {
    Box::pin(found_by(context, meta, question, passed))
}

async fn found_by(
    context: &Context,
    meta: &'static EntityMeta,
    question: Question<Any>,
    passed: Passed,
) -> Result<Collection<Any>> {
    let Question { find, fields, page, trusted, .. } = question;
    let guarded = passed.now(context, meta, &find).await?;
    let named = find.include;
    let beside = resolve::trusted(context, meta, trusted).await?;
    let mut answer = Collection::<Any>::of(Vec::new());
    let (rows, readable, left_out) = match page {
        None => ask::whole(context, meta, guarded, fields, beside).await?,
        Some(Paged { cursor, total }) => {
            let asked = page::Asked::new(meta, &find.filter, guarded, &cursor)?;
            let (page, readable, left_out) = page::whole(context, meta, asked, total, fields, beside).await?;
            (answer.total, answer.cursor) = (page.total, page.cursor);
            (page.rows, readable, left_out)
        }
    };
    if readable == meta.all_fields() && left_out.is_empty() {
        answer.items = with_related(context, meta, rows, Hidden::default(), named).await?;
        return Ok(answer);
    }
    // By keys that the asker may not see nothing is related. Handlers see the rows as they are.
    let mut concealed = rows.clone();
    let hidden = conceal(context, meta, readable, &mut concealed)?;
    lazy::leave_out(left_out, &mut concealed);
    answer.items = with_related(context, meta, concealed, hidden.clone(), named).await?;
    restore(context, meta, &mut answer.items, rows, &hidden)?;
    Ok(answer)
}

/// A list: rows by a question, or a page of it behind a cursor. Of a list by a cursor also how many there are, where that is asked.
pub(in crate::operations) fn list<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    find: &Find,
    fields: FieldMask,
    page: Option<(&str, bool)>,
) -> Handled<'a, Listed> {
    let chain = context.handled::<FindEvent>(meta)?;
    let mut query = Question::new(loading(meta, find, fields), fields);
    query.page = page.map(|(cursor, total)| Paged { cursor: cursor.to_owned(), total });
    Some(Box::pin(async move {
        let context = &remembering(context, meta, &query.find);
        let passed = Passed::new(context, meta, (*query.find).clone()).await?;
        let request = chain.request(context, meta, Questioned { query });
        let operation = async |asked: Questioned<Any>| found(context, meta, asked.query, passed).await;
        let (asked, answer) =
            answered(context, &chain, request, |asked| Wanted::by(meta, &asked.query), operation).await?;
        Listed::of(context, meta, answer, asked)
    }))
}

/// A question for some fields that loads those of them that are lazy.
fn loading(meta: &EntityMeta, find: &Find, fields: FieldMask) -> Find {
    let mut find = find.clone();
    if fields != meta.all_fields() {
        find.with = find.with.or(fields.and(meta.lazy_fields()));
    }
    find
}

/// The first or the last row of an order, whatever the page.
pub(in crate::operations) fn end<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    find: &Find,
    fields: FieldMask,
    last: bool,
) -> Handled<'a, Listed> {
    let find = Find { limit: Some(1), offset: 0, ..find.clone() };
    if last {
        at_an_end(context, meta, Question::new(find, fields), context.handled::<FindLast>(meta)?, true)
    } else {
        at_an_end(context, meta, Question::new(find, fields), context.handled::<FindFirst>(meta)?, false)
    }
}

fn at_an_end<'a, V>(
    context: &'a Context,
    meta: &'static EntityMeta,
    query: Question<Any>,
    chain: Arc<Chain<V>>,
    last: bool,
) -> Handled<'a, Listed>
where
    V: EntityEvent<What<Any> = Questioned<Any>, Answer<Any> = Option<Box<dyn AnyRecord>>>,
{
    Some(Box::pin(async move {
        let context = &remembering(context, meta, &query.find);
        let passed = Passed::new(context, meta, (*query.find).clone()).await?;
        let request = chain.request(context, meta, Questioned { query });
        let operation = async |mut asked: Questioned<Any>| {
            *asked.query.find = at_end(context, meta, *asked.query.find, last);
            Ok(found(context, meta, asked.query, passed).await?.items.pop())
        };
        let (asked, answer) =
            answered(context, &chain, request, |asked| Wanted::by(meta, &asked.query), operation).await?;
        Listed::of(context, meta, Collection::<Any>::of(answer.into_iter().collect()), asked)
    }))
}

/// A row that was found by its id.
pub(crate) struct Found {
    /// As it was answered: with what the asker may not see.
    pub record: Box<dyn AnyRecord>,
    fields: FieldMask,
}

impl Found {
    /// As it may be answered.
    pub fn shown(&self, context: &Context) -> Result<Box<dyn AnyRecord>> {
        shown(context, &*self.record, self.fields)
    }

    /// As a JSON object of what may be answered.
    pub fn json(&self, context: &Context) -> Result<Vec<u8>> {
        let mut json = if is_shown_whole(context, &*self.record, self.fields) {
            written(std::slice::from_ref(&self.record), self.fields)?
        } else {
            written(&[self.shown(context)?], self.fields)?
        };
        json.pop().ok_or_else(|| not_found(self.record.meta()))
    }
}

/// The row with an id.
pub(crate) fn by_id<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    id: &Id,
    include: &[Include],
    with: FieldMask,
) -> Handled<'a, Found> {
    let chain = context.handled::<FindById>(meta)?;
    let find = Find { include: include.to_vec(), with, ..Find::default() };
    let id = id.clone();
    Some(Box::pin(async move {
        let context = &remembering(context, meta, &find);
        let passed = Passed::new(context, meta, with_id(meta, &id, find.clone())).await?;
        let request = chain.request(context, meta, ById { id, query: Question::new(find, meta.all_fields()) });
        let operation = async |ById { id, mut query }: ById<Any>| {
            *query.find = with_id(meta, &id, *query.find);
            let mut rows = found(context, meta, query, passed).await?.items;
            rows.pop().ok_or_else(|| not_found(meta))
        };
        let wanted = |asked: &ById<Any>| Wanted::by(meta, &asked.query);
        let (Wanted { fields, left_out }, record) = answered(context, &chain, request, wanted, operation).await?;
        is_of(meta, &*record)?;
        Ok(Found { record, fields: fields.without(left_out) })
    }))
}

fn with_id(meta: &EntityMeta, id: &Id, find: Find) -> Find {
    Find { filter: id.condition(meta).and(find.filter), limit: Some(1), ..find }
}

/// How many rows there are.
pub(in crate::operations) fn count<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    filter: &Condition,
) -> Handled<'a, u64> {
    let chain = context.handled::<Count>(meta)?;
    let rows = Rows::new(filter.clone());
    Some(Box::pin(async move {
        let context = &context.remembering();
        let asked = Find::matching(rows.condition().clone());
        let passed = Passed { guarded: guarded(context, meta, asked.clone()).await?, asked };
        let request = chain.request(context, meta, Counted { rows });
        let operation = async |asked: Counted<Any>| {
            let beside = resolve::trusted(context, meta, asked.rows.trusted.clone()).await?;
            let (find, _) = passed.now(context, meta, &Find::matching(asked.rows.condition().clone())).await?;
            context.database()?.count(meta, &find.filter.and(beside)).await
        };
        Ok(answered(context, &chain, request, |_| (), operation).await?.1)
    }))
}

/// What is computed of groups of rows. Handlers see one question, however it was asked: over HTTP the number of rows always comes along,
/// and functions have an order of their own.
pub(in crate::operations) fn group<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    asked: &Aggregation,
) -> Handled<'a, Vec<Row>> {
    let chain = context.handled::<Group>(meta)?;
    let question = asked.clone();
    let rows = Rows::new(question.filter.clone());
    Some(Box::pin(async move {
        let context = &context.remembering();
        aggregate::passed(context, meta, question.clone()).await?;
        let (keys, wanted) = (question.groups.clone(), question.measures.clone());
        let measures = in_order(&wanted);
        let question = Aggregation { measures: measures.clone(), ..question };
        let request = chain.request(context, meta, Grouped { rows, question });
        let operation = async |mut asked: Grouped<Any>| {
            if asked.question.groups != keys || asked.question.measures != measures {
                return Err(Error::internal(
                    "a handler changed what is computed of groups: it may change which, and of what",
                ));
            }
            let beside = resolve::trusted(context, meta, asked.rows.trusted.clone()).await?;
            asked.question.filter = asked.rows.condition().clone();
            aggregate::computed_of(context, meta, asked.question, beside).await
        };
        let ((), groups) = answered(context, &chain, request, |_| (), operation).await?;
        not_too_many(context, groups.len() as u64)?;
        // Whoever asked reads what they asked for, and as many values.
        let places: Vec<_> = wanted.iter().map(|one| measures.iter().position(|measure| measure == one)).collect();
        let as_asked = |row: Row| {
            let value = |place: Option<usize>| place.and_then(|place| row.get(place).cloned()).unwrap_or(Value::Null);
            let measured = places.iter().map(|place| value(place.map(|place| keys.len() + place)));
            (0..keys.len()).map(|key| value(Some(key))).chain(measured).collect()
        };
        Ok(groups.into_iter().map(as_asked).collect())
    }))
}

/// The measures as handlers see them: the number of rows, then each function once, in the order of `Function::ALL` and of its fields.
fn in_order(wanted: &[Measure]) -> Vec<Measure> {
    let of = |function| {
        let field = move |measure: &Measure| match measure {
            Measure::Of(other, field) if *other == function => Some(*field),
            Measure::Of(..) | Measure::Count => None,
        };
        let fields: FieldMask = wanted.iter().filter_map(field).collect();
        fields.iter().map(|field| Measure::Of(function, field)).collect::<Vec<_>>()
    };
    std::iter::once(Measure::Count).chain(Function::ALL.into_iter().flat_map(of)).collect()
}

/// What an entity is.
pub(in crate::operations) fn describe<'a>(context: &'a Context, meta: &'static EntityMeta) -> Handled<'a, Description> {
    let chain = context.handled::<Describe>(meta)?;
    Some(Box::pin(async move {
        described(context, meta)?;
        let request = chain.request(context, meta, Nothing);
        let operation = async |_: Nothing| described(context, meta);
        Ok(answered(context, &chain, request, |_| (), operation).await?.1)
    }))
}
