//! Questions for aggregates: by groups, and beside a list.

use axum::response::Response;
use http::StatusCode;
use isoform::aggregate::{Aggregation, wire};
use isoform::provider::Find;
use isoform::{Error, Result, json, operations, shown};
use serde_json::{Map, Value as JsonValue};

use super::question::Posted;
use super::{Call, where_of};
use crate::body::{self, Arrived};
use crate::parameters::Parameters;
use crate::respond;

impl Call<'_> {
    /// `__action=groupBy`: `{"groupBy": ["done"], "sum": ["n"], "where": {…}}`
    pub(super) async fn group_by(&self, parameters: &Parameters, body: Arrived) -> Result<Response> {
        let meta = self.meta();
        if parameters.of_rows {
            return Err(Error::invalid(
                "_sort, _order and _select have no meaning here: \"orderBy\" in the body says in what order groups are answered.",
            ));
        }
        let mut asked = body::object(self.json(body)?)?;
        let filter = where_of(&mut asked)?;
        let aggregation = wire::from_json(meta, self.readable, &asked, true)?;
        let filter = parameters.filter(meta, self.readable, filter.as_ref())?;
        let Find { filter, limit, offset, .. } = parameters.find(filter)?;
        let aggregation = Aggregation { filter, limit, offset, ..aggregation };
        let groups = operations::aggregate(&self.context, meta, aggregation.clone()).await?;
        let mut out = Vec::with_capacity(64 * groups.len() + 2);
        out.push(b'[');
        for (position, row) in groups.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            wire::write_row(meta, &aggregation, row, &mut out);
        }
        out.push(b']');
        Ok(respond::json(StatusCode::OK, out))
    }

    /// `__action=query`: `{"aggregate": {"sum": ["n"]}, "where": {…}}`
    pub(super) async fn query(&self, parameters: &Parameters, body: Arrived) -> Result<Response> {
        let meta = self.meta();
        let mut asked = body::object(self.json(body)?)?;
        let posted = Posted::take(&mut asked)?;
        let aggregate = match asked.remove("aggregate") {
            None => Map::new(),
            Some(JsonValue::Object(aggregate)) => aggregate,
            Some(other) => {
                let kind = json::kind(&other);
                return Err(Error::invalid(format!("\"aggregate\" must be an object; it is {kind}.")));
            }
        };
        if let Some(name) = asked.keys().next() {
            return Err(Error::invalid(format!(
                "\"{}\" has no meaning here; a question is {{\"aggregate\": {{…}}, \"where\": {{…}}}}.",
                shown(name)
            )));
        }
        let mut aggregation = wire::from_json(meta, self.readable, &aggregate, false)?;
        let find = self.find(parameters, &posted)?;
        aggregation.filter = find.filter.clone();
        let mut out = br#"{"items":"#.to_vec();
        out.extend(operations::find_json(&self.context, meta, find, parameters.select).await?);
        out.extend_from_slice(br#","aggregates":"#);
        let totals = operations::aggregate(&self.context, meta, aggregation.clone()).await?;
        wire::write_row(meta, &aggregation, totals.first().map(Vec::as_slice).unwrap_or_default(), &mut out);
        out.push(b'}');
        Ok(respond::json(StatusCode::OK, out))
    }
}
