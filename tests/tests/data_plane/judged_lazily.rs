//! A rule that looks at a field which is not loaded shows nothing.

use isoform::prelude::*;
use serde_json::json;
use tests::{Way, World, ann};

/// Its sum is for everybody, unless its text says that it is private.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "reports", allow(crud = true), order_by(id))]
pub struct Report {
    #[field(id)]
    pub id: i64,
    pub binder: i64,
    pub text: Lazy<String>,
    #[field(api_read = is_not_private)]
    pub sum: i64,
    #[relation(binder, on_delete = unwatched)]
    pub within: ToOne<Binder>,
}

fn is_not_private(_: &Identity, report: &Record<Report>) -> bool {
    report.text.get().is_none_or(|text| !text.contains("private"))
}

/// Reports are in it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "binders", allow(crud = true))]
pub struct Binder {
    #[field(id)]
    pub id: i64,
    #[relation(Report::binder)]
    pub reports: ToMany<Report>,
}

#[backend]
impl Report {
    /// All of them, as trusted code finds them: without their texts.
    #[allowed(true)]
    pub async fn found() -> Result<Vec<Record<Report>>> {
        Report::query().await
    }

    /// All of them, with their texts.
    #[allowed(true)]
    pub async fn whole() -> Result<Vec<Record<Report>>> {
        Report::query().with(|r| r.text).await
    }

    /// The binders, with what is in them.
    #[allowed(true)]
    pub async fn bound() -> Result<Vec<Record<Binder>>> {
        Binder::query().include(|b| b.reports).await
    }

    /// A new one, which nobody has saved.
    #[allowed(true)]
    pub async fn fresh() -> Result<Record<Report>> {
        Ok(Record::from(Report { sum: 3, ..Report::blank() }))
    }
}

#[backend]
impl Record<Report> {
    /// Answers it as it is.
    #[allowed(true)]
    pub async fn look(&mut self) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_a_rule_decides_about_stays_where_the_rule_cannot_see_all_it_looks_at() {
    let world = World::with(Way::InProcess, entities![Report, Binder]).await;
    let fill = async {
        repo::<Binder>().insert(Binder { id: 1, ..Binder::blank() }).await?;
        for (id, text) in [(1, "open"), (2, "private")] {
            let text = Lazy::new(text.to_owned());
            repo::<Report>().insert(Report { id, binder: 1, text, sum: 7, ..Report::blank() }).await?;
        }
        Ok::<_, Error>(())
    };
    world.backend().run(fill).await.unwrap();
    let call = async |method: &str| {
        world.post(&format!("/api/reports/{method}")).by(&ann()).json(&json!({"args": []})).send().await.ok(200)["data"]
            .clone()
    };
    let found = call("found").await;
    assert_eq!(found[0]["data"], json!({"id": 1, "binder": 1}), "nobody can tell");
    assert_eq!(found[1]["data"], json!({"id": 2, "binder": 1}));
    let whole = call("whole").await;
    assert_eq!((&whole[0]["data"]["sum"], &whole[1]["data"]["sum"]), (&json!(7), &json!(null)), "here the rule can");
    let bound = call("bound").await;
    let reports = &bound[0]["data"]["reports"];
    assert_eq!(reports[0], json!({"id": 1, "binder": 1}), "and what is related is no other");
    assert_eq!(reports[1], json!({"id": 2, "binder": 1}));
    assert_eq!(call("fresh").await["data"]["sum"], 3, "a new record is all there");
    // A list, an include and a method of the record read it whole.
    let list = world.get("/api/reports").by(&ann()).send().await.ok(200);
    assert_eq!((&list[0]["sum"], &list[1]["sum"]), (&json!(7), &json!(null)));
    let look =
        world.post("/api/reports/look").by(&ann()).json(&json!({"args": [], "rowInfo": {"data": {}, "id": 1}})).send();
    assert_eq!(look.await.ok(200)["rowInfo"]["data"]["sum"], 7);
}
