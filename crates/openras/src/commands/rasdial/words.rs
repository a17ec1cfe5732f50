//! The command line of rasdial (ras-phonebook.md §4), and a password that must not stay in it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use openras_ppp::Secret;

/// Before the other words: the password comes through this descriptor. For the program itself, see [`super::hide`].
pub(super) const PASSWORD_FD: &str = "--password-fd";

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// List the connections.
    List,
    /// How it is used.
    Help,
    /// Dial.
    Dial(Dial),
    /// Hang up this entry, or all.
    Disconnect(Option<String>, Option<PathBuf>),
}

/// What to dial, and as whom.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dial {
    pub(super) entry: String,
    pub(super) user: String,
    pub(super) password: Password,
    pub(super) domain: String,
    pub(super) phone: String,
    pub(super) callback: String,
    pub(super) phonebook: Option<PathBuf>,
}

/// Where the password comes from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Password {
    /// What is saved.
    #[default]
    Saved,
    /// `*`.
    Asked,
    /// It stood on the command line, as the word of this number.
    Word(usize, Secret),
    /// It waits in this descriptor.
    Descriptor(u32),
}

/// What the switches say, and the words between them with their place.
#[derive(Default)]
struct Sorted<'a> {
    dial: Dial,
    help: bool,
    disconnect: bool,
    switches: usize,
    plain: Vec<(usize, &'a OsStr)>,
}

/// Reads the words; a mistake is a sentence that repeats none of them, for one may be a password.
pub(super) fn read(words: &[OsString]) -> Result<Wanted, &'static str> {
    let (descriptor, words, skipped) = descriptor(words)?;
    let Sorted { mut dial, help, disconnect, switches, plain } = sorted(words, skipped)?;
    let mut plain = plain.into_iter();
    let entry = plain.next().map(|(_, word)| text(word.as_bytes())).transpose()?;
    if help {
        return Ok(Wanted::Help);
    }
    if disconnect {
        return match plain.next() {
            Some(_) => Err("only an entry may stand beside /DISCONNECT"),
            None => Ok(Wanted::Disconnect(entry, dial.phonebook)),
        };
    }
    let Some(entry) = entry else {
        return if switches == 0 { Ok(Wanted::List) } else { Err("the entry is missing") };
    };
    dial.entry = entry;
    dial.user = plain.next().map(|(_, word)| text(word.as_bytes())).transpose()?.unwrap_or_default();
    dial.password = match (descriptor, plain.next()) {
        (Some(number), None) => Password::Descriptor(number),
        (None, None) => Password::Saved,
        (None, Some((_, word))) if word == "*" => Password::Asked,
        (None, Some((at, word))) => Password::Word(at, Secret::new(word.as_bytes())),
        (Some(_), Some(_)) => return Err(TOO_MANY),
    };
    if plain.next().is_some() { Err(TOO_MANY) } else { Ok(Wanted::Dial(dial)) }
}

const TOO_MANY: &str = "there are more words than an entry, a user and a password";

fn sorted(words: &[OsString], skipped: usize) -> Result<Sorted<'_>, &'static str> {
    let mut found = Sorted::default();
    for (at, word) in words.iter().enumerate() {
        let Some(switch) = word.as_bytes().strip_prefix(b"/") else {
            found.plain.push((at + skipped, word.as_os_str()));
            continue;
        };
        found.switches += 1;
        let colon = switch.iter().position(|byte| *byte == b':');
        let (name, value) = switch.split_at(colon.unwrap_or(switch.len()));
        let dial = &mut found.dial;
        match (name.to_ascii_lowercase().as_slice(), value.strip_prefix(b":")) {
            (b"?" | b"help", None) => found.help = true,
            (b"disconnect", None) => found.disconnect = true,
            // the prefix and suffix of Windows' dialling locations: there are none here
            (b"prefixsuffix", None) => {}
            (b"domain", Some(value)) => dial.domain = text(value)?,
            (b"phone", Some(value)) => dial.phone = text(value)?,
            (b"callback", Some(value)) => dial.callback = text(value)?,
            (b"phonebook", Some(value)) if !value.is_empty() => {
                dial.phonebook = Some(OsStr::from_bytes(value).into());
            }
            _ => return Err("there is a switch that rasdial does not know, or one without its value"),
        }
    }
    Ok(found)
}

/// The descriptor that stands before the other words, these, and how many it took.
fn descriptor(words: &[OsString]) -> Result<(Option<u32>, &[OsString], usize), &'static str> {
    match words {
        [first, number, rest @ ..] if first == PASSWORD_FD => {
            let number = number.to_str().and_then(|number| number.parse().ok());
            Ok((Some(number.ok_or("the descriptor is no number")?), rest, 2))
        }
        _ => Ok((None, words, 0)),
    }
}

fn text(bytes: &[u8]) -> Result<String, &'static str> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "a word is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &[&str]) -> Result<Wanted, &'static str> {
        read(&line.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_forms_of_windows() {
        assert_eq!(words(&[]), Ok(Wanted::List));
        assert_eq!(words(&["/?"]), Ok(Wanted::Help));
        assert_eq!(words(&["/DISCONNECT"]), Ok(Wanted::Disconnect(None, None)));
        assert_eq!(words(&["Home 2", "/disConnect"]), Ok(Wanted::Disconnect(Some("Home 2".into()), None)));
        let all = words(&[
            "/Domain:CORP",
            "Home 2",
            "/phone:tcp:h:1",
            "alice",
            "/CALLBACK:*",
            "*",
            "/PhoneBook:/a:b.pbk",
            "/PREFIXSUFFIX",
        ]);
        let dial = Dial {
            entry: "Home 2".into(),
            user: "alice".into(),
            password: Password::Asked,
            domain: "CORP".into(),
            phone: "tcp:h:1".into(),
            callback: "*".into(),
            phonebook: Some("/a:b.pbk".into()),
        };
        assert_eq!(all, Ok(Wanted::Dial(dial)));
    }

    #[test]
    fn a_password_is_found_wherever_it_stands() {
        let Ok(Wanted::Dial(dial)) = words(&["/domain:", "Home", "/prefixsuffix", "alice", "pw"]) else {
            panic!("a dial")
        };
        assert_eq!(dial.password, Password::Word(4, "pw".into()));
        let Ok(Wanted::Dial(dial)) = words(&["--password-fd", "7", "Home", "alice"]) else {
            panic!("a dial")
        };
        assert_eq!(dial.password, Password::Descriptor(7));
    }

    #[test]
    fn mistakes_repeat_no_word() {
        for line in [
            &["Home", "alice", "/secret"][..],
            &["Home", "alice", "pw", "secret"],
            &["/domain", "secret"],
            &["/domain:x"],
            &["secret", "more", "/disconnect"],
            &["Home", "/disconnect:secret"],
            &["--password-fd", "x", "Home"],
            &["--password-fd", "3", "Home", "alice", "secret"],
        ] {
            let error = words(line).unwrap_err();
            assert!(!error.contains("secret") && !error.contains("Home"), "{line:?}: {error}");
        }
    }
}
