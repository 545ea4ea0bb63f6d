//! Twenty thousand rows, the same each time but for the days, which go back from today.

use chrono::Days;
use shared::prelude::*;

const PROJECTS: [(&str, &str); 24] = [
    ("Annual accounts", "Filed before the end of March."),
    ("Autumn catalogue", "Eighty pages, at the printer's in August."),
    ("Barcode scanners", "Nobody types a number twice."),
    ("Better packaging", "Half the plastic."),
    ("Cloud backup", "Yesterday's data back within an hour."),
    ("Customer survey", "Two hundred answers."),
    ("Delivery routes", "A tenth less fuel."),
    ("Fire safety", "The inspection passed at once."),
    ("Furniture fair", "A stand that people stop at."),
    ("Garden range", "Twelve new products by spring."),
    ("Help pages", "Fewer calls on Mondays."),
    ("Invoice reminders", "Nothing overdue for more than a month."),
    ("Loading bay", "Two lorries at a time."),
    ("New website", "Fast on any telephone."),
    ("Office move", "Everybody at their desk on Monday."),
    ("Open day", "The neighbours know what we make."),
    ("Photo studio", "Every product from four sides."),
    ("Price list", "One list for everybody."),
    ("Repair workshop", "Mended within a week."),
    ("Returns", "Money back in three days."),
    ("Solar roof", "A third of our power."),
    ("Staff handbook", "Short enough to be read."),
    ("Stocktaking", "Done in a weekend."),
    ("Trainees", "Three of them, from September."),
];

/// Over since a while: every sixth.
const ARCHIVED: usize = 6;

const TAGS: [(&str, TagColor); 10] = [
    ("accounts", TagColor::Grey),
    ("by telephone", TagColor::Grey),
    ("customers", TagColor::Blue),
    ("idea", TagColor::Blue),
    ("legal", TagColor::Amber),
    ("quick", TagColor::Green),
    ("safety", TagColor::Amber),
    ("suppliers", TagColor::Grey),
    ("waiting", TagColor::Amber),
    ("warehouse", TagColor::Grey),
];

const VERBS: [&str; 12] = [
    "Write down",
    "Check",
    "Send out",
    "Plan",
    "Tidy up",
    "Order",
    "Ask about",
    "Repair",
    "Compare",
    "Agree on",
    "Print",
    "Test",
];

const THINGS: [&str; 14] = [
    "the contract",
    "the invoice",
    "the shelves",
    "the train tickets",
    "the letter",
    "the delivery note",
    "the report",
    "the opening hours",
    "the old server",
    "the samples",
    "the offer",
    "the floor plan",
    "the photographs",
    "the price tags",
];

const REMARKS: [&str; 8] = [
    "I have asked, and they call back tomorrow.",
    "Half of it is done.",
    "Is this still needed?",
    "The numbers are in the shared folder.",
    "Thank you!",
    "Let us talk about it on Thursday.",
    "This waits for the supplier.",
    "Done, please have a look.",
];

const FIRST: [&str; 25] = [
    "Alder", "Amber", "Beacon", "Birch", "Bright", "Castle", "Cedar", "Clover", "Copper", "Eagle", "Ember", "Falcon",
    "Fern", "Garnet", "Harbour", "Hazel", "Island", "Juniper", "Maple", "Meadow", "North", "Oak", "River", "Silver",
    "Willow",
];

const SECOND: [&str; 20] = [
    "Bakery",
    "Books",
    "Brewery",
    "Café",
    "Clinic",
    "Cycles",
    "Dairy",
    "Design",
    "Farm",
    "Flowers",
    "Foods",
    "Hotel",
    "Interiors",
    "Joinery",
    "Legal",
    "Museum",
    "Nursery",
    "School",
    "Studio",
    "Theatre",
];

const CITIES: [&str; 12] = [
    "Aberdeen",
    "Bath",
    "Cambridge",
    "Derby",
    "Exeter",
    "Glasgow",
    "Hull",
    "Leeds",
    "Norwich",
    "Oxford",
    "Swansea",
    "York",
];

/// Materials, and how much dearer they make a thing, in percent.
const MATERIALS: [(&str, i64); 8] = [
    ("Ash", 100),
    ("Beech", 95),
    ("Bamboo", 80),
    ("Cherry", 150),
    ("Maple", 120),
    ("Oak", 140),
    ("Pine", 60),
    ("Walnut", 190),
];

