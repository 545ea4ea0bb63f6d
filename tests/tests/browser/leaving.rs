//! What a page says and when, as it is seen in Chromium: after a click that leaves a field, after a save that failed, and in its bar.

use fantoccini::{Client, Locator};
use shared::prelude::*;

use crate::stage::{Application, Browser, Page as _, within};

/// What has the focus: its name for tests, or of a field its name.
const ACTIVE: &str = "return document.activeElement.dataset.test ?? document.activeElement.name";
const CHIP: &str = ".order-facts .chip";
const STATUS: &str = "return document.querySelector('.order-tools [name=status]').value";

/// An order of one product, of a customer.
async fn order(application: &Application) -> Record<Order> {
    let made = async {
        let customer =
            repo().insert(Customer { name: "Heron & Sons".into(), city: "Hull".into(), ..Customer::blank() });
        let customer = customer.await?;
        let product = Product { name: "A a hook".into(), price: Decimal::from(1), ..Product::blank() };
        let product = repo().insert(product).await?;
        let day = chrono::Utc::now().date_naive();
        let order = repo().insert(Order { customer_id: Some(customer.id), day, ..Order::blank() }).await?;
        let item = OrderItem { order_id: order.id, product_id: product.id, quantity: 1, ..OrderItem::blank() };
        repo().insert(item).await?;
        Ok::<_, Error>(order)
    };
    application.program("admin").await.run(made).await.unwrap()
}

async fn open_order(page: &Client, application: &Application, order: &Record<Order>) {
    page.sign_in(application, "member").await;
    page.goto(&application.address(&format!("/orders?number={}", order.number))).await.unwrap();
    page.hydrated().await;
    page.see("[data-test=add-item]").await;
}

async fn choose(page: &Client, status: &str) {
    let option = format!(".order-tools option[value={status}]");
    page.find(Locator::Css(&option)).await.unwrap().click().await.unwrap();
}

#[tokio::test]
async fn a_status_that_was_not_saved_is_not_shown_as_saved_and_can_be_chosen_again() {
    let mut application = Application::start().await;
    let order = order(&application).await;
    let browser = Browser::open(1280, 900).await;
    let client = browser.client.clone();
    open_order(&client, &application, &order).await;
    application.stop();
    browser
        .visit(async |page| {
            choose(page, "shipped").await;
            page.see_text(".order-items .form-error", "The server cannot be reached.").await;
            assert_eq!(page.text(CHIP).await, "Open", "nothing is saved");
            assert_eq!(page.script(STATUS).await, "open", "so that it can be chosen again");
            assert!(page.has("[data-test=remove-item]").await && page.has("[data-test=add-item]").await);
            application.serve().await;
            within(&mut async || !page.has("[data-test=banner]").await, "the server is back").await;
            within(&mut async || !page.has(".order-items .form-error").await, "what was said is no longer so").await;
            choose(page, "shipped").await;
            page.see_text(CHIP, "Shipped").await;
            within(&mut async || !page.has("[data-test=add-item]").await, "it is closed").await;
        })
        .await;
    let stored = application.program("admin").await.run(repo::<Order>().find_id(order.id)).await.unwrap();
    assert_eq!(stored.status, OrderStatus::Shipped);
}

#[tokio::test]
async fn a_form_no_longer_says_that_the_server_is_away_once_it_is_back() {
    let mut application = Application::start().await;
    let browser = Browser::open(1280, 900).await;
    let client = browser.client.clone();
    client.sign_in(&application, "member").await;
    client.goto(&application.address("/customers")).await.unwrap();
    client.hydrated().await;
    application.stop();
    browser
        .visit(async |page| {
            page.enter(".add [data-field=name] input", "Heron & Sons").await;
            page.enter(".add [data-field=city] input", "Hull\u{e007}").await;
            page.see_text(".add .form-error", "The server cannot be reached.").await;
            application.serve().await;
            within(&mut async || !page.has("[data-test=banner]").await, "the server is back").await;
            within(&mut async || !page.has(".add .form-error").await, "the form knows it too").await;
            page.press("add").await;
            page.see_text("[data-test=customer]", "Heron & Sons").await;
        })
        .await;
}

#[tokio::test]
async fn a_click_that_leaves_a_wrong_field_arrives_and_the_message_comes_after_it() {
    let application = Application::start().await;
    order(&application).await;
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "admin").await;
            page.goto(&application.address("/customers")).await.unwrap();
            page.hydrated().await;
            page.enter(".add [data-field=email] input", "nope").await;
            page.press("delete").await;
            page.see_text("dialog[open]", "“Heron & Sons” will be gone for good.").await;
            page.see_text(".add [data-field=email] .field-error", "must be an e-mail address").await;
            page.press("cancel-delete").await;
            // By the keyboard it comes at once, without any click.
            page.enter(".add [data-field=email] input", "ann@example.org").await;
            within(&mut async || !page.has(".field-error").await, "it is put right").await;
            page.enter(".add [data-field=email] input", "nope\u{e004}").await;
            page.see_text(".add [data-field=email] .field-error", "must be an e-mail address").await;
        })
        .await;
}

#[tokio::test]
async fn the_cursor_goes_to_a_wrong_field_each_time() {
    let application = Application::start().await;
    let order = order(&application).await;
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            open_order(page, &application, &order).await;
            let option = Locator::XPath("//select[starts-with(@id, 'product-')]/option[starts-with(., 'A a hook')]");
            within(&mut async || page.find(option).await.is_ok(), "the products are there").await;
            page.find(option).await.unwrap().click().await.unwrap();
            for (typed, said) in [
                ("abc", "must be a whole number between 1 and 1000"),
                ("0", "must be at least 1"),
                ("abc", "must be a whole number between 1 and 1000"),
                ("abcd", "must be a whole number between 1 and 1000"),
            ] {
                page.enter("input[id^=quantity-]", typed).await;
                page.press("add-item").await;
                page.see_text("[data-field=quantity] .field-error", said).await;
                within(
                    &mut async || page.script(ACTIVE).await == "quantity",
                    &format!("the cursor goes there: {typed}"),
                )
                .await;
            }
        })
        .await;
}

#[tokio::test]
async fn the_bar_is_in_line_with_the_page_however_many_links_it_has() {
    let application = Application::start().await;
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "admin").await;
            page.hydrated().await;
            let more =
                "const pages = document.querySelector('.pages'); const link = pages.lastElementChild.cloneNode();
                link.textContent = 'Notes'; pages.append(link);";
            let left = |css: &str| format!("return document.querySelector('{css}').getBoundingClientRect().left");
            for _ in 6..9 {
                assert_eq!(page.script(&left(".brand")).await, page.script(&left(".add")).await);
                page.script(more).await;
            }
            let fits = "return document.documentElement.scrollWidth <= window.innerWidth";
            assert_eq!(page.script(fits).await, true);
        })
        .await;
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.sign_in(&application, "admin").await;
            let rows = "return new Set([...document.querySelectorAll('.pages a')].map(link => link.offsetTop)).size";
            assert_eq!(page.script(rows).await, 1, "the links are in one row");
            let bar = page.script("return document.querySelector('.bar').offsetHeight").await;
            assert!(bar.as_f64().unwrap() < 130.0, "{bar}");
            assert_eq!(page.script("return document.documentElement.scrollWidth <= window.innerWidth").await, true);
        })
        .await;
}
