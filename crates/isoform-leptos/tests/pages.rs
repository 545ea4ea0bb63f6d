//! Pages for 300 people at once: nobody sees anything of anybody else's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use isoform::filter::Condition;
use isoform::future::BoxFuture;
use isoform::meta::{Direction, FieldMask, RelationMeta};
use isoform::prelude::*;
use isoform::provider::{DataProvider, Find, RelatedRow, Transaction};
use isoform::{Error, Host, Row, Value};
use isoform_leptos::{
    EntityList, LoadMore, Pages, RecordSignal, ReferenceField, provide_identity, set_status, use_answer, use_identity,
    use_pages, use_query,
};
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router as Routing, Routes};
use leptos_router::{SsrMode, path};
use tower::ServiceExt as _;

const PEOPLE: usize = 300;

fn name(person: usize) -> String {
    format!("person-{person:03}")
}

/// Something written down.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "notes", allow(read = authenticated), api_filter = own)]
struct Note {
    #[field(id)]
    id: String,
    owner: String,
    text: String,
    #[field(api_read = "reader")]
    aside: String,
    #[field(api_read = false)]
    secret: String,
}

fn own(who: Option<&Identity>) -> Filter<Note> {
    who.map_or_else(Filter::nothing, |who| Note::filter(|n| n.owner.eq(&who.id)))
}

/// How often rows were asked for in the order of [`Rows`].
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Two notes of everybody, in memory, and never at once.
struct Notes;

impl Notes {
    fn rows(meta: &EntityMeta, filter: &Condition) -> Vec<Row> {
        let text = |text: String| Value::Text(text);
        let all = (0..PEOPLE * 2).map(|n| {
            let owner = name(n / 2);
            let row = [
                format!("note-{n}"),
                owner.clone(),
                format!("text of {owner}"),
                format!("aside of {owner}"),
                format!("secret of {owner}"),
            ];
            row.map(text).to_vec()
        });
        assert_eq!(meta.key, "notes");
        all.filter(|row| filter.matches(&|index| row[index].clone())).collect()
    }
}

/// Waits as a database makes one wait: sometimes not at all.
async fn dawdle(seed: usize) {
    match seed % 4 {
        0 => {}
        1 => tokio::task::yield_now().await,
        n => tokio::time::sleep(Duration::from_millis(n as u64 * 2)).await,
    }
}

impl DataProvider for Notes {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn find<'a>(&'a self, meta: &'static EntityMeta, find: &'a Find) -> BoxFuture<'a, Result<Vec<Row>>> {
        let by_owner = find.order.first().is_some_and(|(_, direction)| *direction == Direction::Desc);
        ASKED.fetch_add(usize::from(by_owner), Ordering::Relaxed);
        Box::pin(async move {
            let mut rows = Self::rows(meta, &find.filter);
            if find.after.is_some() {
                // Pages are of one row here.
                rows.remove(0);
            }
            dawdle(rows.first().map_or(0, |row| format!("{row:?}").len() + rows.len())).await;
            tokio::time::sleep(Duration::from_millis(3)).await;
            Ok(rows)
        })
    }

    fn find_json<'a>(
        &'a self,
        _: &'static EntityMeta,
        _: &'a Find,
        _: FieldMask,
        _: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<u64>> {
        unimplemented_here()
    }

    fn find_related<'a>(
        &'a self,
        _: &'static RelationMeta,
        _: &'a [Vec<Value>],
        _: &'a Find,
        _: &'a Condition,
        _: Option<u64>,
    ) -> BoxFuture<'a, Result<Vec<RelatedRow>>> {
        unimplemented_here()
    }

    fn find_fields<'a>(&'a self, _: &'static EntityMeta, _: &'a Find, _: FieldMask) -> BoxFuture<'a, Result<Vec<Row>>> {
        unimplemented_here()
    }

    fn find_page<'a>(
        &'a self,
        _: &'static EntityMeta,
        _: &'a Find,
        _: u64,
        _: FieldMask,
        _: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<Option<Row>>> {
        unimplemented_here()
    }

    fn count<'a>(&'a self, meta: &'static EntityMeta, filter: &'a Condition) -> BoxFuture<'a, Result<u64>> {
        isoform::future::ready(Ok(Self::rows(meta, filter).len() as u64))
    }

    fn insert<'a>(&'a self, _: &'static EntityMeta, _: &'a [Value]) -> BoxFuture<'a, Result<()>> {
        unimplemented_here()
    }

    fn update<'a>(
        &'a self,
        _: &'static EntityMeta,
        _: &'a Condition,
        _: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<u64>> {
        unimplemented_here()
    }

    fn update_returning<'a>(
        &'a self,
        _: &'static EntityMeta,
        _: &'a Condition,
        _: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<Option<Row>>> {
        unimplemented_here()
    }

    fn delete<'a>(&'a self, _: &'static EntityMeta, _: &'a Condition) -> BoxFuture<'a, Result<u64>> {
        unimplemented_here()
    }

    fn transaction(&self) -> Result<Arc<dyn Transaction>> {
        Err(Error::internal("nothing is written here"))
    }

    fn ensure_schema<'a>(&'a self, _: &'a [&'static EntityMeta]) -> BoxFuture<'a, Result<Vec<String>>> {
        isoform::future::ready(Ok(Vec::new()))
    }
}

