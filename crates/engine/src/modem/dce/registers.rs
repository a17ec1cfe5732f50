//! S-registers (V.250 §5, §6): what a modem's owner sets by number.

/// How many there are; those above 13 are vendors'.
const COUNT: usize = 100;

/// Auto-answer: rings before the modem answers by itself; 0 never.
pub(super) const AUTO_ANSWER: usize = 0;
/// Rings counted.
pub(super) const RINGS: usize = 1;
/// The escape character; 128 and above is none.
pub(super) const ESCAPE: usize = 2;
/// Ends a command line.
pub(super) const CR: usize = 3;
/// Follows the CR of an answer.
pub(super) const LF: usize = 4;
/// Takes back the last character.
pub(super) const BACKSPACE: usize = 5;
/// Seconds a call may take to stand.
pub(super) const PATIENCE: usize = 7;
/// Guard time around the escape, in fiftieths of a second.
pub(super) const GUARD: usize = 12;
/// How long a change of DTR must last, in hundredths of a second.
pub(super) const DTR_DELAY: usize = 25;

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registers([u8; COUNT]);

impl Default for Registers {
    /// V.250's defaults.
    fn default() -> Self {
        let mut all = [0; COUNT];
        for (number, value) in [
            (ESCAPE, b'+'),
            (CR, 13),
            (LF, 10),
            (BACKSPACE, 8),
            (6, 2),
            (PATIENCE, 50),
            (8, 2),
            (9, 6),
            (10, 14),
            (11, 95),
            (GUARD, 50),
            (DTR_DELAY, 5),
        ] {
            if let Some(register) = all.get_mut(number) {
                *register = value;
            }
        }
        Self(all)
    }
}

impl Registers {
    /// The value; 0 for one that is not there.
    pub(super) fn get(&self, number: usize) -> u8 {
        self.0.get(number).copied().unwrap_or(0)
    }

    /// Sets one; `false` where there is none of that number, or the value is out of its range.
    pub(super) fn set(&mut self, number: usize, value: u8) -> bool {
        // characters have 7 bits
        let fits = match number {
            LF => value < 128,
            // V.250 lets S3 be a letter too: then no command with it could be typed any more, and nobody comes back from that
            CR | BACKSPACE => value < 33 || value == 127,
            PATIENCE => value > 0,
            _ => true,
        };
        match self.0.get_mut(number) {
            Some(register) if fits => {
                *register = value;
                true
            }
            _ => false,
        }
    }
}
