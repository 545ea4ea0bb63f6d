//! Aggregates: what is computed over rows, over all of them or by groups.
//!
//! [`Aggregation`] is the question, without types; [`Aggregate<E, A>`] is the typed shell that closures build, and
//! [`Groups`] a query that is awaited. [`wire`] reads and writes them as the REST API spells them.
//!
//! Of no rows, or where all values are null, a count is 0 and everything else null, as in SQL. Null is a group of its own.

mod groups;
mod typed;
pub mod wire;

pub use groups::Groups;
pub use typed::{Aggregate, Averaged, GroupKeys, GroupOrder, IntoAggregates, IntoGroupOrder, Numeric, Ordered, count};

use crate::filter::{Condition, limits};
use crate::meta::{Direction, EntityMeta, FieldMask};
use crate::value::FieldType;
use crate::{Error, Result};

/// The most fields that groups are made of.
pub const MAX_GROUP_FIELDS: usize = 8;

/// The most aggregates of one question.
pub const MAX_MEASURES: usize = 64;

/// The code of the error that a sum is which is too large for its type.
pub const OVERFLOW: &str = "overflow";

/// What is computed of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// The sum; null of no values.
    Sum,
    /// The arithmetic mean; null of no values.
    Avg,
    /// The least value; null of no values.
    Min,
    /// The greatest value; null of no values.
    Max,
    /// How many different values there are, null left out.
    CountDistinct,
}

impl Function {
    /// Each of them.
    pub const ALL: [Self; 5] = [Self::Sum, Self::Avg, Self::Min, Self::Max, Self::CountDistinct];

    /// Its name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::CountDistinct => "distinctCount",
        }
    }

    /// What comes out of a field of a type; nothing where the function does not take it.
    #[must_use]
    pub const fn result(self, field_type: FieldType) -> Option<FieldType> {
        let sum = match field_type {
            FieldType::Int32 | FieldType::Int64 => Some(FieldType::Int64),
            FieldType::Float => Some(FieldType::Float),
            FieldType::Text
            | FieldType::Bool
            | FieldType::Uuid
            | FieldType::DateTime
            | FieldType::Date
            | FieldType::Enum(_)
            | FieldType::Json
            | FieldType::List(_) => None,
            FieldType::Scalar(scalar) if scalar.is_summed => Some(field_type),
            FieldType::Scalar(_) => None,
        };
        match self {
            Self::Sum => sum,
            Self::Avg if sum.is_some() && !matches!(field_type, FieldType::Scalar(_)) => Some(FieldType::Float),
            Self::Min | Self::Max if is_ordered(field_type) => Some(field_type),
            Self::CountDistinct if is_ordered(field_type) => Some(FieldType::Int64),
            Self::Avg | Self::Min | Self::Max | Self::CountDistinct => None,
        }
    }
}

/// Can values of the type be told apart and compared, so that groups can be made of them?
const fn is_ordered(field_type: FieldType) -> bool {
    match field_type {
        FieldType::Text
        | FieldType::Bool
        | FieldType::Int32
        | FieldType::Int64
        | FieldType::Float
        | FieldType::Uuid
        | FieldType::DateTime
        | FieldType::Date
        | FieldType::Enum(_)
        | FieldType::Scalar(_) => true,
        // Two texts of one JSON can differ.
        FieldType::Json | FieldType::List(_) => false,
    }
}

/// One number or value that is computed over rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// How many rows there are.
    Count,
    /// A function of a field.
    Of(Function, usize),
}

impl Measure {
    /// The field that it is computed of.
    #[must_use]
    pub const fn field(self) -> Option<usize> {
        match self {
            Self::Count => None,
            Self::Of(_, field) => Some(field),
        }
    }

    /// The type of the answer, which may be null.
    ///
    /// # Errors
    /// 400 where the function does not take the field.
    pub fn result(self, meta: &EntityMeta) -> Result<FieldType> {
        match self {
            Self::Count => Ok(FieldType::Int64),
            Self::Of(function, field) => {
                let field = meta.field(field);
                function.result(field.field_type).ok_or_else(|| {
                    let takes = match function {
                        Function::Sum | Function::Avg => "a number",
                        Function::Min | Function::Max | Function::CountDistinct => "what can be compared",
                    };
                    let (name, is) = (field.wire, field.field_type.describe());
                    Error::invalid(format!("\"{}\" takes {takes}; \"{name}\" is {is}.", function.wire()))
                })
            }
        }
    }
}

/// What groups can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKey {
    /// A field that groups are made of.
    Field(usize),
    /// An aggregate, whether it is answered or not.
    Measure(Measure),
}

