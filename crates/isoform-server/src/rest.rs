//! The REST API: what each request does.

mod aggregate;
mod batch;
mod bulk;
mod controller;
mod describe;
mod load;
mod question;
mod relate;
mod unknown;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{any, get, post};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use isoform::backend::{Body as Callable, Method as BackendMethod, RowInfo, invoke_record, invoke_static};
use isoform::future::BoxFuture;
use isoform::handlers::Exchange;
use isoform::meta::FieldMask;
use isoform::provider::Include;
use isoform::{Context, EntityMeta, Error, ErrorKind, Id, Result, Row, Scope, Value, guard, json, operations, shown};
use question::{Posted, where_of};
use serde_json::{Map, Value as JsonValue, json};

use crate::api::{Served, ServedEntity};
use crate::body::{self, Arrived};
use crate::context::{Source, caught};
use crate::once::Asked;
use crate::parameters::{self, Parameters};
use crate::{respond, transport};

#[derive(Clone)]
struct Shared {
    served: Arc<Served>,
    source: Arc<Source>,
}

/// The routes of the API under its prefix.
pub(crate) fn router(prefix: &str, served: Arc<Served>, source: Arc<Source>) -> Router {
    Router::new()
        .route(&format!("{prefix}/me"), get(me))
        .route(&format!("{prefix}/$batch"), post(batch_of_writes))
        .route(&format!("{prefix}/{{entity}}"), any(entity))
        .route(&format!("{prefix}/{{entity}}/{{id}}"), any(row))
        .route(prefix, get(describe::entities))
        .route(&format!("{prefix}/"), get(describe::entities))
        .route(&format!("{prefix}/{{entity}}/"), any(nothing))
        .route(&format!("{prefix}/{{entity}}/{{id}}/"), any(nothing))
        .route(&format!("{prefix}/{{entity}}/{{id}}/{{*rest}}"), any(nothing))
        // A name that is empty.
        .route(&format!("{prefix}//"), any(nothing))
        .route(&format!("{prefix}//{{*rest}}"), any(nothing))
        .route(&format!("{prefix}/{{entity}}//"), any(nothing))
        .route(&format!("{prefix}/{{entity}}//{{*rest}}"), any(nothing))
        .method_not_allowed_fallback(async |State(shared): State<Shared>| shared.refused(not_allowed()).await)
        .with_state(Shared { served, source })
}

async fn nothing(State(shared): State<Shared>) -> Response {
    shared.refused(Error::not_found("There is nothing here.")).await
}

fn not_allowed() -> Error {
    Error::invalid("This path does not take this method.").with_status(405)
}

async fn me(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let who = OnceLock::new();
    let answer = async {
        let context = asking(&who, shared.source.context(&parts, None, Scope::Api).await?);
        let _turn = shared.source.turn(&context).await?;
        let identity = serde_json::to_value(context.identity()).map_err(Error::internal)?;
        Ok(respond::value(&identity))
    };
    match caught(answer).await {
        Ok(response) => response,
        Err(error) => shared.source.answer_to(error, who.get()).await,
    }
}

/// Notes who asks, for whoever sees what goes wrong.
fn asking(who: &OnceLock<Context>, context: Context) -> Context {
    who.get_or_init(|| context).clone()
}

async fn batch_of_writes(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let parts = Arc::new(parts);
    let exchange = shared.source.exchange(&parts);
    let (arriving, who) = (AtomicBool::new(false), OnceLock::new());
    let work = Box::pin(async {
        transport::same_origin(&parts.method, &parts.headers, &shared.source.origins)?;
        let body = Arrived::of(&parts, body, &shared.served.limits, &arriving).await;
        let context = asking(&who, shared.source.context(&parts, exchange.as_ref(), Scope::Api).await?);
        let _turn = shared.source.turn(&context).await?;
        let asked = Asked::of(&parts, &context, &body)?;
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            return Err(Error::invalid("A batch takes no parameters: all that is to be done stands in its body."));
        }
        let steps = body.json(&parts.headers)?;
        let work = async |context: Context| {
            let answer = context.run(batch::run(&shared.served, &context, steps)).await?;
            Ok(replied(respond::json(StatusCode::OK, answer), exchange.as_ref()))
        };
        match asked {
            None => work(context).await,
            Some(asked) => Box::pin(shared.served.once.answer(&context, &asked, true, work)).await,
        }
    });
    replied(shared.in_time((&parts.method, &parts.uri), &arriving, &who, work).await, exchange.as_ref())
}

