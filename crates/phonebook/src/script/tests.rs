//! A script against a told story, on virtual time.

mod chat;
mod limits;
mod scp;
mod switch;

use std::time::{Duration, Instant};

use openras_ppp::{Machine, Secret};

use super::*;

/// A script that runs, and what it did.
struct Story {
    run: Run,
    now: Instant,
    sent: Vec<u8>,
    others: Vec<Output>,
}

impl Story {
    fn of(script: &Script) -> Self {
        let login = Login { user: "alice".into(), password: Secret::from("p^Mw"), number: "555".into() };
        let now = Instant::now();
        let mut story = Self { run: Run::new(script, login, now), now, sent: Vec::new(), others: Vec::new() };
        story.drain();
        story
    }

    fn scp(text: &str) -> Self {
        Self::of(&Script::parse(Kind::Scp, text.as_bytes()).unwrap())
    }

    /// The commands of a procedure main.
    fn main(commands: &str) -> Self {
        Self::scp(&format!("proc main\n{commands}\nendproc\n"))
    }

    fn chat(text: &str) -> Self {
        Self::of(&Script::parse(Kind::Chat, text.as_bytes()).unwrap())
    }

    fn drain(&mut self) {
        while let Some(output) = self.run.poll_output() {
            match output {
                Output::Write(bytes) => self.sent.extend_from_slice(bytes.expose()),
                Output::Done(outcome) => assert_eq!(Some(&outcome), self.run.outcome()),
                other => self.others.push(other),
            }
        }
    }

    fn hears(&mut self, text: &str) -> &mut Self {
        self.run.handle(self.now, Input::Bytes(text.as_bytes()));
        self.drain();
        self
    }

    /// Octet by octet, as a slow line brings it.
    fn hears_slowly(&mut self, text: &str) -> &mut Self {
        for octet in text.chars() {
            self.hears(&octet.to_string());
        }
        self
    }

    fn waits(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self.run.handle(self.now, Input::Tick);
        self.drain();
        self
    }

    /// What was sent since it was last asked.
    #[track_caller]
    fn sent(&mut self, text: &str) -> &mut Self {
        assert_eq!(String::from_utf8_lossy(&std::mem::take(&mut self.sent)), text);
        self
    }

    #[track_caller]
    fn goes_on(&mut self) -> &mut Self {
        assert_eq!(self.run.outcome(), None);
        self
    }

    #[track_caller]
    fn connected(&mut self) -> &mut Self {
        assert_eq!(self.run.outcome(), Some(&Outcome::Connected));
        assert_eq!(self.run.poll_timeout(), None);
        self
    }

    #[track_caller]
    fn failed(&mut self, code: u32, line: usize) -> String {
        match self.run.outcome() {
            Some(Outcome::Failed(failure)) => {
                assert_eq!((failure.code, failure.line), (RasError(code), line), "{failure:?}");
                failure.what.clone()
            }
            other => panic!("{other:?}"),
        }
    }
}

#[track_caller]
fn wrong(kind: Kind, text: &str) -> SyntaxError {
    match Script::parse(kind, text.as_bytes()) {
        Err(error) => error,
        Ok(_) => panic!("it is taken: {text}"),
    }
}
