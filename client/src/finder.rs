//! A form that finds: a GET form, so that it works before the wasm has loaded and each finding has an address.

use std::time::Duration;

use leptos::ev::SubmitEvent;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use leptos_router::params::ParamsMap;

/// How long after the last key the search starts.
const TYPING_PAUSE: Duration = Duration::from_millis(250);

/// What can be chosen: the value in the address, and what people read.
pub type Choices = Signal<Vec<(String, String)>>;

/// Something that is asked for.
pub struct Ask {
    /// Its name in the address.
    name: &'static str,
    /// What people call it.
    label: &'static str,
    /// What can be chosen, where it is not typed.
    choices: Option<Choices>,
}

impl Ask {
    /// A text to type.
    pub const fn text(name: &'static str, label: &'static str) -> Self {
        Self { name, label, choices: None }
    }

    /// One of several.
    pub fn choice(name: &'static str, label: &'static str, choices: impl Into<Choices>) -> Self {
        Self { name, label, choices: Some(choices.into()) }
    }
}

/// An address with what is asked for in it: what is empty is left out.
pub fn address(path: &str, values: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut params = ParamsMap::new();
    for (name, value) in values {
        if !value.trim().is_empty() {
            params.insert(name, value.trim().to_owned());
        }
    }
    format!("{path}{}", params.to_query_string())
}

/// What of an address is not asked for here, and stays.
type Kept = &'static [&'static str];

/// The form. It goes to the path with what was entered, while one types.
#[component]
pub fn Finder(
    /// The path of the page.
    path: &'static str,
    /// What is asked for.
    asks: Vec<Ask>,
    /// What else stays in the address.
    #[prop(optional)]
    keep: Kept,
) -> impl IntoView {
    let (params, navigate) = (use_query_map(), use_navigate());
    let of_address = move |name: &str| params.with(|params| params.get_str(name).unwrap_or_default().to_owned());
    // What was entered since the address was last written.
    let entered = StoredValue::new(Vec::<(&'static str, String)>::new());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    on_cleanup(stop);
    let names: Vec<_> = keep.iter().copied().chain(asks.iter().map(|ask| ask.name)).collect();
    let go = StoredValue::new(move |replace: bool| {
        let entered = entered.try_update_value(std::mem::take).unwrap_or_default();
        let value = |name: &'static str| {
            let new = entered.iter().rev().find(|(other, _)| *other == name);
            (name, new.map_or_else(|| untrack(|| of_address(name)), |(_, value)| value.clone()))
        };
        let now = address(path, names.iter().map(|name| (*name, untrack(|| of_address(name)))));
        let to = address(path, names.iter().copied().map(value));
        if to != now {
            navigate(&to, NavigateOptions { replace, scroll: false, ..NavigateOptions::default() });
        }
    });
    let now = move || {
        stop();
        go.with_value(|go| go(false));
    };
    let soon = move || {
        stop();
        let start = move || {
            let _ = go.try_with_value(|go| go(true));
        };
        timer.set_value(set_timeout_with_handle(start, TYPING_PAUSE).ok());
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        now();
    };
    let hidden =
        move |name: &'static str| view! { <input type="hidden" name=name value=move || of_address(name) /> }.into_any();
    let input = move |Ask { name, label, choices }: Ask| {
        let value = Memo::new(move |_| of_address(name));
        let enter = move |event| {
            let text = event_target_value(&event);
            entered.update_value(|entered| entered.push((name, text)));
            if choices.is_some() { now() } else { soon() }
        };
        match choices {
            None => view! {
                <input
                    class="input search" type="search" name=name aria-label=label placeholder=label data-test=name
                    value=move || value.get() prop:value=move || value.get() on:input=enter
                />
            }
            .into_any(),
            Some(choices) => {
                let option = move |(choice, label): (String, String)| {
                    let selected = value.with(|value| *value == choice);
                    view! { <option value=choice selected=selected>{label}</option> }.into_any()
                };
                view! {
                    <select class="input" name=name aria-label=label data-test=name prop:value=move || value.get() on:change=enter>
                        <Transition>{move || choices.get().into_iter().map(option).collect_view()}</Transition>
                    </select>
                }
                .into_any()
            }
        }
    };
    view! {
        <form class="find" method="get" action=path role="search" on:submit=submit>
            {keep.iter().copied().map(hidden).collect_view()}
            {asks.into_iter().map(input).collect_view()}
            <button type="submit" class="button submit">"Search"</button>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn what_is_empty_is_not_in_the_address() {
        let values = [("customer", " A & B ".to_owned()), ("product", String::new()), ("status", "open".to_owned())];
        assert_eq!(address("/orders", values), "/orders?customer=A%20%26%20B&status=open");
        assert_eq!(address("/orders", []), "/orders");
    }
}
