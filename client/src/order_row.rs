//! An order in the list: what is in it, and what can be done while it is open.

use isoform_leptos::{NumberField, RecordForm, RecordSignal, ReferenceField, SelectField, focus, use_query};
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::prelude::*;

use crate::dates;
use crate::page_state::{PageState, page_state};

/// What the rows are told by their page.
#[derive(Clone, Copy)]
pub struct Orders {
    /// Is one order asked for, by its number? Then it is unfolded.
    pub is_one: Memo<bool>,
    /// An order has changed: what is added up is asked for again.
    pub changed: Callback<()>,
}

/// An order in its row, and whom to tell.
#[derive(Clone, Copy)]
struct Row {
    order: RecordSignal<Order>,
    id: Uuid,
    page: PageState,
    orders: Orders,
}

/// Orders with what is shown of each.
pub fn with_items(orders: Query<Order>) -> Query<Order> {
    orders.include(|o| o.customer).include_with(|o| o.items, |items| items.include(|i| i.product))
}

/// An order: customer, number, date, status and total, and what is in it.
pub fn row(order: RecordSignal<Order>) -> AnyView {
    let (page, orders) = (page_state(), expect_context::<Orders>());
    let id = untrack(|| order.with(|order| order.id));
    let row = Row { order, id, page, orders };
    // What can be done is made once somebody looks: with the page where one order is asked for.
    let unfolded = RwSignal::new(orders.is_one.get_untracked());
    Effect::new(move || {
        // Set once: what is typed there is not to be made anew.
        if orders.is_one.get() && !unfolded.get_untracked() {
            unfolded.set(true);
        }
    });
    let may_change = Memo::new(move |_| order.can_update());
    // Of an order that is still to be saved the table says what may be done.
    let may_add = Memo::new(move |_| may_change.get() && order.with(|o| o.original().status == OrderStatus::Open));
    let count = move || match order.with(|order| order.items.len()) {
        1 => "1 item".to_owned(),
        count => format!("{count} items"),
    };
    let items = move || {
        let shown = |order: &Record<Order>| order.items.iter().map(|item| row.item(item, may_add.get())).collect_view();
        order.with(shown)
    };
    // What is shown is drawn anew with each answer; the choices and the form stay, and the focus on them.
    view! {
        <li class="order" data-test="order">
            {move || order.with(|order| facts(order, page.today()))}
            <details class="order-items" open=move || orders.is_one.get() on:toggle=move |_| if !unfolded.get_untracked() { unfolded.set(true) }>
                <summary id=row.summary()>{count}</summary>
                <ul>{items}</ul>
                {move || (unfolded.get() && may_change.get()).then(|| row.tools(may_add))}
            </details>
        </li>
    }
    .into_any()
}

fn facts(order: &Record<Order>, today: NaiveDate) -> AnyView {
    let customer = order.customer.get().map_or("Former customer".to_owned(), |customer| customer.name.clone());
    view! {
        <p class="order-who"><strong>{customer}</strong></p>
        <p class="order-facts">
            <span>"No. " {order.number}</span>
            <span>{dates::in_words(order.day, today)}</span>
            <span class="chip">{order.original().status.label()}</span>
        </p>
        <p class="order-total number" data-test="order-total">{money(order.total)}</p>
    }
    .into_any()
}

impl Row {
    fn summary(self) -> String {
        format!("items-{}", self.id)
    }

    fn item(self, item: &Record<OrderItem>, may_change: bool) -> AnyView {
        let what = format!("{} × {}", item.quantity, item.product.get().map_or("", |product| &product.name));
        let button = (may_change && item.can_delete()).then(|| {
            let (item, label) = (item.clone(), format!("Remove {what}"));
            let remove = move |_| self.remove(item.clone());
            view! {
                <button type="button" class="button small quiet" data-test="remove-item" aria-label=label on:click=remove>
                    "Remove"
                </button>
            }
            .into_any()
        });
        view! {
            <li data-test="item">
                <span>{what}</span>
                <span class="number">{money(item.amount)}</span>
                {button}
            </li>
        }
        .into_any()
    }

    fn remove(self, mut item: Record<OrderItem>) {
        spawn_local(async move {
            match item.delete().await {
                Ok(()) => {
                    // The button is gone with its row.
                    focus(&self.summary());
                    self.renewed("Removed");
                }
                Err(error) => self.page.say(error.message()),
            }
        });
    }

    /// Shows the order as it is in the table now, with what it comes to. The list stays as long as it is.
    fn renewed(self, done: &'static str) {
        let ask = async |order: &mut Record<Order>| {
            let id = order.id;
            if let Some(now) = with_items(Order::query().filter(|o| o.id.eq(id))).first().await? {
                *order = now;
            }
            Ok(order.total)
        };
        self.order.call_then(ask, move |total| {
            self.page.say(format!("{done}. The order comes to {}.", money(total)));
            self.orders.changed.run(());
        });
    }

    /// The status, and a form for one more item while the order is open.
    fn tools(self, may_add: Memo<bool>) -> AnyView {
        let order = self.order;
        let save = async |order: &mut Record<Order>| {
            let saved = order.save().await;
            if saved.is_err() {
                // What was not saved can be chosen again.
                order.status = order.original().status;
            }
            saved
        };
        let chosen = Callback::new(move |()| order.call_then(save, move |()| self.renewed("Saved")));
        let stale = Memo::new(move |_| order.error().is_some_and(|error| error.is_conflict()));
        let reload = move |_| {
            focus(&self.summary());
            self.renewed("Read again");
        };
        view! {
            <div class="order-tools">
                <SelectField of=order.field(|o| o.status) on_change=chosen />
                {move || may_add.get().then(|| self.item_form())}
            </div>
            <div role="alert">
                {move || order.form_error().map(|error| view! { <p class="form-error">{error}</p> }.into_any())}
                {move || stale.get().then(|| view! {
                    <button type="button" class="button small primary" data-test="reload" on:click=reload>"Reload"</button>
                }.into_any())}
            </div>
        }
        .into_any()
    }

    fn item_form(self) -> AnyView {
        let products = use_query(|| Product::query().order_by(|p| p.name.asc()).limit(1_000));
        let choices = products.choices(|p| format!("{}, {}", p.name, money(p.price)));
        let blank = move || Record::from(OrderItem { order_id: self.id, ..OrderItem::blank() });
        let draft = RecordSignal::new(blank());
        let product_input = format!("product-{}", self.id);
        let again = product_input.clone();
        let begun = product_input.clone();
        Effect::new(move || {
            if self.page.begun.get() == Some(self.id) {
                let begun = begun.clone();
                // Once the form is there.
                request_animation_frame(move || focus(&begun));
            }
        });
        let saved = move |_: Record<OrderItem>| {
            draft.set(blank());
            self.page.begun.set(None);
            focus(&again);
            self.renewed("Added");
        };
        view! {
            <RecordForm record=draft on_saved=saved>
                <ReferenceField of=draft.field(|i| i.product_id) choices none="Choose a product" id=product_input />
                <NumberField of=draft.field(|i| i.quantity) id=format!("quantity-{}", self.id) />
                <button type="submit" class="button primary" data-test="add-item" aria-busy=move || draft.pending().to_string()>
                    "Add item"
                </button>
            </RecordForm>
        }
        .into_any()
    }
}
