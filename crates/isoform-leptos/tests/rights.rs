//! What a page shows and lets be changed follows the rules of the entity.

use isoform::prelude::*;
use isoform_leptos::{CheckField, RecordSignal, SelectField, TextField, use_identity};
use leptos::prelude::*;

/// A thing to do; some of it is for whoever it belongs to.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "jobs", allow(read = true, insert = authenticated, update = authenticated, delete = own))]
struct Job {
    #[field(id)]
    id: String,
    owner: String,
    #[field(allow_update = own)]
    title: String,
    #[field(api_read = own)]
    notes: String,
    #[field(api_read = "boss", label = "The margin")]
    margin: String,
    #[field(allow_update = "boss")]
    done: bool,
    #[field(allow_update = own)]
    size: Size,
    body: Lazy<String>,
}

/// How large.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// A little.
    Small,
    /// A lot.
    Large,
}

fn own(user: &Identity, job: &Record<Job>) -> bool {
    job.owner == user.id
}

fn anns(json: &str) -> Record<Job> {
    serde_json::from_str(&format!(r#"{{"data": {json}}}"#)).unwrap_or_default()
}

fn whole() -> Record<Job> {
    anns(
        r#"{"id": "1", "owner": "ann", "title": "Tax", "notes": "aside", "margin": "9", "done": false, "size": "large"}"#,
    )
}

/// Runs in a page of somebody's.
fn page<T>(who: Option<Identity>, build: impl FnOnce() -> T) -> T {
    let context = Context::remote("https://example.org/api").with_identity(who);
    context.enter(|| Owner::new().with(build))
}

fn fields(record: Record<Job>) -> String {
    let job = RecordSignal::new(record);
    view! {
        <TextField of=job.field(|j| j.title) />
        <TextField of=job.field(|j| j.notes) />
        <TextField of=job.field(|j| j.margin) />
        <CheckField of=job.field(|j| j.done) />
        <SelectField of=job.field(|j| j.size) />
    }
    .to_html()
}

/// The part of a page that an input is.
fn input<'a>(html: &'a str, name: &str) -> &'a str {
    let at = html.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no {name} in {html}"));
    let start = html[..at].rfind('<').unwrap_or_default();
    &html[start..start + html[start..].find('>').unwrap_or_default()]
}

#[test]
fn a_field_that_may_not_be_seen_is_not_rendered() {
    let ann = Identity::new("ann", "Ann");
    let html = page(Some(ann.clone()), || fields(whole()));
    assert!(html.contains("name=\"notes\"") && html.contains("value=\"aside\""), "{html}");
    assert!(!html.contains("margin"), "neither the input nor its label: {html}");
    let html = page(Some(ann.role("boss")), || fields(whole()));
    assert!(html.contains("The margin") && html.contains("value=\"9\""), "{html}");
    for who in [Some(Identity::new("bob", "Bob")), None] {
        let html = page(who, || fields(whole()));
        assert!(!html.contains("aside") && !html.contains("notes") && html.contains("value=\"Tax\""), "{html}");
    }
    let not_shown = || anns(r#"{"id": "1", "owner": "ann", "title": "Tax", "done": false, "size": "large"}"#);
    let html = page(Some(Identity::new("ann", "Ann")), || fields(not_shown()));
    assert!(!html.contains("notes"), "what the server has not shown is not there: {html}");
}

#[test]
fn a_field_that_may_not_be_changed_can_only_be_read() {
    let html = page(Some(Identity::new("ann", "Ann")), || fields(whole()));
    assert!(!input(&html, "title").contains("readonly") && !input(&html, "size").contains("disabled"), "{html}");
    assert!(input(&html, "done").contains("disabled"), "{html}");
    let html = page(Some(Identity::new("bob", "Bob").role("boss")), || fields(whole()));
    assert!(input(&html, "title").contains("readonly") && input(&html, "title").contains("value=\"Tax\""), "{html}");
    assert!(input(&html, "size").contains("disabled") && !input(&html, "done").contains("disabled"), "{html}");
    let html = page(None, || fields(whole()));
    assert!(input(&html, "title").contains("readonly") && input(&html, "done").contains("disabled"), "{html}");
}

#[test]
fn a_record_knows_what_may_be_done_to_it() {
    let rights = |who: Option<Identity>, record: fn() -> Record<Job>| {
        page(who, || {
            let job = RecordSignal::new(record());
            let title = job.field(|j| j.title);
            [job.can_insert(), job.can_update(), job.can_delete(), title.can_read(), title.can_update()]
        })
    };
    let (ann, bob) = (Identity::new("ann", "Ann"), Identity::new("bob", "Bob"));
    assert_eq!(rights(Some(ann.clone()), whole), [false, true, true, true, true]);
    assert_eq!(rights(Some(bob), whole), [false, true, false, true, false]);
    assert_eq!(rights(None, whole), [false, false, false, true, false]);
    assert_eq!(rights(Some(ann.clone()), Record::new), [true, false, false, true, false]);
    page(Some(ann), || {
        let who = use_identity();
        assert!(who.can_read::<Job>() && who.can_insert::<Job>());
        who.set(None);
        assert!(who.can_read::<Job>() && !who.can_insert::<Job>());
    });
}

#[test]
fn what_is_typed_takes_no_right_away() {
    page(Some(Identity::new("ann", "Ann")), || {
        let job = RecordSignal::new(whole());
        job.field(|j| j.owner).set("bob".into());
        assert!(job.can_delete() && job.field(|j| j.title).can_update() && job.field(|j| j.notes).can_read());
        let gives_away = RecordSignal::new(job.get_untracked());
        gives_away.field(|j| j.title).set("Changed".into());
        assert!(gives_away.field(|j| j.title).can_update());
    });
}

#[test]
fn what_is_not_loaded_is_not_written_over() {
    page(Some(Identity::new("ann", "Ann")), || {
        let body = |record: Record<Job>| {
            let job = RecordSignal::new(record);
            view! { <TextField of=job.field(|j| j.body) /> }.to_html()
        };
        assert!(input(&body(whole()), "body").contains("readonly"), "a list leaves it out");
        let mut loaded = whole();
        loaded.body.set("A long text".into());
        let html = body(loaded);
        assert!(!input(&html, "body").contains("readonly") && html.contains("value=\"A long text\""), "{html}");
        assert!(!input(&body(Record::new()), "body").contains("readonly"), "a new record has it from the start");
    });
}

#[test]
fn nothing_is_allowed_and_nothing_panics_where_there_is_no_context() {
    let html = Owner::new().with(|| fields(whole()));
    assert!(input(&html, "title").contains("readonly") && !html.contains("aside"), "{html}");
}
