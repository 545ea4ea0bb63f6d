//! Patterns that mean the same on the server and in the browser.
//!
//! The server asks Rust's `regex`, the browser its own `RegExp` with the flag `u`, which costs no wasm. What one of them
//! lacks, or understands differently, is refused with what to write instead. The checks name what is right, not what is
//! wrong: what is not known to mean the same in both is refused.

use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassBracketed, ClassPerlKind, ClassSet, ClassSetItem, ClassUnicode, ClassUnicodeKind,
    GroupKind, HexLiteralKind, Literal, LiteralKind, RepetitionKind, RepetitionRange, Span, SpecialLiteralKind,
};

/// The general categories that both spell so.
const CATEGORIES: &[&str] = &[
    "L",
    "Lu",
    "Ll",
    "Lt",
    "Lm",
    "Lo",
    "M",
    "Mn",
    "Mc",
    "Me",
    "N",
    "Nd",
    "Nl",
    "No",
    "P",
    "Pc",
    "Pd",
    "Ps",
    "Pe",
    "Pi",
    "Pf",
    "Po",
    "S",
    "Sm",
    "Sc",
    "Sk",
    "So",
    "Z",
    "Zs",
    "Zl",
    "Zp",
    "Letter",
    "Uppercase_Letter",
    "Lowercase_Letter",
    "Titlecase_Letter",
    "Modifier_Letter",
    "Other_Letter",
    "Mark",
    "Number",
    "Decimal_Number",
    "Letter_Number",
    "Other_Number",
    "Punctuation",
    "Symbol",
    "Math_Symbol",
    "Currency_Symbol",
    "Separator",
    "Space_Separator",
    "Alphabetic",
    "Lowercase",
    "Uppercase",
    "White_Space",
];

/// The scripts that both spell so, of those that forms ask for.
const SCRIPTS: &[&str] = &[
    "Arabic",
    "Armenian",
    "Bengali",
    "Cyrillic",
    "Devanagari",
    "Ethiopic",
    "Georgian",
    "Greek",
    "Gujarati",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hebrew",
    "Hiragana",
    "Kannada",
    "Katakana",
    "Khmer",
    "Lao",
    "Latin",
    "Malayalam",
    "Mongolian",
    "Myanmar",
    "Sinhala",
    "Tamil",
    "Telugu",
    "Thai",
    "Tibetan",
];

/// What JavaScript takes behind a backslash as the character itself.
const SYNTAX: &str = "^$\\.*+?()[]{}|/";

/// About as large as `regex` compiles with its default limit.
const MAX_SIZE: u64 = 50_000;

/// Checks a pattern.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn check(pattern: &str) -> Result<(), String> {
    if pattern.is_empty() {
        return Err("the pattern is empty: write what the whole text looks like, such as \"[a-z]+\"".into());
    }
    if pattern.contains('\0') {
        return Err("a pattern contains no NUL: a text never does".into());
    }
    let ast = ast::parse::Parser::new().parse(pattern).map_err(|error| {
        let kind = error.kind().to_string();
        match error.kind() {
            ast::ErrorKind::UnsupportedLookAround => format!("{kind}: Rust has none; use `validate = a_function`"),
            ast::ErrorKind::UnsupportedBackreference => format!("{kind}: Rust has none; use `validate = a_function`"),
            _ => format!("the pattern cannot be read: {kind}{}", near(pattern, error.span())),
        }
    })?;
    Checker { pattern }.ast(&ast)?;
    regex_syntax::Parser::new().parse(pattern).map_err(|error| match error {
        regex_syntax::Error::Translate(error) => {
            format!("the pattern cannot be read: {}{}", error.kind(), near(pattern, error.span()))
        }
        other => format!("the pattern cannot be read: {other}"),
    })?;
    if size(&ast) > MAX_SIZE {
        return Err("the pattern is too large: its repetitions multiply; use `len` for lengths".into());
    }
    Ok(())
}

fn near(pattern: &str, span: &Span) -> String {
    match pattern.get(span.start.offset..span.end.offset).filter(|part| !part.is_empty()) {
        Some(part) => format!(", at `{part}`"),
        None => String::new(),
    }
}

struct Checker<'a> {
    pattern: &'a str,
}

type Checked = Result<(), String>;

