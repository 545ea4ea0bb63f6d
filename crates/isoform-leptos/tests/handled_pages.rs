//! A page that is rendered on the server shows what handlers made of its entities.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next as Further, from_fn};
use isoform::Host;
use isoform::filter::Condition;
use isoform::future::BoxFuture;
use isoform::handlers::{Count, Find, FindById, Handlers, Next};
use isoform::meta::{FieldMask, RelationMeta};
use isoform::prelude::*;
use isoform::provider::{DataProvider, Find as Question, RelatedRow, Transaction};
use isoform::{Error, Row, Value};
use isoform_leptos::{EntityList, Pages, use_answer, use_query};
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router as Routing, Routes};
use leptos_router::{SsrMode, path};
use tower::ServiceExt as _;

/// A house for sale.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "houses", allow(read = true))]
struct House {
    #[field(id)]
    id: i64,
    street: String,
    sold: bool,
    #[field(api_read = false)]
    seller: String,
}

/// Three of them, in memory: the second is sold.
struct Houses;

impl Houses {
    fn rows(filter: &Condition) -> Vec<Row> {
        let house = |id: i64| {
            let text = |text: String| Value::Text(text);
            vec![Value::Int(id), text(format!("street {id}")), Value::Bool(id == 2), text(format!("seller {id}"))]
        };
        (1..4).map(house).filter(|row| filter.matches(&|index| row[index].clone())).collect()
    }
}

impl DataProvider for Houses {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn find<'a>(&'a self, _: &'static EntityMeta, find: &'a Question) -> BoxFuture<'a, Result<Vec<Row>>> {
        isoform::future::ready(Ok(Self::rows(&find.filter)))
    }

    fn find_json<'a>(
        &'a self,
        _: &'static EntityMeta,
        _: &'a Question,
        _: FieldMask,
        _: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<u64>> {
        not_here()
    }

    fn find_related<'a>(
        &'a self,
        _: &'static RelationMeta,
        _: &'a [Vec<Value>],
        _: &'a Question,
        _: &'a Condition,
        _: Option<u64>,
    ) -> BoxFuture<'a, Result<Vec<RelatedRow>>> {
        not_here()
    }

    fn find_fields<'a>(
        &'a self,
        _: &'static EntityMeta,
        _: &'a Question,
        _: FieldMask,
    ) -> BoxFuture<'a, Result<Vec<Row>>> {
        not_here()
    }

    fn find_page<'a>(
        &'a self,
        _: &'static EntityMeta,
        _: &'a Question,
        _: u64,
        _: FieldMask,
        _: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<Option<Row>>> {
        not_here()
    }

    fn count<'a>(&'a self, _: &'static EntityMeta, filter: &'a Condition) -> BoxFuture<'a, Result<u64>> {
        isoform::future::ready(Ok(Self::rows(filter).len() as u64))
    }

    fn insert<'a>(&'a self, _: &'static EntityMeta, _: &'a [Value]) -> BoxFuture<'a, Result<()>> {
        not_here()
    }

    fn update<'a>(
        &'a self,
        _: &'static EntityMeta,
        _: &'a Condition,
        _: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<u64>> {
        not_here()
    }

    fn update_returning<'a>(
        &'a self,
        _: &'static EntityMeta,
        _: &'a Condition,
        _: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<Option<Row>>> {
        not_here()
    }

    fn delete<'a>(&'a self, _: &'static EntityMeta, _: &'a Condition) -> BoxFuture<'a, Result<u64>> {
        not_here()
    }

    fn transaction(&self) -> Result<Arc<dyn Transaction>> {
        Err(Error::internal("nothing is written here"))
    }

    fn ensure_schema<'a>(&'a self, _: &'a [&'static EntityMeta]) -> BoxFuture<'a, Result<Vec<String>>> {
        isoform::future::ready(Ok(Vec::new()))
    }
}

fn not_here<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T>> {
    isoform::future::ready(Err(Error::internal("this is not asked here")))
}

