//! Controllers: fields without rows, which travel to a method and back.

use isoform::prelude::*;
use tests::entities::Color;
use tests::entities_controllers::{Grouping, Line, Report, ReportMethods, Visit, VisitMethods, Visitor};
use tests::{World, admin, ann, bob, promises};

async fn visitors(world: &World) -> u64 {
    world.backend().run(repo::<Visitor>().count()).await.unwrap()
}

fn visit() -> Record<Visit> {
    let (email, password) = ("ann@example.org".to_owned(), "open sesame".to_owned());
    Record::from(Visit { email, repeated: password.clone(), password, ..Visit::default() })
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
}

fn report() -> Record<Report> {
    let mut report = Record::<Report>::new();
    report.first_day = day(1);
    report
}

promises! {
    async fn a_controller_is_a_struct_of_fields_that_travels_there_and_back(world: World) {
        world.nobody().run(async {
            let mut one = visit();
            assert_eq!(one.enter("Dr".into()).await.unwrap(), 1, "the result comes back");
            assert_eq!(one.greeting, "Welcome, Dr ann@example.org", "what the method set comes back");
            assert_eq!(one.email, "ann@example.org", "and so does what was sent");
            assert_eq!((one.password.as_str(), one.repeated.as_str()), ("", ""), "as the method left it");
            assert!(one.errors().is_empty() && !one.is_changed());
        }).await;
        assert_eq!(visitors(&world).await, 1);
    }

    async fn every_type_of_field_travels(world: World) {
        world.for_(&ann()).run(async {
            let customer = Uuid::new_v4();
            let mut one = report();
            one.last_day = Some(day(31));
            one.rate = "12.5".parse().unwrap();
            one.grouping = Grouping::Month;
            one.kind = "open".into();
            one.tags = vec!["ann".into(), "a, b".into()];
            one.color = Some(Color::DarkBlue);
            one.time = NaiveTime::from_hms_opt(13, 45, 0).unwrap();
            one.customer = Some(customer);
            let sent = (*one).clone();
            assert_eq!(one.compute(vec!["80".parse().unwrap(), "0.08".parse().unwrap()]).await.unwrap(), 2);
            assert_eq!(one.total, "10.01".parse::<Decimal>().unwrap());
            assert_eq!(one.lines[1], Line { what: "line 1".into(), amount: "0.01".parse().unwrap() });
            assert_eq!(Report { total: Decimal::ZERO, lines: Json(Vec::new()), ..(*one).clone() }, sent);
        }).await;
    }

    async fn what_is_left_out_has_its_declared_default(world: World) {
        world.for_(&admin()).run(async {
            let mut one = report();
            assert_eq!((one.rate, one.kind.as_str(), one.step, one.grouping), (19.into(), "all", 1, Grouping::Day));
            one.compute(vec![100.into()]).await.unwrap();
            assert_eq!(one.total, 19.into());
        }).await;
    }

    async fn a_wizard_carries_its_state_from_step_to_step(world: World) {
        world.for_(&ann()).run(async {
            let mut one = report();
            one.next().await.unwrap();
            one.last_day = Some(day(2));
            one.next().await.unwrap();
            assert_eq!((one.step, one.last_day, one.tags.join(", ")), (3, Some(day(2)), "step 2, step 3".into()));
            one.undo();
            assert_eq!((one.step, one.last_day), (3, Some(day(2))), "what came back is where it stands");
            one.last_day = None;
            one.undo();
            assert_eq!((one.step, one.last_day), (3, Some(day(2))));
        }).await;
    }

    async fn it_is_validated_by_its_fields_before_the_method_runs(world: World) {
        world.nobody().run(async {
            let mut one = visit();
            (one.email, one.password, one.repeated) = ("nobody".into(), "short".into(), "short".into());
            let error = one.enter(String::new()).await.unwrap_err();
            assert_eq!((error.status(), one.password.as_str()), (400, "short"), "what was typed stays");
            let wrong = "must be an e-mail address such as ann@example.org";
            assert_eq!((error.field("email"), one.error(|v| v.email)), (Some(wrong), Some(wrong)));
            assert_eq!(one.error(|v| v.password), Some("must have at least 8 characters"));
            assert!(error.message().starts_with("E-mail must"), "by its label: {}", error.message());
            (one.email, one.password, one.repeated) = ("a@b.cd".into(), "long enough".into(), "long enough".into());
            one.enter(String::new()).await.unwrap();
            assert!(one.errors().is_empty(), "what is put right is forgotten");
        }).await;
        assert_eq!(visitors(&world).await, 1);
    }

    async fn its_validation_hook_runs_before_the_method(world: World) {
        world.nobody().run(async {
            let mut one = visit();
            one.repeated = "open sesamy".into();
            let error = one.enter(String::new()).await.unwrap_err();
            assert_eq!((error.status(), error.field("repeated")), (400, Some("is not the same")));
            assert_eq!(one.error(|v| v.repeated), Some("is not the same"));
        }).await;
        world.for_(&ann()).run(async {
            let mut one = report();
            (one.first_day, one.last_day) = (day(2), Some(day(1)));
            assert_eq!(one.next().await.unwrap_err().field("lastDay"), Some("must not be before the first day"));
        }).await;
        assert_eq!(visitors(&world).await, 0);
    }

    async fn messages_that_a_method_sets_arrive_at_their_fields(world: World) {
        world.nobody().run(async {
            let mut one = visit();
            one.frown().await.unwrap();
            assert_eq!(one.password, "open sesame", "what was typed stays, though it is not sent back");
            assert_eq!((one.error(|v| v.email), one.error(|v| v.score)), (Some("looks odd"), None));
            let error = one.refuse().await.unwrap_err();
            assert_eq!((error.status(), error.message()), (403, "Nobody is let in."));
            assert_eq!((error.field("email"), error.field("score")), (Some("is not on the list"), None));
            assert_eq!((one.error(|v| v.email), one.error(|v| v.score)), (Some("is not on the list"), None));
        }).await;
    }

    async fn a_method_that_fails_leaves_no_trace(world: World) {
        world.nobody().run(async {
            let mut one = visit();
            let before = (*one).clone();
            let error = one.enter_and_fail().await.unwrap_err();
            assert_eq!((error.message(), error.code()), ("The door is shut.", Some("shut")));
            assert_eq!(*one, before, "what was typed stays, and nothing else is there");
        }).await;
        assert_eq!(visitors(&world).await, 0, "it ran in one transaction");
        world.nobody().run(async { visit().enter_and_fail_for_good().await.unwrap_err() }).await;
        assert_eq!(visitors(&world).await, 1, "unless it says otherwise");
    }

    async fn what_the_client_may_not_set_is_never_taken(world: World) {
        let everything = || {
            let mut one = visit();
            (one.greeting, one.score, one.discount, one.audit) = ("forged".into(), 9, 50, Some("forged".into()));
            one
        };
        let nothing = (String::new(), 0, 0, None);
        let taken = world.nobody().run(async { everything().echo().await.unwrap() }).await;
        assert_eq!(taken, nothing);
        assert_eq!(world.for_(&ann()).run(async { everything().echo().await.unwrap() }).await, nothing);
        let taken = world.for_(&admin()).run(async { everything().echo().await.unwrap() }).await;
        assert_eq!(taken, (String::new(), 0, 50, None), "whoever may set it does");
    }

    async fn what_the_client_may_not_see_is_never_sent(world: World) {
        let filled = async || {
            let mut one = visit();
            one.fill().await.unwrap();
            (one.greeting.clone(), one.score, one.discount, one.audit.clone())
        };
        assert_eq!(world.nobody().run(filled()).await, ("hello".into(), 0, 0, None));
        assert_eq!(world.for_(&admin()).run(filled()).await, ("hello".into(), 0, 20, None));
        let auditor = Identity::new("eve", "Eve").role("auditor");
        assert_eq!(world.for_(&auditor).run(filled()).await, ("hello".into(), 0, 0, Some("seen".into())));
    }

    async fn who_may_call_is_judged_by_the_identity(world: World) {
        let refused = world.nobody().run(async { report().next().await.unwrap_err() }).await;
        assert!(refused.is_unauthenticated(), "{refused:?}");
        let refused = world.for_(&ann()).run(async { report().close().await.unwrap_err() }).await;
        assert!(refused.is_forbidden(), "{refused:?}");
        world.for_(&admin()).run(async {
            let mut one = report();
            one.close().await.unwrap();
            assert_eq!(one.kind, "open");
            assert!(one.never().await.unwrap_err().is_forbidden());
        }).await;
    }

    async fn who_may_call_is_judged_by_a_function_of_the_fields(world: World) {
        let mut one = report();
        assert!(world.nobody().run(async { one.compute(vec![]).await.unwrap_err() }).await.is_unauthenticated());
        assert!(world.for_(&ann()).run(async { one.compute(vec![]).await.unwrap_err() }).await.is_forbidden());
        one.tags.push("ann".into());
        assert_eq!(world.for_(&ann()).run(async { one.compute(vec![]).await.unwrap() }).await, 0);
        assert!(world.for_(&bob()).run(async { one.compute(vec![]).await.unwrap_err() }).await.is_forbidden());
        one.tags.clear();
        assert_eq!(world.for_(&admin()).run(async { one.compute(vec![]).await.unwrap() }).await, 0);
    }

    async fn its_methods_have_the_options_of_any_backend_method(world: World) {
        let who = Identity::new(Uuid::new_v4().to_string(), "Eve");
        world.for_(&who).run(async {
            let mut one = visit();
            one.knock().await.unwrap();
            assert_eq!(one.greeting, "Who is there?");
            one.knock().await.unwrap();
            assert_eq!(one.knock().await.unwrap_err().status(), 429);
        }).await;
    }

    async fn it_has_static_methods_too(world: World) {
        assert!(world.nobody().run(Visit::count()).await.unwrap_err().is_unauthenticated());
        assert_eq!(world.for_(&ann()).run(Visit::count()).await.unwrap(), 0);
    }

    async fn two_calls_at_the_same_time_know_nothing_of_each_other(world: World) {
        let one = async |who: Identity| {
            world.for_(&who).run(async {
                let mut one = report();
                one.tags.push(who.id.clone());
                one.compute(vec![who.id.len().into()]).await.unwrap();
                (one.total, one.tags.clone())
            }).await
        };
        let (short, long) = (Identity::new("x", "X"), Identity::new("a-longer-one", "Y"));
        let (first, second) = tokio::join!(one(short), one(long));
        assert_eq!(first, ("0.19".parse().unwrap(), vec!["x".to_owned()]));
        assert_eq!(second, ("2.28".parse().unwrap(), vec!["a-longer-one".to_owned()]));
    }
}

