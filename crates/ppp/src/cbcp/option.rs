//! CBCP's options: the four kinds of callback (MS-CBCP §2.2).

use crate::ask::CallbackOffer;
use crate::wire::{Malformed, Options, RawOption, Reader, emit_option};

/// Address type of a telephone number; no other one is in use.
const PHONE: u8 = 1;
/// Longest number taken or sent, in octets: Windows' own limit.
pub(super) const LONGEST_NUMBER: usize = 128;

/// One option. Numbers are text from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Callback {
    /// Type 1.
    None,
    /// Type 2. In a Request the number is empty.
    Caller { delay: u8, number: String },
    /// Type 3.
    Preset { delay: u8 },
    /// Type 4: all numbers in a Request, one in a Response.
    List { delay: u8, numbers: Vec<String> },
    /// A type nobody has defined.
    Unknown(u8),
}

impl Callback {
    /// Reads one option. Type 2 may come without address or final NUL; numbers must be printable ASCII.
    fn parse(option: RawOption<'_>) -> Result<Self, Malformed> {
        let mut data = Reader::new(option.data);
        Ok(match option.kind {
            1 => {
                data.finish("option 1")?;
                Self::None
            }
            2 => {
                let delay = data.u8("delay")?;
                let mut numbers = numbers(data)?;
                let number = numbers.pop().unwrap_or_default();
                if !numbers.is_empty() {
                    return Err(Malformed { what: "option 2" });
                }
                Self::Caller { delay, number }
            }
            3 => {
                let delay = data.u8("delay")?;
                data.finish("option 3")?;
                Self::Preset { delay }
            }
            4 => Self::List { delay: data.u8("delay")?, numbers: numbers(data)? },
            kind => Self::Unknown(kind),
        })
    }

    /// All options of a packet's body.
    pub(super) fn parse_all(body: &[u8]) -> Result<Vec<Self>, Malformed> {
        Options::new(body).map(|option| Self::parse(option?)).collect()
    }

    /// The only option of a Response or Ack, and its bytes.
    pub(super) fn parse_one(body: &[u8]) -> Result<Self, Malformed> {
        let mut all = Self::parse_all(body)?;
        match (all.pop(), all.is_empty()) {
            (Some(option), true) => Ok(option),
            _ => Err(Malformed { what: "number of options" }),
        }
    }

    /// Appends the option.
    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        match self {
            Self::None => emit_option(1, &[], out),
            Self::Caller { delay, number } => {
                emit_option(2, &addresses(*delay, std::slice::from_ref(number)), out);
            }
            Self::Preset { delay } => emit_option(3, &[*delay], out),
            Self::List { delay, numbers } => emit_option(4, &addresses(*delay, numbers), out),
            Self::Unknown(kind) => emit_option(*kind, &[], out),
        }
    }
}

/// A run of addresses: type octet, digits, NUL each. The last NUL may be missing.
fn numbers(mut data: Reader<'_>) -> Result<Vec<String>, Malformed> {
    let mut numbers = Vec::new();
    while !data.is_empty() {
        if data.u8("address type")? != PHONE {
            return Err(Malformed { what: "address type" });
        }
        let rest = data.rest();
        let size = rest.iter().position(|octet| *octet == 0);
        let digits = data.take(size.unwrap_or(rest.len()), "number")?;
        if size.is_some() {
            data.u8("NUL")?;
        }
        let printable = digits.iter().all(|octet| (b' '..=b'~').contains(octet));
        if !printable || digits.len() > LONGEST_NUMBER {
            return Err(Malformed { what: "number" });
        }
        numbers.push(String::from_utf8_lossy(digits).into_owned());
    }
    Ok(numbers)
}

/// Delay and addresses; numbers that do not fit one option any more are left out.
fn addresses(delay: u8, numbers: &[String]) -> Vec<u8> {
    let mut data = vec![delay];
    for number in numbers {
        if data.len() + number.len() + 2 <= 253 {
            data.push(PHONE);
            data.extend_from_slice(number.as_bytes());
            data.push(0);
        }
    }
    data
}

/// What a Request's options offer. Unknown types are no offer.
pub(super) fn offer(options: Vec<Callback>) -> CallbackOffer {
    let mut offer = CallbackOffer::default();
    for option in options {
        match option {
            Callback::None => offer.none = true,
            Callback::Caller { .. } => offer.caller = true,
            Callback::Preset { .. } => offer.preset = true,
            Callback::List { numbers, .. } => offer.list.extend(numbers),
            Callback::Unknown(_) => {}
        }
    }
    offer
}
