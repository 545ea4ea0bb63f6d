//! Projects, customers and orders in Chromium.

use fantoccini::Locator;
use shared::prelude::*;

use crate::stage::{Application, Browser, Page as _, within};

const ORDER: &str = "[data-test=order]";
const COUNT: &str = ".load-more-count";

/// The texts of the cells of a chart, row by row.
const CELLS: &str = "return [...document.querySelectorAll('[data-test=CHART] tbody tr')].map(row => [...row.querySelectorAll('th, .number')].map(cell => cell.textContent))";

async fn orders_shown(page: &fantoccini::Client) -> usize {
    page.find_all(Locator::Css(ORDER)).await.unwrap().len()
}

/// `€1,234.50` as a number.
fn amount(text: &str) -> Decimal {
    text.replace(['€', ','], "").parse().unwrap()
}

#[tokio::test]
async fn a_list_of_orders_grows_by_the_button_the_keyboard_and_by_scrolling() {
    let application = Application::with_demo_data().await;
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.goto(&application.address("/orders")).await.unwrap();
            page.hydrated().await;
            page.see_text(COUNT, "20 of 3,000 orders").await;
            assert_eq!(orders_shown(page).await, 20);
            // Away from the end of the page, so that it is not loaded by itself.
            page.script("document.querySelector('[data-test=load-more]').focus({ preventScroll: true })").await;
            page.active_element().await.unwrap().send_keys("\u{e007}").await.unwrap();
            page.see_text(COUNT, "40 of 3,000 orders").await;
            let focused = page.script("return document.activeElement.dataset.test").await;
            assert_eq!(focused, "load-more", "the focus stays where it was");
            page.script("window.scrollTo(0, document.body.scrollHeight)").await;
            within(&mut async || orders_shown(page).await >= 60, "more come at the end of the page").await;
            // Each order once, the latest first, as the program lists them.
            let numbers = page.script(
                "return [...document.querySelectorAll('.order-facts span:first-child')].map(one => Number(one.textContent.replace(/[^0-9]/g, '')))",
            );
            let numbers: Vec<i64> = serde_json::from_value(numbers.await).unwrap();
            let listed = Order::query().order_by(|o| (o.day.desc(), o.number.desc())).limit(numbers.len() as u64).all();
            let listed = application.program("member").await.run(listed).await.unwrap();
            assert_eq!(numbers, listed.iter().map(|order| order.number).collect::<Vec<_>>());
        })
        .await;
}

#[tokio::test]
async fn orders_are_found_across_their_relations_and_the_address_says_how() {
    let application = Application::with_demo_data().await;
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.goto(&application.address("/orders")).await.unwrap();
            page.hydrated().await;
            page.enter("[data-test=customer]", "cedar").await;
            page.enter("[data-test=product]", "oak").await;
            let paid = page.find(Locator::Css("[data-test=status] option[value=paid]")).await.unwrap();
            paid.click().await.unwrap();
            let asked = Order::query()
                .filter(|o| o.customer.name.contains("cedar") & o.items.any(|i| i.product.name.contains("oak")))
                .filter(|o| o.status.eq(OrderStatus::Paid))
                .count();
            let count = application.program("member").await.run(asked).await.unwrap();
            assert!((21..1_000).contains(&count), "{count} orders are too few or too many to tell");
            page.see_text(COUNT, &format!("20 of {count} orders")).await;
            let address = page.current_url().await.unwrap();
            assert_eq!(address.query(), Some("customer=cedar&product=oak&status=paid"));
            let wrong = page.script(
                "return [...document.querySelectorAll('[data-test=order]')].filter(order => !/cedar/i.test(order.querySelector('.order-who').textContent) || !/oak/i.test(order.querySelector('.order-items').textContent)).length",
            );
            assert_eq!(wrong.await, 0);
            // The same after a reload, whole from the server.
            page.refresh().await.unwrap();
            page.see_text(COUNT, &format!("20 of {count} orders")).await;
            page.hydrated().await;
            page.enter("[data-test=customer]", "nobody like that").await;
            page.see_text("[data-test=empty]", "Nothing found").await;
        })
        .await;
}

