//! The chain of hashes: how a record becomes a line, and how a line is read back.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::record::{Record, ascii};

/// A hash.
pub(super) type Hash = [u8; 32];

/// What stands between a record and its hash in a line.
const MEMBER: &str = ",\"hash\":\"";
/// The line's end behind the hash.
const END: &str = "\"}";

/// A record as it is hashed and written.
#[derive(Serialize)]
struct Numbered<'a> {
    n: u64,
    time: u64,
    #[serde(flatten)]
    record: Record<'a>,
}

/// What is needed of a line to go on behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) number: u64,
    pub(super) hash: Hash,
    /// Bytes before it that are no record.
    pub(super) torn: Option<u64>,
}

#[derive(Deserialize)]
struct Head {
    n: u64,
    what: String,
    #[serde(default)]
    torn: Option<u64>,
}

/// The line of a record, without its end, and its hash.
pub(super) fn line(
    before: &Hash,
    number: u64,
    time: u64,
    record: &Record<'_>,
) -> Result<(String, Hash), serde_json::Error> {
    let numbered = Numbered { n: number, time, record: record.clone().cut() };
    let mut text = ascii(serde_json::to_string(&numbered)?);
    let hash = hash(before, text.as_bytes());
    // the hash is the last member of the same object
    text.pop();
    text.push_str(MEMBER);
    text.push_str(&hex(&hash));
    text.push_str(END);
    Ok((text, hash))
}

/// Reads a line back. `None`: it is no record. Whether it follows the one before is [`follows`]'s question.
pub(super) fn read(line: &str) -> Option<Link> {
    let (body, hash) = split(line)?;
    let head: Head = serde_json::from_str(&format!("{body}}}")).ok()?;
    let torn = head.torn.filter(|_| head.what == "recovered");
    Some(Link { number: head.n, hash, torn })
}

/// Whether the hash of a line is that of the hash before it and of its record.
pub(super) fn follows(before: &Hash, line: &str) -> bool {
    let Some((body, found)) = split(line) else { return false };
    let mut digest = Sha256::new();
    digest.update(before);
    digest.update(body);
    digest.update(b"}");
    Hash::from(digest.finalize()) == found
}

/// The record without its closing brace, and the hash.
fn split(line: &str) -> Option<(&str, Hash)> {
    let (body, rest) = line.rsplit_once(MEMBER)?;
    Some((body, unhex(rest.strip_suffix(END)?)?))
}

fn hash(before: &Hash, text: &[u8]) -> Hash {
    let mut digest = Sha256::new();
    digest.update(before);
    digest.update(text);
    digest.finalize().into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn unhex(text: &str) -> Option<Hash> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut hash = Hash::default();
    if !rest.is_empty() || pairs.len() != hash.len() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}