fn unimplemented_here<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T>> {
    isoform::future::ready(Err(Error::internal("nothing is written here")))
}

/// The least of a server: it takes the request's word for who asks.
struct Site(Router);

impl Host for Site {
    type Router = Router;

    fn with_pages(self, pages: Router, files: Router) -> Self {
        Self(self.0.merge(pages.layer(from_fn(in_context))).fallback_service(files))
    }
}

async fn in_context(mut request: Request, next: Next) -> axum::response::Response {
    let mut context = Context::api(Arc::new(Notes) as Arc<dyn DataProvider>).with_identity(asker(request.headers()));
    if request.headers().contains_key("x-seen") {
        context = context.with_error_hook(Arc::new(|error, context| {
            Box::pin(async move {
                let who = context.identity().map_or("nobody", |who| &*who.id);
                Ok(error.with_status(410).with_message(format!("{who} comes too late.")))
            })
        }));
    }
    request.extensions_mut().insert(context.clone());
    context.run(next.run(request)).await
}

fn asker(headers: &HeaderMap) -> Option<Identity> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let who = header("x-user").map(|id| Identity::new(id, format!("name of {id}")))?;
    Some(header("x-role").into_iter().fold(who, Identity::role))
}

fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head><HydrationScripts options /><MetaTags /></head>
            <body><App /></body>
        </html>
    }
}

#[component]
fn App() -> impl IntoView {
    provide_meta_context();
    provide_identity();
    let identity = use_identity();
    view! {
        <Routing>
            <p>"Signed in: " {move || identity.get().map(|who| who.id)}</p>
            <Routes fallback=|| "There is nothing here.">
                <Route path=path!("/") view=Page ssr=SsrMode::Async />
                <Route path=path!("/streamed") view=Page ssr=SsrMode::OutOfOrder />
                <Route path=path!("/ordered") view=Page ssr=SsrMode::InOrder />
                <Route path=path!("/gone") view=Gone ssr=SsrMode::Async />
                <Route path=path!("/growing") view=Growing ssr=SsrMode::Async />
                <Route path=path!("/grown") view=Grown ssr=SsrMode::Async />
                <Route path=path!("/choosing") view=Choosing ssr=SsrMode::Async />
                <Route path=path!("/rows") view=Rows ssr=SsrMode::Async />
            </Routes>
        </Routing>
    }
}

#[component]
fn Gone() -> impl IntoView {
    let note = use_answer(|| (), |()| repo::<Note>().find_id("not-there"));
    view! {
        <Suspense>
            {move || note.get().map(|note| match note {
                Ok(note) => note.text.clone(),
                Err(error) => { set_status(error.status()); error.to_string() }
            })}
        </Suspense>
    }
}

