//! Controllers in forms.

use isoform::{Entity, Record};
use leptos::prelude::*;

use crate::form::form;
use crate::record_signal::RecordSignal;

/// A controller that nobody has filled in yet, in a signal: its fields for inputs, what is under way, and what went wrong.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{ControllerForm, TextField, use_controller};
/// # use leptos::prelude::*;
/// # #[derive(Controller, Clone, PartialEq)]
/// # #[controller(key = "signIn")]
/// # pub struct SignIn { #[field(required)] pub name: String, #[field(required, input = "password")] pub password: String }
/// # #[backend]
/// # impl Record<SignIn> {
/// #     #[allowed(true)]
/// #     pub async fn sign_in(&mut self) -> Result<String> { Ok(std::mem::take(&mut self.password)) }
/// # }
/// # #[component]
/// # fn Page() -> impl IntoView {
/// let form = use_controller::<SignIn>();
/// view! {
///     <ControllerForm of=form on_submit=move |()| form.call(async |f| f.sign_in().await)>
///         <TextField of=form.field(|f| f.name) autocomplete="username" />
///         <TextField of=form.field(|f| f.password) autocomplete="current-password" />
///         <button type="submit" aria-busy=move || form.pending().to_string()>"Sign in"</button>
///     </ControllerForm>
/// }
/// # }
/// ```
#[must_use]
pub fn use_controller<C: Entity>() -> RecordSignal<C> {
    RecordSignal::new(Record::new())
}

/// A form that calls a method of a controller, by its button and by Enter: validated in the browser first, then sent; what the server
/// has against it is shown at the fields, and what is no field's fault above its end. The cursor goes to the first field that is wrong.
///
/// A record of an entity does as well, where a form is to call a method instead of saving. See [`use_controller`].
#[component]
pub fn ControllerForm<C: Entity>(
    /// The controller.
    of: RecordSignal<C>,
    /// Happens when the form is sent: call a method, `move |()| form.call(async |f| f.sign_in().await)`.
    #[prop(into)]
    on_submit: Callback<()>,
    /// The inputs and buttons.
    children: Children,
) -> impl IntoView {
    let message = Memo::new(move |_| of.form_error());
    let failed = Signal::derive(move || !of.pending() && of.error().is_some());
    let pending = Memo::new(move |_| of.pending());
    form(on_submit, message, failed, pending, children)
}
