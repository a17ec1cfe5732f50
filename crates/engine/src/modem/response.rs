//! What a modem says: lines of text, or numbers, between its echo and the data of a call.

use std::fmt;

/// The longest line of a modem that is kept, in octets; what is longer is cut.
const LONGEST: usize = 256;

const CR: u8 = 13;
const LF: u8 = 10;

/// A result, or something else a modem says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// OK: the command was carried out.
    Ok,
    /// CONNECT: a call stands. What follows is data.
    Connect {
        /// Bits a second, where it says so.
        speed: Option<u32>,
        /// The whole line.
        text: String,
    },
    /// RING, with the number where the modem puts it into the same line (`RING;555`).
    Ring(Option<String>),
    /// NO CARRIER: no call came about, or it has ended.
    NoCarrier,
    /// ERROR: the command was not understood.
    Error,
    /// NO DIALTONE.
    NoDialtone,
    /// BUSY.
    Busy,
    /// NO ANSWER.
    NoAnswer,
    /// VOICE: a person answered.
    Voice,
    /// DELAYED or BLACKLISTED: the modem will not dial this number now, by the law of its country.
    Forbidden,
    /// A line about who calls.
    Caller(CallerId),
    /// Everything else: echo, identity, `CARRIER 31200`, `RINGING`.
    Other(String),
}

impl fmt::Display for Response {
    /// The line as it came, as far as it matters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("OK"),
            Self::Connect { text, .. } | Self::Other(text) => f.write_str(text),
            Self::Ring(None) => f.write_str("RING"),
            Self::Ring(Some(number)) => write!(f, "RING;{number}"),
            Self::NoCarrier => f.write_str("NO CARRIER"),
            Self::Error => f.write_str("ERROR"),
            Self::NoDialtone => f.write_str("NO DIALTONE"),
            Self::Busy => f.write_str("BUSY"),
            Self::NoAnswer => f.write_str("NO ANSWER"),
            Self::Voice => f.write_str("VOICE"),
            Self::Forbidden => f.write_str("DELAYED"),
            Self::Caller(CallerId::Number(number)) => write!(f, "NMBR = {number}"),
            Self::Caller(CallerId::Withheld) => f.write_str("NMBR = P"),
            Self::Caller(CallerId::Name(name)) => write!(f, "NAME = {name}"),
            Self::Caller(CallerId::When) => f.write_str("DATE"),
        }
    }
}

/// What a caller-ID line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerId {
    /// The number.
    Number(String),
    /// The caller hides it, or the network does not know it.
    Withheld,
    /// The name.
    Name(String),
    /// Date or time.
    When,
}

/// In which words a modem answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Words {
    /// `CR LF text CR LF` (V1).
    #[default]
    Text,
    /// `digits CR` (V0). Numbers above 8 differ by vendor and are other; those of V.250 are known.
    Numbers,
}

/// Cuts what a modem says into lines, and stops at CONNECT: what follows is data.
#[derive(Clone, Debug, Default)]
pub struct Speech {
    words: Words,
    line: Vec<u8>,
    /// The last line was a CONNECT, and the LF of its end is still to come.
    owes_lf: bool,
}

impl Speech {
    /// Nothing heard yet.
    pub fn new(words: Words) -> Self {
        Self { words, line: Vec::new(), owes_lf: false }
    }

    /// Forgets the line in the making.
    pub fn clear(&mut self) {
        self.line.clear();
        self.owes_lf = false;
    }

    /// What of `input` is data, behind a [`Response::Connect`]: all but the LF that may end that line.
    pub fn data<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let Some((first, rest)) = input.split_first() else { return input };
        let owed = std::mem::take(&mut self.owes_lf);
        if owed && *first == LF { rest } else { input }
    }

    /// Eats `input` up to the end of one line; `None`: all is eaten. Behind [`Response::Connect`] what is left is for
    /// [`Speech::data`].
    pub fn next_response(&mut self, input: &mut &[u8]) -> Option<Response> {
        while let Some((octet, rest)) = input.split_first() {
            *input = rest;
            match *octet {
                LF | CR => {
                    // numbers end with CR, and a text line may begin with the LF of the one before
                    let line = std::mem::take(&mut self.line);
                    if line.iter().any(|octet| !octet.is_ascii_whitespace()) {
                        let response = self.read(&line);
                        let connects = matches!(response, Response::Connect { .. });
                        self.owes_lf = connects && *octet == CR && self.words == Words::Text;
                        return Some(response);
                    }
                }
                // a modem that is switched on sends some of these
                0 | 0xff => {}
                octet if self.line.len() < LONGEST => self.line.push(octet & 0x7f),
                _ => {}
            }
        }
        None
    }

    fn read(&self, line: &[u8]) -> Response {
        let text: String = line.iter().map(|octet| char::from(*octet)).collect();
        let text = text.trim();
        if self.words == Words::Numbers
            && let Some(response) = number(text)
        {
            return response;
        }
        words(text)
    }
}

