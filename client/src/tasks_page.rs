//! The list of tasks.

use isoform_leptos::{EntityList, QueryState, focus, use_count, use_identity, use_query};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use shared::prelude::{ADMIN, Error, Task};

use crate::add_task::AddTask;
use crate::admin_actions::AdminActions;
use crate::confirm::ConfirmDelete;
use crate::list_controls::{Counts, Find, Tabs};
use crate::list_view::{ListView, PAGE_SIZE, Show as Shown};
use crate::listing::{error_row, failed, skeleton, word};
use crate::members::{keep_fresh, notice_sign_out};
use crate::pager::Pager;
use crate::task_row::TaskRow;

/// The tasks that the user may see: to add, find, change, tick off and delete.
#[component]
pub fn TasksPage() -> impl IntoView {
    let (identity, params) = (use_identity(), use_query_map());
    let admin = Memo::new(move |_| identity.has_role(ADMIN));
    let may_add = Memo::new(move |_| identity.can_insert::<Task>());
    let view = Memo::new(move |_| params.with(ListView::of));

    let tasks = use_query(move || view.with(ListView::query));
    let counts = Counts {
        open: use_count(move || view.with(ListView::searched).filter(|t| t.completed.eq(false))),
        done: use_count(move || view.with(ListView::searched).filter(|t| t.completed.eq(true))),
    };
    keep_fresh(move || {
        tasks.refetch();
        counts.refetch();
    });

    let to_the_top = |()| focus("heading");

    view! {
        <Title text="" />
        {move || {
            let project = Signal::derive(move || view.with(|view| view.project));
            may_add.get().then(|| view! { <AddTask project=project /> }.into_any())
        }}
        <div class="heading">
            <h1 id="heading" tabindex="-1">{move || if admin.get() { "All tasks" } else { "Your tasks" }.to_owned()}</h1>
            {move || admin.get().then(|| view! { <AdminActions /> }.into_any())}
        </div>
        <div class="controls">
            <Transition fallback=move || view! { <Tabs view /> }>
                <Tabs view counts />
            </Transition>
            <Find />
        </div>
        <Transition fallback=|| skeleton(PAGE_SIZE)>
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
    let content = Memo::new(move |before: Option<&Content>| match tasks.rows() {
        None => Content::Unknown,
        // What was there before can still be read and worked at; the banner, or the list, says what is wrong.
        Some(Err(_)) if before == Some(&Content::Tasks) => Content::Tasks,
        Some(Err(error)) => Content::Failed(error.message().to_owned()),
        Some(Ok(rows)) if !rows.is_empty() => Content::Tasks,
        Some(Ok(_)) => view.with(|view| {
            if counts.of(view.show).is_some_and(|count| count > 0) {
                Content::BeyondTheEnd
            } else if view.show == Shown::All && view.search.is_empty() && view.project.is_none() {
                Content::NoTasks
            } else {
                Content::NotFound
            }
        }),
    });
    notice_sign_out(move || tasks.error());
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
                <EntityList query=tasks error=|error: Error| error_row(&error) let:task>
                    <TaskRow task with_owner=admin on_gone=to_the_top />
                </EntityList>
            </ul>
        }
    };
    view! {
        {move || begun.get().then(|| rows().into_any())}
        {move || instead(&content.get(), tasks, view)}
        <Pager view counts on_turn=to_the_top />
    }
}

/// A word instead of rows, and what to do about it.
fn instead(content: &Content, tasks: QueryState<Task>, view: Memo<ListView>) -> Option<AnyView> {
    let link = |href: String, text: &'static str| Some(view! { <a class="button" href=href>{text}</a> }.into_any());
    Some(match content {
        Content::Failed(message) => failed("The tasks cannot be shown", message, move || tasks.refetch()),
        Content::NotFound => {
            word("Nothing found", "No task fits this search and filter.", link("/".into(), "Show all tasks"))
        }
        Content::BeyondTheEnd => {
            let first = view.with_untracked(|view| view.at(1).href());
            word("This page is empty", "The list has become shorter than that.", link(first, "To the first page"))
        }
        Content::NoTasks => word("Nothing to do yet", "Write your first task down in the form above.", None),
        Content::Tasks | Content::Unknown => return None,
    })
}
