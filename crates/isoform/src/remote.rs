//! The API of a server as a data source: in the browser, in another program, and in tests.

#[cfg(target_arch = "wasm32")]
mod browser;
mod bulk;
pub(crate) mod fingerprint;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod repeat;

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as JsonValue, json};

use crate::backend::{Called, RecordAnswer, RowInfo};
use crate::entity::Entity;
use crate::filter::{Condition, wire};
use crate::future::BoxFuture;
use crate::id::Id;
use crate::identity::Identity;
use crate::json::{row_to_json, typed};
use crate::meta::{Direction, EntityMeta};
use crate::provider::{Find, Include};
use crate::record::Record;
use crate::relation::OrderKey;
use crate::{Error, Result};

/// A request to the API.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The whole address: the base and everything behind it.
    pub url: String,
    /// Header fields of one's own, such as a bearer token.
    pub headers: Vec<(String, String)>,
    /// The body, as JSON.
    pub body: Option<String>,
    /// Where no answer comes to it, it is sent again.
    pub again: bool,
}

/// What the API answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, or nothing.
    pub body: Vec<u8>,
}

/// Carries requests to a server.
pub trait Transport: Send + Sync {
    /// Sends a request; answers the response, whatever its status.
    ///
    /// A server that cannot be reached is an error of kind `Unavailable`.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>>;
}

/// The API of a server: a base address, header fields of one's own, and what carries requests there.
///
/// ```
/// # #[cfg(not(target_arch = "wasm32"))] {
/// use isoform::{Context, Remote};
/// let api = Remote::http("https://example.org/api").header("authorization", "Bearer abc");
/// let context = Context::over(api);
/// # }
/// ```
///
/// A request that no answer comes to is sent up to three times in all. That is safe: each write carries an `Idempotency-Key` of its own,
/// the same each time, so that the server applies it once. What was answered is never sent again.
#[derive(Clone)]
pub struct Remote(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    base: String,
    headers: Vec<(String, String)>,
    transport: Arc<dyn Transport>,
}

/// What stands for itself in a path or a parameter.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What answers a new row that a hook has kept out of the table: the record stays new.
const NOT_CREATED: u16 = 200;

fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

impl Remote {
    /// An API at a base address, over a transport of one's own.
    #[must_use]
    pub fn new(base: &str, transport: Arc<dyn Transport>) -> Self {
        Self(Arc::new(Inner { base: base.trim_end_matches('/').to_owned(), headers: Vec::new(), transport }))
    }

