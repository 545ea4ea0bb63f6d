//! Projects: what tasks are for, and how many of them are open.

use isoform_leptos::{Answered, RecordForm, RecordSignal, TextField, use_groups, use_identity, use_pages};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use shared::prelude::*;

use crate::listing::{listing, word};
use crate::members::keep_fresh;
use crate::page_state::page_state;

/// How many projects come at once.
const PAGE_SIZE: u64 = 25;

/// How many open tasks each project has: one question for all of them.
type Open = Answered<Vec<(Option<Uuid>, u64)>>;

/// The projects.
#[component]
pub fn ProjectsPage() -> impl IntoView {
    let identity = use_identity();
    let admin = Memo::new(move |_| identity.has_role(ADMIN));
    let params = use_query_map();
    let with_archived = Memo::new(move |_| params.with(|params| params.get_str("archived") == Some("true")));
    let projects = use_pages(move || {
        let all = Project::query().limit(PAGE_SIZE);
        // Who does not ask about them is not shown those that are archived: the server's handlers see to it.
        if with_archived.get() { all.filter(|p| p.archived.in_([true, false])) } else { all }
    });
    let open: Open =
        use_groups(|| Task::query().filter(|t| t.completed.eq(false)).group_by(|t| t.project_id, |_| count()));
    provide_context(open);
    keep_fresh(move || {
        projects.refetch();
        open.refetch();
    });
    let switch = move || if with_archived.get() { "/projects" } else { "/projects?archived=true" };
    view! {
        <Title text="Projects" />
        {move || admin.get().then(|| AddProject().into_any())}
        <div class="heading">
            <h1 id="heading" tabindex="-1">"Projects"</h1>
            <a class="button small" href=switch data-test="archived" data-noscroll>
                {move || if with_archived.get() { "Hide archived" } else { "Show archived" }}
            </a>
        </div>
        {listing(projects, "projects", nothing, row)}
    }
}

#[component]
fn AddProject() -> impl IntoView {
    let page = page_state();
    let draft = RecordSignal::new(Record::<Project>::new());
    let saved = move |project: Record<Project>| {
        draft.set(Record::new());
        page.say(format!("Added {}.", project.name));
        page.refresh();
    };
    view! {
        <section class="card add add-project" aria-label="New project">
            <RecordForm record=draft on_saved=saved>
                <TextField of=draft.field(|p| p.name) />
                <TextField of=draft.field(|p| p.goal) />
                <button type="submit" class="button primary" data-test="add" aria-busy=move || draft.pending().to_string()>
                    "Add project"
                </button>
            </RecordForm>
        </section>
    }
}

fn nothing() -> AnyView {
    word("No projects yet", "An admin can add the first one.", None)
}

fn row(project: RecordSignal<Project>) -> AnyView {
    let open = expect_context::<Open>();
    let id = project.value(|p| p.id);
    let count = move || {
        open.with(|groups| {
            let groups = groups?.as_ref().ok()?;
            Some(groups.iter().find(|(project, _)| *project == Some(id.get())).map_or(0, |(_, count)| *count))
        })
    };
    let words = move || {
        count().map(|count| match count {
            0 => "No open tasks".to_owned(),
            1 => "1 open task".to_owned(),
            many => format!("{many} open tasks"),
        })
    };
    let shown = move || project.with(|project| project_view(project));
    view! {
        <li class="line" data-test="project">
            {shown}
            <p class="line-count" data-test="open-tasks"><Transition>{words}</Transition></p>
        </li>
    }
    .into_any()
}

fn project_view(project: &Project) -> AnyView {
    let over = project.archived.then(|| view! { <span class="chip">"Archived"</span> }.into_any());
    view! {
        <p class="line-main"><a href=format!("/projects/{}", project.id)>{project.name.clone()}</a> " " {over}</p>
        <p class="line-facts">{project.goal.clone()}</p>
    }
    .into_any()
}
