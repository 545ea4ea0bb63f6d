//! `?__action=describe`, and the list of entities at the API's own address.

use std::sync::OnceLock;

use axum::extract::{Request, State};
use axum::response::Response;
use isoform::{Error, Result, Scope, operations};
use serde_json::Value as JsonValue;

use super::{Call, Shared, asking};
use crate::context::caught;
use crate::{parameters, respond};

/// `GET /api`
pub(super) async fn entities(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let who = OnceLock::new();
    let answer = async {
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            return Err(Error::invalid("The list of entities takes no parameters."));
        }
        let context = asking(&who, shared.source.context(&parts, None, Scope::Api).await?);
        let _turn = shared.source.turn(&context).await?;
        written(serde_json::to_value(context.run(operations::describe_entities(&context)).await?))
    };
    match caught(answer).await {
        Ok(response) => response,
        Err(error) => shared.source.answer_to(error, who.get()).await,
    }
}

fn written(answer: serde_json::Result<JsonValue>) -> Result<Response> {
    Ok(respond::value(&answer.map_err(Error::internal)?))
}

impl Call<'_> {
    /// Is this the action of the address?
    pub(super) fn is_action(&self, action: &str) -> bool {
        parameters::action(&self.parts.uri).is_some_and(|asked| asked == action)
    }

    /// `GET /api/tasks?__action=describe`
    pub(super) async fn describe(&self) -> Result<Response> {
        // Who may do nothing here is told that first.
        let description = operations::describe(&self.context, self.meta()).await?;
        let parameters = self.parameters()?;
        parameters.without_filter()?;
        parameters.for_an_action()?;
        written(serde_json::to_value(description))
    }
}
