//! Through the API a foreign key does not tell whether a row is there that its writer may not reach.

use isoform::prelude::*;
use serde_json::json;
use tests::entities_related::{Customer, Purchase};
use tests::{Way, World, admin, ann, promises};

/// A folder in folders, some of them secret; what is in them is a method's to move.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "folders", allow(crud = authenticated), api_filter = not_secret)]
pub struct Folder {
    #[field(id)]
    pub id: String,
    pub secret: bool,
    pub name: String,
    pub parent_id: Option<String>,
    #[relation(parent_id)]
    pub parent: ToOne<Folder>,
}

fn not_secret(who: Option<&Identity>) -> Filter<Folder> {
    if who.is_some_and(|who| who.has_role("admin")) { Filter::all() } else { Folder::filter(|f| f.secret.eq(false)) }
}

#[backend]
impl Record<Folder> {
    /// Saves it, with whatever its caller has changed.
    #[allowed(authenticated)]
    pub async fn file(&mut self) -> Result<()> {
        self.save().await
    }
}

/// A user, whom nobody lists.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "owners")]
pub struct Owner {
    #[field(id)]
    pub id: String,
}

/// What belongs to a user, and has a default place.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "goods", allow(crud = authenticated))]
pub struct Good {
    #[field(id)]
    pub id: String,
    pub owner_id: Option<String>,
    #[field(default = "secret")]
    pub folder_id: String,
    #[relation(owner_id)]
    pub owner: ToOne<Owner>,
    #[relation(folder_id)]
    pub folder: ToOne<Folder>,
}

async fn shop(way: Way) -> World {
    let world = World::with(way, tests::entities_related::all().and(entities![Folder, Owner, Good])).await;
    let fill = async {
        for (id, hidden) in [("ann", false), ("eve", true)] {
            repo().insert(Customer { id: id.into(), hidden, ..Customer::blank() }).await?;
        }
        for (id, secret) in [("open", false), ("secret", true)] {
            repo().insert(Folder { id: id.into(), secret, ..Folder::blank() }).await?;
        }
        repo().insert(Owner { id: "ann".into() }).await?;
        repo().insert(Purchase { id: 1, customer_id: Some("eve".into()), ..Purchase::blank() }).await?;
        repo().insert(Purchase { id: 2, customer_id: Some("ann".into()), ..Purchase::blank() }).await
    };
    world.backend().run(fill).await.unwrap();
    world
}

fn purchase(id: i64, customer: &str) -> Purchase {
    Purchase { id, customer_id: Some(customer.into()), ..Purchase::blank() }
}

/// Both are refused, and in the same words.
#[track_caller]
fn the_same<T: std::fmt::Debug>(hidden: Result<T>, absent: Result<T>) {
    let (hidden, absent) = (hidden.unwrap_err(), absent.unwrap_err());
    assert_eq!((hidden.status(), absent.status()), (409, 409), "{hidden:?} {absent:?}");
    assert_eq!((hidden.message(), hidden.code()), (absent.message(), absent.code()));
    assert!(hidden.message().contains("a row that is not there"), "{hidden}");
}

