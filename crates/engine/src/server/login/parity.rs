//! A caller whose terminal sends seven bits and a parity: what it types is understood, and it is told that PPP needs eight.

use openras_ppp::Secret;

/// Looks at the eighth bits of what is typed, a line at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parity {
    /// Whether all octets of this line fit even parity, odd parity, or have the eighth bit set.
    even: bool,
    odd: bool,
    mark: bool,
    /// How many have the eighth bit set.
    high: usize,
    last: u8,
    /// A line has shown it.
    pub(super) seven_bits: bool,
}

impl Default for Parity {
    fn default() -> Self {
        Self { even: true, odd: true, mark: true, high: 0, last: 0, seven_bits: false }
    }
}

/// The lowest octet that begins a character of several in UTF-8.
const LEAD: u8 = 0xc2;

impl Parity {
    /// The key that an octet is: an end of line is one in any parity.
    pub(super) fn key(&mut self, octet: u8) -> u8 {
        if self.seven_bits {
            return octet & 0x7f;
        }
        let even = octet.count_ones().is_multiple_of(2);
        self.even &= even;
        self.odd &= !even;
        self.mark &= octet >= 0x80;
        // the second octet of a letter in UTF-8 may look like a CR
        let in_letter = self.last >= LEAD && self.high < 2;
        self.high += usize::from(octet >= 0x80);
        self.last = octet;
        match octet {
            0x8d if (self.even || self.mark) && !in_letter => b'\r',
            0x8a if (self.odd || self.mark) && !in_letter => b'\n',
            octet => octet,
        }
    }

    /// The text of a line that is over, without parity where it came with one.
    pub(super) fn line(&mut self, text: Secret) -> Secret {
        let one = self.even || self.odd || self.mark;
        let no_text = std::str::from_utf8(text.expose()).is_err();
        let found = self.high > 0 && one && no_text;
        *self = Self { seven_bits: self.seven_bits || found, ..Self::default() };
        if !found {
            return text;
        }
        Secret::new(text.expose().iter().map(|octet| octet & 0x7f).collect::<Vec<u8>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, parity: impl Fn(u8) -> bool) -> Vec<u8> {
        text.bytes().map(|octet| if parity(octet) { octet | 0x80 } else { octet }).collect()
    }

    fn typed(parity: &mut Parity, octets: &[u8]) -> Option<Vec<u8>> {
        let keys: Vec<u8> = octets.iter().map(|octet| parity.key(*octet)).collect();
        let (last, text) = keys.split_last()?;
        matches!(last, b'\r' | b'\n').then(|| parity.line(Secret::new(text)).expose().to_vec())
    }

    #[test]
    fn seven_bits_of_any_parity_are_understood_and_stay_so() {
        let even = |octet: u8| !octet.count_ones().is_multiple_of(2);
        let odd = |octet: u8| octet.count_ones().is_multiple_of(2);
        for parity in [&even as &dyn Fn(u8) -> bool, &odd, &|_| true] {
            let mut found = Parity::default();
            assert_eq!(typed(&mut found, &with("alice\r", parity)).unwrap(), b"alice");
            assert!(found.seven_bits);
            assert_eq!(typed(&mut found, &with("se cret\r", parity)).unwrap(), b"se cret");
        }
    }

    #[test]
    fn eight_bits_are_left_as_they_are() {
        for text in ["alice", "José", "Í", "日本", ""] {
            let mut parity = Parity::default();
            assert_eq!(typed(&mut parity, format!("{text}\r").as_bytes()).unwrap(), text.as_bytes());
            assert!(!parity.seven_bits, "{text}");
        }
        let mut parity = Parity::default();
        assert_eq!(typed(&mut parity, b"caf\xe9\r").unwrap(), b"caf\xe9", "Latin-1");
    }
}