/// A result by its number (V.250, table 1 and Annex).
fn number(text: &str) -> Option<Response> {
    let connect = |speed| Response::Connect { speed: Some(speed), text: format!("CONNECT {speed}") };
    Some(match text {
        "0" => Response::Ok,
        "1" => Response::Connect { speed: None, text: "CONNECT".into() },
        "2" => Response::Ring(None),
        "3" => Response::NoCarrier,
        "4" => Response::Error,
        "5" => connect(1200),
        "6" => Response::NoDialtone,
        "7" => Response::Busy,
        "8" => Response::NoAnswer,
        "9" => connect(600),
        "10" => connect(2400),
        "11" => connect(4800),
        "12" => connect(9600),
        "13" => connect(7200),
        "14" => connect(12000),
        "15" => connect(14400),
        "16" => connect(19200),
        "17" => connect(38400),
        "18" => connect(57600),
        "19" => connect(115_200),
        _ => return None,
    })
}

fn words(text: &str) -> Response {
    let upper = text.to_ascii_uppercase();
    let is = |word: &str| {
        upper == word || upper.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', ';']))
    };
    match upper.as_str() {
        "OK" => return Response::Ok,
        "NO CARRIER" => return Response::NoCarrier,
        "ERROR" => return Response::Error,
        "NO DIALTONE" | "NO DIAL TONE" => return Response::NoDialtone,
        "BUSY" => return Response::Busy,
        "NO ANSWER" => return Response::NoAnswer,
        "VOICE" => return Response::Voice,
        _ => {}
    }
    // `Connecting to …` of WiFi modems is progress
    if let Some(rest) = upper.strip_prefix("CONNECT")
        && !rest.starts_with(|first: char| first.is_ascii_alphabetic())
    {
        let digits = rest.trim_start().split(|c: char| !c.is_ascii_digit()).next();
        return Response::Connect {
            speed: digits.and_then(|digits| digits.parse().ok()),
            text: text.to_owned(),
        };
    }
    if is("RING") || upper.starts_with("+CRING") {
        let number =
            text.split_once(';').map(|(_, number)| number.trim()).filter(|number| !number.is_empty());
        return Response::Ring(number.map(str::to_owned));
    }
    if is("DELAYED")
        || is("BLACKLISTED")
        || upper.starts_with("+CME ERROR")
        || upper.starts_with("+CMS ERROR")
    {
        return if upper.starts_with('+') { Response::Error } else { Response::Forbidden };
    }
    caller(text).map_or_else(|| Response::Other(text.to_owned()), Response::Caller)
}

