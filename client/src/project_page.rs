//! One project: its tasks, and what is said about them.

use isoform_leptos::{RecordSignal, focus, set_status, use_answer, use_identity, use_pages};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use shared::prelude::{ADMIN, Entity as _, Error, Filter, Project, Record, Result, Task, Uuid, repo};

use crate::add_task::AddTask;
use crate::comments::Comments;
use crate::confirm::ConfirmDelete;
use crate::listing::{listing, only_word, try_again, word};
use crate::members::keep_fresh;
use crate::page_state::page_state;
use crate::task_row::TaskRow;

/// How many tasks come at once.
const PAGE_SIZE: u64 = 25;

/// A project, by the id in the address.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get_str("id")?.parse::<Uuid>().ok()));
    let project = use_answer(move || id.get(), find);
    let tasks = use_pages(move || {
        let of = id.get().map_or_else(Filter::nothing, |id| Task::filter(|t| t.project_id.eq(id)));
        let open_first = Task::query().matching(of).order_by(|t| (t.completed.asc(), t.created_at.desc()));
        open_first.include(|t| t.tags).include(|t| t.comments).limit(PAGE_SIZE)
    });
    keep_fresh(move || {
        project.refetch();
        tasks.refetch();
    });
    let head = move || {
        project.get().map(|found| match found {
            Ok(found) => heading(found),
            Err(error) => {
                set_status(error.status());
                wrong(&error, move || project.refetch())
            }
        })
    };
    let body = move || {
        view! {
            <AddTask project=id />
            {listing(tasks, "tasks", nothing, row)}
            <ConfirmDelete on_deleted=|()| focus("heading") />
        }
        .into_any()
    };
    view! {
        <Transition fallback=|| view! { <Title text="Project" /> }>
            {head}
            {
                let there = Memo::new(move |_| project.with(|project| project.is_some_and(Result::is_ok)));
                move || there.get().then(body)
            }
        </Transition>
    }
}

async fn find(id: Option<Uuid>) -> Result<Record<Project>> {
    match id {
        Some(id) => repo::<Project>().find_id(id).await,
        None => Err(Error::not_found("There is no such project.")),
    }
}

fn wrong(error: &Error, again: impl Fn() + Send + 'static) -> AnyView {
    let all = || view! { <a class="button" href="/projects">"To the projects"</a> }.into_any();
    let said = if error.is_not_found() {
        only_word("There is no such project", "The address may be mistyped, or the project has gone.", Some(all()))
    } else {
        only_word("The project cannot be shown", error.message(), Some(try_again(again)))
    };
    view! { <Title text="Project" /> {said} }.into_any()
}

/// The name, what it is to come to, and, for an admin, whether it is over.
fn heading(project: Record<Project>) -> AnyView {
    let (page, identity) = (page_state(), use_identity());
    let (name, goal) = (project.name.clone(), project.goal.clone());
    let project = RecordSignal::new(project);
    let archived = project.value(|p| p.archived);
    let toggle = move |_| {
        let call = async |project: &mut Record<Project>| {
            project.archived = !project.archived;
            project.save().await
        };
        project.call_then(call, move |()| page.refresh());
    };
    let button = move || {
        identity.has_role(ADMIN).then(|| {
            view! {
                <button type="button" class="button small" data-test="archive" aria-busy=move || project.pending().to_string() on:click=toggle>
                    {move || if archived.get() { "Take up again" } else { "Archive" }}
                </button>
            }
            .into_any()
        })
    };
    view! {
        <Title text=name.clone() />
        <nav aria-label="Breadcrumb"><a href="/projects">"Projects"</a></nav>
        <div class="heading">
            <h1 id="heading" tabindex="-1">
                {name} " " {move || archived.get().then(|| view! { <span class="chip">"Archived"</span> }.into_any())}
            </h1>
            {button}
        </div>
        <p class="goal">{goal}</p>
        {move || project.form_error().map(|error| view! { <p class="form-error" role="alert">{error}</p> }.into_any())}
    }
    .into_any()
}

fn nothing() -> AnyView {
    word("No tasks here yet", "Write the first one down in the form above.", None)
}

fn row(task: RecordSignal<Task>) -> AnyView {
    let identity = use_identity();
    let admin = Signal::derive(move || identity.has_role(ADMIN));
    let on_gone = Callback::new(|()| focus("heading"));
    view! {
        <TaskRow task with_owner=admin on_gone>
            <Comments task />
        </TaskRow>
    }
    .into_any()
}
