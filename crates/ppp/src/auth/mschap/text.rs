//! The texts of MS-CHAP's Success and Failure packets (RFC 2433 §8, RFC 2759 §5, §6).

use crate::auth::packet::clip;

/// `E=691 R=1 C=… V=3 M=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::auth) struct Failure {
    /// The error number.
    pub(in crate::auth) error: u32,
    /// Another try is allowed.
    pub(in crate::auth) retry: bool,
    /// Challenge of the next try.
    pub(in crate::auth) challenge: Option<Vec<u8>>,
    /// The newest change-password packet the authenticator takes; 1 where it says nothing.
    pub(in crate::auth) version: u32,
    /// Text for the person.
    pub(in crate::auth) message: String,
}

impl Failure {
    /// Takes the fields in any order, in either case of hex, among text it does not know. Without `E=` the whole
    /// text is the message of a plain 691.
    pub(in crate::auth) fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let (head, message) = split_message(&text);
        if let Some(failure) = Self::fields(head, message).or_else(|| Self::fields(&text, message)) {
            return failure;
        }
        Self { error: 691, retry: false, challenge: None, version: 1, message: text.trim().to_owned() }
    }

    fn fields(text: &str, message: &str) -> Option<Self> {
        let mut failure = Self { version: 1, message: message.to_owned(), ..Self::default() };
        let mut error = None;
        for word in text.split([' ', '\t', '\r', '\n', '\0']) {
            let Some((key, value)) = word.split_once('=') else { continue };
            match key {
                "E" => error = error.or(value.parse().ok()),
                "R" => failure.retry = value.parse() == Ok(1_u32),
                "C" => failure.challenge = hex(value),
                "V" => failure.version = value.parse().unwrap_or(1),
                _ => {}
            }
        }
        failure.error = error?;
        Some(failure)
    }

    /// The text as sent; `M=` only where there is a message.
    pub(in crate::auth) fn emit(&self) -> String {
        let mut text = format!("E={} R={}", self.error, u8::from(self.retry));
        if let Some(challenge) = &self.challenge {
            text += " C=";
            text += &upper_hex(challenge);
        }
        text += &format!(" V={}", self.version);
        push_message(&mut text, &self.message);
        text
    }
}

/// `S=… M=…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::auth) struct Success {
    /// The authenticator response, MS-CHAPv2's proof of the server.
    pub(in crate::auth) authenticator_response: Option<[u8; 20]>,
    /// Text for the person.
    pub(in crate::auth) message: String,
}

impl Success {
    /// Takes `S=… M=…`, `S=…` alone, and `M=` with or without the space before it.
    pub(in crate::auth) fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let proof = text.strip_prefix("S=").and_then(|rest| rest.get(..40));
        let authenticator_response = proof.and_then(hex).and_then(|octets| octets.try_into().ok());
        let rest = if authenticator_response.is_some() { text.get(42..) } else { Some(&*text) };
        let rest = rest.unwrap_or_default().trim_start();
        let message = rest.strip_prefix("M=").unwrap_or(rest).to_owned();
        Self { authenticator_response, message }
    }

    /// The text as sent.
    pub(in crate::auth) fn emit(&self) -> String {
        let Some(proof) = &self.authenticator_response else {
            return clip(&self.message).to_owned();
        };
        let mut text = format!("S={}", upper_hex(proof));
        push_message(&mut text, &self.message);
        text
    }
}

/// Everything before `M=` and everything behind it.
fn split_message(text: &str) -> (&str, &str) {
    if let Some(message) = text.strip_prefix("M=") {
        return ("", message);
    }
    text.split_once(" M=").unwrap_or((text, ""))
}

fn push_message(text: &mut String, message: &str) {
    if !message.is_empty() {
        text.push_str(" M=");
        text.push_str(clip(message));
    }
}

fn upper_hex(octets: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let nibbles = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    nibbles.filter_map(|nibble| DIGITS.get(usize::from(nibble))).collect()
}

/// Octets of an even, not empty number of hex digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let (pairs, rest) = digits.as_ref()?.as_chunks::<2>();
    (rest.is_empty() && !pairs.is_empty()).then(|| pairs.iter().map(|[h, l]| h << 4 | l).collect())
}

#[cfg(test)]
#[path = "../tests/text.rs"]
mod tests;
