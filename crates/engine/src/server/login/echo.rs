//! A line that sends back what we say: a prompt that comes in is nobody's name.

/// So much of a prompt that comes back is enough.
const ENOUGH: usize = 24;
/// A prompt shorter than this may be a name.
const FEWEST: usize = 5;

/// Looks for our own words in what comes.
#[derive(Clone, Debug, Default)]
pub(super) struct EchoWatch {
    said: Vec<u8>,
    matched: usize,
}

impl EchoWatch {
    /// This is what is shown last.
    pub(super) fn say(&mut self, text: &[u8]) {
        let text = text.trim_ascii();
        let text = text.get(..text.len().min(ENOUGH)).unwrap_or_default();
        *self = Self { said: text.to_vec(), matched: 0 };
    }

    /// Whether it has come back, in seven or eight bits.
    pub(super) fn take(&mut self, octets: &[u8]) -> bool {
        if self.said.len() < FEWEST {
            return false;
        }
        octets.iter().any(|octet| {
            let same = |at: usize| self.said.get(at).is_some_and(|said| said & 0x7f == octet & 0x7f);
            self.matched = if same(self.matched) { self.matched + 1 } else { usize::from(same(0)) };
            self.matched == self.said.len()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_that_comes_back_is_known_however_it_is_cut_and_a_person_is_not_one() {
        let mut echo = EchoWatch::default();
        echo.say(b"\r\nlogin: ");
        assert!(!echo.take(b"lo") && !echo.take(b"gin") && echo.take(b":\r"));
        echo.say(b"\r\nlogin: ");
        assert!(!echo.take(b"llogan\rlogin\r"));
        echo.say(b"> ");
        assert!(!echo.take(b"> > >"), "too short to tell");
        echo.say(b"\r\nThis is the machine room of Example Ltd.\r\nlogin: ");
        assert!(echo.take(b"\r\nThis is the machine room of"));
    }
}
