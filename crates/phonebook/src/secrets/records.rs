//! The credentials file: a record for each entry, lines of `word value`, what is no plain character as `%XX`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use openras_ppp::Secret;
use zeroize::Zeroizing;

use super::{Key, Saved};

const HEAD: &str =
    "# OpenRAS: saved credentials. Passwords are in clear: keep this file to yourself (mode 0600).\n";
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// All records of a file.
#[derive(Default)]
pub(super) struct Records(BTreeMap<Key, Record>);

/// What a file holds for one entry.
#[derive(Clone, Default, PartialEq, Eq)]
struct Record {
    saved: Saved,
    /// What an authentication method keeps; empty for nothing.
    data: Secret,
}

impl Records {
    /// Reads a file; the error is a line and what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, (usize, &'static str)> {
        let mut all = BTreeMap::new();
        let mut record: Option<(Key, Record)> = None;
        for (number, line) in (1..).zip(bytes.split(|b| *b == b'\n')) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.trim_ascii().is_empty() || line.starts_with(b"#") {
                continue;
            }
            let at = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
            let (word, value) = line.split_at_checked(at).unwrap_or((line, b""));
            let value = value.get(1..).unwrap_or_default();
            if word == b"entry" {
                all.extend(record.take());
                let key = parse_key(value).ok_or((number, "an entry needs its number and its book"))?;
                record = Some((key, Record::default()));
                continue;
            }
            let (_, known) = record.as_mut().ok_or((number, "there is no entry above this line"))?;
            let value = unescape(value).ok_or((number, "% must be followed by two hexadecimal digits"))?;
            set(known, word, value).map_err(|what| (number, what))?;
        }
        all.extend(record);
        Ok(Self(all))
    }

    pub(super) fn get(&self, key: &Key) -> Saved {
        self.0.get(key).map(|record| record.saved.clone()).unwrap_or_default()
    }

    pub(super) fn data(&self, key: &Key) -> Secret {
        self.0.get(key).map(|record| record.data.clone()).unwrap_or_default()
    }

    /// Whether that changes anything.
    pub(super) fn put(&mut self, key: &Key, saved: Saved) -> bool {
        self.change(key, |record| record.saved = saved)
    }

    /// As [`Self::put`].
    pub(super) fn put_data(&mut self, key: &Key, data: Secret) -> bool {
        self.change(key, |record| record.data = data)
    }

    fn change(&mut self, key: &Key, change: impl FnOnce(&mut Record)) -> bool {
        let old = self.0.get(key).cloned().unwrap_or_default();
        let mut record = old.clone();
        change(&mut record);
        let changed = record != old;
        if record.saved.is_empty() && record.data.is_empty() {
            self.0.remove(key);
        } else {
            self.0.insert(key.clone(), record);
        }
        changed
    }

    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // as much as it can take, so that it never moves and leaves a copy
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let sizes = self.0.iter().map(|(key, Record { saved, data })| {
            let secret = saved.password.as_ref().map_or(0, Secret::len) + data.len();
            let texts = length(&saved.user) + length(&saved.domain) + length(&saved.callback);
            100 + 3 * (key.book.as_os_str().len() + secret + texts)
        });
        let mut out = Zeroizing::new(Vec::with_capacity(HEAD.len() + sizes.sum::<usize>()));
        out.extend_from_slice(HEAD.as_bytes());
        for (key, Record { saved, data }) in &self.0 {
            let number = format!("\nentry {} ", key.uid);
            out.extend_from_slice(number.as_bytes());
            escape(&mut out, key.book.as_os_str().as_bytes());
            out.push(b'\n');
            let bytes = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
            for (word, value) in [
                ("user ", bytes(&saved.user)),
                ("domain ", bytes(&saved.domain)),
                ("callback ", bytes(&saved.callback)),
            ] {
                let Some(value) = value else { continue };
                out.extend_from_slice(word.as_bytes());
                escape(&mut out, &value);
                out.push(b'\n');
            }
            if let Some(password) = &saved.password {
                out.extend_from_slice(b"password ");
                escape(&mut out, password.expose());
                out.push(b'\n');
            }
            if !data.is_empty() {
                out.extend_from_slice(b"eap ");
                escape(&mut out, data.expose());
                out.push(b'\n');
            }
        }
        out
    }
}

fn set(record: &mut Record, word: &[u8], value: Secret) -> Result<(), &'static str> {
    let saved = &mut record.saved;
    let text = || String::from_utf8(value.expose().to_vec()).map(Some).map_err(|_| "the value is not UTF-8");
    match word {
        b"user" => saved.user = text()?,
        b"domain" => saved.domain = text()?,
        b"callback" => saved.callback = text()?,
        b"password" => saved.password = Some(value),
        b"eap" => record.data = value,
        // a later version's, which would be lost by writing
        _ => return Err("this word is not known"),
    }
    Ok(())
}

fn parse_key(value: &[u8]) -> Option<Key> {
    let at = value.iter().position(|b| *b == b' ')?;
    let (uid, book) = value.split_at_checked(at)?;
    let uid = std::str::from_utf8(uid).ok()?.parse().ok()?;
    let book = unescape(book.get(1..)?)?.expose().to_vec();
    Some(Key { book: OsString::from_vec(book).into(), uid })
}

/// Printable ASCII but `%` as it is, all else as `%XX`.
fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        if (0x20..0x7f).contains(&byte) && byte != b'%' {
            out.push(byte);
        } else {
            let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

fn unescape(text: &[u8]) -> Option<Secret> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(*bytes.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (high, low) = (digit()?, digit()?);
        out.push(high << 4 | low);
    }
    Some(Secret::new(out))
}
