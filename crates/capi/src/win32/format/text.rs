//! Characters and strings of both widths.

use super::super::units::{Unit, take};
use super::spec::{Size, Spec};
use super::{Rules, Sink};
use crate::text::Char;

/// Whether an argument is wide: lower-case conversions are as the format, upper-case ones the other way.
fn is_wide<C: Char>(spec: &Spec) -> bool {
    match spec.size {
        Size::Short | Size::Char => false,
        Size::Long | Size::Wide => true,
        _ => C::WIDE == spec.conversion.is_ascii_lowercase(),
    }
}

/// The C library fills text up with zeros where a format says so, wsprintf does not.
fn fill(rules: Rules, spec: &Spec) -> u8 {
    if spec.zero && rules == Rules::C { b'0' } else { b' ' }
}

pub(super) fn character<C: Unit>(rules: Rules, spec: &Spec, value: u32, sink: &mut Sink<C>) {
    let units = match (is_wide::<C>(spec), C::WIDE) {
        (true, false) => C::encode(&u16::decode(&[(value & 0xFFFF) as u16])),
        (false, true) => C::encode(&u8::decode(&[(value & 0xFF) as u8])),
        _ => vec![C::cut(value)],
    };
    sink.field(spec, fill(rules, spec), &units);
}

/// # Safety
/// `address` is 0 or a text of the width the specification says, which ends with a NUL or at its precision.
pub(super) unsafe fn string<C: Unit>(rules: Rules, spec: &Spec, address: usize, sink: &mut Sink<C>) {
    // one more than there is room for, so that the sink sees that it is full
    let most = spec.precision.unwrap_or(usize::MAX).min(sink.room.saturating_add(1));
    let units = if address == 0 {
        C::encode("(null)").into_iter().take(most).collect()
    } else {
        let address = std::ptr::with_exposed_provenance::<()>(address);
        // SAFETY: not NULL; as the caller's.
        unsafe {
            match (is_wide::<C>(spec), C::WIDE) {
                (true, false) => whole(C::encode(&u16::decode(&take(address.cast::<u16>(), most))), most),
                (false, true) => from_narrow(address.cast(), most),
                _ => take(address.cast::<C>(), most),
            }
        }
    };
    sink.field(spec, fill(rules, spec), &units);
}

/// The first units, without a part of a character at the end.
fn whole<C: Char>(mut units: Vec<C>, most: usize) -> Vec<C> {
    let mut end = most.min(units.len());
    while end > 0 && units.get(end).is_some_and(|unit| !unit.starts_character()) {
        end -= 1;
    }
    units.truncate(end);
    units
}

/// Narrow text for a wide format. Reads no byte further than the characters it gives.
///
/// # Safety
/// `text` is not NULL and readable up to its NUL or for as many characters as `most`.
unsafe fn from_narrow<C: Char>(text: *const u8, most: usize) -> Vec<C> {
    let mut units = Vec::new();
    let mut at = 0;
    // SAFETY: nothing before `at` was NUL, and there are fewer characters than `most`; a character's first byte says
    // how many follow, of which none is read after one that does not fit.
    let byte = |at: usize| unsafe { text.add(at).read() };
    while units.len() < most {
        let mut character = vec![byte(at)];
        let following = match character.first() {
            Some(0) | None => break,
            Some(0xC2..=0xDF) => 1,
            Some(0xE0..=0xEF) => 2,
            Some(0xF0..=0xF4) => 3,
            _ => 0,
        };
        at += 1;
        while character.len() <= following && byte(at) & 0xC0 == 0x80 {
            character.push(byte(at));
            at += 1;
        }
        let more = C::encode(&u8::decode(&character));
        if units.len() + more.len() > most {
            break;
        }
        units.extend(more);
    }
    units
}
