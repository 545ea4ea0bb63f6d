//! What the server does to the filters of an entity.

use super::{Condition, CustomFilter};
use crate::Result;
use crate::future::BoxFuture;
use crate::identity::Identity;
use crate::meta::{IdentityRule, Rule};

/// Makes a filter of another one.
pub type Preprocess = fn(Condition) -> BoxFuture<'static, Result<Condition>>;

/// What the server does to the filters of an entity: made by the derive.
#[derive(Clone, Copy)]
pub struct Prefilters {
    /// Makes of what the API is asked what it answers.
    pub api_preprocess: Option<Preprocess>,
    /// Makes of what is asked, by whomever, what is answered.
    pub backend_preprocess: Option<Preprocess>,
    /// The rows that there are at all.
    pub backend: Option<fn(Option<&Identity>) -> Condition>,
    /// Who has to say the id of the rows that they ask the API for.
    pub require_id: IdentityRule,
    /// The custom filters.
    pub custom: &'static [CustomFilter],
}

impl Prefilters {
    /// Nothing.
    pub const NONE: Self =
        Self { api_preprocess: None, backend_preprocess: None, backend: None, require_id: Rule::Nobody, custom: &[] };

    /// The custom filter with this name on the wire.
    #[must_use]
    pub fn custom(&self, wire: &str) -> Option<&'static CustomFilter> {
        self.custom.iter().find(|filter| filter.wire == wire)
    }
}
