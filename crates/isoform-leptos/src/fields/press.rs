//! What waits until nothing is being pressed.
//!
//! A message that appears while a button is pressed moves the page below it: the button is let go elsewhere than it was pressed, and
//! no click arrives.

/// Does something at once, or where something on the page is being pressed, after the click.
pub fn after(then: impl FnOnce() + 'static) {
    #[cfg(target_arch = "wasm32")]
    browser::after(Box::new(then));
    #[cfg(not(target_arch = "wasm32"))]
    then();
}

/// Watches what is pressed on the page from now on.
pub fn watch() {
    #[cfg(target_arch = "wasm32")]
    browser::watch();
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::cell::{Cell, RefCell};
    use std::time::Duration;

    use leptos::prelude::*;

    type Then = Box<dyn FnOnce()>;

    /// How long after the pointer is up a click may come: of a tap on a screen the focus moves only then.
    const CLICK: Duration = Duration::from_millis(300);

    thread_local! {
        static WATCHED: Cell<bool> = const { Cell::new(false) };
        static PRESSED: Cell<bool> = const { Cell::new(false) };
        static WAITING: RefCell<Vec<Then>> = const { RefCell::new(Vec::new()) };
    }

    pub fn after(then: Then) {
        if PRESSED.get() {
            WAITING.with_borrow_mut(|waiting| waiting.push(then));
        } else {
            then();
        }
    }

    pub fn watch() {
        if WATCHED.replace(true) {
            return;
        }
        // Whoever goes on by the keyboard presses nothing any more, whatever became of the pointer.
        for event in ["pointerdown", "pointerup", "pointercancel", "click", "keydown"] {
            let _ = window_event_listener_untyped(event, move |_| match event {
                "pointerdown" => PRESSED.set(true),
                "pointerup" => set_timeout(release, CLICK),
                _ => release(),
            });
        }
    }

    fn release() {
        PRESSED.set(false);
        WAITING.take().into_iter().for_each(|then| then());
    }
}
