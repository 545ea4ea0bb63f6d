//! Pages for 300 people at once: nobody sees anything of anybody else's.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use isoform::filter::Condition;
use isoform::future::BoxFuture;
use isoform::meta::FieldMask;
use isoform::prelude::*;
use isoform::provider::{DataProvider, Find, Transaction};
use isoform::{Error, Host, Row, Value};
use isoform_leptos::{EntityList, Pages, provide_identity, set_status, use_answer, use_identity, use_query};
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

/// Two notes of everybody, in memory, and never at once.
struct Notes;

impl Notes {
    fn rows(meta: &EntityMeta, filter: &Condition) -> Vec<Row> {
        let text = |text: String| Value::Text(text);
        let all = (0..PEOPLE * 2).map(|n| {
            let owner = name(n / 2);
            let row = [format!("note-{n}"), owner.clone(), format!("text of {owner}"), format!("aside of {owner}"), format!("secret of {owner}")];
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
        Box::pin(async move {
            let rows = Self::rows(meta, &find.filter);
            dawdle(rows.first().map_or(0, |row| format!("{row:?}").len() + rows.len())).await;
            tokio::time::sleep(Duration::from_millis(3)).await;
            Ok(rows)
        })
    }

    fn find_json<'a>(&'a self, _: &'static EntityMeta, _: &'a Find, _: FieldMask, _: &'a mut Vec<u8>) -> BoxFuture<'a, Result<u64>> {
        unimplemented_here()
    }

    fn count<'a>(&'a self, meta: &'static EntityMeta, filter: &'a Condition) -> BoxFuture<'a, Result<u64>> {
        isoform::future::ready(Ok(Self::rows(meta, filter).len() as u64))
    }

    fn insert<'a>(&'a self, _: &'static EntityMeta, _: &'a [Value]) -> BoxFuture<'a, Result<()>> {
        unimplemented_here()
    }

    fn update<'a>(&'a self, _: &'static EntityMeta, _: &'a Condition, _: &'a [(usize, Value)]) -> BoxFuture<'a, Result<u64>> {
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
    let context = Context::api(Arc::new(Notes) as Arc<dyn DataProvider>).with_identity(asker(request.headers()));
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
                <Route path=path!("/a") view=A ssr=SsrMode::Async />
                <Route path=path!("/a2") view=A2 ssr=SsrMode::Async />
                <Route path=path!("/a3") view=A3 ssr=SsrMode::Async />
                <Route path=path!("/b") view=B ssr=SsrMode::Async />
                <Route path=path!("/c") view=C ssr=SsrMode::Async />
                <Route path=path!("/d") view=D ssr=SsrMode::Async />
                <Route path=path!("/bc") view=BC ssr=SsrMode::Async />
                <Route path=path!("/e") view=E ssr=SsrMode::Async />
                <Route path=path!("/f") view=F ssr=SsrMode::Async />
                <Route path=path!("/g") view=G ssr=SsrMode::Async />
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
    let plain = Resource::new(|| (), |()| async {
        dawdle(asking().len()).await;
        Note::query().await.map(|notes| notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>().join(", "))
    });
    let refused = use_answer(|| (), |()| async {
        tokio::time::sleep(Duration::from_millis(2)).await;
        Err::<String, _>(Error::invalid(format!("refused to {}", Identity::current()?.id)))
    });
    let spawned = Resource::new(|| (), |()| async {
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
    });
    view! {
        <ul>
            <EntityList query=notes fallback=|| view! { <li>"Loading"</li> } let:note>
                <li>{note.value(|n| n.text)} " / " {note.value(|n| n.aside)}</li>
            </EntityList>
        </ul>
        <Suspense fallback=|| "…">
            <p>{move || plain.get().map(|text| text.unwrap_or_else(|error| error.to_string()))}</p>
            <p>{move || refused.get().map(|refused| refused.map_or_else(|error| error.to_string(), |ok| ok))}</p>
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

fn site() -> Router {
    Site(Router::new()).pages(shell, App).0
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


#[component] fn A() -> impl IntoView { let notes = use_query(|| Note::query().order_by(|n| n.id.asc()));
 view!{<ul>
            <EntityList query=notes fallback=|| view! { <li>"Loading"</li> } let:note>
                <li>{note.value(|n| n.text)} " / " {note.value(|n| n.aside)}</li>
            </EntityList>
        </ul>} }
#[component] fn A2() -> impl IntoView { let notes = use_query(|| Note::query().order_by(|n| n.id.asc()));
 view!{<Transition fallback=|| "x"> {move || notes.rows().map(|r| r.map(|r| r.len()).map_err(|e| e.to_string()).map_or_else(|e| e, |r| r.to_string()))} </Transition>} }
#[component] fn A3() -> impl IntoView { let notes = Resource::new(|| (), |()| async { Err::<u8,u8>(3) });
 view!{<Transition fallback=|| "x"> {move || notes.get().map(|r| format!("{r:?}"))} </Transition>} }
