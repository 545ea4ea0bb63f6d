//! Entities of which not everybody may know everything: records of bands.

use isoform::prelude::*;

/// Who plays.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "bands", label = "Bands of today", allow(read = true, insert = "admin", update = "admin"))]
pub struct Band {
    #[field(id)]
    pub id: String,
    pub name: String,
    #[relation(Album::band_id)]
    pub albums: ToMany<Album>,
    #[relation(through = Play, Play::band_id, Play::musician_id)]
    pub musicians: ToMany<Musician>,
}

/// How far an album is.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    #[default]
    Planned,
    #[field_enum(value = "out", label = "In the shops")]
    Released,
}

/// What was played.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "albums",
    allow(read = true, insert = authenticated, update = owns_album, delete = "admin"),
    api_filter = not_withdrawn,
    order_by(stars, id)
)]
pub struct Album {
    #[field(id)]
    pub id: String,
    #[field(
        required(message = "name it"),
        len(min = 2, max = 40),
        pattern = "[A-Z][a-z ]+",
        label = "Name",
        help = "As printed."
    )]
    pub title: String,
    #[field(range(min = 1, max = 5), default = 3)]
    pub stars: i32,
    #[field(one_of("vinyl", "cd"), default = "cd", placeholder = "cd")]
    pub medium: String,
    pub stage: Stage,
    pub stages: Vec<Stage>,
    #[field(range(min = 0.5), validate = whole)]
    pub price: Option<Decimal>,
    pub owner: String,
    #[field(api_read = owns_album)]
    pub notes: Option<String>,
    #[field(allow_update = "admin", unique)]
    pub code: Option<String>,
    #[field(api_read = false)]
    pub secret: Option<String>,
    #[field(api_read = "admin")]
    pub contract_id: Option<Uuid>,
    pub lyrics: Lazy<String>,
    #[field(sql_expression = "{stars} * 2")]
    pub points: i32,
    pub withdrawn: bool,
    pub band_id: Option<String>,
    #[relation(band_id)]
    pub band: ToOne<Band>,
    #[relation(contract_id, on_delete = unwatched)]
    pub contract: ToOne<Contract>,
    #[relation(Song::album_id)]
    pub songs: ToMany<Song>,
    #[relation(Contract::album_id)]
    pub contracts: ToMany<Contract>,
    #[relation(Song::album_id, api_read = "admin")]
    pub audited: ToMany<Song>,
    #[field(version)]
    pub version: i64,
}

fn owns_album(user: &Identity, album: &Record<Album>) -> bool {
    album.owner == user.id || user.has_role("admin")
}

fn not_withdrawn(who: Option<&Identity>) -> Filter<Album> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Album::filter(|a| a.withdrawn.eq(false)),
    }
}

fn whole(price: &Decimal) -> std::result::Result<(), String> {
    if price.fract().is_zero() { Ok(()) } else { Err("must be whole".into()) }
}

/// A part of an album; some are heard by admins only.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "songs", allow(read = true, insert = "admin", update = "admin"), api_filter = not_bonus, order_by(position))]
pub struct Song {
    #[field(id)]
    pub id: Uuid,
    pub album_id: String,
    pub position: i32,
    pub name: String,
    pub bonus: bool,
    #[field(api_read = "admin")]
    pub royalties: i64,
    #[relation(album_id)]
    pub album: ToOne<Album>,
    #[relation(Verse::song_id)]
    pub verses: ToMany<Verse>,
}

fn not_bonus(who: Option<&Identity>) -> Filter<Song> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Song::filter(|s| s.bonus.eq(false)),
    }
}

/// A part of a song.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "verses", allow(read = true), order_by(text))]
pub struct Verse {
    #[field(id)]
    pub id: Uuid,
    pub song_id: Uuid,
    pub text: String,
}

/// What was agreed: for admins.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "contracts", allow(crud = "admin"))]
pub struct Contract {
    #[field(id)]
    pub id: Uuid,
    pub album_id: Option<String>,
}

/// Who plays in bands.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "musicians", allow(read = true))]
pub struct Musician {
    #[field(id)]
    pub id: String,
}

/// Who plays where.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "plays", allow(read = true))]
pub struct Play {
    #[field(id)]
    pub id: Uuid,
    pub band_id: String,
    pub musician_id: String,
}

/// Everybody may throw something in, nobody may look.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "complaints", allow(insert = true))]
pub struct Complaint {
    #[field(id)]
    pub id: Uuid,
    pub text: String,
    #[field(api_read = false)]
    pub answer: Option<String>,
}

/// The server's own.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "ledgers")]
pub struct Ledger {
    #[field(id)]
    pub id: Uuid,
}

/// All of them.
pub fn all() -> Entities {
    entities![Band, Album, Song, Verse, Contract, Musician, Play, Complaint, Ledger]
}
