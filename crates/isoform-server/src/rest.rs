//! The REST API: what each request does.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use isoform::backend::{Body as Callable, Method as BackendMethod, RowInfo, invoke_record, invoke_static};
use isoform::future::BoxFuture;
use isoform::{Context, EntityMeta, Error, ErrorKind, Result, Scope, Value, guard, json, operations};
use serde_json::{Map, Value as JsonValue, json};

use crate::api::{Limits, Served, ServedEntity};
use crate::context::{Source, caught};
use crate::parameters::Parameters;
use crate::{body, respond, transport};

#[derive(Clone)]
struct Shared {
    served: Arc<Served>,
    source: Arc<Source>,
}

/// The routes of the API, without its prefix.
pub(crate) fn router(served: Arc<Served>, source: Arc<Source>) -> Router {
    Router::new()
        .route("/me", get(me))
        .route("/{entity}", any(entity))
        .route("/{entity}/{id}", any(row))
        .fallback(async || respond::error(&Error::not_found("There is nothing here.")))
        .method_not_allowed_fallback(async || respond::error(&not_allowed()))
        .with_state(Shared { served, source })
}

fn not_allowed() -> Error {
    Error::invalid("This path does not take this method.").with_status(405)
}

async fn me(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let answer = async {
        let context = shared.source.context(&parts, Scope::Api).await?;
        let identity = serde_json::to_value(context.identity()).map_err(Error::internal)?;
        Ok(respond::value(&identity))
    };
    caught(answer).await.unwrap_or_else(|error| respond::error(&error))
}

async fn entity(State(shared): State<Shared>, Path(key): Path<String>, request: Request) -> Response {
    shared.answer(&key, request, |call, body| Box::pin(call.entity(body))).await
}

async fn row(State(shared): State<Shared>, Path((key, id)): Path<(String, String)>, request: Request) -> Response {
    shared.answer(&key, request, move |call, body| Box::pin(call.row(id, body))).await
}

impl Shared {
    /// Answers a request to an entity: guarded, within its context, in a bounded time.
    async fn answer<A>(&self, key: &str, request: Request, answer: A) -> Response
    where
        A: for<'a> FnOnce(Call<'a>, Body) -> BoxFuture<'a, Result<Response>>,
    {
        let (parts, body) = request.into_parts();
        let work = async {
            transport::same_origin(&parts.method, &parts.headers, &self.served.origins)?;
            let unknown = || Error::not_found(format!("There is no entity \"{}\".", key.escape_debug()));
            let entity = self.served.entities.get(key).ok_or_else(unknown)?;
            let context = self.source.context(&parts, Scope::Api).await?;
            let call = Call { entity, context: context.clone(), parts, limits: &self.served.limits };
            let readable = guard::readable_fields(entity.meta, context.identity());
            context.run(answer(call, body)).await.map_err(|error| respond::concealed(error, entity.meta, readable))
        };
        let in_time = async {
            let late = |_| Err(Error::unavailable("This took too long and was given up."));
            tokio::time::timeout(self.source.time, work).await.unwrap_or_else(late)
        };
        caught(in_time).await.unwrap_or_else(|error| respond::error(&error)).into_response()
    }
}

/// One request to one entity.
struct Call<'a> {
    entity: &'a ServedEntity,
    context: Context,
    parts: Parts,
    limits: &'a Limits,
}