fn plain() -> Resource<Result<String>> { Resource::new(|| (), |()| async {
        dawdle(asking().len()).await;
        Note::query().await.map(|notes| notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>().join(", "))
    }) }
fn refused() -> isoform_leptos::Answered<String> { use_answer(|| (), |()| async {
        tokio::time::sleep(Duration::from_millis(2)).await;
        Err::<String, _>(Error::invalid(format!("refused to {}", Identity::current()?.id)))
    }) }
#[component] fn B() -> impl IntoView { let plain = plain(); view!{
        <Suspense fallback=|| "…">
            <p>{move || plain.get().map(|text| text.unwrap_or_else(|error| error.to_string()))}</p></Suspense>} }
#[component] fn C() -> impl IntoView { let refused = refused(); view!{
        <Suspense fallback=|| "…">
            <p>{move || refused.get().map(|refused| refused.map_or_else(|error| error.to_string(), |ok| ok))}</p></Suspense>} }
#[component] fn BC() -> impl IntoView { let plain = plain(); let refused = refused(); view!{
        <Suspense fallback=|| "…">
            <p>{move || plain.get().map(|text| text.unwrap_or_else(|error| error.to_string()))}</p>
            <p>{move || refused.get().map(|refused| refused.map_or_else(|error| error.to_string(), |ok| ok))}</p></Suspense>} }
#[component] fn D() -> impl IntoView {     let spawned = Resource::new(|| (), |()| async {
        let mut bare = Vec::new();
        for n in 0..4 {
            let task = tokio::spawn(async move {
                dawdle(n).await;
                asking()
            });
            bare.push(task.await.unwrap_or_default());
        }
        bare
    }); view!{
        <Suspense fallback=|| "…">
            <p>{move || spawned.get().map(|bare| format!("bare {}", bare.join(", ")))}</p></Suspense>} }
#[component] fn E() -> impl IntoView { let notes = use_query(|| Note::query().order_by(|n| n.id.asc())); view!{
        <Suspense fallback=|| "…">
            {move || Suspend::new(async move {
                let outer = notes.await;
                view! { <p>{format!("outer {:?}", outer.map(|notes| notes.len()))}</p>  }
            })}
        </Suspense>} }
#[component] fn F() -> impl IntoView { let notes = use_query(|| Note::query().order_by(|n| n.id.asc())); view!{
        <Suspense fallback=|| "…">
            {move || Suspend::new(async move {
                let outer = notes.await;
                let nested = use_query(|| Note::query().filter(|n| n.text.contains("text")));
                let inner = view! {
                    <Suspense fallback=|| "…">
                        {move || Suspend::new(async move {
                            let inner = nested.await.map(|notes| notes.len());
                            format!("inner {inner:?} for {}", asking())
                        })}
                    </Suspense>
                };
                view! { <p>{format!("outer {:?}", outer.map(|notes| notes.len()))}</p> {inner} }
            })}
        </Suspense>} }
#[component] fn G() -> impl IntoView { let notes = use_query(|| Note::query().order_by(|n| n.id.asc())); view!{
        <Suspense fallback=|| "…">
            {move || Suspend::new(async move {
                let outer = notes.await;
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
        </Suspense>} }

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hunt() {
    let site = site();
    for path in ["/a","/a2","/a3","/b","/c","/d","/bc","/e","/f","/g","/"] {
        for who in [None, Some("person-001")] {
            let mut hangs = 0;
            for _ in 0..100 {
                let work = async { text(site.clone().oneshot(request(path, who, None)).await.unwrap_or_else(|never| match never {})).await };
                if tokio::time::timeout(Duration::from_millis(300), work).await.is_err() { hangs += 1; }
            }
            println!("{path} {who:?}: {hangs} of 100");
        }
    }
}