/// Things, and what they cost in cents.
const GOODS: [(&str, i64); 15] = [
    ("armchair", 34_900),
    ("bench", 18_900),
    ("bookcase", 27_500),
    ("chair", 12_900),
    ("chest", 22_000),
    ("coat stand", 7_900),
    ("desk", 39_500),
    ("footstool", 5_900),
    ("lamp", 8_450),
    ("mirror", 9_990),
    ("serving tray", 2_450),
    ("shelf", 4_990),
    ("side table", 11_500),
    ("table", 59_000),
    ("wardrobe", 84_900),
];

const TASKS: usize = 3_000;
const TASK_TAGS: usize = 2_400;
const COMMENTS: usize = 1_500;
const ORDERS: usize = 3_000;
/// What is missing to twenty thousand.
const ITEMS: usize =
    20_000 - (PROJECTS.len() + TAGS.len() + TASKS + TASK_TAGS + COMMENTS + CUSTOMERS + PRODUCTS + ORDERS);
const CUSTOMERS: usize = FIRST.len() * SECOND.len();
const PRODUCTS: usize = MATERIALS.len() * GOODS.len();

/// The number of the first order.
const FIRST_NUMBER: i64 = 1_001;

/// How many days the orders go back.
const DAYS: usize = 700;

/// So many days ago; days to come are negative.
pub(super) fn date(days_ago: i64) -> NaiveDate {
    let today = Utc::now().date_naive();
    let days = Days::new(days_ago.unsigned_abs());
    if days_ago < 0 { today + days } else { today - days }
}

/// An order with its items.
pub(super) fn order_with<'a>(
    number: i64,
    customer_id: Uuid,
    day: NaiveDate,
    status: OrderStatus,
    chosen: impl IntoIterator<Item = (&'a Product, i32)>,
) -> (Order, Vec<OrderItem>) {
    let id = Uuid::new_v4();
    let item = |(product, quantity): (&Product, i32)| OrderItem {
        order_id: id,
        product_id: product.id,
        quantity,
        price: product.price,
        ..OrderItem::blank()
    };
    let items: Vec<_> = chosen.into_iter().map(item).collect();
    let total = items.iter().map(|item| item.price * Decimal::from(item.quantity)).sum();
    (Order { id, number, customer_id: Some(customer_id), day, status, total, ..Order::blank() }, items)
}

/// Numbers that look like chance, the same each time (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below another one, which is not 0.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 32).unwrap_or_default() % n
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Are they there already?
pub(super) async fn is_there() -> Result<bool> {
    Ok(Order::query().filter(|o| o.number.eq(FIRST_NUMBER)).count().await? > 0)
}

/// Inserts them; answers how many of what.
pub(super) async fn insert() -> Result<Vec<(&'static str, u64)>> {
    let mut chance = Chance(2026);
    let mut made = office(&mut chance).await?;
    made.extend(shop(&mut chance).await?);
    Ok(made)
}