/// The answer as handlers want it.
fn replied(response: Response, exchange: Option<&Arc<Exchange>>) -> Response {
    match exchange {
        Some(exchange) => respond::replied(response, &exchange.reply()),
        None => response,
    }
}

type Named<T> = Result<Path<T>, PathRejection>;

fn malformed() -> Error {
    Error::invalid("The address is malformed: it is not UTF-8.")
}

async fn entity(State(shared): State<Shared>, named: Named<String>, request: Request) -> Response {
    let Ok(Path(key)) = named else { return shared.refused(malformed()).await };
    shared.answer(&key, request, true, |call, body| Box::pin(call.entity(body))).await
}

async fn row(State(shared): State<Shared>, named: Named<(String, String)>, request: Request) -> Response {
    let Ok(Path((key, id))) = named else { return shared.refused(malformed()).await };
    let called = (request.method() == Method::POST).then(|| shared.served.method(&key, &id)).flatten();
    let together = called.is_none_or(|(_, method)| method.options.transaction);
    if let Some((key, method)) = called {
        return shared.answer(key, request, together, move |call, body| Box::pin(call.method(method, body))).await;
    }
    shared.answer(&key, request, true, move |call, body| Box::pin(call.row(id, body))).await
}

impl Served {
    /// The method at a path, with the key of its entity.
    fn method(&self, prefix: &str, name: &str) -> Option<(&str, &'static BackendMethod)> {
        match self.entities.get_key_value(prefix).or_else(|| self.controllers.get_key_value(prefix)) {
            Some((key, entity)) => Some((*key, *entity.methods.get(name)?)),
            None => self.prefixed.get(&(prefix, name)).copied(),
        }
    }
}

impl Shared {
    /// Answers what goes no further.
    async fn refused(&self, error: Error) -> Response {
        self.source.answer_to(error, None).await
    }

