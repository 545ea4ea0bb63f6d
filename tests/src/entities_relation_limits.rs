//! What is related within limits: songs on lists, of which not all are for everybody, nor in every relation.

use isoform::prelude::*;

use crate::World;

/// A list of songs, for its owner only.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "playlists", allow(crud = authenticated), api_filter = owned, order_by(id))]
pub struct Playlist {
    #[field(id)]
    pub id: i64,
    pub owner: String,
    #[relation(through = Listed, Listed::playlist, Listed::song)]
    pub songs: ToMany<Song>,
    /// Those that are not archived.
    #[relation(through = Listed, Listed::playlist, Listed::song, filter = not_archived)]
    pub live: ToMany<Song>,
    /// The same over an entity whose keys nobody keeps watch over.
    #[relation(through = Hummed, Hummed::playlist, Hummed::song, filter = not_archived)]
    pub hummed: ToMany<Song>,
    #[relation(through = Planned, Planned::playlist, Planned::venue)]
    pub venues: ToMany<Venue>,
}

fn owned(who: Option<&Identity>) -> Filter<Playlist> {
    match who {
        Some(who) => Playlist::filter(|p| p.owner.eq(who.id.as_str())),
        None => Filter::nothing(),
    }
}

fn not_archived() -> Filter<Song> {
    Song::filter(|s| s.archived.eq(false))
}

/// A song. Private ones are there for admins only.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "songs", allow(crud = authenticated), api_filter = not_private, order_by(id))]
pub struct Song {
    #[field(id)]
    pub id: i64,
    pub archived: bool,
    pub private: bool,
}

fn not_private(who: Option<&Identity>) -> Filter<Song> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Song::filter(|s| s.private.eq(false)),
    }
}

/// Which list has which song. One of song 50 is not made, one of song 51 not deleted, and no hook says so.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "listed", allow(crud = authenticated), hooks, order_by(song))]
pub struct Listed {
    #[field(id)]
    pub id: Uuid,
    pub playlist: i64,
    pub song: i64,
    #[relation(playlist, on_delete = cascade)]
    pub of_playlist: ToOne<Playlist>,
    #[relation(song, on_delete = cascade)]
    pub of_song: ToOne<Song>,
}

#[hooks]
impl Hooks for Listed {
    async fn saving(listed: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if listed.song == 50 {
            e.prevent_default();
        }
        Ok(())
    }

    async fn deleting(listed: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if listed.song == 51 {
            e.prevent_default();
        }
        Ok(())
    }
}

/// Which list has which song, whether they are there or not.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "hummed", allow(crud = authenticated))]
pub struct Hummed {
    #[field(id)]
    pub id: Uuid,
    pub playlist: i64,
    pub song: i64,
}

/// Where songs are played: one is asked for by its id. Closed ones are not there for the API, and lost ones for nobody.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "venues", allow(crud = authenticated), api_require_id = authenticated, api_preprocess_filter = open_ones,
    backend_filter = not_lost
)]
pub struct Venue {
    #[field(id)]
    pub id: i64,
    pub closed: bool,
    pub lost: bool,
}

async fn open_ones(filter: Filter<Venue>) -> Result<Filter<Venue>> {
    Ok(filter & Venue::filter(|v| v.closed.eq(false)))
}

fn not_lost(_: Option<&Identity>) -> Filter<Venue> {
    Venue::filter(|v| v.lost.eq(false))
}

/// Which list is to be played where.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "planned", allow(crud = authenticated))]
pub struct Planned {
    #[field(id)]
    pub playlist: i64,
    #[field(id)]
    pub venue: i64,
    #[relation(venue, on_delete = cascade)]
    pub of_venue: ToOne<Venue>,
}

/// A booth, whose songs each asker chooses for themselves.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "booths", allow(crud = authenticated))]
pub struct Booth {
    #[field(id)]
    pub id: i64,
    #[relation(through = Wish, Wish::booth, Wish::song)]
    pub wishes: ToMany<Song>,
}

/// A song that somebody wishes for. Nobody sees another one's.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "wishes", allow(crud = authenticated), api_filter = own_wishes, hooks)]
pub struct Wish {
    #[field(id)]
    pub booth: i64,
    #[field(id)]
    pub song: i64,
    pub by: String,
}

fn own_wishes(who: Option<&Identity>) -> Filter<Wish> {
    match who {
        Some(who) => Wish::filter(|w| w.by.eq(who.id.as_str())),
        None => Filter::nothing(),
    }
}

#[hooks]
impl Hooks for Wish {
    async fn saving(wish: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        wish.by = Identity::current().map_or_else(|_| "nobody".into(), |who| who.id);
        Ok(())
    }
}

/// Saved together with others; those of song 50 are not made.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "plays", allow(crud = authenticated), hooks, order_by(id))]
pub struct Play {
    #[field(id)]
    pub id: i64,
    #[field(saving = unless_fifty)]
    pub song: i64,
}

async fn unless_fifty(play: &mut Record<Play>, _: Column<Play, i64>, e: &mut LifecycleEvent<Play>) -> Result<()> {
    if play.song == 50 {
        e.prevent_default();
    }
    Ok(())
}

#[hooks]
impl Hooks for Play {
    async fn saving_many(_: &mut [Record<Self>], _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
}

/// All of them.
pub fn all() -> Entities {
    entities![Playlist, Song, Listed, Hummed, Venue, Planned, Booth, Wish, Play]
}

/// Lists 1 and 2 of Ann and 3 of Bob; songs 1 to 60, of which 5 is archived and 9 private. List 1 has songs 1, 5 and 9.
pub async fn filled(world: World) -> World {
    let fill = async {
        let list = |(id, owner): (i64, &str)| Playlist { id, owner: owner.into(), ..Playlist::blank() };
        repo::<Playlist>().insert_many([(1, "ann"), (2, "ann"), (3, "bob")].map(list)).await?;
        repo::<Song>().insert_many((1..=60).map(|id| Song { id, archived: id == 5, private: id == 9 })).await
    };
    world.backend().run(fill).await.unwrap();
    list(&world, 1, [1, 5, 9]).await;
    world
}

/// Puts songs on a list, whatever they are.
pub async fn list(world: &World, playlist: i64, songs: impl IntoIterator<Item = i64>) {
    let listed = songs.into_iter().map(|song| Listed { playlist, song, ..Listed::blank() }).collect::<Vec<_>>();
    world.backend().run(async { repo::<Listed>().insert_many(listed).await }).await.unwrap();
}

/// The songs of a list, as they are in the table.
pub async fn listed(world: &World, playlist: i64) -> Vec<i64> {
    let of_it = async { Listed::query().filter(|l| l.playlist.eq(playlist)).order_by(|l| l.song.asc()).await.unwrap() };
    world.backend().run(of_it).await.iter().map(|listed| listed.song).collect()
}

/// A list, for whoever is there.
pub async fn playlist(id: i64) -> Record<Playlist> {
    repo::<Playlist>().find_id(id).await.unwrap()
}

/// A song, whoever may see it.
pub async fn song(world: &World, id: i64) -> Record<Song> {
    world.backend().run(async { repo::<Song>().find_id(id).await.unwrap() }).await
}
