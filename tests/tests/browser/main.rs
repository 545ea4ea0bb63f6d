//! The application in Chromium: what a person does, and what comes of it.
//!
//! Needs what `cargo leptos build --release` makes, Chromium and its driver: `cargo xtask test` sees to it.

mod leaving;
mod office;
mod office_hooks;
mod rows;
mod stage;

use fantoccini::Locator;
use shared::prelude::*;
use stage::{Application, Browser, Page as _, within};

const ROW_TITLE: &str = "[data-test=task] [data-field=title] input";
const NEW_TITLE: &str = ".add [data-field=title] input";

/// Ann's first task, added by a program.
async fn add(application: &Application, name: &str, title: &str) {
    let task = Task { title: title.into(), ..Task::blank() };
    application.program(name).await.run(repo::<Task>().insert(task)).await.unwrap();
}

async fn titles(application: &Application, name: &str) -> Vec<(String, bool)> {
    let tasks = application.program(name).await.run(Task::query().order_by(|t| t.title.asc()).all()).await.unwrap();
    tasks.iter().map(|task| (task.title.clone(), task.completed)).collect()
}

#[tokio::test]
async fn done_takes_an_unsaved_title_along_and_both_are_saved() {
    let application = Application::start().await;
    add(&application, "member", "The first title").await;
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.script("window.same_page = true").await;
            page.enter(ROW_TITLE, "Typed, not saved").await;
            page.see("[data-test=task].is-changed").await;
            assert_eq!(titles(&application, "member").await, [("The first title".into(), false)]);
            page.press("done").await;
            page.see("[data-test=task].is-done:not(.is-changed)").await;
            assert_eq!(titles(&application, "member").await, [("Typed, not saved".into(), true)]);
            let log = application.log();
            let line = log.lines().find(|line| line.contains("toggling a task")).unwrap();
            assert!(line.contains("Typed, not saved") && line.contains("The first title"), "{line}");
            assert_eq!(page.script("return window.same_page").await, true, "without a reload");
            page.refresh().await.unwrap();
            page.see("[data-test=task].is-done").await;
            let value = page.find(Locator::Css(ROW_TITLE)).await.unwrap().prop("value").await.unwrap();
            assert_eq!(value.as_deref(), Some("Typed, not saved"));
        })
        .await;
}

#[tokio::test]
async fn a_title_of_two_letters_is_an_error_at_its_field_and_nothing_is_sent() {
    let application = Application::start().await;
    add(&application, "member", "The first title").await;
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.see(ROW_TITLE).await;
            page.count_requests().await;
            page.enter(NEW_TITLE, "no\u{e007}").await;
            page.see_text(".add [data-field=title] .field-error", "must have at least 5 characters").await;
            page.enter(ROW_TITLE, "no").await;
            page.press("done").await;
            page.see_text("[data-test=task] [data-field=title] .field-error", "must have at least 5 characters").await;
            let writes: Vec<_> = page.requests().await.into_iter().filter(|url| url.contains("/api/tasks")).collect();
            assert_eq!(writes, Vec::<String>::new());
        })
        .await;
    assert_eq!(titles(&application, "member").await, [("The first title".into(), false)]);
}

#[tokio::test]
async fn an_added_task_is_in_the_list_and_can_be_deleted_after_a_question() {
    let application = Application::start().await;
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.see("[data-test=empty]").await;
            page.enter(NEW_TITLE, "Buy some milk\u{e007}").await;
            page.see("[data-test=task]").await;
            assert_eq!(titles(&application, "member").await.len(), 1);
            page.press("delete").await;
            page.press("cancel-delete").await;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            assert_eq!(titles(&application, "member").await.len(), 1, "whoever cancels keeps it");
            page.press("delete").await;
            page.press("confirm-delete").await;
            within(&mut async || !page.has("[data-test=task]").await, "the task is gone").await;
            assert_eq!(titles(&application, "member").await.len(), 0);
        })
        .await;
}

#[tokio::test]
async fn a_page_comes_whole_from_the_server_and_asks_for_nothing_again() {
    let application = Application::start().await;
    add(&application, "member", "Rendered on the server").await;
    let signed_out = reqwest::get(application.address("/")).await.unwrap();
    assert_eq!(signed_out.status(), 200);
    assert!(!signed_out.text().await.unwrap().contains("Rendered on the server"));
    Browser::open(1280, 900).await.visit(async |page| {
        page.sign_in(&application, "member").await;
        page.goto(&application.address("/?show=open&sort=title")).await.unwrap();
        page.see(ROW_TITLE).await;
        page.hydrated().await;
        let asked = page.script(
            "return performance.getEntriesByType('resource').map(entry => entry.name).filter(name => name.includes('/api/'))",
        ).await;
        assert_eq!(asked, serde_json::json!([]), "hydration fetches nothing");
        let html = page.script(
            "const request = new XMLHttpRequest(); request.open('GET', '/', false); request.send(); return request.responseText",
        ).await;
        assert!(html.as_str().unwrap().contains("Rendered on the server"), "readable before the wasm has loaded");
    }).await;
}

