//! What hooks and handlers do, as it is seen in Chromium.

use fantoccini::{Client, Locator};
use shared::prelude::*;

use crate::stage::{Application, Browser, Page as _, within};

/// What has the focus: its name for tests, of a field its name, or its id.
const ACTIVE: &str = "const it = document.activeElement; return it.dataset.test ?? it.name ?? it.id";

/// A customer, and a product of €2,000 and one of €1.
async fn stock(application: &Application) -> Record<Customer> {
    let made = async {
        let product =
            |name: &str, euros: i64| Product { name: name.into(), price: Decimal::from(euros), ..Product::blank() };
        repo().insert_many([product("A a wardrobe", 2_000), product("A b hook", 1)]).await?;
        repo().insert(Customer { name: "Heron & Sons".into(), city: "Hull".into(), ..Customer::blank() }).await
    };
    application.program("admin").await.run(made).await.unwrap()
}

fn order_of(customer: &Record<Customer>) -> Order {
    Order { customer_id: Some(customer.id), day: chrono::Utc::now().date_naive(), ..Order::blank() }
}

/// Chooses the first product whose name begins so, and how many, and adds them.
async fn add_item(page: &Client, product: &str, quantity: u32) {
    let option = format!("//select[starts-with(@id, 'product-')]/option[starts-with(., '{product}')]");
    within(&mut async || page.find(Locator::XPath(&option)).await.is_ok(), "the products are there").await;
    page.find(Locator::XPath(&option)).await.unwrap().click().await.unwrap();
    page.enter("input[id^=quantity-]", &format!("{quantity}\u{e007}")).await;
}

#[tokio::test]
async fn an_order_is_begun_at_its_customer_and_its_total_follows_its_items() {
    let application = Application::start().await;
    stock(&application).await;
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.goto(&application.address("/customers?q=heron")).await.unwrap();
            page.hydrated().await;
            page.press("new-order").await;
            page.see_text("[data-test=order]", "Heron & Sons").await;
            assert!(page.current_url().await.unwrap().query().unwrap().starts_with("number="));
            within(&mut async || page.script(ACTIVE).await == "productId", "the cursor is in the form").await;
            page.script("window.same_page = true").await;
            add_item(page, "A a wardrobe", 2).await;
            page.see_text("[data-test=order-total]", "€4,000.00").await;
            page.see_text("[data-test=notice]", "The order comes to €4,000.00.").await;
            add_item(page, "A b hook", 3).await;
            page.see_text("[data-test=order-total]", "€4,003.00").await;
            let hooks = "//li[@data-test='item'][contains(., 'A b hook')]//button";
            assert!(
                page.find(Locator::XPath(hooks))
                    .await
                    .unwrap()
                    .attr("aria-label")
                    .await
                    .unwrap()
                    .unwrap()
                    .contains("3 × A b hook")
            );
            page.find(Locator::XPath(hooks)).await.unwrap().click().await.unwrap();
            page.see_text("[data-test=order-total]", "€4,000.00").await;
            let active = page.script(ACTIVE).await;
            assert!(active.as_str().unwrap().starts_with("items-"), "the focus is not lost: {active}");
            assert_eq!(page.script("return window.same_page").await, true, "without a reload");
            let order = Order::query().filter(|o| o.customer.name.eq("Heron & Sons")).first();
            let order = application.program("member").await.run(order).await.unwrap().unwrap();
            assert!(order.number > 0 && order.total == Decimal::from(4_000), "{order:?}");
            // What is no longer open is not added to.
            page.find(Locator::Css(".order-tools option[value=shipped]")).await.unwrap().click().await.unwrap();
            page.see_text(".order-facts .chip", "Shipped").await;
            within(&mut async || !page.has("[data-test=add-item], [data-test=remove-item]").await, "it is closed")
                .await;
            // The customer's sum is that of the orders.
            page.goto(&application.address("/customers?q=heron&sort=turnover")).await.unwrap();
            page.see_text("[data-test=turnover]", "€4,000.00").await;
        })
        .await;
}