    /// Answers a request to an entity: guarded, within its context, in a bounded time.
    /// `together` says whether what it writes is committed as one.
    async fn answer<A>(&self, key: &str, request: Request, together: bool, answer: A) -> Response
    where
        A: for<'a> FnOnce(Call<'a>, Arrived) -> BoxFuture<'a, Result<Response>>,
    {
        let (parts, body) = request.into_parts();
        // Large, and handed on from one future to the next.
        let parts = Arc::new(parts);
        let exchange = self.source.exchange(&parts);
        let (arriving, who) = (AtomicBool::new(false), OnceLock::new());
        // Large, and what it is a part of is handed on by value several times.
        let work = Box::pin(async {
            transport::same_origin(&parts.method, &parts.headers, &self.source.origins)?;
            let Some(entity) = self.served.addressed(key) else {
                let context = asking(&who, self.source.context(&parts, exchange.as_ref(), Scope::Api).await?);
                let _turn = self.source.turn(&context).await?;
                return Err(unknown::entity(&self.served, &context, key));
            };
            // First the body, then who asks: whoever signs out before it has arrived writes nothing.
            let body = Arrived::of(&parts, body, &self.served.limits, &arriving).await;
            let context = asking(&who, self.source.context(&parts, exchange.as_ref(), Scope::Api).await?);
            let _turn = self.source.turn(&context).await?;
            let readable = guard::readable_fields(entity.meta, context.identity());
            let asked = Asked::of(&parts, &context, &body)?;
            let work = async |context: Context| {
                let call = Call { entity, context: context.clone(), readable, parts: parts.clone() };
                let answered =
                    context.run(answer(call, body)).await.map(|response| replied(response, exchange.as_ref()));
                answered.map_err(|error| {
                    // Of what they have sent themselves they are told what is wrong with it.
                    let told = readable.or(guard::writable_fields(entity.meta, context.identity()));
                    operations::concealed(error, entity.meta, told)
                })
            };
            match asked {
                None => work(context).await,
                Some(asked) => Box::pin(self.served.once.answer(&context, &asked, together, work)).await,
            }
        });
        replied(self.in_time((&parts.method, &parts.uri), &arriving, &who, work).await, exchange.as_ref())
    }

    /// Answers in a bounded time; what goes wrong is answered too.
    async fn in_time(
        &self,
        (method, uri): (&Method, &http::Uri),
        arriving: &AtomicBool,
        who: &OnceLock<Context>,
        work: impl Future<Output = Result<Response>>,
    ) -> Response {
        let in_time = async {
            let late = |_| {
                Err(if arriving.load(Ordering::Relaxed) {
                    Error::invalid("The body did not arrive in time.").with_status(408)
                } else {
                    Error::unavailable("This took too long and was given up.")
                })
            };
            tokio::time::timeout(self.source.time, pin!(work)).await.unwrap_or_else(late)
        };
        let answered = caught(pin!(in_time)).await;
        match answered {
            Ok(response) => response,
            Err(error) => {
                if error.is_internal() {
                    tracing::error!(%method, path = uri.path(), "what failed comes next");
                }
                self.source.answer_to(error, who.get()).await
            }
        }
    }
}

/// One request to one entity.
struct Call<'a> {
    entity: &'a ServedEntity,
    context: Context,
    /// The fields that the caller may see.
    readable: FieldMask,
    parts: Arc<Parts>,
}