/// A list that grows, as it begins.
#[component]
fn Growing() -> impl IntoView {
    let notes = use_pages(|| Note::query().order_by(|n| n.id.asc()).limit(1));
    view! {
        <ul>
            <EntityList query=notes let:note>
                <li>{note.value(|n| n.text)}</li>
            </EntityList>
        </ul>
        <LoadMore pages=notes rows="notes" />
    }
}

/// A list that grows, once it has grown, and was asked for more than there is.
#[component]
fn Grown() -> impl IntoView {
    let notes = use_pages(|| Note::query().order_by(|n| n.id.asc()).limit(1));
    let grown = Resource::new(
        || (),
        move |()| async move {
            let first = notes.await.map_or(0, |rows| rows.len());
            let more = notes.has_more();
            for _ in 0..3 {
                notes.load_next().await;
            }
            let rows = notes.rows().and_then(Result::ok).unwrap_or_default();
            let ids: Vec<_> = rows.iter().map(|note| note.id.clone()).collect();
            format!("first {first} {more}, then {} {} of {:?}", ids.join(" "), notes.has_more(), notes.total())
        },
    );
    view! { <Suspense>{move || grown.get()}</Suspense> }
}

/// A choice among rows.
#[component]
fn Choosing() -> impl IntoView {
    let notes = use_query(|| Note::query().order_by(|n| n.id.asc())).choices(|note| note.text.clone());
    let draft = RecordSignal::new(Record::from(Note { owner: "note-3".into(), ..Note::blank() }));
    view! { <ReferenceField of=draft.field(|n| n.owner) choices=notes label="About" /> }
}

/// A list whose rows ask for choices themselves, all for the same.
#[component]
fn Rows() -> impl IntoView {
    let notes = use_query(|| Note::query().order_by(|n| n.id.asc()));
    let choices = || use_query(|| Note::query().order_by(|n| n.owner.desc())).choices(|note| note.aside.clone());
    view! {
        <EntityList query=notes let:note>
            <ReferenceField of=note.field(|n| n.owner) choices=choices() label="About" />
        </EntityList>
    }
}

/// Who the context says is asking.
fn asking() -> String {
    match Context::current() {
        Ok(context) => context.identity().map_or_else(|| "nobody".to_owned(), |who| who.id.clone()),
        Err(_) => "no context".into(),
    }
}

/// Everything that a page may do to lose its way.
#[component]
fn Page() -> impl IntoView {
    let notes = use_query(|| Note::query().order_by(|n| n.id.asc()));
    let plain = Resource::new(
        || (),
        |()| async {
            dawdle(asking().len()).await;
            Note::query().await.map(|notes| notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>().join(", "))
        },
    );
    let refused = use_answer(
        || (),
        |()| async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            Err::<String, _>(Error::invalid(format!("refused to {}", Identity::current()?.id)))
        },
    );
    let spawned = Resource::new(
        || (),
        |()| async {
            let carried = Context::spawn(async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                asking()
            });
            let carried = match carried {
                Ok(task) => task.await.unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            let mut bare = Vec::new();
            for n in 0..4 {
                let task = tokio::spawn(async move {
                    dawdle(n).await;
                    asking()
                });
                bare.push(task.await.unwrap_or_default());
            }
            (carried, bare)
        },
    );
    view! {
        <ul>
            <EntityList query=notes fallback=|| view! { <li>"Loading"</li> } let:note>
                <li>{note.value(|n| n.text)} " / " {note.value(|n| n.aside)}</li>
            </EntityList>
        </ul>
        <Suspense fallback=|| "…">
            <p>{move || plain.get().map(|text| text.unwrap_or_else(|error| error.to_string()))}</p>
            <p>{move || refused.get().map(|refused| refused.unwrap_or_else(|error| error.to_string()))}</p>
            <p>{move || spawned.get().map(|(carried, bare)| format!("carried {carried}; bare {}", bare.join(", ")))}</p>
        </Suspense>
        <Suspense fallback=|| "…">
            {move || Suspend::new(async move {
                let outer = notes.await;
                // A resource that is made while another one is awaited.
                let nested = use_query(|| Note::query().filter(|n| n.text.contains("text")));
                let inner = view! {
                    <Suspense fallback=|| "…">
                        {move || Suspend::new(async move {
                            tokio::task::yield_now().await;
                            let inner = nested.await.map(|notes| notes.len());
                            format!("inner {inner:?} for {}", asking())
                        })}
                    </Suspense>
                };
                view! { <p>{format!("outer {:?}", outer.map(|notes| notes.len()))}</p> {inner} }
            })}
        </Suspense>
    }
}

