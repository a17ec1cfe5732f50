//! Windows' formats: `%s` and `%c` follow the width of the format, `%S` is the other one, `h` is narrow and `l`, `w` wide,
//! `l` before a number is 32 bits, `I64` and `ll` 64. C's own printf has other rules for all of these.

mod number;
mod spec;
mod text;

use spec::{Size, Spec};

use super::units::Unit;

/// The two dialects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rules {
    /// wsprintf: no numbers with a point, no `*`, `+` or blank.
    User,
    /// The C library's, of StringCchPrintf and the printf functions.
    C,
}

/// A list of arguments, which each have the type their specification says.
pub(super) trait Arguments {
    /// 32 bits or fewer.
    fn int(&mut self) -> u32;
    /// 64 bits.
    fn long(&mut self) -> u64;
    /// A number with a point.
    fn double(&mut self) -> f64;
    /// The longer one, of `%Lf`.
    fn long_double(&mut self) -> f64;
    /// An address.
    fn pointer(&mut self) -> usize;
}

/// Where the text goes: no more than there is room for.
#[derive(Debug)]
pub(super) struct Sink<C> {
    /// What was written.
    pub(super) units: Vec<C>,
    room: usize,
    /// More was to be written.
    pub(super) full: bool,
}

impl<C: Unit> Sink<C> {
    pub(super) fn new(room: usize) -> Self {
        Self { units: Vec::new(), room, full: false }
    }

    fn push(&mut self, unit: C) {
        if self.units.len() < self.room { self.units.push(unit) } else { self.full = true }
    }

    fn repeat(&mut self, unit: C, times: usize) {
        let left = self.room.saturating_sub(self.units.len());
        self.units.extend(std::iter::repeat_n(unit, times.min(left)));
        self.full |= times > left;
    }

    fn ascii(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.push(C::ascii(byte)));
    }

    /// Text in its field.
    fn field(&mut self, spec: &Spec, fill: u8, units: &[C]) {
        let padding = spec.width.saturating_sub(units.len());
        if !spec.left {
            self.repeat(C::ascii(fill), padding);
        }
        units.iter().for_each(|unit| self.push(*unit));
        if spec.left {
            self.repeat(C::ascii(b' '), padding);
        }
    }
}

/// Formats.
///
/// # Safety
/// `arguments` are those the format asks for; texts among them end with a NUL or at their precision.
pub(super) unsafe fn format<C: Unit>(
    rules: Rules,
    format: &[C],
    arguments: &mut dyn Arguments,
    sink: &mut Sink<C>,
) {
    let mut rest = format;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if first.code() != u32::from(b'%') {
            sink.push(*first);
        } else {
            let (spec, after) = Spec::parse(rules, rest, arguments);
            // what is no conversion is text, without what stood before it
            rest = after;
            if let Some(spec) = spec {
                // SAFETY: as the caller's.
                unsafe { convert(rules, &spec, arguments, sink) };
            }
        }
        // nothing can be added, and the arguments are not needed any more
        if sink.full {
            return;
        }
    }
}

unsafe fn convert<C: Unit>(rules: Rules, spec: &Spec, arguments: &mut dyn Arguments, sink: &mut Sink<C>) {
    match spec.conversion {
        b'%' => sink.push(C::ascii(b'%')),
        b'd' | b'i' => number::signed(spec, arguments, sink),
        b'u' | b'o' | b'x' | b'X' => number::unsigned(spec, arguments, sink),
        b'p' => number::pointer(spec, arguments, sink),
        b'c' | b'C' => text::character(rules, spec, arguments.int(), sink),
        // SAFETY: as the caller's.
        b's' | b'S' => unsafe { text::string(rules, spec, arguments.pointer(), sink) },
        // writing through an argument is off, as it is in Windows
        b'n' => {
            arguments.pointer();
        }
        _ if spec.size == Size::LongDouble => number::double(spec, arguments.long_double(), sink),
        _ => number::double(spec, arguments.double(), sink),
    }
}

#[cfg(test)]
#[path = "format/tests.rs"]
mod tests;