    /// An API over HTTP, at a base address such as `https://example.org/api`. Cookies are kept.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn http(base: &str) -> Self {
        Self::new(base, Arc::new(native::Http::default()))
    }

    /// An API over the browser's `fetch`, at a base address such as `/api`.
    #[cfg(target_arch = "wasm32")]
    #[must_use]
    pub fn browser(base: &str) -> Self {
        Self::new(base, Arc::new(browser::Fetch))
    }

    /// The same API over a transport that wraps this one's: to watch, delay or refuse requests.
    #[must_use]
    pub fn wrapped(mut self, wrap: impl FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport>) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.transport = wrap(inner.transport.clone());
        self
    }

    /// The same API with one more header field in every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).headers.push((name.into(), value.into()));
        self
    }

    /// Sends a request to a path behind the base address; answers the body of a success.
    ///
    /// # Errors
    /// What the server answered, whole; 503 where it cannot be reached.
    pub async fn request(&self, method: &'static str, path: &str, body: Option<&JsonValue>) -> Result<JsonValue> {
        Ok(self.answer(method, path, body).await?.1)
    }

    /// As [`Remote::request`]; answers the status too.
    async fn answer(&self, method: &'static str, path: &str, body: Option<&JsonValue>) -> Result<(u16, JsonValue)> {
        let mut headers = self.0.headers.clone();
        if repeat::writes(method, path) {
            headers.push(("idempotency-key".into(), repeat::key()));
        }
        let url = format!("{}/{path}", self.0.base);
        let request = Request { method, url, headers, body: body.map(crate::json::write), again: true };
        let response = repeat::sent(&*self.0.transport, request).await?;
        // As text, which is how a page reads what the server wrote into it: one JSON reader serves both.
        let text = std::str::from_utf8(&response.body).unwrap_or("?");
        let json = if text.is_empty() { Ok(JsonValue::Null) } else { serde_json::from_str(text) };
        if (200..300).contains(&response.status) {
            let json = json.map_err(|_| Error::unavailable("What answered is not the API: the body is not JSON."))?;
            return Ok((response.status, json));
        }
        Err(Error::from_json(response.status, &json.unwrap_or_default()))
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// 503 where the server cannot be reached.
    pub async fn me(&self) -> Result<Option<Identity>> {
        let body = self.request("GET", "me", None).await?;
        typed(body).map_err(|error| Error::unavailable(format!("/me: {error}")))
    }

    pub(crate) async fn find(&self, meta: &EntityMeta, find: &Find, page: u64) -> Result<Vec<Map<String, JsonValue>>> {
        self.list(meta, "get", find, page, "").await
    }

    /// A list by an action, with parameters of its own.
    pub(crate) async fn list(
        &self,
        meta: &EntityMeta,
        action: &str,
        find: &Find,
        page: u64,
        more: &str,
    ) -> Result<Vec<Map<String, JsonValue>>> {
        let parameters = parameters(meta, find, page, more);
        rows(meta, self.ask(meta, action, &parameters, &find.filter, body_of(meta, find)).await?)
    }

    /// The page behind a cursor: rows, the next cursor, and how many rows there are in all where that is asked for.
    pub(crate) async fn page(
        &self,
        meta: &EntityMeta,
        find: &Find,
        page: u64,
        cursor: &str,
        total: bool,
    ) -> Result<(Vec<Map<String, JsonValue>>, Option<String>, Option<u64>)> {
        let more = format!("_cursor={}{}", encode(cursor), if total { "&_total=true" } else { "" });
        let parameters = parameters(meta, find, page, &more);
        let answer = self.ask(meta, "get", &parameters, &find.filter, body_of(meta, find)).await?;
        let mut answer = object(meta, answer)?;
        let items = rows(meta, crate::json::take(&mut answer, "items"))?;
        let cursor = answer.get("cursor").and_then(JsonValue::as_str).map(str::to_owned);
        Ok((items, cursor, answer.get("total").and_then(JsonValue::as_u64)))
    }

    pub(crate) async fn count(&self, meta: &EntityMeta, filter: &Condition) -> Result<u64> {
        let answer = self.ask(meta, "count", "", filter, Map::new()).await?;
        answer
            .get("count")
            .and_then(JsonValue::as_u64)
            .ok_or_else(|| Error::unavailable(format!("{}: no count", meta.key)))
    }

    /// A question with a filter goes by `POST`, one without by `GET`.
    async fn ask(
        &self,
        meta: &EntityMeta,
        action: &str,
        parameters: &str,
        filter: &Condition,
        mut body: Map<String, JsonValue>,
    ) -> Result<JsonValue> {
        let join = if parameters.is_empty() { "" } else { "&" };
        match (filter, action) {
            (Condition::All, "get") if body.is_empty() => {
                self.request("GET", &format!("{}?{parameters}", meta.key), None).await
            }
            (Condition::All, _) if body.is_empty() => {
                self.request("GET", &format!("{}?__action={action}{join}{parameters}", meta.key), None).await
            }
            _ => {
                body.insert("where".into(), wire::to_json(meta, filter).into());
                let path = format!("{}?__action={action}{join}{parameters}", meta.key);
                self.request("POST", &path, Some(&body.into())).await
            }
        }
    }

    pub(crate) async fn find_id(&self, meta: &EntityMeta, id: &Id) -> Result<Map<String, JsonValue>> {
        object(meta, self.request("GET", &row_path(meta, id)?, None).await?)
    }

    /// What is related to a row, by the names of the relations.
    pub(crate) async fn load_relations(
        &self,
        meta: &EntityMeta,
        id: &Id,
        relations: &[Include],
    ) -> Result<Map<String, JsonValue>> {
        let mut body = Map::new();
        body.insert("include".into(), include_json(relations).unwrap_or_else(|| Map::new().into()));
        let path = format!("{}?__action=loadRelations", row_path(meta, id)?);
        object(meta, self.request("POST", &path, Some(&body.into())).await?)
    }

    pub(crate) async fn save<E: Entity>(&self, record: &mut Record<E>) -> Result<()> {
        let meta = E::meta();
        let dynamic: &dyn crate::record::AnyRecord = record;
        let row = if record.is_new() {
            // The server has the declared defaults itself, and answers of lazy fields what is sent.
            let unset = meta.lazy_fields().without(dynamic.changed_fields());
            let body = row_to_json(meta, meta.all_fields().without(unset), |index| dynamic.get(index));
            let (status, row) = self.answer("POST", meta.key, Some(&body.into())).await?;
            if status == NOT_CREATED {
                return Ok(());
            }
            row
        } else {
            let mut fields = dynamic.changed_fields().without(record.state().hidden).without(meta.id_fields());
            if let Some(version) = meta.version {
                fields.insert(version);
            }
            let body = row_to_json(meta, fields, |index| dynamic.get(index));
            self.request("PUT", &row_path(meta, &record.original_id())?, Some(&body.into())).await?
        };
        record.set_wire_row(object(meta, row)?)
    }

    /// Answers whether the row was deleted: there is nothing to say then.
    pub(crate) async fn delete(&self, meta: &EntityMeta, id: &Id) -> Result<bool> {
        Ok(self.request("DELETE", &row_path(meta, id)?, None).await?.is_null())
    }

    pub(crate) async fn call_record(
        &self,
        meta: &EntityMeta,
        called: Called,
        args: Vec<JsonValue>,
        row_info: RowInfo,
    ) -> Result<RecordAnswer> {
        let body = json!({ "args": args, "rowInfo": row_info });
        let answer = self.request("POST", &method_path(meta, called), Some(&body)).await?;
        Ok(RecordAnswer::read(object(meta, answer)?))
    }

    pub(crate) async fn call_static(
        &self,
        meta: &EntityMeta,
        called: Called,
        args: Vec<JsonValue>,
    ) -> Result<JsonValue> {
        let mut answer = self.request("POST", &method_path(meta, called), Some(&json!({ "args": args }))).await?;
        Ok(answer.get_mut("data").map(JsonValue::take).unwrap_or_default())
    }
}

