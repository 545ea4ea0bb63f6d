//! What the browser loads: it takes over the page that the server rendered.

#![cfg(target_arch = "wasm32")]

/// Takes over the page.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    #[cfg(debug_assertions)]
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    leptos::mount::hydrate_body(client::App);
}
