//! The port's own gates for IP. PPP has gates too, so a call cannot show these: here PPP is up and the port is not.

use std::time::Instant;

use openras_ppp::Verdict;

use super::*;
use crate::server::port::{Admission, Notice};
use crate::server::tests::{config, t0};

/// A link, its client, and what each has heard of the other's packets.
struct Pair {
    now: Instant,
    cx: Context,
    link: Link,
    client: Ppp,
    /// Packets that the port gave its owner.
    given: usize,
    /// Packets that reached the client.
    reached: usize,
}

impl Pair {
    fn up() -> Self {
        let now = t0();
        let mut cx = Context::new(config(), [1; 32]);
        let link = Link::answer(now, None, 0, &Secret::default(), &mut cx);
        let mut client = Ppp::new(openras_ppp::Config::default(), [2; 32]);
        client.handle(now, Input::Command(PppCommand::Open));
        client.handle(now, Input::LineUp);
        let mut pair = Self { now, cx, link, client, given: 0, reached: 0 };
        pair.run();
        assert!(pair.link.is_up());
        pair
    }

    fn feed(&mut self, input: CallInput<'_, Command>) {
        assert!(self.link.handle(self.now, input, &mut self.cx).is_none_or(|turn| matches!(turn, Turn::Up)));
    }

    fn run(&mut self) {
        self.feed(CallInput::Tick);
        for _ in 0..1000 {
            let mut moved = false;
            while let Some(output) = self.cx.next() {
                moved = true;
                match output {
                    CallOutput::Line(crate::LineOp::Write(bytes)) => {
                        self.client.handle(self.now, Input::Line(&bytes))
                    }
                    CallOutput::Ip(_) => self.given += 1,
                    CallOutput::Notice(Notice::Ask(ask)) => self.answer(ask),
                    _ => {}
                }
            }
            while let Some(output) = self.client.poll_output() {
                moved = true;
                match output {
                    Output::Line(bytes) => self.feed(CallInput::Line(LineEvent::Bytes(&bytes))),
                    Output::Ip(_) => self.reached += 1,
                    Output::Event(_) => {}
                }
            }
            if self.link.poll_timeout().is_some_and(|at| at <= self.now) {
                self.feed(CallInput::Tick);
            } else if self.client.poll_timeout().is_some_and(|at| at <= self.now) {
                self.client.handle(self.now, Input::Tick);
            } else if !moved {
                return;
            }
        }
        panic!("they talk without end");
    }

    fn answer(&mut self, ask: Ask) {
        let answer = match ask {
            Ask::Admit { .. } => Answer::Admit(Ok(Admission::default())),
            Ask::Address { .. } => Answer::Address(Some([10, 64, 0, 2].into())),
            Ask::Verify(_) => {
                Answer::Verdict(Verdict::Accept { authenticator_response: None, message: String::new() })
            }
            other => panic!("{other:?}"),
        };
        self.feed(CallInput::Command(Command::Answer(answer)));
    }

    /// One packet each way; how many arrived since.
    fn both_ways(&mut self) -> (usize, usize) {
        (self.given, self.reached) = (0, 0);
        self.feed(CallInput::Ip(&[0x45; 20]));
        self.client.handle(self.now, Input::Ip(&[0x45; 20]));
        self.run();
        (self.given, self.reached)
    }
}

#[test]
fn no_packet_passes_a_port_that_is_not_up_whatever_ppp_thinks() {
    let mut pair = Pair::up();
    assert_eq!(pair.both_ways(), (1, 1));
    pair.link.up = false;
    assert_eq!(pair.both_ways(), (0, 0), "PPP is up and would let them pass");
    pair.link.up = true;
    assert_eq!(pair.both_ways(), (1, 1));
}

#[test]
fn a_port_that_closes_gives_its_owner_no_packet_more() {
    let mut pair = Pair::up();
    pair.link.closing = true;
    assert_eq!(pair.both_ways().0, 0);
}