/// Projects, tags, tasks and comments.
async fn office(chance: &mut Chance) -> Result<Vec<(&'static str, u64)>> {
    let project = |(number, (name, goal)): (usize, (&str, &str))| Project {
        name: name.into(),
        goal: goal.into(),
        archived: number % ARCHIVED == ARCHIVED - 1,
        ..Project::blank()
    };
    let projects = repo::<Project>().insert_many(PROJECTS.into_iter().enumerate().map(project)).await?;
    let tags =
        repo::<Tag>().insert_many(TAGS.map(|(name, color)| Tag { name: name.into(), color, ..Tag::blank() })).await?;
    let task = |number: usize| {
        let (verb, thing, customer) = (chance.of(&VERBS), chance.of(&THINGS), customer_name(chance.below(CUSTOMERS)));
        let days = i64::try_from(chance.below(75)).unwrap_or_default();
        Task {
            title: format!("{verb} {thing} for {customer}"),
            owner: if number.is_multiple_of(5) { "admin" } else { "member" }.into(),
            priority: *chance.of(&[Priority::Normal, Priority::Normal, Priority::High, Priority::Low]),
            due_date: (chance.below(4) > 0).then(|| date(15 - days)),
            completed: chance.below(5) < 3,
            project_id: (chance.below(8) > 0).then(|| chance.of(&projects).id),
            ..Task::blank()
        }
    };
    let tasks = repo::<Task>().insert_many((0..TASKS).map(task).collect::<Vec<_>>()).await?;
    // Half of the tasks have a tag, some two, and never the same twice.
    let between = |number: usize| {
        let (task, round) = (&tasks[number * 7 % (TASKS / 2) * 2], number / (TASKS / 2));
        let first = number * 7 % (TASKS / 2) * 13 / 8;
        TaskTag { task_id: task.id, tag_id: tags[(first + round) % tags.len()].id, ..TaskTag::blank() }
    };
    let task_tags = repo::<TaskTag>().insert_many((0..TASK_TAGS).map(between)).select_none().await?;
    let comment = |_| Comment {
        task_id: chance.of(&tasks).id,
        author: chance.of(&["admin", "member"]).to_string(),
        text: chance.of(&REMARKS).to_string(),
        ..Comment::blank()
    };
    let comments = repo::<Comment>().insert_many((0..COMMENTS).map(comment).collect::<Vec<_>>()).select_none().await?;
    Ok(vec![
        ("projects", projects.len() as u64),
        ("tags", tags.len() as u64),
        ("tasks", tasks.len() as u64),
        ("tags of tasks", task_tags),
        ("comments", comments),
    ])
}

fn customer_name(number: usize) -> String {
    format!("{} {}", FIRST[number % FIRST.len()], SECOND[number / FIRST.len() % SECOND.len()])
}

/// Customers, products, orders and their items.
async fn shop(chance: &mut Chance) -> Result<Vec<(&'static str, u64)>> {
    let customer = |number: usize| {
        let name = customer_name(number);
        let address = name.to_lowercase().replace(' ', ".").replace('é', "e");
        Customer {
            email: (!number.is_multiple_of(7)).then(|| format!("{address}@example.com")),
            name,
            city: CITIES[number % CITIES.len()].into(),
            ..Customer::blank()
        }
    };
    let customers = repo::<Customer>().insert_many((0..CUSTOMERS).map(customer)).await?;
    let product = |number: usize| {
        let ((material, percent), (thing, cents)) = (MATERIALS[number / GOODS.len()], GOODS[number % GOODS.len()]);
        let price = Decimal::new(cents * percent / 100 / 10 * 10, 2);
        Product { name: format!("{material} {thing}"), price, ..Product::blank() }
    };
    let products = repo::<Product>().insert_many((0..PRODUCTS).map(product)).await?;
    let (mut orders, mut items) = (Vec::with_capacity(ORDERS), Vec::with_capacity(ITEMS));
    for (number, place) in (FIRST_NUMBER..).zip(0..ORDERS) {
        // Business grows: there are more orders in a month the later it is.
        let left = (ORDERS - place) * 1_000 / ORDERS;
        let days_ago = DAYS * left * (1_000 + left) / 2_000_000;
        let status = match (chance.below(20), days_ago) {
            (0, _) => OrderStatus::Cancelled,
            (1..13, ..20) => OrderStatus::Open,
            (_, ..45) => OrderStatus::Shipped,
            _ => OrderStatus::Paid,
        };
        // Fifteen for five orders, and what is missing spread over the first of them.
        let several = [1, 3, 5, 2, 4][place % 5] + usize::from(place < ITEMS - 3 * ORDERS);
        let first = chance.below(PRODUCTS);
        let chosen: Vec<_> = (0..several)
            .map(|step| (&*products[(first + 7 * step) % PRODUCTS], [1, 1, 2, 4, 6][chance.below(5)]))
            .collect();
        let day = date(i64::try_from(days_ago).unwrap_or_default());
        let (order, of_it) = order_with(number, chance.of(&customers).id, day, status, chosen);
        orders.push(order);
        items.extend(of_it);
    }
    let orders = repo::<Order>().insert_many(orders).select_none().await?;
    let items = repo::<OrderItem>().insert_many(items).select_none().await?;
    Ok(vec![
        ("customers", customers.len() as u64),
        ("products", products.len() as u64),
        ("orders", orders),
        ("items of orders", items),
    ])
}
