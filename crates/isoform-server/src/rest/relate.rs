//! `?__action=addRelation`, `setRelation`, `removeRelation`: what is related to one row over an entity in between.

use axum::response::Response;
use http::Method;
use isoform::filter::wire;
use isoform::meta::EntityMeta;
use isoform::{Context, Error, Id, Relate, RelationChange, Result, json, operations};
use serde_json::{Map, Value as JsonValue, json};

use super::bulk::nothing_else;
use super::{Call, not_allowed};
use crate::body::{self, Arrived};
use crate::{parameters, respond};

impl Call<'_> {
    /// Which change of a relation the request is, if it is one.
    pub(super) fn relation_change(&self) -> Option<RelationChange> {
        let action = parameters::action(&self.parts.uri)?;
        RelationChange::ALL.into_iter().find(|change| change.wire() == action)
    }

    /// `POST /api/tasks/{id}?__action=addRelation` with `{"relation": "tags", "ids": [1, 2]}`
    pub(super) async fn relate(self, change: RelationChange, id: &str, body: Arrived) -> Result<Response> {
        let meta = self.meta();
        if self.parts.method != Method::POST {
            return Err(not_allowed());
        }
        let parameters = self.parameters()?;
        parameters.without_filter()?;
        parameters.for_an_action()?;
        let mut asked = body::object(self.json(body)?)?;
        // What cannot be an id is the id of no row.
        let id = Id::from_text(meta, id).ok().filter(|id| !id.is_empty());
        let relate = read(&self.context, meta, change, &mut asked, || self.existing(id))?;
        nothing_else(&asked, "a change of a relation is {\"relation\": \"tags\", \"ids\": […]}")?;
        let changed = operations::relate(&self.context, meta, relate).await?;
        Ok(respond::value(&json!({ "changed": changed })))
    }
}

/// Reads `"relation": "tags", "ids": [1, 2]`. Who may not do it at all is told that first.
pub(super) fn read(
    context: &Context,
    meta: &'static EntityMeta,
    change: RelationChange,
    asked: &mut Map<String, JsonValue>,
    id: impl FnOnce() -> Result<Id>,
) -> Result<Relate> {
    let relation = match asked.remove("relation") {
        Some(JsonValue::String(name)) => wire::readable_relation(meta, &name)?,
        other => {
            let found = json::kind(&other.unwrap_or_default());
            return Err(Error::invalid(format!("\"relation\" must be the name of a relation; it is {found}.")));
        }
    };
    let mut relate = Relate { change, id: Id::default(), relation, others: Vec::new() };
    operations::may_relate(context, meta, &relate)?;
    let target = relation.target();
    let one = |(position, id): (usize, JsonValue)| {
        let wrong = |what: &str| Error::invalid(format!("\"ids\": number {} {what}.", position + 1));
        let id = Id::from_json(target, &id).map_err(|error| wrong(&error.0))?;
        if id.is_empty() { Err(wrong("is empty")) } else { Ok(id) }
    };
    relate.others = match asked.remove("ids") {
        Some(JsonValue::Array(ids)) => ids.into_iter().enumerate().map(one).collect::<Result<_>>()?,
        other => {
            let found = json::kind(&other.unwrap_or_default());
            return Err(Error::invalid(format!("\"ids\" must be an array of ids of {}; it is {found}.", target.key)));
        }
    };
    relate.id = id()?;
    Ok(relate)
}
