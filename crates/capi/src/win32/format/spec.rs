//! What stands between `%` and a conversion.

use super::super::units::Unit;
use super::{Arguments, Rules};

/// How wide an argument is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Size {
    Usual,
    /// `hh`: 8 bits.
    Char,
    /// `h`: 16 bits, and narrow text.
    Short,
    /// `l`: 32 bits, and wide text.
    Long,
    /// `w`: wide text.
    Wide,
    /// `ll`, `I64`, `I`, `j`, `z`, `t`: 64 bits.
    Bits64,
    /// `L`: what gcc passes as a long double.
    LongDouble,
}

/// One specification.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    pub(super) left: bool,
    pub(super) zero: bool,
    pub(super) plus: bool,
    pub(super) blank: bool,
    pub(super) other: bool,
    pub(super) width: usize,
    pub(super) precision: Option<usize>,
    pub(super) size: Size,
    pub(super) conversion: u8,
}

/// The conversions of wsprintf, and those the C library has beside them.
const USER: &[u8] = b"%diuxXpcCsS";
const C: &[u8] = b"oneEfFgGaA";

impl Spec {
    /// Takes a specification off the units after its `%`. Without one (an unknown conversion, or the end) what follows is
    /// text from there on.
    pub(super) fn parse<'a, U: Unit>(
        rules: Rules,
        units: &'a [U],
        arguments: &mut dyn Arguments,
    ) -> (Option<Self>, &'a [U]) {
        let mut spec = Self {
            left: false,
            zero: false,
            plus: false,
            blank: false,
            other: false,
            width: 0,
            precision: None,
            size: Size::Usual,
            conversion: 0,
        };
        let mut rest = spec.flags(rules, units);
        if let Some(width) = take(rules, &mut rest, arguments) {
            spec.left |= width < 0;
            spec.width = usize::try_from(width.unsigned_abs()).unwrap_or_default();
        }
        if let Some(after) = skip(rest, b".") {
            rest = after;
            // none is 0, and less than 0 as if there were no point
            let precision = take(rules, &mut rest, arguments).unwrap_or_default();
            spec.precision = usize::try_from(precision).ok();
        }
        rest = spec.size(rest);
        let conversion = rest.first().and_then(|unit| u8::try_from(unit.code()).ok());
        let known = |byte: &u8| USER.contains(byte) || rules == Rules::C && C.contains(byte);
        match conversion.filter(known) {
            Some(conversion) => (Some(Self { conversion, ..spec }), rest.get(1..).unwrap_or_default()),
            None => (None, rest),
        }
    }

    fn flags<'a, U: Unit>(&mut self, rules: Rules, units: &'a [U]) -> &'a [U] {
        let mut rest = units;
        while let Some((first, after)) = rest.split_first() {
            match u8::try_from(first.code()) {
                Ok(b'-') => self.left = true,
                Ok(b'0') => self.zero = true,
                Ok(b'#') => self.other = true,
                Ok(b'+') if rules == Rules::C => self.plus = true,
                Ok(b' ') if rules == Rules::C => self.blank = true,
                _ => break,
            }
            rest = after;
        }
        rest
    }

    fn size<'a, U: Unit>(&mut self, rest: &'a [U]) -> &'a [U] {
        const SIZES: [(&[u8], Size); 12] = [
            (b"I64", Size::Bits64),
            (b"I32", Size::Long),
            (b"I", Size::Bits64),
            (b"hh", Size::Char),
            (b"h", Size::Short),
            (b"ll", Size::Bits64),
            (b"l", Size::Long),
            (b"w", Size::Wide),
            (b"j", Size::Bits64),
            (b"z", Size::Bits64),
            (b"t", Size::Bits64),
            (b"L", Size::LongDouble),
        ];
        for (word, size) in SIZES {
            if let Some(after) = skip(rest, word) {
                self.size = size;
                return after;
            }
        }
        rest
    }
}

/// The units after a word.
fn skip<'a, U: Unit>(units: &'a [U], word: &[u8]) -> Option<&'a [U]> {
    let (start, rest) = units.split_at_checked(word.len())?;
    start.iter().zip(word).all(|(unit, byte)| unit.code() == u32::from(*byte)).then_some(rest)
}

/// A number, or one from the arguments.
fn take<U: Unit>(rules: Rules, rest: &mut &[U], arguments: &mut dyn Arguments) -> Option<i64> {
    if rules == Rules::C
        && let Some(after) = skip(rest, b"*")
    {
        *rest = after;
        return Some(i64::from(arguments.int().cast_signed()));
    }
    let mut number: Option<i64> = None;
    while let Some((first, after)) = rest.split_first()
        && let Some(digit) = char::from_u32(first.code()).and_then(|digit| digit.to_digit(10))
    {
        let so_far = number.unwrap_or_default().saturating_mul(10).saturating_add(i64::from(digit));
        number = Some(so_far.min(i64::from(i32::MAX)));
        *rest = after;
    }
    number
}