/// Sold houses are not shown, and what is shown is dressed up; of one that is not there another is told.
fn handlers() -> Handlers {
    Handlers::new()
        .before::<Find, House>(async |request| {
            request.query.filter(|h| h.sold.eq(false));
            Ok(Next::Continue)
        })
        .after::<Find, House>(async |_, outcome| {
            let found = outcome.as_mut().map_err(|error| error.clone())?;
            for house in &mut found.items {
                house.street = format!("sunny {}", house.street);
                house.seller.push_str(" known");
            }
            Ok(())
        })
        .after::<FindById, House>(async |_, outcome| {
            if outcome.is_err() {
                *outcome = Ok(Record::from(House { id: 9, street: "a better one".into(), ..House::blank() }));
            }
            Ok(())
        })
        .after::<Count, House>(async |_, outcome| {
            *outcome = Ok(42);
            Ok(())
        })
}

/// The least of a server: a request with `x-plain` is one to a server without handlers.
struct Site(Router);

impl Host for Site {
    type Router = Router;

    fn with_pages(self, pages: Router, files: Router) -> Self {
        Self(self.0.merge(pages.layer(from_fn(in_context))).fallback_service(files))
    }
}

async fn in_context(mut request: Request, further: Further) -> axum::response::Response {
    let mut context = Context::api(Arc::new(Houses) as Arc<dyn DataProvider>);
    if !request.headers().contains_key("x-plain") {
        context = context.with_handlers(handlers().for_entities(&entities![House]).unwrap_or_default());
    }
    request.extensions_mut().insert(context.clone());
    context.run(further.run(request)).await
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
    view! {
        <Routing>
            <Routes fallback=|| "There is nothing here.">
                <Route path=path!("/") view=Page ssr=SsrMode::Async />
                <Route path=path!("/streamed") view=Page ssr=SsrMode::OutOfOrder />
            </Routes>
        </Routing>
    }
}

#[component]
fn Page() -> impl IntoView {
    let houses = use_query(|| House::query().order_by(|h| h.id.asc()));
    let more = use_answer(
        || (),
        |()| async {
            let street = match repo::<House>().find_id(7).await {
                Ok(house) => house.street.clone(),
                Err(error) => error.message().to_owned(),
            };
            Ok(format!("{street}, of {}", repo::<House>().count().await?))
        },
    );
    view! {
        <ul>
            <EntityList query=houses fallback=|| view! { <li>"Loading"</li> } let:house>
                <li>{house.value(|h| h.street)}</li>
            </EntityList>
        </ul>
        <Suspense fallback=|| "…">
            <p>{move || more.get().map(|more| more.unwrap_or_else(|error| error.to_string()))}</p>
        </Suspense>
    }
}

/// Made once: whatever is rendered while Leptos lists the routes of a site never gets its resources.
fn site() -> Router {
    static SITE: LazyLock<Router> = LazyLock::new(|| Site(Router::new()).pages(shell, App).0);
    SITE.clone()
}

async fn page(path: &str, plain: bool) -> String {
    let mut request = Request::builder().uri(path).header("accept", "text/html");
    if plain {
        request = request.header("x-plain", "1");
    }
    let response = site().oneshot(request.body(Body::empty()).unwrap_or_default()).await;
    let body = response.map(axum::response::Response::into_body).unwrap_or_default();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rendered_page_shows_what_handlers_made_of_its_entities() {
    for path in ["/", "/streamed"] {
        let html = page(path, false).await;
        for shown in ["sunny street 1", "sunny street 3", "a better one, of 42"] {
            assert!(html.contains(shown), "{path}: {shown}: {html}");
        }
        for hidden in ["street 2", "seller"] {
            assert!(!html.contains(hidden), "{path}: {hidden}: {html}");
        }
        let plain = page(path, true).await;
        assert!(plain.contains("street 2") && !plain.contains("sunny") && plain.contains(", of 3"), "{path}: {plain}");
    }
}
