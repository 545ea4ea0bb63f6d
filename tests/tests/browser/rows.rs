//! What is asked in the rows of a list that the server has rendered.

use fantoccini::Locator;
use shared::prelude::*;

use crate::stage::{Application, Browser, Page as _, within};

#[tokio::test]
async fn what_is_asked_in_a_row_comes_with_the_page_and_is_taken_over() {
    let application = Application::start().await;
    let made = async {
        let product = |name: &str| Product { name: name.into(), price: Decimal::from(3), ..Product::blank() };
        repo().insert_many([product("A a stool"), product("A b stool")]).await?;
        let customer = repo().insert(Customer { name: "Ibis".into(), city: "Ely".into(), ..Customer::blank() }).await?;
        let day = chrono::Utc::now().date_naive();
        repo().insert(Order { customer_id: Some(customer.id), day, ..Order::blank() }).await
    };
    let order = application.program("admin").await.run(made).await.unwrap();
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            let address = application.address(&format!("/orders?number={}", order.number));
            page.goto(&address).await.unwrap();
            let answers = "return document.documentElement.dataset.hydrated === 'true'";
            within(&mut async || page.script(answers).await == true, "the page is taken over").await;
            let html = page.script(
                "const request = new XMLHttpRequest(); request.open('GET', location, false); request.send(); return request.responseText",
            );
            let html = html.await;
            assert!(html.as_str().unwrap().contains(">A a stool, €3.00"), "the server renders the choices");
            let asked = "return performance.getEntriesByType('resource').map(one => one.name).filter(name => name.includes('/api/products'))";
            assert_eq!(page.script(asked).await, serde_json::json!([]), "and the browser does not ask for them again");
            let option = "//select/option[starts-with(., 'A b stool')]";
            page.find(Locator::XPath(option)).await.unwrap().click().await.unwrap();
            page.press("add-item").await;
            page.see_text("[data-test=order-total]", "€3.00").await;
            page.see_text("[data-test=item]", "1 × A b stool").await;
        })
        .await;
}

#[tokio::test]
async fn a_task_of_an_archived_project_says_so() {
    let application = Application::start().await;
    let made = async {
        let project = repo().insert(Project { name: "Zebra".into(), archived: true, ..Project::blank() }).await?;
        let task = Task { title: "Paint the stripes".into(), project_id: Some(project.id), ..Task::blank() };
        repo().insert(task).await?;
        Ok::<_, Error>(project.id)
    };
    let project = application.program("admin").await.run(made).await.unwrap();
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.sign_in(&application, "admin").await;
            page.see_text("a[data-test=project]", "Archived project").await;
            page.press("edit").await;
            page.see_text("[data-field=projectId] option:checked", "Archived project").await;
            page.find(Locator::Css("a[data-test=project]")).await.unwrap().click().await.unwrap();
            page.see_text("h1", "Zebra").await;
            assert!(page.current_url().await.unwrap().path().ends_with(&project.to_string()));
        })
        .await;
}

#[tokio::test]
async fn what_can_be_written_can_be_chosen_in_the_audit() {
    let application = Application::start().await;
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.sign_in(&application, "admin").await;
            page.goto(&application.address("/audit")).await.unwrap();
            page.see("[data-test=entity]").await;
            let choices = page
                .script("return [...document.querySelectorAll('[data-test=entity] option')].map(o => o.value)")
                .await;
            let choices: Vec<String> = serde_json::from_value(choices).unwrap();
            let all = isoform::describe_entities();
            let listed = application.program("admin").await.run(all).await.unwrap();
            let written = listed.iter().filter(|one| {
                [one.allowed.insert, one.allowed.update, one.allowed.delete].iter().any(|may| may.is_possible())
            });
            let mut keys: Vec<String> = written.map(|one| one.key.clone()).collect();
            keys.insert(0, String::new());
            let sorted = |mut list: Vec<String>| {
                list.sort();
                list
            };
            assert_eq!(sorted(choices), sorted(keys), "what the API says an admin may write");
        })
        .await;
}
