//! Where the cursor goes.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use leptos::web_sys::{Element, HtmlElement};

/// Puts the cursor into the element with an id, if the page has it: `focus(&task.field(|t| t.title).any().input_id())`.
///
/// In an event or an effect: while a page is rendered there is no element yet.
pub fn focus(id: &str) {
    focus_on(document().get_element_by_id(id));
}

/// Puts the cursor into an element, where there is one.
pub(crate) fn focus_on(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