promises! {
    async fn a_reference_beyond_ones_reach_is_refused_as_one_that_is_not_there(world: World) {
        let way = if world.is_direct() { Way::Direct } else { Way::InProcess };
        let world = shop(way).await;
        world.for_(&ann()).run(async {
            let purchases = || repo::<Purchase>();
            the_same(purchases().insert(purchase(3, "eve")).await, purchases().insert(purchase(3, "nobody")).await);
            purchases().insert(purchase(3, "ann")).await.unwrap();
            purchases().insert(Purchase { id: 4, ..Purchase::blank() }).await.unwrap();
            let many = async |one: &str| purchases().insert_many(vec![purchase(5, "ann"), purchase(6, one)]).await;
            the_same(many("eve").await, many("nobody").await);
            many("ann").await.unwrap();
            let save = async |to: &str| {
                let mut one = purchases().find_id(2).await.unwrap();
                one.customer_id = Some(to.into());
                one.save().await
            };
            the_same(save("eve").await, save("nobody").await);
            save("ann").await.unwrap();
            let to = |to: &str| Some(to.to_owned());
            let update = async |one: &str| purchases().update(2, |p| p.customer_id.set(to(one))).await;
            the_same(update("eve").await, update("nobody").await);
            let update = async |one: &str| {
                purchases().update_many(|p| p.id.gt(1), |p| p.customer_id.set(to(one))).await
            };
            the_same(update("eve").await, update("nobody").await);
            assert_eq!(update("ann").await.unwrap(), 5);
            let upsert = async |id: i64, one: &str| {
                let row = Purchase { id, customer_id: Some(one.into()), ..Purchase::blank() };
                world.post("/api/purchases?__action=upsertMany").by(&ann())
                    .json(&json!([{"where": {"id": row.id}, "set": {"customerId": row.customer_id}}])).send().await
            };
            for id in [2, 9] {
                let (hidden, absent) = (upsert(id, "eve").await, upsert(id, "nobody").await);
                assert_eq!(hidden.refused(409), absent.refused(409));
            }
            upsert(9, "ann").await.ok(200);
            // What was there before may stay.
            let mut one = purchases().find_id(1).await.unwrap();
            one.note = "changed".into();
            one.save().await.unwrap();
            assert_eq!(one.customer_id.as_deref(), Some("eve"));
        }).await;
        // Who sees all refers to all.
        world.for_(&admin()).run(async {
            repo::<Purchase>().insert(purchase(30, "eve")).await.unwrap();
            assert!(repo::<Purchase>().insert(purchase(31, "nobody")).await.unwrap_err().is_conflict());
        }).await;
        let hidden = world.backend().run(Purchase::query().filter(|p| p.customer_id.eq("eve".to_owned())).count()).await;
        assert_eq!(hidden.unwrap(), 2, "the first one and the admin's");
    }

    async fn a_method_takes_no_reference_that_its_caller_could_not_write(world: World) {
        let way = if world.is_direct() { Way::Direct } else { Way::InProcess };
        let world = shop(way).await;
        world.for_(&ann()).run(async {
            let file = async |parent: &str| {
                let mut folder = repo::<Folder>().find_id("open").await.unwrap();
                folder.parent_id = Some(parent.into());
                folder.file().await
            };
            the_same(file("secret").await, file("nowhere").await);
            let new = async |parent: &str| {
                let folder = Folder { id: "new".into(), parent_id: Some(parent.into()), ..Folder::blank() };
                Record::from(folder).file().await
            };
            the_same(new("secret").await, new("nowhere").await);
            new("open").await.unwrap();
        }).await;
    }
}

#[tokio::test]
async fn a_put_of_every_field_leaves_a_reference_as_it_is_and_a_batch_is_guarded() {
    let world = shop(Way::InProcess).await;
    let put = async |customer: &str| {
        let body = json!({"id": 1, "note": "again", "customerId": customer});
        world.put("/api/purchases/1").by(&ann()).json(&body).send().await
    };
    assert_eq!(put("eve").await.ok(200)["note"], "again");
    assert_eq!(put("nobody").await.refused(409), {
        let other = world.put("/api/purchases/2").by(&ann()).json(&json!({"customerId": "eve"})).send().await;
        other.refused(409)
    });
    let batch = async |customer: &str| {
        let steps = json!([{"insert": "purchases", "set": {"id": 7}}, {"update": "purchases", "id": 7, "set": {"customerId": customer}}]);
        world.post("/api/$batch").by(&ann()).json(&steps).send().await
    };
    assert_eq!(batch("eve").await.refused(409), batch("nobody").await.refused(409));
    batch("ann").await.ok(200);
}

#[tokio::test]
async fn rows_that_are_written_together_may_refer_to_each_other() {
    let world = shop(Way::Direct).await;
    world
        .for_(&ann())
        .run(async {
            let folder =
                |id: &str, parent: &str| Folder { id: id.into(), parent_id: Some(parent.into()), ..Folder::blank() };
            let tree = vec![folder("a", "open"), folder("b", "a"), folder("c", "c")];
            repo::<Folder>().insert_many(tree).await.unwrap();
            let hidden = vec![folder("d", "open"), folder("e", "secret")];
            assert!(repo::<Folder>().insert_many(hidden).await.unwrap_err().is_conflict());
        })
        .await;
}

#[tokio::test]
async fn what_nobody_lists_can_be_referred_to_and_a_default_is_nobodys_question() {
    let world = shop(Way::Direct).await;
    world
        .for_(&ann())
        .run(async {
            let good = |id: &str, owner: &str| Good { id: id.into(), owner_id: Some(owner.into()), ..Good::blank() };
            assert_eq!(repo::<Good>().insert(good("1", "ann")).await.unwrap().folder_id, "secret");
            assert!(repo::<Good>().insert(good("2", "nobody")).await.unwrap_err().is_conflict());
        })
        .await;
}