#[tokio::test]
async fn only_an_admin_can_complete_everything() {
    let application = Application::start().await;
    for title in ["One of the member", "Two of the member"] {
        add(&application, "member", title).await;
    }
    Browser::open(1280, 900)
        .await
        .visit(async |page| {
            page.sign_in(&application, "member").await;
            page.see(ROW_TITLE).await;
            assert!(!page.has("[data-test=complete-all]").await);
            page.press("sign-out").await;
            page.see(".welcome").await;
            page.sign_in(&application, "admin").await;
            page.see(ROW_TITLE).await;
            page.press("complete-all").await;
            page.see_text("[data-test=notice]", "2").await;
            assert!(titles(&application, "admin").await.iter().all(|(_, completed)| *completed));
        })
        .await;
}

#[tokio::test]
async fn a_server_that_is_away_is_said_to_be_and_what_was_typed_stays() {
    let mut application = Application::start().await;
    add(&application, "member", "Before the server went").await;
    let browser = Browser::open(390, 844).await;
    let client = browser.client.clone();
    client.sign_in(&application, "member").await;
    client.see(ROW_TITLE).await;
    application.stop();
    browser
        .visit(async |page| {
            page.enter(ROW_TITLE, "Typed while it was away").await;
            page.press("done").await;
            page.see("[data-test=banner]").await;
            let value = page.find(Locator::Css(ROW_TITLE)).await.unwrap().prop("value").await.unwrap();
            assert_eq!(value.as_deref(), Some("Typed while it was away"));
            application.serve().await;
            within(&mut async || !page.has("[data-test=banner]").await, "the banner goes when the server is back")
                .await;
            page.press("done").await;
            page.see("[data-test=task].is-done:not(.is-changed)").await;
        })
        .await;
    assert_eq!(titles(&application, "member").await, [("Typed while it was away".into(), true)]);
}

#[tokio::test]
async fn a_wrong_password_is_said_at_the_form() {
    let application = Application::start().await;
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.goto(&application.address("/sign-in")).await.unwrap();
            page.see("[data-test=sign-in]:not([disabled])").await;
            page.enter("[data-field=name] input", "member").await;
            page.enter("[data-field=password] input", "wrong\u{e007}").await;
            page.see_text(".form-error", "wrong").await;
        })
        .await;
}

#[tokio::test]
async fn the_cursor_and_the_password_after_a_refused_sign_in() {
    const FOCUSED: &str = "return document.activeElement?.name ?? ''";
    let application = Application::start().await;
    Browser::open(390, 844)
        .await
        .visit(async |page| {
            page.goto(&application.address("/sign-in")).await.unwrap();
            page.see("[data-test=sign-in]:not([disabled])").await;
            for (name, kind, autocomplete) in
                [("name", "text", "username"), ("password", "password", "current-password")]
            {
                page.see(&format!("input[name={name}][type={kind}][autocomplete={autocomplete}]")).await;
            }
            within(&mut async || page.script(FOCUSED).await == "name", "the cursor is in the first field").await;
            page.count_requests().await;
            page.enter("[data-field=name] input", "member\u{e007}").await;
            page.see_text("[data-field=password] .field-error", "is required").await;
            within(&mut async || page.script(FOCUSED).await == "password", "the cursor is at what is wrong").await;
            assert!(!page.requests().await.iter().any(|url| url.contains("/api/session")), "nothing is sent");
            page.enter("[data-field=password] input", "wrong\u{e007}").await;
            page.see_text(".form-error", "wrong").await;
            let password = "return document.querySelector('[data-field=password] input').value";
            within(&mut async || page.script(password).await == "", "a wrong password is to be typed anew").await;
            within(&mut async || page.script(FOCUSED).await == "password", "and the cursor is there").await;
        })
        .await;
}

#[tokio::test]
async fn nothing_is_wider_than_the_screen() {
    let application = Application::start().await;
    add(&application, "member", &"A long title with many words in it ".repeat(5)).await;
    for (width, height) in [(390, 844), (1280, 900)] {
        Browser::open(width, height)
            .await
            .visit(async |page| {
                page.sign_in(&application, "member").await;
                page.see(ROW_TITLE).await;
                let fits = "return document.documentElement.scrollWidth <= window.innerWidth";
                assert_eq!(page.script(fits).await, true, "at {width}");
            })
            .await;
    }
}
