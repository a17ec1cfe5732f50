//! One line of a phone book: its bytes, how it ends, and what it says if it is a key.

use std::borrow::Cow;

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    CrLf,
    Lf,
    /// Only the last line of a file.
    None,
}

/// A line as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    text: Box<[u8]>,
    ending: Ending,
}

/// All lines of a file; together they are the file.
pub(crate) fn split(bytes: &[u8]) -> impl Iterator<Item = Line> {
    bytes.split_inclusive(|b| *b == b'\n').map(|whole| {
        let (text, ending) = match whole.strip_suffix(b"\r\n") {
            Some(text) => (text, Ending::CrLf),
            None => match whole.strip_suffix(b"\n") {
                Some(text) => (text, Ending::Lf),
                None => (whole, Ending::None),
            },
        };
        Line::new(text, ending)
    })
}

impl Line {
    pub(crate) fn new(text: &[u8], ending: Ending) -> Self {
        Self { text: text.into(), ending }
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(crate) fn ending(&self) -> Ending {
        self.ending
    }

    /// The same line with another end.
    pub(crate) fn ended(&self, ending: Ending) -> Self {
        Self { text: self.text.clone(), ending }
    }

    /// Gives an end to a line without one.
    pub(crate) fn end_with(&mut self, ending: Ending) {
        if self.ending == Ending::None {
            self.ending = ending;
        }
    }

    pub(crate) fn emit(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text);
        out.extend_from_slice(match self.ending {
            Ending::CrLf => b"\r\n",
            Ending::Lf => b"\n",
            Ending::None => b"",
        });
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    /// What stands in `[…]`, if the line begins an entry. A name may hold brackets itself.
    pub(crate) fn section_name(&self) -> Option<Cow<'_, str>> {
        self.text.trim_ascii().strip_prefix(b"[")?.strip_suffix(b"]").map(decode)
    }

    /// Key and value, if the line has both.
    pub(crate) fn pair(&self) -> Option<(&[u8], &[u8])> {
        let at = self.text.iter().position(|b| *b == b'=')?;
        let (key, value) = self.text.split_at_checked(at)?;
        let key = key.trim_ascii();
        let comment = key.is_empty() || key.starts_with(b";") || key.starts_with(b"#");
        (!comment).then_some((key, value.get(1..).unwrap_or_default()))
    }

    /// Whether this is a line of that key. Case counts only where the file distinguishes `Device` and `DEVICE`.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.pair().is_some_and(|(own, _)| own.eq_ignore_ascii_case(key.as_bytes()))
    }

    /// The value, if this is a line of a key.
    pub(crate) fn value(&self) -> Option<Cow<'_, str>> {
        self.pair().map(|(_, value)| decode(value))
    }

    /// Another value for the same key, which stays as it is spelt.
    pub(crate) fn set_value(&mut self, value: &str) {
        let at = self.text.iter().position(|b| *b == b'=').unwrap_or(self.text.len());
        let mut text = self.text.get(..at).unwrap_or_default().to_vec();
        text.push(b'=');
        text.extend_from_slice(value.as_bytes());
        self.text = text.into();
    }
}

/// Text of a line: UTF-8 if it is, else Windows-1252, as old systems wrote it.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|b| western(*b)).collect()),
    }
}

/// A character of Windows-1252; the five octets without one are the C1 controls of their number.
fn western(octet: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let place = octet.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at)));
    place.copied().unwrap_or(char::from(octet))
}
