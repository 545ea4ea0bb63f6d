//! The macros of isoform, which users reach through `isoform::prelude`:
//!
//! | macro | stands above | makes of it |
//! | --- | --- | --- |
//! | [`derive@Entity`] | a struct | the metadata of a table, its columns, and conversions to and from rows |
//! | [`derive@Controller`] | a struct | fields that travel to backend methods and back, without a table |
//! | [`derive@FieldEnum`] | an enum without fields | a type that a field of an entity can have |
//! | [`macro@hooks`] | `impl Hooks for Task` | hooks whose server-only bodies are not in the wasm |
//! | [`macro@filters`] | `impl Task` | filters that the server makes of their arguments, wherever they are asked by |
//! | [`macro@backend`] | `impl Record<Task>`, `impl Task` | functions that run on the server, wherever they are called |
//!
//! Each goes the same way: *parse* the attributes into items, make a *model* of them, *check* what must hold across
//! them, *expand*. Errors are collected on the way, each at the token that is at fault, and beside them stands what
//! could be understood. The output names nothing but `::isoform::__private`.

mod backend;
mod ctxt;
mod entity;
mod field_enum;
mod filters;
mod hooks;
mod items;
mod names;
mod pattern;
mod rule;
mod symbol;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemImpl, parse_macro_input};