impl Checker<'_> {
    fn source(&self, span: &Span) -> &str {
        self.pattern.get(span.start.offset..span.end.offset).unwrap_or_default()
    }

    fn refuse(&self, span: &Span, why: &str) -> Checked {
        Err(format!("`{}`: {why}", self.source(span)))
    }

    fn ast(&self, ast: &Ast) -> Checked {
        match ast {
            Ast::Empty(_) => Ok(()),
            Ast::Flags(flags) => {
                self.refuse(&flags.span, "JavaScript has no flags inside a pattern: write both cases, as in [Aa]")
            }
            Ast::Literal(literal) => self.literal(literal, false),
            Ast::Dot(span) => self
                .refuse(span, "stands for other characters in JavaScript than in Rust: write [^\\n], or \\. for a dot"),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::StartLine | AssertionKind::EndLine => Ok(()),
                AssertionKind::StartText | AssertionKind::EndText => self.refuse(
                    &assertion.span,
                    "JavaScript has it not, and the whole text is matched anyway: leave it out",
                ),
                _ => self.refuse(
                    &assertion.span,
                    "words have other letters in Rust (Unicode) than in JavaScript (ASCII): say what may stand there",
                ),
            },
            Ast::ClassUnicode(class) => self.unicode(class),
            Ast::ClassPerl(class) => self.perl(&class.span, &class.kind, class.negated),
            Ast::ClassBracketed(class) => self.bracketed(class),
            Ast::Repetition(repetition) => {
                if matches!(*repetition.ast, Ast::Assertion(_) | Ast::Repetition(_) | Ast::Empty(_)) {
                    return self.refuse(&repetition.span, "JavaScript cannot repeat this: put it into a group (?:…)");
                }
                if self.source(&repetition.op.span).contains(char::is_whitespace) {
                    return self.refuse(&repetition.op.span, "JavaScript allows no blanks here");
                }
                self.ast(&repetition.ast)
            }
            Ast::Group(group) => {
                match &group.kind {
                    GroupKind::CaptureIndex(_) => {}
                    GroupKind::CaptureName { starts_with_p: true, name } => {
                        return self.refuse(&name.span, "JavaScript has no (?P<…>: write (?<…>");
                    }
                    GroupKind::CaptureName { name, .. } => {
                        if !name.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                            return self
                                .refuse(&name.span, "the name of a group is made of ASCII letters, digits and `_`");
                        }
                    }
                    GroupKind::NonCapturing(flags) => {
                        if !flags.items.is_empty() {
                            return self.refuse(
                                &group.span,
                                "JavaScript has no flags inside a pattern: write both cases, as in [Aa]",
                            );
                        }
                    }
                }
                self.ast(&group.ast)
            }
            Ast::Alternation(list) => list.asts.iter().try_for_each(|one| self.ast(one)),
            Ast::Concat(list) => list.asts.iter().try_for_each(|one| self.ast(one)),
        }
    }

    fn literal(&self, literal: &Literal, in_class: bool) -> Checked {
        match &literal.kind {
            LiteralKind::Verbatim => {
                let escape = if in_class { "[]\\" } else { "{}]" };
                if escape.contains(literal.c) {
                    return self.refuse(
                        &literal.span,
                        &format!("JavaScript wants a backslash before it: write \\{}", literal.c),
                    );
                }
                Ok(())
            }
            LiteralKind::Meta | LiteralKind::Superfluous => {
                if SYNTAX.contains(literal.c) || (in_class && literal.c == '-') {
                    return Ok(());
                }
                self.refuse(&literal.span, &format!("JavaScript allows no backslash before it: write {}", literal.c))
            }
            LiteralKind::Octal => self.refuse(&literal.span, "write \\u{…} with the number in hexadecimal"),
            LiteralKind::HexFixed(HexLiteralKind::X | HexLiteralKind::UnicodeShort)
            | LiteralKind::HexBrace(HexLiteralKind::UnicodeShort) => Ok(()),
            LiteralKind::HexFixed(HexLiteralKind::UnicodeLong) | LiteralKind::HexBrace(_) => {
                self.refuse(&literal.span, &format!("JavaScript has it not: write \\u{{{:X}}}", u32::from(literal.c)))
            }
            LiteralKind::Special(kind) => match kind {
                SpecialLiteralKind::FormFeed
                | SpecialLiteralKind::Tab
                | SpecialLiteralKind::LineFeed
                | SpecialLiteralKind::CarriageReturn
                | SpecialLiteralKind::VerticalTab => Ok(()),
                SpecialLiteralKind::Bell | SpecialLiteralKind::Space => self
                    .refuse(&literal.span, &format!("JavaScript has it not: write \\u{{{:X}}}", u32::from(literal.c))),
            },
        }
    }

    fn perl(&self, span: &Span, kind: &ClassPerlKind, negated: bool) -> Checked {
        let instead = match (kind, negated) {
            (ClassPerlKind::Digit, false) => "write [0-9]",
            (ClassPerlKind::Digit, true) => "write [^0-9]",
            (ClassPerlKind::Space, false) => "write [ \\t\\n]",
            (ClassPerlKind::Space, true) => "write [^ \\t\\n]",
            (ClassPerlKind::Word, false) => "write [A-Za-z0-9_]",
            (ClassPerlKind::Word, true) => "write [^A-Za-z0-9_]",
        };
        self.refuse(span, &format!("stands for other characters in Rust than in JavaScript: {instead}"))
    }

    fn unicode(&self, class: &ClassUnicode) -> Checked {
        match &class.kind {
            ClassUnicodeKind::OneLetter(letter) => {
                let p = if class.negated { 'P' } else { 'p' };
                self.refuse(&class.span, &format!("JavaScript wants braces: write \\{p}{{{letter}}}"))
            }
            ClassUnicodeKind::Named(name) if CATEGORIES.contains(&name.as_str()) && !name.starts_with('^') => {
                self.braces(class)
            }
            ClassUnicodeKind::NamedValue { op: ast::ClassUnicodeOpKind::Equal, name, value } => {
                let known = match name.as_str() {
                    "Script" | "sc" | "Script_Extensions" | "scx" => SCRIPTS.contains(&value.as_str()),
                    "General_Category" | "gc" => {
                        CATEGORIES.iter().position(|one| one == value).is_some_and(|at| at < CATEGORIES.len() - 4)
                    }
                    _ => false,
                };
                if known {
                    return self.braces(class);
                }
                self.refuse(
                    &class.span,
                    "is not known to mean the same in JavaScript: write \\p{L}, \\p{Script=Greek} or such",
                )
            }
            _ => self.refuse(
                &class.span,
                "is not known to mean the same in JavaScript: write \\p{L}, \\p{Script=Greek} or such",
            ),
        }
    }

    /// Rust overlooks blanks in the braces.
    fn braces(&self, class: &ClassUnicode) -> Checked {
        if self.source(&class.span).contains(char::is_whitespace) {
            return self.refuse(&class.span, "JavaScript allows no blanks here");
        }
        Ok(())
    }

    fn bracketed(&self, class: &ClassBracketed) -> Checked {
        match &class.kind {
            ClassSet::BinaryOp(operation) => self.refuse(
                &operation.span,
                "JavaScript has no `&&`, `--` and `~~` in a class: list the characters, or put a backslash before `-`",
            ),
            ClassSet::Item(ClassSetItem::Union(union)) => {
                let last = union.items.len().saturating_sub(1);
                union.items.iter().enumerate().try_for_each(|(index, item)| {
                    let at_an_end = index == 0 || index == last;
                    match item {
                        ClassSetItem::Literal(literal)
                            if literal.c == '-' && literal.kind == LiteralKind::Verbatim && !at_an_end =>
                        {
                            self.refuse(
                                &literal.span,
                                "in the middle of a class JavaScript wants a backslash before it: write \\-",
                            )
                        }
                        item => self.item(item),
                    }
                })
            }
            ClassSet::Item(item) => self.item(item),
        }
    }

    fn item(&self, item: &ClassSetItem) -> Checked {
        match item {
            ClassSetItem::Empty(_) => Ok(()),
            ClassSetItem::Literal(literal) => self.literal(literal, true),
            ClassSetItem::Range(range) => {
                self.literal(&range.start, true).and_then(|()| self.literal(&range.end, true))
            }
            ClassSetItem::Ascii(class) => {
                self.refuse(&class.span, "JavaScript has no such class: write [A-Za-z], [0-9] or such")
            }
            ClassSetItem::Unicode(class) => self.unicode(class),
            ClassSetItem::Perl(class) => self.perl(&class.span, &class.kind, class.negated),
            ClassSetItem::Bracketed(class) => {
                self.refuse(&class.span, "JavaScript has no class in a class: write \\[ for a bracket")
            }
            ClassSetItem::Union(union) => union.items.iter().try_for_each(|item| self.item(item)),
        }
    }
}

