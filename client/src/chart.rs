//! Charts that are tables: a row for each group, its number in words, and a bar that repeats it for the eye.

use leptos::prelude::*;
use shared::prelude::*;

/// One group: what it is, what it comes to, and that in words.
pub struct Bar {
    /// What it is.
    pub label: String,
    /// How many rows it has.
    pub count: u64,
    /// What they come to.
    pub total: Decimal,
}

/// The chart of groups: `caption` says of what, `heading` what the groups are. It needs no colours: what a bar shows is
/// written beside it.
pub fn chart(
    caption: &'static str,
    heading: &'static str,
    test: &'static str,
    bars: impl Fn() -> Option<Result<Vec<Bar>>> + Send + Sync + 'static,
) -> AnyView {
    let shown = move || {
        bars().map(|bars| match bars {
            Ok(bars) => table(caption, heading, test, bars),
            Err(error) => view! { <p class="form-error">{format!("{caption}: {}", error.message())}</p> }.into_any(),
        })
    };
    view! { <section class="card figure"><Transition fallback=waiting>{shown}</Transition></section> }.into_any()
}

fn waiting() -> AnyView {
    view! { <p role="status">"Adding up…"</p> }.into_any()
}

fn table(caption: &'static str, heading: &'static str, test: &'static str, bars: Vec<Bar>) -> AnyView {
    let most = bars.iter().map(|bar| bar.total).max().unwrap_or_default();
    let row = |Bar { label, count, total }: Bar| {
        let share = if most.is_zero() { Decimal::ZERO } else { (total * Decimal::ONE_HUNDRED / most).round_dp(1) };
        view! {
            <tr>
                <th scope="row">{label}</th>
                <td class="share"><div class="share-bar" style=format!("inline-size:{share}%")></div></td>
                <td class="number">{grouped(&count.to_string())}</td>
                <td class="number">{money(total)}</td>
            </tr>
        }
        .into_any()
    };
    let empty =
        bars.is_empty().then(|| view! { <tr><td colspan="4">"There is nothing to add up."</td></tr> }.into_any());
    view! {
        <table class="chart" data-test=test>
            <caption>{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{heading}</th>
                    <td></td>
                    <th scope="col">"Orders"</th>
                    <th scope="col">"Total"</th>
                </tr>
            </thead>
            <tbody>{empty}{bars.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}
