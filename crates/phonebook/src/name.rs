//! Names of entries: the rules of RasValidateEntryName and RasRenameEntry (ras-client-api.md §6).

use openras_engine::{RasError, escape};

use crate::BookError;

/// RAS_MaxEntryName, in UTF-16 units: what fits into szEntryName with its end.
pub const LONGEST: usize = 256;

/// What a name must not hold (RasValidateEntryName).
pub const FORBIDDEN: [char; 9] = ['|', '>', '<', '?', '*', '\\', '/', ':', '`'];

/// Whether a new entry may have this name (RasValidateEntryName, but for 183: see [`crate::Pbk::find`]).
///
/// # Errors
/// 123: empty or without a letter or digit, longer than [`LONGEST`], begins with a full stop, holds one of
/// [`FORBIDDEN`] or a control character (which would break the file).
pub fn validate(name: &str) -> Result<(), BookError> {
    validate_rename(name)?;
    if let Some(wrong) = name.chars().find(|c| FORBIDDEN.contains(c)) {
        return Err(invalid(name, &format!("holds {wrong}"), "Leave out | > < ? * \\ / : and `."));
    }
    if !name.chars().any(char::is_alphanumeric) {
        return Err(invalid(name, "has no letter or digit", "Give it one."));
    }
    Ok(())
}

/// Whether an entry may be renamed to this: RasRenameEntry is laxer than RasValidateEntryName.
///
/// # Errors
/// 123: blank, longer than [`LONGEST`], begins with a full stop, holds a control character.
pub fn validate_rename(name: &str) -> Result<(), BookError> {
    if name.trim().is_empty() {
        return Err(invalid(name, "is blank", "Give the entry a name."));
    }
    if name.encode_utf16().count() > LONGEST {
        return Err(invalid(name, "is too long", "Use at most 256 characters."));
    }
    if name.starts_with('.') {
        return Err(invalid(name, "begins with a full stop", "Begin it with another character."));
    }
    if name.chars().any(char::is_control) {
        return Err(invalid(name, "holds a control character", "Leave out line ends, tabs and the like."));
    }
    Ok(())
}

/// Whether two names mean the same entry. Case does not count, as in Windows.
pub fn same_name(one: &str, other: &str) -> bool {
    one == other || one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

/// 183 for a name that another entry has.
pub(crate) fn taken(name: &str) -> BookError {
    let what = format!("there is an entry {} already", escape::short(name, 60));
    BookError::new(RasError::ALREADY_EXISTS, what, "Choose another name.")
}

fn invalid(name: &str, why: &str, remedy: &str) -> BookError {
    let what = format!("the name \"{}\" {why}", escape::short(name, 60));
    BookError::new(RasError::INVALID_NAME, what, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_documents() {
        for good in ["Office", "a", " x", "Büro 2", "[a]b]", "a.b", &"x".repeat(256)] {
            assert_eq!(validate(good), Ok(()), "{good}");
        }
        for bad in
            ["", "  ", ".", ".a", "a/b", "a:b", "a`", "a\\b", "a|", "<a", "a>", "a?", "a*", "--", "a\nb"]
        {
            assert_eq!(validate(bad).unwrap_err().code, RasError(123), "{bad:?}");
        }
        assert!(validate(&"x".repeat(257)).is_err());
        // a character outside the first plane is two units of szEntryName
        assert!(validate(&"😀a".repeat(86)).is_err() && validate(&"😀a".repeat(85)).is_ok());
    }

    #[test]
    fn renaming_is_laxer() {
        for good in ["a/b", "--", "a:b"] {
            assert_eq!(validate_rename(good), Ok(()), "{good}");
        }
        for bad in ["", " ", ".x", "a\r", &"x".repeat(257)] {
            assert!(validate_rename(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn case_does_not_count() {
        assert!(same_name("Büro", "BÜRO") && same_name("a", "A") && !same_name("a", "b"));
    }
}
