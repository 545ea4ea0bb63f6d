//! Aggregates: over all rows, by groups, beside a page of rows.

use std::collections::BTreeMap;
use std::future::IntoFuture as _;

use isoform::prelude::*;
use tests::entities::{Color, Sample};
use tests::entities_aggregates::{Sale, Status};
use tests::{World, admin, ann, promises};

fn sale(customer: &str, status: Status, pieces: i32) -> Sale {
    let mut sale = Sale::blank();
    (sale.customer, sale.status, sale.pieces) = (customer.into(), status, pieces);
    sale
}

fn day(day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2024, 5, day)
}

async fn store(world: &World, sales: Vec<Sale>) {
    world
        .backend()
        .run(async {
            for sale in sales {
                repo::<Sale>().insert(sale).await.unwrap();
            }
        })
        .await;
}

/// Four sales that everybody sees, one that admins see.
async fn five(world: &World) {
    let mut all = vec![
        sale("ann", Status::Sent, 1),
        sale("ann", Status::Placed, 2),
        sale("bob", Status::Placed, 4),
        sale("cy", Status::Paid, 8),
        sale("cy", Status::Cancelled, 1000),
    ];
    for (sale, at) in all.iter_mut().zip(1..) {
        sale.cents = i64::from(sale.pieces) * 100;
        sale.weight = f64::from(sale.pieces) / 4.0;
        sale.margin = 0.5;
        sale.secret = 77;
        sale.day = (at != 2).then(|| day(at).unwrap());
        sale.rebate = (at > 2).then_some(i64::from(at));
        sale.region = (at % 2 == 0).then(|| "north".to_owned());
    }
    store(world, all).await;
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T>, part: &str) {
    let error = answer.unwrap_err();
    assert!(error.is_invalid() && error.message().contains(part), "{part}: {error:?}");
}