/// The lines between the first and the second ring, and those of ISDN and cellular equipment.
fn caller(text: &str) -> Option<CallerId> {
    if let Some(clip) = text.strip_prefix("+CLIP:") {
        let number = clip.split(',').next().unwrap_or_default().trim().trim_matches('"');
        return Some(if number.is_empty() {
            CallerId::Withheld
        } else {
            CallerId::Number(number.to_owned())
        });
    }
    let (key, value) = text.split_once('=')?;
    let value = value.trim();
    match key.trim().to_ascii_uppercase().as_str() {
        "NMBR" | "DDN_NMBR" => Some(match value {
            "P" | "O" | "" => CallerId::Withheld,
            number => CallerId::Number(number.to_owned()),
        }),
        "NAME" => Some(CallerId::Name(value.to_owned())),
        "DATE" | "TIME" => Some(CallerId::When),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(words: Words, mut input: &[u8]) -> Vec<Response> {
        let mut speech = Speech::new(words);
        std::iter::from_fn(|| speech.next_response(&mut input)).collect()
    }

    fn connect(speed: Option<u32>, text: &str) -> Response {
        Response::Connect { speed, text: text.into() }
    }

    #[test]
    fn results_in_text() {
        let said = b"AT&F\r\r\nOK\r\n\r\nRING\r\n\r\nNO CARRIER\r\nno dial tone\r\nERROR\r\nBUSY\r\nNO ANSWER\r\nVOICE\r\n";
        let expected = [
            Response::Other("AT&F".into()),
            Response::Ok,
            Response::Ring(None),
            Response::NoCarrier,
            Response::NoDialtone,
            Response::Error,
            Response::Busy,
            Response::NoAnswer,
            Response::Voice,
        ];
        assert_eq!(all(Words::Text, said), expected);
        for (said, expected) in [
            ("CONNECT", connect(None, "CONNECT")),
            ("CONNECT 33600", connect(Some(33600), "CONNECT 33600")),
            ("CONNECT 49333/ARQ/V90/LAPM/V42BIS", connect(Some(49333), "CONNECT 49333/ARQ/V90/LAPM/V42BIS")),
            ("CARRIER 31200", Response::Other("CARRIER 31200".into())),
            ("Connecting to host:23", Response::Other("Connecting to host:23".into())),
            ("RING;0305551", Response::Ring(Some("0305551".into()))),
            ("+CRING: VOICE", Response::Ring(None)),
            // which of several numbers of one line is called, by its cadence
            ("RING A", Response::Ring(None)),
            ("RING 2", Response::Ring(None)),
            ("DELAYED 00:10:00", Response::Forbidden),
            ("BLACKLISTED", Response::Forbidden),
            ("+CME ERROR: 10", Response::Error),
            ("RINGING", Response::Other("RINGING".into())),
        ] {
            assert_eq!(all(Words::Text, format!("\r\n{said}\r\n").as_bytes()), [expected], "{said}");
        }
    }

    #[test]
    fn results_in_numbers() {
        let said = b"ATDT1\r1\r";
        assert_eq!(all(Words::Numbers, said), [Response::Other("ATDT1".into()), connect(None, "CONNECT")]);
        assert_eq!(all(Words::Numbers, b"0\r2\r3\r18\r32\r")[3], connect(Some(57600), "CONNECT 57600"));
        assert_eq!(all(Words::Text, b"0\r\n"), [Response::Other("0".into())]);
    }

    #[test]
    fn who_calls() {
        let said = b"RING\r\n\r\nDATE = 0412\r\nTIME = 1530\r\nNMBR = 5551234\r\nNAME = MILLER\r\n+CLIP: \"+4930\",145\r\nNMBR=P\r\n";
        let expected = [
            Response::Ring(None),
            Response::Caller(CallerId::When),
            Response::Caller(CallerId::When),
            Response::Caller(CallerId::Number("5551234".into())),
            Response::Caller(CallerId::Name("MILLER".into())),
            Response::Caller(CallerId::Number("+4930".into())),
            Response::Caller(CallerId::Withheld),
        ];
        assert_eq!(all(Words::Text, said), expected);
    }

    #[test]
    fn what_follows_a_connect_is_data() {
        for (words, said) in
            [(Words::Text, &b"\r\nCONNECT 9600\r\n\n~\xff"[..]), (Words::Numbers, b"12\r\n~\xff")]
        {
            for cut in 0..said.len() {
                let mut speech = Speech::new(words);
                let mut data = Vec::new();
                let mut connected = false;
                for mut part in [&said[..cut], &said[cut..]] {
                    if !connected {
                        connected = matches!(speech.next_response(&mut part), Some(Response::Connect { .. }));
                    }
                    if connected {
                        data.extend_from_slice(speech.data(part));
                    }
                }
                assert_eq!(data, b"\n~\xff", "{words:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_line_without_end_holds_little() {
        let mut speech = Speech::default();
        for _ in 0..1000 {
            assert_eq!(speech.next_response(&mut &[b'x'; 1000][..]), None);
        }
        assert_eq!(speech.line.len(), LONGEST);
    }

    proptest! {
        #[test]
        fn any_cut_hears_the_same_until_data(
            said in "(\r\nOK\r\n|RING\r\n|[ -~]{0,9}\r|\r\nBUSY\r\n|\u{0}){0,6}", size in 1usize..9,
        ) {
            prop_assume!(!said.to_ascii_uppercase().contains("CONNECT"));
            let mut speech = Speech::default();
            let mut parts = Vec::new();
            for mut chunk in said.as_bytes().chunks(size) {
                parts.extend(std::iter::from_fn(|| speech.next_response(&mut chunk)));
            }
            prop_assert_eq!(parts, all(Words::Text, said.as_bytes()));
        }
    }
}
