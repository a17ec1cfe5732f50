//! Windows' null modem, "communications cable between two computers": before PPP the guest says `CLIENT` and the host
//! answers `CLIENTSERVER`. Neither is followed by a CR.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use openras_ppp::Machine;

/// How long the guest waits for an answer before it says its word again, and how often it says it.
const PATIENCE: Duration = Duration::from_secs(3);
const TIMES: u8 = 10;
/// Octets of the line that the guest skips, at most, before it gives up: echoes, noise, a login prompt.
const SKIPPED: usize = 64 * 1024;
/// Begins each frame of PPP: a host that sends one wants no handshake, or has had it.
const FLAG: u8 = 0x7e;

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

/// What happens to the guest's handshake.
#[derive(Debug)]
pub enum GuestInput<'a> {
    /// The line is there.
    Begin,
    /// Octets of the host.
    Bytes(&'a [u8]),
    /// The deadline has come.
    Tick,
}

/// What the guest's handshake wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestOutput {
    /// Octets for the host.
    Write(Vec<u8>),
    /// PPP may begin, and this came for it already.
    Ready(Vec<u8>),
    /// Nobody answered; nothing follows.
    NoAnswer,
}

/// The guest's side of the handshake: says `CLIENT` until the host answers, or sends a frame. See [`Machine`] for how it is
/// used.
#[derive(Debug)]
pub struct Guest {
    server: Matcher,
    said: u8,
    skipped: usize,
    again: Option<Instant>,
    over: bool,
    out: VecDeque<GuestOutput>,
}

impl Default for Guest {
    fn default() -> Self {
        let server = Matcher::server();
        Self { server, said: 0, skipped: 0, again: None, over: false, out: VecDeque::new() }
    }
}

impl Guest {
    fn say(&mut self, now: Instant) {
        if self.said == TIMES {
            return self.ends(GuestOutput::NoAnswer);
        }
        self.said += 1;
        self.again = now.checked_add(PATIENCE);
        self.out.push_back(GuestOutput::Write(CLIENT.to_vec()));
    }

    fn ends(&mut self, how: GuestOutput) {
        (self.over, self.again) = (true, None);
        self.out.push_back(how);
    }

    fn bytes(&mut self, octets: &[u8]) {
        for (at, octet) in octets.iter().enumerate() {
            let rest = match *octet {
                FLAG => octets.get(at..),
                octet if self.server.take(octet) => octets.get(at + 1..),
                _ => continue,
            };
            return self.ends(GuestOutput::Ready(rest.unwrap_or_default().to_vec()));
        }
        self.skipped = self.skipped.saturating_add(octets.len());
        if self.skipped > SKIPPED {
            self.ends(GuestOutput::NoAnswer);
        }
    }
}

impl Machine for Guest {
    type Input<'a> = GuestInput<'a>;
    type Output = GuestOutput;

    fn handle(&mut self, now: Instant, input: GuestInput<'_>) {
        if self.over {
            return;
        }
        match input {
            GuestInput::Begin => self.say(now),
            GuestInput::Bytes(octets) => self.bytes(octets),
            GuestInput::Tick => {}
        }
        if self.again.is_some_and(|at| at <= now) {
            self.say(now);
        }
    }

    fn poll_output(&mut self) -> Option<GuestOutput> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(mut matcher: Matcher, text: &[u8]) -> Vec<usize> {
        (0..text.len()).filter(|at| matcher.take(text[*at])).collect()
    }

    #[allow(clippy::disallowed_methods)] // the one place where these tests take the time from
    fn guest() -> (Guest, Instant) {
        let (mut guest, now) = (Guest::default(), Instant::now());
        guest.handle(now, GuestInput::Begin);
        assert_eq!(guest.poll_output(), Some(GuestOutput::Write(b"CLIENT".to_vec())));
        (guest, now)
    }

    /// What hosts answer, whole and an octet at a time, with what is left for PPP.
    #[test]
    fn a_guest_goes_on_at_every_answer_there_is() {
        for (answer, rest) in [
            (&b"CLIENTSERVER"[..], &b""[..]),
            (b"CLIENTSERVER\r\n~\xff", b"\r\n~\xff"),
            (b"SERVER~", b"~"),
            (b"\0CLIENT\0SERVER", b""),
            // its own word, echoed, is no answer
            (b"CLIENTCLIENTCLIENTSERVER", b""),
            (b"login: ~\xff\x7d\x23", b"~\xff\x7d\x23"),
        ] {
            let (mut guest, now) = guest();
            guest.handle(now, GuestInput::Bytes(answer));
            assert_eq!(guest.poll_output(), Some(GuestOutput::Ready(rest.to_vec())), "{answer:?}");
            assert_eq!((guest.poll_output(), guest.poll_timeout()), (None, None));
        }
        let (mut guest, now) = guest();
        for octet in CLIENT_SERVER {
            assert_eq!(guest.poll_output(), None);
            guest.handle(now, GuestInput::Bytes(&[*octet]));
        }
        assert_eq!(guest.poll_output(), Some(GuestOutput::Ready(vec![])));
    }

    #[test]
    fn a_guest_asks_ten_times_and_no_more() {
        let (mut guest, mut now) = guest();
        let mut asked = 1;
        while let Some(at) = guest.poll_timeout() {
            assert_eq!(at - now, Duration::from_secs(3));
            now = at;
            guest.handle(now, GuestInput::Bytes(b"login: CLIENT"));
            while let Some(output) = guest.poll_output() {
                match output {
                    GuestOutput::Write(_) => asked += 1,
                    GuestOutput::NoAnswer => assert_eq!(guest.poll_timeout(), None),
                    GuestOutput::Ready(_) => panic!("nobody answered"),
                }
            }
        }
        assert_eq!(asked, 10);
        guest.handle(now, GuestInput::Bytes(b"SERVER"));
        assert_eq!(guest.poll_output(), None, "too late");
        let (mut guest, now) = super::tests::guest();
        for _ in 0..70 {
            guest.handle(now, GuestInput::Bytes(&[b'x'; 1000]));
        }
        assert_eq!(guest.poll_output(), Some(GuestOutput::NoAnswer), "a host that only talks is no host");
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