/// What is included, as the body of a question says it; nothing, where nothing is.
pub(crate) fn include_json(include: &[Include]) -> Option<JsonValue> {
    let mut object = Map::new();
    for one in include {
        object.insert(one.relation.wire.into(), (one.relation.travel.include)(one));
    }
    (!object.is_empty()).then_some(object.into())
}

/// What of a question only a body can say, beside the filter.
pub(crate) fn body_of(meta: &EntityMeta, find: &Find) -> Map<String, JsonValue> {
    let mut body = Map::new();
    if let Some(include) = include_json(&find.include) {
        body.insert("include".into(), include);
    }
    if sort_parameter(meta, &find.order).is_none() {
        let order = find.order.iter().map(|(key, direction)| wire::order_to_json(meta, key, *direction));
        body.insert("sort".into(), order.collect());
    }
    body
}

/// An order as a parameter; nothing, where it says more than names and directions.
fn sort_parameter(meta: &EntityMeta, order: &[(OrderKey, Direction)]) -> Option<String> {
    let (mut names, mut directions) = (Vec::new(), Vec::new());
    for (key, direction) in order {
        names.push(match key {
            OrderKey::Field(field) => meta.field(*field).wire.to_owned(),
            OrderKey::Related(value) => match (value.relation.travel.key)(value) {
                (name, None) => encode(&name),
                (_, Some(_)) => return None,
            },
        });
        directions.push(if *direction == Direction::Asc { "asc" } else { "desc" });
    }
    Some(format!("_sort={}&_order={}", names.join(","), directions.join(",")))
}

/// The parameters of a list: its order, its page, and more.
pub(crate) fn parameters(meta: &EntityMeta, find: &Find, page: u64, more: &str) -> String {
    let mut parameters = Vec::new();
    if !find.order.is_empty() {
        parameters.extend(sort_parameter(meta, &find.order));
    }
    if let Some(limit) = find.limit {
        parameters.push(format!("_limit={limit}"));
    }
    if page > 1 {
        parameters.push(format!("_page={page}"));
    }
    if !find.with.is_empty() {
        let names: Vec<_> = find.with.iter().map(|field| meta.field(field).wire).collect();
        parameters.push(format!("_with={}", names.join(",")));
    }
    if !more.is_empty() {
        parameters.push(more.to_owned());
    }
    parameters.join("&")
}

fn rows(meta: &EntityMeta, answer: JsonValue) -> Result<Vec<Map<String, JsonValue>>> {
    let JsonValue::Array(rows) = answer else { return Err(unexpected(meta, "rows", &answer)) };
    rows.into_iter().map(|row| object(meta, row)).collect()
}

pub(crate) fn method_path(meta: &EntityMeta, called: Called) -> String {
    format!("{}/{}", called.prefix.unwrap_or(meta.key), called.wire)
}

fn row_path(meta: &EntityMeta, id: &Id) -> Result<String> {
    if id.is_empty() {
        return Err(Error::not_found(format!("There is no row without an id in {}.", meta.key)));
    }
    Ok(format!("{}/{}", meta.key, encode(&id.to_string())))
}

/// An object that the server answered: a row.
pub(crate) fn object(meta: &EntityMeta, answer: JsonValue) -> Result<Map<String, JsonValue>> {
    match answer {
        JsonValue::Object(object) => Ok(object),
        other => Err(unexpected(meta, "an object", &other)),
    }
}

pub(crate) fn unexpected(meta: &EntityMeta, wanted: &str, answer: &JsonValue) -> Error {
    let answer = crate::json::kind(answer);
    Error::unavailable(format!("{}: the server answered {answer} where {wanted} was asked for", meta.key))
}
