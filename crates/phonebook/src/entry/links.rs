//! Links: MEDIA groups, the DEVICE group of each, and the numbers in it (ras-phonebook.md §1.5).

use super::flags::{RASEO_PROMOTE_ALTERNATES, RASEO_USE_COUNTRY_AND_AREA_CODES};
use super::keys::parse_number;
use super::{Entry, Link, Number};
use crate::pbk::{Group, GroupKind};
use crate::{BookError, Section};

/// What belongs to the number above it.
const WITH_NUMBER: [&str; 6] =
    ["AreaCode", "CountryCode", "CountryID", "UseDialingRules", "Comment", "FriendlyName"];
/// What of it a [`Number`] holds.
const KEPT: [&str; 4] = ["AreaCode", "CountryCode", "CountryID", "UseDialingRules"];
const NUMBER: &str = "PhoneNumber";
/// Devices that dial nothing: they stand beside the one that does.
const BESIDE: [&str; 2] = ["switch", "pad"];

/// A MEDIA group with the device that dials on it.
struct Place {
    media: Group,
    device: Option<Group>,
}

fn beside(kind: &str) -> bool {
    BESIDE.iter().any(|word| word.eq_ignore_ascii_case(kind))
}

fn places(section: &Section) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for group in section.groups() {
        match group.kind {
            GroupKind::Media => places.push(Place { media: group, device: None }),
            GroupKind::Device => {
                if let Some(last) = places.last_mut()
                    && last.device.as_ref().is_none_or(|known| beside(&known.value) && !beside(&group.value))
                {
                    last.device = Some(group);
                }
            }
            GroupKind::Entry | GroupKind::Components => {}
        }
    }
    places
}

pub(super) fn read(section: &Section) -> Vec<Link> {
    places(section).iter().map(|place| read_link(section, place)).collect()
}

fn read_link(section: &Section, place: &Place) -> Link {
    let text = |key: &str| section.get_in(&place.media, key, 0).unwrap_or_default().trim().to_owned();
    let numbers = place.device.iter().flat_map(|device| read_numbers(section, device));
    Link {
        media: place.media.value.clone(),
        port: text("Port"),
        device_name: text("Device"),
        device_type: place.device.as_ref().map(|device| device.value.clone()).unwrap_or_default(),
        numbers: numbers.collect(),
        line: text("OpenRASLine"),
        modem: text("OpenRASModem"),
    }
}

fn read_numbers(section: &Section, device: &Group) -> Vec<Number> {
    let records = section.records(device, NUMBER, KEPT);
    let value = |text: &str| parse_number(text).unwrap_or(0);
    let number = |(number, [area, code, id, rules]): (String, [String; 4])| Number {
        number: number.trim().to_owned(),
        area_code: area.trim().to_owned(),
        country_code: value(&code),
        country_id: value(&id),
        use_rules: value(&rules) != 0,
    };
    records.into_iter().map(number).collect()
}

/// The bits of dwfOptions that stand with the first link.
pub(super) fn read_options(section: &Section, entry: &mut Entry) {
    let rules =
        entry.links.first().and_then(|link| link.numbers.first()).is_some_and(|number| number.use_rules);
    let device = places(section).into_iter().next().and_then(|place| place.device);
    let promote = device.and_then(|device| {
        section.get_in(&device, "PromoteAlternates", 0).and_then(|value| parse_number(&value))
    });
    entry.set_option(RASEO_USE_COUNTRY_AND_AREA_CODES, rules);
    entry.set_option(RASEO_PROMOTE_ALTERNATES, promote.is_some_and(|value| value != 0));
}

/// Makes the links of a section those of the entry: in place where there is one, else added or removed at the end.
pub(super) fn write(entry: &Entry, section: &mut Section) -> Result<(), BookError> {
    let mut links = entry.links.clone();
    // the first number's own flag and the entry's option are one thing; the option is what RASENTRY sets
    if let Some(number) = links.first_mut().and_then(|link| link.numbers.first_mut()) {
        number.use_rules = entry.has_option(RASEO_USE_COUNTRY_AND_AREA_CODES);
    }
    while places(section).len() > links.len() {
        let Some(place) = places(section).pop() else { break };
        section.remove_group(&place.media);
    }
    let before = read(section);
    for (at, link) in links.iter().enumerate().filter(|(at, link)| before.get(*at) != Some(link)) {
        if places(section).len() <= at {
            let media = if link.media.is_empty() { "serial" } else { &link.media };
            section.add_group(&[("MEDIA", media), ("Port", &link.port), ("Device", &link.device_name)])?;
        }
        write_link(section, at, link)?;
    }
    write_promote(entry, section)
}

