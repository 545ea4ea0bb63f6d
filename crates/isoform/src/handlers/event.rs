//! The events: what each is asked with, and what it answers.

use std::fmt;
use std::marker::PhantomData;

use super::question::{Changes, Question, Rows};
use super::relating::Relating;
use super::view::View;
use crate::Result;
use crate::aggregate::Aggregation;
use crate::bulk::{Step, UpsertRow};
use crate::describe::Description;
use crate::id::Id;
use crate::meta::EntityMeta;
use crate::operations::Done;
use crate::provider::Include;
use crate::value::Row;

/// An operation of the API that handlers run around: [`Create`], [`Find`] and the others of this module.
pub trait Event: Send + Sync + 'static {
    /// Which one.
    const KIND: EventKind;

    /// What it is asked with.
    type What<E: View>: Clone + Send + Sync + 'static;

    /// What it answers.
    type Answer<E: View>: Clone + Send + Sync + 'static;

    /// What it is asked with, looked at in another way.
    ///
    /// # Errors
    /// Where a record is one of another entity.
    #[doc(hidden)]
    fn what<A: View, B: View>(what: Self::What<A>) -> Result<Self::What<B>>;

    /// What it answers, looked at in another way.
    ///
    /// # Errors
    /// Where a record is one of another entity.
    #[doc(hidden)]
    fn answer<A: View, B: View>(answer: Self::Answer<A>) -> Result<Self::Answer<B>>;
}

/// An event that is about one entity: all but [`RunBatch`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not about one entity",
    label = "write `before_any` or `after_any`: its handlers are for all entities"
)]
pub trait EntityEvent: Event {}

