//! A list that grows: the first page with the page, what is behind it when it is asked for.

use std::future::IntoFuture;
use std::sync::Arc;
#[cfg(target_arch = "wasm32")]
use std::sync::atomic::{AtomicU64, Ordering};

use isoform::future::BoxFuture;
use isoform::{Entity, Error, Query, Record, Result};
use leptos::prelude::*;

use crate::query::{Answered, Busy, use_answer};

/// The rows of a query page by page, each page added to those before: for a list that grows. The query's limit is the size of a page.
///
/// The first page is as what [`use_query`](crate::use_query) answers: rendered on the server, taken over in the browser,
/// asked for again when signals that the closure reads change, or somebody signs in or out. It brings along how many rows
/// there are. The pages behind it are found by a cursor ([`Query::paginate`]), so that the hundredth costs what the
/// first one does. They belong to this answer: with another one the list begins anew.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{EntityList, LoadMore, use_pages};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "orders", allow(crud = true))]
/// # pub struct Order { #[field(id)] pub id: Uuid, #[field(index)] pub number: i64 }
/// # #[component]
/// # fn Orders() -> impl IntoView {
/// let orders = use_pages(|| Order::query().order_by(|o| o.number.desc()).limit(25));
/// view! {
///     <ul>
///         <EntityList query=orders fallback=|| "Loading…" let:order>
///             <li>{order.value(|o| o.number)}</li>
///         </EntityList>
///     </ul>
///     <LoadMore pages=orders rows="orders" />
/// }
/// # }
/// ```
#[track_caller]
pub fn use_pages<E: Entity>(query: impl Fn() -> Query<E> + Send + Sync + 'static) -> PagesState<E> {
    let query: Arc<dyn Fn() -> Query<E> + Send + Sync> = Arc::new(query);
    let asked = query.clone();
    PagesState {
        first: use_answer(move || asked(), first_page),
        query: StoredValue::new(query),
        more: RwSignal::new(More::default()),
        pending: RwSignal::new(false),
    }
}

/// The rows of the first page, the cursor behind it, how many rows there are, and which answer this is.
type First<E> = (Vec<Record<E>>, Option<String>, Option<u64>, u64);

async fn first_page<E: Entity>(query: Query<E>) -> Result<First<E>> {
    let page = query.paginate().with_total().await?;
    let cursor = page.cursor().map(str::to_owned);
    Ok((page.items, cursor, page.total, number()))
}

/// Tells the answers of a page apart; what the server wrote into it is 0.
fn number() -> u64 {
    #[cfg(target_arch = "wasm32")]
    {
        static LAST: AtomicU64 = AtomicU64::new(0);
        LAST.fetch_add(1, Ordering::Relaxed) + 1
    }
    #[cfg(not(target_arch = "wasm32"))]
    0
}

/// What is behind the first page, as far as it was asked for.
#[derive(Clone)]
struct More<E> {
    /// The answer that it belongs to.
    of: Option<u64>,
    rows: Vec<Record<E>>,
    cursor: Option<String>,
    error: Option<Error>,
}

impl<E> Default for More<E> {
    fn default() -> Self {
        Self { of: None, rows: Vec::new(), cursor: None, error: None }
    }
}

/// Where the next page begins.
fn next<E>(first: &First<E>, more: Option<&More<E>>) -> Option<String> {
    more.map_or(&first.1, |more| &more.cursor).clone()
}

type Ask<E> = Arc<dyn Fn() -> Query<E> + Send + Sync>;

/// What [`use_pages`] answers; a handle that can be copied.
pub struct PagesState<E: Entity> {
    first: Answered<First<E>>,
    query: StoredValue<Ask<E>>,
    more: RwSignal<More<E>>,
    pending: RwSignal<bool>,
}

impl<E: Entity> Clone for PagesState<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Entity> Copy for PagesState<E> {}

