//! What a file with entities needs: `use isoform::prelude::*;`.

pub use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
pub use rust_decimal::Decimal;
pub use tracing::{debug, error, info, warn};
pub use uuid::Uuid;

pub use crate::aggregate::count;
pub use crate::entities;
#[cfg(not(target_arch = "wasm32"))]
pub use crate::sql;
pub use crate::{
    Batch, Column, Context, Controller, Entities, Entity, EntityMeta, Error, FieldEnum, Filter, Hooks, Identity, Json,
    Lazy, LifecycleEvent, PersistenceItem, Query, Record, RelatedMany, RelatedOne, Repository, Result, Scope, Stored,
    ToMany, ToOne, Upsert, all, allowed, backend, filters, hooks, repo,
};