promises! {
    async fn totals_come_with_their_types(world: World) {
        five(&world).await;
        world.for_(&ann()).run(async {
            let all = || Sale::query();
            let totals: (u64, Option<i64>, Option<i64>, Option<f64>) =
                all().aggregate(|s| (count(), s.pieces.sum(), s.cents.sum(), s.weight.sum())).await.unwrap();
            assert_eq!(totals, (4, Some(15), Some(1500), Some(3.75)));
            let means = all().aggregate(|s| (s.pieces.avg(), s.weight.avg())).await.unwrap();
            assert_eq!(means, (Some(3.75), Some(0.9375)));
            let ends = all().aggregate(|s| (s.pieces.min(), s.pieces.max(), s.customer.min(), s.customer.max())).await;
            assert_eq!(ends.unwrap(), (Some(1), Some(8), Some("ann".into()), Some("cy".into())));
            assert_eq!(all().aggregate(|s| (s.day.min(), s.day.max())).await.unwrap(), (day(1), day(4)));
            assert_eq!(all().aggregate(|s| s.customer.count_distinct()).await.unwrap(), 3);
            let one = all().filter(|s| s.customer.eq("ann") & s.pieces.gt(1)).aggregate(|s| s.cents.sum()).await;
            assert_eq!(one.unwrap(), Some(200));
            assert_eq!(all().limit(1).page(9).order_by(|s| s.day.asc()).aggregate(|_| count()).await.unwrap(), 4, "whatever the page");
            all().aggregate(|_| ()).await.unwrap();
        }).await;
    }

    async fn null_is_not_computed_with(world: World) {
        five(&world).await;
        world.for_(&ann()).run(async {
            let rebates = Sale::query().aggregate(|s| (count(), s.rebate.sum(), s.rebate.avg(), s.rebate.min(), s.rebate.count_distinct()));
            assert_eq!(rebates.await.unwrap(), (4, Some(7), Some(3.5), Some(3), 2));
            let none = Sale::query().filter(|s| s.rebate.is_null())
                .aggregate(|s| (count(), s.rebate.sum(), s.rebate.avg(), s.rebate.max(), s.rebate.count_distinct()));
            assert_eq!(none.await.unwrap(), (2, None, None, None, 0));
        }).await;
    }

    async fn of_no_rows_a_count_is_zero_and_the_rest_is_nothing(world: World) {
        world.for_(&ann()).run(async {
            let none = Sale::query().aggregate(|s| {
                (count(), s.customer.count_distinct(), s.pieces.sum(), s.weight.sum(), s.pieces.avg(), s.customer.min(), s.status.max())
            });
            assert_eq!(none.await.unwrap(), (0, 0, None, None, None, None, None));
            assert_eq!(Sale::query().group_by(|s| s.customer, |_| count()).await.unwrap(), []);
        }).await;
    }

    async fn groups_have_what_their_rows_have_in_common(world: World) {
        five(&world).await;
        world.for_(&ann()).run(async {
            let by_customer = Sale::query().group_by(|s| s.customer, |s| (count(), s.cents.sum(), s.weight.avg())).await.unwrap();
            let expected = [
                ("ann".to_owned(), (2, Some(300), Some(0.375))),
                ("bob".to_owned(), (1, Some(400), Some(1.0))),
                ("cy".to_owned(), (1, Some(800), Some(2.0))),
            ];
            assert_eq!(by_customer, expected);
            let both = Sale::query().group_by(|s| (s.status, s.customer), |s| s.pieces.max()).await.unwrap();
            let expected = [
                ((Status::Placed, "ann".to_owned()), Some(2)),
                ((Status::Placed, "bob".to_owned()), Some(4)),
                ((Status::Paid, "cy".to_owned()), Some(8)),
                ((Status::Sent, "ann".to_owned()), Some(1)),
            ];
            assert_eq!(both, expected, "enums in the order of their declaration");
            let filtered = Sale::query().filter(|s| s.pieces.gt(1)).group_by(|s| s.customer, |_| count()).await.unwrap();
            assert_eq!(filtered, [("ann".to_owned(), 1), ("bob".to_owned(), 1), ("cy".to_owned(), 1)]);
            let names = Sale::query().group_by(|s| s.customer, |_| ()).await.unwrap();
            assert_eq!(names.into_iter().map(|(name, ())| name).collect::<Vec<_>>(), ["ann", "bob", "cy"]);
            let paid = Sale::query().group_by(|s| s.paid, |_| count()).await.unwrap();
            assert_eq!(paid, [(false, 4)]);
        }).await;
    }

    async fn null_is_a_group_of_its_own_and_comes_last(world: World) {
        five(&world).await;
        world.for_(&ann()).run(async {
            let regions = Sale::query().group_by(|s| s.region, |_| count()).await.unwrap();
            assert_eq!(regions, [(Some("north".to_owned()), 2), (None, 2)]);
            let down = Sale::query().group_by(|s| s.region, |_| count()).order_by(|s| s.region.desc()).await.unwrap();
            assert_eq!(down, [(None, 2), (Some("north".to_owned()), 2)]);
            let days = Sale::query().group_by(|s| s.customer, |s| s.rebate.sum());
            let up = days.order_by(|s| s.rebate.sum().asc()).await.unwrap();
            assert_eq!(up.iter().map(|(_, sum)| *sum).collect::<Vec<_>>(), [Some(3), Some(4), None]);
            let down = Sale::query().group_by(|s| s.customer, |s| s.rebate.sum()).order_by(|s| s.rebate.sum().desc()).await.unwrap();
            assert_eq!(down.iter().map(|(_, sum)| *sum).collect::<Vec<_>>(), [None, Some(4), Some(3)]);
        }).await;
    }

    async fn groups_are_ordered_by_aggregates_and_by_their_fields(world: World) {
        five(&world).await;
        world.for_(&ann()).run(async {
            let groups = || Sale::query().group_by(|s| s.customer, |s| (count(), s.pieces.sum()));
            let names = async |query: isoform::aggregate::Groups<Sale, _, _>| {
                query.await.unwrap().into_iter().map(|(name, _): (String, (u64, Option<i64>))| name).collect::<Vec<_>>()
            };
            assert_eq!(names(groups().order_by(|s| s.pieces.sum().desc())).await, ["cy", "bob", "ann"]);
            assert_eq!(names(groups().order_by(|_| count().desc())).await, ["ann", "bob", "cy"], "then by their fields");
            assert_eq!(names(groups().order_by(|s| (count().asc(), s.customer.desc()))).await, ["cy", "bob", "ann"]);
            assert_eq!(names(groups().order_by(|s| s.weight.max().desc())).await, ["cy", "bob", "ann"], "one that is not answered");
            assert_eq!(names(groups().order_by(|s| s.day.count_distinct().desc()).order_by(|s| s.customer.desc())).await, ["cy", "bob", "ann"]);
            assert_eq!(names(groups().order_by(|s| s.status.min().desc())).await, ["cy", "ann", "bob"], "in the order of the declaration");
            let statuses = Sale::query().group_by(|s| s.status, |_| ()).order_by(|s| s.status.desc()).await.unwrap();
            let statuses: Vec<_> = statuses.into_iter().map(|(status, ())| status).collect();
            assert_eq!(statuses, [Status::Sent, Status::Paid, Status::Placed]);
        }).await;
    }

    async fn the_least_of_an_enum_was_declared_first(world: World) {
        five(&world).await;
        world.for_(&ann()).run(async {
            let ends = Sale::query().aggregate(|s| (s.status.min(), s.status.max(), s.priority.min(), s.status.count_distinct()));
            assert_eq!(ends.await.unwrap(), (Some(Status::Placed), Some(Status::Sent), None, 3));
            let each = Sale::query().group_by(|s| s.customer, |s| s.status.max()).await.unwrap();
            let each: Vec<_> = each.into_iter().map(|(_, status)| status.unwrap()).collect();
            assert_eq!(each, [Status::Sent, Status::Placed, Status::Paid]);
        }).await;
    }

    async fn pages_of_groups_neither_overlap_nor_leave_out(world: World) {
        store(&world, (0..25).map(|n| sale(&format!("c{n:02}"), Status::Paid, n % 3)).collect()).await;
        world.for_(&ann()).run(async {
            let mut seen = Vec::new();
            for page in 1..=4 {
                let groups = Sale::query().group_by(|s| s.customer, |_| count()).order_by(|s| s.pieces.sum().desc()).page(page).limit(7);
                let groups = groups.await.unwrap();
                assert_eq!(groups.len(), if page < 4 { 7 } else { 4 });
                seen.extend(groups.into_iter().map(|(name, _)| name));
            }
            let all = Sale::query().group_by(|s| s.customer, |_| ()).order_by(|s| s.pieces.sum().desc()).await.unwrap();
            assert_eq!(seen, all.into_iter().map(|(name, ())| name).collect::<Vec<_>>());
            assert_eq!(Sale::query().group_by(|s| s.customer, |_| count()).page(9).limit(7).await.unwrap(), []);
            let unlimited = Sale::query().group_by(|s| s.customer, |_| count()).page(2);
            refused(unlimited.await, "needs a limit");
            let beyond = Sale::query().group_by(|s| s.customer, |_| count()).page(u64::MAX).limit(7);
            refused(beyond.await, "beyond what a database can count");
        }).await;
    }

    async fn a_page_comes_with_totals_of_all_pages(world: World) {
        five(&world).await;
        world.for_(&ann()).run(async {
            let query = || Sale::query().filter(|s| s.pieces.gt(1)).order_by(|s| s.pieces.desc()).limit(2);
            let (page, (rows, sum, last)) = query().with_aggregates(|s| (count(), s.cents.sum(), s.status.max())).await.unwrap();
            assert_eq!(page.iter().map(|sale| sale.pieces).collect::<Vec<_>>(), [8, 4]);
            assert_eq!((rows, sum, last), (3, Some(1400), Some(Status::Paid)));
            let (page, rows) = query().page(2).with_aggregates(|_| count()).await.unwrap();
            assert_eq!((page.iter().map(|sale| sale.pieces).collect::<Vec<_>>(), rows), (vec![2], 3));
            assert_eq!(page, query().page(2).await.unwrap());
            let (none, totals) = query().filter(|s| s.pieces.gt(99)).with_aggregates(|s| (count(), s.pieces.max())).await.unwrap();
            assert_eq!((none.len(), totals), (0, (0, None)));
        }).await;
    }

    async fn only_rows_that_one_may_see_are_computed_with(world: World) {
        five(&world).await;
        let asked = || Sale::query().group_by(|s| s.customer, |s| (count(), s.pieces.sum())).into_future();
        let seen = world.for_(&ann()).run(asked()).await.unwrap();
        assert_eq!(seen[2], ("cy".to_owned(), (1, Some(8))));
        let seen = world.for_(&admin()).run(asked()).await.unwrap();
        assert_eq!(seen[2], ("cy".to_owned(), (2, Some(1008))));
        let statuses = Sale::query().aggregate(|s| (s.status.max(), s.status.count_distinct()));
        assert_eq!(world.for_(&ann()).run(statuses).await.unwrap(), (Some(Status::Sent), 3));
        let (rows, total) = world.for_(&ann()).run(Sale::query().with_aggregates(|s| s.pieces.sum())).await.unwrap();
        assert_eq!((rows.len(), total), (4, Some(15)));
    }

    async fn who_may_see_no_rows_may_compute_nothing_of_them(world: World) {
        five(&world).await;
        world.nobody().run(async {
            assert!(Sale::query().aggregate(|_| count()).await.unwrap_err().is_unauthenticated());
            assert!(Sale::query().group_by(|s| s.customer, |_| ()).await.unwrap_err().is_unauthenticated());
            assert!(Sale::query().with_aggregates(|_| count()).await.unwrap_err().is_unauthenticated());
        }).await;
    }

    async fn a_hidden_field_is_an_unknown_one_wherever_it_is_named(world: World) {
        five(&world).await;
        let unknown = "\"secret\" is not a field of sales";
        world.for_(&ann()).run(async {
            refused(Sale::query().aggregate(|s| s.secret.sum()).await, unknown);
            refused(Sale::query().aggregate(|s| (count(), s.secret.min(), s.secret.max())).await, unknown);
            refused(Sale::query().aggregate(|s| s.secret.count_distinct()).await, unknown);
            refused(Sale::query().group_by(|s| s.secret, |_| count()).await, unknown);
            refused(Sale::query().group_by(|s| (s.customer, s.secret), |_| count()).await, unknown);
            refused(Sale::query().group_by(|s| s.customer, |_| count()).order_by(|s| s.secret.sum().asc()).await, unknown);
            refused(Sale::query().group_by(|s| s.customer, |_| count()).order_by(|s| s.secret.asc()).await, unknown);
            refused(Sale::query().filter(|s| s.secret.gt(1)).aggregate(|_| count()).await, unknown);
            refused(Sale::query().with_aggregates(|s| s.secret.avg()).await, unknown);
            refused(Sale::query().aggregate(|s| s.margin.avg()).await, "\"margin\" is not a field of sales");
        }).await;
        let margin = Sale::query().aggregate(|s| (s.margin.avg(), count()));
        assert_eq!(world.for_(&admin()).run(margin).await.unwrap(), (Some(0.5), 5));
        let secret = Sale::query().group_by(|s| s.secret, |_| count());
        assert_eq!(world.backend().run(secret.into_future()).await.unwrap(), [(77, 5)], "the server's own code sees everything");
    }

    async fn what_makes_no_sense_is_refused(world: World) {
        five(&world).await;
        for context in [world.for_(&ann()), world.backend()] {
            context.run(async {
                refused(
                    Sale::query().group_by(|s| s.customer, |s| s.customer.max()).await,
                    "Groups are made by \"customer\": it cannot be aggregated as well",
                );
                refused(
                    Sale::query().group_by(|s| s.customer, |_| count()).order_by(|s| s.pieces.asc()).await,
                    "ordered by \"pieces\", but are not made by it",
                );
                refused(Sale::query().group_by(|s| (s.paid, s.paid), |_| count()).await, "name \"paid\" twice");
            }).await;
        }
    }

    async fn a_sum_that_is_too_large_is_an_error_and_never_a_wrong_number(world: World) {
        let mut large = [sale("ann", Status::Paid, 1), sale("ann", Status::Paid, 2), sale("bob", Status::Paid, i32::MAX)];
        (large[0].cents, large[1].cents) = (i64::MAX - 1, 1);
        large[2].cents = i64::MIN;
        store(&world, large.to_vec()).await;
        world.for_(&ann()).run(async {
            let sum = Sale::query().filter(|s| s.customer.eq("ann")).aggregate(|s| s.cents.sum()).await.unwrap();
            assert_eq!(sum, Some(i64::MAX), "to the last digit");
            let least = Sale::query().group_by(|s| s.customer, |s| (s.cents.min(), s.cents.sum())).await.unwrap();
            assert_eq!(least[1].1, (Some(i64::MIN), Some(i64::MIN)));
        }).await;
        let mut more = vec![sale("ann", Status::Paid, i32::MAX); 2];
        more.iter_mut().for_each(|sale| (sale.cents, sale.weight) = (1, f64::MAX));
        store(&world, more).await;
        world.for_(&ann()).run(async {
            let error = Sale::query().filter(|s| s.customer.eq("ann")).aggregate(|s| (s.cents.sum(), s.pieces.sum())).await.unwrap_err();
            assert!(error.is_invalid() && error.message().starts_with("The sum of \"cents\" or \"pieces\" is larger"), "{error:?}");
            assert_eq!(error.code(), Some("overflow"));
            let ordered = Sale::query().group_by(|s| s.customer, |_| count()).order_by(|s| s.cents.sum().asc()).await;
            refused(ordered, "The sum of \"cents\" is larger");
            refused(Sale::query().aggregate(|s| s.weight.sum()).await, "The sum of \"weight\" is larger");
            let pieces = Sale::query().aggregate(|s| s.pieces.sum()).await.unwrap();
            assert_eq!(pieces, Some(i64::from(i32::MAX) * 3 + 3), "the sum of i32 is an i64");
            assert_eq!(Sale::query().aggregate(|_| count()).await.unwrap(), 5, "the database goes on");
        }).await;
    }

    async fn values_of_every_type_are_compared(world: World) {
        world.nobody().run(async {
            let at = |text| isoform::json::parse_date_time(text).unwrap();
            let (early, late) = (at("2024-02-29T12:34:56.000001Z"), at("2024-02-29T12:34:56.5Z"));
            for (number, time) in [(3, late), (1, early), (2, early)] {
                let mut new = Record::<Sample>::new();
                (new.number, new.at, new.at_or) = (number, time, Some(time));
                new.key = Uuid::from_u128(number.try_into().unwrap());
                new.flag = number > 2;
                new.ratio = f64::from(number) / 8.0;
                new.text = format!("Ü{number}");
                new.color = if number == 1 { Color::DarkBlue } else { Color::Red };
                new.renamed = format!("r{}", number % 2);
                repo::<Sample>().insert(new).await.unwrap();
            }
            let q = Sample::query;
            assert_eq!(q().aggregate(|s| (s.at.min(), s.at_or.max(), s.at.count_distinct())).await.unwrap(), (Some(early), Some(late), 2));
            let keys = q().aggregate(|s| (s.key.min(), s.key.max(), s.key_or.min(), s.id.count_distinct())).await.unwrap();
            assert_eq!(keys, (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(3)), None, 3));
            assert_eq!(q().aggregate(|s| (s.flag.min(), s.flag.max(), s.flag_or.max())).await.unwrap(), (Some(false), Some(true), None));
            assert_eq!(q().aggregate(|s| (s.ratio.min(), s.ratio.max())).await.unwrap(), (Some(0.125), Some(0.375)));
            assert_eq!(q().aggregate(|s| (s.text.max(), s.color.max())).await.unwrap(), (Some("Ü3".into()), Some(Color::DarkBlue)));
            assert_eq!(q().aggregate(|s| s.renamed.count_distinct()).await.unwrap(), 2);
            assert_eq!(q().group_by(|s| s.at, |_| count()).await.unwrap(), [(early, 2), (late, 1)]);
            let by_key = q().group_by(|s| (s.key, s.ratio, s.day, s.renamed), |_| ()).limit(1).await.unwrap();
            assert_eq!(by_key[0].0, (Uuid::from_u128(1), 0.125, NaiveDate::default(), "r1".to_owned()));
            let colors = q().group_by(|s| s.color, |s| s.number.sum()).await.unwrap();
            assert_eq!(colors, [(Color::Red, Some(5)), (Color::DarkBlue, Some(1))]);
        }).await;
    }

    async fn groups_beyond_the_cap_are_refused_and_never_cut(world: World) {
        store(&world, (0..1000).map(|n| sale(&n.to_string(), Status::Paid, n)).collect()).await;
        let groups = || Sale::query().group_by(|s| s.customer, |_| count());
        world.for_(&ann()).run(async {
            assert_eq!(groups().await.unwrap().len(), 1000);
            assert_eq!(groups().limit(1000).await.unwrap().len(), 1000);
            refused(groups().limit(1001).await, "1000");
        }).await;
        store(&world, vec![sale("one more", Status::Paid, 0)]).await;
        world.for_(&ann()).run(async {
            refused(groups().await, "more than 1000 groups");
            assert_eq!(groups().limit(1000).page(2).await.unwrap().len(), 1);
            assert_eq!(Sale::query().aggregate(|_| count()).await.unwrap(), 1001, "a total has no cap");
        }).await;
        assert_eq!(world.backend().run(groups().all()).await.unwrap().len(), 1001);
    }

    async fn no_more_is_asked_than_is_allowed(world: World) {
        five(&world).await;
        let sorted = |times: usize| {
            let groups = Sale::query().group_by(|s| s.customer, |_| ());
            (0..times).fold(groups, |groups, _| groups.order_by(|_| count().asc()))
        };
        let eight = || Sale::query().group_by(|s| (s.customer, s.status, s.pieces, s.cents, s.weight, s.paid, s.rebate, s.region), |_| ());
        let nine = || Sale::query().group_by(|s| ((s.customer, s.status, s.pieces), s.cents, s.weight, s.paid, s.rebate, s.region, s.day), |_| ());
        world.for_(&ann()).run(async {
            assert_eq!(sorted(8).await.unwrap().len(), 3);
            refused(sorted(9).await, "8");
            assert_eq!(eight().await.unwrap().len(), 4);
            refused(nine().await, "made by 9 fields; 8 are allowed");
            let many = |count: i32| Sale::query().filter(|s| s.pieces.in_(0..count)).aggregate(|s| s.pieces.sum());
            assert!(many(1000).await.is_ok());
            refused(many(1001).await, "1000 are allowed");
        }).await;
        world.backend().run(async {
            assert_eq!(sorted(9).await.unwrap().len(), 3, "the server's own code asks as much as it likes");
            assert_eq!(nine().await.unwrap().len(), 5);
        }).await;
    }

    async fn the_database_computes_what_memory_computes(world: World) {
        let mut state = 42_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let statuses = [Status::Placed, Status::Paid, Status::Sent];
        let sales: Vec<_> = (0..150)
            .map(|_| {
                let status = statuses[usize::try_from(random(3)).unwrap()];
                let mut one = sale(["ann", "bob", "Cy", "Ünal"][usize::try_from(random(4)).unwrap()], status, 0);
                one.pieces = i32::try_from(random(2000)).unwrap() - 1000;
                one.cents = i64::try_from(random(1 << 40)).unwrap() - (1 << 39);
                one.rebate = (random(3) > 0).then_some(i64::try_from(random(5)).unwrap());
                one.weight = f64::from(i32::try_from(random(64)).unwrap()) / 8.0;
                one.region = (random(2) > 0).then(|| ["n", "s"][usize::try_from(random(2)).unwrap()].to_owned());
                one
            })
            .collect();
        store(&world, sales.clone()).await;
        let filter = Sale::filter(|s| s.pieces.gt(-500) & !s.region.eq("s"));
        let mut groups: BTreeMap<(Status, bool, Option<String>), Vec<&Sale>> = BTreeMap::new();
        for sale in sales.iter().filter(|sale| filter.condition().matches(&|field| sale.get(field))) {
            groups.entry((sale.status, sale.region.is_none(), sale.region.clone())).or_default().push(sale);
        }
        let expected: Vec<_> = groups
            .into_iter()
            .map(|((status, _, region), rows)| {
                let rebates: Vec<_> = rows.iter().filter_map(|sale| sale.rebate).collect();
                let distinct: std::collections::BTreeSet<_> = rebates.iter().collect();
                let sum = (!rebates.is_empty()).then(|| rebates.iter().sum::<i64>());
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let mean = sum.map(|sum| sum as f64 / rebates.len() as f64);
                let answer = (
                    rows.len() as u64,
                    Some(rows.iter().map(|sale| sale.cents).sum::<i64>()),
                    Some(rows.iter().map(|sale| sale.weight).sum::<f64>()),
                    (sum, mean, distinct.len() as u64),
                    rows.iter().map(|sale| sale.customer.clone()).max(),
                    rows.iter().map(|sale| sale.pieces).min(),
                );
                ((status, region), answer)
            })
            .collect();
        assert!(expected.len() >= 3, "{expected:?}");
        let asked = Sale::query().matching(filter).group_by(
            |s| (s.status, s.region),
            |s| {
                let rebates = (s.rebate.sum(), s.rebate.avg(), s.rebate.count_distinct());
                (count(), s.cents.sum(), s.weight.sum(), rebates, s.customer.max(), s.pieces.min())
            },
        );
        assert_eq!(world.for_(&ann()).run(asked.into_future()).await.unwrap(), expected);
    }
}
