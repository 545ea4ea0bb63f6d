//! The parameters of an address: a filter, an order, a page.

use isoform::filter::wire;
use isoform::meta::{Direction, EntityMeta, FieldMask};
use isoform::provider::{Find, Include};
use isoform::relation::OrderBy;
use isoform::{Condition, Error, QueryLimits, Result, did_you_mean, query_offset, shown};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as JsonValue};

use crate::include;

/// The parameters that are no filter.
const PARAMETERS: [&str; 10] =
    ["__action", "_sort", "_order", "_limit", "_page", "_include", "_with", "_cursor", "_total", "_select"];

/// What the parameters of an address ask for.
pub(crate) struct Parameters {
    /// `__action`
    pub action: Option<String>,
    order: OrderBy,
    limit: Option<u64>,
    page: u64,
    /// `_include`
    include: String,
    /// `_select`: all fields where it is absent.
    pub select: FieldMask,
    /// `_with`, and what `_select` names: the lazy fields that are loaded along.
    pub with: FieldMask,
    /// `_cursor`: a page instead of a list; empty for the first one.
    pub cursor: Option<String>,
    /// `_total`
    pub total: bool,
    /// `_select=$count`: the number of rows is answered, and none of them.
    pub counted: bool,
    /// Was something asked for that only rows have: an order of rows, or some of their fields?
    pub of_rows: bool,
    /// Those of [`PARAMETERS`] that were given, but for a `_select` of no fields.
    given: Vec<&'static str>,
    /// What is left is the filter.
    filter: Vec<(String, String)>,
}

/// Splits and decodes the parameters of an address.
fn decode(query: &str) -> Result<Vec<(String, String)>> {
    let text = |part: &str| {
        let malformed = || Error::invalid("The query string is malformed: a % stands for itself only as %25.");
        let bytes = part.as_bytes();
        let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        if bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !(hex(at + 1) && hex(at + 2))) {
            return Err(malformed());
        }
        let decoded = percent_decode_str(&part.replace('+', " ")).decode_utf8().map(std::borrow::Cow::into_owned);
        decoded.map_err(|_| Error::invalid("The query string is malformed: it is not UTF-8."))
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| Ok((text(name)?, text(value)?)))
        .collect()
}

/// What the query of an address says by `__action`, the last one where it says several: whoever asks that before all else is read asks
/// here, so that all read it alike.
pub(crate) fn action(uri: &http::Uri) -> Option<String> {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| decoded(name) == "__action").map(|(_, value)| decoded(value)).next_back()
}

impl Parameters {
    /// Reads the parameters of an address; they can name the fields of a mask, and select those of another one.
    ///
    /// # Errors
    /// 400 with the name of what is unknown or wrong.
    pub fn read(meta: &EntityMeta, readable: FieldMask, selectable: FieldMask, query: Option<&str>) -> Result<Self> {
        let mut read = Self {
            action: None,
            order: Vec::new(),
            limit: None,
            page: 1,
            include: String::new(),
            select: meta.all_fields(),
            with: FieldMask::NONE,
            cursor: None,
            total: false,
            counted: false,
            of_rows: false,
            given: Vec::new(),
            filter: Vec::new(),
        };
        let (mut sort, mut directions) = (None, String::new());
        for (name, value) in decode(query.unwrap_or_default())? {
            let known = PARAMETERS.iter().find(|known| **known == name);
            read.given.extend(known.filter(|_| !matches!(&*value, "$none" | "$count")));
            match name.as_str() {
                "__action" => read.action = Some(value),
                "_sort" => sort = Some(value),
                "_order" => directions = value,
                "_limit" => read.limit = Some(limit(&value)?),
                "_page" => read.page = page(&value)?,
                "_include" => read.include = value,
                "_cursor" => read.cursor = Some(value),
                "_total" => read.total = total(&value)?,
                "_select" if value == "$none" => {}
                "_select" if value == "$count" => read.counted = true,
                "_select" => {
                    read.select = select(meta, readable.or(selectable), &value)?;
                    read.with = read.with.or(read.select);
                    read.of_rows = true;
                }
                "_with" => read.with = read.with.or(select(meta, readable.or(selectable), &value)?),
                other if other.starts_with('_') && wire::readable_field(meta, readable, other).is_err() => {
                    let meant = did_you_mean(other, PARAMETERS.iter().copied());
                    return Err(Error::invalid(format!("Unknown parameter \"{}\".{meant}", shown(other))));
                }
                _ => read.filter.push((name, value)),
            }
        }
        read.of_rows |= sort.is_some() || !directions.is_empty();
        read.order = order(meta, readable, sort.as_deref(), &directions)?;
        Ok(read)
    }

    /// Passes where nothing but an action was asked for: a write takes no filter.
    ///
    /// # Errors
    /// 400 with the name of what has no meaning here.
    pub fn without_filter(&self) -> Result<()> {
        match self.filter.first() {
            None => Ok(()),
            Some((name, _)) => Err(Error::invalid(format!("The parameter \"{}\" has no meaning here.", shown(name)))),
        }
    }

