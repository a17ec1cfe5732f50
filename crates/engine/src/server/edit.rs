//! One edited line over a raw connection: what a person types, echoed, corrected and ended. Pure: bytes in, bytes
//! to send back out.

use openras_ppp::Secret;
use zeroize::Zeroize;

use super::dialog::Echo;

/// Longest line in bytes.
pub const LONGEST_LINE: usize = 1024;

const BELL: u8 = 0x07;
const BACKSPACE: u8 = 0x08;
const LF: u8 = b'\n';
const CR: u8 = b'\r';
const CTRL_U: u8 = 0x15;
const ESC: u8 = 0x1b;
const DELETE: u8 = 0x7f;
/// Wipes one column: back, blank, back.
const RUB_OUT: &[u8] = b"\x08 \x08";

/// An edited line in the making.
///
/// Backspace and DEL take back one character (a whole one of UTF-8), Ctrl-U all of them; CR or LF ends the line;
/// other control characters are ignored and escape sequences (cursor keys) swallowed. Bytes that are no UTF-8 are
/// kept as they came, a character each. A character takes one column.
pub struct LineEditor {
    echo: Echo,
    max: usize,
    text: Vec<u8>,
    partial: Partial,
    escape: Escape,
}

/// The first bytes of a character that is not complete yet.
#[derive(Default)]
struct Partial {
    bytes: [u8; 4],
    len: usize,
}

/// Where in an escape sequence (ECMA-48 §5.3) the input stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    /// ESC has come.
    Start,
    /// ESC and intermediate bytes, or ESC O: one final byte follows.
    Final,
    /// A control sequence: parameters until a byte of 40–7E.
    Control,
}

impl LineEditor {
    /// An empty line of at most `max` bytes (cut to [`LONGEST_LINE`]).
    pub fn new(echo: Echo, max: usize) -> Self {
        let max = max.min(LONGEST_LINE);
        // room for all of it at once: growing would leave copies behind that nobody wipes
        let text = Vec::with_capacity(max);
        Self { echo, max, text, partial: Partial::default(), escape: Escape::None }
    }

    /// Takes one byte, appends to `reply` what the person is to see, and gives true when the line has ended.
    pub fn key(&mut self, byte: u8, reply: &mut Vec<u8>) -> bool {
        if self.in_escape(byte) {
            return false;
        }
        if byte >= 0x80 {
            self.partial_character(byte, reply);
            return false;
        }
        match byte {
            BACKSPACE | DELETE => self.rub_out(reply),
            CTRL_U => while self.remove_last(reply) {},
            _ => {
                self.give_up_partial(reply);
                match byte {
                    CR | LF => {
                        reply.extend_from_slice(b"\r\n");
                        return true;
                    }
                    ESC => self.escape = Escape::Start,
                    0x20..=0x7e => self.add(&[byte], reply),
                    _ => {}
                }
            }
        }
        false
    }

    /// The line so far, without its end.
    pub fn take(&mut self) -> Secret {
        let mut unseen = Vec::new();
        self.give_up_partial(&mut unseen);
        Secret::new(std::mem::take(&mut self.text))
    }

    /// What of the line stands on the screen as it was typed: nothing where it is not echoed so.
    pub fn shown(&self) -> &[u8] {
        match self.echo {
            Echo::Yes => &self.text,
            Echo::No | Echo::Mask => &[],
        }
    }

    /// Whether the byte belongs to an escape sequence. C0 characters end one and keep their meaning, as on a
    /// terminal, so that a stray ESC never eats the end of the line.
    fn in_escape(&mut self, byte: u8) -> bool {
        if self.escape == Escape::None {
            return false;
        }
        if !(0x20..DELETE).contains(&byte) {
            self.escape = Escape::None;
            return false;
        }
        self.escape = match (self.escape, byte) {
            (Escape::Start, b'[') => Escape::Control,
            (Escape::Start, b'O' | 0x20..=0x2f) => Escape::Final,
            (Escape::Control, 0x20..=0x3f) => Escape::Control,
            (Escape::Final, 0x20..=0x2f) => Escape::Final,
            _ => Escape::None,
        };
        true
    }

    fn partial_character(&mut self, byte: u8, reply: &mut Vec<u8>) {
        if let Some(slot) = self.partial.bytes.get_mut(self.partial.len) {
            *slot = byte;
            self.partial.len += 1;
        }
        while self.partial.len > 0 {
            let bytes = self.partial.bytes;
            let held = bytes.get(..self.partial.len).unwrap_or_default();
            match std::str::from_utf8(held) {
                Ok(text) => {
                    // C1 controls in UTF-8 are controls too
                    if !text.chars().any(char::is_control) {
                        self.add(held, reply);
                    }
                    self.partial.len = 0;
                }
                Err(error) if error.error_len().is_none() => return,
                Err(_) => self.give_up_first(reply),
            }
        }
    }

    /// The first held byte begins no character: it is one by itself.
    fn give_up_first(&mut self, reply: &mut Vec<u8>) {
        let [first, rest @ ..] = self.partial.bytes;
        self.add(&[first], reply);
        self.partial.bytes = [rest[0], rest[1], rest[2], 0];
        self.partial.len -= 1;
    }

    fn give_up_partial(&mut self, reply: &mut Vec<u8>) {
        while self.partial.len > 0 {
            self.give_up_first(reply);
        }
    }