/// Made once: whatever is rendered while Leptos lists the routes of a site never gets its resources.
fn site() -> Router {
    static SITE: LazyLock<Router> = LazyLock::new(|| Site(Router::new()).pages(shell, App).0);
    SITE.clone()
}

fn request(path: &str, person: Option<&str>, role: Option<&str>) -> Request {
    let mut request = Request::builder().uri(path).header("accept", "text/html");
    if let Some(person) = person {
        request = request.header("x-user", person);
    }
    if let Some(role) = role {
        request = request.header("x-role", role);
    }
    request.body(Body::empty()).unwrap_or_default()
}

async fn text(response: axum::response::Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The people whom a page mentions.
fn mentioned(page: &str) -> Vec<&str> {
    page.match_indices("person-").map(|(at, _)| &page[at..(at + "person-000".len()).min(page.len())]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_hundred_people_see_nothing_of_each_other() {
    let site = site();
    for path in ["/", "/streamed", "/ordered"] {
        let mut tasks = Vec::new();
        for person in 0..PEOPLE {
            let site = site.clone();
            let task = tokio::spawn(async move {
                let who = name(person);
                // Every other one may read what is said aside.
                let role = (person % 2 == 0).then_some("reader");
                let response =
                    site.oneshot(request(path, Some(&who), role)).await.unwrap_or_else(|never| match never {});
                let status = response.status();
                // A server polls the body somewhere else than the handler.
                let page = tokio::spawn(text(response)).await.unwrap_or_default();
                (who, role, status, page)
            });
            tasks.push(task);
            // Tasks of nobody's, on the same threads.
            tasks.push(tokio::spawn(async move {
                dawdle(person).await;
                (String::from("no context"), None, StatusCode::OK, asking())
            }));
        }
        let (mut pages, mut foreign) = (0, Vec::new());
        for task in tasks {
            let (who, role, status, page) = task.await.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(status, StatusCode::OK);
            if who == "no context" {
                assert_eq!(page, who, "a task of nobody's found a context");
                continue;
            }
            pages += 1;
            foreign.extend(mentioned(&page).into_iter().filter(|other| *other != who).map(str::to_owned));
            for expected in [
                format!("Signed in: <!>{who}"),
                format!("text of {who}, text of {who}"),
                format!("refused to {who}"),
                format!("carried {who}; bare "),
                "outer Ok(2)".into(),
                format!("inner Ok(2) for {who}"),
            ] {
                assert!(page.contains(&expected), "{path} of {who} lacks {expected:?}:\n{page}");
            }
            // On the page, and in the data that the browser takes over.
            let asides = page.matches(&format!("aside of {who}")).count();
            assert!(
                if role.is_some() { asides >= 4 } else { asides == 0 },
                "{path} of {who} has {asides} asides:\n{page}"
            );
            assert!(!page.contains("secret of"), "{path} of {who} shows a secret");
            assert!(!page.contains("carried no context"));
        }
        assert_eq!(pages, PEOPLE);
        assert_eq!(foreign, Vec::<String>::new(), "{path}: foreign identities or errors");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_nothing_else_to_do_answers_too() {
    // A resource that is written to while its task begins on an idle thread would never answer.
    let site = site();
    for n in 0..100 {
        let (path, who) = (["/", "/streamed", "/ordered"][n % 3], (n % 2 == 0).then_some("person-001"));
        let answer = async {
            text(site.clone().oneshot(request(path, who, None)).await.unwrap_or_else(|never| match never {})).await
        };
        let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
        assert!(answer.is_ok(), "{path} was never answered");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_signed_in_by_default() {
    let page = text(site().oneshot(request("/", None, None)).await.unwrap_or_else(|never| match never {})).await;
    assert!(page.contains("Sign in first."), "{page}");
    assert_eq!(mentioned(&page), Vec::<&str>::new());
}

#[tokio::test]
async fn an_unknown_address_is_a_page_with_404() {
    let response =
        site().oneshot(request("/nowhere", Some("person-001"), None)).await.unwrap_or_else(|never| match never {});
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let page = text(response).await;
    assert!(page.contains("There is nothing here."), "{page}");
    // Nobody is looked up for what is no page: the browser is told that it is not known who is signed in.
    assert_eq!(mentioned(&page), Vec::<&str>::new());
    assert!(page.contains("[false,null]"), "{page}");
}

#[tokio::test]
async fn a_script_that_misses_a_file_gets_no_page() {
    let request =
        Request::builder().uri("/pkg/nothing.js").header("accept", "application/javascript").body(Body::empty());
    let response = site().oneshot(request.unwrap_or_default()).await.unwrap_or_else(|never| match never {});
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(text(response).await, "Not found");
}

#[tokio::test]
async fn a_row_that_is_not_there_is_a_page_with_404() {
    let response =
        site().oneshot(request("/gone", Some("person-001"), None)).await.unwrap_or_else(|never| match never {});
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()["cache-control"], "private, no-cache");
    assert!(text(response).await.contains("There is no such row in notes."));
}

#[tokio::test]
async fn an_error_in_a_page_is_seen_on_its_way_out() {
    let mut request = request("/gone", Some("person-001"), None);
    request.headers_mut().insert("x-seen", axum::http::HeaderValue::from_static("1"));
    let response = site().oneshot(request).await.unwrap_or_else(|never| match never {});
    assert_eq!(response.status(), StatusCode::GONE);
    assert!(text(response).await.contains("person-001 comes too late."));
}

async fn page_of_person_1(path: &str) -> String {
    text(site().oneshot(request(path, Some("person-001"), None)).await.unwrap_or_else(|never| match never {})).await
}

#[tokio::test]
async fn a_list_that_grows_comes_with_its_first_page_and_says_how_many_there_are() {
    let page = page_of_person_1("/growing").await;
    assert!(page.contains("1 of 2 notes") && page.contains("Load more"), "{page}");
    assert_eq!(page.matches("<li>").count(), 1, "{page}");
}

#[tokio::test]
async fn pages_are_added_to_a_list_that_grows_until_there_are_no_more() {
    let page = page_of_person_1("/grown").await;
    assert!(page.contains("first 1 true, then note-2 note-3 false of Some(2)"), "{page}");
}

#[tokio::test]
async fn the_choices_of_a_related_row_are_rendered_with_the_page() {
    let page = page_of_person_1("/choosing").await;
    assert!(page.contains(r#"<option value="note-2">text of person-001"#), "{page}");
    assert!(page.contains(r#"<option value="note-3" selected>text of person-001"#), "{page}");
}

#[tokio::test]
async fn rows_that_ask_alike_ask_once_and_the_page_has_the_answer_once() {
    let reader = request("/rows", Some("person-001"), Some("reader"));
    let page = text(site().oneshot(reader).await.unwrap_or_else(|never| match never {})).await;
    assert_eq!(page.matches(r#"<option value="note-2">aside of person-001"#).count(), 2, "in both rows: {page}");
    // Two rows in the answer of the list, and two in the one that the rows share.
    assert_eq!(page.matches("text of person-001").count(), 4, "{page}");
    assert_eq!(ASKED.load(Ordering::Relaxed), 1, "of the database");
}
