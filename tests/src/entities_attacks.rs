//! What somebody might be attacked by who asks for more than they may know.

use isoform::prelude::*;

pub fn all() -> Entities {
    entities![Chest, Clue, Sheet, Bundle, Wristband, Sketch, Draft]
}

/// Its owner knows the secret, and admins the code.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "chests", allow(crud = authenticated), hooks, order_by(id))]
pub struct Chest {
    #[field(id)]
    pub id: String,
    pub owner: String,
    #[field(api_read = own_chest)]
    pub secret: String,
    #[field(api_read = "admin")]
    pub code: String,
    #[relation(secret = Clue::word)]
    pub clues: ToMany<Clue>,
    #[relation(code = Sheet::code)]
    pub sheets: ToMany<Sheet>,
    #[relation(id = Sheet::seal)]
    pub sealed: ToMany<Sheet>,
    #[relation(through = Bundle, Bundle::chest, Bundle::sheet)]
    pub bundled: ToMany<Sheet>,
    #[relation(id = Sheet::chest)]
    pub plain: ToMany<Sheet>,
}

fn own_chest(who: &Identity, chest: &Record<Chest>) -> bool {
    chest.owner == who.id
}

#[hooks]
impl Hooks for Chest {
    async fn deleting(chest: &mut Record<Self>, event: &mut LifecycleEvent<Self>) -> Result<()> {
        let secret = chest.secret.clone();
        event.error(|c| c.secret, format!("secret is {secret}"));
        Ok(())
    }
}

#[backend]
impl Chest {
    /// All of them, with all that is related.
    #[allowed(authenticated)]
    pub async fn opened() -> Result<Vec<Record<Chest>>> {
        let all = Chest::query().include(|c| c.clues).include(|c| c.sheets).include(|c| c.sealed);
        all.include(|c| c.bundled).include(|c| c.plain).await
    }
}

/// Everybody sees them.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "clues", allow(crud = authenticated))]
pub struct Clue {
    #[field(id)]
    pub id: String,
    pub word: String,
}

/// What is written down.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "sheets", allow(crud = authenticated))]
pub struct Sheet {
    #[field(id)]
    pub id: String,
    pub code: String,
    #[field(api_read = "admin")]
    pub seal: String,
    pub chest: String,
}

/// Which sheets are bundled in a chest: only admins are to know.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "bundles", allow(crud = "admin"))]
pub struct Bundle {
    #[field(id)]
    pub id: String,
    pub chest: String,
    pub sheet: String,
}

/// Nobody lists them; what is asked is looked at twice.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "wristbands",
    allow(crud = authenticated),
    api_require_id = authenticated,
    api_preprocess_filter = as_asked,
    backend_preprocess_filter = as_asked,
    order_by(id)
)]
pub struct Wristband {
    #[field(id)]
    pub id: i64,
}

async fn as_asked(filter: Filter<Wristband>) -> Result<Filter<Wristband>> {
    Ok(filter)
}

/// How often it was changed its owner alone knows.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "sketches", allow(crud = authenticated))]
pub struct Sketch {
    #[field(id)]
    pub id: String,
    pub owner: String,
    pub title: String,
    #[field(version, api_read = own_sketch)]
    pub version: i64,
}

fn own_sketch(who: &Identity, sketch: &Record<Sketch>) -> bool {
    sketch.owner == who.id
}

/// How often it was changed admins alone know.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "drafts", allow(crud = authenticated))]
pub struct Draft {
    #[field(id)]
    pub id: String,
    pub title: String,
    #[field(version, api_read = "admin")]
    pub version: i64,
}
