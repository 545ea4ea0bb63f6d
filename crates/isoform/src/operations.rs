//! The data operations of a process that has a database: guarded in scope `Api`, trusted in scope `Backend`.
//!
//! - `question` guards what is asked, `ask` answers it, `include` loads what is related, `resolve` guards conditions on related rows,
//!   `answers` remembers what functions of the application have said to a question,
//!   `body` reads what a request's body says of fields, `write` judges writes by the guard.
//! - `page` answers pages of a list by a `cursor`, and a list from its end.
//! - `bulk` writes many rows: in one statement where nothing needs the rows. `relate` writes those of an entity in between.
//! - `aggregate` computes over rows.
//! - `computed` makes what nobody writes; `references` guards what foreign keys point to.
//! - `prefilter` adds what holds of an entity's rows anyway; `raw` runs SQL of the application's own.
//! - `handled` goes the long way where data handlers run around an operation.
//! - `store` is where hooks run: every write of an entity that has any passes it, so that no path can skip them.

mod aggregate;
mod answers;
mod ask;
mod body;
mod bulk;
mod computed;
mod cursor;
mod describe;
mod handled;
mod hidden;
mod include;
mod kept;
mod lazy;
mod load;
mod nesting;
mod page;
mod permitted;
mod prefilter;
mod question;
mod raw;
mod references;
mod relate;
mod resolve;
mod store;
mod write;

pub use crate::bulk::{in_row, in_step};
use crate::context::Context;
use crate::filter::Condition;
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask};
use crate::provider::Find;
use crate::record::AnyRecord;
use crate::value::Value;
use crate::{Error, Result};

pub use aggregate::aggregate;
pub(crate) use answers::Answers;
pub(crate) use ask::{as_records, find, find_chosen_related, find_related, includes, shown};
pub use ask::{count, find_id, find_id_json, find_json, id_as_record};
pub use body::read_patch;
pub(crate) use bulk::insert_records;
pub use bulk::{Done, batch, delete_many, insert_bodies, update_many, upsert_many};
pub use describe::{describe, describe_entities};
pub(crate) use handled::{by_id, inserted};
pub(crate) use hidden::kept_from;
pub use hidden::{concealed, judged, visible};
pub use lazy::unsent;
pub(crate) use load::load_relations;
pub use load::load_relations_json;
pub use page::{end_json, page_json, reversed};
pub(crate) use page::{end_related, find_fields, page, page_related};
pub(crate) use raw::{execute_sql, fetch_sql};
pub use references::{FOREIGN_KEY, foreign_key_conflict};
pub use relate::{may_relate, relate};
pub(crate) use write::{apply, delete, received, save, untold};
pub use write::{delete_id, delete_version, insert_body, update_body};

/// The most related rows that one relation can bring along.
pub const MAX_RELATED: u64 = 10_000;

/// The most rows that one answer can hold, with all that is included.
pub const MAX_WRITTEN: u64 = 100_000;

/// The code of the error that a stale version is.
pub const STALE_VERSION: &str = "stale_version";

/// Values for some fields of a row.
pub type Patch = Vec<(usize, Value)>;

/// What is answered where a row is absent, or not for this identity.
pub(crate) fn not_found(meta: &EntityMeta) -> Error {
    Error::not_found(format!("There is no such row in {}.", meta.key))
}

fn now() -> Value {
    use chrono::SubsecRound as _;
    Value::DateTime(chrono::Utc::now().trunc_subsecs(6))
}

fn stale() -> Error {
    Error::conflict("Somebody else has changed this in the meantime. Reload it and try again.").with_code(STALE_VERSION)
}

/// The record of a stored row that a filter lets pass.
async fn load(context: &Context, meta: &'static EntityMeta, id: &Id, filter: Condition) -> Result<Box<dyn AnyRecord>> {
    let rows = context.database()?.find(meta, &Find::matching(id.condition(meta).and(filter)).limit(1)).await?;
    let mut row = rows.into_iter().next().ok_or_else(|| not_found(meta))?;
    computed::fill_in(context, meta, meta.all_fields(), std::slice::from_mut(&mut row)).await?;
    let mut record = (meta.new_record)();
    record.set_stored(row, FieldMask::NONE)?;
    Ok(record)
}
