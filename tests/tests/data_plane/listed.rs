//! What others are related to and nobody has listed is noticed at the start.

use isoform::prelude::*;
use isoform_server::{Api, Database};

/// Both of what it is related to may be forgotten.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "pupils", allow(crud = true))]
pub struct Pupil {
    #[field(id)]
    pub id: i64,
    #[relation(through = Seat, Seat::pupil, Seat::course)]
    pub courses: ToMany<Course>,
}

/// In between.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "course-seats", table = "course_seats", allow(crud = true))]
pub struct Seat {
    #[field(id)]
    pub id: i64,
    pub pupil: i64,
    pub course: i64,
}

/// At the other end.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "courses", allow(crud = true))]
pub struct Course {
    #[field(id)]
    pub id: i64,
}

#[tokio::test]
async fn an_entity_that_was_forgotten_stops_the_start_and_is_named() {
    let to = "Pupil.courses is a relation to Course, which is not served: list Course in `entities![…]` too.";
    let through = "Pupil.courses is a relation through Seat, which is not served: list Seat in `entities![…]` too.";
    for (entities, says) in [(entities![Pupil, Seat], to), (entities![Pupil, Course], through)] {
        let database = Database::connect("sqlite::memory:").await.unwrap();
        let api = Api::new(database).entities(entities);
        assert_eq!(api.ensure_schema().await.unwrap_err().message(), says);
        assert_eq!(api.into_router().unwrap_err().message(), says);
    }
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let api = Api::new(database).entities(entities![Pupil, Seat, Course]);
    api.ensure_schema().await.unwrap();
    drop(api.into_router().unwrap());
}
