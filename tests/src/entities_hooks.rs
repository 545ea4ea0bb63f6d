//! What hooks see and do, and what validators ask.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use isoform::prelude::*;

/// What ran on the server, by the name of the voyage that it ran for.
static STEPS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// Notes what runs on the server: `validation` runs at the client too.
pub fn step(name: &str, what: impl Into<String>) {
    if Context::current().is_ok_and(|context| context.remote_api().is_none()) {
        STEPS.lock().unwrap().push((name.to_owned(), what.into()));
    }
}

/// What ran for a voyage, in its order; then it is forgotten.
pub fn steps(name: &str) -> Vec<String> {
    let mut steps = STEPS.lock().unwrap();
    let (own, others) = std::mem::take(&mut *steps).into_iter().partition(|(one, _)| one == name);
    *steps = others;
    own.into_iter().map(|(_, what)| what).collect()
}

/// A voyage does in its hooks what its order says.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "voyages", allow(crud = true), hooks, order_by(name))]
pub struct Voyage {
    #[field(id)]
    pub id: Uuid,
    #[field(validate = noted, unique)]
    pub name: String,
    pub order: String,
    #[field(saving = as_file_name, label = "What was seen")]
    pub seen: String,
    #[relation(Leg::voyage)]
    pub legs: ToMany<Leg>,
}

fn noted(name: &str) -> Result<(), String> {
    step(name, "field validation");
    Ok(())
}

async fn as_file_name<E: Entity>(
    record: &mut Record<E>,
    field: Column<E, String>,
    e: &mut LifecycleEvent<E>,
) -> Result<()> {
    let name = record.fields_of_name();
    step(&name, format!("field saving {} {}", field.meta().name, e.is_new()));
    let mut field = record.field(|_| field);
    let set = field.value().replace(' ', "_");
    field.set(set);
    Ok(())
}

trait Named {
    fn fields_of_name(&mut self) -> String;
}

impl<E: Entity> Named for Record<E> {
    fn fields_of_name(&mut self) -> String {
        let mut name = String::new();
        self.fields(|field| {
            if let ("name", isoform::Value::Text(text)) = (field.meta().name, field.value()) {
                name = text;
            }
        });
        name
    }
}

#[hooks]
impl Hooks for Voyage {
    async fn validation(voyage: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        step(&voyage.name, "validation");
        match voyage.order.as_str() {
            "invalid" => e.error(|v| v.name, "is no voyage"),
            "save in validation" => voyage.save().await?,
            // Asks another repository about what is not saved yet.
            "needs a leg" if repo::<Leg>().query().filter(|l| l.place.eq(&voyage.seen)).count().await? == 0 => {
                e.error(|v| v.seen, "is no place of a leg");
            }
            _ => {}
        }
        Ok(())
    }