/// About how many states the pattern has once it is compiled.
fn size(ast: &Ast) -> u64 {
    match ast {
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) => 1,
        Ast::Literal(_) | Ast::Dot(_) => 2,
        Ast::ClassUnicode(_) | Ast::ClassPerl(_) => 400,
        Ast::ClassBracketed(class) => {
            if names_a_property(&class.kind) {
                400
            } else {
                8
            }
        }
        Ast::Repetition(repetition) => {
            let times = match &repetition.op.kind {
                RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore | RepetitionKind::OneOrMore => 1,
                RepetitionKind::Range(
                    RepetitionRange::Exactly(n) | RepetitionRange::AtLeast(n) | RepetitionRange::Bounded(_, n),
                ) => *n,
            };
            size(&repetition.ast).saturating_mul(u64::from(times.max(1)))
        }
        Ast::Group(group) => size(&group.ast),
        Ast::Alternation(list) => list.asts.iter().map(size).fold(0, u64::saturating_add),
        Ast::Concat(list) => list.asts.iter().map(size).fold(0, u64::saturating_add),
    }
}

fn names_a_property(set: &ClassSet) -> bool {
    match set {
        ClassSet::Item(ClassSetItem::Unicode(_)) => true,
        ClassSet::Item(ClassSetItem::Union(union)) => {
            union.items.iter().any(|item| matches!(item, ClassSetItem::Unicode(_)))
        }
        ClassSet::Item(_) | ClassSet::BinaryOp(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_both_understand_alike_passes() {
        for right in [
            "[a-z][a-z0-9_]*",
            "[A-Z]{2}[0-9]{4}",
            "(?:a|b)+?",
            r"\+[0-9]{6,15}",
            r"[^@\n]+@[^@\n]+",
            "(?<year>[0-9]{4})-[0-9]{2}",
            r"[a-z\-_]+",
            "[-a-z]+",
            "[a-z-]",
            r"\p{L}+",
            r"[\p{Lu}\p{Nd}]",
            r"\P{Script=Greek}",
            r"\u{1F600}",
            r"\x41\u0041",
            "^a$",
            r"[\]\[]",
            r"a\/b",
            r"\{\}",
            "(|a)",
            "ä|ö",
            r"[.+*?]",
        ] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
    }

    #[test]
    fn what_javascript_lacks_or_understands_otherwise_is_refused() {
        for wrong in [
            "",
            "a\0",
            "(?i)a",
            "(?i:a)",
            r"\Aa",
            r"a\z",
            r"\d",
            r"\w+",
            r"[\s]",
            r"\bword\b",
            r"\b{start}",
            "[[:alpha:]]",
            "[a&&b]",
            "[a-z--b]",
            "[a~~b]",
            "[a[b]]",
            "(?P<n>a)",
            r"\x{41}",
            r"\U00000041",
            r"\U{41}",
            "a}",
            "a]",
            "[]a]",
            "a**",
            "^*",
            "a{ 2 }",
            r"\pL",
            r"\p{letter}",
            r"\p{Greek}",
            r"\p{sc:Greek}",
            r"\p{Script!=Greek}",
            r"\-",
            r"\#",
            r"\%",
            r"[\&]",
            r"\a",
            ".",
            r"[a-c-e]",
            "(a",
            "a(?=b)",
            r"(a)\1",
            "((a{100}){100}){100}",
            r"\p{Nope}",
            r"\p{ L }",
            "a{1000,1}",
            "[z-a]",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_refusal_says_what_to_write() {
        assert!(check(r"\d+").is_err_and(|message| message.contains("[0-9]")));
        assert!(check(r"\x{e4}").is_err_and(|message| message.contains(r"\u{E4}")));
        assert!(check(r"\pL").is_err_and(|message| message.contains(r"\p{L}")));
    }
}
