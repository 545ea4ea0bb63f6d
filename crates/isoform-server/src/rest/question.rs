//! What the body of a question says: `{"where": {…}, "include": {…}, "sort": […]}`.

use isoform::filter::wire;
use isoform::provider::Find;
use isoform::{Error, Result, json};
use serde_json::{Map, Value as JsonValue};

use super::Call;
use crate::parameters::Parameters;

/// Which rows a body asks for; nothing, where there is none.
#[derive(Default)]
pub(super) struct Posted {
    pub filter: Option<Map<String, JsonValue>>,
    pub include: Option<JsonValue>,
    pub sort: Option<JsonValue>,
}

impl Posted {
    /// Takes it out of a body, which may say more.
    ///
    /// # Errors
    /// 400 where the filter is no object.
    pub fn take(asked: &mut Map<String, JsonValue>) -> Result<Self> {
        Ok(Self { filter: where_of(asked)?, include: asked.remove("include"), sort: asked.remove("sort") })
    }
}

/// The filter in the body of a question.
pub(super) fn where_of(asked: &mut Map<String, JsonValue>) -> Result<Option<Map<String, JsonValue>>> {
    match asked.remove("where") {
        None => Ok(None),
        Some(JsonValue::Object(filter)) => Ok(Some(filter)),
        Some(other) => Err(Error::invalid(format!("\"where\" must be an object; it is {}.", json::kind(&other)))),
    }
}

impl Call<'_> {
    /// The question of an address and a body, which wins.
    ///
    /// # Errors
    /// 400 with the name of what is unknown or wrong.
    pub(super) fn find(&self, parameters: &Parameters, posted: &Posted) -> Result<Find> {
        let meta = self.meta();
        let mut find = parameters.find(parameters.filter(meta, self.readable, posted.filter.as_ref())?)?;
        find.include = parameters.include(meta, posted.include.as_ref())?;
        if let Some(sort) = &posted.sort {
            find.order = wire::readable_order(meta, self.readable, sort)?;
        }
        Ok(find)
    }
}
