//! What the hooks and handlers of the application promise, whoever writes, and who comes in.

use std::sync::{Arc, Mutex};

use isoform::future::BoxFuture;
use isoform::session::Session;
use isoform::{OfRequest, Remote};
use isoform_server::{Api, InProcess, Sessions};
use shared::audit::Deed;
use shared::prelude::*;
use tests::{Way, World, admin, bob, promises};

#[path = "../../server/src/handlers.rs"]
mod handlers;
#[path = "../../server/src/identity.rs"]
mod identity;

async fn office(way: tests::Way) -> World {
    World::with(way, shared::entities()).await
}

/// A customer, and a product of €40 and one of €2.50.
async fn stock(world: &World) -> (Record<Customer>, Uuid, Uuid) {
    let made = async {
        let customer = repo().insert(Customer { name: "Falcon Hotel".into(), ..Customer::blank() }).await?;
        let lamp = Product { name: "Lamp".into(), price: Decimal::from(40), ..Product::blank() };
        let tray = Product { name: "Tray".into(), price: Decimal::new(250, 2), ..Product::blank() };
        let products = repo().insert_many([lamp, tray]).await?;
        Ok::<_, Error>((customer, products[0].id, products[1].id))
    };
    world.backend().run(made).await.unwrap()
}

fn order_of(customer: &Record<Customer>) -> Order {
    let day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    Order { customer_id: Some(customer.id), day, ..Order::blank() }
}

async fn total(world: &World, order: Uuid) -> Decimal {
    world.for_(&bob()).run(repo::<Order>().find_id(order)).await.unwrap().total
}

