//! A form of a controller: the same inputs, messages and calls as that of an entity.

mod stage;

use isoform::prelude::*;
use isoform_leptos::{
    CheckField, ControllerForm, DateField, NumberField, RecordSignal, SelectField, TextField, use_controller,
};
use leptos::prelude::*;
use serde_json::json;
use stage::{finish, page};

/// Somebody orders a table.
#[derive(Controller, Clone, Debug, Default, PartialEq)]
#[controller(key = "table")]
struct Booking {
    #[field(required, email, label = "E-mail", placeholder = "ann@example.org", help = "Where we answer")]
    email: String,
    #[field(required, input = "password")]
    code: String,
    day: Option<NaiveDate>,
    #[field(range(1..=12), default = 2)]
    people: i32,
    place: Place,
    dog: bool,
    #[field(allow_update = false)]
    number: String,
}

/// Where to sit.
#[derive(FieldEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Inside.
    #[default]
    Inside,
    /// Outside.
    #[field_enum(label = "In the garden")]
    Outside,
}

#[backend]
impl Record<Booking> {
    /// Books; answers the number.
    #[allowed(true)]
    pub async fn book(&mut self) -> Result<String> {
        Ok(self.number.clone())
    }
}

fn html(form: RecordSignal<Booking>) -> String {
    view! {
        <ControllerForm of=form on_submit=move |()| form.call(async |f| f.book().await)>
            <TextField of=form.field(|f| f.email) autocomplete="email" />
            <TextField of=form.field(|f| f.code) autocomplete="one-time-code" />
            <DateField of=form.field(|f| f.day) />
            <NumberField of=form.field(|f| f.people) />
            <SelectField of=form.field(|f| f.place) />
            <CheckField of=form.field(|f| f.dog) />
            <TextField of=form.field(|f| f.number) />
        </ControllerForm>
    }
    .to_html()
}

/// The part of a page that an input is.
fn input<'a>(html: &'a str, name: &str) -> &'a str {
    let at = html.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no {name} in {html}"));
    let start = html[..at].rfind('<').unwrap_or_default();
    &html[start..start + html[start..].find('>').unwrap_or_default()]
}

fn filled() -> RecordSignal<Booking> {
    let form = use_controller::<Booking>();
    form.field(|f| f.email).set("ann@example.org".into());
    form.field(|f| f.code).set("1234".into());
    form
}

#[test]
fn the_inputs_of_a_controller_are_those_of_an_entity() {
    page(200, json!({}), |_, _| {
        let html = html(use_controller());
        let email = input(&html, "email");
        for part in [
            "type=\"email\"",
            "required",
            "placeholder=\"ann@example.org\"",
            "autocomplete=\"email\"",
            "id=\"table-new-email\"",
        ] {
            assert!(email.contains(part), "{part} in {email}");
        }
        assert!(html.contains("E-mail") && html.contains("Where we answer"), "{html}");
        assert!(input(&html, "code").contains("type=\"password\""), "{html}");
        assert!(input(&html, "code").contains("autocomplete=\"one-time-code\""), "{html}");
        assert!(input(&html, "day").contains("type=\"date\""), "{html}");
        assert!(
            input(&html, "people").contains("value=\"2\"") && input(&html, "people").contains("max=\"12\""),
            "{html}"
        );
        assert!(html.contains("In the garden"), "{html}");
        assert!(
            !email.contains("readonly") && !input(&html, "dog").contains("disabled"),
            "nobody has to be signed in: {html}"
        );
        assert!(input(&html, "number").contains("readonly"), "what nobody sets can only be read: {html}");
        assert!(html.contains("<form") && html.contains("method=\"dialog\""), "nothing goes into an address: {html}");
    });
}

#[test]
fn a_form_calls_a_method_and_shows_what_came_back() {
    let answer =
        json!({ "result": "17", "fields": { "email": "ann@example.org", "code": "", "people": 4, "number": "17" } });
    page(200, answer, |context, asked| {
        let form = filled();
        let told = RwSignal::new(String::new());
        form.call_then(async |f| f.book().await, move |number| told.set(number));
        assert!(form.pending(), "it is under way");
        form.call(async |f| f.book().await);
        finish(&context);
        assert!(!form.pending() && form.error().is_none());
        let asked = asked();
        assert_eq!(asked.len(), 1, "a second click sends nothing: {asked:?}");
        assert_eq!(asked[0].0, "https://example.org/api/table/book");
        let fields = json!({ "email": "ann@example.org", "code": "1234", "day": null, "people": 2, "place": "inside", "dog": false });
        assert_eq!(asked[0].1, json!({ "args": [], "fields": fields }), "what nobody sets is not sent");
        assert_eq!((told.get_untracked(), form.value(|f| f.number).get_untracked()), ("17".into(), "17".into()));
        let html = html(form);
        assert!(input(&html, "people").contains("value=\"4\"") && !html.contains("1234"), "{html}");
    });
}

#[test]
fn what_is_wrong_is_said_at_its_field_and_not_sent() {
    page(200, json!({}), |context, asked| {
        let form = filled();
        form.field(|f| f.email).set("ann".into());
        form.call(async |f| f.book().await);
        finish(&context);
        assert_eq!(asked(), []);
        let html = html(form);
        assert!(input(&html, "email").contains("aria-invalid=\"true\""), "the cursor goes there: {html}");
        assert!(
            !input(&html, "code").contains("aria-invalid") && input(&html, "code").contains("value=\"1234\""),
            "{html}"
        );
        assert!(html.contains("must be an e-mail address") && !html.contains("form-error"), "{html}");
    });
}

#[test]
fn what_the_server_says_stands_at_its_field_or_above_the_end() {
    let refused = json!({ "message": "No table is free.", "modelState": { "day": "is full" } });
    page(400, refused, |context, _| {
        let form = filled();
        let _ = html(form);
        form.call(async |f| f.book().await);
        finish(&context);
        let html = html(form);
        assert!(input(&html, "day").contains("aria-invalid=\"true\"") && html.contains("is full"), "{html}");
        assert!(input(&html, "code").contains("value=\"1234\""), "what was typed stays: {html}");
        assert!(!html.contains("form-error"), "it is said once: {html}");
    });
    page(401, json!({ "message": "The code is wrong." }), |context, _| {
        let form = filled();
        form.call(async |f| f.book().await);
        finish(&context);
        let html = html(form);
        assert!(
            html.contains("form-error") && html.contains("The code is wrong.") && !html.contains("aria-invalid"),
            "{html}"
        );
    });
}
