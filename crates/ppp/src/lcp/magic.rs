//! Magic-Number, RFC 1661 §6.4: a random number that shows a line which echoes us.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::Rng;

use crate::wire::{Malformed, Reader, emit_option};

/// Our own packets that must come back before the line counts as looped.
const LOOP_LIMIT: u32 = 10;

/// A magic number; zero stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Magic(pub(crate) u32);

impl Magic {
    /// Its type.
    pub(crate) const KIND: u8 = 5;
    /// No magic number was agreed.
    pub(crate) const NONE: Self = Self(0);

    /// A random one that is neither zero nor `other`.
    pub(crate) fn random(rng: &mut ChaCha12Rng, other: Self) -> Self {
        loop {
            let magic = Self(rng.next_u32());
            if magic != Self::NONE && magic != other {
                return magic;
            }
        }
    }

    pub(crate) fn parse(data: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(data);
        let magic = Self(reader.u32("magic number")?);
        reader.finish("magic number")?;
        Ok(magic)
    }

    pub(crate) fn emit(self, out: &mut Vec<u8>) {
        emit_option(Self::KIND, &self.0.to_be_bytes(), out);
    }
}

/// Counts our own packets that came back in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LoopDetector {
    seen: u32,
    /// The number in our last Nak.
    suggested: Magic,
}

impl LoopDetector {
    /// A Configure-Request names `theirs` while ours in our last one was `ours`. Gives the number to Nak with
    /// if they are the same or theirs is zero.
    pub(crate) fn request(&mut self, theirs: Magic, ours: Magic, rng: &mut ChaCha12Rng) -> Option<Magic> {
        let mine = theirs == ours && ours != Magic::NONE;
        if !mine && theirs != Magic::NONE {
            self.seen = 0;
            return None;
        }
        self.seen += u32::from(mine);
        self.suggested = Magic::random(rng, ours);
        Some(self.suggested)
    }

    /// A Nak suggests `theirs`: one that differs from our own last suggestion comes from somebody else.
    pub(crate) fn nak(&mut self, theirs: Magic) {
        if theirs != self.suggested {
            self.seen = 0;
        }
    }

    /// An open link has received a packet with our own number.
    pub(crate) fn own_packet(&mut self) {
        self.seen += 1;
    }

    /// Somebody else's packet has come on an open link.
    pub(crate) fn clear(&mut self) {
        self.seen = 0;
    }

    /// Whether any packet of ours came back since somebody else's.
    pub(crate) fn suspects(&self) -> bool {
        self.seen > 0
    }

    /// Whether the line is looped.
    pub(crate) fn is_loop(&self) -> bool {
        self.seen >= LOOP_LIMIT
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn ten_own_requests_in_a_row_are_a_loop_and_a_foreign_one_starts_over() {
        let mut rng = ChaCha12Rng::from_seed([1; 32]);
        let mut detector = LoopDetector::default();
        let ours = Magic(7);
        for _ in 0..9 {
            assert!(detector.request(ours, ours, &mut rng).is_some_and(|nak| nak != ours));
        }
        assert!(!detector.is_loop());
        assert_eq!(detector.request(Magic(8), ours, &mut rng), None);
        assert!(!detector.suspects());
        for _ in 0..10 {
            detector.request(ours, ours, &mut rng);
        }
        assert!(detector.is_loop());
    }

    #[test]
    fn zero_is_refused_but_is_no_loop() {
        let mut rng = ChaCha12Rng::from_seed([1; 32]);
        let mut detector = LoopDetector::default();
        assert!(detector.request(Magic::NONE, Magic(7), &mut rng).is_some());
        assert!(detector.request(Magic::NONE, Magic::NONE, &mut rng).is_some());
        assert!(!detector.suspects());
    }
}
