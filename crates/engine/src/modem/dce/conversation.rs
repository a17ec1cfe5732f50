//! Plays `conversation.txt`, line by line.

use super::tests::Desk;
use super::*;

const TABLE: &str = include_str!("conversation.txt");

/// What a text of the table means.
fn characters(text: &str) -> String {
    text.replace("\\r", "\r").replace("\\n", "\n").replace("\\b", "\x08")
}

fn network(event: &str) -> LineEvent<'static> {
    let (word, rest) = event.split_once(' ').unwrap_or((event, ""));
    match word {
        "connected" => LineEvent::Connected { text: rest.into() },
        "busy" => LineEvent::Failed(RasError::LINE_BUSY),
        "noanswer" => LineEvent::Failed(RasError::NO_ANSWER),
        "nodialtone" => LineEvent::Failed(RasError::NO_DIALTONE),
        "refused" => LineEvent::Failed(RasError::ACCESS_DENIED),
        "lost" | "ringover" => LineEvent::Disconnected,
        "ring" => LineEvent::Ring { caller: Some(rest.to_owned()).filter(|rest| !rest.is_empty()) },
        other => panic!("no event {other}"),
    }
}

fn order(order: &str) -> LineOp {
    match order.split_once(' ').unwrap_or((order, "")) {
        ("dial", number) => LineOp::Dial(number.into()),
        ("write", text) => LineOp::Write(characters(text).into_bytes()),
        ("answer", _) => LineOp::Answer,
        ("hangup", _) => LineOp::HangUp,
        other => panic!("no order {other:?}"),
    }
}

/// A modem and what it is still to be found to have said and done.
struct Play {
    desk: Desk,
    said: String,
    done: Vec<LineOp>,
    /// The line of the table that is played.
    at: usize,
}

impl Play {
    fn new() -> Self {
        let mut desk = Desk::new();
        desk.says("ATE0");
        Self { desk, said: String::new(), done: Vec::new(), at: 0 }
    }

    /// All of it was expected.
    fn settled(&self) {
        let at = self.at;
        assert!(
            self.said.is_empty() && self.done.is_empty(),
            "before line {at}: {:?} {:?}",
            self.said,
            self.done
        );
    }

    fn gather(&mut self) {
        self.said += &self.desk.hears();
        self.done.extend(self.desk.does());
    }

    fn expect(&mut self, text: &str) {
        let rest = self.said.strip_prefix(text).map(str::to_owned);
        let Some(rest) = rest else { panic!("line {}: {text:?} expected, said {:?}", self.at, self.said) };
        self.said = rest;
    }

    fn line(&mut self, line: &str) {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        match mark {
            "<" => return self.expect(&format!("\r\n{rest}\r\n")),
            "=" if rest.is_empty() => return self.settled(),
            "=" => return self.expect(&characters(rest)),
            "?" => {
                assert_eq!(self.done.first(), Some(&order(rest)), "line {}", self.at);
                self.done.remove(0);
                return;
            }
            "signals" => {
                let is = |word| rest.split(' ').any(|one| one == word);
                let wanted = Signals { dcd: is("dcd"), dsr: is("dsr"), ri: is("ri"), cts: is("cts") };
                return assert_eq!(self.desk.signals, wanted, "line {}", self.at);
            }
            _ => self.settled(),
        }
        match mark {
            ">" => self.desk.give(DceInput::Dte(format!("{rest}\r").as_bytes())),
            "." => self.desk.give(DceInput::Dte(characters(rest).as_bytes())),
            "!" => self.desk.give(DceInput::Network(network(rest))),
            "+" => self.desk.pass(Duration::from_millis(rest.parse().unwrap())),
            "dtr" => self.desk.give(DceInput::Dtr(rest == "on")),
            "--" => *self = Self { at: self.at, ..Self::new() },
            other => panic!("line {}: no mark {other}", self.at),
        }
        self.gather();
    }
}

#[test]
fn the_modem_converses_as_the_table_says() {
    let mut play = Play::new();
    let lines = TABLE.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let mut played = 0;
    for (number, line) in lines {
        play.at = number + 1;
        play.line(line);
        played += 1;
    }
    play.settled();
    assert!(played > 300, "{played} lines");
}
