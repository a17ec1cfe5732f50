//! Data of programs that a book keeps without understanding them: keys of ours with hexadecimal text (docs/phonebook.md).

use openras_phonebook::pbk::{Group, GroupKind};
use openras_phonebook::{BookError, Section};

/// Settings of the device of a link, in its MEDIA group.
const DEVICE: &str = "OpenRASDeviceInfo";
/// What RasSetCustomAuthData sets.
const CUSTOM_AUTH: &str = "OpenRASCustomAuthData";

/// The most bytes of a device's settings: they stand in one line.
pub(super) const MOST_DEVICE: usize = 4096;
/// The most bytes of an authentication's data.
pub(super) const MOST_CUSTOM_AUTH: usize = 64 << 10;
/// Bytes a line of data that take several.
const A_LINE: usize = 512;

/// The settings of the device of a link, from 0; none is empty.
pub(super) fn device(section: &Section, link: usize) -> Vec<u8> {
    let text =
        media(section, link).and_then(|media| section.get_in(&media, DEVICE, 0).map(|t| t.into_owned()));
    from_hex(&text.unwrap_or_default())
}

/// Sets them; an empty slice forgets them.
///
/// # Errors
/// 87 of the book.
pub(super) fn set_device(section: &mut Section, link: usize, data: &[u8]) -> Result<(), BookError> {
    let Some(media) = media(section, link) else { return Ok(()) };
    if data.is_empty() && section.count_in(&media, DEVICE) == 0 {
        return Ok(());
    }
    section.set_in(&media, DEVICE, 0, &to_hex(data))
}

/// The data of an authentication.
pub(super) fn custom_auth(section: &Section) -> Vec<u8> {
    let groups = section.groups();
    let Some(group) = groups.first() else { return Vec::new() };
    let lines = (0..section.count_in(group, CUSTOM_AUTH).min(MOST_CUSTOM_AUTH / A_LINE))
        .filter_map(|nth| section.get_in(group, CUSTOM_AUTH, nth));
    lines.flat_map(|text| from_hex(&text)).collect()
}

/// Sets them; an empty slice forgets them.
///
/// # Errors
/// 87 of the book.
pub(super) fn set_custom_auth(section: &mut Section, data: &[u8]) -> Result<(), BookError> {
    section.unset(CUSTOM_AUTH);
    for (nth, line) in data.chunks(A_LINE).enumerate() {
        if let Some(group) = section.groups().first() {
            section.set_in(group, CUSTOM_AUTH, nth, &to_hex(line))?;
        }
    }
    Ok(())
}

fn media(section: &Section, link: usize) -> Option<Group> {
    section.groups().into_iter().filter(|group| group.kind == GroupKind::Media).nth(link)
}

fn to_hex(data: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * data.len());
    for byte in data {
        // writing into a String cannot fail
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// What is not hexadecimal is not ours: nothing.
fn from_hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.trim().as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect::<Option<Vec<u8>>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use openras_phonebook::{Entry, Pbk};

    fn section() -> Section {
        let mut book = Pbk::new();
        let section = book.add("x").unwrap();
        Entry::default().write(section).unwrap();
        section.clone()
    }

    #[test]
    fn data_of_every_length_come_back_and_go_away() {
        let mut section = section();
        let before = section.to_bytes();
        for length in [1, 2, 511, 512, 513, 4096] {
            let data: Vec<u8> = (0..length).map(|n: usize| n.to_le_bytes()[0]).collect();
            set_custom_auth(&mut section, &data).unwrap();
            set_device(&mut section, 0, &data).unwrap();
            assert_eq!((custom_auth(&section), device(&section, 0)), (data.clone(), data));
        }
        set_custom_auth(&mut section, &[]).unwrap();
        set_device(&mut section, 0, &[]).unwrap();
        assert!(custom_auth(&section).is_empty() && device(&section, 0).is_empty());
        let text = String::from_utf8(section.to_bytes()).unwrap();
        assert_eq!(text.replace("OpenRASDeviceInfo=\r\n", ""), String::from_utf8(before).unwrap());
        assert!(device(&section, 7).is_empty());
    }

    #[test]
    fn what_is_not_hexadecimal_is_nothing() {
        for text in ["", "0", "0g", "xyz", "12 34", "é"] {
            assert!(from_hex(text).is_empty(), "{text}");
        }
        assert_eq!(from_hex(" 0aFf "), [10, 255]);
    }
}