/// How many mails there are, once all that waits for a commit has been done.
async fn mails(world: &World, expected: u64) -> Vec<Record<Mail>> {
    for _ in 0..100 {
        if world.backend().run(repo::<Mail>().count()).await.unwrap() == expected {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    world.backend().run(Mail::query().all()).await.unwrap()
}

promises! { in office;

async fn a_new_order_gets_the_next_number_whatever_the_client_says(world: World) {
    let (customer, ..) = stock(&world).await;
    let orders = async {
        let first = repo().insert(Order { number: 700, total: Decimal::from(9), ..order_of(&customer) }).await?;
        let second = repo().insert(order_of(&customer)).await?;
        let mut many = repo().insert_many([order_of(&customer), order_of(&customer)]).await?;
        many.sort_by_key(|order| order.number);
        Ok::<_, Error>((first.number, first.total, second.number, many[0].number, many[1].number))
    };
    let numbers = world.for_(&bob()).run(orders).await.unwrap();
    assert_eq!(numbers, (1, Decimal::ZERO, 2, 3, 4));
    let mut order = world.for_(&bob()).run(Order::query().filter(|o| o.number.eq(2)).first()).await.unwrap().unwrap();
    order.number = 900;
    order.status = OrderStatus::Paid;
    world.for_(&bob()).run(order.save()).await.unwrap();
    assert_eq!((order.number, order.status), (2, OrderStatus::Paid));
    let nobodys = world.for_(&bob()).run(repo().insert(Order { customer_id: None, ..order_of(&customer) })).await;
    assert_eq!(nobodys.unwrap_err().field("customerId"), Some("must be chosen"));
}

async fn the_total_of_an_order_follows_its_items(world: World) {
    let (customer, lamp, tray) = stock(&world).await;
    let asker = world.for_(&bob());
    let order = asker.run(repo().insert(order_of(&customer))).await.unwrap().id;
    let item = |product_id, quantity| OrderItem { order_id: order, product_id, quantity, ..OrderItem::blank() };
    let mut lamps = asker.run(repo().insert(item(lamp, 2))).await.unwrap();
    assert_eq!((lamps.price, lamps.amount), (Decimal::from(40), Decimal::from(80)), "the price is the product's");
    assert_eq!(total(&world, order).await, Decimal::from(80));
    asker.run(repo().insert_many([item(tray, 2), item(tray, 4)]).into_future()).await.unwrap();
    assert_eq!(total(&world, order).await, Decimal::from(95));
    lamps.quantity = 1;
    asker.run(lamps.save()).await.unwrap();
    assert_eq!(total(&world, order).await, Decimal::from(55));
    let trays = asker.run(repo::<OrderItem>().update_many(|i| i.product_id.eq(tray), |i| i.quantity.set(10)).into_future()).await;
    assert_eq!((trays.unwrap(), total(&world, order).await), (2, Decimal::from(90)));
    // Into another order, and out of the first one.
    let other = asker.run(repo().insert(order_of(&customer))).await.unwrap().id;
    lamps.order_id = other;
    asker.run(lamps.save()).await.unwrap();
    assert_eq!((total(&world, order).await, total(&world, other).await), (Decimal::from(50), Decimal::from(40)));
    asker.run(lamps.delete()).await.unwrap();
    assert_eq!(asker.run(repo::<OrderItem>().delete_many(|i| i.order_id.eq(order)).into_future()).await.unwrap(), 2);
    assert_eq!((total(&world, order).await, total(&world, other).await), (Decimal::ZERO, Decimal::ZERO));
}

async fn a_price_is_the_products_unless_an_admin_says_another(world: World) {
    let (customer, lamp, _) = stock(&world).await;
    let order_id = world.for_(&bob()).run(repo().insert(order_of(&customer))).await.unwrap().id;
    let cheap = OrderItem { order_id, product_id: lamp, price: Decimal::ONE, ..OrderItem::blank() };
    let of_member = world.for_(&bob()).run(repo().insert(cheap.clone())).await.unwrap();
    let of_admin = world.for_(&admin()).run(repo().insert(cheap)).await.unwrap();
    assert_eq!((of_member.price, of_admin.price), (Decimal::from(40), Decimal::ONE));
    assert_eq!(total(&world, order_id).await, Decimal::from(41));
}

async fn a_total_and_its_items_are_one_transaction(world: World) {
    let (customer, lamp, _) = stock(&world).await;
    let asker = world.for_(&bob());
    let order_id = asker.run(repo().insert(order_of(&customer))).await.unwrap().id;
    let item = |product_id| OrderItem { order_id, product_id, ..OrderItem::blank() };
    let refused = asker.run(repo().insert_many([item(lamp), item(Uuid::from_u128(7))]).into_future()).await.unwrap_err();
    assert!(refused.is_conflict(), "{refused}");
    assert_eq!(total(&world, order_id).await, Decimal::ZERO);
    let lost = asker.run(repo().insert(OrderItem { product_id: lamp, ..OrderItem::blank() })).await.unwrap_err();
    assert_eq!(lost.field("orderId"), Some("must be given"));
}

async fn the_turnover_of_a_customer_is_the_sum_of_the_orders(world: World) {
    let (customer, lamp, _) = stock(&world).await;
    let asker = world.for_(&bob());
    let made = async {
        for status in [OrderStatus::Open, OrderStatus::Paid, OrderStatus::Cancelled] {
            let order = repo().insert(Order { status, ..order_of(&customer) }).await?;
            order.items().insert(OrderItem { product_id: lamp, ..OrderItem::blank() }).await?;
        }
        repo().insert(Customer { name: "Nobody yet".into(), ..Customer::blank() }).await
    };
    asker.run(made).await.unwrap();
    let sorted = asker.run(Customer::query().order_by(|c| c.turnover.desc()).all()).await.unwrap();
    let turnovers: Vec<_> = sorted.iter().map(|c| (c.name.as_str(), c.turnover)).collect();
    assert_eq!(turnovers, [("Falcon Hotel", Decimal::from(80)), ("Nobody yet", Decimal::ZERO)]);
}

async fn a_customer_with_open_orders_is_kept_and_the_orders_of_another_stay(world: World) {
    let (mut customer, ..) = stock(&world).await;
    let asker = world.for_(&admin());
    let mut orders = asker.run(repo().insert_many([order_of(&customer), order_of(&customer)]).into_future()).await.unwrap();
    let delete = async |customer: &mut Record<Customer>| asker.run(customer.delete()).await.map_err(|e| (e.status(), e.message().to_owned()));
    assert_eq!(delete(&mut customer).await, Err((409, "Falcon Hotel has 2 open orders.".into())));
    orders[0].status = OrderStatus::Paid;
    asker.run(orders[0].save()).await.unwrap();
    assert_eq!(delete(&mut customer).await, Err((409, "Falcon Hotel has an open order.".into())));
    orders[1].status = OrderStatus::Cancelled;
    asker.run(orders[1].save()).await.unwrap();
    assert_eq!(world.for_(&bob()).run(customer.clone().delete()).await.unwrap_err().status(), 403);
    assert_eq!(delete(&mut customer).await, Ok(()));
    let left = asker.run(Order::query().include(|o| o.customer).all()).await.unwrap();
    assert!(left.len() == 2 && left.iter().all(|order| order.customer_id.is_none() && order.customer.get().is_none()));
    // And they can be worked at.
    asker.run(orders[0].reload()).await.unwrap();
    orders[0].status = OrderStatus::Shipped;
    asker.run(orders[0].save()).await.unwrap();
}

async fn a_mail_about_a_large_order_is_written_once_it_has_committed_and_never_of_what_was_undone(world: World) {
    let (customer, lamp, _) = stock(&world).await;
    let asker = world.for_(&bob());
    let order_id = asker.run(repo().insert(order_of(&customer))).await.unwrap().id;
    let lamps = |quantity| OrderItem { order_id, product_id: lamp, quantity, ..OrderItem::blank() };
    // €5,000 is not more than €5,000.
    let mut item = asker.run(repo().insert(lamps(125))).await.unwrap();
    let undone = world.backend().run(async {
        Context::current()?.transaction(async |_| {
            repo().insert(lamps(1)).await?;
            Err::<(), _>(Error::invalid("no"))
        }).await
    }).await;
    assert!(undone.is_err());
    assert_eq!(mails(&world, 0).await.len(), 0);
    item.quantity = 200;
    asker.run(item.save()).await.unwrap();
    let said = mails(&world, 1).await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].subject, "A large order of Falcon Hotel: no. 1");
    assert!(said[0].text.starts_with("It comes to €8,000.00, more than €5,000.00.") && said[0].sent.is_none(), "{:?}", said[0]);
    // It is said once.
    item.quantity = 210;
    asker.run(item.save()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(mails(&world, 1).await.len(), 1);
}

async fn nobody_writes_the_audit_or_the_outbox_and_admins_read_them(world: World) {
    let mail = || Mail { to: "a@example.com".into(), subject: "x".into(), ..Mail::blank() };
    let entry = || Audit { who: "eve".into(), ..Audit::blank() };
    for who in [bob(), admin()] {
        assert_eq!(world.for_(&who).run(repo().insert(mail())).await.unwrap_err().status(), 403);
        assert_eq!(world.for_(&who).run(repo().insert(entry())).await.unwrap_err().status(), 403);
        assert_eq!(world.for_(&who).run(repo::<Audit>().delete_many(|a| a.who.eq("eve")).into_future()).await.unwrap_err().status(), 403);
    }
    assert_eq!(world.for_(&bob()).run(Mail::query().all()).await.unwrap_err().status(), 403);
    assert_eq!(world.for_(&bob()).run(Audit::query().all()).await.unwrap_err().status(), 403);
    assert_eq!(world.for_(&admin()).run(Audit::query().all()).await.unwrap().len(), 0);
}

}

async fn handled(way: Way) -> World {
    World::handled(way, shared::entities(), handlers::handlers()).await
}

/// What the audit says, from the first entry on, once there are so many.
async fn entries(world: &World, so_many: usize) -> Vec<(String, Deed, String, String, Option<String>)> {
    let read = async || world.for_(&admin()).run(Audit::query().order_by(|a| a.at.asc()).all()).await.unwrap();
    // What failed is noted by itself, later.
    for _ in 0..100 {
        if read().await.len() >= so_many {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let said = |e: &Record<Audit>| (e.who.clone(), e.what, e.entity.clone(), e.row.clone(), e.failure.clone());
    read().await.iter().map(said).collect()
}

promises! { in handled;

async fn whatever_is_written_through_the_api_is_in_the_audit(world: World) {
    let (root, member) = (world.for_(&admin()), world.for_(&bob()));
    // The server's own code writes nothing into it.
    let (mut customer, lamp, tray) = stock(&world).await;
    assert_eq!(entries(&world, 0).await, []);
    let order = member.run(repo().insert(order_of(&customer))).await.unwrap();
    customer.name = "Falcon Inn".into();
    root.run(customer.save()).await.unwrap();
    root.run(repo::<Product>().update_many(|p| p.id.in_([lamp, tray]), |p| p.price.set(Decimal::ONE)).into_future()).await.unwrap();
    root.run(repo::<Product>().delete(tray)).await.unwrap();
    let kept = root.run(repo::<Customer>().delete(customer.id)).await.unwrap_err();
    assert_eq!(entries(&world, 5).await.len(), 5);
    // Who may not is refused before any handler: nothing was done.
    assert!(member.run(repo::<Product>().delete(lamp)).await.unwrap_err().is_forbidden());
    let item = |product_id| OrderItem { order_id: order.id, product_id, ..OrderItem::blank() };
    let items = [item(lamp), item(Uuid::from_u128(7))];
    let undone = member.run(repo().insert_many(items).into_future()).await.unwrap_err();
    let expected = [
        ("bob", Deed::Added, "orders", order.id.to_string(), None),
        ("root", Deed::Changed, "customers", customer.id.to_string(), None),
        ("root", Deed::Changed, "products", "2 rows".to_owned(), None),
        ("root", Deed::Deleted, "products", tray.to_string(), None),
        ("root", Deed::Deleted, "customers", customer.id.to_string(), Some(kept.message().to_owned())),
        ("bob", Deed::Added, OrderItem::meta().key, "2 rows".to_owned(), Some(undone.message().to_owned())),
    ];
    let expected = expected.map(|(who, what, entity, row, failure)| (who.to_owned(), what, entity.to_owned(), row, failure));
    assert_eq!(entries(&world, 6).await, expected);
}

async fn archived_projects_stand_back_unless_they_are_asked_about(world: World) {
    let (root, member) = (world.for_(&admin()), world.for_(&bob()));
    let made = root.run(async {
        let mut projects = Vec::new();
        for (name, archived) in [("Zeppelin", true), ("Zebra", false)] {
            let project = repo().insert(Project { name: name.into(), archived, ..Project::blank() }).await?;
            let task = Task { title: format!("Paint the {name}"), project_id: Some(project.id), ..Task::blank() };
            repo().insert(task).await?;
            projects.push(project.id);
        }
        Ok::<_, Error>(projects)
    });
    let projects = made.await.unwrap();
    let names = async |query: Query<Project>| {
        let found = member.run(query.order_by(|p| p.name.asc()).all()).await.unwrap();
        found.iter().map(|project| project.name.clone()).collect::<Vec<_>>()
    };
    let all = || Project::query();
    let both = || Project::query().filter(|p| p.archived.in_([true, false]));
    assert_eq!((names(all()).await, names(both()).await), (vec!["Zebra".to_owned()], vec!["Zebra".to_owned(), "Zeppelin".to_owned()]));
    // Whatever is asked agrees.
    member.run(async {
        assert_eq!((all().count().await.unwrap(), both().count().await.unwrap()), (1, 2));
        let last = async |query: Query<Project>| query.order_by(|p| p.name.asc()).last().await.unwrap().unwrap().name.clone();
        assert_eq!((last(all()).await, last(both()).await), ("Zebra".into(), "Zeppelin".into()));
        let first = all().order_by(|p| p.name.desc()).first().await.unwrap().unwrap();
        assert_eq!(first.name, "Zebra");
        let greatest = async |query: Query<Project>| query.aggregate(|p| p.name.max()).await.unwrap();
        assert_eq!((greatest(all()).await, greatest(both()).await), (Some("Zebra".into()), Some("Zeppelin".into())));
        assert_eq!(repo::<Project>().find_id(projects[0]).await.unwrap().name, "Zeppelin", "its address still leads there");
    }).await;
    let tasks = root.run(Task::query().include(|t| t.project).order_by(|t| t.title.asc()).all()).await.unwrap();
    let shown: Vec<_> = tasks.iter().map(|task| task.project.get().map(|project| project.name.as_str())).collect();
    assert_eq!(shown, [Some("Zebra"), None]);
}

}

/// The application with its sessions, and somebody who may come in.
async fn closed(way: Way) -> World {
    let configure =
        |api: Api| api.entities(shared::entities()).sessions(Sessions::default()).identity(identity::of_session);
    let world = World::configured(way, configure).await;
    let password_hash = isoform::password::hash("right").await.unwrap();
    let user = User { id: "ann".into(), name: "Ann".into(), roles: Json(Vec::new()), password_hash };
    world.backend().run(repo::<User>().insert(user)).await.unwrap();
    world
}

/// A session that only notes whose it is.
#[derive(Default)]
struct Noted(Mutex<Option<String>>);

impl Session for Noted {
    fn sign_in<'a>(&'a self, identity_id: &'a str) -> BoxFuture<'a, Result<()>> {
        *self.0.lock().unwrap() = Some(identity_id.to_owned());
        Box::pin(async { Ok(()) })
    }

    fn sign_out(&self) -> BoxFuture<'_, Result<()>> {
        *self.0.lock().unwrap() = None;
        Box::pin(async { Ok(()) })
    }
}

promises! { in closed;

async fn whoever_fills_in_the_sign_in_form_is_signed_in_until_they_sign_out(world: World) {
    let session = Arc::new(Noted::default());
    let guest = match world.base() {
        _ if world.is_direct() => world.nobody().with_request(OfRequest { session: Some(session.clone()), ..OfRequest::default() }),
        "" => Context::over(InProcess::remote(world.router.clone())),
        base => Context::over(Remote::http(base)),
    };
    let signed_in = async || match guest.remote_api() {
        Some(api) => api.me().await.unwrap().map(|who| who.id),
        None => session.0.lock().unwrap().clone(),
    };
    guest.run(async {
        let mut form = Record::<SignIn>::new();
        let error = form.sign_in().await.unwrap_err();
        assert_eq!((error.status(), form.error(|f| f.name), form.error(|f| f.password)), (400, Some("is required"), Some("is required")));
        form.name = "ann".into();
        form.password = "wrong".into();
        let wrong = form.sign_in().await.unwrap_err();
        form.name = "nobody".into();
        let unknown = form.sign_in().await.unwrap_err();
        assert_eq!((wrong.status(), wrong.message()), (401, "The name or the password is wrong."));
        assert_eq!((unknown.status(), unknown.message()), (wrong.status(), wrong.message()), "which of the two is not told");
        assert_eq!(signed_in().await, None);
        form.name = " ann ".into();
        form.password = "right".into();
        assert_eq!(form.sign_in().await.unwrap(), Identity::new("ann", "Ann"));
        assert_eq!((form.password.as_str(), form.error(|f| f.password)), ("", None), "the password does not come back");
        assert_eq!(signed_in().await.as_deref(), Some("ann"));
        User::sign_out().await.unwrap();
        assert_eq!(signed_in().await, None);
    }).await;
}

}