/// What is computed, over which rows, in which groups.
///
/// The answer is a row of values for each group: the fields of the groups, then the measures. Without fields there is one group, even
/// of no rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    /// Over which rows.
    pub filter: Condition,
    /// The fields whose values make the groups.
    pub groups: Vec<usize>,
    /// What is computed of each group.
    pub measures: Vec<Measure>,
    /// In what order; what it leaves open is ordered by the fields of the groups.
    pub order: Vec<(GroupKey, Direction)>,
    /// How many groups at most.
    pub limit: Option<u64>,
    /// How many groups are passed over first.
    pub offset: u64,
}

impl Aggregation {
    /// Measures of all rows that fulfil a condition.
    #[must_use]
    pub const fn total(filter: Condition, measures: Vec<Measure>) -> Self {
        Self { filter, groups: Vec::new(), measures, order: Vec::new(), limit: None, offset: 0 }
    }

    /// The fields that it names beside the filter.
    #[must_use]
    pub fn fields(&self) -> FieldMask {
        let ordered = self.order.iter().filter_map(|(key, _)| match key {
            GroupKey::Field(field) => Some(*field),
            GroupKey::Measure(measure) => measure.field(),
        });
        let measured = self.measures.iter().filter_map(|measure| measure.field());
        self.groups.iter().copied().chain(measured).chain(ordered).collect()
    }

    /// Passes what makes sense, for whoever asks it.
    ///
    /// # Errors
    /// 400 with the field that cannot be asked about in this way.
    pub fn check(&self, meta: &EntityMeta) -> Result<()> {
        let named = |field: &usize| meta.field(*field).wire;
        for (position, field) in self.groups.iter().enumerate() {
            if !is_ordered(meta.field(*field).field_type) {
                let is = meta.field(*field).field_type.describe();
                return Err(Error::invalid(format!("Groups cannot be made by \"{}\": it is {is}.", named(field))));
            }
            if self.groups.iter().take(position).any(|other| other == field) {
                return Err(Error::invalid(format!("The groups name \"{}\" twice.", named(field))));
            }
        }
        for measure in &self.measures {
            measure.result(meta)?;
            // On the wire both would stand under one name; and of one value there is nothing to compute.
            if let Some(field) = measure.field().filter(|field| self.groups.contains(field)) {
                let field = named(&field);
                return Err(Error::invalid(format!(
                    "Groups are made by \"{field}\": it cannot be aggregated as well."
                )));
            }
        }
        self.order.iter().try_for_each(|(key, _)| match key {
            GroupKey::Measure(measure) => measure.result(meta).map(drop),
            GroupKey::Field(field) if self.groups.contains(field) => Ok(()),
            GroupKey::Field(field) => Err(Error::invalid(format!(
                "The groups are to be ordered by \"{}\", but are not made by it: order by one of their fields, or by an aggregate.",
                named(field)
            ))),
        })
    }

    /// Passes what is of a bearable size.
    ///
    /// # Errors
    /// 400 with what is too much.
    pub fn check_size(&self) -> Result<()> {
        // Where nobody asks for the number of rows, it comes along over HTTP and for handlers.
        let count = usize::from(!self.measures.contains(&Measure::Count));
        let (groups, measures) = (self.groups.len(), self.measures.len() + count);
        if groups > MAX_GROUP_FIELDS {
            return Err(Error::invalid(format!(
                "The groups are made by {groups} fields; {MAX_GROUP_FIELDS} are allowed."
            )));
        }
        if measures > MAX_MEASURES {
            return Err(Error::invalid(format!("There are {measures} aggregates; {MAX_MEASURES} are allowed.")));
        }
        limits::check_sorts(self.order.len())
    }

    /// What is said where a sum is too large for its type.
    #[must_use]
    pub fn overflow(&self, meta: &EntityMeta) -> Error {
        let ordered = self.order.iter().filter_map(|(key, _)| match key {
            GroupKey::Measure(measure) => Some(measure),
            GroupKey::Field(_) => None,
        });
        let mut sums = Vec::new();
        for measure in self.measures.iter().chain(ordered) {
            if let Measure::Of(Function::Sum | Function::Avg, field) = measure {
                let name = format!("\"{}\"", meta.field(*field).wire);
                if !sums.contains(&name) {
                    sums.push(name);
                }
            }
        }
        if sums.is_empty() {
            return Error::invalid("A computed value is larger than what can be counted: ask for other rows.")
                .with_code(OVERFLOW);
        }
        let of = sums.join(" or ");
        Error::invalid(format!("The sum of {of} is larger than what can be counted: sum fewer rows."))
            .with_code(OVERFLOW)
    }
}
