//! A simulated line that damages frames.

use std::fmt;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Which of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The end that places the call.
    Client,
    /// The end that answers.
    Server,
}

impl Side {
    /// The other end.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// How a line behaves. Frames never overtake each other.
#[derive(Clone, Copy, Debug)]
pub struct WireConfig {
    /// From the write at one end to the arrival at the other.
    pub latency: Duration,
    /// Of 1000 frames, how many are damaged: in equal shares lost, repeated, cut short or hit by a burst.
    pub damaged_per_mille: u32,
}

impl Default for WireConfig {
    /// A clean line of 20 ms.
    fn default() -> Self {
        Self { latency: Duration::from_millis(20), damaged_per_mille: 0 }
    }
}

/// What the line did to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Nothing.
    Whole,
    /// It never arrived.
    Lost,
    /// It arrived twice.
    Repeated,
    /// Only so many octets arrived.
    Cut(usize),
    /// One burst of flipped bits hit it.
    Burst {
        /// The first flipped bit, counted from the first octet's lowest.
        first: usize,
        /// From the first to the last flipped bit, 1 to 16.
        length: usize,
    },
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Lost => f.write_str("lost"),
            Self::Repeated => f.write_str("repeated"),
            Self::Cut(octets) => write!(f, "cut after {octets} octets"),
            Self::Burst { first, length } => write!(f, "burst of {length} bits from bit {first}"),
        }
    }
}

/// One line between two ends. All chance comes from its seed.
#[derive(Debug)]
pub struct Wire {
    config: WireConfig,
    chance: ChaCha8Rng,
    loses: fn(Side, &[u8]) -> bool,
}

impl Wire {
    /// A line with its own chance.
    pub fn new(config: WireConfig, seed: u64) -> Self {
        Self { config, chance: ChaCha8Rng::seed_from_u64(seed), loses: |_, _| false }
    }

    /// Loses also every frame, as written by that end, for which `what` holds.
    pub fn losing(mut self, what: fn(Side, &[u8]) -> bool) -> Self {
        self.loses = what;
        self
    }

    /// How long a frame travels.
    pub fn latency(&self) -> Duration {
        self.config.latency
    }

    /// Carries what `from` wrote as one frame: what happened to it, and what arrives (`None`: nothing). A
    /// repeated frame arrives as two in a row.
    pub fn carry(&mut self, from: Side, mut frame: Vec<u8>) -> (Fate, Option<Vec<u8>>) {
        // always the same number of draws, so that one frame's fate does not shift the next one's
        let [hit, kind, place, pattern] = [(); 4].map(|()| self.chance.next_u32());
        if (self.loses)(from, &frame) {
            return (Fate::Lost, None);
        }
        if frame.is_empty() || hit % 1000 >= self.config.damaged_per_mille {
            return (Fate::Whole, Some(frame));
        }
        match kind % 4 {
            0 => (Fate::Lost, None),
            1 => {
                frame.extend_from_within(..);
                (Fate::Repeated, Some(frame))
            }
            2 => {
                let octets = place as usize % frame.len();
                frame.truncate(octets);
                (Fate::Cut(octets), Some(frame))
            }
            _ => {
                let length = (pattern >> 16) as usize % 16 + 1;
                let first = place as usize % (frame.len() * 8);
                let length = length.min(frame.len() * 8 - first);
                // the ends of a burst are flipped, what lies between is chance
                let flips = 1 | 1 << (length - 1) | (pattern & ((1 << (length - 1)) - 1));
                for bit in (0..length).filter(|bit| flips >> bit & 1 == 1) {
                    if let Some(octet) = frame.get_mut((first + bit) / 8) {
                        *octet ^= 1 << ((first + bit) % 8);
                    }
                }
                (Fate::Burst { first, length }, Some(frame))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(damaged_per_mille: u32, seed: u64) -> Vec<(Fate, Option<Vec<u8>>)> {
        let mut wire = Wire::new(WireConfig { damaged_per_mille, ..WireConfig::default() }, seed);
        (0..4000).map(|_| wire.carry(Side::Client, vec![0x55; 40])).collect()
    }

    #[test]
    fn a_clean_line_changes_nothing() {
        assert!(
            fates(0, 1)
                .iter()
                .all(|(fate, frame)| { *fate == Fate::Whole && frame.as_deref() == Some(&[0x55; 40][..]) })
        );
    }

    #[test]
    fn the_same_seed_does_the_same_damage_and_another_one_does_not() {
        assert_eq!(fates(200, 7), fates(200, 7));
        assert_ne!(fates(200, 7), fates(200, 8));
    }

    #[test]
    fn damage_is_as_frequent_as_asked_and_of_all_four_kinds() {
        let fates = fates(200, 3);
        let count = |is: fn(&Fate) -> bool| fates.iter().filter(|(fate, _)| is(fate)).count();
        assert!((700..900).contains(&count(|fate| *fate != Fate::Whole)));
        assert!((140..260).contains(&count(|fate| *fate == Fate::Lost)));
        assert!((140..260).contains(&count(|fate| *fate == Fate::Repeated)));
        assert!((140..260).contains(&count(|fate| matches!(fate, Fate::Cut(_)))));
        assert!((140..260).contains(&count(|fate| matches!(fate, Fate::Burst { .. }))));
    }

    #[test]
    fn a_burst_flips_its_two_ends_and_nothing_outside() {
        for (fate, frame) in fates(1000, 5) {
            let (Fate::Burst { first, length }, Some(frame)) = (fate, frame) else { continue };
            let flipped: Vec<usize> =
                (0..320).filter(|bit| (frame[bit / 8] ^ 0x55) >> (bit % 8) & 1 == 1).collect();
            assert_eq!(flipped.first(), Some(&first));
            assert_eq!(flipped.last(), Some(&(first + length - 1)));
            assert!((1..=16).contains(&length));
        }
    }
}
