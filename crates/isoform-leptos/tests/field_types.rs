//! Each type of field has an input that fits, and is typed as people write it.

use isoform::prelude::*;
use isoform_leptos::{DateField, NumberField, RecordSignal, TextField};
use leptos::prelude::*;

/// A thing on a shelf.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "things", allow(crud = true))]
struct Thing {
    #[field(id)]
    id: Uuid,
    #[field(range(min = 0.01, max = 100), display = euros)]
    price: Decimal,
    opens: NaiveTime,
    takes: Option<TimeDelta>,
    tags: Vec<String>,
    days: Option<Vec<NaiveDate>>,
    #[field(sql_expression = "{price} * 2")]
    double: Decimal,
}

fn euros(price: &Decimal) -> String {
    format!("{price:.2} €")
}

fn in_page(test: impl FnOnce(RecordSignal<Thing>)) {
    let mut thing = Record::<Thing>::new();
    thing.price = Decimal::new(125, 1);
    thing.opens = NaiveTime::from_hms_micro_opt(9, 30, 0, 120_000).unwrap_or_default();
    thing.takes = Some(TimeDelta::minutes(90));
    thing.tags = vec!["a".into(), "b c".into()];
    Owner::new().with(|| test(RecordSignal::new(thing)));
}

#[test]
fn each_type_has_its_input() {
    in_page(|thing| {
        let price = view! { <NumberField of=thing.field(|t| t.price) /> }.to_html();
        for part in ["inputmode=\"decimal\"", "value=\"12.5\"", "min=\"0.01\"", "max=\"100\""] {
            assert!(price.contains(part), "{part} is not in {price}");
        }
        let opens = view! { <DateField of=thing.field(|t| t.opens) /> }.to_html();
        assert!(opens.contains("type=\"time\"") && opens.contains("value=\"09:30:00.120\""), "{opens}");
        let takes = view! { <TextField of=thing.field(|t| t.takes) /> }.to_html();
        assert!(takes.contains("value=\"PT1H30M\""), "{takes}");
        let tags = view! { <TextField of=thing.field(|t| t.tags) /> }.to_html();
        assert!(tags.contains("<textarea") && tags.contains(">a\nb c</textarea>"), "{tags}");
        let double = view! { <NumberField of=thing.field(|t| t.double) /> }.to_html();
        assert!(double.contains("readonly") && !price.contains("readonly"), "nobody writes it: {double}");
    });
}

#[test]
fn what_is_typed_is_read_as_the_type_reads_it() {
    in_page(|thing| {
        let price = thing.field(|t| t.price).any();
        price.enter("0.10");
        assert_eq!((price.text().as_str(), thing.field(|t| t.price).get()), ("0.10", Decimal::new(1, 1)));
        price.leave();
        assert_eq!((price.text().as_str(), price.display().as_str()), ("0.1", "0.10 €"));
        for (typed, problem) in [
            ("x", "must be a decimal number such as 12.5"),
            ("100.01", "must be at most 100"),
            ("1.0000001", "must have at most 6 digits after the point"),
        ] {
            price.enter(typed);
            price.check();
            assert_eq!(price.error().as_deref(), Some(problem), "{typed}");
        }
        let takes = thing.field(|t| t.takes).any();
        takes.enter("");
        assert_eq!(thing.field(|t| t.takes).get(), None);
        takes.enter("-PT5M");
        assert_eq!(thing.field(|t| t.takes).get(), Some(TimeDelta::minutes(-5)));
    });
}

#[test]
fn a_list_has_an_item_per_line() {
    in_page(|thing| {
        let (tags, days) = (thing.field(|t| t.tags).any(), thing.field(|t| t.days).any());
        tags.enter("one\n\n two \nthree");
        assert_eq!(thing.field(|t| t.tags).get(), ["one", "two", "three"]);
        tags.enter("");
        assert!(thing.field(|t| t.tags).get().is_empty());
        days.enter("2020-01-02\n2020-02-30");
        days.check();
        assert_eq!(days.error().as_deref(), Some("must be a date such as 2020-01-02"));
        days.enter("2020-01-02\n2020-02-29");
        days.leave();
        assert_eq!((days.text().as_str(), days.error()), ("2020-01-02\n2020-02-29", None));
    });
}
