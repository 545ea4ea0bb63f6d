//! What comes of a call: what follows it, what is said where nothing does, and what is said of what was typed.

mod stage;

use isoform::prelude::*;
use isoform_leptos::{RecordSignal, use_controller};
use leptos::prelude::*;
use serde_json::{Value as Json, json};
use stage::{finish, page};

/// A bill to pay.
#[derive(Controller, Clone, Debug, Default, PartialEq)]
#[controller(key = "bill")]
struct Bill {
    #[field(len(min = 3))]
    card: String,
    #[field(range(1..=12), default = 2)]
    parts: i32,
    #[field(range(min = 1))]
    at_least: i64,
    #[field(range(max = 9.0))]
    at_most: f64,
    #[field(range(0.5..=2.5))]
    rate: f64,
    any: i32,
    large: i64,
}

#[backend]
impl Record<Bill> {
    /// Pays; answers the number of the receipt.
    #[allowed(true)]
    pub async fn pay(&mut self) -> Result<String> {
        Ok(self.card.clone())
    }
}

/// Something that may be kept.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "papers", allow(crud = true))]
struct Paper {
    #[field(id)]
    id: String,
    #[field(len(min = 3))]
    title: String,
}

fn paper() -> RecordSignal<Paper> {
    let stored = json!({ "data": { "id": "p1", "title": "a will" } });
    RecordSignal::new(serde_json::from_value(stored).unwrap_or_default())
}

fn filled() -> RecordSignal<Bill> {
    let bill = use_controller::<Bill>();
    bill.field(|b| b.card).set("1234".into());
    bill.field(|b| b.at_least).set(1);
    bill.field(|b| b.rate).set(1.0);
    bill
}

#[test]
fn what_follows_a_call_does_not_happen_where_the_method_has_said_what_is_wrong() {
    let answer = |said: Json| json!({ "result": "17", "fields": { "card": "1234" }, "modelState": said });
    let pay = |said: Json| {
        page(200, answer(said), |context, asked| {
            let (bill, told) = (filled(), RwSignal::new(String::new()));
            bill.call_then(async |b| b.pay().await, move |receipt| told.set(receipt));
            finish(&context);
            assert_eq!(asked().len(), 1);
            let error = bill.field(|b| b.card).error();
            (told.get_untracked(), error, bill.error().map(|error| error.status()))
        })
    };
    assert_eq!(pay(json!({})), ("17".into(), None, None));
    let refused = (String::new(), Some("is expired".to_owned()), Some(400));
    assert_eq!(pay(json!({ "card": "is expired" })), refused, "nobody is told that it is paid");
}

#[test]
fn what_a_method_says_of_a_field_without_an_input_is_said_by_the_form() {
    let answer = json!({ "result": "17", "fields": {}, "modelState": { "card": "is expired" } });
    page(200, answer, |context, _| {
        let bill = filled();
        bill.call(async |b| b.pay().await);
        finish(&context);
        assert_eq!(bill.form_error().as_deref(), Some("Card is expired"));
    });
}

#[test]
fn what_was_wrong_before_a_call_keeps_nothing_from_following_it() {
    page(200, Json::Null, |context, _| {
        let (paper, told) = (paper(), RwSignal::new(0));
        paper.update(|paper| paper.set_error(|p| p.title, "was taken"));
        paper.call_then(async |_| Ok(3), move |answer| told.set(answer));
        finish(&context);
        assert_eq!((told.get_untracked(), paper.error()), (3, None));
    });
}

#[test]
fn a_deletion_tells_whether_the_row_is_gone() {
    for (answer, gone) in [(Json::Null, true), (json!({ "deleted": 0 }), false)] {
        page(200, answer, |context, _| {
            let (paper, told) = (paper(), RwSignal::new(None));
            paper.delete_then(move |is_gone| told.set(Some(is_gone)));
            finish(&context);
            assert_eq!((told.get_untracked(), paper.error()), (Some(gone), None));
            assert_eq!(paper.with(Record::is_deleted), gone);
        });
    }
}

#[test]
fn a_row_that_was_kept_is_said_to_be_where_nobody_asks() {
    for (answer, said) in [(Json::Null, None), (json!({ "deleted": 0 }), Some("It was kept."))] {
        page(200, answer, |context, _| {
            let paper = paper();
            paper.delete();
            finish(&context);
            assert_eq!(paper.form_error().as_deref(), said);
        });
    }
}

#[test]
fn what_is_no_number_is_told_the_limits_of_its_field() {
    page(200, Json::Null, |_, _| {
        let bill = filled();
        let said = |field: isoform_leptos::AnyField, text: &str| {
            field.enter(text);
            field.leave();
            field.error().unwrap_or_default()
        };
        let parts = bill.field(|b| b.parts).any();
        assert_eq!(said(parts, "abc"), "must be a whole number between 1 and 12");
        assert_eq!(said(parts, "5000000000"), "must be a whole number between 1 and 12");
        assert_eq!(said(parts, "13"), "must be at most 12");
        assert_eq!(said(parts, "12"), "");
        assert_eq!(said(bill.field(|b| b.at_least).any(), "x"), "must be a whole number from 1");
        assert_eq!(said(bill.field(|b| b.at_most).any(), "x"), "must be a number up to 9");
        assert_eq!(said(bill.field(|b| b.rate).any(), "x"), "must be a number between 0.5 and 2.5");
        let (any, large) = (bill.field(|b| b.any).any(), bill.field(|b| b.large).any());
        assert_eq!(
            said(any, "abc"),
            "must be a whole number",
            "the limits of its type mean nothing to whoever types letters"
        );
        assert_eq!(said(any, "5000000000"), "must be a whole number between -2147483648 and 2147483647");
        assert_eq!(said(large, "abc"), "must be a whole number");
        let beyond = "must be a whole number between -9223372036854775808 and 9223372036854775807";
        assert_eq!(said(large, "-99999999999999999999"), beyond);
    });
}
