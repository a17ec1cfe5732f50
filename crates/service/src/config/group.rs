//! `[group.NAME]`: callers who get further, or less far, than the words of the port say (defence rule 16).

use openras_nat::Reach;

use super::Config;
use super::check::{Finding, Place, is_plain_name};
use super::network::sentence;
use crate::users;

/// One `[group.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupConfig {
    /// Its users, by the names of the store; case does not matter.
    pub users: Vec<String>,
    /// Words of `reach` instead of the port's; none reach nothing.
    pub reach: Vec<String>,
}

impl GroupConfig {
    /// Whether somebody is in it who calls by this name (`DOMAIN\user` too).
    fn has(&self, caller: &str) -> bool {
        self.users.iter().any(|user| users::is_same(user, caller))
    }
}

impl Config {
    /// The groups a caller is in, and the words of all of them; `None` if that is none.
    pub(crate) fn group_reach(&self, caller: &str) -> Option<(Vec<String>, Vec<String>)> {
        let groups = || self.groups.iter().filter(|(_, group)| group.has(caller));
        groups().next()?;
        let names = groups().map(|(name, _)| name.clone()).collect();
        Some((names, groups().flat_map(|(_, group)| group.reach.iter().cloned()).collect()))
    }
}

/// Every rule that is broken.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, group) in &config.groups {
        let mut add = |key, n, what: String, remedy: String| {
            found.push(Finding { place: Place::Group(name.clone(), key, n), what, remedy });
        };
        if !is_plain_name(name) {
            let what = format!("{name:?} is no name of a group");
            add("", None, what, "Write 1 to 32 of the characters A-Z a-z 0-9 . _ -".into());
        }
        for (n, user) in group.users.iter().enumerate() {
            if let Err(why) = users::check_name(user) {
                let remedy = "Write a name as `openras user list` shows it, without a domain";
                add("users", Some(n), format!("users: {why}"), remedy.into());
            }
        }
        for (n, word) in group.reach.iter().enumerate() {
            if let Err(bad) = Reach::parse([word]) {
                let what = format!("reach has {word:?}, which means nothing");
                add("reach", Some(n), what, sentence(bad.why));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        Config::parse(text, "f").err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_words_of_all_groups_of_a_caller_count_together() {
        let text = "[group.office]\nusers = [\"Alice\", \"alice\", \"bob\"]\nreach = [\"internet\"]\n\
                    [group.servers]\nusers = [\"ALICE\", \"J\u{dc}RGEN\"]\nreach = [\"192.168.7.0/24:22\"]\n\
                    [group.guests]\nusers = [\"eve\"]\nreach = []\n";
        let config = Config::parse(text, "f").unwrap();
        let words = |name: &str| config.group_reach(name).map(|(_, words)| words);
        assert_eq!(words("alice"), Some(vec!["internet".into(), "192.168.7.0/24:22".into()]));
        assert_eq!(words("CORP\\bob"), Some(vec!["internet".into()]));
        assert_eq!(words("j\u{fc}rgen"), Some(vec!["192.168.7.0/24:22".into()]));
        assert_eq!(words("eve"), Some(Vec::new()), "nothing is another thing than no group");
        assert_eq!(words("mallory"), None);
        // another letter than k, whatever one folding of case says
        let config = Config::parse("[group.g]\nusers = [\"kate\"]\nreach = []\n", "f").unwrap();
        assert_eq!(config.group_reach("\u{212a}ate"), None);
        assert_eq!(config.group_reach("Kate").unwrap().0, ["g"]);
    }

    #[test]
    fn mistakes_are_said_with_their_line() {
        let said = problems(
            "[group.office]\nusers = [\n  \"alice\",\n  \"CORP\\\\bob\",\n]\nreach = [\n  \"internet\",\n  \
             \"192.168.7.5/24\",\n]\nmembers = 1\n[group.empty]\n[group.\"x y\"]\nusers = []\nreach = []\n\
             [group.odd]\nusers = \"alice\"\nreach = [7]\n",
        );
        for part in [
            "f:4:3: users: the name \"CORP\\\\bob\" holds a backslash",
            "f:8:3: reach has \"192.168.7.5/24\", which means nothing",
            "f:10:1: \"members\" is no key of [group.NAME]. The keys here are users, reach",
            "f:11:8: [group.NAME] has no users",
            "f:11:8: [group.NAME] has no reach",
            "f:12:8: \"x y\" is no name of a group",
            "f:16:9: users = \"alice\" is not a list",
            "f:17:10: reach = 7 ",
        ] {
            assert!(said.contains(part), "{part:?} in {said}");
        }
        assert_eq!(said.lines().count(), 8, "{said}");
        assert!(problems("group = 1\n").contains("group is not a table"));
        assert!(problems("[group]\nx = 1\n").contains("group.x is not a table"));
    }

    #[test]
    fn what_is_built_in_code_is_held_to_the_same_rules() {
        let group = GroupConfig { users: vec!["alice".into()], reach: vec!["nowhere".into()] };
        let config = Config { groups: [("g".to_owned(), group)].into(), ..Config::empty() };
        let found = config.check().unwrap_err();
        assert!(found[0].to_string().starts_with("group g, reach[0]: reach has \"nowhere\""), "{found:?}");
    }
}
