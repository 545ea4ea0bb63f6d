//! What is related over an entity in between: albums with marks.

use isoform::prelude::*;

use crate::World;
use crate::entities_handled::Audit;

/// An album. Secret ones are there for admins only.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "albums", allow(crud = authenticated), api_filter = not_secret, order_by(id))]
pub struct Album {
    #[field(id)]
    pub id: i64,
    pub title: String,
    pub secret: bool,
    #[field(api_read = "admin")]
    pub code: String,
    #[relation(through = Marked, Marked::album_id, Marked::mark_id)]
    pub marks: ToMany<Mark>,
    #[relation(through = Marked, Marked::album_id, Marked::mark_id, api_read = "admin")]
    pub kept: ToMany<Mark>,
    /// Over an entity whose keys nobody keeps watch over.
    #[relation(through = Loose, Loose::album, Loose::mark)]
    pub loose: ToMany<Mark>,
    /// Over an entity whose key not everybody sees.
    #[relation(through = Coded, Coded::album, Coded::mark)]
    pub coded: ToMany<Mark>,
    #[relation(Photo::album_id)]
    pub photos: ToMany<Photo>,
}

fn not_secret(who: Option<&Identity>) -> Filter<Album> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Album::filter(|a| a.secret.eq(false)),
    }
}

/// What albums are marked with. Private ones are there for admins only.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "marks", allow(crud = authenticated), api_filter = not_private, order_by(id))]
pub struct Mark {
    #[field(id)]
    pub id: i64,
    #[field(unique)]
    pub name: String,
    pub private: bool,
    #[relation(through = Marked, Marked::mark_id, Marked::album_id)]
    pub albums: ToMany<Album>,
}

fn not_private(who: Option<&Identity>) -> Filter<Mark> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Mark::filter(|m| m.private.eq(false)),
    }
}

/// Which album has which mark; who has said so, a hook says.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "marked", allow(read = authenticated, insert = not_bob, update = false, delete = not_bob), hooks)]
pub struct Marked {
    #[field(id)]
    pub album_id: i64,
    #[field(id)]
    pub mark_id: i64,
    #[field(api_read = "admin")]
    pub by: String,
    #[relation(album_id, on_delete = cascade)]
    pub album: ToOne<Album>,
    #[relation(mark_id, on_delete = cascade)]
    pub mark: ToOne<Mark>,
}

fn not_bob(who: &Identity, _: &Record<Marked>) -> bool {
    who.id != "bob"
}

#[hooks]
impl Hooks for Marked {
    async fn saving(marked: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if (marked.album_id, marked.mark_id) == (2, 4) {
            e.error(|m| m.by, "for a secret reason");
        }
        marked.by = Identity::current().map_or_else(|_| "nobody".into(), |who| who.id);
        Ok(())
    }
}

/// Which album has which mark, whether they are there or not.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "loose", allow(crud = authenticated))]
pub struct Loose {
    #[field(id)]
    pub id: Uuid,
    pub album: i64,
    pub mark: i64,
}

/// Which album has which mark, and not everybody sees of which.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "coded", allow(crud = authenticated))]
pub struct Coded {
    #[field(id)]
    pub id: Uuid,
    #[field(api_read = "admin")]
    pub album: i64,
    pub mark: i64,
}

/// A picture, which names its album itself.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "photos", allow(crud = authenticated))]
pub struct Photo {
    #[field(id)]
    pub id: i64,
    pub album_id: i64,
}

/// All of them.
pub fn all() -> Entities {
    entities![Album, Mark, Marked, Loose, Coded, Photo, Audit]
}

/// Albums 1, 2, and 3, which is secret; marks 1 to 4, and 9, which is private.
pub async fn filled(world: World) -> World {
    let fill = async {
        for (id, secret) in [(1, false), (2, false), (3, true)] {
            repo::<Album>()
                .insert(Album { id, title: format!("album {id}"), secret, code: "c0de".into(), ..Album::blank() })
                .await?;
        }
        let mark = |id: i64| Mark { id, name: format!("mark {id}"), private: id == 9, ..Mark::blank() };
        repo::<Mark>().insert_many([mark(1), mark(2), mark(3), mark(4), mark(9)]).await
    };
    world.backend().run(fill).await.unwrap();
    world
}

/// An album, for whoever is there.
pub async fn album(id: i64) -> Record<Album> {
    repo::<Album>().find_id(id).await.unwrap()
}

/// A mark.
pub async fn mark(id: i64) -> Record<Mark> {
    repo::<Mark>().find_id(id).await.unwrap()
}

/// The marks of an album, as they are in the table.
pub async fn marks(world: &World, album: i64) -> Vec<i64> {
    let of_it = async { Marked::query().filter(|m| m.album_id.eq(album)).order_by(|m| m.mark_id.asc()).await.unwrap() };
    world.backend().run(of_it).await.iter().map(|marked| marked.mark_id).collect()
}
