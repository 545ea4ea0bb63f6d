//! The list of tasks.

use isoform_leptos::{EntityList, QueryState, focus, use_count, use_identity, use_online, use_query};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use shared::prelude::{ADMIN, Error, Task};

use crate::add_task::AddTask;
use crate::admin_actions::AdminActions;
use crate::confirm::ConfirmDelete;
use crate::list_controls::{Counts, Find, Tabs};
use crate::list_view::{ListView, PAGE_SIZE, Show as Shown};
use crate::page_state::page_state;
use crate::pager::Pager;
use crate::task_row::TaskRow;

/// The tasks that the user may see: to add, find, change, tick off and delete.
#[component]
pub fn TasksPage() -> impl IntoView {
    let (page, identity, params, online) = (page_state(), use_identity(), use_query_map(), use_online());
    let admin = Memo::new(move |_| identity.has_role(ADMIN));
    let may_add = Memo::new(move |_| identity.can_insert::<Task>());
    let view = Memo::new(move |_| params.with(ListView::of));

    let tasks = use_query(move || view.with(ListView::query));
    let counts = Counts {
        open: use_count(move || view.with(ListView::searched).filter(|t| t.completed.eq(false))),
        done: use_count(move || view.with(ListView::searched).filter(|t| t.completed.eq(true))),
    };
    Effect::new(move |before: Option<()>| {
        page.track_changes();
        // The first time what the server rendered is new enough; while it is away nothing comes of asking.
        if online.get() && before.is_some() {
            tasks.refetch();
            counts.refetch();
        }
    });

    let to_the_top = |()| focus("heading");

    view! {
        <Title text="" />
        {move || may_add.get().then(|| view! { <AddTask /> }.into_any())}
        <div class="heading">
            <h1 id="heading" tabindex="-1">{move || if admin.get() { "All tasks" } else { "Your tasks" }.to_owned()}</h1>
            {move || admin.get().then(|| view! { <AdminActions /> }.into_any())}
        </div>
        <div class="controls">
            <Transition fallback=move || view! { <Tabs view /> }>
                <Tabs view counts />
            </Transition>
            <Find view />
        </div>
        <Transition fallback=Skeleton>
            <List tasks counts view admin to_the_top />
        </Transition>
        <ConfirmDelete on_deleted=to_the_top />
    }
}

/// What the list has to show.
#[derive(Clone, PartialEq)]
enum Content {
    /// Nothing yet.
    Unknown,
    /// Tasks.
    Tasks,
    /// The server did not answer with tasks.
    Failed(String),
    /// There is no task at all.
    NoTasks,
    /// There is none like that.
    NotFound,
    /// This page has none, an earlier one has.
    BeyondTheEnd,
}

/// The rows, or a word instead of them, and the way to other pages. It is to be inside `<Transition>`.
#[component]
fn List(
    tasks: QueryState<Task>,
    counts: Counts,
    view: Memo<ListView>,
    admin: Memo<bool>,
    /// What to do when another page was asked for, or the focus was in a row that has gone.
    #[prop(into)]
    to_the_top: Callback<()>,
) -> impl IntoView {
    let (page, identity) = (page_state(), use_identity());
    let content = Memo::new(move |before: Option<&Content>| match tasks.rows() {
        None => Content::Unknown,
        // What was there before can still be read and worked at; the banner, or the list, says what is wrong.
        Some(Err(_)) if before == Some(&Content::Tasks) => Content::Tasks,
        Some(Err(error)) => Content::Failed(error.message().to_owned()),
        Some(Ok(rows)) if !rows.is_empty() => Content::Tasks,
        Some(Ok(_)) => view.with(|view| {
            if counts.of(view.show).is_some_and(|count| count > 0) {
                Content::BeyondTheEnd
            } else if view.show == Shown::All && view.search.is_empty() {
                Content::NoTasks
            } else {
                Content::NotFound
            }
        }),
    });
    Effect::new(move || {
        if tasks.error().is_some_and(|error| error.is_unauthenticated()) && identity.get_untracked().is_some() {
            identity.set(None);
            page.say("You are no longer signed in.");
        }
    });
    let wrong = |error: Error| {
        // The banner says that the server is away.
        let worth_saying = !error.is_unavailable();
        worth_saying
            .then(|| view! { <li class="form-error" role="alert">{error.message().to_owned()}</li> }.into_any())
            .into_any()
    };
    // Once there, the rows stay, shown or not: what was typed into them outlives a search that finds nothing.
    let begun = Memo::new(move |before: Option<&bool>| before == Some(&true) || content.get() == Content::Tasks);
    let rows = move || {
        view! {
            <ul
                class="card tasks"
                aria-label="Tasks"
                hidden=move || content.get() != Content::Tasks
                aria-busy=move || tasks.loading().to_string()
            >
                <EntityList query=tasks error=wrong let:task>
                    <TaskRow task with_owner=admin on_gone=to_the_top />
                </EntityList>
            </ul>
        }
    };
    view! {
        {move || begun.get().then(|| rows().into_any())}
        {move || word(&content.get(), tasks, view)}
        <Pager view counts on_turn=to_the_top />
    }
}

/// A word instead of rows, and what to do about it.
fn word(content: &Content, tasks: QueryState<Task>, view: Memo<ListView>) -> Option<AnyView> {
    let again = move |_| tasks.refetch();
    let (title, text, next) = match content {
        Content::Failed(message) => {
            let again = view! { <button type="button" class="button" data-test="try-again" on:click=again>"Try again"</button> };
            ("The tasks cannot be shown", message.clone(), Some(again.into_any()))
        }
        Content::NotFound => {
            let all = view! { <a class="button" href="/">"Show all tasks"</a> };
            ("Nothing found", "No task fits this search and filter.".into(), Some(all.into_any()))
        }
        Content::BeyondTheEnd => {
            let first =
                view! { <a class="button" href=view.with_untracked(|view| view.at(1).href())>"To the first page"</a> };
            ("This page is empty", "The list has become shorter than that.".into(), Some(first.into_any()))
        }
        Content::NoTasks => ("Nothing to do yet", "Write your first task down in the form above.".into(), None),
        Content::Tasks | Content::Unknown => return None,
    };
    let section = view! {
        <section class="card empty" data-test="empty">
            <h2>{title}</h2>
            <p>{text}</p>
            {next}
        </section>
    };
    Some(section.into_any())
}

/// As high as the list that comes.
#[component]
fn Skeleton() -> impl IntoView {
    let row = |_| view! { <li class="skeleton" /> }.into_any();
    view! {
        <div role="status">
            <span class="visually-hidden">"Loading the tasks…"</span>
            <ul class="card tasks" aria-hidden="true">{(0..PAGE_SIZE).map(row).collect_view()}</ul>
        </div>
    }
}
