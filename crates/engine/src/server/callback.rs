//! Callback numbers: normalised, then matched; a dialled string is data (defence rules 2 and 3).

/// Most digits of a number.
pub const LONGEST_NUMBER: usize = 20;

/// The number to dial: an optional `+`, then 1–20 digits. Spaces, `-`, `(`, `)` and `.` are taken out; anything
/// else, letters and dial modifiers (`W`, `P`, `,`) included, makes it no number.
pub fn normalise(text: &str) -> Option<String> {
    let mut number = String::new();
    let mut digits = 0;
    for character in text.chars() {
        match character {
            ' ' | '-' | '(' | ')' | '.' => {}
            '+' if number.is_empty() => number.push('+'),
            '0'..='9' if digits < LONGEST_NUMBER => {
                digits += 1;
                number.push(character);
            }
            _ => return None,
        }
    }
    (digits > 0).then_some(number)
}

/// Whether a normalised number starts with one of the prefixes. An empty list, and an empty prefix, allow nothing:
/// whoever means every number writes down what it may start with.
pub fn allowed(number: &str, prefixes: &[String]) -> bool {
    prefixes.iter().any(|prefix| !prefix.is_empty() && number.starts_with(prefix.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_go_and_the_rest_must_be_a_number() {
        assert_eq!(normalise("+49 (711) 555-12.12").as_deref(), Some("+497115551212"));
        assert_eq!(normalise("5551212").as_deref(), Some("5551212"));
        assert_eq!(normalise("( +1)2").as_deref(), Some("+12"));
        assert_eq!(normalise("12345678901234567890").as_deref(), Some("12345678901234567890"));
    }

    #[test]
    fn anything_else_is_refused() {
        let bad = [
            "",
            "+",
            " - ",
            "1+2",
            "++1",
            "555W1212",
            "555,1",
            "*31#5",
            "5551212\r",
            "5551212;ATH",
            "٠١٢",
            "host:23",
            "123456789012345678901",
            "+123456789012345678901",
            "1\0",
        ];
        for text in bad {
            assert_eq!(normalise(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_listed_prefixes_are_allowed_and_an_empty_list_refuses_all() {
        let list = |prefixes: &[&str]| prefixes.iter().map(|&p| p.to_owned()).collect::<Vec<_>>();
        assert!(allowed("+49711555", &list(&["+44", "+49711"])));
        assert!(!allowed("+49700555", &list(&["+44", "+49711"])));
        assert!(!allowed("49711555", &list(&["+49"])));
        assert!(!allowed("5551212", &[]));
        assert!(!allowed("5551212", &list(&[""])));
    }
}
