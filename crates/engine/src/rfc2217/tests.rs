use proptest::prelude::*;

use super::*;

/// A port that goes up to 57600 and has no parity but none and even.
struct Old {
    format: Format,
    did: Vec<String>,
}

impl Port for Old {
    fn format(&self) -> Format {
        self.format
    }
    fn set_format(&mut self, wish: Format) {
        let parity =
            if matches!(wish.parity, Parity::None | Parity::Even) { wish.parity } else { self.format.parity };
        self.format = Format { baud: wish.baud.min(57600), parity, ..wish };
    }
    fn set_dtr(&mut self, on: bool) {
        self.did.push(format!("dtr {on}"));
    }
    fn set_rts(&mut self, on: bool) {
        self.did.push(format!("rts {on}"));
    }
    fn set_break(&mut self, on: bool) {
        self.did.push(format!("break {on}"));
    }
    fn purge(&mut self, received: bool, to_send: bool) {
        self.did.push(format!("purge {received} {to_send}"));
    }
}

fn old() -> Old {
    Old { format: Format { baud: 9600, ..Format::default() }, did: vec![] }
}

#[test]
fn the_published_example() {
    let ask = Command::Baud(Some(115_200));
    assert_eq!(ask.emit(Speaker::Client), [1, 0, 1, 0xc2, 0]);
    assert_eq!(ask.emit(Speaker::Server), [0x65, 0, 1, 0xc2, 0]);
    assert_eq!(Command::parse(&[0x65, 0, 1, 0xc2, 0], Speaker::Server), Ok(ask));
}

#[test]
fn the_answer_is_what_is_in_force() {
    let (mut access, mut port) = (Access::new("OpenRAS", Signals::default()), old());
    let mut ask = |command: Command| {
        let answer = access.receive(&command.emit(Speaker::Client), &mut port).unwrap();
        Command::parse(&answer, Speaker::Server).unwrap()
    };
    assert_eq!(ask(Command::Baud(Some(115_200))), Command::Baud(Some(57600)));
    assert_eq!(ask(Command::Baud(None)), Command::Baud(Some(57600)));
    assert_eq!(ask(Command::Parity(Some(Parity::Mark))), Command::Parity(Some(Parity::None)));
    assert_eq!(ask(Command::Parity(Some(Parity::Even))), Command::Parity(Some(Parity::Even)));
    assert_eq!(ask(Command::Data(Some(7))), Command::Data(Some(7)));
    assert_eq!(ask(Command::Flow(None)), Command::Flow(Some(Flow::Hardware)));
    assert_eq!(ask(Command::FlowIn(Some(Flow::None))), Command::FlowIn(Some(Flow::None)));
    assert_eq!(ask(Command::FlowBySignal(18)), Command::Flow(Some(Flow::None)));
    assert_eq!(ask(Command::Dtr(None)), Command::Dtr(Some(true)));
    assert_eq!(ask(Command::Dtr(Some(false))), Command::Dtr(Some(false)));
    assert_eq!(ask(Command::Dtr(None)), Command::Dtr(Some(false)));
    assert_eq!(ask(Command::Break(Some(true))), Command::Break(Some(true)));
    assert_eq!(ask(Command::Purge(3)), Command::Purge(3));
    assert_eq!(ask(Command::Signature(vec![])), Command::Signature(b"OpenRAS".to_vec()));
    assert_eq!(port.did, ["dtr false", "break true", "purge true true"]);
}

#[test]
fn signals_are_told_when_they_change_and_are_wanted() {
    let (mut access, mut port) = (Access::new("", Signals::default()), old());
    let carrier = Signals { dcd: true, dsr: true, ..Signals::default() };
    assert_eq!(access.signals(carrier), Some(vec![107, 0xaa]));
    assert_eq!(access.signals(carrier), None);
    let mut remote = Remote::new(Format::default());
    assert!(remote.receive(&[107, 0xaa]));
    assert_eq!(remote.signals(), Some(carrier));
    // only the carrier is wanted
    access.receive(&Command::ModemStateMask(0x88).emit(Speaker::Client), &mut port).unwrap();
    assert_eq!(access.signals(Signals { cts: true, ..carrier }), None);
    assert_eq!(access.signals(Signals::default()), Some(vec![107, 0x08]), "the carrier is lost");
}

#[test]
fn a_client_that_wants_levels_only_hears_them_change() {
    let (mut access, mut port) = (Access::new("", Signals::default()), old());
    // the carrier and the ring, without the bits of change
    access.receive(&Command::ModemStateMask(0xc0).emit(Speaker::Client), &mut port).unwrap();
    let carrier = Signals { dcd: true, ..Signals::default() };
    assert_eq!(access.signals(carrier), Some(vec![107, 0x80]));
    assert_eq!(access.signals(Signals { cts: true, ..carrier }), None);
    assert_eq!(access.signals(Signals::default()), Some(vec![107, 0]), "the carrier is lost");
    let ringing = Signals { ri: true, ..Signals::default() };
    assert_eq!(access.signals(ringing), Some(vec![107, 0x40]));
    assert_eq!(access.signals(Signals { dsr: true, ..ringing }), None, "it rings as before");
}

#[test]
fn both_ends_come_to_one_format() {
    let (mut access, mut port) = (Access::new("", Signals::default()), old());
    let mut remote = Remote::new(Format { parity: Parity::Even, data: 7, ..Format::default() });
    for said in remote.begin() {
        let answer = access.receive(&said, &mut port).unwrap();
        remote.receive(&answer);
    }
    assert_eq!(remote.in_force(), port.format());
    assert_eq!(remote.in_force().baud, 57600);
    assert_eq!(port.did, ["dtr true", "rts true"]);
    // data is held back while the client says so
    access.receive(&[8], &mut port);
    assert!(access.is_suspended());
    access.receive(&[9], &mut port);
    assert!(!access.is_suspended());
}

#[test]
fn what_nobody_knows_is_left_unanswered() {
    let (mut access, mut port) = (Access::new("", Signals::default()), old());
    for said in [&[][..], &[1, 0, 0], &[2, 9], &[3, 6], &[4, 4], &[5, 20], &[12, 0], &[13, 1], &[107, 0x80]] {
        assert_eq!(access.receive(said, &mut port), None, "{said:?}");
    }
    let mut remote = Remote::new(Format::default());
    for said in [&[][..], &[1, 0, 0, 0, 0], &[101, 1], &[200, 1]] {
        assert!(!remote.receive(said));
    }
    assert_eq!(remote.in_force(), Format::default());
}

proptest! {
    #[test]
    fn what_is_read_is_written_the_same(said in proptest::collection::vec(0u8..120, 0..6)) {
        for from in [Speaker::Client, Speaker::Server] {
            if let Ok(command) = Command::parse(&said, from) {
                let written = command.emit(from);
                prop_assert_eq!(Command::parse(&written, from), Ok(command));
                // but for the value some send with SUSPEND and RESUME
                prop_assert!(written == said || written.len() == 1);
            }
        }
    }
}