impl<E: Entity> PagesState<E> {
    /// All rows so far; `None` before the first page is there. Read them inside `<Suspense>` or `<Transition>`, so that the
    /// server waits for them.
    #[must_use]
    pub fn rows(self) -> Option<Result<Vec<Record<E>>>> {
        let first = self.first.get()?;
        Some(first.map(|(mut rows, _, _, number)| {
            self.more.with(|more| {
                if more.of == Some(number) {
                    rows.extend(more.rows.iter().cloned());
                }
            });
            rows
        }))
    }

    /// Looks at the first page, and at what is behind it and belongs to it.
    fn look<R>(self, look: impl FnOnce(&First<E>, Option<&More<E>>) -> R) -> Option<R> {
        self.first.with(|first| {
            let first = first?.as_ref().ok()?;
            Some(self.more.with(|more| look(first, Some(more).filter(|more| more.of == Some(first.3)))))
        })
    }

    /// How many rows are there so far? Read it where [`PagesState::rows`] is read, as what follows.
    #[must_use]
    pub fn shown(self) -> usize {
        self.look(|first, more| first.0.len() + more.map_or(0, |more| more.rows.len())).unwrap_or_default()
    }

    /// How many rows fulfil the filter, on all pages; counted with the first one.
    #[must_use]
    pub fn total(self) -> Option<u64> {
        self.look(|first, _| first.2)?
    }

    /// Is there a page behind those that are there?
    #[must_use]
    pub fn has_more(self) -> bool {
        self.look(|first, more| next(first, more).is_some()).unwrap_or_default()
    }

    /// Was a page behind the first one asked for?
    #[must_use]
    pub fn has_begun(self) -> bool {
        self.look(|_, more| more.is_some()).unwrap_or_default()
    }

    /// What went wrong with the first page. Read it where [`PagesState::rows`] is read.
    #[must_use]
    pub fn error(self) -> Option<Error> {
        self.first.error()
    }

    /// What went wrong with the last page that was asked for: the rows so far stay, and it can be asked for again.
    #[must_use]
    pub fn more_error(self) -> Option<Error> {
        self.look(|_, more| more.and_then(|more| more.error.clone()))?
    }

    /// Is the first page being asked for, for the first time or again? The old rows stay meanwhile.
    #[must_use]
    pub fn loading(self) -> bool {
        self.first.loading()
    }

    /// Is a further page under way?
    #[must_use]
    pub fn loading_more(self) -> bool {
        self.pending.get()
    }

    /// Asks for the first page again; with its answer the list begins anew.
    pub fn refetch(self) {
        self.first.refetch();
    }

    /// Asks for the next page, if there is one and none is under way.
    pub fn load_more(self) {
        leptos::task::spawn_local(self.load_next());
    }

    /// As [`PagesState::load_more`], and waits until the rows are there.
    pub async fn load_next(self) {
        let busy = untrack(|| self.pending.try_get().unwrap_or(true) || self.loading());
        let behind = self.first.with_untracked(|first| {
            let first = first?.as_ref().ok()?;
            let more = |more: &More<E>| next(first, Some(more).filter(|more| more.of == Some(first.3)));
            Some((first.3, self.more.try_with_untracked(more)??))
        });
        let Some((number, cursor)) = behind.filter(|_| !busy) else { return };
        let Some(query) = self.query.try_with_value(|query| untrack(|| query())) else { return };
        let under_way = Busy::new(self.pending);
        let answer = query.paginate().after(cursor.clone()).await;
        drop(under_way);
        // The page may be gone by now.
        self.more.try_update(|more| {
            if more.of != Some(number) {
                *more = More { of: Some(number), cursor: Some(cursor), ..More::default() };
            }
            match answer {
                Ok(page) => {
                    more.cursor = page.cursor().map(str::to_owned);
                    more.rows.extend(page.items);
                    more.error = None;
                }
                Err(error) => more.error = Some(error),
            }
        });
    }
}

/// Waits for the rows of the first page: for `Suspend`.
impl<E: Entity> IntoFuture for PagesState<E> {
    type Output = Result<Vec<Record<E>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.first.await.map(|(rows, ..)| rows) })
    }
}