    /// Passes where nothing was asked for at all: no rows are meant.
    ///
    /// # Errors
    /// 400 with the name of what has no meaning here.
    pub fn for_no_rows(&self) -> Result<()> {
        match self.given.first() {
            None => Ok(()),
            Some(name) => Err(Error::invalid(format!("The parameter \"{name}\" has no meaning here."))),
        }
    }

    /// Passes where nothing was asked for that only lists have: all that a filter finds is meant.
    ///
    /// # Errors
    /// 400 with the name of what has no meaning here.
    pub fn for_all_rows(&self) -> Result<()> {
        match self.given.iter().find(|name| **name != "__action") {
            None => Ok(()),
            Some(name) => Err(Error::invalid(format!(
                "The parameter \"{name}\" has no meaning here: a bulk write is for all rows that the filter finds."
            ))),
        }
    }

    /// Passes where nothing but an action was asked for.
    ///
    /// # Errors
    /// 400 with the name of what has no meaning here.
    pub fn for_an_action(&self) -> Result<()> {
        match self.given.iter().find(|name| **name != "__action") {
            None => Ok(()),
            Some(name) => Err(Error::invalid(format!("The parameter \"{name}\" has no meaning here."))),
        }
    }

    /// Passes where none of these was given.
    ///
    /// # Errors
    /// 400 with the name of what has no meaning here.
    pub fn without(&self, meaningless: &[&str]) -> Result<()> {
        match self.given.iter().find(|name| meaningless.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Error::invalid(format!("The parameter \"{name}\" has no meaning here."))),
        }
    }

    /// The filter, with that of a body: the body wins per key.
    ///
    /// # Errors
    /// 400 with the name of what is unknown or wrong.
    pub fn filter(
        &self,
        meta: &EntityMeta,
        readable: FieldMask,
        body: Option<&Map<String, JsonValue>>,
    ) -> Result<Condition> {
        let mut all = match body {
            Some(object) => wire::from_json(meta, readable, &JsonValue::Object(object.clone()))?,
            None => Condition::All,
        };
        for (name, value) in &self.filter {
            if body.is_none_or(|object| !object.contains_key(name)) {
                all = all.and(wire::from_parameter(meta, readable, name, value)?);
            }
        }
        Ok(all)
    }

    /// The question that a list asks.
    ///
    /// # Errors
    /// 400 where the page is beyond what a database counts.
    pub fn find(&self, filter: Condition) -> Result<Find> {
        if self.page > 1 && self.limit.is_none() {
            return Err(Error::invalid("_page needs _limit: how many rows a page has."));
        }
        let offset = query_offset(self.page, self.limit)?;
        Ok(Find {
            filter,
            order: self.order.clone(),
            limit: self.limit,
            offset,
            include: Vec::new(),
            with: self.with,
            after: None,
        })
    }

    /// What is included, by the address or by a body, which wins.
    ///
    /// # Errors
    /// 400 with the name of what is unknown or wrong.
    pub fn include(&self, meta: &EntityMeta, body: Option<&JsonValue>) -> Result<Vec<Include>> {
        match body {
            Some(json) => include::from_json(meta, json),
            None => include::from_list(meta, &self.include),
        }
    }
}

fn limit(text: &str) -> Result<u64> {
    let most = QueryLimits::current().rows;
    let limit = text.parse::<u64>().ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| {
        Error::invalid(format!("_limit must be a whole number from 1 to {most}, not \"{}\".", shown(text)))
    })
}

fn total(text: &str) -> Result<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::invalid(format!("_total must be true or false, not \"{}\".", shown(text)))),
    }
}

/// From 1; less is 1.
fn page(text: &str) -> Result<u64> {
    let wrong = || Error::invalid(format!("_page must be a whole number, not \"{}\".", shown(text)));
    match text.strip_prefix('-') {
        Some(digits) => digits.parse::<u64>().map(|_| 1).map_err(|_| wrong()),
        None => text.parse::<u64>().map(|page| page.max(1)).map_err(|_| wrong()),
    }
}

fn names<'a>(meta: &'a EntityMeta, readable: FieldMask, list: &'a str) -> impl Iterator<Item = Result<usize>> + 'a {
    list.split(',').map(move |name| wire::readable_field(meta, readable, name))
}

fn select(meta: &EntityMeta, readable: FieldMask, list: &str) -> Result<FieldMask> {
    names(meta, readable, list).collect()
}

fn order(meta: &EntityMeta, readable: FieldMask, sort: Option<&str>, directions: &str) -> Result<OrderBy> {
    let Some(sort) = sort.filter(|sort| !sort.is_empty()) else { return Ok(Vec::new()) };
    let most = QueryLimits::current().sorts;
    if sort.split(',').count() > most {
        return Err(Error::invalid(format!("_sort names more than {most} fields.")));
    }
    let mut directions = directions.split(',');
    sort.split(',')
        .map(|name| {
            let direction = match directions.next().unwrap_or_default() {
                "" | "asc" => Direction::Asc,
                "desc" => Direction::Desc,
                other => {
                    return Err(Error::invalid(format!("_order is asc or desc, not \"{}\".", shown(other))));
                }
            };
            Ok((wire::readable_key(meta, readable, name)?, direction))
        })
        .collect()
}