#[tokio::test]
async fn deleting_a_customer_is_refused_at_the_button_while_orders_are_open() {
    let application = Application::start().await;
    let customer = stock(&application).await;
    let admin = application.program("admin").await;
    let mut order = admin.run(repo().insert(order_of(&customer))).await.unwrap();
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.goto(&application.address("/customers?q=heron")).await.unwrap();
            page.see("[data-test=customer]").await;
            page.hydrated().await;
            assert!(!page.has("[data-test=delete]").await, "members cannot delete customers");
            page.press("sign-out").await;
            page.see(".welcome").await;
            page.sign_in(&application, "admin").await;
            page.goto(&application.address("/customers?q=heron")).await.unwrap();
            page.hydrated().await;
            page.press("delete").await;
            page.see_text("dialog", "“Heron & Sons” will be gone for good.").await;
            page.press("confirm-delete").await;
            page.see_text("[data-test=customer] [role=alert]", "Heron & Sons has an open order.").await;
            assert_eq!(page.script(ACTIVE).await, "delete", "the focus is where the message is");
            order.status = OrderStatus::Paid;
            admin.run(order.save()).await.unwrap();
            page.press("delete").await;
            page.press("confirm-delete").await;
            page.see_text("[data-test=empty]", "Nobody found").await;
            page.goto(&application.address(&format!("/orders?number={}", order.number))).await.unwrap();
            page.see_text("[data-test=order]", "Former customer").await;
        })
        .await;
}

#[tokio::test]
async fn whatever_is_written_through_the_api_is_in_the_audit_for_admins() {
    let application = Application::start().await;
    let customer = stock(&application).await;
    let (member, admin) = (application.program("member").await, application.program("admin").await);
    let order = member.run(repo().insert(order_of(&customer))).await.unwrap();
    let refused = admin.run(repo::<Customer>().delete(customer.id)).await.unwrap_err();
    let entries = async || admin.run(Audit::query().order_by(|a| a.at.asc()).all()).await.unwrap();
    within(&mut async || entries().await.len() >= 4, "what failed is noted too").await;
    let said: Vec<_> = entries()
        .await
        .iter()
        .map(|e| (e.who.clone(), e.what.label(), e.entity.clone(), e.row.clone(), e.failure.clone()))
        .collect();
    let expected = [
        ("admin", "Added", "products", "2 rows".to_owned(), None),
        ("admin", "Added", "customers", customer.id.to_string(), None),
        ("member", "Added", "orders", order.id.to_string(), None),
        ("admin", "Deleted", "customers", customer.id.to_string(), Some(refused.message().to_owned())),
    ]
    .map(|(who, what, entity, row, failure)| (who.to_owned(), what, entity.to_owned(), row, failure));
    assert_eq!(said, expected);
    // Enough for a list that grows.
    for number in 0..30 {
        admin.run(repo().insert(Tag { name: format!("tag {number}"), ..Tag::blank() })).await.unwrap();
    }
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.sign_in(&application, "admin").await;
            page.goto(&application.address("/audit")).await.unwrap();
            page.see_text(".load-more-count", "25 of 34 entries").await;
            page.hydrated().await;
            page.press("load-more").await;
            page.see_text(".load-more-count", "34 of 34 entries").await;
            page.find(Locator::Css("[data-test=entity] option[value=customers]")).await.unwrap().click().await.unwrap();
            page.see_text(".load-more-count", "2 of 2 entries").await;
            assert_eq!(page.current_url().await.unwrap().query(), Some("entity=customers"));
            page.see_text("[data-test=entry]", "admin deleted").await;
            page.see_text("[data-test=entry]", "Heron & Sons has an open order.").await;
            page.press("sign-out").await;
            page.see(".welcome").await;
            page.sign_in(&application, "member").await;
            assert!(!page.has(".pages a[href='/audit'], .pages a[href='/outbox']").await);
            for path in ["/audit", "/outbox"] {
                page.goto(&application.address(path)).await.unwrap();
                page.see_text("[data-test=empty]", "This page is for admins").await;
            }
        })
        .await;
}