#[tokio::test]
async fn the_numbers_of_the_charts_are_the_sums_of_the_items() {
    let application = Application::with_demo_data().await;
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.goto(&application.address("/orders?product=desk")).await.unwrap();
            let program = application.program("member").await;
            let desks = Order::query().filter(|o| o.items.any(|i| i.product.name.contains("desk")));
            page.see_text(
                "[data-test=sum]",
                &format!("{} orders come to €", program.run(desks.count()).await.unwrap()),
            )
            .await;
            for chart in ["by-status", "by-month"] {
                page.see(&format!("[data-test={chart}]")).await;
                let rows = page.script(&CELLS.replace("CHART", chart)).await;
                let rows: Vec<[String; 3]> = serde_json::from_value(rows).unwrap();
                assert_eq!(rows.len(), if chart == "by-status" { 4 } else { 12 });
                for [label, count, total] in rows {
                    let of_group = |order: <Order as Entity>::Fields| match OrderStatus::VARIANTS
                        .iter()
                        .find(|one| one.label == label)
                    {
                        Some(status) => order.status.eq(OrderStatus::parse(status.value).unwrap()),
                        None => order.month.eq(chrono::NaiveDate::parse_from_str(&format!("1 {label}"), "%d %b %Y")
                            .unwrap()
                            .format("%Y-%m")
                            .to_string()),
                    };
                    let desks =
                        Order::query().filter(|o| o.items.any(|i| i.product.name.contains("desk"))).filter(of_group);
                    // As the application does not ask: all orders with their items, added up here.
                    let orders = program.run(desks.include(|o| o.items).limit(1_000).all()).await.unwrap();
                    let sum: Decimal = orders
                        .iter()
                        .flat_map(|order| order.items.iter().map(|item| item.price * Decimal::from(item.quantity)))
                        .sum();
                    assert_eq!((count, amount(&total)), (orders.len().to_string(), sum), "{chart}: {label}");
                }
            }
        })
        .await;
}

#[tokio::test]
async fn a_project_gets_a_task_a_comment_and_a_count() {
    let application = Application::start().await;
    let project = Project { name: "A new shed".into(), goal: "Dry bicycles".into(), ..Project::blank() };
    application.program("admin").await.run(repo::<Project>().insert(project)).await.unwrap();
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.goto(&application.address("/projects")).await.unwrap();
            page.see_text("[data-test=open-tasks]", "No open tasks").await;
            page.hydrated().await;
            page.find(Locator::LinkText("A new shed")).await.unwrap().click().await.unwrap();
            page.see_text("h1", "A new shed").await;
            page.see("[data-test=empty]").await;
            page.enter(".add [data-field=title] input", "Buy some boards\u{e007}").await;
            page.see("[data-test=task]").await;
            page.press("comment").await;
            page.enter("[data-field=text] textarea", "Larch lasts longer").await;
            page.press("say").await;
            page.see_text(".comments", "Larch lasts longer").await;
            let of_project = Task::query().filter(|t| t.project.name.eq("A new shed"));
            let tasks = of_project.include(|t| t.project).include(|t| t.comments).all();
            let tasks = application.program("member").await.run(tasks).await.unwrap();
            let [task] = tasks.as_slice() else { panic!("{tasks:?}") };
            assert_eq!(task.project.get().map(|project| project.name.as_str()), Some("A new shed"));
            assert_eq!(task.comments.get(0).map(|comment| comment.author.as_str()), Some("member"));
            page.goto(&application.address("/projects")).await.unwrap();
            page.see_text("[data-test=open-tasks]", "1 open task").await;
            page.goto(&application.address("/")).await.unwrap();
            page.see_text("[data-test=project]", "A new shed").await;
        })
        .await;
}

#[tokio::test]
async fn no_page_is_wider_than_a_telephone() {
    let application = Application::with_demo_data().await;
    let project = application.program("admin").await.run(Project::query().first()).await.unwrap().unwrap();
    for width in [390, 1280] {
        Browser::open(width, 844)
            .await
            .visit(async |page| {
                page.sign_in(&application, "admin").await;
                for path in ["/", "/projects", &format!("/projects/{}", project.id), "/customers", "/orders"] {
                    page.goto(&application.address(path)).await.unwrap();
                    page.see("h1").await;
                    let fits = "return document.documentElement.scrollWidth <= window.innerWidth";
                    assert_eq!(page.script(fits).await, true, "{path} at {width}");
                }
            })
            .await;
    }
}