impl Call<'_> {
    const fn meta(&self) -> &'static EntityMeta {
        self.entity.meta
    }

    fn parameters(&self) -> Result<Parameters> {
        Parameters::read(self.meta(), self.parts.uri.query())
    }

    async fn json(&self, body: Body) -> Result<JsonValue> {
        body::json(&self.parts.headers, body, self.limits).await
    }

    /// `/api/tasks`
    async fn entity(self, body: Body) -> Result<Response> {
        let parameters = self.parameters()?;
        match (self.parts.method.clone(), parameters.action.as_deref()) {
            (Method::GET | Method::HEAD, None | Some("get")) => self.list(&parameters, None).await,
            (Method::GET | Method::HEAD, Some("count")) => self.count(&parameters, None).await,
            (Method::POST, Some("get")) => {
                let filter = self.posted_filter(body).await?;
                self.list(&parameters, filter.as_ref()).await
            }
            (Method::POST, Some("count")) => {
                let filter = self.posted_filter(body).await?;
                self.count(&parameters, filter.as_ref()).await
            }
            (Method::POST, None) => {
                parameters.without_filter()?;
                self.insert(body).await
            }
            (_, Some(action)) if !matches!(action, "get" | "count") => {
                Err(Error::invalid(format!("Unknown __action \"{}\".", action.escape_debug())))
            }
            _ => Err(not_allowed()),
        }
    }

    /// The filter of a question that came by `POST`: `{"where": {…}}`.
    async fn posted_filter(&self, body: Body) -> Result<Option<Map<String, JsonValue>>> {
        let mut asked = body::object(self.json(body).await?)?;
        let filter = asked.remove("where");
        if let Some(name) = asked.keys().next() {
            return Err(Error::invalid(format!("\"{}\" has no meaning here; a question is {{\"where\": {{…}}}}.", name.escape_debug())));
        }
        match filter {
            None => Ok(None),
            Some(JsonValue::Object(filter)) => Ok(Some(filter)),
            Some(other) => Err(Error::invalid(format!("\"where\" must be an object; it is {}.", body::kind(&other)))),
        }
    }

    async fn list(&self, parameters: &Parameters, filter: Option<&Map<String, JsonValue>>) -> Result<Response> {
        let meta = self.meta();
        let find = parameters.find(parameters.filter(meta, filter)?)?;
        if parameters.select != meta.all_fields() {
            let readable = guard::readable_fields(meta, self.context.identity());
            guard::asks_only(meta, readable, parameters.select)?;
        }
        let body = operations::find_json(&self.context, meta, find, parameters.select).await?;
        Ok(respond::json(StatusCode::OK, body))
    }

    async fn count(&self, parameters: &Parameters, filter: Option<&Map<String, JsonValue>>) -> Result<Response> {
        let count = operations::count(&self.context, self.meta(), parameters.filter(self.meta(), filter)?).await?;
        Ok(respond::value(&json!({ "count": count })))
    }

    async fn insert(self, body: Body) -> Result<Response> {
        let meta = self.meta();
        let readable = guard::readable_fields(meta, self.context.identity());
        match self.json(body).await? {
            JsonValue::Array(list) => {
                if list.len() > self.limits.rows {
                    return Err(Error::invalid(format!("{} rows are more than the {} of one insert.", list.len(), self.limits.rows)));
                }
                let bodies = list.into_iter().map(body::object).collect::<Result<Vec<_>>>()?;
                let rows = operations::insert_bodies(&self.context, meta, &bodies).await?;
                Ok(respond::rows(StatusCode::CREATED, meta, readable, &rows))
            }
            one => {
                let row = operations::insert_body(&self.context, meta, &body::object(one)?).await?;
                Ok(respond::row(StatusCode::CREATED, meta, readable, &row))
            }
        }
    }

    /// `/api/tasks/{id}`, or `/api/tasks/{method}` by `POST`
    async fn row(self, id: String, body: Body) -> Result<Response> {
        if self.parts.method == Method::POST {
            return match self.entity.methods.get(id.as_str()) {
                Some(method) => self.call(method, body).await,
                None => Err(Error::not_found(format!("{} has no method \"{}\".", self.meta().key, id.escape_debug()))),
            };
        }
        let parameters = self.parameters()?;
        parameters.without_filter()?;
        if let Some(action) = parameters.action {
            return Err(Error::invalid(format!("Unknown __action \"{}\".", action.escape_debug())));
        }
        let meta = self.meta();
        // What cannot be an id is the id of no row; but who may not ask at all is told that first.
        let id = json::from_text(meta.id_field().field_type, &id).ok().filter(|id| !id.is_empty());
        match self.parts.method {
            Method::GET | Method::HEAD => self.one(id).await,
            Method::PUT => self.update(id, body).await,
            Method::DELETE => self.delete(id).await,
            _ => Err(not_allowed()),
        }
    }

    fn existing(&self, id: Option<Value>) -> Result<Value> {
        id.ok_or_else(|| Error::not_found(format!("There is no such row in {}.", self.meta().key)))
    }

    async fn one(self, id: Option<Value>) -> Result<Response> {
        let meta = self.meta();
        guard::read(meta, self.context.identity())?;
        let row = operations::find_id(&self.context, meta, &self.existing(id)?).await?;
        let readable = guard::readable_fields(meta, self.context.identity());
        Ok(respond::row(StatusCode::OK, meta, readable, &row))
    }

    /// The version that `If-Match` asks for.
    fn if_match(&self) -> Result<Option<i64>> {
        if_match(&self.parts.headers).map(|version| version.filter(|_| self.meta().version.is_some()))
    }

    async fn update(self, id: Option<Value>, body: Body) -> Result<Response> {
        let meta = self.meta();
        guard::write(meta, self.context.identity(), guard::Write::Update)?;
        let mut values = body::object(self.json(body).await?)?;
        let id = self.existing(id)?;
        let if_match = self.if_match()?;
        if let (Some(version), Some(field)) = (if_match, meta.version) {
            values.insert(meta.field(field).wire.to_owned(), version.into());
        }
        let row = operations::update_body(&self.context, meta, &id, &values).await;
        let row = row.map_err(|error| precondition(error, if_match.is_some()))?;
        let readable = guard::readable_fields(meta, self.context.identity());
        Ok(respond::row(StatusCode::OK, meta, readable, &row))
    }

    async fn delete(self, id: Option<Value>) -> Result<Response> {
        let meta = self.meta();
        guard::write(meta, self.context.identity(), guard::Write::Delete)?;
        let if_match = self.if_match()?;
        let id = self.existing(id)?;
        let deleted = operations::delete_version(&self.context, meta, &id, if_match.map(Value::Int)).await;
        deleted.map_err(|error| precondition(error, if_match.is_some()))?;
        Ok(respond::nothing())
    }

    /// A backend method.
    async fn call(self, method: &'static BackendMethod, body: Body) -> Result<Response> {
        let mut call = body::object(self.json(body).await?)?;
        let args = match call.remove("args") {
            Some(JsonValue::Array(args)) => args,
            None => Vec::new(),
            Some(other) => return Err(Error::invalid(format!("\"args\" must be an array; it is {}.", body::kind(&other)))),
        };
        let row_info = call.remove("rowInfo");
        match method.body {
            Callable::Record(..) => {
                let row_info = row_info.ok_or_else(|| Error::invalid("\"rowInfo\" is missing: this is a method of a record."))?;
                let row_info: RowInfo = serde_json::from_value(row_info).map_err(|error| Error::invalid(format!("\"rowInfo\": {error}.")))?;
                let answer = invoke_record(&self.context, self.meta(), method, args, row_info).await?;
                Ok(respond::value(&serde_json::to_value(&answer).map_err(Error::internal)?))
            }
            Callable::Static(..) => {
                let data = invoke_static(&self.context, method, args).await?;
                Ok(respond::value(&if data.is_null() { json!({}) } else { json!({ "data": data }) }))
            }
        }
    }
}

/// The version of an `If-Match` header: `"3"`. `*` asks for any.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|digits| digits.parse().ok());
    // Any other tag is one that no row has.
    Ok(Some(version.unwrap_or(-1)))
}

/// A stale version is a failed precondition where the header asked for it.
fn precondition(error: Error, asked: bool) -> Error {
    if asked && error.code() == Some(operations::STALE_VERSION) {
        Error::new(ErrorKind::PreconditionFailed, error.message())
    } else {
        error
    }
}