    fn add(&mut self, character: &[u8], reply: &mut Vec<u8>) {
        if self.text.len() + character.len() > self.max {
            reply.push(BELL);
            return;
        }
        self.text.extend_from_slice(character);
        match self.echo {
            Echo::Yes => reply.extend_from_slice(character),
            Echo::Mask => reply.push(b'*'),
            Echo::No => {}
        }
    }

    fn rub_out(&mut self, reply: &mut Vec<u8>) {
        // an unfinished character was never shown
        if std::mem::take(&mut self.partial.len) == 0 {
            self.remove_last(reply);
        }
    }

    /// Takes back the last character; false when there is none.
    fn remove_last(&mut self, reply: &mut Vec<u8>) -> bool {
        self.partial.len = 0;
        if self.text.is_empty() {
            return false;
        }
        let from = self.text.len() - last_character(&self.text);
        self.text.truncate(from);
        if self.echo != Echo::No {
            reply.extend_from_slice(RUB_OUT);
        }
        true
    }
}

impl Drop for LineEditor {
    fn drop(&mut self) {
        self.text.zeroize();
        self.partial.bytes.zeroize();
    }
}

/// Length in bytes of the last character: of UTF-8, or else one byte.
fn last_character(text: &[u8]) -> usize {
    (1..=4usize.min(text.len()))
        .find(|len| {
            let tail = text.get(text.len() - len..).unwrap_or_default();
            std::str::from_utf8(tail).is_ok_and(|text| text.chars().count() == 1)
        })
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line, what was sent back, and whether the line ended.
    fn typed(echo: Echo, max: usize, keys: &[u8]) -> (Vec<u8>, Vec<u8>, bool) {
        let mut editor = LineEditor::new(echo, max);
        let mut reply = Vec::new();
        let mut ended = false;
        for &key in keys {
            assert!(!ended, "keys after the end");
            ended = editor.key(key, &mut reply);
        }
        (editor.take().expose().to_vec(), reply, ended)
    }

    #[test]
    fn each_echo_shows_what_it_should_and_ends_the_line_on_the_screen() {
        assert_eq!(typed(Echo::Yes, 10, b"abc\r"), (b"abc".to_vec(), b"abc\r\n".to_vec(), true));
        assert_eq!(typed(Echo::Mask, 10, b"abc\n"), (b"abc".to_vec(), b"***\r\n".to_vec(), true));
        assert_eq!(typed(Echo::No, 10, b"abc\r"), (b"abc".to_vec(), b"\r\n".to_vec(), true));
        assert_eq!(typed(Echo::Yes, 10, b"abc"), (b"abc".to_vec(), b"abc".to_vec(), false));
    }

    #[test]
    fn backspace_delete_and_ctrl_u_take_back() {
        assert_eq!(typed(Echo::Yes, 9, b"ab\x08c\x7f\r").0, b"a");
        assert_eq!(typed(Echo::Yes, 9, b"ab\x08").1, b"ab\x08 \x08");
        assert_eq!(typed(Echo::Mask, 9, b"ab\x15c\r").0, b"c");
        assert_eq!(typed(Echo::Mask, 9, b"ab\x15").1, b"**\x08 \x08\x08 \x08");
        assert_eq!(typed(Echo::No, 9, b"ab\x15").1, b"");
        assert_eq!(typed(Echo::Yes, 9, b"\x08\x7f\x15").1, b"", "nothing to take back, nothing to wipe");
    }

    #[test]
    fn a_backspace_takes_a_whole_character_of_utf8() {
        let (line, reply, _) = typed(Echo::Mask, 20, "aé€😀\x08\x08\x08".as_bytes());
        assert_eq!(line, b"a");
        assert_eq!(reply, b"****\x08 \x08\x08 \x08\x08 \x08");
        // half a character, taken back before it was shown
        assert_eq!(typed(Echo::Yes, 9, b"a\xe2\x82\x08b").0, b"ab");
    }

    #[test]
    fn bytes_that_are_no_utf8_are_kept_as_they_came() {
        assert_eq!(typed(Echo::Yes, 9, b"\xe9t\xe9\r").0, b"\xe9t\xe9");
        assert_eq!(typed(Echo::Yes, 9, b"\xe9t\xe9\x08\x08").0, b"\xe9");
        assert_eq!(typed(Echo::Yes, 9, b"\xff\xff\xc3\xa9").0, b"\xff\xff\xc3\xa9");
    }

    #[test]
    fn too_much_rings_the_bell_and_never_cuts_a_character() {
        assert_eq!(typed(Echo::Yes, 3, b"abcd").1, b"abc\x07");
        assert_eq!(typed(Echo::Yes, 3, "abé".as_bytes()), (b"ab".to_vec(), b"ab\x07".to_vec(), false));
        let endless = vec![b'x'; 5000];
        assert_eq!(typed(Echo::No, usize::MAX, &endless).0.len(), LONGEST_LINE);
    }

    #[test]
    fn control_characters_are_ignored_and_escape_sequences_swallowed() {
        assert_eq!(typed(Echo::Yes, 9, b"a\x00\x03\x04\tb\x07").0, b"ab");
        assert_eq!(typed(Echo::Yes, 9, b"a\x1b[Ab\x1bOPc\x1b[1;5Cd\x1b(Be").0, b"abcde");
        assert_eq!(typed(Echo::Yes, 9, "a\u{9b}b".as_bytes()).0, b"ab");
        let (line, _, ended) = typed(Echo::Yes, 9, b"ab\x1b[1;1\r");
        assert!(ended && line == b"ab", "a sequence that never ends must not eat the end of the line");
    }
}