/// Makes a struct an entity: a row in a table, a guarded API on the wire, a live value in the browser.
///
/// ```
/// use isoform::prelude::*;
///
/// /// A thing to do.
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(
///     key = "tasks",
///     allow(read = true, insert = authenticated, update = owner_or_admin, delete = "admin"),
///     api_filter = visible_to,
///     order_by(created_at desc, title),
/// )]
/// pub struct Task {
///     #[field(id)]
///     pub id: Uuid,
///     #[field(required(message = "Say what is to be done"), len(min = 5, max = 200))]
///     pub title: String,
///     #[field(range(0..=10), default = 5)]
///     pub effort: i32,
///     #[field(allow_update = "admin")]
///     pub owner: String,
///     #[field(created_at)]
///     pub created_at: DateTime<Utc>,
///     #[field(version)]
///     pub version: i64,
/// }
///
/// fn owner_or_admin(user: &Identity, task: &Record<Task>) -> bool {
///     user.has_role("admin") || task.owner == user.id
/// }
///
/// fn visible_to(user: Option<&Identity>) -> Filter<Task> {
///     user.map_or_else(Filter::nothing, |user| Task::filter(|t| t.owner.eq(&user.id)))
/// }
///
/// assert_eq!(Record::<Task>::new().effort, 5);
/// assert_eq!(Task::meta().fields[4].wire, "createdAt");
/// ```
///
/// It also makes `TaskFields`, with a column for each field: what closures such as `|t| t.title` are given.
///
/// The struct derives `Clone` and `PartialEq` too. A field is a `String`, `bool`, `i32`, `i64`, `f64`, `Decimal`, `Uuid`,
/// `DateTime<Utc>`, `NaiveDate`, `NaiveTime`, `TimeDelta`, `std::time::Duration`, `Vec<u8>` (bytes), an enum with [`derive@FieldEnum`], `Json<T>` of any
/// serde type, `Vec` of one of these, or `Option` of one of these; or a type of your own that implements `FieldValue`.
///
/// A `Lazy<T>` of one of these, but not of an `Option`, does not come with its row: lists leave it out, `.with(|t| t.body)` loads it
/// along, `record.load(|t| t.body).await?` loads it alone.
///
/// # `#[entity(…)]`
///
/// | | |
/// | --- | --- |
/// | `key = "tasks"` | the name in addresses, in the plural; required |
/// | `table = "todo"` | the table; the key, unless it is said |
/// | `label = "Tasks"` | what people call it; made from the key, unless it is said |
/// | `allow(read = R, insert = R, update = R, delete = R)` | who may do what through the API; nobody may do what is not listed |
/// | `allow(crud = R)` | the same rule for all four; others beside it come first |
/// | `api_filter = f` | the rows that the API may touch at all: `fn(Option<&Identity>) -> Filter<Task>`; server only |
/// | `backend_filter = f` | the rows that there are, for trusted code too: `fn(Option<&Identity>) -> Filter<Task>` |
/// | `api_preprocess_filter = f` | what the API makes of a filter: `async fn(Filter<Task>) -> Result<Filter<Task>>`; it may narrow it, or refuse it by an error. `filter.values_of(\|t\| t.owner)` tells what it pins. `api_filter` holds beside it |
/// | `backend_preprocess_filter = f` | the same, for trusted code too; it sees what the former has made, and `api_filter` |
/// | `api_require_id = R` | who has to pin the id of the rows that they read, count, change or delete through the API |
/// | `order_by(created_at desc, title)` | the order of a query that names none |
/// | `index(created_at desc, title)` | an index of the table for such an order, the id behind it; may stand several times |
/// | `view = "order_totals"` | rows are read from this view, or table, which somebody else keeps; nobody writes them |
/// | `sql = "SELECT …"` | rows are read from a `SELECT`; nobody writes them. `{Order}` in it is another entity's rows, `{Order.total}` a field of theirs, `{total}` one of the entity itself |
/// | `sql = f`, `arguments(from: NaiveDate, to: NaiveDate)` | rows are read from what a function answers for its arguments: `async fn(from: NaiveDate, to: NaiveDate) -> Result<Sql>`; server only. The derive makes `OrderTotal::query_with(from, to)`, and `OrderTotal::given(from, to)`, a filter |
/// | `hooks` | there is an `impl Hooks` with [`macro@hooks`] above it |
///
/// A rule `R` is `true`, `false`, `authenticated` (whoever is signed in), a role `"admin"`, several `["admin", "editor"]`,
/// a constant of a role `ADMIN` (told by its capital letters), or a function. The function is
/// `fn(&Identity, &Record<Task>) -> bool` for `insert`, `update` and `delete`, `fn(&Identity) -> bool` for `read`, and either
/// of them for the rules of fields; it is asked about whoever is signed in, and of nobody else.
///
/// # `#[field(…)]`
///
/// What the framework does with it, one of:
///
/// | | |
/// | --- | --- |
/// | `id` | the id, made on the server when left empty. Where several fields have it they are the id together, in this order, and `find_id` takes a tuple |
/// | `created_at`, `updated_at` | a `DateTime<Utc>` that is set at the first save, at every save |
/// | `version` | an `i64` that counts the saves: a stale save is a conflict |
///
/// What must hold of its value, in the browser and on the server. Each takes a message of its own in parentheses, behind
/// its values: `required(message = "…")`, `len(1..=5, message = "…")`, `pattern("[a-z]+", message = "…")`.
///
/// | | |
/// | --- | --- |
/// | `required` | not null, empty or blank; for a `NaiveDate`, not 1970-01-01, which a new record starts with: what may be left open is an `Option` |
/// | `len(min = 1, max = 5)`, `len(1..=5)` | characters of a text; one of the limits can be left out |
/// | `range(min = -1, max = 5)`, `range(-1..=5)` | limits of a number; constants can stand there too, of a `Decimal` those of type `f64` |
/// | `email`, `url` | texts of that kind |
/// | `pattern = "[a-z]+"` | the whole text matches. What Rust and JavaScript do not understand alike is refused: write `[0-9]` for `\d`, `[^\n]` for `.` |
/// | `one_of("a", "b")` | one of these texts; constants can stand there too |
/// | `validate = f` | `fn(&T) -> Result<(), impl Display>`, asked of values that are not null; of a text, `fn(&str)` as well |
/// | `validate_async = f` | `async fn(&T, &Record<Task>) -> Result<()>`, which may ask the database or the API; what it answers as `Error::invalid("…")` is said of the field |
/// | `not_null` | of an `Option`: it must be given, though a text may be empty |
/// | `unique`, `unique(message = "…")` | no two rows have the same value: an index of the table, and 409 where another row has it |
///
/// What a client leaves out of a new row is its default: `false`, 0, an empty text.
///
/// Values, names and rules:
///
/// | | |
/// | --- | --- |
/// | `default = expression` | what a new record starts with: an expression of the field's type, or a literal (`"text"` for a `String`, `5` for an `Option<i32>`) |
/// | `index` | an index of the table: for filters, and for orders by it, whose pages then cost the same however deep they are |
/// | `column = "…"`, `label = "…"` | made from the field's name, unless they are said |
/// | `api_read = R` | who may see it; `false`: it never leaves the server. What a function of the record decides about is blank in the rows of which it says no, and cannot be filtered, sorted, grouped or aggregated by |
/// | `allow_update = R` | who may write it, on insert and on update; a function of the record is asked of the stored one, or of the new one. What somebody else sends for it is passed over: the stored value stays |
/// | `saving = f` | before it is saved, on the server: `async fn(&mut Record<Task>, Column<Task, T>, &mut LifecycleEvent<Task>) -> Result<()>`; `record.field(\|_\| column)` is the field |
/// | `display = f` | what people read of it: `fn(&T) -> impl Display`; `record.display(\|t\| t.price)` |
/// | `column_type = "text COLLATE NOCASE"` | the column's type in the database's own words, where the table is created |
/// | `input = "tel"`, `placeholder = "…"`, `help = "…"` | for its input in forms |
///
/// How ids are made, beside `id`:
///
/// | | |
/// | --- | --- |
/// | `auto_increment` | the database counts up: an `i64` or `i32` that no client writes |
/// | `make = f` | `fn() -> T`, asked on the server where the id was left empty; else a `Uuid` or a `String` is a new UUID. Of several fields only those that say it are made |
///
/// What nobody writes. Clients may send it along; it is passed over.
///
/// | | |
/// | --- | --- |
/// | `db_read_only` | a column that the database fills by a default or a trigger; it is read after each save |
/// | `sql_expression = "{price} * {quantity}"` | computed by the database from other fields of the row (a generated column); filtered and sorted by like any other |
/// | `server_expression = f` | computed on the server after a row was read: `async fn(&Record<Task>) -> Result<T>`; it has no column, so that one cannot filter or sort by it |
/// | `related = \|o\| o.items.sum(\|i\| i.amount)` | it is computed of related rows: `count()`, `sum`, `avg`, `min`, `max` or `count_distinct` of a relation to many, of those of `o.items.filter(…)`, or a field over relations to one, `\|t\| t.project.name`; selected, filtered and sorted by as a column. Written once and the same for everybody: rows count that the asker may not see |
///
/// In an expression of SQL a field is what its column holds: a `Decimal` is a whole number of millionths, a `TimeDelta` one of
/// microseconds. What may be null is an `Option`.
///
/// What the server keeps of each row, four fields of the entity in one of the struct:
///
/// | | |
/// | --- | --- |
/// | `embed`, on a `PersistenceItem` | columns `object_id` (the id, where no other field is), `created`, `updated`, `owner_id`; no client writes them. In closures `\|t\| t.item.created`, and `\|t\| t.created`; orders, indexes and relations name them without the item |
///
/// # `#[relation(…)]`
///
/// A field of type `ToOne<Project>` or `ToMany<Comment>` is no column: it holds what a query included, and what belongs together is
/// said by fields. For each relation `TaskRelations`, a trait to be exported beside the entity, has a method: `task.project().await`,
/// `task.comments().insert(…)`, `task.tags().add(&tag)`.
///
/// | | |
/// | --- | --- |
/// | `project_id`, on a `ToOne<Project>` | an own field holds the other's id; where it may be null, nothing may be related |
/// | `Comment::task_id`, on a `ToMany<Comment>` | a field of the others holds the own id |
/// | `area = Area::area, number = Area::number` | several fields, or others than the id |
/// | `through = TaskTag, TaskTag::task_id, TaskTag::tag_id`, on a `ToMany<Tag>` | many to many: the entity in between, its field for the own id and that for the other's |
/// | `on_delete = restrict` | what becomes of this row when the one that its key points to is deleted: `restrict` (that one cannot be: 409), `cascade` (it is deleted too), `set_null`, `unwatched` (the database makes no foreign key) |
/// | `exists`, `exists(message = "…")` | a validator: there is a row that the key leads to; one that the asker cannot reach is not there |
/// | `filter = f` | what else holds of the related rows: `fn() -> Filter<Comment>` |
/// | `include` | always loaded along |
/// | `api_read = R` | who may ask for it and across it |
///
/// # Entities that are only read
///
/// Over a `SELECT`, in which entities and fields stand in braces; the id has to be different in each row:
///
/// ```
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "orders", allow(crud = authenticated))]
/// # pub struct Order { #[field(id)] pub id: Uuid, pub customer: String, pub total: Decimal, pub day: NaiveDate }
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(
///     key = "order-totals",
///     sql = "SELECT {Order.customer} AS {customer}, SUM({Order.total}) AS {total} FROM {Order} GROUP BY {Order.customer}",
///     allow(read = authenticated),
/// )]
/// pub struct OrderTotal {
///     #[field(id)]
///     pub customer: String,
///     pub total: Decimal,
/// }
/// ```
///
/// Over SQL that a function makes, of arguments that the question gives, and of whatever it asks its context. `isoform::sql` is
/// on the server only, and so is the function:
///
/// ```
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "orders", allow(crud = authenticated))]
/// # pub struct Order { #[field(id)] pub id: Uuid, pub customer: String, pub total: Decimal, pub day: NaiveDate }
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "totals-since", sql = since, arguments(day: NaiveDate), allow(read = authenticated))]
/// pub struct TotalSince {
///     #[field(id)]
///     pub customer: String,
///     pub total: Decimal,
/// }
///
/// #[cfg(not(target_arch = "wasm32"))]
/// async fn since(day: NaiveDate) -> Result<isoform::sql::Sql> {
///     let (o, orders) = (Order::FIELDS, isoform::sql::table::<Order>());
///     Ok(sql!("SELECT {} AS customer, SUM({}) AS total FROM {} WHERE {} >= {} GROUP BY 1", o.customer, o.total, orders, o.day, day))
/// }
///
/// async fn example(day: NaiveDate) -> Result<()> {
///     let totals = TotalSince::query_with(day).filter(|t| t.customer.ne("nobody")).await?;
///     let count = TotalSince::query().filter(|_| TotalSince::given(day)).count().await?;
///     Ok(())
/// }
/// ```
///
/// Over a view, or a table, that somebody else keeps: `view = "order_totals"`. That it is there, with the columns of the fields, is
/// looked at when the server starts.
#[proc_macro_derive(Entity, attributes(entity, field, relation))]
pub fn derive_entity(input: TokenStream) -> TokenStream {
    entity::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct a controller: fields that travel to the server and back, without rows. A sign-in, a wizard, a report.
///
/// ```
/// use isoform::prelude::*;
///
/// /// Somebody who wants to be told the news.
/// #[derive(Controller, Clone, Debug, PartialEq)]
/// #[controller(key = "subscription")]
/// pub struct Subscription {
///     #[field(required, email)]
///     pub address: String,
///     #[field(allow_update = false)]
///     pub number: i64,
/// }
///
/// #[backend]
/// impl Record<Subscription> {
///     /// Subscribes; answers in `number` the how manieth it is.
///     #[allowed(true)]
///     pub async fn subscribe(&mut self) -> Result<()> {
///         if self.address.ends_with("@example.org") {
///             self.set_error(|s| s.address, "is no address of anybody");
///             return Err(Error::invalid("Nobody is there."));
///         }
///         self.number = 1;
///         Ok(())
///     }
/// }
///
/// async fn caller() -> Result<i64> {
///     let mut subscription = Record::<Subscription>::new();
///     subscription.address = "ann@example.com".into();
///     subscription.subscribe().await?;         // in the browser a remote call
///     Ok(subscription.number)
/// }
/// ```
///
/// It is listed with the entities, `entities![Task, Subscription]`, and its methods are at `POST /api/subscription/subscribe`. Its
/// record is validated on both sides before a method is called, has messages at its fields, and goes into a form as that of an entity
/// does. It has no rows: `repo::<Subscription>()` and `save()` do not compile.
///
/// - `#[controller(key = "…", label = "…", hooks)]`: the key is its name in addresses. Of the hooks only `validation` runs.
/// - Fields are those of [`derive@Entity`] as far as they need no table: their types, validators, `default`, `label`, `display`,
///   `input`, `placeholder`, `help`. `api_read` and `allow_update` are judged by the identity alone. What a client may not set is
///   never taken from it, and its default stands there when the method is called; what it may not see is neither taken nor sent. Nor is a
///   password (`input = "password"`) sent back: what was typed stays in the page until the method clears it.
/// - A function in `#[allowed(f)]` is `fn(&Identity, &Record<Subscription>) -> bool`, asked of the fields as they were sent.
/// - The server keeps nothing between two calls: the fields are what the client says they are. What a method relies on, it asks
///   the database.
#[proc_macro_derive(Controller, attributes(controller, field, relation))]
pub fn derive_controller(input: TokenStream) -> TokenStream {
    entity::derive_controller(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an enum without fields a type that a field of an entity can have. It is stored and sent as a text.
///
/// ```
/// use isoform::prelude::*;
///
/// #[derive(FieldEnum, Clone, Copy, Debug, PartialEq)]
/// pub enum State {
///     Open,
///     #[default]                                   // new records start with it; else with the first
///     InProgress,
///     #[field_enum(value = "done", label = "All done")]
///     Finished,
/// }
///
/// assert_eq!(State::InProgress.value(), "in_progress");
/// assert_eq!(State::InProgress.label(), "In progress");
/// assert_eq!(State::parse("done"), Some(State::Finished));
///
/// // What else belongs to a variant is a method of the enum.
/// impl State {
///     const fn is_open(self) -> bool {
///         !matches!(self, Self::Finished)
///     }
/// }
/// assert!(State::Open.is_open());
/// ```
///
/// The enum is `Copy` and `PartialEq` too. On a variant, `#[field_enum(value = "…", label = "…")]` says what is stored, and
/// what people read; otherwise both are made from its name. To change a `value` is to change stored data.
#[proc_macro_derive(FieldEnum, attributes(field_enum, default))]
pub fn derive_field_enum(input: TokenStream) -> TokenStream {
    field_enum::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Stands above `impl Hooks for …` of an entity that says `hooks` in its `#[entity(…)]`.
///
/// The hooks are `async fn`s: `validation` runs in the browser and on the server; `saving`, `saving_many`, `saved`, `deleting` and
/// `deleted` run on the server, and their bodies are not compiled for the browser.
///
/// ```
/// # use isoform::prelude::*;
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "notes", allow(crud = true), hooks)]
/// pub struct Note { #[field(id)] pub id: Uuid, pub text: String }
///
/// #[hooks]
/// impl Hooks for Note {
///     async fn saving(note: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
///         note.text = note.text.trim().to_owned();
///         Ok(())
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn hooks(_: TokenStream, item: TokenStream) -> TokenStream {
    hooks::expand(parse_macro_input!(item as ItemImpl)).into()
}

/// Stands above `impl Record<Task>` or `impl Task`: its methods run on the server, wherever they are called.
///
/// On the server a trusted caller runs the body at once. From anywhere else the call goes through the guard, in the browser
/// over the wire: the whole record goes along, with its unsaved values, and comes back.
///
/// ```
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub owner: String, pub completed: bool }
/// # fn is_owner(user: &Identity, task: &Record<Task>) -> bool { task.owner == user.id }
/// #[backend]
/// impl Record<Task> {
///     /// Flips `completed`.
///     #[allowed(is_owner)]
///     pub async fn toggle_completed(&mut self) -> Result<()> {
///         self.completed = !self.completed;
///         self.save().await
///     }
/// }
///
/// #[backend]
/// impl Task {
///     /// How many texts are in a title.
///     #[allowed("admin", transaction = false)]
///     pub async fn count_with(text: String) -> Result<u64> {
///         Task::query().filter(|t| t.title.contains(text)).count().await
///     }
/// }
///
/// async fn caller(task: &mut Record<Task>) -> Result<()> {
///     task.title.push('!'); // goes along, unsaved
///     task.toggle_completed().await?;
///     Task::count_with("tax".into()).await?;
///     Ok(())
/// }
/// ```
///
/// The methods of `Record<Task>` become the trait `TaskMethods`: whoever calls them imports it. An entity has at most one
/// block of each of the two kinds.
///
/// - `#[allowed(R)]` is required: a rule as in [`derive@Entity`]. A function is `fn(&Identity, &Record<Task>) -> bool` for a
///   method of a record, asked of the stored and of the resulting record, and `fn(&Identity) -> bool` for one of the entity.
/// - The body runs in one transaction, which an error undoes; `#[allowed(R, transaction = false)]` does without.
/// - Behind the rule, or for all methods of a block in `#[backend(…)]`: `prefix = "reports"` is the path before the name instead of
///   the entity's key, `POST /api/reports/{method}`; `time_limit = 5`: what takes more seconds is undone and answers 503;
///   `rate_limit(10 per minute)`: of each identity so many calls, more answer 429 (`second`, `hour`, `day`): so many at once, then one
///   in each tenth of the minute; calls that a validator refuses count too. Nobody is counted by address
///   where the server knows it, else all together. Calls by trusted code are not limited.
/// - **A method bypasses the entity's `allow` rules on purpose**: its body is trusted, and `allowed` alone says who gets there. Of
///   what the *caller* sends along the fields are taken whose own rules let them write, also where `allow` lets them write no such row: a
///   method that saves the record saves them. `#[field(allow_update = false)]` keeps a field for methods.
/// - So a method that everybody may call, of an entity that not everybody may change, is a warning when the server starts, which names
///   the fields without such a rule; `#[allowed(true, on_purpose)]` says that it is meant.
/// - Arguments and the result are owned, of any type that serde writes and reads; the method answers `Result<T>`.
/// - Bodies are not compiled for the browser, and neither is what only they use.
#[proc_macro_attribute]
pub fn backend(options: TokenStream, item: TokenStream) -> TokenStream {
    backend::expand(options.into(), &parse_macro_input!(item as ItemImpl)).into()
}

/// Stands above `impl Task`: its functions are custom filters, which the server makes of their arguments, wherever a query asks
/// by them.
///
/// ```
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub done: bool, pub owner: String, #[field(created_at)] pub created_at: DateTime<Utc> }
/// #[filters]
/// impl Task {
///     /// The tasks of a year.
///     pub async fn by_year(year: i32) -> Result<Filter<Self>> {
///         Ok(Filter::sql(sql!("strftime('%Y', {}) = {}", Task::FIELDS.created_at, format!("{year:04}"))))
///     }
///
///     /// Those of whoever asks.
///     pub async fn own() -> Result<Filter<Self>> {
///         let who = Identity::current()?;
///         Ok(Task::filter(|t| t.owner.eq(&who.id)))
///     }
/// }
///
/// async fn caller() -> Result<Vec<Record<Task>>> {
///     Task::query().filter(|t| Task::by_year(2024) & Task::own() & t.done.eq(false)).await
/// }
/// ```
///
/// For its callers each is a `fn` that answers a `Filter`, at once and on both sides: it combines with others, is negated, stored, and
/// asked of related rows (`p.tasks.any(|_| Task::own())`). The body runs on the server once for each query, trusted, with the identity of
/// whoever asks; it may ask for other rows, and answer SQL. What it answers may use hidden fields; the entity's `api_filter` holds
/// beside it. Its wire form is `"$custom$byYear": 2024`.
///
/// - It is `async` and answers `Result<Filter<Self>>`; an error of its own is answered to whoever asks.
/// - Arguments are owned, of any type that serde writes and reads.
/// - Bodies are not compiled for the browser. An entity has at most one such block.
#[proc_macro_attribute]
pub fn filters(_: TokenStream, item: TokenStream) -> TokenStream {
    filters::expand(&parse_macro_input!(item as ItemImpl)).into()
}

/// Says who may call a backend method: see [`macro@backend`], which reads it.
#[proc_macro_attribute]
pub fn allowed(rule: TokenStream, _: TokenStream) -> TokenStream {
    // Whatever the rule, `#[backend]` would have taken it away.
    let rule: proc_macro2::TokenStream = rule.into();
    let at = syn::spanned::Spanned::span(&rule);
    syn::Error::new(at, "`#[allowed(…)]` belongs to a backend method: write `#[backend]` above the `impl`")
        .to_compile_error()
        .into()
}
