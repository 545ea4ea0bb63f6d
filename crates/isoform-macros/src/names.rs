//! Names: how a Rust name is spelled on the wire and for people, and which known name a wrong one is nearest to.

/// `created_at` → `createdAt`.
pub fn camel_case(snake: &str) -> String {
    let mut camel = String::with_capacity(snake.len());
    for word in snake.split('_').filter(|word| !word.is_empty()) {
        if camel.is_empty() { camel.push_str(word) } else { camel.push_str(&capitalized(word)) }
    }
    camel
}

/// `created_at` → `Created at`.
pub fn sentence(snake: &str) -> String {
    let words: Vec<_> = snake.split('_').filter(|word| !word.is_empty()).collect();
    capitalized(&words.join(" "))
}

/// `project-members` → `Project Members`.
pub fn title(key: &str) -> String {
    let words: Vec<_> = key.split(['_', '-']).filter(|word| !word.is_empty()).map(capitalized).collect();
    words.join(" ")
}

/// `InProgress` → `in_progress`; `HTMLPage` → `html_page`.
pub fn snake_case(pascal: &str) -> String {
    let chars: Vec<char> = pascal.chars().collect();
    let mut snake = String::new();
    for (index, c) in chars.iter().enumerate() {
        let after = index.checked_sub(1).and_then(|before| chars.get(before));
        let before_lower = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase()
            && after
                .is_some_and(|after| after.is_lowercase() || after.is_ascii_digit() || (before_lower && *after != '_'))
        {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// "… there are `a`, `b` and `c`", and the nearest one first where one is near.
pub fn known(wrong: &str, names: &[&str]) -> String {
    let nearest = names.iter().map(|name| (distance(wrong, name), *name)).min();
    let list: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let list = list.join(", ");
    match nearest {
        Some((_, name)) if is_near(wrong, name) => format!("did you mean `{name}`? There are {list}"),
        _ => format!("there are {list}"),
    }
}

/// Is a name nearly another one?
pub fn is_near(wrong: &str, name: &str) -> bool {
    distance(wrong, name) <= 1 + name.len() / 4
}

/// How many letters must be put in, left out, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (row[j] + usize::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && b[j - 1] == *x {
                best = best.min(before[j - 1] + 1);
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
    fn a_rust_name_has_one_spelling_for_programs_and_one_for_people() {
        assert_eq!(camel_case("created_at"), "createdAt");
        assert_eq!(camel_case("type_"), "type");
        assert_eq!(camel_case("line_2"), "line2");
        assert_eq!(sentence("created_at"), "Created at");
        assert_eq!(title("project-members"), "Project Members");
        assert_eq!(snake_case("InProgress"), "in_progress");
        assert_eq!(snake_case("HTMLPage"), "html_page");
        assert_eq!(snake_case("Level2Up"), "level2_up");
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        assert!(known("lenght", &["len", "label"]).starts_with("there are"));
        assert!(known("requird", &["required", "range"]).starts_with("did you mean `required`?"));
        assert!(known("nmae", &["name", "label"]).starts_with("did you mean `name`?"));
    }
}
