//! What goes between the library of the program and the process of the script: a list of byte strings, each with its
//! length before it. Passwords are among them, so that nothing is left of it in memory.

use std::io::{Error, ErrorKind, Read, Result, Write};

use zeroize::Zeroizing;

/// The most that is sent at once, in bytes.
pub(super) const LARGEST: usize = 128 * 1024;

/// Secret bytes.
pub(super) type Bytes = Zeroizing<Vec<u8>>;

/// One message.
pub(super) fn message(fields: &[&[u8]]) -> Bytes {
    let room = fields.iter().map(|field| 4 + field.len()).sum::<usize>() + 4;
    // made whole at once: what grows leaves copies
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    bytes.extend_from_slice(&length(room - 4));
    for field in fields {
        bytes.extend_from_slice(&length(field.len()));
        bytes.extend_from_slice(field);
    }
    bytes
}

/// The fields of a message without its own length; `None` where it is not whole.
pub(super) fn fields(mut bytes: &[u8]) -> Option<Vec<Bytes>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (field, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        found.push(Zeroizing::new(field.to_vec()));
        bytes = rest;
    }
    Some(found)
}

/// How long the message is whose first four bytes these are.
///
/// # Errors
/// Longer than [`LARGEST`].
pub(super) fn length(first: [u8; 4]) -> Result<usize> {
    let length = usize::try_from(u32::from_le_bytes(first)).unwrap_or(usize::MAX);
    if length > LARGEST { Err(wrong()) } else { Ok(length) }
}

/// Reads one message.
///
/// # Errors
/// It is not whole, or too long.
pub(super) fn read(from: &mut impl Read) -> Result<Vec<Bytes>> {
    let mut first = [0; 4];
    from.read_exact(&mut first)?;
    let mut bytes = Zeroizing::new(vec![0; length(first)?]);
    from.read_exact(&mut bytes)?;
    fields(&bytes).ok_or_else(wrong)
}

/// Writes one message.
///
/// # Errors
/// Nobody reads it.
pub(super) fn write(to: &mut impl Write, fields: &[&[u8]]) -> Result<()> {
    to.write_all(&message(fields))?;
    to.flush()
}

pub(super) fn wrong() -> Error {
    Error::new(ErrorKind::InvalidData, "it is no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_and_a_part_of_one_does_not() {
        let sent = message(&[b"one", b"", &[0, 255, 10]]);
        let read_back = read(&mut sent.as_slice()).unwrap();
        let plain: Vec<&[u8]> = read_back.iter().map(|field| field.as_slice()).collect();
        assert_eq!(plain, [&b"one"[..], b"", &[0, 255, 10]]);
        for cut in 0..sent.len() {
            assert!(read(&mut &sent[..cut]).is_err(), "{cut}");
        }
        let mut lies = sent.to_vec();
        lies[4] = 200;
        assert!(read(&mut lies.as_slice()).is_err());
        assert!(length(u32::MAX.to_le_bytes()).is_err());
    }
}