impl Call<'_> {
    const fn meta(&self) -> &'static EntityMeta {
        self.entity.meta
    }

    fn parameters(&self) -> Result<Parameters> {
        let judged = operations::judged(&self.context, self.meta());
        Parameters::read(self.meta(), self.readable, judged, self.parts.uri.query())
    }

    /// All fields, but of the lazy ones those that a write has sent: as they are in the table then.
    fn sent(&self, values: &Map<String, JsonValue>) -> FieldMask {
        let sent = values.keys().filter_map(|name| self.meta().field_by_wire(name)).collect();
        self.meta().all_fields().without(operations::unsent(&self.context, self.meta(), sent))
    }

    /// The fields that the caller may see of a row.
    fn visible(&self, row: &Row) -> Result<FieldMask> {
        operations::visible(&self.context, self.meta(), row)
    }

    fn json(&self, body: Arrived) -> Result<JsonValue> {
        body.json(&self.parts.headers)
    }

    /// Does a `POST` ask for something instead of inserting it?
    fn asks(&self) -> bool {
        parameters::action(&self.parts.uri).is_some()
    }

    /// `/api/tasks`
    async fn entity(self, body: Arrived) -> Result<Response> {
        self.meta().has_rows()?;
        if let Some(write) = self.bulk_write() {
            return self.write_many(write, body).await;
        }
        if matches!(self.parts.method, Method::GET | Method::HEAD) && self.is_action("describe") {
            return self.describe().await;
        }
        // Who may not ask at all is told that first, whatever they ask.
        let identity = self.context.identity();
        match self.parts.method {
            Method::GET | Method::HEAD => guard::read(self.meta(), identity)?,
            Method::POST if !self.asks() => guard::write(self.meta(), identity, guard::Write::Insert)?,
            Method::POST => guard::read(self.meta(), identity)?,
            _ => {}
        }
        let parameters = self.parameters()?;
        parameters.without(match parameters.action.as_deref() {
            Some("first" | "last" | "query") => &["_cursor", "_total"],
            Some("count" | "groupBy") => &["_cursor", "_total", "_include", "_with"],
            _ => &[],
        })?;
        match (self.parts.method.clone(), parameters.action.as_deref()) {
            (Method::GET | Method::HEAD, None | Some("get")) => self.list(&parameters, &Posted::default()).await,
            (Method::GET | Method::HEAD, Some("count")) => self.count(&parameters, None).await,
            (Method::POST, Some("get")) => {
                let posted = self.posted_question(body).await?;
                self.list(&parameters, &posted).await
            }
            (Method::POST, Some("count")) => {
                let filter = self.posted_filter(body).await?;
                self.count(&parameters, filter.as_ref()).await
            }
            (Method::GET | Method::HEAD, Some(end @ ("first" | "last"))) => {
                self.end(end == "last", &parameters, &Posted::default()).await
            }
            (Method::POST, Some(end @ ("first" | "last"))) => {
                let posted = self.posted_question(body).await?;
                self.end(end == "last", &parameters, &posted).await
            }
            (Method::POST, Some("groupBy")) => self.group_by(&parameters, body).await,
            (Method::POST, Some("query")) => self.query(&parameters, body).await,
            (Method::POST, None) => {
                parameters.without_filter()?;
                self.insert(body, parameters.counted).await
            }
            (_, Some(action))
                if !matches!(action, "get" | "count" | "first" | "last" | "groupBy" | "query" | "describe") =>
            {
                Err(unknown::action(action))
            }
            _ => Err(not_allowed()),
        }
    }

    /// The filter of a question that came by `POST`: `{"where": {…}}`.
    async fn posted_filter(&self, body: Arrived) -> Result<Option<Map<String, JsonValue>>> {
        match self.posted_question(body).await? {
            Posted { filter, include: None, sort: None } => Ok(filter),
            Posted { include: Some(_), .. } => Err(Error::invalid("\"include\" has no meaning here.")),
            Posted { .. } => Err(Error::invalid("\"sort\" has no meaning here.")),
        }
    }

    /// A question that came by `POST`: `{"where": {…}, "include": {…}, "sort": […]}`.
    async fn posted_question(&self, body: Arrived) -> Result<Posted> {
        let mut asked = body::object(self.json(body)?)?;
        let posted = Posted::take(&mut asked)?;
        if let Some(name) = asked.keys().next() {
            return Err(Error::invalid(format!(
                "\"{}\" has no meaning here; a question is {{\"where\": {{…}}}}.",
                shown(name)
            )));
        }
        Ok(posted)
    }

    async fn list(&self, parameters: &Parameters, posted: &Posted) -> Result<Response> {
        let meta = self.meta();
        let find = self.find(parameters, posted)?;
        let body = match &parameters.cursor {
            Some(cursor) => {
                operations::page_json(&self.context, meta, find, cursor, parameters.select, parameters.total).await?
            }
            None if parameters.total => {
                return Err(Error::invalid(
                    "_total needs _cursor: a list has rows alone. `_cursor=` is the first page.",
                ));
            }
            None => operations::find_json(&self.context, meta, find, parameters.select).await?,
        };
        Ok(respond::json(StatusCode::OK, body))
    }

    /// The first or the last row of an order, whatever the page.
    async fn end(&self, last: bool, parameters: &Parameters, posted: &Posted) -> Result<Response> {
        let meta = self.meta();
        let find = self.find(parameters, posted)?;
        let body = operations::end_json(&self.context, meta, find, parameters.select, last).await?;
        Ok(respond::json(StatusCode::OK, body))
    }

    async fn count(&self, parameters: &Parameters, filter: Option<&Map<String, JsonValue>>) -> Result<Response> {
        let count =
            operations::count(&self.context, self.meta(), parameters.filter(self.meta(), self.readable, filter)?)
                .await?;
        Ok(respond::value(&json!({ "count": count })))
    }

    async fn insert(self, body: Arrived, counted: bool) -> Result<Response> {
        let meta = self.meta();
        match self.json(body)? {
            JsonValue::Array(list) => {
                let bodies = list.into_iter().map(body::object).collect::<Result<Vec<_>>>()?;
                let (rows, inserted) = operations::insert_bodies(&self.context, meta, &bodies).await?;
                if counted {
                    return Ok(respond::json(
                        StatusCode::CREATED,
                        json!({ "inserted": inserted }).to_string().into_bytes(),
                    ));
                }
                let sent: Vec<_> = bodies.iter().map(|body| self.sent(body)).collect();
                respond::rows(StatusCode::CREATED, meta, |row| self.visible(row), &sent, &rows)
            }
            one => {
                let values = body::object(one)?;
                let (row, is_there) = operations::insert_body(&self.context, meta, &values).await?;
                let status = if is_there { StatusCode::CREATED } else { StatusCode::OK };
                Ok(respond::row(status, meta, self.visible(&row)?.and(self.sent(&values)), &row))
            }
        }
    }

    /// `/api/tasks/{id}`, or `/api/tasks/{method}` by `POST`
    async fn row(self, id: String, body: Arrived) -> Result<Response> {
        if self.is_action("loadRelations") {
            self.meta().has_rows()?;
            return self.load_relations(&id, body).await;
        }
        if let Some(change) = self.relation_change() {
            self.meta().has_rows()?;
            // Large, and no part of what other requests are.
            return Box::pin(self.relate(change, &id, body)).await;
        }
        if self.parts.method == Method::POST {
            return Err(unknown::method(self.entity, &self.context, &id));
        }
        let (meta, identity) = (self.meta(), self.context.identity());
        meta.has_rows()?;
        match self.parts.method {
            Method::GET | Method::HEAD => guard::read(meta, identity)?,
            Method::PUT => guard::write(meta, identity, guard::Write::Update)?,
            Method::DELETE => guard::write(meta, identity, guard::Write::Delete)?,
            _ => return Err(not_allowed()),
        }
        let parameters = self.parameters()?;
        parameters.without_filter()?;
        if let Some(action) = parameters.action {
            return Err(unknown::action_of_a_row(&action));
        }
        // What cannot be an id is the id of no row; but who may not ask at all is told that first.
        let id = Id::from_text(meta, &id).ok().filter(|id| !id.is_empty());
        match self.parts.method {
            Method::PUT => self.update(id, body).await,
            Method::DELETE => self.delete(id).await,
            _ => self.one(id, parameters.include(meta, None)?, parameters.with).await,
        }
    }

    fn existing(&self, id: Option<Id>) -> Result<Id> {
        id.ok_or_else(|| Error::not_found(format!("There is no such row in {}.", self.meta().key)))
    }

    async fn one(self, id: Option<Id>, include: Vec<Include>, with: FieldMask) -> Result<Response> {
        let meta = self.meta();
        if operations::id_as_record(&self.context, meta, &include) {
            let row = operations::find_id_json(&self.context, meta, &self.existing(id)?, include, with).await?;
            return Ok(respond::record(meta, row));
        }
        let row = operations::find_id(&self.context, meta, &self.existing(id)?, with).await?;
        let asked = meta.all_fields().without(meta.lazy_fields().without(with));
        Ok(respond::row(StatusCode::OK, meta, self.visible(&row)?.and(asked), &row))
    }

    /// The version that `If-Match` asks for.
    fn if_match(&self) -> Result<Option<i64>> {
        if_match(&self.parts.headers).map(|version| version.filter(|_| self.meta().version.is_some()))
    }

    async fn update(self, id: Option<Id>, body: Arrived) -> Result<Response> {
        let meta = self.meta();
        let mut values = body::object(self.json(body)?)?;
        let id = self.existing(id)?;
        let if_match = self.if_match()?;
        if let (Some(version), Some(field)) = (if_match, meta.version) {
            let field = meta.field(field);
            let carried = values.get(field.wire).map(|carried| json::from_json(field.field_type, carried));
            // Both have to hold: where they differ one of them is stale.
            let differs = !matches!(carried, None | Some(Ok(Value::Null)))
                && !matches!(carried, Some(Ok(Value::Int(carried))) if carried == version);
            values.insert(field.wire.to_owned(), if differs { NO_VERSION } else { version }.into());
        }
        let row = operations::update_body(&self.context, meta, &id, &values).await;
        let row = row.map_err(|error| precondition(error, if_match.is_some()))?;
        Ok(respond::row(StatusCode::OK, meta, self.visible(&row)?.and(self.sent(&values)), &row))
    }

    async fn delete(self, id: Option<Id>) -> Result<Response> {
        let meta = self.meta();
        let if_match = self.if_match()?;
        let id = self.existing(id)?;
        let deleted = operations::delete_version(&self.context, meta, &id, if_match.map(Value::Int)).await;
        match deleted.map_err(|error| precondition(error, if_match.is_some()))? {
            true => Ok(respond::nothing()),
            false => Ok(respond::value(&json!({ "deleted": 0 }))),
        }
    }

    /// `/api/tasks/{method}`, or that of another prefix
    async fn method(self, method: &'static BackendMethod, body: Arrived) -> Result<Response> {
        let parameters = self.parameters()?;
        parameters.without_filter()?;
        parameters.for_no_rows()?;
        let mut call = body::object(self.json(body)?)?;
        let args = match call.remove("args") {
            Some(JsonValue::Array(args)) => args,
            None => Vec::new(),
            Some(other) => {
                return Err(Error::invalid(format!("\"args\" must be an array; it is {}.", json::kind(&other))));
            }
        };
        let row_info = call.remove("rowInfo");
        match method.body {
            Callable::Record(..) if self.meta().is_controller() => {
                let fields = call.remove("fields");
                if let (None, Some(name)) = (&fields, call.keys().next()) {
                    return Err(Error::invalid(format!(
                        "\"{}\" has no meaning here: what a controller carries is in {{\"fields\": {{…}}}}.",
                        isoform::shown(name)
                    )));
                }
                self.call_controller(method, args, fields).await
            }
            Callable::Record(..) => {
                let fitting = |row_info: JsonValue| {
                    json::typed::<RowInfo>(row_info)
                        .map_err(|error| Error::invalid(format!("\"rowInfo\" does not fit: {error}.")))
                };
                let row_info = match row_info {
                    Some(row_info @ JsonValue::Object(_)) => fitting(row_info)?,
                    Some(other) => {
                        return Err(Error::invalid(format!(
                            "\"rowInfo\" must be an object; it is {}.",
                            json::kind(&other)
                        )));
                    }
                    None => return Err(Error::invalid("\"rowInfo\" is missing: this is a method of a record.")),
                };
                let answer = invoke_record(&self.context, self.meta(), method, args, row_info).await?;
                Ok(respond::json(StatusCode::OK, serde_json::to_vec(&answer).map_err(Error::internal)?))
            }
            Callable::Static(..) => {
                let data = invoke_static(&self.context, method, args).await?;
                Ok(respond::value(&if data.is_null() { json!({}) } else { json!({ "data": data }) }))
            }
        }
    }
}

/// A version that no row has.
const NO_VERSION: i64 = -1;

/// The version of an `If-Match` header: `"3"`. `*` asks for any.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    // As it was answered, to the letter: `"03"` is another tag than `"3"`.
    let digits = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let version = digits.and_then(|digits| digits.parse::<i64>().ok().filter(|version| version.to_string() == digits));
    Ok(Some(version.unwrap_or(NO_VERSION)))
}

/// A stale version is a failed precondition where the header asked for it.
fn precondition(error: Error, asked: bool) -> Error {
    if asked && error.code() == Some(operations::STALE_VERSION) {
        Error::new(ErrorKind::PreconditionFailed, error.message())
    } else {
        error
    }
}
