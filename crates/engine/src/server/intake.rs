//! What has come from the caller and is not taken yet: text for the dialog, and PPP from its first header on, which
//! is never an answer (defence rule 1).

use std::time::{Duration, Instant};

use openras_ppp::Secret;
use zeroize::Zeroize;

use crate::terminal::{Header, Recogniser};

use super::dialog::PppInDialog;

/// Most bytes kept of each kind.
pub(super) const CAP: usize = 64 * 1024;

/// How long the beginning of a header waits for its rest before it is text: a person may type `~`, which is 7E.
pub(super) const HEADER_WAIT: Duration = Duration::from_secs(1);

/// More than [`CAP`] bytes came that nobody took.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// The bytes of one call before PPP. Nothing is lost between dialogs, questions and PPP.
#[derive(Default)]
pub(super) struct Intake {
    recogniser: Recogniser,
    /// How many bytes the recogniser keeps back as the possible beginning of a header.
    undecided: usize,
    text: Wiped,
    /// From the first header on.
    ppp: Wiped,
    header: Option<Header>,
    ppp_is: PppInDialog,
    /// The byte taken last, if it was CR.
    last_cr: Option<TakenBy>,
}

/// Who took a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TakenBy {
    /// An edited line.
    Line,
    /// A Receive, whose bytes are left as they are.
    Receive,
}

impl Intake {
    /// Keeps bytes from the line.
    pub(super) fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Overflow> {
        if self.ppp_is == PppInDialog::Data {
            return self.text.push(bytes);
        }
        if self.header.is_some() {
            return self.ppp.push(bytes);
        }
        let mut seen = self.recogniser.push(now, bytes);
        let kept = self.text.push(&seen.text);
        self.undecided = (self.undecided + bytes.len()).saturating_sub(seen.text.len());
        seen.text.zeroize();
        if let Some((header, frames)) = seen.ppp {
            self.header = Some(header);
            self.undecided = 0;
            self.ppp.push(&frames)?;
        }
        kept
    }

    /// What PPP is from now on; with `Data` what is kept of it becomes text, and what is text is looked at anew
    /// behind it.
    pub(super) fn treat_ppp_as(&mut self, now: Instant, what: PppInDialog) {
        let before = std::mem::replace(&mut self.ppp_is, what);
        if (before == PppInDialog::Data) == (what == PppInDialog::Data) {
            return;
        }
        let kept = Self { last_cr: self.last_cr, ppp_is: what, ..Self::default() };
        let rest = std::mem::replace(self, kept).into_rest();
        // what fitted once is kept: the cap may be passed by what the other kind had
        if what == PppInDialog::Data {
            self.text.extend(rest.expose());
            return;
        }
        let mut seen = self.recogniser.push(now, rest.expose());
        self.text.extend(&seen.text);
        self.undecided = rest.len().saturating_sub(seen.text.len());
        seen.text.zeroize();
        if let Some((header, frames)) = seen.ppp {
            (self.header, self.undecided) = (Some(header), 0);
            self.ppp.extend(&frames);
        }
    }

    /// What PPP is.
    pub(super) fn ppp_is(&self) -> PppInDialog {
        self.ppp_is
    }

    /// When the beginning of a header becomes text.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let last = self.recogniser.last_byte().filter(|_| self.undecided > 0)?;
        last.checked_add(HEADER_WAIT)
    }

    /// What began like a header and went no further is text.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.deadline().is_some_and(|until| until <= now) {
            self.undecided = 0;
            let text = self.recogniser.settle();
            // a handful of bytes: the cap may be passed by that much
            self.text.extend(&text);
        }
    }

    /// The header with which PPP began, if PPP waits.
    pub(super) fn header(&self) -> Option<Header> {
        self.header
    }

    /// The next byte of text for a line: a LF right after a CR belongs to that.
    pub(super) fn next_key(&mut self) -> Option<u8> {
        loop {
            let byte = self.text.pop_front()?;
            let belongs = byte == b'\n' && self.last_cr.is_some();
            self.last_cr = (byte == b'\r').then_some(TakenBy::Line);
            if !belongs {
                return Some(byte);
            }
        }
    }

    /// How many bytes a Receive can take now. The LF of a CR that ended an edited line is gone with that line.
    pub(super) fn receivable(&mut self) -> usize {
        if self.last_cr == Some(TakenBy::Line)
            && let Some(&first) = self.text.bytes().first()
        {
            self.last_cr = None;
            if first == b'\n' {
                self.text.pop_front();
            }
        }
        self.text.len()
    }

    /// Takes `count` bytes of text as they came.
    pub(super) fn take(&mut self, count: usize) -> Secret {
        let rest = self.text.split_off(count);
        let taken = std::mem::replace(&mut self.text, rest);
        self.last_cr = (taken.bytes().last() == Some(&b'\r')).then_some(TakenBy::Receive);
        Secret::new(taken.bytes())
    }

    /// Gives back what a line had taken and not used.
    pub(super) fn put_back(&mut self, bytes: &Secret) {
        if !bytes.is_empty() {
            let rest = std::mem::take(&mut self.text);
            self.text.extend(bytes.expose());
            self.text.extend(rest.bytes());
            self.last_cr = None;
        }
    }

    /// Everything not taken, in the order it came: for PPP.
    pub(super) fn into_rest(self) -> Secret {
        let mut all = self.text;
        all.extend(&self.recogniser.finish());
        all.extend(self.ppp.bytes());
        Secret::new(all.bytes())
    }
}

/// Bytes that may hold a password: wiped when dropped, and when they move because they grow.
#[derive(Default)]
struct Wiped {
    bytes: Vec<u8>,
    /// Bytes at the front that are taken already.
    taken: usize,
}

