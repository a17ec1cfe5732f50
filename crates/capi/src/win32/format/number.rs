//! Numbers.

use std::os::raw::c_char;

use super::super::units::Unit;
use super::spec::{Size, Spec};
use super::{Arguments, Sink};

/// The most digits after a point that anybody gets.
const MOST_DIGITS: usize = 4096;

pub(super) fn signed<C: Unit>(spec: &Spec, arguments: &mut dyn Arguments, sink: &mut Sink<C>) {
    let value = match spec.size {
        Size::Bits64 => arguments.long().cast_signed(),
        Size::Char => i64::from((arguments.int() & 0xFF) as u8 as i8),
        Size::Short => i64::from((arguments.int() & 0xFFFF) as u16 as i16),
        _ => i64::from(arguments.int().cast_signed()),
    };
    let sign = match (value < 0, spec.plus, spec.blank) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    put(spec, sign, &value.unsigned_abs().to_string(), sink);
}

pub(super) fn unsigned<C: Unit>(spec: &Spec, arguments: &mut dyn Arguments, sink: &mut Sink<C>) {
    let value = match spec.size {
        Size::Bits64 => arguments.long(),
        Size::Char => u64::from(arguments.int() & 0xFF),
        Size::Short => u64::from(arguments.int() & 0xFFFF),
        _ => u64::from(arguments.int()),
    };
    let marked = spec.other && value != 0;
    match spec.conversion {
        b'o' => put(spec, if spec.other { "0" } else { "" }, &format!("{value:o}"), sink),
        b'x' => put(spec, if marked { "0x" } else { "" }, &format!("{value:x}"), sink),
        b'X' => put(spec, if marked { "0X" } else { "" }, &format!("{value:X}"), sink),
        _ => put(spec, "", &value.to_string(), sink),
    }
}

/// All digits of an address, as Windows shows them.
pub(super) fn pointer<C: Unit>(spec: &Spec, arguments: &mut dyn Arguments, sink: &mut Sink<C>) {
    let digits = format!("{:016X}", arguments.pointer());
    put(&Spec { precision: None, ..*spec }, "", &digits, sink);
}

/// Digits in their field: zeros up to the precision, or up to the width.
fn put<C: Unit>(spec: &Spec, sign: &str, digits: &str, sink: &mut Sink<C>) {
    // no digit at all for 0 with precision 0; the 0 that marks an octal is one of its digits
    let digits = if spec.precision == Some(0) && digits == "0" { "" } else { digits };
    let (sign, digits) = match sign {
        "0" if digits.starts_with('0') => ("", digits),
        "0" if spec.precision.is_some_and(|least| least > digits.len()) => ("", digits),
        other => (other, digits),
    };
    let mut zeros = spec.precision.unwrap_or(1).saturating_sub(digits.len());
    let taken = sign.len().saturating_add(zeros).saturating_add(digits.len());
    let mut blanks = spec.width.saturating_sub(taken);
    if spec.zero && !spec.left && spec.precision.is_none() {
        zeros = zeros.saturating_add(std::mem::take(&mut blanks));
    }
    if !spec.left {
        sink.repeat(C::ascii(b' '), blanks);
    }
    sink.ascii(sign);
    sink.repeat(C::ascii(b'0'), zeros);
    sink.ascii(digits);
    if spec.left {
        sink.repeat(C::ascii(b' '), blanks);
    }
}

/// A number with a point: C's own rules are Windows' too.
pub(super) fn double<C: Unit>(spec: &Spec, value: f64, sink: &mut Sink<C>) {
    let mut format = vec![b'%'];
    format.extend(spec.other.then_some(b'#'));
    format.extend_from_slice(if spec.precision.is_some() { b".*" } else { b"" });
    format.extend([spec.conversion, 0]);
    let digits = i32::try_from(spec.precision.unwrap_or_default().min(MOST_DIGITS)).unwrap_or_default();
    // 309 digits before the point, the point, the sign
    let mut text = vec![0_u8; MOST_DIGITS + 400];
    let (to, size, format) =
        (text.as_mut_ptr().cast::<c_char>(), text.len(), format.as_ptr().cast::<c_char>());
    // SAFETY: room of the size given, a format with its NUL, and the arguments it names.
    let length = unsafe {
        match spec.precision {
            Some(_) => libc::snprintf(to, size, format, digits, value.abs()),
            None => libc::snprintf(to, size, format, value.abs()),
        }
    };
    text.truncate(usize::try_from(length).unwrap_or_default());
    let digits = String::from_utf8_lossy(&text);
    let sign = match (value.is_sign_negative(), spec.plus, spec.blank) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    let spec = Spec { precision: None, zero: spec.zero && value.is_finite(), ..*spec };
    match digits.get(..2).filter(|mark| mark.eq_ignore_ascii_case("0x")) {
        Some(mark) => put(&spec, &format!("{sign}{mark}"), digits.get(2..).unwrap_or_default(), sink),
        None => put(&spec, sign, &digits, sink),
    }
}