#[tokio::test]
async fn trusted_code_calls_a_method_at_once() {
    let world = World::new(tests::Way::Direct).await;
    world
        .backend()
        .run(async {
            let mut one = visit();
            one.score = 3;
            assert_eq!(one.enter("Dr".into()).await.unwrap(), 1);
            assert_eq!(one.score, 4, "nothing is kept from it");
            assert!(one.enter_and_fail().await.is_err());
            assert_eq!(one.greeting, "Welcome, Dr ann@example.org", "what fails leaves no trace");
        })
        .await;
    assert_eq!(visitors(&world).await, 1);
}

#[test]
fn its_fields_say_of_themselves_what_those_of_an_entity_say() {
    let meta = Visit::meta();
    assert_eq!((meta.key, meta.label), ("visit", "A visit"));
    assert_eq!(Report::meta().label, "Report", "of its name, where it says none");
    let email = Visit::FIELDS.email.meta();
    assert_eq!(
        (email.label, email.placeholder, email.help),
        ("E-mail", Some("ann@example.org"), Some("Where news go"))
    );
    assert!(email.is_required());
    assert_eq!(Visit::FIELDS.password.meta().input, Some("password"));
    assert_eq!(Report::FIELDS.first_day.meta().wire, "firstDay");
    let mut report = Record::<Report>::new();
    report.grouping = Grouping::Month;
    assert_eq!(report.display(|r| r.grouping), "Each month");
}

#[test]
fn a_password_is_not_told_to_a_log() {
    let told = format!("{:?}", visit());
    assert!(told.contains("ann@example.org") && !told.contains("sesame"), "{told}");
}