impl Wiped {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Adds all of it, or nothing where that would be more than the cap.
    fn push(&mut self, more: &[u8]) -> Result<(), Overflow> {
        if self.len() + more.len() > CAP {
            return Err(Overflow);
        }
        self.extend(more);
        Ok(())
    }

    fn extend(&mut self, more: &[u8]) {
        if self.bytes.len() + more.len() > self.bytes.capacity() {
            let mut roomier = Vec::with_capacity((self.len() + more.len()).next_power_of_two());
            roomier.extend_from_slice(self.bytes());
            *self = Self { bytes: roomier, taken: 0 };
        }
        self.bytes.extend_from_slice(more);
    }

    fn pop_front(&mut self) -> Option<u8> {
        let byte = self.bytes.get_mut(self.taken)?;
        self.taken += 1;
        Some(std::mem::take(byte))
    }

    /// Keeps the first `at` bytes and gives the others.
    fn split_off(&mut self, at: usize) -> Self {
        let (kept, rest) = self.bytes().split_at_checked(at).unwrap_or((self.bytes(), &[]));
        let (mut first, mut second) = (Self::default(), Self::default());
        first.extend(kept);
        second.extend(rest);
        *self = first;
        second
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods)] // the one place where a test takes the time from
    fn t0() -> Instant {
        Instant::now()
    }

    fn after(bytes: &[u8]) -> Intake {
        let mut intake = Intake::default();
        intake.receive(t0(), bytes).unwrap();
        intake
    }

    fn keys(intake: &mut Intake) -> Vec<u8> {
        std::iter::from_fn(|| intake.next_key()).collect()
    }

    #[test]
    fn a_lf_right_after_a_cr_belongs_to_it_whoever_takes_which() {
        let mut intake = after(b"a\r\nb\n\nc");
        assert_eq!(keys(&mut intake), b"a\rb\n\nc");
        let mut intake = after(b"\r\nx");
        assert_eq!(intake.take(1).expose(), b"\r");
        assert_eq!(intake.next_key(), Some(b'x'), "Receive, then a line");
        let mut intake = after(b"\r\n\nx");
        assert_eq!(intake.next_key(), Some(b'\r'));
        assert_eq!(intake.receivable(), 2, "a line, then Receive");
        assert_eq!(intake.take(2).expose(), b"\nx");
        let mut intake = after(b"\r\nx");
        intake.take(1);
        assert_eq!(intake.receivable(), 2, "two Receives get the bytes as they came");
    }

    #[test]
    fn a_tilde_is_text_after_a_while_and_a_header_never_is() {
        let mut intake = after(b"~");
        assert_eq!(intake.receivable(), 0);
        intake.expire(intake.deadline().unwrap());
        assert_eq!(intake.take(1).expose(), b"~");
        let mut intake = after(b"~b\x7e\xff\x7d");
        intake.receive(t0(), b"\x23\xc0\x21").unwrap();
        assert_eq!(intake.header(), Some(Header::Ppp));
        assert_eq!(keys(&mut intake), b"~b");
        assert_eq!(intake.into_rest().expose(), b"\x7e\xff\x7d\x23\xc0\x21");
    }

    #[test]
    fn what_nobody_took_goes_on_to_ppp_in_order() {
        let mut intake = after(b"123456\rrest\x7e\xff");
        assert_eq!(intake.take(7).expose(), b"123456\r");
        intake.receive(t0(), b"\x03").unwrap();
        assert_eq!(intake.into_rest().expose(), b"rest\x7e\xff\x03");
    }

    #[test]
    fn a_line_given_back_comes_first_again() {
        let mut intake = after(b"abcd");
        assert_eq!((intake.next_key(), intake.next_key()), (Some(b'a'), Some(b'b')));
        intake.put_back(&Secret::from("ab"));
        assert_eq!(keys(&mut intake), b"abcd");
    }

    #[test]
    fn ppp_is_text_for_a_module_that_wants_it_so_and_nothing_is_lost_on_the_way() {
        let all = b"ab~\x7e\xff\x7d\x23\xc0\x21";
        let mut intake = after(all);
        assert!(intake.header().is_some());
        intake.treat_ppp_as(t0(), PppInDialog::Data);
        assert!(intake.header().is_none() && intake.deadline().is_none());
        assert_eq!(intake.receivable(), all.len());
        intake.receive(t0(), b"\x7e").unwrap();
        assert_eq!(intake.take(2).expose(), b"ab");
        intake.treat_ppp_as(t0(), PppInDialog::Wait);
        assert_eq!(intake.header(), Some(Header::Ppp), "the next module finds PPP again");
        assert_eq!(intake.receivable(), 1);
        assert_eq!(intake.into_rest().expose(), [&all[2..], b"\x7e"].concat());
        // two kinds, each as long as may be, are one and two again
        let mut intake = after(&vec![b'x'; CAP]);
        intake.receive(t0(), &[0x7e, 0xff, 0x7d, 0x23]).unwrap();
        intake.receive(t0(), &vec![0; CAP - 4]).unwrap();
        for what in [PppInDialog::Data, PppInDialog::Fail] {
            intake.treat_ppp_as(t0(), what);
        }
        assert_eq!((intake.receivable(), intake.header()), (CAP, Some(Header::Ppp)));
        assert_eq!(intake.into_rest().len(), 2 * CAP);
    }

    #[test]
    fn both_kinds_are_capped() {
        let mut intake = after(&vec![b'x'; CAP]);
        assert_eq!(intake.receive(t0(), b"y"), Err(Overflow));
        let mut intake = after(&[0x7e, 0xff, 0x7d, 0x23]);
        intake.receive(t0(), &vec![0; CAP - 4]).unwrap();
        assert_eq!(intake.receive(t0(), b"y"), Err(Overflow));
    }
}
