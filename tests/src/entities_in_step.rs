//! What has hooks, and many write at once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use isoform::prelude::*;

pub fn all() -> Entities {
    entities![Lap, Mark, Round]
}

/// Its hooks do what its plan says.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "laps", allow(crud = true), hooks, order_by(number))]
pub struct Lap {
    #[field(id)]
    pub number: i64,
    #[field(unique)]
    pub runner: Option<String>,
    pub plan: String,
    pub note: String,
    /// One more with each save.
    #[field(allow_update = false)]
    pub count: i64,
}

/// What a hook has written.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "marks", allow(crud = true), order_by(id))]
pub struct Mark {
    #[field(id)]
    pub id: Uuid,
    pub lap: i64,
    /// The count that the hook saw in the table.
    pub count: i64,
}

/// The database says how many of a season there are.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "rounds", allow(crud = true), hooks, order_by(number))]
pub struct Round {
    #[field(id)]
    pub number: i64,
    pub season: i64,
    #[relation(season = Round::season)]
    pub others: ToMany<Round>,
    #[field(related = |r| r.others.count())]
    pub of: i64,
}

#[hooks]
impl Hooks for Round {
    async fn saved(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
}

static RUNS: Mutex<Option<HashMap<(String, &str), usize>>> = Mutex::new(None);

/// How often a hook has run for notes that begin so.
pub fn runs(note: &str, hook: &'static str) -> usize {
    let runs = RUNS.lock().unwrap();
    let of = |((noted, ran), count): (&(String, &str), &usize)| {
        if noted.starts_with(note) && *ran == hook { *count } else { 0 }
    };
    runs.iter().flatten().map(of).sum()
}

fn ran(lap: &Record<Lap>, hook: &'static str) {
    *RUNS.lock().unwrap().get_or_insert_default().entry((lap.note.clone(), hook)).or_default() += 1;
}

/// What all hooks of this plan want to know: the first asks another server and the database, and the others wait for that.
async fn setting() -> Result<u64> {
    static KNOWN: tokio::sync::Mutex<Option<u64>> = tokio::sync::Mutex::const_new(None);
    let mut known = KNOWN.lock().await;
    if let Some(known) = *known {
        return Ok(known);
    }
    tokio::time::sleep(Duration::from_millis(80)).await;
    Ok(*known.insert(repo::<Mark>().count().await?))
}

#[hooks]
impl Hooks for Lap {
    async fn validation(lap: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        if lap.plan == "invalid" {
            return Err(isoform::Error::invalid("not so"));
        }
        Ok(())
    }

    async fn saving(lap: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        ran(lap, "saving");
        lap.count += 1;
        match lap.plan.as_str() {
            "linger" => tokio::time::sleep(Duration::from_millis(60)).await,
            // The last one of a group asks first.
            "remember" => {
                tokio::time::sleep(Duration::from_millis(32 - 2 * lap.number.unsigned_abs())).await;
                setting().await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn saved(lap: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        ran(lap, "saved");
        match lap.plan.as_str() {
            "fail" => Err(isoform::Error::invalid("it was not to be").with_status(403)),
            "mark" => {
                let count = repo::<Lap>().find_id(lap.number).await?.count;
                repo::<Mark>().insert(Mark { lap: lap.number, count, ..Mark::blank() }).await?;
                Ok(())
            }
            "push" => {
                let l = Lap::FIELDS;
                let laps = isoform::sql::table::<Lap>();
                let push = sql!(
                    "UPDATE {} SET {} = {} + 100 WHERE {} = {}",
                    laps,
                    isoform::sql::name(l.count),
                    l.count,
                    l.number,
                    lap.number % 8 + 1
                );
                push.execute().await.map(drop)
            }
            "late" => {
                tokio::time::sleep(Duration::from_millis(40)).await;
                Ok(())
            }
            "sleep" => {
                tokio::time::sleep(Duration::from_millis(500)).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
