//! A handful of everything, to look at on the first day.

use shared::prelude::*;

use super::demo::{date, order_with};

/// Projects: name and what it is to come to.
const PROJECTS: [(&str, &str); 2] =
    [("Getting started", "Know what Isoform does, by doing it."), ("Going live", "A server that others use.")];

/// Tags: name and mark.
const TAGS: [(&str, TagColor); 3] =
    [("learning", TagColor::Blue), ("ready", TagColor::Green), ("with care", TagColor::Amber)];

/// Priority, days until due, done.
type State = (Priority, Option<i64>, bool);

/// Tasks: title, owner, state, and which project and tag.
const TASKS: [(&str, &str, State, usize, usize); 6] = [
    ("Read the README to the end", "member", (Priority::Normal, None, true), 0, 0),
    ("Change the label of a field in shared", "member", (Priority::High, Some(1), false), 0, 0),
    ("Add an entity of your own", "member", (Priority::Normal, Some(7), false), 0, 0),
    ("Call a backend method from a component", "member", (Priority::Low, None, false), 0, 0),
    ("Look at everybody's tasks as the admin", "admin", (Priority::Normal, Some(2), false), 1, 1),
    ("Deploy to a server with a real domain", "admin", (Priority::Low, Some(30), false), 1, 2),
];

/// Customers: name, city, e-mail.
const CUSTOMERS: [(&str, &str, &str); 3] = [
    ("Ann Archer", "Aberdeen", "ann@example.com"),
    ("Bob's Bikes", "Bristol", "bob@example.com"),
    ("Cole & Clay", "Cardiff", "office@example.com"),
];

/// Products: name and price in cents.
const PRODUCTS: [(&str, i64); 4] =
    [("Kettle", 3_495), ("Tea, 250 g", 850), ("Bicycle bell", 1_290), ("Flower pot", 1_999)];

/// Of which products how many.
type Chosen = &'static [(usize, i32)];

/// Orders: customer, days ago, status, and what was ordered.
const ORDERS: [(usize, i64, OrderStatus, Chosen); 6] = [
    (0, 75, OrderStatus::Paid, &[(0, 1), (1, 4)]),
    (1, 62, OrderStatus::Paid, &[(2, 24)]),
    (2, 40, OrderStatus::Cancelled, &[(3, 2)]),
    (2, 33, OrderStatus::Paid, &[(3, 12), (1, 1)]),
    (0, 9, OrderStatus::Shipped, &[(1, 2)]),
    (1, 1, OrderStatus::Open, &[(2, 6), (0, 1), (1, 1)]),
];

/// Inserts them.
pub(super) async fn insert() -> Result<()> {
    let projects = PROJECTS.map(|(name, goal)| Project { name: name.into(), goal: goal.into(), ..Project::blank() });
    let projects = repo::<Project>().insert_many(projects).await?;
    let tags =
        repo::<Tag>().insert_many(TAGS.map(|(name, color)| Tag { name: name.into(), color, ..Tag::blank() })).await?;
    for (title, owner, (priority, days, completed), project, tag) in TASKS {
        let task = Task {
            title: title.into(),
            owner: owner.into(),
            priority,
            due_date: days.map(|days| date(-days)),
            completed,
            project_id: projects.get(project).map(|project| project.id),
            ..Task::blank()
        };
        let task = repo::<Task>().insert(task).await?;
        if let Some(tag) = tags.get(tag) {
            repo::<TaskTag>().insert(TaskTag { task_id: task.id, tag_id: tag.id, ..TaskTag::blank() }).await?;
        }
        if completed {
            let (author, text) = ("admin".into(), "It is not long.".into());
            repo::<Comment>().insert(Comment { task_id: task.id, author, text, ..Comment::blank() }).await?;
        }
    }

    let customer = |(name, city, email): (&str, &str, &str)| Customer {
        name: name.into(),
        city: city.into(),
        email: Some(email.into()),
        ..Customer::blank()
    };
    let customers = repo::<Customer>().insert_many(CUSTOMERS.map(customer)).await?;
    let product =
        |(name, cents): (&str, i64)| Product { name: name.into(), price: Decimal::new(cents, 2), ..Product::blank() };
    let products = repo::<Product>().insert_many(PRODUCTS.map(product)).await?;
    for (number, (customer, days, status, items)) in (1..).zip(ORDERS) {
        let Some(customer) = customers.get(customer) else { continue };
        let chosen = items.iter().filter_map(|(product, quantity)| Some((&**products.get(*product)?, *quantity)));
        let (order, items) = order_with(number, customer.id, date(days), status, chosen);
        repo::<Order>().insert(order).await?;
        repo::<OrderItem>().insert_many(items).await?;
    }
    Ok(())
}
