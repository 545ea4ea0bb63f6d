//! A choice among related rows.

use leptos::prelude::*;

use super::choice::{chosen, select};
use super::frame::Frame;
use super::{FieldFor, kind};

/// A choice of the row that a key refers to: `<ReferenceField of=task.field(|t| t.project_id) choices=projects />`.
///
/// What can be chosen is a signal, usually from a query by [`QueryState::choices`](crate::QueryState::choices). It is asked
/// for with the page, and the field is there before it has answered.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{RecordSignal, ReferenceField, use_query};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "projects", allow(crud = true))]
/// # pub struct Project { #[field(id)] pub id: Uuid, pub name: String }
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub project_id: Option<Uuid> }
/// # #[component]
/// # fn Project(task: RecordSignal<Task>) -> impl IntoView {
/// let projects = use_query(|| Project::query().order_by(|p| p.name.asc())).choices(|p| p.name.clone());
/// view! { <ReferenceField of=task.field(|t| t.project_id) choices=projects /> }
/// # }
/// ```
#[component]
pub fn ReferenceField(
    /// The field: `task.field(|t| t.project_id)`.
    #[prop(into)]
    of: FieldFor<kind::Reference>,
    /// What can be chosen: the key, as text, and what people read.
    #[prop(into)]
    choices: Signal<Vec<(String, String)>>,
    /// Another label than the entity's.
    #[prop(optional, into)]
    label: Option<String>,
    /// Leaves the label to screen readers.
    #[prop(optional)]
    hide_label: bool,
    /// What the choice of nothing is called.
    #[prop(default = "—")]
    none: &'static str,
    /// What a choice is called that was made and is not among the choices: of a row that is archived.
    #[prop(default = "…")]
    unlisted: &'static str,
    /// Cannot be changed, whatever the entity says.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// Another id of the input: for two inputs of one field on a page.
    #[prop(optional, into)]
    id: Option<String>,
    /// Happens when another choice was made.
    #[prop(optional, into)]
    on_change: Option<Callback<()>>,
) -> impl IntoView {
    let (frame, field) = (Frame::new(of.field, id, label, hide_label), of.field);
    let listed = move || {
        let (mut all, chosen) = (choices.get(), chosen(field));
        let is_listed = all.iter().any(|(value, _)| *value == chosen);
        // What is chosen and not among the choices, as an archived project, must not be lost by looking at it.
        if !chosen.is_empty() && !is_listed {
            all.insert(0, (chosen.clone(), unlisted.into()));
        }
        // A key that must be there has no choice of nothing; but before anything is chosen, something has to stand there.
        if field.meta().nullable || chosen.is_empty() {
            all.insert(0, (String::new(), none.into()));
        }
        let option = |(value, label): (String, String)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{label}</option> }.into_any()
        };
        all.into_iter().map(option).collect_view()
    };
    // The server waits for the choices here, and nowhere else.
    let options = move || view! { <Transition>{listed}</Transition> }.into_any();
    select(frame, options, readonly, on_change)
}