#[tokio::test]
async fn archived_projects_stand_back_until_they_are_asked_for() {
    let application = Application::start().await;
    let admin = application.program("admin").await;
    let made = async {
        let mut projects = Vec::new();
        for (name, archived) in [("Zeppelin", true), ("Zebra", false)] {
            let project = repo().insert(Project { name: name.into(), archived, ..Project::blank() }).await?;
            let task = Task { title: format!("Paint the {name}"), project_id: Some(project.id), ..Task::blank() };
            repo().insert(task).await?;
            projects.push(project);
        }
        Ok::<_, Error>(projects)
    };
    let projects = admin.run(made).await.unwrap();
    let named = || Project::query().filter(|p| p.name.starts_with("Ze"));
    let names = async |query: Query<Project>| {
        let found = admin.run(query.order_by(|p| p.name.asc()).all()).await.unwrap();
        found.iter().map(|project| project.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(named()).await, ["Zebra"]);
    assert_eq!(names(named().filter(|p| p.archived.in_([true, false]))).await, ["Zebra", "Zeppelin"]);
    assert_eq!(admin.run(named().count()).await.unwrap(), 1, "counts agree");
    assert_eq!(admin.run(named().filter(|p| p.archived.eq(true)).count()).await.unwrap(), 1);
    let tasks = Task::query().filter(|t| t.title.starts_with("Paint the Ze")).include(|t| t.project);
    let tasks = admin.run(tasks.order_by(|t| t.title.asc()).all()).await.unwrap();
    let shown: Vec<_> = tasks.iter().map(|task| task.project.get().map(|project| project.name.as_str())).collect();
    assert_eq!(shown, [Some("Zebra"), None], "what is included agrees");
    assert_eq!(admin.run(repo::<Project>().find_id(projects[0].id)).await.unwrap().name, "Zeppelin");
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.goto(&application.address("/projects")).await.unwrap();
            page.see_text(".tasks", "Zebra").await;
            assert!(!page.text(".tasks").await.contains("Zeppelin"), "whole from the server, without what is archived");
            page.hydrated().await;
            page.press("archived").await;
            page.see_text(".tasks", "Zeppelin").await;
            assert_eq!(page.current_url().await.unwrap().query(), Some("archived=true"));
            page.refresh().await.unwrap();
            page.see_text(".tasks", "Zeppelin").await;
            page.hydrated().await;
            page.see_text("[data-test=archived]", "Hide archived").await;
            page.press("archived").await;
            within(&mut async || !page.text(".tasks").await.contains("Zeppelin"), "it is hidden again").await;
        })
        .await;
}

#[tokio::test]
async fn a_large_order_puts_a_mail_into_the_outbox() {
    let application = Application::start().await;
    let customer = stock(&application).await;
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.sign_in(&application, "admin").await;
            page.goto(&application.address("/outbox")).await.unwrap();
            page.see_text("[data-test=empty]", "No mail yet").await;
            let order = application.program("member").await.run(repo().insert(order_of(&customer))).await.unwrap();
            page.goto(&application.address(&format!("/orders?number={}", order.number))).await.unwrap();
            page.hydrated().await;
            add_item(page, "A a wardrobe", 3).await;
            page.see_text("[data-test=order-total]", "€6,000.00").await;
            page.goto(&application.address("/outbox")).await.unwrap();
            page.see_text("[data-test=mail]", &format!("A large order of Heron & Sons: no. {}", order.number)).await;
            page.see_text("[data-test=mail]", "To be sent").await;
        })
        .await;
}

#[tokio::test]
async fn what_hooks_and_handlers_show_fits_every_screen_and_reports_no_mistake() {
    let application = Application::start().await;
    let customer = stock(&application).await;
    let order = application.program("admin").await.run(repo().insert(order_of(&customer))).await.unwrap();
    for width in [360, 390, 820, 1280] {
        Browser::open(width, 844)
            .await
            .visit(async |page| {
                page.sign_in(&application, "admin").await;
                let order = format!("/orders?number={}", order.number);
                for path in ["/audit", "/outbox", "/customers?sort=turnover", "/projects?archived=true", &order] {
                    page.goto(&application.address(path)).await.unwrap();
                    page.see("h1").await;
                    page.hydrated().await;
                    let fits = "return document.documentElement.scrollWidth <= window.innerWidth";
                    assert_eq!(page.script(fits).await, true, "{path} at {width}");
                    let answers = "return document.documentElement.dataset.hydrated === 'true'";
                    assert_eq!(page.script(answers).await, true, "{path} at {width} is hydrated");
                }
                page.see("[data-test=add-item]").await;
            })
            .await;
    }
}