macro_rules! events {
    (
        about an entity { $($(#[$doc:meta])* $event:ident $name:literal: $what:ty => $answer:ty, by $view:expr;)+ }
        about none { $($(#[$alone_doc:meta])* $alone:ident $alone_name:literal: $alone_what:ty => $alone_answer:ty, by $alone_view:expr;)+ }
    ) => {
        events! {
            each
            $($(#[$doc])* $event $name: $what => $answer, by $view;)+
            $($(#[$alone_doc])* $alone $alone_name: $alone_what => $alone_answer, by $alone_view;)+
        }

        $(impl EntityEvent for $event {})+
    };
    (each $($(#[$doc:meta])* $event:ident $name:literal: $what:ty => $answer:ty, by $view:expr;)+) => {
        /// Which event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum EventKind { $($(#[$doc])* $event,)+ }

        impl EventKind {
            /// Each of them.
            pub const ALL: &[Self] = &[$(Self::$event,)+];
        }

        impl fmt::Display for EventKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$event => $name,)+ })
            }
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $event;

            impl Event for $event {
                const KIND: EventKind = EventKind::$event;
                type What<E: View> = $what;
                type Answer<E: View> = $answer;

                fn what<A: View, B: View>(what: Self::What<A>) -> Result<Self::What<B>> {
                    <Self::What<A>>::seen::<B>(what)
                }

                fn answer<A: View, B: View>(answer: Self::Answer<A>) -> Result<Self::Answer<B>> {
                    $view(answer)
                }
            }
        )+
    };
}

events! {
    about an entity {
        /// A new row: answers it as it is in the table.
        Create "create": Item<E> => E::Record, by one::<A, B>;
        /// New rows, all or none: answers them in their order.
        CreateMany "create many": Items<E> => Vec<E::Record>, by each::<A, B>;
        /// The row with an id.
        FindById "find by id": ById<E> => E::Record, by one::<A, B>;
        /// Rows: answers them with what else was asked for.
        Find "find": Questioned<E> => Collection<E>, by collection::<A, B>;
        /// The first row of an order, or none.
        FindFirst "find first": Questioned<E> => Option<E::Record>, by perhaps::<A, B>;
        /// The last row of an order, or none.
        FindLast "find last": Questioned<E> => Option<E::Record>, by perhaps::<A, B>;
        /// What is related to the row with an id: answers its record with these relations loaded; of the row itself nothing is told.
        LoadRelations "load relations": Loading<E> => E::Record, by one::<A, B>;
        /// What the entity is, as the asker may know it.
        Describe "describe": Nothing => Description, by Ok;
        /// How many rows there are.
        Count "count": Counted<E> => u64, by Ok;
        /// What is computed of each group of rows: the keys, then the measures, in the order of [`Grouped::question`].
        Group "group": Grouped<E> => Vec<Row>, by Ok;
        /// A change of a row: answers it as it is in the table then.
        Update "update": Item<E> => E::Record, by one::<A, B>;
        /// A change of all rows that a filter finds: answers how many.
        UpdateMany "update many": Many<E> => u64, by Ok;
        /// Rows that are changed where they are there and made where not: answers them in their order.
        UpsertMany "upsert many": Upserts<E> => Vec<E::Record>, by each::<A, B>;
        /// The end of a row: answers when that was; none, where a hook has kept it.
        Remove "remove": Existing<E> => Option<chrono::DateTime<chrono::Utc>>, by Ok;
        /// The end of all rows that a filter finds: answers how many.
        RemoveMany "remove many": Several<E> => u64, by Ok;
        /// Rows are related to one over an entity in between: answers how many were not before.
        AddRelation "add relation": Relating<E> => u64, by Ok;
        /// Rows and no others are related to one over an entity in between: answers how many came and went.
        SetRelation "set relation": Relating<E> => u64, by Ok;
        /// Rows are related to one over an entity in between no longer: answers how many were.
        RemoveRelation "remove relation": Relating<E> => u64, by Ok;
    }
    about none {
        /// Several writes in one transaction, of any entities: answers what came of each. Each runs the handlers of its own event too.
        RunBatch "batch": Steps => Vec<Done>, by Ok;
    }
}

fn one<A: View, B: View>(record: A::Record) -> Result<B::Record> {
    B::record(A::any(record))
}

fn perhaps<A: View, B: View>(record: Option<A::Record>) -> Result<Option<B::Record>> {
    record.map(one::<A, B>).transpose()
}

fn each<A: View, B: View>(records: Vec<A::Record>) -> Result<Vec<B::Record>> {
    records.into_iter().map(one::<A, B>).collect()
}

fn collection<A: View, B: View>(found: Collection<A>) -> Result<Collection<B>> {
    let Collection { items, total, cursor } = found;
    Ok(Collection { items: each::<A, B>(items)?, total, cursor })
}

/// A record: a new one, or a stored one as it is to become.
///
/// Of a new record everything is in it that the asker has sent and may write. Of a stored one too, beside the rest of the row,
/// which the handler sees whole: `item.original()` and `item.changed(…)` tell what is asked for.
#[derive(Clone)]
pub struct Item<E: View> {
    /// The record.
    pub item: E::Record,
}

/// New records.
#[derive(Clone)]
pub struct Items<E: View> {
    /// The records, in the order in which they are inserted.
    pub items: Vec<E::Record>,
}

/// An id, and what of its row is asked for.
#[derive(Clone)]
pub struct ById<E: View> {
    /// The id.
    pub id: Id,
    /// What of the row, and what is to come along. What it filters by holds beside the id.
    pub query: Question<E>,
}

/// A question for rows.
#[derive(Clone)]
pub struct Questioned<E: View> {
    /// Which, in what order, how many, and what of them.
    pub query: Question<E>,
}

/// An id, and which relations of its row are to be loaded.
#[derive(Clone)]
pub struct Loading<E: View> {
    /// The id.
    pub id: Id,
    /// The relations: of each which rows, in what order, how many, and what is loaded with them.
    pub relations: Vec<Include>,
    view: PhantomData<fn() -> E>,
}

impl<E: View> Loading<E> {
    pub(crate) const fn new(id: Id, relations: Vec<Include>) -> Self {
        Self { id, relations, view: PhantomData }
    }

    /// How many relations one behind the other are loaded.
    #[must_use]
    pub fn depth(&self) -> usize {
        super::question::depth(&self.relations)
    }
}

/// Nothing is said.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

/// A stored row.
#[derive(Clone)]
pub struct Existing<E: View> {
    /// Its id: that of another one asks for that.
    pub id: Id,
    /// The row as it is in the table.
    pub item: E::Record,
}

/// Rows, and what they are to become.
#[derive(Clone)]
pub struct Many<E: View> {
    /// Which rows.
    pub rows: Rows<E>,
    /// The values that they get.
    pub set: Changes<E>,
}

/// Rows that are to go.
#[derive(Clone)]
pub struct Several<E: View> {
    /// Which rows.
    pub rows: Rows<E>,
}

/// Rows to be counted.
#[derive(Clone)]
pub struct Counted<E: View> {
    /// Which rows.
    pub rows: Rows<E>,
}

/// Groups of rows.
#[derive(Clone)]
pub struct Grouped<E: View> {
    /// Which rows.
    pub rows: Rows<E>,
    /// What is computed; its own filter is left out of account, `rows` has it. Whoever asks and in whatever order, the measures are first
    /// how many rows there are, asked for or not, then the functions in the order of [`Function::ALL`](crate::aggregate::Function::ALL),
    /// each by the positions of its fields. The asker is answered what they have asked for, in their order.
    pub question: Aggregation,
}

/// Rows that are changed or made.
#[derive(Clone)]
pub struct Upserts<E: View> {
    /// The rows: by which values each is found, and what it gets.
    pub rows: Vec<UpsertRow>,
    pub(crate) view: PhantomData<fn() -> E>,
}

/// The writes of a batch. Their values may be changed, not how many there are nor what each does to which entity: a handler
/// writes by itself what is to be written beside them, in the same transaction.
///
/// What the asker has sent and may not write is not among the values, and what a handler puts there counts as the asker's: where they may not
/// write it that is 403. A batch is of many entities, so `trust_fields` has no meaning in it: a handler writes by itself what is the
/// server's, or does so in the handlers of the steps' own events.
#[derive(Clone)]
pub struct Steps {
    /// The writes, in their order.
    pub steps: Vec<(&'static EntityMeta, Step)>,
}

/// Rows that were found.
#[derive(Clone)]
pub struct Collection<E: View> {
    /// The rows.
    pub items: Vec<E::Record>,
    /// How many there are on all pages, where that was asked for.
    pub total: Option<u64>,
    /// Where the next page begins, of a list by cursors that goes on.
    pub cursor: Option<String>,
}

impl<E: View> Collection<E> {
    /// These rows, without a total.
    #[must_use]
    pub const fn of(items: Vec<E::Record>) -> Self {
        Self { items, total: None, cursor: None }
    }
}

impl<E: View> Item<E> {
    fn seen<B: View>(self) -> Result<Item<B>> {
        Ok(Item { item: one::<E, B>(self.item)? })
    }
}

impl<E: View> Items<E> {
    fn seen<B: View>(self) -> Result<Items<B>> {
        Ok(Items { items: each::<E, B>(self.items)? })
    }
}

impl<E: View> Existing<E> {
    fn seen<B: View>(self) -> Result<Existing<B>> {
        Ok(Existing { id: self.id, item: one::<E, B>(self.item)? })
    }
}

#[expect(clippy::unnecessary_wraps, clippy::extra_unused_type_parameters, reason = "as where records are looked at")]
const _: () = {
    impl<E: View> ById<E> {
        fn seen<B: View>(self) -> Result<ById<B>> {
            Ok(ById { id: self.id, query: self.query.seen() })
        }
    }

    impl<E: View> Questioned<E> {
        fn seen<B: View>(self) -> Result<Questioned<B>> {
            Ok(Questioned { query: self.query.seen() })
        }
    }

    impl<E: View> Many<E> {
        fn seen<B: View>(self) -> Result<Many<B>> {
            Ok(Many { rows: self.rows.seen(), set: self.set.seen() })
        }
    }

    impl<E: View> Several<E> {
        fn seen<B: View>(self) -> Result<Several<B>> {
            Ok(Several { rows: self.rows.seen() })
        }
    }

    impl<E: View> Counted<E> {
        fn seen<B: View>(self) -> Result<Counted<B>> {
            Ok(Counted { rows: self.rows.seen() })
        }
    }

    impl<E: View> Grouped<E> {
        fn seen<B: View>(self) -> Result<Grouped<B>> {
            Ok(Grouped { rows: self.rows.seen(), question: self.question })
        }
    }

    impl<E: View> Upserts<E> {
        fn seen<B: View>(self) -> Result<Upserts<B>> {
            Ok(Upserts { rows: self.rows, view: PhantomData })
        }
    }

    impl<E: View> Loading<E> {
        fn seen<B: View>(self) -> Result<Loading<B>> {
            Ok(Loading::new(self.id, self.relations))
        }
    }

    impl Nothing {
        fn seen<B: View>(self) -> Result<Self> {
            Ok(self)
        }
    }

    impl Steps {
        fn seen<B: View>(self) -> Result<Self> {
            Ok(self)
        }
    }
};
