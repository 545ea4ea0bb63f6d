//! Which known name a wrong one is nearest to, for messages. Only a server suggests names: pages do without the code.

/// " Did you mean "title"?" where one of the names is near a wrong one; else nothing.
///
/// The names are those that the asker may know.
///
/// ```
/// use isoform::did_you_mean;
/// assert_eq!(did_you_mean("titel", ["title", "done"]), " Did you mean \"title\"?");
/// assert_eq!(did_you_mean("unicorn", ["title", "done"]), "");
/// ```
#[must_use]
pub fn did_you_mean<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    /// Nobody has mistyped a name of this length.
    const LONGEST: usize = 60;
    if wrong.len() > LONGEST {
        return String::new();
    }
    let lower: Vec<char> = wrong.to_ascii_lowercase().chars().collect();
    // Who has asked for the wrong thing by its right name is not told that name.
    let distances = names.into_iter().filter(|name| *name != wrong).map(|name| (distance(&lower, name), name));
    match distances.filter(|(distance, name)| *distance <= 1 + name.len() / 5 && *distance < lower.len()).min() {
        Some((_, name)) => format!(" Did you mean \"{name}\"?"),
        None => String::new(),
    }
}

/// How many letters must be put in, left out, changed or swapped with their neighbour, whatever their case.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.to_ascii_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (at(&row, j) + usize::from(x != y)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let names = ["createdAt", "title", "id", "customerId"];
        for (wrong, right) in
            [("created_at", "createdAt"), ("ID", "id"), ("tilte", "title"), ("customer", "customerId")]
        {
            assert_eq!(did_you_mean(wrong, names), format!(" Did you mean \"{right}\"?"), "{wrong}");
        }
        for wrong in ["", "x", "unicorn", "__proto__", "\u{0}", &"title".repeat(20_000)] {
            assert_eq!(did_you_mean(wrong, names), "", "{wrong}");
        }
    }
}
