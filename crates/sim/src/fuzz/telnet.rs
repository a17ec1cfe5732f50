//! Telnet and RFC 2217: however the octets are cut into pieces, the same data and the same answers come of them; what is
//! sent is received as it was; no peer makes an end remember or say more than its caps.

use openras_engine::rfc2217::{Access, Command, Format, Port, Remote, Signals, Speaker};
use openras_engine::telnet::{Config, Event, Mode, Received, Role, Telnet};

/// Input that is answered within the cap of one `receive`, so that cutting it makes no difference.
const WHOLE: usize = 800;
/// Octets of answers one `receive` may give: the cap, and what the last of them may add.
const ANSWERS: usize = 4096 + 64;

/// Runs the body.
pub fn run(data: &[u8]) {
    let Some(([kind, cuts], input)) = data.split_first_chunk::<2>() else { return };
    let config = Config {
        role: if kind & 1 == 0 { Role::Client } else { Role::Server },
        mode: match (kind >> 1) % 3 {
            0 => Mode::Raw,
            1 => Mode::Telnet,
            _ => Mode::Auto,
        },
        echo: kind & 8 != 0,
        com_port: kind & 16 != 0,
    };
    let received = Telnet::new(config).receive(input);
    assert!(received.answer.len() <= ANSWERS, "{} octets of answers", received.answer.len());
    assert!(received.data.len() <= input.len());
    cut(config, *cuts, input.get(..WHOLE).unwrap_or(input));
    com_port(&received.events, *cuts);
    through(config, *cuts, input);
}

/// The same input whole and in pieces.
fn cut(config: Config, cuts: u8, input: &[u8]) {
    let whole = one_by_one(config, &[input]);
    let mut pieces = Vec::new();
    let (mut rest, mut size) = (input, usize::from(cuts % 7) + 1);
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        pieces.push(piece);
        rest = behind;
        size = size % 11 + 1;
    }
    assert_eq!(whole, one_by_one(config, &pieces), "{config:?}");
}

fn one_by_one(config: Config, pieces: &[&[u8]]) -> Received {
    let mut telnet = Telnet::new(config);
    let mut all = Received::default();
    for piece in pieces {
        let received = telnet.receive(piece);
        all.data.extend(received.data);
        all.answer.extend(received.answer);
        all.events.extend(received.events);
    }
    all
}

/// A port that remembers.
#[derive(Default)]
struct Plain(Format);

impl Port for Plain {
    fn format(&self) -> Format {
        self.0
    }

    fn set_format(&mut self, format: Format) {
        self.0 = format;
    }

    fn set_dtr(&mut self, _on: bool) {}

    fn set_rts(&mut self, _on: bool) {}

    fn set_break(&mut self, _on: bool) {}

    fn purge(&mut self, _received: bool, _to_send: bool) {}
}

/// What was said of the serial port, to both of its ends.
fn com_port(events: &[Event], seed: u8) {
    let (mut access, mut port) = (Access::new("fuzz", Signals::of(seed)), Plain::default());
    let mut remote = Remote::new(Format::default());
    for event in events {
        let Event::ComPortSays(said) = event else { continue };
        for speaker in [Speaker::Client, Speaker::Server] {
            if let Ok(command) = Command::parse(said, speaker) {
                let emitted = command.emit(speaker);
                assert_eq!(Command::parse(&emitted, speaker).as_ref(), Ok(&command), "{said:x?}");
            }
        }
        if let Some(answer) = access.receive(said, &mut port) {
            assert!(answer.len() <= said.len() + 64);
            // what an end says its other end understands
            assert!(Command::parse(&answer, Speaker::Server).is_ok(), "{answer:x?}");
        }
        let _ = remote.receive(said);
    }
}

/// Data from one end to the other, once both have agreed on binary.
fn through(config: Config, cuts: u8, data: &[u8]) {
    let config = |role| Config { role, mode: Mode::Telnet, ..config };
    let (mut near, mut far) = (Telnet::new(config(Role::Client)), Telnet::new(config(Role::Server)));
    let (mut there, mut back) = (Vec::new(), Vec::new());
    near.open(&mut there);
    far.open(&mut back);
    // two ends that only answer what has changed are silent before long
    for _ in 0..8 {
        let (heard, answered) = (far.receive(&there), near.receive(&back));
        assert!(heard.data.is_empty() && answered.data.is_empty());
        (there, back) = (answered.answer, heard.answer);
    }
    assert!(there.is_empty() && back.is_empty(), "they answer each other for ever");
    assert!(near.is_binary() && far.is_binary());
    let mut sent = Vec::new();
    for piece in data.chunks(usize::from(cuts) + 1) {
        near.send(piece, &mut sent);
    }
    let received = far.receive(&sent);
    assert_eq!(received.data, data);
    assert!(received.answer.is_empty() && received.events.is_empty());
}
