//! Names: which may be stored, and which are the same.

use super::StoreError;

/// The longest name in bytes, as CHAP carries it.
const LONGEST: usize = 256;

/// What two names that mean the same user have in common: both foldings of case must agree, so that look-alikes
/// which share only one of them (the Kelvin sign and k) stay different people.
pub(super) fn key(name: &str) -> String {
    if name.is_ascii() {
        name.to_ascii_lowercase()
    } else {
        format!("{}\n{}", name.to_lowercase(), name.to_uppercase())
    }
}

/// The user in a name from the wire: `DOMAIN\user` without the domain, which the store does not know.
pub(super) fn user_part(name: &str) -> &str {
    name.split_once('\\').map_or(name, |(_, user)| user)
}

/// Whether a name of the store and one from the wire are the same user's.
pub(crate) fn is_same(stored: &str, from_wire: &str) -> bool {
    key(stored) == key(user_part(from_wire))
}

/// Whether a name can be stored.
pub(crate) fn check(name: &str) -> Result<(), StoreError> {
    // what `escape_debug` spells out are controls, bidirectional marks, invisible and unassigned characters
    let odd = |c: char| !matches!(c, '"' | '\'' | '\\') && c.escape_debug().len() > 1;
    let problem = if name.is_empty() || name.len() > LONGEST {
        format!("must have 1 to {LONGEST} bytes")
    } else if name.chars().any(odd) {
        "holds control or invisible characters".into()
    } else if name.contains('\\') {
        "holds a backslash, which stands between domain and user".into()
    } else if name.trim() != name {
        "begins or ends with a space".into()
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(80).collect();
    Err(StoreError::Refused(format!("the name {shown:?} {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_but_look_alikes_do() {
        assert_eq!(key("Alice"), key("aLICE"));
        assert_eq!(key("JÜRGEN"), key("jürgen"));
        assert_ne!(key("\u{212A}ate"), key("Kate"));
        assert_eq!(user_part("CORP\\alice"), "alice");
        assert_eq!(user_part("alice@example"), "alice@example");
    }

    #[test]
    fn names_that_could_deceive_are_refused() {
        for name in
            ["", " a", "a ", "a\\b", "a\nb", "a\u{1b}[m", "a\u{202e}b", "a\u{200b}b", &"x".repeat(257)]
        {
            assert!(check(name).is_err(), "{name:?}");
        }
        for name in ["a", "José Ortega", "o'brien", "alice@example", &"x".repeat(256)] {
            assert!(check(name).is_ok(), "{name:?}");
        }
    }
}
