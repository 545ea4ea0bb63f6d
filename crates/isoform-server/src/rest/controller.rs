//! `POST /api/signIn/signIn`: a method of a controller.

use axum::response::Response;
use isoform::backend::Method;
use isoform::{Error, Result, controller, json};
use serde_json::{Map, Value as JsonValue};

use super::Call;
use crate::respond;

impl Call<'_> {
    /// Calls a method with the fields of a body; those that are left out have their declared defaults.
    pub(super) async fn call_controller(
        self,
        method: &'static Method,
        args: Vec<JsonValue>,
        fields: Option<JsonValue>,
    ) -> Result<Response> {
        let fields = match fields {
            Some(JsonValue::Object(fields)) => fields,
            None => Map::new(),
            Some(other) => {
                return Err(Error::invalid(format!("\"fields\" must be an object; it is {}.", json::kind(&other))));
            }
        };
        let answer = controller::invoke(&self.context, self.meta(), method, args, fields).await?;
        Ok(respond::value(&answer.into()))
    }
}