fn place(section: &Section, at: usize) -> Option<Place> {
    places(section).into_iter().nth(at)
}

fn write_link(section: &mut Section, at: usize, link: &Link) -> Result<(), BookError> {
    let Some(here) = place(section, at) else { return Ok(()) };
    let before = read_link(section, &here);
    for (key, new, old) in [
        ("Port", &link.port, &before.port),
        ("Device", &link.device_name, &before.device_name),
        ("OpenRASLine", &link.line, &before.line),
        ("OpenRASModem", &link.modem, &before.modem),
    ] {
        if new != old {
            let Some(here) = place(section, at) else { return Ok(()) };
            section.set_in(&here.media, key, 0, new)?;
        }
    }
    if !link.media.is_empty() && link.media != before.media {
        section.set_start(&here.media, &link.media)?;
    }
    write_device(section, at, link, &before)?;
    write_numbers(section, at, &link.numbers, &before.numbers)
}

/// A device group of the type that is wanted; one that dials nothing is left, and gets another beside it.
fn write_device(section: &mut Section, at: usize, link: &Link, before: &Link) -> Result<(), BookError> {
    let Some(here) = place(section, at) else { return Ok(()) };
    let kind = if link.device_type.is_empty() { "modem" } else { &link.device_type };
    match here.device {
        Some(_) if link.device_type == before.device_type => Ok(()),
        Some(device) if beside(kind) || !beside(&device.value) => section.set_start(&device, kind),
        None if link.device_type.is_empty() && link.numbers.is_empty() => Ok(()),
        _ => section.add_device(&here.media, kind),
    }
}

fn write_numbers(section: &mut Section, at: usize, new: &[Number], old: &[Number]) -> Result<(), BookError> {
    let device = |section: &Section| place(section, at).and_then(|here| here.device);
    if new.len() < old.len()
        && let Some(device) = device(section)
    {
        section.remove_records(&device, NUMBER, &WITH_NUMBER, new.len());
    }
    // what stood behind something else below a number that is gone is now the one's above it
    let old = place(section, at).map(|here| read_link(section, &here).numbers).unwrap_or_default();
    for (nth, number) in new.iter().enumerate().filter(|(nth, number)| old.get(*nth) != Some(number)) {
        let Some(group) = device(section) else { return Ok(()) };
        let Some(before) = old.get(nth) else {
            let mut lines = vec![(NUMBER, number.number.clone())];
            lines.extend(texts(number));
            section.add_record(&group, NUMBER, &WITH_NUMBER, &lines)?;
            continue;
        };
        if number.number != before.number {
            section.set_in(&group, NUMBER, nth, &number.number)?;
        }
        for ((key, text), (_, was)) in texts(number).into_iter().zip(texts(before)) {
            if text != was
                && let Some(group) = device(section)
            {
                section.set_record(&group, (NUMBER, nth), key, &text)?;
            }
        }
    }
    Ok(())
}

fn texts(number: &Number) -> [(&'static str, String); 4] {
    let [area, code, id, rules] = KEPT;
    [
        (area, number.area_code.clone()),
        (code, number.country_code.to_string()),
        (id, number.country_id.to_string()),
        (rules, u32::from(number.use_rules).to_string()),
    ]
}

fn write_promote(entry: &Entry, section: &mut Section) -> Result<(), BookError> {
    let Some(device) = place(section, 0).and_then(|here| here.device) else { return Ok(()) };
    let before = section.get_in(&device, "PromoteAlternates", 0).and_then(|value| parse_number(&value));
    let wanted = entry.has_option(RASEO_PROMOTE_ALTERNATES);
    if wanted == before.is_some_and(|value| value != 0) {
        return Ok(());
    }
    section.set_in(&device, "PromoteAlternates", 0, if wanted { "1" } else { "0" })
}

/// Removes a link of a section (RasDeleteSubEntry), `at` from 0; the others move up. Whether there was one.
///
/// # Errors
/// As [`write()`].
pub(super) fn remove(section: &mut Section, at: usize) -> Result<bool, BookError> {
    let Some(here) = place(section, at) else { return Ok(false) };
    let options = Entry::read(section).options;
    section.remove_group(&here.media);
    // bits of dwfOptions that stand with the first link are the entry's: they stay when another one becomes the first
    let mut entry = Entry::read(section);
    entry.options = options;
    write(&entry, section)?;
    Ok(true)
}
