//! Who somebody is: the dialog's user, the PPP user, and whether they are the same (defence rule 5).

/// A user and a domain, as a security dialog gives them or a PPP name holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// User name.
    pub user: String,
    /// Logon domain; empty where none was given.
    pub domain: String,
}

impl Identity {
    /// Splits `DOMAIN\user` at its first backslash; without one all of it is the user.
    pub fn from_ppp_name(name: &str) -> Self {
        match name.split_once('\\') {
            Some((domain, user)) => Self { user: user.to_owned(), domain: domain.to_owned() },
            None => Self { user: name.to_owned(), domain: String::new() },
        }
    }

    /// `DOMAIN\user`, or the user alone.
    pub fn ppp_name(&self) -> String {
        if self.domain.is_empty() { self.user.clone() } else { format!("{}\\{}", self.domain, self.user) }
    }

    /// Whether both can be the same person: the user without regard to case, the domain likewise but only where
    /// both give one. An empty user is nobody, and the same as nobody.
    pub fn same_as(&self, other: &Self) -> bool {
        !self.user.is_empty()
            && same_letters(&self.user, &other.user)
            && (self.domain.is_empty()
                || other.domain.is_empty()
                || same_letters(&self.domain, &other.domain))
    }

    /// This identity, with the domain of the other where it has none itself.
    pub fn completed_by(self, other: Self) -> Self {
        if self.user.is_empty() {
            return other;
        }
        let domain = if self.domain.is_empty() { other.domain } else { self.domain };
        Self { domain, ..self }
    }
}

/// Equal without regard to case. Both foldings must agree, so that look-alikes which share only one of them (the
/// Kelvin sign and k, long s and s, dotless i and i) stay different people.
fn same_letters(a: &str, b: &str) -> bool {
    a == b || (a.to_lowercase() == b.to_lowercase() && a.to_uppercase() == b.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same(a: &str, b: &str) -> bool {
        Identity::from_ppp_name(a).same_as(&Identity::from_ppp_name(b))
    }

    #[test]
    fn names_are_compared_without_case_and_domains_only_when_both_give_one() {
        assert!(is_same("alice", "ALICE"));
        assert!(is_same("Jürgen", "JÜRGEN"));
        assert!(is_same(r"CORP\alice", "alice"));
        assert!(is_same(r"corp\alice", r"CORP\Alice"));
        assert!(!is_same(r"CORP\alice", r"OTHER\alice"));
        assert!(!is_same("alice", "alicia"));
    }

    #[test]
    fn an_empty_name_is_nobody() {
        assert!(!is_same("", ""));
        assert!(!is_same(r"CORP\", r"CORP\"));
    }

    #[test]
    fn look_alikes_are_different_people() {
        assert!(!is_same("\u{212a}ate", "kate"));
        assert!(!is_same("\u{17f}am", "sam"));
        assert!(!is_same("\u{131}da", "ida"));
        assert!(!is_same("stra\u{df}e", "strasse"));
    }

    #[test]
    fn the_first_backslash_splits_a_ppp_name() {
        let both = Identity::from_ppp_name(r"CORP\a\b");
        assert_eq!((both.domain.as_str(), both.user.as_str()), ("CORP", r"a\b"));
        assert_eq!(both.ppp_name(), r"CORP\a\b");
        assert_eq!(Identity::from_ppp_name("alice").ppp_name(), "alice");
    }
}