    async fn saving(voyage: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        step(&voyage.name, format!("saving {}", voyage.name));
        match voyage.order.clone().as_str() {
            "tell" => {
                let moved = e.id() != e.original_id();
                let others = e.repository().count().await?;
                let trusted = e.context()?.scope() == Scope::Backend && e.context()?.in_transaction();
                let told = format!("{} {moved} {others} {} {trusted}", e.is_new(), e.meta().key);
                voyage.field(|v| v.seen).set(told);
            }
            "look at fields" => {
                let mut told = Vec::new();
                voyage.fields(|field| {
                    if field.changed() && field.meta().name != "id" {
                        let (was, is) =
                            (isoform::json::to_text(&field.original()), isoform::json::to_text(&field.value()));
                        told.push(format!("{}:{was}>{is}", field.label()));
                    }
                });
                let mut seen = voyage.field(|v| v.seen);
                assert!(seen.error().is_none());
                assert_eq!((seen.label(), seen.meta().wire), ("What was seen", "seen"));
                seen.set(told.join(";"));
                assert!(seen.changed() && seen.value() != seen.original());
            }
            "prevent" => e.prevent_default(),
            "field" => e.error(|v| v.name, "is not for today"),
            "field of the record" => voyage.field(|v| v.name).set_error("is not for tomorrow"),
            "record" => e.record_error("No voyages today."),
            "both" => {
                e.record_error("No voyages today.");
                e.error(|v| v.name, "is not for today");
            }
            "forbid" => return Err(Error::forbidden("This voyage is not yours.").with_code("not_yours")),
            "forbid at a field" => {
                e.error(|v| v.name, "is somebody else's");
                return Err(Error::forbidden("This voyage is not yours.").with_code("not_yours"));
            }
            "save itself" => voyage.save().await?,
            "save a copy" => {
                let mut copy = voyage.clone();
                copy.save().await?;
            }
            "clone" => {
                let mut next = Self { id: Uuid::nil(), ..(**voyage).clone() };
                next.name.push('+');
                repo::<Self>().insert(next).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn saved(voyage: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        step(&voyage.name, format!("saved, was {:?}", voyage.original().name));
        match voyage.order.as_str() {
            "legs" | "legs, and fail" => {
                voyage.legs().insert(Leg::to("Rome")).await?;
                voyage.legs().insert(Leg::to("Oslo")).await?;
                let count = voyage.legs().query().count().await?;
                step(&voyage.name, format!("{count} legs"));
            }
            "update again" => {
                e.repository().update(voyage.id, |v| v.seen.set("again")).await?;
            }
            _ => {}
        }
        if voyage.order.ends_with("and fail") {
            return Err(Error::invalid("Failed at last."));
        }
        Ok(())
    }

    async fn deleting(voyage: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        step(&voyage.name, "deleting");
        match voyage.order.as_str() {
            "keep" => e.prevent_default(),
            "record" => e.record_error("Nobody deletes this voyage."),
            "field" => e.error(|v| v.name, "is not deleted today"),
            "forbid" => return Err(Error::forbidden("This voyage is not yours.").with_code("not_yours")),
            _ => {}
        }
        Ok(())
    }

    async fn deleted(voyage: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        step(&voyage.name, "deleted");
        Ok(())
    }
}

#[backend]
impl Record<Voyage> {
    /// Saves it under another name.
    #[allowed(true)]
    pub async fn rename(&mut self, name: String) -> Result<()> {
        self.name = name;
        self.save().await
    }
}

#[backend]
impl Voyage {
    /// Makes one.
    #[allowed(true)]
    pub async fn depart(name: String) -> Result<()> {
        repo::<Self>().insert(Self::named(&name, "")).await.map(drop)
    }
}

impl Voyage {
    pub fn named(name: &str, order: &str) -> Self {
        Self { name: name.into(), order: order.into(), ..Self::blank() }
    }
}

/// A leg of a voyage, which saves its voyage where its place says so.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "legs", allow(crud = true), hooks)]
pub struct Leg {
    #[field(id)]
    pub id: Uuid,
    pub voyage: Option<Uuid>,
    pub place: String,
}

impl Leg {
    pub fn to(place: &str) -> Self {
        Self { place: place.into(), ..Self::blank() }
    }
}

#[hooks]
impl Hooks for Leg {
    async fn saved(leg: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        if let ("its voyage", Some(voyage)) = (leg.place.as_str(), leg.voyage) {
            let mut voyage = repo::<Voyage>().find_id(voyage).await?;
            voyage.seen.push('!');
            voyage.save().await?;
        }
        Ok(())
    }
}

/// A knot and its other end: each saves the other.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "knots", allow(crud = true), hooks)]
pub struct Knot {
    #[field(id)]
    pub id: i64,
    pub other: i64,
    pub pulls: i32,
}

#[hooks]
impl Hooks for Knot {
    async fn saved(knot: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        if knot.pulls > 0 {
            let mut other = repo::<Self>().find_id(knot.other).await?;
            other.pulls += 1;
            other.save().await?;
        }
        Ok(())
    }
}

/// How often `saving_many` of [`Package`] was called, and for how many.
static CALLS: Mutex<Vec<(String, usize)>> = Mutex::new(Vec::new());

/// The calls for packages of a place, by how many there were.
pub fn calls(place: &str) -> Vec<usize> {
    let mut calls = CALLS.lock().unwrap();
    let (own, others) = std::mem::take(&mut *calls).into_iter().partition(|(one, _)| one == place);
    *calls = others;
    own.into_iter().map(|(_, count)| count).collect()
}

/// Many at once.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "packages", allow(crud = true), hooks, order_by(number))]
pub struct Package {
    #[field(id)]
    pub id: Uuid,
    pub place: String,
    #[field(range(max = 1_000_000))]
    pub number: i64,
    pub label: String,
    #[field(version)]
    pub version: i64,
}

impl Package {
    pub fn to(place: &str, number: i64) -> Self {
        Self { place: place.into(), number, ..Self::blank() }
    }
}

#[hooks]
impl Hooks for Package {
    async fn saving_many(packages: &mut [Record<Self>], e: &mut LifecycleEvent<Self>) -> Result<()> {
        let place = packages.first().map(|package| package.place.clone()).unwrap_or_default();
        CALLS.lock().unwrap().push((place.clone(), packages.len()));
        if place == "nowhere" {
            e.error(|p| p.place, "is no place");
        }
        if place == "prevented" {
            e.prevent_default();
        }
        for package in packages {
            if package.number == 13 {
                package.set_error(|p| p.number, "brings bad luck");
            }
            if package.number == 14 {
                package.number = 1_000_001;
            }
            package.label = format!("{}{}", if package.is_new() { "" } else { "re:" }, package.place);
        }
        Ok(())
    }
}

/// Both: one for single rows, one for many.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "crates", allow(crud = true), hooks, order_by(number))]
pub struct Crate {
    #[field(id, auto_increment)]
    pub id: i64,
    pub number: i64,
    pub by: String,
    pub after: String,
}

#[hooks]
impl Hooks for Crate {
    async fn saving(one: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        one.by = "saving".into();
        Ok(())
    }

    async fn saving_many(all: &mut [Record<Self>], _: &mut LifecycleEvent<Self>) -> Result<()> {
        let count = all.len();
        for one in all {
            one.by = format!("saving_many {count}");
        }
        Ok(())
    }

    async fn saved(one: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        step(&one.after, format!("saved {} {}", one.number, !e.id().is_empty()));
        Ok(())
    }
}

/// Mail that was sent, by its text.
static MAILS: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub fn mails(subject: &str) -> Vec<String> {
    MAILS.lock().unwrap().iter().filter(|mail| mail.starts_with(subject)).cloned().collect()
}

/// Sends mail, which tells what it has around it.
pub async fn mail(text: String) -> Result<()> {
    let context = Context::current()?;
    let who = context.identity().map(|who| who.id.clone()).unwrap_or_default();
    let rows = repo::<Letterbox>().count().await?;
    let told = format!("{text} {:?} {} {who} {rows}", context.scope(), context.in_transaction());
    MAILS.lock().unwrap().push(told);
    Ok(())
}

/// What is written to it is mailed.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "letterboxes", allow(crud = true), hooks)]
pub struct Letterbox {
    #[field(id)]
    pub id: Uuid,
    pub text: String,
    pub fails: bool,
}

impl Letterbox {
    pub fn with(text: &str, fails: bool) -> Self {
        Self { text: text.into(), fails, ..Self::blank() }
    }
}

#[hooks]
impl Hooks for Letterbox {
    async fn saving(letter: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        let text = letter.text.clone();
        if text.starts_with("panic") {
            Context::after_commit(async { panic!("no stamps") })?;
            Context::after_commit(async { Err(Error::invalid("no envelope")) })?;
        }
        Context::after_commit(mail(text))
    }

    async fn saved(letter: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        if letter.fails { Err(Error::invalid("It does not fit.")) } else { Ok(()) }
    }
}

#[backend]
impl Letterbox {
    /// Mails from a method.
    #[allowed(true)]
    pub async fn post(text: String, fails: bool) -> Result<()> {
        Context::after_commit(mail(text))?;
        if fails { Err(Error::invalid("Changed my mind.")) } else { Ok(()) }
    }
}

/// A member, with every validator.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "members", allow(crud = true))]
pub struct Member {
    #[field(id)]
    pub id: Uuid,
    #[field(required, len(min = 2, max = 9), unique(message = "is taken"), validate_async = is_polite)]
    pub name: String,
    #[field(range(min = 18, max = 99), validate = even)]
    pub age: i32,
    #[field(email)]
    pub mail: Option<String>,
    #[field(url)]
    pub site: Option<String>,
    #[field(pattern = "[A-Z]{2}[0-9]+")]
    pub code: Option<String>,
    #[field(one_of("red", "blue"))]
    pub color: Option<String>,
    #[field(not_null)]
    pub motto: Option<String>,
    #[field(unique)]
    pub badge: Option<i64>,
    pub club: Option<Uuid>,
    #[relation(club, exists)]
    pub of: ToOne<Club>,
    pub second: Option<Uuid>,
    #[relation(second, exists(message = "is no club"))]
    pub also: ToOne<Club>,
}

fn even(age: &i32) -> Result<(), String> {
    if age % 2 == 0 { Ok(()) } else { Err("must be even".into()) }
}

/// How often somebody was asked whether a name is polite.
pub static ASKED: AtomicU64 = AtomicU64::new(0);

/// Sees the unsaved record, and asks a repository.
async fn is_polite(name: &str, member: &Record<Member>) -> Result<()> {
    ASKED.fetch_add(1, Ordering::Relaxed);
    let rude = repo::<Club>().query().filter(|c| c.banned.eq(Some(name.to_owned()))).count().await?;
    if rude > 0 && member.age < 50 {
        return Err(Error::invalid("is rude"));
    }
    Ok(())
}

impl Member {
    /// One that nothing is wrong with.
    pub fn right(name: &str) -> Self {
        Self { name: name.into(), age: 20, motto: Some(String::new()), ..Self::blank() }
    }
}

/// A club: who is not an admin reaches none that is secret.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "clubs", allow(crud = true))]
pub struct Club {
    #[field(id)]
    pub id: Uuid,
    pub banned: Option<String>,
}

/// A club that not everybody reaches.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lodges", allow(crud = true), api_filter = open)]
pub struct Lodge {
    #[field(id)]
    pub id: Uuid,
    pub secret: bool,
}

fn open(user: Option<&Identity>) -> Filter<Lodge> {
    if user.is_some_and(|user| user.has_role("admin")) { Filter::all() } else { Lodge::filter(|l| l.secret.eq(false)) }
}

/// Belongs to a lodge.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "mates", allow(crud = true))]
pub struct Mate {
    #[field(id)]
    pub id: Uuid,
    pub lodge: Option<Uuid>,
    #[relation(lodge, exists)]
    pub of: ToOne<Lodge>,
}

/// With hooks, so that what is unique is said before they run.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "plates", allow(crud = true), hooks)]
pub struct Plate {
    #[field(id)]
    pub id: Uuid,
    #[field(unique, len(max = 5))]
    pub text: String,
    #[field(len(max = 3))]
    pub city: String,
}

/// The texts of the plates that were about to be saved.
pub static PLATES: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[hooks]
impl Hooks for Plate {
    async fn saving(plate: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        PLATES.lock().unwrap().push(plate.text.clone());
        Ok(())
    }
}

pub fn all() -> Entities {
    entities![Voyage, Leg, Knot, Package, Crate, Letterbox, Member, Club, Lodge, Mate, Plate]
}
