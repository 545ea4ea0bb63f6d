//! `?__action=loadRelations`: what is related to one row, without the row.

use axum::response::Response;
use http::{Method, StatusCode};
use isoform::{Error, Id, Result, guard, operations};

use super::{Call, not_allowed};
use crate::body::{self, Arrived};
use crate::respond;

impl Call<'_> {
    /// `GET /api/orders/{id}?__action=loadRelations&_include=items`, or `POST` with `{"include": {…}}`
    pub(super) async fn load_relations(self, id: &str, body: Arrived) -> Result<Response> {
        let meta = self.meta();
        guard::read(meta, self.context.identity())?;
        let parameters = self.parameters()?;
        parameters.without_filter()?;
        parameters.without(&["_sort", "_order", "_select", "_with", "_cursor", "_total"])?;
        let posted = match self.parts.method {
            Method::GET | Method::HEAD => None,
            Method::POST => {
                let mut asked = body::object(self.json(body)?)?;
                let include = asked.remove("include");
                if let Some(name) = asked.keys().next() {
                    return Err(Error::invalid(format!(
                        "\"{}\" has no meaning here; relations are {{\"include\": {{…}}}}.",
                        isoform::shown(name)
                    )));
                }
                include
            }
            _ => return Err(not_allowed()),
        };
        let mut include = parameters.include(meta, posted.as_ref())?;
        // The page is that of each relation to many that has none of its own.
        let page = parameters.find(isoform::Condition::All)?;
        for one in include.iter_mut().filter(|one| one.relation.many && one.find.limit.is_none()) {
            if one.find.offset > 0 && page.offset > 0 {
                return Err(Error::invalid(format!(
                    "\"{}\" has an \"offset\", so that _page has no meaning for it: give it a \"limit\" too.",
                    one.relation.wire
                )));
            }
            one.find.limit = page.limit;
            one.find.offset = one.find.offset.max(page.offset);
        }
        // What cannot be an id is the id of no row.
        let id = Id::from_text(meta, id).ok().filter(|id| !id.is_empty());
        let related = operations::load_relations_json(&self.context, meta, &self.existing(id)?, include).await?;
        Ok(respond::json(StatusCode::OK, related))
    }
}
