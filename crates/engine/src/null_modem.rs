//! Windows' null modem, "communications cable between two computers": before PPP the guest says `CLIENT` and the host
//! answers `CLIENTSERVER`. Neither is followed by a CR.

/// What the guest says.
pub const CLIENT: &[u8] = b"CLIENT";
/// What the host answers. Older guests look for `SERVER` only, which it holds.
pub const CLIENT_SERVER: &[u8] = b"CLIENTSERVER";
const SERVER: &[u8] = b"SERVER";

/// Finds a word in a stream, however it is cut. NULs between the letters are skipped: cables put them there when a port is
/// opened.
#[derive(Clone, Copy, Debug)]
pub struct Matcher {
    word: &'static [u8],
    found: usize,
}

impl Matcher {
    /// For the host: finds the guest's `CLIENT`.
    pub fn client() -> Self {
        Self { word: CLIENT, found: 0 }
    }

    /// For the guest: finds the host's `SERVER`, which ends `CLIENTSERVER` too.
    pub fn server() -> Self {
        Self { word: SERVER, found: 0 }
    }

    /// Takes one octet; `true` when it ends the word. Then it begins anew.
    pub fn take(&mut self, octet: u8) -> bool {
        if octet == 0 {
            return false;
        }
        if self.word.get(self.found) == Some(&octet) {
            self.found += 1;
        } else {
            // no letter of either word but its first can begin it anew
            self.found = usize::from(self.word.first() == Some(&octet));
        }
        let ends = self.found == self.word.len();
        if ends {
            self.found = 0;
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(mut matcher: Matcher, text: &[u8]) -> Vec<usize> {
        (0..text.len()).filter(|at| matcher.take(text[*at])).collect()
    }

    #[test]
    fn words_are_found_in_noise_and_again() {
        assert_eq!(ends(Matcher::client(), b"CLIENT"), [5]);
        assert_eq!(ends(Matcher::client(), b"\0C\0LI\0\0ENT"), [9]);
        assert_eq!(ends(Matcher::client(), b"CLICLIENT..CLIENT"), [8, 16]);
        assert_eq!(ends(Matcher::client(), b"CCLIENT"), [6]);
        assert_eq!(ends(Matcher::client(), b"client CLIEN T"), []);
        assert_eq!(ends(Matcher::server(), CLIENT_SERVER), [11]);
        assert_eq!(ends(Matcher::server(), b"SESERVER"), [7]);
        assert_eq!(ends(Matcher::server(), b"xSERVSERVER"), [10]);
    }
}
