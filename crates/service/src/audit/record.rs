//! What a record holds, and how it is spelt.

use serde::Serialize;

/// The longest text of one field, in characters.
const LONGEST: usize = 512;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The chain begins; the record names it.
    Chain,
    /// The chain goes on in a new file.
    Continued,
    /// A crash cut a record off before this one.
    Recovered,
    /// Records could not be written before this one.
    Resumed,
    /// The service started.
    Started,
    /// The service read its configuration again.
    Reloaded,
    /// The service stopped.
    Stopped,
    /// A rule of defence is switched off by the configuration.
    OptOut,
    /// An administrator changed something.
    Changed,
    /// A call was answered.
    Answered,
    /// A call was turned away by a limit.
    TurnedAway,
    /// A factor was tried: a security module, or PPP's own authentication.
    Tried,
    /// IP is up.
    Up,
    /// The caller is being called back.
    CallingBack,
    /// A call is over.
    Ended,
}

/// How it came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Good.
    Accepted,
    /// Refused, or ended by a failure.
    Refused,
}

/// One record, without what the chain adds: its number, time and hash. Fields that say nothing are left out.
#[derive(Clone, Debug, Serialize)]
pub struct Record<'a> {
    /// What happened.
    pub what: What,
    /// The call's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// Which port, as `line1/3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<&'a str>,
    /// Where the call came from: an address, a number, or the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'a str>,
    /// The name given, proved or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// What was tried: a module's name, or `ppp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<&'a str>,
    /// How it came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The RAS number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<u32>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// The calling number, or the one called back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<&'a str>,
    /// User id of the administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// What the administrator did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'a str>,
    /// To what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<&'a str>,
    /// How it was before; no secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<&'a str>,
    /// How it is now; no secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<&'a str>,
    /// Records that could not be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// Bytes between the record before and this one that are no record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn: Option<u64>,
    /// The name of the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<&'a str>,
}

impl<'a> Record<'a> {
    /// A record with nothing but what happened.
    pub fn new(what: What) -> Self {
        Self {
            what,
            call: None,
            port: None,
            source: None,
            name: None,
            factor: None,
            outcome: None,
            error: None,
            reason: None,
            number: None,
            uid: None,
            change: None,
            target: None,
            before: None,
            after: None,
            lost: None,
            torn: None,
            chain: None,
        }
    }

    /// With every text cut to its longest.
    pub(super) fn cut(mut self) -> Self {
        for text in [
            &mut self.port,
            &mut self.source,
            &mut self.name,
            &mut self.factor,
            &mut self.reason,
            &mut self.number,
            &mut self.change,
            &mut self.target,
            &mut self.before,
            &mut self.after,
        ] {
            *text = text.map(cut);
        }
        self
    }
}

fn cut(text: &'_ str) -> &'_ str {
    // most are short, and a count of bytes is a bound for that of characters
    if text.len() <= LONGEST {
        return text;
    }
    text.char_indices().nth(LONGEST).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// The same JSON in printable ASCII. Outside of strings JSON has nothing else, inside them `\uXXXX` says the same.
pub(super) fn ascii(json: String) -> String {
    if json.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return json;
    }
    let mut out = String::with_capacity(json.len() * 2);
    for c in json.chars() {
        if matches!(c, ' '..='~') {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out += &format!("\\u{unit:04x}");
            }
        }
    }
    out
}
